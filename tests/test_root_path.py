"""The page and the interfaces below a path of a reverse proxy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pages import open_page, show_tab, sign_in
from path_proxy import PathProxy, path_proxy
from playwright.sync_api import Browser, Page, expect
from pydantic import ValidationError
from served import PASSWORD, serve

from advisor.accounts.users import add_user, new_token
from advisor.settings import Settings

QUESTION = "When does a blameless review take place after an outage?"
ROOT = "/tools/advisor"


@pytest.fixture(scope="module", params=[False, True], ids=["taken off", "kept"])
def proxied(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, embeddings) -> Iterator[PathProxy]:
    """Without users; no request goes astray."""
    folder = tmp_path_factory.mktemp("root")
    with (
        path_proxy(ROOT, kept=request.param) as proxy,
        serve(folder, embeddings, root_path=f"{ROOT}/", answer_threshold=0.05) as served,
    ):
        proxy.server = served.address
        yield proxy


def watched(page: Page) -> list[str]:
    """What the page asks for in vain, from now on."""
    failed: list[str] = []
    page.on("response", lambda answer: failed.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    page.on("pageerror", lambda error: failed.append(str(error)))
    return failed


@pytest.mark.parametrize("place", ["/", "/en/"])
def test_a_question_is_answered_and_its_lines_are_opened(browser: Browser, proxied: PathProxy, place: str):
    page = open_page(browser, f"{proxied.address}{place}", locale="en-GB")
    failed = watched(page)
    page.fill("#question textarea", QUESTION)
    page.keyboard.press("Enter")
    page.locator("#current .actions").wait_for()
    page.locator("#current .turn a, #current .turn button").filter(has_text="1").first.click()
    expect(page.locator("#document article mark").first).to_contain_text("within five days")
    assert "document=en%2Fincidents.md" in page.url
    assert page.url.startswith(proxied.address)
    page.reload()
    expect(page.locator("#document article mark").first).to_contain_text("within five days")
    show_tab(page, "Sources")
    expect(page.locator("#tab-sources")).to_contain_text("Incident reviews")
    page.locator("#language a").click()
    page.wait_for_url(f"{proxied.address}/fr/**")
    assert (failed, proxied.astray) == ([], [])
    page.context.close()


def test_conversations_and_memos_are_reached(browser: Browser, proxied: PathProxy):
    page = open_page(browser, f"{proxied.address}/en/", locale="en-GB")
    page.fill("#question textarea", QUESTION)
    page.keyboard.press("Enter")
    page.locator("#current .actions").wait_for()
    addresses = page.evaluate("[...document.querySelectorAll('a[href*=memo]')].map((link) => link.href)")
    kept = [address for address in addresses if "/memo.md" in address]
    assert kept
    memo = page.request.get(kept[0]).text()
    assert f"]({'<'}{proxied.address}/en/?document=" in memo
    link = page.locator("#history a.open").first
    assert link.evaluate("(link) => link.href").startswith(f"{proxied.address}/en/?conversation=")
    conversation = page.url.rpartition("=")[2]
    sheet = page.request.post(f"{proxied.address}/page/conversations/{conversation}/share?language=en").text()
    shared = re.search(r'value="([^"]+)"', sheet)[1]
    assert shared.startswith(f"{proxied.address}/shared/")
    page.goto(shared)
    page.locator(".sources .read").first.click()
    expect(page.locator("#cited")).to_be_visible()
    assert page.url.startswith(f"{proxied.address}/en/?document=")
    assert proxied.astray == []
    page.context.close()


def test_the_interfaces_are_below_the_path(proxied: PathProxy):
    with httpx.Client(base_url=proxied.address, timeout=60) as client:
        assert client.post("/api/ask", json={"question": QUESTION}).json()["status"] == "answered"
        assert client.get("/api/openapi.json").json()["servers"] == [{"url": ROOT}]
        chat = {"model": "cto-advisor", "messages": [{"role": "user", "content": QUESTION}]}
        message = client.post("/v1/chat/completions", json=chat).json()["choices"][0]["message"]
        assert message["annotations"][0]["url_citation"]["url"].startswith(f"{proxied.address}/en/?document=")
        assert client.get("/nothing", follow_redirects=True).status_code == 404
        assert client.get("/api/nothing").json()["code"] == "not_found"


@pytest.mark.parametrize("kept", [False, True])
def test_people_sign_in_and_out(browser: Browser, tmp_path: Path, embeddings, kept: bool):
    with path_proxy(ROOT, kept=kept) as proxy, serve(tmp_path, embeddings, local=False, root_path=ROOT) as served:
        proxy.server = served.address
        add_user(served.settings, "ada", PASSWORD, "user")
        page = sign_in(browser, f"{proxy.address}/en/?document=en/incidents.md", "ada", PASSWORD)
        assert page.url.startswith(f"{proxy.address}/en/?document=en")
        (cookie,) = page.context.cookies()
        assert cookie["path"] == ROOT
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(f"{proxy.address}/login")
        assert page.context.cookies() == []
        assert proxy.astray == []
        page.context.close()


def test_a_token_is_taken_below_the_path(tmp_path: Path, embeddings):
    with path_proxy(ROOT, kept=False) as proxy, serve(tmp_path, embeddings, local=False, root_path=ROOT) as served:
        proxy.server = served.address
        add_user(served.settings, "ada", PASSWORD, "user")
        headers = {"Authorization": f"Bearer {new_token(served.settings, 'ada')}"}
        assert httpx.get(f"{proxy.address}/metrics", headers=headers).status_code == 200
        assert httpx.get(f"{proxy.address}/metrics").status_code == 401


def test_a_path_that_begins_like_one_of_its_own_is_no_other(tmp_path: Path, embeddings):
    """Nothing is taken off but the whole path, once."""
    with serve(tmp_path, embeddings, root_path="/a") as served, served.client() as client:
        for path in ("/api/health", "/a/api/health"):
            assert client.get(path).status_code == 200
        assert client.get("/a/a/api/health").status_code == 404


def test_no_address_of_the_page_begins_at_the_root_of_the_host(project_root: Path):
    """Each begins with "../": a new one that does not would lead out of the path, on the servers of others alone."""
    sources = [*(project_root / "advisor/ui").glob("*.py"), *(project_root / "advisor/ui/assets").glob("*.js")]
    begins = re.compile(r"""(?:(?:href|action|src)=["']|fetch\([`"'])/""")
    assert [path.name for path in sources if begins.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(("given", "taken"), [("", ""), ("/", ""), ("advisor", "/advisor"), ("/a/b/", "/a/b")])
def test_the_setting_has_one_form(given: str, taken: str):
    assert Settings(root_path=given).root_path == taken


@pytest.mark.parametrize("given", ["/a b", '/"><script>', "/a?b", "/a#b", "/a/../b", "/a//b", "//example.org/x y"])
def test_a_setting_that_is_no_path_is_refused(given: str):
    with pytest.raises(ValidationError, match="no path"):
        Settings(root_path=given)


def test_the_proxies_of_the_documentation_leave_or_take_off_the_path_of_the_setting(project_root: Path):
    text = (project_root / "docs" / "operations.md").read_text(encoding="utf-8")
    assert set(re.findall(r"ADVISOR_ROOT_PATH=(\S+)", text)) == {"/advisor"}
    assert "location /advisor/ {" in text
    assert "handle /advisor/* {" in text
