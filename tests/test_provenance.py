"""Who added a document and who approved it: what nobody looked at answers nothing, and no upload says where it is from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import SMALL_CORPUS
from served import PASSWORD, Served, event_of, serve, told

from advisor.accounts.audit import audit_file
from advisor.accounts.users import add_user, new_token
from advisor.documents.folder import document_id, list_files
from advisor.documents.provenance import PROVENANCE_FILE, provenance_of
from advisor.documents.reading import content_hash
from advisor.features.review import approve_uploads, decline_uploads, submit_upload, waiting_uploads
from advisor.index.sync import sync
from advisor.limits import FILE_NAME
from advisor.settings import Settings

NOTE = b"# Rotation\n\nThe on-call rotation changes every Tuesday at noon.\n"
CHANGES = "When does the on-call rotation change?"


def as_user(served: Served, name: str) -> httpx.Client:
    return served.client(Authorization=f"Bearer {new_token(served.settings, name)}")


def submitted(settings: Settings, folder: Path, name: str, data: bytes = NOTE, who: str | None = "ada") -> Any:
    """What becomes of an upload of that name."""
    file = folder / "sent"
    file.write_bytes(data)
    return submit_upload(settings, name, file, who)


def documents_of(results: list[dict[str, Any]]) -> set[str]:
    return {one["document"] for one in results}


def record(settings: Settings) -> dict[str, dict[str, str]]:
    """What is written down of who added and approved documents."""
    return json.loads((settings.corpus_dir / PROVENANCE_FILE).read_text(encoding="utf-8"))


def test_an_upload_waits_for_approval_and_its_origin_is_shown(tmp_path: Path, embeddings):
    with serve(tmp_path, embeddings, local=False) as running:
        add_user(running.settings, "grace", PASSWORD, "curator")
        add_user(running.settings, "ada", PASSWORD, "user")
        with as_user(running, "grace") as grace, as_user(running, "ada") as ada:
            sent = grace.post("/en/gradio_api/upload", files={"files": ("rotation.md", NOTE)}).json()
            data = [{"path": sent[0], "meta": {"_type": "gradio.FileData"}}]
            assert "waits for a curator" in told(grace, event_of(grace, "corpus-upload", "upload"), [data], "one")
            sync(running.settings, running.advisor.embeddings)
            assert grace.get("/api/sources/uploads/rotation.md").status_code == 404
            assert documents_of(ada.post("/api/search", json={"question": CHANGES}).json()["results"]) <= set(SMALL_CORPUS)
            assert grace.get("/api/waiting/rotation.md").content == NOTE
            assert ada.get("/api/waiting/rotation.md").json()["code"] == "curators_only"
            assert grace.get("/api/waiting/other.md").status_code == 404
            words = told(grace, event_of(grace, "corpus-approve"), [["rotation.md"]], "one")
            assert "uploads/rotation.md is in the corpus" in words
            sync(running.settings, running.advisor.embeddings)
            assert "uploads/rotation.md" in documents_of(
                ada.post("/api/search", json={"question": CHANGES}).json()["results"]
            )
            shown = grace.get("/api/sources/uploads/rotation.md").json()
            assert (shown["added_by"], shown["approved_by"]) == ("grace", "grace")
            assert "Added by grace on" in shown["html"]
            assert "approved by grace on" in shown["html"]
            board = grace.get("/api/sources/en/board.md").json()
            assert (board["added_by"], board["approved_by"]) == ("operator", "operator")
            assert "whoever runs the advisor" in board["html"]
    actions = [json.loads(line)["action"] for line in audit_file(running.settings).read_text(encoding="utf-8").splitlines()]
    assert actions == ["upload", "approve"]


def test_what_waits_is_in_no_corpus_and_what_is_declined_is_gone(small_settings: Settings, tmp_path: Path):
    assert submitted(small_settings, tmp_path, "rotation.md").waits
    assert [(one.name, one.added_by) for one in waiting_uploads(small_settings)] == [("rotation.md", "ada")]
    assert not (small_settings.corpus_dir / "uploads").exists()
    assert decline_uploads(small_settings, ["rotation.md", "../users.json"]) == ["rotation.md"]
    assert waiting_uploads(small_settings) == []
    assert approve_uploads(small_settings, ["rotation.md"], "grace") == []


def test_what_waits_is_what_is_approved(small_settings: Settings, tmp_path: Path):
    """Nobody puts something else in its place while a curator looks at it."""
    submitted(small_settings, tmp_path, "rotation.md")
    again = submitted(small_settings, tmp_path, "rotation.md", b"# Rotation\n\nIt never changes.\n", "mallory")
    assert "waits already" in str(again.reason)
    approve_uploads(small_settings, ["rotation.md"], "grace")
    assert (small_settings.corpus_dir / "uploads" / "rotation.md").read_bytes() == NOTE
    assert submitted(small_settings, tmp_path, "rotation.md").waits


@pytest.mark.parametrize("content", [b'{"added_by": "operator", "added": "2020-01-01"}', b'{"a": 1}', b"[]"])
def test_no_upload_says_who_added_another(small_settings: Settings, tmp_path: Path, content: bytes):
    """Names of the files in which that is kept, now and before."""
    for name in ("rotation.md", "rotation.md.by.json", "by.json", PROVENANCE_FILE, "waiting-notes.json"):
        submitted(small_settings, tmp_path, name, NOTE if name.endswith(".md") else content)
    assert {one.added_by for one in waiting_uploads(small_settings)} == {"ada"}
    approve_uploads(small_settings, [one.name for one in waiting_uploads(small_settings)], "grace")
    written = record(small_settings)
    assert {entry["added_by"] for entry in written.values()} == {"ada"}
    assert all(name.startswith("uploads/") for name in written)


def test_a_name_may_be_as_long_as_a_name_of_a_file(small_settings: Settings, tmp_path: Path):
    name = "a" * (FILE_NAME.most - 3) + ".md"
    assert submitted(small_settings, tmp_path, name).waits
    assert [one.document for one in approve_uploads(small_settings, [name], "grace")] == [f"uploads/{name}"]


def test_the_record_is_no_document(small_settings: Settings, tmp_path: Path, embeddings):
    submitted(small_settings, tmp_path, "rotation.md")
    approve_uploads(small_settings, ["rotation.md"], "grace")
    names = {document_id(path, small_settings.corpus_dir) for path in list_files(small_settings.corpus_dir)}
    assert "uploads/rotation.md" in names
    assert PROVENANCE_FILE not in names
    assert sync(small_settings, embeddings).passed_over == ()


@pytest.mark.parametrize("name", ["thesaurus.yaml", "sections.yaml", "asked/a.yaml", "../asked/a.yaml"])
def test_no_upload_is_a_curated_answer_or_a_phrasing(small_settings: Settings, tmp_path: Path, embeddings, name: str):
    """Approved or not, it is a document like any other: what stands beside the documents is whoever runs the advisor's."""
    curated = b"document: en/board.md\nasked:\n  - sentence: The moon belongs to nobody, and everybody may look at it.\n"
    submitted(small_settings, tmp_path, name, curated)
    approve_uploads(small_settings, [one.name for one in waiting_uploads(small_settings)], "grace")
    beside = {path.name for path in small_settings.corpus_dir.iterdir()}
    assert not beside & {"thesaurus.yaml", "sections.yaml", "asked"}
    assert sync(small_settings, embeddings).passed_over == ()


def test_a_file_that_was_changed_on_disk_is_the_operators(small_settings: Settings, tmp_path: Path):
    submitted(small_settings, tmp_path, "rotation.md")
    approve_uploads(small_settings, ["rotation.md"], "grace")
    entry = record(small_settings)["uploads/rotation.md"]
    assert (entry["added_by"], entry["approved_by"]) == ("ada", "grace")
    assert provenance_of(small_settings, "uploads/rotation.md", content_hash(NOTE)) is not None
    assert provenance_of(small_settings, "uploads/rotation.md", content_hash(NOTE + b"More.\n")) is None


def test_without_users_an_upload_is_the_operators(small_settings: Settings, tmp_path: Path):
    outcome = submitted(small_settings, tmp_path, "rotation.md", who=None)
    assert (outcome.document, outcome.waits) == ("uploads/rotation.md", False)
    assert record(small_settings)["uploads/rotation.md"]["added_by"] == "operator"
