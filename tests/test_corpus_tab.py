"""The Corpus tab in a real browser, on a small corpus of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pages import open_page, serious, serve_app, show_tab, sign_in
from playwright.sync_api import Browser, Page, expect

from advisor.accounts.audit import audit_file
from advisor.accounts.users import add_user, new_token
from advisor.advisor import Advisor
from advisor.features.curation import delete_documents, entries, store_upload
from advisor.index.report import IndexReport
from advisor.index.sync import SyncOptions, sync
from advisor.settings import Settings
from advisor.text.reasons import FailedDocument, reason
from advisor.ui.corpus_view import render_entries
from advisor.ui.texts import TEXTS

NOTE = "# Rotation\n\nThe on-call rotation changes every Tuesday at noon, after the handover meeting.\n"


@dataclass(frozen=True)
class Desk:
    """A running application with its settings."""

    address: str
    settings: Settings


@pytest.fixture
def desk(small_settings: Settings, embeddings) -> Iterator[Desk]:
    yield from _serve(small_settings, embeddings)


def _serve(settings: Settings, embeddings) -> Iterator[Desk]:
    sync(settings, embeddings)
    advisor = Advisor.open(settings, embeddings)
    with serve_app(advisor) as address:
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
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4\nnothing of a PDF follows")
    page = open_tab(browser, desk.address)
    page.locator("#corpus-upload input[type=file]").set_input_files(
        [tmp_path / "rotation.md", tmp_path / "broken.md", tmp_path / "broken.pdf"]
    )
    expect(page.locator("#corpus-outcome")).to_contain_text("uploads/rotation.md is in the corpus")
    expect(page.locator("#corpus-outcome .failed", has_text="broken.md")).to_be_visible()
    expect(page.locator("#corpus-outcome .failed", has_text="broken.pdf")).to_contain_text("damaged")
    assert not (desk.settings.corpus_dir / "uploads" / "broken.pdf").exists()
    expect(page.locator("#corpus-documents .state.added")).to_have_count(1)
    page.get_by_role("button", name="Index now").click()
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
    row = page.locator("#corpus-documents tr", has_text="en/board.md")
    row.locator(".delete-file").click()
    expect(row.locator(".confirm-delete")).to_contain_text("en/board.md")
    row.get_by_role("button", name="Cancel").click()
    expect(row.locator(".delete-file")).to_be_focused()
    assert path.exists()
    row.locator(".delete-file").click()
    row.get_by_role("button", name="Yes").click()
    expect(page.locator("#corpus-documents .state.removed")).to_have_count(1)
    assert not path.exists()
    page.locator("#corpus-reindex").click()
    expect(page.locator("#corpus-outcome")).to_contain_text("Removed: en/board.md")
    expect(page.locator("#corpus-documents tbody tr")).to_have_count(4)
    page.locator("#corpus-rollback").click()
    expect(page.locator("#corpus-confirm")).to_contain_text("4 documents")
    expect(page.locator("#corpus-documents tbody tr")).to_have_count(4)
    page.locator("#corpus-yes").click()
    expect(page.locator("#corpus-outcome")).to_contain_text("The index is back at the one before: 5 documents")
    expect(page.locator("#corpus-outcome .outcome")).to_have_attribute("title", re.compile("^000001"))
    expect(page.locator("#corpus-documents p").first).to_contain_text("5 documents")
    expect(page.locator("#corpus-documents")).to_contain_text("en/board.md")
    page.context.close()


@pytest.mark.parametrize(("width", "locale"), [(1280, "en-GB"), (390, "fr-FR")])
def test_the_table_is_searched_sifted_and_sorted(browser: Browser, desk: Desk, width: int, locale: str):
    words = TEXTS[locale[:2]].corpus
    (desk.settings.corpus_dir / "fr" / "zèbre.md").write_text(NOTE, encoding="utf-8")
    page = open_page(browser, desk.address, width=width, locale=locale)
    show_tab(page, "Corpus")
    rows = page.locator("#corpus-documents tbody tr")
    expect(rows).to_have_count(6)
    expect(rows.first).to_contain_text("zèbre")  # what waits comes first
    expect(page.locator("#corpus-documents .changes")).to_have_text(words.changes_wait.format(1))
    page.get_by_role("searchbox", name=words.search).fill("ZEBRE")
    expect(rows.locator("visible=true")).to_have_count(1)
    expect(page.locator("#corpus-documents .sift [role=status]")).to_have_text(words.shown.format(1, 6))
    page.get_by_role("searchbox", name=words.search).fill("")
    page.get_by_label(words.state, exact=True).select_option("indexed")
    expect(rows.locator("visible=true")).to_have_count(5)
    page.get_by_label(words.state, exact=True).select_option("")
    page.get_by_role("button", name=words.columns[0], exact=True).click()
    titles = [title.casefold() for title in page.locator("#corpus-documents tbody strong").all_inner_texts()]
    assert titles == sorted(titles)
    page.locator("#corpus-documents .delete-file").first.click()
    assert serious(page) == []
    page.context.close()


def test_a_failed_file_is_shown_with_its_reason_and_keeps_its_version(browser: Browser, desk: Desk):
    (desk.settings.corpus_dir / "en" / "notes.txt").write_bytes(b"\x00\x01\x02binary")
    page = open_tab(browser, desk.address)
    expect(page.locator("#corpus-documents tr", has_text="en/notes.txt").locator(".state.failed")).to_be_visible()
    page.locator("#corpus-reindex").click()
    expect(page.locator("#corpus-outcome .failed")).to_contain_text("en/notes.txt")
    expect(page.locator("#corpus-documents tbody tr")).to_have_count(5)
    page.context.close()


def test_only_curators_see_the_tab_and_each_action_is_theirs(browser: Browser, desk: Desk):
    add_user(desk.settings, "ada", "correct horse battery", "user")
    add_user(desk.settings, "grace", "staple staple staple", "curator")
    page = sign_in(browser, desk.address, "ada", "correct horse battery")
    expect(page.locator("#account")).to_contain_text("ada")
    expect(page.get_by_role("tab", name="Corpus")).to_have_count(0)
    page.context.close()
    page = sign_in(browser, desk.address, "grace", "staple staple staple")
    page.get_by_role("tab", name="Corpus").click()
    expect(page.locator("#corpus-documents tbody tr")).to_have_count(5)
    page.locator("#corpus-reindex").click()
    expect(page.locator("#corpus-outcome p[title^='000001']")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{desk.address}/login")
    page.context.close()
    lines = [json.loads(line) for line in audit_file(desk.settings).read_text(encoding="utf-8").splitlines()]
    assert [(line["user"], line["action"]) for line in lines] == [
        ("ada", "sign-in"),
        ("grace", "sign-in"),
        ("grace", "index"),
    ]


def test_what_the_tab_does_is_refused_to_others(small_settings: Settings, embeddings):
    """The events can be called without the tab."""
    sync(small_settings, embeddings)
    for role, name in (("user", "ada"), ("curator", "grace")):
        add_user(small_settings, name, "correct horse battery", role)
    tokens = {name: new_token(small_settings, name) for name in ("ada", "grace")}
    advisor = Advisor.open(small_settings, embeddings)
    (small_settings.corpus_dir / "en" / "notes.txt").unlink()
    with serve_app(advisor) as address:
        for name, documents in (("ada", 5), ("grace", 4)):
            with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {tokens[name]}"}) as client:
                config = client.get("/en/config").json()
                button = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == "corpus-reindex")
                event = next(d["id"] for d in config["dependencies"] if [button, "click"] in d["targets"])
                body = {"fn_index": event, "data": [], "session_hash": name}
                taken = client.post("/en/gradio_api/queue/join", json=body)
                assert taken.status_code == (403 if name == "ada" else 200), taken.text
                if name == "grace":
                    client.get("/en/gradio_api/queue/data", params={"session_hash": name}, timeout=60)
            assert advisor.index.info.documents == documents
    advisor.close()


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
    assert "over the limit" in str(store_upload(small, "note.md", file).reason)
    assert "cannot be read" in str(store_upload(small_settings, "gone.md", tmp_path / "gone.md").reason)
    assert [path.name for path in (small_settings.corpus_dir / "uploads").iterdir() if path.name.startswith(".")] == []


def test_only_files_of_the_corpus_folder_are_deleted(small_settings: Settings, tmp_path: Path):
    outside = tmp_path / "outside.md"
    outside.write_text("kept", encoding="utf-8")
    deleted, kept = delete_documents(small_settings, ["../outside.md", "en", "en/gone.md", "en/notes.txt"])
    assert deleted == ["en/notes.txt"]
    assert [failed.document for failed in kept] == ["../outside.md", "en", "en/gone.md"]
    assert outside.exists()


def test_files_with_the_same_content_are_one_row_with_all_names(small_settings: Settings, embeddings):
    (small_settings.corpus_dir / "en" / "copy.md").write_bytes(
        (small_settings.corpus_dir / "en" / "incidents.md").read_bytes()
    )
    sync(small_settings, embeddings)
    advisor = Advisor.open(small_settings, embeddings)
    rows = entries(advisor.index, sync(small_settings, embeddings, SyncOptions(dry_run=True)))
    advisor.close()
    assert [(row.document, row.aliases) for row in rows if row.aliases] == [("en/copy.md", ("en/incidents.md",))]
    table = render_entries(rows, advisor.index.info, TEXTS["en"])
    assert table.count("<tr ") == len(rows)
    assert "<code>en/copy.md</code><br><code>en/incidents.md</code>" in table


def test_entries_show_what_a_sync_would_change(small_settings: Settings, embeddings):
    sync(small_settings, embeddings)
    advisor = Advisor.open(small_settings, embeddings)
    pending = IndexReport(
        "",
        added=("en/new.md",),
        updated=("en/board.md",),
        renamed=(("en/incidents.md", "en/reviews.md"),),
        removed=("en/notes.txt",),
        failed=(FailedDocument("fr/finops.md", reason("binary")), FailedDocument("fr/new.pdf", reason("password"))),
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
