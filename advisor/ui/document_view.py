"""Documents as HTML: pure functions. Whatever comes from a document is escaped here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import count
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from markdown_it.token import Token
from markupsafe import Markup

from advisor.documents.chunking import blocks_of
from advisor.documents.citations import page_ranges
from advisor.documents.formats.file_type import SUFFIXES
from advisor.documents.provenance import Provenance
from advisor.documents.reading import is_markdown
from advisor.text.markdown_parser import markdown_parser
from advisor.text.plain import has_words, plain
from advisor.types import Document, Language, Scan
from advisor.ui.original_routes import DRAWN, kind_of
from advisor.ui.rendering import evidence_name, render
from advisor.ui.texts import Texts

# Pairs that Unicode classes as punctuation: beside them, Markdown's emphasis marks open and close as they would beside a
# space. The first pair that a document does not use stands for the mark while Markdown is rendered.
_SENTINELS = (("⁅", "⁆"), ("⦗", "⦘"), ("⸢", "⸣"), ("⟦", "⟧"), ("⦑", "⦒"))
_CITED = '<mark id="cited" tabindex="-1">'
_TAG = re.compile(r"(<[^>]*>)")
_VOID = ("<br", "<hr")
_BLANK_LINES = re.compile(r"(?:\r\n?+|\n)[^\S\r\n]*+(?:\r\n?+|\n)++")
_CELL = re.compile(r"[^|\r\n]+")
_FENCE = re.compile(r"\s*(?:`{3}|~{3})")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_LOWEST_HEADING = 6
_PAGE = "\ue000"  # stands for the start of a page while Markdown is rendered: no text that was read from a file holds it
_PAGE_SHOWN = re.compile(f"<p>{_PAGE}</p>|{_PAGE}")

# Directions and controls: a reader must see that they are there, and read the text in the order in which it is stored.
_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

Span = tuple[int, int]


def render_document(
    document: Document, start: int | None, end: int | None, texts: Texts, provenance: Provenance | None = None
) -> Markup:
    """A document to read, with `[start, end)` of its text marked (nothing when None).

    The first mark has the id `cited`. A span over several blocks, or across the edge of an emphasis, has several marks.
    """
    body = _render_body(document)
    if start is not None and end is not None:
        body = _with_marks(document, (start, end), body)
    page = document.page_of(start or 0)
    return _header(document, page, texts, provenance) + Markup(_with_page_numbers(document, body, texts))


def _with_page_numbers(document: Document, html: str, texts: Texts) -> str:
    """The signs of pages as words. The first page begins with the document and has none."""
    numbers = count(2)

    def sign(_: re.Match[str]) -> str:
        number = next(numbers)
        words = texts.page.format(number) + (f", {texts.ocr}" if number in document.scan.read else "")
        return render("page_sign", texts.language, number=number, said=words)

    return _PAGE_SHOWN.sub(sign, html)


def scan_in_words(scan: Scan, texts: Texts) -> str:
    """Which pages are pictures: those that were read by OCR, those that were not."""
    read = texts.read_pages.format(page_ranges(scan.read), scan.unsure) if scan.read else ""
    unread = texts.unread_pages.format(page_ranges(scan.unread)) if scan.unread else ""
    return " ".join(filter(None, (read, unread)))


def _header(document: Document, page: int | None, texts: Texts, provenance: Provenance | None) -> Markup:
    """What the document says of itself, for a reader, and the way to the file itself (to a page of it, if it has pages)."""
    topic = texts.topics.get(document.topic, document.topic) if document.topic else ""
    facts = (topic, evidence_name(document.evidence, texts.language), texts.date(document.updated))
    works = [", ".join(filter(None, (s.organisation, s.document, str(s.year or "")))) for s in document.sources]
    words = texts.corpus
    origin = words.by_operator
    if provenance:
        added = words.added_by.format(provenance.added_by, texts.date(provenance.added))
        origin = f"{added}, {words.approved_by.format(provenance.approved_by, texts.date(provenance.approved))}"
    kind = kind_of(document.id)
    return render(
        "document_header",
        texts.language,
        document=document,
        kind=kind,
        is_drawn=kind in DRAWN,
        page=page,
        facts=list(filter(None, facts)),
        origin=origin[0].upper() + origin[1:],
        scan=scan_in_words(document.scan, texts),
        works=works,
    )


def _render_body(document: Document, marks: Sequence[tuple[int, str]] = ()) -> str:
    """The body as HTML, with characters inserted before it is rendered: `marks`, in their order, and signs of pages."""
    pages = [(offset, _page_sign(document, offset)) for offset in document.pages[1:]]
    parts, at = [], document.body_start
    for offset, characters in sorted([*pages, *marks], key=lambda insertion: insertion[0]):
        parts += [document.text[at:offset], characters]
        at = offset
    text = _CONTROLS.sub(lambda found: f"‹U+{ord(found.group()):04X}›", "".join([*parts, document.text[at:]]))
    return _markdown(document, text) if is_markdown(document.id) else _paragraphs(text, document.language)


def _page_sign(document: Document, offset: int) -> str:
    """Between two blocks a paragraph of its own, else within the paragraph that runs over the page's end."""
    return f"\n\n{_PAGE}\n\n" if document.text[:offset].endswith("\n") else _PAGE


def _with_marks(document: Document, span: Span, unmarked: str) -> str:
    """The body with marks around the part of each block that the span holds."""
    sentinels = next((pair for pair in _SENTINELS if not any(sign in document.text for sign in pair)), None)
    if sentinels is None:
        return unmarked
    opening, closing = sentinels
    insertions: list[tuple[int, str]] = []
    rendered = unmarked
    for attempts in _cited_parts(document, span):
        for parts in attempts:
            tried = [*insertions, *(pair for left, right in parts for pair in ((left, opening), (right, closing)))]
            html = _render_body(document, tried)
            # Marking must not change what is shown: a sign beside the bars of a table or in an address would.
            if html.replace(opening, "").replace(closing, "") == unmarked:
                insertions, rendered = tried, html
                break
    return _sentinels_to_marks(rendered, opening, closing)


def _cited_parts(document: Document, span: Span) -> Iterator[tuple[list[Span], ...]]:
    """For each block that the span touches, what to mark: the span itself, or else its cells and lines, or the block."""
    for block in blocks_of(document):
        left, right = max(block.start, span[0]), min(block.end, span[1])
        if left < right:
            cells = [(found.start(), found.end()) for found in _CELL.finditer(document.text, left, right)]
            shrunk = [_without_space(document.text, *cell) for cell in cells if not _FENCE.match(document.text, *cell)]
            pieces = [(first, last) for first, last in shrunk if has_words(document.text[first:last])]
            yield [(left, right)], pieces, [(block.start, block.end)]


def _without_space(text: str, start: int, end: int) -> Span:
    part = text[start:end]
    return end - len(part.lstrip()), start + len(part.rstrip())


def _sentinels_to_marks(html: str, opening: str, closing: str) -> str:
    """Sentinels become `<mark>`s that never cross another element: they end before its edge and go on after it."""
    out: list[str] = []
    inner: list[str] = []  # tags opened since the mark
    marking = False
    for piece in re.split(f"(<[^>]*>|{opening}|{closing})", html):
        if piece == opening:
            marking, inner = True, []
            out.append("<mark>")
        elif piece == closing:
            marking = False
            out += [*(f"</{_name(tag)}>" for tag in reversed(inner)), "</mark>", *inner]
        elif marking and piece.startswith("</"):
            out += [piece] if inner else ["</mark>", piece, "<mark>"]
            inner = inner[:-1]
        else:
            out.append(piece)
            if marking and _TAG.fullmatch(piece) and not piece.startswith(_VOID):
                inner.append(piece)
    marked = re.sub(r"<mark>(\s*)</mark>", r"\1", "".join(out))
    return marked.replace("<mark>", _CITED, 1)


def _name(tag: str) -> str:
    return tag.strip("<>").split()[0]


def _paragraphs(text: str, language: Language) -> str:
    return render("paragraphs", language, paragraphs=list(filter(None, map(str.strip, _BLANK_LINES.split(text)))))


def _markdown(document: Document, text: str) -> str:
    """Markdown without HTML, images and links that lead outside; its headings stand below the document's title."""
    parser = markdown_parser(html=False).disable("image")
    tokens = parser.parse(text)
    if len(tokens) > 1 and tokens[0].type == "heading_open" and plain(tokens[1].content) == document.title:
        tokens = tokens[3:]  # the header shows it
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + 1, _LOWEST_HEADING)}"
        _tame_links(token.children or [], document.id)
    return str(parser.renderer.render(tokens, parser.options, {}))


def _tame_links(tokens: Sequence[Token], document_id: str) -> None:
    """A link leads to another document of the corpus, opened in the page, or nowhere."""
    tag = "a"
    for token in tokens:
        if token.type == "link_open":
            target = unquote(str(token.attrGet("href") or "")).split("#")[0]
            within = target.lower().endswith(SUFFIXES) and not _ADDRESS.match(target)
            tag = "a" if within else "span"
            name = normpath(join(dirname(document_id), target))
            token.attrs = {"href": "#document", "data-document": name} if within else {"title": target}
        if token.type in ("link_open", "link_close"):
            token.tag = tag
