"""Memos: what they say, and that both formats hold it."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

import docx
import mammoth
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from pages import open_page, serve_app
from playwright.sync_api import Browser, expect

from advisor.advisor import Advisor
from advisor.features.memo import Memo, MemoContext, answers_memo
from advisor.features.memo_formats import memo_as_docx, memo_as_markdown
from advisor.index.sync import sync
from advisor.settings import Settings
from advisor.types import Answer, Withheld

ADDRESS = "http://127.0.0.1:7860/"


def memo_of(advisor: Advisor, *answers: Answer, title: str = "", language: str = "fr") -> Memo:
    return answers_memo(
        answers, title, "2026-11-23", MemoContext(language, ADDRESS, advisor.document, advisor.index.sections)
    )


@pytest.fixture(scope="module")
def answer(advisor: Advisor) -> Answer:
    return advisor.ask("Par où commencer une démarche FinOps ?")


def test_a_memo_has_what_a_decision_needs(advisor: Advisor, answer: Answer):
    text = memo_as_markdown(memo_of(advisor, answer))
    parts = ["Question", "Réponse", "Options et arbitrages", "Sources", "Ce que le corpus ne dit pas"]
    places = [text.index(f"## {part}") for part in parts]
    assert places == sorted(places)
    assert answer.question in text
    assert answer.index.generation in text
    for citation in answer.citations:
        assert f"**[{citation.marker}] " in text
        assert citation.date in text
    options = text[places[2] : places[3]]
    trade_offs = advisor.document("fr/finops.md").text.split("## Arbitrages et désaccords")[1].split("\n## ")[0]
    written = [line[2:].rsplit(" [", 1)[0] for line in options.splitlines() if line.startswith("- ")]
    assert written
    assert all(line in trade_offs for line in written)
    assert "pratique" in text


def test_links_lead_to_the_quoted_lines(advisor: Advisor, answer: Answer):
    memo = memo_of(advisor, answer)
    quotes = [block.texts[0].text for block in memo.blocks if getattr(block, "kind", "") == "quote"]
    links = [text.link for block in memo.blocks for text in getattr(block, "texts", ()) if text.link]
    assert len(links) == len(quotes) > len(answer.citations)
    for link, quote in zip(links, quotes, strict=True):
        place = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
        document = advisor.document(place["document"], place["generation"])
        assert document.text[int(place["start"]) : int(place["end"])] == quote


def test_a_link_still_resolves_after_reindexing(browser: Browser, small_settings: Settings, embeddings):
    sync(small_settings, embeddings)
    advisor = Advisor.open(small_settings, embeddings)
    memo = memo_of(advisor, advisor.ask("What is the code name of the on-call rota?"), language="en")
    link = next(text.link for block in memo.blocks for text in getattr(block, "texts", ()) if text.link)
    (small_settings.corpus_dir / "en" / "incidents.md").unlink()
    sync(small_settings, embeddings)
    with serve_app(advisor) as address:
        page = open_page(browser, link.replace(ADDRESS.rstrip("/"), address))
        expect(page.locator("#cited")).to_contain_text("Zanzibar")
        page.context.close()
    advisor.close()


def test_a_refusal_and_what_was_withheld_are_told(advisor: Advisor, answer: Answer):
    refused = advisor.ask("Quelle est la recette de la tarte Tatin ?")
    withheld = replace(answer, id="w", withheld=(Withheld("Le FinOps rapporte 40 %.", "aucun appui"),))
    text = memo_as_markdown(memo_of(advisor, refused, withheld, title="Deux *questions*"))
    assert "Note de décision : Deux \\*questions\\*".replace(" :", "\u00a0:") in text
    assert f"Le corpus ne répond pas à cette question\u00a0: {refused.reason}." in text
    assert "Le FinOps rapporte 40 %." in text
    assert text.index("## 1. ") < text.index("## 2. ")


def test_words_that_no_passage_uses_are_named(advisor: Advisor):
    answer = advisor.ask("How do we start with FinOps on zeppelins?")
    if answer.status == "answered":
        assert "zeppelins" in memo_as_markdown(memo_of(advisor, answer, language="en"))
    plain = memo_as_markdown(memo_of(advisor, advisor.ask("Where do we start with FinOps?"), language="en"))
    assert "no cited passage uses" not in plain or "FinOps" not in plain.split("no cited passage uses")[1]


def test_the_word_file_has_headings_links_and_language(advisor: Advisor, answer: Answer):
    memo = memo_of(advisor, replace(answer, question="Budget\x0b FinOps ?"))
    opened = docx.Document(BytesIO(memo_as_docx(memo)))
    styles = [paragraph.style.name for paragraph in opened.paragraphs]
    assert styles[0] == "Title"
    assert styles.count("Heading 1") == 5
    assert {"List Bullet", "Quote"} <= set(styles)
    assert "Budget FinOps ?" in [paragraph.text for paragraph in opened.paragraphs]
    links = [one.target_ref for one in opened.part.rels.values() if one.reltype == RELATIONSHIP_TYPE.HYPERLINK]
    assert links
    assert all(link.startswith(f"{ADDRESS}fr/?document=") for link in links)
    assert opened.core_properties.language == "fr-FR"
    assert 'w:lang w:val="fr-FR"' in opened.styles.element.xml


def test_the_word_file_is_read_by_another_program_and_drawn(browser: Browser, advisor: Advisor, answer: Answer, tmp_path):
    """What a reader of the file sees, line by line, and on one picture that is not blank."""
    drawn = mammoth.convert_to_html(BytesIO(memo_as_docx(memo_of(advisor, answer)))).value
    page = browser.new_page(viewport={"width": 800, "height": 1000})
    page.set_content(drawn)
    for sentence in answer.sentences:
        expect(page.locator("body")).to_contain_text(sentence.text)
    assert page.locator("h1").count() == 5
    assert page.locator("a[href]").count() > len(answer.citations)
    boxes = [one.bounding_box() for one in page.locator("h1, p, li").all()]
    assert all(box and box["height"] > 0 for box in boxes)
    picture = page.screenshot(path=tmp_path / "memo.png", full_page=True)
    assert len(picture) > 50_000  # a blank page of this size takes 10 kB
    page.close()


def test_markup_in_an_answer_stays_text(advisor: Advisor, answer: Answer):
    text = memo_as_markdown(memo_of(advisor, replace(answer, question="<b>x</b> | [y](http://evil)\n# z")))
    assert "\\<b\\>x\\</b\\> \\| \\[y\\](http://evil) # z" in text
