"""The Corpus tab in a real browser, on a small corpus of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pages import open_page, serve_app, show_tab
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr

from advisor.curation import delete_documents, entries, is_curator, store_upload
from advisor.pipeline import Advisor
from advisor.settings import Settings
from advisor.sync import sync
from advisor.types import FailedDocument, IndexReport

NOTE = "# Rotation\n\nThe on-call rotation changes every Tuesday at noon, after the handover meeting.\n"


@dataclass(frozen=True)
class Desk:
    """A running application with its settings."""

    address: str
    settings: Settings


@pytest.fixture
def desk(small_settings: Settings, embeddings) -> Iterator[Desk]:
    yield from _serve(small_settings, embeddings)


@pytest.fixture
def locked_desk(small_settings: Settings, embeddings) -> Iterator[Desk]:
    yield from _serve(small_settings.model_copy(update={"curator_password": SecretStr("correct horse")}), embeddings)


def _serve(settings: Settings, embeddings) -> Iterator[Desk]:
    sync(settings, embeddings)
    advisor = Advisor.open(settings, embeddings)
    with serve_app(advisor, local=settings.curator_password is None) as address:
        yield Desk(address, settings)
    advisor.close()


def open_tab(browser: Browser, address: str, *, width: int = 1280, locale: str = "en-GB") -> Page:
    page = open_page(browser, address, width=width, locale=locale)
    show_tab(page, "Corpus")
    return page


@pytest.mark.parametrize(("width", "locale", "state"), [(1280, "en-GB", "indexed"), (390, "fr-FR", "indexé")])
def test_the_tab_lists_the_documents_with_their_state(browser: Browser, desk: Desk, width: int, locale: str, state: str):
    page = open_tab(browser, desk.address, width=width, locale=locale)
    expect(page.locator("#corpus-documents tbody tr")).to_have_count(5)
    expect(page.locator("#corpus-documents .state")).to_have_text([state] * 5)
    expect(page.locator("#corpus-documents")).to_contain_text("fr/finops.md")
    page.context.close()


def test_an_uploaded_file_is_indexed_and_answers(browser: Browser, desk: Desk, tmp_path: Path):
    (tmp_path / "rotation.md").write_text(NOTE, encoding="utf-8")
    (tmp_path / "broken.md").write_bytes(b"\x00\x01\x02binary")
    page = open_tab(browser, desk.address)
    page.locator("#corpus-upload input[type=file]").set_input_files([tmp_path / "rotation.md", tmp_path / "broken.md"])
    expect(page.locator("#corpus-outcome")).to_contain_text("uploads/rotation.md is in the corpus")
    expect(page.locator("#corpus-outcome .failed")).to_contain_text("broken.md")
    expect(page.locator("#corpus-documents .state.added")).to_have_count(1)
    page.locator("#corpus-reindex").click()
    expect(page.locator("#corpus-outcome")).to_contain_text("Added: uploads/rotation.md")
    expect(page.locator("#corpus-documents .state.indexed")).to_have_count(6)
    page.get_by_role("tab", name="Conversation").click()
    page.fill("#question textarea", "When does the on-call rotation change?")
    page.keyboard.press("Enter")
    expect(page.locator("#thread .answer")).to_contain_text("every Tuesday at noon")
    page.context.close()


def test_a_document_is_deleted_after_confirmation_and_rolled_back(browser: Browser, desk: Desk):
    page = open_tab(browser, desk.address)
    path = desk.settings.corpus_dir / "en" / "board.md"
    choose(page, "en/board.md")
    page.locator("#corpus-delete").click()
    expect(page.locator("#corpus-confirm")).to_contain_text("en/board.md")
    page.locator("#corpus-no").click()
    expect(page.locator("#corpus-confirm")).to_be_hidden()
    assert path.exists()
    page.locator("#corpus-delete").click()
    page.locator("#corpus-yes").click()
    expect(page.locator("#corpus-documents .state.removed")).to_have_count(1)
    assert not path.exists()
    page.locator("#corpus-reindex").click()
    expect(page.locator("#corpus-outcome")).to_contain_text("Removed: en/board.md")
    expect(page.locator("#corpus-documents tbody tr")).to_have_count(4)
    page.locator("#corpus-rollback").click()
    expect(page.locator("#corpus-outcome")).to_contain_text("The index is back at generation 000001")
    expect(page.locator("#corpus-documents")).to_contain_text("en/board.md")
    page.context.close()


def choose(page: Page, name: str) -> None:
    page.locator("#corpus-choose input").click()
    page.get_by_role("option", name=name).click()
    page.keyboard.press("Escape")


def test_a_failed_file_is_shown_with_its_reason_and_keeps_its_version(browser: Browser, desk: Desk):
    (desk.settings.corpus_dir / "en" / "notes.txt").write_bytes(b"\x00\x01\x02binary")
    page = open_tab(browser, desk.address)
    expect(page.locator("#corpus-documents tr", has_text="en/notes.txt").locator(".state.failed")).to_be_visible()
    page.locator("#corpus-reindex").click()
    expect(page.locator("#corpus-outcome .failed")).to_contain_text("en/notes.txt")
    expect(page.locator("#corpus-documents tbody tr")).to_have_count(5)
    page.context.close()


def test_a_password_keeps_others_out(browser: Browser, locked_desk: Desk):
    page = open_tab(browser, locked_desk.address)
    expect(page.locator("#corpus-desk")).to_be_hidden()
    page.locator("#curator-password input").fill("guess")
    page.locator("#curator-enter").click()
    expect(page.locator("#corpus-refused")).to_contain_text("not the curators’ password")
    expect(page.locator("#corpus-desk")).to_be_hidden()
    page.locator("#curator-password input").fill("correct horse")
    page.keyboard.press("Enter")
    expect(page.locator("#corpus-documents tbody tr")).to_have_count(5)
    page.context.close()


def test_without_password_the_tab_is_for_this_machine_alone(browser: Browser, small_settings: Settings, embeddings):
    sync(small_settings, embeddings)
    advisor = Advisor.open(small_settings, embeddings)
    with serve_app(advisor, local=False) as address:
        page = open_page(browser, address)
        expect(page.get_by_role("tab")).to_have_count(3)
        expect(page.get_by_role("tab", name="Corpus")).to_have_count(0)
        page.context.close()
    advisor.close()


def test_the_password_is_compared_whole():
    locked = Settings(curator_password=SecretStr("correct horse"))
    assert is_curator(locked, "correct horse")
    assert not is_curator(locked, "")
    assert not is_curator(locked, "correct hors")
    assert is_curator(Settings(), "")


def test_an_upload_lands_in_its_folder_or_says_why_not(small_settings: Settings, tmp_path: Path):
    file = tmp_path / "note.md"
    file.write_text(NOTE, encoding="utf-8")
    first, again = (store_upload(small_settings, "note.md", file) for _ in range(2))
    assert (first.document, first.replaced) == ("uploads/note.md", False)
    assert (again.document, again.replaced) == ("uploads/note.md", True)
    assert (small_settings.corpus_dir / "uploads" / "note.md").read_text(encoding="utf-8") == NOTE
    escaped = store_upload(small_settings, "../../etc/passwd.md", file)
    assert escaped.document in (None, "uploads/passwd.md")
    small = small_settings.model_copy(update={"max_file_bytes": 10})
    assert "over the limit" in store_upload(small, "note.md", file).reason
    assert "cannot be read" in store_upload(small_settings, "gone.md", tmp_path / "gone.md").reason
    assert [path.name for path in (small_settings.corpus_dir / "uploads").iterdir() if path.name.startswith(".")] == []


def test_only_files_of_the_corpus_folder_are_deleted(small_settings: Settings, tmp_path: Path):
    outside = tmp_path / "outside.md"
    outside.write_text("kept", encoding="utf-8")
    deleted, kept = delete_documents(small_settings, ["../outside.md", "en", "en/gone.md", "en/notes.txt"])
    assert deleted == ["en/notes.txt"]
    assert [failed.document for failed in kept] == ["../outside.md", "en", "en/gone.md"]
    assert outside.exists()


def test_entries_show_what_a_sync_would_change(small_settings: Settings, embeddings):
    sync(small_settings, embeddings)
    advisor = Advisor.open(small_settings, embeddings)
    pending = IndexReport(
        "",
        added=("en/new.md",),
        updated=("en/board.md",),
        renamed=(("en/incidents.md", "en/reviews.md"),),
        removed=("en/notes.txt",),
        failed=(FailedDocument("fr/finops.md", "is broken"), FailedDocument("fr/new.pdf", "is encrypted")),
    )
    states = {entry.document: entry.state for entry in entries(advisor.index, pending)}
    advisor.close()
    assert states == {
        "en/board.md": "updated",
        "en/incidents.md": "removed",
        "en/new.md": "added",
        "en/notes.txt": "removed",
        "en/reviews.md": "added",
        "fr/finops.md": "failed",
        "fr/gouvernance.md": "indexed",
        "fr/new.pdf": "failed",
    }
