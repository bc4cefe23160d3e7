"""The Corpus tab, for curators: the documents and their state, uploads, deletion, re-indexing, rollback."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from advisor.accounts.audit import record_action
from advisor.advisor import Advisor
from advisor.api.access import current_user, may_curate
from advisor.errors import AdvisorError
from advisor.features.curation import Progress, delete_documents, entries, sync_in_steps
from advisor.features.review import OPERATOR, approve_uploads, decline_uploads, submit_upload, waiting_uploads
from advisor.index.generation import Generation
from advisor.index.report import IndexReport
from advisor.index.sync import SyncOptions, last_report, rollback, sync
from advisor.ui.corpus_view import (
    render_deleted,
    render_entries,
    render_error,
    render_message,
    render_progress,
    render_report,
    render_uploads,
    render_waiting,
)
from advisor.ui.texts import Texts


def build_corpus(advisor: Advisor, tab: gr.Tab, texts: Texts) -> None:
    """Lay the tab out inside the current Blocks and wire its events. The folder is looked through when it is selected."""
    words = texts.corpus
    with gr.Column(elem_id="corpus", elem_classes="desk"):
        table = gr.HTML("", elem_id="corpus-documents")
        outcome = gr.HTML("", elem_id="corpus-outcome")
        with gr.Row(elem_id="corpus-actions"):
            reindex = gr.Button(words.reindex, variant="primary", elem_id="corpus-reindex")
            back = gr.Button(words.rollback, elem_id="corpus-rollback")
        with gr.Row(visible=False, elem_id="corpus-confirm") as confirm:
            asked = gr.HTML("")
            yes = gr.Button(words.rollback_confirm, variant="stop", elem_id="corpus-yes")
            no = gr.Button(words.cancel, elem_id="corpus-no")
        # Of any kind: Gradio would refuse the others in English, the reasons of `submit_upload` say what to do.
        files = gr.File(label=words.upload, file_count="multiple", elem_id="corpus-upload")
        with gr.Column(visible=False, elem_id="corpus-review") as review:
            listed = gr.HTML("")
            waiting = gr.Dropdown(label=words.waiting, choices=[], multiselect=True, elem_id="corpus-waiting")
            with gr.Row():
                approve = gr.Button(words.approve, elem_id="corpus-approve")
                decline = gr.Button(words.decline, elem_id="corpus-decline")
        # The page's script fills this and clicks, once somebody has said yes in the row of a document.
        chosen = gr.Textbox(visible="hidden", elem_id="corpus-chosen")
        delete = gr.Button(visible="hidden", elem_id="corpus-delete")

    desk = _CorpusEvents(advisor, texts)
    events: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    view = [table, outcome, listed, waiting, review]
    approve.click(desk.approve, [waiting], view, **events)
    decline.click(desk.decline, [waiting], view, **events)
    reindex.click(desk.reindex, None, view, **events)
    files.upload(desk.upload, [files], [*view, files], **events)
    delete.click(desk.delete, [chosen], view, **events)
    back.click(desk.ask_to_roll_back, None, [asked, confirm], **events)
    yes.click(desk.roll_back, None, [*view, confirm], **events)
    no.click(lambda: gr.Row(visible=False), None, [confirm], **events)
    tab.select(desk.look, None, view, **events)


class _CorpusEvents:
    """What the events of the tab show; each checks that a curator asks, since a request can come without the tab.

    Values go as updates: see `advisor.ui.chat_tab.View.outputs`.
    """

    def __init__(self, advisor: Advisor, texts: Texts) -> None:
        self._advisor = advisor
        self._texts = texts

    def look(self, request: gr.Request) -> tuple[Any, ...]:
        """The tab as it opens; nothing for whoever does not see it."""
        return self._view(self._last()) if may_curate(request) else (gr.skip(),) * 5

    def reindex(self, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        if not may_curate(request):
            yield self._refuse()
            return
        try:
            for step in sync_in_steps(self._advisor.settings, self._advisor.embeddings):
                if isinstance(step, Progress):
                    yield gr.skip(), gr.update(value=render_progress(step, self._texts)), *(gr.skip(),) * 3
                else:
                    self._record(request, "index", generation=step.generation)
                    yield self._view(render_report(step, self._texts))
        except AdvisorError as error:
            yield self._view(render_error(error, self._texts))

    def upload(self, files: Sequence[str], request: gr.Request) -> tuple[Any, ...]:
        if not may_curate(request):
            return (*self._refuse(), gr.update(value=None))

        def store() -> str:
            stored = []
            for file in map(Path, files):
                stored.append(submit_upload(self._advisor.settings, file.name, file, current_user(request)))
                file.unlink(missing_ok=True)  # it would stay in the folder of uploads for as long as the server runs
                self._record(request, "upload", document=stored[-1].document, name=file.name)
            return render_uploads(stored, self._texts)

        return (*self._view(self._outcome(store)), gr.update(value=None))

    def approve(self, names: Sequence[str] | None, request: gr.Request) -> tuple[Any, ...]:
        if not may_curate(request):
            return self._refuse()

        def put() -> str:
            stored = approve_uploads(self._advisor.settings, names or (), current_user(request) or OPERATOR)
            self._record(request, "approve", documents=[one.document for one in stored if one.document])
            return render_uploads(stored, self._texts)

        return self._view(self._outcome(put))

    def decline(self, names: Sequence[str] | None, request: gr.Request) -> tuple[Any, ...]:
        if not may_curate(request):
            return self._refuse()

        def drop() -> str:
            declined = decline_uploads(self._advisor.settings, names or ())
            self._record(request, "decline", names=declined)
            return render_deleted(declined, [], self._texts)

        return self._view(self._outcome(drop))

    def delete(self, name: str | None, request: gr.Request) -> tuple[Any, ...]:
        """Delete the file of a row, which has asked first."""
        if not may_curate(request):
            return self._refuse()

        def remove() -> str:
            deleted, kept = delete_documents(self._advisor.settings, [name] if name else [])
            self._record(request, "delete", documents=deleted)
            return render_deleted(deleted, kept, self._texts)

        return self._view(self._outcome(remove))

    def ask_to_roll_back(self) -> tuple[Any, ...]:
        """What going back would do, for somebody to say yes to."""
        info = self._advisor.index.info
        question = self._texts.corpus.really_roll_back.format(info.documents, info.chunks)
        return gr.update(value=render_message(question, self._texts)), gr.Row(visible=True)

    def roll_back(self, request: gr.Request) -> tuple[Any, ...]:
        if not may_curate(request):
            return (*self._refuse(), gr.skip())

        def go_back() -> str:
            name = rollback(self._advisor.settings)
            self._record(request, "rollback", generation=name)
            info = self._advisor.index.info  # what the header of the table says from now on
            return render_message(
                self._texts.corpus.rolled_back.format(info.documents, info.chunks), self._texts, title=name
            )

        return (*self._view(self._outcome(go_back)), gr.Row(visible=False))

    def _outcome(self, act: Callable[[], str]) -> str:
        """What an action says of itself, or why it could not be done: the page would wait for ever for neither."""
        try:
            return act()
        except AdvisorError as error:
            return render_error(error, self._texts)

    def _record(self, request: gr.Request, action: str, **details: object) -> None:
        record_action(self._advisor.settings, current_user(request), action, **details)

    def _refuse(self) -> tuple[Any, ...]:
        refused = gr.update(value=render_message(self._texts.corpus.curators_only, self._texts))
        return gr.skip(), refused, *(gr.skip(),) * 3

    def _last(self) -> str:
        report = last_report(self._advisor.settings.index_dir)
        return render_report(report, self._texts) if report else ""

    def _view(self, outcome: str) -> tuple[Any, ...]:
        """The table, what became of the last action, and the uploads that wait."""
        index = self._advisor.index
        rows = entries(index, self._pending(index))
        table = render_entries(rows, index.info, self._texts)
        waiting = waiting_uploads(self._advisor.settings)
        return (
            gr.update(value=table),
            gr.update(value=outcome),
            gr.update(value=render_waiting(waiting, self._texts)),
            gr.Dropdown(choices=[one.name for one in waiting], value=[]),
            gr.Column(visible=bool(waiting)),
        )

    def _pending(self, index: Generation) -> IndexReport:
        """What a re-index would change; nothing when the folder cannot be read (a re-index says why)."""
        try:
            return sync(self._advisor.settings, self._advisor.embeddings, SyncOptions(dry_run=True))
        except AdvisorError:
            return IndexReport(index.info.generation)
