"""Scanned pages: recognised within limits, marked as such, and named where they are not read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict
from difflib import SequenceMatcher

import numpy as np
import pypdfium2 as pdfium
import pytest
from made_files import lines, pdf, picture, scan
from PIL import Image, ImageFilter

from advisor.advisor import Advisor
from advisor.documents.citations import page_ranges
from advisor.documents.formats import pdf_scans
from advisor.documents.formats.extractor import Extractor
from advisor.documents.formats.ocr import is_installed, within
from advisor.documents.formats.pdf import read_pdf
from advisor.documents.reading import parse_document
from advisor.errors import DocumentError
from advisor.index import archive
from advisor.index.sync import last_report, sync
from advisor.models.embeddings import Embeddings
from advisor.serialization import report_json
from advisor.settings import Settings
from advisor.text.reasons import reason
from advisor.types import Document, Scan
from advisor.ui.answer_view import render_sources
from advisor.ui.corpus_view import render_report
from advisor.ui.document_view import render_document
from advisor.ui.texts import TEXTS

needs_ocr = pytest.mark.skipif(not is_installed(), reason="needs the extra `ocr`: pip install 'cto-advisor[ocr]'")

FRENCH = (
    "Règles de sauvegarde de l'hébergeur",
    "Où sont gardées les sauvegardes ? Elles sont chiffrées dès leur création, puis",
    "copiées dans un second centre de données, près de Besançon. L'équipe d'astreinte",
    "vérifie à chaque trimestre qu'une copie complète peut être rétablie en moins de",
    "douze heures ; le résultat est signé par la directrice générale déléguée. À défaut,",
    "le coût de l'intervention, évalué à 1 250 euros, reste à la charge du prestataire.",
    "Les œuvres et les maquettes, même inachevées, sont conservées pendant sept ans.",
)
ENGLISH = (
    "The badge office opens at seven in the morning and closes at noon on Fridays.",
    "Visitors leave a passport or an identity card, and receive a green badge with",
    "the name of their host. A badge that is lost must be reported within two hours,",
    "or the host pays a fee of 40 euros. Contractors renew theirs every six months.",
)


@pytest.fixture(scope="module")
def extractor() -> Iterator[Extractor]:
    """One for all: the first scan loads the models."""
    with Extractor(Settings()) as one:
        yield one


def read(data: bytes, extractor: Extractor) -> Document:
    return parse_document("scan.pdf", data, extractor)


def words_in_order(written: str, found: str) -> float:
    """The share of the words that are found whole and in their order."""
    pair = SequenceMatcher(None, written.split(), found.replace("’", "'").split(), autojunk=False)
    return sum(block.size for block in pair.get_matching_blocks()) / len(written.split())


def page(document: Document, number: int) -> str:
    starts = [*document.pages, len(document.text)]
    return document.text[starts[number - 1] : starts[number]]


@needs_ocr
def test_scanned_pages_are_read_with_their_accents_aslant_and_upside_down(extractor: Extractor) -> None:
    document = read(scan(FRENCH, ENGLISH), extractor)
    assert document.language == "fr"
    assert document.scan == Scan(read=(1, 2))
    assert words_in_order(" ".join(FRENCH), page(document, 1)) >= 0.98
    assert words_in_order(" ".join(ENGLISH), page(document, 2)) >= 0.98
    assert "#" not in document.text  # lines of one size are no headings
    turned = read(scan(ENGLISH[:2], turned=2, slope=-1), extractor)
    assert words_in_order(" ".join(ENGLISH[:2]), turned.text) >= 0.98


@needs_ocr
def test_a_page_on_its_side(extractor: Extractor) -> None:
    assert words_in_order(" ".join(ENGLISH[:2]), read(scan(ENGLISH[:2], turned=1), extractor).text) >= 0.98


@needs_ocr
def test_lines_that_are_not_clear_are_left_out_and_counted(extractor: Extractor) -> None:
    paper = picture(ENGLISH, noise=4)
    top, bottom = 200, 265  # the second line and the third, in pixels
    strip = paper.crop((0, top, paper.width, bottom)).filter(ImageFilter.GaussianBlur(3.6))
    paper.paste(strip, (0, top))
    out = io.BytesIO()
    paper.save(out, "PDF", resolution=200)
    document = read(out.getvalue(), extractor)
    assert "[…]" in document.text
    assert "Contractors renew theirs every six months." in document.text
    assert document.scan.read == (1,)
    assert document.scan.unsure > 0


def mixed(*parts: bytes) -> bytes:
    """The pages of several PDFs in one."""
    out, whole = io.BytesIO(), pdfium.PdfDocument.new()
    for part in parts:
        whole.import_pages(pdfium.PdfDocument(part))
    whole.save(out)
    return out.getvalue()


WRITTEN = pdf([lines("The canteen serves lunch from noon to two.", "It takes cards only.")])


@needs_ocr
def test_what_is_read_by_ocr_is_marked_wherever_it_is_shown(small_settings: Settings, embeddings: Embeddings) -> None:
    name = "en/badges.pdf"
    (small_settings.corpus_dir / name).write_bytes(mixed(WRITTEN, scan(ENGLISH), scan(FRENCH)))
    settings = small_settings.model_copy(update={"max_scanned_pages": 1})
    report = sync(settings, embeddings)
    expected = Scan((2,), (3,), (reason("many_scans", most=1),))
    assert report.scans == {name: expected}
    assert last_report(settings.index_dir) == report
    assert report_json(report)["scans"] == {name: asdict(expected) | {"why": str(expected.why[0])}}
    assert all(words in render_report(report, TEXTS["en"]) for words in ("read by OCR: 2", "not read: 3", "over the limit"))
    assert "Elles dépassent la limite de 1 (ADVISOR_MAX_SCANNED_PAGES)." in render_report(report, TEXTS["fr"])

    advisor = Advisor.open(settings, embeddings)
    document = advisor.document(name)
    assert document is not None
    assert document.scan == expected
    answer = advisor.ask("Within how many hours must a lost badge be reported?")
    citation = next(one for one in answer.citations if "within two hours" in one.quote)
    assert (citation.document, citation.page, citation.ocr) == (name, 2, True)
    assert "read by OCR" in render_sources([citation], "1", TEXTS["en"])
    assert "lue par OCR" in render_sources([citation], "1", TEXTS["fr"])
    html = render_document(document, None, None, TEXTS["en"])
    assert '<span class="page" data-page="2">page 2, read by OCR</span>' in html
    assert "Pages that are pictures and were not read: 3." in html
    answer = advisor.ask("When does the canteen serve lunch?")
    canteen = next(one for one in answer.citations if "noon to two" in one.quote)
    assert (canteen.document, canteen.page, canteen.ocr) == (name, 1, False)
    assert archive.find(settings.index_dir, name, report.generation) == document


def test_without_the_extra_a_scan_is_refused_and_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_scans, "is_installed", lambda: False)
    limits = {"max_pages": 9, "max_chars": 10_000, "max_scans": 9}
    with pytest.raises(DocumentError, match=r"pip install 'cto-advisor\[ocr\]'"):
        read_pdf(scan(ENGLISH), **limits)
    found = read_pdf(mixed(WRITTEN, scan(ENGLISH)), **limits)
    assert "canteen" in found.text
    assert found.scan.unread == (2,)
    assert "cto-advisor[ocr]" in found.scan.why[0].text


@needs_ocr
def test_a_scanned_page_that_takes_too_long_is_named_and_the_others_are_read() -> None:
    limits = {"max_pages": 9, "max_chars": 10_000, "max_scans": 9}
    turns = [within(0.01), nullcontext()]
    found = read_pdf(mixed(WRITTEN, scan(FRENCH), scan(ENGLISH)), **limits, turn=lambda: turns.pop(0))
    assert "canteen" in found.text
    assert "badge office" in found.text
    assert "sauvegardes" not in found.text
    assert (found.scan.read, found.scan.unread) == ((3,), (2,))
    assert [each.code for each in found.scan.why] == ["slow_scan"]


@needs_ocr
def test_a_file_of_nothing_but_slow_pages_is_refused() -> None:
    with (
        Extractor(Settings(max_reading_seconds=0.3)) as hurried,
        pytest.raises(DocumentError, match="ADVISOR_MAX_READING_SECONDS"),
    ):
        read(scan(ENGLISH), hurried)


@needs_ocr
def test_pictures_without_letters_are_refused(extractor: Extractor) -> None:
    grains = np.random.default_rng(0).integers(0, 255, (60, 45), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(grains).resize((800, 1_100)).save(out, "PDF")
    with pytest.raises(DocumentError, match="no letters that OCR can read"):
        read(out.getvalue(), extractor)


def test_ranges_of_pages() -> None:
    assert [page_ranges(pages) for pages in ((), (4,), (1, 2, 3, 7, 9, 10))] == ["", "4", "1-3, 7, 9-10"]
