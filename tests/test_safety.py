"""Gradio's events by role and visitor, odd requests, proxies, passwords and half requests."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from served import PASSWORD, Served, event_of, send_event, serve, told
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from advisor.accounts.audit import audit_file
from advisor.accounts.users import add_user, new_token
from advisor.api import connections
from advisor.api.log import JsonLines
from advisor.api.rates import Guesses


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, embeddings) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("safety"), embeddings, local=False, questions_per_minute=100_000) as running:
        add_user(running.settings, "ada", PASSWORD, "user")
        add_user(running.settings, "grace", PASSWORD, "curator")
        yield running


def as_user(served: Served, name: str) -> httpx.Client:
    return served.client(Authorization=f"Bearer {new_token(served.settings, name)}")


# Events of the page, by role and by visitor

CURATORS = [
    ("corpus-reindex", "click", []),
    ("corpus-rollback", "click", []),
    ("corpus-upload", "upload", [[]]),
    ("corpus-approve", "click", [[]]),
    ("corpus-decline", "click", [[]]),
    ("corpus-delete", "click", [""]),
    ("corpus-yes", "click", []),
    ("corpus-no", "click", []),
    ("tab-corpus", "select", []),
    ("tab-evaluations", "select", []),
    ("evaluation-run", "click", [[], "x"]),
    ("evaluation-show", "click", ["x", None]),
]


@pytest.mark.parametrize(("element", "trigger", "data"), CURATORS, ids=[f"{one[0]}-{one[1]}" for one in CURATORS])
def test_events_of_curators_are_theirs(served: Served, element: str, trigger: str, data: list[Any]):
    with as_user(served, "grace") as grace, as_user(served, "ada") as ada:
        event = event_of(grace, element, trigger)
        refused = send_event(ada, event, data)
        assert (refused.status_code, refused.json()["code"]) == (403, "curators_only")
        assert send_event(grace, event, data, "of-grace").json().get("code") != "curators_only"


def test_every_event_in_a_tab_of_curators_is_known(served: Served):
    with as_user(served, "ada") as ada:
        config = ada.get("/en/config").json()
    names = {one["id"]: one["props"].get("elem_id") or "" for one in config["components"]}
    desks = ("corpus", "evaluation", "questions", "tab-corpus", "tab-questions", "tab-evaluations")
    known = {(element, trigger) for element, trigger, _ in CURATORS}
    there = {
        (names[number], trigger)
        for one in config["dependencies"]
        for number, trigger in one["targets"]
        if number is not None and names.get(number, "").startswith(desks)
    }
    assert there <= known


def test_uploads_and_their_progress_are_for_curators(served: Served):
    with as_user(served, "ada") as ada:
        for path in ("/en/gradio_api/upload_progress?upload_id=x", "/fr/gradio_api/upload_progress?upload_id=x"):
            assert ada.get(path).json()["code"] == "curators_only"
        assert ada.post("/en/gradio_api/upload", files={"files": b"# x"}).json()["code"] == "curators_only"


def test_what_an_event_gives_goes_to_who_sent_it(served: Served):
    with as_user(served, "ada") as ada, as_user(served, "grace") as grace:
        event = event_of(ada, "send")
        assert send_event(ada, event, ["When does a review take place?", "", "", None], "page-of-ada").status_code == 200
        for stranger in (
            grace.get("/en/gradio_api/queue/data", params={"session_hash": "page-of-ada"}),
            grace.get("/en/gradio_api/heartbeat/page-of-ada"),
            grace.post("/en/gradio_api/cancel", json={"session_hash": "page-of-ada", "fn_index": event, "event_id": "x"}),
            send_event(grace, event, ["When?", "", "", None], "page-of-ada"),
        ):
            assert (stranger.status_code, stranger.json()["code"]) == (404, "not_found")
        assert "process_completed" in ada.get("/en/gradio_api/queue/data", params={"session_hash": "page-of-ada"}).text


# Odd requests


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "//", "\\", "http://a:b:c", "null", "\xff"])
@pytest.mark.parametrize("path", ["/login", "/api/ask", "/mcp", "/en/gradio_api/queue/join"])
def test_an_origin_that_is_none_is_refused(served: Served, origin: str, path: str):
    with served.client() as client:
        refused = client.post(path, headers={"Origin": origin.encode("latin-1")}, json={})
        assert (refused.status_code, refused.json()["code"]) == (403, "origin")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/ask", '{"question": "\\ud800?"}'),
        ("POST", "/api/search", '{"question": "what\\udfff?"}'),
        ("POST", "/api/ask", '{"question": "What?", "history": ["\\udc80"]}'),
        ("PATCH", "/page/conversations/x", '{"title": "\\ud800"}'),
        ("POST", "/page/answers/x/verdict", '{"rating": "up", "comment": "\\ud800"}'),
        ("POST", "/mcp", '{"jsonrpc": "2.0", "id": 1, "method": "\\ud800", "params": {}}'),
        ("POST", "/en/gradio_api/queue/join", '{"fn_index": 0, "data": ["\\ud800"], "session_hash": "s"}'),
        ("POST", "/en/gradio_api/cancel", '{"session_hash": "\\ud800"}'),
        ("GET", "/api/sources/%ED%A0%80", None),
        ("GET", "/page/library?language=en&search=%ED%A0%80", None),
        ("GET", "/page/conversations?language=en&search=%ED%A0%80", None),
        ("GET", "/en/gradio_api/file=%ED%A0%80", None),
        ("GET", "/%ED%A0%80", None),
    ],
)
def test_half_a_character_breaks_nothing(served: Served, method: str, path: str, body: str | None):
    with as_user(served, "grace") as client:
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        answer = client.request(method, path, content=body, headers=headers)
        assert answer.status_code < 500


def test_half_a_character_in_a_form_breaks_nothing(served: Served):
    with served.client(**{"Sec-Fetch-Site": "same-origin"}) as client:
        for content in ("name=%ED%A0%80&password=x", "name=ada&password=%ED%A0%80%00"):
            answer = client.post("/login", content=content, headers={"Content-Type": "application/x-www-form-urlencoded"})
            assert answer.status_code < 500


@pytest.mark.parametrize("path", ["/", "/en/", "/api/ask", "/mcp", "/nothing"])
def test_a_websocket_is_refused(served: Served, path: str):
    with pytest.raises(InvalidStatus) as refused, connect(served.address.replace("http", "ws") + path):
        pass
    assert 400 <= refused.value.response.status_code < 500


# Proxies


def test_nobody_is_believed_who_says_for_whom_they_ask(served: Served):
    with served.client(**{"X-Forwarded-For": "203.0.113.9", "Sec-Fetch-Site": "same-origin"}) as client:
        client.post("/login", data={"name": "nobody-at-all", "password": "x"})
    line = [json.loads(one) for one in audit_file(served.settings).read_text(encoding="utf-8").splitlines()][-1]
    assert (line["name"], line["address"]) == ("nobody-at-all", "127.0.0.1")


def test_a_proxy_that_the_settings_name_is_believed(tmp_path: Path, embeddings):
    with serve(tmp_path, embeddings, local=False, proxies="127.0.0.1") as behind, behind.client() as client:
        add_user(behind.settings, "ada", PASSWORD, "user")
        told_by_proxy = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "Sec-Fetch-Site": "same-origin"}
        answer = client.post("/login", data={"name": "ada", "password": PASSWORD}, headers=told_by_proxy)
        assert "Secure" in answer.headers["set-cookie"]
        assert "strict-transport-security" in answer.headers
        lines = audit_file(behind.settings).read_text(encoding="utf-8").splitlines()
        assert json.loads(lines[-1])["address"] == "203.0.113.9"


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Gradio-Server", "Forwarded", "X-Forwarded-Server"])
@pytest.mark.parametrize("value", ["evil.example", "http://evil.example", "host=evil.example"])
def test_the_page_is_where_it_is(served: Served, header: str, value: str):
    with as_user(served, "ada") as client:
        for path in ("/en/", "/en/config"):
            page = client.get(path, headers={header: value, "X-Forwarded-Proto": "https"})
            assert page.status_code == 200
            assert "evil.example" not in page.text


# Requests that do not come to their end


def test_a_request_that_is_not_said_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, embeddings):
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 1.0)
    with serve(tmp_path, embeddings) as running:
        host, port = running.address.removeprefix("http://").split(":")
        began = time.monotonic()
        silent, half, slow = (socket.create_connection((host, int(port))) for _ in range(3))
        half.sendall(b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        for letter in b"GET /api/he":
            slow.sendall(bytes([letter]))
            time.sleep(0.05)
        for one in (silent, half, slow):
            one.settimeout(10)
            assert one.recv(1_000) == b""
            one.close()
        assert time.monotonic() - began < 8
        with running.client() as client:
            assert client.get("/api/health").status_code == 200
            time.sleep(1.2)  # a connection that was used is not cut within its next request
            assert client.get("/api/health").status_code == 200


# Passwords


def test_many_guesses_at_once_do_not_pass_together():
    guesses = Guesses()
    with ThreadPoolExecutor(24) as many:
        waits = list(many.map(lambda _: guesses.begin("ada", "192.0.2.1"), range(24)))
    assert waits.count(0) == Guesses.OF_A_NAME
    assert max(waits) <= 60


def test_a_name_is_locked_for_nobody_else_and_a_right_password_costs_nothing():
    guesses = Guesses()
    for _ in range(50):
        guesses.begin("ada", "192.0.2.1")
    assert guesses.begin("ada", "192.0.2.1") > 0
    for _ in range(100):
        assert guesses.begin("ada", "192.0.2.2") == 0
        guesses.was_right("ada", "192.0.2.2")


def test_guesses_of_many_names_from_one_address_are_delayed():
    guesses = Guesses()
    waits = [guesses.begin(f"name{number}", "192.0.2.1") for number in range(40)]
    assert waits[: Guesses.FROM_AN_ADDRESS] == [0] * Guesses.FROM_AN_ADDRESS
    assert 0 < waits[-1] <= 60
    assert guesses.begin("another", "192.0.2.2") == 0


def test_the_wait_doubles_and_ends(monkeypatch: pytest.MonkeyPatch):
    now = [1_000.0]
    monkeypatch.setattr("advisor.api.rates.time.monotonic", lambda: now[0])
    guesses = Guesses()
    waits = []
    for _ in range(14):
        waits.append(guesses.begin("ada", "192.0.2.1"))
        now[0] += waits[-1]
        if waits[-1]:
            assert guesses.begin("ada", "192.0.2.1") == 0
    assert [wait for wait in waits if wait] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    now[0] += 16 * 60
    assert guesses.begin("ada", "192.0.2.1") == 0
    assert guesses.begin("ada", "192.0.2.1") == 0


def test_guessing_holds_nobody_else(served: Served):
    def guess(number: int) -> int:
        with served.client(**{"Sec-Fetch-Site": "same-origin"}) as client:
            return client.post("/login", data={"name": f"stranger{number}", "password": "x" * 20}).status_code

    with ThreadPoolExecutor(24) as many, served.client() as client:
        guessing = [many.submit(guess, number) for number in range(24)]
        assert client.get("/api/health").status_code == 200
        assert {one.result() for one in guessing} <= {401, 429}


def test_a_new_password_ends_tokens_and_sign_ins(served: Served):
    add_user(served.settings, "lin", PASSWORD, "user")
    with as_user(served, "lin") as by_token, served.client() as by_cookie:
        said = {"name": "lin", "password": PASSWORD}
        assert by_cookie.post("/login", data=said, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303
        for client in (by_token, by_cookie):
            assert client.get("/api/sources/en/board.md").status_code == 200
        add_user(served.settings, "lin", PASSWORD + "!", "user")
        assert by_token.get("/api/sources/en/board.md").json()["code"] == "token"
        assert by_cookie.get("/api/sources/en/board.md").json()["code"] == "sign_in"


# The log


def test_an_error_in_the_log_does_not_repeat_what_was_sent():
    def fail(value: str) -> None:
        raise ValueError(value)

    try:
        try:
            fail("the secret of ada")
        except ValueError as error:
            raise RuntimeError("the secret, again") from error  # noqa: EM101
    except RuntimeError as error:
        record = logging.LogRecord("x", logging.ERROR, "x", 1, "failed", None, (type(error), error, error.__traceback__))
    line = JsonLines().format(record)
    assert "secret" not in line
    assert "RuntimeError" in line
    assert "ValueError" in line
    assert "in fail" in line


def test_a_value_that_gradio_refuses_is_not_printed(served: Served, capfd: pytest.CaptureFixture[str]):
    with as_user(served, "grace") as grace:
        told(grace, event_of(grace, "corpus-approve"), [["the-secret-of-grace.md"]], "refused")
    printed = capfd.readouterr()
    assert "the-secret-of-grace" not in printed.out + printed.err
