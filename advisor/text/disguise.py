"""Words written so that programs do not read them: in letters of other scripts, in digits, letter by letter, encoded."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata

from advisor.text.invisible import INVISIBLE

# Letters of other scripts that look like Latin ones; Unicode itself tells compatibility forms ("𝐈", "Ｉ").
_LOOKALIKES = str.maketrans(
    "АΑВΒСϹЕΕԌНΗІӀΙЈКΚМΜΝОΟРΡЅТΤХΧҮУΥΖԜԚаαɑЬьсϲԁеҽєɡһіιıɪјкκӏⅼмпոоοօрρԛгѕтτυսνѵԝѡхχуүγ",
    "AABBCCEEGHHIIIJKKMMNOOPPSTTXXYYYZWQaaabbccdeeeghiiiijkkllmnnoooppqrsttuuvvwwxxyyy",
)
_DIGITS = str.maketrans("0134578@$", "oieastbas")
_WORD = re.compile(r"[\w@$]+")
_SPACED = re.compile(r"(?<!\w)\w([ .\-_·*])\w(?:\1\w){2,}(?!\w)")
_ENCODED = re.compile(r"(?<![\w+/=])[A-Za-z0-9+/]{16,}={0,2}(?![\w+/=])")
_FEWEST_LETTERS = 2


def undisguised(text: str) -> str:
    """The text as a reader would pronounce it, on one line; base64 that holds words, decoded."""
    seen = unicodedata.normalize("NFKC", INVISIBLE.sub("", text))
    decoded = _ENCODED.sub(lambda found: _decoded(found.group()), seen)
    joined = _SPACED.sub(lambda found: found.group().replace(found.group(1), ""), decoded)
    return " ".join(_WORD.sub(lambda found: _in_latin(found.group()), joined).split())


def _in_latin(word: str) -> str:
    latin = word.translate(_LOOKALIKES)
    if not latin.isascii() and any(
        "CYRILLIC" in unicodedata.name(c, "") or "GREEK" in unicodedata.name(c, "") for c in latin
    ):
        return word  # a word of that script, not one in disguise
    letters = sum(map(str.isalpha, latin))
    trailing = latin.rstrip("0123456789")  # EC2, Q1: names end in digits
    if letters < _FEWEST_LETTERS or trailing.isalpha():
        return latin
    return latin.translate(_DIGITS)


def _decoded(word: str) -> str:
    try:
        said = base64.b64decode(word + "=" * (-len(word) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return word
    return said if " " in said and said.isprintable() else word
