"""What the page sends and the server does not take: the reader is told, and nothing that was written is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import wraps

import pytest
import uvicorn
from pages import ask, open_page, serious, show_tab
from path_proxy import path_proxy
from playwright.sync_api import Browser, expect
from served import serve

from advisor.advisor import Advisor
from advisor.types import Language
from advisor.ui import page as page_module
from advisor.ui.chat_tab import _ChatEvents
from advisor.ui.texts import CHAT_TEXTS, TEXTS

QUESTION = "Who owns the actions of an incident review?"
LOOKS: list[tuple[int, Language]] = [(1280, "fr"), (390, "en")]


def locale(language: Language) -> str:
    return {"fr": "fr-FR", "en": "en-GB"}[language]


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_too_many_requests_are_told_above_the_field(tmp_path, embeddings, browser: Browser, width: int, language: Language):
    with serve(tmp_path, embeddings, questions_per_minute=8) as served:
        page = open_page(browser, served.address, width=width, locale=locale(language))
        with served.client() as client:
            while client.post("/api/search", json={"question": QUESTION}).status_code != 429:
                pass
        page.fill("#question textarea", QUESTION)
        page.keyboard.press("Enter")
        told, unknown = CHAT_TEXTS[language].refusals["too_often"].split("{}")
        notice = page.locator("#composer .refusal")
        expect(notice).to_contain_text(told)
        assert notice.inner_text().removeprefix(told).removesuffix(unknown).isdecimal()
        expect(page.locator("#question textarea")).to_have_value(QUESTION)
        field, shown = page.locator("#question").bounding_box(), notice.bounding_box()
        assert field
        assert shown
        assert shown["y"] + shown["height"] <= field["y"]
        assert serious(page) == []
        page.context.close()


def test_a_full_queue_is_told_and_gone_with_the_next_question(tmp_path, embeddings, browser: Browser, monkeypatch):
    with serve(tmp_path, embeddings) as served:
        page = open_page(browser, served.address, locale="en-GB")
        page.route("**/queue/join*", lambda route: route.fulfill(status=503, json={"detail": "Queue is full."}))
        page.fill("#question textarea", QUESTION)
        page.keyboard.press("Enter")
        expect(page.locator("#composer .refusal")).to_have_text(CHAT_TEXTS["en"].refusals["busy"])
        page.unroute("**/queue/join*")
        ask(page, QUESTION)
        expect(page.locator(".refusal")).to_have_count(0)
        expect(page.locator("#question textarea")).to_have_value("")
        page.context.close()


def test_on_another_tab_the_refusal_is_told_there(tmp_path, embeddings, browser: Browser, monkeypatch):
    monkeypatch.setattr(page_module, "_QUESTIONS_WAITING", 0)  # Gradio's queue is always full
    with serve(tmp_path, embeddings) as served:
        page = open_page(browser, served.address)
        page.get_by_role("tab", name="Corpus").click()
        expect(page.locator("#tab-corpus > .refusal")).to_have_text(CHAT_TEXTS["fr"].refusals["busy"])
        expect(page.locator("#tab-corpus > .refusal")).to_be_visible()
        page.context.close()


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_a_question_that_meets_no_server_is_asked_once_there_is_one(
    tmp_path, embeddings, browser: Browser, width: int, language: Language
):
    with serve(tmp_path, embeddings) as served:
        page = open_page(browser, served.address, width=width, locale=locale(language))
        page.context.set_offline(True)
        page.fill("#question textarea", QUESTION)
        page.keyboard.press("Enter")
        expect(page.locator("#composer .refusal")).to_have_text(CHAT_TEXTS[language].refusals["lost"])
        expect(page.locator("#question textarea")).to_have_value(QUESTION)
        page.context.set_offline(False)
        expect(page.locator("#thread .question p")).to_have_text(QUESTION)
        expect(page.locator("#thread .actions")).to_have_count(1)
        page.context.close()


@pytest.mark.parametrize("path", ["/queue/join", "/queue/data"])
def test_a_proxy_with_nothing_behind_it_is_a_server_that_does_not_answer(tmp_path, embeddings, browser: Browser, path: str):
    with path_proxy("", kept=True) as proxy, serve(tmp_path, embeddings) as served:
        proxy.server = served.address
        page = open_page(browser, proxy.address, locale="en-GB")
        proxy.down = (path, "/api/health")
        page.fill("#question textarea", QUESTION)
        page.keyboard.press("Enter")
        expect(page.locator("#composer .refusal")).to_have_text(CHAT_TEXTS["en"].refusals["lost"])
        proxy.down = ()
        expect(page.locator("#thread .question p")).to_have_text(QUESTION)
        expect(page.locator("#thread .actions")).to_have_count(1)
        page.context.close()


def test_a_page_that_a_reload_does_not_help_is_not_reloaded_again(tmp_path, embeddings, browser: Browser):
    with path_proxy("", kept=True) as proxy, serve(tmp_path, embeddings) as served:
        proxy.server = served.address
        page = open_page(browser, proxy.address, locale="en-GB")
        loads: list[object] = []
        page.on("load", lambda loaded: loads.append(loaded))
        proxy.down = ("/queue/join",)  # and the server says that it is well
        page.fill("#question textarea", QUESTION)
        page.keyboard.press("Enter")
        page.wait_for_event("load")
        expect(page.locator(".refusal")).to_have_text(CHAT_TEXTS["en"].refusals[""], timeout=20_000)
        page.wait_for_timeout(5_000)  # two looks at the server
        assert len(loads) == 1
        page.context.close()


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_what_was_written_and_not_sent_is_not_taken_by_a_reload(
    tmp_path, embeddings, browser: Browser, width: int, language: Language
):
    words = CHAT_TEXTS[language].refusals
    with path_proxy("", kept=True) as proxy, serve(tmp_path, embeddings) as served:
        proxy.server = served.address
        page = open_page(browser, proxy.address, width=width, locale=locale(language))
        proxy.down = ("/queue/join", "/api/health")
        page.fill("#question textarea", QUESTION)
        page.keyboard.press("Enter")
        expect(page.locator("#composer .refusal")).to_have_text(words["lost"])
        page.fill("#question textarea", "What does the board want?")
        proxy.down = ()
        expect(page.locator("#composer .refusal")).to_have_text(f"{words['unsent']} {words['reload']}")
        expect(page.locator("#question textarea")).to_have_value("What does the board want?")
        assert serious(page) == []
        page.get_by_role("button", name=words["reload"]).click()
        expect(page.locator("#thread .question p")).to_have_text(QUESTION)
        page.context.close()


def test_the_lines_of_a_curator_are_not_taken_by_a_reload(tmp_path, embeddings, browser: Browser):
    words = CHAT_TEXTS["en"].refusals
    with path_proxy("", kept=True) as proxy, serve(tmp_path, embeddings) as served:
        proxy.server = served.address
        page = open_page(browser, proxy.address, locale="en-GB")
        show_tab(page, "Questions")
        page.locator("#questions .listing .make").first.click()
        page.locator("#questions button.line").first.click()
        show_tab(page, TEXTS["en"].chat)
        proxy.down = ("/queue/join", "/api/health")
        page.fill("#question textarea", QUESTION)
        page.keyboard.press("Enter")
        expect(page.locator("#composer .refusal")).to_have_text(words["lost"])
        proxy.down = ()
        expect(page.locator("#composer .refusal")).to_contain_text(words["unsent"])
        expect(page.locator("#questions button.line[aria-pressed=true]")).to_have_count(1)
        page.context.close()


def test_a_refusal_without_words_to_tell_it_is_no_lost_server(tmp_path, embeddings, browser: Browser):
    """So it is while the page is being built; a server that is lost after that is told."""
    with serve(tmp_path, embeddings) as served:
        page = open_page(browser, served.address, locale="en-GB")
        page.evaluate(
            "window.words = document.querySelector('[data-refusals]'); window.place = words.parentNode; words.remove()"
        )
        page.route("**/queue/join*", lambda route: route.fulfill(status=429, json={"code": "too_often"}))
        page.fill("#question textarea", QUESTION)
        with page.expect_response("**/queue/join*"):
            page.keyboard.press("Enter")
        page.wait_for_timeout(500)
        page.evaluate("place.append(words)")
        page.context.set_offline(True)
        page.unroute("**/queue/join*")
        page.keyboard.press("Enter")
        expect(page.locator("#composer .refusal")).to_have_text(CHAT_TEXTS["en"].refusals["lost"])
        page.context.close()


@pytest.mark.parametrize(("width", "language"), LOOKS)
def test_a_question_sent_before_the_event_of_the_last_one_is_over_is_answered(
    tmp_path, embeddings, browser: Browser, monkeypatch, width: int, language: Language
):
    """Gradio runs the event of questions once at a time: for a moment after an answer it drops the next."""
    ask_as_is = _ChatEvents.ask

    @wraps(ask_as_is)
    def ends_late(*given) -> Iterator[tuple]:
        yield from ask_as_is(*given)
        time.sleep(1)

    monkeypatch.setattr(_ChatEvents, "ask", ends_late)
    with serve(tmp_path, embeddings) as served:
        page = open_page(browser, served.address, width=width, locale=locale(language))
        ask(page, QUESTION)
        ask(page, "What does the board want?", answers=2)
        expect(page.locator("#question textarea")).to_have_value("")
        page.context.close()


def test_an_answer_that_is_cut_off_is_asked_for_again(tmp_path, embeddings, browser: Browser, monkeypatch):
    """The line breaks in the middle of an answer."""
    servers: list[uvicorn.Server] = []
    cut = threading.Event()
    init, stream = uvicorn.Server.__init__, Advisor.stream

    def noted(server: uvicorn.Server, config: uvicorn.Config) -> None:
        init(server, config)
        servers.append(server)

    def slow(*given, **options) -> Iterator:
        for event in stream(*given, **options):
            yield event
            cut.wait(20)

    monkeypatch.setattr(uvicorn.Server, "__init__", noted)
    monkeypatch.setattr(Advisor, "stream", slow)
    with serve(tmp_path, embeddings) as served:
        page = open_page(browser, served.address, width=390, locale="en-GB")
        page.fill("#question textarea", QUESTION)
        page.keyboard.press("Enter")
        page.locator("#current .stage").wait_for()
        page.wait_for_timeout(500)
        for connection in list(servers[0].server_state.connections):
            servers[0].servers[0].get_loop().call_soon_threadsafe(connection.transport.abort)
        expect(page.locator("#composer .refusal")).to_have_text(CHAT_TEXTS["en"].refusals["lost"])
        cut.set()
        expect(page.locator("#thread .actions")).to_have_count(1)
        expect(page.locator("#thread .question p")).to_have_text(QUESTION)
        page.context.close()
