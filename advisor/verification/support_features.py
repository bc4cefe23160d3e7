"""What tells whether sentences support another of their language: shared words, and cues that one side alone has.

A cue is a word that changes what a sentence claims: it points one way (must, before), denies, limits, or names a cause. The
words are data (`verification` in `advisor/text/language/*.toml`); which of them count, and how much, is learned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from advisor.text.figures import figures
from advisor.text.language import language_rules
from advisor.text.names import names, words_of
from advisor.text.phrases import phrase_pattern
from advisor.text.plain import fold
from advisor.text.terms import term_set, terms
from advisor.types import Language
from advisor.verification.contradiction import contradiction, marks

_WORTH_OF_A_FIGURE = 1.5  # in words: a figure or a name of the sentence that a source sentence holds
_LONG = 40  # words


@lru_cache(maxsize=4_000)
def items_of(text: str, language: Language) -> Mapping[object, float]:
    """What a source has to hold of a sentence: its words, its figures and its names; each with its worth."""
    folded, numbers = fold(text), figures(text)
    for figure in reversed(numbers):  # "dix-sept pour cent" is a figure, not four words
        folded = f"{folded[: figure.start]} {folded[figure.end :]}"
    found: dict[object, float] = dict.fromkeys(term_set(folded, language), 1.0)
    return found | dict.fromkeys([*(figure.key for figure in numbers), *names(text)], _WORTH_OF_A_FIGURE)


@lru_cache(maxsize=4_000)
def held_by(text: str, language: Language) -> frozenset[object]:
    """What a source holds: its terms, figures and names."""
    return frozenset([*term_set(text, language), *(figure.key for figure in figures(text)), *words_of(text)])


def held_share(text: str, language: Language, others: Sequence[str]) -> float:
    """How much (0..1) of a sentence's words and figures other sentences hold together."""
    return _share(text, language, frozenset[object]().union(*(held_by(other, language) for other in others)))


def support_features(
    text: str, language: Language, sources: Sequence[tuple[str, Language]], known: frozenset[object]
) -> dict[str, float]:
    """Numbers about a sentence and the sentences that it rests on, 0..1 each.

    `coverage`: share of its words and figures that they hold together, `best`: that the best one holds alone, `known`: that
    any passage holds; `left`: share of the best one's words that it leaves out; `order`: share of the words common with the
    best one that follow each other as there; `length`: its words, of 40; the code of a contradiction: `best` where it turns
    the sense of the same words; for each kind of cue `+kind`: 1 where only it has one, `-kind`: where only the best source
    has.

    :param sources: sentences with their languages, one at least.
    :param known: what all passages hold together, as `held_by` gives it.
    """
    shares = [held_share(text, language, [source]) for source, _ in sources]
    best, spoken = sources[shares.index(max(shares))]
    own = [source for source, other in sources if other == language]
    mine, theirs = cues_of(text, language), frozenset[str]().union(*(cues_of(*source) for source in sources))
    added, lost = mine - theirs, cues_of(best, spoken) - mine
    features = {
        "coverage": held_share(text, language, [source for source, _ in sources]),
        "best": max(shares),
        "known": _share(text, language, known),
        "left": 1 - held_share(best, spoken, [text]),
        "order": _order(terms(text, language), terms(best, spoken)),
        "length": min(1.0, len(text.split()) / _LONG),
    }
    turned = contradiction(text, language, own)
    if turned:
        features[turned.code] = max(shares)
    return features | {_kind("+", cue): 1.0 for cue in added} | {_kind("-", cue): 1.0 for cue in lost}


def _kind(side: str, cue: str) -> str:
    """The name of the feature: units are counted as one kind."""
    return f"{side}unit" if cue.startswith("in ") else side + cue


def _share(text: str, language: Language, held: frozenset[object]) -> float:
    items = items_of(text, language)
    total = sum(items.values())
    return sum(worth for item, worth in items.items() if item in held) / total if total else 0.0


def _order(own: Sequence[str], source: Sequence[str]) -> float:
    """The share of neighbours among the common words that stand in the same order in both; 1 where there are too few."""
    places = {term: at for at, term in reversed(list(enumerate(source)))}
    common = [places[term] for term in dict.fromkeys(own) if term in places]
    pairs = list(pairwise(common))
    return sum(left < right for left, right in pairs) / len(pairs) if pairs else 1.0


@lru_cache(maxsize=4_000)
def cues_of(text: str, language: Language) -> frozenset[str]:
    """The kinds of cue that a sentence has."""
    folded, kinds = fold(text), language_rules(language).verification.cues
    pointing = (f"{mark.axis}{mark.way}" if mark.axis else "not" for mark in marks(text, language))
    units = language_rules(language).figures.units.items()
    measured = (f"in {unit}" for unit, words in units if phrase_pattern(tuple(words)).search(folded))
    return frozenset(
        [*pointing, *measured, *(kind for kind, words in kinds.items() if phrase_pattern(words).search(folded))]
    )
