"""The Corpus tab as HTML: pure functions. Whatever comes from a file or a person is escaped here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from advisor.api.problems import problem_of
from advisor.errors import AdvisorError
from advisor.features.curation import Entry, Progress, Upload
from advisor.features.review import Waiting
from advisor.index.report import IndexReport
from advisor.text.reasons import FailedDocument, in_words, reason_of
from advisor.types import IndexInfo
from advisor.ui.curator_texts import CorpusTexts
from advisor.ui.document_view import scan_in_words
from advisor.ui.texts import Texts


def render_entries(entries: Sequence[Entry], info: IndexInfo, texts: Texts) -> str:
    """The table of documents, under a line that says what the index holds."""
    words = texts.corpus
    sortable = "".join(
        f'<th scope="col" aria-sort="none"><button type="button" class="sort">{escape(name)}</button></th>'
        for name in words.columns
    )
    # What is new, changed or broken comes first.
    rows = "".join(_row(entry, texts) for entry in sorted(entries, key=lambda entry: entry.state == "indexed"))
    counts = Counter(entry.state for entry in entries)
    states = "".join(
        f'<option value="{state}">{escape(words.states[state])} ({counts[state]})</option>'
        for state in words.states
        if counts[state]
    )
    waiting = len(entries) - counts["indexed"]
    changes = f'<span class="changes">{escape(words.changes_wait.format(waiting))}</span>' if waiting else ""
    search = escape(words.search)
    return (
        f'<h1>{escape(words.title)}</h1><p title="{escape(info.generation)}">{escape(_holds(info, texts))} {changes}</p>'
        f'<form role="search" class="sift"><input type="search" aria-label="{search}" placeholder="{search}">'
        f'<select aria-label="{escape(words.state)}"><option value="">{escape(words.every_state)}</option>{states}</select>'
        f'<span role="status" data-count="{escape(words.shown)}"></span></form>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(words.title)}">'
        f'<table><thead><tr>{sortable}<th scope="col"><span class="unseen">{escape(words.delete)}</span></th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _holds(info: IndexInfo, texts: Texts) -> str:
    return texts.corpus.summary.format(info.documents, info.chunks)


def _row(entry: Entry, texts: Texts) -> str:
    words = texts.corpus
    topic = texts.topics.get(entry.topic, entry.topic) if entry.topic else ""
    reason = f'<span class="reason">{escape(in_words(entry.reason, texts.language))}</span>' if entry.reason else ""
    names = "".join(f"<br><code>{escape(name)}</code>" for name in (entry.document, *entry.aliases))
    delete = "" if entry.state == "removed" else "".join(_delete(name, words) for name in (entry.document, *entry.aliases))
    cells = (
        f"<strong>{escape(entry.title)}</strong>{names}",
        escape(entry.language or ""),
        escape(topic),
        str(entry.chunks or ""),
        f'<span data-sort="{escape(entry.date or "")}">{escape(texts.date(entry.date))}</span>',
        f'<span class="state {entry.state}">{escape(words.states[entry.state])}</span>{reason}',
        delete,
    )
    return f'<tr data-state="{entry.state}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _delete(name: str, words: CorpusTexts) -> str:
    """The button of a row; the page's script puts the question in its place."""
    return (
        f'<button type="button" class="delete-file" data-document="{escape(name)}" '
        f'data-really="{escape(words.really_delete.format(name))}" data-yes="{escape(words.confirm)}" '
        f'data-no="{escape(words.cancel)}" aria-label="{escape(words.delete)} {escape(name)}">'
        f"{escape(words.delete)}</button>"
    )


def render_message(message: str, *, title: str = "") -> str:
    """A sentence for the curator, with more under the pointer; nothing for an empty one."""
    more = f' title="{escape(title)}"' if title else ""
    return f'<p class="outcome" role="status"{more}>{escape(message)}</p>' if message else ""


def render_error(error: AdvisorError, texts: Texts) -> str:
    """What has gone wrong, and what to do."""
    return render_message(texts.corpus.failed_because.format(error_in_words(error, texts)))


def error_in_words(error: AdvisorError, texts: Texts) -> str:
    """Why something cannot be done, in the language of the page; for what only the server's operator can mend, its kind."""
    found = reason_of(error)
    if found.code:
        return in_words(found, texts.language)
    problems = texts.corpus.problems
    return problems.get(problem_of(error).problem.code, problems[""])


def render_progress(progress: Progress, texts: Texts) -> str:
    """A bar, with the stage and how many there are, what is done and the time left."""
    words = texts.corpus
    order = list(words.stages)
    facts = [words.stage.format(order.index(progress.stage) + 1, len(order), words.stages[progress.stage])]
    if progress.total:
        facts.append(words.done.format(progress.done, progress.total))
    if progress.passages_per_second is not None and progress.seconds_left is not None:
        facts.append(words.rate.format(progress.passages_per_second, progress.seconds_left))
    return render_bar(progress.done, progress.total, " · ".join(facts))


def render_bar(done: int, total: int, said: str) -> str:
    """How much is done of what there is to do (0: not known yet), and a line about it."""
    bar = f'<progress max="{total}" value="{done}"></progress>' if total else "<progress></progress>"
    return f'<div class="outcome" role="status">{bar}<p>{escape(said)}</p></div>'


def render_report(report: IndexReport, texts: Texts) -> str:
    """What a sync changed, and the files that failed with the reason."""
    words = texts.corpus
    lists = {
        "added": report.added,
        "updated": report.updated,
        "renamed": [f"{old} → {new}" for old, new in report.renamed],
        "removed": report.removed,
    }
    changes = [f"<li>{escape(words.changes[kind])} {_names(names)}</li>" for kind, names in lists.items() if names]
    changes += [
        f"<li>{escape(words.hidden.format(hidden.characters))} {_names([hidden.document])}</li>" for hidden in report.hidden
    ]
    for name, scan in report.scans.items():
        why = "".join(f" {in_words(one, texts.language)}." for one in scan.why)
        changes.append(f"<li>{escape(scan_in_words(scan, texts) + why)} {_names([name])}</li>")
    changes += [
        f"<li>{escape(words.left_out.format(one.line, one.text))} {_names([one.document])}</li>" for one in report.left_out
    ]
    changes += [f"<li>{escape(words.silent)} {_names(report.silent)}</li>"] if report.silent else []
    changes += [_failed(passed, words.passed_over, texts) for passed in report.passed_over]
    changes += [_failed(failed, words.failed, texts) for failed in report.failed]
    line = words.synced.format(report.documents, report.chunks, report.embedded, report.reused)
    if report.finished:
        line += f" {texts.date(report.finished[:10])}, {report.finished[11:16]} UTC."
    listed = f"<ul>{''.join(changes)}</ul>" if changes else ""
    return f'<div class="outcome" role="status"><p title="{escape(report.generation)}">{escape(line)}</p>{listed}</div>'


def render_uploads(uploads: Sequence[Upload], texts: Texts) -> str:
    """Where each file went, or why it was refused."""
    words = texts.corpus
    items = []
    for upload in uploads:
        if upload.reason:
            items.append(_failed(FailedDocument(upload.name, upload.reason), words.refused, texts))
        else:
            said = words.waits if upload.waits else words.replaced if upload.replaced else words.stored
            items.append(f"<li>{escape(said.format(upload.document))}</li>")
    is_stored = any(upload.document and not upload.waits for upload in uploads)
    now = f'<button type="button" class="index-now">{escape(words.index_now)}</button>' if is_stored else ""
    return f'<div class="outcome" role="status"><ul>{"".join(items)}</ul>{now}</div>'


def render_waiting(uploads: Sequence[Waiting], texts: Texts) -> str:
    """The uploads that wait for approval, each with a way to its file, and who added it when."""
    items = (
        f'<li><a href="../api/waiting/{quote(one.name)}" download><code>{escape(one.name)}</code></a> '
        f"{escape(texts.corpus.added_by.format(one.added_by, texts.date(one.added)))}</li>"
        for one in uploads
    )
    return f"<ul>{''.join(items)}</ul>" if uploads else ""


def render_deleted(deleted: Sequence[str], kept: Sequence[FailedDocument], texts: Texts) -> str:
    """Which files were deleted, and which were not."""
    words = texts.corpus
    items = [f"<li>{escape(words.deleted.format(name))}</li>" for name in deleted]
    items += [_failed(failed, words.refused, texts) for failed in kept]
    return f'<div class="outcome" role="status"><ul>{"".join(items)}</ul></div>'


def _failed(failed: FailedDocument, words: str, texts: Texts) -> str:
    why = escape(in_words(failed.reason, texts.language))
    return f'<li class="failed">{escape(words)} <code>{escape(failed.document)}</code> — {why}</li>'


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"<code>{escape(name)}</code>" for name in names)
