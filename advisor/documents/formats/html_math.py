"""A formula of MathML on one line: 10^6, a/b, T_max."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

_TEX = "annotation[encoding*='tex'], annotation[encoding*='TeX']"
_BRACED = re.compile(r"([\^_])\{([^{}]{1,40})\}")
_DEEPEST = 40
_OF_FORMULAS = ("m", "semantics", "annotation", "none")
_JOINTS = {"msup": "^", "msub": "_", "mfrac": "/", "mover": "", "munder": "_"}


def mathml_text(node: LexborNode) -> str:
    """What a `math` element says: its TeX where it has it, else its parts in their order."""
    tex = node.css_first(_TEX)
    if tex is not None:
        return _BRACED.sub(lambda found: found.group(1) + _grouped(found.group(2)), tex.text().strip())
    return _linear(node, 0)


def in_formula(text: LexborNode) -> bool:
    """Whether a text is one of a formula's parts: these stand as deep as the formula."""
    above = text.parent
    for _ in range(_DEEPEST):
        if above is None or above.tag == "math":
            break
        above = above.parent if (above.tag or "").startswith(_OF_FORMULAS) else None
    return above is not None and above.tag == "math"


def _linear(node: LexborNode, depth: int) -> str:
    if node.tag in ("-text", "annotation", "annotation-xml") or depth > _DEEPEST:
        return "" if (node.tag or "").startswith("ann") else "".join(node.text().split())
    parts = [text for child in node.iter(include_text=True) if (text := _linear(child, depth + 1))]
    joint = _JOINTS.get(node.tag or "")
    if joint is not None and len(parts) > 1:
        return _grouped(parts[0]) + joint + _grouped("".join(parts[1:]))
    if node.tag == "msubsup" and len(parts) > 2:  # noqa: PLR2004 - base, index, exponent
        return f"{_grouped(parts[0])}_{_grouped(parts[1])}^{_grouped(''.join(parts[2:]))}"
    inside = "".join(parts)
    return f"√({inside})" if node.tag in ("msqrt", "mroot") else inside


def _grouped(part: str) -> str:
    return part if re.fullmatch(r"[\w.,%]*", part) else f"({part})"
