"""A chat model reads the sentences of a draft beside their lines, in one call. It may only withhold."""

from __future__ import annotations

import re
from collections.abc import Sequence

from advisor.answering.prompting import checking_messages, prompts_of
from advisor.models.chat import ChatFailure, ChatModel
from advisor.types import Language, ModelUse
from advisor.verification.rejection import Rejected
from advisor.verification.verify import Grounded

_VERDICT = re.compile(r"^\W*(\d{1,3})\W+(supported|(?:not |un)supported|changed)\b\W*(.*?)[\s`.»\"”]*$", re.IGNORECASE)


def chat_verdicts(
    chat: ChatModel, sentences: Sequence[Grounded], language: Language, use: ModelUse
) -> list[Grounded | Rejected | None]:
    """What the model says of each sentence; None where it says nothing that can be read.

    :param use: counts what the call costs beside the answer.
    """
    if not sentences:
        return []
    pairs = [(one.sentence.text, [source.text for source in one.rests_on]) for one in sentences]
    try:
        written = chat.complete(
            checking_messages(prompts_of(chat), pairs, language),
            use,
            seconds=chat.settings.chat_seconds,
        )
    except ChatFailure:
        return [None] * len(sentences)
    said: dict[int, Grounded | Rejected] = {}
    for found in filter(None, map(_VERDICT.match, written.splitlines())):
        number, verdict, words = int(found[1]), found[2].lower(), found[3]
        if not 1 <= number <= len(sentences) or isinstance(said.get(number), Rejected):
            continue
        one = sentences[number - 1]
        if verdict != "supported":
            said[number] = Rejected(one.sentence.text, "changed", words)
        elif "changed" not in words.lower():  # "supported, but changed" says nothing that can be relied on
            said[number] = one
    return [said.get(number) for number in range(1, len(sentences) + 1)]
