"""What keeps others out: sign-in, tokens, origins, hosts, limits, the policy of the page, and Gradio's own routes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from pages import open_page
from playwright.sync_api import Browser, Page, expect
from served import PASSWORD, Served, serve
from starlette.datastructures import Headers

from advisor.accounts.audit import audit_file
from advisor.accounts.users import add_user, remove_user
from advisor.api.origin import host_of, is_cross_origin, is_own_host
from advisor.errors import SettingsError
from advisor.settings import Settings
from advisor.storage.database import DATABASE_FILE
from advisor.ui.server import serve_page as serve_for_good

QUESTION = {"question": "When does a blameless review take place after an outage?"}


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory, embeddings) -> Iterator[Served]:
    """On a loopback address, without users."""
    with serve(tmp_path_factory.mktemp("open"), embeddings, answer_threshold=0.05) as running:
        yield running


@pytest.fixture(scope="module")
def shut_server(tmp_path_factory: pytest.TempPathFactory, embeddings) -> Iterator[Served]:
    """Reachable by others, with a user and a curator."""
    with serve(tmp_path_factory.mktemp("shut"), embeddings, local=False, answer_threshold=0.05) as running:
        add_user(running.settings, "ada", PASSWORD, "user")
        add_user(running.settings, "grace", PASSWORD, "curator")
        yield running


def sign_in(client: httpx.Client, name: str = "ada", password: str = PASSWORD) -> httpx.Response:
    return client.post("/login", data={"name": name, "password": password}, headers={"Sec-Fetch-Site": "same-origin"})


# The page in a browser


@pytest.mark.parametrize(("locale", "language"), [("fr-FR", "fr"), ("en-GB", "en")])
def test_the_page_works_under_its_policy(browser: Browser, open_server: Served, locale: str, language: str):
    context = browser.new_context(locale=locale)
    page, complaints, hosts = context.new_page(), list[str](), set[str]()
    page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: hosts.add(httpx.URL(request.url).host))
    page.add_init_script("addEventListener('securitypolicyviolation', e => console.error('policy', e.violatedDirective))")
    answer = page.goto(f"{open_server.address}/{language}/")
    page.wait_for_selector("#question textarea")
    assert page.evaluate("document.documentElement.lang") == language
    page.fill("#question textarea", QUESTION["question"])
    page.keyboard.press("Enter")
    expect(page.locator("#thread .about")).to_have_count(1)
    page.locator("#thread button.cite").first.click()
    expect(page.locator("#cited")).to_be_visible()
    page.get_by_role("tab", name="Corpus").click()
    expect(page.locator("#corpus-documents tbody tr")).to_have_count(5)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    assert complaints == []
    assert hosts == {"127.0.0.1"}
    page.context.close()


def test_a_script_that_gets_into_the_page_does_not_run(browser: Browser, open_server: Served):
    page = open_page(browser, f"{open_server.address}/en/")
    page.evaluate(
        """() => {
            document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="window.ran = 1"><iframe srcdoc="x"></iframe>');
            const script = document.createElement('script');
            script.textContent = 'window.ran = 2';
            document.body.append(script);
            const far = document.createElement('script');
            far.src = 'https://example.org/x.js';
            document.body.append(far);
        }"""
    )
    page.wait_for_timeout(500)
    assert page.evaluate("window.ran") is None
    assert page.evaluate("fetch('https://example.org/').then(() => 'sent', () => 'refused')") == "refused"
    page.context.close()


def test_people_sign_in_and_out(browser: Browser, shut_server: Served):
    page = browser.new_context(locale="fr-FR").new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if "olicy" in message.text else None)
    page.goto(f"{shut_server.address}/fr/")
    expect(page).to_have_url(f"{shut_server.address}/login")
    enter(page, "ada", "not the password")
    expect(page.get_by_role("alert")).to_have_text("Ce nom et ce mot de passe ne vont pas ensemble.")
    enter(page, "ada", PASSWORD)
    page.wait_for_selector("#question textarea")
    cookie = next(cookie for cookie in page.context.cookies() if cookie["name"] == "advisor")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    page.fill("#question textarea", QUESTION["question"])
    page.keyboard.press("Enter")
    expect(page.locator("#thread .about")).to_have_count(1)
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page).to_have_url(f"{shut_server.address}/login")
    page.goto(f"{shut_server.address}/fr/")
    expect(page).to_have_url(f"{shut_server.address}/login")
    assert complaints == []
    page.context.close()


@pytest.mark.parametrize("path", ["/fr/?document=en%2Fboard.md", "/en/?tab=sources&document=en%2Fboard.md"])
def test_signing_in_leads_to_where_one_was_going(browser: Browser, shut_server: Served, path: str):
    page = browser.new_context(locale="fr-FR").new_page()
    page.goto(shut_server.address + path)
    enter(page, "ada", "not the password")
    expect(page.get_by_role("alert")).to_be_visible()
    enter(page, "ada", PASSWORD)
    expect(page).to_have_url(shut_server.address + path)
    page.context.close()


@pytest.mark.parametrize(
    "goal", ["https://evil.invalid/?a=b", "//evil.invalid/?a=b", "/\\evil.invalid/?a", "/metrics?a", "x", "//[?a"]
)
def test_signing_in_leads_to_no_other_site(shut_server: Served, goal: str):
    with shut_server.client() as client:
        said = {"name": "ada", "password": PASSWORD}
        answer = client.post("/login", params={"next": goal}, data=said, headers={"Sec-Fetch-Site": "same-origin"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


def enter(page: Page, name: str, password: str) -> None:
    page.get_by_label("Nom").fill(name)
    page.get_by_label("Mot de passe").fill(password)
    page.keyboard.press("Enter")


# Who may come in


def test_nothing_but_health_is_there_for_strangers(shut_server: Served):
    with shut_server.client() as client:
        assert client.get("/api/health").status_code == 200
        for method, path in (
            ("POST", "/api/ask"),
            ("POST", "/api/search"),
            ("POST", "/api/index"),
            ("GET", "/api/sources/en/board.md"),
            ("GET", "/api/originals/en/board.md"),
            ("GET", "/api/openapi.json"),
            ("GET", "/metrics"),
            ("POST", "/mcp"),
            ("GET", "/en/config"),
            ("POST", "/en/gradio_api/queue/join"),
            ("POST", "/en/gradio_api/upload"),
            ("GET", "/nothing"),
        ):
            refused = client.request(method, path, json=QUESTION if method == "POST" else None)
            assert (path, refused.status_code, refused.json()["code"]) == (path, 401, "sign_in")
        page = client.get("/", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (303, "/login")


def test_a_server_for_others_without_users_stays_shut(tmp_path, embeddings):
    with serve(tmp_path, embeddings, local=False) as served, served.client() as client:
        assert client.post("/api/ask", json=QUESTION).status_code == 401
        assert client.get("/", headers={"Accept": "text/html"}).headers["location"] == "/login"


def test_two_people_are_told_apart_and_each_may_what_their_role_lets_them(shut_server: Served):
    with shut_server.signed_in("user-one") as one, shut_server.signed_in("curator-two", "curator") as two:
        assert one.post("/api/ask", json=QUESTION).json()["status"] == "answered"
        refused = one.post("/api/index", json={"dry_run": True})
        assert (refused.status_code, refused.json()["code"]) == (403, "curators_only")
        assert one.post("/en/gradio_api/upload", files={"files": b"# x"}).status_code == 403
        assert two.post("/api/index", json={"dry_run": True}).status_code == 200
        assert two.post("/en/gradio_api/upload", files={"files": b"# x"}).status_code == 200
        remove_user(shut_server.settings, "user-one")
        assert one.post("/api/ask", json=QUESTION).json()["code"] == "token"


def test_a_cookie_opens_and_is_worthless_once_signed_out(shut_server: Served):
    with shut_server.client() as client:
        assert sign_in(client).status_code == 303
        assert client.post("/api/search", json=QUESTION).status_code == 200
        old = client.cookies["advisor"]
        client.post("/logout")
        assert client.post("/api/search", json=QUESTION).status_code == 401
        client.cookies.set("advisor", old)
        assert client.post("/api/search", json=QUESTION).status_code == 401


def test_sign_ins_are_in_the_audit_and_passwords_are_not(shut_server: Served):
    with shut_server.client() as client:
        sign_in(client, "ada", "wrong but long enough")
        sign_in(client, "ada")
    text = audit_file(shut_server.settings).read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()][-2:]
    assert [(line["action"], line["user"]) for line in lines] == [("failed sign-in", None), ("sign-in", "ada")]
    assert "wrong but long enough" not in text
    assert PASSWORD not in text


def test_guessing_a_password_is_slowed_down(tmp_path, embeddings):
    with serve(tmp_path, embeddings, local=False) as served, served.client() as client:
        add_user(served.settings, "ada", PASSWORD, "user")
        answers = [sign_in(client, "ada", f"guess number {number}") for number in range(8)]
        assert [answer.status_code for answer in answers[:5]] == [401] * 5
        late = next(answer for answer in answers if answer.status_code == 429)
        assert 0 < int(late.headers["retry-after"]) <= 60


def test_the_server_does_not_listen_to_others_without_users(tmp_path):
    settings = Settings(corpus_dir=tmp_path / "corpus", index_dir=tmp_path / "index", state_dir=tmp_path / "state")
    for host, changes in (("0.0.0.0", {}), ("192.0.2.1", {}), ("127.0.0.1", {"host_names": "advisor.example"})):
        with pytest.raises(SettingsError, match=r"there are no users. Add one first: advisor users add"):
            serve_for_good(Settings(**{**settings.model_dump(), **changes}), host=host)


# Where requests come from


@pytest.mark.parametrize(
    ("headers", "crosses"),
    [
        ({}, False),
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "http://here:1"}, True),
        ({"origin": "http://here:1"}, False),
        ({"origin": "https://HERE:1"}, False),
        ({"origin": "http://here:2"}, True),
        ({"origin": "http://elsewhere"}, True),
        ({"origin": "null"}, True),
    ],
)
def test_a_request_of_another_page_is_known(headers: dict[str, str], crosses: bool):
    assert is_cross_origin("POST", Headers({"host": "here:1", **headers})) is crosses
    assert not is_cross_origin("GET", Headers({"host": "here:1", **headers}))


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1:7860", True),
        ("[::1]:7860", True),
        ("localhost", True),
        ("Advisor.Example:443", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("192.0.2.1", False),
        ("", False),
        ("[", False),
    ],
)
def test_a_name_of_another_server_is_known(host: str, own: bool):
    assert is_own_host(host_of(Headers({"host": host})), {"advisor.example"}) is own


@pytest.mark.parametrize("path", ["/api/ask", "/api/index", "/login", "/logout", "/mcp", "/en/gradio_api/queue/join"])
def test_other_pages_change_nothing(open_server: Served, path: str):
    with open_server.client(Origin="https://evil.example") as client:
        refused = client.post(path, json=QUESTION)
        assert (refused.status_code, refused.json()["code"]) == (403, "origin")
        assert not any(name.startswith("access-control") for name in refused.headers)
        read = client.get("/en/config")
        assert not any(name.startswith("access-control") for name in read.headers)


def test_another_name_for_this_machine_is_refused(open_server: Served):
    """A page elsewhere whose name points at 127.0.0.1 is of the same origin for its browser."""
    with open_server.client(Host="evil.example") as client:
        for path in ("/api/health", "/en/", "/api/sources/en/board.md"):
            refused = client.get(path)
            assert (refused.status_code, refused.json()["code"]) == (421, "host")


def test_answers_tell_browsers_to_be_careful(open_server: Served):
    with open_server.client() as client:
        for path in ("/en/", "/api/health", "/api/nothing", "/metrics", "/en/theme.css"):
            headers = client.get(path).headers
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
            assert headers["cross-origin-resource-policy"] == "same-origin"
        assert client.get("/api/health").headers["cache-control"] == "no-store"
        first, second = (re.search("'nonce-(.+?)'", client.get("/en/").headers["content-security-policy"]) for _ in range(2))
        assert first[1] != second[1]


# How much and how often


LOOKED_UP = (
    "/page/answers/none/next",
    "/page/answers/none/why?language=en",
    "/page/answers/none/memo.docx?language=en",
    "/page/conversations/none/memo.docx?language=en",
    "/page/library?language=en",
    "/page/library/links?language=en&document=en/board.md",
    "/page/maturity?language=en",
    "/page/maturity/result?language=en",
    "/page/maturity/memo.md?language=en",
)


def test_questions_of_one_person_are_counted(tmp_path, embeddings):
    with (
        serve(tmp_path, embeddings, questions_per_minute=3) as served,
        served.signed_in("ada") as ada,
        served.signed_in("grace") as grace,
    ):
        statuses = [ada.post("/api/search", json=QUESTION).status_code for _ in range(4)]
        refused = ada.post("/en/gradio_api/queue/join", json={})
        assert statuses == [200, 200, 200, 429]
        assert (refused.status_code, refused.json()["code"]) == (429, "too_often")
        assert 0 < int(refused.headers["retry-after"]) <= 60
        for path in LOOKED_UP:
            assert ada.get(path).json()["code"] == "too_often"
            assert grace.get("/page/conversations?language=en").status_code == 200
        assert ada.get("/api/sources/en/board.md").status_code == 200
        assert grace.post("/api/search", json=QUESTION).status_code == 200


def test_a_damaged_file_of_users_lets_nobody_in(tmp_path, embeddings):
    with serve(tmp_path, embeddings) as served, served.signed_in("ada") as ada:
        (served.settings.state_dir / DATABASE_FILE).chmod(0o644)
        refused = ada.post("/api/ask", json=QUESTION)
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert str(tmp_path) not in refused.text


def test_a_request_that_is_too_large_is_refused_unread(open_server: Served):
    with open_server.client() as client:
        told = client.post("/api/ask", json={"question": "a" * 2_100_000})
        untold = client.post("/api/ask", content=(b"x" * 100_000 for _ in range(30)))
        assert [(answer.status_code, answer.json()["code"]) for answer in (told, untold)] == [(413, "too_large")] * 2


def test_questions_at_once_are_all_answered(open_server: Served):
    with open_server.client() as client, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post("/api/ask", json=QUESTION), range(16)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["answer"] for answer in answers}) == 1
    assert len({answer.json()["id"] for answer in answers}) == 16


# What Gradio brings


@pytest.mark.parametrize(
    "path",
    [
        "gradio_api/openapi.json",
        "gradio_api/runs",
        "gradio_api/app_id",
        "gradio_api/token",
        "gradio_api/proxy=http://127.0.0.1:1/",
        "gradio_api/custom_component/1/client/x/index.js",
        "gradio_api/deep_link",
        "gradio_api/run/predict",
        "gradio_api/call/answer",
        "gradio_api/vibe-code",
        "gradio_api/file/etc/passwd",
        "monitoring",
        "login",
        "svelte/x",
    ],
)
def test_what_the_page_does_not_need_is_not_there(open_server: Served, path: str):
    with open_server.client() as client:
        for prefix in ("/en/", "/fr/", "/"):
            if prefix + path == "/login":
                continue
            assert client.get(prefix + path).status_code == 404, prefix
            assert client.post(prefix + path, json={}).status_code in (404, 405), prefix


@pytest.mark.parametrize("path", ["/etc/passwd", "users.json", "../state/users.json", "corpus/en/board.md"])
def test_no_file_of_the_machine_is_read_through_the_page(open_server: Served, path: str):
    add = open_server.settings.state_dir / path if not path.startswith("/") else path
    with open_server.client() as client:
        for wanted in (path, add):
            assert client.get(f"/en/gradio_api/file={wanted}").status_code in (403, 404)
