"""Traces of OpenTelemetry: a span for each question, its stages below it, and never a word of what people ask.

A span is made only where somebody collects them: after `send_traces`, or where the program around this one has set up
OpenTelemetry's SDK. Otherwise nothing is made and nothing kept.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from functools import wraps
from importlib.metadata import version
from typing import ParamSpec, TypeVar

from opentelemetry import trace
from opentelemetry.trace import INVALID_SPAN, Span, StatusCode

from advisor.errors import QuestionError, SettingsError
from advisor.types import Answer

Given = TypeVar("Given")
Arguments = ParamSpec("Arguments")

_NAME = "cto-advisor"
_FAREWELL_SECONDS = 2.0  # for what is not sent yet
_tracer = trace.get_tracer(_NAME)


@contextmanager
def question_span() -> Iterator[Span]:
    """The span of a question; `tell_outcome` says what became of it, where it was answered."""
    with _opened("ask") as span:
        span.set_attribute("advisor.outcome", "stopped")  # unless there is another: nobody waits for an answer any more
        try:
            yield span
        except Exception as error:
            span.set_attribute("advisor.outcome", "invalid" if isinstance(error, QuestionError) else "failed")
            raise


def tell_outcome(span: Span, answer: Answer) -> None:
    """Tell the span of a question of its answer, in counts and names alone."""
    span.set_attributes(
        {
            "advisor.outcome": answer.status,
            "advisor.answer": answer.id,
            "advisor.language": answer.language,
            "advisor.writer": answer.writer,
            "advisor.generation": answer.index.generation,
            "advisor.confidence": answer.confidence,
            "advisor.sentences": len(answer.sentences),
            "advisor.citations": len(answer.citations),
            "advisor.withheld": len(answer.withheld),
        }
    )


@contextmanager
def stage_span(name: str) -> Iterator[Span]:
    """A stage of the question at hand; none where no question is traced: an index that is checked, a suggestion tried."""
    if not trace.get_current_span().is_recording():
        yield INVALID_SPAN
        return
    with _opened(name) as span:
        yield span


@contextmanager
def _opened(name: str) -> Iterator[Span]:
    """A span. Of an error it keeps the kind: its words may repeat what was asked."""
    with _tracer.start_as_current_span(f"advisor.{name}", record_exception=False, set_status_on_exception=False) as span:
        try:
            yield span
        except Exception as error:
            span.set_attribute("error.type", type(error).__name__)
            if not isinstance(error, QuestionError):
                span.set_status(StatusCode.ERROR)
            raise


def in_own_context(begin: Callable[Arguments, Generator[Given, None, None]]) -> Callable[Arguments, Iterator[Given]]:
    """A generator whose steps are taken in a context that is theirs alone.

    The spans that are open between two steps are no business of who reads them, in this thread or another, or two at once.
    """

    @wraps(begin)
    def begun(*arguments: Arguments.args, **named: Arguments.kwargs) -> Iterator[Given]:
        return _each(begin(*arguments, **named))

    return begun


def _each(steps: Generator[Given, None, None]) -> Iterator[Given]:
    context = copy_context()
    try:
        while True:
            try:
                given = context.run(next, steps)
            except StopIteration:
                return
            yield given
    finally:
        context.run(steps.close)


def span_ids() -> dict[str, str]:
    """What a line of the log has of the span at hand: its id and that of its trace; nothing where there is none."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": trace.format_trace_id(context.trace_id), "span_id": trace.format_span_id(context.span_id)}


def send_traces() -> Callable[[], None]:
    """Send the spans of this program where the variables of OpenTelemetry say; call what it returns at the end.

    Other libraries of this process do not send theirs: a span of the web framework has the whole address of a page, and a
    question may be in that.

    :raises SettingsError: when what sends them is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as cause:
        message = "traces need packages that are not installed. Run: pip install 'cto-advisor[traces]'"
        raise SettingsError(message) from cause
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return lambda: None  # whoever started this program has seen to it
    service = Resource.create({"service.name": _NAME, "service.version": version(_NAME)})
    provider = TracerProvider(resource=service.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    global _tracer
    _tracer = provider.get_tracer(_NAME, version(_NAME))
    ending = threading.Thread(target=provider.shutdown, name="traces", daemon=True)  # it waits for a collector that is away

    def stop() -> None:
        ending.start()
        ending.join(_FAREWELL_SECONDS)

    return stop
