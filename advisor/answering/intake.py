"""What a question must be to be taken, and the language it is in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from advisor.errors import QuestionError
from advisor.settings import Settings
from advisor.text.plain import detect_language, fold
from advisor.types import Language

_TOO_SHORT_TO_TELL = 2  # words
# A figure, a name or a place is asked for: of the asker's own organisation, no corpus holds it.
_ASKS_FACT = re.compile(
    r"\b(?:combien|quels? (?:est|sera|etait|sont|seront|a ete)|quelles? (?:est|sera|etait|sont|seront)|lequel|laquelle"
    r"|how (?:many|much)|what (?:is|was|will|were|did)|which of|who (?:will|is going)|when will|ou (?:est|sont|se)"
    r"|where (?:is|are|do|does))\b"
)
_OWN = re.compile(r"\b(?:notre|nos|mon|ma|mes|our|my)\b")
_FROM_TODAY = re.compile(
    r"\b(?:hier|demain|aujourd'hui|(?:semaine|annee) (?:derniere|prochaine)|(?:mois|trimestre|an) (?:dernier|prochain)"
    r"|prochaine? (?:semaine|mois|trimestre|annee)|derniere? (?:semaine|mois|trimestre|annee)|yesterday|tomorrow"
    r"|(?:last|next|this) (?:week|month|quarter|year)"
    r"|(?:lundi|mardi|mercredi|jeudi|vendredi|monday|tuesday|wednesday|thursday|friday)"
    r"|(?:en|depuis|au mois de|in|since|next|last) (?:janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre"
    r"|novembre|decembre|january|february|march|april|may|june|july|august|september|october|november|december))\b"
)
# What is nobody else's business, whenever it is asked: how to get in, how to reach somebody, what somebody earns.
_SECRET = re.compile(
    r"\b(?:mots? de passe|identifiants?|code d'acces|cle (?:api|de chiffrement|privee|secrete)"
    r"|numero de (?:telephone|portable)|adresse (?:personnelle|e-?mail|mail)|combien (?:gagne|touche)|salaire (?:de|du)"
    r"|password|passcode|credentials?|(?:api|encryption|private|secret) key|(?:phone|mobile) number"
    r"|(?:home|e-?mail) address|earns?|salary of)\b"
)
# Whether something will happen at such a time.
_FORETELLS = re.compile(
    r"^(?:will|is .{2,40} going to)\b|\b(?:va|vont|sera|seront|aura|auront)-t?-?(?:il|elle|on|ils|elles)\b"
)


def check_question(question: str, settings: Settings) -> str:
    """The question without the white space around it and without control characters.

    :raises QuestionError: when it is empty, holds no letter, or is too long.
    """
    if len(question) > settings.max_question_chars:
        message = f"the question has {len(question):,} characters; at most {settings.max_question_chars:,} are taken"
        raise QuestionError(message)
    visible = "".join(c if c.isprintable() or c.isspace() else " " for c in question)
    cleaned = " ".join(visible.split())
    if not cleaned:
        message = "the question is empty. Ask something in French or English"
        raise QuestionError(message)
    if not any(c.isalpha() for c in cleaned):
        message = "the question holds no letters. Ask something in French or English"
        raise QuestionError(message)
    return cleaned


def question_language(question: str, history: Sequence[str]) -> Language:
    """The language of a question; a short follow-up speaks the language of what it follows."""
    if history and len(question.split()) <= _TOO_SHORT_TO_TELL:
        return detect_language(history[-1])
    return detect_language(question)


def asks_private_fact(question: str) -> bool:
    """Whether a question is for a fact of the asker's own organisation, or of the future.

    At a time told from today, or what is nobody else's business at any time:
    "What will our revenue be next quarter?", "Will the vendor raise its prices on Monday?", "How much does my CTO earn?"
    """
    folded = fold(question)
    of_their_own = bool(_OWN.search(folded) and _ASKS_FACT.search(folded))
    if _FROM_TODAY.search(folded):
        return of_their_own or bool(_FORETELLS.search(folded))
    return of_their_own and bool(_SECRET.search(folded))
