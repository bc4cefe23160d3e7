"""The Corpus tab, for curators: the documents and their state, uploads, deletion, re-indexing, rollback."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from advisor.curation import Progress, delete_documents, entries, is_curator, store_upload, sync_in_steps
from advisor.errors import AdvisorError
from advisor.formats.kinds import SUFFIXES
from advisor.pipeline import Advisor
from advisor.sync import last_report, rollback, sync
from advisor.types import IndexReport
from advisor.ui.corpus_view import (
    render_deleted,
    render_entries,
    render_message,
    render_progress,
    render_report,
    render_uploads,
)
from advisor.ui.texts import Texts


def build_corpus(advisor: Advisor, texts: Texts) -> None:
    """Lay the tab out inside the current Blocks and wire its events."""
    words = texts.corpus
    locked = advisor.settings.curator_password is not None
    with gr.Column(elem_id="corpus", elem_classes="desk"):
        key = gr.State("")
        with gr.Row(elem_id="corpus-login", visible=locked) as login:
            password = gr.Textbox(label=words.password, type="password", elem_id="curator-password")
            enter = gr.Button(words.enter, elem_id="curator-enter")
        refused = gr.HTML("", elem_id="corpus-refused")
        with gr.Column(visible=not locked, elem_id="corpus-desk") as desk:
            table = gr.HTML("", elem_id="corpus-documents")
            outcome = gr.HTML("", elem_id="corpus-outcome")
            with gr.Row(elem_id="corpus-actions"):
                reindex = gr.Button(words.reindex, variant="primary", elem_id="corpus-reindex")
                back = gr.Button(words.rollback, elem_id="corpus-rollback")
            files = gr.File(label=words.upload, file_count="multiple", file_types=list(SUFFIXES), elem_id="corpus-upload")
            chosen = gr.Dropdown(label=words.choose, choices=[], multiselect=True, elem_id="corpus-choose")
            delete = gr.Button(words.delete, elem_id="corpus-delete")
            with gr.Row(visible=False, elem_id="corpus-confirm") as confirm:
                asked = gr.HTML("")
                yes = gr.Button(words.confirm, variant="stop", elem_id="corpus-yes")
                no = gr.Button(words.cancel, elem_id="corpus-no")

    desk_view = _Desk(advisor, texts)
    events: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    view = [table, chosen, outcome]
    unlock: list[Any] = [password.submit, enter.click]
    gr.on(unlock, desk_view.unlock, [password], [key, login, desk, refused, password, *view], **events)
    reindex.click(desk_view.reindex, [key], view, **events)
    files.upload(desk_view.upload, [key, files], [*view, files], **events)
    delete.click(desk_view.ask_to_delete, [chosen], [asked, confirm], **events)
    yes.click(desk_view.delete, [key, chosen], [*view, confirm], **events)
    no.click(lambda: gr.Row(visible=False), None, [confirm], **events)
    back.click(desk_view.roll_back, [key], view, **events)
    if (page := gr.context.Context.root_block) is not None and not locked:
        page.load(desk_view.look, [key], view, **events)


class _Desk:
    """What the events of the tab show; each checks the curator's key again, since a request can come without the page."""

    def __init__(self, advisor: Advisor, texts: Texts) -> None:
        self._advisor = advisor
        self._texts = texts

    def unlock(self, password: str) -> tuple[Any, ...]:
        if not is_curator(self._advisor.settings, password):
            message = render_message(self._texts.corpus.wrong_password)
            return ("", gr.skip(), gr.skip(), message, "", gr.skip(), gr.skip(), gr.skip())
        return (password, gr.Row(visible=False), gr.Column(visible=True), "", "", *self._view(self._last()))

    def look(self, key: str) -> tuple[Any, ...]:
        return self._view(self._last()) if self._may(key) else self._refuse()

    def reindex(self, key: str) -> Iterator[tuple[Any, ...]]:
        if not self._may(key):
            yield self._refuse()
            return
        try:
            for step in sync_in_steps(self._advisor.settings, self._advisor.embeddings):
                if isinstance(step, Progress):
                    yield gr.skip(), gr.skip(), render_progress(step, self._texts)
                else:
                    yield self._view(render_report(step, self._texts))
        except AdvisorError as error:
            yield self._view(render_message(str(error)))

    def upload(self, key: str, files: Sequence[str]) -> tuple[Any, ...]:
        if not self._may(key):
            return (*self._refuse(), None)
        stored = [store_upload(self._advisor.settings, Path(file).name, Path(file)) for file in files]
        return (*self._view(render_uploads(stored, self._texts)), None)

    def ask_to_delete(self, names: Sequence[str]) -> tuple[Any, ...]:
        question = self._texts.corpus.really_delete.format(", ".join(names))
        return render_message(question), gr.Row(visible=bool(names))

    def delete(self, key: str, names: Sequence[str]) -> tuple[Any, ...]:
        if not self._may(key):
            return (*self._refuse(), gr.skip())
        deleted, kept = delete_documents(self._advisor.settings, names)
        return (*self._view(render_deleted(deleted, kept, self._texts)), gr.Row(visible=False))

    def roll_back(self, key: str) -> tuple[Any, ...]:
        if not self._may(key):
            return self._refuse()
        try:
            name = rollback(self._advisor.settings)
        except AdvisorError as error:
            return self._view(render_message(str(error)))
        return self._view(render_message(self._texts.corpus.rolled_back.format(name)))

    def _may(self, key: str) -> bool:
        return is_curator(self._advisor.settings, key)

    def _refuse(self) -> tuple[Any, ...]:
        return gr.skip(), gr.skip(), render_message(self._texts.corpus.wrong_password)

    def _last(self) -> str:
        report = last_report(self._advisor.settings.index_dir)
        return render_report(report, self._texts) if report else ""

    def _view(self, outcome: str) -> tuple[Any, ...]:
        """The table, the choices of documents to delete, and what became of the last action."""
        rows = entries(self._advisor.index, self._pending())
        names = [row.document for row in rows if row.state != "removed"]
        table = render_entries(rows, self._advisor.index.info, self._texts)
        return table, gr.Dropdown(choices=names, value=[]), outcome

    def _pending(self) -> IndexReport:
        """What a re-index would change; nothing when the folder cannot be read (a re-index says why)."""
        try:
            return sync(self._advisor.settings, self._advisor.embeddings, dry_run=True)
        except AdvisorError:
            return IndexReport(self._advisor.index.info.generation)
