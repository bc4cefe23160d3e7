"""A disk without room, and processes that end: nothing half written stays, nothing is blamed on something else."""

from __future__ import annotations

import os
import resource
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from advisor.errors import StorageError
from advisor.files import append_line, replace_file
from advisor.index.generations import current_generation
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings

# No file may become larger than so many bytes: for whoever writes, the system refuses as a full disk does.
LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))\n"
COMMAND = "import sys; from advisor.cli.main import main; sys.argv = ['advisor', *sys.argv[1:]]; main()"


@contextmanager
def no_file_over(limit: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def run(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=300,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path):
    path = tmp_path / "users.json"
    replace_file(path, b"first")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with no_file_over(10), pytest.raises(StorageError, match=r"users\.json cannot be written .*Make room"):
        replace_file(path, b"a second version")
    assert path.read_bytes() == b"first"
    assert [each.name for each in tmp_path.iterdir()] == ["users.json"]


def test_a_folder_that_is_no_folder_is_named(tmp_path: Path):
    (tmp_path / "file").touch()
    for write in (lambda path: replace_file(path, b"x"), lambda path: append_line(path, {"x": 1})):
        with pytest.raises(StorageError, match="cannot be written"):
            write(tmp_path / "file" / "below")


def test_half_a_line_does_not_spoil_the_next_one(tmp_path: Path):
    path = tmp_path / "log.jsonl"
    append_line(path, {"line": 1})
    with no_file_over(20), pytest.raises(StorageError, match=r"log\.jsonl cannot be written"):
        append_line(path, {"line": "far too long for what is left"})
    append_line(path, {"line": 2})
    assert path.read_text() == '{"line": 1}\n{"line": 2}\n'


def test_a_command_that_cannot_write_private_files_says_so_in_one_line(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED.format(limit=20) + COMMAND, "users", "add", "ada"],
        input="a long enough password\n" * 2,
        capture_output=True,
        text=True,
        env={**os.environ, "ADVISOR_STATE_DIR": str(tmp_path / "state")},
        check=False,
    )
    assert done.returncode == 1
    assert "users.json cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "state").glob(".*"))


@pytest.mark.parametrize("limit", [100, 10_000, 60_000, 150_000])
def test_an_index_without_room_is_named_and_the_old_one_stays(small_settings: Settings, embeddings: Embeddings, limit: int):
    """Each part of a generation meets its own limit: the vectors, the catalog, the keyword index."""
    first = sync(small_settings, embeddings).generation
    before = sorted(path.name for path in small_settings.index_dir.iterdir())
    (small_settings.corpus_dir / "en" / "new.md").write_text("# New\n\nThe tamarin project begins in June.\n")
    places = ["--corpus", str(small_settings.corpus_dir), "--index", str(small_settings.index_dir)]
    done = run(LIMITED.format(limit=limit) + COMMAND, "index", "--rebuild", *places)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Make room" in done.stderr
    assert current_generation(small_settings.index_dir) == first
    assert sorted(path.name for path in small_settings.index_dir.iterdir()) == before


def test_a_full_cache_of_models_is_not_blamed_on_the_index(small_settings: Settings, tmp_path: Path):
    long_text = "# Long\n\n" + " ".join(f"The platform team holds pager {n} in the night." for n in range(600))
    (small_settings.corpus_dir / "en" / "long.md").write_text(long_text)
    (tmp_path / "cache").mkdir()
    places = ["--corpus", str(small_settings.corpus_dir), "--index", str(small_settings.index_dir)]
    code = LIMITED.format(limit=30_000_000) + COMMAND
    done = run(code, "index", *places, ADVISOR_CACHE_DIR=str(tmp_path / "cache"))
    assert done.returncode == 1
    assert f"the embedding model cannot be converted in {tmp_path / 'cache'}" in done.stderr
    assert "ADVISOR_CACHE_DIR" in done.stderr
    assert "the index" not in done.stderr
    assert not list((tmp_path / "cache").glob(".converting-*"))


HUNG = """
import sys
from advisor.errors import AdvisorError
from advisor.models.chat import ChatFailure, open_chat_model
from advisor.settings import Settings
from advisor.types import ModelUse
model = open_chat_model(Settings(chat_model="openai:any", chat_url=sys.argv[1], chat_key="none", chat_retries=0))
try:
    model.complete([("user", "?")], ModelUse(model.name), seconds=0.2)
except ChatFailure as failure:
    print(failure.kind, flush=True)
"""


def test_a_process_that_ends_does_not_wait_for_a_provider_that_hangs():
    """The client would wait for 60 seconds."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        with subprocess.Popen([sys.executable, "-c", HUNG, address], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "timeout\n"
            began = time.monotonic()
            assert process.wait(timeout=30) == 0
            assert time.monotonic() - began < 10
