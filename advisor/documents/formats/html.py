"""HTML -> what its reader sees of its main content, as Markdown."""

from __future__ import annotations

import re
import unicodedata

from selectolax.lexbor import LexborHTMLParser, LexborNode

from advisor.documents.formats.extracted import Extracted
from advisor.documents.formats.html_blocks import in_heading, to_markdown
from advisor.documents.formats.html_visibility import Visibility
from advisor.documents.formats.markdown import one_line
from advisor.text.invisible import unseen_characters

_NOT_TEXT = {
    "audio", "base", "canvas", "datalist", "embed", "head", "iframe", "input", "link", "map", "meta", "noscript", "object",
    "option", "script", "select", "style", "svg", "template", "textarea", "title", "video",
}  # fmt: skip
_AROUND = {"footer", "header", "nav"}
_AROUND_ROLES = {"banner", "contentinfo", "menu", "navigation", "search", "dialog", "alertdialog", "tablist", "tab"}
_BESIDE = ("aside", "complementary")  # around the content of a page, part of it within its main element
_NOTE = re.compile(r"admonition|callout|note|notice|tip|hint|warning|caution|danger|important|info|alert", re.IGNORECASE)
_MAIN = ("main, [role=main]", "article")
_MAIN_SHARE = 0.3  # of the words of the page: less is a teaser
_HEADINGS = "h1, h2, h3, h4, h5, h6"
_CONTAINERS = {"div", "section", "ul", "ol", "form", "span", "p", "article"}
_DEBRIS = re.compile(
    r"(?:.*[-_])?(?:cookies?|consent|breadcrumbs?|share|sharing|social|newsletter|sidebar|navbar|menu|pagination|related"
    r"|promo|advert|ads?|comments?|sr-only|visually-hidden|screen-reader-text|skip-link)(?:[-_].*)?",
    re.IGNORECASE,
)
_DEBRIS_SHARE = 0.3  # of the words of the page: more is no debris, whatever it is called
_CLICKED = "a, button, form, input"
_FEWEST_LINKS = 3
_WORDS_OF_LINKS = 0.8  # of a list's words: more is a menu
_ACCORDION = re.compile(r"accordion|collaps|toggle|expand|faq", re.IGNORECASE)
_OF_A_MENU = re.compile(r"nav|menu|dropdown|hamburger", re.IGNORECASE)
_FORMULA_TWICE = {"katex-html", "MathJax", "MathJax_Display", "mjx-math"}
_ICON = re.compile(r"(?:^|[\s_-])(?:icons?|fa[srlb]?|glyphicon|material-\w+)(?:$|[\s_-])")
_DATES = (
    "meta[property='article:modified_time']",
    "meta[property='article:published_time']",
    "meta[name='last-modified']",
    "meta[name='date']",
    "meta[name='dcterms.modified']",
    "meta[name='DC.date']",
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def read_page(data: bytes) -> Extracted:
    """The main content of a page in UTF-8."""
    return read_html(data.decode("utf-8"))


def read_html(text: str) -> Extracted:
    """The main content of a page.

    What cannot be seen is left out (`Visibility.is_hidden` is the one place that decides it), and so is what stands around
    the content: menus, banners, comments of readers. What a click shows (tabs, accordions) is read; what is crossed out is
    not.
    """
    tree = LexborHTMLParser(text)
    page = _Page(tree)
    html = tree.css_first("html")
    title = tree.css_first("title")
    return Extracted(
        text=to_markdown(page.main, page.is_left_out, page.label) if page.main else "",
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
    """A page: which of its elements are read."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        self._seen = Visibility(tree)
        self._hidden: dict[int, int] = {}
        body = tree.body
        self._words = len(body.text()) if body else 0
        self.main = body
        for selector in _MAIN:
            found = tree.css(selector)
            if body and len(found) == 1 and len(found[0].text()) >= _MAIN_SHARE * self._words:
                self.main = found[0]
                break

    @property
    def _has_main(self) -> bool:
        return self.main is not None and self.main.tag != "body"

    def is_left_out(self, node: LexborNode) -> bool:
        """Whether an element, with all that is in it, is no content or not seen."""
        tag = node.tag or ""
        if tag.startswith("-"):
            if tag == "-comment":
                self._note(node, unseen_characters(node.html or ""))
            return tag == "-comment"
        if tag in _NOT_TEXT or self._is_around(node, tag) or self._seen.is_struck_out(node):
            return True
        if self._seen.is_hidden(node):
            self._note(node, len(node.text().strip()))
            return True
        return False

    @property
    def hidden(self) -> int:
        """How many characters of its content were left out because nobody sees them."""
        return sum(self._hidden.values())

    def label(self, node: LexborNode) -> str | None:
        """The words on the control that shows an element, where they stand nowhere in the text: those of a tab."""
        if node.tag not in _CONTAINERS or not self._seen.is_pane(node):
            return None
        label = self._seen.labels.get(node.attributes.get("id") or "")
        own = node.css_first(_HEADINGS)
        shown = label is None or (own is not None and _words(own.text()) == _words(label))
        return None if shown or self._is_accordion(node) else label

    def _is_accordion(self, pane: LexborNode) -> bool:
        """Whether the control of a pane stands in the text as its heading."""
        name = pane.attributes.get("id")
        selectors = (
            f"button[aria-controls='{name}']",
            f"button[data-bs-target='#{name}']",
            f"button[data-target='#{name}']",
        )
        root = self.main
        return (
            root is not None
            and bool(name)
            and "'" not in (name or "")
            and any((found := root.css_first(selector)) is not None and not _is_mere_button(found) for selector in selectors)
        )

    def _note(self, node: LexborNode, characters: int) -> None:
        self._hidden[node.mem_id] = characters

    def _is_around(self, node: LexborNode, tag: str) -> bool:
        if self.main is not None and node.mem_id == self.main.mem_id:
            return False
        attributes = node.attributes
        names = (attributes.get("class") or "").split()
        role = attributes.get("role") or ""
        if tag == "button":
            return _is_mere_button(node)
        if tag in _AROUND or role in _AROUND_ROLES:
            # The header of an article holds its title.
            return tag != "header" or self.main is None or (not self._has_main and not _inside(node, "article"))
        if tag in _BESIDE or role in _BESIDE:
            marks = " ".join((*names, attributes.get("aria-label") or "", role))
            return not (self._has_main or _NOTE.search(marks)) or any(map(_DEBRIS.fullmatch, names))
        if tag in ("ul", "ol") and self._is_menu(node):
            return True
        if any(name in _FORMULA_TWICE for name in names):
            return True
        if attributes.get("aria-hidden") == "true" and (tag == "i" or _ICON.search(" ".join(names))):
            return True
        return tag in _CONTAINERS and self._is_debris(node, names)

    def _is_debris(self, node: LexborNode, classes: list[str]) -> bool:
        """Whether an element is a widget by its class or id.

        Ids that are made of the heading below say nothing, nor do such classes where nothing can be clicked.
        """
        name = node.attributes.get("id") or ""
        marks = [mark for mark in (*classes, name) if _DEBRIS.fullmatch(mark)]
        if not marks or len(node.text()) >= _DEBRIS_SHARE * self._words:
            return False
        heading = node.css_first(_HEADINGS)
        if heading is None or not set(_words(heading.text())).issuperset(_words(" ".join(marks))):
            return True
        return marks != [name] and node.css_first(_CLICKED) is not None

    def _is_menu(self, node: LexborNode) -> bool:
        """Whether a list only leads to other places: its links are its words, and no text goes before it that it goes on."""
        links = node.css("a")
        linked = sum(len(link.text()) for link in links)
        if len(links) < _FEWEST_LINKS or linked <= _WORDS_OF_LINKS * len("".join(node.text().split())):
            return False
        within = all((link.attributes.get("href") or "").startswith("#") for link in links)
        return within or not (self._has_main or _follows_a_paragraph(node))


def _words(text: str) -> list[str]:
    """The words of a text in the form that ids are made of: small letters without accents."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", bare)


def _follows_a_paragraph(node: LexborNode) -> bool:
    before = node.prev
    while before is not None and before.tag == "-text" and not before.text().strip():
        before = before.prev
    return before is not None and before.tag in ("p", "-text")


def _is_mere_button(button: LexborNode) -> bool:
    """Whether a button only does something: it is no header of an accordion."""
    attributes = button.attributes
    marks = " ".join(attributes.get(name) or "" for name in ("class", "data-bs-toggle", "data-toggle"))
    if attributes.get("role") == "tab" or _OF_A_MENU.search(marks):
        return True
    opens = "aria-expanded" in attributes or bool(_ACCORDION.search(marks))
    return not opens and not in_heading(button)


def _inside(node: LexborNode, tag: str) -> bool:
    above = node.parent
    while above is not None and above.tag != tag:
        above = above.parent
    return above is not None
