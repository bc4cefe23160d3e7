"""How far the blocks that were found can be trusted to answer: signals, and one calibrated probability.

The weights in `confidence.json` come from `evals/train_ranking.py`: a logistic regression on whether the answer opened with
a sentence that helps the asker, on labelled questions with and without an answer in the corpus. How near a question comes to
a corpus can be told by cosines alone, whose scale each embedding model has for itself: these weights are kept by the digest
of the model that they were fitted with, and any other model has weights that do without. A calibration that was fitted for
the corpus and the model at hand (`advisor calibrate`) goes before both.
"""

from __future__ import annotations

import json
import math
from collections.abc import Container, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from advisor.documents.passages import embedded_text
from advisor.index.calibration import Calibration, Kind
from advisor.index.generation import Generation
from advisor.retrieval.block_features import Asked
from advisor.retrieval.blocks import MOST_DOCUMENTS
from advisor.retrieval.curated import CuratedAnswer
from advisor.retrieval.like_questions import LikeQuestions
from advisor.retrieval.query import Query
from advisor.retrieval.ranking import RankedBlock
from advisor.settings import Settings
from advisor.text.language import all_rules
from advisor.text.one_form import in_one_form
from advisor.text.plain import COMPOUND, WORD, fold
from advisor.text.terms import term_set, terms
from advisor.types import ScoredChunk

NO_MODEL = ""
"""The digest of no model: what is judged without cosines."""
_COVERING = 5  # passages in which the question's words and names are looked for
_COMPARED = 10  # passages that the best one is compared with
_BEST_BLOCKS = 3  # whose probabilities are averaged
_LEAST = {False: 0.25, True: 0.5}
"""What an answer needs, in any corpus and in a doubtful one. On three such, of 21 questions without an answer 13 were
answered with the first, 5 with the second, and answers between the two were no better than the nearest passages."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What retrieval says about a question.

    `core`, `useful`: logits of the probabilities of the best blocks; `lead`: how far (0..1) the best document's blocks stand
    above those of any other; `margin`: how far the best chunk stands above the other passages, in standard deviations;
    `coverage`: share (0..1) of what the question asks for (idf) that the best passage holds; `unknown`: share (0..1) that no
    passage mentions; `missing`: share (0..1) of the question's names and numbers that the best passages do not mention;
    `length`: logarithm of the number of words (a long question is near to nothing as a whole, and no passage holds all of
    it); `curated`: how near (-1..1) the nearest curated question is; `unanswered`: logit of the share of the nearest
    phrasings that the corpus is known not to answer; `foreign`: 1 for passages in another language; `phrasings`: 1 where the
    corpus has phrasings; `cosine`: of the best chunk, and `sentences`: the mean of the best blocks' sentences, both on the
    scale of the model.
    """

    core: float
    useful: float
    lead: float
    margin: float
    coverage: float
    unknown: float
    missing: float
    length: float
    curated: float
    unanswered: float
    foreign: float
    phrasings: float
    cosine: float
    sentences: float


def measure(
    asked: Asked, passages: Sequence[ScoredChunk], blocks: Sequence[RankedBlock], curated: CuratedAnswer | None
) -> Signals:
    """The signals of one question.

    :param passages: what hybrid search returned, best first.
    :param blocks: of their documents, best first.
    """
    query = asked.query
    cosines = sorted((p.dense for p in passages if p.dense is not None), reverse=True)
    best = passages[:_COVERING]
    held = [term_set(embedded_text(p.chunk), p.chunk.language) for p in best]
    core, useful = (_logit(_mean([getattr(each, name) for each in blocks[:_BEST_BLOCKS]])) for name in ("core", "useful"))
    return Signals(
        core=core,
        useful=useful,
        lead=_lead(blocks),
        margin=_margin(cosines),
        coverage=max(map(query.coverage, held), default=0.0),
        unknown=query.unknown,
        missing=_missing_names(query, best, held),
        length=math.log(max(1, len(query.question.split()))),
        curated=curated.near if curated else 0.0,
        unanswered=_logit(asked.like.unanswered) if asked.like else 0.0,
        foreign=float(bool(passages) and passages[0].chunk.language != query.language),
        phrasings=float(curated is not None),
        cosine=cosines[0] if cosines else 0.0,
        sentences=_mean(sorted((each.cosine for each in blocks), reverse=True)[:_COVERING]),
    )


def beside_the_rest(
    signals: Signals, like: LikeQuestions | None, blocks: Sequence[RankedBlock], inside: Container[str]
) -> Signals:
    """The signals of a part of a corpus, beside all of it.

    A document stands above no other where it is searched alone, and a question that is answered elsewhere is no question
    that nothing answers: on both, the whole corpus is asked.

    :param like: the phrasings of the whole corpus.
    :param blocks: the best of the whole corpus, in the language of the part.
    :param inside: the ids of the chunks of the part.
    """
    best = {
        is_inside: max((each.score for each in blocks if (each.block.chunk.id in inside) == is_inside), default=0.0)
        for is_inside in (True, False)
    }
    unanswered = _logit(like.unanswered) if like else 0.0
    return replace(signals, lead=best[True] - best[False], unanswered=unanswered)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _logit(share: float) -> float:
    """The logit of a probability, bounded."""
    bounded = min(max(share, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))


def _lead(blocks: Sequence[RankedBlock]) -> float:
    """The best block's score less that of the best block of another document."""
    if not blocks:
        return 0.0
    others = (each.score for each in blocks if each.block.chunk.document != blocks[0].block.chunk.document)
    return blocks[0].score - max(others, default=0.0)


def _margin(cosines: Sequence[float]) -> float:
    """How many standard deviations the first of some falling values stands above the mean of the others (at most 10)."""
    rest = cosines[1:_COMPARED]
    if not rest:
        return 0.0
    mean = sum(rest) / len(rest)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in rest) / len(rest)) or 1.0
    return min((cosines[0] - mean) / deviation, 10.0)


def _missing_names(query: Query, passages: Sequence[ScoredChunk], held: Sequence[Set[str]]) -> float:
    """The share of names that no passage mentions, neither so nor in another form of the concept.

    :param held: the terms of each passage.
    """
    if not query.names or query.language is None:
        return 0.0
    text = fold(in_one_form(" ".join(embedded_text(passage.chunk) for passage in passages), query.language))
    words = {*COMPOUND.findall(text), *WORD.findall(text), *_offices()}
    known, language = set[str]().union(*held), query.language

    def is_met(name: str) -> bool:
        own = terms(name, language)
        synonyms = (form for need in query.needs if [need.term] == own for form in need.synonyms)
        return name in words or any(form <= known for form in synonyms)

    return sum(not is_met(name) for name in query.names) / len(query.names)


@cache
def _offices() -> frozenset[str]:
    """People whom an asker names by their office ("my HR director wants ..."): their absence says nothing of the subject."""
    return frozenset(office for rules in all_rules() for office in rules.offices)


@cache
def _shipped() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((files("advisor.retrieval") / "confidence.json").read_text(encoding="utf-8"))
    return loaded


Origin = Literal["own", "shipped", "none"]
"""Where a calibration is from: `own` was fitted for the corpus and model at hand, `shipped` for this model on the program's
own corpus; with `none` a model is judged by what does not depend on the scale of its cosines."""


def origin_of(digest: str, own: Calibration | None) -> Origin:
    """Where the calibration is from that confidence is worked out with.

    :param digest: of the embedding model.
    :param own: the calibration of the corpus, if it has one.
    """
    if own:
        return "own"
    return "shipped" if digest in _shipped()["models"] else "none"


def weights(digest: str, own: Calibration | None, *, phrasings: bool) -> Mapping[str, float]:
    """The weight of each signal, and `bias`, for the model with this digest; without its cosines where it is not known.

    :param own: the calibration of the corpus, if it has one.
    :param phrasings: whether the corpus has any: what is found without them is another kind of answer.
    """
    kind: Kind = "phrasings" if phrasings else "plain"
    if own and kind in own.weights:
        return {str(name): value for name, value in own.weights[kind].items()}
    kinds: dict[str, Mapping[str, float]] = _shipped()["models"].get(digest, _shipped()["any_model"])
    return kinds[kind]


def comparable(signals: Signals, typical: Mapping[str, float]) -> dict[str, float]:
    """The signals by name; for passages in another language, those that count words as they are where an answer helps.

    Words of two languages cannot be compared.

    :param typical: the means of the signals that count words, where an answer helps.
    """
    return asdict(signals) | (dict(typical) if signals.foreign else {})


def confidence_of(signals: Signals, digest: str, own: Calibration | None) -> float:
    """The probability (0..1) that an answer made of what was found is right.

    :param digest: of the embedding model.
    :param own: the calibration of the corpus, if it has one.
    """
    typical = {str(name): value for name, value in own.typical.items()} if own else _shipped()["typical"]
    known, values = weights(digest, own, phrasings=bool(signals.phrasings)), comparable(signals, typical)
    logit = known["bias"] + sum(known.get(name, 0.0) * value for name, value in values.items())
    return 1 / (1 + math.exp(-max(min(logit, 50.0), -50.0)))


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The least confidence (0..1) with which a question is answered, and with which the nearest passages are shown."""

    answer: float
    near: float


def is_doubtful(index: Generation) -> bool:
    """Whether confidence is too high in a corpus: nobody told what is asked of it, and no question looks at all of it."""
    return not index.knows_questions and index.part is None and index.manifest.documents > MOST_DOCUMENTS


def thresholds_of(settings: Settings, own: Calibration | None, *, doubtful: bool = False) -> Thresholds:
    """The thresholds that hold: those that somebody set, else those of the calibration, else the program's own.

    :param own: the calibration of the corpus, if it has one.
    :param doubtful: whether confidence is too high in the corpus.
    """
    answer, near = (own.answer_threshold, own.near_threshold) if own else (_LEAST[doubtful], settings.near_threshold)
    if "near_threshold" in settings.model_fields_set:
        near = settings.near_threshold
    return Thresholds(answer if settings.answer_threshold is None else settings.answer_threshold, near)
