"""Which elements of a page a reader in a browser sees, at once or after one click."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from advisor.documents.formats.markdown import one_line

_AT_RULE = re.compile(r"@[^{};@]+(?:;|\{(?:[^{}]|\{[^{}]*\})*\})")
_RULE = re.compile(r"(?<![^{}])([^{}]+)\{([^{}]*)\}")  # begins where the rule before ended
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_GROUNDS = ("background", "background-color", "background-image")
_STYLED = ("display", "visibility", "opacity", "font-size", "color", "text-indent", "left", "text-decoration", *_GROUNDS)
_NOTHING = re.compile(r"0*(?:\.0*)?(?:px|em|rem|pt|%)?")
_OFF_THE_PAGE = re.compile(r"-\d{3,}.*")
_WHITE = ("white", "#fff", "#ffffff", "rgb(255,255,255)", "rgba(255,255,255,1)")
_PICTURE = ("url(", "gradient(", "image(", "var(")
_PANE = re.compile(
    r"tab-?(?:pane|panel|content)\w*|.*-(?:tab-?panel|collapse)|collaps\w+|accordion-?(?:body|panel|content|collapse)"
)
_CONTROLS = "[aria-controls], [data-bs-target], [data-target], a[href^='#']"

Style = dict[str, str]


class Visibility:
    """The styles of a page, and what its controls (tabs, accordions, links within it) open."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        self._styles, self._styled_classes = _styles(tree)
        self.labels = _labels(tree)
        """Id of an element that a control opens -> the words on that control."""

    def is_hidden(self, node: LexborNode) -> bool:
        """Whether a reader never sees an element. What a click shows is not hidden."""
        style = self._style(node)
        folded = "hidden" in node.attributes or style.get("display") == "none"
        return (
            (folded and not self.is_pane(node))
            or style.get("visibility") in ("hidden", "collapse")
            or any(name in style and _NOTHING.fullmatch(style[name]) for name in ("opacity", "font-size"))
            or any(_OFF_THE_PAGE.fullmatch(style.get(name, "")) for name in ("text-indent", "left"))
            or self._has_color_of_its_ground(node, style)
        )

    def is_pane(self, node: LexborNode) -> bool:
        """Whether an element is the content of a tab or of an accordion."""
        names = (node.attributes.get("class") or "").lower().split()
        return (
            node.attributes.get("role") == "tabpanel"
            or any(map(_PANE.fullmatch, names))
            or (node.attributes.get("id") or "") in self.labels
        )

    def is_struck_out(self, node: LexborNode) -> bool:
        """Whether the words of an element are crossed out: they are no longer in force."""
        named = "line-through" in (node.attributes.get("class") or "").split()
        return named or node.tag in ("del", "s", "strike") or "line-through" in self._style(node).get("text-decoration", "")

    def _style(self, node: LexborNode) -> Style:
        return {**self._styles.get(node.mem_id, {}), **_declarations(node.attributes.get("style") or "")}

    def _has_color_of_its_ground(self, node: LexborNode, style: Style) -> bool:
        color = style.get("color")
        if color is None and node.tag == "font":
            color = (node.attributes.get("color") or "").lower()
        if not color:
            return False
        if color == "transparent":
            return True
        ground = self._ground(node)
        return color == ground or (color in _WHITE and ground in _WHITE)

    def _ground(self, node: LexborNode) -> str:
        """The colour behind an element; "" where it is a picture, or set by a style sheet that is not in the file."""
        above: LexborNode | None = node
        while above is not None and above.tag != "html":
            own = self._style(above)
            painted = [own[name] for name in _GROUNDS if name in own] or [(above.attributes.get("bgcolor") or "").lower()]
            if any(sign in value for value in painted for sign in _PICTURE):
                return ""
            if any(painted):
                return next(filter(None, painted))
            foreign = set((above.attributes.get("class") or "").split()) - self._styled_classes
            if foreign and above.tag != "body":
                return ""
            above = above.parent
        return "white"


def _labels(tree: LexborHTMLParser) -> dict[str, str]:
    labels: dict[str, str] = {}
    for control in tree.css(_CONTROLS):
        attributes = control.attributes
        target = attributes.get("aria-controls") or attributes.get("data-bs-target") or attributes.get("data-target")
        name = (target or attributes.get("href") or "").lstrip("#")
        words = one_line(control.text())
        if name and words:
            labels.setdefault(name, words)
    return labels


def _styles(tree: LexborHTMLParser) -> tuple[dict[int, Style], set[str]]:
    """What the page's own style sheets declare of each element, as far as it can hide it, and the classes they name.

    Rules for other media do not count.
    """
    styles: dict[int, Style] = {}
    classes: set[str] = set()
    for sheet in tree.css("style"):
        for selectors, declared in _rules(sheet.text()):
            classes.update(re.findall(r"\.([\w-]+)", selectors))
            for selector in selectors.split(","):
                try:
                    matched = tree.css(selector.strip())
                except SelectolaxError:  # `:hover` and the like
                    continue
                for node in matched:
                    styles.setdefault(node.mem_id, {}).update(declared)
    return styles, classes


def _rules(sheet: str) -> Iterator[tuple[str, Style]]:
    bare = _AT_RULE.sub("", _CSS_COMMENT.sub("", sheet))
    for selectors, body in _RULE.findall(bare):
        declared = _declarations(body)
        if declared:
            yield selectors, declared


def _declarations(text: str) -> Style:
    pairs = (declaration.partition(":") for declaration in text.lower().split(";"))
    values = {name.strip(): "".join(value.replace("!important", "").split()) for name, _, value in pairs}
    values |= {"text-decoration": values["text-decoration-line"]} if "text-decoration-line" in values else {}
    return {name: value for name, value in values.items() if name in _STYLED}
