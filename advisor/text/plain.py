"""Small facts about text: language, sentences, lines, plain form. Pure functions, no state."""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import sentencex

from advisor.text.invisible import INVISIBLE
from advisor.text.language import LANGUAGES, all_rules, language_rules
from advisor.text.linear_model import letter_groups, read_models
from advisor.text.marks import without_marks
from advisor.types import Language

if TYPE_CHECKING:
    from collections.abc import Iterator

    from py3langid.langid import LanguageIdentifier

NEWLINE = re.compile(r"\r\n?|\n")
WORD = re.compile(r"[^\W_]+")
"""Letters and digits in a row."""
COMPOUND = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
"""A word with what hyphens join to it."""
# sentencex ends a sentence after these although the next word goes on; the list of the other language is not consulted
# by it, and documents mix both.
_ABBREVIATIONS = "|".join(re.escape(word) for rules in all_rules() for word in rules.abbreviations)
_NOT_AN_END = re.compile(rf"(?<![^\s(«\"'’])(?:{_ABBREVIATIONS}|[A-Z])\.\s*$", re.IGNORECASE)
_INSIDE_A_WORD = re.compile(r"[^\s\w]\w")  # "GOV.UK" is one name; sentencex takes the words of other languages apart there
_CLOSING_MARKS = re.compile(r"[*_~]{1,3}(?=\s|$)")
_PART = 4_000  # characters, more than paragraphs have
_LONGEST_ABBREVIATION = 32  # characters, with what surrounds it
# The label may hold balanced brackets (an image inside a link), the address balanced parentheses.
_LINK = re.compile(r"!?\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)")
# An asterisk between spaces, or between a digit and another character of a word, multiplies.
_EMPHASIS = re.compile(
    r"(?<![\w*])\*{1,3}(?=[^\s*])|(?<=[^\s*])\*{1,3}(?![\w*])|(?<=[^\W\d])\*{1,3}(?=[^\W\d])"
    r"|(?<!\w)_{1,3}|_{1,3}(?!\w)|~~|`+"
)
_ATTRIBUTE = r"\s+[a-zA-Z_:@][\w.:@-]*(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|\{[^{}]*\}|[^\s\"'=<>`]+))?"
_TAG = re.compile(rf"(?<!\\)</?[a-zA-Z][\w-]*(?:{_ATTRIBUTE})*\s*/?>|<!--(?:(?!<!--).)*?-->", re.DOTALL)
_ADDRESS = re.compile(r"<((?:[a-z][a-z0-9+.-]+:|[\w.+-]+@)[^\s<>]+)>", re.IGNORECASE)
_QUOTE_MARK = re.compile(r"(\r\n?|\n)[ \t]*(?:>[ \t]+)+")
_CELL_END = re.compile(r"(?<!\\)\|")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]\w{1,30});")
_ESCAPE = re.compile(r"\\(?=[#>|<\[])")
_FENCE_LINE = re.compile(r"^[ \t>]{0,20}(?:`{3,}|~{3,})[^`\r\n]*$", re.MULTILINE)
_SPACE = re.compile(r"\s+")
_ABOVE_THE_LINE = re.compile(r"(?<=\w)[⁰¹²³⁴-⁹⁺⁻]+")
_FUNCTION_WORDS = {language: frozenset(language_rules(language).function_words) for language in LANGUAGES}
_SHORT_TEXT = 200  # characters
_CLEARLY = 4
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LETTERS = re.compile(r"[^\W\d_]+")
_NEIGHBOURS = ("de", "es", "it", "nl", "pt")  # languages that somebody may ask in, and that resemble these
_FEW_WORDS = 3  # fewer are names and technical terms of any language
_SURELY = 0.8  # none of 9,410 questions in French or English is taken for another language
_ENOUGH_TO_TELL = 5_000  # characters that show the language of a text
_PICTOGRAMS = ("So", "Sk", "Cf", "Mn")  # symbols, skin tones, joiners, variation selectors


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([*LANGUAGES, *_NEIGHBOURS])
    return identifier


def detect_language(text: str) -> Language:
    """The language that a text is most likely in (the first of all for a text without letters)."""
    beginning = text[:_ENOUGH_TO_TELL]
    if not any(map(str.isalpha, beginning)):
        return LANGUAGES[0]
    if len(beginning) <= _SHORT_TEXT:
        is_french = read_models("advisor.text", "question-language.json")["fr"].probability(spelling(beginning)) > 1 / 2
        return "fr" if is_french else "en"
    counts, _ = _function_words(beginning)
    best, second = sorted(LANGUAGES, key=lambda language: -counts[language])[:2]
    if _CLEARLY * (counts[second] + 1) < counts[best]:  # no model to load, which takes half a second
        return best
    ranked = [name for name, _ in _identifier().rank(beginning)]
    return min(LANGUAGES, key=ranked.index)


def spelling(text: str) -> list[str]:
    """What the language of a short text is told by: its words and their groups of letters."""
    return letter_groups(_LETTERS.findall(text.casefold()))


def is_in_another_language(text: str) -> bool:
    """Whether a text of some words is in none of the languages of the corpus."""
    counts, words = _function_words(text)
    if words < _FEW_WORDS or 2 * max(counts.values()) >= words:
        return False
    language, probability = _identifier().rank(text)[0]
    return language not in LANGUAGES and probability >= _SURELY


def _function_words(text: str) -> tuple[dict[Language, int], int]:
    """How many words of a text are function words of each language, and how many words it has."""
    said = _WORD.findall(text.lower())
    return {language: sum(word in _FUNCTION_WORDS[language] for word in said) for language in LANGUAGES}, len(said)


def fold(text: str) -> str:
    """Lower case, no accents, plain apostrophes and spaces: for comparing, never for showing."""
    if text.isascii():  # most words, in a tenth of the time
        return _SPACE.sub(" ", text.lower()).strip()
    # Compatibility forms first: some decompose into capitals ("№"), and 10⁶ would become 106.
    level = _ABOVE_THE_LINE.sub(r"^\g<0>", text.replace("’", "'"))
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", level).casefold())
    return _SPACE.sub(" ", "".join(c for c in decomposed if not unicodedata.combining(c))).strip()


def stem_of(name: str, longest: int) -> str:
    """A name for a file that every system takes: letters, digits and hyphens."""
    return "-".join("".join(c if c.isalnum() else " " for c in fold(name)).split())[:longest].strip("-")


@lru_cache(maxsize=50_000)
def plain(text: str) -> str:
    """Markdown's inline marks, tags, line breaks and what nobody sees taken out: the sentence as a reader sees it."""
    unquoted = without_marks(_QUOTE_MARK.sub(r"\1", INVISIBLE.sub("", _FENCE_LINE.sub("", text))))
    if "|" in (unquoted.strip()[:1], unquoted.strip()[-1:]):  # a row of a table, or a part of a long one
        unquoted = " · ".join(filter(None, map(str.strip, _CELL_END.split(unquoted.strip()))))
    unlinked = _LINK.sub(r"\1", _LINK.sub(r"\1", unquoted))  # twice: the label of a link can be an image
    bare = _TAG.sub("", _ADDRESS.sub(r"\1", unlinked))
    return _squeeze(_ENTITY.sub(lambda found: html.unescape(found.group()), _ESCAPE.sub("", _EMPHASIS.sub("", bare))))


def cells_of_row(text: str) -> tuple[str, ...]:
    """The cells of a row of a table as a reader sees them; none where the row as a whole is read in another way."""
    if not is_row(text):
        return ()
    cells = tuple(plain(cell) for cell in _CELL_END.split(text.strip().removeprefix("|").removesuffix("|")))
    return cells if " · ".join(filter(None, cells)) == plain(text) else ()


def is_row(text: str) -> bool:
    """Whether a text is a row of a table, or several."""
    stripped = text.strip()
    return stripped.startswith("|") and stripped.endswith("|")


def _squeeze(text: str) -> str:
    """Runs of white space become one space, but for no-break spaces, which are typography."""
    return re.sub(r"[^\S\u00a0\u202f]+", " ", text).strip()


def sentence_spans(text: str, language: Language) -> list[tuple[int, int]]:
    """The sentences of one block, as `[start, end)` without the white space around them.

    Line breaks inside a block are soft. A sentence keeps its closing quotation mark, brackets and marks of emphasis.
    """
    flat = NEWLINE.sub(lambda found: " " * len(found.group()), text)
    spans: list[tuple[int, int]] = []
    start = 0
    for boundary in _boundaries(flat, language):
        closing = _CLOSING_MARKS.match(flat, boundary)
        end = closing.end() if closing else boundary
        if end <= start or _INSIDE_A_WORD.match(flat, end - 1):
            continue
        if end < len(flat) and _NOT_AN_END.search(flat, max(start, end - _LONGEST_ABBREVIATION), end):
            continue
        spans.append((start, end))
        start = end
    if start < len(flat):
        spans.append((start, len(flat)))
    stripped = (_strip(flat, *span) for span in spans)
    return [(start, end) for start, end in stripped if has_words(flat[start:end])]


def _boundaries(text: str, language: Language) -> Iterator[int]:
    """Where sentences end: in one part of a long text after another, each from the last end that was found.

    Many quotation marks that nothing closes take the library a time that grows with the square of the length.
    """
    at = 0
    while len(text) - at > _PART:
        ends = [at + end for end in _ends(text[at : at + _PART], language)[:-1]]
        yield from ends
        at = ends[-1] if ends else at + _PART
    yield from (at + end for end in _ends(text[at:], language))


def _ends(text: str, language: Language) -> list[int]:
    return [boundary["end_index"] for boundary in sentencex.get_sentence_boundaries(language, text)]


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    """A span without the white space around it, and without pictograms and marks that close before it."""
    while start < end:
        closing = _CLOSING_MARKS.match(text, start, end)
        pictogram = unicodedata.category(text[start]) in _PICTOGRAMS and text[start] not in "^`"  # marks of a place, of code
        if not (closing or text[start].isspace() or pictogram):
            break
        start = closing.end() if closing else start + 1
    return start, start + len(text[start:end].rstrip())


class Lines:
    r"""Line numbers of offsets. Lines count from 1; `\n`, `\r\n` and `\r` end one."""

    def __init__(self, text: str) -> None:
        self.starts = [0, *(found.end() for found in NEWLINE.finditer(text))]

    def of(self, offset: int) -> int:
        """The line that holds the character at `offset`."""
        return bisect_right(self.starts, offset)


def has_words(text: str) -> bool:
    """Whether there is at least one letter or digit."""
    return any(character.isalnum() for character in text)
