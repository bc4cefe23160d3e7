"""A calibration from beginning to end: questions, trials, weights, thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from advisor.evaluation.calibrating import ANSWER, NEAR, CurvePoint, fit_calibration, judge_trials, point_at, threshold_for
from advisor.evaluation.held_out import hold_out
from advisor.evaluation.probes import ProbeMaker
from advisor.evaluation.questions import Split, cases_of, find_sets, read_sets
from advisor.evaluation.run_store import QUESTIONS
from advisor.evaluation.runner import OnAsked
from advisor.index.calibration import Calibration
from advisor.index.lock import now
from advisor.index.phrasings import read_phrasings
from advisor.retrieval.confidence import Origin, confidence_of, is_doubtful, origin_of, thresholds_of, weights
from advisor.retrieval.search import Searcher

_CURVE = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)  # thresholds shown


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a calibration is fitted on, and for.

    `sets` are question sets to ask as well, `split` the part of them; `precision` the share (0..1) of answers that are to be
    right, None for those that refuse as the program's own do; `questions` the most of each kind that the corpus gives.
    """

    sets: tuple[str, ...] = ()
    split: Split | None = None
    precision: float | None = None
    questions: int = 200


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """A calibration, and what was measured of it on documents that it was not fitted on.

    `sources` counts the questions of each kind; `before` is where the calibration in use until now was from, and
    `before_point` what it does at its thresholds; `curve` is what the new one does at each threshold, `chosen` at its own.
    `auroc` and `before_auroc`: how well each tells answers that are right from all others.
    """

    calibration: Calibration
    sources: Mapping[str, int]
    curve: tuple[CurvePoint, ...]
    chosen: CurvePoint
    auroc: float
    before: Origin
    before_point: CurvePoint
    before_auroc: float


def calibrated(searcher: Searcher, wanted: Wanted, on_asked: OnAsked | None = None) -> Calibrated:
    """Ask the corpus questions of its own and those of the sets, and fit a calibration of its answers; nothing is kept.

    :raises EvaluationError: when there are too few questions or documents, a set cannot be used, or no threshold is as
        precise as wished.
    """
    settings, index = searcher.settings, searcher.index
    entries = read_phrasings(settings.corpus_dir)
    maker = ProbeMaker(index)
    sets = read_sets(find_sets(wanted.sets, settings.evals_dir / QUESTIONS)) if wanted.sets else []
    sources = {
        "headings": maker.of_headings(wanted.questions),
        "phrasings": maker.of_phrasings([entry for entry in entries if entry.document], wanted.questions),
        "not covered": maker.of_phrasings([entry for entry in entries if not entry.document], wanted.questions),
        "question sets": maker.of_cases([case for one in sets for case in cases_of(one, wanted.split)]),
    }
    trials = hold_out(searcher, [probe for some in sources.values() for probe in some], entries, on_asked)
    digest, own, doubtful = searcher.embeddings.digest, index.calibration, is_doubtful(index)
    fit = fit_calibration(trials, lambda kind: weights(digest, own, phrasings=kind == "phrasings"))
    threshold = ANSWER if wanted.precision is None else threshold_for(fit.judged, wanted.precision)
    with_answer = sum(trial.answerable for trial in trials)
    calibration = Calibration(
        model=searcher.embeddings.name,
        digest=digest,
        created=now(),
        documents=index.manifest.documents,
        answerable=with_answer,
        unanswerable=len(trials) - with_answer,
        weights=fit.weights,
        typical=fit.typical,
        answer_threshold=threshold,
        near_threshold=min(NEAR, threshold),
    )
    before = judge_trials(trials, lambda signals: confidence_of(signals, digest, own))
    return Calibrated(
        calibration=calibration,
        sources={name: len(some) for name, some in sources.items() if some},
        curve=tuple(point_at(fit.judged, each) for each in _CURVE),
        chosen=point_at(fit.judged, thresholds_of(settings, calibration, doubtful=doubtful).answer),
        auroc=fit.judged.auroc,
        before=origin_of(digest, own),
        before_point=point_at(before, thresholds_of(settings, own, doubtful=doubtful).answer),
        before_auroc=before.auroc,
    )
