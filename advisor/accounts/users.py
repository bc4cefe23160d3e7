"""The people who may use the advisor, in one private file: names, roles, hashed passwords, hashed tokens.

Passwords are hashed with Argon2id (RFC 9106) at the parameters that argon2-cffi recommends. Tokens are 256 random bits, for
which one SHA-256 is enough: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from filelock import FileLock

from advisor.errors import SettingsError
from advisor.files import private_folder, replace_file, storage_errors
from advisor.limits import PASSWORD, USER_NAME
from advisor.settings import Settings

Role = Literal["user", "curator"]
SHORTEST_PASSWORD = 12
TOKEN_PREFIX = "adv_"
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]*")
_OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token: enough to know it again."""

    sha256: str
    made: str


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in. `password` is an Argon2 hash."""

    name: str
    role: Role
    password: str
    made: str
    tokens: tuple[Token, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Changes when the password or the role does: a sign-in is good for one of them."""
        return hashlib.sha256(f"{self.role} {self.password}".encode()).hexdigest()


class Users:
    """The users of a running server; the file is read again when it has changed."""

    def __init__(self, settings: Settings) -> None:
        self._path = users_file(settings)
        self._seen: tuple[int, int] | None = None
        self._users: Mapping[str, User] = {}

    def __bool__(self) -> bool:
        """Whether there is any user."""
        return bool(self._current())

    def find(self, name: str) -> User | None:
        """The user of that name, in any case of letters."""
        return self._current().get(name.lower())

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
        digest = _digest(token)
        for user in self._current().values():
            if any(hmac.compare_digest(digest, known.sha256) for known in user.tokens):
                return user
        return None

    def _current(self) -> Mapping[str, User]:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._seen, self._users = None, {}
            return self._users
        if (found.st_mtime_ns, found.st_ino) != self._seen:
            self._users = _read(self._path)
            self._seen = (found.st_mtime_ns, found.st_ino)
        return self._users


def users_file(settings: Settings) -> Path:
    """Where the users are kept.

    :raises SettingsError: when that is inside the corpus folder, whose files can be read through the page.
    """
    if settings.state_dir.resolve().is_relative_to(settings.corpus_dir.resolve()):
        message = (
            f"the folder {settings.state_dir} is inside the corpus folder, whose documents everybody can read. "
            "Set ADVISOR_STATE_DIR to another"
        )
        raise SettingsError(message)
    return settings.state_dir / "users.json"


def list_users(settings: Settings) -> list[User]:
    """All users, by name.

    :raises SettingsError: when the file cannot be read, or others can read it.
    """
    path = users_file(settings)
    return sorted(_read(path).values(), key=lambda user: user.name) if path.exists() else []


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
    with _edit(settings) as users:
        old = users.get(name)
        users[name] = User(name, role, _hasher().hash(password), old.made if old else _now())
    return old is None


def remove_user(settings: Settings, name: str) -> None:
    """Remove a user with their tokens; who is signed in as them is signed out.

    :raises SettingsError: when there is none of that name.
    """
    with _edit(settings) as users:
        del users[_existing(users, name).name]


def new_token(settings: Settings, name: str) -> str:
    """A new token for a user: shown now, and never again.

    :raises SettingsError: when there is none of that name.
    """
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with _edit(settings) as users:
        user = _existing(users, name)
        users[user.name] = replace(user, tokens=(*user.tokens, Token(_digest(token), _now())))
    return token


def revoke_tokens(settings: Settings, name: str) -> int:
    """Make all tokens of a user worthless; returns how many there were.

    :raises SettingsError: when there is none of that name.
    """
    with _edit(settings) as users:
        user = _existing(users, name)
        users[user.name] = replace(user, tokens=())
    return len(user.tokens)


def _existing(users: Mapping[str, User], name: str) -> User:
    if name.lower() not in users:
        message = f"there is no user {name!r}. `advisor users list` names them, `advisor users add` makes one"
        raise SettingsError(message)
    return users[name.lower()]


@contextmanager
def _edit(settings: Settings) -> Iterator[dict[str, User]]:
    """The users, to be changed; written whole when the block ends, readable by this account alone."""
    path = users_file(settings)
    folder = private_folder(settings.state_dir)
    with storage_errors(folder), FileLock(folder / "users.lock"):
        users = dict(_read(path)) if path.exists() else {}
        yield users
        replace_file(path, json.dumps({"users": [asdict(user) for user in users.values()]}, indent=2).encode())


def _read(path: Path) -> Mapping[str, User]:
    try:
        if path.stat().st_mode & _OTHERS:
            message = f"others can read {path}. Make it private: chmod 600 {path}"
            raise SettingsError(message)
        entries = json.loads(path.read_text(encoding="utf-8"))["users"]
        users = [User(**{**entry, "tokens": tuple(Token(**token) for token in entry["tokens"])}) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError) as cause:
        message = f"the file of users {path} cannot be read ({cause}). Restore it, or remove it and add the users again"
        raise SettingsError(message) from cause
    return {user.name: user for user in users}


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
