"""What comes in from outside, at every way in: too long, too many, of a wrong type, in a wrong encoding.

Each is answered at once, with words that say what is wrong, while other people's questions are answered.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from served import Served, event_of, serve, told
from typer.testing import CliRunner

from advisor.accounts.users import add_user
from advisor.answering.intake import remembered
from advisor.api.pool import QuestionPool
from advisor.cli.main import app
from advisor.documents.sections import read_sections
from advisor.errors import AdvisorError, QuestionError
from advisor.evaluation.questions import read_set
from advisor.evaluation.run_store import check_name
from advisor.features.curated_answers import WantedAnswer, refusal_of
from advisor.features.curation import store_upload
from advisor.index.phrasings import read_phrasings
from advisor.index.thesaurus import read_thesaurus
from advisor.limits import LIMITS, Limit
from advisor.serialization import read_questions
from advisor.settings import Settings

QUESTION = "When does a blameless review take place after an outage?"
SECONDS = 2.0
Way = Callable[[Served, int], str]
"""A way in: given so much, what it says; "" when it takes that."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, embeddings) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("limits"), embeddings, questions_per_minute=100_000) as running:
        yield running


@pytest.fixture(scope="module")
def busy(served: Served) -> Iterator[list[int]]:
    """Another person asks all the while; the statuses of the answers."""
    statuses: list[int] = []
    over = threading.Event()

    def go_on() -> None:
        with served.client() as client:
            while not over.is_set():
                statuses.append(client.post("/api/ask", json={"question": QUESTION}).status_code)

    thread = threading.Thread(target=go_on)
    thread.start()
    yield statuses
    over.set()
    thread.join()
    assert set(statuses) == {200}


def refused(answer: httpx.Response) -> str:
    """Why a request is refused; "" when it is not."""
    assert answer.status_code < 500
    if answer.status_code < 400 or answer.status_code == 404:
        return ""
    problem = answer.json()
    if answer.request.url.path.startswith("/v1/"):
        assert problem["error"].keys() == {"message", "type", "code", "param"}
        return problem["error"]["message"]
    assert problem.keys() == {"code", "message", "advice"}
    return problem["message"]


def by_rest(method: str, path: str, **body: Callable[[int], Any]) -> Way:
    """A request with so much in a field of its body, or in its path, where `{}` stands."""

    def way(served: Served, size: int) -> str:
        content = {name: make(size) for name, make in body.items()}
        with served.client() as client:
            return refused(client.request(method, path.format("a" * size), json=content or None))

    return way


def by_form(field: str) -> Way:
    def way(served: Served, size: int) -> str:
        with served.client(**{"Sec-Fetch-Site": "same-origin"}) as client:
            answer = client.post("/login", data={"name": "ada", "password": "x", field: "a" * size})
            return "" if answer.status_code in (303, 401) else refused(answer)

    return way


def by_mcp(tool: str, **arguments: Callable[[int], Any]) -> Way:
    def way(served: Served, size: int) -> str:
        given = {name: make(size) for name, make in arguments.items()}
        return call_tool(served, tool, given)

    return way


def call_tool(served: Served, tool: str, arguments: dict[str, Any]) -> str:
    async def call() -> str:
        async with (
            httpx2.AsyncClient(timeout=60) as http,
            Client(streamable_http_client(f"{served.address}/mcp", http_client=http)) as client,
        ):
            result = await client.call_tool(tool, arguments)
            words = "".join(getattr(part, "text", "") for part in result.content)
            return words if result.is_error and "is not in generation" not in words else ""

    with ThreadPoolExecutor(1) as pool:  # Playwright keeps an event loop running in the main one
        return pool.submit(asyncio.run, call()).result()


def by_function(work: Callable[[Served, int], object]) -> Way:
    """The code behind a command: starting the command takes longer than what is measured."""

    def way(served: Served, size: int) -> str:
        try:
            work(served, size)
        except AdvisorError as error:
            return str(error)
        return ""

    return way


def elsewhere(served: Served) -> Settings:
    """Settings with another folder for users: the server has none."""
    return served.settings.model_copy(update={"state_dir": served.settings.state_dir / "elsewhere"})


def by_bytes(served: Served, size: int) -> str:
    """A request of so many bytes; its question is short."""
    body = json.dumps({"question": QUESTION}).encode()
    with served.client(**{"Content-Type": "application/json"}) as client:
        return refused(client.post("/api/ask", content=body + b" " * (size - len(body))))


def uploaded(served: Served, size: int) -> str:
    source = served.settings.state_dir / "upload.md"
    source.write_text("# Notes\n", encoding="utf-8")
    upload = store_upload(served.settings, f"{'a' * (size - 3)}.md", source)
    if upload.document:
        (served.settings.corpus_dir / upload.document).unlink()
    return str(upload.reason or "")


def uploaded_at_once(served: Served, size: int) -> str:
    """So many files of nothing: what counts is how many there are."""
    with served.client() as client:
        event = event_of(client, "corpus-upload", "upload")
        sent = client.post("/en/gradio_api/upload", files=[("files", (f"{n}.txt", b"\0")) for n in range(size)]).json()
        files = [{"path": path, "meta": {"_type": "gradio.FileData"}} for path in sent]
        words = told(client, event, [files], session=f"files {size}")
    return words if "at most" in words else ""


def question_file(size: int, folder: Path) -> Path:
    path = folder / "questions.jsonl"
    line = json.dumps({"id": "1", "question": QUESTION})
    path.write_text(line + " " * (size - len(line)), encoding="utf-8")
    return path


def beside(place: str, read: Callable[[Path], object]) -> Way:
    """A file beside the documents, of so many bytes, most of them a comment."""

    def way(served: Served, size: int) -> str:
        path = served.settings.state_dir / "beside" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"not_covered: {{}}\n#{' ' * (size - 18)}\n" if "asked" in place else "#" * size, encoding="utf-8")
        return by_function(lambda *_: read(path))(served, size)

    return way


def letters(size: int) -> str:
    return "a" * size


def chat(question: object, **more: object) -> dict[str, object]:
    """A request of a chat program."""
    return {"model": "cto-advisor", "messages": [{"role": "user", "content": question}], **more}


def by_chat(*, stream: bool) -> Way:
    """A question of so many characters, of a chat program."""

    def way(served: Served, size: int) -> str:
        with served.client() as client:
            return refused(client.post("/v1/chat/completions", json=chat("a" * size, stream=stream)))

    return way


def questions(size: int) -> list[str]:
    return ["What next?"] * size


def composed(served: Served, *, questions: int = 1, lines: int = 1) -> None:
    """Refuse a curated answer that holds too much.

    :raises AdvisorError: when it does.
    """
    made = WantedAnswer("Why?", tuple(f"Why {number}?" for number in range(1, questions)), "en/board.md", ("x",) * lines)
    refusal = refusal_of(served.settings, served.advisor.index, made)
    assert refusal  # nothing begins with x
    if refusal.why != "no_such_line":
        raise AdvisorError(refusal.why)


WAYS: dict[str, list[Way]] = {
    "the history": [
        by_rest("POST", "/api/ask", question=lambda _: QUESTION, history=questions),
        by_rest("POST", "/api/ask", question=lambda _: QUESTION, history=questions, stream=lambda _: True),
        by_mcp("ask", question=lambda _: QUESTION, history=questions),
        by_function(lambda served, size: served.advisor.ask(QUESTION, history=questions(size))),
        by_function(lambda served, size: list(served.advisor.stream(QUESTION, history=questions(size)))),
    ],
    "a search": [
        by_rest("POST", "/api/search", question=lambda _: QUESTION, k=int),
    ],
    "a search of an assistant": [by_mcp("search", question=lambda _: QUESTION, k=int)],
    "a search of the page": [
        by_rest("GET", "/page/library?language=en&search={}"),
        by_rest("GET", "/page/conversations?language=en&search={}"),
    ],
    "a title": [by_rest("PATCH", "/page/conversations/none", title=letters)],
    "a comment": [by_rest("POST", "/page/answers/none/verdict", rating=lambda _: "up", comment=letters)],
    "the name of a document": [
        by_rest("GET", "/api/sources/{}"),
        by_rest("GET", "/api/originals/{}"),
        by_rest("GET", "/page/library/links?language=en&document={}"),
        by_mcp("read_source", document=letters),
    ],
    "the name of a file": [uploaded],
    "an upload": [uploaded_at_once],
    "an id": [
        by_rest("GET", "/api/sources/en/board.md?generation={}"),
        by_mcp("read_source", document=lambda _: "en/board.md", generation=letters),
        by_rest("PATCH", "/page/conversations/{}", title=lambda _: "x"),
        by_rest("DELETE", "/page/conversations/{}"),
        by_rest("POST", "/page/conversations/{}/restore"),
        by_rest("GET", "/page/conversations/{}/memo.md?language=en"),
        *(by_rest(method, "/page/conversations/{}/share?language=en") for method in ("GET", "POST", "DELETE")),
        by_rest("GET", "/shared/{}"),
        by_rest("GET", "/page/answers/{}/memo.md?language=en"),
        by_rest("POST", "/page/answers/{}/verdict", rating=lambda _: "up"),
        by_rest("GET", "/page/answers/{}/why?language=en"),
        by_rest("GET", "/page/answers/{}/next"),
        by_rest("GET", "/page/library?language=en&topic={}"),
    ],
    "the name of a run": [by_function(lambda served, size: check_name("a" * size, served.settings.state_dir))],
    "the name of a user": [
        by_function(lambda served, size: add_user(elsewhere(served), "a" * size, "x" * 12, "user")),
        by_form("name"),
    ],
    "a password": [
        by_function(lambda served, size: add_user(elsewhere(served), "ada", "x" * size, "user")),
        by_form("password"),
    ],
    "the ways to ask for a curated answer": [by_function(lambda served, size: composed(served, questions=size))],
    "a curated answer": [by_function(lambda served, size: composed(served, lines=size))],
    "a file beside the documents": [
        beside("asked/a.yaml", lambda path: read_phrasings(path.parent.parent)),
        beside("thesaurus.yaml", read_thesaurus),
        beside("sections.yaml", read_sections),
    ],
    "a file of questions": [
        by_function(lambda served, size: read_set(question_file(size, served.settings.state_dir))),
        by_function(lambda served, size: list(read_questions(question_file(size, served.settings.state_dir)))),
    ],
    "a request": [by_bytes],
}


def test_every_limit_has_a_way_in():
    assert WAYS.keys() == {limit.what for limit in LIMITS}


def test_the_documentation_has_every_limit(project_root: Path):
    rows = (project_root / "docs" / "operations.md").read_text(encoding="utf-8")
    for limit in LIMITS:
        assert f"| {limit.what} | {limit.most:,} {limit.unit} |" in rows


CASES = [
    pytest.param(limit, way, id=f"{limit.what} {n}") for limit in LIMITS for n, way in enumerate(WAYS.get(limit.what, []))
]


@pytest.mark.parametrize(("limit", "way"), CASES)
def test_a_limit_holds_at_each_way_in(served: Served, busy: list[int], limit: Limit, way: Way):
    way(served, limit.most)  # what is loaded at the first use
    assert way(served, limit.most) == ""
    began = time.monotonic()
    assert way(served, limit.most + 1) != ""
    assert time.monotonic() - began < SECONDS


LONG = 2_001  # a question of more characters than are taken
QUESTIONS: list[Way] = [
    by_rest("POST", "/api/ask", question=letters),
    by_rest("POST", "/api/ask", question=letters, stream=lambda _: True),
    by_rest("POST", "/api/search", question=letters),
    by_rest("POST", "/api/ask", question=lambda _: QUESTION, history=lambda size: [QUESTION, "a" * size]),
    by_chat(stream=False),
    by_chat(stream=True),
    by_mcp("ask", question=letters),
    by_mcp("ask", question=lambda _: QUESTION, history=lambda size: ["a" * size]),
    by_mcp("search", question=letters),
    by_function(lambda served, size: list(served.advisor.stream("a" * size))),
    by_function(lambda served, size: list(served.advisor.stream(QUESTION, history=["a" * size]))),
    by_function(lambda served, size: served.advisor.search("a" * size)),
    by_function(lambda served, size: QuestionPool(served.advisor).ask("a" * size)),
]


@pytest.mark.parametrize("way", QUESTIONS)
@pytest.mark.parametrize("size", [LONG, 400_000])
def test_a_question_that_is_too_long_is_refused_at_once(served: Served, busy: list[int], way: Way, size: int):
    began = time.monotonic()
    assert "at most 2,000" in way(served, size)
    assert time.monotonic() - began < SECONDS


def test_the_longest_history_is_taken(served: Served):
    answer = served.advisor.ask("Why?", history=["a" * 2_000] * 20)
    assert answer.standalone_question.startswith("Why? (")


def test_a_conversation_may_be_longer_than_what_is_remembered_of_it():
    assert remembered([str(n) for n in range(50)]) == [str(n) for n in range(30, 50)]


# Wrong types and encodings

QUESTION_AS = [None, 3, True, [], ["When?"], {"a": 1}, {"question": {"question": "x"}}]
HISTORY_AS = [None, 3, "When?", [None], [3], [["When?"]], {"0": "When?"}]


@pytest.mark.parametrize("path", ["/api/ask", "/api/search"])
@pytest.mark.parametrize("value", QUESTION_AS)
def test_a_question_of_a_wrong_type(served: Served, busy: list[int], path: str, value: object):
    with served.client() as client:
        began = time.monotonic()
        assert "question" in refused(client.post(path, json={"question": value}))
        assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize("value", HISTORY_AS)
def test_a_history_of_a_wrong_type(served: Served, busy: list[int], value: object):
    with served.client() as client:
        assert "history" in refused(client.post("/api/ask", json={"question": QUESTION, "history": value}))
    assert call_tool(served, "ask", {"question": QUESTION, "history": value})


BODIES = [
    b"",
    b"{",
    b"\xff\xfe",
    b'"a question"',
    b"[" * 100_000,
    b'{"question": ' * 20_000,
    '{"question": "é?"}'.encode("latin-1"),
    b'{"question": "\x00"}',
    b'{"question": 1e400}',
]


@pytest.mark.parametrize("path", ["/api/ask", "/api/search", "/v1/chat/completions", "/mcp", "/en/gradio_api/queue/join"])
@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_a_body_that_is_no_request(served: Served, busy: list[int], path: str, body: bytes):
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    with served.client(**headers) as client:
        began = time.monotonic()
        answer = client.post(path, content=body)
        assert 400 <= answer.status_code < 500
        assert answer.json()
        assert time.monotonic() - began < SECONDS


ODD = [
    "\ud800 what?",
    "what\udfff?",
    "a\x00b?",
    "\u202ewhat?",
    "\ufdfa" * 2_000,
    "\u0301" * 2_000,
    "a-" * 1_000,
    "\U000e0041?",
]


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_characters_are_taken_or_refused_but_break_nothing(served: Served, busy: list[int], text: str):
    """Half of a character, what nobody sees, one that grows, 2,000 accents."""
    with served.client(**{"Content-Type": "application/json"}) as client:
        for body in ({"question": text}, {"question": QUESTION, "history": [text]}):
            answer = client.post("/api/ask", content=json.dumps(body))
            assert answer.status_code in (200, 422)
            assert answer.json()


# Events of the page


@pytest.mark.parametrize(
    ("element", "trigger", "data"),
    [
        ("send", "click", [{"a": 1}, "", "", None]),
        ("send", "click", [["a"], "", "", None]),
        ("send", "click", [3, "", "", None]),
        ("send", "click", ["When?", "", "", {"conversation": "x"}]),
        ("send", "click", ["When?"]),
        ("send", "click", ["When?", "", "", None, "more"]),
        ("send", "click", {}),
        ("open", "click", [{"path": "/etc/passwd"}]),
        ("corpus-upload", "upload", ["/etc/passwd"]),
        ("corpus-upload", "upload", [[{"path": "/etc/passwd"}]]),
        ("corpus-upload", "upload", [None]),
        ("corpus-delete", "click", [["en/board.md"]]),
        ("corpus-delete", "click", [["a" * 1_001]]),
        ("corpus-delete", "click", [[{"path": "/etc/passwd"}]]),
        ("evaluation-run", "click", [{"a": 1}, "x"]),
        ("evaluation-show", "click", [["x"], None]),
    ],
)
def test_an_event_of_another_form_does_not_reach_gradio(
    served: Served, busy: list[int], element: str, trigger: str, data: object
):
    with served.client() as client:
        event = event_of(client, element, trigger)
        began = time.monotonic()
        assert "an event of the page has another form" in told(client, event, data)
        assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize("event", [None, "3", 3.5, -1, 10_000, [1]])
def test_an_event_that_the_page_does_not_have(served: Served, event: Any):
    with served.client() as client:
        assert refused(client.post("/en/gradio_api/queue/join", json={"fn_index": event, "data": [], "session_hash": "s"}))


@pytest.mark.parametrize("question", ["a" * LONG, "a" * 400_000, "?", "\x00", "\ufdfa?"])
def test_a_question_of_the_page_is_answered_or_refused_with_a_word(served: Served, busy: list[int], question: str):
    with served.client() as client:
        words = told(
            client, event_of(client, "send"), [question, "", "", None], session=f"page {len(question)} {ord(question[0])}"
        )
    assert 'class=\\"notice\\"' in words or 'class=\\"about\\"' in words


@pytest.mark.parametrize("name", ["a" * 101, "../x", "a/b", ".", "\x00", "baseline"])
def test_a_run_has_a_name(served: Served, busy: list[int], name: str):
    with served.client() as client:
        words = told(client, event_of(client, "evaluation-run"), [[], name], session=f"run {len(name)} {ord(name[0])}")
    assert "cannot be the name of a run" in words or "no question set" in words or "another form" in words


# The command line


@pytest.mark.parametrize("question", ["a" * LONG, "", "?? 12", "\udcff"])
@pytest.mark.parametrize("command", ["ask", "search"])
def test_a_question_on_the_command_line(served: Served, command: str, question: str):
    places = ["--corpus", str(served.settings.corpus_dir), "--index", str(served.settings.index_dir)]
    done = CliRunner().invoke(app, [command, question, *places])
    assert isinstance(done.exception, QuestionError)
    assert done.stdout == ""


def test_a_file_of_odd_lines_is_answered_line_by_line(served: Served, tmp_path: Path):
    lines = [
        json.dumps({"id": "long", "question": "a" * LONG}).encode(),
        json.dumps({"id": "history", "turns": ["a" * LONG, QUESTION]}).encode(),
        json.dumps({"id": "turns", "turns": [QUESTION, *["What next?"] * 25]}).encode(),
        json.dumps({"id": "half", "question": "\ud800"}).encode(),
        b'{"id": "latin", "question": "\xe9?"}',
        b"\xff\xfe{",
        b"[" * 50_000,
        b'{"id": "type", "question": 3}',
        b'{"id": "types", "turns": "When?"}',
        json.dumps({"id": "good", "question": QUESTION}).encode(),
    ]
    (tmp_path / "q.jsonl").write_bytes(b"\n".join(lines))
    places = ["--corpus", str(served.settings.corpus_dir), "--index", str(served.settings.index_dir)]
    done = CliRunner().invoke(app, ["ask", "--from", str(tmp_path / "q.jsonl"), "--json", *places])
    assert done.exit_code == 0, done.exception
    answers = [json.loads(line) for line in done.stdout.split("\n") if line]
    statuses = {answer["id"]: answer["status"] for answer in answers}
    assert statuses.pop("good") != "invalid"
    assert statuses.pop("history#2") != "invalid"
    assert [status for name, status in statuses.items() if name.startswith("turns#") and status == "invalid"] == []
    assert {status for name, status in statuses.items() if not name.startswith("turns#")} == {"invalid"}
    assert all(answer["reason"] for answer in answers if answer["status"] == "invalid")


# Every way in, with each of the four


Refusal = Callable[[Served], str]
"""What is said of something that is not taken; "" when it is taken."""
HALF = '"\\ud800?"'  # JSON lets half of a character pass
LATIN = "Où ?".encode("latin-1")
JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


def sent(path: str, body: bytes | str) -> Refusal:
    """A request with this body."""

    def refuse(served: Served) -> str:
        with served.client(**JSON) as client:
            return refused(client.post(path, content=body))

    return refuse


def asked_of(tool: str, arguments: str) -> Refusal:
    """A call of a tool, as it is written: the libraries of assistants would not send all of these."""
    body = f'{{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {{"name": "{tool}", "arguments": {arguments}}}}}'

    def refuse(served: Served) -> str:
        with served.client(**JSON) as client:
            answer = client.post("/mcp", content=body)
            assert answer.status_code < 500
            result = answer.json().get("result")
            return str(answer.json()) if result is None or result["isError"] else ""

    return refuse


def on_page(element: str, data: object, trigger: str = "click") -> Refusal:
    """An event of the page; what it shows is kept under a number of its own."""
    numbers = itertools.count()

    def refuse(served: Served) -> str:
        with served.client() as client:
            words = told(client, event_of(client, element, trigger), data, f"{element} {str(data)[:60]} {next(numbers)}")
        marks = (
            "another form",
            'class=\\"notice\\"',
            "cannot be the name of a run",
            "no question set",
            "not in the list of choices",
        )
        return words if any(mark in words for mark in marks) else ""

    return refuse


def uploading(name: str, data: bytes) -> Refusal:
    def refuse(served: Served) -> str:
        file = served.settings.corpus_dir.parent / "sent"
        file.write_bytes(data)
        return store_upload(served.settings, name, file).reason

    return refuse


def command(*arguments: str) -> Refusal:
    """A command; what it takes to start is not waiting for the answer, so an ordinary question comes first."""

    def refuse(served: Served) -> str:
        places = ["--corpus", str(served.settings.corpus_dir), "--index", str(served.settings.index_dir)]
        done = CliRunner().invoke(app, [*arguments, *places])
        assert done.exception is None or isinstance(done.exception, AdvisorError | SystemExit)
        return done.stderr or str(done.exception or "")

    return refuse


def of_file(data: bytes, read: Callable[[Served, Path], object], place: str = "questions.jsonl") -> Refusal:
    """A file with these bytes, read in this way."""

    def refuse(served: Served) -> str:
        path = served.settings.state_dir / "given" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        try:
            return str(read(served, path) or "")
        except AdvisorError as error:
            return str(error)
        finally:
            path.unlink()

    return refuse


def first_line(served: Served, path: Path) -> str:
    """What `advisor ask --from` says of the first line of a file."""
    line = next(iter(read_questions(path)))
    return line.problem or QuestionPool(served.advisor).ask(line.turns[-1], history=line.turns[:-1]).reason or ""


def named(name: str) -> Refusal:
    return lambda served: by_function(lambda *_: check_name(name, served.settings.state_dir))(served, 0)


def line(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def kinds(long: Refusal, many: Refusal, kind: Refusal, encoding: Refusal) -> dict[str, Refusal]:
    return dict(zip(("too long", "too many", "wrong type", "wrong encoding"), (long, many, kind, encoding), strict=True))


FAR, MANY = "a" * LONG, ["What next?"] * 21
DEEP = b"[" * 50_000
BESIDE = {"asked": "asked/a.yaml", "the thesaurus": "thesaurus.yaml", "kinds of sections": "sections.yaml"}
READ: dict[str, Callable[[Served, Path], object]] = {
    "asked": lambda _, path: read_phrasings(path.parent.parent),
    "the thesaurus": lambda _, path: read_thesaurus(path),
    "kinds of sections": lambda _, path: read_sections(path),
}
ENTRIES: dict[str, dict[str, Refusal]] = {
    "ask over REST": kinds(
        sent("/api/ask", line(question=FAR)),
        sent("/api/ask", line(question=QUESTION, history=MANY)),
        sent("/api/ask", line(question=3)),
        sent("/api/ask", b'{"question": "' + LATIN + b'"}'),
    ),
    "search over REST": kinds(
        sent("/api/search", line(question=FAR)),
        sent("/api/search", line(question=QUESTION, k=1_001)),
        sent("/api/search", line(question=[QUESTION])),
        sent("/api/search", f'{{"question": {HALF}}}'),
    ),
    "a chat program": kinds(
        sent("/v1/chat/completions", line(**chat(FAR))),
        sent("/v1/chat/completions", line(**chat(QUESTION, n=2))),
        sent("/v1/chat/completions", line(**chat([{"type": "image_url", "image_url": {"url": "data:,"}}]))),
        sent("/v1/chat/completions", json.dumps(chat("HALF")).replace('"HALF"', HALF)),
    ),
    "ask of an assistant": kinds(
        asked_of("ask", json.dumps({"question": FAR})),
        asked_of("ask", json.dumps({"question": QUESTION, "history": MANY})),
        asked_of("ask", json.dumps({"question": QUESTION, "history": {"0": QUESTION}})),
        asked_of("ask", f'{{"question": {HALF}}}'),
    ),
    "search of an assistant": kinds(
        asked_of("search", json.dumps({"question": FAR})),
        asked_of("search", json.dumps({"question": QUESTION, "k": 51})),
        asked_of("search", json.dumps({"question": {}})),
        asked_of("search", f'{{"question": {HALF}}}'),
    ),
    "a source of an assistant": kinds(
        asked_of("read_source", json.dumps({"document": "a" * 1_001})),
        asked_of("read_source", json.dumps({"document": "en/board.md", "start": 10**30})),
        asked_of("read_source", json.dumps({"document": 3})),
        asked_of("read_source", f'{{"document": {HALF}}}'),
    ),
    "a question of the page": kinds(
        on_page("send", [FAR, "", "", None]),
        on_page("send", [QUESTION, *[""] * 1_000]),
        on_page("send", [{"question": QUESTION}, "", "", None]),
        sent("/en/gradio_api/queue/join", b'{"fn_index": 0, "session_hash": "s", "data": ["' + LATIN + b'"]}'),
    ),
    "a run of the page": kinds(
        on_page("evaluation-run", [[], "a" * 101]),
        on_page("evaluation-run", [["x"] * 1_001, "x"]),
        on_page("evaluation-run", [[], ["x"]]),
        sent("/en/gradio_api/queue/join", f'{{"fn_index": 0, "session_hash": "s", "data": [[], {HALF}]}}'),
    ),
    "an upload": kinds(
        uploading("a" * 256 + ".md", b"# Notes\n"),
        lambda served: uploaded_at_once(served, 51),
        uploading("a.md", b"\x89PNG\r\n\x1a\n"),
        uploading("a.md", bytes(range(256)) * 50),
    ),
    "ask on the command line": kinds(
        command("ask", FAR),
        command("ask", QUESTION, QUESTION),
        command("ask", QUESTION, "--language", "3"),
        command("ask", "\udcff"),
    ),
    "search on the command line": kinds(
        command("search", FAR),
        command("search", QUESTION, "-k", "1001"),
        command("search", QUESTION, "-k", "many"),
        command("search", "\udcff"),
    ),
    "a file of questions": kinds(
        of_file(line(id="1", question=FAR), first_line),
        of_file(DEEP, first_line),
        of_file(line(id="1", question=3), first_line),
        of_file(b'{"id": "1", "question": "' + LATIN + b'"}', first_line),
    ),
    "a question set": kinds(
        of_file(line(id="1", question="a" * 20_000_000), lambda _, path: read_set(path)),
        of_file(DEEP, lambda _, path: read_set(path).problems),
        of_file(line(id=1, question=3), lambda _, path: read_set(path).problems),
        of_file(LATIN, lambda _, path: read_set(path)),
    ),
    "the name of a run": kinds(named("a" * 101), named("a b c"), named("../a"), named("\udcff")),
    **{
        name: kinds(
            of_file(b"#" * 2_000_001, READ[name], place),
            of_file(DEEP, READ[name], place),
            of_file(b"- 3\n", READ[name], place),
            of_file(LATIN * 3, READ[name], place),
        )
        for name, place in BESIDE.items()
    },
}
CELLS = [pytest.param(name, refuse, id=f"{name}, {kind}") for name, row in ENTRIES.items() for kind, refuse in row.items()]


@pytest.mark.parametrize(("name", "refuse"), CELLS)
def test_what_is_not_taken_is_told_at_once_at_every_way_in(served: Served, busy: list[int], name: str, refuse: Refusal):
    starting = 0.0
    if name.endswith("command line"):
        began = time.monotonic()
        command("ask", QUESTION)(served)
        starting = time.monotonic() - began
    refuse(served)  # what is loaded at the first use
    began = time.monotonic()
    assert refuse(served) != ""
    assert time.monotonic() - began < SECONDS + starting
