"""What the models of sentence-transformers share: how torch is set up, how texts are cleaned, how many go at once."""

from __future__ import annotations

import os
import unicodedata

BATCH_SIZE = 32
_LONG = "\ufdfa"
_LONG_WRITTEN_OUT = unicodedata.normalize("NFKC", _LONG)


def prepare_torch(threads: int) -> None:
    """So many threads, and nothing on the terminal."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import torch
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(threads)


def composed(text: str) -> str:
    """Composed characters: the small engine knows no combining accents. NUL would end its C string.

    It keeps room for four characters in the place of a byte, and one character stands for a sentence of eighteen.
    """
    return unicodedata.normalize("NFC", text.replace(_LONG, _LONG_WRITTEN_OUT)).replace("\0", " ")
