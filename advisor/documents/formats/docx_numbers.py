"""The numbers that Word gives to paragraphs, and the paragraphs that are headings: both are in styles, not in the text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import ascii_lowercase
from xml.etree.ElementTree import Element, SubElement

from advisor.documents.formats.docx_parts import W, is_on, run_of
from advisor.documents.formats.markdown import LABEL_END, LABEL_START

HEADING_STYLE = "advisor-heading-"
"""What the style of a heading is called from here on, with its level behind it."""
LEVELS = 6
_NAMED_HEADING = re.compile(r"heading (\d)")
_OF_CONTENTS = re.compile(r"toc \d")
_PLACE = re.compile(r"%([1-9])")
_NO_LIST = "0"
_NO_OUTLINE = 9
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
          (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip
_MOST_ROMAN = 4_000


@dataclass(frozen=True, slots=True)
class _Style:
    name: str
    based_on: str
    outline: int | None
    number: str
    level: int | None


@dataclass(frozen=True, slots=True)
class _Level:
    start: int
    form: str
    text: str
    legal: bool


@dataclass(slots=True)
class Numbers:
    """The counters of a document, and what its parts `styles` and `numbering` say (None for one that it lacks)."""

    styles: dict[str, _Style]
    levels: dict[str, dict[int, _Level]]  # of each list
    lists: dict[str, str]  # number of a paragraph -> its list: several share the counters of one
    restarts: dict[tuple[str, int], int]
    _counts: dict[str, dict[int, int]] = field(default_factory=dict)
    _restarted: set[tuple[str, int]] = field(default_factory=set)

    @classmethod
    def read(cls, styles: Element | None, numbering: Element | None) -> Numbers:
        """What the two parts say."""
        known = dict(map(_style, styles.iter(f"{W}style"))) if styles is not None else {}
        if numbering is None:
            return cls(known, {}, {}, {})
        levels = {found.get(f"{W}abstractNumId", ""): _levels(found) for found in numbering.iter(f"{W}abstractNum")}
        lists = {found.get(f"{W}numId", ""): _value(found, "abstractNumId") for found in numbering.iter(f"{W}num")}
        for found in numbering.iter(f"{W}abstractNum"):
            linked = known.get(_value(found, "numStyleLink"))
            if linked and linked.number in lists:
                levels[found.get(f"{W}abstractNumId", "")] = levels.get(lists[linked.number], {})
        restarts = {
            (found.get(f"{W}numId", ""), _number(over.get(f"{W}ilvl"), 0)): _number(_value(over, "startOverride"), 1)
            for found in numbering.iter(f"{W}num")
            for over in found.findall(f"{W}lvlOverride")
            if over.find(f"{W}startOverride") is not None
        }
        return cls(known, levels, lists, restarts)

    def write(self, body: Element) -> None:
        """Give each paragraph its number as text and each heading its style; leave out the table of contents."""
        for above in [element for element in body.iter() if element.find(f"{W}p") is not None]:
            kept = [child for child in above if child.tag != f"{W}p" or not self._is_of_contents(child)]
            above[:] = kept
        for paragraph in body.iter(f"{W}p"):
            properties = paragraph.find(f"{W}pPr")
            chain = self._chain(_value(properties, "pStyle"))
            heading = _heading(properties, chain)
            label = self._label(properties, chain)
            if heading is not None:
                _restyle(paragraph, heading)
            if label:
                words = f"{label} " if heading is not None else f"{LABEL_START}{label}{LABEL_END}"
                paragraph.insert(1 if paragraph.find(f"{W}pPr") is not None else 0, run_of(words))

    def _is_of_contents(self, paragraph: Element) -> bool:
        style = self.styles.get(_value(paragraph.find(f"{W}pPr"), "pStyle"))
        return style is not None and bool(_OF_CONTENTS.fullmatch(style.name))

    def _chain(self, name: str) -> list[_Style]:
        """A style, and those that it is based on."""
        chain: list[_Style] = []
        while name in self.styles and self.styles[name] not in chain:
            chain.append(self.styles[name])
            name = chain[-1].based_on
        return chain

    def _label(self, properties: Element | None, chain: list[_Style]) -> str:
        """The number of a paragraph as Word shows it; "" without one, or for a bullet."""
        own = properties.find(f"{W}numPr") if properties is not None else None
        styled = next((style for style in chain if style.number), None)
        number = _value(own, "numId") or (styled.number if styled else "")
        level = _number(_value(own, "ilvl"), (styled.level or 0) if styled else 0)
        name = self.lists.get(number, "")
        found = self.levels.get(name, {}).get(level)
        if number == _NO_LIST or found is None:
            return ""
        counts = self._counts.setdefault(name, {})
        restart = self.restarts.get((number, level))
        if restart is not None and (number, level) not in self._restarted:
            self._restarted.add((number, level))
            counts[level] = restart
        else:
            counts[level] = counts[level] + 1 if level in counts else found.start
        for deeper in [at for at in counts if at > level]:
            del counts[deeper]
        return _shown(self.levels[name], counts, found)


def _shown(levels: Mapping[int, _Level], counts: Mapping[int, int], shown: _Level) -> str:
    if shown.form in ("bullet", "none"):
        return ""

    def place(found: re.Match[str]) -> str:
        at = int(found.group(1)) - 1
        level = levels.get(at, shown)
        return _written(counts.get(at, level.start), "decimal" if shown.legal else level.form)

    return _PLACE.sub(place, shown.text).strip()


def _written(count: int, form: str) -> str:
    match form:
        case "lowerLetter" | "upperLetter" if count > 0:
            letters = ascii_lowercase[(count - 1) % 26] * min(1 + (count - 1) // 26, 9)
            return letters if form == "lowerLetter" else letters.upper()
        case "lowerRoman" | "upperRoman" if 0 < count < _MOST_ROMAN:
            roman = ""
            for value, sign in _ROMAN:
                roman += sign * (count // value)
                count %= value
            return roman if form == "lowerRoman" else roman.upper()
        case "decimalZero":
            return f"{count:02d}"
    return str(count)


def _heading(properties: Element | None, chain: list[_Style]) -> int | None:
    """The level of a heading, from 1; None for other paragraphs. What counts is the outline, not what a style is called."""
    own = _value(properties, "outlineLvl")
    outline = _number(own, _NO_OUTLINE) if own else next((s.outline for s in chain if s.outline is not None), None)
    if outline is not None:
        return min(outline + 1, LEVELS) if outline < _NO_OUTLINE else None
    named = next((found for style in chain if (found := _NAMED_HEADING.fullmatch(style.name))), None)
    return min(int(named.group(1)), LEVELS) if named else None


def _restyle(paragraph: Element, level: int) -> None:
    properties = paragraph.find(f"{W}pPr")
    if properties is None:
        properties = Element(f"{W}pPr")
        paragraph.insert(0, properties)
    for name in ("pStyle", "numPr"):
        for old in properties.findall(f"{W}{name}"):
            properties.remove(old)
    properties.insert(0, Element(f"{W}pStyle", {f"{W}val": f"{HEADING_STYLE}{level}"}))
    SubElement(SubElement(properties, f"{W}numPr"), f"{W}numId", {f"{W}val": _NO_LIST})


def _style(style: Element) -> tuple[str, _Style]:
    properties = style.find(f"{W}pPr")
    outline = _value(properties, "outlineLvl")
    numbers = properties.find(f"{W}numPr") if properties is not None else None
    level = _value(numbers, "ilvl")
    return style.get(f"{W}styleId", ""), _Style(
        name=_value(style, "name").casefold(),
        based_on=_value(style, "basedOn"),
        outline=_number(outline, _NO_OUTLINE) if outline else None,
        number=_value(numbers, "numId"),
        level=_number(level, 0) if level else None,
    )


def _levels(abstract: Element) -> dict[int, _Level]:
    return {
        _number(level.get(f"{W}ilvl"), 0): _Level(
            start=_number(_value(level, "start"), 1),
            form=_value(level, "numFmt") or "decimal",
            text=_value(level, "lvlText"),
            legal=is_on(level.find(f"{W}isLgl")),
        )
        for level in abstract.findall(f"{W}lvl")
    }


def _value(element: Element | None, name: str) -> str:
    found = element.find(f"{W}{name}") if element is not None else None
    return found.get(f"{W}val", "") if found is not None else ""


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else default  # noqa: PLR2004 - digits
