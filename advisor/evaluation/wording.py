"""The words of evaluation runs and their reports, in both languages: `words/fr.toml` and `words/en.toml`."""

from __future__ import annotations

from collections.abc import Mapping

from advisor.text.language import WordTable, read_words
from advisor.types import Language


class EvaluationWords(WordTable):
    """What a report says in one language.

    The mappings go from names of measures, titles of breakdowns, names of groups (sets of one’s own have others as well),
    statuses, stages and verdicts to words; `headlines` are short names of measures.
    """

    title: str
    decimal: str
    against: str
    made: str
    left_out: str
    not_applicable: str
    why_not_applicable: str
    no_interval: str
    was: str
    compared: str
    in_common: str
    how_compared: str
    documents_differ: str
    measure: str
    before: str
    after: str
    difference: str
    interval: str
    detectable: str
    verdict: str
    value: str
    of: str
    flipped: str
    nothing: str
    by_group: str
    how_passed: str
    confidence: str
    risk: str
    how_risk: str
    across: str
    up: str
    latency: str
    how_latency: str
    every_measure: str
    group: str
    questions: str
    failing: str
    passing: str
    expected: str
    got: str
    sources: str
    scores: str
    sure: str
    answer: str
    answer_with: str
    refusal: str
    refusal_or_near: str
    made_with: str
    measures: dict[str, str]
    headlines: dict[str, str]
    breakdowns: dict[str, str]
    groups: dict[str, str]
    statuses: dict[str, str]
    stages: dict[str, str]
    verdicts: dict[str, str]

    def number(self, value: float, digits: int | None = None) -> str:
        """A number with so many decimals; without them, shares have three, counts fewer the larger they are."""
        if digits is None:
            digits = 3 if abs(value) <= 1 else 2 if abs(value) < _LARGE else 0
        return f"{value:.{digits}f}".replace(".", self.decimal)

    def difference_of(self, value: float) -> str:
        """A difference with its sign."""
        return f"{value:+.3f}".replace(".", self.decimal).replace("-", "−")


_LARGE = 10
EVALUATION_WORDS: Mapping[Language, EvaluationWords] = read_words("advisor.evaluation", EvaluationWords)
