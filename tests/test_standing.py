"""Decisions that no longer stand: how records say so, what comes before them, and where their readers are told."""

from __future__ import annotations

import pytest

from advisor.advisor import Advisor
from advisor.answering.messages import standing_in_words
from advisor.documents.standing import read_standings
from advisor.features.memo import MemoContext, answers_memo
from advisor.features.memo_formats import memo_as_markdown
from advisor.index.archive import _pack, _unpack
from advisor.index.sync import sync
from advisor.serialization import citation_json
from advisor.settings import Settings
from advisor.types import Document, Standing
from advisor.ui.answer_view import render_sources
from advisor.ui.document_view import render_document
from advisor.ui.texts import TEXTS

LATER = "adr/0012-use-queues.md"


@pytest.mark.parametrize(
    ("text", "kind", "by", "document"),
    [
        ("---\nstatus: superseded by [ADR-0012](0012-use-queues.md)\n---\n# X\n", "superseded", "ADR-0012", LATER),
        ('---\nstatus: "superseded by ADR-0012"\n---\n# X\n', "superseded", "ADR-0012", LATER),
        ("---\nstatus: superseded\nsuperseded-by: 0012-use-queues.md\n---\n", "superseded", "0012-use-queues.md", LATER),
        ("---\nstatus: deprecated\n---\n# X\n", "deprecated", "", None),
        ("# 3. X\n\nDate: 2020\n\n## Status\n\nAccepted\n\nSuperceded by [12. Use queues](0012-use-queues.md)\n\n## Context\n",
         "superseded", "12. Use queues", LATER),
        ("# X\n\n* Status: superseded by [ADR-0012](0012-use-queues.md)\n* Deciders: us\n", "superseded", "ADR-0012", LATER),
        ("# X\n\n**Status:** Superseded by ADR 12\n", "superseded", "ADR 12", LATER),
        ("# X\n\n| Status | Rejected |\n|---|---|\n", "rejected", "", None),
        ("# X\n\nStatus\n------\nDeprecated by [queues](../adr/0012-use-queues.md#decision)\n", "superseded", "queues", LATER),
        ("# X\n\n## Statut\n\nRemplacée par [ADR 12](0012-use-queues.md).\n", "superseded", "ADR 12", LATER),
        ("# X\n\nStatut : obsolète\n", "deprecated", "", None),
        ("# X\n\nStatus: superseded by [elsewhere](https://example.org/12.md)\n", "superseded", "elsewhere", None),
        ("# X\n\nStatus: superseded by [gone](0099-gone.md)\n", "superseded", "gone", None),
    ],
)  # fmt: skip
def test_a_record_says_in_many_forms_that_it_no_longer_stands(text, kind, by, document):
    names = ("adr/0003-x.md", LATER, "rfc/0012-other.md")
    assert read_standings({"adr/0003-x.md": text}, names) == {"adr/0003-x.md": Standing(kind, by, document)}


@pytest.mark.parametrize(
    "text",
    [
        "# X\n\n**Status:** Accepted\n",
        "# X\n\n## Status\n\nRetirement planned for the spring.\n",
        "# X\n\nStatus quo: rejected by most boards we spoke to.\n",
        "# X\n\nÉtat des lieux : abandonné par la moitié des équipes.\n",
        "# X\n\n## Status\n\nAccepted. Supersedes [2. Y](0002-y.md)\n\n## Context\n\nRejected ideas stand below.\n",
        '---\nstatus: "{proposed | rejected | superseded by [ADR-0005](0005.md)}"\n---\n# Template\n',
        "# X\n\nStatus updates are deprecated: write to the channel.\n",
        "# Records\n\n| Number | Status |\n|---|---|\n| 1 | Superseded |\n",
    ],
)
def test_what_stands_or_is_about_others_is_left_alone(text):
    assert read_standings({"adr/0003-x.md": text}, ("adr/0003-x.md",)) == {}


OLD = (
    "# 3. Services talk over synchronous HTTP\n\n## Status\n\nSuperseded by [12. Services talk over queues](0012-use-queues.md)\n\n"
    "## Decision\n\nServices talk to each other over synchronous HTTP calls with a timeout of two seconds.\n"
)
NEW = (
    "# 12. Services talk over queues\n\n## Status\n\nAccepted\n\n## Decision\n\nServices talk to each other over durable queues, and "
    "a call over HTTP is the exception.\n"
)
OTHER = "# 7. One repository\n\n## Status\n\nDeprecated\n\n## Decision\n\nAll of the front end is kept in one repository.\n"
QUESTION = "Do services talk to each other over synchronous HTTP calls?"


@pytest.fixture(scope="module")
def decisions(tmp_path_factory: pytest.TempPathFactory, embeddings):
    folder = tmp_path_factory.mktemp("decisions")
    (folder / "corpus/adr").mkdir(parents=True)
    for name, text in (("0003-http.md", OLD), ("0012-use-queues.md", NEW), ("0007-repository.md", OTHER)):
        (folder / "corpus/adr" / name).write_text(text)
    settings = Settings(corpus_dir=folder / "corpus", index_dir=folder / "index", answer_threshold=0.0)
    sync(settings, embeddings)
    opened = Advisor.open(settings, embeddings)
    yield opened
    opened.close()


def test_the_later_decision_comes_first_in_search_and_in_answers(decisions: Advisor):
    found = decisions.search(QUESTION)
    places = [result.chunk.document for result in found]
    assert places.index("adr/0012-use-queues.md") < places.index("adr/0003-http.md")
    assert [result.rank for result in found] == list(range(1, len(found) + 1))
    assert [result.score for result in found] == sorted((result.score for result in found), reverse=True)
    assert decisions.ask(QUESTION).citations[0].document == "adr/0012-use-queues.md"


def test_whoever_reads_of_a_replaced_decision_is_told_and_led_to_the_later_one(decisions: Advisor):
    answer = decisions.ask(QUESTION)
    old = next(citation for citation in answer.citations if citation.document == "adr/0003-http.md")
    words = "superseded by 12. Services talk over queues"
    assert old.standing == Standing("superseded", "12. Services talk over queues", LATER)
    assert citation_json(old)["standing"]["document"] == LATER
    assert "standing" not in citation_json(answer.citations[0])
    cards = render_sources([old], "g", TEXTS["en"])
    assert f'data-document="{LATER}" data-generation="g">{words}</button>' in cards
    document = decisions.document(old.document)
    assert document is not None
    assert f'data-document="{LATER}">{words}</a>' in render_document(document, None, None, TEXTS["en"])
    context = MemoContext("en", "http://x", lambda name, _: decisions.document(name), decisions.index.sections)
    memo = memo_as_markdown(answers_memo([answer], "", "2026-01-01", context))
    assert f"[{words}](<http://x/en/?document=adr%2F0012-use-queues.md&" in memo.replace("\\", "")
    told = decisions.ask("Is all of the front end kept in one repository?").citations[0].standing
    assert standing_in_words("fr", told) == "déprécié"


def test_an_earlier_version_of_a_replaced_decision_is_read_as_it_was():
    document = Document("adr/0003-x.md", "X", "en", "# X\n", 0, "0", standing=Standing("superseded", "ADR 12", LATER))
    assert _unpack(_pack(document)[1]) == document
