"""Bytes -> characters."""

from __future__ import annotations

import re

from charset_normalizer import from_bytes

from advisor.errors import DocumentError
from advisor.text.reasons import reason

# The longest first: the mark of UTF-32 begins with that of UTF-16.
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_DECLARED = re.compile(rb"<meta\b[^<>]*?\bcharset\s*=[\s\"']*([\w.:-]+)", re.IGNORECASE)
_DECLARED_WITHIN = 4_096  # bytes
_OLD = ("cp1252", "cp850", "mac_roman")  # the likeliest first
_SPECIAL = re.compile(r"[^\x00-\x7f]")
_LETTERS = frozenset("àâäçéèêëîïôöùûüÿœæñáíóúßåø")
_SIGNS = frozenset("–—•·°§©®™€£±×÷²³½¼¾ªº†‰¿¡\u00a0\u00ad")
_LEAST_IN_PLACE = 0.6  # of the special characters
_MOST_STRANGE = 0.02  # of the characters of a text in a guessed encoding
_TO_GUESS_FROM = 100_000  # bytes


def decode(data: bytes) -> str:
    """The text of a file, newlines untouched: UTF-8 where it is, otherwise the old encoding in which it makes most sense.

    Documents are in French or English: statistics over a short text would rather see Polish (cp1250) in an "à".

    :raises DocumentError: when the bytes are binary.
    """
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None) or _unmarked_utf_16(data)
    text = _decoded(data, encoding or "utf-8")
    if text is None and not _CONTROLS.search(data):
        text = _in_an_old_encoding(data)
    if text is None:
        guess = from_bytes(data[:_TO_GUESS_FROM]).best()
        text = _decoded(data, guess.encoding) if guess else None
        text = None if text and _strange(text) > _MOST_STRANGE else text
    if text is None:
        raise DocumentError(reason("unknown_encoding"))
    if "\0" in text:
        raise DocumentError(reason("binary"))
    return text


def decode_html(data: bytes) -> str:
    """The text of an HTML file: in the encoding that it declares, where it is in it.

    :raises DocumentError: when the bytes are binary.
    """
    declared = _DECLARED.search(data[:_DECLARED_WITHIN])
    text = _decoded(data, declared.group(1).decode("ascii")) if declared else None
    return decode(data) if text is None or "\0" in text else text


def _in_an_old_encoding(data: bytes) -> str | None:
    """The text in the encoding of Windows, DOS or the old Mac in which most of its special characters are in their places.

    None when they are not in any of them.
    """
    best, most = None, -1.0
    for encoding in _OLD:
        text = _decoded(data, encoding)
        special = list(_SPECIAL.finditer(text[:_TO_GUESS_FROM])) if text is not None else []
        if text is not None and not special:
            return text
        share = sum(_is_in_place(text, found.start()) for found in special) / len(special) if text is not None else 0.0
        best, most = (text, share) if share > most else (best, most)
    return best if most >= _LEAST_IN_PLACE else None


def _is_in_place(text: str, at: int) -> bool:
    """Whether a character is one of French or English, where it can stand in a word or around one."""
    sign, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if sign.lower() in _LETTERS:
        if not (before.isalpha() or after.isalpha()):
            return sign.lower() in "àôé"
        return not before.islower() if sign.isupper() else not (before.isupper() and after.isupper())
    if sign in "‘’":
        return not (before.isspace() and after.isspace())
    if sign in "“«":
        return not before.isalnum()
    if sign in "”»…":
        return not after.isalpha() or sign == "…"
    return sign in "–—" or (sign in _SIGNS and not (before.isalpha() and after.isalpha()))


def _decoded(data: bytes, encoding: str) -> str | None:
    """None too for an encoding that Python does not know, or that is none of characters."""
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def _unmarked_utf_16(data: bytes) -> str | None:
    """UTF-16 without its mark: every second byte of most Western characters is NUL, and the others are not."""
    high, low = data[::2], data[1::2]
    for zeros, others, encoding in ((low, high, "utf-16-le"), (high, low, "utf-16-be")):
        if zeros and len(high) == len(low) and zeros.count(0) > 0.5 * len(zeros) and not others.count(0):
            return encoding
    return None


def _strange(text: str) -> float:
    """The share of characters that no text holds: controls, private ones, unassigned ones."""
    return sum(not character.isprintable() and not character.isspace() for character in text) / len(text)
