"""Answers and their sources as HTML: what their templates are given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from markupsafe import Markup

from advisor.answering.messages import (
    Paragraph,
    by_words_in_words,
    group_in_words,
    paragraphs,
    scope_in_words,
    support_in_words,
)
from advisor.documents.passages import lines_of_passage
from advisor.features.conversations import Turn
from advisor.types import EVERYTHING, Answer, AnswerSentence, Citation
from advisor.ui.rendering import evidence_name, render
from advisor.ui.texts import Texts

_ITEMS = ("- ", "* ", "+ ")


def render_turn(question: str, body: Markup, texts: Texts) -> Markup:
    """A question with what stands below it: the part of an answer that is ready, or why there is none."""
    return render("turn", texts.language, question=question, body=body, kept=None)


def render_kept(turn: Turn, conversation: str, texts: Texts) -> Markup:
    """A finished turn, with what can be done about it."""
    answer = turn.answer
    return render(
        "turn",
        texts.language,
        question=answer.question,
        body=render_answer(answer, texts),
        kept=turn,
        conversation=conversation,
        copied=copied(answer, texts),
    )


def copied(answer: Answer, texts: Texts) -> str:
    """An answer as text to paste elsewhere, its sources below."""
    places = [f"[{c.marker}] {c.title}, {c.document}:{c.start_line}" for c in answer.citations]
    sources = f"\n\n{texts.sources}{texts.colon}\n" + "\n".join(places) if places else ""
    return answer.text + sources


def render_stage(stage: str, texts: Texts) -> Markup:
    """What the advisor is doing."""
    return render("stage", texts.language, stage=stage)


def render_notice(message: str, texts: Texts) -> Markup:
    """Why a question was not taken."""
    return render("notice", texts.language, message=message)


def render_answer(answer: Answer, texts: Texts) -> Markup:
    """How the question was understood, the answer or the abstention, a line about it, and its sources (hidden)."""
    return render(
        "answer",
        texts.language,
        body=render_body(answer, texts),
        is_narrow=answer.status != "answered" and answer.scope != EVERYTHING,
        about=render_about(answer, texts, sources=len(answer.citations)),
        citations=answer.citations,
        generation=answer.index.generation,
    )


def render_body(answer: Answer, texts: Texts, anchor: str = "") -> Markup:
    """How the question was understood, and the answer or the abstention.

    :param anchor: what the ids of its sources on the same page begin with; markers are buttons that open them without one.
    """
    near = answer.citations if answer.status == "near" else ()
    return render(
        "answer_body",
        texts.language,
        answer=answer,
        searched_in=scope_in_words(texts.language, answer.scope),
        note=_note(answer) if _begins_with_note(answer) else "",
        passages=[(" › ".join((each.title, *each.heading)), _blocks(each.quote)) for each in near],
        sentences=render_sentences(answer.sentences, answer.citations, answer.index.generation, texts, anchor),
    )


def _blocks(passage: str) -> list[tuple[bool, list[str]]]:
    """The lines of a passage: those of a list, without their marks, apart from the others."""
    lines = [(line.startswith(_ITEMS), line) for line in lines_of_passage(passage) if line]
    runs = groupby(lines, key=lambda each: each[0])
    return [(is_list, [line[2:] if is_list else line for _, line in run]) for is_list, run in runs]


def _begins_with_note(answer: Answer) -> bool:
    """Whether what the passages lack was said first: it stands there."""
    return bool(answer.reason) and answer.text.startswith(answer.reason or "")


def _note(answer: Answer) -> str:
    """What the reader should know of an answer; of an abstention, only that passages were found by words alone."""
    if answer.status == "answered":
        return answer.reason or ""
    return by_words_in_words(answer.language) if answer.by_words else ""


def render_about(answer: Answer, texts: Texts, sources: int = 0) -> Markup:
    """What the answer rests on, its evidence and writer in one quiet line; what was withheld.

    :param sources: how many the button at its end opens; 0 for no button.
    """
    levels = dict.fromkeys(evidence_name(citation.evidence, texts.language) for citation in answer.citations)
    facts = [*filter(None, levels)]
    if answer.status == "answered":
        facts = [*filter(None, [support_in_words(texts.language, answer.citations)]), *facts]
        facts.append(texts.writers.get(answer.writer, answer.writer))
        if answer.model and answer.writer == answer.model.model:
            facts.append(texts.checked.get(answer.model.checked_by, texts.checked["model"]).format(answer.model.checked_by))
    note = "" if _begins_with_note(answer) else _note(answer)
    return render("about", texts.language, answer=answer, facts=facts, note=note, sources=sources)


def render_sentences(
    sentences: Sequence[AnswerSentence], citations: Sequence[Citation], generation: str, texts: Texts, anchor: str = ""
) -> Markup:
    """Paragraphs, lists and tables, each group under its label; `anchor` as in `render_body`."""
    by_marker = {citation.marker: citation for citation in citations}
    groups = [(group_in_words(texts.language, group), blocks) for group, blocks in _laid_out(sentences)]
    return render("sentences", texts.language, groups=groups, citations=by_marker, generation=generation, anchor=anchor)


def _laid_out(sentences: Sequence[AnswerSentence]) -> Iterator[tuple[str, list[list[Paragraph]]]]:
    """Each group with its blocks: the items of one list, or what is in none."""
    for group, members in groupby(paragraphs(sentences), key=lambda paragraph: paragraph.group):
        yield group, [list(run) for _, run in groupby(members, key=lambda each: (each.is_item, each.number > 0))]


def render_sources(citations: Sequence[Citation], generation: str, texts: Texts) -> Markup:
    """The cards of an answer's citations; nothing when there are none."""
    return render("sources", texts.language, citations=citations, generation=generation)
