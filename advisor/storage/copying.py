"""What a SQLite file holds, copied into PostgreSQL: the step from one server to several."""

from __future__ import annotations

from sqlalchemy import insert, select, text

from advisor.errors import SettingsError
from advisor.settings import Settings
from advisor.storage.database import open_database
from advisor.storage.state_tables import METADATA, conversations, users


def copy_state(settings: Settings) -> dict[str, int]:
    """Copy the SQLite file of the state folder into the database of the settings, whole or not at all; the file stays.

    :returns: how many rows each table had.
    :raises SettingsError: when the settings name no PostgreSQL, or somebody has written to it.
    :raises StorageError: when one of the two cannot be used.
    """
    if not settings.database_url:
        message = "there is no database to copy to. Set ADVISOR_DATABASE_URL to its address"
        raise SettingsError(message)
    source, counts = open_database(settings.model_copy(update={"database_url": None})), dict[str, int]()
    with open_database(settings).writing() as target:
        if any(target.execute(select(table).limit(1)).first() for table in (conversations, users)):
            message = "the database holds conversations or users already. Copy into an empty one"
            raise SettingsError(message)
        for table in METADATA.sorted_tables:
            rows = [row._asdict() for row in source.rows(select(table))]
            counts[table.name] = len(rows)
            if rows:
                target.execute(insert(table), rows)
        # The next turn gets a number after those that were copied.
        target.execute(text("SELECT setval(pg_get_serial_sequence('turns', 'number'), max(number)) FROM turns"))
    return counts
