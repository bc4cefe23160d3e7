"""Whether a decision still stands: what a record of it (an ADR, an RFC) says of its status.

Read are `status:` and `superseded-by:` of the front matter, a section "Status", and a line "Status: …", in whatever marks; a
status counts where it begins the value: "Superseded by [ADR 12](0012-queues.md)". What replaced the decision is the document
that the link leads to, else the one beside it whose name begins with the number.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from urllib.parse import unquote

from advisor.text.language import StandingWords, all_rules
from advisor.text.plain import WORD, fold, has_words, plain
from advisor.types import Standing, StandingKind

BEGINNING = 4_000
"""Characters of a document in which its status is looked for."""
_LINES = 12  # of a section "Status"
_HEADING = re.compile(r"#{1,6}[ \t]+")
_FOOT = re.compile(r"=+|-+")  # below a heading
_MARKS = " \t*_>|-+#:"
_TARGET = re.compile(r"\]\(<?([^)>\s]+)")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_VALUE = re.compile(r"^\W*\w[^:|=]*[:|=]")  # "**Status:** ", "| Status | "
_NUMBER = re.compile(r"\d+")
_KINDS: tuple[StandingKind, ...] = ("superseded", "deprecated", "rejected")


def read_standings(beginnings: Mapping[str, str], documents: Collection[str]) -> dict[str, Standing]:
    """Document -> what it says of its status, for those that no longer stand.

    :param beginnings: document -> its first characters.
    :param documents: all documents: what replaced a decision is one of them.
    """
    found = ((name, _standing(name, text, documents)) for name, text in beginnings.items())
    return {name: standing for name, standing in found if standing}


def _standing(name: str, text: str, documents: Collection[str]) -> Standing | None:
    """What a document says first; rather what names the decision that replaced it."""
    found = list(_said(name, text, documents))
    return max(found, key=lambda one: (one.document is not None, one.by != ""), default=None)


def _said(name: str, text: str, documents: Collection[str]) -> Iterator[Standing]:
    for line in _statuses(text.splitlines()):
        first = _forms(fold(plain(line)))
        for words in (rules.standing for rules in all_rules()):
            kind = next((kind for kind in _KINDS if first & {*getattr(words, kind)}), None)
            if kind:
                by = _successor(line, words)
                document = _document_of(name, line, by, documents)
                yield Standing("superseded" if by and kind == "deprecated" else kind, by, document)


def _forms(said: str) -> set[str]:
    """The first word of a status, and what it is without the endings of French participles ("remplacées")."""
    word = next(iter(WORD.findall(said)), "")
    return {word, word.removesuffix("s"), word.removesuffix("s").removesuffix("e")}


def _statuses(lines: list[str]) -> Iterator[str]:
    """What follows "Status" in a line, and the lines below a heading of that name."""
    names = tuple(name for rules in all_rules() for name in rules.standing.names)
    for at, line in enumerate(lines):
        said = fold(plain(line)).strip(_MARKS)
        value = _VALUE.search(line)
        field = fold(value.group()).strip(_MARKS + "=") if value else said
        name = next((name for name in names if name in (said, field)), None)
        if name is None:
            continue
        if said == name:
            yield from _section(lines[at + 1 : at + 1 + _LINES])
        elif value:
            said_of_it = line[value.end() :]
            replaced = name.startswith("superseded") and has_words(said_of_it)
            yield f"{name} {said_of_it}" if replaced else said_of_it


def _section(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if _HEADING.match(line):
            return
        if line.strip() and not _FOOT.fullmatch(line.strip()):
            yield line


def _successor(line: str, words: StandingWords) -> str:
    """What a line says that the decision was replaced by, as it names it."""
    shown = plain(line).strip(_MARKS + "\"'{}")
    by = next((found for word in words.by if (found := re.search(rf"\b{word}\b", shown, re.IGNORECASE))), None)
    return shown[by.end() :].strip(" :.\"'{}|") if by else ""


def _document_of(name: str, line: str, by: str, documents: Collection[str]) -> str | None:
    folder = posixpath.dirname(name)
    target = _TARGET.search(line)
    if target and not _SCHEME.match(target[1]):
        place = unquote(target[1].partition("#")[0])
        path = posixpath.normpath(posixpath.join(folder, place)).lstrip("/")
        return path if path in documents and path != name else None
    if by in documents or posixpath.join(folder, by) in documents:
        return by if by in documents else posixpath.join(folder, by)
    number = _NUMBER.search(by)
    if not number:
        return None
    named = [
        other
        for other in documents
        if posixpath.dirname(other) == folder and other != name and (first := _NUMBER.search(posixpath.basename(other)))
        and int(first[0]) == int(number[0])
    ]  # fmt: skip
    return named[0] if len(named) == 1 else None
