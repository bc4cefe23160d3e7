"""Documents, chunks and sentences in SQLite."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from advisor.advisor import Advisor
from advisor.documents.chunking import chunk_document
from advisor.documents.citations import lines_of
from advisor.documents.passages import embedded_sentence, embedded_text
from advisor.documents.reading import parse_document
from advisor.features.curation import entries
from advisor.features.library import Library
from advisor.index.catalog import Catalog, text_hash
from advisor.index.catalog_edit import Cut, edit_catalog
from advisor.index.generation import open_current
from advisor.index.report import IndexReport
from advisor.types import Chunk, Document

SOURCES = {
    "fr/é à.md": "---\ntitle: Coûts\nsources:\n  - organisation: CNCF\n    year: 2023\n---\n# A\n\nUn. Deux ?\n\n- Trois.\n",
    "en/b.txt": "The board meets. It decides.",
    "vide.md": "",
}


def filled(folder: Path, sources: dict[str, str] = SOURCES) -> tuple[Catalog, list[Document], list[Chunk]]:
    documents = [parse_document(name, text.encode()) for name, text in sources.items()]
    cut = [(document, chunk_document(document, chunk_chars=900)) for document in documents]
    edit = edit_catalog(folder / "catalog #1?.sqlite", None, cut, ())
    return Catalog(folder / "catalog #1?.sqlite"), documents, list(edit.chunks)


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    catalog, documents, chunks = filled(tmp_path)
    with closing(catalog):
        assert catalog.documents() == sorted(documents, key=lambda document: document.id)
        assert [catalog.document(document.id) for document in documents] == documents
        assert catalog.document("absent.md") is None
        assert catalog.hashes() == {document.id: document.content_hash for document in documents}
        stored = catalog.chunks([chunk.id for chunk in chunks] + ["absent@0-1"])
        assert {key: value.chunk for key, value in stored.items()} == {chunk.id: chunk for chunk in chunks}
        assert [stored[chunk.id].numbers for chunk in chunks] == [(0, 1, 2), (3, 4)]
        assert [stored[chunk.id].twins for chunk in chunks] == [(0, 1, 2), (3, 4)]
        assert [value.chunk for value in catalog.chunks_of("fr/é à.md")] == [chunks[0]]
        assert catalog.chunks_of("vide.md") == ()
        assert catalog.counts() == (3, 2, 5)
        assert catalog.chunks([]) == {}


def cut(name: str, text: str) -> Cut:
    document = parse_document(name, text.encode())
    return document, chunk_document(document, chunk_chars=900)


def rows(catalog: Catalog, name: str) -> list[int]:
    return [number for stored in catalog.chunks_of(name) for number in stored.numbers]


def test_an_edit_leaves_what_it_begins_with_and_writes_only_the_difference(tmp_path: Path) -> None:
    one, other = tmp_path / "one.sqlite", tmp_path / "other.sqlite"
    kept, changed = cut("b.md", "# B\n\nKept. Whole."), cut("a.md", "# A\n\nOne. Two. Three.")
    edit_catalog(one, None, [changed, kept, cut("z.md", "Goes away.")], ())
    before = one.read_bytes()
    renamed = replace(kept[0], aliases=("copy.md",))
    edit = edit_catalog(other, one, [cut("a.md", "# A\n\nOne. Zebra."), (renamed, None)], ("z.md",))
    assert one.read_bytes() == before
    assert [chunk.document for chunk in edit.chunks] == ["a.md"]
    assert sorted(edit.removed) == ["a.md@5-21", "z.md@0-10"]
    with closing(Catalog(other)) as catalog:
        assert [name for name, _ in catalog.contents()] == ["a.md", "b.md"]
        assert catalog.document("copy.md") == renamed
        assert rows(catalog, "b.md") == [3, 4]
        assert rows(catalog, "a.md") == edit.rows.tolist() == [0, 1]
        assert edit.freed.tolist() == [2, 5]
        assert catalog.sizes() == (2, 4, 5)
        assert catalog.ids_after(3) == ["a.md@5-16"]
        assert sorted(chunk.id for chunk in catalog.sample(9)) == ["a.md@5-16", "b.md@5-17"]
    assert b"Three" not in other.read_bytes()


def test_twins_follow_a_translation_that_changes_or_goes(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.sqlite" for number in range(3)]
    french = cut("fr.md", "---\ntranslation_of: en.md\n---\nUn. Deux.")
    edit_catalog(paths[0], None, [cut("en.md", "One. Two."), french], ())
    edit_catalog(paths[1], paths[0], [cut("en.md", "One.\n\nTwo.")], ())
    edit_catalog(paths[2], paths[0], [], ("en.md",))
    twins = []
    for path in paths:
        with closing(Catalog(path)) as catalog:
            twins.append([stored.twins for stored in catalog.chunks_of("fr.md")])
    assert twins == [[(0, 1)], [(2, 3)], [(2, 3)]]


def test_hashes_of_texts(tmp_path: Path) -> None:
    catalog, _, chunks = filled(tmp_path)
    with closing(catalog):
        assert catalog.chunk_hashes() == {text_hash(embedded_text(chunk)) for chunk in chunks}
        assert catalog.ids_of_texts([text_hash(embedded_text(chunks[0])), "?"]) == {
            text_hash(embedded_text(chunks[0])): [chunks[0].id]
        }
        texts = [embedded_sentence(chunk, sentence) for chunk in chunks for sentence in chunk.sentences]
        assert catalog.sentence_hashes() == {text_hash(text): number for number, text in enumerate(texts)}
    assert text_hash("a") != text_hash("b")
    assert len(text_hash("\ud800")) == 32


def test_more_ids_than_sqlite_takes_parameters(tmp_path: Path) -> None:
    catalog, _, chunks = filled(tmp_path, {f"{n}.txt": f"Phrase {n}." for n in range(1_203)})
    with closing(catalog):
        assert list(catalog.chunks([chunk.id for chunk in chunks])) == [chunk.id for chunk in chunks]


def test_a_catalog_is_read_only(tmp_path: Path) -> None:
    catalog, _, _ = filled(tmp_path)
    with closing(catalog), pytest.raises(sqlite3.OperationalError, match="readonly"):
        catalog._database.execute("DELETE FROM documents")


def test_several_threads(tmp_path: Path) -> None:
    catalog, documents, chunks = filled(tmp_path, {f"{n}.txt": f"Phrase {n}. Autre {n}." for n in range(50)})

    def read(n: int) -> bool:
        at = n % 50
        stored = catalog.chunks([chunks[at].id])[chunks[at].id]
        return stored.chunk == chunks[at] and catalog.document(documents[at].id) == documents[at]

    with closing(catalog), ThreadPoolExecutor(4) as pool:
        assert all(pool.map(read, range(400)))


@contextmanager
def texts_loaded(catalog: Catalog) -> Iterator[list[str]]:
    """The statements that load the whole text of a document, as they come."""
    loads: list[str] = []
    catalog._database.set_trace_callback(
        lambda statement: loads.append(statement) if re.search(r"language, text, .* FROM documents", statement) else None
    )
    yield loads
    catalog._database.set_trace_callback(None)


def test_a_list_loads_no_text(advisor: Advisor) -> None:
    index = open_current(advisor.settings, advisor.embeddings)
    with closing(index), texts_loaded(index.catalog) as loads:
        assert index.titles("fr")
        assert Library().documents(index, language="en")
        assert Library().topics(index)
        assert entries(index, IndexReport(index.info.generation))
        assert loads == []
        assert index.catalog.documents()
        assert len(loads) == 1


@pytest.mark.parametrize(
    "question", ["How do we cut our cloud bill?", "How does a bakery choose its flour?", "Comment tester nos sauvegardes ?"]
)
def test_an_answer_loads_each_document_that_it_cites_once(advisor: Advisor, question: str) -> None:
    """Also where it is checked; and the lines of each are counted once for all its citations."""
    fresh = Advisor.open(advisor.settings, advisor.embeddings)
    counted = lines_of.cache_info().misses
    with closing(fresh), texts_loaded(fresh.index.catalog) as loads:
        answer = fresh.ask(question)
    cited = {citation.document for citation in answer.citations}
    assert len(loads) == len(set(loads)) == len(cited)
    assert lines_of.cache_info().misses - counted <= len(cited)
