"""Files -> Documents."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.corpus import decode, document_id, list_files, parse_document, read_bytes
from advisor.errors import CorpusError, DocumentError
from advisor.settings import Settings
from advisor.types import Source

FRENCH = "Où est le problème ? Le CTO doit être là, près des équipes."


def test_front_matter() -> None:
    text = (
        "---\ntitle: Coûts\nlanguage: en\ntopic: finops\nupdated: 2026-03-01\nevidence: survey\ntranslation_of: fr/couts.md\n"
        "sources:\n  - organisation: CNCF\n    document: FinOps survey\n    year: 2023\n  - document: Sans date\n---\nLe corps.\n"
    )
    document = parse_document("en/costs.md", text.encode())
    assert (document.title, document.language, document.topic, document.updated) == ("Coûts", "en", "finops", "2026-03-01")
    assert (document.evidence, document.translation_of) == ("survey", "fr/couts.md")
    assert document.sources == (Source("CNCF", "FinOps survey", 2023), Source("", "Sans date", None))
    assert document.text == text
    assert document.text[document.body_start :] == "Le corps.\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_front_matter_with_every_newline_and_a_byte_order_mark(newline: str, mark: str) -> None:
    text = mark + newline.join(["---", "title: T", "---", "Corps."])
    document = parse_document("a.md", text.encode())
    assert (document.title, document.text[document.body_start :], document.text) == ("T", "Corps.", text)


@pytest.mark.parametrize(
    "block",
    ["title: [a", "- a\n- b", "juste du texte", "updated: 2026-13-45", "a: " + "[" * 1_500, "&a [*a]", "? [a, b]\n: 1"],
    ids=["broken", "list", "scalar", "no such date", "deep", "recursive", "odd key"],
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_block_that_is_no_front_matter_is_text(block: str, mark: str) -> None:
    text = f"{mark}---\n{block}\n---\n\n# Titre\n\nCorps.\n"
    document = parse_document("dossier/mon-fichier.md", text.encode())
    assert (document.text, document.body_start, document.topic) == (text, len(mark), None)


def test_front_matter_values_of_the_wrong_kind_are_left_out() -> None:
    front = "title: [a, b]\nlanguage: de\ntopic: {a: b}\nsources: texte\nupdated: 3"
    document = parse_document("a.md", f"---\n{front}\n---\n{FRENCH}".encode())
    assert (document.title, document.language, document.topic, document.sources, document.updated) == (
        "A",
        "fr",
        None,
        (),
        "3",
    )


@pytest.mark.parametrize(
    ("name", "body", "title"),
    [
        ("a.md", "Intro\n\n# Le **titre** #\n", "Le titre"),
        ("a.md", "# Titre #\r\n\r\nTexte\r\n", "Titre"),
        ("a.md", "# Titre\rTexte\r", "Titre"),
        ("a.md", "Titre\n=====\n\nTexte\n", "Titre"),
        ("a.md", "```sh\n# installer\n```\n\n## Vrai titre\n", "Vrai titre"),
        ("a.md", "# \n\n## Second\n", "Second"),
        ("dir/mon_beau-fichier.md", "### Trop bas\n", "Mon beau fichier"),
        ("vide.md", "", "Vide"),
        ("a.txt", "\n---\n  Première ligne  \nsuite\n", "Première ligne"),
        ("notes-cto.txt", "x" * 200, "Notes cto"),
        ("README.markdown", "texte", "Readme"),
    ],
)
def test_title(name: str, body: str, title: str) -> None:
    assert parse_document(name, body.encode()).title == title


def test_language_is_detected_from_the_body() -> None:
    front = "---\ntopic: the role of the chief technology officer in the company\n---\n"
    assert parse_document("a.md", (front + FRENCH).encode()).language == "fr"
    assert parse_document("a.md", b"The board wants one page with the three main risks.").language == "en"


def test_newlines_are_kept() -> None:
    data = b"a\r\nb\rc\nd"
    assert parse_document("a.txt", data).text.encode() == data


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("text", [FRENCH, "Stratégie", "naïve café", "Ça, là-bas : forêt, goût, Noël, où ?"])
def test_encodings_of_french(text: str, encoding: str) -> None:
    """A short text gives statistics little to go by: "à" must not become Polish."""
    assert decode(text.encode(encoding)).removeprefix("\ufeff") == text


def test_typography_of_windows() -> None:
    text = "L’entreprise a dépensé 3 € — c’était prévu… « cœur »"
    assert decode(text.encode("cp1252")) == text


@pytest.mark.parametrize("data", [b"a\0b", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xfe", bytes(range(256))])
def test_binary_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentError, match=r"binary|not text"):
        parse_document("a.txt", data)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """One odd file must not stop the others: DocumentError and nothing else."""
    try:
        document = parse_document("a.md", data)
    except DocumentError:
        return
    assert "\0" not in document.text
    assert document.title


def test_too_large_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x" * 1_001)
    with pytest.raises(DocumentError, match=r"1,001 bytes, over the limit of 1,000 \(ADVISOR_MAX_FILE_BYTES\)"):
        read_bytes(tmp_path / "a.txt", Settings(max_file_bytes=1_000))


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    (tmp_path / "dir.md").mkdir()
    (tmp_path / "link.md").symlink_to(tmp_path / "nowhere.md")
    with pytest.raises(DocumentError, match="cannot be read: Is a directory"):
        read_bytes(tmp_path / "dir.md", Settings())
    with pytest.raises(DocumentError, match="cannot be read: No such file"):
        read_bytes(tmp_path / "link.md", Settings())


def test_files_of_a_folder(tmp_path: Path) -> None:
    """Sub-folders and capitals count; hidden files, other types, folders and links that lead out or nowhere do not."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("secret")
    corpus = tmp_path / "corpus"
    for name in ("b.md", "a/c.TXT", "a/d.markdown", ".hidden.md", ".git/x.md", "image.png", "a/.cache/y.md"):
        path = corpus / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("texte")
    (corpus / "folder.md").mkdir()
    (corpus / "out.md").symlink_to(outside / "secret.md")
    (corpus / "outdir").symlink_to(outside, target_is_directory=True)
    (corpus / "nowhere.md").symlink_to(corpus / "missing.md")
    (corpus / "in.md").symlink_to(corpus / "b.md")
    names = [document_id(path, corpus) for path in list_files(corpus)]
    assert names == ["a/c.TXT", "a/d.markdown", "b.md", "in.md"]


def test_a_corpus_folder_that_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.md").write_text("texte")
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    assert [path.name for path in list_files(tmp_path / "link")] == ["a.md"]


def test_missing_and_empty_folders(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"does not exist. Create it, or name another with --corpus"):
        list_files(tmp_path / "missing")
    (tmp_path / "image.png").write_bytes(b"x")
    with pytest.raises(CorpusError, match=r"holds no document \(.md, .markdown, .txt\). Nothing was changed"):
        list_files(tmp_path)


def test_a_name_that_is_no_utf_8(tmp_path: Path) -> None:
    """SQLite, Chroma and JSON take no lone surrogates."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.md"))
    path.write_text("texte")
    assert [document_id(found, tmp_path) for found in list_files(tmp_path)] == ["caf\\udce9.md"]
