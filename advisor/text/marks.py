"""Marks of Markdown's dialects within a line, and HTML within Markdown: what stands there for a reader instead of them.

Wikis, site generators and their template languages each have their own marks. What is in `code` stays as it is.
"""

from __future__ import annotations

import re

_SUPERSCRIPTS = str.maketrans("0123456789+-\u2212=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")
_RAISED = re.compile(r"[0-9+\-\u2212=()ni]+")
_ENDINGS = "aeor"
_MOST_ROUNDS = 3  # of marks within marks
_MARKS = re.compile(
    r"(?P<code>(?<!`)`[^`\n]{1,500}`(?!`))"
    r"|(?P<gone>\{%[^{}]{0,500}%\}|\{\{[<%][^{}]{0,500}[%>]\}\}|\{#(?!\})[^{}]{0,500}#\}|\{/\*[^{}]{0,500}\*/\}"
    r"|\{\{/\*[^{}]{0,500}\*/\}\}|!\[\[[^\[\]\n]{1,300}\]\]|(?<!\S)%%[^%\n]{1,500}%%|\{:?[ ]?[#.:][\w.:-][^{}\n]{0,200}\}"
    r"|(?:\{:|(?<=[)\]])\{)[ ]?[\w-]{1,40}=[^{}\n]{0,200}\}"
    r"|(?:(?<=\s)|\A)\^[a-zA-Z0-9-]{2,40}(?=\s*\Z)|\A\s*\[![\w-]{1,30}\][+-]?|\A\s*\[[ xX]\](?=\s)"
    r"|(?<![\w:]):[a-z][a-z_]{1,40}:(?![\w:])"
    r"|(?<=[.!?…])(?:\s{1,5}#[^\W\d][\w/-]{0,60}){1,10}(?=\s{0,5}\Z)"
    r"|(?<!~)~~(?=[^\s~])[^~]{1,500}(?<=\S)~~(?!~)|<(?P<struck>del|s|strike)\b[^<>]{0,200}>[^<>]{0,500}</(?P=struck)>"
    r"|<sup\b[^<>]{0,100}>\s?<a\b[^<>]{0,300}>[^<>]{0,20}</a>\s?</sup>|\A\s*\[\^[^\[\]\s]{1,50}\]:|\[\^[^\[\]\s]{1,50}\])"
    r"|(?P<value>\{\{[^{}]{1,300}\}\})"
    r"|\[\[(?![\s_])(?P<wiki>[^\[\]\n|]{1,300})(?:\|(?P<words>[^\[\]\n]{1,300}))?\]\]"
    r"|(?<![\w=])==(?=[^\s=])(?P<marked>[^=\n]{1,500})(?<=\S)==(?![\w=])"
    r"|<sup\b[^<>]{0,100}>(?P<sup>[^<>]{0,100})</sup>|(?<=[\w)])\^(?P<power>[^\s^]{1,20})\^"
    r"|(?<=[a-zA-Z])~(?P<low>[a-zA-Z0-9+-]{1,10})~(?!~)"
    r"|(?<![\w$\\])\$\$?(?=[^\s$])(?P<math>[^$\n]{1,300})(?<=\S)\$\$?(?!\w)"
    r"|(?<![!\w])\[(?P<label>[^\[\]]{1,300})\]\[[^\[\]\n]{0,100}\]"
    r"|(?P<cell></t[dh]\s?>\s{0,20}<t[dh]\b[^<>]{0,200}>)"
    r"|(?P<apart></?(?:br|p|div|li|ul|ol|tr|h[1-6]|table|summary|details)\b[^<>]{0,200}>)"
    r"|(?P<defined>\r?\n[ \t]{0,3}:[ \t]{1,3})"
)
_COULD_HOLD_MARKS = re.compile(r"[\[{<=~^$%#]|:[a-z]|\n[ \t]{0,3}:")
_PLACE_IN = re.compile(r"#\^?")
_TAGS_ONLY = re.compile(r"\s*(?:#[^\W\d][\w/-]*\s*)+")


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


def without_marks(text: str) -> str:
    """A sentence or a block of Markdown without the marks of its dialects; words that are crossed out go too."""
    if not _COULD_HOLD_MARKS.search(text):
        return "" if _TAGS_ONLY.fullmatch(text) else text
    for _ in range(_MOST_ROUNDS):
        shown = _MARKS.sub(_shown, text)
        if shown == text:
            break
        text = shown
    return "" if _TAGS_ONLY.fullmatch(text) else text


def _shown(found: re.Match[str]) -> str:
    said = {name: words for name, words in found.groupdict().items() if words is not None}
    if "code" in said:
        return found.group()
    if "gone" in said:
        return ""
    if "wiki" in said:
        return said.get("words") or _PLACE_IN.sub(" > ", said["wiki"].strip()).removeprefix(" > ")
    for name in ("sup", "power"):
        if name in said:
            return raised(said[name], found.string[: found.start()][-1:])
    if "label" in said:
        # Two numbers in brackets are references, not a label and its link.
        return said["label"] if any(map(str.isalpha, said["label"])) else found.group()
    fixed = {"value": "…", "cell": " | ", "apart": " ", "defined": ": "}
    return next((fixed[name] for name in fixed if name in said), "") or next(iter(said.values()))
