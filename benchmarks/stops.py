"""Stops answers at random moments, and counts the times when the page did not come to rest as it should.

    python benchmarks/stops.py http://127.0.0.1:7860 [--stops 200] [--seed 1]

Needs a running `advisor serve` without users and with ADVISOR_QUESTIONS_PER_MINUTE=10000, and Chromium on PATH.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from advisor.ui.texts import CHAT_TEXTS

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from pages import open_page, stopped_or_complete

LONGEST = 0.6  # seconds after an answer has begun


def main() -> None:
    """Stop answers, and say how many times it went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("--stops", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    moments = random.Random(arguments.seed)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = open_page(browser, f"{arguments.address}/en/", locale="en-GB")
        stopped = CHAT_TEXTS["en"].stopped
        wrong = sum(not stopped_or_complete(page, moments.uniform(0, LONGEST), stopped) for _ in range(arguments.stops))
        browser.close()
    sys.stdout.write(f"{arguments.stops} stops, {wrong} not at rest\n")


if __name__ == "__main__":
    main()
