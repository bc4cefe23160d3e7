"""Single keys: what each does, where they do nothing, and that they can be turned off."""

from __future__ import annotations

import re

import pytest
from pages import ask, open_page, serious, serve_app
from playwright.sync_api import Browser, expect

from advisor.advisor import Advisor
from advisor.ui.texts import CHAT_TEXTS, SHORTCUT_TEXTS


@pytest.mark.parametrize(("width", "locale"), [(1280, "fr-FR"), (390, "en-GB")])
def test_every_key_does_what_its_sheet_says(browser: Browser, advisor: Advisor, width: int, locale: str):
    words, chat = SHORTCUT_TEXTS[locale[:2]], CHAT_TEXTS[locale[:2]]
    with serve_app(advisor) as address:
        page = open_page(browser, address, width=width, locale=locale)
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        field = page.locator("#question textarea")
        ask(page, "Where do we start with FinOps?")
        field.focus()
        page.keyboard.type("n?")
        expect(field).to_have_value("n?")  # a field is written in
        field.fill("")
        page.keyboard.press("Escape")
        expect(field).not_to_be_focused()
        page.keyboard.press("?")
        sheet = page.get_by_role("dialog", name=words.title)
        expect(sheet.locator("kbd")).to_have_text(list(words.keys))
        assert serious(page) == []
        page.keyboard.press("n")  # a sheet covers the page
        page.keyboard.press("Escape")
        expect(sheet).to_be_hidden()
        expect(page.locator("#thread .turn")).to_have_count(1)
        page.keyboard.press("c")
        expect(page.locator("#thread .note")).to_have_text(CHAT_TEXTS["en"].copied)  # the answer is in English
        page.locator("#thread .cite").first.click()
        expect(page.locator("#cited")).to_be_focused()
        page.keyboard.press("j")
        expect(page.locator("#document .steps output")).to_have_text(re.compile("^2 "))
        page.keyboard.press("k")
        expect(page.locator("#document .steps output")).to_have_text(re.compile("^1 "))
        page.keyboard.press("f")
        expect(page.locator("#document .find input")).to_be_focused()
        expect(page.locator("#document .find input")).to_have_value("")
        page.keyboard.press("Escape")
        expect(page.locator("#document")).to_be_hidden()
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("s")
        expect(page.locator("#library form input")).to_be_focused()
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("/")
        expect(field).to_be_focused()
        expect(field).to_have_value("")
        page.keyboard.press("Escape")
        page.keyboard.press("h")
        expect(page.get_by_role("searchbox", name=chat.search)).to_be_focused()
        page.keyboard.press("Escape")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("?")
        sheet.get_by_role("checkbox", name=words.on).uncheck()
        page.keyboard.press("Escape")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("n")
        page.wait_for_timeout(300)
        expect(page.locator("#thread .turn")).to_have_count(1)
        page.evaluate("localStorage.clear()")
        page.keyboard.press("n")
        expect(page.locator("#thread .turn")).to_have_count(0)
        page.context.close()
