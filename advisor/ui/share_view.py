"""A shared conversation as a page of its own, and the sheet in which a link is made: pure functions.

The page holds what people wrote and documents say, so it has no script at all, and its policy allows none.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from urllib.parse import quote, urlencode

from advisor.features.conversations import Turn
from advisor.features.shares import Share, SharedConversation
from advisor.types import Citation, Language
from advisor.ui.answer_view import render_about, render_body, render_card, typeset, where
from advisor.ui.texts import CHAT_TEXTS, SHARE_TEXTS, TEXTS

SHARED_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
_ASSETS = Path(__file__).parent / "assets"
_STYLE = (_ASSETS / "shared.css").read_text("utf-8")
_ICON = quote((_ASSETS / "icon.svg").read_text("utf-8"))


def render_shared(found: SharedConversation, language: Language) -> str:
    """The whole page, with the words around the answers in the reader's language."""
    words, texts = SHARE_TEXTS[language], TEXTS[language]
    asked = words.questions[len(found.turns) > 1].format(len(found.turns))
    until = words.until.format(asked, texts.date(found.date))
    turns = "".join(_turn(turn, number, language) for number, turn in enumerate(found.turns, 1))
    body = (
        f'<h1>{typeset(found.title)}</h1><p class="lead">{escape(words.lead)}</p><p class="lead">{escape(until)}</p>{turns}'
        f'<p class="own"><a href="../{language}/">{escape(words.own)}</a></p>'
    )
    return _page(found.title, body, language)


def render_ended(language: Language) -> str:
    """What a link shows that leads to nothing any more, as a whole page."""
    words = SHARE_TEXTS[language]
    body = (
        f"<h1>{escape(words.gone)}</h1><p>{escape(words.gone_why)}</p>"
        f'<p class="own"><a href="../{language}/">{escape(words.own)}</a></p>'
    )
    return _page(words.gone, body, language)


def render_nowhere(language: Language, root: str) -> str:
    """What an address shows that leads to nothing, as a whole page.

    :param root: the path below which a proxy has the page; "" for none.
    """
    words = TEXTS[language]
    body = (
        f"<h1>{escape(words.nowhere)}</h1><p>{escape(words.nowhere_why)}</p>"
        f'<p class="own"><a href="{root}/{language}/">{escape(words.to_start)}</a></p>'
    )
    return _page(words.nowhere, body, language, root)


def _page(title: str, body: str, language: Language, home: str = "..") -> str:
    """:param home: where the pages in both languages are."""
    texts = TEXTS[language]
    other: Language = "en" if language == "fr" else "fr"
    logo = f"data:image/svg+xml,{_ICON}"
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><meta name="robots" content="noindex">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)} · {escape(texts.title)}'
        f'</title><link rel="icon" href="{logo}"><style>{_STYLE}</style></head><body><header>'
        f'<a class="brand" href="{home}/{language}/"><img src="{logo}" alt="">{escape(texts.title)}</a>'
        f'<a href="?language={other}" hreflang="{other}" lang="{other}">{escape(texts.other_language)}</a></header>'
        f"<main>{body}</main></body></html>"
    )


def _turn(turn: Turn, number: int, language: Language) -> str:
    """A turn speaks the language of its question; its sources stand beside it, whole."""
    answer, texts = turn.answer, TEXTS[turn.answer.language]

    def marker(citation: Citation, _generation: str) -> str:
        return (
            f'<a class="cite" href="#source-{number}-{citation.marker}" aria-label="{where(citation)}">{citation.marker}</a>'
        )

    cards = "".join(
        f'<li id="source-{number}-{citation.marker}">{render_card(citation, texts)}'
        f'<a class="read" href="{escape(_address(citation, answer.index.generation, language))}" lang="{language}">'
        f"{escape(SHARE_TEXTS[language].read)}</a></li>"
        for citation in answer.citations
    )
    sources = f'<section class="sources"><h3>{escape(texts.sources)}</h3><ol>{cards}</ol></section>' if cards else ""
    body = render_body(answer, texts, marker) + render_about(answer, texts)
    return (
        f'<article class="turn" lang="{texts.language}"><h2>{typeset(answer.question)}</h2><div class="columns">'
        f'<div class="answer">{body}</div>{sources}</div></article>'
    )


def _address(citation: Citation, generation: str, language: Language) -> str:
    """The cited lines in the page, in the text that the answer was made from."""
    place = {"document": citation.document, "generation": generation, "start": citation.start, "end": citation.end}
    return f"../{language}/?{urlencode(place)}"


def render_share(share: Share, address: str, language: Language, *, has_users: bool) -> str:
    """What the sheet says of a conversation's link, and what can be done about it.

    :param address: the beginning of the link, to which its token is added.
    """
    words, chat = SHARE_TEXTS[language], CHAT_TEXTS[language]
    who = escape(words.who if has_users else words.whoever)
    if not share.token:
        return (
            f"<p>{escape(words.what)}</p><p>{who}</p>"
            f'<div class="turning"><button type="button" class="main make-link">{escape(words.make)}</button></div>'
        )
    link = escape(address + share.token)
    is_whole = share.shown == share.turns
    shows = words.shows_all if is_whole else words.shows.format(share.shown, share.turns)
    renew = "" if is_whole else f'<button type="button" class="make-link">{escape(words.renew)}</button>'
    return (
        f'<label>{escape(words.link)}<input type="text" readonly value="{link}"></label>'
        f'<p role="status">{escape(shows)}</p><p>{who}</p><div class="turning">'
        f'<button type="button" class="main copy-link" data-done="{escape(chat.copied)}">{escape(words.copy_link)}</button>'
        f'<a href="{link}" target="_blank" rel="noopener">{escape(words.open)}</a>{renew}'
        f'<button type="button" class="end-link">{escape(words.end)}</button></div>'
    )
