"""`advisor doctor --chat`: one question with the chat model, what it wrote, and what became of each sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.advisor import Advisor, Stage
from advisor.errors import SettingsError
from advisor.settings import Settings
from advisor.types import Answer, AnswerSentence, SentenceReady

_NONE = "no chat model is set, so answers are made of sentences of the corpus. Set ADVISOR_CHAT_MODEL: docs/chat-models.md"
_NOT_ASKED = "the corpus does not answer the question, so the chat model was not asked. Ask another: --question TEXT"


@dataclass(frozen=True, slots=True)
class ChatCheck:
    """What a chat model wrote, the sentences that passed, and the answer that came of it."""

    draft: str
    passed: tuple[AnswerSentence, ...]
    answer: Answer

    @property
    def failure(self) -> str:
        """Why the model makes no answer; "" where it does."""
        use = self.answer.model
        if use is None or not use.attempts:
            return _NOT_ASKED
        return (self.answer.reason or use.failure) if use.failure else ""

    def as_json(self) -> dict[str, Any]:
        """The check as one line of JSON. Times are in milliseconds, the model's from when it was asked."""
        use = self.answer.model
        return {
            "question": self.answer.question,
            "model": use.model if use else None,
            "draft": self.draft,
            "sentences": [
                {"text": text, "verdict": "unsupported" if why else "supported", "why": why}
                for text, why in self._verdicts()
            ],
            "ms": {
                "first_text": use.first_token_ms if use else None,
                "first_sentence": use.first_sentence_ms if use else None,
                "whole": self.answer.ms["total"],
            },
            "failure": self.failure or None,
        }

    def in_words(self) -> Iterator[str]:
        """The check as lines."""
        told = self.as_json()
        yield f"{told['model']}: {told['question']}"
        if self.draft:
            yield from ("", "What it wrote:", *(f"    {line}" for line in self.draft.splitlines()), "")
        for text, why in self._verdicts():
            yield f"{'held' if why else 'ok  '} {text}" + (f"\n     {why}" if why else "")
        names = {"first_text": "first text", "first_sentence": "first verified sentence", "whole": "whole answer"}
        times = (f"{name} {told['ms'][key]:,.0f} ms" for key, name in names.items() if told["ms"][key] is not None)
        yield ", ".join(times)
        if self.failure:
            yield f"FAIL {self.failure}"

    def _verdicts(self) -> Sequence[tuple[str, str]]:
        """Each sentence with why it is withheld ("" for one that passed), in the order of the draft."""
        said = [(one.text, "") for one in self.passed if not one.is_quoted]
        said += [(one.text, one.why) for one in self.answer.withheld]
        places = {text: self.draft.find(text) for text, _ in said}
        return sorted(said, key=lambda one: places[one[0]] if places[one[0]] >= 0 else len(self.draft))


def check_chat(settings: Settings, question: str) -> ChatCheck:
    """Ask a question as a reader would, and listen to the model.

    :raises SettingsError: when there is no chat model.
    """
    if not settings.chat_model:
        raise SettingsError(_NONE)
    advisor = Advisor.open(settings)
    heard: list[str] = []
    if advisor.writer:
        advisor.writer.chat.overheard = heard
    passed: list[AnswerSentence] = []
    is_models = True  # until the extractive answer takes over
    try:
        for event in advisor.stream(question):
            if isinstance(event, SentenceReady) and is_models:
                passed.append(event.sentence)
            elif isinstance(event, Stage):
                is_models = event.name != "verify"
            elif isinstance(event, Answer):
                return ChatCheck("".join(heard), tuple(passed), event)
    finally:
        advisor.close()
    message = "stream ended without an answer"
    raise RuntimeError(message)
