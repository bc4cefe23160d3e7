"""Markdown as site generators, wikis and READMEs write it -> lines that a parser of CommonMark reads as they are meant.

Line for line: a block that the parser finds in the lines stands on the same lines of the source. What a reader does not see
is blanked; admonitions, tabs and folds are named sections; tags of HTML that only give structure become that structure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from advisor.documents.unseen import blanked, unseen_spans
from advisor.text.plain import NEWLINE, plain

_FENCE = re.compile(r"[ \t]*(?P<fence>`{3,}|~{3,})(?P<info>[^\r\n]*)")
_LIQUID_CODE = re.compile(r"[ \t]*\{%-?\s*(?:end)?highlight\b[^%]*%\}[ \t]*")
_COLONS = re.compile(r"[ \t]*(?P<mark>:{3,})[ \t]*(?P<rest>[^\r\n]*)")
_DIRECTIVE = re.compile(r"\{?\.?[\w-]+\}?[ \t]*(?:\[(?P<label>[^\]]*)\]|(?P<title>[^{}\r\n]*))[^\r\n]*")
_BANG = re.compile(r"(?:!!!|\?\?\?|===)[+! \t]*+(?=[\w\"-])[\w \t-]*+(?:\"(?P<title>[^\"\r\n]*)\"[ \t]*+)?")
_CALLOUT = re.compile(r"(?P<quote>[ \t]*>[ \t]?)\[![\w-]+\][+-]?[ \t]*(?P<title>[^\r\n]*)")
_MYST = re.compile(r"\{(?P<kind>[\w-]+)\}[ \t]*(?P<title>[^\r\n]*)")
_CODE_DIRECTIVES = {"code", "code-block", "code-cell", "math", "mermaid", "literalinclude", "image", "figure", "toctree"}
_FOOTNOTE = re.compile(r"[ ]{0,3}\[\^[^\]\s]+\]:[ \t]*")
_ONLY_A_MARK = re.compile(
    r"[-*+\d.]*+[ \t]*+\[?\[(?:_?toc_?)\]\]?|[*\d.]++[ \t]++TOC|\{:?[ \t]*+[#.:][^{}]*+\}|\\(?:newpage|pagebreak)"
    r"|(?:(?:\{%[^{}]*%\}|\{\{[^{}]*+\}\})[ \t]*+)++",
    re.IGNORECASE,
)
_LINK = r"\[[^\[\]]{1,100}\]\([^()\s]{0,300}\)"
_TRAIL = re.compile(rf"(?:{_LINK} {{0,9}}(?:[>›»→]|&gt;) {{0,9}})+(?:[^>\[\]|]{{0,100}}|{_LINK})")  # the way to the page
_MDX = re.compile(r"(?:import|export)\s[^\r\n]*['\"({;=][^\r\n]*")
_TAG = re.compile(r"<(?P<close>/?)(?P<name>[a-zA-Z][\w.-]*)(?P<attributes>[^<>]*)>")
_STRUCTURE = {
    "p", "div", "center", "section", "article", "main", "header", "footer", "span", "ul", "ol", "picture", "source",
    "figure", "figcaption", "br", "a", "img", "b", "i", "em", "strong", "small", "font", "dl", "dt", "dd", "aside",
    "blockquote", "nav", "sub", "sup", "kbd", "details", "summary", "li", "h1", "h2", "h3", "h4", "h5", "h6",
}  # fmt: skip
_BEGIN_BLOCKS = _STRUCTURE - {"span", "a", "img", "b", "i", "em", "strong", "small", "font", "sub", "sup", "kbd", "br"}
_SUMMARY = re.compile(r"<summary\b[^<>]*>(?P<words>(?:(?!</?summary\b).){1,500})</summary>", re.IGNORECASE)
_DETAILS = re.compile(r"<details\b[^<>]*>", re.IGNORECASE)
_LABEL = re.compile(r"\b(?:label|title)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_DEEPEST = 20  # containers within containers
_TABLE_LINE = ("table", "thead", "tbody", "tfoot", "tr", "td", "th", "colgroup", "col", "caption")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A body ready to be parsed.

    `lines` are what is parsed, `seen` is the body with spaces for what is not seen. `titles` are those of the named parts
    that a line is in, from the outermost; `unseen` is where hidden elements, scripts and private comments begin.
    """

    lines: str
    seen: str
    titles: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    unseen: tuple[int, ...] = ()


@dataclass(slots=True)
class _Open:
    """A container that is being read: what ends it, and its title."""

    kind: str  # "bang" by indentation, ":::" and "fence" by their mark, "quote" by a line without one, a tag by its end
    mark: str
    title: str


@dataclass(slots=True)
class _Reader:
    mdx: bool
    open: list[_Open] = field(default_factory=list)
    fence: str = ""
    named: tuple[str, ...] = ()  # the titles over the line
    heading: int = 0  # level of a heading of HTML whose words are on the next line
    item: bool = False

    def line(self, line: str) -> str:
        """One line (without its end) as it is to be parsed."""
        read = self._read(line)
        if len(self.open) > len(self.named):
            self.named = self.titles()
        return read

    def titles(self) -> tuple[str, ...]:
        """The titles of the parts that are open, from the outermost."""
        return tuple(each.title for each in self.open if each.title)

    def _read(self, line: str) -> str:
        if self.fence:
            if line.strip().startswith(self.fence) and not line.strip().strip(self.fence[0]):
                self.fence = ""
            return self._dedented(line)
        line = self._leave_outdented(line)
        self.named = self.titles()
        return self._container(line) if line.strip() else line

    def _container(self, line: str) -> str:
        fence = _FENCE.fullmatch(line)
        if fence:
            return self._fenced(line, fence)
        if _LIQUID_CODE.fullmatch(line):
            return "```"
        bang = _BANG.fullmatch(line.strip()) if line.strip()[:3] in ("!!!", "???", "===") else None
        if bang:
            indent = len(line) - len(line.lstrip()) + 4 * self._depth()
            return self._begin("bang", " " * (indent + 4), bang.group("title"))
        colons = _COLONS.fullmatch(line)
        if colons:
            return self._colons(colons)
        callout = _CALLOUT.fullmatch(line)
        if callout:
            self._begin("quote", ">", callout.group("title"))
            return callout.group("quote").rstrip()
        if _ONLY_A_MARK.fullmatch(line.strip()) or _TRAIL.fullmatch(line.strip()) or (self.mdx and _MDX.fullmatch(line)):
            return ""
        return self._html(_FOOTNOTE.sub("", line, count=1))

    def _fenced(self, line: str, fence: re.Match[str]) -> str:
        myst = _MYST.fullmatch(fence.group("info").strip())
        closed = next((each for each in reversed(self.open) if each.kind == "fence"), None)
        if closed and fence.group("fence").startswith(closed.mark) and not fence.group("info").strip():
            self._end(closed)
            return ""
        if myst and myst.group("kind") not in _CODE_DIRECTIVES:
            return self._begin("fence", fence.group("fence"), myst.group("title"))
        self.fence = fence.group("fence")
        return line

    def _colons(self, colons: re.Match[str]) -> str:
        rest = colons.group("rest").strip().strip(":").strip()
        if not rest:
            closed = next((each for each in reversed(self.open) if each.kind == ":::"), None)
            if closed:
                self._end(closed)
            return ""
        found = _DIRECTIVE.fullmatch(rest)
        return self._begin(":::", colons.group("mark"), (found.group("label") or found.group("title")) if found else "")

    def _begin(self, kind: str, mark: str, title: str | None) -> str:
        if len(self.open) < _DEEPEST:
            self.open.append(_Open(kind, mark, plain(title or "")))
        return ""

    def _end(self, container: _Open) -> None:
        while self.open and self.open.pop() is not container:
            continue

    def _depth(self) -> int:
        return sum(each.kind == "bang" for each in self.open)

    def _leave_outdented(self, line: str) -> str:
        """End the containers that a line no longer belongs to; without the indentation of those that it does."""
        for each in list(self.open):
            ended = (each.kind == "bang" and line.strip() and not line.startswith(each.mark)) or (
                each.kind == "quote" and not line.lstrip().startswith(each.mark)
            )
            if ended and each in self.open:
                self._end(each)
        return self._dedented(line)

    def _dedented(self, line: str) -> str:
        wanted = 4 * self._depth()
        return line[min(wanted, len(line) - len(line.lstrip())) :] if wanted else line

    def _html(self, line: str) -> str:
        """A line with its tags of structure made into marks of Markdown."""
        bare = self._summed_up(line.lstrip())
        folded = bare != line.lstrip()
        if not folded and not bare.startswith("<"):
            return self._marked(line)
        tags = list(_TAG.finditer(bare))
        first = tags[0] if tags and (folded or not tags[0].start()) else None
        if folded and first is None:
            return self._marked(bare)
        if first is None or first["name"].lower() in _TABLE_LINE:
            return self._marked(line)
        words = _TAG.sub(
            lambda tag: " " if tag["name"].lower() in _BEGIN_BLOCKS or tag["name"] == "br" else "", bare
        ).strip()
        known = first["name"].lower() in _BEGIN_BLOCKS or first["name"][0].isupper()
        if words and not known:
            return self._marked(line)
        if not words and not all(tag["name"].lower() in _STRUCTURE or tag["name"][0].isupper() for tag in tags):
            return line
        words = self._tags(tags, words)
        return self._marked(words) if words else ""

    def _summed_up(self, line: str) -> str:
        """A line without the summary of a fold, which is opened under that name."""
        found = _SUMMARY.search(line)
        if not found:
            return line
        if not any(each.kind == "details" and not each.title for each in self.open):
            self._begin("details", "", "")
        self.open[-1].title = plain(found["words"])
        self.named = self.titles()
        return _DETAILS.sub("", line[: found.start()]).strip() + line[found.end() :].strip()

    def _marked(self, line: str) -> str:
        """A line under the heading or item that the line before it opened in HTML."""
        if not line.strip() or not (self.heading or self.item):
            return line
        mark = "#" * self.heading + " " if self.heading else "- "
        self.heading, self.item = 0, False
        return mark + line.strip()

    def _tags(self, tags: list[re.Match[str]], words: str) -> str:
        """What the tags of one line open and close; the words that remain of it."""
        for tag in tags:
            name, closes = tag["name"].lower(), bool(tag["close"])
            label = _LABEL.search(tag["attributes"]) if tag["name"][0].isupper() else None
            if name[0] == "h" and name[1:].isdigit():
                self.heading = 0 if closes and not words else int(name[1])
            elif name == "li":
                self.item = not closes or bool(words)
            elif name == "details" and not closes:
                self._begin("details", "", "")
            elif label and not tag["attributes"].rstrip().endswith("/"):
                self._begin(name, "", label[1] or label[2])
            elif closes:
                closed = next((each for each in reversed(self.open) if each.kind == name), None)
                if closed:
                    self._end(closed)
        return words


def prepare(body: str, *, mdx: bool = False) -> Prepared:
    """A body of Markdown as it is to be parsed.

    :param mdx: its lines of JavaScript are left out.
    """
    hidden = unseen_spans(body)
    seen = blanked(body, hidden)
    reader = _Reader(mdx)
    lines: list[str] = []
    titles: dict[int, tuple[str, ...]] = {}
    for number, (line, ending) in enumerate(_lines(seen)):
        lines.append(reader.line(line) + ending)
        titles.update({number: reader.named} if reader.named else {})
    return Prepared("".join(lines), seen, titles, tuple(start for start, _ in hidden))


def _lines(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    for found in NEWLINE.finditer(text):
        yield text[at : found.start()], found.group()
        at = found.end()
    if at < len(text):
        yield text[at:], ""
