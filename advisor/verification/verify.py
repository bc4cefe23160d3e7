"""Each sentence against the lines it cites. Nothing reaches the reader that was not checked here.

A sentence of the extractive writer must be, word for word, part of every span that it cites. Its support is then 1; anything
else is withheld with the reason (`verify_extractive`).

A sentence that a chat model wrote must rest on sentences of the passages that it cites (`verify_generative`). A sentence
whose markers are wrong or missing is moved to another passage only when that one supports it clearly. No setting turns this
off.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from advisor.text.plain import fold, has_words, plain
from advisor.types import AnswerSentence, Citation, Draft, DraftSentence, Language
from advisor.verification.facts import check_facts
from advisor.verification.groundedness import Alignment, Sources, SourceSentence, calibration
from advisor.verification.rejection import Rejected

_CLEAR_SUPPORT = 0.7  # that a passage which the sentence does not cite needs, for the sentence to be moved to it


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
    """A written sentence that may be shown, the source sentences it rests on (in reading order), and how well (0..1)."""

    sentence: DraftSentence
    rests_on: tuple[SourceSentence, ...]
    support: float


def verify_generative(
    sentence: DraftSentence, language: Language, sources: Sources, context: Mapping[int, Sequence[str]]
) -> Grounded | Rejected:
    """Whether a sentence of a chat model may be shown.

    :param sources: the sentences of the numbered passages that the model was given.
    :param context: number of a passage -> its title and headings.
    """
    text = sentence.text
    if not has_words(text):
        return Rejected(text, "nothing")
    numbers = {source.marker for source in sources.sentences}
    cited = [marker for marker in sentence.markers if marker in numbers]
    wrong = [marker for marker in sentence.markers if marker not in numbers]
    reason = Rejected(text, "no-passage", str(wrong[0])) if wrong else Rejected(text, "uncited")
    if cited:
        found = _examine(text, language, sources, context, cited)
        if isinstance(found, Alignment):
            return Grounded(sentence, found.sentences, round(found.score, 4))
        reason = found
    found = _examine(text, language, sources, context, ())
    if isinstance(found, Alignment) and found.score >= _CLEAR_SUPPORT:
        return Grounded(sentence, found.sentences, round(found.score, 4))
    return reason


def _examine(
    text: str, language: Language, sources: Sources, context: Mapping[int, Sequence[str]], cited: Sequence[int]
) -> Rejected | Alignment:
    """What a sentence rests on if it cites these passages (any when empty), or why it may not be shown then."""
    passages = [source for source in sources.sentences if not cited or source.marker in cited]
    copied = next((source for source in passages if fold(source.text) == fold(text)), None)
    if copied:
        return Alignment((copied,), sources.identical, 1.0)
    chosen = sources.rests_on(text, language, cited)
    if not chosen:
        return Rejected(text, "uncited")
    headings = [line for marker in {source.marker for source in chosen} for line in context.get(marker, ())]
    wrong = check_facts(text, language, chosen, passages, headings)
    if wrong:
        return wrong
    aligned = sources.judge(text, language, chosen)
    if aligned.score < calibration()["threshold"]:
        return Rejected(text, "unclear", f"{aligned.score:.2f}")
    return aligned
