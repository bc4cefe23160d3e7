"""The list of conversations as HTML: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from advisor.features.conversations import Summary
from advisor.types import Language
from advisor.ui.icons import icon
from advisor.ui.texts import CHAT_TEXTS, SHARE_TEXTS


def render_list(found: Sequence[Summary], language: Language, *, searched: bool) -> str:
    """The conversations, each with its menu."""
    words = CHAT_TEXTS[language]
    if not found:
        return f'<p class="empty">{escape(words.none_found if searched else words.none_yet)}</p>'
    return f"<ul>{''.join(_entry(one, language) for one in found)}</ul>"


def _entry(one: Summary, language: Language) -> str:
    words, sharing = CHAT_TEXTS[language], SHARE_TEXTS[language]
    title, address = escape(one.title), f"../page/conversations/{escape(one.id)}"
    label = escape(words.actions.format(one.title))
    files = "".join(
        f'<a href="{address}/memo.{kind}?language={language}" download>{escape(words.memo_of)} (.{kind})</a>'
        for kind in ("docx", "md")
    )
    shared = escape(sharing.shared)
    mark = (
        f'<span class="mark" role="img" aria-label="{shared}" title="{shared}">{icon("link")}</span>' if one.shared else ""
    )
    return (
        f'<li data-conversation="{escape(one.id)}"><a class="open" href="../{language}/?conversation={escape(one.id)}" '
        f'title="{title}">{title}</a>{mark}<details class="menu">'
        f'<summary class="act" aria-label="{label}">{icon("more")}</summary><div class="choices">'
        f'<button type="button" class="rename" data-save="{escape(words.save)}">{escape(words.rename)}</button>'
        f'<button type="button" class="share">{escape(sharing.share)}</button>'
        f'<button type="button" class="delete" data-really="{escape(words.really)}">{escape(words.delete)}</button>'
        f"{files}</div></details></li>"
    )
