"""What can be done with answers and conversations, in a real browser."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import docx
import pytest
from pages import ask, open_page, serious, serve_app, sign_in, stopped_or_complete
from playwright.sync_api import Browser, expect
from starlette.types import Message, Receive, Scope, Send

from advisor.accounts.users import add_user
from advisor.advisor import Advisor
from advisor.evaluation.drafting import draft_from_feedback
from advisor.features.conversations import FEEDBACK, Conversations, Turn
from advisor.features.suggestions import next_questions
from advisor.index.sync import sync
from advisor.settings import Settings
from advisor.types import SentenceReady
from advisor.ui.gradio_gate import GradioGate
from advisor.ui.texts import CHAT_TEXTS, TEXTS

FINOPS = "Where do we start with FinOps?"


@pytest.fixture
def own(advisor: Advisor, tmp_path) -> Advisor:
    """The session's index, with conversations of its own."""
    settings = advisor.settings.model_copy(update={"state_dir": tmp_path / "state"})
    return Advisor(settings, advisor.embeddings, advisor.index)


@pytest.fixture
def address(own: Advisor) -> Iterator[str]:
    with serve_app(own) as served:
        yield served


def test_a_marker_shows_its_source_and_the_pane_steps_through_citations(browser: Browser, address: str, project_root: Path):
    page = open_page(browser, address, locale="en-GB")
    ask(page, FINOPS)
    marker = page.locator("#thread .cite").first
    marker.hover()
    expect(page.locator("#hover .quote")).to_contain_text("Choose a first scope")
    updated = re.search(
        r"^updated: (\S+)$", (project_root / "corpus/en/finops.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert updated
    expect(page.locator("#hover .kind")).to_have_text(f"practice · {TEXTS['en'].date(updated[1])}")
    marker.click()
    expect(page.locator("#hover")).to_have_count(0)
    total = page.locator("#sources .card").count()
    expect(page.locator("#document .steps output")).to_have_text(f"1 of {total}")
    first = page.locator("#cited").inner_text()
    page.get_by_role("button", name="Next citation").click()
    expect(page.locator("#document .steps output")).to_have_text(f"2 of {total}")
    assert page.locator("#cited").inner_text() != first
    page.keyboard.press("Enter")  # the focus stays on the button
    expect(page.locator("#document .steps output")).to_have_text(f"3 of {total}")
    page.context.close()


@pytest.mark.parametrize(("width", "locale"), [(1280, "fr-FR"), (390, "en-GB")])
def test_conversations_are_listed_opened_renamed_deleted_and_pinned(browser: Browser, address: str, width: int, locale: str):
    words = CHAT_TEXTS[locale[:2]]
    page = open_page(browser, address, width=width, locale=locale)
    ask(page, FINOPS)
    answer = page.locator("#thread .answer").inner_html()
    expect(page).to_have_url(re.compile("conversation="))
    page.reload()
    expect(page.locator("#thread .turn")).to_have_count(1)
    assert page.locator("#thread .answer").inner_html() == answer
    page.locator("#new").click()
    expect(page.locator("#thread .turn")).to_have_count(0)
    ask(page, "When should we choose multi-cloud?")
    if width == 390:
        page.get_by_role("button", name=words.show_conversations).click()
    entries = page.locator("#history li")
    expect(entries).to_have_count(2)
    page.get_by_role("searchbox", name=words.search).fill("first scope")
    expect(entries).to_have_count(1)
    entries.locator("summary").click()
    page.get_by_role("button", name=words.rename).click()
    page.keyboard.type("Costs <b>")
    page.keyboard.press("Enter")
    expect(entries.locator("a.open")).to_have_text("Costs <b>")
    entries.locator("a.open").click()
    expect(page.locator("#thread .question p")).to_have_text(FINOPS)
    if width == 390:
        page.get_by_role("button", name=words.show_conversations).click()
    entries.locator("summary").click()
    page.locator("#history .delete:visible").click()
    expect(page.locator("#history .empty")).to_have_text(words.none_found)
    expect(page.locator("#thread .turn")).to_have_count(0)
    expect(page.locator("#history .undo")).to_contain_text("Costs <b>")
    expect(page.get_by_role("button", name=words.undo)).to_be_focused()
    assert serious(page) == []
    page.keyboard.press("Enter")
    expect(entries).to_have_count(1)
    expect(page.locator("#thread .question p")).to_have_text(FINOPS)
    expect(page.locator("#history .undo")).to_be_hidden()
    if width == 390:
        page.get_by_role("button", name=words.show_conversations).click()
    page.get_by_role("searchbox", name=words.search).fill("")
    expect(entries).to_have_count(2)
    expect(page.locator("#history h3")).to_have_text([words.days["today"]])
    expect(entries.first.locator("a.open")).not_to_have_text("Costs <b>")
    entries.last.locator("summary").click()
    page.get_by_role("button", name=words.pin).locator("visible=true").click()
    expect(page.locator("#history h3")).to_have_text([words.pinned, words.days["today"]])
    expect(entries.first.locator("a.open")).to_have_text("Costs <b>")
    expect(entries.first.locator("a.open")).to_be_focused()
    page.context.close()


def test_a_menu_stays_open_when_the_list_is_read_again(browser: Browser, address: str):
    page = open_page(browser, address)
    ask(page, FINOPS)
    page.locator("#history summary").click()
    with page.expect_response("**/page/conversations?*"):
        page.evaluate("document.querySelector('#history [type=search]').dispatchEvent(new Event('input', {bubbles: true}))")
    page.wait_for_timeout(300)
    expect(page.locator("#history .delete")).to_be_visible()
    page.context.close()


def test_edit_retry_and_suggestions_go_on_with_the_conversation(browser: Browser, address: str):
    page = open_page(browser, address, locale="en-GB")
    ask(page, FINOPS)
    ask(page, "And who should own it?", answers=2)
    page.locator("#thread .edit").first.click()
    expect(page.locator("#question textarea")).to_have_value(FINOPS)
    ask(page, "When should we choose multi-cloud?", answers=1)
    expect(page.locator("#thread .question p")).to_have_text("When should we choose multi-cloud?")
    expect(page.locator("#editing .editing")).to_be_hidden()
    before = page.locator("#thread .turn").get_attribute("data-answer")
    page.locator("#thread .retry").click()
    expect(page.locator(f'#thread [data-answer="{before}"]')).to_have_count(0)
    expect(page.locator("#thread .actions")).to_have_count(1)
    suggestion = page.locator("#thread .next .ask").first
    question = suggestion.inner_text()
    suggestion.click()
    expect(page.locator("#thread .actions")).to_have_count(2)
    expect(page.locator("#thread .question p").last).to_have_text(question)
    expect(page.locator("#thread .abstained")).to_have_count(0)
    page.context.close()


def test_a_verdict_with_its_reason_reaches_the_evaluation(browser: Browser, address: str, own: Advisor):
    page = open_page(browser, address, locale="en-GB")
    ask(page, FINOPS)
    page.get_by_role("button", name="Bad answer").click()
    page.get_by_role("radio", name="Incomplete").check()
    page.get_by_role("textbox", name="Details").fill("no owner named")
    page.locator("#thread .opinion").get_by_role("button", name="Send").click()
    expect(page.locator("#thread .note")).to_have_text(CHAT_TEXTS["en"].thanks)
    expect(page.get_by_role("button", name="Bad answer")).to_have_attribute("aria-pressed", "true")
    file = own.settings.state_dir / FEEDBACK
    last = json.loads(file.read_text(encoding="utf-8").splitlines()[-1])
    assert last["answer_id"] == page.locator("#thread .turn").get_attribute("data-answer")
    assert draft_from_feedback(file)[0]["note"] == "incomplete: no owner named"
    page.reload()  # the verdict and what was said stay; pressed again, the verdict is taken back
    page.get_by_role("button", name="Bad answer").click()
    expect(page.locator("#thread .note")).to_have_text(CHAT_TEXTS["en"].taken_back)
    expect(page.get_by_role("button", name="Bad answer")).to_have_attribute("aria-pressed", "false")
    assert own_turn(own, last["answer_id"]).rating == ""
    assert draft_from_feedback(file) == []
    page.get_by_role("button", name="Bad answer").click()
    expect(page.get_by_role("radio", name="Incomplete")).to_be_checked()
    expect(page.get_by_role("textbox", name="Details")).to_have_value("no owner named")
    assert own_turn(own, last["answer_id"]).comment == "no owner named"
    page.context.close()


def own_turn(own: Advisor, answer: str) -> Turn:
    turn = Conversations(own.settings).turn("", answer)
    assert turn
    return turn


@pytest.mark.parametrize(
    ("width", "locale", "question"),
    [
        (1280, "fr-FR", "Quel langage de programmation sera le plus populaire en 2035 ?"),
        (390, "en-GB", "Which programming language will be the most popular in 2035?"),
    ],
)
def test_after_a_refusal_there_is_something_to_do(
    browser: Browser, address: str, own: Advisor, width: int, locale: str, question: str
):
    words = CHAT_TEXTS[locale[:2]]
    page = open_page(browser, address, width=width, locale=locale)
    ask(page, question)
    near = page.locator("#thread .next .near-document")
    expect(near.first).to_be_visible()
    assert serious(page) == []
    title = near.first.inner_text()
    page.get_by_role("button", name=words.tell).click()
    expect(page.locator("#thread .telling [role=status]")).to_have_text(words.told)
    answer = page.locator("#thread .turn").get_attribute("data-answer")
    assert [turn.answer.id for turn in Conversations(own.settings).disliked()] == [answer]
    assert own_turn(own, answer).reason == "refused"
    near.first.click()
    expect(page.locator("#document header h2")).to_have_text(title)
    page.context.close()


def test_copy_memo_and_why(browser: Browser, address: str, own: Advisor):
    page = open_page(browser, address, locale="en-GB")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, FINOPS)
    page.get_by_role("button", name="Copy the answer").click()
    expect(page.locator("#thread .note")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(own.ask(FINOPS).text)
    assert "en/finops.md:" in copied
    page.locator("#thread .menu summary").click()
    button, menu = (page.locator(f"#thread .menu {part}").bounding_box() for part in ("summary", ".choices"))
    assert button is not None
    assert menu is not None
    assert menu["y"] >= button["y"] + button["height"]  # it does not cover what closes it
    with page.expect_download() as saved:
        page.get_by_role("link", name="Word").click()
    assert saved.value.suggested_filename == "decision-memo-where-do-we-start-with-finops.docx"
    written = docx.Document(BytesIO(saved.value.path().read_bytes()))
    assert FINOPS in [paragraph.text for paragraph in written.paragraphs]
    page.get_by_role("button", name="Why this answer?").click()
    why = page.locator("#why")
    expect(why.locator(".passage")).to_have_count(own.settings.num_results)
    expect(why.locator(".cited").first).to_contain_text("[1]")
    expect(why).to_contain_text("No sentence was withheld.")
    why.locator(".passage").first.click()
    expect(page.locator("#cited")).to_be_in_viewport()
    page.context.close()


class SlowAdvisor(Advisor):
    """The real one, with time between sentences to press a button."""

    def stream(self, *args, **options):
        for event in super().stream(*args, **options):
            if isinstance(event, SentenceReady):
                time.sleep(0.6)
            yield event


def test_an_answer_can_be_stopped(browser: Browser, own: Advisor):
    slow = SlowAdvisor(own.settings, own.embeddings, own.index)
    with serve_app(slow) as address:
        page = open_page(browser, address)
        page.fill("#question textarea", "Par où commencer une démarche FinOps ?")
        page.keyboard.press("Enter")
        page.locator("#thread .cite").first.wait_for()
        page.locator("#stop").click()
        expect(page.locator("#thread .notice")).to_have_text(CHAT_TEXTS["fr"].stopped)
        expect(page.locator("#question textarea")).to_have_value("Par où commencer une démarche FinOps ?")
        expect(page.locator("#send")).to_be_visible()
        expect(page.locator("#thread .cite").first).to_be_visible()
        expect(page.locator("#history .empty")).to_be_visible()
        page.context.close()


def test_what_was_stopped_is_not_asked_again_by_a_reload(browser: Browser, own: Advisor):
    with serve_app(SlowAdvisor(own.settings, own.embeddings, own.index)) as address:
        page = open_page(browser, address, locale="en-GB")
        page.fill("#question textarea", FINOPS)
        page.keyboard.press("Enter")
        page.locator("#current .stage").wait_for()
        page.locator("#stop").click()
        expect(page.locator("#thread .notice")).to_have_text(CHAT_TEXTS["en"].stopped)
        assert page.evaluate("sessionStorage.getItem('advisor:unanswered')") is None
        page.reload()
        page.locator("#welcome button").first.wait_for()
        page.wait_for_timeout(1500)  # what would be asked is asked
        expect(page.locator("#thread .turn")).to_have_count(0)
        page.context.close()


@pytest.mark.parametrize(("width", "locale"), [(1280, "fr-FR"), (390, "en-GB")])
def test_stop_never_freezes(browser: Browser, address: str, width: int, locale: str):
    """At random moments of an answer: what is stopped is shown as stopped, or the answer was complete before."""
    moments = random.Random(width)
    page = open_page(browser, address, width=width, locale=locale)
    for _ in range(8):
        assert stopped_or_complete(page, moments.uniform(0, 0.6), CHAT_TEXTS["fr" if locale == "fr-FR" else "en"].stopped)
    page.context.close()


def test_a_new_conversation_forgets_the_one_that_was_stopped(browser: Browser, own: Advisor):
    slow = SlowAdvisor(own.settings, own.embeddings, own.index)
    with serve_app(slow) as address:
        page = open_page(browser, address, locale="en-GB")
        ask(page, FINOPS)
        expect(page.locator("#thread .next")).to_have_count(1)
        page.wait_for_url("**conversation=*")
        page.fill("#question textarea", FINOPS)
        page.keyboard.press("Enter")
        page.locator("#current .stage").wait_for()
        page.locator("#stop").click()
        expect(page.locator("#thread .notice")).to_have_text(CHAT_TEXTS["en"].stopped)
        expect(page.locator("#thread .next")).to_have_count(0)
        page.locator("#new").click()
        expect(page.locator("#thread .turn")).to_have_count(0)
        expect(page).not_to_have_url(re.compile("conversation="))
        page.fill("#question textarea", FINOPS)
        page.keyboard.press("Enter")
        page.locator("#current .cite").first.wait_for()
        page.locator("#new").click()
        expect(page.locator("#thread .turn")).to_have_count(0)
        page.wait_for_timeout(1500)  # what would come late has come
        expect(page.locator("#thread .turn")).to_have_count(0)
        page.context.close()


@pytest.mark.parametrize(("width", "locale"), [(1280, "fr-FR"), (390, "en-GB")])
def test_what_is_written_while_an_answer_comes_stays(browser: Browser, own: Advisor, width: int, locale: str):
    with serve_app(SlowAdvisor(own.settings, own.embeddings, own.index)) as address:
        page = open_page(browser, address, width=width, locale=locale)
        page.fill("#question textarea", FINOPS)
        page.keyboard.press("Enter")
        page.keyboard.type(" And then?")
        page.locator("#current .stage").wait_for()
        page.keyboard.press("Enter")
        expect(page.locator("#question textarea")).to_have_value(re.compile(r"^ ?And then\?$"))
        expect(page.locator("#thread .actions")).to_have_count(1)
        expect(page.locator("#question textarea")).to_have_value(re.compile(r"^ ?And then\?$"))
        expect(page.locator("#thread .turn")).to_have_count(1)
        page.context.close()


@pytest.mark.parametrize("on_the_way", ["_hand_over", "__call__"])
def test_a_question_sent_while_the_stream_before_it_ends_is_answered(
    browser: Browser, own: Advisor, monkeypatch, on_the_way: str
):
    """Wherever the word of the end is: still between Gradio and what watches over it, or on a slow line to the page."""
    call = getattr(GradioGate, on_the_way)

    async def slowly(gate: GradioGate, scope: Scope, receive: Receive, send: Send) -> None:
        async def late(message: Message) -> None:
            await asyncio.sleep(1 if b"close_stream" in message.get("body", b"") else 0)
            await send(message)

        await call(gate, scope, receive, late)

    monkeypatch.setattr(GradioGate, on_the_way, slowly)
    with serve_app(own) as address:
        page = open_page(browser, address, width=390)
        ask(page, FINOPS)
        page.wait_for_timeout(200)  # the event is over, its stream is not
        page.fill("#question textarea", "When should we choose multi-cloud?")
        page.keyboard.press("Enter")
        expect(page.locator("#thread .actions")).to_have_count(2)
        page.context.close()


@pytest.mark.parametrize(("width", "locale"), [(1280, "fr-FR"), (390, "en-GB")])
def test_a_page_reloaded_in_the_middle_of_an_answer_asks_again(browser: Browser, own: Advisor, width: int, locale: str):
    with serve_app(SlowAdvisor(own.settings, own.embeddings, own.index)) as address:
        page = open_page(browser, address, width=width, locale=locale)
        ask(page, FINOPS)
        expect(page).to_have_url(re.compile("conversation="))
        page.fill("#question textarea", "When should we choose multi-cloud?")
        page.keyboard.press("Enter")
        expect(page.locator("#thread .turn")).to_have_count(2)
        page.locator("#current .stage").wait_for()
        page.reload()
        expect(page.locator("#thread .actions")).to_have_count(2)
        page.reload()
        expect(page.locator("#thread .actions")).to_have_count(2)
        expect(page.locator("#current .stage")).to_have_count(0)
        page.context.close()


def test_two_users_never_see_each_others_conversations(browser: Browser, own: Advisor):
    for name in ("ada", "bob"):
        add_user(own.settings, name, "correct horse battery", "user")
    with serve_app(own) as address:
        pages = {name: sign_in(browser, address, name, "correct horse battery") for name in ("ada", "bob")}
        ask(pages["ada"], FINOPS)
        expect(pages["ada"].locator("#history li")).to_have_count(1)
        pages["bob"].goto(pages["ada"].url)
        expect(pages["bob"].locator("#thread .notice")).to_have_text(CHAT_TEXTS["en"].gone)
        expect(pages["bob"].locator("#history li")).to_have_count(0)
        answer = pages["ada"].locator("#thread .turn").get_attribute("data-answer")
        for path in ("why?language=en", "memo.md?language=en", "next"):
            url = f"{address}/page/answers/{answer}/{path}"
            assert pages["ada"].request.get(url).status == 200
            assert pages["bob"].request.get(url).status == 404
        nobody = browser.new_context()
        assert nobody.request.get(f"{address}/page/conversations?language=en").status == 401
        assert nobody.request.get(f"{address}/page/answers/{answer}/next").status == 401
        for context in (pages["ada"].context, pages["bob"].context, nobody):
            context.close()


def test_suggestions_are_answered_and_new(advisor: Advisor):
    answer = advisor.ask(FINOPS)
    found = next_questions(advisor, answer, ["Should each squad negotiate its own discounts?"])
    assert len(found) == 3
    assert all(advisor.ask(question).status == "answered" for question in found)
    assert answer.question not in found
    again = next_questions(advisor, answer, found)
    assert not set(found) & set(again)


def test_suggestions_come_from_headings_where_nothing_was_asked(small_settings: Settings, embeddings):
    settings = small_settings.model_copy(update={"answer_threshold": 0})
    sync(settings, embeddings)
    advisor = Advisor.open(settings, embeddings)
    found = next_questions(advisor, advisor.ask("Combien de dépenses du cloud le tagging couvre-t-il ?", length="short"))
    assert "Que dit le corpus sur «\u00a0Engagements\u00a0»\u00a0?" in found
    advisor.close()


def test_an_address_opens_the_cited_lines(browser: Browser, address: str, own: Advisor):
    citation = own.ask(FINOPS).citations[0]
    place = f"document={citation.document}&generation={own.index.info.generation}&start={citation.start}&end={citation.end}"
    page = open_page(browser, f"{address}/fr/?{place}", width=390)
    expect(page.locator("#cited")).to_be_in_viewport()
    assert page.locator("#cited").inner_text().split() == citation.quote.split()
    page.get_by_role("button", name=TEXTS["fr"].close).locator("visible=true").click()
    expect(page.locator("#question textarea")).to_be_focused()
    page.context.close()
