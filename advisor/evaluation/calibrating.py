"""Trials -> weights of the signals, and the thresholds to answer with.

A logistic regression whose weights are drawn towards those known before (of the model, or of any model) as far as the data
tell nothing else: few questions move them little. How strongly is chosen by what predicts the trials of one group of
documents best from those of the others; so are the confidences that everything printed is measured on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np
from scipy.optimize import minimize

from advisor.errors import EvaluationError
from advisor.evaluation.held_out import Trial
from advisor.evaluation.statistics import auroc
from advisor.index.calibration import WEIGHTS, Kind, Weight, WordSignal
from advisor.retrieval.confidence import Signals, comparable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEWEST = 30
"""Trials of each kind, with an answer and without: a share of fewer is known to less than 18 points."""
ANSWERABLE = 0.64
"""The share of trials with an answer, by weight: that of the questions which the program's thresholds were chosen on."""
ANSWER, NEAR = 0.37, 0.18
"""What the program's thresholds (.25 and .1) come to in a calibration that is fitted so: as many of the shipped corpus's
questions without an answer are below. Found with multilingual-e5-small (.376, .178) and all-MiniLM-L6-v2 (.373, .184), 200
questions of each kind."""
_STRENGTHS = (1.0, 10.0, 100.0, 1e3, 1e4, 1e5)  # of the draw: from trials that decide alone to weights that do not move
_OF_WORDS: tuple[WordSignal, ...] = get_args(WordSignal)
SIGNALS = tuple(name for name in WEIGHTS if name != "bias")


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Trials with the confidence (0..1) of each by weights fitted without its group of documents.

    `answerable`, `right` and `share` (the weight of each trial, 1 on average) have shape (trials,), like `confidence`.
    """

    confidence: Floats
    answerable: NDArray[np.bool_]
    right: NDArray[np.bool_]
    share: Floats

    @property
    def auroc(self) -> float:
        """How well confidence tells answers that are right from all others."""
        return auroc(self.confidence, self.right)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What happens from a threshold on: shares (0..1).

    `coverage`: of the questions with an answer, those answered; `precision`: of the answers, the right ones, a question with
    an answer counting as it does in `ANSWERABLE`; `refused`: of the questions without an answer, those refused.
    """

    threshold: float
    coverage: float
    precision: float
    refused: float


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """The weights of each kind of answers that there were trials enough for, and what they are worth."""

    weights: Mapping[Kind, Mapping[Weight, float]]
    typical: Mapping[WordSignal, float]
    judged: Judged


Prior = Callable[[Kind], Mapping[str, float]]
"""The weights that are known before; a signal that they lack counts as nothing."""


def fit_calibration(trials: Sequence[Trial], prior: Prior) -> Fit:
    """Fit each kind of answers by itself.

    :raises EvaluationError: when there are too few trials of every kind.
    """
    kinds: dict[Kind, list[Trial]] = {"phrasings": [], "plain": []}
    for trial in trials:
        kinds["phrasings" if trial.signals.phrasings else "plain"].append(trial)
    enough = {kind: some for kind, some in kinds.items() if min(_counts(some)) >= FEWEST and _is_of_several_groups(some)}
    if not enough:
        with_answer, without = _counts(trials)
        message = (
            f"there are {with_answer} questions with an answer in the corpus and {without} without, and a calibration needs "
            f"{FEWEST} of each, about several documents. Name question sets of yours: advisor calibrate SET; or write "
            f"questions beside lines (asked/)"
        )
        raise EvaluationError(message)
    typical = _typical([trial for some in enough.values() for trial in some])
    by_name = {str(name): value for name, value in typical.items()}
    fitted = {kind: _fit_kind(some, by_name, prior(kind)) for kind, some in enough.items()}
    judged = [each[1] for each in fitted.values()]
    return Fit(
        weights={kind: each[0] for kind, each in fitted.items()},
        typical=typical,
        judged=Judged(*(np.concatenate([getattr(one, name) for one in judged]) for name in Judged.__slots__)),
    )


def _counts(trials: Sequence[Trial]) -> tuple[int, int]:
    with_answer = sum(trial.answerable for trial in trials)
    return with_answer, len(trials) - with_answer


def _is_of_several_groups(trials: Sequence[Trial]) -> bool:
    """Whether each group of documents can be told from others: what is fitted without one must have something left."""
    return len({trial.group for trial in trials}) > 1


def _typical(trials: Sequence[Trial]) -> dict[WordSignal, float]:
    """The means of the signals that count words, where an answer is right and in the language of the question."""
    helping = [asdict(trial.signals) for trial in trials if trial.right and not trial.signals.foreign]
    return {name: round(float(np.mean([each[name] for each in helping])) if helping else 0.0, 4) for name in _OF_WORDS}


def _fit_kind(
    trials: Sequence[Trial], typical: Mapping[str, float], prior: Mapping[str, float]
) -> tuple[dict[Weight, float], Judged]:
    values = [comparable(trial.signals, typical) for trial in trials]
    table = np.array([[each[name] for name in SIGNALS] for each in values])
    answerable = np.array([trial.answerable for trial in trials])
    right = np.array([trial.right for trial in trials])
    groups = np.array([trial.group for trial in trials])
    share = _shares(answerable)
    known = np.array([prior.get(name, 0.0) for name in WEIGHTS])

    def fitted(some: NDArray[np.bool_], strength: float) -> Floats:
        return _logistic(table[some], right[some], share[some], known, strength)

    def left_out(strength: float) -> Floats:
        logits = np.zeros(len(trials))
        for group in np.unique(groups):
            out = groups == group
            found = fitted(~out, strength)
            logits[out] = found[0] + table[out] @ found[1:]
        return logits

    tried = {strength: left_out(strength) for strength in _STRENGTHS}
    best = _strongest({strength: share * _loss(logits, right) for strength, logits in tried.items()})
    final = fitted(np.ones(len(trials), bool), best)
    confidence = 1 / (1 + np.exp(-np.clip(tried[best], -50, 50)))
    return dict(zip(WEIGHTS, (round(float(each), 4) for each in final), strict=True)), Judged(
        confidence, answerable, right, share
    )


def _strongest(losses: Mapping[float, Floats]) -> float:
    """The strongest draw that is not worse than the best one by more than the standard error of the difference.

    So the weights move as far as the trials tell, and not as far as they happen to fall (the rule of one standard error,
    Breiman et al. 1984).

    :param losses: of each strength, shape (trials,).
    """
    best = min(losses, key=lambda strength: float(losses[strength].mean()))
    worse = {strength: each - losses[best] for strength, each in losses.items()}
    return max(strength for strength, each in worse.items() if each.mean() <= each.std() / np.sqrt(len(each)))


def judge_trials(trials: Sequence[Trial], confidence_of: Callable[[Signals], float]) -> Judged:
    """Trials with the confidence that weights at hand give them."""
    answerable = np.array([trial.answerable for trial in trials])
    confidence = np.array([confidence_of(trial.signals) for trial in trials])
    return Judged(confidence, answerable, np.array([trial.right for trial in trials]), _shares(answerable))


def _shares(answerable: NDArray[np.bool_]) -> Floats:
    """The weight of each trial, 1 on average, so that `ANSWERABLE` of the weight is of those with an answer."""
    found = np.where(answerable, ANSWERABLE / answerable.mean(), (1 - ANSWERABLE) / (1 - answerable.mean()))
    return np.asarray(found, np.float64)


def _loss(logits: Floats, right: NDArray[np.bool_]) -> Floats:
    """The negative logarithm of the probability of what happened, shape (trials,)."""
    return np.asarray(np.logaddexp(0, np.where(right, -logits, logits)))


def _logistic(table: Floats, right: NDArray[np.bool_], share: Floats, known: Floats, strength: float) -> Floats:
    """The bias and the weights, shape (1 + signals,), that make what happened likely and stay near what was known.

    A signal that never varies keeps its weight. The bias is free.

    :param table: the signals, shape (trials, signals).
    :param known: the bias and the weights, shape (1 + signals,).
    :param strength: how many trials the known weights are worth, in units of the deviation of each signal.
    """
    mean, deviation = table.mean(axis=0), table.std(axis=0)
    deviation[deviation == 0] = 1.0
    scaled, goal = (table - mean) / deviation, known[1:] * deviation

    def objective(found: Floats) -> tuple[float, Floats]:
        logits, away = found[0] + scaled @ found[1:], found[1:] - goal
        error = share * (1 / (1 + np.exp(-np.clip(logits, -50, 50))) - right)
        value = float((share * _loss(logits, right)).sum() + strength / 2 * away @ away)
        return value, np.concatenate([[error.sum()], error @ scaled + strength * away])

    start = np.concatenate([[known[0] + known[1:] @ mean], goal])
    found = minimize(objective, start, jac=True, method="L-BFGS-B").x
    weights = found[1:] / deviation
    return np.concatenate([[found[0] - weights @ mean], weights])


def point_at(judged: Judged, threshold: float) -> CurvePoint:
    """What happens when questions are answered from a threshold on."""
    answered = judged.confidence >= threshold
    weight = float(judged.share[answered].sum())
    return CurvePoint(
        threshold=threshold,
        coverage=float(answered[judged.answerable].mean()),
        precision=float(judged.share[answered & judged.right].sum()) / weight if weight else 1.0,
        refused=float((~answered)[~judged.answerable].mean()),
    )


def threshold_for(judged: Judged, precision: float) -> float:
    """The lowest threshold from which on this share (0..1) of the answers is right.

    :raises EvaluationError: when there is none.
    """
    order = np.argsort(-judged.confidence, kind="stable")
    share, right = judged.share[order], (judged.share * judged.right)[order]
    reached = np.flatnonzero(np.cumsum(right) / np.cumsum(share) >= precision)
    if not len(reached):
        best = float((np.cumsum(right) / np.cumsum(share)).max())
        message = f"no threshold gives {precision:.0%} right answers; the most is {best:.0%}. Ask for less with --precision"
        raise EvaluationError(message)
    return float(judged.confidence[order][reached[-1]])
