"""Each sentence against the lines it cites. Nothing reaches the reader that was not checked here.

A sentence of the extractive writer must be, word for word, part of every span that it cites. Its support is then 1; anything
else is withheld with the reason (`verify_extractive`).

A sentence that a chat model wrote must rest on sentences of the passages that it cites (`verify_generative`). A sentence
whose markers are wrong or missing is moved to another passage only when that one supports it clearly. No setting turns this
off.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from advisor.models.grounding import Grounding, GroundingModel
from advisor.text.plain import fold, has_words, plain
from advisor.types import AnswerSentence, Citation, Draft, DraftSentence, Language
from advisor.verification.contradiction import contradiction
from advisor.verification.facts import check_facts
from advisor.verification.framing import clauses
from advisor.verification.groundedness import Sources, SourceSentence, least_support
from advisor.verification.rejection import Rejected
from advisor.verification.support_features import held_share

_log = logging.getLogger(__name__)
_LIKELY = 0.5  # that a model must find a sentence supported with
_LEAST_OF_A_CLAUSE = 0.5  # share of its words
CLEAR_SUPPORT = 0.7
"""What a sentence needs that is moved to a passage which it does not cite, or shown without a part of it."""


def verify_extractive(draft: Draft, sources: Mapping[str, str]) -> tuple[list[AnswerSentence], list[Rejected]]:
    """The sentences that may be shown, and those that may not.

    :param sources: document id -> its whole text, in the generation that the draft was made from.
    """
    cited = {citation.marker: citation for citation in draft.citations}
    shown: list[AnswerSentence] = []
    rejected: list[Rejected] = []
    for sentence in draft.sentences:
        wrong = _check_quotation(sentence, cited, sources)
        if wrong:
            rejected.append(wrong)
        else:
            shown.append(
                AnswerSentence(
                    text=sentence.text,
                    markers=sentence.markers,
                    verdict="supported",
                    support=1.0,
                    group=sentence.group,
                    is_item=sentence.is_item,
                    continues=sentence.continues,
                    lead=sentence.lead,
                    row=sentence.row,
                    is_step=sentence.is_step,
                )
            )
    return shown, rejected


def _check_quotation(sentence: DraftSentence, cited: Mapping[int, Citation], sources: Mapping[str, str]) -> Rejected | None:
    """Why a sentence may not be shown, or None."""
    if not has_words(sentence.text):
        return Rejected(sentence.text, "nothing")
    if not sentence.markers:
        return Rejected(sentence.text, "uncited")
    for marker in sentence.markers:
        citation = cited.get(marker)
        if citation is None:
            return Rejected(sentence.text, "no-passage", str(marker))
        if sources.get(citation.document, "")[citation.start : citation.end] != citation.quote:
            return Rejected(sentence.text, "misquoted", str(marker))
        # As whole words: "20 clients" is not in "920 clients".
        if not re.search(rf"(?<!\w){re.escape(sentence.text)}(?!\w)", plain(citation.quote)):
            return Rejected(sentence.text, "not-quoted", str(marker))
    return None


@dataclass(frozen=True, slots=True)
class Grounded:
    """A written sentence that may be shown, the source sentences it rests on (in reading order), and how well (0..1).

    `is_copied`: it is the one that it rests on, word for word.
    """

    sentence: DraftSentence
    rests_on: tuple[SourceSentence, ...]
    support: float
    is_copied: bool = False


@dataclass(frozen=True, slots=True)
class Judge:
    """Who judges the meaning of a sentence whose figures, names and quotations are right.

    `support` gives the probability (0..1) that source sentences support it, with the words that they do not, if it can
    tell; `least` is what a sentence needs.
    """

    name: str
    least: float
    support: Callable[[str, Language, Sequence[SourceSentence]], Grounding]


def by_words(sources: Sources) -> Judge:
    """Shared words and cues, across languages a cosine: what there is without a model that reads."""
    return Judge("words", least_support(), lambda *read: Grounding(sources.support(*read)))


def by_model(model: GroundingModel) -> Judge:
    """A model that reads the sentence beside its sources; a sentence that it fails at is not supported."""

    def support(text: str, _: Language, chosen: Sequence[SourceSentence]) -> Grounding:
        try:
            return model.ground(text, " ".join(one.text for one in chosen))
        except Exception:  # noqa: BLE001 - the boundary to a model of somebody else's, which no list of errors covers
            _log.warning("the verifier %s failed at a sentence, which is withheld", model.name, exc_info=True)
            return Grounding(0.0)

    return Judge(model.name, _LIKELY, support)


def later() -> Judge:
    """Nobody yet: the sentences of an answer are judged together, when all are there."""
    return Judge("chat", 0.0, lambda *_: Grounding(1.0))


def verify_generative(
    sentence: DraftSentence, language: Language, sources: Sources, judge: Judge, asked: str = ""
) -> Grounded | Rejected:
    """Whether a sentence of a chat model may be shown.

    :param sources: the sentences of the numbered passages that the model was given.
    :param asked: the question: its figures and names need no source.
    """
    text = sentence.text
    if not has_words(text):
        return Rejected(text, "nothing")
    numbers = {source.marker for source in sources.sentences}
    cited = [marker for marker in sentence.markers if marker in numbers]
    wrong = [marker for marker in sentence.markers if marker not in numbers]
    reason = Rejected(text, "no-passage", str(wrong[0])) if wrong else Rejected(text, "uncited")
    if cited:
        found = _examine(sentence, language, [s for s in sources.sentences if s.marker in cited], asked, sources)
        judged = _judged(found, language, judge) if isinstance(found, Grounded) else found
        if isinstance(judged, Grounded):
            return judged
        reason = judged
    found = _examine(sentence, language, sources.sentences, asked, sources)
    if isinstance(found, Rejected):
        return reason
    words = by_words(sources)
    moved = _judged(found, language, Judge(words.name, CLEAR_SUPPORT, words.support))
    return _judged(moved, language, judge) if isinstance(moved, Grounded) else reason


def verify_in_parts(
    sentence: DraftSentence,
    language: Language,
    lines: Sequence[SourceSentence],
    judge: Judge,
    sources: Sources,
    asked: str = "",
) -> Grounded | Rejected:
    """Whether lines together support a sentence that joins more than a few of them hold.

    Half the words of each clause must stand in a few of them; facts and meaning are judged by all those.

    :param lines: those that it may rest on, whatever it cites.
    """
    text, resting = sentence.text, set[SourceSentence]()
    for clause in clauses(text, language):
        chosen = sources.rests_on(clause, language, lines)
        share = held_share(clause, language, [line.text for line in chosen])
        if share < _LEAST_OF_A_CLAUSE:
            return Rejected(text, "unclear", f"{share:.2f}")
        resting.update(chosen)
    rests_on = tuple(sorted(resting, key=lambda s: (s.marker, s.start)))
    wrong = check_facts(text, language, rests_on, lines, asked)
    return wrong or _judged(Grounded(sentence, rests_on, 0.0), language, judge)


def _examine(
    sentence: DraftSentence, language: Language, passages: Sequence[SourceSentence], asked: str, sources: Sources
) -> Grounded | Rejected:
    """What a sentence rests on if it cites these passages, or which fact it gets wrong."""
    text = sentence.text
    copied = next((source for source in passages if fold(source.text) == fold(text)), None)
    if copied:
        return Grounded(sentence, (copied,), 1.0, is_copied=True)
    chosen = sources.rests_on(text, language, passages)
    wrong = check_facts(text, language, chosen, passages, asked) if chosen else Rejected(text, "uncited")
    return wrong or Grounded(sentence, tuple(sorted(chosen, key=lambda s: (s.marker, s.start))), 0.0)


def _judged(found: Grounded, language: Language, judge: Judge) -> Grounded | Rejected:
    """The sentence with its support, or why that is too little. What was copied is supported."""
    text = found.sentence.text
    if found.is_copied:
        return found
    grounding = judge.support(text, language, found.rests_on)
    if grounding.support >= judge.least:
        return replace(found, support=round(grounding.support, 4))
    own = [one.text for one in found.rests_on if one.language == language]
    if grounding.words:
        return Rejected(text, "changed", grounding.words)
    return contradiction(text, language, own) or Rejected(text, "unclear", f"{grounding.support:.2f}")
