"""The answers under way on the open pages, each of which can be ended."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

import gradio as gr
from markupsafe import Markup

_END_SECONDS = 5.0  # to send what a cancelled answer showed last: Gradio does so within milliseconds


@dataclass(frozen=True, slots=True)
class Shown:
    """What one browser tab shows: a conversation ("" for a new one), and the question being answered, as far as it is."""

    conversation: str = ""
    question: str = ""
    ready: Markup = field(default_factory=Markup)


class AnswerRun:
    """A question that a page is having answered. Whoever ends it waits for its last words: one writes at a time.

    Gradio's own way to cancel an event lets what is under way arrive after what the event that cancels shows.
    """

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self.over = threading.Event()  # the page has been sent all that it is sent of the answer
        self.shown = Shown()
        self.is_complete = False


class AnswerRuns:
    """The runs of all open pages, by Gradio's number of the page. Safe to use from several threads."""

    def __init__(self) -> None:
        # Weakly: the run of a page that was closed goes with its generator.
        self._runs: WeakValueDictionary[str, AnswerRun] = WeakValueDictionary()

    def begin(self, request: gr.Request) -> AnswerRun:
        """Note that a page begins to have a question answered."""
        run = self._runs[request.session_hash or ""] = AnswerRun()
        return run

    def end(self, request: gr.Request) -> AnswerRun | None:
        """Cancel what a page is having answered, and wait until nothing more comes of it; None when there is nothing."""
        run = self._runs.get(request.session_hash or "")
        if run is None or run.over.is_set():
            return None
        run.cancelled.set()
        run.over.wait(_END_SECONDS)
        return run
