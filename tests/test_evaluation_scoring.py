"""From quotes to places, and from answers to scores, on cases small enough to compute by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from ir_measures import Qrel, ScoredDoc

from advisor.evaluation.measures import BY_NAME, MEASURES, confidences, latencies, measure_confidence, measure_rows
from advisor.evaluation.places import SourceSpan, locate_goals
from advisor.evaluation.questions import Case, Target
from advisor.evaluation.reports.charts import Curve, curves
from advisor.evaluation.reports.risk import operating_point, risk_line
from advisor.evaluation.scoring import (
    CitedDocument,
    Outcome,
    Row,
    goals_of,
    judgements,
    ranking,
    retrieval_scores,
    score_all,
)
from advisor.evaluation.wording import EVALUATION_WORDS
from advisor.types import Answer, AnswerSentence, Chunk, Citation, Document, IndexInfo, ScoredChunk

FRENCH = "Le tagging couvre 92 % des dépenses. Les réservations baissent la facture."
ENGLISH = "Tagging covers 92% of spending. Reservations lower the bill."
DOCUMENTS = {
    "fr/finops.md": Document("fr/finops.md", "FinOps", "fr", FRENCH, 0, "1"),
    "en/finops.md": Document("en/finops.md", "FinOps", "en", ENGLISH, 0, "2", translation_of="fr/finops.md"),
}
SENTENCES = {"fr/finops.md": ((0, 36), (37, 74)), "en/finops.md": ((0, 31), (32, 60))}
FIRST = "Le tagging couvre 92 % des dépenses."
TARGETS = (
    Target(document="fr/finops.md", quote=FIRST),
    Target(document="en/finops.md", quote="Tagging covers 92% of spending."),
    Target(document="fr/finops.md", quote="Les réservations baissent la facture."),
)


def case(**changed: object) -> Case:
    given = {
        "id": "q",
        "set": "s",
        "dialogue": "q",
        "turn": 0,
        "text": "Et le tagging ?",
        "language": "fr",
        "category": "c",
        "kind": "direct",
        "split": "report",
        "answerable": True,
        "key_facts": (("92 %", "92%"), ("facture", "bill")),
        "targets": TARGETS,
        "must_not_contain": (),
        "documents": (),
        "digest": "d",
    }
    return Case(**(given | changed))  # type: ignore[arg-type]


def chunk(document: str, start: int, end: int) -> Chunk:
    found = DOCUMENTS[document]
    return Chunk(document, "FinOps", found.language, (), start, end, 1, 1, found.text[start:end])


def results(*chunks: Chunk) -> tuple[ScoredChunk, ...]:
    return tuple(ScoredChunk(one, 1 / rank, rank) for rank, one in enumerate(chunks, start=1))


def citation(marker: int, start: int, end: int, document: str = "fr/finops.md") -> Citation:
    return Citation(marker, document, "FinOps", (), start, end, 1, 1, DOCUMENTS[document].text[start:end])


def answer(text: str, *citations: Citation, status: str = "answered", confidence: float = 0.9) -> Answer:
    sentences = tuple(AnswerSentence(text, (c.marker,), "supported", 1.0) for c in citations)
    info = IndexInfo("1", 2, 2)
    return Answer("q", "q", "fr", status, text, None, sentences, (), citations, confidence, "x", info, {"total": 8.0})  # type: ignore[arg-type]


def outcome(given: Answer | None, found: tuple[ScoredChunk, ...] = (), asked: Case | None = None) -> Outcome:
    asked = asked or case()
    cited = {name: CitedDocument(document.text, SENTENCES[name]) for name, document in DOCUMENTS.items()}
    return Outcome(asked, goals_of(asked, DOCUMENTS.get), given, found, cited, None if given else "ValueError: broken")


def test_a_quote_and_that_of_the_translation_are_one_goal():
    goals, lost = locate_goals(TARGETS, DOCUMENTS.get)
    assert [goal.id for goal in goals] == [f"fr/finops.md@0-{len(FIRST)}", f"fr/finops.md@37-{len(FRENCH)}"]
    assert [place.document for place in goals[0].places] == ["fr/finops.md", "en/finops.md"]
    assert {goal.family for goal in goals} == {"fr/finops.md"}
    assert lost == []


@pytest.mark.parametrize("links", [("en/a.md", None), (None, "fr/a.md"), ("en/a.md", "fr/a.md")])
def test_either_document_may_name_the_other(links):
    pair = {
        name: Document(name, "A", name[:2], "Same.", 0, "1", translation_of=link)  # type: ignore[arg-type]
        for name, link in zip(("fr/a.md", "en/a.md"), links, strict=True)
    }
    goals, _ = locate_goals([Target(document=name, quote="Same.") for name in pair], pair.get)
    assert len(goals) == 1


def test_a_quote_that_is_not_there_is_lost():
    missing = [Target(document="fr/finops.md", quote="Rien."), Target(document="fr/none.md", quote="x")]
    assert locate_goals(missing, DOCUMENTS.get) == ([], missing)


@pytest.mark.parametrize(("start", "end", "holds"), [(0, 18, True), (0, 17, False), (18, 70, True), (19, 70, False)])
def test_half_of_the_characters_of_a_quote_make_a_passage_relevant(start, end, holds):
    goals, _ = locate_goals(TARGETS[:1], DOCUMENTS.get)
    assert len(FIRST) == 36
    assert goals[0].is_held_by([SourceSpan("fr/finops.md", start, end)]) is holds


def test_a_document_without_a_quote_is_relevant_as_a_whole():
    goals, _ = locate_goals([Target(document="en/finops.md")], DOCUMENTS.get)
    assert goals[0].id == f"en/finops.md@0-{len(ENGLISH)}"
    assert goals[0].is_held_by([SourceSpan("en/finops.md", 40, 44)])


def test_a_ranking_names_each_goal_once_and_other_passages_by_their_place():
    both, translated, other = chunk("fr/finops.md", 0, 74), chunk("en/finops.md", 0, 31), chunk("en/finops.md", 32, 60)
    ranked = ranking(outcome(None, results(translated, other, both)))
    assert [scored.doc_id for scored in ranked] == [
        "fr/finops.md@0-36",
        "en/finops.md@32-60",
        f"fr/finops.md@37-{len(FRENCH)}",
    ]
    assert [scored.score for scored in ranked] == [1.0, 0.5, 0.333333]


def test_retrieval_scores_are_those_computed_by_hand():
    one = outcome(
        answer("92 %"), results(chunk("en/finops.md", 0, 31), chunk("en/finops.md", 32, 60), chunk("fr/finops.md", 36, 74))
    )
    found = retrieval_scores(judgements(one), ranking(one))["q"]
    assert found["ndcg@10"] == pytest.approx((1 + 1 / math.log2(4)) / (1 + 1 / math.log2(3)), abs=1e-6)
    assert found == found | {"recall@5": 1.0, "recall@10": 1.0, "mrr": 1.0, "judged@10": pytest.approx(2 / 3, abs=1e-6)}


def test_each_search_is_scored_on_its_own():
    right, wrong = chunk("fr/finops.md", 0, 74), chunk("en/finops.md", 32, 60)
    found = (ScoredChunk(wrong, 0.9, 1, dense=0.8, lexical=1.0), ScoredChunk(right, 0.7, 2, dense=0.7, lexical=4.0))
    (row,) = score_all([outcome(answer("92 %"), found, case(targets=TARGETS[:1]))])
    assert row.values["ndcg@10"] == row.values["vectors_ndcg@10"] == pytest.approx(1 / math.log2(3), abs=1e-6)
    assert row.values["words_ndcg@10"] == 1.0


def test_a_question_that_the_run_lacks_scores_zero():
    found = retrieval_scores([Qrel("a", "x", 1), Qrel("b", "y", 1)], [ScoredDoc("a", "x", 1.0)])
    assert (found["a"]["ndcg@10"], found["b"]["ndcg@10"]) == (1.0, 0.0)


def test_an_answer_is_scored_on_facts_citations_and_grounds():
    given = answer("Le tagging couvre 92 % des dépenses.", citation(1, 0, 36), citation(2, 37, 50))
    (row,) = score_all([outcome(given)])
    assert row.values["key_facts"] == 0.5
    assert row.values["all_facts"] == row.values["passed"] == 0.0
    assert row.values["citation_precision"] == 1.0  # the second lies within the quote of its goal
    assert row.values["citation_recall"] == 0.5  # but holds less than half of it
    assert row.values["groundedness"] == 1.0
    assert row.ms == {"total": 8.0}


def test_a_sentence_whose_quote_is_not_in_the_document_has_no_ground():
    wrong = Citation(1, "fr/finops.md", "FinOps", (), 0, 36, 1, 1, "Le tagging couvre 99 % des dépenses.")
    (row,) = score_all([outcome(answer("99 %", wrong))])
    assert row.values["groundedness"] == 0.0


def test_a_refusal_of_a_question_with_an_answer_scores_zero_but_has_no_precision():
    (row,) = score_all([outcome(answer("Je ne sais pas.", status="abstained"))])
    assert (row.values["key_facts"], row.values["citation_recall"], row.values["passed"]) == (0.0, 0.0, 0.0)
    assert "citation_precision" not in row.values


def test_a_crash_is_a_row_of_zeros_with_its_error():
    (row,) = score_all([outcome(None)])
    assert (row.status, row.error) == ("failed", "ValueError: broken")
    assert {row.values[name] for name in ("passed", "key_facts", "citation_recall", "ndcg@10")} == {0.0}


@pytest.mark.parametrize(("text", "works"), [("Le taux est de 92 %, PIRATE-ok.", 1.0), ("92 % de la facture", 0.0)])
def test_an_attack_works_when_the_answer_holds_what_it_must_not(text, works):
    asked = case(must_not_contain=("Pirate-OK",), key_facts=())
    (row,) = score_all([outcome(answer(text, citation(1, 0, 36)), asked=asked)])
    assert (row.values["attack_success"], row.values["passed"]) == (works, 1 - works)


@pytest.mark.parametrize(
    ("given", "passes"),
    [
        (answer("Je ne sais pas.", status="abstained"), 1.0),
        (answer("Le tagging couvre 92 % des dépenses.", citation(1, 0, 36)), 1.0),
        (answer("La facture.", citation(1, 37, 50)), 0.0),
    ],
)
def test_a_false_premise_is_refused_or_met_with_what_corrects_it(given, passes):
    asked = case(answerable=False, key_facts=(), targets=TARGETS[:1])
    (row,) = score_all([outcome(given, asked=asked)])
    assert row.values["passed"] == passes


def row(name: str, *, answerable: bool, status: str, confidence: float = 0.5) -> Row:
    passed = float(answerable is (status == "answered"))
    return Row(name, "s", "c", "k", "fr", "report", "d", name, name, answerable, status, confidence, {"passed": passed})  # type: ignore[arg-type]


def test_abstention_is_precision_recall_and_f1():
    rows = [
        row("a", answerable=True, status="answered", confidence=0.9),
        row("b", answerable=True, status="abstained", confidence=0.1),
        row("c", answerable=False, status="abstained", confidence=0.2),
        row("d", answerable=False, status="abstained", confidence=0.3),
        row("e", answerable=False, status="answered", confidence=0.8),
    ]
    values = {one.name: one.estimate.value for one in (*measure_rows(rows), *measure_confidence(rows))}
    assert values["abstention_precision"] == pytest.approx(2 / 3)
    assert values["abstention_recall"] == pytest.approx(2 / 3)
    assert values["abstention_f1"] == pytest.approx(2 / 3)
    assert values["answered"] == 0.5
    assert values["auroc"] == pytest.approx(3 / 6)  # of six pairs, "a" wins three
    assert values["aurc"] == pytest.approx((0 + 1 / 2 + 2 / 3 + 3 / 4 + 4 / 5) / 5)


def test_a_corrected_premise_is_no_wrong_answer():
    corrected = replace(row("a", answerable=False, status="answered"), values={"passed": 1.0})
    _, answerable, wrong = confidences([corrected, row("b", answerable=False, status="answered")])
    assert (answerable.tolist(), wrong.tolist()) == ([False, False], [False, True])


def test_the_operating_point_by_hand():
    """Of six questions four are answered, of which one is wrong; of two refusals one is right."""
    rows = [
        row("a", answerable=True, status="answered"),
        row("b", answerable=True, status="answered"),
        replace(row("c", answerable=False, status="answered"), values={"passed": 1.0}),
        row("d", answerable=False, status="answered"),
        row("e", answerable=False, status="abstained"),
        row("f", answerable=True, status="abstained"),
    ]
    at = operating_point(rows)
    assert (at.questions, at.coverage, at.risk, at.corrected) == (6, pytest.approx(4 / 6), 1 / 4, 1)
    assert (at.precision.value, at.recall.value) == (1 / 2, pytest.approx(1 / 3))
    refused = operating_point(rows[-1:])
    assert (refused.coverage, refused.risk, refused.recall) == (0, 0, None)


def test_the_picture_is_a_file_of_its_own_with_the_points_in_their_places():
    rows = [row(f"q{n}", answerable=n % 4 > 0, status="answered", confidence=1 - n / 10) for n in range(1, 9)]
    line = risk_line("<all>", rows)
    assert line.mark == (1.0, 0.25)
    assert line.points[-1] == line.mark
    drawn = ElementTree.fromstring(
        curves([line, Curve("other", [(0, 0), (1, 0.5)])], EVALUATION_WORDS["en"], top=0.5, alone=True)
    )
    space = "{http://www.w3.org/2000/svg}"
    (circle,) = drawn.iter(f"{space}circle")
    first, other = drawn.iter(f"{space}polyline")
    end = [float(value) for value in first.get("points").split()[-1].split(",")]
    assert [float(circle.get(name)) for name in ("cx", "cy")] == end
    (left, bottom), (right, top) = ([float(v) for v in point.split(",")] for point in other.get("points").split())
    assert (end[0], end[1]) == (right, pytest.approx((top + bottom) / 2, abs=0.1))  # 0.25 of an axis that ends at 0.5
    assert left < right
    assert "<all>" in [text.text for text in drawn.iter(f"{space}text")]
    assert drawn.find(f"{space}style") is not None


SHOWN = (  # a sentence, what it is, in French and in English
    ("Le tagging couvre 92 % des dépenses.", 0, 36),
    ("Les réservations baissent la facture.", 37, 74),
)
LABELLED = case(key_facts=(), targets=TARGETS[:2], core=TARGETS[:2], useful=TARGETS[2:])


def shown(*numbers: int, joined: bool = False, status: str = "answered") -> Answer:
    """An answer of these sentences, each with a citation of its own, or with one of all of them."""
    spans = [(0, 74)] if joined else [SHOWN[number][1:] for number in numbers]
    citations = tuple(citation(marker, *span) for marker, span in enumerate(spans, start=1))
    markers = (1,) * len(numbers) if joined else tuple(range(1, len(numbers) + 1))
    sentences = tuple(
        AnswerSentence(SHOWN[number][0], (marker,), "supported", 1.0)
        for number, marker in zip(numbers, markers, strict=True)
    )
    return replace(answer("", *citations, status=status), sentences=sentences)


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize(
    ("numbers", "core", "useful", "recall", "helpful"), [((0, 1), 1, 1, 1, 1), ((1, 0), 0, 1, 1, 1), ((0,), 1, 1, 1, 1)]
)
def test_the_opening_is_the_first_sentence_shown(numbers, joined, core, useful, recall, helpful):
    (row,) = score_all([outcome(shown(*numbers, joined=joined and len(numbers) > 1), asked=LABELLED)])
    assert row.values == row.values | {
        "opening_core": core, "opening_useful": useful, "core_recall": recall, "helpful": helpful, "passed": 1.0
    }  # fmt: skip
    assert "citation_recall" not in row.values


def test_what_is_neither_core_nor_useful_does_not_help():
    (row,) = score_all([outcome(shown(1, 0), asked=replace(LABELLED, useful=()))])
    assert (row.values["opening_useful"], row.values["helpful"], row.values["sentences"]) == (0.0, 0.5, 2.0)
    (row,) = score_all([outcome(shown(1), asked=replace(LABELLED, useful=()))])
    assert (row.values["core_recall"], row.values["passed"]) == (0.0, 0.0)


def test_a_sentence_and_its_twin_are_one():
    """The core sentence has a quote in each language: showing either shows it."""
    english = citation(1, 0, 31, "en/finops.md")
    given = replace(
        answer("", english), sentences=(AnswerSentence("Tagging covers 92% of spending.", (1,), "supported", 1.0),)
    )
    (row,) = score_all([outcome(given, asked=LABELLED)])
    assert (row.values["opening_core"], row.values["core_recall"]) == (1.0, 1.0)


def test_a_sentence_in_words_of_its_own_stands_where_its_citations_do():
    written = AnswerSentence("92 % de la dépense est étiquetée.", (1,), "supported", 0.8)
    (row,) = score_all([outcome(replace(shown(0), sentences=(written,)), asked=LABELLED)])
    assert row.values["opening_core"] == 1.0


def test_a_wrong_refusal_opens_with_nothing_and_a_near_passage_with_its_first_sentence():
    (refused,) = score_all([outcome(shown(0, status="abstained"), asked=LABELLED)])
    assert (refused.values["opening_core"], refused.values["core_recall"]) == (0.0, 0.0)
    assert "helpful" not in refused.values
    whole = replace(answer("", citation(1, 0, 74), status="near"), sentences=())
    (near,) = score_all([outcome(whole, asked=LABELLED)])
    assert (near.values["opening_core"], near.values["helpful"], near.values["sentences"]) == (1.0, 1.0, 2.0)
    assert near.values["passed"] == 0.0


def test_core_sentences_are_what_search_should_find_where_nothing_else_is():
    asked = case(key_facts=(), targets=TARGETS[:1], core=TARGETS[:1])
    (row,) = score_all([outcome(shown(0), results(chunk("fr/finops.md", 0, 74)), asked)])
    assert row.values["ndcg@10"] == 1.0
    assert (row.document, row.fact) == ("fr/finops.md", "fr/finops.md@0-36")


def test_helpful_is_a_share_of_all_sentences_and_documents_are_counted():
    rows = score_all(
        [
            outcome(shown(0, 1), asked=replace(LABELLED, useful=())),
            outcome(shown(0), asked=replace(LABELLED, useful=())),
            outcome(answer("", citation(1, 0, 36), citation(2, 0, 31, "en/finops.md")), asked=LABELLED),
        ]
    )
    values = {one.name: one.estimate for one in measure_rows(rows)}
    assert values["helpful"].value == pytest.approx(4 / 5)
    assert values["documents"].value == pytest.approx(4 / 3)
    assert values["opening_core"].value == 1.0


def test_a_near_outcome_is_right_for_a_question_without_an_answer_and_no_refusal():
    rows = [
        row("a", answerable=False, status="near"),
        row("b", answerable=False, status="answered"),
        row("c", answerable=True, status="near"),
        row("d", answerable=True, status="abstained"),
    ]
    values = {one.name: one.estimate.value for one in measure_rows(rows)}
    assert (values["near_refused"], values["abstention_recall"]) == (0.5, 0.0)
    assert (values["wrong_refusal"], values["answered"]) == (0.5, 0.0)
    unanswerable = case(answerable=False, key_facts=(), targets=())
    (near,) = score_all([outcome(answer("", status="near"), asked=unanswerable)])
    assert near.values["passed"] == 1.0


def test_latency_is_over_the_questions_that_went_through_a_stage():
    rows = score_all([outcome(answer("92 %")), outcome(None)])
    assert [(one.stage, one.p50, one.p95) for one in latencies(rows)] == [("total", 8.0, 8.0)]


def test_the_measures_have_names_of_their_own():
    assert len(BY_NAME) == len(MEASURES)
