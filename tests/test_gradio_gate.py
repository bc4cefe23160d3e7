"""What stands before Gradio, on a real server: no file of this machine and no address comes in by an event of the page."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import NamedTemporaryFile

import httpx
import pytest
from gradio.utils import get_upload_folder
from served import Served, event_of, serve, told
from starlette.types import Message, Receive, Send

from advisor.ui.stream_ends import StreamEnds

SECRET = "# Secret\n\nThe vault opens at noon on Tuesdays.\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, embeddings) -> Iterator[Served]:
    """Without users, where everybody on this machine is a curator."""
    with serve(tmp_path_factory.mktemp("gate"), embeddings, questions_per_minute=100_000) as running:
        yield running


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that nobody but this account may read, of a kind that the corpus takes."""
    path = tmp_path / "secret.md"
    path.write_text(SECRET, encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server that notes who asks for anything."""
    asked: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                asked.append("asked")
                connection.close()

        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/secret.md", asked


def upload(served: Served, files: object) -> str:
    with served.client() as client:
        return told(client, event_of(client, "corpus-upload", "upload"), [files])


def stored(served: Served) -> list[str]:
    folder = served.settings.corpus_dir / "uploads"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def data_of(path: str, **more: object) -> list[dict[str, object]]:
    return [{"path": path, "orig_name": "note.md", "meta": {"_type": "gradio.FileData"}, **more}]


def test_a_file_that_was_uploaded_is_taken(served: Served):
    with served.client() as client:
        sent = client.post("/en/gradio_api/upload", files={"files": ("note.md", b"# Note\n\nLunch is at noon.\n")}).json()
        assert client.get(f"/en/gradio_api/file={sent[0]}").text.startswith("# Note")
        words = upload(served, data_of(sent[0], url="http://127.0.0.1:1/x", size=3))
    assert "uploads/note.md is in the corpus" in words
    (served.settings.corpus_dir / "uploads" / "note.md").unlink()


def left_behind() -> list[str]:
    """Files in the folder of uploads with anything in them."""
    files = (path for path in Path(get_upload_folder()).rglob("*") if path.is_file())
    return [path.name for path in files if path.stat().st_size]


def test_what_was_taken_does_not_stay_in_the_folder_of_uploads(served: Served):
    """Whether it went into the corpus or was refused."""
    files = [("files", ("kept.md", b"# Kept\n\nLunch is at noon.\n")), ("files", ("refused.pdf", b"no PDF"))]
    with served.client() as client:
        sent = client.post("/en/gradio_api/upload", files=files).json()
    assert len(left_behind()) == 2
    words = upload(served, [data_of(path)[0] for path in sent])
    assert "uploads/kept.md is in the corpus" in words
    assert "refused.pdf" in words
    assert left_behind() == []
    (served.settings.corpus_dir / "uploads" / "kept.md").unlink()


class FullDisk:
    """A file that takes what fits, and then no more."""

    def __init__(self, **arguments: object) -> None:
        self._file = NamedTemporaryFile(**arguments)  # noqa: SIM115 - Gradio keeps it
        self.name = self._file.name

    def write(self, data: bytes) -> None:
        self._file.write(data[:3])
        self._file.flush()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_an_upload_without_room_is_told_and_leaves_nothing(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gradio.route_utils.NamedTemporaryFile", FullDisk)
    with served.client() as client:
        answer = client.post("/en/gradio_api/upload", files={"files": ("note.md", b"# Note\n\nLunch is at noon.\n")})
    assert (answer.status_code, answer.json()["code"]) == (503, "storage")
    assert left_behind() == []


def test_an_upload_that_ends_early_leaves_nothing(served: Served):
    part = b'--b\r\nContent-Disposition: form-data; name="files"; filename="note.md"\r\n\r\nLunch is at'
    host, port = served.address.removeprefix("http://").split(":")
    head = f"POST /en/gradio_api/upload HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 5000\r\n"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + b"Content-Type: multipart/form-data; boundary=b\r\n\r\n" + part)
        wait_until(lambda: any(Path(get_upload_folder()).glob("tmp*")))
    wait_until(lambda: not any(Path(get_upload_folder()).glob("tmp*")))


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("meta", [True, False])
def test_no_other_file_of_this_machine_is(served: Served, secret: Path, meta: bool):
    folder = Path(get_upload_folder())
    link = folder / "link.md"
    link.symlink_to(secret)
    deep = Path(os.path.relpath(secret, folder))
    paths = [str(secret), str(folder / deep), str(link), f"file://{secret}", str(folder), f"{folder}/../{folder.name}-no.md"]
    corpus = served.settings.corpus_dir / "en" / "board.md"
    for path in (
        *paths,
        str(corpus),
        str(served.settings.state_dir / "users.json"),
        "/proc/self/environ",
        "secret.md",
        "\0",
    ):
        words = upload(served, data_of(path) if meta else [{"path": path}])
        assert "the file was not uploaded" in words, path
    link.unlink()
    assert stored(served) == []


@pytest.mark.parametrize("place", ["path", "url"])
def test_no_address_is_fetched_for_a_file(served: Served, listener: tuple[str, list[str]], place: str):
    address, asked = listener
    given = data_of(address) if place == "path" else [{"url": address, "meta": {"_type": "gradio.FileData"}}]
    assert "another form" in upload(served, given)
    assert stored(served) == []
    assert asked == []


@pytest.mark.parametrize("element", ["send", "open", "corpus-delete", "evaluation-run", "evaluation-show"])
def test_no_other_event_takes_a_file(served: Served, secret: Path, element: str):
    with served.client() as client:
        event = event_of(client, element)
        for value in (data_of(str(secret))[0], data_of(str(secret))):
            assert "another form" in told(client, event, [value, value])


@pytest.mark.parametrize("scheme", ["http://", "https://", "HTTP://", "ftp://", "file://", "//", "http:/", "http:\\\\"])
def test_no_address_is_fetched_for_the_page(served: Served, listener: tuple[str, list[str]], scheme: str):
    address, asked = listener
    target = scheme + address.removeprefix("http://")
    once = httpx.URL(f"{served.address}/en/gradio_api/").copy_with(raw_path=b"/en/gradio_api/file=" + target.encode())
    with served.client() as client:
        quoted = target.replace(":", "%3A").replace("/", "%2F")
        for url in (once, f"/en/gradio_api/file={quoted}", f"/en/gradio_api/file={quoted.replace('%', '%25')}"):
            answer = client.get(url)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), url
    assert asked == []


def test_only_uploads_are_read_through_the_page(served: Served, secret: Path):
    with served.client() as client:
        for path in (
            str(secret),
            "/etc/hostname",
            str(served.settings.corpus_dir / "en" / "board.md"),
            "../etc/hostname",
            ".",
        ):
            assert client.get(f"/en/gradio_api/file={path}").status_code == 404
            assert client.head(f"/fr/gradio_api/file={path}").status_code == 404


def test_uploads_lie_in_a_folder_of_this_account(served: Served):
    folder = Path(get_upload_folder())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert folder.name not in ("gradio", "advisor-uploads-")


@pytest.mark.parametrize("is_cut_off", [True, False])
def test_an_event_waits_for_the_stream_that_ends_and_for_no_other(is_cut_off: bool):
    """The page closes the stream a moment after the word of its end, or the server cuts it off when it is gone."""
    said: list[str] = []

    async def stream_ends() -> None:
        ends, is_gone = StreamEnds(), asyncio.Event()

        async def receive() -> Message:
            await is_gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            said.append(message.get("body", b"").decode())

        async def stream(_: Receive, send: Send) -> None:
            await send({"type": "http.response.body", "body": b'data: {"msg":"close_stream"}', "more_body": True})
            if is_cut_off:
                await is_gone.wait()
                raise asyncio.CancelledError
            await send({"type": "http.response.body", "body": b""})

        streamed = asyncio.create_task(ends.stream("page", stream, receive, send))
        await asyncio.sleep(0)
        replied = asyncio.create_task(_reply(ends.event("page", send), b'{"event_id":"held"}'))
        await _reply(ends.event("another page", send), b'{"event_id":"not held"}')
        assert said[-1] == '{"event_id":"not held"}'
        is_gone.set()
        await replied
        await asyncio.wait([streamed])
        await _reply(ends.event("page", send), b'{"event_id":"later"}')

    async def in_time() -> None:
        await asyncio.wait_for(stream_ends(), 1.5)  # less than an event is held at most

    with ThreadPoolExecutor(1) as pool:  # the browser of other tests has a loop in this thread
        pool.submit(lambda: asyncio.run(in_time())).result()
    assert [json.loads(word)["event_id"] for word in said if word.startswith("{")] == ["not held", "held", "later"]


def test_an_event_waits_for_an_end_that_is_decided_and_not_yet_said():
    """Gradio decides before the word of the end comes by: the reply to an event of that moment is held all the same."""
    said: list[str] = []

    async def stream_ends() -> None:
        ends, is_said, is_gone = StreamEnds(), asyncio.Event(), asyncio.Event()

        async def receive() -> Message:
            await is_gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            said.append(message.get("body", b"").decode())

        async def stream(_: Receive, send: Send) -> None:
            await is_said.wait()
            await send({"type": "http.response.body", "body": b'data: {"msg":"close_stream"}', "more_body": True})
            await send({"type": "http.response.body", "body": b""})

        streamed = asyncio.create_task(ends.stream("page", stream, receive, send))
        await asyncio.sleep(0)
        replied = asyncio.create_task(_reply(ends.event("page", send), b'{"event_id":"new"}'))
        await asyncio.sleep(0.5)  # however long the word of the end is on its way
        assert not replied.done()
        is_said.set()
        await asyncio.sleep(0.2)
        assert not replied.done()
        is_gone.set()
        await asyncio.wait([replied, streamed])

    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(stream_ends())).result()
    assert said[-1] == '{"event_id":"new"}'


def test_an_event_that_an_open_stream_tells_of_is_not_held():
    said: list[str] = []

    async def stream_serves() -> None:
        ends, is_asked = StreamEnds(), asyncio.Event()

        async def receive() -> Message:
            return await asyncio.Future()

        async def send(message: Message) -> None:
            said.append(message.get("body", b"").decode())

        async def stream(_: Receive, send: Send) -> None:
            await is_asked.wait()
            await send(
                {"type": "http.response.body", "body": b'data: {"event_id":"new","msg":"estimation"}', "more_body": True}
            )
            await asyncio.Future()

        streamed = asyncio.create_task(ends.stream("page", stream, receive, send))
        await asyncio.sleep(0)
        replied = asyncio.create_task(_reply(ends.event("page", send), b'{"event_id":"new"}'))
        await asyncio.sleep(0.1)
        assert not replied.done()
        is_asked.set()
        await asyncio.wait_for(replied, 1)
        streamed.cancel()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(stream_serves())).result()
    assert said[-1] == '{"event_id":"new"}'


async def _reply(send: Send, body: bytes) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
