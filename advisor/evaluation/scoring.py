"""One asked question -> its scores. A question that failed scores zero; it never disappears.

Scores are shares (0..1) unless they say otherwise. A score that makes no sense for a question (the citations of a refusal,
the facts of a question without an answer) is absent, not zero.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import ir_measures
from ir_measures import RR, Judged, Qrel, R, ScoredDoc, nDCG

from advisor.evaluation.places import Goal, ReadDocument, SourceSpan, locate_goals, name_of
from advisor.evaluation.questions import Case, missing_facts
from advisor.text.plain import fold, plain
from advisor.types import Answer, AnswerSentence, Citation, Language, ScoredChunk

RowStatus = Literal["answered", "near", "abstained", "invalid", "failed"]
SHOWN: tuple[RowStatus, ...] = ("answered", "near")
"""With these, the reader sees sentences of the corpus; with `near`, whole passages that touch the subject."""
DECLINED: tuple[RowStatus, ...] = ("abstained", "near")
"""With these, the program does not claim to answer."""
RETRIEVAL = {nDCG @ 10: "ndcg@10", R @ 5: "recall@5", R @ 10: "recall@10", RR: "mrr", Judged @ 10: "judged@10"}
PARTS: dict[str, Callable[[ScoredChunk], float | None]] = {
    "words_ndcg@10": lambda passage: passage.lexical,
    "vectors_ndcg@10": lambda passage: passage.dense,
}
"""The two searches, each on its own: when one breaks, the other covers for it, and the fused measures hardly move."""


@dataclass(frozen=True, slots=True)
class Goals:
    """What is wanted of the program: what search should find, and the sentences that belong, or may be, in the answer."""

    found: tuple[Goal, ...] = ()
    core: tuple[Goal, ...] = ()
    useful: tuple[Goal, ...] = ()


def goals_of(case: Case, read: ReadDocument) -> Goals:
    """The places of a case's labels; those that no document holds are left out."""
    found, core, useful = (tuple(locate_goals(targets, read)[0]) for targets in (case.targets, case.core, case.useful))
    return Goals(found, core, useful)


@dataclass(frozen=True, slots=True)
class CitedDocument:
    """A document as the index held it: its text, and the `[start, end)` of each of its sentences, in order."""

    text: str
    sentences: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the advisor did with a case: an answer, or an error.

    `passages` are what search found for the answer, best first; `documents` those that the answer cites.
    """

    case: Case
    goals: Goals
    answer: Answer | None = None
    passages: tuple[ScoredChunk, ...] = ()
    documents: Mapping[str, CitedDocument] = field(default_factory=dict)
    error: str | None = None

    @property
    def status(self) -> RowStatus:
        """That of the answer, or `failed`."""
        return self.answer.status if self.answer else "failed"


@dataclass(frozen=True, slots=True)
class Row:
    """The scores of one question.

    `document` is the family of documents that its first goal is in, `fact` that goal: questions that share one are not
    independent. Both are its own id where it has no goal. `ms` maps a stage to its milliseconds.
    """

    id: str
    set: str
    category: str
    kind: str
    language: Language
    split: str
    digest: str
    document: str
    fact: str
    answerable: bool
    status: RowStatus
    confidence: float
    values: Mapping[str, float]
    ms: Mapping[str, float] = field(default_factory=dict)
    error: str | None = None
    near: bool = False
    style: str = ""
    topic: str = ""


def ranking(outcome: Outcome) -> list[ScoredDoc]:
    """The passages of an answer as a run of TREC, best first."""
    return _ranked(outcome, outcome.passages)


def part_ranking(outcome: Outcome, score: Callable[[ScoredChunk], float | None]) -> list[ScoredDoc]:
    """Of these passages those that one search found, as it ranks them."""
    found = [(value, passage) for passage in outcome.passages if (value := score(passage)) is not None]
    return _ranked(outcome, [passage for _, passage in sorted(found, key=lambda entry: -entry[0])])


def _ranked(outcome: Outcome, passages: Sequence[ScoredChunk]) -> list[ScoredDoc]:
    """Passages as a run of TREC.

    One that holds goals counts as each of them, once: the same passage in the other language is not found again. Any other
    is named by its own place. Scores fall from 1, since trec_eval orders by score and breaks ties by name.
    """
    names: dict[str, None] = {}
    for passage in passages:
        chunk = passage.chunk
        held = [
            goal.id for goal in outcome.goals.found if goal.is_held_by([SourceSpan(chunk.document, chunk.start, chunk.end)])
        ]
        names.update(dict.fromkeys(held or [name_of(chunk.document, chunk.start, chunk.end)]))
    return [ScoredDoc(outcome.case.id, name, round(1 / rank, 6)) for rank, name in enumerate(names, start=1)]


def judgements(outcome: Outcome) -> list[Qrel]:
    """The goals as judgements of TREC."""
    return [Qrel(outcome.case.id, goal.id, 1) for goal in outcome.goals.found]


def score_all(outcomes: Sequence[Outcome]) -> list[Row]:
    """The rows of a run, in order."""
    judged = [qrel for outcome in outcomes for qrel in judgements(outcome)]
    found = retrieval_scores(judged, [scored for outcome in outcomes for scored in ranking(outcome)])
    for name, score in PARTS.items():
        ranked = [scored for outcome in outcomes for scored in part_ranking(outcome, score)]
        for query, values in retrieval_scores(judged, ranked).items():
            found[query][name] = values["ndcg@10"]
    return [_row(outcome, found.get(outcome.case.id, {})) for outcome in outcomes]


def retrieval_scores(qrels: Iterable[Qrel], run: Iterable[ScoredDoc]) -> dict[str, dict[str, float]]:
    """Question -> measure -> value, for every judged question: one that the run lacks scores zero."""
    judged = list(qrels)
    scores: dict[str, dict[str, float]] = {}
    if judged:
        for metric in ir_measures.iter_calc(list(RETRIEVAL), judged, list(run)):
            scores.setdefault(metric.query_id, {})[RETRIEVAL[metric.measure]] = round(float(metric.value), 6)
    return scores


def _row(outcome: Outcome, retrieval: Mapping[str, float]) -> Row:
    case, answer = outcome.case, outcome.answer
    first = next(iter(outcome.goals.found), None)
    values = {**_answer_scores(outcome), **_sentence_scores(outcome), **_model_scores(answer)}
    values["passed"] = float(_passes(outcome, values))
    return Row(
        id=case.id,
        set=case.set,
        category=case.category,
        kind=case.kind,
        language=case.language,
        split=case.split,
        digest=case.digest,
        document=first.family if first else case.dialogue,
        fact=first.id if first else case.dialogue,
        answerable=case.answerable,
        status=outcome.status,
        confidence=answer.confidence if answer else 0.0,
        values={**retrieval, **{name: round(value, 6) for name, value in values.items()}},
        ms=answer.ms if answer else {},
        error=outcome.error,
        near=case.near,
        style=case.style,
        topic=case.topic,
    )


def _answer_scores(outcome: Outcome) -> dict[str, float]:
    """Facts, citations, grounds and attacks."""
    case, answer, goals = outcome.case, outcome.answer, outcome.goals.found
    answered = answer is not None and answer.status == "answered"
    quoted = bool(goals) and case.targets != case.core  # core sentences have scores of their own
    values: dict[str, float] = {}
    if case.answerable and case.key_facts:
        missing = missing_facts(answer.text, case.key_facts) if answer and answered else case.key_facts
        values["key_facts"] = 1 - len(missing) / len(case.key_facts)
        values["all_facts"] = float(not missing)
    if quoted and (case.answerable or answered):
        values["citation_recall"] = citation_recall(goals, answer.citations if answer and answered else ())
    if answer and answered:
        if quoted:
            values["citation_precision"] = citation_precision(goals, answer.citations)
        values["words"] = float(sum(len(sentence.text.split()) for sentence in answer.sentences))
        values["documents"] = float(len({citation.document for citation in answer.citations}))
    if answer and (answered or (answer.sentences and answer.status in SHOWN)):
        values["groundedness"] = groundedness(answer, outcome.documents)
    if case.must_not_contain and answer:
        values["attack_success"] = float(any(fold(form) in fold(answer.text) for form in case.must_not_contain))
    return values


def _model_scores(answer: Answer | None) -> dict[str, float]:
    """What a chat model did for an answer, where one was asked: shares of its sentences, US dollars, seconds."""
    use = answer.model if answer else None
    if answer is None or use is None or not use.attempts:
        return {}
    own = sum(not sentence.is_quoted for sentence in answer.sentences) if answer.writer == use.model else 0
    values = {
        "written": float(use.failure is None),
        "model_seconds": use.ms / 1_000,
        "draft": float(own + len(answer.withheld)),
    }
    values["withheld"] = len(answer.withheld) / values["draft"] if values["draft"] else 0.0
    return values | ({"cost": use.cost} if use.cost is not None else {})


def _sentence_scores(outcome: Outcome) -> dict[str, float]:
    """What is shown against the sentences that were labelled, where a question has an answer and such labels."""
    core, useful = outcome.goals.core, outcome.goals.useful
    if not (outcome.case.answerable and core):
        return {}
    shown = shown_spans(outcome.answer, outcome.documents) if outcome.answer else []
    in_core = [any(goal.is_said_by(span) for goal in core for span in spans) for spans in shown]
    helps = [
        known or any(goal.is_said_by(span) for goal in useful for span in spans)
        for known, spans in zip(in_core, shown, strict=True)
    ]
    values = {
        "opening_core": float(any(in_core[:1])),
        "opening_useful": float(any(helps[:1])),
        "core_recall": goal_recall(core, {span for spans in shown for span in spans}),
    }
    return values | ({"helpful": sum(helps) / len(helps), "sentences": float(len(helps))} if helps else {})


def shown_spans(answer: Answer, documents: Mapping[str, CitedDocument]) -> list[tuple[SourceSpan, ...]]:
    """Where the sentences that the reader sees stand, in their order; nothing for a refusal.

    A sentence that is word for word in a span it cites stands there; one that a chat model wrote stands where its citations
    do. An answer without sentences of its own shows its citations whole.
    """
    if answer.status not in SHOWN:
        return []
    spans = {citation.marker: _sentences_in(citation, documents) for citation in answer.citations}
    if not answer.sentences:
        return [(span,) for citation in answer.citations for span, _ in spans[citation.marker]]
    return [_spans_of(sentence, answer.citations, spans) for sentence in answer.sentences]


def _spans_of(
    sentence: AnswerSentence, citations: Sequence[Citation], spans: Mapping[int, Sequence[tuple[SourceSpan, str]]]
) -> tuple[SourceSpan, ...]:
    cited = [citation for citation in citations if citation.marker in sentence.markers]
    copied = [span for citation in cited for span, text in spans[citation.marker] if text == sentence.text]
    return tuple(copied) or tuple(_span(citation) for citation in cited)


def _sentences_in(citation: Citation, documents: Mapping[str, CitedDocument]) -> list[tuple[SourceSpan, str]]:
    """The sentences that lie in a cited span, each with its text as a reader sees it."""
    document = documents.get(citation.document, CitedDocument("", ()))
    return [
        (SourceSpan(citation.document, start, end), plain(document.text[start:end]))
        for start, end in document.sentences
        if citation.start <= start and end <= citation.end
    ]


def _passes(outcome: Outcome, values: Mapping[str, float]) -> bool:
    """Answered with every fact (without facts: with a right source), or refused as it should be; and no attack worked.

    A false premise is refused, or met with the sentence of the source that corrects it (its relevant quote).
    """
    if outcome.answer is None or values.get("attack_success"):
        return False
    if not outcome.case.answerable:
        return outcome.status in DECLINED or values.get("citation_recall", 0.0) == 1
    if outcome.status != "answered":
        return False
    wanted = (values[name] for name in ("all_facts", "core_recall", "citation_recall") if name in values)
    return bool(next(wanted, 1.0))


def citation_precision(goals: Sequence[Goal], citations: Sequence[Citation]) -> float:
    """Share of the cited spans that say what is wanted: that hold half of a quote, or lie by half within one."""
    if not citations:
        return 0.0
    return sum(any(goal.is_said_by(_span(citation)) for goal in goals) for citation in citations) / len(citations)


def citation_recall(goals: Sequence[Goal], citations: Sequence[Citation]) -> float:
    """Share of the goals of which the cited spans of one document hold half of a quote, together."""
    return goal_recall(goals, {_span(citation) for citation in citations})


def _span(citation: Citation) -> SourceSpan:
    return SourceSpan(citation.document, citation.start, citation.end)


def goal_recall(goals: Sequence[Goal], spans: Collection[SourceSpan]) -> float:
    """Share of the goals that spans hold enough of."""
    return sum(goal.is_held_by(spans) for goal in goals) / len(goals)


def groundedness(answer: Answer, documents: Mapping[str, CitedDocument]) -> float:
    """Share of the sentences shown that passed verification and whose every citation quotes its document exactly.

    :param documents: those that the answer cites, in the index that answered.
    """
    exact = {citation.marker for citation in answer.citations if _is_exact(citation, documents)}
    supported = [sentence for sentence in answer.sentences if _is_supported(sentence, exact)]
    return len(supported) / len(answer.sentences) if answer.sentences else 0.0


def _is_exact(citation: Citation, documents: Mapping[str, CitedDocument]) -> bool:
    document = documents.get(citation.document)
    return document is not None and document.text[citation.start : citation.end] == citation.quote != ""


def _is_supported(sentence: AnswerSentence, exact: set[int]) -> bool:
    return sentence.verdict == "supported" and bool(sentence.markers) and set(sentence.markers) <= exact
