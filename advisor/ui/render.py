"""Answers, sources and documents as HTML. Everything that comes from a document or a person is escaped here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from itertools import groupby
from posixpath import dirname, join, normpath
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from advisor.chunking import blocks_of
from advisor.corpus import MARKDOWN
from advisor.pipeline import SentenceReady
from advisor.types import Answer, AnswerSentence, Citation, Document
from advisor.ui.texts import Texts

# Pairs that Unicode classes as punctuation: beside them, Markdown's emphasis marks open and close as they would beside a
# space. The first pair that the document does not use marks the cited span.
_SENTINELS = (("⁅", "⁆"), ("⦗", "⦘"), ("⸢", "⸣"))
_BLANK = re.compile(r"(?:\r\n?|\n)[^\S\r\n]*(?:\r\n?|\n)+")


def render_question(question: str) -> str:
    """What the person asked, as text."""
    return f'<div class="turn question"><p>{escape(question)}</p></div>'


def render_progress(question: str, ready: Sequence[SentenceReady], stage: str, generation: str, texts: Texts) -> str:
    """A turn under way: the sentences verified so far, and the stage."""
    places = {citation.marker: citation for event in ready for citation in event.citations}
    body = _sentences([event.sentence for event in ready], places, generation, texts)
    waiting = f'<p class="stage" role="status">{escape(stage)}</p>' if stage else ""
    return f'{render_question(question)}<div class="turn answer">{body}{waiting}</div>'


def render_answer(answer: Answer, texts: Texts) -> str:
    """A whole turn: the question, how it was understood, the answer, and a line about it."""
    places = {citation.marker: citation for citation in answer.citations}
    understood = ""
    if answer.standalone_question != answer.question:
        understood = f'<p class="understood">{escape(texts.understood_as)} : {escape(answer.standalone_question)}</p>'
    if answer.status == "abstained":
        body = f'<p class="label">{escape(texts.abstained)}</p><p>{escape(answer.text)}</p>'
        kind = "turn answer abstained"
    else:
        body = _sentences(answer.sentences, places, answer.index.generation, texts)
        kind = "turn answer"
    return f'{render_question(answer.question)}<div class="{kind}">{understood}{body}{_about(answer, texts)}</div>'


def render_notice(question: str, message: str) -> str:
    """A turn that could not be taken."""
    asked = render_question(question) if question.strip() else ""
    return f'{asked}<div class="turn answer notice" role="alert"><p>{escape(message)}</p></div>'


def _about(answer: Answer, texts: Texts) -> str:
    """Confidence, evidence, writer and time, in one quiet line."""
    levels = dict.fromkeys(texts.evidence.get(c.evidence, c.evidence) for c in answer.citations if c.evidence)
    parts = [f"{texts.confidence} {answer.confidence:.0%}", *levels, answer.writer, f"{answer.ms['total']:.0f} ms"]
    if answer.withheld:
        parts.append(f"{len(answer.withheld)} {texts.withheld}")
    return f'<p class="about">{escape(" · ".join(parts))}</p>'


def _sentences(sentences: Sequence[AnswerSentence], places: dict[int, Citation], generation: str, texts: Texts) -> str:
    """Paragraphs and lists, each group under its label."""
    html = []
    for group, members in groupby(sentences, key=lambda sentence: sentence.group):
        if group:
            html.append(f'<p class="label">{escape(texts.groups.get(group, group))}</p>')
        for is_item, run in groupby(members, key=lambda sentence: sentence.is_item):
            written = [_sentence(sentence, places, generation) for sentence in run]
            if is_item:
                html.append("<ul>" + "".join(f"<li>{one}</li>" for one in written) + "</ul>")
            else:
                html.append(f"<p>{' '.join(written)}</p>")
    return "".join(html)


def _sentence(sentence: AnswerSentence, places: dict[int, Citation], generation: str) -> str:
    markers = "".join(
        f'<button type="button" class="cite" title="{escape(places[marker].title)}" aria-label="[{marker}] '
        f'{escape(places[marker].title)}" {_place(places[marker], generation)}>{marker}</button>'
        for marker in sentence.markers
        if marker in places
    )
    return escape(sentence.text) + markers


def _place(citation: Citation, generation: str) -> str:
    return (
        f'data-document="{escape(citation.document)}" data-start="{citation.start}" data-end="{citation.end}" '
        f'data-generation="{escape(generation)}"'
    )


def render_sources(answer: Answer | None, texts: Texts) -> str:
    """The cards of an answer's citations."""
    if answer is None or not answer.citations:
        return f'<p class="empty">{escape(texts.no_sources)}</p>'
    cards = []
    for citation in answer.citations:
        kind = [texts.evidence.get(citation.evidence or "", citation.evidence or ""), citation.date or ""]
        section = " › ".join(citation.heading)
        cards.append(
            f'<li><button type="button" class="card" {_place(citation, answer.index.generation)}>'
            f'<span class="number">{citation.marker}</span><span class="where"><strong>{escape(citation.title)}</strong>'
            f"<span>{escape(section)}</span></span>"
            f'<span class="quote">{escape(" ".join(citation.quote.split()))}</span>'
            f'<span class="kind">{escape(" · ".join(filter(None, kind)))}</span></button></li>'
        )
    return f'<ul class="cards">{"".join(cards)}</ul>'


def render_document(document: Document, start: int | None, end: int | None, texts: Texts) -> str:
    """A document to read, with `[start, end)` of its text in `<mark>` (nothing marked when None)."""
    marked, opening, closing = _with_sentinels(document, start, end)
    is_markdown = document.id.lower().endswith(MARKDOWN)
    body = _parser(document.id).render(marked) if is_markdown else _plain(marked)
    body = body.replace(opening, '<mark id="cited" tabindex="-1">', 1)
    return _front(document, texts) + body.replace(opening, "<mark>").replace(closing, "</mark>")


def _with_sentinels(document: Document, start: int | None, end: int | None) -> tuple[str, str, str]:
    """The body with a sentinel on either side of the cited part of each block."""
    opening, closing = next((pair for pair in _SENTINELS if not any(c in document.text for c in pair)), _SENTINELS[0])
    text, first = document.text, document.body_start
    if start is None or end is None:
        return text[first:], opening, closing
    parts, at = [], first
    for block in blocks_of(document):
        left, right = max(block.start, start), min(block.end, end)
        if left < right:
            parts += [text[at:left], opening, text[left:right], closing]
            at = right
    return "".join([*parts, text[at:]]), opening, closing


def _plain(text: str) -> str:
    return "".join(f'<p class="plain">{escape(part.strip())}</p>' for part in _BLANK.split(text) if part.strip())


def _front(document: Document, texts: Texts) -> str:
    """What the front matter says, for a reader."""
    facts = [
        texts.topics.get(document.topic or "", ""),
        texts.evidence.get(document.evidence or "", ""),
        document.updated or "",
    ]
    sources = "".join(
        f"<li>{escape(', '.join(filter(None, (s.organisation, s.document, str(s.year or '')))))}</li>"
        for s in document.sources
    )
    listed = f"<details><summary>{escape(texts.sources)}</summary><ul>{sources}</ul></details>" if sources else ""
    line = " · ".join(filter(None, facts))
    return f'<div class="front"><p>{escape(line)}</p><p class="path">{escape(document.id)}</p>{listed}</div>'


def _parser(document_id: str) -> MarkdownIt:
    """Markdown without HTML, images and outside links: a link leads to another document of the corpus or nowhere."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")

    def link_open(tokens: Sequence[Token], at: int, *_: Any) -> str:  # noqa: ANN401 - the parser's signature
        target = str(tokens[at].attrGet("href") or "")
        if "://" in target or not target.lower().endswith(MARKDOWN):
            return f'<span title="{escape(target)}">'
        name = normpath(join(dirname(document_id), target))
        return f'<span role="link" tabindex="0" class="document-link" data-document="{escape(name)}">'

    parser.add_render_rule("link_open", lambda _self, tokens, at, *rest: link_open(tokens, at, *rest))
    parser.add_render_rule("link_close", lambda *_: "</span>")
    return parser
