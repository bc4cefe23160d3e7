"""A question -> what a passage has to hold to answer it.

Each term of the question is a need; a passage meets it with the term itself, with another form of the same concept (the
corpus's thesaurus, in both languages), or, where the index does not know the term, with the nearest one that it knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from advisor.documents.passages import searched_text
from advisor.index.generation import Generation
from advisor.index.thesaurus import Concept, word_spans, words
from advisor.text.language import LANGUAGES
from advisor.text.one_form import in_one_form
from advisor.text.plain import COMPOUND, fold, is_in_another_language, sentence_spans
from advisor.text.terms import terms
from advisor.types import Language

_OTHER_FORM = 0.7  # what another form of the concept is worth, the question's own being 1
_NEAREST = 0.8  # what a term a letter or two away is worth
_SLIP = 0.9  # difflib ratio of a word and the one that was meant
_MOST_CONCEPTS = 4  # of a question, the longest matches first
_STARTS_SENTENCE = re.compile(r"(?:^|[.?!:;(…])[\s«\"“]*$")
_DAYS = frozenset({"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"})


@dataclass(frozen=True, slots=True)
class Need:
    """A term of the question: `weight` is its idf; `forms` are sets of terms that meet it, each with its worth (0..1).

    The first form is the term itself.
    """

    term: str
    weight: float
    known: bool
    forms: tuple[tuple[frozenset[str], float], ...]

    @property
    def synonyms(self) -> list[frozenset[str]]:
        """What the thesaurus knows the term by, besides."""
        return [form for form, worth in self.forms[1:] if worth == _OTHER_FORM]

    def met(self, words: Set[str]) -> float:
        """How far (0..1) the words meet the need."""
        best = 0.0
        for form, worth in self.forms:  # hundreds of times a question: a generator takes twice as long
            if worth > best and form <= words:
                best = worth
        return best


@dataclass(frozen=True, slots=True)
class Query:
    """A question as search uses it.

    `expanded` is the question with the usual forms of the concepts that it names as no document does; `terms` are what to
    look for in the index of each language, each with its worth (0..1); `names` are its proper names, acronyms and numbers,
    folded, without the numbers of a statement before the question: they are the asker's own. `language` is None for
    another than those of documents: its words are not looked for.
    """

    question: str
    language: Language | None
    expanded: str
    needs: tuple[Need, ...]
    terms: dict[Language, dict[str, float]]
    names: tuple[str, ...]

    def coverage(self, words: Set[str]) -> float:
        """The share (0..1) of what the question asks for that these words hold."""
        held = total = 0.0
        for need in self.needs:  # hundreds of times a question: two sums take half as long again
            total += need.weight
            held += need.weight * need.met(words)
        return held / total if total else 0.0

    @property
    def unknown(self) -> float:
        """The share (0..1) of the question that no passage of the index mentions in any form."""
        total = sum(need.weight for need in self.needs)
        return sum(need.weight for need in self.needs if not need.known) / total if total else 0.0


def analyse(index: Generation, question: str, language: Language) -> Query:
    """Look the question's terms up in the index and its thesaurus."""
    if is_in_another_language(question):
        return Query(question, None, question, (), {}, ())
    written = in_one_form(question, language)
    query = _looked_up(index, written, language)
    return replace(query, question=question, expanded=question if query.expanded == written else query.expanded)


def _looked_up(index: Generation, question: str, language: Language) -> Query:
    said = words(question)
    concepts = _concepts(index.thesaurus, said)
    names = _names(question)
    asked = _names(_asking_part(question, language))
    wanted_names = tuple(name for name in names if name in asked or not _has_digit(name))
    wanted = {each: dict.fromkeys(terms(question, each), 1.0) for each in LANGUAGES}
    named = [(match.concept, set(terms(" ".join(said[match.start : match.end]), language))) for match in concepts]
    needs, slips = [], dict[str, str]()
    for term in dict.fromkeys(terms(question, language)):
        forms = [(frozenset({term}), 1.0)]
        for concept, stems in named:
            if term in stems:
                forms += [(frozenset(form), _OTHER_FORM) for form in concept.forms[language] if form]
        known = index.keyword_index.document_frequency(term, language) > 0 or len(forms) > 1
        near = None if known or term in names else index.keyword_index.nearest(term, language)
        if near:
            slips[term] = near
            forms.append((frozenset({near}), _NEAREST))
            wanted[language].setdefault(near, _NEAREST)
        needs.append(Need(term, index.keyword_index.idf(near or term, language), bool(known or near), tuple(forms)))
    for concept, _ in named:
        for each in LANGUAGES:
            for form in concept.forms[each]:
                for term in form:
                    wanted[each].setdefault(term, _OTHER_FORM / len(form))
    strange = [match for match in concepts if said[match.start : match.end] not in index.used_forms]
    expanded = _in_usual_words(question, strange, language)
    if slips:
        expanded = _spelled(index, expanded, slips, language)
    return Query(question, language, expanded, tuple(needs), wanted, wanted_names)


def _asking_part(question: str, language: Language) -> str:
    """The question without the statements before it: "We have 20 teams. How ...?"."""
    sentences = [question[start:end] for start, end in sentence_spans(question, language)]
    asking = [sentence for sentence in sentences if "?" in sentence]
    return " ".join(asking or sentences[-1:])


@dataclass(frozen=True, slots=True)
class _Match:
    """A concept found in a question, at `[start, end)` of its words."""

    concept: Concept
    start: int
    end: int


def _concepts(thesaurus: Sequence[Concept], said: Sequence[str]) -> list[_Match]:
    """The concepts that a question names, longest match first, none inside another."""
    places: dict[str, list[int]] = {}
    for at, word in enumerate(said):
        places.setdefault(word, []).append(at)
    found = [
        _Match(concept, at, at + len(form))
        for concept in thesaurus
        for form in concept.words
        if form
        for at in places.get(form[0], ())
        if tuple(said[at : at + len(form)]) == form
    ]
    found.sort(key=lambda match: (match.start - match.end, match.start))
    kept: list[_Match] = []
    for match in found:
        if len(kept) < _MOST_CONCEPTS and all(match.end <= other.start or other.end <= match.start for other in kept):
            kept.append(match)
    return kept


def _in_usual_words(question: str, concepts: Sequence[_Match], language: Language) -> str:
    """The question with the usual form of each of these concepts in place of the form used."""
    spans = word_spans(question)
    text = question
    for match in sorted(concepts, key=lambda match: -match.start):
        usual = match.concept.names[language][:1]
        start, end = spans[match.start][0], spans[match.end - 1][1]
        if usual and words(text[start:end]) != words(usual[0]):
            text = text[:start] + usual[0] + text[end:]
    return text


def _spelled(index: Generation, question: str, slips: Mapping[str, str], language: Language) -> str:
    """The question with each mistyped word as a passage writes it: a small model makes little of "optons".

    :param slips: unknown term -> the nearest known one.
    """

    def right(found: re.Match[str]) -> str:
        near = next((slips[term] for term in terms(found.group(), language) if term in slips), None)
        hits = index.keyword_index.search({language: {near: 1.0}}, num_results=1) if near else []
        text = searched_text(index.catalog.chunks([hits[0][0]])[hits[0][0]].chunk) if hits else ""
        same = (word for word in COMPOUND.findall(text) if terms(word, language) == [near])
        return next((word for word in same if _is_slip(found.group(), word)), found.group())

    return COMPOUND.sub(right, question)


def _is_slip(typed: str, meant: str) -> bool:
    """Whether a word is another one mistyped, rather than a word of its own."""
    return SequenceMatcher(None, fold(typed), fold(meant)).ratio() >= _SLIP


def _has_digit(word: str) -> bool:
    return any(map(str.isdigit, word))


def _names(question: str) -> tuple[str, ...]:
    """Words with a capital (not the first of a sentence) or a digit, folded: what an answer cannot do without."""
    words_said = COMPOUND.finditer(question)
    found = (match.group() for match in words_said if not _STARTS_SENTENCE.search(question[: match.start()]))
    marked = (word for word in found if len(word) > 1 and (word[0].isupper() or _has_digit(word)))
    return tuple(name for name in map(fold, marked) if name not in _DAYS)
