"""Features and weights of the ranking, and the outcomes that its confidence decides on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import SMALL_CORPUS

from advisor.advisor import Advisor
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.retrieval.block_features import block_features
from advisor.retrieval.blocks import candidate_blocks
from advisor.retrieval.confidence import Signals, confidence_of, origin_of, weights
from advisor.retrieval.ranking import Model, models, rank_blocks
from advisor.retrieval.search import Searcher, gather_evidence, retrieve
from advisor.settings import Settings

QUESTION = "How soon does the review of an outage take place?"
PHRASED = """document: en/incidents.md
asked:
  - sentence: A blameless review takes place
    en: ["How soon after things broke do we sit together?", "deadline post-mortem"]
  - lines: [Every action has an owner, A blameless review takes place]
    en: ["What must come out of a post-mortem?", "what do we write down after a crash"]
"""


@pytest.fixture(scope="module", params=["plain", "phrasings"])
def searcher(request, tmp_path_factory: pytest.TempPathFactory, embeddings: Embeddings) -> Iterator[Searcher]:
    """Small corpora, without and with phrasings."""
    folder: Path = tmp_path_factory.mktemp(request.param)
    for name, text in SMALL_CORPUS.items():
        path = folder / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if request.param == "phrasings":
        (folder / "corpus" / "asked").mkdir()
        (folder / "corpus" / "asked" / "incidents.yaml").write_text(PHRASED, encoding="utf-8")
    settings = Settings(corpus_dir=folder / "corpus", index_dir=folder / "index")
    sync(settings, embeddings)
    advisor = Advisor.open(settings, embeddings)
    yield Searcher(settings, embeddings, advisor.index)
    advisor.close()


def test_every_feature_that_a_model_weighs_is_there_and_finite(searcher: Searcher) -> None:
    found = retrieve(searcher, QUESTION, "en", 10)
    blocks = candidate_blocks(searcher.index, found.passages, "en")
    features = block_features(searcher.index, found.asked, blocks)
    for model in models().values():
        assert set(model.features) <= set(features.columns)
    for name, column in features.columns.items():
        assert column.shape == (len(blocks),), name
        assert np.isfinite(column).all(), name
    assert all(0 <= at < len(block.texts) for at, block in zip(features.focus, blocks, strict=True))


def test_the_block_that_answers_comes_first(searcher: Searcher) -> None:
    found = retrieve(searcher, QUESTION, "en", 10)
    blocks = candidate_blocks(searcher.index, found.passages, "en")
    ranked = rank_blocks(searcher.index, found.asked, blocks)
    assert ranked[0].block.texts[0].startswith("A blameless review")
    assert [each.score for each in ranked] == sorted((each.score for each in ranked), reverse=True)
    assert all(0 <= each.core <= 1 and 0 <= each.useful <= 1 for each in ranked)


def test_a_model_by_hand() -> None:
    """One feature of mean 1 and deviation 2, weights 1 and -1, biases 0 and 1: at 5 the logits are 2 and -1."""
    found = Model({"x": (1.0, 2.0, 1.0, -1.0)}, (0.0, 1.0)).probabilities({"x": np.array([5.0], np.float32)})
    assert found[0] == pytest.approx([1 / (1 + math.exp(-2)), 1 / (1 + math.exp(1))])


def test_what_is_asked_off_topic_is_less_sure(searcher: Searcher) -> None:
    sure = gather_evidence(searcher, QUESTION, "en").confidence
    assert gather_evidence(searcher, "What is the recipe of apple pie?", "en").confidence < sure


def test_another_model_is_judged_without_its_cosines() -> None:
    """Their scale is its own: moving them moves nothing."""
    signals = Signals(**dict.fromkeys(Signals.__slots__, 0.3))
    moved = Signals(**dict.fromkeys(Signals.__slots__, 0.3) | {"cosine": 0.9, "sentences": 0.9})
    assert origin_of("another", None) == "none"
    assert confidence_of(signals, "another", None) == confidence_of(moved, "another", None)
    for phrasings in (True, False):
        assert set(weights("another", None, phrasings=phrasings)) == {"bias", *Signals.__slots__} - {"cosine", "sentences"}


def test_the_bundled_model_is_calibrated(embeddings: Embeddings) -> None:
    assert origin_of(embeddings.digest, None) == "shipped"
    assert set(weights(embeddings.digest, None, phrasings=True)) == {"bias", *Signals.__slots__}


@pytest.mark.parametrize(
    ("thresholds", "status"),
    [((0.0, 0.0), "answered"), ((1.0, 0.0), "near"), ((1.0, 1.0), "abstained")],
    ids=["answered", "near", "abstained"],
)
def test_three_outcomes(searcher: Searcher, thresholds: tuple[float, float], status: str) -> None:
    limits = dict(zip(("answer_threshold", "near_threshold"), thresholds, strict=True))
    advisor = Advisor(searcher.settings.model_copy(update=limits), searcher.embeddings, searcher.index)
    answer = advisor.ask("How soon does the review of an outage take place, and who attends it?")
    assert answer.status == status
    if status == "near":
        assert answer.sentences == ()
        assert all(citation.quote in SMALL_CORPUS[citation.document] for citation in answer.citations)
        assert [f"[{citation.marker}]" in answer.text for citation in answer.citations] == [True] * len(answer.citations)
        assert answer.reason
    if status == "abstained":
        assert answer.citations == ()
        assert answer.nearest
