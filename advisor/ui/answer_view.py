"""Answers and their sources as HTML: pure functions. Whatever comes from a document or a person is escaped here."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from itertools import groupby
from urllib.parse import urlencode

from advisor.answering.messages import (
    Paragraph,
    by_words_in_words,
    group_in_words,
    led,
    paragraphs,
    scope_in_words,
    standing_in_words,
    support_in_words,
    table_rows,
)
from advisor.documents.passages import lines_of_passage
from advisor.features.conversations import Turn
from advisor.text.plain import plain
from advisor.types import EVERYTHING, Answer, AnswerSentence, Chunk, Citation, Scope, Standing
from advisor.ui.icons import icon
from advisor.ui.texts import CHAT_TEXTS, ChatTexts, Texts

Marker = Callable[[Citation, str], str]
"""Draws what leads from a sentence to a citation, made from a generation of the index."""

_FRENCH_SPACE = re.compile(r" (?=[:;?!»%])|(?<=«) ")


def render_turn(question: str, body: str, texts: Texts) -> str:
    """A question with what stands below it: the part of an answer that is ready, or why there is none."""
    return (
        f'<article class="turn" lang="{texts.language}" data-question="{escape(question)}">'
        f'{_question(question)}<div class="answer">{body}</div></article>'
    )


def render_kept(turn: Turn, conversation: str, texts: Texts) -> str:
    """A finished turn, with what can be done about it."""
    answer, words = turn.answer, CHAT_TEXTS[texts.language]
    return (
        f'<article class="turn" lang="{texts.language}" data-question="{escape(answer.question)}" '
        f'data-answer="{escape(answer.id)}" data-conversation="{escape(conversation)}" {_scope(answer.scope)}>'
        f"{_question(answer.question, words)}"
        f'<div class="answer">{render_answer(answer, texts)}</div>{_actions(turn, texts, words)}</article>'
    )


def _scope(scope: Scope) -> str:
    """The attributes by which the page goes on in the scope of the last answer."""
    return (
        f'data-topic="{escape(scope.topic)}" data-within="{escape(scope.document)}" data-title="{escape(scope.title)}" '
        f'data-written="{scope.written}"'
    )


def _question(question: str, words: ChatTexts | None = None) -> str:
    edit = ""
    if words:
        edit = f'<button type="button" class="act edit" aria-label="{escape(words.edit)}" title="{escape(words.edit)}">'
        edit += f"{icon('edit')}</button>"
    return f'<div class="question"><p>{typeset(question)}</p>{edit}</div>'


def _actions(turn: Turn, texts: Texts, words: ChatTexts) -> str:
    answer = turn.answer
    address = f"../page/answers/{escape(answer.id)}"
    pressed = {rating: str(turn.rating == rating).lower() for rating in ("up", "down")}
    buttons = [
        f'<button type="button" class="act copy" data-copy="{escape(copied(answer, texts))}" '
        f'data-done="{escape(words.copied)}" aria-label="{escape(words.copy_answer)}" title="{escape(words.copy_answer)}">'
        f"{icon('copy')}</button>",
        f'<button type="button" class="act retry" aria-label="{escape(words.retry)}" title="{escape(words.retry)}">'
        f"{icon('retry')}</button>",
        *(
            f'<button type="button" class="act rate" data-rating="{rating}" aria-pressed="{pressed[rating]}" '
            f'data-reason="{escape(turn.reason)}" data-comment="{escape(turn.comment)}" '
            f'aria-label="{escape(label)}" title="{escape(label)}">{icon(rating)}</button>'
            for rating, label in (("up", words.good), ("down", words.bad))
        ),
        f'<button type="button" class="act word why">{escape(words.why)}</button>',
        f'<details class="menu"><summary class="act word">{escape(words.memo)}</summary><div class="choices">'
        f'<a href="{address}/memo.docx?language={texts.language}" download>Word (.docx)</a>'
        f'<a href="{address}/memo.md?language={texts.language}" download>Markdown (.md)</a></div></details>',
        # The page shows it to curators, below an answer that there is none of, or that was judged bad.
        f'<a class="act word make" href="../?{escape(urlencode({"tab": "questions", "make": answer.standalone_question}))}">'
        f"{escape(words.make)}</a>",
    ]
    return f'<div class="actions" lang="{texts.language}">{"".join(buttons)}</div>'


def copied(answer: Answer, texts: Texts) -> str:
    """An answer as text to paste elsewhere, its sources below."""
    places = [f"[{c.marker}] {c.title}, {c.document}:{c.start_line}" for c in answer.citations]
    sources = f"\n\n{texts.sources}{texts.colon}\n" + "\n".join(places) if places else ""
    return answer.text + sources


def render_stage(stage: str) -> str:
    """What the advisor is doing."""
    return f'<p class="stage">{escape(stage)}</p>'


def render_answer(answer: Answer, texts: Texts) -> str:
    """How the question was understood, the answer or the abstention, a line about it, and its sources (hidden)."""
    button = ""
    if answer.citations:
        button = f'<button type="button" class="show-sources">{escape(texts.sources)} ({len(answer.citations)})</button>'
    everywhere = ""
    if answer.status != "answered" and answer.scope != EVERYTHING:
        words = CHAT_TEXTS[texts.language]
        everywhere = f'<p class="wider"><button type="button" class="everywhere">{escape(words.everywhere)}</button></p>'
    sources = render_sources(answer.citations, answer.index.generation, texts)
    return (
        render_body(answer, texts)
        + everywhere
        + render_about(answer, texts, button)
        + f'<div class="sources" hidden>{sources}</div>'
    )


def render_scope(answer: Answer, texts: Texts) -> str:
    """What the question was answered from, where that was not everything."""
    searched = scope_in_words(texts.language, answer.scope)
    return f'<p class="understood">{typeset(texts.searched_in.format(searched))}</p>' if searched else ""


def render_body(answer: Answer, texts: Texts, marker: Marker | None = None) -> str:
    """How the question was understood, and the answer or the abstention.

    :param marker: what stands behind a sentence; a button that opens the cited lines unless another is given.
    """
    understood = ""
    if answer.standalone_question != answer.question:
        understood = f'<p class="understood">{typeset(texts.understood_as.format(answer.standalone_question))}</p>'
    if answer.status == "abstained":
        title = texts.abstained if answer.scope == EVERYTHING else texts.abstained_in
        body = f'<div class="abstained"><h3>{escape(title)}</h3><p>{typeset(answer.text)}</p></div>'
    elif answer.status == "near":
        body = _render_near(answer, texts)
    elif not answer.sentences:  # a greeting, thanks
        body = "".join(f"<p>{typeset(line)}</p>" for line in answer.text.splitlines())
    else:
        body = render_sentences(answer.sentences, answer.citations, answer.index.generation, texts, marker or _marker)
        body = _note(answer) + body if _begins_with_note(answer) else body
    return understood + render_scope(answer, texts) + body


def _begins_with_note(answer: Answer) -> bool:
    """Whether what the passages lack was said first: it stands there."""
    return bool(answer.reason) and answer.text.startswith(answer.reason or "")


def _note(answer: Answer) -> str:
    """What the reader should know of an answer; of an abstention, only that passages were found by words alone."""
    said = answer.reason if answer.status == "answered" else by_words_in_words(answer.language) if answer.by_words else None
    return f'<p class="note">{typeset(said)}</p>' if said else ""


def _render_near(answer: Answer, texts: Texts) -> str:
    """The nearest passages, whole, below the line that says that they may not answer."""
    passages = "".join(
        f"<h4>{typeset(' > '.join((each.title, *each.heading)))}</h4><blockquote>{_lines(each.quote)}</blockquote>"
        for each in answer.citations
    )
    opening = answer.text.partition("\n")[0]
    return f'<div class="abstained near"><h3>{escape(texts.near)}</h3><p>{typeset(opening)}</p>{passages}</div>'


def _lines(passage: str) -> str:
    return "<br>".join(typeset(line) for line in lines_of_passage(passage) if line)


def render_notice(message: str, texts: Texts) -> str:
    """Why a question was not taken."""
    return f'<p class="notice" lang="{texts.language}">{escape(message)}</p>'


def typeset(text: str) -> str:
    """Escaped, with the spaces of French punctuation kept on the line."""
    return escape(_FRENCH_SPACE.sub("\u00a0", text))


def render_about(answer: Answer, texts: Texts, button: str = "") -> str:
    """What the answer rests on, its evidence and writer in one quiet line, which ends with a button; what was withheld."""
    levels = dict.fromkeys(evidence_name(citation.evidence, texts) for citation in answer.citations)
    facts = [*filter(None, levels)]
    if answer.status == "answered":
        facts = [*filter(None, [support_in_words(texts.language, answer.citations)]), *facts]
        facts.append(texts.writers.get(answer.writer, answer.writer))
        if answer.model and answer.writer == answer.model.model:
            facts.append(texts.checked.get(answer.model.checked_by, texts.checked["model"]).format(answer.model.checked_by))
    note = "" if _begins_with_note(answer) else _note(answer)
    return f'{note}<p class="about"><span>{escape(" · ".join(facts))}</span>{button}</p>{_withheld(answer, texts)}'


def _withheld(answer: Answer, texts: Texts) -> str:
    """What a chat model wrote and verification kept back, on demand, each with its reason."""
    if not answer.withheld:
        return ""
    entries = (f"<li><q>{typeset(entry.text)}</q> — {typeset(entry.why)}</li>" for entry in answer.withheld)
    summary = escape(texts.withheld.format(len(answer.withheld)))
    return f'<details class="withheld"><summary>{summary}</summary><ul>{"".join(entries)}</ul></details>'


def evidence_name(code: str | None, texts: Texts) -> str:
    """A level of evidence in words; "" for none."""
    return texts.evidence.get(code, code) if code else ""


def _marker(citation: Citation, generation: str) -> str:
    return (
        f'<button type="button" class="cite" aria-label="{where(citation)}" '
        f"{place(citation, generation)}>{citation.marker}</button>"
    )


def where(citation: Citation) -> str:
    """What a marker stands for, for those who do not see where it leads: "[1] FinOps › Where to start"."""
    return escape(f"[{citation.marker}] {' › '.join((citation.title, *citation.heading))}")


def render_sentences(
    sentences: Sequence[AnswerSentence],
    citations: Sequence[Citation],
    generation: str,
    texts: Texts,
    marker: Marker = _marker,
) -> str:
    """Paragraphs, lists and tables, each group under its label."""
    markers = {citation.marker: marker(citation, generation) for citation in citations}
    html = []
    for group, members in groupby(paragraphs(sentences), key=lambda paragraph: paragraph.group):
        if label := group_in_words(texts.language, group):
            html.append(f"<h3>{escape(label)}</h3>")
        for (is_item, _), run in groupby(members, key=lambda paragraph: (paragraph.is_item, paragraph.number > 0)):
            if is_item:
                html.append(_list(list(run), markers))
            else:
                html.extend(_table(each, markers) if each.header else f"<p>{_sentences(each, markers)}</p>" for each in run)
    return "".join(html)


def _list(items: Sequence[Paragraph], markers: dict[int, str]) -> str:
    """Items in a row, with bullets or with their numbers."""
    first = items[0].number
    opening = f'ol start="{first}"' if first > 1 else "ol" if first else "ul"
    entries = "".join(f"<li>{_sentences(each, markers)}</li>" for each in items)
    return f"<{opening}>{entries}</{opening[:2]}>"


def _sentences(paragraph: Paragraph, markers: dict[int, str]) -> str:
    return " ".join(_sentence(one, markers) for one in paragraph.sentences)


def _sentence(sentence: AnswerSentence, markers: dict[int, str]) -> str:
    lead, rest = led(sentence)
    strong = f"<strong>{typeset(lead)}</strong>" if lead else ""
    return strong + typeset(rest) + _drawn(sentence.markers, markers)


def _drawn(cited: Sequence[int], markers: dict[int, str]) -> str:
    # A no-break space keeps the first marker on the line of the last word.
    drawn = "\u00a0".join(markers[marker] for marker in cited if marker in markers)
    return "\u00a0" + drawn if drawn else ""


def _table(paragraph: Paragraph, markers: dict[int, str]) -> str:
    """A table; the first cell of a row says what it is about, and heads it."""
    header = "".join(f'<th scope="col">{typeset(cell)}</th>' for cell in paragraph.header)
    body = ""
    for row in table_rows(paragraph, lambda text, cited: typeset(text) + _drawn(cited, markers)):
        body += f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>'
    table = f"<table><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="table" tabindex="0">{table}</div>'  # to be scrolled by keys, too, where there is no room for it


def place(span: Citation | Chunk, generation: str) -> str:
    """The attributes by which the page opens the lines of a span."""
    return (
        f'data-document="{escape(span.document)}" data-start="{span.start}" data-end="{span.end}" '
        f'data-generation="{escape(generation)}"'
    )


def render_sources(citations: Sequence[Citation], generation: str, texts: Texts) -> str:
    """The cards of an answer's citations; nothing when there are none."""
    cards = "".join(
        f'<li><button type="button" class="card" {place(citation, generation)}>{render_card(citation, texts)}</button>'
        f"{render_successor(citation.standing, generation, texts)}</li>"
        for citation in citations
    )
    return f'<ol class="cards">{cards}</ol>' if cards else ""


def render_successor(standing: Standing | None, generation: str, texts: Texts) -> str:
    """What leads to the decision that replaced one; nothing where it is not indexed."""
    if standing is None or standing.document is None:
        return ""
    return (
        f'<button type="button" class="successor" data-document="{escape(standing.document)}" '
        f'data-generation="{escape(generation)}">{escape(standing_in_words(texts.language, standing))}</button>'
    )


def render_card(citation: Citation, texts: Texts) -> str:
    """What a card says of a citation: title, section, quote, level of evidence, date."""
    page = texts.page_short.format(citation.page) if citation.page else ""
    ocr, standing = texts.ocr if citation.ocr else "", standing_in_words(texts.language, citation.standing)
    facts = (standing, page, ocr, evidence_name(citation.evidence, texts), texts.date(citation.date))
    kind = " · ".join(filter(None, facts))
    section = f'<span class="section">{escape(" › ".join(citation.heading))}</span>' if citation.heading else ""
    return (
        f'<span class="number">{citation.marker}</span><strong>{escape(citation.title)}</strong>{section}'
        f'<span class="quote">{escape(plain(citation.quote))}</span><span class="kind">{escape(kind)}</span>'
    )
