"""The list of conversations as HTML: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, tzinfo
from itertools import groupby

from markupsafe import Markup

from advisor.features.conversations import Summary
from advisor.types import Language
from advisor.ui.rendering import render
from advisor.ui.texts import CHAT_TEXTS

_WEEK, _MONTH = 7, 30  # days


def render_list(found: Sequence[Summary], language: Language, clock: tzinfo, *, searched: bool) -> Markup:
    """The conversations, each with its menu: the pinned ones, then by how long ago they went on last.

    :param clock: the reader's.
    """
    words = CHAT_TEXTS[language]
    today = datetime.now(clock).date()
    groups = groupby(found, key=lambda one: words.pinned if one.pinned else words.days[_ago(one, today, clock)])
    empty = words.none_found if searched else words.none_yet
    return render("conversations", language, groups=groups, empty=empty)


def _ago(one: Summary, today: date, clock: tzinfo) -> str:
    days = (today - datetime.fromisoformat(one.updated).astimezone(clock).date()).days
    if days <= 1:
        return "yesterday" if days == 1 else "today"
    return "week" if days <= _WEEK else "month" if days <= _MONTH else "earlier"
