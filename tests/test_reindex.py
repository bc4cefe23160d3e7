"""What a re-index keeps: vectors, names of identical files, the text behind old answers, the index itself when it is killed."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from advisor.advisor import Advisor
from advisor.documents.passages import searched_text
from advisor.errors import CorpusError, IndexLockedError
from advisor.index import archive
from advisor.index.catalog import Catalog
from advisor.index.generation import Generation, open_current
from advisor.index.generations import CATALOG, LEXICAL, current_generation, generations, read_manifest
from advisor.index.lock import writer_lock
from advisor.index.report import IndexReport
from advisor.index.sync import SyncOptions, last_report, rollback, sync
from advisor.models.embeddings import Embeddings
from advisor.retrieval.query import analyse
from advisor.settings import Settings
from advisor.types import Chunk, Document, Sentence

if TYPE_CHECKING:
    from numpy.typing import NDArray

QUESTIONS = (
    "coûts du cloud",
    "Who owns the actions?",
    "comité d'éthique",
    "three risks",
    "registre des modèles",
    "Zanzibar",
)


class CountingEmbeddings(Embeddings):
    """The real ones; what they are asked to encode is kept."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.asked: list[str] = []

    def encode_passages(self, texts: Sequence[str], progress: object = None) -> NDArray[np.float32]:
        self.asked += texts
        return super().encode_passages(texts)


def write(settings: Settings, name: str, text: str) -> None:
    path = settings.corpus_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def changes(report: IndexReport) -> tuple[object, ...]:
    return (report.added, report.updated, report.renamed, report.removed, report.unchanged)


def content(settings: Settings, embeddings: Embeddings) -> dict[str, tuple[str, tuple[Sentence, ...]]]:
    """Chunk id -> its text and sentences, of the published generation."""
    index = open_current(settings, embeddings)
    chunks = index.catalog.chunks_by_document().values()
    index.close()
    return {chunk.id: (searched_text(chunk), chunk.sentences) for some in chunks for chunk in some}


def best(settings: Settings, embeddings: Embeddings, questions: Sequence[str] = QUESTIONS) -> list[list[tuple[str, float]]]:
    """The ten best passages for each question, with their scores."""
    advisor = Advisor.open(settings, embeddings)
    found = [[(result.chunk.id, result.score) for result in advisor.search(question, k=10)] for question in questions]
    advisor.close()
    return found


def held(settings: Settings, name: str) -> Document:
    """A document of the published generation."""
    with closing(Catalog(settings.index_dir / str(current_generation(settings.index_dir)) / CATALOG)) as catalog:
        document = catalog.document(name)
        assert document is not None
        return document


def assert_like_a_fresh_build(settings: Settings, embeddings: Embeddings, questions: Sequence[str] = QUESTIONS) -> None:
    fresh = settings.model_copy(update={"index_dir": settings.index_dir.with_name("fresh")})
    shutil.rmtree(fresh.index_dir, ignore_errors=True)
    sync(fresh, embeddings)
    assert content(settings, embeddings) == content(fresh, embeddings)
    found, expected = (best(each, embeddings, questions) for each in (settings, fresh))
    assert [[key for key, _ in some] for some in found] == [[key for key, _ in some] for some in expected]
    scores = [[score for some in each for _, score in some] for each in (found, expected)]
    assert scores[0] == pytest.approx(scores[1], abs=0.01)
    one, other = open_current(settings, embeddings), open_current(fresh, embeddings)
    for name, _ in one.catalog.contents():
        pairs = zip(one.catalog.chunks_of(name), other.catalog.chunks_of(name), strict=True)
        for left, right in pairs:
            assert np.array_equal(one.sentence_vectors(left.numbers), other.sentence_vectors(right.numbers))
            assert np.array_equal(one.sentence_vectors(left.twins), other.sentence_vectors(right.twins))
    assert not one.all_sentence_vectors()[_nobodys(one)].any()
    assert one.used_forms == other.used_forms
    assert one.catalog.documents() == other.catalog.documents()
    one.close()
    other.close()


def _nobodys(index: Generation) -> list[int]:
    """The rows of the table of sentence vectors that no sentence has."""
    taken = {
        number for name, _ in index.catalog.contents() for each in index.catalog.chunks_of(name) for number in each.numbers
    }
    return sorted(set(range(index.manifest.rows)) - taken)


# Vectors.


@pytest.mark.parametrize("name", ["Plan de reprise 2026.md", "notes-de-comité.txt"])
def test_a_file_without_a_title_is_renamed(small_settings: Settings, embeddings: Embeddings, name: str) -> None:
    """Its title is its name: shown and searched by word, but no part of what is embedded."""
    text = "Le plan dure quatre heures.\n\nIl est essayé deux fois par an. " + "Le comité le relit avant chaque essai. " * 5
    write(small_settings, name, text.replace("\n\n", " ") if name.endswith("txt") else text)
    sync(small_settings, embeddings)
    renamed = f"Tamarin{Path(name).suffix}"
    (small_settings.corpus_dir / name).rename(small_settings.corpus_dir / renamed)
    counting = CountingEmbeddings(small_settings)
    report = sync(small_settings, counting)
    assert changes(report) == ((), (), ((name, renamed),), (), 5)
    assert (counting.asked, report.embedded, report.reused) == ([], 0, report.chunks)
    advisor = Advisor.open(small_settings, embeddings)
    hits = advisor.index.keyword_index.search(analyse(advisor.index, "Tamarin", "en").terms, num_results=1)
    found = advisor.index.catalog.chunks([hits[0][0]])[hits[0][0]].chunk
    assert (found.document, found.title) == (renamed, "Tamarin")
    advisor.close()
    assert_like_a_fresh_build(small_settings, embeddings)


def test_text_inserted_above_moves_chunks_and_keeps_their_vectors(small_settings: Settings, embeddings: Embeddings) -> None:
    sync(small_settings, embeddings)
    path = small_settings.corpus_dir / "fr/finops.md"
    path.write_text(path.read_text().replace("## Étiquetage", "## Achats\n\nLe service des achats signe.\n\n## Étiquetage"))
    counting = CountingEmbeddings(small_settings)
    report = sync(small_settings, counting)
    assert report.embedded == 1
    assert set(counting.asked) == {"FinOps en pratique > Achats\nLe service des achats signe."}
    assert_like_a_fresh_build(small_settings, embeddings)


def test_the_same_text_in_two_places_is_one_vector_and_two_results(small_settings: Settings, embeddings: Embeddings) -> None:
    for name in ("a", "b"):
        write(
            small_settings, f"{name}.md", f"# Tamarin\n\nLe projet Tamarin démarre en juin.\n\n# Lot {name}\n\nReste {name}."
        )
    sync(small_settings, embeddings)
    index = open_current(small_settings, embeddings)
    assert index.count_vectors() == index.manifest.entries == index.info.chunks - 1
    found = index.search_vectors(embeddings.encode_query("projet Tamarin"), num_results=2)
    assert [key.split("@")[0] for key, _ in found] == ["a.md", "b.md"]
    assert len(index.search_vectors(embeddings.encode_query("projet Tamarin"), num_results=1)) == 1
    index.close()


def test_the_vector_store_is_written_anew_when_too_much_in_it_is_dead(
    small_settings: Settings, embeddings: Embeddings
) -> None:
    sync(small_settings, embeddings)
    dead = []
    for number in range(6):
        write(small_settings, "en/board.md", f"# Board\n\nThe quorum is {number}.\n")
        report = sync(small_settings, embeddings)
        dead.append(read_manifest(small_settings.index_dir / report.generation).dead)
    assert dead[0] == 1
    assert 0 in dead[1:]
    assert_like_a_fresh_build(small_settings, embeddings)


def shared(settings: Settings, one: str, other: str) -> int:
    """How many files of the keyword index two generations have in common."""
    folders = [settings.index_dir / name / LEXICAL for name in (one, other)]
    inodes = [{path.stat().st_ino for path in folder.iterdir()} for folder in folders]
    return len(inodes[0] & inodes[1])


def test_a_small_change_shares_what_stays_and_answers_like_a_fresh_build(
    small_settings: Settings, embeddings: Embeddings
) -> None:
    """And a document that is edited again and again counts twice at most in the statistics of BM25."""
    for number in range(120):
        write(small_settings, f"notes/{number:03d}.md", f"# Note {number}\n\nTheme {number % 7} of {number * 31}.\n")
    names = [sync(small_settings, embeddings).generation]
    first = read_manifest(small_settings.index_dir / names[0])
    for edit in range(4):
        write(small_settings, "notes/050.md", f"# Note 50\n\nThe Tamarin project has version {edit}.\n")
        names.append(sync(small_settings, embeddings).generation)
    before, last = (read_manifest(small_settings.index_dir / name) for name in names[-2:])
    assert (last.keyword_base, last.keyword_dead, last.rows) == (first.keyword_base, 1, first.rows)
    assert shared(small_settings, before.generation, last.generation) > 3
    assert_like_a_fresh_build(small_settings, embeddings)
    index = open_current(small_settings, embeddings)
    assert index.keyword_index.document_frequency("tamarin", "en") == 1
    index.close()
    assert rollback(small_settings) == before.generation
    assert held(small_settings, "notes/050.md").text.endswith("version 2.\n")
    for number in range(4):
        write(small_settings, f"notes/{number:03d}.md", f"# Note {number}\n\nAnother text {number}.\n")
    many = sync(small_settings, embeddings).generation
    assert read_manifest(small_settings.index_dir / many).keyword_dead == 0
    assert shared(small_settings, before.generation, many) == 0


# Identical files.


def test_identical_files_are_one_document(small_settings: Settings, embeddings: Embeddings) -> None:
    first = sync(small_settings, embeddings)
    shutil.copy(small_settings.corpus_dir / "en/board.md", small_settings.corpus_dir / "en/copy.md")
    report = sync(small_settings, embeddings)
    assert changes(report) == (("en/copy.md",), (), (), (), 5)
    assert (report.documents, report.chunks, report.embedded) == (5, first.chunks, 0)
    advisor = Advisor.open(small_settings, embeddings)
    document = advisor.document("en/board.md")
    assert document is not None
    assert document.aliases == ("en/copy.md",)
    assert advisor.document("en/copy.md") == document
    assert [result.chunk.document for result in advisor.search("three risks", k=50)].count("en/board.md") == 1
    advisor.close()
    assert sync(small_settings, embeddings).generation == report.generation
    assert_like_a_fresh_build(small_settings, embeddings)


@pytest.mark.parametrize(("removed", "kept"), [("en/board.md", "en/copy.md"), ("en/copy.md", "en/board.md")])
def test_one_of_two_names_goes(small_settings: Settings, embeddings: Embeddings, removed: str, kept: str) -> None:
    shutil.copy(small_settings.corpus_dir / "en/board.md", small_settings.corpus_dir / "en/copy.md")
    sync(small_settings, embeddings)
    (small_settings.corpus_dir / removed).unlink()
    counting = CountingEmbeddings(small_settings)
    report = sync(small_settings, counting)
    assert changes(report) == ((), (), (), (removed,), 5)
    assert (report.documents, report.embedded, counting.asked) == (5, 0, [])
    assert held(small_settings, kept).aliases == ()
    assert_like_a_fresh_build(small_settings, embeddings)


def test_one_of_two_names_changes_or_is_renamed(small_settings: Settings, embeddings: Embeddings) -> None:
    shutil.copy(small_settings.corpus_dir / "en/board.md", small_settings.corpus_dir / "en/copy.md")
    sync(small_settings, embeddings)
    (small_settings.corpus_dir / "en/copy.md").rename(small_settings.corpus_dir / "a.md")
    assert changes(sync(small_settings, embeddings)) == ((), (), (("en/copy.md", "a.md"),), (), 5)
    assert_like_a_fresh_build(small_settings, embeddings)
    write(small_settings, "a.md", "# Other\n\nThe quorum is seven.\n")
    report = sync(small_settings, embeddings)
    assert changes(report) == ((), ("a.md",), (), (), 5)
    assert (report.documents, report.embedded) == (6, 1)
    assert_like_a_fresh_build(small_settings, embeddings)


def test_an_identical_file_that_fails_keeps_its_version(small_settings: Settings, embeddings: Embeddings) -> None:
    shutil.copy(small_settings.corpus_dir / "en/board.md", small_settings.corpus_dir / "en/copy.md")
    sync(small_settings, embeddings)
    write(small_settings, "en/board.md", "# Other\n\nThe quorum is seven.\n")
    (small_settings.corpus_dir / "en/copy.md").write_bytes(b"\0")
    report = sync(small_settings, embeddings)
    assert (report.updated, report.documents) == (("en/board.md",), 6)
    assert "binary" in report.failed[0].error
    assert (held(small_settings, "en/copy.md").title, held(small_settings, "en/board.md").title) == (
        "Talking to the board",
        "Other",
    )


# What was, and who asks.


def test_the_links_of_old_answers_lead_to_the_text_they_were_made_from(
    small_settings: Settings, embeddings: Embeddings
) -> None:
    names = []
    advisor = None
    for number in range(5):
        write(small_settings, "version.md", f"# Version\n\nLa version est la {number}.\n")
        names.append(sync(small_settings, embeddings).generation)
        advisor = advisor or Advisor.open(small_settings, embeddings)
    assert advisor is not None
    assert advisor.index.manifest.generation == names[-1]
    for number, name in enumerate(names):
        old = advisor.document("version.md", name)
        assert old is not None
        assert f"la {number}." in old.text
    assert advisor.document("version.md", "000099-00000000") is None
    assert advisor.document("version.md", "nonsense") is None
    assert advisor.document("absent.md", names[0]) is None
    advisor.close()
    with sqlite3.connect(small_settings.index_dir / archive.ARCHIVE_FILE) as database:
        assert database.execute("SELECT count(*) FROM texts").fetchone() == (5 + 5,)


def forget(settings: Settings) -> str:
    """Forget in a process of its own, as its users do: the vectors' file keeps what the memory of its writer held."""
    command = "from advisor.cli.main import main; main()"
    places = ["--corpus", str(settings.corpus_dir), "--index", str(settings.index_dir)]
    subprocess.run([sys.executable, "-c", command, "index", "--forget", *places], check=True, timeout=120)
    return current_generation(settings.index_dir) or ""


def test_forgetting_leaves_nothing_of_what_was_removed(small_settings: Settings, embeddings: Embeddings) -> None:
    write(small_settings, "secret.md", "# Dossier\n\nLe dossier Mangoustan est confidentiel.\n")
    first = sync(small_settings, embeddings).generation
    (small_settings.corpus_dir / "secret.md").unlink()
    sync(small_settings, embeddings)
    advisor = Advisor.open(small_settings, embeddings)
    assert advisor.document("secret.md", first) is not None
    advisor.close()
    forgotten = forget(small_settings)
    assert generations(small_settings.index_dir) == [forgotten]
    manifest = read_manifest(small_settings.index_dir / forgotten)
    assert (manifest.documents, manifest.dead) == (5, 0)
    advisor = Advisor.open(small_settings, embeddings)
    assert advisor.document("secret.md", first) is None
    assert advisor.document("en/board.md", first) is not None
    advisor.close()
    left = [path for path in small_settings.index_dir.rglob("*") if path.is_file() and b"Mangoustan" in path.read_bytes()]
    assert left == []
    assert sync(small_settings, embeddings).generation == forgotten


def test_numbers_are_not_used_twice(small_settings: Settings, embeddings: Embeddings) -> None:
    """After going back, a generation that was removed must not lend its name to another."""
    names = [sync(small_settings, embeddings).generation]
    board = (small_settings.corpus_dir / "en/board.md").read_bytes()
    write(small_settings, "en/board.md", "# Board\n\nThe quorum is seven.\n")
    names.append(sync(small_settings, embeddings).generation)
    assert rollback(small_settings) == names[0]
    (small_settings.corpus_dir / "en/board.md").write_bytes(board)
    assert sync(small_settings, embeddings).generation == names[0]
    assert generations(small_settings.index_dir) == names[:1]
    write(small_settings, "en/board.md", "# Board\n\nThe quorum is nine.\n")
    assert sync(small_settings, embeddings).generation.startswith("000003-")


def test_going_back_lasts_until_the_next_sync(small_settings: Settings, embeddings: Embeddings) -> None:
    sync(small_settings, embeddings)
    write(small_settings, "new.md", "# Neuf\n\nLe projet Tamarin démarre en juin.\n")
    new = sync(small_settings, embeddings)
    rollback(small_settings)
    again = sync(small_settings, embeddings)
    assert (again.added, again.generation[7:]) == (("new.md",), new.generation[7:])


def test_an_archive_that_is_damaged_is_begun_anew(small_settings: Settings, embeddings: Embeddings) -> None:
    first = sync(small_settings, embeddings).generation
    (small_settings.index_dir / archive.ARCHIVE_FILE).write_bytes(b"no database" * 200)
    assert archive.find(small_settings.index_dir, "en/board.md", first) is None
    write(small_settings, "new.md", "# Neuf\n\nTexte.\n")
    second = sync(small_settings, embeddings).generation
    assert archive.find(small_settings.index_dir, "en/board.md", second) is not None


def test_the_last_report_is_kept(small_settings: Settings, embeddings: Embeddings) -> None:
    assert last_report(small_settings.index_dir) is None
    (small_settings.corpus_dir / "new.md").write_bytes(b"\0")
    for _ in range(2):
        report = sync(small_settings, embeddings)
        assert last_report(small_settings.index_dir) == report
        assert report.finished.endswith("+00:00")
    assert report.failed[0].document == "new.md"
    (small_settings.index_dir / "report.json").write_text("{}")
    assert last_report(small_settings.index_dir) is None


def test_an_advisor_keeps_answering_when_the_index_is_rebuilt_for_other_settings(
    small_settings: Settings, embeddings: Embeddings
) -> None:
    first = sync(small_settings, embeddings).generation
    advisor = Advisor.open(small_settings, embeddings)
    sync(small_settings.model_copy(update={"chunk_chars": 400}), embeddings)
    assert advisor.search("Zanzibar")[0].chunk.document == "en/incidents.md"
    assert advisor.index.manifest.generation == first
    third = sync(small_settings, embeddings).generation
    assert advisor.index.manifest.generation == third
    advisor.close()


# Crashes and company.

SYNC = """
import sys
from pathlib import Path
from advisor import Settings
from advisor.models.embeddings import Embeddings
from advisor.index.sync import SyncOptions, sync
s = Settings(corpus_dir=Path(sys.argv[1]), index_dir=Path(sys.argv[2]))
embeddings = Embeddings(s)
print("ready", flush=True)
sync(s, embeddings, SyncOptions(wait=float(sys.argv[3])))
"""


def started(settings: Settings, wait: float = 0) -> subprocess.Popen[str]:
    """A process that is about to sync."""
    command = [sys.executable, "-c", SYNC, str(settings.corpus_dir), str(settings.index_dir), str(wait)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_killed_at_random_moments(small_settings: Settings, embeddings: Embeddings) -> None:
    sync(small_settings, embeddings)
    dice = random.Random(7)
    for number in range(5):
        write(small_settings, "fr/finops.md", f"# FinOps\n\nLe tagging couvre {number} % des dépenses.\n")
        write(small_settings, f"new{number}.md", f"# Lot {number}\n\nLe lot {number} est prêt.\n")
        with started(small_settings) as process:
            time.sleep(dice.uniform(0, 2))
            process.send_signal(signal.SIGKILL)
        assert all(best(small_settings, embeddings))
        sync(small_settings, embeddings)
        assert not list(small_settings.index_dir.glob(".building-*"))
        assert_like_a_fresh_build(small_settings, embeddings)


def test_two_at_once_wait_for_each_other(small_settings: Settings, embeddings: Embeddings) -> None:
    one, other = started(small_settings, wait=60), started(small_settings, wait=60)
    assert (one.wait(), other.wait()) == (0, 0)
    for process in (one, other):
        assert process.stdout is not None
        process.stdout.close()
    assert len(generations(small_settings.index_dir)) == 1
    assert best(small_settings, embeddings)


def test_waiting_has_an_end(small_settings: Settings, embeddings: Embeddings) -> None:
    started_at = time.monotonic()
    with (
        writer_lock(small_settings.index_dir, "counting sheep"),
        pytest.raises(IndexLockedError, match="counting sheep"),
    ):
        sync(small_settings, embeddings, SyncOptions(wait=0.3))
    assert time.monotonic() - started_at >= 0.3


ASK = """
import json, sys, time
from pathlib import Path
from advisor import Advisor, Settings
s = Settings(corpus_dir=Path(sys.argv[1]), index_dir=Path(sys.argv[2]))
advisor = Advisor.open(s)
while not Path(sys.argv[3]).exists():
    found = advisor.search("version")[0].chunk
    generation = advisor.index.manifest.generation
    print(json.dumps([time.time(), generation, found.text]), flush=True)
    time.sleep(0.2)
"""


def test_processes_that_ask_see_each_new_generation(
    small_settings: Settings, embeddings: Embeddings, tmp_path: Path
) -> None:
    def publish(number: int) -> tuple[str, float]:
        write(small_settings, "version.md", f"# Version\n\nLa version est la {number}.\n")
        return sync(small_settings, embeddings).generation, time.time()

    published = [publish(0)]
    stop = tmp_path / "stop"
    command = [sys.executable, "-c", ASK, str(small_settings.corpus_dir), str(small_settings.index_dir), str(stop)]
    askers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    first = [json.loads(asker.stdout.readline()) for asker in askers if asker.stdout]
    for number in range(1, 4):
        published.append(publish(number))
        time.sleep(2)
    stop.touch()
    seen = first + [json.loads(line) for asker in askers for line in asker.communicate()[0].splitlines()]
    assert [asker.returncode for asker in askers] == [0, 0]
    names = [name for name, _ in published]
    for when, generation, text in seen:
        shown = int(text.rsplit(" ", 1)[1].rstrip("."))
        due = max((number for number, (_, at) in enumerate(published) if at + 2 < when), default=0)
        assert due <= shown <= names.index(generation)
    assert current_generation(small_settings.index_dir) == names[-1]


def test_a_real_history_step_by_step(data_dir: Path, embeddings: Embeddings, tmp_path: Path) -> None:
    """A part of a real corpus, through its three states: reported as its maintainers changed it, and as built anew."""
    history = data_dir / "history-finops-en"
    corpus = tmp_path / "corpus"
    settings = Settings(corpus_dir=corpus, index_dir=tmp_path / "index")
    lines = (data_dir / "finops-en" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines[::3]]

    def taken(name: str) -> bool:
        return Path(name).name.startswith(("manage-a", "finopspod", "f2--")) and name.endswith(".md")

    for step in json.loads((history / "changes.json").read_text(encoding="utf-8")):
        shutil.rmtree(corpus, ignore_errors=True)
        for path in (history / step["version"]).rglob("*.md"):
            name = path.relative_to(history / step["version"]).as_posix()
            if taken(name):
                (corpus / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, corpus / name)
        report = sync(settings, embeddings)
        if "added" in step:
            assert report.added == tuple(filter(taken, sorted(step["added"])))
            assert report.removed == tuple(filter(taken, sorted(step["deleted"])))
            assert report.updated == tuple(filter(taken, sorted(step["modified"])))
            assert report.reused > 0
        assert_like_a_fresh_build(settings, embeddings, questions)


def test_a_folder_that_cannot_be_listed_is_not_an_empty_one(small_settings: Settings, embeddings: Embeddings) -> None:
    """Here for the length of its path; for want of a right, or for a disk that fails, it is the same."""
    first = sync(small_settings, embeddings).generation
    (small_settings.corpus_dir / "en/board.md").unlink()
    here = Path.cwd()
    try:
        os.chdir(small_settings.corpus_dir)
        for _ in range(30):
            Path("d" * 200).mkdir()
            os.chdir("d" * 200)
    finally:
        os.chdir(here)
    with pytest.raises(CorpusError, match=r"the folder .* cannot be listed \(File name too long\)\. Nothing was changed"):
        sync(small_settings, embeddings)
    assert current_generation(small_settings.index_dir) == first


def test_every_term_of_a_chunk_leads_to_it(small_settings: Settings, embeddings: Embeddings) -> None:
    sync(small_settings, embeddings)
    index = open_current(small_settings, embeddings)
    chunks: list[Chunk] = [chunk for some in index.catalog.chunks_by_document().values() for chunk in some]
    assert all(map(index.keyword_index.finds, chunks))
    assert not index.keyword_index.finds(replace(chunks[0], text=chunks[0].text + " Tamarin"))
    assert not index.keyword_index.finds(replace(chunks[0], document="absent.md"))
    index.close()
