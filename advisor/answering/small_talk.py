"""What people say to an advisor beside questions: greetings, thanks, who it is, what it can do, what it has read.

The utterances and the replies are data: the table `small_talk` of `advisor/text/language/*.toml`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

from advisor.text.language import LANGUAGES, SmallTalk, language_rules
from advisor.text.plain import fold
from advisor.types import Language

_SAME = 0.87  # difflib ratio of two utterances that are one, mistyped
_LONGEST = 60  # characters: a longer text is no small talk


def reply(utterance: str, language: Language, titles: Callable[[], Sequence[str]]) -> str | None:
    """What to say to small talk; None for anything else.

    :param titles: reads those of all documents, for whoever asks what there is to read.
    """
    talk = _recognised(utterance, language)
    if talk is None:
        return None
    return talk.reply + ("".join(f"\n- {title}" for title in titles()) if talk.lists_documents else "")


def asked_again(utterance: str, language: Language) -> SmallTalk | None:
    """The way in which somebody wants the answer before once more; None for anything else.

    "In French, please", and what begins so: "shorter, one paragraph for my CEO".
    """
    beginnings = dict.fromkeys((utterance, utterance.partition(",")[0]))  # one, where it has no comma
    talks = (_recognised(said, language) for said in beginnings)
    return next((talk for talk in talks if talk and (talk.asks_for or talk.length)), None)


def spoken_in(utterance: str) -> Language | None:
    """The only language in which an utterance is small talk, to the letter ("salut"); None for anything else."""
    said = _plain(utterance)
    spoken = [language for language in LANGUAGES if any(said in talk.said for talk in language_rules(language).small_talk)]
    return spoken[0] if len(spoken) == 1 else None


def _recognised(utterance: str, language: Language) -> SmallTalk | None:
    """The kind of small talk that an utterance is, if it is any."""
    said = _plain(utterance)
    if not said or len(said) > _LONGEST:
        return None
    talks = language_rules(language).small_talk
    likeness = [max(_likeness(said, known) for known in talk.said) for talk in talks]
    best = max(range(len(talks)), key=likeness.__getitem__)
    return talks[best] if likeness[best] >= _SAME else None


def _likeness(said: str, known: str) -> float:
    """How like two utterances are; 0 where a look at their letters tells that they are not one."""
    both = SequenceMatcher(None, said, known)
    alike = both.real_quick_ratio() >= _SAME and both.quick_ratio() >= _SAME
    return both.ratio() if alike else 0.0


def _plain(utterance: str) -> str:
    """Folded words alone: no punctuation, no emoji."""
    return " ".join("".join(c if c.isalnum() else " " for c in fold(utterance)).split())
