"""Phrases of the language files in folded text."""

from __future__ import annotations

import pytest

from advisor.text.phrases import phrase_pattern

PATTERN = phrase_pattern(("plus", "au moins", "augment*", "n'* plus"), ("moins", "au plus", "*n't"))


@pytest.mark.parametrize(
    ("text", "group", "found"),
    [
        ("le cout augmente", 1, "augmente"),
        ("au moins dix", 1, "au moins"),
        ("moins de dix", 2, "moins"),
        ("au plus dix", 2, "au plus"),
        ("il n'a plus cours", 1, "n'a plus"),
        ("it doesn't stop", 2, "doesn't"),
    ],
)
def test_the_group_of_a_phrase_is_told(text: str, group: int, found: str) -> None:
    hit = PATTERN.search(text)
    assert hit is not None
    assert (hit.lastindex, hit.group()) == (group, found)


@pytest.mark.parametrize("text", ["plusieurs", "une plus-value", "surplus", "un moins-disant", ""])
def test_parts_of_words_are_no_phrases(text: str) -> None:
    assert PATTERN.search(text) is None
