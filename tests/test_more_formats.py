"""What is read from slides, sheets, books, mail, notebooks, data and marked-up text; what is passed over is named."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import xlsxwriter
from pptx import Presentation
from pptx.util import Inches

from advisor.documents.chunking import chunk_document
from advisor.documents.folder import list_files, passed_over
from advisor.documents.formats.extractor import Extractor
from advisor.documents.reading import parse_document
from advisor.errors import DocumentError, NoProseError
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings
from advisor.text.plain import plain
from advisor.types import Document


@pytest.fixture(scope="module")
def extractor() -> Iterator[Extractor]:
    with Extractor(Settings()) as opened:
        yield opened


def slides() -> bytes:
    deck = Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "The move"
    first.placeholders[1].text = "We move in June.\nTwo teams watch."
    raised = first.placeholders[1].text_frame.paragraphs[0].add_run()
    raised.text = "2"
    raised._r.get_or_add_rPr().set("baseline", "30000")
    first.notes_slide.notes_text_frame.text = "Say why."
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "Costs"
    table = second.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for at, text in enumerate(("Zone", "Cost", "A", "40")):
        table.cell(at // 2, at % 2).text = text
    hidden = deck.slides.add_slide(deck.slide_layouts[5])
    hidden.shapes.title.text = "Secret"
    hidden._element.set("show", "0")
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def workbook() -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("Quotas")
        for number, row in enumerate(
            (["Quotas of the year"], ["Team", "Quota", "Owner"], ["North", 77, "Ann"], ["South", 12.5])
        ):
            sheet.write_row(number, 0, row)
        notes = book.add_worksheet("Notes")
        notes.write(0, 0, "Quotas are reviewed in May.")
        hidden = book.add_worksheet("Old")
        hidden.write(0, 0, "Secret")
        hidden.hide()
    return out.getvalue()


ODF = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
    for name, long in (
        ("office", "office"), ("text", "text"), ("table", "table"), ("draw", "drawing"), ("style", "style"),
        ("presentation", "presentation"),
    )
)  # fmt: skip


def open_document(kind: str, body: str) -> bytes:
    styles = (
        '<style:style style:name="Up"><style:text-properties style:text-position="super 58%"/></style:style>'
        '<style:style style:name="Out"><style:text-properties style:text-line-through-style="solid"/></style:style>'
    )
    content = (
        f"<office:document-content {ODF}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body>{body}</office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
        made.writestr("content.xml", content)
    return out.getvalue()


TEXT = (
    '<office:text><text:tracked-changes>Gone</text:tracked-changes><text:h text:outline-level="1">Gate</text:h>'
    '<text:p>It takes 10<text:span text:style-name="Up">6</text:span> calls, <text:span text:style-name="Out">80</text:span>60 a'
    "<text:s/>day<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>On average.</text:p>"
    "</text:note-body></text:note>.</text:p><text:list><text:list-item><text:p>One</text:p></text:list-item></text:list>"
    '<table:table><table:table-row><table:table-cell table:number-columns-spanned="2"><text:p>A</text:p></table:table-cell>'
    "<table:covered-table-cell/></table:table-row><table:table-row><table:table-cell><text:p>1</text:p></table:table-cell>"
    "<table:table-cell><text:p>2</text:p></table:table-cell></table:table-row></table:table></office:text>"
)
SLIDE = (
    '<office:presentation><draw:page draw:name="page1"><draw:frame presentation:class="title"><draw:text-box><text:p>Gate'
    "</text:p></draw:text-box></draw:frame><draw:frame><draw:text-box><text:p>It is high.</text:p></draw:text-box></draw:frame>"
    '<draw:frame presentation:class="page-number"><draw:text-box><text:p>7</text:p></draw:text-box></draw:frame>'
    "</draw:page></office:presentation>"
)
BOOK = {
    "mimetype": b"application/epub+zip",
    "META-INF/container.xml": b'<container xmlns="urn:c"><rootfiles><rootfile full-path="O/p.opf"/></rootfiles></container>',
    "O/p.opf": b'<package xmlns="urn:p" xmlns:dc="urn:dc"><metadata><dc:title>The book</dc:title></metadata><manifest>'
    b'<item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    b'<item id="b" href="two.xhtml" media-type="application/xhtml+xml"/>'
    b'<item id="a" href="one.xhtml" media-type="application/xhtml+xml"/></manifest>'
    b'<spine><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/></spine></package>',
    "O/nav.xhtml": b"<html><body><p>Contents</p></body></html>",
    "O/one.xhtml": b"<!DOCTYPE html><html><body><h1>One</h1><p>It begins.</p></body></html>",
    "O/two.xhtml": b"<html><body><h1>Two</h1><p>It ends.</p></body></html>",
}
MAIL = (
    "From: Ann <ann@example.org>\nTo: Bob <bob@example.org>\nSubject: =?utf-8?q?D=C3=A9cision?=\nDate: Mon, 3 Mar 2025 10:00:00 +0100\n"
    'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"\n\n--x\nContent-Type: text/plain; charset=latin-1\n'
    "Content-Transfer-Encoding: quoted-printable\n\nNous gardons deux fournisseurs jusqu'=E0 2027.\n--x\nContent-Type: "
    "application/pdf\nContent-Disposition: attachment; filename=plan.pdf\n\nx\n--x--\n"
)
NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "source": ["# Gate\n", "\n", "It is high."]},
        {"cell_type": "code", "source": "x = 1", "outputs": [{"text": "Secret"}]},
    ]
}
API = {"info": {"title": "Gate API", "description": "It opens and closes the gates of a site."}, "version": 3}


def zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, data in parts.items():
            made.writestr(name, data)
    return out.getvalue()


FILES: dict[str, tuple[bytes, str]] = {
    "a.pptx": (
        slides(),
        "## The move\n\n- We move in June.²\n- Two teams watch.\n\nSay why.\n\n## Costs\n\n| Zone | Cost |\n| --- | --- |\n| A | 40 |\n",
    ),
    "a.xlsx": (
        workbook(),
        "## Quotas\n\nQuotas of the year\n\n- Team: North; Quota: 77; Owner: Ann.\n- Team: South; Quota: 12.5.\n\n## Notes\n\n"
        "Quotas are reviewed in May.\n",
    ),
    "a.csv": ("Équipe;Quota\nNord;77\n".encode("cp1252"), "- Équipe: Nord; Quota: 77.\n"),
    "a.tsv": (b"Team\tQuota\nNorth, East\t77\n", "- Team: North, East; Quota: 77.\n"),
    "a.odt": (
        open_document("text", TEXT),
        "# Gate\n\nIt takes 10⁶ calls, 60 a day (On average.).\n\n- One\n\n| A |  |\n| --- | --- |\n| 1 | 2 |\n",
    ),
    "a.odp": (open_document("presentation", SLIDE), "## Gate\n\nIt is high.\n"),
    "a.epub": (zipped(BOOK), "# One\n\nIt begins.\n\n# Two\n\nIt ends.\n"),
    "a.eml": (
        MAIL.encode(),
        "# Décision\n\nFrom: Ann \\<ann@example.org>; To: Bob \\<bob@example.org>; Date: Mon, 03 Mar 2025 10:00:00 +0100\n\n"
        "Nous gardons deux fournisseurs jusqu'à 2027.\n\nAttachments, not read: plan.pdf\n",
    ),
    "a.ipynb": (json.dumps(NOTEBOOK).encode(), "# Gate\n\nIt is high.\n\n```\nx = 1\n```\n"),
    "a.json": (
        json.dumps(API).encode(),
        "## info\n\ntitle: Gate API\n\ndescription: It opens and closes the gates of a site.\n\nversion: 3\n",
    ),
    "a.yaml": (
        b"do:\n  - Call the on-call engineer and open a bridge.\n",
        "do: Call the on-call engineer and open a bridge.\n",
    ),
    "a.rst": (
        b"Gate\n====\n\nPart\n----\n\nIt is high.\n\n.. note:: Mind it.\n",
        "# Gate\n\n## Part\n\nIt is high.\n\nNote\n\nMind it.\n",
    ),
    "a.adoc": (b"= Gate\n\n== Part\n\nIt takes 10^6^ calls.\n", "# Part\n\nIt takes 10⁶ calls.\n"),
    "a.rtf": (
        b"{\\rtf1\\ansi It takes 10{\\super 6} calls, {\\strike 80} 60 a day.\\par}",
        "It takes 10⁶ calls, 60 a day.\n",
    ),
}


def read(extractor: Extractor, name: str) -> Document:
    if name.endswith((".rst", ".adoc", ".rtf")):
        pytest.importorskip("pypandoc")
    return parse_document(name, FILES[name][0], extractor)


@pytest.mark.parametrize("name", FILES)
def test_what_a_file_says(extractor: Extractor, name: str) -> None:
    document = read(extractor, name)
    assert document.text.replace("\n\n\n", "\n\n") == FILES[name][1]
    assert "Secret" not in document.text
    assert chunk_document(document, chunk_chars=900)


def test_hidden_slides_and_sheets_are_counted(extractor: Extractor) -> None:
    assert all(read(extractor, name).hidden >= len("Secret") for name in ("a.pptx", "a.xlsx"))


def test_a_row_is_a_sentence_that_can_be_cited(extractor: Extractor) -> None:
    chunks = chunk_document(read(extractor, "a.xlsx"), chunk_chars=900)
    said = [plain(chunk.text_of(sentence)) for chunk in chunks for sentence in chunk.sentences]
    assert "Team: South; Quota: 12.5." in said


def test_titles_and_pages(extractor: Extractor) -> None:
    titles = {name: read(extractor, name).title for name in ("a.epub", "a.eml", "a.json", "a.pptx")}
    assert titles == {"a.epub": "The book", "a.eml": "Décision", "a.json": "Gate API", "a.pptx": "The move"}
    deck = read(extractor, "a.pptx")
    assert deck.page_of(deck.text.index("Zone")) == 2


@pytest.mark.parametrize("name", [*FILES])
def test_what_is_damaged_has_a_reason(extractor: Extractor, name: str) -> None:
    if name.endswith((".rst", ".adoc", ".rtf")):
        pytest.importorskip("pypandoc")
    data = FILES[name][0]
    for broken in (data[: len(data) // 2], b"PK\x03\x04" + data, b"\0" + data):
        why = refusal(name, broken, extractor)
        assert "\n" not in why
        assert "Traceback" not in why


def refusal(name: str, data: bytes, extractor: Extractor) -> str:
    """Why a file is refused; "" when it is read."""
    try:
        parse_document(name, data, extractor)
    except DocumentError as cause:
        return str(cause)
    return ""


def test_a_bomb_in_any_archive_is_refused() -> None:
    heavy = b"<a>" + b" " * 2_000_000 + b"</a>"
    parts = {"a.odt": {"mimetype": b"x.opendocument.text", "content.xml": heavy}, "a.epub": {**BOOK, "O/one.xhtml": heavy}}
    with Extractor(Settings(max_unpacked_bytes=1_000_000)) as extractor:
        for name, inside in parts.items():
            with pytest.raises(DocumentError, match="ADVISOR_MAX_UNPACKED_BYTES"):
                parse_document(name, zipped(inside), extractor)


LOCK = json.dumps(  # one sentence, among hundreds of versions
    {
        "note": "Use the newer package instead of this one.",
        "needs": {f"p{number}": "^12 || ^14 || >=16 || 18 || 20" for number in range(99)},
    }
).encode()


@pytest.mark.parametrize("data", [b'{"a": 1, "b": "short"}', b"[]", b"null", LOCK])
def test_settings_are_no_document(extractor: Extractor, data: bytes) -> None:
    with pytest.raises(NoProseError):
        parse_document("package.json", data, extractor)


def test_what_is_not_read_is_named(tmp_path: Path, embeddings: Embeddings) -> None:
    corpus = tmp_path / "corpus"
    (corpus / "asked").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (corpus / "linked").symlink_to(tmp_path / "elsewhere")
    made = {"good.md": b"The gate opens at six.", "package.json": b"{}", "asked/a.yaml": b"document: good.md\nasked: []\n"}
    for name in ("old.doc", "a.png", "b.png", "package.json", "thesaurus.yaml", "asked/a.yaml", "good.md", "silent.md"):
        (corpus / name).write_bytes(made.get(name, b""))
    assert [path.name for path in list_files(corpus)] == ["good.md", "package.json", "silent.md"]
    assert [passed.document for passed in passed_over(corpus)] == ["1 .doc (old.doc)", "2 .png (a.png, b.png)", "linked"]
    report = sync(Settings(corpus_dir=corpus, index_dir=tmp_path / "index"), embeddings)
    assert (report.added, report.failed, report.silent) == (("good.md", "silent.md"), (), ("silent.md",))
    assert {passed.document for passed in report.passed_over} >= {"package.json", "linked"}
