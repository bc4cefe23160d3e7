"""The self-assessment: its statements, scores and advice, and its tab in a browser."""

from __future__ import annotations

from io import BytesIO
from xml.etree import ElementTree

import docx
import httpx
import pytest
from pages import open_page, serve_app, show_tab
from playwright.sync_api import Browser, expect

from advisor.advisor import Advisor
from advisor.errors import QuestionError
from advisor.features.maturity import DOMAINS, assess, statements
from advisor.text.plain import plain
from advisor.ui.radar import radar
from advisor.ui.rendering import render
from advisor.ui.texts import TAB_TEXTS


@pytest.mark.parametrize("language", ["fr", "en"])
def test_each_domain_has_statements_from_its_checklists(advisor: Advisor, language: str):
    asked = statements(advisor.index, language)
    assert tuple(asked) == DOMAINS
    for some in asked.values():
        assert 5 <= len(some) <= 6
        for statement in some:
            assert statement.document.language == language
            assert f"- {statement.item.text}" in plain_lines(statement.document.text)
    assert {one.document.topic for one in asked["cloud"]} == {"cloud", "finops"}


def plain_lines(text: str) -> list[str]:
    checklist = text.split("## Liste de contrôle" if "## Liste de contrôle" in text else "## Checklist")[1].split("\n## ")[0]
    return [f"- {plain(line[2:])}" for line in checklist.splitlines() if line.startswith("- ")]


def test_the_statements_of_both_languages_are_in_the_same_order(advisor: Advisor):
    french, english = (statements(advisor.index, language) for language in ("fr", "en"))
    for domain in DOMAINS:
        assert [one.document.translation_of for one in french[domain]] == [one.document.id for one in english[domain]]


def test_scores_and_the_weakest_points(advisor: Advisor):
    given = {"security": "222212", "ai": "200--2", "cloud": "------"}
    outcome = assess(advisor.index, advisor.embeddings, "en", given)
    scores = {score.domain: score for score in outcome.scores}
    assert scores["security"].value == pytest.approx(11 / 12)
    assert (scores["ai"].value, scores["ai"].answered) == (0.5, 4)
    assert scores["cloud"].value is None
    asked = statements(advisor.index, "en")
    expected = [asked["ai"][1], asked["ai"][2], asked["security"][4]]
    assert [weakness.statement for weakness in outcome.weakest] == [one.item.text for one in expected]
    assert [weakness.answer for weakness in outcome.weakest] == [0, 0, 1]
    for weakness, statement in zip(outcome.weakest, expected, strict=True):
        assert weakness.advice.document == statement.document.id
        assert weakness.advice.heading[-1] == "How to do it, step by step"
        assert statement.document.text[weakness.advice.start : weakness.advice.end] == weakness.advice.quote
    assert len({weakness.advice.start for weakness in outcome.weakest}) == 3


def test_advice_is_about_the_statement(advisor: Advisor):
    asked = statements(advisor.index, "en")["security"]
    place = next(n for n, one in enumerate(asked) if "restore test" in one.item.text)
    given = {"security": "".join("0" if n == place else "2" for n in range(len(asked)))}
    (weakness,) = assess(advisor.index, advisor.embeddings, "en", given).weakest
    assert weakness.advice.quote.startswith("Restore backups for real")


@pytest.mark.parametrize("given", [{"cloud": "22"}, {"cloud": "22222x"}, {"gardening": "2"}])
def test_answers_that_do_not_fit_are_refused(advisor: Advisor, given: dict[str, str]):
    with pytest.raises(QuestionError, match="Reload the page"):
        assess(advisor.index, advisor.embeddings, "en", given)


def test_the_chart_is_well_formed_and_tells_its_values():
    drawn = ElementTree.fromstring(render("radar", "en", chart=radar([("A & B", 1.0), ("C", 0.5), ("D", 0.0)], "Scores")))
    assert drawn.attrib["aria-label"] == "Scores: A & B 100 %, C 50 %, D 0 %"
    area = next(one for one in drawn if one.attrib.get("class") == "area").attrib["points"].split()
    assert area[0].split(",")[0] == "260.0"
    assert area[2] == "260.0,180.0"  # nought: the centre


@pytest.mark.parametrize(("width", "locale"), [(1280, "fr-FR"), (390, "en-GB")])
def test_the_tab_leads_from_the_answers_to_advice(browser: Browser, advisor: Advisor, width: int, locale: str):
    words = TAB_TEXTS[locale[:2]]
    with serve_app(advisor) as address:
        page = open_page(browser, address, width=width, locale=locale)
        show_tab(page, words.maturity)
        first = page.locator("#maturity .domain").first
        expect(first.locator(".step")).to_have_text(words.step.format(1, 6))
        first.get_by_role("radio", name=words.answers[0]).first.check()
        for _ in range(5):
            page.locator("#maturity .forward").click()
        expect(first).to_be_hidden()
        page.locator("#maturity [type=submit]").click()
        expect(page.locator("#maturity .radar")).to_be_visible()
        expect(page.locator("#maturity .result ol > li")).to_have_count(1)
        href = page.locator("#maturity .result a").first.evaluate("(link) => link.href")
        opened = docx.Document(BytesIO(httpx.get(href).content))
        assert page.locator("#maturity .result h3").first.inner_text() in "\n".join(p.text for p in opened.paragraphs)
        page.locator("#maturity .result .read").click()
        expect(page.locator("#library article mark").first).to_be_in_viewport()
        page.context.close()
