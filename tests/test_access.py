"""The page for everybody: the keyboard alone, a phone, a dark screen, long conversations and documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pages import open_page, serve_app, show_tab
from playwright.sync_api import Browser, Page, expect

from advisor.advisor import Advisor
from advisor.features.conversations import Conversations
from advisor.index.sync import sync
from advisor.settings import Settings

QUESTION = "Par où commencer une démarche FinOps ?"


@pytest.fixture(scope="module")
def address(advisor: Advisor) -> Iterator[str]:
    with serve_app(advisor, local=True) as served:
        yield served


def ask(page: Page, question: str) -> None:
    page.fill("#question textarea", question)
    page.keyboard.press("Enter")
    expect(page.locator("#thread .next")).to_have_count(1)


def press_until(page: Page, key: str, selector: str, most: int = 60) -> None:
    for _ in range(most):
        page.keyboard.press(key)
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"{selector} is not reached by {key}")


def test_the_keyboard_is_enough(browser: Browser, address: str):
    page = open_page(browser, address)
    page.locator("#question textarea").focus()
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator("#thread .next")).to_have_count(1)
    press_until(page, "Shift+Tab", ".cite")
    expect(page.locator("#hover")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#cited")).to_be_focused()
    page.keyboard.press("Escape")
    press_until(page, "Tab", ".why")
    page.keyboard.press("Enter")
    expect(page.locator("#why-title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#thread .why")).to_be_focused()
    press_until(page, "Tab", ".next .ask")
    page.keyboard.press("Enter")
    expect(page.locator("#thread .actions")).to_have_count(2)
    page.context.close()


@pytest.mark.parametrize("locale", ["fr-FR", "en-GB"])
def test_nothing_is_left_in_the_other_language(browser: Browser, address: str, locale: str):
    other = {
        "fr": ("Sources found", "Search", "Send", "Retry", "Copy", "Why"),
        "en": ("Chercher", "Envoyer", "Copier", "Pourquoi"),
    }
    page = open_page(browser, address, locale=locale)
    ask(page, QUESTION if locale == "fr-FR" else "Where do we start with FinOps?")
    spoken = page.evaluate(
        "[...document.querySelectorAll('[aria-label], [title], [placeholder], button, label')].map(e => "
        "[e.getAttribute('aria-label'), e.title, e.placeholder, e.textContent].join(' ')).join('\\n')"
    )
    assert [word for word in other[locale[:2]] if word in spoken] == []
    page.context.close()


@pytest.mark.parametrize(
    ("language", "locale", "drop"), [("fr", "en-GB", "Déposez des fichiers ici"), ("en", "fr-FR", "Drop files here")]
)
def test_gradios_own_words_are_in_the_language_of_the_page(
    browser: Browser, address: str, language: str, locale: str, drop: str
):
    page = open_page(browser, f"{address}/{language}/", locale=locale)
    show_tab(page, "Corpus")
    expect(page.locator("#corpus-upload")).to_contain_text(drop)
    page.context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_twenty_turns_and_a_long_document(browser: Browser, small_settings: Settings, embeddings, width: int):
    # The same section again and again, which is embedded once, and one sentence to look for at the end.
    section = (
        "## Minutes\n\n" + "The board of the migration met, heard the finance team, and wrote down what it had decided. " * 8
    )
    text = "# Migration board\n\n" + f"{section}\n\n" * 40 + "## Last\n\nMilestone 349 is the harbour crossing.\n"
    assert len(text.split()) > 5_000
    (small_settings.corpus_dir / "en" / "long.md").write_text(text, encoding="utf-8")
    settings = small_settings.model_copy(update={"answer_threshold": 0})
    sync(settings, embeddings)
    advisor = Advisor.open(settings, embeddings)
    answer = advisor.ask("What is milestone 349?")
    kept = Conversations(settings)
    conversation = None
    for number in range(20):
        conversation = kept.keep("", replace(answer, id=f"{number:032x}"), conversation)
    with serve_app(advisor) as address:
        page = open_page(browser, f"{address}/en/?conversation={conversation}", width=width, locale="en-GB")
        expect(page.locator("#thread .turn")).to_have_count(20)
        page.fill("#question textarea", "What does the board want?")
        page.keyboard.press("Enter")
        expect(page.locator("#thread .actions")).to_have_count(21)
        expect(page.locator("#thread .turn").last.locator(".question")).to_be_in_viewport()
        page.locator("#thread .cite").first.click()
        expect(page.locator("#cited")).to_have_text("Milestone 349 is the harbour crossing.")
        expect(page.locator("#cited")).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.context.close()
    advisor.close()
