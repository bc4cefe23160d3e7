"""The list of conversations as HTML: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, tzinfo
from html import escape
from itertools import groupby

from advisor.features.conversations import Summary
from advisor.types import Language
from advisor.ui.icons import icon
from advisor.ui.texts import CHAT_TEXTS, SHARE_TEXTS

_WEEK, _MONTH = 7, 30  # days


def render_list(found: Sequence[Summary], language: Language, clock: tzinfo, *, searched: bool) -> str:
    """The conversations, each with its menu: the pinned ones, then by how long ago they went on last.

    :param clock: the reader's.
    """
    words = CHAT_TEXTS[language]
    if not found:
        return f'<p class="empty">{escape(words.none_found if searched else words.none_yet)}</p>'
    today = datetime.now(clock).date()
    groups = groupby(found, key=lambda one: words.pinned if one.pinned else words.days[_ago(one, today, clock)])
    return "".join(
        f"<h3>{escape(name)}</h3><ul>{''.join(_entry(one, language) for one in some)}</ul>" for name, some in groups
    )


def _ago(one: Summary, today: date, clock: tzinfo) -> str:
    days = (today - datetime.fromisoformat(one.updated).astimezone(clock).date()).days
    if days <= 1:
        return "yesterday" if days == 1 else "today"
    return "week" if days <= _WEEK else "month" if days <= _MONTH else "earlier"


def _entry(one: Summary, language: Language) -> str:
    words, sharing = CHAT_TEXTS[language], SHARE_TEXTS[language]
    title, address = escape(one.title), f"../page/conversations/{escape(one.id)}"
    label = escape(words.actions.format(one.title))
    files = "".join(
        f'<a href="{address}/memo.{kind}?language={language}" download>{escape(words.memo_of)} (.{kind})</a>'
        for kind in ("docx", "md")
    )
    shared = escape(sharing.shared)
    mark = f'<span class="mark" role="img" aria-label="{shared}" title="{shared}">{icon("link")}</span>'
    pin = words.unpin if one.pinned else words.pin
    return (
        f'<li data-conversation="{escape(one.id)}"><a class="open" href="../{language}/?conversation={escape(one.id)}" '
        f'title="{title}">{title}</a>{mark if one.shared else ""}<details class="menu">'
        f'<summary class="act" aria-label="{label}">{icon("more")}</summary><div class="choices">'
        f'<button type="button" class="rename" data-save="{escape(words.save)}">{escape(words.rename)}</button>'
        f'<button type="button" class="share">{escape(sharing.share)}</button>'
        f'<button type="button" class="pin" data-pinned="{str(one.pinned).lower()}">{escape(pin)}</button>'
        f'<button type="button" class="delete" data-deleted="{escape(words.deleted.format(one.title))}">'
        f"{escape(words.delete)}</button>"
        f"{files}</div></details></li>"
    )
