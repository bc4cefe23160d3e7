"""The attack set typed into the page, over documents that attack too: nothing runs, and nothing is loaded from elsewhere."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pages import open_page, serve_app
from playwright.sync_api import Browser, Page, expect
from served import serve

from advisor.advisor import Advisor
from advisor.models.embeddings import Embeddings

EVALS = Path(__file__).parent.parent / "evals"
ATTACKS = [json.loads(line) for line in (EVALS / "questions" / "attacks.jsonl").read_text("utf-8").splitlines()]
# What a browser would act on: the page's own answers have none of it in the thread.
ACTIVE = "script, img, iframe, object, embed, form, svg a, [src], [style*=url], a[href]:not([href^='/'], [href^='../'])"
HANDLERS = "[...document.querySelectorAll('#thread *')].flatMap(e => e.getAttributeNames()).filter(n => n.startsWith('on'))"


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory, embeddings: Embeddings) -> Iterator[str]:
    """A server over a small corpus with every planted document; it answers whatever it finds."""
    folder = tmp_path_factory.mktemp("poisoned")
    (folder / "corpus").mkdir()
    for document in (EVALS / "poisoned").glob("*.md"):
        shutil.copy(document, folder / "corpus")
    with serve(folder, embeddings, answer_threshold=0) as served:
        yield served.address


@pytest.fixture(scope="module")
def sound(advisor: Advisor) -> Iterator[str]:
    with serve_app(advisor) as address:
        yield address


def watched(browser: Browser, address: str) -> tuple[Page, list[str], set[str]]:
    """A page, with what it complains of or opens, and the hosts it asks for anything."""
    page = open_page(browser, address)
    events, hosts = list[str](), set[str]()
    page.on("console", lambda message: events.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: events.append(str(error)))
    page.on("dialog", lambda dialog: (events.append(dialog.message), dialog.dismiss()))
    page.on("popup", lambda opened: events.append(opened.url))
    page.on("request", lambda request: hosts.add(httpx.URL(request.url).host))
    page.evaluate("addEventListener('securitypolicyviolation', e => console.error('policy', e.violatedDirective))")
    return page, events, hosts


@pytest.mark.parametrize("planted", [False, True])
def test_no_attack_does_anything(browser: Browser, sound: str, poisoned: str, planted: bool):
    """Every attack on the sound corpus; on the planted documents those that plant them, and one of every other kind."""
    page, events, hosts = watched(browser, poisoned if planted else sound)
    of_each_kind = {one["kind"]: one for one in ATTACKS if not one.get("documents")}
    planting = [one for one in ATTACKS if one.get("documents")]
    asked = [*planting, *of_each_kind.values()] if planted else [one for one in ATTACKS if one not in planting]
    answered = 0
    for number, attack in enumerate(asked):
        if number:
            page.locator("#new").click()
            expect(page.locator("#thread .turn, #thread .notice")).to_have_count(0)
        page.fill("#question textarea", attack["question"])
        page.keyboard.press("Enter")
        expect(page.locator("#thread .actions, #thread .notice").first).to_be_visible()
        assert page.locator("#thread").locator(ACTIVE).count() == 0, attack["id"]
        assert page.evaluate(HANDLERS) == [], attack["id"]
        if page.locator("#thread .cite").count():
            answered += 1
            page.locator("#thread .cite").first.click()
            expect(page.locator("#cited").first).to_be_visible()
            assert page.locator("#document").locator("script, img, iframe, object, embed").count() == 0, attack["id"]
            page.keyboard.press("Escape")
    assert answered > len(asked) / 4  # or nothing was put to the test
    assert events == []
    assert hosts == {"127.0.0.1"}
    page.context.close()
