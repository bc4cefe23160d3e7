"""Bringing the index in line with a folder that changes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from advisor.advisor import Advisor
from advisor.documents.passages import embedded_text
from advisor.errors import (
    BrokenIndexError,
    CorpusError,
    IndexLockedError,
    IndexMismatchError,
    IndexNotFoundError,
    RefusedIndexError,
)
from advisor.index.generation import Generation, open_current
from advisor.index.generations import current_generation, generations
from advisor.index.report import IndexReport
from advisor.index.sync import SyncOptions, rollback, sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAMES = ("en/board.md", "en/incidents.md", "en/notes.txt", "fr/finops.md", "fr/gouvernance.md")
BESIDE = ("archive.sqlite", "current", "report.json", "writer.lock")


def write(settings: Settings, name: str, text: str) -> None:
    path = settings.corpus_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def changes(report: IndexReport) -> tuple[object, ...]:
    return (report.added, report.updated, report.renamed, report.removed, report.unchanged)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file but the report, and those of Chroma, which writes to its store even when it is only read."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "report.json")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if "chroma" not in path.parts}


def content(settings: Settings, embeddings: Embeddings) -> dict[str, tuple[str, tuple[object, ...]]]:
    """Chunk id -> its text and sentences, of the published generation."""
    index = open_current(settings, embeddings)
    stored = [each for document in index.catalog.documents() for each in index.catalog.chunks_of(document.id)]
    index.close()
    return {each.chunk.id: (embedded_text(each.chunk), each.chunk.sentences) for each in stored}


class FailingEmbeddings(Embeddings):
    """The real ones, that stop working after some texts."""

    def __init__(self, settings: Settings, texts: int) -> None:
        super().__init__(settings)
        self.texts = texts

    def encode_passages(self, texts: Sequence[str], progress: object = None) -> NDArray[np.float32]:
        vectors = [super(FailingEmbeddings, self).encode_passages([text]) for text in texts[: self.texts]]
        if len(texts) > self.texts:
            message = "out of memory"
            raise RuntimeError(message)
        return np.concatenate(vectors)


def test_first_build(small_settings: Settings, embeddings: Embeddings) -> None:
    steps: list[tuple[str, int, int]] = []
    report = sync(small_settings, embeddings, SyncOptions(progress=lambda *step: steps.append(step)))
    assert changes(report) == (NAMES, (), (), (), 0)
    assert (report.documents, report.failed, report.reused) == (5, (), 0)
    assert report.chunks == report.embedded > 5
    assert list(dict.fromkeys(stage for stage, _, _ in steps)) == ["read", "embed", "write", "check"]
    assert ("read", 5, 5) in steps
    last = [step for step in steps if step[0] == "embed"][-1]
    assert last[1] == last[2] > report.chunks  # sentences too
    assert current_generation(small_settings.index_dir) == report.generation


def test_nothing_changed(small_settings: Settings, embeddings: Embeddings) -> None:
    first = sync(small_settings, embeddings)
    for path in small_settings.corpus_dir.rglob("*"):
        os.utime(path, (1, 1))  # dates do not count
    report = sync(small_settings, embeddings)
    assert changes(report) == ((), (), (), (), 5)
    assert (report.generation, report.chunks, report.embedded, report.reused) == (first.generation, first.chunks, 0, 0)
    assert generations(small_settings.index_dir) == [first.generation]


def test_added_updated_renamed_and_removed(small_settings: Settings, embeddings: Embeddings) -> None:
    first = sync(small_settings, embeddings)
    corpus = small_settings.corpus_dir
    write(small_settings, "fr/nouveau.md", "# Nouveau\n\nLe plan de reprise dure quatre heures.\n")
    write(small_settings, "en/board.md", (corpus / "en/board.md").read_text() + "\nThe quorum is seven.\n")
    (corpus / "en/incidents.md").rename(corpus / "en/post-mortems.md")
    (corpus / "fr/gouvernance.md").unlink()
    report = sync(small_settings, embeddings)
    renamed = (("en/incidents.md", "en/post-mortems.md"),)
    assert changes(report) == (("fr/nouveau.md",), ("en/board.md",), renamed, ("fr/gouvernance.md",), 2)
    assert report.documents == 5
    assert report.embedded == 2
    assert report.reused == report.chunks - 2
    assert report.generation > first.generation
    advisor = Advisor.open(small_settings, embeddings)
    assert advisor.search("Zanzibar")[0].chunk.document == "en/post-mortems.md"
    assert advisor.search("What is the quorum?")[0].chunk.document == "en/board.md"
    assert "fr/gouvernance.md" not in {result.chunk.document for result in advisor.search("comité d'éthique", k=50)}
    advisor.close()


def test_renames_of_twin_files(small_settings: Settings, embeddings: Embeddings) -> None:
    """Two files of one content, both renamed, are two renames."""
    write(small_settings, "a.md", "Même texte.")
    write(small_settings, "b.md", "Même texte.")
    sync(small_settings, embeddings)
    for name in ("a", "b"):
        (small_settings.corpus_dir / f"{name}.md").rename(small_settings.corpus_dir / f"{name}2.md")
    report = sync(small_settings, embeddings)
    assert changes(report) == ((), (), (("a.md", "a2.md"), ("b.md", "b2.md")), (), 5)


def test_a_copy_is_no_rename(small_settings: Settings, embeddings: Embeddings) -> None:
    sync(small_settings, embeddings)
    shutil.copy(small_settings.corpus_dir / "en/board.md", small_settings.corpus_dir / "en/copy.md")
    report = sync(small_settings, embeddings)
    assert changes(report) == (("en/copy.md",), (), (), (), 5)
    assert report.embedded == 0


def test_a_change_of_case_in_the_name(small_settings: Settings, embeddings: Embeddings) -> None:
    sync(small_settings, embeddings)
    (small_settings.corpus_dir / "en/board.md").rename(small_settings.corpus_dir / "en/Board.md")
    assert changes(sync(small_settings, embeddings)) == ((), (), (("en/board.md", "en/Board.md"),), (), 4)


@pytest.mark.parametrize("rebuild", [False, True])
def test_a_file_that_cannot_be_read_keeps_its_version(
    small_settings: Settings, embeddings: Embeddings, *, rebuild: bool
) -> None:
    sync(small_settings, embeddings)
    (small_settings.corpus_dir / "en/incidents.md").write_bytes(b"\0\1\2")
    (small_settings.corpus_dir / "en/board.md").write_bytes(b"x" * 30_000)
    (small_settings.corpus_dir / "new.md").write_bytes(b"\0")
    write(small_settings, "en/notes.txt", "Autres notes\n\nLe budget Lisbonne est gelé.")
    limited = small_settings.model_copy(update={"max_file_bytes": 20_000})
    report = sync(limited, embeddings, SyncOptions(rebuild=rebuild))
    assert [failed.document for failed in report.failed] == ["en/board.md", "en/incidents.md", "new.md"]
    assert "30,000 bytes" in report.failed[0].error
    assert "binary" in report.failed[1].error
    assert changes(report) == ((), ("en/notes.txt",), (), (), 4)
    advisor = Advisor.open(small_settings, embeddings)
    assert advisor.search("Zanzibar")[0].chunk.document == "en/incidents.md"
    assert advisor.search("budget Lisbonne")[0].chunk.document == "en/notes.txt"
    advisor.close()
    again = sync(limited, embeddings)
    assert (len(again.failed), again.generation) == (3, report.generation)


def test_another_model_keeps_the_version_of_a_file_that_cannot_be_read(
    small_settings: Settings, embeddings: Embeddings
) -> None:
    """Everything is embedded anew, but the old text is still in the old catalog."""
    sync(small_settings, embeddings)
    (small_settings.corpus_dir / "en/incidents.md").write_bytes(b"\0")
    report = sync(small_settings.model_copy(update={"chunk_chars": 400}), embeddings)
    assert (report.documents, report.unchanged, report.reused, len(report.failed)) == (5, 5, 0, 1)


@pytest.mark.parametrize("how", ["missing", "empty", "truncated", "unreadable"])
def test_a_corpus_that_vanished_leaves_the_index(small_settings: Settings, embeddings: Embeddings, how: str) -> None:
    sync(small_settings, embeddings)
    before = tree(small_settings.index_dir)
    if how in ("missing", "empty"):
        shutil.rmtree(small_settings.corpus_dir)
    if how == "empty":
        small_settings.corpus_dir.mkdir()
    for path in small_settings.corpus_dir.rglob("*.*"):
        path.write_bytes(b"" if how == "truncated" else b"\0")
    if how == "unreadable":
        report = sync(small_settings, embeddings)
        assert (len(report.failed), report.documents, report.unchanged) == (5, 5, 5)
    else:
        with pytest.raises(BrokenIndexError if how == "truncated" else CorpusError):
            sync(small_settings, embeddings)
    assert tree(small_settings.index_dir) == before


def test_nothing_readable_and_no_index(small_settings: Settings, embeddings: Embeddings) -> None:
    for path in small_settings.corpus_dir.rglob("*.*"):
        path.write_bytes(b"\0")
    with pytest.raises(
        BrokenIndexError, match=r"no document of .* can be read \(en/board.md: is binary.*index was not changed"
    ):
        sync(small_settings, embeddings)
    assert current_generation(small_settings.index_dir) is None


def test_dry_run_changes_nothing(small_settings: Settings, embeddings: Embeddings) -> None:
    report = sync(small_settings, embeddings, SyncOptions(dry_run=True))
    assert (report.added, report.documents, report.generation) == (NAMES, 5, "")
    assert not small_settings.index_dir.exists()
    first = sync(small_settings, embeddings)
    assert report.embedded == first.embedded > 1
    before = tree(small_settings.index_dir)
    (small_settings.corpus_dir / "en/board.md").unlink()
    write(small_settings, "new.md", "Texte.")
    report = sync(small_settings, embeddings, SyncOptions(dry_run=True))
    assert changes(report) == (("new.md",), (), (), ("en/board.md",), 4)
    assert (report.generation, report.embedded) == (first.generation, 1)
    assert tree(small_settings.index_dir) == before


def test_rebuild_uses_nothing_again(small_settings: Settings, embeddings: Embeddings) -> None:
    first = sync(small_settings, embeddings)
    before = content(small_settings, embeddings)
    report = sync(small_settings, embeddings, SyncOptions(rebuild=True))
    assert changes(report) == ((), (), (), (), 5)
    assert (report.embedded, report.reused) == (first.chunks, 0)
    assert report.generation != first.generation
    assert content(small_settings, embeddings) == before


def test_steps_give_what_a_fresh_build_gives(small_settings: Settings, embeddings: Embeddings, tmp_path: Path) -> None:
    sync(small_settings, embeddings)
    write(small_settings, "fr/finops.md", "# FinOps\n\nUn tout autre texte sur les coûts.\n\n## Achats\n\nAcheter moins.\n")
    sync(small_settings, embeddings)
    (small_settings.corpus_dir / "en/board.md").rename(small_settings.corpus_dir / "en/aboard.md")
    (small_settings.corpus_dir / "en/notes.txt").unlink()
    sync(small_settings, embeddings)
    fresh = small_settings.model_copy(update={"index_dir": tmp_path / "fresh"})
    sync(fresh, embeddings)
    assert content(small_settings, embeddings) == content(fresh, embeddings)
    one, other = Advisor.open(small_settings, embeddings), Advisor.open(fresh, embeddings)
    for question in ("coûts du cloud", "Who owns the actions?", "comité d'éthique", "three risks", "registre des modèles"):
        left, right = one.search(question, k=50), other.search(question, k=50)
        assert [result.chunk for result in left] == [result.chunk for result in right]
        assert [result.score for result in left] == pytest.approx([result.score for result in right], abs=1e-3)
        answers = one.ask(question), other.ask(question)
        assert answers[0].text == answers[1].text
    one.close()
    other.close()


def test_two_generations_are_kept_and_one_can_go_back(small_settings: Settings, embeddings: Embeddings) -> None:
    names = []
    for number in range(4):
        write(small_settings, "version.md", f"La version est la {number}.")
        names.append(sync(small_settings, embeddings).generation)
    assert generations(small_settings.index_dir) == names[2:]
    assert {path.name for path in small_settings.index_dir.iterdir()} == {*names[2:], *BESIDE}
    advisor = Advisor.open(small_settings, embeddings)
    assert "3" in advisor.search("version")[0].chunk.text
    assert rollback(small_settings) == names[2]
    assert "2" in advisor.search("version")[0].chunk.text
    advisor.close()
    with pytest.raises(IndexNotFoundError, match="no earlier generation"):
        rollback(small_settings)


def test_after_going_back_the_bad_generation_does_not_return(small_settings: Settings, embeddings: Embeddings) -> None:
    """Good, bad, back to good, better: going back again must give good, not bad."""
    write(small_settings, "version.md", "La bonne version.")
    good = sync(small_settings, embeddings).generation
    write(small_settings, "version.md", "La mauvaise version.")
    bad = sync(small_settings, embeddings).generation
    assert rollback(small_settings) == good
    write(small_settings, "version.md", "La meilleure version.")
    better = sync(small_settings, embeddings).generation
    assert generations(small_settings.index_dir) == [good, better]
    assert bad not in generations(small_settings.index_dir)
    assert rollback(small_settings) == good


def test_rollback_without_an_index(small_settings: Settings) -> None:
    small_settings.index_dir.mkdir()
    with pytest.raises(IndexNotFoundError, match="no earlier generation"):
        rollback(small_settings)


def test_a_generation_with_a_reader_is_not_removed(small_settings: Settings, embeddings: Embeddings) -> None:
    first = sync(small_settings, embeddings).generation
    reader = Generation(small_settings.index_dir / first)
    for number in range(3):
        write(small_settings, "version.md", f"La version est la {number}.")
        sync(small_settings, embeddings)
    assert first in generations(small_settings.index_dir)
    assert reader.search_vectors(embeddings.encode_query("cloud"), num_results=1)
    assert len(reader.catalog.documents()) == 5
    reader.close()
    sync(small_settings, embeddings)
    assert first not in generations(small_settings.index_dir)


def test_the_app_indexes_while_it_answers(small_settings: Settings, embeddings: Embeddings) -> None:
    """Same process: the open advisor keeps its generation whole, then moves to the new one."""
    sync(small_settings, embeddings)
    advisor = Advisor.open(small_settings, embeddings)
    held = advisor.index
    write(small_settings, "new.md", "Le projet Tamarin démarre en juin.")
    report = sync(small_settings, embeddings)
    assert held.search_vectors(embeddings.encode_query("cloud"), num_results=3)
    assert advisor.search("Tamarin")[0].chunk.document == "new.md"
    assert advisor.index.info.generation == report.generation
    held.close()
    advisor.close()


HOLDER = """
import sys, time
from pathlib import Path
from advisor.index.lock import writer_lock
with writer_lock(Path(sys.argv[1]), "counting sheep"):
    print("held", flush=True)
    time.sleep(600)
"""


def test_another_process_holds_the_lock(small_settings: Settings, embeddings: Embeddings) -> None:
    """It is named; once it is killed, its lock is taken over."""
    small_settings.index_dir.mkdir()
    command = [sys.executable, "-c", HOLDER, str(small_settings.index_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "held\n"
            for write_index in (lambda: sync(small_settings, embeddings), lambda: rollback(small_settings)):
                with pytest.raises(
                    IndexLockedError, match=rf"by process {other.pid} on \S+ since 20\S+, counting sheep\. Try again"
                ):
                    write_index()
            assert sync(small_settings, embeddings, SyncOptions(dry_run=True)).documents == 5
            assert current_generation(small_settings.index_dir) is None
        finally:
            other.send_signal(signal.SIGKILL)
    assert sync(small_settings, embeddings).documents == 5
    assert not (small_settings.index_dir / "writer.lock.holder").exists()


@pytest.mark.parametrize("texts", [0, 3])
def test_a_build_that_fails_midway(small_settings: Settings, embeddings: Embeddings, texts: int) -> None:
    sync(small_settings, embeddings)
    before = tree(small_settings.index_dir)
    for number in range(4):
        write(small_settings, f"new{number}.md", f"Nouveau texte numéro {number}.")
    with pytest.raises(RuntimeError, match="out of memory"):
        sync(small_settings, FailingEmbeddings(small_settings, texts))
    assert tree(small_settings.index_dir) == before
    report = sync(small_settings, embeddings)
    assert len(report.added) == 4
    assert {path.name for path in small_settings.index_dir.iterdir()} == {
        *generations(small_settings.index_dir), *BESIDE,
    }  # fmt: skip


def test_what_killed_runs_left_is_removed(small_settings: Settings, embeddings: Embeddings) -> None:
    """A build, a removal, and a complete generation that was never published."""
    first = sync(small_settings, embeddings).generation
    index = small_settings.index_dir
    for name in (".building-000002-aa", ".removing-000000-bb"):
        shutil.copytree(index / first, index / name)
    shutil.copytree(index / first, index / "000002-cccccccc")
    (index / "000002-cccccccc" / "in-use").unlink()
    for digit in "1a":
        (index / f".new-{digit * 16}").touch()
    assert sync(small_settings, embeddings).generation == first
    assert {path.name for path in index.iterdir()} == {first, *BESIDE}


def test_a_killed_build(small_settings: Settings, embeddings: Embeddings) -> None:
    """SIGKILL while embedding: the current generation stays, the next run builds and cleans up."""
    first = sync(small_settings, embeddings).generation
    write(small_settings, "new.md", "Le projet Tamarin démarre en juin.")
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom advisor import Settings\nfrom advisor.models.embeddings import Embeddings\n"
        "from advisor.index.sync import SyncOptions, sync\n"
        "s = Settings(corpus_dir=Path(sys.argv[1]), index_dir=Path(sys.argv[2]))\n"
        "sync(s, Embeddings(s), SyncOptions(progress=lambda stage, *_: stage == 'embed' and os.kill(os.getpid(), 9)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(small_settings.corpus_dir), str(small_settings.index_dir)])
    assert done.returncode == -signal.SIGKILL
    assert list(small_settings.index_dir.glob(".building-*"))
    assert current_generation(small_settings.index_dir) == first
    open_current(small_settings, embeddings).close()
    assert sync(small_settings, embeddings).added == ("new.md",)
    assert not list(small_settings.index_dir.glob(".building-*"))


def test_a_thesaurus_that_changes_or_breaks(small_settings: Settings, embeddings: Embeddings) -> None:
    first = sync(small_settings, embeddings)
    write(small_settings, "thesaurus.yaml", "- {fr: [étiquetage], en: [tagging]}\n")
    second = sync(small_settings, embeddings)
    assert second.generation != first.generation
    assert (second.embedded, second.changed) == (0, False)
    assert sync(small_settings, embeddings).generation == second.generation
    write(small_settings, "thesaurus.yaml", "- 3\n")
    with pytest.raises(CorpusError, match=r"thesaurus.yaml is not a list"):
        sync(small_settings, embeddings)
    assert current_generation(small_settings.index_dir) == second.generation
    (small_settings.corpus_dir / "thesaurus.yaml").unlink()
    assert sync(small_settings, embeddings).generation not in (first.generation, second.generation)


SECTIONS = "sections.yaml"


def test_sections_that_change_make_a_generation_and_go_back_with_it(
    small_settings: Settings, embeddings: Embeddings
) -> None:
    """A generation keeps its own: also after a rollback, and whatever becomes of the file."""
    sync(small_settings, embeddings)
    kinds = []
    for text in ("figures: [Étiquetage]\n", "steps: [ETIQUETAGE]\n"):
        write(small_settings, SECTIONS, text)
        report = sync(small_settings, embeddings)
        assert (report.embedded, report.changed) == (0, False)
        with closing(open_current(small_settings, embeddings)) as index:
            kinds.append(index.sections.of(["FinOps en pratique", "Étiquetage"]))
    (small_settings.corpus_dir / SECTIONS).unlink()
    rollback(small_settings)
    with closing(open_current(small_settings, embeddings)) as index:
        kinds.append(index.sections.of(["Étiquetage"]))
    assert kinds == ["figures", "steps", "figures"]
    sync(small_settings, embeddings)
    with closing(open_current(small_settings, embeddings)) as index:
        assert index.sections.of(["Étiquetage"]) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("- figures", "holds \\['figures'\\]"),
        ("recipes: [How]", "no kind 'recipes', but question, applies"),
        ("steps: How", "steps has 'How'"),
        ("steps: [12]", "steps has \\[12\\]"),
        ("steps: [How to do it: first]", "steps has .* quotation marks"),
        ("steps: [How]\nfigures: [HOW]", "'HOW' opens both steps and figures"),
        ("steps: [How", "expected"),
    ],
)
def test_sections_that_cannot_be_read(small_settings: Settings, embeddings: Embeddings, text: str, why: str) -> None:
    published = sync(small_settings, embeddings).generation
    write(small_settings, SECTIONS, text)
    with pytest.raises(CorpusError, match=rf"^{small_settings.corpus_dir}/sections.yaml is not .*{why}"):
        sync(small_settings, embeddings)
    assert current_generation(small_settings.index_dir) == published


def test_mismatch_says_what_to_run_and_sync_puts_it_right(small_settings: Settings, embeddings: Embeddings) -> None:
    sync(small_settings, embeddings)
    other = small_settings.model_copy(update={"chunk_chars": 300})
    with pytest.raises(IndexMismatchError, match=r"chunk_chars 900, the settings say 300\. Run: advisor index"):
        open_current(other, embeddings)
    report = sync(other, embeddings)
    assert (report.unchanged, report.reused, report.embedded) == (5, 0, report.chunks)
    open_current(other, embeddings).close()


@pytest.mark.parametrize(
    "name",
    [
        "rapport (final) n°3.md",
        "C:\\docs\\plan.md",
        "été/où ça.md",
        "e\u0301te\u0301.md",
        "報告 🧭.txt",
        "100% #1?&=.md",
        "a'b\"c.md",
        "@1-2.md",
    ],
)
def test_file_names(small_settings: Settings, embeddings: Embeddings, name: str) -> None:
    write(small_settings, name, "Le projet Tamarin démarre en juin.")
    assert name in sync(small_settings, embeddings).added
    advisor = Advisor.open(small_settings, embeddings)
    assert advisor.search("Tamarin")[0].chunk.document == name
    document = advisor.document(name)
    assert document is not None
    assert document.text == "Le projet Tamarin démarre en juin."
    advisor.close()
    assert sync(small_settings, embeddings).unchanged == 6


def test_a_name_that_is_no_utf_8(small_settings: Settings, embeddings: Embeddings) -> None:
    path = Path(os.fsdecode(os.fsencode(small_settings.corpus_dir) + b"/caf\xe9.md"))
    path.write_text("Le projet Tamarin démarre en juin.")
    assert "caf\\udce9.md" in sync(small_settings, embeddings).added
    assert sync(small_settings, embeddings).unchanged == 6


def test_real_history(data_dir: Path, embeddings: Embeddings, tmp_path: Path) -> None:
    """Two successive states of a real corpus: what is reported is what its maintainers did."""
    history = data_dir / "history-finops-en"
    states = sorted(path for path in history.iterdir() if path.is_dir())
    assert len(states) == 3
    corpus = tmp_path / "corpus"
    settings = Settings(corpus_dir=corpus, index_dir=tmp_path / "index")
    before: dict[str, bytes] = {}
    for state in states[:2]:
        shutil.rmtree(corpus, ignore_errors=True)
        shutil.copytree(state, corpus, ignore=lambda folder, names: [n for n in names if not n.startswith("f") and "." in n])
        after = {name: data for name, data in tree(corpus).items() if name.endswith((".md", ".txt"))}
        report = sync(settings, embeddings)
        renamed = dict(report.renamed)
        assert report.documents == len(after)
        assert set(report.updated) == {name for name in before.keys() & after.keys() if before[name] != after[name]}
        assert set(report.added) | set(renamed.values()) == after.keys() - before.keys()
        assert set(report.removed) | set(renamed) == before.keys() - after.keys()
        assert all(before[old] == after[new] for old, new in renamed.items())
        before = after


def test_the_manifest_says_what_it_was_built_with(small_settings: Settings, embeddings: Embeddings) -> None:
    report = sync(small_settings, embeddings)
    manifest = json.loads((small_settings.index_dir / report.generation / "manifest.json").read_text())
    expected = {
        "embedding_model": embeddings.name,
        "embedding_digest": embeddings.digest,
        "dimension": 384,
        "chunk_chars": 900,
    }
    assert manifest.items() >= expected.items()
    assert manifest["sentences"] > manifest["chunks"] > manifest["documents"] == 5


def test_a_generation_that_is_judged_worse_is_not_published(small_settings: Settings, embeddings: Embeddings) -> None:
    def judge(published: Generation, candidate: Generation) -> list[str]:
        seen.append((published.manifest.generation, candidate.manifest.documents))
        return ["answers became worse"] if candidate.catalog.document("en/bad.md") else []

    seen: list[tuple[str, int]] = []
    first = sync(small_settings, embeddings, SyncOptions(judge=judge))
    assert seen == []  # there was nothing to compare with
    write(small_settings, "en/bad.md", "# Bad\n\nNothing of use.\n")
    with pytest.raises(RefusedIndexError, match="the old one stays: answers became worse"):
        sync(small_settings, embeddings, SyncOptions(judge=judge))
    assert seen == [(first.generation, 6)]
    assert current_generation(small_settings.index_dir) == first.generation
    assert generations(small_settings.index_dir) == [first.generation]
    (small_settings.corpus_dir / "en/bad.md").rename(small_settings.corpus_dir / "en/good.md")
    assert sync(small_settings, embeddings, SyncOptions(judge=judge)).added == ("en/good.md",)
