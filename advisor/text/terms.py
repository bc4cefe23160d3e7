"""Words -> index terms, in French and English: the same analysis for documents and for questions."""

from __future__ import annotations

from functools import lru_cache
from typing import get_args

import tantivy

from advisor.types import Language

LANGUAGES: tuple[Language, ...] = get_args(Language)
_STEMMERS: dict[Language, str] = {"fr": "french", "en": "english"}
# Words that say nothing about the subject, folded, in both languages at once. Our own list: the usual French one (Snowball)
# holds "ai", "eu" and "as" (forms of "avoir"), and here these are artificial intelligence, the European Union and a service.
# Of the elided articles and pronouns ("l'", "qu'"), the letter remains.
_STOP_WORDS = """
a au aux avec c ca car ce ceci cela celle celles celui ces cet cette ceux chez combien comme comment d dans de des dois doit
doivent donc dont du elle elles en entre est et etaient etait etant ete etes etre eux fait faire faut furent fut il ils j je
jusqu l la le les leur leurs lorsqu lui m ma mais me meme memes mes moi mon n ne nos notre nous on ont ou par pas peut
peuvent plus pour pourquoi puis puisqu qu quand que quel quelle quelles quels qui quoi quoiqu s sa sans se sera serait
seront ses si soient soit sommes son sont sous suis sur t ta te tes toi ton tous tout toute toutes tres tu un une vos votre
vous y avoir avait avaient avez avons ayant aussi auront aura aurait

about am an and any are at be been being but by can could did do does doing done for from had has have having he her here
hers him his how i if in into is it its may might more most must my no nor not of only or our ours shall she should so some
such than that the their theirs them then there these they this those to too until very was we were what when where which
while who whom whose why will with would you your yours
"""


def analyzer(language: Language) -> tantivy.TextAnalyzer:
    """Words -> terms, the same for documents and questions."""
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.lowercase())
    builder = builder.filter(tantivy.Filter.ascii_fold()).filter(tantivy.Filter.custom_stopword(_STOP_WORDS.split()))
    return builder.filter(tantivy.Filter.stemmer(_STEMMERS[language])).build()


ANALYZERS: dict[Language, tantivy.TextAnalyzer] = {language: analyzer(language) for language in LANGUAGES}


def terms(text: str, language: Language) -> list[str]:
    """The terms of a text, stemmed, in order, repeats kept."""
    found: list[str] = ANALYZERS[language].analyze(text)
    return found


@lru_cache(maxsize=50_000)
def term_set(text: str, language: Language) -> frozenset[str]:
    """The different terms of a text; kept, since the same passages come up again and again."""
    return frozenset(terms(text, language))
