"""Why a sentence that nobody copied may not be shown, given the source sentences it rests on. First objection wins.

What is checked, in this order: figures, names, quoted phrases, the way it points, and how well it is supported as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from advisor.claims import contradiction, name_key, names, quotations, words_of
from advisor.figures import Figure, figures
from advisor.lexical import term_set
from advisor.support import Alignment, SourceSentence, calibration, holds_figure, related
from advisor.text import fold
from advisor.types import Language

_NEAR = 4  # words on either side of a figure that tell what it is the figure of
_CLEARLY = 2  # how many more of them another figure of the source must share
_WORD = re.compile(r"[^\W_]+")

# A frame says nothing about the subject: an opening, or what the sources do not hold.
_FRAME = re.compile(
    r"(?:voici|here (?:are|is)|en (?:resume|bref|somme|conclusion)|pour resumer|to sum up|in (?:short|summary|conclusion)"
    r"|d'apres (?:les|ces) (?:passages?|sources?|extraits?)|selon (?:les|ces) (?:passages?|sources?|extraits?)|according to the"
    r" (?:passages?|sources?)|based on the (?:passages?|sources?)|les (?:points|etapes|lecons) (?:cles |principales )?(?:a retenir )?"
    r"(?:sont|suivants?|suivantes?)|the (?:key |main )?(?:points|steps|lessons) are)\b"
)
_FRAME_WORDS = frozenset(
    """voici point points cle cles retenir principal principaux principale principales etape etapes lecon lecons element elements
    resume bref somme conclusion passage passages source sources extrait extraits reponse question suivant suivants suivante
    suivantes essentiel here key main points steps lessons summary short conclusion answer question passages sources following
    takeaways takeaway remember according based resumer sum up fournis provided idee idees ideas apres selon""".split()
)
_MISSING = re.compile(
    r"^(?:(?:les|ces|aucun(?:e)?) (?:des )?(?:passages?|sources?|extraits?|documents?)(?: fournis)? ne "
    r"|(?:the|these|none of the) (?:provided |given )?(?:passages?|sources?|excerpts?|documents?) (?:do|does|did) not )"
    r"(?:disent|dit|precisent?|mentionnent?|donnent?|contiennent|contient|indiquent?|say|mention|state|give|contain|specify|tell)\b"
)


def is_frame(text: str) -> bool:
    """Whether a sentence only announces what follows: "Voici les points à retenir :"."""
    folded = fold(text)
    said = set(_WORD.findall(folded))
    subject = {word for word in said if term_set(word, "fr") and term_set(word, "en")} - _FRAME_WORDS
    return bool(_FRAME.match(folded)) and not subject and not figures(text) and text.rstrip().endswith((":", "…", "."))


def says_what_is_missing(text: str) -> bool:
    """Whether a sentence only says that the sources lack something: "The passages do not say when"."""
    return bool(_MISSING.match(fold(text))) and not figures(text) and not quotations(text)


def objection(
    text: str, language: Language, found: Alignment, passages: Sequence[SourceSentence], context: Sequence[str]
) -> tuple[str | None, Alignment]:
    """Why the sentence may not be shown, or None; and what it rests on, with the sentences that a name needed.

    :param passages: every sentence of the cited passages.
    :param context: titles and headings of the cited passages, which the reader sees with them.
    """
    resting = list(found.sentences)
    for check in (_figures, _names):
        why = check(text, language, resting, passages, context)
        if why:
            return why, found
    whole = " ".join(fold(sentence.text) for sentence in passages)
    for phrase in quotations(text):
        if fold(phrase).strip(" .,;:!?") not in whole:
            return f"the source does not hold the quotation {phrase!r}", found
    why = contradiction(text, language, [(sentence.text, sentence.language) for sentence in resting])
    if why is None and found.score < calibration()["threshold"]:
        why = f"the source does not support it clearly enough ({found.score:.2f})"
    ordered = tuple(sorted(resting, key=lambda s: (s.marker, s.start)))
    return why, Alignment(ordered, found.signals, found.score)


def _figures(
    text: str, language: Language, resting: list[SourceSentence], passages: Sequence[SourceSentence], _context: Sequence[str]
) -> str | None:
    """Each figure must be stated by a source sentence about the same thing, as the figure of the same thing."""
    folded = fold(text)
    for figure in figures(text):
        said = folded[figure.start : figure.end]
        holders = [sentence for sentence in resting if holds_figure(sentence, figure.key)]
        if not holders:
            return f"the source does not state {said!r}"
        if not any(related(text, language, sentence) for sentence in holders):
            return f"the source states {said!r} of something else"
        if all(_belongs_elsewhere(figure, folded, sentence, language) for sentence in holders):
            return f"the source states {said!r} of something else"
    return None


def _belongs_elsewhere(figure: Figure, folded: str, source: SourceSentence, language: Language) -> bool:
    """Whether another figure of the source sentence stands among the words that this one stands among."""
    if source.language != language:
        return False
    about = _around(folded, figure, language)
    there = fold(source.text)
    kin = [other for other in figures(source.text) if other.unit == figure.unit]
    own = max((len(about & _around(there, other, language)) for other in kin if other.key == figure.key), default=0)
    others = max((len(about & _around(there, other, language)) for other in kin if other.key != figure.key), default=0)
    return others >= own + _CLEARLY


def _around(folded: str, figure: Figure, language: Language) -> frozenset[str]:
    before = [stem for word in _WORD.findall(folded[: figure.start]) for stem in term_set(word, language)][-_NEAR:]
    after = [stem for word in _WORD.findall(folded[figure.end :]) for stem in term_set(word, language)][:_NEAR]
    return frozenset(stem for stem in [*before, *after] if not stem.isdigit())


def _names(
    text: str, language: Language, resting: list[SourceSentence], passages: Sequence[SourceSentence], context: Sequence[str]
) -> str | None:
    """Each name must be in what the sentence rests on, or in the title or headings above it.

    A name that stands elsewhere in the passage adds its sentence, when that speaks of the same thing.
    """
    known = frozenset[str]().union(*(words_of(sentence.text) for sentence in passages), *(words_of(line) for line in context))
    held = frozenset[str]().union(*(words_of(sentence.text) for sentence in resting), *(words_of(line) for line in context))
    for name in names(text, language, known):
        if _is_held(name, held):
            continue
        further = next((s for s in passages if s not in resting and _is_held(name, words_of(s.text))), None)
        if further is None or not related(text, language, further):
            return f"the source does not name {name!r}"
        resting.append(further)
    return None


def _is_held(name: str, held: frozenset[str]) -> bool:
    """A compound is held whole or in all of its parts."""
    return name in held or all(name_key(part) in held for part in re.split(r"[-&/]", name) if part)
