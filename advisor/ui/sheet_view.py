"""The sheets that open over the page: pure functions. The page's script opens and fills them."""

from __future__ import annotations

from html import escape

from advisor.ui.texts import CHAT_TEXTS, SHARE_TEXTS, Texts


def render_sheets(texts: Texts) -> str:
    """All of them, closed."""
    failed = CHAT_TEXTS[texts.language].failed
    content = f'<div class="content" data-failed="{escape(failed)}"></div>'
    return _sheet("share", SHARE_TEXTS[texts.language].title, content, texts)


def _sheet(name: str, title: str, content: str, texts: Texts) -> str:
    close = escape(texts.close)
    return (
        f'<dialog id="{name}" class="sheet" aria-labelledby="{name}-title"><div class="bar">'
        f'<h2 id="{name}-title">{escape(title)}</h2>'
        f'<button type="button" class="close-sheet" aria-label="{close}" title="{close}">×</button></div>{content}</dialog>'
    )
