"""The real application on a loopback port, and its page in a browser."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from playwright.sync_api import Browser, Page

from advisor.pipeline import Advisor
from advisor.ui.server import create_app


@contextmanager
def serve_app(advisor: Advisor, *, local: bool = False) -> Iterator[str]:
    """Serve on a free port; gives the address."""
    server = uvicorn.Server(uvicorn.Config(create_app(advisor, local=local), host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


def open_page(browser: Browser, address: str, *, width: int = 1280, locale: str = "fr-FR", scheme: str = "light") -> Page:
    """A page of its own context, ready for a question."""
    context = browser.new_context(viewport={"width": width, "height": 844}, locale=locale, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(address)
    page.wait_for_selector("#question textarea")
    return page


def show_tab(page: Page, name: str) -> None:
    """Show a tab by its words; on a phone, the last ones are in a menu."""
    tab = page.get_by_role("tab", name=name)
    if tab.count() and tab.is_visible():
        tab.click()
    else:
        page.locator("#tabs .overflow-menu > button").click()
        page.locator("#tabs .overflow-dropdown").get_by_text(name).click()
