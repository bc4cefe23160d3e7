"""What Gradio keeps of a page on the server, and nobody needs."""

from __future__ import annotations

import gradio as gr
from gradio.context import LocalContext


def drop_leftovers(request: gr.Request) -> None:
    """Let go of the components that Gradio made anew for a page, and of their values.

    Gradio 6.31 makes a component again for each update; read as an input later, it is kept under a number of its own for as
    long as the page is open, and longer. Nothing looks it up by that number: an event names the components of the layout.
    """
    blocks = LocalContext.blocks.get()
    if blocks is None or not request.session_hash:  # called without a page
        return
    session = blocks.state_holder[request.session_hash]
    # The difference of two sets is one step: another event of the page may be adding to it.
    for number in set(session.config_values) - set(blocks.blocks):
        session.config_values.pop(number, None)
        session.blocks_config.blocks.pop(number, None)
