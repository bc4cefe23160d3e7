"""The advisor as a model of OpenAI's protocol, for chat programs: the same answers, as Markdown with its sources."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from fastapi.sse import format_sse_event

from advisor.advisor import Stage
from advisor.answering.intake import remembered
from advisor.answering.messages import ROW_END, compose
from advisor.api.pool import Event, QuestionPool
from advisor.api.problems import OPENAI_RESPONSES, ProblemError
from advisor.api.schemas import (
    Annotation,
    ChatMessage,
    ChatRequest,
    Completion,
    CompletionChoice,
    CompletionMessage,
    ListedModel,
    ModelList,
    UrlCitation,
)
from advisor.api.streams import EVENTS, answer_stream
from advisor.errors import QuestionError
from advisor.features.memo import Block, Text, paragraph, place_address, place_of
from advisor.features.memo_formats import block_as_markdown
from advisor.features.memo_words import WORDS
from advisor.types import Answer, AnswerSentence, Language, SentenceReady, TableRow

MODEL = "cto-advisor"
_TEXT = "text"
_OPENINGS = ("> ", "- ")  # of the lines that answers without sentences are made of
_CHUNK = {"type": "object", "properties": {"data": {"type": "string"}}, "required": ["data"]}


def completions_router(pool: QuestionPool) -> APIRouter:
    """`POST /chat/completions` and `GET /models`."""
    router = APIRouter(tags=["chat programs"], responses=OPENAI_RESPONSES)
    started = int(time.time())

    @router.post("/chat/completions", response_model=Completion, responses={200: {"content": {EVENTS: {"schema": _CHUNK}}}})
    def complete(asked: ChatRequest, request: Request) -> Response:
        """Answer the last question of a chat, in OpenAI's protocol: Markdown with markers, and their sources at the end.

        The messages of users before it are what it follows; all others, those of the system too, are passed over. With
        `stream`, the answer comes in chunks, each sentence once it is verified, and `annotations` last.
        """
        if asked.model != MODEL:
            raise ProblemError(404, "model_not_found", "there is no such model", f"Ask {MODEL}.")
        question, history = _questions(asked.messages, pool.advisor.settings.max_question_chars)
        content = _Content(str(request.base_url))
        if asked.stream:
            return answer_stream(lambda gone: pool.stream(question, history=history, cancelled=gone), _Chunks(content))
        answer = pool.ask(question, history=history)
        content.finish(answer)
        message = CompletionMessage(content=content.text, annotations=content.annotations(answer))
        done = Completion(**_head(), choices=[CompletionChoice(message=message)])
        return JSONResponse(done.model_dump())

    @router.get("/models")
    def models() -> ModelList:
        """What can be asked in OpenAI's protocol: the advisor."""
        return ModelList(data=[ListedModel(id=MODEL, created=started, owned_by=MODEL)])

    return router


def _questions(messages: list[ChatMessage], longest: int) -> tuple[str, list[str]]:
    """The question of a chat, and those before it that it can go on from.

    A chat program sends all that was ever said in a chat, what was refused as too long too: that was never answered.
    """
    asked = [_text_of(message) for message in messages if message.role == "user"]
    if not asked:
        message = "no message of the chat is a user's"
        raise QuestionError(message)
    return asked[-1], remembered([text for text in asked[:-1] if len(text) <= longest])


def _text_of(message: ChatMessage) -> str:
    parts = message.content or ""
    if isinstance(parts, str):
        return parts
    if any(part.type != _TEXT for part in parts):
        raise ProblemError(422, "content", "a message holds something else than text", "Send parts of type text alone.")
    return "\n".join(part.text for part in parts)


def _head() -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": MODEL}


class _Content:
    """An answer as Markdown, as far as it is there, and where its markers stand in it."""

    def __init__(self, address: str) -> None:
        """:param address: of the page, for links."""
        self.text = ""
        self._address = address
        self._sentences: list[AnswerSentence] = []
        self._places: list[tuple[int, int, int]] = []  # marker, start, end

    def add(self, sentence: AnswerSentence, language: Language) -> None:
        """Add a sentence: what is there of the text stays as it is."""
        row = sentence.row and TableRow(
            *(tuple(map(_markdown, cells)) for cells in (sentence.row.header, sentence.row.cells))
        )
        self._sentences.append(replace(sentence, text=_markdown(sentence.text), lead=_markdown(sentence.lead), row=row))
        self.text = compose(language, self._sentences)
        end = len(self.text) - (len(ROW_END) if row else 0)
        for marker in reversed(sentence.markers):  # they are the last of the text
            end = self._mark(marker, end)

    def finish(self, answer: Answer) -> None:
        """Add what is not there yet of an answer: its words where it has no sentences, a note, and the sources."""
        for sentence in answer.sentences[len(self._sentences) :]:
            self.add(sentence, answer.language)
        if not answer.sentences:
            self._add_lines(answer)
        if answer.reason and (answer.status == "answered" or answer.by_words):
            self.text += f"\n\n*{_markdown(answer.reason)}*"
        if answer.citations:
            words = WORDS[answer.language]
            self.text += "\n\n" + block_as_markdown(Block("paragraph", (Text(words.sources, bold=True),))) + "\n"
            for citation in answer.citations:
                place = place_of(citation, answer.index.generation, self._address, words)
                self.text += "\n" + block_as_markdown(Block("item", place))

    def annotations(self, answer: Answer) -> list[Annotation]:
        """What each marker of the text stands for, in the order of the text."""
        cited = {citation.marker: citation for citation in answer.citations}
        found = []
        for marker, start, end in sorted(self._places, key=lambda place: place[1]):
            citation = cited[marker]
            url = place_address(self._address, answer.language, citation, answer.index.generation)
            title = " › ".join((citation.title, *citation.heading))
            found.append(Annotation(url_citation=UrlCitation(url=url, title=title, start_index=start, end_index=end)))
        return found

    def _add_lines(self, answer: Answer) -> None:
        """The lines of an answer that is no sentences: a greeting, a refusal, or the nearest passages with their markers."""
        left = [citation.marker for citation in answer.citations]
        for number, line in enumerate(answer.text.split("\n")):
            opening = next((opening for opening in _OPENINGS if line.startswith(opening)), "")
            self.text += ("\n" if number else "") + opening + _markdown(line.removeprefix(opening))
            if left and not opening and line.endswith(f" [{left[0]}]"):
                self._mark(left.pop(0), len(self.text))

    def _mark(self, marker: int, end: int) -> int:
        """Note where a marker stands; where it starts."""
        start = end - len(f"[{marker}]")
        self._places.append((marker, start, end))
        return start


def _markdown(text: str) -> str:
    """Plain text as a line of Markdown that shows it as it stands: documents are quoted, never obeyed."""
    return block_as_markdown(paragraph(text))


class _Chunks:
    """The events of an answer in OpenAI's form: what each adds to the message."""

    def __init__(self, content: _Content) -> None:
        self._content = content
        self._head = {**_head(), "object": "chat.completion.chunk"}
        self._language: Language = "en"  # the first stage says which
        self._begun = False

    def event(self, event: Event) -> bytes:
        """What an event adds; a stage adds nothing, and shows that somebody is there."""
        sent = len(self._content.text)
        if isinstance(event, Stage):
            self._language = event.language
        elif isinstance(event, SentenceReady):
            self._content.add(event.sentence, self._language)
        else:
            self._content.finish(event)
        new = self._delta({"content": self._content.text[sent:]})
        return new + self._end(event) if isinstance(event, Answer) else new

    def failure(self, error: ProblemError) -> bytes:
        """The error, as the last event."""
        return _sse(json.dumps(error.as_openai(), ensure_ascii=False))

    def _end(self, answer: Answer) -> bytes:
        annotations = [one.model_dump() for one in self._content.annotations(answer)]
        cited = self._delta({"annotations": annotations}) if annotations else b""
        return cited + self._delta({}, "stop") + _sse("[DONE]")

    def _delta(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        if not self._begun:
            delta = {"role": "assistant", **delta}
            self._begun = True
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return _sse(json.dumps({**self._head, "choices": [choice]}, ensure_ascii=False))


def _sse(data: str) -> bytes:
    return format_sse_event(data_str=data)
