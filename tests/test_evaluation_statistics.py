"""Intervals and tests: against values computed by hand, other libraries, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from advisor.evaluation.statistics import (
    auroc,
    compare_parts,
    effective_number,
    estimate,
    holm,
    interval_of,
    risk_coverage,
)


def yes(*values: float) -> list[tuple[float, float]]:
    return [(value, 1.0) for value in values]


def names(count: int) -> list[str]:
    return [f"q{number}" for number in range(count)]


def test_an_estimate_is_the_ratio_of_sums_within_its_interval():
    found = estimate([(1, 2), (2, 2), (0, 1), (1, 1)], names(4))
    assert found is not None
    assert (found.value, found.weight) == (4 / 6, 6)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 4 / 6 < found.high


def test_nothing_to_divide_by_is_no_estimate_and_one_cluster_has_no_interval():
    assert estimate([(0, 0)], ["a"]) is None
    found = estimate(yes(1, 0, 1), ["a", "a", "a"])
    assert found is not None
    assert (found.low, found.high) == (None, None)


def test_intervals_are_the_same_every_time_and_wider_for_clusters():
    values = yes(*([1] * 30 + [0] * 10))
    alone = estimate(values, names(40))
    assert alone == estimate(values, names(40))
    together = estimate(values, [f"q{number // 10}" for number in range(40)])
    assert alone is not None
    assert together is not None
    assert together.high - together.low > 1.5 * (alone.high - alone.low)  # type: ignore[operator]


def test_intervals_hold_the_true_value_as_often_as_they_say():
    """40 documents of 1 to 8 questions with their own difficulty; more designs in benchmarks/intervals.py."""
    generator = np.random.default_rng(3)
    held, rounds, true = 0, 300, 0.75
    for _ in range(rounds):
        sizes = generator.integers(1, 9, 40)
        chances = generator.beta(true * 12, (1 - true) * 12, 40)
        clusters = np.repeat(np.arange(40), sizes)
        passed = generator.random(len(clusters)) < chances[clusters]
        found = estimate(yes(*passed.astype(float)), [str(name) for name in clusters])
        assert found is not None
        held += found.low <= true <= found.high  # type: ignore[operator]
    assert 0.925 <= held / rounds <= 0.975


def test_an_exact_test_of_yes_and_no_counts_the_changes_alone():
    before, after = [1.0] * 8 + [0.0] * 2, [0.0] * 6 + [1.0] * 4
    found = compare_parts(yes(*before), yes(*after), names(10), yes_no=True)
    assert found.difference == pytest.approx(-0.4)
    assert found.p == pytest.approx(2 * (1 + 8 + 28) / 2**8)  # 2 better and 6 worse of 8: 2 (C(8,0) + C(8,1) + C(8,2)) / 2^8
    assert compare_parts(yes(*before), yes(*before), names(10), yes_no=True).p == 1.0


def test_the_randomisation_test_is_exact_where_few_clusters_differ():
    before, after = [0.9, 0.8, 0.7, 0.6, 0.5], [0.6, 0.6, 0.6, 0.6, 0.4]
    found = compare_parts(yes(*before), yes(*after), names(5), yes_no=False)
    assert found.difference == pytest.approx(-0.14)
    assert found.p == pytest.approx(2 / 16)  # four differ, all one way: 2 of 2^4 signs are as extreme
    assert found.detectable is not None
    assert found.detectable > 0.14


def test_questions_on_one_fact_move_together():
    before, after = [1.0] * 12, [0.0] * 12
    alone = compare_parts(yes(*before), yes(*after), names(12), yes_no=True)
    paired = compare_parts(yes(*before), yes(*after), [f"q{number // 2}" for number in range(12)], yes_no=True)
    assert (alone.p, paired.p) == (2 / 2**12, 2 / 2**6)


def test_one_cluster_that_differs_proves_nothing():
    found = compare_parts(yes(0.9, 0.4, 0.6), yes(0.1, 0.4, 0.6), names(3), yes_no=False)
    assert (found.difference, found.p) == (pytest.approx(-0.8 / 3), 1.0)


def test_the_same_values_differ_by_nothing():
    found = compare_parts(yes(0.5, 0.7), yes(0.5, 0.7), names(2), yes_no=False)
    assert (found.difference, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)


def test_chance_alone_is_seldom_called_a_difference():
    generator = np.random.default_rng(5)
    alarms = 0
    for _ in range(100):
        one, other = generator.random((2, 30))
        alarms += compare_parts(yes(*one), yes(*other), names(30), yes_no=False).p < 0.05
    assert alarms <= 11  # 5 expected; more than 11 has a probability of 0.004


def test_probabilities_are_made_good_for_their_number():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_auroc_agrees_with_another_library_ties_and_all():
    generator = np.random.default_rng(1)
    scores, labels = generator.integers(0, 8, 60).astype(float), generator.random(60) < 0.4
    assert auroc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))
    assert np.isnan(auroc(scores, np.ones(60, bool)))


def test_risk_grows_with_coverage_when_confidence_is_right():
    coverage, risk = risk_coverage(np.array([0.2, 0.9, 0.5, 0.7]), np.array([True, False, False, True]))
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk.tolist() == pytest.approx([0, 0.5, 1 / 3, 0.5])


def test_a_statistic_that_is_no_ratio_has_an_interval_too():
    values = np.arange(20.0)
    low, high = interval_of(lambda some: float(np.median(values[some])), names(20))
    assert low is not None
    assert high is not None
    assert low < 9.5 < high


def test_clusters_of_one_size_count_fully_and_a_large_one_hardly():
    assert effective_number(["a", "a", "b", "b"]) == 2
    assert effective_number(["a"] * 98 + ["b", "c"]) == pytest.approx(1.04, abs=0.01)
