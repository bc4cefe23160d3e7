"""What a text holds and its reader does not see: comments of Markdown, zero-width characters, directions, tags."""

from __future__ import annotations

import re

# Soft hyphens, zero-width characters, directions and tags: they say nothing, and can hide what a reader does not see.
INVISIBLE = re.compile(
    "[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)  # to the end of the text where it is not closed: looked for once
# HTML inside Markdown that a browser would not show, and text that a reader sees in another order than it is stored in.
_HIDING = re.compile(
    r"<[a-z][\w-]*(?=\s)[^<>]*?\s(?:hidden\b|style\s*=\s*(?:\"[^\"]*?|'[^']*?)(?:display\s*:\s*none"
    r"|visibility\s*:\s*(?:hidden|collapse)|(?:opacity|font-size)\s*:\s*0(?![.\d]*[1-9])|(?:text-indent|left)\s*:\s*-\d{3}"
    r"|(?<![\w-])color\s*:\s*(?:white|transparent|#fff(?:fff)?\b)))",
    re.IGNORECASE,
)
_REVERSED = re.compile("[\u202d\u202e]")
_BLANK = re.compile(r"(?:\r\n?|\n)[^\S\r\n]*(?:\r\n?|\n)")
# Typography has its own: hyphens, the parts of an emoji, the mark at the start of a file.
_USUAL = re.compile("[\u00ad\u200c\u200d\ufe0f\ufeff]")


def seen(text: str) -> str:
    """The text without what its reader does not see."""
    return INVISIBLE.sub("", _uncommented(text))


def hides(block: str) -> bool:
    """Whether a paragraph of Markdown holds HTML that a browser would not show, or text that is read backwards."""
    return bool(_HIDING.search(block) or _REVERSED.search(block))


def is_reversed(block: str) -> bool:
    """Whether a text is read in another order than it is stored in."""
    return bool(_REVERSED.search(block))


def unseen_characters(text: str) -> int:
    """How many characters of a text its reader does not see; spaces, and those that typography needs, apart."""
    shown = (seen(block) for block in _BLANK.split(_uncommented(text)) if not hides(block))
    return _count(text) - sum(map(_count, shown))


def _uncommented(text: str) -> str:
    """The text without its comments; one that is not closed is none."""
    return _COMMENT.sub(lambda found: "" if found.group().endswith("-->") else found.group(), text)


def _count(text: str) -> int:
    return len("".join(_USUAL.sub("", text).split()))
