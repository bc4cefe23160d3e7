"""Vectors on a Chroma server: replicas that share it, generations as collections, a server that goes away and comes back."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest
from chroma_server import ChromaServer, running_chroma
from loopback import LoopbackHandler, LoopbackServer, running
from pages import ask, open_page
from playwright.sync_api import Browser, expect
from pydantic import SecretStr
from served import serve
from typer.testing import CliRunner

from advisor.advisor import Advisor
from advisor.cli.main import app
from advisor.errors import BrokenIndexError, IndexMismatchError, RefusedIndexError, SettingsError, VectorServerError
from advisor.index import archive
from advisor.index.generation import open_current
from advisor.index.generations import CHROMA, current_generation, generations, read_manifest
from advisor.index.sync import SyncOptions, rollback, sync
from advisor.index.vector_server import open_server
from advisor.settings import Settings, load_settings

QUESTION = "What does the board want?"
WORDS_ALONE = "passages were found by their words alone"


@pytest.fixture(scope="module")
def chroma() -> Iterator[ChromaServer]:
    with running_chroma() as server:
        yield server


@pytest.fixture
def shared(small_settings: Settings, chroma: ChromaServer) -> Settings:
    """Settings of a replica: a folder of the index that others mount too, and the server."""
    return small_settings.model_copy(update={"chroma_url": chroma.url})


@pytest.fixture
def replicas(shared: Settings, embeddings) -> Iterator[list[Advisor]]:
    """Two replicas of one index."""
    sync(shared, embeddings)
    with ExitStack() as opened:
        yield [opened.enter_context(closing(Advisor.open(shared, embeddings))) for _ in range(2)]


def collections_of(settings: Settings, chroma: ChromaServer) -> list[str]:
    """The generations whose vectors are on the server."""
    prefix = (settings.index_dir / "collections").read_text(encoding="utf-8").split()[0]
    return [name.removeprefix(f"{prefix}-") for name in chroma.collections() if name.startswith(prefix)]


def write(settings: Settings, name: str, text: str) -> None:
    (settings.corpus_dir / name).write_text(text, encoding="utf-8")


def until(condition: Callable[[], bool]) -> None:
    """Wait for what comes by itself."""
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert condition()


def test_a_server_finds_what_a_folder_finds(shared: Settings, small_settings: Settings, embeddings, tmp_path: Path):
    in_folder = small_settings.model_copy(update={"index_dir": tmp_path / "beside"})
    for settings in (shared, in_folder):
        sync(settings, embeddings)
    with closing(open_current(shared, embeddings)) as one, closing(open_current(in_folder, embeddings)) as other:
        assert not (one.folder / CHROMA).exists()
        assert one.count_vectors() == other.count_vectors() == one.manifest.entries
        for question in (QUESTION, "Combien coûte le cloud ?"):
            vector = embeddings.encode_query(question)
            found, expected = (each.search_vectors(vector, num_results=5) for each in (one, other))
            assert [key for key, _ in found] == [key for key, _ in expected]
            assert [score for _, score in found] == pytest.approx([score for _, score in expected], abs=1e-5)


def test_replicas_take_a_new_generation_while_people_ask(replicas: list[Advisor], shared: Settings, embeddings):
    first, over, seen, failures = replicas[0].index.info.generation, threading.Event(), set[str](), list[Exception]()

    def keep_asking(replica: Advisor) -> None:
        while not over.is_set():
            try:
                answer = replica.ask(QUESTION)
                assert (answer.status, answer.by_words) == ("answered", False)
                seen.add(answer.index.generation)
            except Exception as error:  # noqa: BLE001 - it is looked at below
                failures.append(error)

    with ThreadPoolExecutor(2) as pool:
        for replica in replicas:
            pool.submit(keep_asking, replica)
        published = []
        for number in range(3):
            write(shared, "en/rota.md", f"# Rota\n\nTamarin is the code name of rota number {number}.\n")
            published.append(sync(shared, embeddings).generation)
            until(lambda: published[-1] in seen)
        over.set()
    assert failures == []
    assert seen == {first, *published}
    for replica in replicas:
        assert replica.search("Tamarin")[0].chunk.text.endswith("number 2.")


def test_collections_go_with_their_generations(shared: Settings, embeddings, chroma: ChromaServer):
    names = []
    for number in range(3):
        write(shared, "en/rota.md", f"# Rota\n\nTamarin is the code name of rota number {number}.\n")
        names.append(sync(shared, embeddings).generation)
    assert generations(shared.index_dir) == collections_of(shared, chroma) == names[1:]
    with closing(open_current(shared, embeddings)) as published:
        before = published.chunk_vectors(sorted(published.catalog.chunk_hashes()))
        assert rollback(shared) == names[1]
        with closing(Advisor.open(shared, embeddings)) as advisor:
            assert advisor.search("Tamarin")[0].chunk.text.endswith("number 1.")
        after = published.chunk_vectors(sorted(published.catalog.chunk_hashes()))
        assert {key: vector.tolist() for key, vector in before.items()} == {key: v.tolist() for key, v in after.items()}
    sync(shared, embeddings, SyncOptions(forget=True))
    assert generations(shared.index_dir) == collections_of(shared, chroma) == [current_generation(shared.index_dir)]


def test_what_a_killed_or_refused_run_leaves_is_removed(shared: Settings, embeddings, chroma: ChromaServer):
    first = sync(shared, embeddings).generation
    write(shared, "en/rota.md", "# Rota\n\nTamarin is the code name of the rota.\n")
    with pytest.raises(RefusedIndexError):
        sync(shared, embeddings, SyncOptions(judge=lambda _, __: ["it is worse"]))
    assert len(collections_of(shared, chroma)) == 2
    second = sync(shared, embeddings).generation  # of the same name: what is there of it gives way
    assert collections_of(shared, chroma) == [first, second]


def test_another_index_on_the_same_server_is_left_alone(shared: Settings, embeddings, chroma: ChromaServer, tmp_path: Path):
    other = shared.model_copy(update={"index_dir": tmp_path / "other"})
    kept = sync(other, embeddings).generation
    for number in range(3):
        write(shared, "en/rota.md", f"# Rota\n\nTamarin is the code name of rota number {number}.\n")
        sync(shared, embeddings)
    assert collections_of(other, chroma) == [kept]


def test_a_copy_of_an_index_leaves_the_original_alone(shared: Settings, embeddings, chroma: ChromaServer, tmp_path: Path):
    published = sync(shared, embeddings).generation
    copied = shared.model_copy(update={"index_dir": tmp_path / "copied"})
    subprocess.run(["cp", "-a", shared.index_dir, copied.index_dir], check=True)
    names = []
    for number in range(2):
        write(shared, "en/rota.md", f"# Rota\n\nTamarin is the code name of rota number {number}.\n")
        names.append(sync(copied, embeddings).generation)
    assert collections_of(copied, chroma) == names
    assert collections_of(shared, chroma) == [published]
    with closing(Advisor.open(shared, embeddings)) as original, closing(Advisor.open(copied, embeddings)) as copy:
        for advisor in (original, copy):
            assert not advisor.ask(QUESTION).by_words


def test_an_index_that_is_mounted_elsewhere_keeps_its_collections(shared: Settings, embeddings, tmp_path: Path):
    sync(shared, embeddings)
    before = (shared.index_dir / "collections").read_text(encoding="utf-8")
    (tmp_path / "mounted").symlink_to(shared.index_dir)
    write(shared, "en/rota.md", "# Rota\n\nTamarin is the code name of the rota.\n")
    sync(shared.model_copy(update={"index_dir": tmp_path / "mounted"}), embeddings)
    assert (shared.index_dir / "collections").read_text(encoding="utf-8") == before


def test_nobody_goes_back_to_vectors_that_are_elsewhere(shared: Settings, small_settings: Settings, embeddings):
    sync(small_settings, embeddings)
    moved = sync(shared, embeddings).generation
    with pytest.raises(IndexMismatchError, match="Unset it to go back"):
        rollback(shared)
    assert current_generation(shared.index_dir) == moved
    back = sync(small_settings, embeddings).generation
    with pytest.raises(IndexMismatchError, match="Set it to go back"):
        rollback(small_settings)
    assert current_generation(shared.index_dir) == back


def test_nobody_goes_back_to_vectors_that_are_gone(shared: Settings, embeddings, chroma: ChromaServer):
    earlier = read_manifest(shared.index_dir / sync(shared, embeddings).generation)
    write(shared, "en/rota.md", "# Rota\n\nTamarin is the code name of the rota.\n")
    current = sync(shared, embeddings).generation
    server = open_server(shared)
    server.at_length(lambda stores: stores.create(earlier.collection))  # empty
    for _ in range(2):
        with pytest.raises(BrokenIndexError, match="no longer has all vectors"):
            rollback(shared)
        server.at_length(lambda stores: stores.delete(earlier.collection))
    assert current_generation(shared.index_dir) == current


def test_who_must_forget_is_told_when_the_server_keeps_it(small_settings: Settings, embeddings, monkeypatch):
    with running_chroma() as chroma:
        settings = small_settings.model_copy(update={"chroma_url": chroma.url})
        sync(settings, embeddings)
        monkeypatch.setattr(archive, "forget", lambda _: chroma.kill())  # between publishing and removing
        with pytest.raises(VectorServerError):
            sync(settings, embeddings, SyncOptions(forget=True))


def test_vectors_move_to_a_server_and_back_without_being_made_again(
    shared: Settings, small_settings: Settings, embeddings, chroma: ChromaServer
):
    assert sync(small_settings, embeddings).embedded
    with pytest.raises(IndexMismatchError, match="in its folder, and ADVISOR_CHROMA_URL is set"):
        open_current(shared, embeddings)
    moved = sync(shared, embeddings)
    assert (moved.changed, moved.embedded, moved.reused) == (False, 0, moved.chunks)
    with closing(Advisor.open(shared, embeddings)) as advisor:
        assert advisor.ask(QUESTION).status == "answered"
    with pytest.raises(IndexMismatchError, match="on a Chroma server, and ADVISOR_CHROMA_URL is not set"):
        open_current(small_settings, embeddings)
    sync(small_settings, embeddings)
    assert read_manifest(small_settings.index_dir / str(current_generation(small_settings.index_dir))).collection == ""


def test_a_server_that_lost_its_vectors_gets_them_again(shared: Settings, embeddings, chroma: ChromaServer):
    report = sync(shared, embeddings)
    with closing(Advisor.open(shared, embeddings)) as advisor:
        for name in chroma.collections():
            open_server(shared).at_length(lambda stores, name=name: stores.delete(name))
        assert advisor.ask(QUESTION).by_words
        assert not advisor.index.has_vectors
        assert sync(shared, embeddings).generation > report.generation
        until(lambda: not advisor.ask(QUESTION).by_words)


def test_a_server_that_goes_away_is_told_and_found_again(
    tmp_path: Path, embeddings, browser: Browser, caplog: pytest.LogCaptureFixture
):
    with (
        running_chroma() as chroma,
        serve(tmp_path, embeddings, chroma_url=chroma.url) as served,
        served.client() as client,
    ):
        settings = served.settings

        def health() -> tuple[int, str, list[str]]:
            answer = client.get("/api/health")
            return answer.status_code, answer.json()["status"], answer.json()["problems"]

        assert health() == (200, "ok", [])
        assert "degraded" not in client.post("/api/ask", json={"question": QUESTION}).json()
        chroma.kill()
        answer = client.post("/api/ask", json={"question": QUESTION}).json()
        assert (answer["status"], answer["degraded"]) == ("answered", ["vectors"])
        assert WORDS_ALONE in answer["reason"]
        found = client.post("/api/search", json={"question": "Zanzibar"}).json()
        assert (found["degraded"], found["results"][0]["document"]) == (["vectors"], "en/incidents.md")
        page = open_page(browser, served.address, locale="en-GB")
        ask(page, QUESTION)
        expect(page.locator("#current .note")).to_contain_text(WORDS_ALONE)
        page.locator("#new").click()
        ask(page, "Who is the king of the moon?")
        expect(page.locator("#current .note")).to_contain_text(WORDS_ALONE)
        assert health() == (200, "degraded", ["vectors"])
        write(settings, "en/rota.md", "# Rota\n\nTamarin is the code name of the rota.\n")
        with pytest.raises(VectorServerError, match=rf"127\.0\.0\.1:{chroma.port} cannot be used \(.*refused"):
            sync(settings, embeddings)
        refused = client.post("/api/index", json={})
        assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "vectors", "5")
        published = current_generation(settings.index_dir)
        with closing(Advisor.open(settings, embeddings)) as restarted:  # a replica that starts meanwhile
            assert restarted.ask(QUESTION).by_words
        chroma.start()
        until(lambda: not served.advisor.ask(QUESTION).by_words)
        assert health() == (200, "ok", [])
        assert current_generation(settings.index_dir) == published  # nothing was lost, and nothing half done
        sync(settings, embeddings)
        assert served.advisor.search("Tamarin")[0].dense is not None
        page.locator("#new").click()
        ask(page, QUESTION)
        expect(page.locator("#current .note")).to_have_count(0)
        page.context.close()
    warned = [record.message for record in caplog.records if record.name == "advisor.index"]
    assert ["words alone" in message or message.endswith("is back") for message in warned] == [True, True]


def test_a_server_that_says_nothing_holds_nobody_up(shared: Settings, embeddings, chroma: ChromaServer):
    """It takes connections, and never answers: as a host that hangs."""
    sync(shared, embeddings)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        manifest = read_manifest(shared.index_dir / str(current_generation(shared.index_dir)))
        away = shared.model_copy(update={"chroma_url": f"http://127.0.0.1:{silent.getsockname()[1]}"})
        assert manifest.collection
        with closing(Advisor.open(away, embeddings)) as advisor:
            times = []
            for _ in range(4):
                started = time.monotonic()
                assert advisor.ask(QUESTION).by_words
                times.append(time.monotonic() - started)
    assert times[0] < 6
    assert max(times[1:]) < 1


class _Gate(LoopbackHandler):
    """A proxy before the server that wants a token and another header."""

    def _pass(self) -> None:
        sent = (self.headers.get("Authorization"), self.headers.get("x-team"))
        if sent != ("Bearer token-of-chroma", "one, two"):
            self.send_body(401, b"<html>who are you, token-of-chroma?</html>", [("Content-Type", "text/html")])
            return
        answer = httpx.request(self.command, self.server.target + self.path, content=self.body(), timeout=60)
        self.send_body(answer.status_code, answer.content)

    do_GET = do_POST = do_DELETE = _pass  # noqa: N815 - the names of http.server


def test_a_token_and_headers_are_sent_and_told_nobody(shared: Settings, embeddings, chroma: ChromaServer):
    with running(LoopbackServer(_Gate)) as gate:
        gate.target = chroma.url
        known = {"chroma_token": SecretStr("token-of-chroma"), "chroma_headers": SecretStr("x-team=one%2C two")}
        allowed = shared.model_copy(update={"chroma_url": gate.address, **known})
        sync(allowed, embeddings)
        with closing(Advisor.open(allowed, embeddings)) as advisor:
            assert not advisor.ask(QUESTION).by_words
        with pytest.raises(VectorServerError, match="check ADVISOR_CHROMA_TOKEN") as refused:
            sync(allowed.model_copy(update={"chroma_token": SecretStr("wrong")}), embeddings, SyncOptions(rebuild=True))
    assert "token-of-chroma" not in str(refused.value)
    assert "token-of-chroma" not in repr(allowed.chroma_place)


def test_the_line_break_of_a_token_is_not_sent(shared: Settings, embeddings, monkeypatch: pytest.MonkeyPatch):
    with running(LoopbackServer(_Gate)) as gate:
        gate.target = shared.chroma_url
        for name, value in {"URL": gate.address, "TOKEN": "token-of-chroma\n", "HEADERS": "x-team=one%2C two%0A"}.items():
            monkeypatch.setenv(f"ADVISOR_CHROMA_{name}", value)
        sync(load_settings(corpus_dir=shared.corpus_dir, index_dir=shared.index_dir), embeddings)


def test_no_error_quotes_a_token_that_cannot_be_sent(shared: Settings, embeddings, caplog: pytest.LogCaptureFixture):
    sync(shared, embeddings)
    damaged = shared.model_copy(update={"chroma_token": SecretStr("secret\n")})  # past what the settings check
    with pytest.raises(VectorServerError) as refused:
        sync(damaged, embeddings, SyncOptions(rebuild=True))
    with closing(Advisor.open(damaged, embeddings)) as advisor:
        assert advisor.ask(QUESTION).by_words
    assert "LocalProtocolError" in str(refused.value)
    assert "words alone" in caplog.text
    assert "secret" not in str(refused.value) + caplog.text


def test_a_server_is_known_by_a_certificate_of_ones_own(shared: Settings, embeddings, chroma: ChromaServer, tmp_path: Path):
    names = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    files = ("-keyout", tmp_path / "key.pem", "-out", tmp_path / "certificate.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *files, *names], check=True, capture_output=True
    )
    server = LoopbackServer(_Gate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    known = {"chroma_token": SecretStr("token-of-chroma"), "chroma_headers": SecretStr("x-team=one%2C two")}
    with running(server) as gate:
        gate.target = chroma.url
        unknown = shared.model_copy(update={"chroma_url": gate.address.replace("http", "https"), **known})
        with pytest.raises(VectorServerError, match=r"certificate"):
            sync(unknown, embeddings)
        with pytest.raises(SettingsError, match=r"CHROMA_CERTIFICATES: .*none\.pem"):
            sync(unknown.model_copy(update={"chroma_certificates": tmp_path / "none.pem"}), embeddings)
        trusted = unknown.model_copy(update={"chroma_certificates": tmp_path / "certificate.pem"})
        sync(trusted, embeddings)
        with closing(Advisor.open(trusted, embeddings)) as advisor:
            assert not advisor.ask(QUESTION).by_words


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHROMA_URL", "chroma:8000"),
        ("CHROMA_HEADERS", "secret-without-name"),
        ("CHROMA_HEADERS", "x-team=secret-tökén"),
        ("CHROMA_HEADERS", "x-team=secret%0Aand-more"),
        ("CHROMA_TOKEN", "secret-tökén"),
        ("CHROMA_TOKEN", "secret\nand more"),
        ("CHROMA_TOKEN", "\n"),
    ],
)
def test_settings_of_a_server_that_mean_nothing_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str):
    monkeypatch.setenv(f"ADVISOR_{name}", value)
    with pytest.raises(SettingsError, match=name) as refused:
        load_settings()
    assert "secret" not in str(refused.value)


def test_doctor_tells_where_the_vectors_are(shared: Settings, embeddings, monkeypatch: pytest.MonkeyPatch):
    sync(shared, embeddings)
    for name in ("corpus_dir", "index_dir", "state_dir", "chroma_url"):
        monkeypatch.setenv(f"ADVISOR_{name.upper()}", str(getattr(shared, name)))
    shown = CliRunner().invoke(app, ["doctor"])
    assert re.search(r"vectors.*on the Chroma server", shown.output, re.DOTALL), shown.output
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("ADVISOR_CHROMA_URL", f"http://127.0.0.1:{port}")
    away = CliRunner().invoke(app, ["doctor"])
    assert away.exit_code == 1
    assert f"127.0.0.1:{port} cannot be used" in away.output
    assert os.environ["ADVISOR_CHROMA_URL"] not in shown.output
