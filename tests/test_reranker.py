"""An optional cross-encoder: a real one, tiny and with random weights, made here. It orders passages; it decides nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import SMALL_CORPUS
from sentence_transformers import CrossEncoder
from tiny_models import make_cross_encoder
from typer.testing import CliRunner

from advisor.advisor import Advisor
from advisor.cli.doctor import examine
from advisor.cli.main import app
from advisor.documents.passages import embedded_text
from advisor.errors import ModelError
from advisor.evaluation.run_store import bearing_on_answers
from advisor.evaluation.runner import pinned
from advisor.index.sync import sync
from advisor.models.reranker import Reranker, open_reranker
from advisor.retrieval.hybrid import rerank
from advisor.retrieval.search import Searcher, gather_evidence
from advisor.settings import Settings
from advisor.types import Chunk, ScoredChunk

QUESTION = "When does a blameless review take place after an outage?"


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_cross_encoder(tmp_path_factory.mktemp("model") / "cross-encoder")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, embeddings) -> Iterator[Advisor]:
    """The small corpus, without a reranker."""
    root = tmp_path_factory.mktemp("plain")
    for name, text in SMALL_CORPUS.items():
        (root / "corpus" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "corpus" / name).write_text(text, encoding="utf-8", newline="")
    settings = Settings(corpus_dir=root / "corpus", index_dir=root / "index", state_dir=root / "state")
    sync(settings, embeddings)
    opened = Advisor.open(settings, embeddings)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def reranking(plain: Advisor, cross_encoder: str) -> Iterator[Advisor]:
    """The same index, with one."""
    opened = Advisor.open(plain.settings.model_copy(update={"reranker": cross_encoder}), plain.embeddings)
    yield opened
    opened.close()


def searcher(advisor: Advisor, reranker: Reranker | None = None) -> Searcher:
    return Searcher(advisor.settings, advisor.embeddings, advisor.index, reranker)


def places(passages) -> list[str]:
    return [passage.chunk.id for passage in passages]


def test_passages_come_in_the_order_of_the_model_and_keep_the_scores_of_their_places(
    plain: Advisor, reranking: Advisor, cross_encoder: str
):
    """The model's scores are those that sentence-transformers gives, loaded without our code."""
    fused = plain.search(QUESTION)
    found = reranking.search(QUESTION)
    reference = CrossEncoder(cross_encoder, local_files_only=True)
    relevance = reference.predict([(QUESTION, embedded_text(passage.chunk)) for passage in fused])
    expected = [place for _, place in sorted(zip(-relevance, places(fused), strict=True))]
    assert len(set(relevance.round(4))) == len(fused) >= 5
    assert places(found) == expected != places(fused)
    assert [(p.score, p.rank) for p in found] == [(p.score, p.rank) for p in fused]
    own = {p.chunk.id: (p.dense, p.lexical) for p in fused}
    assert all((p.dense, p.lexical) == own[p.chunk.id] for p in found)


def test_few_results_are_the_first_of_all_that_were_read(reranking: Advisor):
    assert places(reranking.search(QUESTION, k=2)) == places(reranking.search(QUESTION))[:2]


def test_the_passages_of_an_answer_are_in_that_order_too(plain: Advisor, reranking: Advisor):
    found = gather_evidence(searcher(plain, reranking.reranker), QUESTION, "en")
    scores = reranking.reranker.scores(QUESTION, [embedded_text(passage.chunk) for passage in found.passages])
    assert list(scores) == sorted(scores, reverse=True)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(
    "question",
    [QUESTION, "Quelle part des dépenses du cloud le tagging couvre-t-il ?", "Quelle est la recette de la tarte Tatin ?"],
)
def test_the_order_changes_and_the_evidence_does_not(plain: Advisor, reranking: Advisor, question: str, language: str):
    """Exactly: coverage and missing names are those of the first five, which a reranker changes."""
    one = gather_evidence(searcher(plain), question, language)
    other = gather_evidence(searcher(plain, reranking.reranker), question, language)
    assert sorted(places(one.passages)) == sorted(places(other.passages))
    assert (one.signals, one.confidence) == (other.signals, other.confidence)
    assert plain.ask(question, language=language).confidence == reranking.ask(question, language=language).confidence
    assert plain.ask(question, language=language).status == reranking.ask(question, language=language).status


def test_what_comes_after_the_first_stays(reranking: Advisor):
    passages = [ScoredChunk(_chunk(text), 1 - n / 10, n + 1) for n, text in enumerate(SMALL_CORPUS.values())]
    moved = rerank(reranking.reranker, QUESTION, passages, first=3)
    assert moved[3:] == passages[3:]
    assert sorted(places(moved[:3])) == sorted(places(passages[:3]))
    assert rerank(reranking.reranker, QUESTION, [], first=3) == []


def _chunk(text: str) -> Chunk:
    return Chunk(text[:12], "", "en", (), 0, len(text), 1, 1, text)


def test_a_text_longer_than_the_window_and_an_empty_one_have_a_score(reranking: Advisor):
    assert reranking.reranker.scores(QUESTION, ["outage " * 2_000, ""]).shape == (2,)
    assert reranking.reranker.scores(QUESTION, []).shape == (0,)


def test_everybody_shares_one(reranking: Advisor):
    """An evaluation must not load another: the published one has 568 million weights."""
    assert reranking.reranker is not None
    assert pinned(reranking).reranker is reranking.reranker
    assert open_reranker(reranking.settings) is reranking.reranker


def test_a_run_records_it(cross_encoder: str):
    assert bearing_on_answers(Settings(reranker=cross_encoder))["reranker"] == cross_encoder


@pytest.mark.disable_socket
@pytest.mark.parametrize("name", ["nobody/no-such-model", "empty", "empty/missing"])
def test_one_that_cannot_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, plain: Advisor):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    (tmp_path / "empty").mkdir()
    wanted = str(tmp_path / name) if name.startswith("empty") else name
    with pytest.raises(ModelError, match="cannot be loaded") as raised:
        Advisor.open(plain.settings.model_copy(update={"reranker": wanted}), plain.embeddings)
    message = str(raised.value)
    assert repr(wanted) in message
    assert "Set ADVISOR_RERANKER to the folder of a cross-encoder" in message
    assert "\n" not in message


def test_a_model_with_several_scores_is_no_reranker(tmp_path: Path):
    with pytest.raises(ModelError, match=r"is no reranker \(it has 3 scores for a pair, not one\)\. Set ADVISOR_RERANKER"):
        open_reranker(Settings(reranker=make_cross_encoder(tmp_path / "nli", labels=3)))


def test_doctor_names_it_or_says_what_to_do(plain: Advisor, cross_encoder: str, tmp_path: Path):
    findings = {finding.check: finding for finding in examine(plain.settings.model_copy(update={"reranker": cross_encoder}))}
    assert findings["reranker"].ok
    assert cross_encoder in findings["reranker"].detail
    assert "reranker" not in {finding.check for finding in examine(plain.settings)}
    places = {name: str(getattr(plain.settings, name)) for name in ("corpus_dir", "index_dir")}
    environment = {f"ADVISOR_{name.upper()}": value for name, value in places.items()}
    done = CliRunner().invoke(app, ["doctor"], env={**environment, "ADVISOR_RERANKER": str(tmp_path)})
    assert done.exit_code == 1
    assert "FAIL reranker: the reranker" in done.stdout
    assert "leave it empty to do without" in done.stdout


@pytest.mark.parametrize("value", [None, ""])
def test_without_one_no_question_imports_torch(plain: Advisor, value: str | None):
    if plain.embeddings._small is None:
        pytest.skip("the small engine has no wheel for this platform")
    code = (
        "import sys; from advisor.advisor import Advisor; from advisor.settings import load_settings\n"
        f"answer = Advisor.open(load_settings()).ask({QUESTION!r})\n"
        "print(answer.status, [name for name in ('torch', 'sentence_transformers', 'transformers') if name in sys.modules])"
    )
    environment = {
        **os.environ,
        "ADVISOR_CORPUS_DIR": str(plain.settings.corpus_dir),
        "ADVISOR_INDEX_DIR": str(plain.settings.index_dir),
    }
    if value is not None:
        environment["ADVISOR_RERANKER"] = value
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "answered []"
