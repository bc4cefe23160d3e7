"""The frame of the page and its addresses: what stays where it is, and what reloading, Back and a link lead to."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from pages import ask, open_page, serve_app
from playwright.sync_api import Browser, Page, expect

from advisor.advisor import Advisor
from advisor.answering.messages import support_in_words
from advisor.types import Language
from advisor.ui.texts import TEXTS

PLACES = [(1280, "fr-FR"), (390, "en-GB")]
TABS = ("chat", "sources", "maturity", "corpus", "questions", "evaluations")
FINOPS = "Where do we start with FinOps?"


@pytest.fixture(scope="module")
def address(advisor: Advisor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = advisor.settings.model_copy(update={"state_dir": tmp_path_factory.mktemp("state")})
    own = Advisor(settings, advisor.embeddings, advisor.index)
    own.ask(FINOPS)  # what the first question loads is loaded
    with serve_app(own, local=True) as served:
        yield served


def frame_of(page: Page) -> list[float]:
    """Where the tab bar, the header and the foot of the tab stand, and how far the page has scrolled."""
    return page.evaluate(
        """() => {
            const box = (selector) => document.querySelector(selector).getBoundingClientRect();
            const bar = box("#tabs .tab-wrapper");
            const foot = box("#tabs > [role=tabpanel]:not([style*='display: none'])").bottom;
            return [bar.left, bar.top, box("#brand").left, foot, scrollY, document.scrollingElement.scrollHeight - innerHeight];
        }"""
    )


def test_a_page_keeps_its_language_in_a_browser_of_another(browser: Browser, address: str):
    page = open_page(browser, f"{address}/en/", locale="fr-FR")
    expect(page.locator("#history .empty, #history li").first).to_be_visible()
    page.locator("#tab-maturity-button").click()
    expect(page.locator("#maturity .step").first).to_contain_text("Domain 1")
    assert page.evaluate("document.documentElement.lang") == "en"
    page.context.close()


@pytest.mark.parametrize(("width", "locale"), PLACES)
def test_only_what_is_in_a_tab_scrolls(browser: Browser, address: str, width: int, locale: str):
    page = open_page(browser, address, width=width, locale=locale)
    page.locator("#tab-evaluations-button").wait_for()
    frame = frame_of(page)
    assert frame[3:] == [844, 0, 0]
    for answers in (1, 2):
        ask(page, FINOPS, answers=answers)
        expect(page.locator("#thread .turn").last.locator(".question")).to_be_in_viewport()
        assert frame_of(page) == frame
    for tab in TABS:
        page.locator(f"#tab-{tab}-button").click()
        expect(page.locator(f"#tab-{tab}")).to_be_visible()
        assert frame_of(page) == frame
    expect(page.locator("#language a")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.context.close()


@pytest.mark.parametrize(("width", "locale"), PLACES)
def test_a_tab_has_an_address(browser: Browser, address: str, width: int, locale: str):
    page = open_page(browser, address, width=width, locale=locale)
    for tab in ("sources", "corpus"):
        page.locator(f"#tab-{tab}-button").click()
        expect(page).to_have_url(re.compile(f"tab={tab}"))
    page.reload()
    expect(page.locator("#corpus")).to_be_visible()
    page.go_back()
    expect(page.locator("#library")).to_be_visible()
    page.go_back()
    expect(page.locator("#question")).to_be_visible()
    page.go_forward()
    expect(page.locator("#library")).to_be_visible()
    page.locator("#language a").click()
    expect(page.locator("html")).to_have_attribute("lang", "en" if locale == "fr-FR" else "fr")
    expect(page.locator("#library")).to_be_visible()
    page.context.close()


@pytest.mark.parametrize(("width", "locale"), PLACES)
def test_documents_and_conversations_have_addresses(browser: Browser, address: str, width: int, locale: str):
    page = open_page(browser, address, width=width, locale=locale)
    ask(page, FINOPS)
    expect(page).to_have_url(re.compile("conversation="))
    page.locator("#thread .cite").first.click()
    expect(page.locator("#cited")).to_be_in_viewport()
    quoted = page.locator("#cited").inner_text()
    expect(page).to_have_url(re.compile("document="))
    page.reload()
    expect(page.locator("#cited")).to_have_text(quoted, use_inner_text=True)
    expect(page.locator("#thread .actions")).to_have_count(1)
    page.go_back()
    expect(page.locator("#document")).to_be_hidden()
    expect(page.locator("#thread .actions")).to_have_count(1)
    page.locator("#new").click()
    expect(page.locator("#thread .turn")).to_have_count(0)
    page.go_back()
    expect(page.locator("#thread .actions")).to_have_count(1)
    page.context.close()


@pytest.mark.parametrize(("width", "locale"), PLACES)
def test_a_question_in_the_address_is_asked_once(browser: Browser, address: str, width: int, locale: str):
    page = open_page(browser, f"{address}/?q=Where+do+we+start+with+FinOps%3F", width=width, locale=locale)
    expect(page.locator("#thread .actions")).to_have_count(1)
    expect(page.locator("#thread .turn")).to_have_attribute("data-question", FINOPS)
    expect(page).to_have_url(re.compile(r"/\?conversation=[^&]+$"))
    page.reload()
    expect(page.locator("#thread .actions")).to_have_count(1)
    page.context.close()


@pytest.mark.parametrize(("width", "locale"), PLACES)
def test_dates_and_decimals_are_those_of_the_language(browser: Browser, address: str, width: int, locale: str):
    page = open_page(browser, address, width=width, locale=locale)
    ask(page, FINOPS)
    page.locator("#thread .why").click()
    expect(page.locator("#why .scores").first).to_have_text(re.compile(r"\d,\d\d" if locale == "fr-FR" else r"\d\.\d\d"))
    said = [page.locator("#side").inner_text(), page.locator("#thread").inner_text()]
    page.keyboard.press("Escape")
    for tab, filled in (("sources", "#library .results .read"), ("corpus", "#corpus-documents td")):
        page.locator(f"#tab-{tab}-button").click()
        page.locator(filled).first.wait_for()
        said.append(page.locator(f"#tab-{tab}").inner_text())
    assert not [found for text in said for found in re.findall(r"\d{4}-\d\d-\d\d", text)]
    page.context.close()


@pytest.mark.parametrize(
    ("language", "day", "support"),
    [
        ("fr", "23\u00a0nov. 2026", "repose sur 1 citation de 1 document"),
        ("en", "23 Nov 2026", "rests on 1 quote from 1 document"),
    ],
)
def test_days_numbers_and_support_in_words(advisor: Advisor, language: Language, day: str, support: str):
    texts = TEXTS[language]
    assert [texts.date(each) for each in ("2026-11-23", "2026", None)] == [day, "2026", ""]
    assert texts.number(0.784, 2) == ("0,78" if language == "fr" else "0.78")
    citations = advisor.ask(FINOPS).citations
    assert support_in_words(language, citations[:1]) == support
    assert support_in_words(language, ()) == ""
