"""What stands in Markdown and no reader of the page sees: hidden elements, scripts, private comments of its author.

Comments of HTML are not looked for here: a parser of Markdown knows them (`advisor.text.invisible`).
"""

from __future__ import annotations

import re

from advisor.text.invisible import hides

_CODE = re.compile(
    r"^[ \t]{0,20}(?P<fence>`{3,}|~{3,})[^\r\n]*$.*?(?:^[ \t]{0,20}(?P=fence)|\Z)|`[^`\r\n]{1,500}`",
    re.DOTALL | re.MULTILINE,
)
_MARK = re.compile(
    r"(?P<comment><!--)|(?P<private>(?<!\S)%%(?!%))|(?P<liquid>\{%-?\s{0,5}comment\s{0,5}-?%\})|(?P<hugo>\{\{/\*)"
    r"|(?P<jinja>\{#[ \r\n-])|(?P<jsx>\{/\*)"
    r"|(?<!\\)<(?P<close>/?)(?P<name>[a-zA-Z][\w-]*)(?P<attributes>[^<>]*)>"
)
_ENDS = {"comment": "-->", "private": "%%", "liquid": "endcomment", "hugo": "*/}}", "jinja": "#}", "jsx": "*/}"}
_NOT_TEXT = {"script", "style", "template", "svg", "noscript", "iframe", "object", "select", "textarea"}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_CHARACTER = re.compile(r"[^\r\n]")
_BLANK_LINE = re.compile(r"(?:\r\n?|\n)[^\S\r\n]*(?:\r\n?|\n)")


def unseen_spans(body: str) -> list[tuple[int, int]]:
    """`[start, end)` of each part that is not seen, in order; none within code, none within another."""
    code = _spans_of_code(body)
    found: list[tuple[int, int]] = []
    open_tags: list[tuple[str, int, bool]] = []  # name, where it begins, whether what is in it is unseen
    depth: dict[str, int] = {}
    missing: set[str] = set()
    at, within = 0, 0
    while mark := _MARK.search(body, at):
        at = mark.end()
        while within < len(code) and code[within][1] <= mark.start():
            within += 1
        if within < len(code) and code[within][0] <= mark.start():
            at = max(at, code[within][1])
            continue
        kind = next((name for name in _ENDS if mark[name]), "")
        if kind and kind not in missing:
            end = body.find(_ENDS[kind], mark.end())
            if end < 0:
                missing.add(kind)
            else:
                at = body.find("%}", end) + 2 if kind == "liquid" else end + len(_ENDS[kind])
                found += [(mark.start(), max(at, end))] if kind != "comment" else []
        elif mark["name"]:
            _tag(mark, open_tags, depth, found)
    found += [(start, _end_of_block(body, start)) for _, start, unseen in open_tags if unseen]
    return _merged(found)


def without_unseen(text: str) -> str:
    """A text of Markdown with each part that is not seen as spaces, so that every other character keeps its place."""
    return blanked(text, unseen_spans(text))


def blanked(text: str, spans: list[tuple[int, int]]) -> str:
    """A text with spaces for the characters of some parts; line breaks stay."""
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], _CHARACTER.sub(" ", text[start:end])]
        at = end
    return "".join([*parts, text[at:]])


def _tag(
    mark: re.Match[str], open_tags: list[tuple[str, int, bool]], depth: dict[str, int], found: list[tuple[int, int]]
) -> None:
    """Open or close an element; one that was not seen is found when it closes."""
    name = mark["name"].lower()
    unseen = name in _NOT_TEXT or hides(mark.group())
    if mark["close"]:
        if not depth.get(name):
            return
        while open_tags:
            opened, start, was_unseen = open_tags.pop()
            depth[opened] -= 1
            if opened == name:
                if was_unseen:
                    found.append((start, mark.end()))
                return
            if was_unseen:
                found.append((start, mark.start()))
    elif name in _VOID or mark["attributes"].rstrip().endswith("/"):
        if unseen:
            found.append(mark.span())
    else:
        open_tags.append((name, mark.start(), unseen))
        depth[name] = depth.get(name, 0) + 1


def _spans_of_code(body: str) -> list[tuple[int, int]]:
    return [found.span() for found in _CODE.finditer(body)]


def _end_of_block(body: str, start: int) -> int:
    found = _BLANK_LINE.search(body, start)
    return found.start() if found else len(body)


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
