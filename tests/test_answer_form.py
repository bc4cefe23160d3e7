"""The form of an answer made of lines of documents: its lead, numbered steps, groups, and tables."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import docx
import pytest
from markdown_it import MarkdownIt

from advisor.answering.extractive import write_curated, write_extractive
from advisor.answering.messages import compose, in_plain_text
from advisor.answering.near import blank_answer
from advisor.features.memo import Block, Memo, Text, paragraph
from advisor.features.memo_formats import memo_as_docx, memo_as_markdown
from advisor.index.generation import Generation, open_current
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.retrieval.blocks import TextBlock, candidate_blocks
from advisor.retrieval.curated import CuratedAnswer
from advisor.retrieval.ranking import RankedBlock
from advisor.settings import Settings
from advisor.types import AnswerSentence, Draft, ScoredChunk
from advisor.ui.answer_view import render_sentences
from advisor.ui.texts import TEXTS
from advisor.verification.verify import verify_extractive

NAME = "en/hosting.md"
DOCUMENT = """# Hosting

## The lesson

Host a service where its team can run it. A move needs a reason.

## Steps

1. List every service. Name its owner.
2. Measure what each of them costs.
3. Move the cheapest one first.

## Figures

- A move takes 4 months.
- It costs 9% of a budget.

## Trade-offs

- An agency starts within a week. It leaves with what it learned. Employees take months to find, and they stay. Both need a lead.

## Warning signs

- Nobody knows who owns a service.

## Prices

| Offer | Month | Setup |
| --- | --- | --- |
| Small | 10 |  |
| Large | 90 | 200 |
"""
SECTIONS = 'steps: ["Steps"]\nfigures: ["Figures"]\ntrade-offs: ["Trade-offs"]\nwarnings: ["Warning signs"]\n'


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, embeddings: Embeddings) -> Iterator[Generation]:
    """A corpus whose sections are of known kinds, and its questions known, as if there were enough of them."""
    folder = tmp_path_factory.mktemp("form")
    asked = f'document: {NAME}\nasked:\n  - sentence: "List every service"\n    en: ["Where do we begin?", "What comes first?"]\n'
    for name, text in {NAME: DOCUMENT, "sections.yaml": SECTIONS, "asked/hosting.yaml": asked}.items():
        path = folder / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    settings = Settings(corpus_dir=folder / "corpus", index_dir=folder / "index")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("advisor.index.parts._decide", lambda *_: True)
        sync(settings, embeddings)
        opened = open_current(settings, embeddings)
        yield opened
        opened.close()


def blocks_of(index: Generation) -> list[TextBlock]:
    passages = [ScoredChunk(stored.chunk, 1.0, 1) for stored in index.catalog.chunks_of(NAME)]
    return candidate_blocks(index, passages, "en")


def written(index: Generation, *beginnings: str) -> Draft:
    """An answer made of the blocks that begin so, the first of which is the best."""
    chosen = [next(block for block in blocks_of(index) if block.texts[0].startswith(words)) for words in beginnings]
    ranked = [RankedBlock(block, 0.9 - at / 100, 0.9, opening=float(at == 0)) for at, block in enumerate(chosen)]
    return write_extractive(index, ranked, max_words=200)


def curated(index: Generation, *beginnings: str) -> Draft:
    lines = [
        next(
            (b.chunk, s)
            for b in blocks_of(index)
            for s, text in zip(b.sentences, b.texts, strict=True)
            if text.startswith(words)
        )
        for words in beginnings
    ]
    return write_curated(index, CuratedAnswer(tuple(lines), 1.0))


def shown(draft: Draft) -> list[AnswerSentence]:
    """Its sentences, each checked against the document."""
    sentences, rejected = verify_extractive(draft, {NAME: DOCUMENT})
    assert rejected == []
    return sentences


def as_text(draft: Draft) -> str:
    return compose("en", shown(draft))


def as_html(draft: Draft) -> str:
    return render_sentences(shown(draft), draft.citations, "g", TEXTS["en"], "source")


def spoken(index: Generation, draft: Draft) -> str:
    """As the command line prints it."""
    answer = blank_answer(index.info, "?", "en")
    return in_plain_text(
        type(answer)(
            **{
                **{name: getattr(answer, name) for name in answer.__slots__},
                "text": as_text(draft),
                "sentences": tuple(shown(draft)),
            }
        )
    )


EVERYTHING = ("Host a service", "It costs", "A move takes", "Nobody knows", "Measure", "List every", "An agency")


def test_the_lead_is_bold_and_the_groups_follow_in_a_fixed_order_under_labels(index: Generation):
    assert as_text(written(index, *EVERYTHING)) == (
        "**Host a service where its team can run it.** [1] A move needs a reason. [1]\n\n"
        "How to do it:\n\n1. List every service. [2] Name its owner. [2]\n2. Measure what each of them costs. [3]\n\n"
        "Watch out:\n\nAn agency starts within a week. [4] It leaves with what it learned. [4] "
        "Employees take months to find, and they stay. [4] Both need a lead. [4]\n\n"
        "Warning signs:\n\nNobody knows who owns a service. [5]\n\n"
        "Figures:\n\n- A move takes 4 months. [6]\n- It costs 9% of a budget. [7]"
    )


def test_a_single_group_needs_no_label_but_for_signs(index: Generation):
    signs = as_text(written(index, "Host a service", "Nobody knows"))
    assert signs.endswith("Warning signs:\n\nNobody knows who owns a service. [2]")
    text = as_text(written(index, "Host a service", "Measure", "Move the"))
    assert text.endswith("reason. [1]\n\n1. Measure what each of them costs. [2]\n2. Move the cheapest one first. [3]")


def test_an_answer_that_is_made_of_signs_opens_with_their_name(index: Generation):
    assert as_text(written(index, "Nobody knows")) == "Warning signs:\n\nNobody knows who owns a service. [1]"


def test_what_is_of_no_known_kind_and_another_section_ends_the_answer(index: Generation):
    text = as_text(written(index, "Measure", "Host a service", "Nobody knows"))
    assert [line for line in text.split("\n\n") if line.endswith(":")] == ["Warning signs:", "Also worth knowing:"]
    assert text.startswith("**Measure what each of them costs.** [1]\n\n")


def test_a_list_that_a_curator_begins_with_is_numbered_in_the_order_of_the_document_only(index: Generation):
    first = as_text(curated(index, "List every", "Measure", "Nobody knows"))
    assert first == (
        "1. **List every service.** [1]\n2. Measure what each of them costs. [2]\n\n"
        "Warning signs:\n\nNobody knows who owns a service. [3]"
    )
    assert as_text(curated(index, "Measure", "List every")).startswith("- **Measure what each of them costs.** [1]\n- List")


def test_a_curators_lines_have_labels_where_no_group_comes_twice(index: Generation):
    labels = as_text(curated(index, "Host a", "List every", "Nobody knows"))
    assert [line for line in labels.split("\n\n") if line.endswith(":")] == ["How to do it:", "Warning signs:"]
    assert ":" not in as_text(curated(index, "Host a", "List every", "Nobody knows", "Measure"))


def test_a_table_of_a_document_stays_one(index: Generation):
    draft = written(index, "Offer")
    table = "| Offer | Month | Setup |\n| --- | --- | --- |\n| Small | 10 [1] |\n| Large | 90 | 200 [1] |"
    assert as_text(draft) == table
    assert draft.citations[0].quote.startswith("| Offer |")
    assert (
        '<th scope="row">Large</th><td>90</td><td>200<span class="cites">&nbsp;<a class="cite" href="#source-1"'
        in as_html(draft)
    )
    assert MarkdownIt("gfm-like", {"linkify": False}).render(table).count("<td>") == 6
    assert spoken(index, draft) == "Offer · Month · Setup\nSmall · 10 [1] · –\nLarge · 90 · 200 [1]"


def test_numbered_items_of_a_memo_count_from_one_in_each_list():
    items = [Block("item", (Text(words),), number=number) for number, words in ((1, "a"), (2, "b"))]
    memo = Memo("T", "en", "s", (*items, paragraph("x"), *items))
    assert memo_as_markdown(memo).endswith("1. a\n2. b\n\nx\n\n1. a\n2. b\n")
    word = docx.Document(BytesIO(memo_as_docx(memo)))
    numbers = [p._p.pPr.numPr.numId.val for p in word.paragraphs if p.style.name == "List Number"]
    assert [numbers[0] == numbers[1], numbers[2] == numbers[3], numbers[0] == numbers[2]] == [True, True, False]
