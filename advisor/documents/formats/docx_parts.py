"""The XML of a Word file, made plain before it is converted: what Word shows is there as runs and paragraphs, and no more.

Fields, formulas, text boxes, content controls and moved text become ordinary text; deleted and hidden text goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, SubElement

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_WRAPPERS = {f"{W}{name}" for name in ("fldSimple", "smartTag", "customXml", "moveTo", "dir", "bdo", "sdtContent")}
_GONE = {f"{W}{name}" for name in ("del", "moveFrom", "sdtPr", "sdtEndPr", "smartTagPr", "customXmlPr", "fldData")}
_OFF = ("0", "false", "off")
_WHITE = "FFFFFF"
_DEEPEST_FORMULA = 40


def is_on(element: Element | None) -> bool:
    """Whether a mark such as `<w:vanish/>` is there and not switched off."""
    return element is not None and element.get(f"{W}val", "true") not in _OFF


def simplify(tree: Element) -> int:
    """Change a part of the file in place.

    :returns: how many characters of hidden text went.
    """
    hidden = 0
    tinted = tree.find(f"{W}background") is not None
    for above in list(tree.iter()):
        children = list(_unwrapped(above))
        for run in [child for child in children if child.tag == f"{W}r"]:
            unseen = _is_hidden(run) or (not tinted and _is_white(run, above))
            if unseen:
                hidden += sum(len(text.text or "") for text in run.iter(f"{W}t"))
                children.remove(run)
        above[:] = children
    for above in [element for element in tree.iter() if element.find(f"{W}p") is not None]:
        above[:] = [piece for child in above for piece in _boxes_after(child)]
    return hidden


def _unwrapped(above: Element) -> Iterator[Element]:
    """The children of an element, with those of wrappers in their place."""
    waiting = list(reversed(above))
    while waiting:
        child = waiting.pop()
        if child.tag in _GONE or _is_deleted_row(child):
            continue
        if child.tag in _WRAPPERS:
            waiting += reversed(child)
        elif child.tag == f"{W}sdt":
            empty = is_on(child.find(f"{W}sdtPr/{W}showingPlcHdr"))  # "Click here to enter text"
            waiting += [] if empty else reversed(child)
        elif child.tag == f"{_MC}AlternateContent":
            waiting += reversed(_alternative(child))
        elif child.tag == f"{_M}oMathPara":
            waiting += reversed([part for part in child if part.tag == f"{_M}oMath"])
        elif child.tag == f"{_M}oMath":
            yield run_of(formula(child))
        else:
            if child.tag == f"{W}rPr":
                for strike in child.findall(f"{W}dstrike"):
                    strike.tag = f"{W}strike"
            yield child


def _alternative(choices: Element) -> Element | list[Element]:
    """The version of a drawing that holds its text; the older one where none does."""
    versions = list(choices)
    with_text = [version for version in versions if version.find(f".//{W}txbxContent") is not None]
    return next(iter(with_text or reversed(versions)), [])


def _is_deleted_row(element: Element) -> bool:
    return element.tag == f"{W}tr" and element.find(f"{W}trPr/{W}del") is not None


def _is_hidden(run: Element) -> bool:
    return is_on(run.find(f"{W}rPr/{W}vanish"))


def _is_white(run: Element, paragraph: Element) -> bool:
    """White on the white of the page: nothing around the words paints another ground."""
    properties = run.find(f"{W}rPr")
    color = properties.find(f"{W}color") if properties is not None else None
    if color is None or color.get(f"{W}val", "").upper() != _WHITE or paragraph.tag != f"{W}p":
        return False
    assert properties is not None
    painted = any(properties.find(f"{W}{name}") is not None for name in ("shd", "highlight", "rStyle"))
    styled = any(paragraph.find(f"{W}pPr/{W}{name}") is not None for name in ("shd", "pStyle", "cnfStyle"))
    return not (painted or styled or paragraph.get("in-table"))


def mark_tables(tree: Element) -> None:
    """Note on each paragraph of a table or a text box that its ground may be painted."""
    for name in ("tbl", "txbxContent"):
        for holder in tree.iter(f"{W}{name}"):
            for paragraph in holder.iter(f"{W}p"):
                paragraph.set("in-table", "1")


def _boxes_after(element: Element) -> Iterable[Element]:
    """A paragraph, and after it what its text boxes hold."""
    if element.tag != f"{W}p" or element.find(f".//{W}txbxContent") is None:
        return [element]
    boxed: list[Element] = []
    for run in element.iter(f"{W}r"):
        for drawing in list(run):
            contents = list(drawing.iter(f"{W}txbxContent"))
            if contents:
                boxed += [piece for content in contents for piece in content]
                run.remove(drawing)
    return [element, *boxed]


def run_of(text: str) -> Element:
    """Words as Word keeps them."""
    run = Element(f"{W}r")
    SubElement(run, f"{W}t", {_SPACE: "preserve"}).text = text
    return run


def formula(math: Element) -> str:
    """A formula on one line: T_max=4.5, 10^6, (a+b)/2."""
    return _linear(math, 0)


def _linear(part: Element, depth: int) -> str:
    if part.tag == f"{_M}t":
        return part.text or ""
    if depth > _DEEPEST_FORMULA or part.tag.endswith("Pr"):
        return "".join(part.itertext()) if depth > _DEEPEST_FORMULA else ""
    said = {child.tag.removeprefix(_M): _linear(child, depth + 1) for child in part}
    base = _grouped(said.get("e", ""))
    match part.tag.removeprefix(_M):
        case "f":
            return f"{_grouped(said.get('num', ''))}/{_grouped(said.get('den', ''))}"
        case "sSup":
            return f"{base}^{_grouped(said.get('sup', ''))}"
        case "sSub":
            return f"{base}_{_grouped(said.get('sub', ''))}"
        case "sSubSup":
            return f"{base}_{_grouped(said.get('sub', ''))}^{_grouped(said.get('sup', ''))}"
        case "rad":
            return f"√({said.get('e', '')})"
        case "d":
            return "(" + "; ".join(_linear(child, depth + 1) for child in part if child.tag == f"{_M}e") + ")"
        case "nary":
            sign = part.find(f"{_M}naryPr/{_M}chr")
            sign_text = "∫" if sign is None else sign.get(f"{_M}val", "∑")
            return f"{sign_text}_{_grouped(said.get('sub', ''))}^{_grouped(said.get('sup', ''))} {said.get('e', '')}"
    return "".join(_linear(child, depth + 1) for child in part)


def _grouped(part: str) -> str:
    bare = part.strip()
    return bare if bare.replace(".", "").replace(",", "").isalnum() or len(bare) <= 1 else f"({bare})"
