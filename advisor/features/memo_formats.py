"""A memo as Markdown, and as a Word file."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

import docx
from docx.enum.style import WD_STYLE_TYPE
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from advisor.features.memo import Block, Memo, Table, Text

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.text.paragraph import Paragraph

_AUTHOR = "CTO Advisor"
_LOCALES = {"fr": "fr-FR", "en": "en-GB"}
_SPECIAL = re.compile(r"([\\`*_\[\]<>|])")
_OPENS_BLOCK = re.compile(r"^(\d*)([#+\-~=.)])")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STYLES = {"item": "List Bullet", "quote": "Quote", "paragraph": "Normal"}
_ACCENT = RGBColor(0x0F, 0x76, 0x6E)
_QUIET = RGBColor(0x52, 0x60, 0x74)


def memo_as_markdown(memo: Memo) -> str:
    """The memo as CommonMark with tables."""
    parts = [f"# {_escape(memo.title)}", f"*{_escape(memo.subtitle)}*"]
    after_item = False
    for block in memo.blocks:
        is_item = isinstance(block, Block) and block.kind == "item"
        written = _markdown_table(block) if isinstance(block, Table) else block_as_markdown(block)
        if is_item and after_item:
            parts[-1] += f"\n{written}"
        else:
            parts.append(written)
        after_item = is_item
    return "\n\n".join(parts) + "\n"


def block_as_markdown(block: Block) -> str:
    """A heading, a paragraph, an item or a quote as CommonMark."""
    text = "".join(map(_markdown_text, block.texts)).strip()
    if block.kind == "heading":
        return f"{'#' * (block.level + 1)} {text}"
    mark = f"{block.number}. " if block.number else {"item": "- ", "quote": "> ", "paragraph": ""}[block.kind]
    return mark + _OPENS_BLOCK.sub(r"\1\\\2", text)


def _markdown_text(text: Text) -> str:
    written = _escape(text.text)
    if text.link:
        written = f"[{written}](<{text.link}>)"
    return f"**{written}**" if text.bold else written


def _markdown_table(table: Table) -> str:
    rows = [table.header, ("---",) * len(table.header), *table.rows]
    return "\n".join(f"| {' | '.join(cell if cell == '---' else _escape(cell) for cell in row)} |" for row in rows)


def _escape(text: str) -> str:
    """Text that Markdown shows as it stands; markers stay legible: `[1]` needs no escape where no link follows."""
    escaped = _SPECIAL.sub(r"\\\1", " ".join(text.split("\n")))
    return re.sub(r"\\\[(\d+)\\\]", r"[\1]", escaped)


def memo_as_docx(memo: Memo) -> bytes:
    """The memo as a Word file, with real headings, lists and links, in the language of its words."""
    document = docx.Document()
    _dress(document, memo)
    document.add_paragraph(_clean(memo.title), style="Title")
    document.add_paragraph(_clean(memo.subtitle), style="Subtitle")
    numbering = 0
    for block in memo.blocks:
        if isinstance(block, Table):
            _add_table(document, block)
        elif block.kind == "heading":
            document.add_heading(_clean(block.texts[0].text), min(block.level, 9))
        else:
            written = document.add_paragraph(style="List Number" if block.number else _STYLES[block.kind])
            if block.number == 1:
                numbering = _new_numbering(document)
            if block.number:
                written._p.get_or_add_pPr().get_or_add_numPr().get_or_add_numId().val = numbering
            _fill(written, block)
    file = BytesIO()
    document.save(file)
    return file.getvalue()


def _new_numbering(document: WordDocument) -> int:
    """The number of a list that counts from 1 again: Word goes on counting where lists share theirs."""
    styles: Any = document.styles
    numberings = document.part.numbering_part.element
    shared = styles["List Number"].element.pPr.numPr.numId.val
    made = numberings.add_num(numberings.num_having_numId(shared).abstractNumId.val)
    made.add_lvlOverride(ilvl=0).add_startOverride(1)
    return int(made.numId)


def _dress(document: WordDocument, memo: Memo) -> None:
    """Margins, fonts, colours, language and properties."""
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.5)
    section.top_margin = section.bottom_margin = Cm(2.2)
    styles: Any = document.styles
    for style in styles:
        if style.type == WD_STYLE_TYPE.PARAGRAPH:
            _set_font(style, "Calibri")
    normal = styles["Normal"]
    normal.font.size = Pt(11)
    normal.paragraph_format.space_after = Pt(6)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), _LOCALES[memo.language])
    normal.element.get_or_add_rPr().append(language)
    for name, size in (("Title", 22), ("Heading 1", 15), ("Heading 2", 12.5), ("Heading 3", 11.5)):
        styles[name].font.size, styles[name].font.color.rgb = Pt(size), _ACCENT
    for name in ("Subtitle", "Quote"):
        styles[name].font.color.rgb = _QUIET
    styles["Subtitle"].font.size = Pt(10.5)
    styles["Quote"].paragraph_format.left_indent = Cm(0.8)
    properties = document.core_properties
    properties.title, properties.author, properties.language = _clean(memo.title), _AUTHOR, _LOCALES[memo.language]
    properties.created = properties.modified = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    properties.comments = ""


def _set_font(style: Any, name: str) -> None:  # noqa: ANN401 - python-docx has no types for styles
    """The font for every script: the template's theme names others."""
    style.font.name = name
    fonts = style.element.rPr.rFonts
    for script in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{script}"), None)


def _fill(paragraph: Paragraph, block: Block) -> None:
    for text in block.texts:
        if text.link:
            _add_link(paragraph, text)
        else:
            paragraph.add_run(_clean(text.text)).bold = text.bold or None
    if block.kind == "paragraph" and block.texts[0].bold:
        paragraph.paragraph_format.keep_with_next = True  # a source and its quote


def _add_link(paragraph: Paragraph, text: Text) -> None:
    """A link: python-docx has none of its own."""
    target = paragraph.part.relate_to(text.link, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    link = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), target)
    run = paragraph.add_run(_clean(text.text))
    run.font.color.rgb, run.font.underline = _ACCENT, True
    link.append(run._r)
    paragraph._p.append(link)


def _add_table(document: WordDocument, table: Table) -> None:
    made = document.add_table(rows=1, cols=len(table.header), style="Light Grid Accent 1")
    for cell, text in zip(made.rows[0].cells, table.header, strict=True):
        cell.text = _clean(text)
    for row in table.rows:
        for cell, text in zip(made.add_row().cells, row, strict=True):
            cell.text = _clean(text)
    document.add_paragraph()


def _clean(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return _NOT_XML.sub("", " ".join(text.split("\n")))
