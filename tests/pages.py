"""The real application on a loopback port, and its page in a browser."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from advisor.advisor import Advisor
from advisor.api.connections import server_config
from advisor.ui.server import create_app

_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}  # of axe
_PATIENCE = 20_000  # milliseconds: other tests run at the same time
expect.set_options(timeout=_PATIENCE)


@contextmanager
def serve_app(advisor: Advisor, *, local: bool = True) -> Iterator[str]:
    """Serve on a free port; gives the address."""
    running: list[uvicorn.Server] = []
    listening = socket.create_server(("127.0.0.1", 0))

    async def run() -> None:
        """Gradio makes event loops, and leaves them open, when it builds a page while none runs."""
        app = create_app(advisor, local=local)
        running.append(uvicorn.Server(server_config(app, advisor.settings)))
        await running[0].serve(sockets=[listening])

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not (running and running[0].started) and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    running[0].should_exit = True
    thread.join(timeout=10)


def open_page(browser: Browser, address: str, *, width: int = 1280, locale: str = "fr-FR", scheme: str = "light") -> Page:
    """A page of its own context, ready for a question."""
    context = browser.new_context(viewport={"width": width, "height": 844}, locale=locale, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(_PATIENCE)
    page.goto(address)
    page.wait_for_selector("#question textarea")
    return page


def sign_in(browser: Browser, address: str, name: str, password: str) -> Page:
    """The page after signing in, in English."""
    page = browser.new_context(locale="en-GB").new_page()
    page.goto(address)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_selector("#question textarea")
    return page


def ask(page: Page, question: str, *, answers: int = 1) -> None:
    """Ask, and wait until so many answers are there."""
    page.fill("#question textarea", question)
    page.keyboard.press("Enter")
    expect(page.locator("#thread .actions")).to_have_count(answers)


def serious(page: Page) -> list[tuple[Any, ...]]:
    """What axe finds serious or worse: the rule, and where."""
    page.wait_for_timeout(300)  # no mark is fading in
    found = Axe().run(page, options=_RULES).response["violations"]
    return [
        (one["id"], [(node["target"], node["failureSummary"][:300]) for node in one["nodes"][:4]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def show_tab(page: Page, name: str) -> None:
    """Show a tab by its words."""
    page.get_by_role("tab", name=name).click()


def stopped_or_complete(page: Page, wait: float, stopped: str) -> bool:
    """Ask in a new conversation, press Stop after a while, and tell whether the page came to rest as it should.

    :param wait: seconds from the first stage on.
    :param stopped: what the page says of an answer that was stopped.
    """
    page.fill("#question textarea", "Where do we start with FinOps?")
    page.keyboard.press("Enter")
    page.locator("#current .turn").wait_for()
    page.wait_for_timeout(wait * 1000)
    page.evaluate("document.querySelector('#stop').click()")  # it may be gone: then the answer is complete
    page.locator("#current .turn:not(:has(.stage))").wait_for()
    page.wait_for_timeout(150)  # what would come late has come
    said = page.locator("#current .notice").all_inner_texts()
    complete = page.locator("#current .actions").count() == 1
    rested = page.locator("#current .stage, #current .error").count() == 0 and page.locator("#send").is_visible()
    page.locator("#new").click()
    page.locator("#thread .turn").first.wait_for(state="detached")
    return rested and (said == [stopped] if not complete else not said)
