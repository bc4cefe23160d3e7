"""The Evaluations tab: ask question sets, read a run, compare it with another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from advisor.advisor import Advisor
from advisor.api.access import may_curate
from advisor.errors import AdvisorError, EvaluationError
from advisor.evaluation.reports.html_report import render_run
from advisor.evaluation.run_store import BASELINE, LATEST, RUNS, Run, check_name, read_info, read_run, run_names, set_names
from advisor.evaluation.runner import Order, run_sets_in_steps
from advisor.limits import RUN_NAME
from advisor.text.reasons import reason
from advisor.ui.corpus_view import render_bar, render_error, render_message
from advisor.ui.rendering import render
from advisor.ui.texts import EVALUATION_TEXTS, Texts


def build_evaluations(advisor: Advisor, tab: gr.Tab, texts: Texts) -> None:
    """Lay the tab out inside the current Blocks and wire its events."""
    words = EVALUATION_TEXTS[texts.language]
    desk = _EvaluationEvents(advisor, texts)
    with gr.Column(elem_id="evaluations", elem_classes="desk"):
        gr.HTML(render("evaluations", texts.language))
        sets = gr.CheckboxGroup(label=words.sets, choices=desk.sets, elem_id="evaluation-sets")
        with gr.Row(elem_classes="desk-row"):
            name = gr.Textbox(label=words.name, info=words.name_hint, value=LATEST, elem_id="evaluation-name")
            run = gr.Button(words.run, variant="primary", elem_id="evaluation-run")
        outcome = gr.HTML("", elem_id="evaluation-outcome")
        with gr.Row(elem_classes="desk-row"):
            shown = gr.Dropdown(label=words.shown, choices=[], elem_id="evaluation-shown")
            against = gr.Dropdown(label=words.against, choices=[], elem_id="evaluation-against")
            show = gr.Button(words.show, elem_id="evaluation-show")
        report = gr.HTML("", elem_id="evaluation-report")

    events: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    run.click(desk.run, [sets, name], [outcome, shown, against, report, run], **events)
    show.click(desk.show, [shown, against], [outcome, report], **events)
    tab.select(desk.look, None, [shown, against], **events)


class _EvaluationEvents:
    """What the events of the tab show; each checks that a curator asks, since a request can come without the tab.

    Values go as updates: see `advisor.ui.chat_tab.View.outputs`.
    """

    def __init__(self, advisor: Advisor, texts: Texts) -> None:
        self._advisor = advisor
        self._evals = advisor.settings.evals_dir
        self._texts = texts
        self._words = EVALUATION_TEXTS[texts.language]

    @property
    def sets(self) -> list[str]:
        return set_names(self._evals)

    def look(self, request: gr.Request) -> tuple[Any, Any]:
        """The runs to choose from; nothing for whoever does not see the tab."""
        if not may_curate(request):
            return gr.skip(), gr.skip()
        names = run_names(self._evals)
        return self._choices(names, names[0] if names else None)

    def _choices(self, names: Sequence[str], shown: str | None) -> tuple[Any, Any]:
        nothing = (self._words.nothing, "")
        named = [(self._named(name), name) for name in names]
        return gr.Dropdown(choices=named, value=shown), gr.Dropdown(choices=[nothing, *named], value="")

    def _named(self, name: str) -> str:
        """What a run is called, with its day and size."""
        try:
            info = read_info(name, self._evals)
        except EvaluationError:
            return name  # showing it says why
        day = self._texts.date(info.created[:10])
        if name == BASELINE:
            return self._words.baseline.format(day, info.questions)
        return self._words.of_day.format(name, day, info.questions)

    def _read(self, name: str) -> Run:
        """A run; the baseline not under the name of the run that became it."""
        run = read_run(name, self._evals)
        return replace(run, info=replace(run.info, name=self._named(name))) if name == BASELINE else run

    def run(self, sets: Sequence[str] | None, name: str | None, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """Ask the sets; how far it is, then the report. The button is off meanwhile: a run has the machine to itself."""
        if not may_curate(request):
            yield self._message(self._words.curators_only), *(gr.skip(),) * 4
            return
        wanted = (name or "").strip() or LATEST
        if problem := self._name_problem(wanted):
            yield self._message(problem), *(gr.skip(),) * 4
            return
        try:
            _refuse_unknown(sets or (), self.sets)
            for step in run_sets_in_steps(self._advisor, Order(tuple(sets or ()), wanted)):
                if isinstance(step, tuple):
                    yield self._progress(*step), gr.skip(), gr.skip(), gr.skip(), gr.Button(interactive=False)
                    continue
                info = step.info
                said = self._words.written.format(info.name, info.questions, info.seconds, info.failures)
                choices = self._choices(run_names(self._evals), info.name)
                yield self._message(said), *choices, self._report(step, None), gr.Button(interactive=True)
        except AdvisorError as error:
            yield self._problem(error), gr.skip(), gr.skip(), gr.skip(), gr.Button(interactive=True)

    def _name_problem(self, name: str) -> str:
        """Why a run cannot have this name, in the words of the page; "" when it can."""
        try:
            check_name(name, self._evals / RUNS)
        except EvaluationError:
            is_taken = not RUN_NAME.excess(name) and name in run_names(self._evals) and name != BASELINE
            return (self._words.taken if is_taken else self._words.no_name).format(name[: RUN_NAME.most])
        return ""

    def show(self, name: str | None, against: str | None, request: gr.Request) -> tuple[Any, ...]:
        """The report of a run, alone or against another, on the questions that both have."""
        if not may_curate(request):
            return self._message(self._words.curators_only), gr.update(value="")
        if not name:
            return self._message(self._words.no_runs), gr.update(value="")
        try:
            _refuse_unknown(filter(None, (name, against)), run_names(self._evals))
            return gr.update(value=""), self._report(self._read(name), against or None)
        except EvaluationError as error:
            return self._problem(error), gr.update(value="")

    def _problem(self, error: AdvisorError) -> dict[str, Any]:
        return gr.update(value=render_error(error, self._texts))

    def _message(self, text: str) -> dict[str, Any]:
        return gr.update(value=render_message(text, self._texts))

    def _progress(self, done: int, total: int) -> dict[str, Any]:
        said = self._words.done.format(done, total) if total else self._words.asking
        return gr.update(value=render_bar(done, total, said, self._texts))

    def _report(self, run: Run, against: str | None) -> dict[str, Any]:
        other = self._read(against) if against else None
        return gr.update(value=render_run(run, other, self._texts.language, self._texts.date))


def _refuse_unknown(names: Iterable[str], known: Collection[str]) -> None:
    """The page chooses among names; a command takes any path as well.

    :raises EvaluationError: when a name is none of them.
    """
    for name in names:
        if name not in known:
            raise EvaluationError(reason("not_here", name=repr(name[: RUN_NAME.most])))
