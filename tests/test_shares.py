"""A link shows a conversation to others as it was, until it is ended."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from conftest import ENGINES
from pages import ask, open_page, serious, serve_app
from playwright.sync_api import Browser, expect
from served import PASSWORD, Served, serve

from advisor.accounts.audit import audit_file
from advisor.accounts.users import add_user, new_token
from advisor.advisor import Advisor
from advisor.errors import ConversationError
from advisor.features.conversations import Conversations
from advisor.features.shares import Shares
from advisor.index.sync import sync
from advisor.settings import Settings
from advisor.types import Answer
from advisor.ui.texts import CHAT_TEXTS, SHARE_TEXTS

ROTA = "What is the code name of the on-call rota?"


@pytest.fixture(scope="module", params=ENGINES)
def served(request, tmp_path_factory: pytest.TempPathFactory, new_database, embeddings) -> Iterator[Served]:
    own = {"questions_per_minute": 100_000, "database_url": new_database(request.param)}
    with serve(tmp_path_factory.mktemp("shares"), embeddings, local=False, **own) as running:
        for name in ("ada", "bob"):
            add_user(running.settings, name, PASSWORD, "user")
        yield running


@pytest.fixture(scope="module")
def answer(served: Served) -> Answer:
    return served.advisor.ask(ROTA)


@pytest.fixture
def kept(served: Served, tmp_path: Path, new_database) -> Iterator[Conversations]:
    """In a database of the kind that the server has."""
    url = new_database("postgresql" if served.settings.database_url else "sqlite")
    opened = Conversations(Settings(state_dir=tmp_path / "kept", database_url=url))
    yield opened
    opened.database.close()


def test_a_question_that_was_taken_back_is_not_the_title_of_what_is_shared(kept: Conversations, answer: Answer):
    conversation = kept.keep("ada", replace(answer, id="1", question="How do I dismiss John Doe?"))
    kept.keep("ada", replace(answer, id="2", question="How do I part with somebody?"), conversation, replacing="1")
    assert Shares(kept).find(Shares(kept).share("ada", conversation).token).title == "How do I part with somebody?"
    kept.rename("ada", conversation, "Mine")
    kept.keep("ada", replace(answer, id="3"), conversation, replacing="2")
    assert Shares(kept).find(Shares(kept).share("ada", conversation).token).title == "Mine"


def test_a_link_shows_what_was_there_when_it_was_made(kept: Conversations, answer: Answer):
    shares = Shares(kept)
    assert shares.find("nothing") is None
    conversation = kept.keep("ada", replace(answer, id="1"))
    assert shares.of("ada", conversation).token == ""
    made = shares.share("ada", conversation)
    assert len(made.token) >= 32
    assert kept.find("ada")[0].shared
    kept.keep("ada", replace(answer, id="2", question="Later?"), conversation)
    assert [turn.answer.id for turn in shares.find(made.token).turns] == ["1"]
    assert (shares.of("ada", conversation).shown, shares.of("ada", conversation).turns) == (1, 2)
    assert shares.share("ada", conversation).token == made.token  # renewed
    assert [turn.answer.id for turn in shares.find(made.token).turns] == ["1", "2"]
    shares.end("ada", conversation)
    assert shares.find(made.token) is None
    again = shares.share("ada", conversation)
    assert again.token != made.token
    kept.delete("ada", conversation)
    assert shares.find(again.token) is None


def test_nobody_shares_the_conversation_of_another(kept: Conversations, answer: Answer):
    conversation = kept.keep("ada", answer)
    token = Shares(kept).share("ada", conversation).token
    for act in (Shares(kept).share, Shares(kept).end, Shares(kept).of):
        with pytest.raises(ConversationError):
            act("bob", conversation)
    assert Shares(kept).find(token)


def test_people_who_sign_in_follow_a_link_and_others_do_not(served: Served, answer: Answer):
    settings = served.settings
    conversation = Conversations(settings).keep("ada", replace(answer, question="A <b>bold</b> question?"))
    clients = {name: served.client(Authorization=f"Bearer {new_token(settings, name)}") for name in ("ada", "bob")}
    place = f"/page/conversations/{conversation}/share?language=en"
    assert clients["bob"].post(place).status_code == 404
    sheet = clients["ada"].post(place).text
    assert SHARE_TEXTS["en"].who in sheet
    path = re.search(r'value="http://[^/]+(/shared/[\w-]+)"', sheet)[1]
    shown = clients["bob"].get(path, headers={"Accept-Language": "fr"})
    assert shown.status_code == 200
    assert SHARE_TEXTS["fr"].lead in shown.text
    assert "A &lt;b&gt;bold&lt;/b&gt; question?" in shown.text
    assert answer.citations[0].quote in shown.text
    assert "<script" not in shown.text
    assert "script-src" not in shown.headers["content-security-policy"]
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert SHARE_TEXTS["en"].lead in clients["bob"].get(f"{path}?language=en").text
    # A stranger signs in first, and lands on the link.
    with served.client(Accept="text/html") as stranger:
        asked = stranger.get(path)
        assert (asked.status_code, SHARE_TEXTS["en"].lead in asked.text) == (303, False)
        entered = stranger.post(
            asked.headers["location"], data={"name": "bob", "password": PASSWORD}, headers={"Sec-Fetch-Site": "same-origin"}
        )
        assert entered.headers["location"] == path
        assert stranger.get(path).status_code == 200
    said = [json.loads(line) for line in audit_file(settings).read_text(encoding="utf-8").splitlines()]
    assert [(one["user"], one["conversation"]) for one in said if one["action"] == "share"] == [("ada", conversation)]
    assert path.removeprefix("/shared/") not in audit_file(settings).read_text(encoding="utf-8")
    gone = Conversations(settings).keep("eve", replace(answer, id="eve's"))
    token = Shares(Conversations(settings)).share("eve", gone).token  # who is no user any more
    assert clients["bob"].get(f"/shared/{token}").status_code == 404
    assert clients["ada"].delete(place).status_code == 200
    ended = clients["bob"].get(path)
    assert (ended.status_code, SHARE_TEXTS["en"].gone in ended.text) == (404, True)
    for client in clients.values():
        client.close()


def test_the_log_does_not_tell_the_link(served: Served, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO", "advisor.server")
    with served.client() as client:
        client.get("/shared/secret")
    deadline, paths = time.monotonic() + 10, set[str]()
    while "/shared/…" not in paths and time.monotonic() < deadline:  # it is written once the answer is sent
        time.sleep(0.05)
        paths = {record.fields["path"] for record in caplog.records if "path" in getattr(record, "fields", {})}
    assert "/shared/…" in paths
    assert not [path for path in paths if "secret" in path]


@pytest.mark.parametrize(("width", "locale", "engine"), [(1280, "fr-FR", "sqlite"), (390, "en-GB", "postgresql")])
def test_share_follow_and_end_in_a_browser(
    browser: Browser, advisor: Advisor, tmp_path: Path, new_database, width, locale, engine
):
    words, chat = SHARE_TEXTS[locale[:2]], CHAT_TEXTS[locale[:2]]
    changes = {"state_dir": tmp_path, "database_url": new_database(engine)}
    own = Advisor(advisor.settings.model_copy(update=changes), advisor.embeddings, advisor.index)
    with serve_app(own) as address:
        page = open_page(browser, address, width=width, locale=locale)
        ask(page, "Where do we start with FinOps?")
        if width == 390:
            page.get_by_role("button", name=chat.show_conversations).click()
        page.locator("#history summary").click()
        page.locator("#history .share").click()
        sheet = page.get_by_role("dialog", name=words.title)
        expect(sheet).to_contain_text(words.whoever)
        sheet.get_by_role("button", name=words.make).click()
        link = sheet.get_by_role("textbox", name=words.link)
        expect(link).to_have_value(re.compile(r"/shared/[\w-]{32}$"))
        found = link.input_value()
        assert serious(page) == []
        page.keyboard.press("Escape")
        expect(sheet).to_be_hidden()
        expect(page.locator("#history summary")).to_be_focused()
        expect(page.locator("#history").get_by_role("img", name=words.shared)).to_be_visible()
        quote = page.locator("#sources .card .quote").first.text_content()

        # Whoever follows it, in another browser, reads what was answered, and goes on to the document.
        reader = browser.new_context(viewport={"width": width, "height": 844}, locale=locale).new_page()
        reader.goto(found)
        expect(reader.locator("html")).to_have_attribute("lang", locale[:2])
        expect(reader.locator(".turn h2")).to_have_text("Where do we start with FinOps?")
        expect(reader.locator(".sources .quote").first).to_have_text(quote)
        expect(reader.locator("textarea, form, button")).to_have_count(0)
        assert serious(reader) == []
        assert reader.evaluate("document.documentElement.scrollWidth") <= width
        reader.locator(".cite").first.click()
        expect(reader.locator(".sources li").first).to_be_in_viewport()
        reader.locator(".sources .read").first.click()
        expect(reader.locator("#cited")).to_be_in_viewport()

        page.locator("#history summary").click()
        page.locator("#history .share").click()
        sheet.get_by_role("button", name=words.end).click()
        expect(sheet).to_contain_text(words.what)
        expect(page.locator("#history").get_by_role("img", name=words.shared)).to_have_count(0)
        reader.goto(found)
        expect(reader.locator("h1")).to_have_text(words.gone)
        for context in (page.context, reader.context):
            context.close()


def test_a_link_survives_reindexing(small_settings, embeddings):
    sync(small_settings, embeddings)
    advisor = Advisor.open(small_settings, embeddings)
    kept = Conversations(small_settings)
    conversation = kept.keep("", advisor.ask(ROTA))
    token = Shares(kept).share("", conversation).token
    with serve_app(advisor) as address:
        (small_settings.corpus_dir / "en" / "incidents.md").write_text("# Rota\n\nNothing is left.\n", encoding="utf-8")
        sync(small_settings, embeddings)
        page = httpx.get(f"{address}/shared/{token}").text
        assert "Zanzibar is the code name" in page
        query = re.search(r'href="\.\./en/\?([^"]+)"', page)[1].replace("&amp;", "&")
        place = dict(pair.split("=") for pair in query.split("&"))
        quoted = httpx.get(
            f"{address}/api/sources/en/incidents.md", params={k: v for k, v in place.items() if k != "document"}
        )
        assert "Zanzibar" in quoted.json()["quote"]
    advisor.close()
