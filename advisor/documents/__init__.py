"""A file -> a document and its chunks."""
