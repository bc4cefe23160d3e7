"""Extracted words as Markdown: what every reader of a format writes with."""

from __future__ import annotations

import re

from advisor.text.invisible import INVISIBLE

LABEL_START, LABEL_END = "\ue0f0", "\ue0f1"
"""Around the number that a file gives to a paragraph, at its start; neither is ever text."""
_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff\ufffe\uffff]")
_SPACE = re.compile(r"[^\S\u00a0\u202f]+")
_WOULD_BE_MARKUP = re.compile(r"(?=#{1,6}(?:\s|$)|>|\[[^\]]{1,999}\]:)")
_WOULD_BE_A_TAG = re.compile(r"<(?=[a-zA-Z/!?])")


def visible(text: str) -> str:
    """Without the characters that are no text or cannot be seen."""
    return _NOT_TEXT.sub(" ", INVISIBLE.sub("", text))


def one_line(text: str) -> str:
    """Visible, every run of white space one space; no-break spaces are typography and stay."""
    return _SPACE.sub(" ", visible(text)).strip()


def escape(line: str) -> str:
    """A line that Markdown reads as these words: no heading, quotation, fence or tag that the document did not mean."""
    bare = line.lstrip("`~ ") if line.startswith(("```", "~~~")) else line
    escaped = _WOULD_BE_A_TAG.sub(r"\\<", bare)
    return "\\" + escaped if _WOULD_BE_MARKUP.match(escaped) else escaped
