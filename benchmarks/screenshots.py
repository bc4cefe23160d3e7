"""Pictures of the page for the documents, taken from the running program with the Chromium of the system.

    python benchmarks/screenshots.py [--out docs/images]

Starts `advisor serve` on the shipped corpus with a state folder of its own, asks, opens the first cited document, and writes
one small PNG a language: the answer, and beside it the lines that it rests on.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

QUESTIONS = {
    "en": "How do we cut our cloud bill?",
    "fr": "Comment réduire notre facture cloud ?",
}
LOCALES = {"en": "en-GB", "fr": "fr-FR"}
SIZE = (1200, 800)  # pixels
COLOURS = 128  # of the palette: a page has few, and the file is a third as large
PATIENCE = 60_000  # milliseconds


def main() -> None:
    """Take every picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        sys.exit("no Chromium on PATH: install chromium, then run this again")
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        for language, question in QUESTIONS.items():
            page = ask(browser, f"{address}/{language}/", LOCALES[language], question)
            page.locator("#thread .cite").first.click()
            page.locator("#cited").wait_for()
            picture(page, out / f"page-{language}.png")
            page.context.close()
        browser.close()


@contextmanager
def served() -> Iterator[str]:
    """The address of `advisor serve`, which runs meanwhile."""
    with tempfile.TemporaryDirectory() as state:
        command = [sys.executable, "-c", "from advisor.cli.main import main; main()", "serve"]
        environment = {**os.environ, "ADVISOR_STATE_DIR": state}
        running = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            if running.stdout is None or not (said := running.stdout.readline()):
                sys.exit("advisor serve ended without an address: see what it says above")
            yield said.split()[-1]
        finally:
            running.terminate()
            running.wait()


def ask(browser: Browser, address: str, locale: str, question: str) -> Page:
    """The page with the answer to a question."""
    context = browser.new_context(
        viewport={"width": SIZE[0], "height": SIZE[1]}, locale=locale, color_scheme="light", reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.locator("#question textarea").fill(question)
    page.keyboard.press("Enter")
    page.locator("#thread .actions").wait_for()
    return page


def picture(page: Page, path: Path) -> None:
    """Write the top of the page, with few colours."""
    page.evaluate("window.scrollTo(0, 0)")
    page.screenshot(path=path, animations="disabled")
    with Image.open(path) as taken:
        few = taken.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


if __name__ == "__main__":
    main()
