"""How often the 95 % intervals of the evaluation hold the true value, by simulation.

    python benchmarks/intervals.py [--rounds 2000]

Questions are drawn in clusters (documents) of unequal sizes; a cluster has its own chance of passing, around a true mean.
"""

from __future__ import annotations

import argparse

import numpy as np

from advisor.evaluation.statistics import estimate


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2_000)
    rounds = parser.parse_args().rounds
    print(f"share of {rounds} intervals that hold the true value (standard error {(0.95 * 0.05 / rounds) ** 0.5:.3f})")
    for name, true, spread, clusters, largest in (
        ("yes or no, 150 questions, independent", 0.8, 0.0, 150, 1),
        ("yes or no, 100 facts in two languages", 0.8, 0.25, 100, 2),
        ("yes or no, 40 documents of 1-12 questions", 0.75, 0.12, 40, 12),
        ("yes or no, 20 documents of 1-12 questions", 0.75, 0.12, 20, 12),
        ("yes or no, 13 documents of 1-12 questions", 0.7, 0.12, 13, 12),
    ):
        print(f"  {name}: {coverage(true, spread, clusters, largest, rounds):.3f}")


def coverage(true: float, spread: float, clusters: int, largest: int, rounds: int, seed: int = 1) -> float:
    """The share of the intervals that hold `true`.

    :param spread: standard deviation of the clusters' chances (a beta distribution; 0 for one chance).
    :param largest: clusters have 1 to `largest` questions, each number as likely.
    """
    generator = np.random.default_rng(seed)
    held = 0
    for _ in range(rounds):
        sizes = generator.integers(1, largest + 1, clusters)
        chances = np.full(clusters, true)
        if spread:
            weight = true * (1 - true) / spread**2 - 1
            chances = generator.beta(true * weight, (1 - true) * weight, clusters)
        names = np.repeat(np.arange(clusters), sizes)
        passed = generator.random(len(names)) < chances[names]
        found = estimate([(float(value), 1.0) for value in passed], [str(name) for name in names])
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= true <= found.high
    return held / rounds


if __name__ == "__main__":
    main()
