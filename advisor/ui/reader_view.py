"""The tools beside a document that is read: find, contents, quote, ask, print. The page's script works them."""

from __future__ import annotations

from html import escape

from advisor.ui.texts import READER_TEXTS, Texts


def render_original(texts: Texts) -> str:
    """Where the original of a document is shown beside its text: a page of it at a time, or the whole in a frame."""
    words = READER_TEXTS[texts.language]
    turn = "".join(
        f'<button type="button" class="act turn" data-turn="{by}" aria-label="{label}" title="{label}">{sign}</button>'
        for by, sign, label in ((-1, "‹", escape(words.page_before)), (1, "›", escape(words.page_after)))
    )
    return (
        f'<section class="original" aria-label="{escape(words.original)}" data-page-of="{escape(words.page_of)}" '
        f'data-look="{escape(words.look)}" data-gone="{escape(words.original_gone)}" hidden>'
        f'<div class="turns"><output></output>{turn}</div><div class="sheet" tabindex="0" role="group" '
        f'aria-label="{escape(words.original)}"></div></section>'
    )


def render_tools(texts: Texts) -> str:
    """The tools, hidden until there is a document. Their script takes its words from the attributes."""
    words = READER_TEXTS[texts.language]
    steps = "".join(
        f'<button type="button" class="act match" data-step="{by}" aria-label="{label}" title="{label}">{sign}</button>'
        for by, sign, label in ((-1, "‹", escape(words.previous)), (1, "›", escape(words.following)))
    )
    find = escape(words.find)
    return (
        f'<div class="tools" role="group" aria-label="{escape(words.tools)}" data-matches="{escape(words.matches)}" '
        f'data-none="{escape(words.no_match)}" data-quote="{escape(words.quote)}" data-copied="{escape(words.copied)}" '
        f'data-ask="{escape(words.ask)}" hidden>'
        f'<div class="find"><input type="search" aria-label="{find}" placeholder="{find}" maxlength="200">'
        f'<span class="found" role="status"></span><span class="matches" hidden>{steps}</span></div><div class="with">'
        f'<details class="menu outline"><summary class="act word">{escape(words.contents)}</summary>'
        '<div class="choices"></div></details>'
        f'<button type="button" class="act word copy-quote" title="{escape(words.copy_hint)}">'
        f"{escape(words.copy_quote)}</button>"
        f'<button type="button" class="act word ask-about" title="{escape(words.about_hint)}">'
        f"{escape(words.about)}</button>"
        f'<button type="button" class="act word beside" aria-pressed="false" title="{escape(words.beside_hint)}" hidden>'
        f"{escape(words.beside)}</button>"
        f'<button type="button" class="act word print">{escape(words.print)}</button></div>'
        '<p class="said" role="status"></p></div>'
    )
