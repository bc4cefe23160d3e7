"""What the page costs a browser: weight, requests, times, and how far things move.

    python benchmarks/page_figures.py http://127.0.0.1:7860

Needs a running `advisor serve` without users, and Chromium on PATH. Opens the page with an empty cache at two widths, asks a
question, and prints a table. Shift is the browser's own layout shift score: what follows a click or a key within half a
second is left out.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, sync_playwright

QUESTION = "Where do we start with FinOps?"
WIDTHS = (390, 1280)  # pixels
PATIENCE = 120_000  # milliseconds
OBSERVE = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
new MutationObserver(() => {
  if (!window.usable && document.querySelector("#welcome .starters button") && document.querySelector("#question textarea"))
    window.usable = performance.now();
}).observe(document, { childList: true, subtree: true });
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one width: bytes and requests until the starters are there, milliseconds, layout shifts."""

    width: int
    kilobytes: float
    requests: int
    first_paint: float
    usable: float
    shift_first: float
    shift_answer: float
    answer: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    address: str = parser.parse_args().address
    with sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        measured = [measure(browser, f"{address}/en/", width) for width in WIDTHS]
        browser.close()
    sys.stdout.write(
        "| width | transferred | requests | first paint | usable | shift, first visit | shift, answer | answer |\n"
        "|---|---|---|---|---|---|---|---|\n"
    )
    for one in measured:
        sys.stdout.write(
            f"| {one.width} px | {one.kilobytes:.0f} kB | {one.requests} | {one.first_paint:.0f} ms | {one.usable:.0f} ms | "
            f"{one.shift_first:.3f} | {one.shift_answer:.3f} | {one.answer:.0f} ms |\n"
        )


def measure(browser: Browser, address: str, width: int) -> Figures:
    """The figures of a first visit and of an answer."""
    context = browser.new_context(viewport={"width": width, "height": 844}, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(OBSERVE)
    sizes = transferred(page)
    page.goto(address)
    page.wait_for_function("window.usable")
    page.wait_for_timeout(1000)  # what comes late has come
    shift_first, usable = page.evaluate("[window.shifted, window.usable]")
    kilobytes, requests = sum(sizes) / 1000, len(sizes)
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    page.fill("#question textarea", QUESTION)
    began = page.evaluate("performance.now()")
    page.keyboard.press("Enter")
    page.locator("#thread .actions").wait_for()
    answer = page.evaluate("performance.now()") - began
    page.locator("#thread .next").wait_for()
    page.wait_for_timeout(1000)
    shift_answer = page.evaluate("window.shifted") - shift_first
    context.close()
    return Figures(width, kilobytes, requests, paint, usable, shift_first, shift_answer, answer)


def transferred(page: Page) -> list[float]:
    """Fills with the bytes of each answer that comes over the line, as it comes."""
    sizes: list[float] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    return sizes


if __name__ == "__main__":
    main()
