"""Inputs that once broke a reader, or held it (`benchmarks/fuzz.py` keeps them), are read again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
from fuzz import TARGETS, problem  # noqa: E402

FOUND = sorted((ROOT / "tests" / "found").iterdir())


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_what_once_found_something_finds_nothing(path: Path):
    _, make = TARGETS[path.name.rpartition("-")[0]]
    assert problem(make(), path.read_bytes()) == ""


def test_every_target_reads_something_ordinary():
    for target, (wrap, make) in TARGETS.items():
        assert problem(make(), wrap(b"The board meets in May.")) == "", target
