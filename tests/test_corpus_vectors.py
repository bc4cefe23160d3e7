"""Vectors that come with a corpus: used where the text is the same, as good as those of the model, never in the way."""

from __future__ import annotations

import shutil
from contextlib import closing

import numpy as np
import pytest

from advisor.errors import CorpusError
from advisor.index.corpus_vectors import read_corpus_vectors, save_corpus_vectors, suspicious_wordings
from advisor.index.generation import open_current
from advisor.index.sync import sync

SAMPLE = 40


class Counting:
    """A model that notes which passages and which questions it is asked to encode."""

    def __init__(self, embeddings):
        self._embeddings = embeddings
        self.encoded = []

    def __getattr__(self, name):
        return getattr(self._embeddings, name)

    def encode_passages(self, texts, progress=None):
        self.encoded += texts
        return self._embeddings.encode_passages(texts, progress)

    def encode_questions(self, texts):
        self.encoded += texts
        return self._embeddings.encode_questions(texts)


@pytest.fixture
def copied(small_settings, embeddings, tmp_path):
    """A copy of a corpus whose vectors were saved, with an index of its own that is not built yet."""
    (small_settings.corpus_dir / "asked").mkdir()
    asked = 'document: en/notes.txt\nasked:\n  - sentence: The Kubernetes migration\n    en: ["How dear was the move?"]\n'
    (small_settings.corpus_dir / "asked" / "notes.yaml").write_text(asked, encoding="utf-8")
    sync(small_settings, embeddings)
    with closing(open_current(small_settings, embeddings)) as generation:
        save_corpus_vectors(small_settings.corpus_dir, generation, embeddings)
    corpus = shutil.copytree(small_settings.corpus_dir, tmp_path / "copy")
    return small_settings.model_copy(update={"corpus_dir": corpus, "index_dir": tmp_path / "index-of-copy"})


def test_a_copy_of_a_corpus_is_indexed_without_the_model(copied, embeddings):
    counting = Counting(embeddings)
    report = sync(copied, counting)
    assert counting.encoded == []
    assert report.documents == 5


def test_only_what_was_added_is_encoded(copied, embeddings):
    (copied.corpus_dir / "en" / "new.txt").write_text("Lemon trees need sun.\n", encoding="utf-8")
    counting = Counting(embeddings)
    sync(copied, counting)
    assert counting.encoded
    assert all("Lemon trees" in text for text in counting.encoded)


def test_a_damaged_file_is_an_error_that_says_what_to_do(copied, embeddings):
    path = copied.corpus_dir / f"vectors-{embeddings.digest}.npz"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CorpusError, match="Delete it"):
        sync(copied, embeddings)


def test_the_vectors_of_the_shipped_corpus_are_complete_and_those_of_the_model(advisor, settings, embeddings):
    held = read_corpus_vectors(settings.corpus_dir, embeddings)
    with closing(open_current(settings, embeddings)) as generation:
        questions = [*generation.phrasings.questions, *suspicious_wordings(generation.catalog)]
        counting = Counting(embeddings)
        missing = (generation.catalog.chunk_hashes() | set(generation.catalog.sentence_hashes())) - held.rows.keys()
        held.questions(counting, questions)
    assert not missing, "run: advisor index --save-vectors"
    assert not counting.encoded, "run: advisor index --save-vectors"
    sample = questions[:: len(questions) // SAMPLE]
    cosines = np.einsum("ij,ij->i", held.questions(counting, sample), embeddings.encode_questions(sample))
    assert cosines.min() > 0.9995
