"""The LangChain retriever: what it finds, and in a chain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from pydantic import ValidationError

from advisor.advisor import Advisor
from advisor.errors import QuestionError
from advisor.index.sync import sync
from advisor.retriever import AdvisorRetriever
from advisor.settings import Settings

QUESTION = "When does a blameless review take place after an outage?"


@pytest.fixture
def small(small_settings: Settings, embeddings) -> Iterator[Advisor]:
    sync(small_settings, embeddings)
    opened = Advisor.open(small_settings, embeddings)
    yield opened
    opened.close()


def test_it_finds_what_the_search_finds(small: Advisor):
    found = AdvisorRetriever(advisor=small, k=3).invoke(QUESTION)
    expected = small.search(QUESTION, k=3)
    assert [document.id for document in found] == [result.chunk.id for result in expected]
    assert [document.metadata["score"] for document in found] == [result.score for result in expected]
    first = found[0]
    source = small.document(first.metadata["document"], first.metadata["generation"])
    assert first.page_content == source.text[first.metadata["start"] : first.metadata["end"]]
    assert Path(first.metadata["document"]) == Path("en/incidents.md")


def test_it_works_in_a_chain_and_in_batches(small: Advisor):
    retriever = AdvisorRetriever(advisor=small, k=1)
    join = RunnableLambda(lambda documents: "\n".join(document.page_content for document in documents))
    chain = {"context": retriever | join, "question": RunnablePassthrough()} | RunnableLambda(
        lambda given: f"{given['question']} {given['context']}"
    )
    assert "within five days" in chain.invoke(QUESTION)
    both = retriever.batch([QUESTION, "Combien de dépenses le tagging couvre-t-il ?"])
    assert [documents[0].metadata["language"] for documents in both] == ["en", "fr"]


def test_what_cannot_be_searched_is_an_error(small: Advisor):
    with pytest.raises(QuestionError, match="empty"):
        AdvisorRetriever(advisor=small).invoke(" ")
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        AdvisorRetriever(advisor=small, k=0)
