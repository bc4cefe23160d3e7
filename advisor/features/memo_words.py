"""The words of a memo, in both languages: `words/fr.toml` and `words/en.toml`."""

from __future__ import annotations

from collections.abc import Mapping

from advisor.text.language import WordTable, read_words
from advisor.types import Language


class MemoWords(WordTable):
    """A memo in one language."""

    language: Language
    title: str
    colon: str
    made: str
    question: str
    understood: str
    searched: str
    answer: str
    rests: str
    unknown: str
    options: str
    sources: str
    page: str
    ocr: str
    limits: str
    refused: str
    withheld: str
    missing: str
    one_document: str
    newest: str
    undated: str
    own_facts: str
    maturity: str
    scores: str
    domain: str
    score: str
    answered: str
    weakest: str
    no_weakness: str
    advice: str


WORDS: Mapping[Language, MemoWords] = read_words("advisor.features", MemoWords)
