"""Run by Alembic: the migrations go over the connection, and in the transaction, that they are given."""

from alembic import context

from advisor.storage.state_tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
