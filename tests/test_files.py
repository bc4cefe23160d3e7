"""A disk without room, and processes that end: nothing half written stays, nothing is blamed on something else."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection

import pytest
from sqlalchemy import Pool, event

from advisor.accounts.sessions import Sessions
from advisor.accounts.users import Users, add_user
from advisor.errors import StorageError
from advisor.files import append_line, clone_file, link_file, replace_file
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


LEFT = ".new-0123456789abcdef"
KILLED = """
import os, sys
from pathlib import Path
from advisor import files
files.flush = lambda path: os.kill(os.getpid(), 9)
files.replace_file(Path(sys.argv[1]), b"a password's hash")
"""


def test_what_a_killed_process_left_goes_with_the_next_file(tmp_path: Path):
    """Such a file can hold what is private; a person's own hidden files stay."""
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "users.json")], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob(".new-*"))) == 1
    (tmp_path / ".new-plans.md").touch()
    replace_file(tmp_path / "other.json", b"{}")
    assert sorted(each.name for each in tmp_path.iterdir()) == [".new-plans.md", "other.json"]


def test_what_another_process_is_writing_stays(tmp_path: Path):
    (tmp_path / LEFT).touch()
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    replace_file(tmp_path / "users.json", b"{}")
    assert (tmp_path / LEFT).exists()
    os.close(descriptor)
    replace_file(tmp_path / "users.json", b"{}")
    assert not (tmp_path / LEFT).exists()


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_sign_in_that_cannot_be_kept_is_told_and_locks_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A database that may take no more pages refuses as one on a full disk does."""
    settings = Settings(state_dir=tmp_path / "state")
    add_user(settings, "ada", "a long enough password", "user")
    users, sessions = Users(settings), Sessions(settings)
    key = sessions.open(users.find("ada"))
    limits = ["max_page_count = 50"]

    @event.listens_for(Pool, "connect")
    def limited(connection: Connection, _: object) -> None:
        connection.execute(f"PRAGMA {limits[-1]}")

    monkeypatch.setattr("advisor.accounts.sessions.IDLE_SECONDS", 10**9)

    def sign_in_until_full() -> None:
        for _ in range(1_000):
            sessions.open(users.find("ada"))

    try:
        with pytest.raises(StorageError, match=r"conversations\.sqlite cannot be written .*Make room"):
            sign_in_until_full()
        limits.append("query_only = ON")
        monkeypatch.setattr("advisor.accounts.sessions._NOTED_EVERY_SECONDS", -1)
        assert sessions.find(key, users) == users.find("ada")
    finally:
        event.remove(Pool, "connect", limited)


def test_a_full_folder_of_scratch_files_is_not_blamed_on_the_index(
    small_settings: Settings, embeddings: Embeddings, monkeypatch: pytest.MonkeyPatch
):
    (small_settings.corpus_dir / "en" / "page.html").write_text("<h1>Page</h1><p>The vault opens at noon.</p>")
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(StorageError, match=rf"^{tempfile.gettempdir()} cannot be written \(No space left on device\)"):
        sync(small_settings, embeddings)


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
    assert "conversations.sqlite cannot be written" in done.stderr
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
    assert f"the embedding model cannot be written in {tmp_path / 'cache'}" in done.stderr
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


@pytest.mark.parametrize("give", [clone_file, link_file])
def test_a_file_under_a_second_name(tmp_path: Path, give: Callable[[Path, Path], None]) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(3_000_000))
    give(source, target)
    assert target.read_bytes() == source.read_bytes()
    assert source.samefile(target) is (give is link_file)
    with pytest.raises(FileExistsError):
        give(source, target)


def test_a_file_system_without_links_or_ranges_gets_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(os, "copy_file_range", refuse)
    (tmp_path / "source").write_bytes(b"text")
    link_file(tmp_path / "source", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"text"
