"""What can be wrong with question sets, one line each: `file:line: what, and what to do`.

Beyond the schema: quotes that the corpus does not hold word for word, key facts that no quote holds, declared languages that
are not those of the text, spaces that no keyboard types, and leaks. A leak is a question for reporting that was seen while
choosing settings: in its words (nearly the same question is for tuning, or stands beside a sentence in `asked/`), or in its
answer (a question for tuning has a relevant quote in common with it; a sentence of advice answers many questions, and counts
for none). Figures on such a question flatter, so both are refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from advisor.evaluation.places import ReadDocument, locate_goals
from advisor.evaluation.questions import QuestionSet, SetEntry, missing_facts, repeated_ids
from advisor.index.phrasings import read_phrasings
from advisor.index.plan import make_plan, next_documents
from advisor.settings import Settings
from advisor.text.plain import detect_language
from advisor.text.terms import term_set
from advisor.types import Document

_SAME_QUESTION = 0.8  # Jaccard index of the stemmed words of two questions
_TOO_SHORT_TO_TELL = 4  # words
_NOT_TYPED = "\u00a0\u202f"  # no-break spaces: a question is as somebody would type it


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong, and what only looks so."""

    errors: tuple[str, ...]
    warnings: tuple[str, ...]


def find_faults(sets: Sequence[QuestionSet], settings: Settings) -> Findings:
    """Check sets against each other and against the corpus folder.

    :raises CorpusError: when there is no corpus.
    """
    plan = make_plan(settings, None, reread=True)
    corpus = {document.id: document for document in next_documents(plan, None).written}
    entries = [entry for one in sets for entry in one.entries]
    asked = [question for known in read_phrasings(settings.corpus_dir) for question in known.questions]
    errors = [str(problem) for one in sets for problem in one.problems]
    errors += map(str, repeated_ids(entries))
    for entry in entries:
        errors += _labels(entry, corpus.get)
        errors += _documents(entry)
    errors += _leaks(entries, asked)
    warnings = [warning for entry in entries for warning in _warnings(entry)]
    warnings += [warning for one in sets for warning in _drafts(one)]
    return Findings(tuple(errors), tuple(warnings))


def _labels(entry: SetEntry, read: ReadDocument) -> Iterator[str]:
    question = entry.question
    for target in dict.fromkeys(locate_goals((*question.relevant, *question.sentences), read)[1]):
        why = "which is not in the corpus" if read(target.document) is None else f"which does not hold: {target.quote[:60]}…"
        yield f"{entry.place}: quotes {target.document}, {why}"
    found = " … ".join(_text(target.quote, read(target.document)) for target in question.relevant)
    if found and question.answerable:
        for fact in (fact for some in (question.key_facts, *question.turn_facts) for fact in missing_facts(found, some)):
            yield f"{entry.place}: no relevant quote holds the key fact {' / '.join(fact)}"


def _text(quote: str, document: Document | None) -> str:
    return quote or (document.text if document else "")


def _documents(entry: SetEntry) -> Iterator[str]:
    for name in entry.question.documents:
        if not (entry.file.parent / name).is_file():
            yield f"{entry.place}: the document {name} does not exist beside the set"


def _warnings(entry: SetEntry) -> Iterator[str]:
    question = entry.question
    for text in question.texts:
        if any(space in text for space in _NOT_TYPED):
            yield f"{entry.place}: has a space that no keyboard types: {text[:60]}"
        if len(text.split()) > _TOO_SHORT_TO_TELL and (seems := detect_language(text)) != question.language:
            yield f"{entry.place}: declared {question.language}, reads as {seems}: {text[:60]}"


def _drafts(one: QuestionSet) -> Iterator[str]:
    """One line for all of a set: a new draft is nothing else."""
    drafts = [entry for entry in one.entries if entry.question.kind.startswith("draft")]
    if drafts:
        kinds = ", ".join(dict.fromkeys(entry.question.kind for entry in drafts))
        count = "is a draft" if len(drafts) == 1 else f"and {len(drafts) - 1} more are drafts"
        yield f"{drafts[0].place}: {count} (kind {kinds}): read, correct, and give each a kind"


def _leaks(entries: Sequence[SetEntry], asked: Iterable[str]) -> Iterator[str]:
    tuned = [entry for entry in entries if entry.question.split == "tune"]
    words = [(_terms(text), entry.place) for entry in tuned for text in entry.question.texts]
    words += [(_terms(text), "the phrasings of the corpus (asked/)") for text in asked]
    quotes = {
        (target.document, target.quote): entry
        for entry in tuned
        if entry.question.answerable
        for target in entry.question.relevant
    }
    for entry in entries:
        if entry.question.split == "report":
            yield from _leak(entry, words, quotes)


def _leak(
    entry: SetEntry, words: Sequence[tuple[frozenset[str], str]], quotes: Mapping[tuple[str, str], SetEntry]
) -> Iterator[str]:
    """At most one line: the words first."""
    advice = 'Give it "split": "seen", or ask something else'
    for text in entry.question.texts:
        own = _terms(text)
        seen = next((place for other, place in words if _are_near(own, other)), None)
        if seen:
            yield f"{entry.place}: is for reporting, but nearly the same question is in {seen}. {advice}"
            return
    for target in entry.question.relevant if entry.question.answerable else ():
        tuned = quotes.get((target.document, target.quote))
        if tuned:
            yield f"{entry.place}: is for reporting, but has its quote in common with {tuned.place}, for tuning. {advice}"
            return


def _terms(text: str) -> frozenset[str]:
    return term_set(text, detect_language(text))


def _are_near(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one) and len(one & other) >= _SAME_QUESTION * len(one | other)
