"""A table and bold leads that a chat model writes are shown as such: on the page, in Copy, REST, memos and chat programs."""

from __future__ import annotations

import os
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import docx
import httpx
import pytest
from pages import open_page, serve_app
from playwright.sync_api import Browser, expect
from scripted_model import KEY, scripted
from test_chat import QUESTION, settings_for
from test_completions import MODEL, client_of, user

from advisor.advisor import Advisor
from advisor.answering.messages import compose
from advisor.index.sync import sync
from advisor.types import AnswerSentence, TableRow

WRITTEN = """- **Réservez d’abord.** Les réservations sur un an ont réduit la facture de 17 %. [1]

| Levier | Effet | Délai |
|---|---|---|
| **Réservations** | la facture a été réduite de 17 % [1] | sur un an |
| Réservations | la facture a été réduite de 71 % [1] | sur un an |
| Tagging | il couvre 92 % des dépenses du cloud [2] | après six mois |

Après six mois, le tagging couvre 92 % des dépenses du cloud. [2]
"""
HEADER = ("Levier", "Effet", "Délai")
TABLE = (
    "| Levier | Effet | Délai |\n| --- | --- | --- |\n| Réservations | la facture a été réduite de 17 % | sur un an [1] |"
)


@pytest.fixture
def address(small_settings, embeddings, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    sync(small_settings, embeddings)
    with scripted(WRITTEN) as server:
        opened = Advisor.open(settings_for(small_settings, server.url, answer_threshold=0.0), embeddings)
        with serve_app(opened) as running:
            yield running
        opened.close()


def test_the_page_and_its_memos_show_them(address: str, browser: Browser):
    page = open_page(browser, address)
    page.fill("#question textarea", QUESTION)
    page.keyboard.press("Enter")
    turn = page.locator("#thread .turn").last
    expect(turn.locator(".about")).to_contain_text("openai:scripted")
    expect(turn.locator(".answer > ul strong")).to_have_text("Réservez d’abord.")
    expect(turn.locator("thead th")).to_have_text(list(HEADER))
    expect(turn.locator("tbody th")).to_have_text(["Réservations", "Tagging"])  # the row with a false figure is left out
    expect(turn.locator("tbody tr").first.locator("td .cite")).to_have_count(1)
    expect(turn.locator(".withheld")).to_contain_text("71 %")
    assert TABLE in turn.locator(".copy").get_attribute("data-copy")
    assert "- **Réservez d’abord.** Les" in turn.locator(".copy").get_attribute("data-copy")
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / "table.png")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if folder:
        page.screenshot(path=Path(folder) / "table-390.png")
    memo = address + turn.locator("a[href*='memo.md']").get_attribute("href").removeprefix("..")
    assert TABLE in httpx.get(memo).text
    assert "- **Réservez d’abord.** Les" in httpx.get(memo).text
    word = docx.Document(BytesIO(httpx.get(memo.replace("memo.md", "memo.docx")).content))
    assert [cell.text for cell in word.tables[0].rows[0].cells] == list(HEADER)
    assert len(word.tables[0].rows) == 3
    assert "Réservez d’abord." in [run.text for paragraph in word.paragraphs for run in paragraph.runs if run.bold]
    page.context.close()


def test_programs_get_them(address: str):
    answer = httpx.post(f"{address}/api/ask", json={"question": QUESTION}, timeout=60).json()
    assert TABLE in answer["answer"]
    lead, row, *_ = answer["sentences"]
    assert (lead["lead"], "row" in lead) == ("Réservez d’abord.", False)
    assert row["row"] == {"header": list(HEADER), "cells": ["Réservations", "la facture a été réduite de 17 %", "sur un an"]}
    assert row["text"] == "Réservations\u00a0: Effet\u00a0: la facture a été réduite de 17 %; Délai\u00a0: sur un an"
    with client_of(address) as client:
        message = client.chat.completions.create(model=MODEL, messages=[user(QUESTION)]).choices[0].message
        chunks = client.chat.completions.create(model=MODEL, messages=[user(QUESTION)], stream=True)
        streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert streamed == message.content
    assert TABLE in message.content
    assert "- **Réservez d’abord.** Les" in message.content
    places = (one.url_citation for one in message.annotations)
    assert {message.content[place.start_index : place.end_index] for place in places} <= {"[1]", "[2]"}


def test_a_table_grows_by_rows_and_ends_with_its_headers():
    rows = [("Nuit", "s’arrête"), ("Jour", "tourne")]
    sentences = [
        AnswerSentence(" ".join(row), (1,), "supported", 1.0, row=TableRow(header, row))
        for header in (("Quand", "Quoi"), ("Heure", "État"))
        for row in rows
    ]
    texts = [compose("fr", sentences[: number + 1]) for number in range(4)]
    assert all(after.startswith(before) for before, after in pairwise(texts))
    assert texts[-1].count("| --- | --- |") == 2
    assert texts[1] == "| Quand | Quoi |\n| --- | --- |\n| Nuit | s’arrête [1] |\n| Jour | tourne [1] |"
