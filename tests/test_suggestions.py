"""What to ask next: found without a chat model, in one generation of the index."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

import pytest
from scripted_model import KEY, scripted

from advisor.advisor import Advisor
from advisor.features.suggestions import next_questions
from advisor.index.generation import Generation
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.retriever import AdvisorRetriever
from advisor.settings import Settings
from advisor.types import Answer

QUESTION = "Combien de dépenses du cloud le tagging couvre-t-il ?"
NEXT = "Que dit le corpus sur «\u00a0Engagements\u00a0»\u00a0?"


def test_the_chat_model_writes_nothing_for_them(
    small_settings: Settings, embeddings: Embeddings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    sync(small_settings, embeddings)
    with scripted("Le tagging couvre 92 % des dépenses du cloud après six mois. [1]") as server:
        chosen = {"chat_model": "openai:scripted", "chat_url": server.url, "answer_threshold": 0.0}
        advisor = Advisor.open(small_settings.model_copy(update=chosen), embeddings)
        answer = advisor.ask(QUESTION)
        asked = len(server.requests)
        assert asked
        assert NEXT in next_questions(advisor, answer)
        assert len(server.requests) == asked
        advisor.close()


def test_nobody_is_told_of_them(small_settings: Settings, embeddings: Embeddings):
    sync(small_settings, embeddings)
    advisor = Advisor.open(small_settings.model_copy(update={"answer_threshold": 0.0}), embeddings)
    answer = advisor.ask(QUESTION)
    told: list[object] = []
    advisor.watch(told.append)
    assert next_questions(advisor, answer)
    assert told == []
    advisor.close()


class Unsteady(Advisor):
    """The real one, while somebody publishes a generation again and again: each look at the index finds another."""

    def __init__(self, advisor: Advisor, generations: list[Generation]) -> None:
        super().__init__(advisor.settings, advisor.embeddings, advisor.index)
        self._generations: Iterator[Generation] = cycle(generations)

    @property
    def index(self) -> Generation:
        return next(self._generations)


@pytest.fixture
def unsteady(small_settings: Settings, embeddings: Embeddings) -> tuple[Unsteady, list[Generation]]:
    """Two generations that have no passage in common."""
    settings = small_settings.model_copy(update={"answer_threshold": 0.0})
    sync(settings, embeddings)
    first = Advisor.open(settings, embeddings)
    old = first.index
    for path in settings.corpus_dir.rglob("*.*"):
        path.write_text(path.read_text(encoding="utf-8").replace("# ", "# Nouveau "), encoding="utf-8")
        path.rename(path.with_name(f"new-{path.name}"))
    sync(settings, embeddings)
    generations = [old, Advisor.open(settings, embeddings).index]
    return Unsteady(first, generations), generations


def test_suggestions_come_from_one_generation(unsteady: tuple[Unsteady, list[Generation]]):
    advisor, generations = unsteady
    answer: Answer = Advisor(advisor.settings, advisor.embeddings, generations[0]).ask(QUESTION)
    for _ in range(4):
        found = next_questions(advisor, answer)
        assert found
        assert len({"Nouveau" in question for question in found}) == 1


def test_the_retriever_names_the_generation_that_it_searched(unsteady: tuple[Unsteady, list[Generation]]):
    advisor, generations = unsteady
    names = {generation.info.generation: generation for generation in generations}
    for _ in range(4):
        for document in AdvisorRetriever(advisor=advisor, k=3).invoke(QUESTION):
            held = names[document.metadata["generation"]].catalog.document(document.metadata["document"])
            assert held is not None
            assert held.text[document.metadata["start"] : document.metadata["end"]] == document.page_content
