"""The chat: a question in, a verified answer with its sources out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

import gradio as gr

from advisor.errors import AdvisorError, QuestionError
from advisor.pipeline import Advisor, SentenceReady, Stage
from advisor.types import Answer
from advisor.ui.render import render_answer, render_notice, render_progress, render_sources
from advisor.ui.texts import Texts

_LONGEST_CONVERSATION = 50  # turns kept on the page


@dataclass
class Conversation:
    """What one browser session has asked: the turns as HTML, and the standalone questions for follow-ups."""

    turns: list[str] = field(default_factory=list)
    history: list[str] = field(default_factory=list)

    def add(self, turn: str) -> None:
        """Keep a finished turn."""
        self.turns = [*self.turns, turn][-_LONGEST_CONVERSATION:]


Outputs = tuple[str, str, Conversation, str, object]


def build_chat(advisor: Advisor, texts: Texts) -> None:
    """Lay the chat out inside the current Blocks and wire its events."""
    conversation = gr.State(None)
    with gr.Row(elem_id="layout"):
        with gr.Column(scale=3, min_width=320, elem_id="conversation"):
            gr.HTML(_head(texts), elem_id="head")
            thread = gr.HTML("", elem_id="thread")
            with gr.Column(elem_id="examples") as examples:
                gr.HTML(f"<p>{escape(texts.try_asking)}</p>")
                offered = [gr.Button(example, elem_classes="example") for example in texts.examples]
            with gr.Row(elem_id="composer"):
                question = gr.Textbox(
                    placeholder=texts.placeholder,
                    label=texts.placeholder,
                    show_label=False,
                    container=False,
                    lines=1,
                    max_lines=6,
                    autofocus=True,
                    scale=5,
                    elem_id="question",
                )
                send = gr.Button(texts.send, variant="primary", scale=1, min_width=110, elem_id="send")
            restart = gr.Button(texts.new, variant="secondary", size="sm", elem_id="new")
        with gr.Column(scale=2, min_width=320, elem_id="side"):
            gr.HTML(f'<h2 id="sources-title">{escape(texts.sources)}</h2>')
            sources = gr.HTML(render_sources(None, texts), elem_id="sources")
            gr.HTML(_reader(texts), elem_id="reader")

    def answer(asked: str, state: Conversation | None) -> Iterator[Outputs]:
        yield from _answer(advisor, texts, asked, state or Conversation())

    outputs = [thread, sources, conversation, question, examples]
    gr.on(
        [question.submit, send.click],
        answer,
        [question, conversation],
        outputs,
        show_progress="hidden",
        concurrency_limit=8,
        api_visibility="private",
    )
    for button in offered:
        button.click(
            answer, [button, conversation], outputs, show_progress="hidden", concurrency_limit=8, api_visibility="private"
        )
    restart.click(
        lambda: ("", render_sources(None, texts), None, "", gr.update(visible=True)),
        None,
        outputs,
        show_progress="hidden",
        api_visibility="private",
    )


def _answer(advisor: Advisor, texts: Texts, asked: str, state: Conversation) -> Iterator[Outputs]:
    """The page while a question is answered, state by state."""
    hidden = gr.update(visible=False)
    before = "".join(state.turns)
    ready: list[SentenceReady] = []
    generation = advisor.index.info.generation
    try:
        for event in advisor.stream(asked, history=state.history):
            if isinstance(event, Answer):
                turn = render_answer(event, texts)
                state.add(turn)
                state.history = [*state.history, event.standalone_question]
                yield before + turn, render_sources(event, texts), state, "", hidden
                return
            stage = texts.stages[event.name] if isinstance(event, Stage) else ""
            if isinstance(event, SentenceReady):
                ready.append(event)
            turn = render_progress(asked, ready, stage, generation, texts)
            yield before + turn, gr.skip(), state, "", hidden
    except QuestionError as error:
        state.add(render_notice(asked[:200], _friendly(error, asked, advisor, texts)))
        yield "".join(state.turns), gr.skip(), state, asked if asked.strip() else "", hidden
    except AdvisorError as error:
        state.add(render_notice(asked, texts.errors["failed"].format(why=error)))
        yield "".join(state.turns), gr.skip(), state, asked, hidden


def _friendly(error: QuestionError, asked: str, advisor: Advisor, texts: Texts) -> str:
    """Why a question cannot be taken, in the language of the page."""
    most = advisor.settings.max_question_chars
    if len(asked) > most:
        return texts.errors["long"].format(most=most)
    return texts.errors["letters" if asked.strip() else "empty"]


def _head(texts: Texts) -> str:
    other = "en" if texts.language == "fr" else "fr"
    return (
        f"<header><div><h1>{escape(texts.title)}</h1><p>{escape(texts.tagline)}</p></div>"
        f'<a href="/{other}/" hreflang="{other}" lang="{other}">{escape(texts.other_language)}</a></header>'
    )


def _reader(texts: Texts) -> str:
    """Where the browser shows a document; filled by `advisor.js`."""
    return (
        f'<section id="document" hidden aria-label="{escape(texts.open_document)}"><div class="bar">'
        f'<button type="button" class="close">← {escape(texts.back)}</button></div>'
        '<h3></h3><article tabindex="0"></article></section>'
    )
