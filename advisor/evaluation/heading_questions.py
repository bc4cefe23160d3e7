"""Section titles as questions: those that are some, those that nearly are, the others beside the title of their document.

"Who approves holiday?" is a question, "How to request leave" nearly; "Unpaid leave" is one beside the title of its document:
What does “Holiday” say about “Unpaid leave”? A title that several documents share, or whose section says next to nothing,
makes none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from advisor.answering.follow_up import is_follow_up
from advisor.text.language import language_rules
from advisor.text.plain import WORD, detect_language, fold, is_row, plain
from advisor.text.terms import term_set
from advisor.types import Chunk, Language

_FEWEST_WORDS = 20  # of a section that answers something
_SHORTEST_QUESTION = 3  # words
_MOST_NAMED = 7  # words of a title that is named in a question: a longer one is a sentence
_LONGEST = 180  # characters of a question
_WORDS_PER_LINK = 8  # fewer: a list of links
_LEADS_TO_A_PAGE = "...."  # in a table of contents
_NUMBERING = re.compile(r"^(?:[^\w«“\"'(]+|\d+(?:\.\d+)*[.):]?\s+)+")  # "2.1. ", pictograms
_WORDY = re.compile(r"[^\W\d_](?:[^\W\d_]|[’'&(),:\-\s])*")  # no address, date, number, code
_FIRST = 3  # titles of a document that ask, before titles of others that do not
Telling = Callable[[str, Language], float]
ASKS, NEARLY, NAMED, LAST = range(4)
"""Ranks of questions: a title that is one, that nearly is, that is named beside its document; any other."""


@dataclass(frozen=True, slots=True)
class HeadingQuestion:
    """A question that a section title makes, and the passage that answers it.

    `rank` is one of those above; `heading` is what the title says; `stands_alone`: it is understood without its document.
    """

    question: str
    chunk: Chunk
    rank: int
    heading: str
    stands_alone: bool


def questions_of(documents: Mapping[str, Sequence[Chunk]], telling: Telling) -> dict[str, list[HeadingQuestion]]:
    """Document -> its questions, best first.

    :param documents: document -> its chunks in reading order.
    :param telling: how much the words of a title tell, higher being more.
    """
    titles = Counter(fold(chunks[0].title) for chunks in documents.values() if chunks)
    headings = Counter(name for chunks in documents.values() for name in {fold(path[-1]) for path in _sections(chunks)})
    beginnings = Counter(fold(chunk.text) for chunks in documents.values() for chunk in chunks)
    found: dict[str, list[HeadingQuestion]] = {}
    for name, chunks in documents.items():
        known = Counter(fold(path[-1]) for path in _sections(chunks))
        made = [
            question
            for path, section in _sections(chunks).items()
            if known[fold(path[-1])] == 1 and beginnings[fold(section[0].text)] == 1 and _says_enough(section)
            for question in [_question(section[0], headings[fold(path[-1])], is_named=titles[fold(chunks[0].title)] == 1)]
            if question
        ]
        found[name] = sorted(made, key=lambda one: (one.rank, -telling(one.heading, one.chunk.language)))
    return found


def _sections(chunks: Sequence[Chunk]) -> dict[tuple[str, ...], list[Chunk]]:
    found: dict[tuple[str, ...], list[Chunk]] = {}
    for chunk in chunks:
        if chunk.heading and chunk.sentences:
            found.setdefault(chunk.heading, []).append(chunk)
    return found


def _says_enough(section: Sequence[Chunk]) -> bool:
    """Whether a section has running words: no table, no list of links, no pointer elsewhere."""
    told = [chunk.text_of(sentence) for chunk in section for sentence in chunk.sentences]
    words = sum(len(plain(text).split()) for text in told if not is_row(text))
    links = sum(text.count("](") + text.count(_LEADS_TO_A_PAGE) for text in told)
    return words >= _FEWEST_WORDS and links * _WORDS_PER_LINK < words


def _question(chunk: Chunk, documents: int, *, is_named: bool) -> HeadingQuestion | None:
    """:param documents: how many have a section of this title; `is_named`: no other document has this one's title."""
    heading, title = (_NUMBERING.sub("", plain(text)).rstrip(" :") for text in (chunk.heading[-1], chunk.title))
    language = chunk.language
    asked, rank = _as_question(heading, language)
    if asked:
        names_subject = bool(term_set(asked, language) & term_set(title, language))
        needs_title = documents > 1 or not names_subject or is_follow_up(asked, language)
        question = language_rules(language).titles.of.format(title=title, question=asked) if needs_title else asked
        usable = is_named or not needs_title
    else:
        needs_title = True
        question = language_rules(language).titles.about.format(title=title, heading=heading)
        words = heading.split()
        usable = is_named and _WORDY.fullmatch(heading) is not None and len(words) <= _MOST_NAMED
        usable = usable and fold(heading) != fold(title) and (len(words) > 1 or documents == 1)
        usable = usable and bool(term_set(words[-1], language))  # "The sponsor is somebody who" goes on in the text
        rank = NAMED if documents == 1 else LAST
    if not usable or len(question) > _LONGEST or detect_language(question) != language:
        return None
    return HeadingQuestion(typed(question), chunk, rank, heading, not needs_title)


def _as_question(heading: str, language: Language) -> tuple[str, int]:
    """A title that is a question, or becomes one by a word or two, and its rank; "" for any other."""
    interrogatives = language_rules(language).interrogatives
    if heading.endswith("?"):
        said = WORD.findall(fold(heading))
        opens = (
            any(word in interrogatives or f"{word}e" in interrogatives for word in (said[0], said[-1])) if said else False
        )
        return heading, ASKS if opens else LAST  # "qu'est-ce"; whether something is so is asked of people, in a talk
    words = heading.rstrip(" .…").split()
    if len(words) < _SHORTEST_QUESTION or fold(words[0]) not in interrogatives:
        return "", NAMED
    return _with_words_of_a_question(words, language), NEARLY


def _with_words_of_a_question(words: Sequence[str], language: Language) -> str:
    """A title that begins as a question as one; "" where it is none."""
    rules, first, second, rest = language_rules(language).titles, fold(words[0]), fold(words[1]), " ".join(words[1:])
    if rules.verbs:
        if f"{first} {second}" in rules.of_oneself:
            return f"{rules.of_oneself[f'{first} {second}']} {' '.join(words[2:])}{rules.end}"
        if second in rules.persons and first in rules.reorder:
            verb, others = (words[2], words[3:]) if fold(words[2]) in rules.verbs else ("do", words[2:])
            return f"{words[0]} {verb} {words[1]} {' '.join(others)}{rules.end}"
        if second not in rules.verbs:
            return ""
    return f"{words[0]} {rest}{rules.end}"


def typed(question: str) -> str:
    """A question as a keyboard gives it."""
    return " ".join(question.replace("\u00a0", " ").replace("\u202f", " ").split())


def in_any_document(one: HeadingQuestion) -> str:
    """The question, without the document that it is of."""
    asks = one.rank in (ASKS, NEARLY)
    return one.question if asks else typed(language_rules(one.chunk.language).titles.in_any.format(one.heading))


def spread(questions: Mapping[str, Sequence[HeadingQuestion]], order: Sequence[str]) -> Iterator[HeadingQuestion]:
    """One question of every document after another, a few that ask before those that do not.

    :param order: of the documents.
    """
    placed = [
        (one.rank not in (ASKS, NEARLY) or at >= _FIRST, one.rank == LAST, at, one.rank, number, one)
        for number, name in enumerate(order)
        for at, one in enumerate(questions[name])
    ]
    yield from (one for *_, one in sorted(placed, key=lambda entry: entry[:-1]))
