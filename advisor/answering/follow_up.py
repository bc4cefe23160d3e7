"""A follow-up question -> a question that stands on its own. No model needed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from advisor.text.plain import fold
from advisor.text.terms import term_set
from advisor.types import Language

# What a person says before the question itself.
_POLITE = re.compile(
    r"^(?:ok(?:ay)?|merci(?: beaucoup)?|d['’]accord|parfait|super|très bien|compris|thanks|thank you|great|got it|i see"
    r"|right)"
    r"(?:[\s,.!:;…–—-]+|$)",
    re.IGNORECASE,
)
_NEW_SUBJECT = re.compile(
    r"^(?:et |and |but |mais )?(?:(?:sur|passons à|parlons d['’])? ?une? autre (?:sujet|question)"
    r"|autre (?:sujet|question|chose)|sinon,? question(?: \w+)?|changeons de sujet|rien à voir|sans rapport"
    r"|on (?:another|a different) (?:topic|subject|note)"
    r"|(?:another|different|new|unrelated) (?:topic|subject|question)|something else|changing (?:the )?(?:topic|subject))"
    r"[\s,.!:;…–—-]+",
    re.IGNORECASE,
)
# A question that opens so continues the one before, whatever follows.
_OPENING = re.compile(
    r"^(?:et|mais|alors|donc|ok|oui|non|sinon|du coup|pourquoi pas|and|but|so|then|yes|no|okay|what about|how about|why not"
    r"|(?:any|some|another|un|une|d'autres?|other|more) (?:other )?(?:examples?|exemples?|details?|cases?|cas)\b)\b"
)
# So opens a condition put on what was said before, when little else follows.
_CONDITION = re.compile(r"^(?:meme|pour|avec|sans|chez|dans|seulement|for|even|with|without|in|only|just|at)\b")
# These stand for something said before; "il" and "elle" also close a French question that names its subject.
_PRONOUN = re.compile(
    r"\b(?:cela|ca|ceci|celui-ci|celle-ci|ceux-ci|lui|eux|le faire|[jmnst]'en|s'y|it|its|they|them|their|this|that|these"
    r"|those|he|she|the (?:first|second|last|other|next) ones?"
    r"|(?:l[ea] (?:premiere?|seconde?|derniere?|suivante?)|les deux|the two|both)(?=\W*$))\b"
)
_INVERTED = re.compile(r"\b(?:il|elle|ils|elles|l[ae]s?quel(?:le)?s?|lequel|which ones?)\b")
_BARE = re.compile(
    r"^(?:(?:au bout de|depuis|jusqu'a|a partir de|d'ici|pour|par|avec|dans|a|by|since|until|for|with|in) )?"
    r"(?:combien(?: de temps)?|pourquoi|comment|quand|ou|qui|quoi|how (?:long|much|many|so)|how|why|when|who|whom|where"
    r"|what)\W*$"
)
# What comes after, or beside, what was said: nothing of that is to be said again.
_MORE = re.compile(
    r"^\W*(?:(?:et|and|ok|oui|yes|puis|then|alors|so)\W+)*"
    r"(?:ensuite|apres(?: ca| cela)?|puis|quoi d'autre|c'est tout|encore|continue[rsz]?|next|after that|then"
    r"|then what|what (?:next|then|comes? next|more)|anything else|more|go on|is that all)\W*$"
    r"|\b(?:(?:etapes?|points?|choses?) (?:suivante?s?|d'apres)|next (?:steps?|points?|ones?)|la suite|what else"
    r"|(?:autres?|d'autres) (?:etapes?|points?|exemples?|pistes?|raisons?|chiffres?|risques?|conseils?)"
    r"|(?:other|more) (?:steps?|points?|examples?|reasons?|figures?|risks?|advice))\b"
)
_ADDING = re.compile(r"\b(?:aussi|alors|also|too|then)\W*$")
# A question about nothing but one of these is about it in what was said before: "what are the drawbacks?"
_ASPECTS: dict[Language, str] = {
    "fr": """avantages inconvénients bénéfices risques pièges limites erreurs éviter dangers coûts prix délais étapes
        exemples chiffres conditions alternatives signaux signes alerte indicateurs suivre mesurer retenir autres
        principaux principales prérequis conséquences responsables""",
    "en": """advantages benefits drawbacks downsides disadvantages risks pitfalls limits mistakes avoid dangers costs price
        deadlines steps examples figures conditions alternatives warning signs signals metrics track measure remember other
        main prerequisites consequences owners""",
}
_FEW_TERMS = 2
_MANY_TERMS = 5
_ABOUT: dict[Language, str] = {"fr": "à propos de", "en": "about"}
_MARKED = re.compile(r"^(.*) \((?:à propos de :|about:) (.*)\)$", re.DOTALL)


def is_follow_up(question: str, language: Language) -> bool:
    """Whether a question needs the one before it to be understood."""
    folded = fold(re.sub(r"\bIT\b", "", question))  # information technology is no pronoun
    said = term_set(question, language)
    count = len(said)
    if not count or _OPENING.search(folded) or _BARE.search(folded):
        return True
    if asks_for_more(question) or said <= term_set(_ASPECTS[language], language):
        return True
    if count <= _FEW_TERMS and _CONDITION.search(folded):
        return True
    if count <= _MANY_TERMS and (_PRONOUN.search(folded) or _ADDING.search(folded)):
        return True
    return bool(count <= _FEW_TERMS and _INVERTED.search(folded))


def asks_for_more(question: str) -> bool:
    """Whether a follow-up is for what the answer before it did not say."""
    return bool(_MORE.search(fold(question)))


def standalone_question(question: str, history: Sequence[str], language: Language) -> str:
    """The question with its subject, or without the words that change the subject.

    :param history: the standalone questions asked before, oldest first.
    """
    if not history:
        return question
    said = _POLITE.sub("", question) or question
    fresh = _NEW_SUBJECT.sub("", said)
    if fresh and fresh != said:
        return fresh
    if not is_follow_up(said, language):
        return said
    own, subject = parts(history[-1])
    marker = f" ({_ABOUT[language]} : " if language == "fr" else f" ({_ABOUT[language]}: "
    # A follow-up to a follow-up is about what the chain began with.
    return f"{said}{marker}{subject or own})"


def parts(standalone: str) -> tuple[str, str]:
    """What `standalone_question` put together: the question as asked, and its subject ("" for a question without one)."""
    found = _MARKED.match(standalone)
    return (found.group(1), found.group(2)) if found else (standalone, "")
