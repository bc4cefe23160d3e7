"""A server that encodes texts, by the protocol of OpenAI: text-embeddings-inference, vLLM, Ollama and many others.

The program sends the words that a model wants before a text itself, as with a model of its own: the protocol knows no
difference between a question and a passage. What comes back is checked before it is used: one vector for each text, all of
one length, in the order that `index` gives. Words of a server are never passed on: some quote the key.
"""

from __future__ import annotations

import json
import time
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import numpy as np

from advisor.errors import EmbeddingServerError
from advisor.models.retries import FIRST_SERVER_ERROR, RETRIED_STATUS, pause
from advisor.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BYTES_A_TEXT = 500_000  # of an answer: vectors of 20,000 numbers, written out
_BYTES_BESIDE = 1_000_000
_ADVICE = {
    401: "Set ADVISOR_EMBEDDING_KEY to a key that it accepts",
    403: "Set ADVISOR_EMBEDDING_KEY to a key that it accepts",
    404: "Check that ADVISOR_EMBEDDING_URL is its address, and ADVISOR_EMBEDDING_MODEL its own name for a model that it has",
}
_TOO_MUCH = (
    "It takes fewer or shorter texts, or not this model: lower ADVISOR_EMBEDDING_BATCH, have it cut long texts "
    "(text-embeddings-inference: --auto-truncate), check ADVISOR_EMBEDDING_MODEL"
)
_WAIT = "Its own log says why; try again when it answers"
_NO_VECTORS = "Check that ADVISOR_EMBEDDING_URL leads to a server of embeddings, and ADVISOR_EMBEDDING_MODEL to such a model"


class EmbeddingServer:
    """A model behind an address. Safe to use from several threads.

    `digest` stands for weights that nobody here has seen: it says that they are served, and under which name. `dimension` is
    the length of a vector.
    """

    def __init__(self, settings: Settings) -> None:
        """Have it encode one word, so that what is wrong with it is told at the start.

        :raises EmbeddingServerError: when it gives no vector.
        """
        self._settings = settings
        self._url = _endpoint(settings.embedding_url or "")
        self._shown = str(self._url.copy_with(username=None, password=None, query=None))
        key = settings.embedding_key
        headers = {b"Authorization": f"Bearer {key.get_secret_value()}".encode()} if key else None
        self._client = httpx.Client(headers=headers)
        self._close = weakref.finalize(self, self._client.close)
        self.digest = f"served-{quote(settings.embedding_model, safe='')}"
        self.dimension = 0
        self.dimension = self.encode(["dimension"]).shape[1]

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The unit vectors of some texts, no more than the server takes at once, shape (len(texts), dimension).

        :raises EmbeddingServerError: when it gives none, or such of another dimension than at the start.
        """
        try:
            vectors = _vectors(self._answer(texts), len(texts))
        except _NoVectorsError as cause:
            what = f"answers what is no list of {len(texts)} vectors ({cause})"
            raise self._error(what, _NO_VECTORS) from None
        if self.dimension and vectors.shape[1] != self.dimension:
            what = f"gives vectors of {vectors.shape[1]} numbers, and gave {self.dimension} at the start"
            advice = "Have it serve the earlier model again, or start the advisor anew and run: advisor index"
            raise self._error(what, advice)
        return vectors

    def _answer(self, texts: Sequence[str]) -> bytes:
        """What the server answers, after as many attempts as the settings allow."""
        settings = self._settings
        deadline = time.perf_counter() + settings.embedding_seconds
        for attempt in range(settings.embedding_retries + 1):
            try:
                return self._attempt(texts, deadline)
            except _FailedError as failed:
                wait = pause(attempt, failed.asked)
                last = attempt == settings.embedding_retries or time.perf_counter() + wait > deadline
                if last or not failed.can_retry:
                    times = f" (attempts: {attempt + 1})" if attempt else ""
                    raise self._error(failed.what + times, failed.advice) from None
            time.sleep(wait)
        raise AssertionError  # the last attempt returns or raises

    def _attempt(self, texts: Sequence[str], deadline: float) -> bytes:
        """The body of one answer; it is read piece by piece, so that one that never ends is left."""
        asked = {"model": self._settings.embedding_model, "input": list(texts), "encoding_format": "float"}
        content = json.dumps(asked, ensure_ascii=False).encode("utf-8", "replace")
        headers = {"Content-Type": "application/json"}
        remaining = max(deadline - time.perf_counter(), 0.001)
        most, body = len(texts) * _BYTES_A_TEXT + _BYTES_BESIDE, bytearray()
        try:
            with self._client.stream("POST", self._url, content=content, headers=headers, timeout=remaining) as response:
                if response.status_code != httpx.codes.OK:
                    raise _refusal(response)
                for piece in response.iter_bytes():
                    body += piece
                    if time.perf_counter() > deadline:
                        raise self._late()
                    if len(body) > most:
                        what = "answers far more than vectors"
                        raise _FailedError(what, _NO_VECTORS, can_retry=False)
        except httpx.TimeoutException:
            raise self._late() from None
        except httpx.RequestError as cause:
            what = f"cannot be reached ({type(cause).__name__})"
            raise _FailedError(what, "Start it, or correct ADVISOR_EMBEDDING_URL") from None
        return bytes(body)

    def _late(self) -> _FailedError:
        what = f"did not answer within {self._settings.embedding_seconds:g} s"
        advice = "Look whether it is busy; give it more time with ADVISOR_EMBEDDING_SECONDS, or fewer texts with"
        return _FailedError(what, f"{advice} ADVISOR_EMBEDDING_BATCH")

    def _error(self, what: str, advice: str) -> EmbeddingServerError:
        return EmbeddingServerError(f"the embedding server at {self._shown} {what}. {advice}")


class _FailedError(Exception):
    """An attempt that gave no answer: what the server did, what to do, and how long it wants to be left alone."""

    def __init__(self, what: str, advice: str, *, can_retry: bool = True, asked: str = "") -> None:
        super().__init__(what)
        self.what, self.advice, self.can_retry, self.asked = what, advice, can_retry, asked


class _NoVectorsError(Exception):
    """An answer that is something else than the vectors that were asked for."""


def _endpoint(setting: str) -> httpx.URL:
    """The address that texts are sent to, of a server named with or without `/v1`, or with the whole path."""
    url = httpx.URL(setting)
    path = url.path.rstrip("/")
    if not path.endswith("/embeddings"):
        path += "/embeddings" if path.endswith("/v1") else "/v1/embeddings"
    return url.copy_with(path=path)


def _refusal(response: httpx.Response) -> _FailedError:
    """What a status other than 200 means."""
    status = response.status_code
    if status >= FIRST_SERVER_ERROR or status in RETRIED_STATUS:
        return _FailedError(f"is busy or fails (status {status})", _WAIT, asked=response.headers.get("retry-after", ""))
    advice = _ADVICE.get(status, _TOO_MUCH if status >= httpx.codes.BAD_REQUEST else _NO_VECTORS)
    return _FailedError(f"refuses (status {status})", advice, can_retry=False)


def _vectors(answer: bytes, count: int) -> NDArray[np.float32]:
    """The unit vectors of an answer in the order of the texts, shape (count, dimension).

    :raises _NoVectorsError: when it holds something else.
    """
    try:
        rows: list[dict[str, Any]] = json.loads(answer)["data"]
        by_index = {row["index"]: row["embedding"] for row in rows}
        if len(rows) != count or by_index.keys() != set(range(count)):
            message = f"{len(rows)} entries, not each with a number of its own below {count}"
            raise _NoVectorsError(message)
        vectors = np.array([by_index[number] for number in range(count)], np.float64)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as cause:
        raise _NoVectorsError(type(cause).__name__) from None
    if vectors.ndim != 2 or not vectors.shape[1]:  # noqa: PLR2004 - texts and numbers
        message = "their shape is that of something else"
        raise _NoVectorsError(message)
    with np.errstate(over="ignore"):  # what is too large is told below
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and lengths.all()):
        message = "one is not finite, or zero"
        raise _NoVectorsError(message)
    unit: NDArray[np.float32] = (vectors / lengths).astype(np.float32)
    return unit
