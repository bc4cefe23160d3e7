"""Chat models: one setting names the provider and the model; LangChain's `init_chat_model` makes the client.

`ollama:…`, `openai:…` (and every server that speaks its protocol, by `ADVISOR_CHAT_URL`), `anthropic:…`, `mistralai:…`,
`google_genai:…`, or `local:/path/model.gguf`, which llama.cpp serves inside this process (`advisor.models.llama_cpp`). Each
is an optional extra.

A model is slow, absent or wrong in ways that no list of exceptions covers, so each call runs in a thread of its own, whose
outcome is looked at: text arrives piece by piece until a deadline, a failure before the first piece is tried again when that
can help, and what is left becomes a `ChatFailure`. Messages of providers are never passed on: some quote the key.
"""

from __future__ import annotations

import atexit
import importlib
import importlib.util
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from weakref import WeakKeyDictionary

from advisor.errors import ModelError
from advisor.models.retries import FIRST_SERVER_ERROR, RETRIED_STATUS, pause
from advisor.settings import Settings
from advisor.types import ModelUse

if TYPE_CHECKING:
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk

Failure = Literal["timeout", "connection", "busy", "server", "refused", "malformed", "empty", "cut"]
Messages = Sequence[tuple[str, str]]
Result = TypeVar("Result")

_PACKAGES = {
    "ollama": "langchain_ollama",
    "openai": "langchain_openai",
    "anthropic": "langchain_anthropic",
    "mistralai": "langchain_mistralai",
    "google_genai": "langchain_google_genai",
    "local": "xllamacpp",
}
_BUSY, _FIRST_CLIENT_ERROR = 429, 400
_FINISHED = ("stop", "end_turn", "eos", "stop_sequence")
_THOUGHT = ("<think>", "</think>")
_FAREWELL_SECONDS = 2.0
_streams: WeakKeyDictionary[Future[None], threading.Event] = WeakKeyDictionary()
"""What models are writing, each with the event that stops it."""


class ChatFailure(Exception):
    """A model that did not answer; `kind` says in which way."""

    def __init__(self, kind: Failure) -> None:
        super().__init__(kind)
        self.kind: Failure = kind


class ChatModel:
    """A chat model of one provider. Safe to use from several threads."""

    def __init__(self, settings: Settings, client: BaseChatModel) -> None:
        """Take a finished client; `open_chat_model` makes it."""
        self.settings = settings
        self.name = shown_name(settings.chat_model or "")
        self.overheard: list[str] | None = None
        """Where it is a list, the text that is being written is added to it, anew each time."""
        self._client = client

    def stream(self, messages: Messages, use: ModelUse, *, seconds: float | None = None) -> Iterator[str]:
        """The text of the model's answer, piece by piece; `use` is filled in on the way.

        Closing the iterator stops the model.

        :param seconds: until the whole text must be there; the setting when None.
        :raises ChatFailure: when nothing comes, or what has come is not whole ("cut", after the last piece).
        """
        started = time.perf_counter()
        deadline = started + (seconds or self.settings.chat_seconds)
        try:
            for attempt in range(self.settings.chat_retries + 1):
                use.attempts += 1
                if self.overheard is not None:
                    self.overheard.clear()
                try:
                    yield from _without_thoughts(self._attempt(messages, use, started, deadline))
                    return
                except _NotYetError as early:
                    wait = pause(attempt, _asked_wait(early.error))
                    if attempt == self.settings.chat_retries or not early.can_retry or time.perf_counter() + wait > deadline:
                        raise ChatFailure(early.kind) from None
                    time.sleep(wait)
        finally:
            use.ms += round((time.perf_counter() - started) * 1_000, 2)
            use.cost = self._cost(use)

    def complete(self, messages: Messages, use: ModelUse, *, seconds: float) -> str:
        """The whole text.

        :raises ChatFailure: as above.
        """
        return "".join(self.stream(messages, use, seconds=seconds))

    def _attempt(self, messages: Messages, use: ModelUse, started: float, deadline: float) -> Iterator[str]:
        pieces: queue.SimpleQueue[AIMessageChunk | None] = queue.SimpleQueue()
        stopped = threading.Event()
        outcome = _in_thread(lambda: self._pump(messages, pieces, stopped))
        _streams[outcome] = stopped
        any_text, finish = False, ""
        try:
            while True:
                try:
                    chunk = pieces.get(timeout=max(0.0, deadline - time.perf_counter()))
                except queue.Empty:
                    kind: Failure = "timeout"
                    raise ChatFailure(kind) from None
                if chunk is None:
                    break
                _count(use, chunk)
                metadata = chunk.response_metadata
                finish = (
                    metadata.get("finish_reason") or metadata.get("stop_reason") or metadata.get("done_reason") or finish
                )
                if chunk.text:
                    if not any_text:
                        use.first_token_ms = use.first_token_ms or round((time.perf_counter() - started) * 1_000, 2)
                    any_text = True
                    self._let_hear(str(chunk.text))
                    yield str(chunk.text)
        finally:
            stopped.set()
        error = outcome.exception()
        if error is not None and not any_text:
            raise _NotYetError(error)
        if not any_text:
            kind = "empty"
            raise ChatFailure(kind)
        if error is not None or finish.lower() not in _FINISHED:
            kind = "cut"
            raise ChatFailure(kind)

    def _let_hear(self, text: str) -> None:
        if self.overheard is not None:
            self.overheard.append(text)

    def _pump(self, messages: Messages, pieces: queue.SimpleQueue[AIMessageChunk | None], stopped: threading.Event) -> None:
        try:
            for chunk in self._client.stream(list(messages)):
                if stopped.is_set():
                    break
                pieces.put(chunk)
        finally:
            pieces.put(None)

    def _cost(self, use: ModelUse) -> float | None:
        """US dollars, when the prices are set and the server counts."""
        price_in, price_out = self.settings.chat_price_in, self.settings.chat_price_out
        if price_in is None or price_out is None or use.input_tokens is None or use.output_tokens is None:
            return None
        return round((use.input_tokens * price_in + use.output_tokens * price_out) / 1_000_000, 6)


def _without_thoughts(pieces: Iterator[str]) -> Iterator[str]:
    """A text without what its model thought first, where the server leaves that in: "<think> ... </think>"."""
    held, is_past = "", False
    for piece in pieces:
        held += piece
        begun = held.lstrip()
        if begun.startswith(_THOUGHT[0]):
            _, closed, after = held.partition(_THOUGHT[1])
            held, is_past = (after.lstrip(), True) if closed else (held, False)
        elif not _THOUGHT[0].startswith(begun):
            is_past = True
        if is_past:
            break
    if is_past:
        yield from filter(None, [held])
        yield from pieces
    elif held and not held.lstrip().startswith(_THOUGHT[0]):
        yield held
    else:
        kind: Failure = "empty"
        raise ChatFailure(kind)


class _NotYetError(Exception):
    """A failure before any text came."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(type(error).__name__)
        self.error = error
        self.kind, self.can_retry = _judge(error)


def _in_thread(work: Callable[[], Result]) -> Future[Result]:
    """Run in a thread of its own; whatever it raises is kept in the future.

    A process that ends does not wait for the thread, as it would for one of an executor: a provider may never answer.
    """
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - the boundary to a provider's code: the future passes it on
            future.set_exception(error)

    threading.Thread(target=run, name="chat", daemon=True).start()
    return future


@atexit.register
def _stop_streams() -> None:
    """Stop what is still being written when the process ends: a model inside it would write to its last token first.

    A provider that sends nothing more is not waited for.
    """
    for stopped in list(_streams.values()):
        stopped.set()
    wait(list(_streams), timeout=_FAREWELL_SECONDS)


def _status(error: BaseException) -> int | None:
    for owner in (error, getattr(error, "response", None)):
        status = getattr(owner, "status_code", None)
        if isinstance(status, int):
            return status
    return None


def _judge(error: BaseException) -> tuple[Failure, bool]:
    """What a provider's error means, and whether trying again can help. Providers share no classes, only habits."""
    status = _status(error)
    names = " ".join(kind.__name__.lower() for kind in type(error).__mro__)
    if status == _BUSY:
        return "busy", True
    if status is not None and status >= _FIRST_CLIENT_ERROR:
        return ("server", True) if status >= FIRST_SERVER_ERROR else ("refused", status in RETRIED_STATUS)
    if "timeout" in names:
        return "timeout", True
    if any(word in names for word in ("connect", "network", "protocol", "transport", "oserror")):
        return "connection", True
    return "malformed", True


def _asked_wait(error: BaseException) -> str:
    """How long the server asks its clients to wait; "" where it does not."""
    response = getattr(error, "response", None)
    return str(getattr(response, "headers", {}).get("retry-after", "")) if response is not None else ""


def _count(use: ModelUse, chunk: AIMessageChunk) -> None:
    usage = chunk.usage_metadata
    if usage:
        use.input_tokens = (use.input_tokens or 0) + usage["input_tokens"]
        use.output_tokens = (use.output_tokens or 0) + usage["output_tokens"]


def shown_name(setting: str) -> str:
    """The name of a model as answers give it: without the folder of a local file."""
    provider, _, model = setting.partition(":")
    return f"{provider}:{model.replace(chr(92), '/').rsplit('/', 1)[-1]}" if provider == "local" else setting


def open_chat_model(settings: Settings) -> ChatModel | None:
    """The model that the settings name, None when they name none.

    :raises ModelError: for an unknown provider, a package that is not installed, or a client that cannot be made.
    """
    if not settings.chat_model:
        return None
    provider, _, model = settings.chat_model.partition(":")
    if provider not in _PACKAGES or not model:
        message = (
            f"the chat model {settings.chat_model!r} is not understood. Set ADVISOR_CHAT_MODEL to provider:model, with "
            f"one of {', '.join(_PACKAGES)} for provider"
        )
        raise ModelError(message)
    for package in ("langchain", "langchain_openai" if provider == "local" else _PACKAGES[provider], _PACKAGES[provider]):
        if importlib.util.find_spec(package) is None:
            message = f"{provider} models need the package {package}. Run: pip install 'cto-advisor[{provider}]'"
            raise ModelError(message)
    return ChatModel(settings, _client(provider, model, settings))


def open_checker(settings: Settings) -> ChatModel | None:
    """The chat model that judges what another has written; None where the verifier is not `chat`, or nothing writes.

    :raises ModelError: as above.
    """
    if settings.verifier != "chat" or not settings.chat_model:
        return None
    named = settings.check_model or settings.chat_model
    changed: dict[str, object] = {"chat_model": named}
    if named.partition(":")[0] != settings.chat_model.partition(":")[0]:  # a key goes to nobody but its provider
        changed |= {"chat_key": None, "chat_url": None}
    return open_chat_model(settings.model_copy(update=changed))


def _client(provider: str, model: str, settings: Settings) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    options: dict[str, Any] = {"temperature": settings.chat_temperature}
    if provider == "ollama":
        options |= {"num_predict": settings.chat_tokens, "client_kwargs": {"timeout": settings.chat_seconds}}
    else:
        # Trying again is our work, with one deadline over all: the clients' own retries would come on top.
        options |= {"max_tokens": settings.chat_tokens, "timeout": settings.chat_seconds, "max_retries": 0}
    if settings.chat_url:
        options["base_url"] = settings.chat_url
    if settings.chat_key:
        options["api_key"] = settings.chat_key.get_secret_value()
    if provider == "local":
        from advisor.models.llama_cpp import serve_gguf

        options |= {"base_url": serve_gguf(model, settings.threads), "api_key": "local"}
        provider, model = "openai", "local"
    if provider == "openai":
        options["stream_usage"] = True
    try:
        made: BaseChatModel = init_chat_model(model, model_provider=provider, **options)
    except Exception as error:  # noqa: BLE001 - the boundary to a provider's code, whose message may hold a key
        message = (
            f"no client can be made for the chat model {settings.chat_model!r} ({type(error).__name__}). Check its name, "
            f"its key (ADVISOR_CHAT_KEY, or the provider's own variable) and its address (ADVISOR_CHAT_URL)"
        )
        raise ModelError(message) from None
    return made
