"""A shared conversation as a page of its own, and the sheet in which a link is made: pure functions.

The page holds what people wrote and documents say, so it has no script at all, and its policy allows none.
"""

from __future__ import annotations

from urllib.parse import urlencode

from markupsafe import Markup

from advisor.features.conversations import Turn
from advisor.features.shares import Share, SharedConversation
from advisor.types import Citation, Language
from advisor.ui.answer_view import render_about, render_body
from advisor.ui.rendering import LOGO, asset, render
from advisor.ui.texts import SHARE_TEXTS, TEXTS

SHARED_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
_STYLE = asset("shared.css")


def render_shared(found: SharedConversation, language: Language) -> Markup:
    """The whole page, with the words around the answers in the reader's language."""
    words, texts = SHARE_TEXTS[language], TEXTS[language]
    asked = words.questions[len(found.turns) > 1].format(len(found.turns))
    return _page(
        "shared_page",
        language,
        title=found.title,
        until=words.until.format(asked, texts.date(found.date)),
        turns=[_turn(turn, number, language) for number, turn in enumerate(found.turns, 1)],
    )


def render_ended(language: Language) -> Markup:
    """What a link shows that leads to nothing any more, as a whole page."""
    words = SHARE_TEXTS[language]
    return _page("message_page", language, title=words.gone, why=words.gone_why, way=words.own)


def render_nowhere(language: Language, root: str) -> Markup:
    """What an address shows that leads to nothing, as a whole page.

    :param root: the path below which a proxy has the page; "" for none.
    """
    words = TEXTS[language]
    return _page("message_page", language, root, title=words.nowhere, why=words.nowhere_why, way=words.to_start)


def _page(name: str, language: Language, home: str = "..", /, **values: object) -> Markup:
    """:param home: where the pages in both languages are."""
    return render(name, language, home=home, logo=LOGO, style=_STYLE, **values)


def _turn(turn: Turn, number: int, language: Language) -> Markup:
    """A turn speaks the language of its question; its sources stand beside it, whole."""
    answer, texts, anchor = turn.answer, TEXTS[turn.answer.language], f"source-{number}"
    return render(
        "shared_turn",
        texts.language,
        question=answer.question,
        body=render_body(answer, texts, anchor),
        about=render_about(answer, texts),
        sources=[(citation, _address(citation, answer.index.generation, language)) for citation in answer.citations],
        anchor=anchor,
        reader=language,
        read=SHARE_TEXTS[language].read,
    )


def _address(citation: Citation, generation: str, language: Language) -> str:
    """The cited lines in the page, in the text that the answer was made from."""
    place = {"document": citation.document, "generation": generation, "start": citation.start, "end": citation.end}
    return f"../{language}/?{urlencode(place)}"


def render_share(share: Share, address: str, language: Language, *, has_users: bool) -> Markup:
    """What the sheet says of a conversation's link, and what can be done about it.

    :param address: the beginning of the link, to which its token is added.
    """
    return render(
        "share",
        language,
        share=share,
        link=address + share.token if share.token else "",
        is_whole=share.shown == share.turns,
        has_users=has_users,
    )
