"""Asks the advisor every question of some sets, and keeps what it did."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from advisor.advisor import Advisor, invalid_answer
from advisor.errors import AdvisorError, EvaluationError, QuestionError
from advisor.evaluation.places import FindDocument, Goal, locate
from advisor.evaluation.questions import Item, Target
from advisor.evaluation.scoring import Outcome
from advisor.index.generation import Generation
from advisor.index.generations import publish
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings
from advisor.types import Answer

Progress = Callable[[int, int], None]
"""Called with the questions done and their total."""


class PinnedAdvisor(Advisor):
    """Asks one generation, published or not, whatever is published in the meantime.

    Nobody is told of its questions, and no log has them: nobody needed their answers.
    """

    @property
    def index(self) -> Generation:
        """The generation that it was made with."""
        return self._index

    def _tell(self, outcome: Answer | AdvisorError) -> None:
        pass


def pinned(advisor: Advisor) -> PinnedAdvisor:
    """An advisor that stays with the generation that is published now; itself, where it does already."""
    if isinstance(advisor, PinnedAdvisor):
        return advisor
    return PinnedAdvisor(advisor.settings, advisor.embeddings, advisor.index)


def stale_labels(items: Sequence[Item], find: FindDocument) -> list[tuple[Item, Target]]:
    """The quotes that the indexed documents no longer hold."""
    return [(item, target) for item in items for target in locate(item.targets, find)[1]]


def refuse_stale_labels(items: Sequence[Item], find: FindDocument) -> None:
    """Do nothing when every quote is in the index.

    :raises EvaluationError: naming the first that is not.
    """
    stale = stale_labels(items, find)
    if stale:
        item, target = stale[0]
        message = (
            f"the index does not hold {len(stale)} of the quotes that questions are scored by, first that of {item.id} in "
            f"{target.document}. Run: advisor index; then: advisor eval check"
        )
        raise EvaluationError(message)


def evaluate(advisor: Advisor, items: Sequence[Item], progress: Progress | None = None) -> list[Outcome]:
    """Ask every item, in order; a question that crashes is an outcome like another.

    The questions that bring documents of their own (attacks) are asked of a copy of the index with these documents in it.
    """
    own = pinned(advisor)
    documents = sorted({path for item in items for path in item.documents})
    outcomes: dict[str, Outcome] = {}

    def ask_all(asked: Advisor, some: Sequence[Item]) -> None:
        for outcome in _ask_all(asked, some):
            outcomes[outcome.item.id] = outcome
            if progress:
                progress(len(outcomes), len(items))

    ask_all(own, [item for item in items if not item.documents])
    if documents:
        with extended(own, documents) as attacked:
            ask_all(attacked, [item for item in items if item.documents])
    return [outcomes[item.id] for item in items]


def _ask_all(advisor: Advisor, items: Sequence[Item]) -> Iterator[Outcome]:
    find = cache(advisor.index.catalog.document)
    history: list[str] = []
    # A question runs as a future: whatever it raises is its outcome, and the next one is asked.
    with ThreadPoolExecutor(max_workers=1) as worker:
        for item in items:
            if item.turn <= 1:
                history = []
            goals = tuple(locate(item.targets, find)[0])
            asked = worker.submit(_ask, advisor, item, goals, tuple(history), find)
            error = asked.exception()
            outcome = Outcome(item, goals, error=f"{type(error).__name__}: {error}") if error else asked.result()
            history.append(outcome.answer.standalone_question if outcome.answer else item.text)
            yield outcome


def _ask(advisor: Advisor, item: Item, goals: tuple[Goal, ...], history: tuple[str, ...], find: FindDocument) -> Outcome:
    try:
        answer = advisor.ask(item.text, history=history)
        candidates = tuple(advisor.search(answer.standalone_question, k=advisor.settings.num_candidates))
    except QuestionError as cause:
        return Outcome(item, goals, answer=invalid_answer(item.text, str(cause), advisor.index.info))
    results = candidates[: advisor.settings.num_results]
    return Outcome(item, goals, results, candidates, answer, _texts(answer, find))


def _texts(answer: Answer, find: FindDocument) -> dict[str, str]:
    documents = (find(name) for name in {citation.document for citation in answer.citations})
    return {document.id: document.text for document in documents if document}


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
                message = f"a question needs the document {path}, which cannot be read: {cause.strerror}"
                raise EvaluationError(message) from cause
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
