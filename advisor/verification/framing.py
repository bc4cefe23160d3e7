"""Sentences that claim nothing of the subject: they lead to others, or say what the sources lack; and the parts of others.

The words that tell are data: the table `verification` of `advisor/text/language/*.toml`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from advisor.text.figures import figures
from advisor.text.language import language_rules
from advisor.text.names import quotations
from advisor.text.phrases import phrase_pattern
from advisor.text.plain import fold
from advisor.text.terms import term_set, terms
from advisor.types import DraftSentence, Language
from advisor.verification.support_features import cues_of, items_of

_CLAUSE_END = re.compile(r"(?<=[.!?])\s|[;:—–]\s|,\s(?=(?:and|but|yet|so|et|mais|donc|car|puis)\s)")
_SHORTEST_CLAUSE = 3  # words with a meaning of their own; fewer belong to the clause before
_LIMITING = frozenset({"condition", "reported", "only", "example", "not", "time1", "time2"})  # kinds of cue
_OPENING = 5  # words within which a sentence about a gap names the sources, and as many to its verb
_PREDICATE = re.compile(r"\s(?:and|et)\s")
_CONJUNCTION = re.compile(r"^(?:but|yet|so|however|and|mais|donc|et|or|cependant)\s(?:,\s)?")
_ELISION = re.compile(r"\b([a-z]{1,2})'(?=\w)")
_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_SECOND_CLAUSE = re.compile(r"[;:—–]\s|,\s(?=(?:but|yet|so|however|and|mais|donc|et|or|cependant)\b)")


@cache
def _words(language: Language, kind: str) -> frozenset[str]:
    return term_set(" ".join(getattr(language_rules(language).verification, kind)), language)


def is_announcement(text: str, language: Language) -> bool:
    """Whether a sentence only announces what follows: "Voici les points à retenir :"."""
    own = term_set(text, language)
    return (
        bool(own) and own <= _words(language, "announcing") and not figures(text) and text.rstrip().endswith((":", "…", "."))
    )


def is_bridge(text: str, language: Language) -> bool:
    """Whether words that lead to a list claim nothing but how long it is: "Three things decide it:"."""
    own = items_of(text, language)
    counts = [figure for figure in figures(text) if not figure.unit]
    said = set(own) - {figure.key for figure in counts}
    return text.endswith(":") and len(counts) <= 1 and said <= _words(language, "announcing") | _words(language, "bridging")


def points_back(text: str, language: Language) -> bool:
    """Whether a sentence says no more than that what was said before it comes one after the other: "In that order."."""
    own = term_set(text, language)
    return bool(own) and own <= _words(language, "following") and text.endswith(".") and not figures(text)


def counted_in(text: str) -> int | None:
    """How many things an announcement says that there are; None where it does not say."""
    return next((int(figure.value) for figure in figures(text)), None)


def clauses(text: str, language: Language) -> list[str]:
    """The parts of a text that claim something each, in order."""
    found: list[str] = []
    for part in filter(None, map(str.strip, _CLAUSE_END.split(text))):
        if found and min(len(terms(part, language)), len(terms(found[-1], language))) < _SHORTEST_CLAUSE:
            found[-1] = f"{found[-1]}, {part}"
        else:
            found.append(part)
    return found


def parts_to_show(sentence: DraftSentence, language: Language) -> list[DraftSentence]:
    """What may be left of a sentence that cannot be shown whole, the longest first.

    It goes without a lead that is a statement of its own, or as one of the statements that semicolons part, each behind
    what stands before their colon ("À éviter : …"); not where it would lose words that may limit it.
    """
    body = sentence.text.removeprefix(sentence.lead).strip()
    texts = [body] if _is_statement(sentence.lead, language) and not _limits(sentence.lead, language) else []
    head = "" if texts else sentence.lead
    before, colon, rest = body.partition(": ")
    head, whole = (f"{head} {before}:".strip(), rest) if colon else (head, body)
    parts = whole.split("; ")
    alone = (part for part in parts if not any(_limits(other, language) for other in parts if other != part))
    texts += [f"{head} {part.strip()}".strip() for part in alone if len(parts) > 1]
    kept = (
        text[:1].upper() + (text if text.endswith((".", "!", "?", "…")) else f"{text.rstrip(' ,')}.")[1:] for text in texts
    )
    found = [text for text in dict.fromkeys(kept) if text != sentence.text and len(terms(text, language)) > _SHORTEST_CLAUSE]
    return [replace(sentence, text=text, lead="") for text in sorted(found, key=len, reverse=True)]


def _is_statement(lead: str, language: Language) -> bool:
    """Whether a lead claims something by itself, and does not only name what follows."""
    says = bool(figures(lead)) or len(terms(lead, language)) >= _SHORTEST_CLAUSE
    return says and lead.endswith((".", "!", "?"))


def _limits(text: str, language: Language) -> bool:
    """Whether a statement holds a word that may limit the one beside it."""
    return bool(_CONJUNCTION.match(fold(text))) or bool(cues_of(text, language) & _LIMITING)


def behind_gap(text: str) -> str:
    """What a sentence says behind the clause that says what the sources lack, as a sentence; "" where it says no more."""
    _, *rest = _SECOND_CLAUSE.split(text, maxsplit=1)
    said = _CONJUNCTION.sub("", rest[0]) if rest else ""
    return said[:1].upper() + said[1:]


def gap_in(text: str, language: Language, asked: str = "") -> str:
    """What a sentence says that the sources lack: "The passages do not say when"; "" for any other sentence.

    Only its first clause counts: what stands behind "but" or a colon is a claim like another. It must begin with the
    sources, all of them or none, and deny its verb, or the verb behind "and" ("give rules and say nothing of this"), or say
    what they speak of in the place of something else ("speak of companies rather than of hospitals").

    :param asked: the question, whose figures it may repeat.
    """
    clause = _SECOND_CLAUSE.split(text, maxsplit=1)[0].strip().rstrip(" ,.")
    if _measures(clause) - _measures(asked) or quotations(clause):
        return ""
    words = clause.split()
    sources = language_rules(language).verification.sources
    subject = next((" ".join(words[: n + 1]) for n, word in enumerate(words[:_OPENING]) if fold(word) in sources), "")
    _, *others = _PREDICATE.split(clause)
    for gap in (clause, *(f"{subject} {other}" for other in others)):
        if _denies_its_verb(gap, language):
            return gap if gap.endswith(("!", "…")) else f"{gap}."
    return f"{clause}." if _denies_its_verb(clause, language, instead=True) else ""


def _denies_its_verb(clause: str, language: Language, *, instead: bool = False) -> bool:
    """Whether a clause says that the sources do not say something.

    :param instead: it may also say what they speak of in the place of something else.
    """
    words = language_rules(language).verification
    tokens = _TOKEN.findall(_ELISION.sub(r"\1 ", fold(clause)))
    at = next((n for n, token in enumerate(tokens[:_OPENING]) if token in words.sources), None)
    if at is None:
        return False
    verb = next((n for n in range(at + 1, min(at + _OPENING, len(tokens))) if tokens[n] in words.saying), None)
    if verb is None:
        return False
    if instead:
        return bool(phrase_pattern(words.instead).search(fold(clause)))
    # "do not say", "ne disent pas", "say nothing", "none of the passages says"; and not "warn not to name"
    denied = phrase_pattern(words.negations)
    near = [*tokens[:at], tokens[verb - 1], *tokens[verb + 1 : verb + 2]]
    is_one = tokens[at] == tokens[at].removesuffix("s")
    return any(map(denied.fullmatch, tokens[:at] if is_one else near))


def there_instead(gap: str, language: Language) -> str:
    """What a sentence on a gap says that the sources speak of in its place; "" where it only denies."""
    words, folded = language_rules(language).verification, fold(gap)
    found = phrase_pattern(words.instead).search(folded)
    said = folded[: found.start()].split() if found else []
    verb = next((n for n, word in enumerate(said) if word in words.saying), len(said))
    return " ".join(said[verb + 1 :])


def _measures(text: str) -> set[object]:
    """The figures of a text that count or measure something."""
    return {each.key for each in figures(text) if each.unit}
