"""Words -> index terms, in French and English: the same analysis for documents and for questions."""

from __future__ import annotations

from functools import lru_cache

import tantivy

from advisor.text.language import LANGUAGES, all_rules, language_rules
from advisor.text.one_form import in_one_form
from advisor.types import Language

_STOP_WORDS = [word for rules in all_rules() for word in rules.stop_words]  # of all languages at once: documents mix them


def analyzer(language: Language) -> tantivy.TextAnalyzer:
    """Words -> terms, the same for documents and questions."""
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.lowercase())
    builder = builder.filter(tantivy.Filter.ascii_fold()).filter(tantivy.Filter.custom_stopword(_STOP_WORDS))
    return builder.filter(tantivy.Filter.stemmer(language_rules(language).stemmer)).build()


ANALYZERS: dict[Language, tantivy.TextAnalyzer] = {language: analyzer(language) for language in LANGUAGES}


def terms(text: str, language: Language) -> list[str]:
    """The terms of a text, stemmed, in order, repeats kept."""
    found: list[str] = ANALYZERS[language].analyze(in_one_form(text, language))
    return found


@lru_cache(maxsize=50_000)
def term_set(text: str, language: Language) -> frozenset[str]:
    """The different terms of a text; kept, since the same passages come up again and again."""
    return frozenset(terms(text, language))
