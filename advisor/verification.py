"""Each sentence against the lines it cites. Nothing reaches the reader that was not checked here.

A sentence of the extractive writer must be, word for word, part of every span that it cites. Its support is then 1; anything
else is withheld with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from advisor.text import has_words, plain
from advisor.types import AnswerSentence, Citation, Draft, DraftSentence, Withheld

FULL_SUPPORT = 1.0


def verify(draft: Draft, sources: Mapping[str, str]) -> tuple[list[AnswerSentence], list[Withheld]]:
    """The sentences that may be shown, and those that may not.

    :param sources: document id -> its whole text, in the generation that the draft was made from.
    """
    cited = {citation.marker: citation for citation in draft.citations}
    shown: list[AnswerSentence] = []
    withheld: list[Withheld] = []
    for sentence in draft.sentences:
        why = _objection(sentence, cited, sources)
        if why:
            withheld.append(Withheld(sentence.text, why))
        else:
            shown.append(
                AnswerSentence(sentence.text, sentence.markers, "supported", FULL_SUPPORT, sentence.group, sentence.is_item)
            )
    return shown, withheld


def _objection(sentence: DraftSentence, cited: Mapping[int, Citation], sources: Mapping[str, str]) -> str | None:
    """Why a sentence may not be shown, or None."""
    if not has_words(sentence.text):
        return "says nothing"
    if not sentence.markers:
        return "cites nothing"
    for marker in sentence.markers:
        citation = cited.get(marker)
        if citation is None:
            return f"cites [{marker}], which does not exist"
        if sources.get(citation.document, "")[citation.start : citation.end] != citation.quote:
            return f"[{marker}] does not quote {citation.document} exactly"
        # As whole words: "20 clients" is not in "920 clients".
        if not re.search(rf"(?<!\w){re.escape(sentence.text)}(?!\w)", plain(citation.quote)):
            return f"is not in the lines of [{marker}]"
    return None
