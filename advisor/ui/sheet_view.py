"""The sheets that open over the page: pure functions. The page's script opens and fills them."""

from __future__ import annotations

from html import escape

from advisor.ui.scope_view import render_scope_sheet
from advisor.ui.texts import CHAT_TEXTS, SCOPE_TEXTS, SHARE_TEXTS, SHORTCUT_TEXTS, Texts


def render_sheets(texts: Texts) -> str:
    """All of them, closed."""
    failed = CHAT_TEXTS[texts.language].failed
    share = f'<div class="content" data-failed="{escape(failed)}"></div>'
    return (
        _sheet("share", SHARE_TEXTS[texts.language].title, share, texts)
        + _sheet("scope", SCOPE_TEXTS[texts.language].title, render_scope_sheet(texts), texts)
        + _shortcuts(texts)
    )


def _shortcuts(texts: Texts) -> str:
    """The keys, and whether they are used: who speaks to the machine would press them without wanting to."""
    words = SHORTCUT_TEXTS[texts.language]
    keys = "".join(
        f"<div><dt><kbd>{escape(key)}</kbd></dt><dd>{escape(does)}</dd></div>" for key, does in words.keys.items()
    )
    content = (
        f'<div class="content"><p>{escape(words.lead)}</p><dl>{keys}</dl>'
        f'<label class="check"><input type="checkbox" checked> {escape(words.on)}</label></div>'
    )
    return _sheet("shortcuts", words.title, content, texts)


def render_shortcuts_button(texts: Texts) -> str:
    """What opens the sheet of keys, for those who do not know its key."""
    title = escape(SHORTCUT_TEXTS[texts.language].title)
    return f'<button type="button" class="show-shortcuts" aria-label="{title}" title="{title}">?</button>'


def _sheet(name: str, title: str, content: str, texts: Texts) -> str:
    close = escape(texts.close)
    return (
        f'<dialog id="{name}" class="sheet" aria-labelledby="{name}-title"><div class="bar">'
        f'<h2 id="{name}-title">{escape(title)}</h2>'
        f'<button type="button" class="close-sheet" aria-label="{close}" title="{close}">×</button></div>{content}</dialog>'
    )
