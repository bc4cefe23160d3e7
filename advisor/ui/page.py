"""The page in one language: its tabs put together, its style and its script."""

from __future__ import annotations

import gradio as gr
from markupsafe import Markup

from advisor.api.pool import QuestionPool
from advisor.evaluation.reports.html_report import report_style
from advisor.features.conversations import Conversations
from advisor.limits import SEARCH
from advisor.ui.chat_tab import build_chat
from advisor.ui.corpus_tab import build_corpus
from advisor.ui.evaluations_tab import build_evaluations
from advisor.ui.maturity_tab import build_maturity
from advisor.ui.questions_tab import build_questions
from advisor.ui.rendering import LOGO, asset, render
from advisor.ui.sources_tab import build_sources
from advisor.ui.texts import EVALUATION_TEXTS, QUESTION_TEXTS, TAB_TEXTS, Texts

_STYLES = (
    *("advisor.css", "conversations.css", "tabs.css", "questions.css", "frame.css", "sheets.css", "scope.css"),
    "reader.css",
)
_SCRIPTS = (
    *("advisor.js", "account.js", "addresses.js", "refusals.js", "conversations.js", "corpus.js", "library.js"),
    *("maturity.js", "questions.js", "reader.js", "original.js", "sheets.js", "scope.js", "shortcuts.js"),
)
_QUESTIONS_AT_ONCE = 8
_QUESTIONS_WAITING = 64
_UPLOADS_KEPT = (3_600, 3_600)  # looked at every so many seconds, removed after so many


def build_page(pool: QuestionPool, conversations: Conversations, texts: Texts) -> gr.Blocks:
    """The Blocks of the page: the chat, the sources, the maturity check, and tabs that are shown to curators."""
    advisor = pool.advisor

    page: gr.Blocks
    with gr.Blocks(title=texts.title, analytics_enabled=False, fill_width=True, delete_cache=_UPLOADS_KEPT) as page:
        words = TAB_TEXTS[texts.language]
        with gr.Row(elem_id="masthead"):
            gr.HTML(render("brand", texts.language, logo=LOGO), elem_id="brand")
            gr.HTML("", elem_id="account")
            gr.HTML(render("language", texts.language), elem_id="language")
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap"):
            with gr.Tab(texts.chat, elem_id="tab-chat"):
                build_chat(pool, conversations, texts)
            with gr.Tab(words.sources, elem_id="tab-sources"):
                build_sources(advisor, texts)
            with gr.Tab(words.maturity, elem_id="tab-maturity"):
                build_maturity(texts)
            with gr.Tab(texts.corpus.title, elem_id="tab-corpus") as corpus:
                build_corpus(advisor, corpus, texts)
            with gr.Tab(QUESTION_TEXTS[texts.language].title, elem_id="tab-questions"):
                build_questions(texts)
            with gr.Tab(EVALUATION_TEXTS[texts.language].title, elem_id="tab-evaluations") as evaluations:
                build_evaluations(advisor, evaluations, texts)
        gr.HTML(render("sheets", texts.language, longest_search=SEARCH.most), elem_id="sheets")
    page.queue(default_concurrency_limit=_QUESTIONS_AT_ONCE, max_size=_QUESTIONS_WAITING)
    return page


def head(texts: Texts, root: str) -> Markup:
    """Language, base of addresses, icon, style and script, in the page itself.

    Gradio would prefix the selectors of a style handed to it as such; from the head, they all apply before the first paint.
    The page's own addresses begin with "../", wherever it is: at `/`, at `/{language}/`, or below the path of a proxy.

    :param root: the path below which a proxy has the page; "" for none.
    """
    return render(
        "head",
        texts.language,
        logo=LOGO,
        root=root,
        style=asset(*_STYLES) + Markup(report_style()),
        script=asset(*_SCRIPTS),
    )


def theme() -> gr.themes.Base:
    """Calm colours and the fonts of the system: nothing is fetched."""
    sans = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif"]
    mono = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]
    base = gr.themes.Base(primary_hue="teal", neutral_hue="slate", font=sans, font_mono=mono, radius_size="md")
    # Hints and placeholders: Gradio's own greys are under the contrast that WCAG AA asks for.
    return base.set(
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        input_placeholder_color="*neutral_600",
        input_placeholder_color_dark="*neutral_300",
    )
