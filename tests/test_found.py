"""Inputs that once broke a reader, or held it (`benchmarks/fuzz.py` keeps them), are read again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
from fuzz import TARGETS, problem, reader  # noqa: E402

FOUND = sorted((ROOT / "tests" / "found").glob("*-*"))


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_what_once_found_something_finds_nothing(path: Path):
    with reader(path.name.rpartition("-")[0]) as read:
        assert problem(read, path.read_bytes()) == ""


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_reads_something_ordinary(target: str):
    with reader(target) as read:
        assert problem(read, TARGETS[target][0](b"The board meets in May.")) == ""
