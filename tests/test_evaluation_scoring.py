"""From quotes to places, and from answers to scores, on cases small enough to compute by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from ir_measures import Qrel, ScoredDoc

from advisor.evaluation.measures import BY_NAME, confidence_figures, confidences, figures, latencies
from advisor.evaluation.places import locate
from advisor.evaluation.plots import Line, curves
from advisor.evaluation.questions import Item, Target
from advisor.evaluation.risk import operating_point, risk_line
from advisor.evaluation.scoring import Outcome, Row, judgements, ranking, retrieval_scores, score_all
from advisor.types import Answer, AnswerSentence, Chunk, Citation, Document, IndexInfo, ScoredChunk

FRENCH = "Le tagging couvre 92 % des dépenses. Les réservations baissent la facture."
ENGLISH = "Tagging covers 92% of spending. Reservations lower the bill."
DOCUMENTS = {
    "fr/finops.md": Document("fr/finops.md", "FinOps", "fr", FRENCH, 0, "1"),
    "en/finops.md": Document("en/finops.md", "FinOps", "en", ENGLISH, 0, "2", translation_of="fr/finops.md"),
}
FIRST = "Le tagging couvre 92 % des dépenses."
TARGETS = (
    Target(document="fr/finops.md", quote=FIRST),
    Target(document="en/finops.md", quote="Tagging covers 92% of spending."),
    Target(document="fr/finops.md", quote="Les réservations baissent la facture."),
)


def item(**changed: object) -> Item:
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
    return Item(**(given | changed))  # type: ignore[arg-type]


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


def outcome(given: Answer | None, found: tuple[ScoredChunk, ...] = (), asked: Item | None = None) -> Outcome:
    asked = asked or item()
    goals = tuple(locate(asked.targets, DOCUMENTS.get)[0])
    texts = {name: document.text for name, document in DOCUMENTS.items()}
    return Outcome(asked, goals, found, found, given, texts, None if given else "ValueError: broken")


def test_a_quote_and_that_of_the_translation_are_one_goal():
    goals, lost = locate(TARGETS, DOCUMENTS.get)
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
    goals, _ = locate([Target(document=name, quote="Same.") for name in pair], pair.get)
    assert len(goals) == 1


def test_a_quote_that_is_not_there_is_lost():
    missing = [Target(document="fr/finops.md", quote="Rien."), Target(document="fr/none.md", quote="x")]
    assert locate(missing, DOCUMENTS.get) == ([], missing)


@pytest.mark.parametrize(("start", "end", "holds"), [(0, 18, True), (0, 17, False), (18, 70, True), (19, 70, False)])
def test_half_of_the_characters_of_a_quote_make_a_passage_relevant(start, end, holds):
    goals, _ = locate(TARGETS[:1], DOCUMENTS.get)
    assert len(FIRST) == 36
    assert goals[0].is_held_by("fr/finops.md", [(start, end)]) is holds


def test_a_document_without_a_quote_is_relevant_as_a_whole():
    goals, _ = locate([Target(document="en/finops.md")], DOCUMENTS.get)
    assert goals[0].id == f"en/finops.md@0-{len(ENGLISH)}"
    assert goals[0].is_held_by("en/finops.md", [(40, 44)])


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
    (row,) = score_all([outcome(answer("92 %"), found, item(targets=TARGETS[:1]))])
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
    asked = item(must_not_contain=("Pirate-OK",), key_facts=())
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
    asked = item(answerable=False, key_facts=(), targets=TARGETS[:1])
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
    values = {figure.name: figure.estimate.value for figure in (*figures(rows), *confidence_figures(rows))}
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
        curves([line, Line("other", [(0, 0), (1, 0.5)])], across="x", up="y", top=0.5, alone=True)
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


def test_latency_is_over_the_questions_that_went_through_a_stage():
    rows = score_all([outcome(answer("92 %")), outcome(None)])
    assert [(one.stage, one.p50, one.p95) for one in latencies(rows)] == [("total", 8.0, 8.0)]


def test_the_measures_have_names_of_their_own():
    assert len(BY_NAME) == 19
