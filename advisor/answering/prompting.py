"""What chat models are told: instructions in files (`prompts/*.md`), which a folder of one's own can replace one by one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import product
from pathlib import Path

from advisor.answering.chat_context import ChatContext
from advisor.answering.messages import standing_in_words
from advisor.documents.unseen import without_unseen
from advisor.errors import SettingsError
from advisor.models.chat import ChatModel, Messages
from advisor.text.invisible import seen
from advisor.text.language import LANGUAGES
from advisor.types import Chunk, Document, Language, Length

_KINDS = ("write", "short", "rewrite", "split", "check", "ask")
_NAMES = tuple(f"{name}.{language}.md" for name, language in product(_KINDS, LANGUAGES))
_ASKED: dict[Language, str] = {"fr": "Question : ", "en": "Question: "}
_TOLD: dict[Language, str] = {
    "fr": "Déjà dit dans la conversation, à ne pas répéter :",
    "en": "Told before in the conversation, not to be repeated:",
}


@dataclass(frozen=True, slots=True)
class Prompts:
    """The instructions of an installation, by the name of their file; `version` changes with any of them."""

    texts: Mapping[str, str]
    version: str

    def of(self, name: str, language: Language) -> str:
        """One instruction: `write`, `short` (behind `write`), `rewrite`, `split`, `check` or `ask`."""
        return self.texts[f"{name}.{language}.md"]


@lru_cache
def load_prompts(folder: Path | None = None) -> Prompts:
    """The instructions that come with the package, and those of a folder in place of the ones of the same name.

    :raises SettingsError: when the folder cannot be read, or holds a file that replaces nothing.
    """
    texts = {name: (files("advisor.answering") / "prompts" / name).read_text(encoding="utf-8") for name in _NAMES}
    if folder:
        texts |= _own(folder)
    version = hashlib.sha256("\0".join(texts[name] for name in _NAMES).encode()).hexdigest()[:12]
    return Prompts(texts, version)


def prompts_of(chat: ChatModel) -> Prompts:
    """The instructions that a chat model gets.

    :raises SettingsError: as `load_prompts`.
    """
    return load_prompts(chat.settings.chat_prompts_dir)


def _own(folder: Path) -> dict[str, str]:
    try:
        own = {path.name: path.read_text(encoding="utf-8").strip() for path in sorted(folder.glob("*.md"))}
        folder.stat()
    except (OSError, UnicodeDecodeError) as error:
        message = f"the prompts of {folder} cannot be read ({error}). Check ADVISOR_CHAT_PROMPTS_DIR"
        raise SettingsError(message) from None
    wrong = [name for name, text in own.items() if name not in _NAMES or not text]
    if wrong:
        message = f"{folder / wrong[0]} replaces no prompt or is empty. Prompts are named {', '.join(_NAMES)}"
        raise SettingsError(message)
    return own


def writing_messages(prompts: Prompts, question: str, context: str, language: Language, length: Length = "full") -> Messages:
    """The messages that ask for an answer.

    :param context: numbered passages, as `numbered_passages` makes them.
    """
    instruction = prompts.of("write", language)
    if length == "short":
        instruction += f"\n\n{prompts.of('short', language)}"
    return [("system", instruction), ("user", f"{context}\n\n{_ASKED[language]}{_as_data(question)}")]


def rewriting_messages(prompts: Prompts, question: str, history: Sequence[str], language: Language) -> Messages:
    """The messages that ask for a question that stands on its own."""
    before = "\n".join(f"- {_as_data(asked)}" for asked in history)
    return [("system", prompts.of("rewrite", language)), ("user", f"{before}\n- {_as_data(question)}")]


def splitting_messages(prompts: Prompts, question: str, language: Language) -> Messages:
    """The messages that ask for the simple questions in a compound one."""
    return [("system", prompts.of("split", language)), ("user", _as_data(question))]


def checking_messages(prompts: Prompts, pairs: Sequence[tuple[str, Sequence[str]]], language: Language) -> Messages:
    """The messages that ask whether lines support sentences.

    :param pairs: sentences, each with the lines that it rests on.
    """
    parts = []
    for number, (sentence, lines) in enumerate(pairs, start=1):
        cited = "\n".join(f"<line>{_as_data(line)}</line>" for line in lines)
        parts.append(f"{number}. <sentence>{_as_data(sentence)}</sentence>\n{cited}")
    return [("system", prompts.of("check", language)), ("user", "\n\n".join(parts))]


def asking_messages(prompts: Prompts, title: str, sentences: Sequence[str], language: Language) -> Messages:
    """The messages that ask for the questions that a passage answers.

    :param title: of the document, with the headings that lead to the passage.
    :param sentences: of the passage, which are numbered from 1.
    """
    lines = "\n".join(f"[{number}] {_as_data(sentence)}" for number, sentence in enumerate(sentences, start=1))
    return [("system", prompts.of("ask", language)), ("user", f'<passage title="{_attribute(title)}">\n{lines}\n</passage>')]


def numbered_passages(context: ChatContext, language: Language) -> str:
    """Passages as a model reads them, numbered from 1, each with its place, kind of evidence, date, and standing."""
    numbered = enumerate(context.passages, start=1)
    parts = [_passage(number, chunk, context.documents[chunk.document], language) for number, chunk in numbered]
    if context.told:
        parts.append("\n".join((_TOLD[language], *(f"- {_as_data(line)}" for line in context.told))))
    return "\n".join(parts)


def _passage(number: int, chunk: Chunk, document: Document, language: Language) -> str:
    about = {"title": " > ".join((chunk.title, *chunk.heading)), "evidence": document.evidence, "date": document.updated}
    about["status"] = standing_in_words(language, document.standing)
    marks = "".join(f' {name}="{_attribute(value)}"' for name, value in about.items() if value)
    return f'<passage number="{number}"{marks}>\n{_as_data(chunk.text)}\n</passage>'


def _attribute(text: str) -> str:
    return _as_data(text).replace('"', "'")


def _as_data(text: str) -> str:
    """Text that cannot close the mark around it, or open another, and holds nothing that a reader does not see."""
    return seen(without_unseen(text)).replace("<", "‹").replace(">", "›")
