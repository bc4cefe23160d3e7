"""The chat: a question in, a verified answer with its sources out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from markupsafe import Markup
from pydantic import ValidationError

from advisor.advisor import Manner, Stage
from advisor.answering.intake import question_language, remembered
from advisor.api.access import owner_of, visitor_of, who_takes_turns
from advisor.api.log import log_failure
from advisor.api.pool import QuestionPool
from advisor.api.problems import problem_of
from advisor.errors import QuestionError, StorageError
from advisor.features.conversations import Conversations, Turn
from advisor.limits import COMMENT
from advisor.types import Answer, SentenceReady
from advisor.ui.answer_view import render_kept, render_notice, render_sentences, render_stage, render_turn
from advisor.ui.leftovers import drop_leftovers
from advisor.ui.rendering import render
from advisor.ui.runs import AnswerRun, AnswerRuns, Shown
from advisor.ui.scope_view import PageManner, render_options
from advisor.ui.texts import CHAT_TEXTS, TEXTS, Texts
from advisor.ui.welcome import render_welcome

_MOST_TURNS = 50  # shown on the page, and looked at for follow-ups
_NOTHING = (gr.skip(),) * 4


@dataclass(frozen=True, slots=True)
class View:
    """What the page shows at one moment: the finished turns before the last, and the last one.

    None leaves a part alone; `field` is the text of the entry field, which the page's script empties of what is answered.
    """

    current: str
    shown: Shown
    earlier: str | None = None
    field: str | None = None

    def outputs(self) -> tuple[Any, ...]:
        """For the components: earlier turns, last turn, state, entry field.

        Values go as updates: given as they are, Gradio 6.31 would keep every one that follows a `gr.skip()`, for as long as
        the page is open (half a megabyte for each question of a long conversation).
        """
        earlier, current, field = (
            gr.skip() if part is None else gr.update(value=part) for part in (self.earlier, self.current, self.field)
        )
        return earlier, current, self.shown, field


def build_chat(pool: QuestionPool, conversations: Conversations, texts: Texts) -> None:
    """Lay the chat out inside the current Blocks and wire its events."""
    state = gr.State(Shown())
    with gr.Row(elem_id="layout"):
        gr.HTML(render("history", texts.language), elem_id="history")
        with gr.Column(elem_id="chat"):
            restart = _build_head(texts)
            gr.HTML(render_welcome(texts), elem_id="welcome")
            with gr.Column(elem_id="thread"):
                earlier = gr.HTML("", elem_id="earlier")
                current = gr.HTML("", elem_id="current")
            question, send, stop = _build_composer(texts)
            # The page's script fills these and clicks: how to answer, the id of an answer to replace, of one to open.
            manner = gr.Textbox(visible="hidden", elem_id="manner")
            replaced = gr.Textbox(visible="hidden", elem_id="replaced")
            opened = gr.Textbox(visible="hidden", elem_id="opened")
            open_ = gr.Button(visible="hidden", elem_id="open")
        with gr.Column(elem_id="side"):
            gr.HTML(render("side", texts.language, longest_comment=COMMENT.most))

    desk = _ChatEvents(pool, conversations, texts)
    outputs = [earlier, current, state, question]
    events: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    # The two ways to send are one event, which Gradio runs once at a time: a second question would lose the first's turn.
    asked = gr.on([question.submit, send.click], desk.ask, [question, replaced, manner, state], outputs, **events)
    asked.then(None, js="() => window.advisor.over()")
    asked.failure(None, js="() => window.advisor.failed()")
    stop.click(desk.stop, None, outputs, **events)
    restart.click(desk.restart, None, outputs, **events)
    open_.click(desk.open, [opened], outputs, **events).then(None, js="() => window.advisor.opened()")
    if (page := gr.context.Context.root_block) is not None:
        page.load(
            None, js="() => window.advisor.begin()"
        )  # asks the server for nothing: the page's events are taken from now on


@dataclass(frozen=True, slots=True)
class _Sent:
    """What a browser sends: a question, how to answer it, the id of an answer that it replaces ("" for none)."""

    user: str
    question: str
    shown: Shown
    replaced: str
    manner: PageManner


class _ChatEvents:
    """What the events of the chat show."""

    def __init__(self, pool: QuestionPool, conversations: Conversations, texts: Texts) -> None:
        """:param texts: the words of the page, for a question that is in no language."""
        self._pool = pool
        self._conversations = conversations
        self._texts = texts
        self._runs = AnswerRuns()

    def ask(self, question: str, replaced: str, manner: str, shown: Shown, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        drop_leftovers(request)
        user = owner_of(request)
        if user is None:
            yield View(render_notice(CHAT_TEXTS[self._texts.language].sign_in, self._texts), Shown()).outputs()
            return
        who = who_takes_turns(visitor_of(request))
        if not self._pool.turns.take(who):  # to wait here would hold a place of Gradio's
            notice = render_notice(CHAT_TEXTS[self._texts.language].problem("too_many"), self._texts)
            yield View(notice, shown, field=question).outputs()
            return
        run = self._runs.begin(request)
        try:
            for view in self._answer(_Sent(user, question.strip(), shown, replaced, _manner(manner)), run):
                run.shown = view.shown
                yield view.outputs()
                if run.cancelled.is_set():
                    break
        finally:
            run.over.set()
            self._pool.turns.give_back(who)
        yield _NOTHING  # Gradio sends the last values of an event once more at its end: these change nothing

    def stop(self, request: gr.Request) -> tuple[Any, ...]:
        run = self._runs.end(request)
        if run is None or run.is_complete:
            return _NOTHING
        shown, notice = run.shown, render_notice(CHAT_TEXTS[self._texts.language].stopped, self._texts)
        turn = render_turn(shown.question, shown.ready + notice, self._texts) if shown.question else notice
        return View(turn, Shown(shown.conversation), field=shown.question).outputs()

    def restart(self, request: gr.Request) -> tuple[Any, ...]:
        self._runs.end(request)
        return View("", Shown(), earlier="", field="").outputs()

    def open(self, conversation: str, request: gr.Request) -> tuple[Any, ...]:
        self._runs.end(request)
        user = owner_of(request)
        turns = self._conversations.turns(user, conversation)[-_MOST_TURNS:] if user is not None else []
        if not turns:
            notice = render_notice(CHAT_TEXTS[self._texts.language].gone, self._texts)
            return View(notice, Shown(), earlier="", field="").outputs()
        earlier, last = _all_kept(turns[:-1], conversation), _kept(turns[-1], conversation)
        return View(last, Shown(conversation), earlier=earlier, field="").outputs()

    def _answer(self, asked: _Sent, run: AnswerRun) -> Iterator[View]:
        """The page while a question is answered, moment by moment. A turn speaks the language of its question."""
        shown, texts, before = asked.shown, self._texts, ""
        try:
            turns = self._turns_before(asked)
            before = _all_kept(turns, shown.conversation)
            if not any(map(str.isalpha, asked.question)):
                notice = self._texts.no_letters if asked.question else self._texts.empty
                yield View(render_notice(notice, texts), shown, before)
                return
            history = remembered([turn.answer.question for turn in turns])
            texts = TEXTS[question_language(asked.question, history)]
            earlier: str | None = before  # sent once
            for view in self._views(asked, run, history, texts):
                yield replace(view, earlier=earlier)
                earlier = None
        except QuestionError:
            message = texts.too_long.format(self._pool.advisor.settings.max_question_chars)
            yield View(render_notice(message, texts), shown, before, asked.question)
        except Exception as error:  # noqa: BLE001 - the page would wait for ever: Gradio tells it nothing
            notice = render_notice(CHAT_TEXTS[texts.language].problem(problem_of(error).problem.code), texts)
            yield View(render_turn(asked.question, notice, texts), shown, before, asked.question)

    def _turns_before(self, asked: _Sent) -> list[Turn]:
        """The turns that a question follows."""
        conversation = asked.shown.conversation
        turns = self._conversations.turns(asked.user, conversation)[-_MOST_TURNS:] if conversation else []
        return turns[: next((n for n, turn in enumerate(turns) if turn.answer.id == asked.replaced), len(turns))]

    def _views(self, asked: _Sent, run: AnswerRun, history: Sequence[str], texts: Texts) -> Iterator[View]:
        """The last turn, stage by stage and sentence by sentence, and once it is kept."""
        generation = self._pool.advisor.index.info.generation
        ready: list[SentenceReady] = []
        stage = ""
        how = Manner(history=history, language=texts.language, scope=asked.manner.scope, length=asked.manner.length)
        for event in self._pool.stream(asked.question, cancelled=run.cancelled, **how):
            if isinstance(event, Answer):
                run.is_complete = True
                yield self._finished(asked, event)
                return
            if isinstance(event, Stage):
                stage = texts.stages.get(event.name, "")
            else:
                ready.append(event)
            sentences = [one.sentence for one in ready]
            citations = [citation for one in ready for citation in one.citations]
            body = render_sentences(sentences, citations, generation, texts)
            now = Shown(asked.shown.conversation, asked.question, body)
            yield View(render_turn(asked.question, body + render_stage(stage, texts), texts), now)

    def _finished(self, asked: _Sent, answer: Answer) -> View:
        """The last turn once it is kept; shown all the same when it cannot be."""
        conversation, notice = asked.shown.conversation, Markup()
        try:
            conversation = self._conversations.keep(
                asked.user, answer, conversation or None, replacing=asked.replaced or None
            )
        except StorageError as error:
            log_failure(error)
            notice = render_notice(CHAT_TEXTS[answer.language].not_kept, TEXTS[answer.language])
        return View(_kept(Turn(answer, ""), conversation) + notice, Shown(conversation))


def _manner(sent: str) -> PageManner:
    """What the page's script says; from everything and in full, where it has said nothing or something else."""
    try:
        return PageManner.model_validate_json(sent)
    except ValidationError:
        return PageManner()


def _kept(turn: Turn, conversation: str) -> Markup:
    return render_kept(turn, conversation, TEXTS[turn.answer.language])


def _all_kept(turns: Sequence[Turn], conversation: str) -> Markup:
    return Markup().join(_kept(turn, conversation) for turn in turns)


def _build_head(texts: Texts) -> gr.Button:
    with gr.Row(elem_id="head"):
        gr.HTML(render("show_history", texts.language), elem_id="title")
        return gr.Button(texts.new, size="sm", elem_id="new")


def _build_composer(texts: Texts) -> tuple[gr.Textbox, gr.Button, gr.Button]:
    words = CHAT_TEXTS[texts.language]
    with gr.Row(elem_id="composer"):
        gr.HTML(render("editing", texts.language, refusals=json.dumps(words.refusals)), elem_id="editing")
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
        stop = gr.Button(words.stop, elem_id="stop")
        gr.HTML(render_options(texts), elem_id="options")
    return question, send, stop
