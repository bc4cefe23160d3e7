"""A short self-assessment per domain from the playbooks' checklists, with their advice on the weakest points.

Nothing is kept: the answers come with each request, one character a statement (`0` no, `1` partly, `2` yes, `-` none).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Literal, get_args

from advisor.errors import QuestionError
from advisor.features.checklists import Item, cite_item, items
from advisor.features.memo import Block, Memo, Table, Text, heading, numbered, paragraph, source
from advisor.features.memo_words import WORDS
from advisor.index.generation import Generation
from advisor.models.embeddings import Embeddings
from advisor.text.terms import terms
from advisor.types import Citation, Document, Language

Domain = Literal["strategy", "ai", "cloud", "security", "delivery", "leadership"]
DOMAINS: tuple[Domain, ...] = get_args(Domain)
_TOPICS: dict[str, Domain] = {
    "strategy": "strategy",
    "ai": "ai",
    "cloud": "cloud",
    "finops": "cloud",
    "security": "security",
    "delivery": "delivery",
    "leadership": "leadership",
    "role": "leadership",
}
_PER_DOMAIN = 6  # statements: "short" means 36 in all
_WEAKEST = 3
_WORDS_COUNT = 0.15  # cosines of one playbook lie within 0.1 of each other: the words decide among near ones
_YES = 2
_NONE = "-"
_ANSWERS = frozenset("012-")


@dataclass(frozen=True, slots=True)
class Statement:
    """A line of a checklist, and the document that it comes from."""

    item: Item
    document: Document


@dataclass(frozen=True, slots=True)
class Score:
    """How a domain came out: `value` in 0..1, None when nothing was answered; `answered` of `statements`."""

    domain: Domain
    value: float | None
    answered: int
    statements: int


@dataclass(frozen=True, slots=True)
class Weakness:
    """A statement answered no (0) or partly (1), with the step of the same playbook that comes nearest to it."""

    domain: Domain
    statement: str
    answer: int
    advice: Citation | None


@dataclass(frozen=True, slots=True)
class Assessment:
    """The outcome: a score for each domain that has statements, and the weakest points, weakest first."""

    scores: tuple[Score, ...]
    weakest: tuple[Weakness, ...]
    generation: str


def statements(index: Generation, language: Language) -> dict[Domain, list[Statement]]:
    """The statements of each domain in that language, taken from its playbooks in turn; a domain without any is left out.

    A translation has its statements in the order of the original: answers mean the same in both languages.
    """
    lists: dict[Domain, list[list[Statement]]] = {}
    for listed in index.catalog.listing():
        domain = _TOPICS.get(listed.topic or "")
        document = index.catalog.document(listed.id) if domain and listed.language == language else None
        if domain and document and (found := items(document, "checklist", index.sections)):
            lists.setdefault(domain, []).append([Statement(item, document) for item in found])
    return {domain: _in_turn(lists[domain])[:_PER_DOMAIN] for domain in DOMAINS if domain in lists}


def _in_turn(lists: Sequence[Sequence[Statement]]) -> list[Statement]:
    return [one for one in chain.from_iterable(zip_longest(*lists)) if one is not None]


def assess(index: Generation, embeddings: Embeddings, language: Language, answers: Mapping[str, str]) -> Assessment:
    """Scores, and the weakest points with their advice.

    :param answers: domain -> its answers in order, as many as it has statements; a domain left out has no answers.
    :raises QuestionError: for an unknown domain, another number of answers, or another character.
    """
    asked = statements(index, language)
    _check(asked, answers)
    given = {domain: answers.get(domain, _NONE * len(some)) for domain, some in asked.items()}
    scores = tuple(_score(domain, given[domain]) for domain in asked)
    order = {score.domain: (score.value or 0.0, place) for place, score in enumerate(scores)}
    weak = [
        (int(answer), order[domain], domain, statement)
        for domain, some in asked.items()
        for statement, answer in zip(some, given[domain], strict=True)
        if answer != _NONE and int(answer) < _YES
    ]
    weak.sort(key=lambda one: one[:2])
    weakest: list[Weakness] = []
    for answer, _, domain, statement in weak[:_WEAKEST]:
        given_before = [weakness.advice for weakness in weakest if weakness.advice]
        weakest.append(Weakness(domain, statement.item.text, answer, _advice(index, embeddings, statement, given_before)))
    return Assessment(scores, tuple(weakest), index.manifest.generation)


def _check(asked: Mapping[Domain, Sequence[Statement]], answers: Mapping[str, str]) -> None:
    known: dict[str, int] = {domain: len(some) for domain, some in asked.items()}
    for domain, given in answers.items():
        if len(given) != known.get(domain) or not set(given) <= _ANSWERS:
            message = (
                f"{len(given)} answers do not fit the domain {domain!r}, which has {known.get(domain, 0)} statements: the "
                "corpus has changed. Reload the page and answer again"
            )
            raise QuestionError(message)


def _score(domain: Domain, given: str) -> Score:
    values = [int(answer) for answer in given if answer != _NONE]
    return Score(domain, sum(values) / (_YES * len(values)) if values else None, len(values), len(given))


def _advice(index: Generation, embeddings: Embeddings, statement: Statement, before: Sequence[Citation]) -> Citation | None:
    """The step of the statement's playbook with the sentence nearest to it in meaning and words; none is given twice."""
    known = {(citation.document, citation.start) for citation in before}
    steps = [step for step in items(statement.document, "steps", index.sections) if (step.document, step.start) not in known]
    places = [
        (number, step)
        for stored in index.catalog.chunks_of(statement.document.id)
        for number, sentence in zip(stored.numbers, stored.chunk.sentences, strict=True)
        for step in steps
        if step.start <= sentence.start < step.end
    ]
    if not places:
        return None
    cosines = index.sentence_vectors([number for number, _ in places]) @ embeddings.encode_query(statement.item.text)
    language = statement.document.language
    wanted = {term: index.keyword_index.idf(term, language) for term in terms(statement.item.text, language)}
    most = sum(wanted.values()) or 1.0
    shared = [sum(wanted[term] for term in wanted.keys() & set(terms(step.text, language))) / most for _, step in places]
    nearest = max(range(len(places)), key=lambda n: float(cosines[n]) + _WORDS_COUNT * shared[n])
    return cite_item(statement.document, places[nearest][1], 1)


def assessment_memo(assessment: Assessment, names: Mapping[str, str], address: str, language: Language, date: str) -> Memo:
    """The outcome as a memo.

    :param names: domain -> its name.
    """
    words = WORDS[language]
    rows = tuple(
        (names[s.domain], "–" if s.value is None else f"{s.value * 100:.0f}\u00a0%", f"{s.answered}/{s.statements}")
        for s in assessment.scores
    )
    blocks: list[Block | Table] = [heading(words.scores, 1), Table((words.domain, words.score, words.answered), rows)]
    blocks += [heading(words.weakest, 1), *_weakest(assessment, names, address, language)]
    return Memo(words.maturity, language, words.made.format(date, assessment.generation), tuple(blocks))


def _weakest(assessment: Assessment, names: Mapping[str, str], address: str, language: Language) -> Iterator[Block]:
    words = WORDS[language]
    if not assessment.weakest:
        yield paragraph(words.no_weakness)
        return
    advised = numbered([weakness.advice for weakness in assessment.weakest if weakness.advice])
    markers = {(one.document, one.start): one for one in advised}
    for weakness in assessment.weakest:
        yield heading(f"{names[weakness.domain]}{words.colon} {weakness.statement}", 2)
        if weakness.advice:
            yield Block("paragraph", (Text(f"{words.advice}{words.colon}", bold=True),))
            found = markers[weakness.advice.document, weakness.advice.start]
            yield from source(found, assessment.generation, address, words)
