"""Answers are arranged from whole thoughts of one document: paragraphs, steps, announced lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from advisor.answering.extractive import write_extractive
from advisor.answering.messages import compose, paragraphs
from advisor.index.generation import Generation, open_current
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.retrieval.blocks import TextBlock, candidate_blocks
from advisor.retrieval.hybrid import SearchLimits, hybrid_search
from advisor.retrieval.query import analyse
from advisor.retrieval.ranking import RankedBlock
from advisor.settings import Settings
from advisor.types import AnswerSentence, DraftSentence

DOCUMENTS = {
    "en/outages.md": (
        "# Outages\n\n## What counts\n\nAn outage is anything a customer notices. Everything else is an incident.\n\n"
        "## What to do\n\n1. Name one commander for the outage. The commander decides and writes nothing.\n"
        "2. Tell the customers within thirty minutes. Say what is known and when the next message comes.\n\n"
        "Three things are kept for the review:\n\n- The timeline of the outage.\n- The decisions of the commander.\n"
        "- The messages to the customers.\n"
    ),
    "en/hiring.md": "# Hiring\n\nAsk every candidate the same questions. A work sample predicts an outage of judgement.\n",
}


ASKED = """document: en/outages.md
asked:
  - sentence: "Name one commander for the outage"
    en: ["Who is in charge when everything is down?", "Who leads an outage?"]
"""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, embeddings: Embeddings) -> Iterator[Generation]:
    """A corpus whose questions are known, as if there were enough of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("advisor.index.parts._decide", lambda *_: True)
        yield from _indexed(tmp_path_factory.mktemp("thoughts"), DOCUMENTS | {"asked/outages.yaml": ASKED}, embeddings)


@pytest.fixture(scope="module")
def plain_index(tmp_path_factory: pytest.TempPathFactory, embeddings: Embeddings) -> Iterator[Generation]:
    """The same corpus without them."""
    yield from _indexed(tmp_path_factory.mktemp("plain"), DOCUMENTS, embeddings)


def _indexed(folder: Path, files: dict[str, str], embeddings: Embeddings) -> Iterator[Generation]:
    for name, text in files.items():
        path = folder / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    settings = Settings(corpus_dir=folder / "corpus", index_dir=folder / "index")
    sync(settings, embeddings)
    opened = open_current(settings, embeddings)
    yield opened
    opened.close()


@pytest.fixture
def blocks(index: Generation, embeddings: Embeddings) -> list[TextBlock]:
    return _blocks_of(index, embeddings)


@pytest.fixture
def plain_blocks(plain_index: Generation, embeddings: Embeddings) -> list[TextBlock]:
    return _blocks_of(plain_index, embeddings)


def _blocks_of(index: Generation, embeddings: Embeddings) -> list[TextBlock]:
    question = "Who decides during an outage?"
    limits = SearchLimits(num_candidates=50, num_results=10, dense_weight=0.6)
    found = hybrid_search(index, analyse(index, question, "en"), embeddings.encode_query(question), None, limits)
    return candidate_blocks(index, found.passages, "en")


def ranked(blocks: list[TextBlock], score: Callable[[str], float]) -> list[RankedBlock]:
    """The blocks with a score by their first words, best first."""
    scored = [RankedBlock(block, score(block.texts[0]), score(block.texts[0])) for block in blocks]
    return sorted(scored, key=lambda each: -each.score)


def texts(sentences: Iterable[DraftSentence]) -> list[str]:
    return [sentence.text for sentence in sentences]


def test_blocks_are_paragraphs_and_items_with_all_their_sentences(blocks: list[TextBlock]) -> None:
    steps = [block for block in blocks if block.texts[0].startswith("Name one")]
    assert [block.texts for block in steps] == [
        ("Name one commander for the outage.", "The commander decides and writes nothing.")
    ]
    assert steps[0].is_item
    assert [block.texts[0] for block in blocks if block.announces] == ["Three things are kept for the review:"]


def test_a_step_is_given_whole_and_from_one_document(index: Generation, blocks: list[TextBlock]) -> None:
    draft = write_extractive(index, ranked(blocks, lambda text: 0.9 if "commander for" in text else 0.5), max_words=60)
    assert texts(draft.sentences)[:2] == ["Name one commander for the outage.", "The commander decides and writes nothing."]
    assert {citation.document for citation in draft.citations} == {"en/outages.md"}


def test_what_is_far_below_the_best_is_left_out(index: Generation, blocks: list[TextBlock]) -> None:
    draft = write_extractive(index, ranked(blocks, lambda text: 0.9 if "outage is" in text else 0.1), max_words=200)
    assert texts(draft.sentences) == ["An outage is anything a customer notices.", "Everything else is an incident."]


def test_a_line_that_announces_a_list_brings_it_in_order(index: Generation, blocks: list[TextBlock]) -> None:
    draft = write_extractive(index, ranked(blocks, lambda text: 0.9 if "Three things" in text else 0.1), max_words=200)
    assert texts(draft.sentences) == [
        "Three things are kept for the review:",
        "The timeline of the outage.",
        "The decisions of the commander.",
        "The messages to the customers.",
    ]


def test_without_known_questions_the_best_section_is_given_whole_and_in_order(
    plain_index: Generation, plain_blocks: list[TextBlock]
) -> None:
    best = ranked(plain_blocks, lambda text: 0.9 if "Tell the customers" in text else 0.1)
    draft = write_extractive(plain_index, best, max_words=200)
    section = DOCUMENTS["en/outages.md"].split("## What to do")[1]
    first = [each for each in draft.sentences if each.group == draft.sentences[0].group]
    assert draft.sentences[0].group.endswith("What to do")
    assert [text for text in texts(first) if text not in section] == []
    assert len(first) == 8
    places = [section.find(text) for text in texts(first)]
    assert places == sorted(places)
    assert [each.text for each in draft.sentences if each.lead] == ["Tell the customers within thirty minutes."]


def test_what_fits_of_a_section_is_what_stands_around_its_best_block(
    plain_index: Generation, plain_blocks: list[TextBlock]
) -> None:
    best = ranked(plain_blocks, lambda text: 0.9 if "Tell the customers" in text else 0.1)
    draft = write_extractive(plain_index, best, max_words=30)
    assert texts(each for each in draft.sentences if each.group == draft.sentences[0].group) == [
        "Name one commander for the outage.",
        "The commander decides and writes nothing.",
        "Tell the customers within thirty minutes.",
        "Say what is known and when the next message comes.",
    ]


@pytest.mark.parametrize("most", [10, 25, 40, 200])
def test_an_answer_keeps_to_its_length_after_its_first_thought(
    index: Generation, blocks: list[TextBlock], most: int
) -> None:
    draft = write_extractive(index, ranked(blocks, lambda _: 0.5), max_words=most)
    lengths = [len(text.split()) for text in texts(draft.sentences)]
    first = len(next(b for b in blocks if b.texts[0] == draft.sentences[0].text).texts)
    assert sum(lengths) <= max(most, sum(lengths[:first]))


def test_no_blocks_make_no_draft(index: Generation) -> None:
    assert write_extractive(index, [], max_words=100).sentences == ()


def sentence(text: str, *, item: bool = False, continues: bool = False, group: str = "how") -> AnswerSentence:
    return AnswerSentence(text, (1,), "supported", 1.0, group, item, continues)


def test_the_sentences_of_an_item_stand_together() -> None:
    shown = [
        sentence("Open.", group=""),
        sentence("Name one.", item=True),
        sentence("They decide.", item=True, continues=True),
        sentence("Tell all.", item=True),
    ]
    assert [len(each.sentences) for each in paragraphs(shown)] == [1, 2, 1]
    assert compose("en", shown) == "Open. [1]\n\nHow to do it:\n\n- Name one. [1] They decide. [1]\n- Tell all. [1]"
