"""The page when a chat model writes: its name, what was withheld and why, and the note when it was of no use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pages import open_page, serve_app
from playwright.sync_api import Browser, expect
from scripted_model import KEY, scripted

from advisor.advisor import Advisor
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings

QUESTION = "De combien les réservations ont-elles réduit la facture ?"
TRUE = "Les réservations sur un an ont fait baisser la facture de 17 %. [1] Après six mois, le tagging couvre 92 % des dépenses du cloud. [1]"
FALSE = " Les réservations sur un an ont réduit la facture de 71 %. [1] <img src=x onerror=alert(1)> Voir https://evil.invalid/x [1]"


@pytest.mark.parametrize("width", [1280, 390])
def test_what_was_withheld_is_shown_on_demand(
    small_settings: Settings, embeddings: Embeddings, browser: Browser, monkeypatch: pytest.MonkeyPatch, width: int
):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    sync(small_settings, embeddings)
    with scripted(TRUE + FALSE, "Je ne sais pas.") as server:
        chosen = {"chat_model": "openai:scripted", "chat_url": server.url, "answer_threshold": 0.0}
        with serve_app(Advisor.open(small_settings.model_copy(update=chosen), embeddings)) as address:
            page = open_page(browser, address, width=width)
            page.fill("#question textarea", QUESTION)
            page.keyboard.press("Enter")
            turn = page.locator("#thread .turn").last
            expect(turn.locator(".about")).to_contain_text("openai:scripted")
            withheld = turn.locator(".withheld")
            false = withheld.get_by_text("Les réservations sur un an ont réduit la facture de 71 %.")
            expect(false).to_be_hidden()
            withheld.locator("summary").click()
            expect(false).to_be_visible()
            expect(withheld).to_contain_text("le passage ne donne pas « 71 % »")
            expect(turn.locator("img, a[href*='evil']")).to_have_count(0)
            _picture(page, f"withheld-{width}")
            page.fill("#question textarea", "Combien de temps après une panne se tient la revue ?")
            page.keyboard.press("Enter")
            expect(page.locator("#thread .turn")).to_have_count(2)
            expect(page.locator("#thread .turn").last.locator(".note")).to_contain_text("La réponse est faite de phrases")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            _picture(page, f"note-{width}")
            page.context.close()


def _picture(page, name: str) -> None:
    """A screenshot, for whoever wants to look (`SCREENSHOTS` names the folder)."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")
