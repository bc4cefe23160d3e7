"""Why a sentence that nobody copied may not be shown, given the source sentences it rests on. First objection wins.

What is checked, in this order: names, figures, quoted phrases, and the way it points. None of it needs a model.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from advisor.text.figures import Figure, figures
from advisor.text.names import name_key, names, quotations, words_of
from advisor.text.plain import fold
from advisor.text.terms import term_set
from advisor.types import Language
from advisor.verification.contradiction import contradiction
from advisor.verification.groundedness import SourceSentence, holds_figure, related
from advisor.verification.rejection import Rejected

_NEAR = 4  # words on either side of a figure that tell what it is the figure of
_CLEARLY = 2  # how many more of them another figure of the source must share
_WORD = re.compile(r"[^\W_]+")
_PART = re.compile(r"[,;:()]\s|\s(?:et|and|tandis que|while|but|mais)\s")

# A frame says nothing about the subject: an opening, or what the sources do not hold.
_FRAME = re.compile(
    r"(?:voici|here (?:are|is)|en (?:resume|bref|somme|conclusion)|pour resumer|to sum up|in (?:short|summary|conclusion)"
    r"|(?:d'apres|selon) (?:les|ces) (?:passages?|sources?|extraits?)|according to the (?:passages?|sources?)"
    r"|based on the (?:passages?|sources?)|les (?:points|etapes|lecons) (?:cles |principales )?(?:a retenir )?"
    r"(?:sont|suivants?|suivantes?)|the (?:key |main )?(?:points|steps|lessons) are)\b"
)
_ANNOUNCING = """
voici point points cle cles retenir principal principaux principale principales etape etapes lecon lecons element elements
resume bref somme conclusion passage passages source sources extrait extraits reponse question suivant suivants suivante
suivantes essentiel here key main points steps lessons summary short conclusion answer question passages sources following
takeaways takeaway remember according based resumer sum up fournis provided idee idees ideas apres selon
"""
_FRAME_WORDS = frozenset(_ANNOUNCING.split())
_MISSING = re.compile(
    r"^(?:(?:les|ces|aucun(?:e)?) (?:des )?(?:passages?|sources?|extraits?|documents?)(?: fournis)? ne "
    r"|(?:the|these|none of the) (?:provided |given )?(?:passages?|sources?|excerpts?|documents?) (?:do|does|did) not )"
    r"(?:disent|dit|precisent?|mentionnent?|donnent?|contiennent|contient|indiquent?|say|mention|state|give|contain|specify"
    r"|tell)\b"
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


def check_facts(
    text: str,
    language: Language,
    aligned: Sequence[SourceSentence],
    passages: Sequence[SourceSentence],
    context: Sequence[str],
) -> Rejected | list[SourceSentence]:
    """The source sentences that a sentence rests on, or why it may not be shown, whatever it means as a whole.

    :param aligned: those that hold its words; a sentence of the passages that a name of it needs is added.
    :param passages: every sentence of the cited passages.
    :param context: titles and headings of the cited passages, which the reader sees with them.
    """
    resting = _with_names(text, language, aligned, passages, context)
    if isinstance(resting, Rejected):
        return resting
    wrong_figure = _check_figures(text, language, resting, context)
    if wrong_figure:
        return wrong_figure
    whole = " ".join(fold(sentence.text) for sentence in passages)
    for phrase in quotations(text):
        if fold(phrase).strip(" .,;:!?") not in whole:
            return Rejected(text, "quotation", phrase)
    return contradiction(text, language, [(sentence.text, sentence.language) for sentence in resting]) or resting


def _check_figures(
    text: str, language: Language, resting: Sequence[SourceSentence], context: Sequence[str]
) -> Rejected | None:
    """Each figure must be stated by a source sentence about the same thing, as the figure of the same thing."""
    folded = fold(text)
    stated = Counter(figure.key for figure in figures(text))
    there = Counter(figure.key for sentence in resting for figure in figures(sentence.text))
    for figure in figures(text):
        said = folded[figure.start : figure.end]
        holders = [sentence for sentence in resting if holds_figure(sentence, figure.key)]
        if not holders or stated[figure.key] > there[figure.key]:
            return Rejected(text, "figure", said)
        subject = _subject(text, language, figure, holders)
        holders = [s for s in holders if related(text, language, s) and _is_of(subject, s, context)]
        if not holders:
            return Rejected(text, "figure-elsewhere", said)
        if all(_belongs_elsewhere(figure, folded, subject, sentence, language) for sentence in holders):
            return Rejected(text, "figure-elsewhere", said)
    return None


def _subject(text: str, language: Language, figure: Figure, holders: Sequence[SourceSentence]) -> list[str]:
    """The names in the part of the sentence that states a figure; what the source uses as a name is one."""
    known = {name for source in holders for name in names(source.text, source.language)}
    parts = [part for part in _PART.split(text) if figure.key in {other.key for other in figures(part)}]
    return [name for part in parts for name in dict.fromkeys([*names(part, language), *(known & words_of(part))])]


def _is_of(subject: Sequence[str], source: SourceSentence, context: Sequence[str]) -> bool:
    """Whether a source sentence may state its figures of these names: it holds one of them, or names nothing itself."""
    if not subject or not names(source.text, source.language):
        return True
    held = words_of(source.text).union(*(words_of(line) for line in context))
    return any(_is_held(name, held) for name in subject)


def _belongs_elsewhere(
    figure: Figure, folded: str, subject: Sequence[str], source: SourceSentence, language: Language
) -> bool:
    """Whether another figure of the source sentence stands by the names, or else the words, that this one stands by."""
    if source.language != language:
        return False
    about = _around(folded, figure, language)
    there = fold(source.text)
    kin = [other for other in figures(source.text) if other.unit == figure.unit]
    own = max((len(about & _around(there, other, language)) for other in kin if other.key == figure.key), default=0)
    others = max((len(about & _around(there, other, language)) for other in kin if other.key != figure.key), default=0)
    named = [hit for name in subject for hit in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", there)]
    if not named:
        return others >= own + _CLEARLY
    nearest = (min(kin, key=lambda other: min(abs(other.start - hit.end()), abs(hit.start() - other.end))) for hit in named)
    return others > own and all(other.key != figure.key for other in nearest)


def _around(folded: str, figure: Figure, language: Language) -> frozenset[str]:
    before = [stem for word in _WORD.findall(folded[: figure.start]) for stem in term_set(word, language)][-_NEAR:]
    after = [stem for word in _WORD.findall(folded[figure.end :]) for stem in term_set(word, language)][:_NEAR]
    return frozenset(stem for stem in [*before, *after] if not stem.isdigit())


def _with_names(
    text: str,
    language: Language,
    aligned: Sequence[SourceSentence],
    passages: Sequence[SourceSentence],
    context: Sequence[str],
) -> Rejected | list[SourceSentence]:
    """What a sentence rests on, its names included: each must be there, or in the title or headings above it.

    A name that stands elsewhere in the passage adds its sentence, when that speaks of the same thing.
    """
    resting = list(aligned)
    known = frozenset[str]().union(
        *(words_of(sentence.text) for sentence in passages), *(words_of(line) for line in context)
    )
    held = frozenset[str]().union(*(words_of(sentence.text) for sentence in aligned), *(words_of(line) for line in context))
    for name in names(text, language, known):
        if _is_held(name, held):
            continue
        further = next((s for s in passages if s not in resting and _is_held(name, words_of(s.text))), None)
        if further is None or not related(text, language, further):
            return Rejected(text, "name", name)
        resting.append(further)
    return resting


def _is_held(name: str, held: frozenset[str]) -> bool:
    """A compound is held whole or in all of its parts."""
    return name in held or all(name_key(part) in held for part in re.split(r"[-&/]", name) if part)
