"""A sentence against its source."""
