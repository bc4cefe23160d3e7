"""The database of one server: a private SQLite file in the state folder, or PostgreSQL, which several replicas share."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVarTuple

from filelock import FileLock
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    NullPool,
    Row,
    Select,
    create_engine,
    event,
    inspect,
    literal,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from advisor.errors import DatabaseError, SettingsError, StorageError
from advisor.files import private_folder, storage_errors
from advisor.settings import Settings
from advisor.storage.older import OLDER_FILES, put_older_files_aside
from advisor.storage.state_tables import REVISION

DATABASE_FILE = "conversations.sqlite"
Found = TypeVarTuple("Found")
_WAIT_SECONDS = 15  # for another writer of the file
_CONNECT_SECONDS = 5  # to a server; a request waits for it
# A host that vanished refuses nothing: without these, a request on an open connection waits for it for a quarter of an hour.
_VANISHED = {
    "tcp_user_timeout": _CONNECT_SECONDS * 1_000,
    "keepalives_idle": _CONNECT_SECONDS,
    "keepalives_interval": _CONNECT_SECONDS,
    "keepalives_count": 2,
}
_MORE_CONNECTIONS = 15  # than the five that are kept, when many ask at once: PostgreSQL lets in a hundred by default
_OTHERS = 0o077
_WRITES = "advisor_writes"
_MIGRATING = 0x61647669736F72  # any number that is ours alone: replicas that start together migrate one after the other


class Database:
    """Safe to use from several threads and processes. Nothing is written before the first use of `writing`."""

    def __init__(self, folder: Path, url: URL | None) -> None:
        """:param url: of PostgreSQL; None for the SQLite file of the folder."""
        self.folder = folder
        self._file = None if url else folder / DATABASE_FILE
        self._place = f"{url.host}:{url.port or 5432}/{url.database}" if url else str(self._file)
        self._engine = _postgresql(url) if url else _sqlite(folder / DATABASE_FILE)
        self._prepared = False
        self._preparing = threading.Lock()

    @property
    def exists(self) -> bool:
        """Whether anything was ever kept."""
        names = () if self._prepared or not self._file else (DATABASE_FILE, *OLDER_FILES)
        return not names or any((self.folder / name).exists() for name in names)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction; the only one that writes, in SQLite.

        :raises StorageError: when it cannot be written.
        """
        if self._file and not self._prepared:
            with storage_errors(private_folder(self.folder)):
                self._file.touch(mode=0o600)
        with self._errors():
            self._prepare()
            with self._engine.execution_options(**{_WRITES: True}).begin() as connection:
                yield connection

    def rows(self, query: Select[*Found]) -> Sequence[Row[*Found]]:
        """What a query finds: nothing where nothing was ever kept.

        :raises StorageError: when it cannot be read.
        """
        if not self.exists:
            return []
        if self._file and not self._file.exists():  # there are older files to take in
            with self.writing():
                pass
        with self._errors():
            self._prepare()
            with self._engine.connect() as connection:
                return connection.execute(query).all()

    def close(self) -> None:
        """Let go of the connections; they are made anew when they are needed."""
        self._engine.dispose()

    def describe(self) -> str:
        """Where it is, and that it can be read.

        :raises StorageError: when it cannot be read.
        """
        self.rows(select(literal(1)))
        return self._place if self.exists else f"nothing is kept yet in {self._place}"

    @property
    def answers(self) -> bool:
        """Whether it can be read now."""
        try:
            self.describe()
        except (SettingsError, StorageError):
            return False
        return True

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """What went wrong in the advisor's own words: those of the libraries repeat what people wrote."""
        try:
            yield
        except (DBAPIError, PoolTimeout, OSError) as cause:
            why = (str(getattr(cause, "orig", None) or cause).splitlines() or [type(cause).__name__])[0]
            if self._file:
                message = f"{self._file} cannot be written ({why}). Make room there, or give this account the right to write"
                raise StorageError(message) from None
            if isinstance(cause, OperationalError | InterfaceError | PoolTimeout):
                message = f"the database {self._place} cannot be used ({why}). It is tried again at each request"
                raise DatabaseError(message) from None
            message = f"the database {self._place} refuses ({why}). Give its user the rights to read, write and make tables"
            raise StorageError(message) from None

    def _prepare(self) -> None:
        if self._file and self._file.stat().st_mode & _OTHERS:
            message = f"others can read {self._file}. Make it private: chmod 600 {self._file}"
            raise SettingsError(message)
        with self._preparing:
            if not self._prepared:
                self._migrate()
                self._prepared = True

    def _migrate(self) -> None:
        """Make the tables, or bring those of an older version up to date; nothing is written where they are."""
        with self._engine.connect() as connection:
            if _revision(connection, self._place) == REVISION:
                return
        if not self._file:
            self._upgrade()
            return
        with storage_errors(self._file), FileLock(self.folder / "database.lock"):
            with closing(self._engine.raw_connection()) as raw:  # another process that begins does not wait for this one
                raw.cursor().execute("PRAGMA journal_mode = WAL")
            self._upgrade()
            put_older_files_aside(self.folder)

    def _upgrade(self) -> None:
        from alembic import command  # it takes 0.1 s, and is needed once in the life of a database
        from alembic.config import Config

        with self._engine.execution_options(**{_WRITES: True}).begin() as connection:
            if not self._file:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
            if _revision(connection, self._place) != REVISION:  # another replica may have done it meanwhile
                config = Config()
                scripts = Path(__file__).with_name("migrations")
                config.set_main_option("script_location", str(scripts).replace("%", "%%"))
                config.attributes["connection"] = connection
                command.upgrade(config, "head")


def open_database(settings: Settings) -> Database:
    """The database of these settings, one for the whole process. It is reached when it is first used.

    :raises SettingsError: when the state folder is inside the corpus folder, whose files can be read through the page, or
        the address is none.
    """
    if settings.state_dir.resolve().is_relative_to(settings.corpus_dir.resolve()):
        message = (
            f"the folder {settings.state_dir} is inside the corpus folder, whose documents everybody can read. "
            "Set ADVISOR_STATE_DIR to another"
        )
        raise SettingsError(message)
    return _opened(settings.state_dir, settings.database_url.get_secret_value() if settings.database_url else "")


@cache
def _opened(folder: Path, address: str) -> Database:
    return Database(folder, make_url(address) if address else None)


def time_now(*, seconds_ago: float = 0) -> str:
    """The time as it is kept, now or so many seconds ago: ISO 8601, UTC."""
    return (datetime.now(UTC) - timedelta(seconds=seconds_ago)).isoformat(timespec="milliseconds")


def _sqlite(path: Path) -> Engine:
    """A connection of its own for each use: SQLite's are not for several threads, and opening one takes 0.1 ms."""
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args={"timeout": _WAIT_SECONDS})

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: object) -> None:  # noqa: ANN401 - sqlite3's, whatever SQLAlchemy has put around it
        connection.isolation_level = None  # the driver begins no transaction by itself; the next function does
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    """A pool whose connections are tried before they are used: the server may have been restarted in between."""
    try:
        return create_engine(
            url,
            pool_pre_ping=True,
            pool_timeout=_CONNECT_SECONDS,
            max_overflow=_MORE_CONNECTIONS,
            hide_parameters=True,
            connect_args={"connect_timeout": _CONNECT_SECONDS, **_VANISHED},
        )
    except ImportError as cause:
        message = "ADVISOR_DATABASE_URL needs psycopg. Run: pip install 'cto-advisor[postgres]'"
        raise SettingsError(message) from cause


def _revision(connection: Connection, place: str) -> str:
    """The last migration of a database; "" for none.

    :raises SettingsError: when a later version of the advisor has migrated it.
    """
    if not inspect(connection).has_table("alembic_version"):
        return ""
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""
    if found > REVISION:
        message = f"a later version of the advisor has made the tables of {place} ({found}). Install that version"
        raise SettingsError(message)
    return str(found)
