"""Files -> Documents."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.documents.folder import document_id, list_files
from advisor.documents.formats.encoding import decode
from advisor.documents.formats.extractor import Extractor
from advisor.documents.reading import check_upload, parse_document, read_bytes
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


@pytest.mark.parametrize("block", ["- a\n- b", "juste du texte", "&a [*a]", "? [a, b]\n: 1", ""])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_block_that_begins_with_no_key_is_text(block: str, mark: str) -> None:
    text = f"{mark}---\n{block}\n---\n\n# Titre\n\nCorps.\n"
    document = parse_document("dossier/mon-fichier.md", text.encode())
    assert (document.text, document.body_start, document.topic) == (text, len(mark), None)


BOMB = "\n".join(["a0: &a0 {x: 1}", *(f"a{n}: &a{n}\n  <<: [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))])


@pytest.mark.parametrize(
    ("block", "why"),
    [
        ("title: [a\ntopic: finops", r"line 3: expected ',' or '\]'"),
        (
            "# note\n\ntitle: Coûts : le guide: la suite",
            "line 4: mapping values are not allowed here. Correct it; a value with",
        ),
        ("updated: 2026-13-45", r"cannot be read \(month must be in 1..12\)"),
        ("a: " + "[" * 1_500, "nested more than 40 deep"),
        ("a: " + "[" * 5_000 + "]" * 5_000, "nested more than 40 deep"),
        (BOMB, r"an alias \(\*name\) is not read here"),
        ("title: " + "x" * 30_000, "longer than 20,000 characters"),
    ],
    ids=["broken", "colon", "no such date", "deep", "deeper", "bomb", "long"],
)
def test_front_matter_that_cannot_be_read_is_an_error(block: str, why: str) -> None:
    """As text, its title, language and date would be lost without a word."""
    with pytest.raises(DocumentError, match=why) as caught:
        parse_document("a.md", f"---\n{block}\n---\n\nCorps.\n".encode())
    assert "\n" not in str(caught.value)


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


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp850", "mac_roman", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("text", [FRENCH, "Stratégie", "naïve café", "Ça, là-bas : forêt, goût, Noël, où ?"])
def test_encodings_of_french(text: str, encoding: str) -> None:
    """A short text gives statistics little to go by: "à" must not become Polish."""
    assert decode(text.encode(encoding)).removeprefix("\ufeff") == text


def test_typography_of_windows() -> None:
    text = "L’entreprise a dépensé 3 € — c’était prévu… « cœur »"
    assert decode(text.encode("cp1252")) == text


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman"])
@pytest.mark.parametrize(
    "text",
    [
        "The team’s plan – it’s “done”…",
        "He said “yes” and “no”.",
        "L’été à Paris… c’est « là » – déjà.",
        "ÉTAT DES COÛTS : 5 £",
        "À Noël, 20 °C",
    ],
)
def test_typography_in_old_encodings(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings(encoding: str) -> None:
    """Without a mark too: the NUL bytes are the encoding's."""
    assert decode(FRENCH.encode(encoding)) == FRENCH


@pytest.mark.parametrize("data", [b"a\0b", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xfe", bytes(range(256))])
def test_binary_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentError, match=r"binary|not text|a PNG image"):
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


def in_corpus(tmp_path: Path, **limits: int) -> Settings:
    return Settings(corpus_dir=tmp_path, **limits)


def test_too_large_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x" * 1_001)
    with pytest.raises(DocumentError, match=r"1,001 bytes, over the limit of 1,000 \(ADVISOR_MAX_FILE_BYTES\)"):
        read_bytes(tmp_path / "a.txt", in_corpus(tmp_path, max_file_bytes=1_000))


def test_too_long_a_text() -> None:
    with (
        Extractor(Settings(max_text_chars=1_000)) as extractor,
        pytest.raises(DocumentError, match=r"2,000 characters of text, over the limit of 1,000 \(ADVISOR_MAX_TEXT_CHARS\)"),
    ):
        parse_document("a.md", b"x" * 2_000, extractor)


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (tmp_path / "secret.md").write_text("secret")
    (corpus / "dir.md").mkdir()
    (corpus / "link.md").symlink_to(corpus / "nowhere.md")
    (corpus / "out.md").symlink_to(tmp_path / "secret.md")
    (corpus / "circle.md").symlink_to(corpus / "circle.md")
    os.mkfifo(corpus / "pipe.md")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(corpus / "socket.md"))
    for name, why in (
        ("dir.md", "cannot be read: Is a directory"),
        ("link.md", "cannot be read: No such file"),
        ("out.md", "a link that leads out of the corpus folder. Copy the file itself"),
        ("circle.md", "cannot be read: "),
        ("pipe.md", "is no file but a folder, a pipe or a device"),
        ("socket.md", "cannot be read: No such device"),
    ):
        with pytest.raises(DocumentError, match=why):
            read_bytes(corpus / name, in_corpus(corpus))


def test_files_of_a_folder(tmp_path: Path) -> None:
    """Sub-folders and capitals count, and what has a document's name but cannot be read; hidden files, other types, folders
    and links to folders do not."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("secret")
    corpus = tmp_path / "corpus"
    for name in (
        "b.md",
        "a/c.TXT",
        "a/d.markdown",
        "e.pdf",
        "f.DOCX",
        ".hidden.md",
        ".git/x.md",
        "image.png",
        "a/.cache/y.md",
    ):
        path = corpus / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("texte")
    (corpus / "folder.md").mkdir()
    (corpus / "out.md").symlink_to(outside / "secret.md")
    (corpus / "outdir").symlink_to(outside, target_is_directory=True)
    (corpus / "itself").symlink_to(corpus, target_is_directory=True)
    (corpus / "nowhere.md").symlink_to(corpus / "missing.md")
    (corpus / "in.md").symlink_to(corpus / "b.md")
    names = [document_id(path, corpus) for path in list_files(corpus)]
    assert names == ["a/c.TXT", "a/d.markdown", "b.md", "e.pdf", "f.DOCX", "in.md", "nowhere.md", "out.md"]


def test_a_corpus_folder_that_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.md").write_text("texte")
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    assert [path.name for path in list_files(tmp_path / "link")] == ["a.md"]


def test_missing_and_empty_folders(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"does not exist. Create it, or name another with --corpus"):
        list_files(tmp_path / "missing")
    (tmp_path / "image.png").write_bytes(b"x")
    with pytest.raises(CorpusError, match=r"holds no document \(.md, .markdown, .mdx, .*, .docx.*\). Nothing was changed"):
        list_files(tmp_path)


def test_a_name_that_is_no_utf_8(tmp_path: Path) -> None:
    """SQLite, Chroma and JSON take no lone surrogates."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.md"))
    path.write_text("texte")
    assert [document_id(found, tmp_path) for found in list_files(tmp_path)] == ["caf\\udce9.md"]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/notes.md", "notes.md"),
        ("C:\\docs\\notes.md", "notes.md"),
        ("..notes.md", "notes.md"),
        ("no\ntes\u202egpj.md", "notesgpj.md"),
        ("cafe\u0301.md", "café.md"),
        ("caf\udce9.md", "caf.md"),
        ("Plan 2026 (v2).md", "Plan 2026 (v2).md"),
    ],
)
def test_the_name_of_an_upload(name: str, safe: str) -> None:
    assert check_upload(name, b"Texte.", Settings()) == safe


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("../..", b"x", "no name for a document"),
        (".md", b"x", "is of no kind that is read"),
        ("x" * 255 + ".md", b"x", "longer than 255 bytes"),
        ("run.exe", b"MZ", "is of no kind that is read"),
        ("a.md", b"%PDF-1.7\n", r"named like Markdown but is a PDF file. Rename it to end in \.pdf"),
        ("a.md", b"\x89PNG\r\n\x1a\n", "is a PNG image. Save it as Markdown"),
        ("a.md", b"a\0b\0\0\0", "binary"),
        ("a.pdf", b"Texte", "is named like PDF but is none. Save it as PDF"),
        ("a.pdf", b"", "is empty, so no PDF file"),
        ("a.md", b"x" * 2_000, "over the limit of 1,000"),
    ],
)
def test_an_upload_that_is_refused(name: str, data: bytes, why: str) -> None:
    with pytest.raises(DocumentError, match=why):
        check_upload(name, data, Settings(max_file_bytes=1_000))
