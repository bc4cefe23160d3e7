"""Whether a change may go on: no measure significantly worse than the baseline, none below its floor, no question failed.

`evals/gate.toml` says which measures are compared and what their floors are, per set.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from advisor.errors import EvaluationError
from advisor.evaluation.comparison import Comparison, Difference, compare_rows
from advisor.evaluation.measures import BY_NAME, measure_rows
from advisor.evaluation.questions import QuestionSet, cases_of
from advisor.evaluation.runner import PinnedAdvisor, ask_cases, part_by_labels
from advisor.evaluation.scoring import Row, score_all

GATE_FILE = "gate.toml"


class GateRules(BaseModel):
    """`measures`: those whose fall fails the gate; `floors`: set -> measure -> least value (most, where lower is better)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    measures: tuple[str, ...]
    most_failures: int = 0
    floors: dict[str, dict[str, float]] = {}

    @field_validator("measures")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in names if name not in BY_NAME]
        if unknown:
            message = f"unknown measure {unknown[0]!r}. Known: {', '.join(BY_NAME)}"
            raise ValueError(message)
        return names

    @field_validator("floors")
    @classmethod
    def _known_floors(cls, floors: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
        for values in floors.values():
            cls._known(tuple(values))
        return floors


@dataclass(frozen=True, slots=True)
class GateResult:
    """What the gate found; it passed when there is no objection. `notes` say what it could not look at."""

    objections: tuple[str, ...]
    notes: tuple[str, ...] = ()
    comparison: Comparison | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing objects."""
        return not self.objections

    @property
    def lines(self) -> list[str]:
        """The outcome in words; the first line is the verdict."""
        verdict = "gate: passed" if self.passed else f"gate: failed ({len(self.objections)})"
        return [verdict, *(f"  - {objection}" for objection in self.objections), *(f"  note: {note}" for note in self.notes)]


def read_gate(path: Path) -> GateRules:
    """The gate of a file.

    :raises EvaluationError: when it is missing or malformed.
    """
    try:
        return GateRules.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as cause:
        why = cause.errors()[0]["msg"] if isinstance(cause, ValidationError) else str(cause)
        message = f"the gate {path} cannot be used: {why}"
        raise EvaluationError(message) from cause


def judge(rows: Sequence[Row], baseline: Sequence[Row], rules: GateRules) -> GateResult:
    """Rows against a baseline (empty: none) and the floors."""
    objections = [*_failures(rows, rules), *_below_floors(rows, rules)]
    notes = []
    comparison = None
    if not baseline:
        notes.append("there is no baseline to compare with. Make a run one: advisor eval bless RUN")
    else:
        comparison = compare_rows(baseline, rows, [BY_NAME[name] for name in rules.measures])
        objections += [_in_words(d) for d in comparison.differences if d.verdict == "worse"]
        if not comparison.questions:
            objections.append("none of the questions is in the baseline. Bless a run of these sets: advisor eval bless RUN")
        elif new := len(rows) - comparison.questions:
            notes.append(f"{new} questions are new or changed since the baseline, and were not compared")
    return GateResult(tuple(objections), tuple(notes), comparison)


def _failures(rows: Sequence[Row], rules: GateRules) -> list[str]:
    failed = [row for row in rows if row.status == "failed"]
    if len(failed) <= rules.most_failures:
        return []
    return [f"{len(failed)} questions failed, first {failed[0].id}: {failed[0].error}"]


def _below_floors(rows: Sequence[Row], rules: GateRules) -> list[str]:
    found = []
    for name, floors in rules.floors.items():
        some = [row for row in rows if row.set == name]
        for figure in measure_rows(some, [BY_NAME[measure] for measure in floors]):
            least, value = floors[figure.name], figure.estimate.value
            if (value - least) * BY_NAME[figure.name].better < 0:
                found.append(f"{name}: {figure.label} is {value:.3f}, the limit is {least:.3f}")
    return found


def _in_words(worse: Difference) -> str:
    return (
        f"{worse.label} is significantly worse than the baseline: {worse.before:.3f} -> {worse.after:.3f} "
        f"({worse.questions} questions, p = {worse.p:.2g})"
    )


def gate_generation(
    published: PinnedAdvisor, candidate: PinnedAdvisor, sets: Sequence[QuestionSet], rules: GateRules
) -> GateResult:
    """Whether a generation that is not published yet does as well as the published one, on the same questions.

    Questions whose quotes one of the two does not hold are left out: their labels are stale, which says nothing of quality.
    Questions with documents of their own are left out too. Floors are not looked at: the published generation is the floor.
    """
    cases = [case for one in sets for case in cases_of(one) if not case.documents]
    advisors = published, candidate
    asked, _ = part_by_labels(cases, *(one.index.catalog.document for one in advisors))
    before, after = (score_all(ask_cases(one, asked)) for one in advisors)
    result = judge(after, before, rules.model_copy(update={"floors": {}}))
    left_out = len(cases) - len(asked)
    notes = (f"{left_out} questions were left out: their quotes are not in both generations",) if left_out else ()
    return GateResult(result.objections, notes, result.comparison)
