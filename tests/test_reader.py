"""What can be done with a document that is read: find, contents, quote, ask, print."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from pages import ask, open_page, serious, serve_app, show_tab
from playwright.sync_api import Browser, Page, expect

from advisor.advisor import Advisor
from advisor.ui.texts import READER_TEXTS

PLACES = [(1280, "fr-FR"), (390, "en-GB")]
TITLE = {
    "fr": "FinOps\u00a0: piloter la dépense cloud et technologique",
    "en": "FinOps: steering cloud and technology spend",
}
SECTION = {"fr": "Signaux d’alerte", "en": "Warning signs"}
WANTED = {"fr": "DEPENSE", "en": "SPEND"}  # without the accent


def highlighted(page: Page) -> list[str]:
    return page.evaluate("[...(CSS.highlights.get('found') ?? [])].map(range => range.toString())")


@pytest.mark.parametrize(("width", "locale"), PLACES)
def test_find_contents_quote_ask_and_print(browser: Browser, advisor: Advisor, width: int, locale: str):
    language = locale[:2]
    words = READER_TEXTS[language]
    with serve_app(advisor) as address:
        page = open_page(browser, address, width=width, locale=locale)
        show_tab(page, "Sources")
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        tools = page.locator("#library .tools")
        expect(tools).to_be_hidden()
        page.locator(f'#library .results [data-document="{language}/finops.md"]').click()
        field = tools.get_by_role("searchbox", name=words.find)
        field.fill("xyzzy")
        expect(tools.locator(".found")).to_have_text(words.no_match)
        field.fill(WANTED[language])
        found = highlighted(page)
        assert len(found) > 5
        assert {text.lower() for text in found} == {WANTED["en"].lower() if language == "en" else "dépense"}
        expect(tools.locator(".found")).to_have_text(words.matches.replace("{}", "1", 1).replace("{}", str(len(found))))
        field.press("Enter")
        tools.get_by_role("button", name=words.following).click()
        expect(tools.locator(".found")).to_have_text(words.matches.replace("{}", "3", 1).replace("{}", str(len(found))))
        assert page.evaluate(
            "[...CSS.highlights.get('found-now')].every(r => { const b = r.getBoundingClientRect(); "
            "return b.top >= 0 && b.bottom <= innerHeight; })"
        )
        field.press("Shift+Enter")
        expect(tools.locator(".found")).to_have_text(re.compile(r"^2 "))
        field.press("Escape")
        assert highlighted(page) == []
        expect(tools).to_be_visible()

        # What is printed is the document alone.
        page.evaluate("window.print = () => { window.printed = [...document.querySelectorAll('.printed')].length; }")
        tools.get_by_role("button", name=words.print).click()
        assert page.evaluate("window.printed") == 1
        page.evaluate("document.documentElement.classList.add('print-reader')")
        page.evaluate("document.querySelector('#library .reader').classList.add('printed')")
        page.emulate_media(media="print")
        expect(page.locator("#library article")).to_be_visible()
        for hidden in ("#masthead", "#library form", "#library .tools", "#library .results"):
            expect(page.locator(hidden)).to_be_hidden()
        page.emulate_media(media="screen")
        page.evaluate("document.documentElement.classList.remove('print-reader')")

        tools.locator(".outline summary").click()
        expect(tools.locator(".outline [data-section]")).to_have_count(10)
        assert serious(page) == []
        tools.get_by_role("button", name=SECTION[language]).click()
        heading = page.locator("#library article h3", has_text=SECTION[language])
        expect(heading).to_be_in_viewport()
        expect(heading).to_be_focused()
        assert page.evaluate("document.querySelector('#masthead').getBoundingClientRect().top") == 0

        tools.get_by_role("button", name=words.copy_quote).click()
        expect(tools.locator(".said")).to_contain_text(words.copied.split("{}")[0].strip())
        copied = page.evaluate("navigator.clipboard.readText()")
        assert f"— {TITLE[language]} › {SECTION[language]}, {language}/finops.md" in copied
        assert copied.startswith(words.quote[0])
        assert parse_qs(urlsplit(copied.split()[-1]).query)["document"] == [f"{language}/finops.md"]

        tools.get_by_role("button", name=words.about).click()
        expect(page.locator("#question textarea")).to_be_focused()
        expect(page.locator("#question textarea")).to_have_value(
            words.ask.replace("{}", TITLE[language], 1).replace("{}", SECTION[language])
        )
        page.context.close()


@pytest.mark.parametrize(("width", "locale"), PLACES)
def test_a_selection_beside_an_answer(browser: Browser, advisor: Advisor, width: int, locale: str):
    words = READER_TEXTS[locale[:2]]
    with serve_app(advisor) as address:
        page = open_page(browser, address, width=width, locale=locale)
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        ask(page, "Where do we start with FinOps?")
        page.locator("#thread .cite").first.click()
        tools = page.locator("#document .tools")
        # Without a selection, what is cited is meant.
        cited = page.locator("#cited").inner_text()
        tools.get_by_role("button", name=words.copy_quote).click()
        expect(tools.locator(".said")).not_to_be_empty()
        assert page.evaluate("navigator.clipboard.readText()").startswith(words.quote[0])
        assert cited[:40] in page.evaluate("navigator.clipboard.readText()")
        page.evaluate(
            "const range = document.createRange(); range.selectNodeContents(document.querySelector('#document article p:not(header *)'));"
            "getSelection().removeAllRanges(); getSelection().addRange(range);"
        )
        selected = page.evaluate("getSelection().toString().trim()")
        tools.get_by_role("button", name=words.copy_quote).click()
        expect(tools.locator(".said")).to_contain_text(selected[:30])
        assert page.evaluate("navigator.clipboard.readText()").startswith(words.quote.replace("{}", selected))
        assert serious(page) == []
        page.evaluate("document.documentElement.classList.add('print-reader')")
        page.evaluate("document.querySelector('#document').classList.add('printed')")
        page.emulate_media(media="print")
        expect(page.locator("#document article")).to_be_visible()
        expect(page.locator("#thread")).to_be_hidden()
        page.evaluate("document.documentElement.classList.remove('print-reader')")
        expect(page.locator("#document article")).to_be_hidden()
        expect(page.locator("#thread .sources .quote").first).to_be_visible()  # what the markers stand for
        page.emulate_media(media="screen")
        # Escape closes the contents first, and the document only then.
        tools.locator(".outline summary").click()
        page.keyboard.press("Escape")
        expect(page.locator("#document article")).to_be_visible()
        expect(tools.locator(".outline .choices")).to_be_hidden()
        tools.get_by_role("button", name=words.about).click()
        expect(page.locator("#question textarea")).to_be_focused()
        expect(page.locator("#question textarea")).to_have_value(re.compile("FinOps: steering"))
        page.context.close()
