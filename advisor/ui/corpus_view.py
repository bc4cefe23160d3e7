"""The Corpus tab as HTML: what its templates are given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from advisor.api.problems import problem_of
from advisor.errors import AdvisorError
from advisor.features.curation import Entry, Progress, Upload
from advisor.features.review import Waiting
from advisor.index.report import IndexReport
from advisor.text.reasons import FailedDocument, in_words, reason_of
from advisor.types import IndexInfo
from advisor.ui.document_view import scan_in_words
from advisor.ui.rendering import render
from advisor.ui.texts import Texts


def render_entries(entries: Sequence[Entry], info: IndexInfo, texts: Texts) -> Markup:
    """The table of documents, under a line that says what the index holds."""
    counts = Counter(entry.state for entry in entries)
    return render(
        "corpus",
        texts.language,
        # What is new, changed or broken comes first.
        entries=sorted(entries, key=lambda entry: entry.state == "indexed"),
        info=info,
        states=[(state, counts[state]) for state in texts.corpus.states if counts[state]],
        waiting=len(entries) - counts["indexed"],
    )


def render_message(message: str, texts: Texts, *, title: str = "") -> Markup:
    """A sentence for the curator, with more under the pointer."""
    return render("message", texts.language, message=message, announced=True, title=title)


def render_error(error: AdvisorError, texts: Texts) -> Markup:
    """What has gone wrong, and what to do."""
    return render_message(texts.corpus.failed_because.format(error_in_words(error, texts)), texts)


def error_in_words(error: AdvisorError, texts: Texts) -> str:
    """Why something cannot be done, in the language of the page; for what only the server's operator can mend, its kind."""
    found = reason_of(error)
    if found.code:
        return in_words(found, texts.language)
    problems = texts.corpus.problems
    return problems.get(problem_of(error).problem.code, problems[""])


def render_progress(progress: Progress, texts: Texts) -> Markup:
    """A bar, with the stage and how many there are, what is done and the time left."""
    words = texts.corpus
    order = list(words.stages)
    facts = [words.stage.format(order.index(progress.stage) + 1, len(order), words.stages[progress.stage])]
    if progress.total:
        facts.append(words.done.format(progress.done, progress.total))
    if progress.passages_per_second is not None and progress.seconds_left is not None:
        facts.append(words.rate.format(progress.passages_per_second, progress.seconds_left))
    return render_bar(progress.done, progress.total, " · ".join(facts), texts)


def render_bar(done: int, total: int, said: str, texts: Texts) -> Markup:
    """How much is done of what there is to do (0: not known yet), and a line about it."""
    return render("bar", texts.language, done=done, total=total, said=said)


def render_report(report: IndexReport, texts: Texts) -> Markup:
    """What a sync changed, and the files that failed with the reason."""
    words = texts.corpus
    line = words.synced.format(report.documents, report.chunks, report.embedded, report.reused)
    if report.finished:
        line += f" {texts.date(report.finished[:10])}, {report.finished[11:16]} UTC."
    failed = [*((words.passed_over, one) for one in report.passed_over), *((words.failed, one) for one in report.failed)]
    return render(
        "report",
        texts.language,
        generation=report.generation,
        line=line,
        changes=list(_changes(report, texts)),
        failed=failed,
    )


def _changes(report: IndexReport, texts: Texts) -> Iterator[tuple[str, Sequence[str]]]:
    """What happened, and to which files."""
    words = texts.corpus
    lists = {
        "added": report.added,
        "updated": report.updated,
        "renamed": [f"{old} → {new}" for old, new in report.renamed],
        "removed": report.removed,
    }
    yield from ((words.changes[kind], names) for kind, names in lists.items() if names)
    for hidden in report.hidden:
        yield words.hidden.format(hidden.characters), [hidden.document]
    for name, scan in report.scans.items():
        why = "".join(f" {in_words(one, texts.language)}." for one in scan.why)
        yield scan_in_words(scan, texts) + why, [name]
    for one in report.left_out:
        yield words.left_out.format(one.line, one.text), [one.document]
    if report.silent:
        yield words.silent, report.silent


def render_uploads(uploads: Sequence[Upload], texts: Texts) -> Markup:
    """Where each file went, or why it was refused."""
    words = texts.corpus
    outcomes: list[tuple[str, FailedDocument | None]] = []
    for upload in uploads:
        if upload.reason:
            outcomes.append((words.refused, FailedDocument(upload.name, upload.reason)))
        else:
            said = words.waits if upload.waits else words.replaced if upload.replaced else words.stored
            outcomes.append((said.format(upload.document), None))
    is_stored = any(upload.document and not upload.waits for upload in uploads)
    return render("uploads", texts.language, outcomes=outcomes, is_stored=is_stored)


def render_waiting(uploads: Sequence[Waiting], texts: Texts) -> Markup:
    """The uploads that wait for approval, each with a way to its file, and who added it when."""
    return render("waiting", texts.language, uploads=uploads)


def render_deleted(deleted: Sequence[str], kept: Sequence[FailedDocument], texts: Texts) -> Markup:
    """Which files were deleted, and which were not."""
    words = texts.corpus
    outcomes = [*((words.deleted.format(name), None) for name in deleted), *((words.refused, one) for one in kept)]
    return render("uploads", texts.language, outcomes=outcomes, is_stored=False)
