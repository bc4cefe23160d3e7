"""The chat: a question in, a verified answer with its sources out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from advisor.errors import AdvisorError, QuestionError
from advisor.pipeline import Advisor, Stage
from advisor.questions import question_language
from advisor.types import Answer, SentenceReady
from advisor.ui.render import render_answer, render_notice, render_progress, render_turn
from advisor.ui.texts import TEXTS, Texts

_LONGEST_CONVERSATION = 50  # turns kept on the page


@dataclass(frozen=True, slots=True)
class Conversation:
    """What one browser session has asked: its turns as HTML, and its standalone questions, for follow-ups."""

    turns: tuple[str, ...] = ()
    history: tuple[str, ...] = ()

    def followed_by(self, turn: str, question: str) -> Conversation:
        """The conversation with one more turn."""
        return Conversation((*self.turns, turn)[-_LONGEST_CONVERSATION:], (*self.history, question)[-_LONGEST_CONVERSATION:])


@dataclass(frozen=True, slots=True)
class View:
    """What the page shows at one moment. `question` is the text of the entry field, None to leave it alone."""

    thread: str
    conversation: Conversation
    question: str | None = None


def build_chat(advisor: Advisor, texts: Texts) -> None:
    """Lay the chat out inside the current Blocks and wire its events."""
    conversation = gr.State(Conversation())
    with gr.Row(elem_id="layout"):
        with gr.Column(elem_id="chat"):
            with gr.Row(elem_id="head"):
                gr.HTML(f"<h1>{escape(texts.title)}</h1>", elem_id="title")
                restart = gr.Button(texts.new, size="sm", elem_id="new")
                gr.HTML(_language_link(texts), elem_id="language")
            with gr.Column(elem_id="welcome"):
                gr.HTML(f"<p>{escape(texts.tagline)}</p><h2>{escape(texts.try_asking)}</h2>")
                examples = [gr.Button(example, elem_classes="example") for example in texts.examples]
            thread = gr.HTML("", elem_id="thread")
            with gr.Row(elem_id="composer"):
                question = gr.Textbox(
                    placeholder=texts.placeholder,
                    label=texts.placeholder,
                    show_label=False,
                    container=False,
                    lines=1,
                    max_lines=6,
                    autofocus=True,
                    elem_id="question",
                )
                send = gr.Button(texts.send, variant="primary", elem_id="send")
        with gr.Column(elem_id="side"):
            gr.HTML(_side(texts))

    def answer(asked: str, state: Conversation) -> Iterator[tuple[str, Conversation, Any]]:
        for view in answer_in_steps(advisor, texts, asked, state):
            yield view.thread, view.conversation, gr.skip() if view.question is None else view.question

    outputs = [thread, conversation, question]
    # The two ways to send are one event, which Gradio runs once at a time: a second question would lose the first's turn.
    entries: list[tuple[Any, list[Any]]] = [(question, [question.submit, send.click])]
    entries += [(example, [example.click]) for example in examples]
    asking: list[Any] = [
        gr.on(triggers, answer, [entry, conversation], outputs, show_progress="hidden", api_visibility="private")
        for entry, triggers in entries
    ]
    restart.click(
        lambda: ("", Conversation(), ""), None, outputs, show_progress="hidden", api_visibility="private", cancels=asking
    )


def answer_in_steps(advisor: Advisor, page: Texts, asked: str, conversation: Conversation) -> Iterator[View]:
    """The page while a question is answered, moment by moment. A turn speaks the language of its question.

    :param page: the words of the page, for a question that is in no language.
    """
    before = "".join(conversation.turns)
    if not any(map(str.isalpha, asked)):
        message = page.no_letters if asked.strip() else page.empty
        yield View(before + render_notice(message, page), conversation, asked.strip())
        return
    asked = asked.strip()
    texts = TEXTS[question_language(asked, conversation.history)]
    field: str | None = ""  # emptied once: afterwards the next question may be in it
    try:
        for body, answer in _answer(advisor, texts, asked, conversation):
            turn = render_turn(asked, body, texts)
            if answer is not None:
                conversation = conversation.followed_by(turn, answer.standalone_question)
            yield View(before + turn, conversation, field)
            field = None
    except QuestionError:
        message = texts.too_long.format(advisor.settings.max_question_chars)
        yield View(before + render_notice(message, texts), conversation, asked)
    except AdvisorError as error:
        notice = render_notice(texts.failed.format(error), texts)
        yield View(before + render_turn(asked, notice, texts), conversation, asked)


def _answer(advisor: Advisor, texts: Texts, asked: str, conversation: Conversation) -> Iterator[tuple[str, Answer | None]]:
    """The answer as HTML, stage by stage and sentence by sentence; the finished one last, with what it was made from."""
    generation = advisor.index.info.generation
    ready: list[SentenceReady] = []
    stage = ""
    for event in advisor.stream(asked, history=conversation.history, language=texts.language):
        if isinstance(event, Answer):
            yield render_answer(event, texts), event
            continue
        if isinstance(event, Stage):
            stage = texts.stages.get(event.name, "")
        else:
            ready.append(event)
        citations = [citation for one in ready for citation in one.citations]
        yield render_progress([one.sentence for one in ready], citations, generation, stage, texts), None


def _language_link(texts: Texts) -> str:
    other = "en" if texts.language == "fr" else "fr"
    return f'<a href="/{other}/" hreflang="{other}" lang="{other}">{escape(texts.other_language)}</a>'


def _side(texts: Texts) -> str:
    """Where `advisor.js` shows the sources of an answer, and a document."""
    close = (
        f'<button type="button" class="close" aria-label="{escape(texts.close)}" title="{escape(texts.close)}">×</button>'
    )
    return (
        f'<section id="sources" aria-labelledby="sources-title"><div class="bar">'
        f'<h2 id="sources-title">{escape(texts.sources)}</h2>{close}</div><p class="asked"></p>'
        f'<div class="list"></div><p class="empty">{escape(texts.no_sources)}</p></section>'
        f'<section id="document" aria-label="{escape(texts.document)}" data-unreadable="{escape(texts.unreadable)}" hidden>'
        f'<div class="bar"><button type="button" class="back">← {escape(texts.back)}</button>{close}</div>'
        '<article tabindex="-1"></article></section>'
    )
