"""The page in one language: its tabs put together, its style and its script."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import gradio as gr

from advisor.conversations import Conversations
from advisor.pipeline import Advisor
from advisor.ui.chat import build_chat
from advisor.ui.corpus import build_corpus
from advisor.ui.evaluations import build_evaluations
from advisor.ui.maturity import build_maturity
from advisor.ui.sources import build_sources
from advisor.ui.texts import Texts
from advisor.ui.texts_evaluations import EVALUATION_TEXTS
from advisor.ui.texts_tabs import TAB_TEXTS

_ASSETS = Path(__file__).parent / "assets"
_STYLES = ("advisor.css", "conversations.css", "tabs.css")
_SCRIPTS = ("advisor.js", "conversations.js", "library.js", "maturity.js")
_QUESTIONS_AT_ONCE = 8
_QUESTIONS_WAITING = 64


def build_page(advisor: Advisor, conversations: Conversations, texts: Texts, *, curators: bool) -> gr.Blocks:
    """The Blocks of the page: the chat, the sources, the maturity check; where there are curators, their tabs."""
    page: gr.Blocks
    with gr.Blocks(title=texts.title, analytics_enabled=False, fill_width=True) as page:
        words = TAB_TEXTS[texts.language]
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab(texts.chat, elem_id="tab-chat"):
                build_chat(advisor, conversations, texts)
            with gr.Tab(words.sources, elem_id="tab-sources"):
                build_sources(advisor, texts)
            with gr.Tab(words.maturity, elem_id="tab-maturity"):
                build_maturity(texts)
            if curators:
                with gr.Tab(texts.corpus.title, elem_id="tab-corpus"):
                    build_corpus(advisor, texts)
                if advisor.settings.curator_password is None:  # a question set takes the machine for minutes: not from afar
                    with gr.Tab(EVALUATION_TEXTS[texts.language].title, elem_id="tab-evaluations"):
                        build_evaluations(advisor, texts.language)
    page.queue(default_concurrency_limit=_QUESTIONS_AT_ONCE, max_size=_QUESTIONS_WAITING)
    return page


def head(texts: Texts) -> str:
    """Language, icon, style and script, in the page itself.

    Gradio would prefix the selectors of a style handed to it as such; from the head, all four apply before the first paint.
    """
    style, script = ("\n".join((_ASSETS / name).read_text("utf-8") for name in names) for names in (_STYLES, _SCRIPTS))
    icon = quote((_ASSETS / "icon.svg").read_text("utf-8"))
    return (
        f'<script>document.documentElement.lang = "{texts.language}";</script>'
        f'<link rel="icon" href="data:image/svg+xml,{icon}"><style>{style}</style><script>{script}</script>'
    )


def theme() -> gr.themes.Base:
    """Calm colours and the fonts of the system: nothing is fetched."""
    sans = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif"]
    mono = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]
    return gr.themes.Base(primary_hue="teal", neutral_hue="slate", font=sans, font_mono=mono, radius_size="md")
