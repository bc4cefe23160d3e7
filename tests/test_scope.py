"""Answers from a topic, a document or a language of documents alone, and in the short form."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from pages import ask, open_page, serious, serve_app
from playwright.sync_api import Browser, Page, expect
from typer.testing import CliRunner

from advisor.advisor import Advisor
from advisor.api.mcp_server import mcp_server
from advisor.api.pool import QuestionPool
from advisor.cli.main import app as command_line
from advisor.errors import ScopeError
from advisor.features.conversations import Conversations
from advisor.index.generation import open_current
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.retrieval.search import gather_evidence
from advisor.settings import Settings
from advisor.types import Answer, Scope
from advisor.ui.texts import CHAT_TEXTS, SCOPE_TEXTS, TEXTS

BILL = {"en": "How do we cut our cloud bill?", "fr": "Comment réduire notre facture cloud ?"}
START = {"en": "How do we start with FinOps?", "fr": "Comment démarrer le FinOps ?"}


@pytest.fixture
def own(advisor: Advisor, tmp_path) -> Advisor:
    """The session's index, with conversations of its own."""
    settings = advisor.settings.model_copy(update={"state_dir": tmp_path / "state", "unanswered_log": True})
    return Advisor(settings, advisor.embeddings, advisor.index)


@pytest.fixture
def address(own: Advisor) -> Iterator[str]:
    with serve_app(own) as served:
        yield served


@pytest.mark.parametrize(
    "scope", [Scope(topic="security"), Scope(document="en/cloud-strategy.md"), Scope(written="fr"), Scope("cloud", "", "en")]
)
def test_nothing_outside_the_scope_is_found(advisor: Advisor, scope: Scope) -> None:
    """Neither by vectors nor by words, blocks, curated answers or the questions that curators wrote."""
    part = advisor.index.within(scope)
    inside = {
        one.id
        for one in advisor.index.catalog.listing()
        if scope.topic in ("", one.topic) and scope.document in ("", one.id) and scope.written in ("", one.language)
    }
    for question in BILL.values():
        vector = advisor.embeddings.encode_query(question)
        found = [key for key, _ in part.search_vectors(vector, num_results=400)]
        found += [key for key, _ in part.search_words({"en": {"cloud": 1.0}, "fr": {"cloud": 1.0}}, num_results=400)]
        assert found
        assert {key.rpartition("@")[0] for key in found} <= inside
        evidence = gather_evidence(advisor._searcher(part), question, "en")
        assert {ranked.block.chunk.document for ranked in evidence.blocks} <= inside
        assert evidence.curated is None or {chunk.document for chunk, _ in evidence.curated.lines} <= inside
        for outline in range(len(part.phrasings.curated)):
            lines = [number for pair in part.phrasings.answer(outline) for number in pair]
            assert {key.rpartition("@")[0] for key in part.catalog.chunk_ids(lines)} <= inside
        answer = advisor.ask(question, scope=scope)
        assert {citation.document for citation in answer.citations} <= inside


def test_the_scores_of_words_are_those_of_the_whole_index(advisor: Advisor) -> None:
    wanted = {"en": {"cloud": 1.0, "cost": 0.7}}
    whole = dict(advisor.index.search_words(wanted, num_results=1_000))
    part = advisor.index.within(Scope(document="en/finops.md")).search_words(wanted, num_results=1_000)
    assert part
    assert dict(part) == pytest.approx({key: whole[key] for key, _ in part})


def test_a_question_is_refused_where_only_another_part_answers_it(advisor: Advisor) -> None:
    assert advisor.ask(START["en"], scope=Scope(topic="finops")).status == "answered"
    refused = advisor.ask(START["fr"], scope=Scope(topic="delivery"))
    assert refused.status != "answered"
    assert "le sujet « livraison logicielle »" in refused.text


def test_an_unknown_topic_or_document_is_told_with_those_that_there_are(advisor: Advisor) -> None:
    with pytest.raises(ScopeError, match=r"no document has the topic 'finop'\. Known: ai, cloud, .*finops"):
        advisor.ask(BILL["en"], scope=Scope(topic="finop"))
    with pytest.raises(ScopeError, match=r"has no document 'finops\.md'\. Known: .*en/finops\.md.* and 6 more"):
        advisor.ask(BILL["en"], scope=Scope(document="finops.md"))
    with pytest.raises(ScopeError, match=r"document .en/finops\.md. and written .fr."):
        advisor.ask(BILL["en"], scope=Scope(document="en/finops.md", written="fr"))


def words_of(answer: Answer) -> int:
    return sum(len(sentence.text.split()) for sentence in answer.sentences)


@pytest.mark.parametrize("question", [*BILL.values(), *START.values(), "What should a new CTO do in the first 90 days?"])
def test_a_short_answer_is_the_beginning_of_the_thought_and_whole(advisor: Advisor, question: str) -> None:
    short, full = advisor.ask(question, length="short"), advisor.ask(question)
    assert short.status == full.status == "answered"
    assert 20 <= words_of(short) <= 100
    assert words_of(short) < words_of(full)
    assert not short.sentences[-1].text.endswith(":")
    assert short.length == "short"
    for sentence in short.sentences:
        assert sentence.verdict == "supported"


def test_every_interface_takes_scope_and_length(own: Advisor, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(own.settings.corpus_dir.parent)
    arguments = {"question": BILL["en"], "scope": {"topic": "finops", "written": "fr"}, "length": "short"}
    rest = httpx.post(f"{address}/api/ask", json=arguments, timeout=60).json()
    assert rest["scope"] == {"topic": "finops", "document": "", "written": "fr"}
    assert rest["length"] == "short"
    assert {one["document"] for one in rest["citations"]} == {"fr/finops.md"}
    unknown = httpx.post(f"{address}/api/search", json={"question": "cost?", "scope": {"topic": "x"}}, timeout=60)
    assert unknown.status_code == 422
    assert unknown.json()["code"] == "scope"
    assert "Known: ai, cloud" in unknown.json()["message"]
    with ThreadPoolExecutor(1) as pool:  # a browser of other tests has a loop in this thread
        called = pool.submit(asyncio.run, mcp_server(QuestionPool(own)).call_tool("ask", arguments))
        found = called.result().structured_content
    assert found["answer"] == rest["answer"]
    folders = ["--index", str(own.settings.index_dir), "--corpus", str(own.settings.corpus_dir), "--json"]
    options = ["--topic", "finops", "--written", "fr", "--short", *folders]
    printed = CliRunner().invoke(command_line, ["ask", BILL["en"], *options])
    assert json.loads(printed.stdout)["answer"] == rest["answer"]
    passages = CliRunner().invoke(command_line, ["search", BILL["en"], "--document", "fr/finops.md", *folders])
    assert {one["document"] for one in json.loads(passages.stdout)["results"]} == {"fr/finops.md"}


def choose(page: Page, name: str) -> None:
    """Choose in the sheet, by the keyboard alone."""
    page.locator(".open-scope").focus()
    page.keyboard.press("Enter")
    page.locator("#scope[open]").wait_for()
    page.get_by_role("radio", name=name, exact=True).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    expect(page.locator("#scope")).to_be_hidden()
    expect(page.locator(".open-scope")).to_be_focused()


@pytest.mark.parametrize(
    ("width", "locale", "scheme"),
    [(1280, "fr-FR", "light"), (390, "en-GB", "dark")],
)
def test_a_conversation_stays_in_its_scope(
    browser: Browser, address: str, own: Advisor, width: int, locale: str, scheme: str
):
    language = locale[:2]
    words, texts = SCOPE_TEXTS[language], TEXTS[language]
    delivery = texts.topics["delivery"]
    page = open_page(browser, address, width=width, locale=locale, scheme=scheme)
    shown = page.locator(".open-scope")
    expect(shown).to_have_text(words.search_in.format(words.everything))
    choose(page, delivery)
    expect(shown).to_have_text(delivery)
    page.locator(".open-scope").click()
    assert serious(page) == []
    page.keyboard.press("Escape")
    ask(page, START[language])
    expect(page.locator("#thread .abstained")).to_contain_text(delivery)
    assert serious(page) == []
    page.reload()  # the conversation is opened again, in its scope
    expect(shown).to_have_text(delivery)
    page.get_by_role("button", name=CHAT_TEXTS[language].everywhere).click()
    expect(page.locator("#thread .abstained")).to_have_count(0)
    expect(page.locator("#thread .cite").first).to_be_visible()
    expect(page.locator("#thread .turn")).to_have_count(1)
    expect(shown).to_have_text(words.search_in.format(words.everything))
    choose(page, delivery)
    page.get_by_role("button", name=words.widen).click()
    expect(page.get_by_role("button", name=words.widen)).to_be_hidden()
    choose(page, delivery)
    page.locator("#new").click()
    expect(shown).to_have_text(words.search_in.format(words.everything))
    kept = Conversations(own.settings)
    assert [turn.answer.scope for one in kept.find("", "") for turn in kept.turns("", one.id)] == [Scope()]
    assert not (own.settings.state_dir / "unanswered.jsonl").exists()  # the rest of the corpus may answer
    page.context.close()


@pytest.mark.parametrize(("width", "locale"), [(1280, "en-GB"), (390, "fr-FR")])
def test_a_scope_that_was_chosen_and_not_asked_with_outlives_a_reload(
    browser: Browser, address: str, width: int, locale: str
):
    language = locale[:2]
    whole = SCOPE_TEXTS[language].search_in.format(SCOPE_TEXTS[language].everything)
    finops, cloud = TEXTS[language].topics["finops"], TEXTS[language].topics["cloud"]
    page = open_page(browser, address, width=width, locale=locale, scheme="dark")
    shown = page.locator(".open-scope")
    choose(page, finops)
    page.reload()
    expect(shown).to_have_text(finops)
    shown.click()
    radio = page.get_by_role("radio", name=finops, exact=True)
    expect(radio).to_be_checked()
    assert radio.evaluate("radio => getComputedStyle(radio).colorScheme") == "dark"
    page.keyboard.press("Escape")
    ask(page, START[language])
    choose(page, cloud)
    page.wait_for_url("**conversation=*")
    page.reload()
    expect(page.locator("#thread .turn")).to_have_count(1)
    expect(shown).to_have_text(cloud)
    page.locator("#new").click()
    expect(shown).to_have_text(whole)
    page.reload()
    expect(shown).to_have_text(whole)
    page.context.close()


@pytest.mark.parametrize(("width", "locale"), [(1280, "en-GB"), (390, "fr-FR")])
def test_short_answers_are_remembered_by_the_browser(browser: Browser, address: str, width: int, locale: str):
    language = locale[:2]
    page = open_page(browser, address, width=width, locale=locale)
    short = page.get_by_role("button", name=SCOPE_TEXTS[language].short)
    short.focus()
    page.keyboard.press("Enter")
    expect(short).to_have_attribute("aria-pressed", "true")
    ask(page, BILL[language])
    words = len(page.locator("#thread .answer > :is(p, ul):not(.about)").all_inner_texts()[0].split())
    page.reload()
    expect(short).to_have_attribute("aria-pressed", "true")
    short.click()
    page.locator("#thread .retry").click()
    page.wait_for_function(
        f"document.querySelector('#thread .actions') && document.querySelector('#thread .answer').innerText.split(/\\s+/).length > {words} + 40"
    )
    page.context.close()


def test_a_part_is_found_after_the_index_lost_documents(small_settings: Settings, embeddings: Embeddings) -> None:
    """The rows of the sentences that are left keep their numbers, beyond how many they are."""
    sync(small_settings, embeddings)
    index = open_current(small_settings, embeddings)
    first, *_, last = (document.id for document in index.catalog.listing())
    index.close()
    (small_settings.corpus_dir / first).unlink()
    sync(small_settings, embeddings)
    index = open_current(small_settings, embeddings)
    part = index.within(Scope(document=last))
    assert part.part is not None
    index.close()
