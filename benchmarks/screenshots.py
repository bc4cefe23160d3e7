"""Pictures of every tab and state of the page, taken from the running program with the Chromium of the system.

    python benchmarks/screenshots.py [--out pictures] [--only en-light fr-phone]

Serves a copy of the shipped corpus with a PDF, a Word file and a broken file beside it, and goes through the page once in
each look: light and dark, on a phone, in both languages. All pictures go to `--out`; the few that the documents show, to
`docs/images`.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as WaitedInVainError

from advisor.accounts.users import add_user
from advisor.advisor import Advisor
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings
from advisor.types import Language, SentenceReady
from advisor.ui.texts import CHAT_TEXTS, READER_TEXTS

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from made_files import lines, pdf, word_file
from pages import serve_app

ROOT = Path(__file__).resolve().parent.parent

SHOWN = {
    "answer-reader-en-light": "page-en",
    "answer-reader-fr-light": "page-fr",
    "beside-en-light": "original",
    "corpus-en-light": "corpus",
    "evaluations-report-en-light": "evaluations",
}
"""The pictures of the documents, by the name that they have there."""
QUESTIONS: dict[Language, dict[str, str]] = {
    "en": {
        "answer": "How do we cut our cloud bill?",
        "near": "Who owns each certificate?",
        "refusal": "Which programming language will be the most popular in 2035?",
        "slow": "When should we choose multi-cloud?",
        "pdf": "What did the January outage cost in refunds and days of work?",
    },
    "fr": {
        "answer": "Comment réduire notre facture cloud ?",
        "near": "Qui détient chaque certificat ?",
        "refusal": "Quel langage de programmation sera le plus populaire en 2035 ?",
        "slow": "Quand choisir le multi-cloud ?",
        "pdf": "What did the January outage cost in refunds and days of work?",
    },
}
REPORT = {
    "*Incident report: the January outage": (
        "The payment service was down for 47 minutes on 14 January.",
        "The cause was an expired certificate that nobody owned.",
    ),
    "*What changed since": (
        "Each certificate has a named owner and a date in the calendar.",
        "The on-call engineer gets a warning thirty days before that date.",
    ),
    "*Costs": ("The outage cost 38,000 euros in refunds and 12 days of work.", "The new watch costs 900 euros a year."),
}
"""The pages of a PDF: heading and lines."""
PATIENCE = 60_000  # milliseconds
QUALITY = 80  # of WebP
PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True)
class Look:
    """One way to see the page."""

    name: str
    language: Language
    width: int
    height: int
    scheme: str


LOOKS = (
    Look("en-light", "en", 1280, 800, "light"),
    Look("fr-light", "fr", 1280, 800, "light"),
    Look("en-dark", "en", 1280, 800, "dark"),
    Look("fr-phone", "fr", 390, 844, "light"),
)


class HeldAdvisor(Advisor):
    """The real one; while it is held, there is time between sentences for a picture."""

    held = threading.Event()

    def stream(self, *args: Any, **options: Any) -> Iterator[Any]:  # noqa: ANN401 - handed on
        """As `Advisor.stream`."""
        for event in super().stream(*args, **options):
            if isinstance(event, SentenceReady) and self.held.is_set():
                time.sleep(2)
            yield event


def main() -> None:
    """Take every picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("pictures"))
    parser.add_argument("--only", nargs="*", choices=[look.name for look in LOOKS])
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        sys.exit("no Chromium on PATH: install chromium, then run this again")
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        settings, embeddings = prepared(Path(scratch))
        for look in LOOKS:
            if arguments.only and look.name not in arguments.only:
                continue
            own = settings.model_copy(update={"state_dir": Path(scratch) / look.name})
            with served(own, embeddings) as address:
                tour(Camera(browser, address, look, out))
            add_user(own, "ada", PASSWORD, "user")
            with served(own, embeddings) as address:
                sign_in(Camera(browser, address, look, out))
        browser.close()
    for taken, shown in SHOWN.items():
        if (out / f"{taken}.webp").exists():
            shutil.copy(out / f"{taken}.webp", ROOT / "docs" / "images" / f"{shown}.webp")


def prepared(scratch: Path) -> tuple[Settings, Embeddings]:
    """A corpus with files of other kinds, indexed, and then one that is broken."""
    corpus = scratch / "corpus"
    shutil.copytree(ROOT / "corpus", corpus)
    (corpus / "en" / "incident-report.pdf").write_bytes(
        pdf([[(60, 760, 18, heading), *lines(*said, top=720)] for heading, said in REPORT.items()])
    )
    review = "Each vendor above 50,000 euros a year is reviewed in March by its owner and by finance."
    (corpus / "en" / "vendor-review.docx").write_bytes(word_file(lambda made: made.add_paragraph(review)))
    settings = Settings(
        corpus_dir=corpus,
        index_dir=scratch / "index",
        state_dir=scratch / "state",
        evals_dir=ROOT / "evals",
        unanswered_log=True,
    )
    embeddings = Embeddings(settings)
    sync(settings, embeddings)
    (corpus / "en" / "broken.pdf").write_bytes(b"%PDF-1.4\nnothing of a PDF follows")
    (corpus / "en" / "new-note.md").write_text("# A new note\n\nIt waits for the next update.\n", encoding="utf-8")
    return settings, embeddings


@contextmanager
def served(settings: Settings, embeddings: Embeddings) -> Iterator[str]:
    """The address of the page, which is served meanwhile."""
    advisor = HeldAdvisor.open(settings, embeddings)
    with serve_app(advisor) as address:
        yield address
    advisor.close()


class Camera:
    """A browser with one look, and where its pictures go."""

    def __init__(self, browser: Browser, address: str, look: Look, out: Path) -> None:
        self.look, self.address, self._out = look, address, out
        self.words, self.reader = CHAT_TEXTS[look.language], READER_TEXTS[look.language]
        context = browser.new_context(
            viewport={"width": look.width, "height": look.height},
            locale={"fr": "fr-FR", "en": "en-GB"}[look.language],
            color_scheme="dark" if look.scheme == "dark" else "light",
            reduced_motion="reduce",
        )
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)

    @property
    def is_phone(self) -> bool:
        """Whether a document covers the chat."""
        return self.look.width < 900

    def go(self, query: str = "") -> None:
        """Open the page anew."""
        self.page.goto(f"{self.address}/{self.look.language}/{query}")
        self.page.wait_for_selector("#question textarea", state="attached")

    def ask(self, kind: str) -> None:
        """Ask in a new conversation, and wait for what can be done with the answer."""
        self.go()
        self.begin(kind)
        self.page.locator("#thread .actions").wait_for()
        with suppress(WaitedInVainError):  # not every answer has questions to go on with
            self.page.locator("#thread .next").wait_for(timeout=5_000)

    def begin(self, kind: str) -> None:
        """Send a question."""
        self.page.fill("#question textarea", QUESTIONS[self.look.language][kind])
        self.page.keyboard.press("Enter")

    def take(self, name: str) -> None:
        """Write what is on show."""
        self.page.wait_for_timeout(300)
        path = self._out / f"{name}-{self.look.name}.png"
        self.page.screenshot(path=path, animations="disabled")
        with Image.open(path) as taken:
            taken.convert("RGB").save(path.with_suffix(".webp"), quality=QUALITY, method=6)
        path.unlink()


def tour(camera: Camera) -> None:
    """Every tab and state that needs no account."""
    for visit in (answers, stopping, reading, list_and_share, tabs, questions, sheets_and_errors):
        visit(camera)
    camera.page.context.close()


def answers(camera: Camera) -> None:
    """Before the first question, and what can come of one."""
    camera.go()
    camera.page.locator("#welcome .starters button").first.wait_for()
    camera.take("first-visit")
    for kind in ("refusal", "near", "answer"):
        camera.ask(kind)
        camera.take(kind)
    camera.page.locator("#thread .menu summary").click()
    camera.take("memo")
    camera.page.locator("#thread .why").click()
    camera.page.locator("#why .passage").first.wait_for()
    camera.take("why")


def stopping(camera: Camera) -> None:
    """An answer that comes, and one that was stopped."""
    HeldAdvisor.held.set()
    camera.go()
    camera.begin("slow")
    camera.page.locator("#current .cite").first.wait_for()
    camera.take("streaming")
    camera.page.locator("#stop").click()
    camera.page.locator("#thread .notice").wait_for()
    HeldAdvisor.held.clear()
    camera.take("stopped")


def reading(camera: Camera) -> None:
    """A document: at the cited lines, searched, and beside its original."""
    page = camera.page
    camera.ask("answer")
    page.locator("#thread .cite").first.click()
    page.locator("#cited").wait_for()
    camera.take("answer-reader")
    page.locator("#document .find input").fill("cloud")
    camera.take("reader-find")
    camera.ask("pdf")
    page.locator("#thread .cite").first.click()
    page.get_by_role("button", name=camera.reader.beside, exact=True).click()
    page.locator("#document .original img").wait_for()
    camera.take("beside")


def list_and_share(camera: Camera) -> None:
    """The list with what is pinned, the sheet of a link, and the page that the link shows."""
    page = camera.page
    camera.ask("answer")
    opened = page.locator(".show-history")
    if opened.is_visible():
        opened.click()
    page.locator("#history summary").last.click()
    page.locator("#history .pin").last.click()
    page.wait_for_timeout(500)
    camera.take("list-pinned")
    page.locator("#history summary").first.click()
    page.locator("#history .share").first.click()
    page.locator("#share .make-link").click()
    link = page.locator("#share input")
    link.wait_for()
    camera.take("share-sheet")
    page.goto(link.input_value())
    camera.take("shared-page")


def tabs(camera: Camera) -> None:
    """The other tabs."""
    page = camera.page
    filled = {
        "sources": "#library .results .read",
        "maturity": "#maturity .statement",
        "corpus": "#corpus-documents tbody tr",
        "evaluations": "#evaluation-sets input",
    }
    for tab, there in filled.items():
        camera.go(f"?tab={tab}")
        page.locator(there).first.wait_for()
        page.wait_for_timeout(500)
        camera.take(tab)
    camera.go("?tab=evaluations")
    page.locator("#evaluation-shown input").wait_for()
    page.wait_for_timeout(800)
    page.locator("#evaluation-show").click()
    page.locator("#evaluation-report .report").wait_for()
    page.evaluate("document.querySelector('#evaluation-report').scrollIntoView()")
    camera.take("evaluations-report")
    page.evaluate("document.querySelectorAll('#evaluation-report h3')[1].scrollIntoView()")
    camera.take("evaluations-charts")


def questions(camera: Camera) -> None:
    """What was asked in vain, and the editor."""
    page = camera.page
    camera.go("?tab=questions")
    page.locator("#questions .open .make").first.wait_for()
    camera.take("questions")
    page.locator("#questions .open .make").first.click()
    for number in (0, 1):
        page.locator("#questions button.line").nth(number).click()
    page.locator("#questions .preview .answer").first.wait_for()
    camera.take("questions-editor")


def sheets_and_errors(camera: Camera) -> None:
    """The keys, a conversation that is gone, an address that leads nowhere."""
    camera.page.on("dialog", lambda dialog: dialog.accept())
    camera.go("?conversation=gone")
    camera.page.locator("#thread .notice").wait_for()
    camera.take("error")
    if not camera.is_phone:
        camera.page.locator(".show-shortcuts").click()
        camera.take("shortcuts")
    camera.page.goto(f"{camera.address}/nothing")
    camera.take("nowhere")


def sign_in(camera: Camera) -> None:
    """Where there are users."""
    camera.page.goto(f"{camera.address}/{camera.look.language}/")
    camera.page.locator("input[name=password]").wait_for()
    camera.take("sign-in")
    camera.page.context.close()


if __name__ == "__main__":
    main()
