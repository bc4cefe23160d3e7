"""Phrases of the language files, found in folded text."""

from __future__ import annotations

import re
from functools import cache


@cache
def phrase_pattern(*groups: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern for phrases as whole words: the number of its group that matched is that of the phrase's, from 1.

    :param groups: folded phrases; an asterisk stands for letters, or for none. The longest phrase of a group wins.
    """
    alternatives = ("|".join(map(_as_pattern, sorted(group, key=len, reverse=True))) for group in groups)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(f'({group})' for group in alternatives)})(?![\w-])")


def _as_pattern(phrase: str) -> str:
    return re.escape(phrase).replace(r"\*", r"\w*").replace(r"\ ", " ")
