"""What is built on answers: memo, maturity check, suggestions, library, curation, conversations."""
