"""Estimates with intervals, and tests of a difference. Questions that share a document or a fact are drawn together.

Every measure is a ratio of two sums over the questions (a mean is a sum over a count; a precision is hits over attempts), so
one function resamples them all: the sums of each cluster are made once, and clusters are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVEL = 0.95
POWER = 0.8
_RESAMPLES = 2_000
_PERMUTATIONS = 9_999
_FEW_CLUSTERS = 2
_SEED = 20_260_101


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval; `low` and `high` are None where there are too few clusters to tell.

    `weight` is what the value is a share of: questions, refusals, ...
    """

    value: float
    low: float | None
    high: float | None
    weight: float


@dataclass(frozen=True, slots=True)
class Change:
    """A difference, after minus before, with its interval.

    `p`: the probability of one as large by chance (1 where nothing differs); `detectable`: the smallest difference that as
    much data would detect four times out of five.
    """

    difference: float
    low: float | None
    high: float | None
    p: float
    detectable: float | None


def ratio(sums: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    """First over second of the leading axis, summed over `axis`; 0 where there is nothing to divide by."""
    top, bottom = sums[0].sum(axis), sums[1].sum(axis)
    return _divide(top, bottom)


def _divide(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> NDArray[np.float64]:
    out: NDArray[np.float64] = np.zeros_like(top, dtype=float)
    return np.divide(top, bottom, out=out, where=bottom != 0)


def ratio_of(parts: Sequence[tuple[float, float]]) -> float:
    """The ratio of the sums."""
    return float(ratio(np.asarray(parts, float).reshape(-1, 2).T))


def cluster_sums(parts: Sequence[tuple[float, float]], clusters: Sequence[str]) -> NDArray[np.float64]:
    """Numerators and denominators summed per cluster, shape (2, clusters)."""
    _, number = np.unique(np.asarray(clusters), return_inverse=True)
    values = np.asarray(parts, float).reshape(-1, 2)
    return np.stack([np.bincount(number, weights=values[:, column]) for column in (0, 1)])


def estimate(parts: Sequence[tuple[float, float]], clusters: Sequence[str]) -> Estimate | None:
    """The ratio of the sums with its interval; None where there is nothing to divide by."""
    sums = cluster_sums(parts, clusters)
    if not sums[1].sum():
        return None
    drawn = _bootstrap(sums.shape[1], lambda picked, axis: ratio(sums[:, picked], axis))
    return Estimate(float(ratio(sums)), drawn.low, drawn.high, float(sums[1].sum()))


def interval_of(
    statistic: Callable[[NDArray[np.intp]], float], clusters: Sequence[str]
) -> tuple[float | None, float | None]:
    """The interval of a statistic that is no ratio.

    :param statistic: the numbers of some questions, with repeats -> its value, NaN where it has none: such draws count as
        that of all questions.
    """
    whole = statistic(np.arange(len(clusters)))
    _, number = np.unique(np.asarray(clusters), return_inverse=True)
    members = [np.flatnonzero(number == cluster) for cluster in range(number.max() + 1)]

    def of_clusters(picked: NDArray[np.intp]) -> float:
        value = statistic(np.concatenate([members[cluster] for cluster in picked]))
        return whole if math.isnan(value) else value

    drawn = _bootstrap(len(members), of_clusters, resamples=_RESAMPLES // 4)
    return drawn.low, drawn.high


@dataclass(frozen=True, slots=True)
class _Drawn:
    low: float | None = None
    high: float | None = None
    error: float | None = None


def _bootstrap(count: int, statistic: Callable[..., object], resamples: int = _RESAMPLES) -> _Drawn:
    """The interval and the standard error of a statistic of the numbers of clusters; nothing where there are too few.

    The percentile interval is too narrow for few clusters: it is widened as Student's t is (Hesterberg 2015).
    """
    if count < _FEW_CLUSTERS:
        return _Drawn()
    correction = math.sqrt(count / (count - 1))
    level = 1 - 2 * stats.norm.cdf(-stats.t.ppf((1 + LEVEL) / 2, count - 1) * correction)
    done = stats.bootstrap(
        (np.arange(count),),
        statistic,
        confidence_level=level,
        n_resamples=resamples,
        method="percentile",
        rng=np.random.default_rng(_SEED),
    )
    low, high = done.confidence_interval
    return _Drawn(float(low), float(high), float(done.standard_error) * correction)


def compare_parts(
    before: Sequence[tuple[float, float]], after: Sequence[tuple[float, float]], clusters: Sequence[str], *, yes_no: bool
) -> Change:
    """Two runs of the same questions.

    Tested by exchanging the two runs' sums, cluster by cluster (Fisher's randomisation test). A yes-or-no measure of every
    question is tested exactly: of the clusters that changed, how many got better (McNemar's test, with clusters for
    questions).
    """
    old, new = cluster_sums(before, clusters), cluster_sums(after, clusters)
    if (old == new).all():
        return Change(difference=0.0, low=0.0, high=0.0, p=1.0, detectable=0.0)
    count = old.shape[1]
    difference = float(ratio(new) - ratio(old))
    drawn = _bootstrap(count, lambda picked, axis: ratio(new[:, picked], axis) - ratio(old[:, picked], axis))
    detectable = None
    if drawn.error is not None:
        detectable = float(stats.t.ppf((1 + LEVEL) / 2, count - 1) + stats.t.ppf(POWER, count - 1)) * drawn.error
    p = _mcnemar(new[0] - old[0]) if yes_no else _randomisation(old, new)
    return Change(difference, drawn.low, drawn.high, p, detectable)


def _mcnemar(changes: NDArray[np.float64]) -> float:
    better, worse = int((changes > 0).sum()), int((changes < 0).sum())
    return float(stats.binomtest(better, better + worse).pvalue) if better + worse else 1.0


def _randomisation(old: NDArray[np.float64], new: NDArray[np.float64]) -> float:
    """Two-sided, exact where the clusters that differ are few, otherwise by drawing."""
    differs = np.flatnonzero((old != new).any(axis=0))
    if len(differs) < _FEW_CLUSTERS:
        return 1.0  # one exchange is as extreme as the other
    same = np.delete(old, differs, axis=1).sum(axis=1, keepdims=True)
    sums = np.concatenate([old[:, differs], new[:, differs]], axis=1)
    numbers = np.arange(len(differs))

    def difference(one: NDArray[np.intp], other: NDArray[np.intp], axis: int = -1) -> NDArray[np.float64]:
        def with_same(picked: NDArray[np.intp]) -> NDArray[np.float64]:
            top = sums[0][picked].sum(axis) + same[0]
            bottom = sums[1][picked].sum(axis) + same[1]
            return _divide(top, bottom)

        return with_same(other) - with_same(one)

    done = stats.permutation_test(
        (numbers, numbers + len(differs)),
        difference,
        permutation_type="samples",
        vectorized=True,
        n_resamples=_PERMUTATIONS,
        rng=np.random.default_rng(_SEED),
    )
    return float(done.pvalue)


def effective_number(clusters: Sequence[str]) -> float:
    """How many clusters of equal size tell as much (Kish 1965)."""
    sizes = np.unique(np.asarray(clusters), return_counts=True)[1]
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def holm(values: Sequence[float]) -> list[float]:
    """Probabilities made good for having looked at several (Holm 1979), in the order given."""
    order = sorted(range(len(values)), key=lambda at: values[at])
    adjusted = [0.0] * len(values)
    highest = 0.0
    for rank, at in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - rank) * values[at]))
        adjusted[at] = highest
    return adjusted


def auroc(scores: NDArray[np.float64], labels: NDArray[np.bool_]) -> float:
    """The probability that a labelled one scores above another (ties count half); NaN when one kind is missing."""
    positive = int(labels.sum())
    negative = len(labels) - positive
    if not positive or not negative:
        return float("nan")
    ranks = stats.rankdata(scores)
    return float((ranks[labels].sum() - positive * (positive + 1) / 2) / (positive * negative))


def risk_coverage(scores: NDArray[np.float64], wrong: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The share of questions answered and the share of those that is wrong, when the surest are answered first."""
    order = np.argsort(-scores, kind="stable")
    counts = np.arange(1, len(order) + 1)
    return counts / max(len(order), 1), np.cumsum(wrong[order]) / counts
