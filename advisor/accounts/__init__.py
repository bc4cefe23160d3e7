"""Who may come in: users, sessions, audit."""
