"""A real browser and the real server, for the tests of the page."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_START_SECONDS = 60
_PATIENCE_MS = 20_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """The Chromium of this machine; without one the test is skipped, and fails on CI."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium on PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The address of an application on a free loopback port."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        assert time.monotonic() < deadline, "the server does not start"
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


@dataclass
class Visitor:
    """Somebody with a browser: opens pages, and notes what must never happen on one."""

    browser: Browser
    hosts: set[str] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def open(self, address: str, *, width: int = 1280, locale: str = "fr-FR", scheme: str = "light") -> Page:
        """The page, ready for a question."""
        context = self.browser.new_context(
            viewport={"width": width, "height": 844}, locale=locale, color_scheme=scheme, reduced_motion="reduce"
        )
        self.contexts.append(context)
        context.set_default_timeout(_PATIENCE_MS)
        context.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname or "127.0.0.1"))
        context.on("dialog", lambda dialog: self.troubles.append(f"dialog: {dialog.message}"))
        context.on("weberror", lambda error: self.troubles.append(f"error: {error.error}"))
        page = context.new_page()
        page.goto(address)
        expect(page.locator("#question textarea")).to_be_visible(timeout=_PATIENCE_MS)
        return page

    def leave(self) -> None:
        """Close everything; nothing may have gone wrong, and nothing may have been asked of another machine."""
        for context in self.contexts:
            context.close()
        assert self.troubles == []
        assert self.hosts <= {"127.0.0.1"}


def ask(page: Page, question: str) -> None:
    """Type a question and wait until it is answered, refused or turned down."""
    done = page.locator("#thread .about, #thread .notice")
    before = page.locator("#thread .about").count()
    page.fill("#question textarea", question)
    page.keyboard.press("Enter")
    expect(done).to_have_count(before + 1, timeout=_PATIENCE_MS)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours `#rrggbb` (WCAG 2): 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(part, 16) / 255 for part in re.findall("..", colour.lstrip("#"))]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
