"""The people who may use the advisor: names, roles, hashed passwords, hashed tokens.

Passwords are hashed with Argon2id (RFC 9106) at the parameters that argon2-cffi recommends. Tokens are 256 random bits, for
which one SHA-256 is enough: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import Connection, Select, delete, func, select

from advisor.errors import SettingsError
from advisor.limits import PASSWORD, USER_NAME
from advisor.settings import Settings
from advisor.storage.database import Database, open_database
from advisor.storage.state_tables import add_row, put, tokens, users

Role = Literal["user", "curator"]
SHORTEST_PASSWORD = 12
TOKEN_PREFIX = "adv_"
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]*")


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in. `password` is an Argon2 hash; `tokens` counts them."""

    name: str
    role: Role
    password: str
    made: str
    tokens: int = 0

    @property
    def fingerprint(self) -> str:
        """Changes when the password or the role does: a sign-in is good for one of them."""
        return hashlib.sha256(f"{self.role} {self.password}".encode()).hexdigest()


_OWN_TOKENS = select(func.count()).where(tokens.c.user == users.c.name).correlate(users).scalar_subquery()
_USERS = select(users.c.name, users.c.role, users.c.password, users.c.made, _OWN_TOKENS)


class Users:
    """The users of a running server, as they are now. Each method may raise StorageError."""

    def __init__(self, settings: Settings) -> None:
        """:raises SettingsError: when they would be kept where everybody can read them."""
        self._database = open_database(settings)

    def __bool__(self) -> bool:
        """Whether there is any user."""
        return bool(self._database.rows(select(users.c.name).limit(1)))

    def find(self, name: str) -> User | None:
        """The user of that name, in any case of letters."""
        return _first(self._database, _USERS.where(users.c.name == name.lower()))

    def with_password(self, name: str, password: str) -> User | None:
        """The user, when the password is theirs. An unknown name takes as long as a wrong password."""
        found = self.find(name)
        try:
            _hasher().verify(found.password if found else _nobodys_password(), password)
        except VerifyMismatchError:
            return None
        return found

    def with_token(self, token: str) -> User | None:
        """The user that a token belongs to."""
        return _first(self._database, _USERS.join(tokens).where(tokens.c.sha256 == _digest(token)))


def list_users(settings: Settings) -> list[User]:
    """All users, by name.

    :raises SettingsError: when others can read where they are kept.
    """
    return sorted((User(*row) for row in open_database(settings).rows(_USERS)), key=lambda user: user.name)


def add_user(settings: Settings, name: str, password: str, role: Role) -> bool:
    """Add a user, or give one a new password and role: their sign-ins and tokens are worthless from then on.

    :returns: whether the user is new.
    :raises SettingsError: for a name or a password that cannot be used.
    """
    name = name.lower()
    if USER_NAME.excess(name) or not _NAME.fullmatch(name):
        rule = f"1 to {USER_NAME.most} letters a-z, digits and . _ @ - , beginning with a letter or digit"
        message = f"{name[: USER_NAME.most]!r} cannot be a name: {rule}"
        raise SettingsError(message)
    if not SHORTEST_PASSWORD <= len(password) <= PASSWORD.most:
        message = f"a password has {SHORTEST_PASSWORD} to {PASSWORD.most:,} characters, not {len(password)}. Choose another"
        raise SettingsError(message)
    with open_database(settings).writing() as database:
        made = database.execute(select(users.c.made).where(users.c.name == name)).scalar()
        put(database, users, name=name, role=role, password=_hasher().hash(password), made=made or _now())
        database.execute(delete(tokens).where(tokens.c.user == name))
    return made is None


def remove_user(settings: Settings, name: str) -> None:
    """Remove a user with their tokens; who is signed in as them is signed out.

    :raises SettingsError: when there is none of that name.
    """
    with _changing(settings, name) as database:
        database.execute(delete(users).where(users.c.name == name.lower()))


def new_token(settings: Settings, name: str) -> str:
    """A new token for a user: shown now, and never again.

    :raises SettingsError: when there is none of that name.
    """
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with _changing(settings, name) as database:
        add_row(database, tokens, sha256=_digest(token), user=name.lower(), made=_now())
    return token


def revoke_tokens(settings: Settings, name: str) -> int:
    """Make all tokens of a user worthless; returns how many there were.

    :raises SettingsError: when there is none of that name.
    """
    with _changing(settings, name) as database:
        return database.execute(delete(tokens).where(tokens.c.user == name.lower())).rowcount


@contextmanager
def _changing(settings: Settings, name: str) -> Iterator[Connection]:
    """A transaction about a user, whom nobody else changes meanwhile."""
    with open_database(settings).writing() as database:
        if not database.execute(select(users.c.name).where(users.c.name == name.lower()).with_for_update()).first():
            message = f"there is no user {name!r}. `advisor users list` names them, `advisor users add` makes one"
            raise SettingsError(message)
        yield database


def _first(database: Database, query: Select[*tuple[Any, ...]]) -> User | None:
    return next((User(*row) for row in database.rows(query)), None)


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys_password() -> str:
    return _hasher().hash(secrets.token_hex())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
