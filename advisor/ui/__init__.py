"""The web page: one file per tab, no decision about answers in it."""
