"""One database for several replicas: tables, files of older versions, a server that goes away and comes back."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from postgres import PASSWORD as SECRET
from postgres import Postgres
from pydantic import SecretStr
from served import PASSWORD, serve
from sqlalchemy import Connection, delete, make_url, select, text
from typer.testing import CliRunner

from advisor.accounts.sessions import Sessions
from advisor.accounts.users import Users, add_user, list_users
from advisor.cli.main import app
from advisor.errors import ConversationError, DatabaseError, SettingsError, StorageError
from advisor.features.conversations import UNDO_SECONDS, Conversations
from advisor.features.shares import Shares
from advisor.settings import Settings, load_settings
from advisor.storage.database import DATABASE_FILE, Database, open_database, time_now
from advisor.storage.state_tables import METADATA, REVISION, conversations, deleted, handled, put, turns
from advisor.types import Answer
from advisor.ui.server import serve_page

Given = TypeVar("Given")

QUESTION = {"question": "What does the board want?"}
# Of the files in older_state.zip, which the version before this one wrote.
SHARE, TOKEN = "G7lao2KzQqBmH-biV-eJF6CnP5iAmGWJ", "adv_-MqHVpTdYVyRBvqLdHaEDkCTmechLe0i-9e9aoxyCsE"
SIGN_IN, MADE = "r-AppVmx1c46wwsjvHmjR3lxWSs3skstGWXyrWLKGAs", "2026-11-30T06:14:30+00:00"
DELETED = "a9717b9498aa4e9faaedb6a7c8c3123c"


@pytest.fixture(scope="module")
def answer(advisor) -> Answer:
    return advisor.ask("Par où commencer une démarche FinOps ?")


def older_files(folder: Path) -> Settings:
    shutil.unpack_archive(Path(__file__).with_name("older_state.zip"), folder / "state")
    for path in (folder / "state").iterdir():
        path.chmod(0o600)
    return Settings(corpus_dir=folder / "corpus", state_dir=folder / "state")


def replica_of(settings: Settings, folder: Path) -> Settings:
    """Another server with the same database, whose folders are its own."""
    return settings.model_copy(update={"state_dir": folder / "replica"})


def test_the_migrations_lead_to_the_tables(kept_in: Settings):
    with open_database(kept_in).writing() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == REVISION


def test_what_an_older_version_kept_is_all_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    settings = older_files(tmp_path)
    kept, users = Conversations(settings), Users(settings)
    (first,) = kept.find("ada", "comite board")
    assert (first.title, first.turns, first.pinned, first.shared) == ("Comité exécutif", 3, True, True)
    board = kept.turns("ada", first.id)[1]
    assert (board.answer.id, board.rating, board.reason, board.comment) == ("2" * 32, "down", "incomplete", "Which risks?")
    assert board.answer.citations
    assert [turn.answer.id[0] for turn in Shares(kept).find(SHARE).turns] == ["1", "2"]
    assert [one.title for one in kept.find("grace")] == ["What does the board want?"]
    kept.restore("grace", DELETED)
    assert len(kept.find("grace")) == 2
    assert [(user.name, user.role, user.tokens) for user in list_users(settings)] == [
        ("ada", "user", 0),
        ("grace", "curator", 1),
    ]
    assert users.with_password("ada", PASSWORD)
    assert users.with_token(TOKEN).name == "grace"
    monkeypatch.setattr(time, "time", lambda: datetime.fromisoformat(MADE).timestamp())
    assert Sessions(settings).find(SIGN_IN, users).name == "ada"
    questions = {row.question for row in kept.database.rows(handled.select())}
    assert questions == {"what does the board want?", "quelle est la recette ?"}
    moved = {path.name for path in settings.state_dir.glob("*.moved")}
    assert moved == {"users.json.moved", "sessions.sqlite.moved", "handled.jsonl.moved"}


def test_users_alone_are_taken_in_before_anything_is_kept(tmp_path: Path):
    settings = older_files(tmp_path)
    (settings.state_dir / DATABASE_FILE).unlink()
    assert Users(settings)
    assert (settings.state_dir / DATABASE_FILE).stat().st_mode & 0o777 == 0o600


def test_a_file_that_cannot_be_taken_in_changes_nothing(tmp_path: Path):
    settings = older_files(tmp_path)
    whole = (settings.state_dir / "handled.jsonl").read_text(encoding="utf-8")
    (settings.state_dir / "handled.jsonl").write_text(whole + "{", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"handled\.jsonl cannot be read"):
        list_users(settings)
    (settings.state_dir / "handled.jsonl").write_text(whole, encoding="utf-8")
    assert len(list_users(settings)) == 2
    assert Conversations(settings).find("ada")


def test_tables_of_a_later_version_are_left_alone(kept_in: Settings):
    address = kept_in.database_url and make_url(kept_in.database_url.get_secret_value())
    with open_database(kept_in).writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with (
        closing(Database(kept_in.state_dir, address or None)) as opened,
        pytest.raises(SettingsError, match="a later version"),
    ):
        opened.rows(handled.select())


def test_replicas_that_start_together_make_the_tables_once(kept_in: Settings):
    address = kept_in.database_url and make_url(kept_in.database_url.get_secret_value())
    replicas = [Database(kept_in.state_dir, address or None) for _ in range(4)]

    def begin(replica: Database) -> int:
        with replica.writing():
            return len(replica.rows(handled.select()))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(begin, replicas)) == [0] * 4
    for replica in replicas:
        replica.close()


def test_what_one_replica_writes_the_others_know(tmp_path: Path, new_database: Callable[[str], SecretStr], answer: Answer):
    one = Settings(corpus_dir=tmp_path / "corpus", state_dir=tmp_path / "state", database_url=new_database("postgresql"))
    two = replica_of(one, tmp_path)
    add_user(one, "ada", PASSWORD, "user")
    key = Sessions(one).open(Users(two).find("ada"))
    assert Sessions(two).find(key, Users(two)).name == "ada"
    conversation = Conversations(one).keep("ada", answer)
    assert [turn.answer for turn in Conversations(two).turns("ada", conversation)] == [answer]
    add_user(two, "ada", PASSWORD + "!", "user")
    assert Sessions(one).find(key, Users(one)) is None
    for settings in (one, two):
        open_database(settings).close()


def test_two_replicas_write_one_conversation_and_nothing_is_lost(
    tmp_path: Path, new_database: Callable[[str], SecretStr], answer: Answer
):
    one = Settings(corpus_dir=tmp_path / "corpus", state_dir=tmp_path / "state", database_url=new_database("postgresql"))
    replicas = [Conversations(settings) for settings in (one, replica_of(one, tmp_path))]
    conversation = replicas[0].keep("ada", replace(answer, id="first"))

    def write(number: int) -> None:
        kept = replicas[number % 2]
        for turn in range(5):
            kept.keep("ada", replace(answer, id=f"{number}-{turn}"), conversation)
            kept.rate("ada", "first", "up")
            shared = Shares(kept).find(Shares(kept).share("ada", conversation).token)
            assert f"{number}-{turn}" in [turn.answer.id for turn in shared.turns]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert len(replicas[1].turns("ada", conversation)) == 21
    for kept in replicas:
        kept.database.close()


def test_a_server_that_goes_away_is_told_and_found_again(
    tmp_path: Path, embeddings, postgres: Postgres, caplog: pytest.LogCaptureFixture
):
    url = SecretStr(postgres.url())
    with serve(tmp_path, embeddings, local=False, database_url=url) as served, served.signed_in("ada") as client:
        kept = Conversations(served.settings)
        conversation = kept.keep("ada", served.advisor.ask(QUESTION["question"]))
        assert client.get("/api/health").json()["problems"] == []
        postgres.stop()
        try:
            for path in ("/api/search", "/v1/chat/completions"):
                refused = client.post(path, json=QUESTION)
                assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
            assert client.get("/page/conversations?language=en").json()["code"] == "database"
            entered = client.post("/login", data={"name": "ada", "password": PASSWORD})
            assert (entered.status_code, entered.json()["code"]) == (503, "database")
            health = httpx.get(f"{served.address}/api/health")
            assert (health.status_code, health.json()["status"], health.json()["problems"]) == (
                200,
                "degraded",
                ["database"],
            )
            with pytest.raises(DatabaseError, match=r"^the database 127\.0\.0\.1:\d+/postgres cannot be used \(.*refused"):
                kept.keep("ada", served.advisor.ask(QUESTION["question"]), conversation)
        finally:
            postgres.start()
        assert client.post("/api/search", json=QUESTION).status_code == 200
        assert httpx.get(f"{served.address}/api/health").json()["status"] == "ok"
        assert len(kept.turns("ada", conversation)) == 1
    assert "the database 127.0.0.1" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("wrong", ["password", "database", "rights"])
def test_what_a_server_refuses_is_told_without_the_password(tmp_path: Path, postgres: Postgres, wrong: str):
    url = make_url(postgres.url())
    if wrong == "rights":
        with closing(Database(tmp_path, url)) as own, own.writing() as connection:
            connection.execute(text("CREATE ROLE reader LOGIN PASSWORD 'reading'"))
            connection.execute(text("DROP TABLE sessions; GRANT USAGE ON SCHEMA public TO reader"))
        url = url.set(username="reader", password="reading")
    else:
        url = url.set(password="wrong-secret") if wrong == "password" else url.set(database="elsewhere")
    with closing(Database(tmp_path, url)) as opened, pytest.raises(StorageError) as caught:
        opened.rows(handled.select())
    assert "the database 127.0.0.1" in str(caught.value)
    assert not [secret for secret in (SECRET, "wrong-secret", "reading)") if secret in str(caught.value)]


def test_what_one_server_has_kept_goes_along(
    tmp_path: Path, new_database: Callable[[str], SecretStr], monkeypatch: pytest.MonkeyPatch
):
    file = older_files(tmp_path)
    shared = file.model_copy(update={"database_url": new_database("postgresql")})
    monkeypatch.setenv("ADVISOR_STATE_DIR", str(file.state_dir))
    assert "Set ADVISOR_DATABASE_URL" in str(CliRunner().invoke(app, ["copy-state"]).exception)
    monkeypatch.setenv("ADVISOR_DATABASE_URL", shared.database_url.get_secret_value())
    done = CliRunner().invoke(app, ["copy-state"])
    assert "turns: 5" in done.stdout.splitlines()
    for table in METADATA.sorted_tables:
        here, there = (set(open_database(settings).rows(select(table))) for settings in (file, shared))
        assert here == there
    kept = Conversations(shared)
    (first,) = kept.find("ada")
    answer = kept.turns("ada", first.id)[0].answer
    kept.keep("ada", replace(answer, id="new"), first.id)
    assert [turn.answer.id[0] for turn in kept.turns("ada", first.id)] == ["1", "2", "3", "n"]
    assert "already" in str(CliRunner().invoke(app, ["copy-state"]).exception)
    kept.database.close()


@pytest.mark.parametrize(
    "address", ["postgres://ada:hidden@h/x", "postgresql+psycopg://ada:hid/den@h/x", "hidden", "sqlite:///x"]
)
def test_an_address_that_is_none_is_refused_without_its_password(monkeypatch: pytest.MonkeyPatch, address: str):
    monkeypatch.setenv("ADVISOR_DATABASE_URL", address)
    with pytest.raises(
        SettingsError, match=r"ADVISOR_DATABASE_URL: .*is no address such as postgresql\+psycopg://"
    ) as caught:
        load_settings()
    assert "hid" not in str(caught.value)


def test_the_password_is_not_shown_with_the_settings(postgres: Postgres):
    assert SECRET not in repr(Settings(database_url=SecretStr(postgres.url())))


@pytest.fixture
def two_replicas(
    tmp_path: Path, new_database: Callable[[str], SecretStr], answer: Answer
) -> Iterator[tuple[list[Conversations], str]]:
    """Two servers with one database, and a conversation of Ada's in it."""
    one = Settings(corpus_dir=tmp_path / "corpus", state_dir=tmp_path / "state", database_url=new_database("postgresql"))
    replicas = [Conversations(settings) for settings in (one, replica_of(one, tmp_path))]
    yield replicas, replicas[0].keep("ada", replace(answer, id="first"))
    for kept in replicas:
        kept.database.close()


def while_held(
    kept: Conversations, conversation: str, change: Callable[[Connection], object], other: Callable[[], Given]
) -> Given:
    """What `other` gives that comes while a transaction holds the conversation, changes it, and ends."""
    with ThreadPoolExecutor(1) as pool:
        with kept.database.writing() as database:
            database.execute(select(conversations.c.id).where(conversations.c.id == conversation).with_for_update())
            change(database)
            waiting = pool.submit(other)
            time.sleep(0.5)
            assert not waiting.done()
        return waiting.result(timeout=20)


def long_ago(database: Connection, conversation: str) -> None:
    put(database, deleted, conversation=conversation, time=time_now(seconds_ago=2 * UNDO_SECONDS))


def test_a_turn_is_not_kept_in_a_conversation_that_is_being_deleted(two_replicas, answer: Answer):
    (one, two), conversation = two_replicas
    began = while_held(
        one,
        conversation,
        lambda database: put(database, deleted, conversation=conversation, time=time_now()),
        lambda: two.keep("ada", replace(answer, id="second"), conversation),
    )
    assert began != conversation
    assert [summary.id for summary in one.find("ada")] == [began]


def test_what_is_being_taken_back_is_not_erased(two_replicas):
    (one, two), conversation = two_replicas
    with one.database.writing() as database:
        long_ago(database, conversation)
    while_held(
        one,
        conversation,
        lambda database: database.execute(delete(deleted).where(deleted.c.conversation == conversation)),
        two.erase_deleted,
    )
    assert [summary.id for summary in two.find("ada")] == [conversation]


def test_an_answer_that_went_meanwhile_gets_no_verdict(two_replicas):
    (one, two), conversation = two_replicas

    def rate() -> None:
        with pytest.raises(ConversationError, match="there is no answer first"):
            two.rate("ada", "first", "up")

    while_held(one, conversation, lambda database: database.execute(delete(turns).where(turns.c.id == "first")), rate)


def test_a_host_that_vanishes_stalls_nobody(new_database: Callable[[str], SecretStr], tmp_path: Path):
    address = make_url(new_database("postgresql").get_secret_value())
    with (
        closing(Database(tmp_path, address)) as database,
        database.writing() as connection,
        socket.socket(fileno=os.dup(connection.connection.driver_connection.fileno())) as raw,
    ):
        assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 5_000
        assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 5


def test_a_page_for_this_machine_alone_tells_of_later_tables_at_the_start(kept_in: Settings):
    with open_database(kept_in).writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    open_database(kept_in)._prepared = False
    with pytest.raises(SettingsError, match="a later version"):
        serve_page(kept_in, port=0)
