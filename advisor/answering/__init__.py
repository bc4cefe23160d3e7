"""Passages -> a verified answer."""
