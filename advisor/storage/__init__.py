"""Where conversations, users, sign-ins and marks are kept: SQLite, or PostgreSQL for several replicas."""
