"""A generation: what is in it, how it is opened, and what is said when it cannot be."""

from __future__ import annotations

import gc
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from chromadb.api.shared_system_client import SharedSystemClient

from advisor.advisor import Advisor
from advisor.documents.chunking import chunk_document
from advisor.documents.folder import list_files
from advisor.documents.passages import embedded_sentence, embedded_text
from advisor.errors import IndexMismatchError, IndexNotFoundError
from advisor.index.catalog import text_hash
from advisor.index.generation import Generation, open_current
from advisor.index.generations import Manifest, current_generation, generations, publish, read_manifest
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings


@pytest.fixture
def folder(small_settings: Settings, embeddings: Embeddings) -> Path:
    """A built generation of the small corpus."""
    return small_settings.index_dir / sync(small_settings, embeddings).generation


def test_what_a_generation_holds(folder: Path, small_settings: Settings, embeddings: Embeddings) -> None:
    index = Generation(folder)
    documents = index.catalog.documents()
    chunks = [chunk for document in documents for chunk in chunk_document(document, chunk_chars=900)]
    assert len(documents) == len(list_files(small_settings.corpus_dir)) == index.info.documents == 5
    assert index.info.chunks == index.count_vectors() == index.keyword_index.size == len(chunks)
    stored = index.catalog.chunks([chunk.id for chunk in chunks])
    vectors = index.chunk_vectors([text_hash(embedded_text(chunk)) for chunk in chunks])
    expected = embeddings.encode_passages([embedded_text(chunk) for chunk in chunks])
    for chunk, vector in zip(chunks, expected, strict=True):
        assert float(vectors[text_hash(embedded_text(chunk))] @ vector) == pytest.approx(1, abs=1e-4)
        texts = [embedded_sentence(chunk, sentence) for sentence in chunk.sentences]
        rows = index.sentence_vectors(stored[chunk.id].numbers)
        assert np.abs(rows - embeddings.encode_passages(texts)).max() < 1e-3
    index.close()


def test_vector_search_is_exact_here(folder: Path, embeddings: Embeddings) -> None:
    index = Generation(folder)
    question = embeddings.encode_query("Combien coûte la migration Kubernetes ?")
    chunks = [chunk for document in index.catalog.documents() for chunk in chunk_document(document, chunk_chars=900)]
    ids = {text_hash(embedded_text(chunk)): chunk.id for chunk in chunks}
    cosines = {ids[key]: float(vector @ question) for key, vector in index.chunk_vectors(list(ids)).items()}
    found = index.search_vectors(question, num_results=100)
    assert [key for key, _ in found] == sorted(cosines, key=lambda key: -cosines[key])
    assert dict(found) == pytest.approx(cosines, abs=1e-4)
    assert index.search_vectors(question, num_results=2) == found[:2]
    assert index.chunk_vectors([]) == {}
    index.close()


def test_nothing_built(small_settings: Settings, embeddings: Embeddings) -> None:
    with pytest.raises(IndexNotFoundError, match=r"there is no index in .*index. Run: advisor index --corpus .*corpus"):
        open_current(small_settings, embeddings)
    assert current_generation(small_settings.index_dir) is None
    assert generations(small_settings.index_dir) == []


def test_a_pointer_to_nothing(small_settings: Settings, embeddings: Embeddings) -> None:
    small_settings.index_dir.mkdir()
    publish(small_settings.index_dir, "000009-abcdef")
    with pytest.raises(IndexNotFoundError, match="Run: advisor index"):
        open_current(small_settings, embeddings)


def test_another_chunk_length(folder: Path, small_settings: Settings, embeddings: Embeddings) -> None:
    other = small_settings.model_copy(update={"chunk_chars": 500})
    expected = r"was built with chunk_chars 900, the settings say 500. Run: advisor index$"
    with pytest.raises(IndexMismatchError, match=expected):
        open_current(other, embeddings)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("embedding_digest", "0" * 16),
        ("embedding_model", "bge-m3"),
        ("chromadb", "0.4.0"),
        ("lexical_version", 0),
        ("format", 0),
    ],
)
def test_built_with_something_else(
    folder: Path, small_settings: Settings, embeddings: Embeddings, field: str, value: object
) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {field: value}))
    with pytest.raises(IndexMismatchError, match=rf"built with {field} {value!r}, the settings say .*Run: advisor index$"):
        open_current(small_settings, embeddings)
    assert sync(small_settings, embeddings).embedded > 0
    open_current(small_settings, embeddings).close()


def test_content_is_no_part_of_the_recipe(folder: Path) -> None:
    manifest = read_manifest(folder)
    other = replace(manifest, generation="x", created="x", documents=0, chunks=0, sentences=0, thesaurus="x", sections="x")
    assert other.recipe() == manifest.recipe()
    assert replace(manifest, dimension=1).recipe() != manifest.recipe()
    assert isinstance(manifest, Manifest)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"generation": "x"}', '{"unknown": 1}'])
def test_a_manifest_that_is_damaged(folder: Path, small_settings: Settings, embeddings: Embeddings, text: str) -> None:
    (folder / "manifest.json").write_text(text)
    with pytest.raises(IndexMismatchError, match=r"is damaged or of another version .*Run: advisor index --rebuild"):
        open_current(small_settings, embeddings)


@pytest.mark.parametrize("part", ["catalog.sqlite", "chroma", "lexical", "sentences.npy", "in-use"])
@pytest.mark.parametrize("damage", ["gone", "emptied"])
def test_a_part_that_is_damaged(
    folder: Path, small_settings: Settings, embeddings: Embeddings, part: str, damage: str
) -> None:
    """One line says what to do, and the next build puts it right, with nothing left open."""
    path = folder / part
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    if damage == "emptied":
        path.mkdir() if part in ("chroma", "lexical") else path.touch()
    if (part, damage) == ("in-use", "emptied"):
        open_current(small_settings, embeddings).close()
        return
    with pytest.raises(IndexMismatchError, match=r"is damaged \(.*\)\. Run: advisor index --rebuild$"):
        open_current(small_settings, embeddings)
    report = sync(small_settings, embeddings)
    assert report.generation.startswith("000002-")
    index = open_current(small_settings, embeddings)
    assert index.info.documents == 5
    index.close()


def test_two_readers_of_one_generation_in_one_process(folder: Path, embeddings: Embeddings) -> None:
    """Chroma shares a system between them: closing one must not break the other, closing both must stop it."""
    one, other = Generation(folder), Generation(folder)
    question = embeddings.encode_query("cloud")
    expected = one.search_vectors(question, num_results=3)
    one.close()
    one.close()
    assert other.search_vectors(question, num_results=3) == expected
    other.close()
    assert str(folder / "chroma") not in SharedSystemClient._identifier_to_system


def test_a_generation_goes_with_its_last_user(folder: Path) -> None:
    """A running app drops the old generation when a new one is published; nobody closes it."""
    index = Generation(folder)
    assert str(folder / "chroma") in SharedSystemClient._identifier_to_system
    del index
    gc.collect()
    assert str(folder / "chroma") not in SharedSystemClient._identifier_to_system


def test_several_threads(folder: Path, embeddings: Embeddings) -> None:
    index = Generation(folder)
    question = embeddings.encode_query("cloud")
    expected = index.search_vectors(question, num_results=5)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: index.search_vectors(question, num_results=5), range(40)))
    assert found == [expected] * 40
    index.close()


def test_publish_replaces_the_pointer_whole(tmp_path: Path) -> None:
    publish(tmp_path, "000001-a")
    publish(tmp_path, "000002-b")
    assert current_generation(tmp_path) == "000002-b"
    assert [path.name for path in tmp_path.iterdir()] == ["current"]


def test_a_read_only_index_answers_and_is_not_touched(
    small_settings: Settings, embeddings: Embeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(small_settings, embeddings)
    folder = small_settings.index_dir / (current_generation(small_settings.index_dir) or "")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    monkeypatch.setattr("advisor.index.generation.os.access", lambda path, mode: False)
    advisor = Advisor.open(small_settings, embeddings)
    assert advisor.search("Kubernetes migration")[0].chunk.document == "en/notes.txt"
    advisor.close()
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
