"""Users: the private database, passwords, tokens, sign-ins, and the commands."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from advisor.accounts.audit import audit_file
from advisor.accounts.sessions import IDLE_SECONDS, LONGEST_SECONDS, Sessions
from advisor.accounts.users import Users, add_user, list_users, new_token, remove_user, revoke_tokens
from advisor.cli.main import app
from advisor.errors import SettingsError, StorageError
from advisor.settings import Settings, load_settings
from advisor.storage.database import DATABASE_FILE

PASSWORD = "correct horse battery"


@pytest.fixture
def settings(kept_in: Settings) -> Settings:
    return kept_in


@pytest.fixture
def private(tmp_path: Path) -> Settings:
    return Settings(corpus_dir=tmp_path / "corpus", state_dir=tmp_path / "state")


def test_a_password_opens_for_its_user_alone(settings: Settings):
    users = Users(settings)
    assert not users
    assert add_user(settings, "Ada", PASSWORD, "user")
    assert users
    assert users.with_password("ADA", PASSWORD).name == "ada"
    assert users.with_password("ada", PASSWORD + "!") is None
    assert users.with_password("grace", PASSWORD) is None
    assert not add_user(settings, "ada", "another password", "curator")
    assert users.with_password("ada", PASSWORD) is None
    assert users.with_password("ada", "another password").role == "curator"


def test_the_file_is_private_and_holds_no_secret(private: Settings):
    add_user(private, "ada", PASSWORD, "user")
    token = new_token(private, "ada")
    key = Sessions(private).open(Users(private).find("ada"))
    path = private.state_dir / DATABASE_FILE
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    held = path.read_bytes()
    assert b"$argon2id$" in held
    assert not [secret for secret in (PASSWORD, token, key) if secret.encode() in held]
    path.chmod(0o644)
    with pytest.raises(SettingsError, match=r"others can read .* chmod 600"):
        list_users(private)


def test_a_token_is_its_users_until_it_is_revoked(settings: Settings):
    add_user(settings, "ada", PASSWORD, "user")
    add_user(settings, "grace", PASSWORD, "curator")
    users = Users(settings)
    first, second = new_token(settings, "ada"), new_token(settings, "grace")
    assert (users.with_token(first).name, users.with_token(second).name) == ("ada", "grace")
    assert users.with_token(first[:-1]) is None
    assert revoke_tokens(settings, "ada") == 1
    assert users.with_token(first) is None
    add_user(settings, "grace", PASSWORD + "!", "curator")
    assert users.with_token(second) is None
    third = new_token(settings, "grace")
    remove_user(settings, "grace")
    assert users.with_token(third) is None


@pytest.mark.parametrize("name", ["", "ada lovelace", "../ada", "é", "-ada", "a" * 65])
def test_a_name_that_cannot_be_used(settings: Settings, name: str):
    with pytest.raises(SettingsError, match="cannot be a name"):
        add_user(settings, name, PASSWORD, "user")


@pytest.mark.parametrize("password", ["", "short", "x" * 1_025])
def test_a_password_that_cannot_be_used(settings: Settings, password: str):
    with pytest.raises(SettingsError, match="a password has 12 to"):
        add_user(settings, "ada", password, "user")


def test_an_unknown_user_is_named(settings: Settings):
    for change in (remove_user, new_token, revoke_tokens):
        with pytest.raises(SettingsError, match=r"there is no user 'ada'. `advisor users list`"):
            change(settings, "ada")


def test_a_damaged_file_lets_nobody_in(private: Settings):
    add_user(private, "ada", PASSWORD, "user")
    (private.state_dir / DATABASE_FILE).write_bytes(b"no database" * 1_000)
    with pytest.raises(StorageError, match=r"cannot be written \(file is not a database\)"):
        bool(Users(private))


def test_users_are_never_kept_in_the_corpus(tmp_path: Path):
    settings = Settings(corpus_dir=tmp_path, state_dir=tmp_path / "state")
    with pytest.raises(SettingsError, match="inside the corpus folder"):
        add_user(settings, "ada", PASSWORD, "user")


def test_a_sign_in_ends(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    add_user(settings, "ada", PASSWORD, "user")
    users, sessions, began = Users(settings), Sessions(settings), time.time()
    key, other = (sessions.open(users.find("ada")) for _ in range(2))
    assert sessions.find(key, users).name == "ada"
    assert sessions.find(key[:-1], users) is None
    sessions.end(other)
    assert sessions.find(other, users) is None
    used = began
    while used < began + LONGEST_SECONDS - IDLE_SECONDS:
        used += IDLE_SECONDS - 1
        monkeypatch.setattr(time, "time", lambda now=used: now)
        assert sessions.find(key, users) is not None
    monkeypatch.setattr(time, "time", lambda: began + LONGEST_SECONDS + 1)
    assert sessions.find(key, users) is None
    idle = sessions.open(users.find("ada"))
    monkeypatch.setattr(time, "time", lambda: began + LONGEST_SECONDS + IDLE_SECONDS + 2)
    assert sessions.find(idle, users) is None


@pytest.mark.parametrize("change", ["password", "role", "removal"])
def test_a_sign_in_ends_with_what_it_was_given_for(settings: Settings, change: str):
    add_user(settings, "ada", PASSWORD, "curator")
    users, sessions = Users(settings), Sessions(settings)
    key = sessions.open(users.find("ada"))
    if change == "removal":
        remove_user(settings, "ada")
    else:
        add_user(settings, "ada", PASSWORD if change == "role" else "another password", "user")
    assert sessions.find(key, users) is None


def test_the_commands(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ADVISOR_STATE_DIR", str(settings.state_dir))
    if settings.database_url:
        monkeypatch.setenv("ADVISOR_DATABASE_URL", settings.database_url.get_secret_value())
    run = CliRunner().invoke
    assert (
        "ada is added: curator." in run(app, ["users", "add", "ada", "--curator"], input=f"{PASSWORD}\n{PASSWORD}\n").stdout
    )
    assert run(app, ["users", "add", "grace", "--password-stdin"], input=f"{PASSWORD}\n").exit_code == 0
    token = run(app, ["users", "token", "grace"]).stdout.strip()
    assert Users(load_settings()).with_token(token).name == "grace"
    listed = run(app, ["users", "list"]).stdout.splitlines()
    assert [line.split(" since ")[0] for line in listed] == ["ada: curator", "grace: user"]
    assert listed[1].endswith("tokens: 1")
    assert "Tokens of grace revoked: 1." in run(app, ["users", "token", "grace", "--revoke"]).stdout
    assert run(app, ["users", "remove", "ada"]).exit_code == 0
    assert [user.name for user in list_users(settings)] == ["grace"]
    assert isinstance(run(app, ["users", "remove", "ada"]).exception, SettingsError)
    lines = [json.loads(line) for line in audit_file(settings).read_text(encoding="utf-8").splitlines()]
    assert [(line["action"], line["name"]) for line in lines] == [
        ("add user", "ada"),
        ("add user", "grace"),
        ("make token", "grace"),
        ("revoke tokens", "grace"),
        ("remove user", "ada"),
    ]
    assert all(line["user"].endswith("at the command line") for line in lines)
    assert audit_file(settings).stat().st_mode & 0o777 == 0o600
