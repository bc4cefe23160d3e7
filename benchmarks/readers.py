"""How much is read of PDF and Word files made of known text: words in order, rows of tables, headings.

Twenty PDFs (Chromium, LibreOffice and reportlab; columns, landscape, running heads, drawn line by line across columns or
from the bottom) and ten Word files are made of documents of the corpus with a table added. They are read with the advisor's
readers, and PDFs with pdfplumber for comparison. Needs `pip install reportlab pdfplumber`, Chromium and LibreOffice.

    python benchmarks/readers.py FOLDER [--others]
"""

from __future__ import annotations

import argparse
import difflib
import html
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import docx
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from advisor.documents.reading import parse_document
from advisor.text.plain import plain

NAMES = ("en/finops", "fr/finops", "en/board-communication", "fr/cloud-strategy", "en/delivery-metrics")
ITEMS = 40
HEAD = "Internal paper of the platform team"


@dataclass(frozen=True)
class Item:
    """A heading (`level` from 1), a paragraph, a list item or a table."""

    kind: str
    text: str = ""
    level: int = 0
    rows: tuple[tuple[str, ...], ...] = ()


def source(name: str) -> list[Item]:
    """The first items of a document of the corpus, and a table."""
    body = Path(f"corpus/{name}.md").read_text(encoding="utf-8").split("\n---\n", 1)[1]
    items: list[Item] = []
    for block in re.split(r"\n\s*\n", body):
        if heading := re.match(r"(#+) (.*)", block):
            items.append(Item("heading", plain(heading[2]), len(heading[1])))
        elif re.match(r"[-*] |\d+\. ", block):
            items += [
                Item("item", plain(re.sub(r"^([-*]|\d+\.) ", "", each))) for each in block.splitlines() if each.strip()
            ]
        elif not block.startswith(("|", "<")) and block.strip():
            items.append(Item("paragraph", plain(block)))
    words = [word for item in items for word in item.text.split() if word.isalpha() and len(word) > 3]
    rows = [
        ("Team", "Owner", "Limit in euros"),
        *((f"{words[n]} {words[n + 40]}", words[n + 9], f"{n * 137 + 40}") for n in range(6)),
    ]
    return [*items[: ITEMS // 2], Item("table", rows=tuple(rows)), *items[ITEMS // 2 : ITEMS]]


def as_html(items: list[Item], style: str) -> str:
    """A page."""
    parts = [f"<!DOCTYPE html><html><head><meta charset=utf-8><style>body{{font:11pt serif}}{style}</style></head><body>"]
    for item in items:
        if item.kind == "table":
            cells = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in item.rows)
            parts.append("<table border=1 cellpadding=4>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>")
        else:
            tag = {"heading": f"h{item.level}", "item": "li", "paragraph": "p"}[item.kind]
            parts.append(f"<{tag}>{html.escape(item.text)}</{tag}>")
    return "\n".join([*parts, "</body></html>"])


def as_word(items: list[Item], form: str) -> docx.document.Document:
    """A Word document: `plain`, `columns`, `landscape`, `heads` or `numbers`."""
    made = docx.Document()
    section = made.sections[0]
    if form == "landscape":
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = section.page_height, section.page_width
    if form == "columns":
        columns = OxmlElement("w:cols")
        columns.set(qn("w:num"), "2")
        section._sectPr.append(columns)
    if form == "heads":
        section.header.paragraphs[0].text, section.footer.paragraphs[0].text = HEAD, "Version 3"
    for item in items:
        if item.kind == "heading":
            made.add_heading(item.text, min(item.level, 4))
        elif item.kind == "table":
            table = made.add_table(len(item.rows), len(item.rows[0]))
            for row, cells in zip(table.rows, item.rows, strict=True):
                for cell, text in zip(row.cells, cells, strict=True):
                    cell.text = text
        else:
            style = "List Number" if form == "numbers" else "List Bullet"
            made.add_paragraph(item.text, style=style if item.kind == "item" else None)
    return made


def by_reportlab(items: list[Item], path: Path, form: str) -> None:
    """A PDF: `plain`, `columns`, `heads`, `alternating`, `across` (columns drawn line by line), `upwards`, `landscape`."""
    from reportlab.lib.pagesizes import A4, landscape
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate, Paragraph, Table

    if form in ("across", "upwards"):
        by_hand(items, path, form)
        return
    size = landscape(A4) if form == "landscape" else A4
    wide, high = size
    styles = getSampleStyleSheet()
    flow: list[object] = []
    for item in items:
        if item.kind == "table":
            flow.append(Table([list(row) for row in item.rows]))
        else:
            style = (
                f"Heading{min(item.level, 4)}" if item.kind == "heading" else "Bullet" if item.kind == "item" else "BodyText"
            )
            bullet = "•" if item.kind == "item" else None
            flow.append(Paragraph(html.escape(item.text), styles[style], bulletText=bullet))

    def around(canvas: object, document: BaseDocTemplate) -> None:
        if form in ("heads", "alternating"):
            text = HEAD if form == "heads" or document.page % 2 else "Chapter of the handbook"
            canvas.drawString(60, high - 30, text)  # type: ignore[attr-defined]
            canvas.drawString(60, 20, f"Page {document.page}")  # type: ignore[attr-defined]

    frames = [Frame(50, 50, wide - 100, high - 100)]
    if form == "columns":
        frames = [Frame(40, 50, wide / 2 - 50, high - 100), Frame(wide / 2 + 10, 50, wide / 2 - 50, high - 100)]
    document = BaseDocTemplate(str(path), pagesize=size, pageTemplates=[PageTemplate(frames=frames, onPage=around)])
    document.build(flow)


def by_hand(items: list[Item], path: Path, form: str) -> None:
    """Lines drawn one by one: those of two columns side by side, or a page from its bottom to its top."""
    from reportlab.lib.utils import simpleSplit
    from reportlab.pdfgen.canvas import Canvas

    width = 225 if form == "across" else 470
    lines: list[tuple[str, float]] = []
    for item in items:
        size = 14 if item.kind == "heading" else 10
        texts = [f"{row[0]}, {row[1]}, {row[2]}." for row in item.rows] if item.kind == "table" else [item.text]
        for text in texts:
            lines += [(line, size) for line in simpleSplit(text, "Helvetica", size, width)]
    canvas, height = Canvas(str(path)), 50
    for start in range(0, len(lines), 2 * height if form == "across" else height):
        drawn = [(60, 780 - 14 * at, *line) for at, line in enumerate(lines[start : start + height])]
        if form == "across":
            drawn += [(320, 780 - 14 * at, *line) for at, line in enumerate(lines[start + height : start + 2 * height])]
        for left, bottom, text, size in sorted(
            drawn, key=lambda each: (each[1] if form == "upwards" else -each[1], each[0])
        ):
            canvas.setFont("Helvetica", size)
            canvas.drawString(left, bottom, text)
        canvas.showPage()
    canvas.save()


STYLES = {
    "plain": "",
    "columns": "body{column-count:2}",
    "landscape": "@page{size:A4 landscape}",
    "sans": "body{font:9pt sans-serif;text-align:justify}",
    "heads": f"@page{{@top-center{{content:'{HEAD}'}} @bottom-center{{content:counter(page)}}}}",
    "wide": "table{width:100%} td{padding:8pt}",
}


def make(folder: Path) -> dict[str, list[Item]]:
    """The files, and what each was made of."""
    folder.mkdir(parents=True, exist_ok=True)
    made: dict[str, list[Item]] = {}

    def of(number: int) -> list[Item]:
        return source(NAMES[number % len(NAMES)])

    with tempfile.TemporaryDirectory() as scratch:
        for number, (form, style) in enumerate(STYLES.items()):
            page = Path(scratch, "page.html")
            page.write_text(as_html(of(number), style), encoding="utf-8")
            name = f"chromium-{form}.pdf"
            command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
            subprocess.run([*command, f"--print-to-pdf={folder / name}", str(page)], check=True, capture_output=True)
            made[name] = of(number)
        for number, form in enumerate(("plain", "columns", "landscape", "heads", "numbers")):
            for offset, twin in ((0, ""), (1, "-2")):
                name = f"word-{form}{twin}.docx"
                as_word(of(number + offset), form).save(str(folder / name))
                made[name] = of(number + offset)
                if not twin:
                    office = ["soffice", "--headless", "--convert-to", "pdf", "--outdir", scratch, str(folder / name)]
                    subprocess.run(office, check=True, capture_output=True)
                    Path(scratch, f"word-{form}.pdf").replace(folder / f"office-{form}.pdf")
                    made[f"office-{form}.pdf"] = of(number)
    forms = ("plain", "columns", "heads", "alternating", "across", "upwards", "landscape")
    for number, form in enumerate((*forms, "plain", "columns")):
        name = f"reportlab-{form}{number // len(forms) or ''}.pdf"
        by_reportlab(of(number), folder / name, form)
        made[name] = of(number)
    return made


def advisor_reads(path: Path) -> str:
    """Markdown."""
    return parse_document(path.name, path.read_bytes()).text


def pdfplumber_reads(path: Path) -> str:
    """Its text, and the rows of the tables that it finds."""
    import pdfplumber

    with pdfplumber.open(path) as pdf:
        text = "\n".join(page.extract_text() or "" for page in pdf.pages)
        rows = [row for page in pdf.pages for table in page.extract_tables() for row in table]
    return text + "\n" + "\n".join("| " + " | ".join((cell or "").strip() for cell in row) + " |" for row in rows)


def words_of(text: str) -> list[str]:
    """In order, with the marks of Markdown taken out."""
    return re.findall(r"[^\W_]+", plain(re.sub(r"(?m)^#+ |^[-*] |^\d+\. |\||---", " ", text)))


def scores(text: str, items: list[Item]) -> tuple[float, float | None, float | None]:
    """Shares: of words in order (0 to 1, of both texts), of rows with their cells apart, of headings as headings."""
    said = words_of(" ".join(item.text or " ".join(" ".join(row) for row in item.rows) for item in items))
    read = words_of(text)
    matcher = difflib.SequenceMatcher(None, said, read, autojunk=False)
    order = 2 * sum(block.size for block in matcher.get_matching_blocks()) / (len(said) + len(read))
    lines = {re.sub(r"\s+", " ", line).strip() for line in text.splitlines()}
    rows = [f"| {' | '.join(row)} |" in lines for item in items for row in item.rows]
    headings = [item.text for item in items if item.kind == "heading"]
    titles = {plain(line.lstrip("# ")) for line in lines if line.startswith("#")}
    return order, sum(rows) / len(rows), sum(text in titles for text in headings) / len(headings)


def report(made: dict[str, list[Item]], folder: Path, readers: dict[str, Callable[[Path], str]]) -> Iterator[str]:
    """A line for each file and reader, and the means."""
    for reader, read in readers.items():
        sums: dict[str, list[tuple[float, ...]]] = {}
        for name, items in made.items():
            if reader != "advisor" and not name.endswith(".pdf"):
                continue
            drawn = "across" in name or "upwards" in name  # without a table and without marks of headings
            order, rows, headings = scores(read(folder / name), items)
            if not drawn:
                sums.setdefault(name.rpartition(".")[2], []).append((order, rows or 0.0, headings or 0.0))
            sums.setdefault(f"{name.rpartition('.')[2]} words", []).append((order,))
            yield f"{reader:12} {name:28} words {order:.3f}  rows {rows:.2f}  headings {headings:.2f}" + (
                " (drawn)" if drawn else ""
            )
        for kind, values in sums.items():
            means = "  ".join(f"{sum(column) / len(column):.3f}" for column in zip(*values, strict=True))
            yield f"{reader:12} mean of {len(values)} {kind}: {means}"


def main() -> None:
    """Make the files where they are not, read them, print the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--others", action="store_true", help="read the PDFs with pdfplumber as well")
    options = parser.parse_args()
    made = make(options.folder)
    readers: dict[str, Callable[[Path], str]] = {"advisor": advisor_reads}
    if options.others:
        readers["pdfplumber"] = pdfplumber_reads
    for line in report(made, options.folder, readers):
        print(line)


if __name__ == "__main__":
    main()
