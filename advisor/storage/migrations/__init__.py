"""How the tables came about, step by step. Alembic carries out the steps that a database lacks when it is opened."""
