"""Answers, sources and documents as HTML: pure functions. Whatever comes from a document or a person is escaped here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import count, groupby
from posixpath import dirname, join, normpath
from urllib.parse import quote, unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

from advisor.chunking import blocks_of
from advisor.corpus import is_markdown
from advisor.formats.kinds import SUFFIXES
from advisor.text import has_words, plain
from advisor.types import Answer, AnswerSentence, Citation, Document
from advisor.ui.texts import Texts

# Pairs that Unicode classes as punctuation: beside them, Markdown's emphasis marks open and close as they would beside a
# space. The first pair that a document does not use stands for the mark while Markdown is rendered.
_SENTINELS = (("⁅", "⁆"), ("⦗", "⦘"), ("⸢", "⸣"), ("⟦", "⟧"), ("⦑", "⦒"))
_CITED = '<mark id="cited" tabindex="-1">'
_TAG = re.compile(r"(<[^>]*>)")
_VOID = ("<br", "<hr")
_BLANK_LINES = re.compile(r"(?:\r\n?|\n)[^\S\r\n]*(?:\r\n?|\n)+")
_CELL = re.compile(r"[^|\r\n]+")
_FRENCH_SPACE = re.compile(r" (?=[:;?!»%])|(?<=«) ")
_FENCE = re.compile(r"\s*(?:`{3}|~{3})")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_LOWEST_HEADING = 6
_PAGE = "\ue000"  # stands for the start of a page while Markdown is rendered: no text that was read from a file holds it
_PAGE_SHOWN = re.compile(f"<p>{_PAGE}</p>|{_PAGE}")

Span = tuple[int, int]


def render_turn(question: str, body: str, texts: Texts) -> str:
    """A question with what stands below it: an answer, or the part of it that is ready."""
    asked = f'<div class="question"><p>{_typeset(question)}</p></div>'
    return f'<article class="turn" lang="{texts.language}">{asked}<div class="answer">{body}</div></article>'


def render_progress(
    sentences: Sequence[AnswerSentence], citations: Sequence[Citation], generation: str, stage: str, texts: Texts
) -> str:
    """The sentences verified so far, and what the advisor is doing."""
    return _sentences(sentences, citations, generation, texts) + f'<p class="stage">{escape(stage)}</p>'


def render_answer(answer: Answer, texts: Texts) -> str:
    """How the question was understood, the answer or the abstention, a line about it, and its sources (hidden)."""
    generation = answer.index.generation
    understood = ""
    if answer.standalone_question != answer.question:
        understood = f'<p class="understood">{_typeset(texts.understood_as.format(answer.standalone_question))}</p>'
    if answer.status == "abstained":
        body = f'<div class="abstained"><h3>{escape(texts.abstained)}</h3><p>{_typeset(answer.text)}</p></div>'
    else:
        body = _sentences(answer.sentences, answer.citations, generation, texts)
    sources = f'<div class="sources" hidden>{render_sources(answer.citations, generation, texts)}</div>'
    return understood + body + _about(answer, texts) + sources


def render_notice(message: str, texts: Texts) -> str:
    """Why a question was not taken."""
    return f'<p class="notice" lang="{texts.language}">{escape(message)}</p>'


def _typeset(text: str) -> str:
    """Escaped, with the spaces of French punctuation kept on the line."""
    return escape(_FRENCH_SPACE.sub("\u00a0", text))


def _about(answer: Answer, texts: Texts) -> str:
    """Confidence, evidence, writer and time in one quiet line, and the way to the sources."""
    levels = dict.fromkeys(_evidence(citation.evidence, texts) for citation in answer.citations)
    facts = [texts.confidence.format(answer.confidence * 100), *filter(None, levels)]
    if answer.status == "answered":
        facts.append(texts.writers.get(answer.writer, answer.writer))
    facts.append(f"{answer.ms['total']:.0f}\u00a0ms")
    button = ""
    if answer.citations:
        button = f'<button type="button" class="show-sources">{escape(texts.sources)} ({len(answer.citations)})</button>'
    note = f'<p class="note">{_typeset(answer.reason)}</p>' if answer.status == "answered" and answer.reason else ""
    return f'{note}<p class="about"><span>{escape(" · ".join(facts))}</span>{button}</p>{_withheld(answer, texts)}'


def _withheld(answer: Answer, texts: Texts) -> str:
    """What a chat model wrote and verification kept back, on demand, each with its reason."""
    if not answer.withheld:
        return ""
    entries = (f"<li><q>{_typeset(entry.text)}</q> {_typeset(entry.why)}</li>" for entry in answer.withheld)
    summary = escape(texts.withheld.format(len(answer.withheld)))
    return f'<details class="withheld"><summary>{summary}</summary><ul>{"".join(entries)}</ul></details>'


def _evidence(code: str | None, texts: Texts) -> str:
    return texts.evidence.get(code, code) if code else ""


def _sentences(sentences: Sequence[AnswerSentence], citations: Sequence[Citation], generation: str, texts: Texts) -> str:
    """Paragraphs and lists, each group under its label."""
    places = {citation.marker: citation for citation in citations}
    html = []
    for group, members in groupby(sentences, key=lambda sentence: sentence.group):
        if group:
            html.append(f"<h3>{escape(texts.groups.get(group, group))}</h3>")
        for is_item, run in groupby(members, key=lambda sentence: sentence.is_item):
            written = [_sentence(sentence, places, generation) for sentence in run]
            if is_item:
                html.append("<ul>" + "".join(f"<li>{one}</li>" for one in written) + "</ul>")
            else:
                html.append(f"<p>{' '.join(written)}</p>")
    return "".join(html)


def _sentence(sentence: AnswerSentence, places: dict[int, Citation], generation: str) -> str:
    # A no-break space keeps the first marker on the line of the last word.
    markers = "\u00a0".join(_marker(places[m], generation) for m in sentence.markers if m in places)
    return _typeset(sentence.text) + ("\u00a0" + markers if markers else "")


def _marker(citation: Citation, generation: str) -> str:
    where = escape(" › ".join((citation.title, *citation.heading)))
    return (
        f'<button type="button" class="cite" title="{where}" aria-label="[{citation.marker}] {where}" '
        f"{_place(citation, generation)}>{citation.marker}</button>"
    )


def _place(citation: Citation, generation: str) -> str:
    return (
        f'data-document="{escape(citation.document)}" data-start="{citation.start}" data-end="{citation.end}" '
        f'data-generation="{escape(generation)}"'
    )


def render_sources(citations: Sequence[Citation], generation: str, texts: Texts) -> str:
    """The cards of an answer's citations; nothing when there are none."""
    cards = []
    for citation in citations:
        page = texts.page_short.format(citation.page) if citation.page else ""
        kind = " · ".join(filter(None, (page, _evidence(citation.evidence, texts), citation.date)))
        section = f'<span class="section">{escape(" › ".join(citation.heading))}</span>' if citation.heading else ""
        cards.append(
            f'<li><button type="button" class="card" {_place(citation, generation)}>'
            f'<span class="number">{citation.marker}</span><strong>{escape(citation.title)}</strong>{section}'
            f'<span class="quote">{escape(plain(citation.quote))}</span>'
            f'<span class="kind">{escape(kind)}</span></button></li>'
        )
    return f'<ol class="cards">{"".join(cards)}</ol>' if cards else ""


def render_document(document: Document, start: int | None, end: int | None, texts: Texts) -> str:
    """A document to read, with `[start, end)` of its text marked (nothing when None).

    The first mark has the id `cited`. A span over several blocks, or across the edge of an emphasis, has several marks.
    """
    body = _render_body(document)
    if start is not None and end is not None:
        body = _with_marks(document, (start, end), body)
    page = document.page_of(start or 0)
    return _header(document, page, texts) + _with_page_numbers(body, texts)


def _with_page_numbers(html: str, texts: Texts) -> str:
    """The signs of pages as words. The first page begins with the document and has none."""
    numbers = count(2)
    return _PAGE_SHOWN.sub(lambda _: f'<span class="page">{escape(texts.page.format(next(numbers)))}</span>', html)


def _header(document: Document, page: int | None, texts: Texts) -> str:
    """What the document says of itself, for a reader, and the way to the file itself (to a page of it, if it has pages)."""
    address = f"/api/originals/{quote(document.id)}" + (f"#page={page}" if page else "")
    original = f'<a href="{escape(address)}" target="_blank" rel="noopener">{escape(texts.original)}</a>'
    topic = texts.topics.get(document.topic, document.topic) if document.topic else ""
    facts = " · ".join(filter(None, (topic, _evidence(document.evidence, texts), document.updated)))
    works = [", ".join(filter(None, (s.organisation, s.document, str(s.year or "")))) for s in document.sources]
    listed = "".join(f"<li>{escape(work)}</li>" for work in works)
    sources = f"<details><summary>{escape(texts.rests_on)} ({len(works)})</summary><ul>{listed}</ul></details>"
    names = " · ".join((document.id, *document.aliases))
    return (
        f"<header><h2>{escape(document.title)}</h2><p>{escape(facts)}</p><p>{escape(names)} · {original}</p>"
        f"{sources if works else ''}</header>"
    )


def _render_body(document: Document, marks: Sequence[tuple[int, str]] = ()) -> str:
    """The body as HTML, with characters inserted before it is rendered: `marks`, in their order, and signs of pages."""
    pages = [(offset, _page_sign(document, offset)) for offset in document.pages[1:]]
    parts, at = [], document.body_start
    for offset, characters in sorted([*pages, *marks], key=lambda insertion: insertion[0]):
        parts += [document.text[at:offset], characters]
        at = offset
    text = "".join([*parts, document.text[at:]])
    return _markdown(document, text) if is_markdown(document.id) else _paragraphs(text)


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


def _paragraphs(text: str) -> str:
    parts = filter(None, map(str.strip, _BLANK_LINES.split(text)))
    return "".join(f'<p class="plain">{escape(part)}</p>' for part in parts)


def _markdown(document: Document, text: str) -> str:
    """Markdown without HTML, images and links that lead outside; its headings stand below the document's title."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
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
