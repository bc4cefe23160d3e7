"""What the page shows, from the templates in `templates/`: a file for each part of it, named by what it draws.

A template knows `words`, the file of its language (`words.chat.retry` is `retry` of the table `[chat]`), and `language`. Its
first line says what else it is given.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote, urlencode

from markupsafe import Markup

from advisor.answering.messages import led, standing_in_words, table_cells
from advisor.text.plain import plain
from advisor.text.reasons import in_words
from advisor.text.templates import Templates
from advisor.types import Language, Standing
from advisor.ui.texts import WORDS

_ASSETS = Path(__file__).parent / "assets"
_FRENCH_SPACE = re.compile(r" (?=[:;?!»%])|(?<=«) ")


def asset(*names: str) -> Markup:
    """Styles or scripts of the folder `assets`, one after the other, to be put into a page as they are."""
    return Markup("\n".join((_ASSETS / name).read_text("utf-8") for name in names))


LOGO = f"data:image/svg+xml,{quote(asset('icon.svg'))}"
"""The address of the logo, which holds it."""


def typeset(text: str) -> str:
    """With the spaces of French punctuation kept on the line."""
    return _FRENCH_SPACE.sub("\u00a0", text)


def evidence_name(code: str | None, language: Language) -> str:
    """A level of evidence in words; "" for none."""
    return WORDS[language].page.evidence.get(code, code) if code else ""


def _standing(standing: Standing | None, language: Language) -> str:
    return standing_in_words(language, standing)


_TEMPLATES = Templates(
    "advisor.ui",
    cells=table_cells,
    evidence=evidence_name,
    in_words=in_words,
    led=led,
    plain=plain,
    query=urlencode,
    quoted=quote,
    standing=_standing,
    typeset=typeset,
)


def render(name: str, language: Language, /, **values: object) -> Markup:
    """A template of the page filled in, in a language."""
    return _TEMPLATES.render(name, words=WORDS[language], language=language, **values)
