"""An index that is killed while its texts are encoded goes on where it was."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import numpy as np
import pytest

from advisor.index import checkpoint
from advisor.index.checkpoint import CHECKPOINT, Checkpoint
from advisor.index.generation import open_current
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings

PORTION = 3


class Killed(Embeddings):
    """Encodes until it has made so many texts."""

    left = PORTION
    asked: list[str]

    def encode_passages(self, texts: Sequence[str], progress=None):
        if len(texts) > self.left:
            raise KeyboardInterrupt
        self.left -= len(texts)
        self.asked = [*getattr(self, "asked", []), *texts]
        return super().encode_passages(texts, progress)


def test_what_was_made_is_not_made_again(small_settings: Settings, embeddings: Embeddings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checkpoint, "_PORTION", PORTION)
    killed = Killed(small_settings)
    with pytest.raises(KeyboardInterrupt):
        sync(small_settings, killed)
    kept = list(small_settings.index_dir.glob(f"{CHECKPOINT}*"))
    assert len(killed.asked) == PORTION
    assert len(kept) == 1

    killed.left, first = 10_000, killed.asked
    killed.asked = []
    sync(small_settings, killed)
    assert killed.asked
    assert not {*killed.asked} & {*first}
    assert not list(small_settings.index_dir.glob(f"{CHECKPOINT}*")), "what the index holds is kept once"
    with closing(open_current(small_settings, embeddings)) as whole:
        assert whole.count_vectors() == whole.manifest.entries > 0


def test_a_row_that_was_cut_short_is_made_again(small_settings: Settings, embeddings: Embeddings, monkeypatch):
    monkeypatch.setattr(checkpoint, "_PORTION", 2)
    small_settings.index_dir.mkdir(parents=True)
    texts = [
        "One team answers for it.",
        "The board reads two pages.",
        "A test restores the copy.",
        "Costs are named.",
        "Why?",
    ]
    first = Checkpoint(small_settings.index_dir, embeddings).encode_questions(texts)
    (path,) = small_settings.index_dir.glob(f"{CHECKPOINT}*")
    whole = path.stat().st_size
    path.write_bytes(path.read_bytes()[: 2 * whole // 5 + 7])
    again = Checkpoint(small_settings.index_dir, embeddings)
    np.testing.assert_allclose(again.encode_questions(texts), first, atol=1e-5)
    assert path.stat().st_size == whole
    np.testing.assert_allclose(Checkpoint(small_settings.index_dir, embeddings).encode_questions(texts), first, atol=1e-5)
