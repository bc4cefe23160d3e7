"""The page in one language: its tabs, put together."""

from __future__ import annotations

import gradio as gr

from advisor.pipeline import Advisor
from advisor.ui.chat import build_chat
from advisor.ui.texts import Texts


def build_page(advisor: Advisor, texts: Texts) -> gr.Blocks:
    """The Blocks of the page."""
    page: gr.Blocks
    with gr.Blocks(title=texts.title, analytics_enabled=False, fill_width=True) as page:
        build_chat(advisor, texts)
    page.queue(default_concurrency_limit=8, max_size=64)
    return page


def theme() -> gr.themes.Base:
    """Calm colours and the fonts of the system: nothing is fetched."""
    sans = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif"]
    mono = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]
    return gr.themes.Base(primary_hue="teal", neutral_hue="slate", font=sans, font_mono=mono, radius_size="md")
