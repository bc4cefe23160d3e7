"""The Corpus tab as HTML: pure functions. Whatever comes from a file or a person is escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from advisor.features.curation import Entry, Progress, Upload
from advisor.features.review import Waiting
from advisor.index.report import IndexReport
from advisor.types import FailedDocument, IndexInfo
from advisor.ui.document_view import scan_in_words
from advisor.ui.texts import Texts


def render_entries(entries: Sequence[Entry], info: IndexInfo, texts: Texts) -> str:
    """The table of documents, under a line that says what the index holds."""
    words = texts.corpus
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in words.columns)
    rows = "".join(_row(entry, texts) for entry in entries)
    summary = words.summary.format(info.generation, info.documents, info.chunks)
    return (
        f"<p>{escape(summary)}</p>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(words.title)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(entry: Entry, texts: Texts) -> str:
    topic = texts.topics.get(entry.topic, entry.topic) if entry.topic else ""
    reason = f'<span class="reason" lang="en">{escape(entry.reason)}</span>' if entry.reason else ""
    names = "".join(f"<br><code>{escape(name)}</code>" for name in (entry.document, *entry.aliases))
    cells = (
        f"<strong>{escape(entry.title)}</strong>{names}",
        escape(entry.language or ""),
        escape(topic),
        str(entry.chunks or ""),
        escape(texts.date(entry.date)),
        f'<span class="state {entry.state}">{escape(texts.corpus.states[entry.state])}</span>{reason}',
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def render_message(message: str) -> str:
    """A sentence for the curator; nothing for an empty one."""
    return f'<p class="outcome" role="status">{escape(message)}</p>' if message else ""


def render_error(error: str, texts: Texts) -> str:
    """What the server says that goes wrong, which is English, after words of the page."""
    return f'<p class="outcome" role="status">{escape(texts.corpus.server_says)} {_english(error)}</p>'


def _english(said: str) -> str:
    return f'<span lang="en">{escape(said)}</span>'


def render_progress(progress: Progress, texts: Texts) -> str:
    """A bar, with the stage, what is done and the time left."""
    words = texts.corpus
    facts = [words.stages.get(progress.stage, progress.stage)]
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
        changes.append(f"<li>{escape(f'{scan_in_words(scan, texts)} {scan.why}')} {_names([name])}</li>")
    changes += [
        f"<li>{escape(words.left_out.format(one.line, one.text))} {_names([one.document])}</li>" for one in report.left_out
    ]
    changes += [f"<li>{escape(words.silent)} {_names(report.silent)}</li>"] if report.silent else []
    changes += [_failed(passed, words.passed_over) for passed in report.passed_over]
    changes += [_failed(failed, words.failed) for failed in report.failed]
    line = words.synced.format(report.generation, report.documents, report.chunks, report.embedded, report.reused)
    if report.finished:
        line += f" {texts.date(report.finished[:10])}, {report.finished[11:16]} UTC."
    listed = f"<ul>{''.join(changes)}</ul>" if changes else ""
    return f'<div class="outcome" role="status"><p>{escape(line)}</p>{listed}</div>'


def render_uploads(uploads: Sequence[Upload], texts: Texts) -> str:
    """Where each file went, or why it was refused."""
    words = texts.corpus
    items = []
    for upload in uploads:
        if upload.document is None:
            items.append(_failed(FailedDocument(upload.name, upload.reason), words.refused))
        else:
            said = words.waits if upload.waits else words.replaced if upload.replaced else words.stored
            items.append(f"<li>{escape(said.format(upload.document))}</li>")
    return f'<div class="outcome" role="status"><ul>{"".join(items)}</ul></div>'


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
    items += [_failed(failed, words.refused) for failed in kept]
    return f'<div class="outcome" role="status"><ul>{"".join(items)}</ul></div>'


def _failed(failed: FailedDocument, words: str) -> str:
    return f'<li class="failed">{escape(words)} <code>{escape(failed.document)}</code> — {_english(failed.error)}</li>'


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"<code>{escape(name)}</code>" for name in names)
