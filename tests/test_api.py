"""The REST interface: answers, streams, sources, errors in one shape, metrics, and what its description promises."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, replace
from html import escape
from itertools import product
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from pages import serve_app
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from scripted_model import KEY, scripted
from served import Served, event_of, serve, told
from typer.testing import CliRunner

from advisor.accounts.audit import audit_file
from advisor.advisor import Advisor
from advisor.api.log import JsonLines
from advisor.api.schemas import AnswerBody
from advisor.cli.main import app
from advisor.errors import (
    AdvisorError,
    BrokenIndexError,
    CorpusError,
    DeadlineError,
    EmbeddingServerError,
    IndexLockedError,
    IndexNotFoundError,
    ModelError,
    StorageError,
)
from advisor.index.sync import sync
from advisor.serialization import answer_json
from advisor.settings import Settings
from advisor.types import Scope, SentenceReady
from advisor.ui.texts import CHAT_TEXTS

QUESTION = "When does a blameless review take place after an outage?"
REFUSED = "What is the recipe for an apple tart?"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, embeddings) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("api")
    with serve(folder, embeddings, answer_threshold=0.05, questions_per_minute=100_000) as running:
        yield running


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with served.client() as opened:
        yield opened


def on_the_command_line(served: Served, *arguments: str) -> dict[str, object]:
    places = ["--corpus", str(served.settings.corpus_dir), "--index", str(served.settings.index_dir)]
    environment = {"ADVISOR_ANSWER_THRESHOLD": "0.05"}
    return json.loads(CliRunner().invoke(app, [*arguments, *places, "--json"], env=environment).stdout)


def test_an_answer_is_that_of_the_command_line(served: Served, client: httpx.Client):
    answer = client.post("/api/ask", json={"question": QUESTION}).json()
    same = on_the_command_line(served, "ask", QUESTION)
    assert answer["status"] == "answered"
    assert "within five days" in answer["answer"]
    assert len(answer["id"]) == 32
    assert {**answer, "id": "1", "ms": {}} == {**same, "ms": {}}


def test_a_search_is_that_of_the_command_line(served: Served, client: httpx.Client):
    found = client.post("/api/search", json={"question": QUESTION, "k": 3}).json()
    same = on_the_command_line(served, "search", QUESTION, "-k", "3")
    assert len(found["results"]) == 3
    assert {**found, "id": "1", "ms": 0} == {**same, "ms": 0}


def test_a_stream_tells_stages_then_verified_sentences_then_the_answer(client: httpx.Client):
    with client.stream("POST", "/api/ask", json={"question": QUESTION, "stream": True}) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        events = read_events("".join(stream.iter_text()))
    names = [name for name, _ in events]
    assert names[:3] == ["stage", "stage", "stage"]
    assert [data["stage"] for name, data in events if name == "stage"] == ["search", "write", "verify"]
    sentences = [data for name, data in events if name == "sentence"]
    answer = events[-1][1]
    assert names[-1] == "answer"
    assert [sentence["text"] for sentence in sentences] == [sentence["text"] for sentence in answer["sentences"]]
    assert [c for sentence in sentences for c in sentence["citations"]] == answer["citations"]


def read_events(text: str) -> list[tuple[str, dict]]:
    blocks = (dict(line.split(": ", 1) for line in block.splitlines()) for block in text.split("\n\n") if block.strip())
    return [(block["event"], json.loads(block["data"])) for block in blocks]


def test_a_follow_up_is_understood_from_the_history(client: httpx.Client):
    question = "Et pourquoi ?"
    answer = client.post("/api/ask", json={"question": question, "history": [QUESTION], "language": "en"}).json()
    assert answer["language"] == "en"
    assert "review" in answer["standalone_question"]
    assert client.post("/api/ask", json={"question": question}).json()["standalone_question"] == question


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("question", ["", "?? 12", "a" * 2_001])
def test_a_question_that_cannot_be_taken(client: httpx.Client, question: str, stream: bool):
    refused = client.post("/api/ask", json={"question": question, "stream": stream})
    assert (refused.status_code, refused.json()["code"]) == (422, "question")
    assert client.post("/api/search", json={"question": question}).json()["code"] == "question"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/api/ask", None, 422, "request"),
        ("POST", "/api/ask", {"question": 3}, 422, "request"),
        ("POST", "/api/ask", {"question": QUESTION, "histroy": []}, 422, "request"),
        ("POST", "/api/ask", {"question": QUESTION, "language": "de"}, 422, "request"),
        ("POST", "/api/search", {"question": QUESTION, "k": 0}, 422, "request"),
        ("POST", "/api/index", {"dry_run": True, "rebuild": True}, 422, "request"),
        ("GET", "/api/ask", None, 405, "method"),
        ("GET", "/api/nothing", None, 404, "not_found"),
        ("GET", "/api/sources/fr/nothing.md", None, 404, "not_found"),
        ("GET", "/api/sources/../../etc/passwd", None, 404, "not_found"),
        ("GET", "/api/sources/%2e%2e%2f%2e%2e%2fetc/passwd", None, 404, "not_found"),
        ("GET", "/api/sources/en/board.md?generation=../x", None, 404, "not_found"),
        ("GET", "/api/sources/en/board.md?start=9&end=2", None, 422, "span"),
        ("GET", "/api/sources/en/board.md?start=9", None, 422, "span"),
        ("GET", "/api/originals/en/nothing.md", None, 404, "not_found"),
    ],
)
def test_every_error_has_one_shape(client: httpx.Client, method: str, path: str, body, status: int, code: str):
    refused = client.request(method, path, json=body)
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (status, code)
    assert problem.keys() == {"code", "message", "advice"}
    assert all(problem.values())


def test_a_source_is_read_at_the_cited_span(client: httpx.Client):
    answer = client.post("/api/ask", json={"question": QUESTION}).json()
    cited = answer["citations"][0]
    span = {name: cited[name] for name in ("start", "end")}
    found = client.get(
        f"/api/sources/{cited['document']}", params={**span, "generation": answer["index"]["generation"]}
    ).json()
    assert found["quote"] == cited["quote"]
    assert '<mark id="cited"' in found["html"]
    assert client.get(f"/api/sources/{cited['document']}").json()["quote"] is None


def test_health_tells_what_answers(served: Served, client: httpx.Client):
    found = client.get("/api/health").json()
    assert (found["status"], found["model"]) == ("ok", "multilingual-e5-small")
    assert found["index"] == asdict(served.advisor.index.info)
    assert found["index"]["documents"] == 5


def test_the_index_is_brought_in_line(tmp_path, embeddings):
    with serve(tmp_path, embeddings) as served, served.client() as client:
        old = client.get("/api/sources/en/notes.txt").json()
        first = old["generation"]
        (served.settings.corpus_dir / "en" / "notes.txt").write_text("The migration took nine weeks.", encoding="utf-8")
        would = client.post("/api/index", json={"dry_run": True}).json()
        assert (would["updated"], client.get("/api/health").json()["index"]["generation"]) == (["en/notes.txt"], first)
        done = client.post("/api/index", json={}).json()
        second = client.get("/api/health").json()["index"]["generation"]
        assert second > first
        assert (done["generation"], done["updated"], done["failed"]) == (second, ["en/notes.txt"], [])
        assert "nine weeks" in client.get("/api/sources/en/notes.txt").json()["text"]
        assert client.get("/api/sources/en/notes.txt", params={"generation": first}).json()["text"] == old["text"]
        lines = [json.loads(line) for line in audit_file(served.settings).read_text(encoding="utf-8").splitlines()]
        assert [(line["action"], line["generation"], line["user"]) for line in lines] == [("index", second, None)]


class FailingAdvisor(Advisor):
    """The real one, which fails as it is told, at once or after the first sentence."""

    def __init__(self, advisor: Advisor, error: Exception, *, begun: bool) -> None:
        super().__init__(advisor.settings, advisor.embeddings, advisor.index)
        self.error = error
        self.begun = begun

    def stream(self, *args: object, **options: object) -> Iterator[object]:
        for event in super().stream(*args, **options):
            if self.begun == isinstance(event, SentenceReady):
                raise self.error
            yield event


PLACE = "/srv/advisor/private"
FAILURES = [
    (BrokenIndexError(f"{PLACE} is broken"), 503, "unavailable"),
    (IndexNotFoundError(f"no index at {PLACE}"), 503, "no_index"),
    (IndexLockedError(f"{PLACE} is being written"), 409, "index_locked"),
    (CorpusError(f"{PLACE} is missing"), 503, "corpus"),
    (StorageError(f"{PLACE} is full"), 503, "storage"),
    (ModelError(f"{PLACE}/model cannot be loaded"), 503, "model"),
    (EmbeddingServerError(f"{PLACE} cannot be reached"), 503, "embedding_server"),
    (DeadlineError("too late"), 504, "deadline"),
    (RuntimeError(f"{PLACE} went wrong"), 500, "internal"),
    (OSError(28, "No space left on device", PLACE), 500, "internal"),
]


@pytest.mark.parametrize(("error", "status", "code"), FAILURES, ids=[type(row[0]).__name__ for row in FAILURES])
def test_what_goes_wrong_is_told_without_places_of_this_machine(
    served: Served, caplog: pytest.LogCaptureFixture, error: Exception, status: int, code: str
):
    """At the beginning, in the middle of a stream, and on the page, in the language of the question."""
    with serve_app(FailingAdvisor(served.advisor, error, begun=False)) as address:
        for stream in (False, True):
            answer = httpx.post(f"{address}/api/ask", json={"question": QUESTION, "stream": stream}, timeout=60)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
            assert PLACE not in answer.text
    with serve_app(FailingAdvisor(served.advisor, error, begun=True)) as address, httpx.Client(base_url=address) as client:
        events = read_events(client.post("/api/ask", json={"question": QUESTION, "stream": True}).text)
        assert (events[-1][0], events[-1][1]["code"]) == ("error", code)
        french = "Combien de dépenses du cloud le tagging couvre-t-il ?"
        for question, words in ((QUESTION, CHAT_TEXTS["en"]), (french, CHAT_TEXTS["fr"])):
            messages = told(client, event_of(client, "send"), [question, "", "", None], words.stop).split("data: ")[1:]
            said = json.dumps([json.loads(message) for message in messages], ensure_ascii=False)
            assert escape(words.problem(code)) in said
            assert PLACE not in said
    logged = [JsonLines().format(record) for record in caplog.records]
    if isinstance(error, AdvisorError):
        assert PLACE not in str(error) or any(str(error) in line for line in logged)
    else:  # its words may repeat what somebody asked: its place in the program is told instead
        assert any(f"{Path(__file__).name}:" in line for line in logged)
        assert not any(PLACE in line for line in logged)


def test_the_description_of_an_answer_has_all_its_fields(
    small_settings: Settings, embeddings, monkeypatch: pytest.MonkeyPatch
):
    """With a chat model too."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    sync(small_settings, embeddings)
    with scripted("A blameless review takes place within five days of an outage. [1]") as server:
        chosen = {"chat_model": "openai:scripted", "chat_url": server.url, "answer_threshold": 0.0}
        advisor = Advisor.open(small_settings.model_copy(update=chosen), embeddings)
        answered = advisor.ask(QUESTION, scope=Scope(written="en"), length="short")
        answer = answer_json("1", replace(answered, by_words=True))
        advisor.close()
    assert answer["model"]["model"] == "openai:scripted"
    assert answer.keys() == AnswerBody.model_fields.keys()
    assert AnswerBody.model_validate(answer).model_dump(exclude_unset=True) == answer


def test_metrics_count_questions_and_hold_none(client: httpx.Client):
    before = metrics(client)
    client.post("/api/ask", json={"question": QUESTION})
    client.post("/api/ask", json={"question": "?"})
    after = metrics(client)
    grown = {name for name, value in after.items() if value > before.get(name, 0)}
    assert 'advisor_questions_total{language="en",outcome="answered"}' in grown
    assert 'advisor_questions_total{language="",outcome="invalid"}' in grown
    assert 'advisor_stage_seconds_count{stage="verify"}' in grown
    assert 'advisor_requests_total{area="api/ask",status="422"}' in grown
    assert after["advisor_index_generation"] == 1
    assert after["advisor_index_documents"] == 5
    assert "outage" not in client.get("/metrics").text


def metrics(client: httpx.Client) -> dict[str, float]:
    lines = (line for line in client.get("/metrics").text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


@pytest.mark.parametrize("words", [False, True])
def test_the_log_holds_questions_only_when_asked_to(tmp_path, embeddings, caplog: pytest.LogCaptureFixture, words: bool):
    with (
        caplog.at_level(logging.INFO, "advisor.server"),
        serve(tmp_path, embeddings, answer_threshold=0.05, log_questions=words) as served,
        served.client() as client,
    ):
        answer = client.post("/api/ask", json={"question": QUESTION}).json()
        client.get("/api/sources/en/nothing.md")
    lines = [JsonLines().format(record) for record in caplog.records if record.name == "advisor.server"]
    events = [json.loads(line) for line in lines]
    question = next(event for event in events if event["message"] == "question")
    assert (question["id"], question["outcome"], question["generation"]) == (
        answer["id"],
        "answered",
        answer["index"]["generation"],
    )
    assert question.get("question") == (QUESTION if words else None)
    assert any("outage" in line for line in lines) is words
    refused = next(event for event in events if event.get("status") == 404)
    assert (refused["message"], refused["method"], refused["path"]) == ("request", "GET", "/api/sources/en/nothing.md")


def test_the_interface_does_what_its_description_says(served: Served):
    """Generated requests, good and bad: no server error, and no status, type or body that is not described."""
    described = schemathesis.openapi.from_url(f"{served.address}/api/openapi.json")
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    statuses: dict[str, set[int]] = {}
    for found, mode in product(described.get_all_operations(), (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)):
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not operation.body:
            continue  # any text is a good name or span, until it is looked up

        @settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def probe(case: schemathesis.Case) -> None:
            answer = case.call(timeout=60)
            statuses.setdefault(case.operation.label, set()).add(answer.status_code)
            case.validate_response(answer, checks=checks)

        probe()
    assert statuses["POST /api/ask"] >= {200, 422}
    assert statuses.keys() == {
        "POST /api/ask",
        "POST /api/search",
        "GET /api/health",
        "GET /api/sources/{document}",
        "GET /api/waiting/{name}",
        "GET /api/originals/{document}",
        "POST /api/index",
        "POST /v1/chat/completions",
        "GET /v1/models",
    }


def test_a_document_whose_name_holds_anything_is_served(tmp_path, embeddings):
    with serve(tmp_path, embeddings, answer_threshold=0.05) as running:
        name = "new\nline #1 %?&+;é.md"
        (running.advisor.settings.corpus_dir / name).write_text("# Shed\n\nThe shed holds bicycles.\n", encoding="utf-8")
        sync(running.advisor.settings, embeddings)
        with running.client() as client:
            for kind in ("sources", "originals"):
                assert client.get(f"/api/{kind}/{quote(name)}").status_code == 200
