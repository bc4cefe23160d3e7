"""What the advisor says of its own: how an answer is laid out as text, and how it says that it does not know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from advisor.documents.passages import lines_of_passage
from advisor.text.language import WordTable, read_words
from advisor.types import Answer, AnswerSentence, Citation, Language, Scope, ScoredChunk, Standing, Withheld
from advisor.verification.rejection import Code, Rejected

_NEAREST = 3  # subjects named by an abstention
ROW_END = " |"
"""What stands behind the last marker of a row in `compose`."""


class _AnswerWords(WordTable):
    """What stands around answers in one language.

    `support` says how many `quotes` of how many `documents` an answer rests on. `groups`: the labels of the parts of an
    answer, by the code of `AnswerSentence.group`; `topics` and levels of `evidence`, by that of the front matter;
    `standing`: of decisions that no longer stand; `why` a sentence is withheld; `instead`: why the answer is the extractive
    one, by kind of failure.
    """

    support: str
    quotes: tuple[str, str]
    documents: tuple[str, str]
    groups: dict[str, str]
    topics: dict[str, str]
    evidence: dict[str, str]
    standing: dict[str, str]
    abstain: str
    covers: tuple[str, str, str]
    low: str
    missing: str
    other_language: str
    by_words: str
    near: str
    label: str
    nothing_in: str
    near_in: str
    of_topic: str
    of_document: str
    of_language: dict[Language, str]
    why: dict[Code, str]
    instead: dict[str, str]


ANSWER_WORDS = read_words("advisor.answering", _AnswerWords)


def withheld_in_words(language: Language, rejected: Sequence[Rejected]) -> tuple[Withheld, ...]:
    """The sentences that the reader does not see, each once, with the first reason found for it."""
    first: dict[str, Rejected] = {}
    for one in rejected:
        first.setdefault(one.text, one)
    return tuple(Withheld(one.text, ANSWER_WORDS[language].why[one.code].format(one.detail)) for one in first.values())


def instead_in_words(language: Language, failure: str, model: str, *, kept: bool) -> str:
    """Why the answer is the extractive one although there is a chat model.

    :param kept: whether it begins with what the model wrote, verified.
    """
    return (
        ANSWER_WORDS[language].instead["kept" if kept else ""] + ANSWER_WORDS[language].instead[failure].format(model) + "."
    )


def support_in_words(language: Language, citations: Sequence[Citation]) -> str:
    """How many quotes of how many documents an answer rests on; "" for none."""
    words, documents = ANSWER_WORDS[language], len({citation.document for citation in citations})
    if not documents:
        return ""
    quotes = words.quotes[len(citations) > 1].format(len(citations))
    return words.support.format(quotes, words.documents[documents > 1].format(documents))


def standing_in_words(language: Language, standing: Standing | None) -> str:
    """That a decision no longer stands, and what replaced it; "" for any other document."""
    words = ANSWER_WORDS[language].standing
    if standing is None:
        return ""
    return words["by"].format(standing.by) if standing.by and standing.kind == "superseded" else words[standing.kind]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences that are shown together, in one part of an answer: a paragraph, an item of a list, or the rows of a table.

    `header`: of the table; empty for anything else. `number`: of an item in a numbered list, from 1; 0 for anything else.
    """

    group: str
    is_item: bool
    sentences: tuple[AnswerSentence, ...]
    header: tuple[str, ...] = ()
    number: int = 0


def paragraphs(sentences: Sequence[AnswerSentence]) -> list[Paragraph]:
    """The sentences of an answer as they are laid out."""
    found: list[Paragraph] = []
    count = 0
    for sentence in sentences:
        before, header = found[-1] if found else None, sentence.row.header if sentence.row else ()
        kind = (sentence.group, sentence.is_item, header)
        same = before and (before.group, before.is_item, before.header) == kind
        if before and same and (sentence.continues or not sentence.is_item):
            found[-1] = replace(before, sentences=(*before.sentences, sentence))
        else:
            goes_on = before and before.is_item and before.group == sentence.group
            count = (count if goes_on else 0) + sentence.is_step
            number = count if sentence.is_step else 0
            found.append(Paragraph(sentence.group, sentence.is_item, (sentence,), header, number))
    return found


def group_in_words(language: Language, group: str) -> str:
    """The label of a part of an answer; "" for one that has none."""
    return ANSWER_WORDS[language].groups.get(group, group)


def table_cells(paragraph: Paragraph) -> list[list[tuple[str, tuple[int, ...]]]]:
    """The rows of a table, each cell with its markers: a sentence has them in the last cell that it fills."""
    rows = []
    for sentence in paragraph.sentences:
        cells = sentence.row.cells if sentence.row else ()
        last = max((at for at, cell in enumerate(cells) if cell), default=-1)
        rows.append([(cell, sentence.markers if at == last else ()) for at, cell in enumerate(cells)])
    return rows


def table_rows(paragraph: Paragraph) -> list[tuple[str, ...]]:
    """The rows of a table, the markers of a cell behind its text ("text [1]")."""
    return [tuple(cell and _with_markers(cell, markers) for cell, markers in row) for row in table_cells(paragraph)]


def compose(language: Language, sentences: Sequence[AnswerSentence]) -> str:
    """The answer as Markdown: paragraphs, items and tables under the labels of their groups, sentences with their markers.

    What is there of it stays as it is when a sentence is added.
    """
    return _laid_out(language, sentences, _as_markdown)


def in_plain_text(answer: Answer) -> str:
    """The answer as it is read where no Markdown is shown: without bold words, its tables row by row."""
    written = compose(answer.language, answer.sentences)

    def plainly(paragraph: Paragraph) -> str:
        if not paragraph.header:
            return " ".join(map(marked, paragraph.sentences))
        return "\n".join(" · ".join(cell or "–" for cell in row) for row in (paragraph.header, *table_rows(paragraph)))

    spoken = _laid_out(answer.language, answer.sentences, plainly)
    return answer.text.replace(written, spoken) if written else answer.text


def _laid_out(language: Language, sentences: Sequence[AnswerSentence], write: Callable[[Paragraph], str]) -> str:
    """The paragraphs of an answer as `write` writes each, items with their mark or number, under their labels."""
    words, text = ANSWER_WORDS[language], ""
    before: Paragraph | None = None
    for each in paragraphs(sentences):
        label = group_in_words(language, each.group) if before is None or before.group != each.group else ""
        if label:
            text += "\n\n" + (label if label.endswith("?") else words.label.format(label))
        listed = before is not None and before.is_item and each.is_item and before.group == each.group
        mark = f"{each.number}. " if each.number else "- " if each.is_item else ""
        text += ("\n" if listed else "\n\n") + mark + write(each)
        before = each
    return text.strip()


def _as_markdown(paragraph: Paragraph) -> str:
    if not paragraph.header:
        return " ".join(marked(replace(one, text=_in_bold(one))) for one in paragraph.sentences)
    rows = [paragraph.header, ("---",) * len(paragraph.header), *map(_filled, table_rows(paragraph))]
    return "\n".join(f"| {' | '.join(map(_as_cell, row))}{ROW_END}" for row in rows)


def _filled(row: Sequence[str]) -> Sequence[str]:
    """A row without the empty cells at its end, which Markdown does not need: its markers are the last of it then."""
    return row[: max((at for at, cell in enumerate(row, start=1) if cell), default=0)]


def _as_cell(text: str) -> str:
    return text.replace("\\|", "|").replace("|", "\\|")


def marked(sentence: AnswerSentence) -> str:
    """A sentence with its markers behind it."""
    return _with_markers(sentence.text, sentence.markers)


def _with_markers(text: str, markers: tuple[int, ...]) -> str:
    return f"{text} {''.join(f'[{marker}]' for marker in markers)}".rstrip()


def led(sentence: AnswerSentence) -> tuple[str, str]:
    """The bold words that a sentence begins with ("" for none), and the rest of it."""
    lead = sentence.lead if sentence.text.startswith(sentence.lead) else ""
    return lead, sentence.text.removeprefix(lead)


def _in_bold(sentence: AnswerSentence) -> str:
    lead, rest = led(sentence)
    return f"**{lead}**{rest}" if lead else rest


def nearest_subjects(language: Language, passages: Sequence[ScoredChunk]) -> tuple[str, ...]:
    """The titles of the best passages, in the asker's language where there are any."""
    own = [passage.chunk.title for passage in passages if passage.chunk.language == language]
    return tuple(dict.fromkeys(own or [passage.chunk.title for passage in passages]))[:_NEAREST]


def scope_in_words(language: Language, scope: Scope) -> str:
    """What a question is answered from; "" for everything."""
    words = ANSWER_WORDS[language]
    parts = (
        words.of_topic.format(words.topics.get(scope.topic, scope.topic)) if scope.topic else "",
        words.of_document.format(scope.title or scope.document) if scope.document else "",
        words.of_language[scope.written] if scope.written else "",
    )
    return ", ".join(filter(None, parts))


def abstention_in_words(language: Language, names: Sequence[str], scope: Scope) -> str:
    """What the reader sees when there is no answer in a scope, with the nearest subjects."""
    words, searched = ANSWER_WORDS[language], scope_in_words(language, scope)
    opening, quoted, end = words.covers
    covers = opening + ", ".join(quoted.format(name) for name in names) + end if names else ""
    return (words.nothing_in.format(searched) if searched else words.abstain) + covers


def other_language_in_words(language: Language) -> str:
    """What to say beside an answer to a question in a language that no answer is in."""
    return ANSWER_WORDS[language].other_language


def missing_in_words(language: Language, questions: Sequence[str]) -> str:
    """Which questions of a message have no answer; "" for none."""
    words = ANSWER_WORDS[language]
    return words.missing.format(", ".join(words.covers[1].format(each) for each in questions)) if questions else ""


def by_words_in_words(language: Language) -> str:
    """That passages were found by their words alone."""
    return ANSWER_WORDS[language].by_words


def reason_in_words(language: Language, confidence: float, threshold: float) -> str:
    """Why there is no answer."""
    return ANSWER_WORDS[language].low.format(confidence, threshold)


def near_in_words(language: Language, citations: Sequence[Citation], scope: Scope) -> str:
    """What the reader sees when a scope touches the subject: its nearest passages, each with its place and marker."""
    words, searched = ANSWER_WORDS[language], scope_in_words(language, scope)
    places = (f"{' > '.join((each.title, *each.heading))} [{each.marker}]\n{_quoted(each.quote)}" for each in citations)
    return "\n\n".join((words.near_in.format(searched) if searched else words.near, *places))


def _quoted(passage: str) -> str:
    """A passage as a quotation in Markdown."""
    return "\n".join(f"> {line}".rstrip() for line in lines_of_passage(passage))
