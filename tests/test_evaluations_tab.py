"""The Evaluations tab in a real browser, on a small corpus with a question set of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import open_page, serious, serve_app, show_tab
from playwright.sync_api import Browser, Page, expect

from advisor.advisor import Advisor
from advisor.evaluation.wording import EVALUATION_WORDS
from advisor.index.sync import sync
from advisor.settings import Settings
from advisor.ui.texts import EVALUATION_TEXTS

QUESTIONS = [
    {
        "id": "tag", "language": "en", "question": "What share of cloud spending does tagging cover?", "answerable": True,
        "key_facts": [["92 %"]], "category": "finops", "kind": "direct",
        "relevant": [{"document": "fr/finops.md", "quote": "Le tagging couvre 92 % des dépenses du cloud après six mois."}],
    },
    {
        "id": "tart", "language": "en", "question": "How long does an apple tart bake?", "answerable": False,
        "key_facts": [], "relevant": [], "category": "off", "kind": "off-topic",
    },
]  # fmt: skip


@pytest.fixture
def address(small_settings: Settings, embeddings, tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "evals" / "questions"
    folder.mkdir(parents=True)
    for name in ("costs", "<b>odd</b>"):
        lines = (json.dumps(line | {"id": f"{name[:3]}-{line['id']}"}, ensure_ascii=False) for line in QUESTIONS)
        (folder / f"{name.replace('/', '')}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = small_settings.model_copy(update={"evals_dir": tmp_path / "evals"})
    sync(settings, embeddings)
    advisor = Advisor.open(settings, embeddings)
    with serve_app(advisor, local=True) as address:
        yield address
    advisor.close()


def open_tab(browser: Browser, address: str, *, width: int = 1280, locale: str = "en-GB", name: str = "Evaluations") -> Page:
    page = open_page(browser, address, width=width, locale=locale)
    show_tab(page, name)
    return page


def test_a_set_is_asked_and_its_report_read_and_compared(browser: Browser, address: str):
    page = open_tab(browser, address)
    page.get_by_label("costs").check()
    page.get_by_label("Name of the run").fill("first")
    page.get_by_role("button", name="Ask the questions").click()
    expect(page.locator("#evaluation-outcome")).to_contain_text("Run first: 2 questions", timeout=60_000)
    report = page.locator("#evaluation-report")
    expect(report.locator("h2")).to_contain_text("first")
    report.locator("summary", has_text="apple tart").click()
    expect(report.locator("details[open]")).to_contain_text("a refusal")
    page.get_by_label("Name of the run").fill("first")
    page.get_by_role("button", name="Ask the questions").click()
    expect(page.locator("#evaluation-outcome")).to_have_text(EVALUATION_TEXTS["en"].taken.format("first"))
    page.get_by_label("<b>odd<b>").check()
    page.get_by_label("Name of the run").fill("second")
    page.get_by_role("button", name="Ask the questions").click()
    expect(page.locator("#evaluation-outcome")).to_contain_text("Run second: 4 questions", timeout=60_000)
    page.get_by_label("Compared with").click()
    page.get_by_role("option", name="first").click()
    page.get_by_role("button", name="Show the report").click()
    expect(report.locator("h2")).to_contain_text("second against first")
    expect(report.get_by_text("2 questions in common, 2 left out.")).to_be_visible()
    page.context.close()


def test_the_tab_in_french_on_a_phone_without_runs(browser: Browser, address: str):
    page = open_tab(browser, address, width=390, locale="fr-FR", name="Évaluations")
    page.get_by_role("button", name="Afficher le rapport").click()
    expect(page.locator("#evaluation-outcome")).to_contain_text("Aucune série")
    page.get_by_label("Nom de la série").fill("a/b")
    page.get_by_role("button", name="Poser les questions").click()
    expect(page.locator("#evaluation-outcome")).to_have_text(EVALUATION_TEXTS["fr"].no_name.format("a/b"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_in_french_on_a_phone(browser: Browser, address: str, scheme: str):
    page = open_page(browser, address, width=390, locale="fr-FR", scheme=scheme)
    show_tab(page, "Évaluations")
    words = EVALUATION_WORDS["fr"]
    page.get_by_label("costs").check()
    page.get_by_label("Nom de la série").fill("prix")
    page.get_by_role("button", name="Poser les questions").click()
    report = page.locator("#evaluation-report .report")
    expect(report.locator("h2")).to_have_text("prix", timeout=60_000)
    expect(report.locator(".tile", has_text=words.measures["attack_success"]).locator("b")).to_have_text(
        words.not_applicable
    )
    expect(page.get_by_label("Série à lire")).to_have_value(re.compile(r"^prix · \d+.* · 2 questions$"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert serious(page) == []
    page.context.close()
