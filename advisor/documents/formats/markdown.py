"""Extracted words as Markdown: what every reader of a format writes with."""

from __future__ import annotations

import re

from advisor.text.invisible import INVISIBLE

LABEL_START, LABEL_END = "\ue0f0", "\ue0f1"
"""Around the number that a file gives to a paragraph, at its start; neither is ever text."""
_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff\ufffe\uffff]")
_SPACE = re.compile(r"[^\S\u00a0\u202f]+")
_WOULD_BE_MARKUP = re.compile(r"(?=#{1,6}(?:\s|$)|>|\[[^\]]{1,999}\]:)")
_SUPERSCRIPTS = str.maketrans("0123456789+-\u2212=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")
_RAISED = re.compile(r"[0-9+\-\u2212=()ni]+")
_ENDINGS = "aeor"
_WOULD_BE_A_TAG = re.compile(r"<(?=[a-zA-Z/!?])")


def visible(text: str) -> str:
    """Without the characters that are no text or cannot be seen."""
    return _NOT_TEXT.sub(" ", INVISIBLE.sub("", text))


def one_line(text: str) -> str:
    """Visible, every run of white space one space; no-break spaces are typography and stay."""
    return _SPACE.sub(" ", visible(text)).strip()


def raised(words: str, before: str) -> str:
    """What stands above the line, so that it is not read as part of what it stands on: 10⁶ and not 106.

    Endings of ordinals and abbreviations ("1er", "Mme") are letters like others.

    :param before: what it stands on.
    """
    bare = words.strip()
    if not bare or not before[-1:].strip():
        return words
    if _RAISED.fullmatch(bare):
        return bare.translate(_SUPERSCRIPTS)
    if bare.isalpha() and (len(bare) > 1 or bare in _ENDINGS):
        return words
    return f"^{bare}" if len(bare) == 1 else f"^({bare})"


def escape(line: str) -> str:
    """A line that Markdown reads as these words: no heading, quotation, fence or tag that the document did not mean."""
    bare = line.lstrip("`~ ") if line.startswith(("```", "~~~")) else line
    escaped = _WOULD_BE_A_TAG.sub(r"\\<", bare)
    return "\\" + escaped if _WOULD_BE_MARKUP.match(escaped) else escaped
