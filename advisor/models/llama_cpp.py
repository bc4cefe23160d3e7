"""A GGUF file served by llama.cpp inside this process, on a free port of the loopback address."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from advisor.errors import ModelError

if TYPE_CHECKING:
    from xllamacpp import Server

_CONTEXT_TOKENS = 8_192
_MAGIC = b"GGUF"
_servers: dict[Path, Server] = {}
_lock = Lock()


def serve_gguf(file: str, threads: int) -> str:
    """The address of an OpenAI-compatible server for a model file; the same one each time it is asked for.

    :raises ModelError: when there is no such file, or it is not a model.
    """
    path = Path(file).expanduser().resolve()
    try:
        with path.open("rb") as opened:
            is_model = opened.read(len(_MAGIC)) == _MAGIC
    except OSError as cause:
        message = (
            f"the model file {path} cannot be read ({cause.strerror}). Set ADVISOR_CHAT_MODEL to local:/path/model.gguf"
        )
        raise ModelError(message) from None
    if not is_model:
        message = f"{path} is not a GGUF file. Set ADVISOR_CHAT_MODEL to local:/path/model.gguf"
        raise ModelError(message)
    with _lock:
        if path not in _servers:
            _servers[path] = _start(path, threads)
        return f"{_servers[path].listening_address}/v1"


def _start(path: Path, threads: int) -> Server:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx = _CONTEXT_TOKENS
    parameters.n_parallel = 1
    parameters.port = 0
    parameters.hostnames = ["127.0.0.1"]
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.verbosity = -1
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads
    try:
        return xllamacpp.Server(parameters)
    except RuntimeError as cause:
        message = f"llama.cpp cannot load {path} ({cause}). Take another GGUF file"
        raise ModelError(message) from cause
