"""HTML -> what its reader sees of its main content, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from advisor.documents.formats.html_blocks import to_markdown
from advisor.documents.formats.markdown import one_line
from advisor.text.invisible import unseen_characters
from advisor.types import Extracted

_NOT_TEXT = {
    "audio", "base", "button", "canvas", "datalist", "embed", "head", "iframe", "input", "link", "map", "math", "meta",
    "noscript", "object", "option", "script", "select", "style", "svg", "template", "textarea", "title", "video",
}  # fmt: skip
_AROUND = {"aside", "footer", "header", "nav"}
_AROUND_ROLES = {"banner", "complementary", "contentinfo", "menu", "navigation", "search", "dialog", "alertdialog"}
_MAIN = ("main, [role=main]", "article")
_MAIN_SHARE = 0.3  # of the words of the page: less is a teaser
_DEBRIS = re.compile(
    r"(?:.*[-_])?(?:cookies?|consent|breadcrumbs?|share|sharing|social|newsletter|sidebar|navbar|menu|pagination|related"
    r"|promo|advert|ads?|comments?|sr-only|visually-hidden|screen-reader-text|skip-link)(?:[-_].*)?",
    re.IGNORECASE,
)
_DEBRIS_SHARE = 0.3  # of the words of the page: more is no debris, whatever it is called
_FEWEST_LINKS = 3
_WORDS_OF_LINKS = 0.8  # of a list's words: more is a menu
_DATES = (
    "meta[property='article:modified_time']",
    "meta[property='article:published_time']",
    "meta[name='last-modified']",
    "meta[name='date']",
    "meta[name='dcterms.modified']",
    "meta[name='DC.date']",
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")

_AT_RULE = re.compile(r"@[^{};]+(?:;|\{(?:[^{}]|\{[^{}]*\})*\})")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_STYLED = ("display", "visibility", "opacity", "font-size", "color", "background", "background-color", "text-indent", "left")
_NOTHING = re.compile(r"0*(?:\.0*)?(?:px|em|rem|pt|%)?")
_OFF_THE_PAGE = re.compile(r"-\d{3,}.*")
_WHITE = ("white", "#fff", "#ffffff", "rgb(255,255,255)", "rgba(255,255,255,1)")

Style = dict[str, str]


def read_html(text: str) -> Extracted:
    """The main content of a page.

    What cannot be seen is left out (`_Page.is_hidden` is the one place that decides it), and so is what stands around the
    content: menus, banners, comments of readers.
    """
    tree = LexborHTMLParser(text)
    page = _Page(tree)
    html = tree.css_first("html")
    title = tree.css_first("title")
    return Extracted(
        text=to_markdown(page.main, page.is_left_out) if page.main else "",
        title=one_line(title.text()) or None if title else None,
        language=(html.attributes.get("lang") or "")[:2].lower() or None if html else None,
        updated=_date(tree),
        hidden=page.hidden + unseen_characters(page.main.text()) if page.main else 0,
    )


def _date(tree: LexborHTMLParser) -> str | None:
    for selector in _DATES:
        node = tree.css_first(selector)
        found = _DATE.match(node.attributes.get("content") or "") if node else None
        if found:
            return found.group()
    return None


class _Page:
    """A page with its styles: which of its elements are read."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        self._styles = _styles(tree)
        self._hidden: dict[int, int] = {}
        body = tree.body
        self._words = len(body.text()) if body else 0
        self.main = body
        for selector in _MAIN:
            found = tree.css(selector)
            if body and len(found) == 1 and len(found[0].text()) >= _MAIN_SHARE * self._words:
                self.main = found[0]
                break

    def is_left_out(self, node: LexborNode) -> bool:
        """Whether an element, with all that is in it, is no content or not seen."""
        tag = node.tag or ""
        if tag.startswith("-"):
            if tag == "-comment":
                self._note(node, unseen_characters(node.html or ""))
            return tag == "-comment"
        if tag in _NOT_TEXT or self._is_around(node, tag):
            return True
        if self.is_hidden(node):
            self._note(node, len(node.text().strip()))
            return True
        return False

    @property
    def hidden(self) -> int:
        """How many characters of its content were left out because nobody sees them."""
        return sum(self._hidden.values())

    def _note(self, node: LexborNode, characters: int) -> None:
        self._hidden[node.mem_id] = characters

    def _is_around(self, node: LexborNode, tag: str) -> bool:
        if self.main is not None and node.mem_id == self.main.mem_id:
            return False
        if tag in _AROUND or (node.attributes.get("role") or "") in _AROUND_ROLES:
            # The header of an article holds its title.
            return tag != "header" or self.main is None or (self.main.tag == "body" and not _inside(node, "article"))
        if tag in ("ul", "ol"):
            links = node.css("a")
            linked = sum(len(link.text()) for link in links)
            return len(links) >= _FEWEST_LINKS and linked > _WORDS_OF_LINKS * len("".join(node.text().split()))
        names = f"{node.attributes.get('class') or ''} {node.attributes.get('id') or ''}".split()
        return any(map(_DEBRIS.fullmatch, names)) and len(node.text()) < _DEBRIS_SHARE * self._words

    def is_hidden(self, node: LexborNode) -> bool:
        """Whether a reader of the page in a browser does not see an element."""
        attributes = node.attributes
        if "hidden" in attributes or attributes.get("aria-hidden") == "true":
            return True
        style = self._style(node)
        return (
            style.get("display") == "none"
            or style.get("visibility") in ("hidden", "collapse")
            or any(name in style and _NOTHING.fullmatch(style[name]) for name in ("opacity", "font-size"))
            or any(_OFF_THE_PAGE.fullmatch(style.get(name, "")) for name in ("text-indent", "left"))
            or self._has_color_of_its_ground(node, style)
        )

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
        ground = ""
        above: LexborNode | None = node
        while not ground and above is not None:
            own = self._style(above)
            ground = own.get("background-color") or own.get("background") or above.attributes.get("bgcolor") or ""
            above = above.parent
        ground = ground.lower() or "white"
        return color == ground or (color in _WHITE and ground in _WHITE)


def _inside(node: LexborNode, tag: str) -> bool:
    above = node.parent
    while above is not None and above.tag != tag:
        above = above.parent
    return above is not None


def _styles(tree: LexborHTMLParser) -> dict[int, Style]:
    """What the page's own style sheets declare of each element, as far as it can hide it. Rules for other media do not."""
    styles: dict[int, Style] = {}
    for sheet in tree.css("style"):
        for selectors, declared in _rules(sheet.text()):
            for selector in selectors.split(","):
                try:
                    matched = tree.css(selector.strip())
                except SelectolaxError:  # `:hover` and the like
                    continue
                for node in matched:
                    styles.setdefault(node.mem_id, {}).update(declared)
    return styles


def _rules(sheet: str) -> Iterator[tuple[str, Style]]:
    bare = _AT_RULE.sub("", _CSS_COMMENT.sub("", sheet))
    for selectors, body in _RULE.findall(bare):
        declared = _declarations(body)
        if declared:
            yield selectors, declared


def _declarations(text: str) -> Style:
    pairs = (declaration.partition(":") for declaration in text.lower().split(";"))
    values = {name.strip(): "".join(value.replace("!important", "").split()) for name, _, value in pairs}
    return {name: value for name, value in values.items() if name in _STYLED}
