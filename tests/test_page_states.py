"""Every tab and the main states of the page, in both languages and at both widths: each is there, fits, and passes axe."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator

import pytest
from pages import ask, open_page, serious, serve_app, show_tab
from playwright.sync_api import Browser, Page, expect
from served import PASSWORD, serve

from advisor.accounts.users import add_user
from advisor.advisor import Advisor
from advisor.evaluation.wording import EVALUATION_WORDS
from advisor.types import Language, SentenceReady
from advisor.ui.texts import CHAT_TEXTS, EVALUATION_TEXTS, QUESTION_TEXTS, TAB_TEXTS, TEXTS

LOOKS = [(1280, "fr", "light"), (390, "fr", "dark"), (1280, "en", "dark"), (390, "en", "light")]
ASKED: dict[Language, dict[str, str]] = {
    "en": {
        "answer": "Where do we start with FinOps?",
        "near": "Who owns each certificate?",
        "refusal": "Which programming language will be the most popular in 2035?",
    },
    "fr": {
        "answer": "Par où commencer une démarche FinOps ?",
        "near": "Qui détient chaque certificat ?",
        "refusal": "Quel langage de programmation sera le plus populaire en 2035 ?",
    },
}
SET = {
    "id": "tart", "language": "en", "question": "How long does an apple tart bake?", "answerable": False,
    "key_facts": [], "relevant": [], "category": "off", "kind": "off-topic",
}  # fmt: skip
pytestmark = pytest.mark.parametrize(("width", "language", "scheme"), LOOKS)


class HeldAdvisor(Advisor):
    """The real one; while it is held, there is time between sentences to press a button."""

    held = threading.Event()

    def stream(self, *args, **options):
        for event in super().stream(*args, **options):
            if isinstance(event, SentenceReady) and self.held.is_set():
                time.sleep(0.6)
            yield event


@pytest.fixture(scope="module")
def address(advisor: Advisor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("states")
    (folder / "evals" / "questions").mkdir(parents=True)
    (folder / "evals" / "questions" / "bakery.jsonl").write_text(json.dumps(SET) + "\n", encoding="utf-8")
    own = {
        "state_dir": folder / "state",
        "evals_dir": folder / "evals",
        "unanswered_log": True,
        "questions_per_minute": 10_000,
    }
    with serve_app(HeldAdvisor(advisor.settings.model_copy(update=own), advisor.embeddings, advisor.index)) as served:
        yield served


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory, embeddings) -> Iterator[str]:
    with serve(tmp_path_factory.mktemp("private"), embeddings) as served:
        add_user(served.settings, "ada", PASSWORD, "user")
        yield served.address


@pytest.fixture
def page(browser: Browser, address: str, width: int, language: Language, scheme: str) -> Iterator[Page]:
    opened = open_page(browser, address, width=width, locale=locale(language), scheme=scheme)
    yield opened
    opened.context.close()


def locale(language: Language) -> str:
    return {"fr": "fr-FR", "en": "en-GB"}[language]


def is_well(page: Page, width: int) -> None:
    """Nothing sticks out of the page, nothing of Gradio's own is read aloud in English, and axe finds nothing serious."""
    trackers = page.locator("[data-testid=status-tracker]")
    assert trackers.evaluate_all("all => all.filter(one => one.checkVisibility()).length") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert serious(page) == []


def test_the_chat(page: Page, width: int, language: Language, scheme: str) -> None:
    texts, words, asked = TEXTS[language], CHAT_TEXTS[language], ASKED[language]
    for kind, told in (("refusal", texts.abstained), ("near", texts.near)):
        ask(page, asked[kind])
        expect(page.locator("#thread .abstained h3").first).to_have_text(told)
        is_well(page, width)
        page.locator("#new").click()
        expect(page.locator("#thread .turn")).to_have_count(0)
    ask(page, asked["answer"])
    expect(page.locator("#thread .next")).to_have_count(1)
    page.locator("#thread .rate").last.click()
    expect(page.locator("#thread .opinion")).to_be_visible()
    is_well(page, width)
    page.locator("#thread .cite").first.click()
    expect(page.locator("#cited")).to_be_in_viewport()
    is_well(page, width)
    page.keyboard.press("Escape")
    page.locator("#thread .why").click()
    expect(page.locator("#why .passage").first).to_be_visible()
    is_well(page, width)
    page.keyboard.press("Escape")
    page.locator("#new").click()
    HeldAdvisor.held.set()
    page.fill("#question textarea", asked["answer"])
    page.keyboard.press("Enter")
    page.locator("#current .cite").first.wait_for()
    page.locator("#stop").click()
    expect(page.locator("#thread .notice")).to_have_text(words.stopped)
    HeldAdvisor.held.clear()
    is_well(page, width)
    page.goto(f"{page.url.partition('?')[0]}?conversation=gone")
    expect(page.locator("#thread .notice")).to_have_text(words.gone)
    is_well(page, width)


def test_sources_and_maturity(page: Page, width: int, language: Language, scheme: str) -> None:
    words = TAB_TEXTS[language]
    show_tab(page, words.sources)
    page.fill("#library form input", "FinOps")
    page.locator("#library .hits .read").first.click()
    expect(page.locator("#library article mark").first).to_be_visible()
    is_well(page, width)
    show_tab(page, words.maturity)
    page.locator("#maturity [type=radio]").first.check()
    is_well(page, width)
    for _ in range(5):
        page.locator("#maturity .forward").click()
    page.get_by_role("button", name=words.finish).click()
    expect(page.locator("#maturity .radar")).to_be_visible()
    is_well(page, width)


def test_the_tabs_of_curators(page: Page, width: int, language: Language, scheme: str) -> None:
    words, evaluations = TEXTS[language].corpus, EVALUATION_TEXTS[language]
    show_tab(page, words.title)
    page.locator("#corpus-documents .delete-file").first.click()
    expect(page.locator("#corpus .confirm-delete .yes")).to_have_text(words.confirm)
    is_well(page, width)
    page.locator("#corpus .confirm-delete").get_by_role("button", name=words.cancel).click()
    expect(page.locator("#corpus .confirm-delete")).to_have_count(0)
    show_tab(page, QUESTION_TEXTS[language].title)
    page.get_by_role("button", name=QUESTION_TEXTS[language].new).click()
    expect(page.locator("#questions button.line").first).to_be_visible()
    is_well(page, width)
    show_tab(page, evaluations.title)
    page.get_by_label(evaluations.name).fill(f"run-{language}-{width}")
    page.get_by_role("button", name=evaluations.run).click()
    report = page.locator("#evaluation-report .report")
    expect(report.locator("h2")).to_have_text(f"run-{language}-{width}")
    expect(report.locator(".tile", has_text="nDCG").locator("b")).to_have_text(EVALUATION_WORDS[language].not_applicable)
    is_well(page, width)


def test_a_shared_conversation(page: Page, address: str, width: int, language: Language, scheme: str) -> None:
    ask(page, ASKED[language]["answer"])
    page.wait_for_url(re.compile("conversation="))
    conversation = page.url.partition("conversation=")[2]
    sheet = page.request.post(f"{address}/page/conversations/{conversation}/share?language={language}", data={}).text()
    found = re.search(r'value="([^"]+/shared/[^"]+)"', sheet)
    assert found
    page.goto(found[1])
    expect(page.locator("h2").first).to_have_text(ASKED[language]["answer"])
    is_well(page, width)


def test_signing_in(browser: Browser, private: str, width: int, language: Language, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, locale=locale(language), color_scheme=scheme)
    page = context.new_page()
    page.goto(private)
    is_well(page, width)
    page.locator("input[name=name]").fill("ada")
    page.locator("input[name=password]").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.locator("[role=alert]")).to_be_visible()
    is_well(page, width)
    page.locator("input[name=name]").fill("ada")
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#question textarea")).to_be_visible()
    context.close()
