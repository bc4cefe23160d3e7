"""What a sentence claims beside its figures: names, quoted phrases, and which way it points (negation, direction, modality).

Names and quotations must be in the source. Of the way a sentence points, only a contradiction is an objection: the source
says the opposite of the same words. What the source does not say at all is for `advisor.verification.groundedness` to judge.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from advisor.text.plain import fold
from advisor.text.terms import term_set
from advisor.types import Language
from advisor.verification.rejection import Rejected


@dataclass(frozen=True, slots=True)
class Mark:
    """A word that points one way of an axis, with the stems of the content words about it."""

    axis: str
    sign: int
    word: str
    about: frozenset[str]


# "ne" goes with another word of negation, or means "only".
_NEGATION = re.compile(
    r"\b(?:pas|jamais|aucune?s?|sans|ni(?=.*\bni\b)|non|rien|nul|nulle|guere|personne ne|n(?:e |')\w+ plus|not|never|none"
    r"|without|neither|cannot|no|nothing|nobody|(?:is|are|was|were|do|does|did|has|have|had|ca|wo|would|should|could|must|need)n't)(?!\w)"
)
# Words with a "no" in their meaning: beside the same words they stand for a negation, in the sentence or in the source.
_LIKE_NEGATION = re.compile(
    r"\b(?:facultati\w+|optional\w*|volontaire\w*|voluntary|absen\w+|evit\w+|avoid\w*|refus\w+|hors|except\w*|sauf|interdi\w+"
    r"|impossib\w+|manqu\w+|lack\w*|miss\w*|fail\w*|echou\w+|stop\w*|arret\w+|plutot|instead|rather|seul\w*|only|rare\w*|trop"
    r"|too|in[a-z]{4,}able\w*|un[a-z]{4,}ed|sinon|unless|exclu\w+|libre|free\w*|renonc\w+|supprim\w+|remov\w+|cess\w+)\b"
)
# Each axis: what points up, what points down. Stems of folded words; a line is a set of opposites.
_AXES: dict[str, tuple[str, str]] = {
    "amount": (
        r"augment\w*|hauss\w+|accroi\w+|accru\w*|increas\w*|ris(?:e|es|ing|en)|rose|gr[eo]w\w*|rais\w+|progress[ea]\w*"
        r"|eleve\w*|gain\w*|gagn\w+|higher|improv\w+|amelior\w+|monte\w*|climb\w*|boost\w*|doubl\w+",
        r"redui\w+|reduc\w+|baiss\w+|diminu\w+|decreas\w*|fall\w*|fell|declin\w*|drop\w*|lower\w*|cut|cuts|cutting"
        r"|recul\w*|chut\w+|shr[aiu]nk\w*|perd\w*|perte\w*|los(?:s|t|e|es|ing)|degrad\w+|worsen\w*",
    ),
    "size": (
        r"(?<!au )plus|more|larger|greater|bigger|faster|highest|superieur\w*|above|over|exceed\w*|depass\w+|davantage"
        r"|au moins|at least|minimum|minimal\w*|stricter",
        r"(?<!au )moins|less|fewer|smaller|slower|lowest|inferieur\w*|below|under|au plus|at most|maximum|maximal\w*|up to"
        r"|jusqu'a",
    ),
    "time": (
        r"avant|before|prealable\w*|prior|earlier|plus tot|d'abord|first",
        r"apres|after|ensuite|afterwards|later|plus tard|ulterieur\w*",
    ),
    "order": (
        r"debut\w*|beginning|starts?|commence\w*|ouvr\w+|open\w*|creat\w+|cre(?:e|er|ent|es|ee)|ajout\w*|add\w*",
        r"fin|ends?|termin\w+|ferm\w+|clos\w+|supprim\w+|remov\w+|delet\w+|retir\w+",
    ),
    "duty": (
        r"doit|doivent|devez|devra|devront|must|shall|has to|have to|required?|requires|obligatoire\w*|mandatory|exig\w+"
        r"|il faut|impos\w+",
        r"peut|peuvent|pouvez|pourra\w*|pourrai\w+|may|might|can|could|optional\w*|facultati\w+|volontaire\w*|voluntary"
        r"|permi\w+",
    ),
    "extent": (
        r"tous|toutes|toujours|always|all|every|chaque|each|systematique\w*|entier\w*|entirely|exclusive\w*",
        r"parfois|sometimes|souvent|often|certain(?:s|es)|some|quelques|rarement|rarely|partie\w*|partly|seldom|jamais|never"
        r"|aucune?|none",
    ),
    "side": (r"avec|with(?! no\b)|interne\w*|internal\w*|inside", r"sans|without|externe\w*|external\w*|outside"),
    "judgement": (
        r"bon|bons|bonne\w*|good|best|meilleur\w*|better|succes|success\w*|reussi\w*|succeed\w*|fort\w*|strong\w*|sain\w*"
        r"|healthy|facile\w*|easy|utile\w*|useful|autoris\w+|allow\w*|accept\w*|approu\w+|approv\w+|encourag\w+"
        r"|centralis\w+|centraliz\w+|clair\w*|clear\w*|hauts?|high|long|longs|longue\w*|premier\w*|separ\w+",
        r"mauvais\w*|bad|worst|pire\w*|worse|echec\w*|failures?|echou\w+|fail(?:s|ed)?|faible\w*|weak\w*|malsain\w*"
        r"|unhealthy|difficile\w*|difficult|hard|inutile\w*|useless|interdi\w+|forbid\w*|prohibit\w*|refus\w+|reject\w*"
        r"|rejet\w*|decourag\w+|discourag\w*|decentralis\w+|decentraliz\w+|floue?s?|unclear|bas|basse\w*|low|court\w*"
        r"|short|derni\w+|last|ensemble|together",
    ),
}
_MARKS = {
    (axis, sign): re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])")
    for axis, signs in _AXES.items()
    for sign, pattern in zip((1, -1), signs, strict=True)
}
_NEAR = 4  # words on either side that a mark is about
_PLAIN_WORD = re.compile(r"[^\W_]+")
_ENOUGH_OF = 0.5  # share of the words a negation is about


@lru_cache(maxsize=4_000)
def marks(text: str, language: Language) -> tuple[Mark, ...]:
    """The words of a text that point one way, and its negations (axis `negation`, or `like-negation`)."""
    folded = fold(text)
    found = [
        Mark(axis, sign, hit.group(), _about(folded, hit.start(), hit.end(), language))
        for (axis, sign), pattern in _MARKS.items()
        for hit in pattern.finditer(folded)
    ]
    for axis, pattern in (("negation", _NEGATION), ("like-negation", _LIKE_NEGATION)):
        found += [
            Mark(axis, -1, hit.group(), _about(folded, hit.start(), hit.end(), language)) for hit in pattern.finditer(folded)
        ]
    return tuple(found)


def _about(folded: str, start: int, end: int, language: Language) -> frozenset[str]:
    """The stems of the nearest words before and after `[start, end)`."""
    before = [stem for word in _PLAIN_WORD.findall(folded[:start]) for stem in term_set(word, language)][-_NEAR:]
    after = [stem for word in _PLAIN_WORD.findall(folded[end:]) for stem in term_set(word, language)][:_NEAR]
    return frozenset([*before, *after])


def contradiction(text: str, language: Language, sources: Sequence[tuple[str, Language]]) -> Rejected | None:
    """By which word a text turns the sense of what the source says ("opposite", "denies", "affirms"), or None.

    :param sources: the sentences that the text rests on, with their languages.
    """
    own = marks(text, language)
    theirs = [mark for source, spoken in sources for mark in marks(source, spoken)]
    same_language = all(spoken == language for _, spoken in sources)
    for mark in own:
        if mark.axis.endswith("negation"):
            continue
        if _is_opposed(mark, [other for other in theirs if other.axis == mark.axis], same_language=same_language):
            return Rejected(text, "opposite", mark.word)
    if not same_language:
        return None  # the words that a negation is about cannot be compared
    return _negation(text, language, own, theirs, sources)


def _is_opposed(mark: Mark, others: Sequence[Mark], *, same_language: bool) -> bool:
    """Whether the source points the other way about the same words, and not also this way."""
    same = [other for other in others if other.sign == mark.sign]
    opposite = [other for other in others if other.sign != mark.sign]
    if not opposite:
        return False
    if not same_language:
        return not same
    nearest = max(len(mark.about & other.about) for other in opposite)
    if any(other.word == mark.word for other in same):
        return nearest > max(len(mark.about & other.about) for other in same) + 1
    return nearest > max((len(mark.about & other.about) for other in same), default=0)


def _negation(
    text: str, language: Language, own: Sequence[Mark], theirs: Sequence[Mark], sources: Sequence[tuple[str, Language]]
) -> Rejected | None:
    held = term_set(text, language)
    there = frozenset[str]().union(*(term_set(source, spoken) for source, spoken in sources))
    mine, others = _unpaired([m for m in own if m.axis == "negation"], [m for m in theirs if m.axis == "negation"])
    like_mine, like_others = _unpaired(
        [m for m in own if m.axis == "like-negation"], [m for m in theirs if m.axis == "like-negation"]
    )
    for mark in mine:
        of_the_source = len(mark.about & there) >= _ENOUGH_OF * len(mark.about) > 0
        if of_the_source and not any(_shares(mark, other) for other in [*others, *like_others]):
            return Rejected(text, "denies", mark.word)
    for mark in others:
        is_kept = len(mark.about & held) > _ENOUGH_OF * len(mark.about)
        if is_kept and not any(_shares(mark, other) for other in [*mine, *like_mine]):
            return Rejected(text, "affirms", mark.word)
    return None


def _unpaired(own: Sequence[Mark], theirs: Sequence[Mark]) -> tuple[list[Mark], list[Mark]]:
    """Without the same word about the same words on both sides: the same cannot stand for another negation too."""
    mine, others = [], list(theirs)
    for mark in own:
        twin = next((other for other in others if other.word == mark.word and _shares(mark, other)), None)
        if twin:
            others.remove(twin)
        else:
            mine.append(mark)
    return mine, others


def _shares(mark: Mark, other: Mark) -> bool:
    """Whether two negations are about the same words."""
    return bool(mark.about & other.about) or not mark.about or not other.about
