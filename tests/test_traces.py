"""Traces and the log: each question is one tree of spans, neither has a word of it, and every line of the log can be read."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from tempfile import TemporaryFile

import httpx
import pytest
from loopback import ROOT, LoopbackHandler, LoopbackServer, advisor_process, running
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from scripted_model import KEY, scripted
from served import Served, serve

from advisor import tracing
from advisor.advisor import Advisor
from advisor.api.log import JsonLines, TextLines, log_failure
from advisor.errors import ModelError, QuestionError, SettingsError
from advisor.index.sync import sync
from advisor.settings import Settings, load_settings, traces_wanted

QUESTION = "When does a blameless review take place after an outage?"
OTHER = "Combien de dépenses du cloud le tagging couvre-t-il ?"
REFUSED = "Who won the marathon of Reykjavik?"
STAGES = {
    "advisor.intake": "advisor.ask",
    "advisor.search": "advisor.ask",
    "advisor.query": "advisor.search",
    "advisor.encode": "advisor.search",
    "advisor.hybrid": "advisor.search",
    "advisor.rank": "advisor.search",
    "advisor.write": "advisor.ask",
    "advisor.verify": "advisor.write",
}
"""Of a question that is answered from the corpus: each stage, and the one that it is part of."""
try:
    import opentelemetry.exporter.otlp.proto.http.trace_exporter  # noqa: F401

    CAN_SEND = True
except ImportError:
    CAN_SEND = False


class Spans:
    """What was traced."""

    def __init__(self) -> None:
        self.kept = InMemorySpanExporter()

    def take(self) -> list[ReadableSpan]:
        """The spans since the last time."""
        taken = list(self.kept.get_finished_spans())
        self.kept.clear()
        return taken


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Spans:
    found = Spans()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(found.kept))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("test"))
    return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, embeddings) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("traces"), embeddings, answer_threshold=0.05, near_threshold=0.02) as running:
        yield running


def root_of(spans: list[ReadableSpan]) -> ReadableSpan:
    (root,) = [span for span in spans if span.parent is None]
    return root


def tree(spans: list[ReadableSpan]) -> list[tuple[str, str]]:
    """Each span with what it is part of, in one trace; a part lies within the time of the whole."""
    assert len({span.context.trace_id for span in spans}) == 1
    known = {span.context.span_id: span for span in spans}
    for span in spans:
        if span.parent:
            whole = known[span.parent.span_id]
            assert whole.start_time <= span.start_time <= span.end_time <= whole.end_time
    return sorted((span.name, known[span.parent.span_id].name) for span in spans if span.parent)


def told(spans: list[ReadableSpan]) -> str:
    """All that is sent of spans."""
    return "\n".join(span.to_json() for span in spans)


def words_of(text: str) -> set[str]:
    """Its words, but for the short ones, which are in many names."""
    return {word for word in re.findall(r"\w+", text.lower()) if len(word) > 4}


def assert_private(text: str, *private: str) -> None:
    found = set(re.findall(r"\w+", text.lower()))
    for one in private:
        assert words_of(one), "nothing to look for"
        assert not words_of(one) & found


# Spans


def test_a_question_is_one_trace_of_its_stages(served: Served, spans: Spans):
    answer = served.advisor.ask(QUESTION)
    traced = spans.take()
    assert tree(traced) == sorted(STAGES.items())
    root = root_of(traced)
    assert root.name == "advisor.ask"
    assert root.attributes == {
        "advisor.outcome": "answered",
        "advisor.answer": answer.id,
        "advisor.language": "en",
        "advisor.writer": "extractive",
        "advisor.generation": answer.index.generation,
        "advisor.confidence": answer.confidence,
        "advisor.sentences": len(answer.sentences),
        "advisor.citations": len(answer.citations),
        "advisor.withheld": 0,
    }
    assert_private(told(traced), QUESTION, answer.text)
    assert {span.status.status_code for span in traced} == {StatusCode.UNSET}


def test_the_spans_of_stages_last_as_long_as_the_times_of_the_answer(served: Served, spans: Spans):
    answer = served.advisor.ask(QUESTION)
    lasted = {span.name: (span.end_time - span.start_time) / 1e6 for span in spans.take()}
    assert 0 < lasted["advisor.search"] <= answer.ms["search"] + 0.1
    assert answer.ms["total"] <= lasted["advisor.ask"] + 0.1


@pytest.mark.parametrize("stream", [False, True])
def test_so_is_one_over_rest(served: Served, spans: Spans, stream: bool):
    with served.client() as client:
        said = client.post("/api/ask", json={"question": QUESTION, "stream": stream})
    assert said.status_code == httpx.codes.OK
    traced = settled(spans)
    assert tree(traced) == sorted(STAGES.items())
    assert root_of(traced).attributes["advisor.answer"] in said.text
    assert_private(told(traced), QUESTION)


def settled(spans: Spans) -> list[ReadableSpan]:
    """The spans, once the question has ended in its own thread, too."""
    taken = spans.take()
    deadline = time.monotonic() + 20
    while not any(span.parent is None for span in taken) and time.monotonic() < deadline:
        time.sleep(0.02)
        taken += spans.take()
    return taken


def test_a_follow_up_has_nothing_of_its_history(served: Served, spans: Spans):
    answer = served.advisor.ask("And who owns it?", history=[QUESTION])
    traced = spans.take()
    assert "outage" in answer.standalone_question
    assert root_of(traced).attributes["advisor.outcome"] == answer.status
    assert_private(told(traced), QUESTION, answer.standalone_question)


def test_what_has_no_answer_says_so(served: Served, spans: Spans):
    refusing = Advisor(
        served.settings.model_copy(update={"answer_threshold": 1.0, "near_threshold": 1.0}),
        served.advisor.embeddings,
        served.advisor.index,
    )
    refusing.ask(REFUSED)
    traced = spans.take()
    root = root_of(traced)
    assert (root.attributes["advisor.outcome"], root.attributes["advisor.sentences"]) == ("abstained", 0)
    assert "advisor.write" not in {span.name for span in traced}
    assert_private(told(traced), REFUSED)


def test_a_question_that_fails_marks_its_span_and_the_stage(served: Served, spans: Spans, monkeypatch: pytest.MonkeyPatch):
    def fail(text: str) -> None:
        raise RuntimeError(text)

    monkeypatch.setattr(served.advisor.embeddings, "encode_query", fail)
    with served.client() as client:
        assert client.post("/api/ask", json={"question": QUESTION}).status_code == httpx.codes.INTERNAL_SERVER_ERROR
    traced = settled(spans)
    failed = {span.name: span.attributes["error.type"] for span in traced if span.status.status_code is StatusCode.ERROR}
    assert failed == dict.fromkeys(("advisor.ask", "advisor.search", "advisor.encode"), "RuntimeError")
    assert root_of(traced).attributes["advisor.outcome"] == "failed"
    assert_private(told(traced), QUESTION)


def test_a_question_that_is_refused_is_no_failure_of_the_advisor(served: Served, spans: Spans):
    with pytest.raises(QuestionError):
        served.advisor.ask("?")
    traced = spans.take()
    assert tree(traced) == [("advisor.intake", "advisor.ask")]
    assert root_of(traced).attributes == {"advisor.outcome": "invalid", "error.type": "QuestionError"}
    assert {span.status.status_code for span in traced} == {StatusCode.UNSET}


def test_a_question_that_nobody_waits_for_ends_as_stopped(served: Served, spans: Spans):
    events = served.advisor.stream(QUESTION)
    next(events)
    assert spans.kept.get_finished_spans()[-1].name == "advisor.intake"
    events.close()
    assert root_of(spans.take()).attributes["advisor.outcome"] == "stopped"


def test_questions_at_once_do_not_mix(served: Served, spans: Spans):
    asked = [QUESTION, OTHER, REFUSED] * 4
    with served.client() as client, ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda question: client.post("/api/ask", json={"question": question}).json(), asked))
    deadline = time.monotonic() + 20
    while len({span.context.trace_id for span in spans.kept.get_finished_spans() if span.parent is None}) < len(asked):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    by_trace: dict[int, list[ReadableSpan]] = {}
    for span in spans.take():
        by_trace.setdefault(span.context.trace_id, []).append(span)
    assert len(by_trace) == len(asked)
    outcomes = {answer["id"]: (answer["status"], answer["language"]) for answer in answers}
    for traced in by_trace.values():
        root = root_of(traced)
        of_its_own = root.attributes["advisor.outcome"], root.attributes["advisor.language"]
        assert outcomes.pop(root.attributes["advisor.answer"]) == of_its_own
        names = [name for name, _ in tree(traced)]
        assert len(names) == len(set(names))
    assert not outcomes


def test_streams_read_in_turn_in_one_thread_do_not_mix_either(
    small_settings: Settings, embeddings, spans: Spans, monkeypatch
):
    """While a chat model writes, a span is open between two sentences."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    sync(small_settings, embeddings)
    written = "A blameless review takes place within five days of an outage. [1] Every action has an owner and a date. [1]"
    with scripted(written) as server:
        chosen = {"chat_model": "openai:scripted", "chat_url": server.url, "answer_threshold": 0.0}
        writing = Advisor.open(small_settings.model_copy(update=chosen), embeddings)
        with tracing._tracer.start_as_current_span("outside"):
            outside = trace.get_current_span()
            streams = [writing.stream(QUESTION), writing.stream(QUESTION)]
            while streams:
                for stream in list(streams):
                    if next(stream, None) is None:
                        streams.remove(stream)
                    assert trace.get_current_span() is outside
        writing.close()
    traced = spans.take()
    wholes = [span for span in traced if span.name == "advisor.ask"]
    assert len(wholes) == 2
    for whole in wholes:
        parts = [span for span in traced if span.parent and span.parent.span_id == whole.context.span_id]
        assert sorted(span.name.removeprefix("advisor.") for span in parts) == ["intake", "search", "write", "write"]
        second = [span for span in parts if span.name == "advisor.write"][-1]
        verified = [span for span in traced if span.parent and span.parent.span_id == second.context.span_id]
        assert [span.name for span in verified] == ["advisor.verify"] * 2
        assert whole.attributes["advisor.writer"] == "openai:scripted"
    assert_private(told(traced), QUESTION, written)


def test_what_nobody_asked_is_not_traced(served: Served, spans: Spans):
    served.advisor.examine(QUESTION)
    served.advisor.would_answer(QUESTION, "en", served.advisor.index)
    served.advisor.search(QUESTION)
    assert spans.take() == []


def test_without_a_collector_there_is_no_span(served: Served):
    seen: list[trace.Span] = []
    served.advisor.watch(lambda _: seen.append(trace.get_current_span()))
    served.advisor.ask(QUESTION)
    assert [span.is_recording() for span in seen] == [False]


# Where they are sent


@pytest.fixture
def no_standard(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)


WANTED = [
    ({}, False),
    ({"EXPORTER_OTLP_ENDPOINT": "http://x"}, True),
    ({"EXPORTER_OTLP_TRACES_ENDPOINT": "http://x/v1/traces"}, True),
    ({"EXPORTER_OTLP_ENDPOINT": "http://x", "TRACES_EXPORTER": "none"}, False),
    ({"EXPORTER_OTLP_ENDPOINT": "http://x", "SDK_DISABLED": "True"}, False),
    ({"EXPORTER_OTLP_ENDPOINT": "http://x", "EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
    ({"SERVICE_NAME": "x"}, False),
]


@pytest.mark.usefixtures("no_standard")
@pytest.mark.parametrize(("variables", "wanted"), WANTED)
def test_the_standard_variables_switch_them_on(variables: dict[str, str], wanted: bool, monkeypatch: pytest.MonkeyPatch):
    for name, value in variables.items():
        monkeypatch.setenv(f"OTEL_{name}", value)
    assert traces_wanted() is wanted


@pytest.mark.usefixtures("no_standard")
@pytest.mark.parametrize("name", ["EXPORTER_OTLP_PROTOCOL", "EXPORTER_OTLP_TRACES_PROTOCOL", "TRACES_EXPORTER"])
def test_a_way_of_sending_that_is_not_there_is_refused(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://x")
    monkeypatch.setenv(f"OTEL_{name}", "zipkin")
    with pytest.raises(SettingsError, match="zipkin"):
        traces_wanted()


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(SettingsError, match=r"pip install 'cto-advisor\[traces\]'"):
        tracing.send_traces()


@contextmanager
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """A collector of OTLP on loopback: its address, and what it is sent."""
    received: list[tuple[str, bytes]] = []

    class Receiver(LoopbackHandler):
        def do_POST(self) -> None:  # noqa: N802 - the name that the library looks for
            received.append((self.path, self.body()))
            self.send_body(200, b"", [("Content-Type", "application/x-protobuf")])

    with running(LoopbackServer(Receiver)) as server:
        yield server.address, received


@contextmanager
def process(settings: Settings, **variables: str) -> Iterator[tuple[str, Callable[[], str]]]:
    """`advisor serve` as a process: its address, and what ends it and gives what it wrote on stderr."""
    command = ["-m", "advisor", "serve", "--port", "17960"]
    with (
        TemporaryFile("w+") as errors,
        advisor_process(command, settings, variables, stderr=errors) as (started, address),
    ):

        def end() -> str:
            started.send_signal(signal.SIGTERM)
            started.wait(30)
            errors.seek(0)
            return errors.read()

        yield address, end


@pytest.mark.skipif(not CAN_SEND, reason="the extra `traces` is not installed")
def test_the_server_sends_its_traces(small_settings: Settings, embeddings):
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    sync(small_settings, embeddings)
    variables = {"OTEL_SERVICE_NAME": "advisor-of-tests", "FASTAPI_OTEL_AUTO_CONFIGURE": ""}
    with (
        collector() as (place, received),
        process(small_settings, OTEL_EXPORTER_OTLP_ENDPOINT=place, **variables) as (address, end),
    ):
        answer = httpx.post(f"{address}/api/ask", json={"question": QUESTION}, timeout=60).json()
        httpx.get(f"{address}/", params={"q": QUESTION}, timeout=60, follow_redirects=True)
        log = end()
    assert {path for path, _ in received} == {"/v1/traces"}
    resources = [one for _, body in received for one in ExportTraceServiceRequest.FromString(body).resource_spans]
    named = {pair.key: pair.value.string_value for pair in resources[0].resource.attributes}
    assert named["service.name"] == "advisor-of-tests"
    sent = [span for resource in resources for scope in resource.scope_spans for span in scope.spans]
    assert len({span.trace_id for span in sent}) == 1
    (root,) = [span for span in sent if not span.parent_span_id]
    assert answer["id"] in {pair.value.string_value for pair in root.attributes}
    assert {span.name for span in sent} >= {"advisor.ask", "advisor.search", "advisor.intake"}
    assert_private("\n".join(map(str, resources)), QUESTION)
    assert f"trace_id={root.trace_id.hex()}" in log


@pytest.mark.skipif(not CAN_SEND, reason="the extra `traces` is not installed")
def test_a_collector_that_does_not_answer_holds_nothing_up(small_settings: Settings, embeddings):
    sync(small_settings, embeddings)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        process(small_settings, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{silent.getsockname()[1]}") as (address, end),
    ):
        assert httpx.post(f"{address}/api/ask", json={"question": QUESTION}, timeout=60).status_code == httpx.codes.OK
        begun = time.monotonic()
        log = end()
        assert time.monotonic() - begun < 8  # its own patience is 10 seconds
    assert "Traceback" not in log


@pytest.mark.skipif(CAN_SEND, reason="the extra `traces` is installed")
def test_a_server_that_cannot_send_does_not_start(small_settings: Settings):
    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "PYTHONPATH": str(ROOT)}
    environment["ADVISOR_INDEX_DIR"] = str(small_settings.index_dir)
    command = [sys.executable, "-m", "advisor", "serve"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [
        "advisor: traces need packages that are not installed. Run: pip install 'cto-advisor[traces]'"
    ]


# The log


def test_every_line_of_a_server_is_json(small_settings: Settings):
    """From its first start on, which builds the index, through an error that nobody foresaw."""
    with process(small_settings, ADVISOR_LOG_FORMAT="json") as (address, end):
        answer = httpx.post(f"{address}/api/ask", json={"question": QUESTION}, timeout=60).json()
        next(small_settings.index_dir.glob("0*/manifest.json")).unlink()
        (small_settings.index_dir / "current").write_text("000009-gone", encoding="utf-8")
        assert httpx.post(f"{address}/api/ask", json={"question": OTHER}, timeout=60).status_code >= 500
        with httpx.Client(base_url=address) as client:
            assert client.get("/api/nothing", params={"q": QUESTION}).status_code == httpx.codes.NOT_FOUND
        log = end()
    lines = [json.loads(line) for line in log.splitlines()]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    assert [line["logger"] for line in lines[:2]] == ["advisor.index"] * 2
    assert next(line for line in lines if line["message"] == "question")["id"] == answer["id"]
    assert next(line["status"] for line in lines if line["message"] == "request") == 200
    failed = [line for line in lines if line["level"] == "error"]
    assert failed
    assert all(line["error"] for line in failed)
    assert_private(log, QUESTION, OTHER)


def lines_of(form: logging.Formatter, caplog: pytest.LogCaptureFixture) -> list[str]:
    return [form.format(record) for record in caplog.records]


def test_a_line_names_the_span_that_it_is_said_in(served: Served, spans: Spans, monkeypatch: pytest.MonkeyPatch):
    said: list[dict[str, str]] = []
    form = JsonLines()

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(json.loads(form.format(record)))

    logger, handler = logging.getLogger("advisor.server"), Kept()
    monkeypatch.setattr(logger, "handlers", [handler])
    monkeypatch.setattr(logger, "level", logging.INFO)
    logging.Logger.manager._clear_cache()
    with served.client() as client:
        client.post("/api/ask", json={"question": QUESTION})
    root = root_of(settled(spans)).context
    (question,) = [line for line in said if line["message"] == "question"]
    assert (question["trace_id"], question["span_id"]) == (f"{root.trace_id:032x}", f"{root.span_id:016x}")
    until = time.monotonic() + 10  # it is said when the answer has gone out
    while not (requests := [line for line in said if line["message"] == "request"]) and time.monotonic() < until:
        time.sleep(0.01)
    (request,) = requests
    assert "trace_id" not in request


def test_an_error_has_its_kind_and_places_and_none_of_its_words(caplog: pytest.LogCaptureFixture):
    def fail(words: str) -> None:
        raise ValueError(words)

    try:
        fail(QUESTION)
    except ValueError as error:
        log_failure(error)
    log_failure(ModelError("the model cannot be loaded"))
    foreseen = lines_of(JsonLines(), caplog)[1]
    (unforeseen, _) = map(json.loads, lines_of(JsonLines(), caplog))
    assert (unforeseen["error"], unforeseen["level"]) == ("ValueError", "error")
    assert "test_traces.py" in unforeseen["trace"]
    assert json.loads(foreseen) | {"error": "ModelError", "message": "the model cannot be loaded"} == json.loads(foreseen)
    for form in (JsonLines(), TextLines()):
        assert_private("\n".join(lines_of(form, caplog)), QUESTION)


def test_a_line_of_text_is_one_line_whatever_was_sent():
    record = logging.LogRecord("x", logging.WARNING, "x", 1, "said\nTWICE", None, None)
    record.fields = {"path": "/a b\n2026 ERROR forged", "status": 404, "ms": {"search": 1.5}, "user": None}
    line = TextLines().format(record)
    time_, rest = line.split(" ", 1)
    assert time_.endswith("+00:00")
    assert rest == 'WARNING x said\\nTWICE path="/a b\\n2026 ERROR forged" status=404 ms={"search":1.5} user=null'


def test_the_form_of_the_log_is_a_setting(monkeypatch: pytest.MonkeyPatch):
    assert Settings().log_format == "text"
    monkeypatch.setenv("ADVISOR_LOG_FORMAT", "xml")
    with pytest.raises(SettingsError, match="ADVISOR_LOG_FORMAT"):
        load_settings()
