"""Asks the advisor every question of some sets, scores what it did, and keeps the run."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from advisor.advisor import Advisor
from advisor.answering.intake import remembered
from advisor.answering.near import invalid_answer
from advisor.errors import EvaluationError, QuestionError
from advisor.evaluation.places import ReadDocument, locate_goals
from advisor.evaluation.questions import Case, Split, Target, cases_of, find_sets, read_sets
from advisor.evaluation.run_store import LATEST, QUESTIONS, RUNS, Run, check_name, describe, write_run
from advisor.evaluation.scoring import CitedDocument, Outcome, goals_of, score_all
from advisor.features.background import in_steps
from advisor.index.catalog import Catalog
from advisor.index.generation import Generation
from advisor.index.generations import publish
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings
from advisor.text.reasons import reason
from advisor.types import Answer, ScoredChunk

OnAsked = Callable[[int, int], None]
"""Called with the questions done and their total."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be asked: the sets of these names, all of them when none is named; and the name of the run.

    `split` leaves out the questions of every other part, so that who chooses settings never sees those for reporting.
    """

    sets: tuple[str, ...] = ()
    name: str = LATEST
    split: Split | None = None


class PinnedAdvisor(Advisor):
    """Asks one generation, published or not, whatever is published in the meantime."""

    @property
    def index(self) -> Generation:
        """The generation that it was made with."""
        return self._index


def pinned(advisor: Advisor) -> PinnedAdvisor:
    """An advisor that stays with the generation that is published now; itself, where it does already."""
    if isinstance(advisor, PinnedAdvisor):
        return advisor
    return PinnedAdvisor(advisor.settings, advisor.embeddings, advisor.index)


def run_sets(advisor: Advisor, order: Order, on_asked: OnAsked | None = None) -> Run:
    """Ask the sets of the published generation, and keep the run under its name.

    Questions whose quotes the index no longer holds are left out, and named: nothing can be told of their answers.

    :raises EvaluationError: when a set cannot be used, no question of it is left, or the name is taken.
    """
    settings = advisor.settings
    check_name(order.name, settings.evals_dir / RUNS)
    sets = read_sets(find_sets(order.sets, settings.evals_dir / QUESTIONS))
    cases = [case for one in sets for case in cases_of(one, order.split)]
    asked = pinned(advisor)
    kept, left_out = part_by_labels(cases, asked.index.catalog.document)
    if left_out and not kept:
        raise EvaluationError(reason("labels_gone", questions=len(cases), first=cases[0].id))
    started = time.perf_counter()
    outcomes = ask_cases(asked, kept, on_asked)
    rows = score_all(outcomes)
    info = describe(order.name, asked, sets, rows, time.perf_counter() - started)
    info = replace(info, left_out=list(left_out))
    return write_run(settings.evals_dir / RUNS / order.name, info, outcomes, rows)


def run_sets_in_steps(advisor: Advisor, order: Order) -> Iterator[tuple[int, int] | Run]:
    """`run_sets`, telling twice a second how many questions were asked, of how many; the run last.

    :raises EvaluationError: as `run_sets`.
    """
    latest = (0, 0)

    def note(done: int, total: int) -> None:
        nonlocal latest
        latest = (done, total)

    yield from in_steps(lambda: run_sets(advisor, order, note), lambda: latest, "evaluate")


def part_by_labels(cases: Sequence[Case], *indexes: ReadDocument) -> tuple[list[Case], tuple[str, ...]]:
    """The cases whose every quote is in all of these indexes, and the ids of the questions of which one is gone."""
    gone = dict.fromkeys(case.dialogue for read in indexes for case, _ in stale_labels(cases, read))
    return [case for case in cases if case.dialogue not in gone], tuple(gone)


def stale_labels(cases: Sequence[Case], read: ReadDocument) -> list[tuple[Case, Target]]:
    """The quotes that the indexed documents no longer hold."""
    labels = [(case, (*case.targets, *case.core, *case.useful)) for case in cases]
    return [(case, target) for case, targets in labels for target in dict.fromkeys(locate_goals(targets, read)[1])]


def ask_cases(advisor: Advisor, cases: Sequence[Case], on_asked: OnAsked | None = None) -> list[Outcome]:
    """Ask every case, in order; one that crashes is an outcome like another.

    The cases that bring documents of their own (attacks) are asked of a copy of the index with these documents in it.
    """
    own = pinned(advisor)
    documents = sorted({path for case in cases for path in case.documents})
    outcomes: dict[str, Outcome] = {}

    def ask_all(asked: Advisor, some: Sequence[Case]) -> None:
        for outcome in _ask_all(asked, some):
            outcomes[outcome.case.id] = outcome
            if on_asked:
                on_asked(len(outcomes), len(cases))

    ask_all(own, [case for case in cases if not case.documents])
    if documents:
        with extended(own, documents) as attacked:
            ask_all(attacked, [case for case in cases if case.documents])
    return [outcomes[case.id] for case in cases]


def _ask_all(advisor: Advisor, cases: Sequence[Case]) -> Iterator[Outcome]:
    catalog = advisor.index.catalog
    read, read_cited = cache(catalog.document), cache(lambda name: _cited_document(catalog, name))
    history: list[str] = []
    for case in cases:
        history = remembered(history) if case.turn > 1 else []
        goals = goals_of(case, read)
        try:
            answer, passages = _ask(advisor, case, history)
        except Exception as error:  # noqa: BLE001 - whatever a question raises is its outcome, and the next one is asked
            yield Outcome(case, goals, error=f"{type(error).__name__}: {error}")
            history.append(case.text)
            continue
        cited = {citation.document for citation in answer.citations}
        documents = {name: document for name in cited if (document := read_cited(name))}
        yield Outcome(case, goals, answer, passages, documents)
        if answer.status != "invalid":
            history.append(answer.question)


def _ask(advisor: Advisor, case: Case, history: Sequence[str]) -> tuple[Answer, tuple[ScoredChunk, ...]]:
    try:
        return advisor.examine(case.text, history=history)
    except QuestionError as cause:
        return invalid_answer(case.text, str(cause), advisor.index.info), ()


def _cited_document(catalog: Catalog, name: str) -> CitedDocument | None:
    document = catalog.document(name)
    if document is None:
        return None
    sentences = {(s.start, s.end) for stored in catalog.chunks_of(name) for s in stored.chunk.sentences}
    return CitedDocument(document.text, tuple(sorted(sentences)))


@contextmanager
def extended(advisor: Advisor, documents: Sequence[Path]) -> Iterator[Advisor]:
    """An advisor on a temporary copy of the corpus and its index, with more documents in it.

    :raises EvaluationError: when one of them does not exist.
    """
    settings = advisor.settings
    with tempfile.TemporaryDirectory(prefix="advisor-eval-") as scratch:
        corpus, index = Path(scratch) / "corpus", Path(scratch) / "index"
        shutil.copytree(settings.corpus_dir, corpus)
        for path in documents:
            target = corpus / path.parent.name / path.name
            target.parent.mkdir(exist_ok=True)
            try:
                shutil.copyfile(path, target)
            except OSError as cause:
                why = reason("no_document", path=str(path), problem=cause.strerror or str(cause))
                raise EvaluationError(why) from cause
        folder = advisor.index.folder
        shutil.copytree(folder, index / folder.name)
        publish(index, folder.name)
        opened = _synced(settings.model_copy(update={"corpus_dir": corpus, "index_dir": index}), advisor.embeddings)
        try:
            yield opened
        finally:
            opened.close()


def _synced(settings: Settings, embeddings: Embeddings) -> Advisor:
    sync(settings, embeddings)
    return pinned(Advisor.open(settings, embeddings))
