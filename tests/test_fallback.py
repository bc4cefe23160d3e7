"""What a chat model wrote is the answer; where it is none, or the line breaks, sentences of the corpus are."""

from __future__ import annotations

import json
import random

import pytest
from fault_proxy import FAULTS, faults
from scripted_model import KEY, scripted

from advisor.advisor import Advisor
from advisor.answering.fallback import Extract, after
from advisor.answering.generative import GeneratedAnswer
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings
from advisor.text.plain import plain
from advisor.types import Answer, AnswerSentence, Citation, SentenceReady

QUESTION = "De combien les réservations ont-elles réduit la facture ?"
TRUE = "Les réservations sur un an ont fait baisser la facture de 17 %. [1] Après six mois, le tagging couvre 92 % des dépenses du cloud. [1]"
BESIDE = (
    "Le tagging couvre 92 % des dépenses du cloud après six mois. [1] Après six mois, 92 % des dépenses du cloud sont "
    "couvertes par le tagging. [1]"
)


@pytest.fixture
def opened(small_settings: Settings, embeddings: Embeddings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr("advisor.models.retries._BACK_OFF_SECONDS", 0.01)
    sync(small_settings, embeddings)

    def with_model(url: str, **more: object) -> Advisor:
        chosen = {"chat_model": "openai:scripted", "chat_url": url, "chat_retries": 1, "answer_threshold": 0.0, **more}
        return Advisor.open(small_settings.model_copy(update=chosen), embeddings)

    return with_model


def test_an_answer_of_a_model_is_not_measured_by_the_extractive_one(opened):
    """It stands as it was written: nothing is put behind it, and what fails takes nothing from what stands."""
    false = "".join(f" Les réservations ont réduit la facture de {share} %. [1]" for share in (71, 72, 73))
    with scripted(BESIDE + false) as server:
        advisor = opened(server.url)
        *before, answer = advisor.stream(QUESTION)
        advisor.close()
    assert (answer.writer, answer.model.failure, answer.reason) == ("openai:scripted", None, None)
    assert [sentence.is_quoted for sentence in answer.sentences] == [False, False, True]
    assert plain(answer.sentences[2].text) == "Les réservations sur un an ont réduit la facture de 17 %."
    assert len(answer.withheld) == 3
    assert [event.sentence for event in before if isinstance(event, SentenceReady)] == list(answer.sentences)


def test_what_was_shown_does_not_vanish_when_the_rest_fails(opened):
    """One sentence stands: it stays where the reader saw it, and the extractive answer follows under markers of its own."""
    first = "Après six mois, 92 % des dépenses du cloud sont couvertes par le tagging."
    with scripted(f"{first} [1] Les réservations ont réduit la facture de 71 %. [1]") as server:
        advisor = opened(server.url)
        *before, answer = advisor.stream(QUESTION)
        advisor.close()
    seen = [event.sentence for event in before if isinstance(event, SentenceReady)]
    assert (answer.writer, answer.model.failure) == ("extractive", "little")
    assert seen == list(answer.sentences)
    assert seen[0].text == first
    assert any("17 %" in sentence.text for sentence in seen[1:])
    assert "Après ce que le modèle a écrit" in answer.reason
    assert "71" not in answer.text
    assert [one.text for one in answer.withheld] == ["Les réservations ont réduit la facture de 71 %."]
    assert_each_marker_has_one_citation(answer, before)


def assert_each_marker_has_one_citation(answer: Answer, events: list) -> None:
    markers = [citation.marker for citation in answer.citations]
    assert sorted(markers) == sorted(set(markers)) == sorted({m for one in answer.sentences for m in one.markers})
    told = [citation for event in events if isinstance(event, SentenceReady) for citation in event.citations]
    assert sorted(citation.marker for citation in told) == sorted(markers)


def cited(marker: int, start: int, quote: str) -> Citation:
    return Citation(marker, "fr/a.md", "A", (), start, start + len(quote), 1, 1, quote)


FACTS = (
    "Le comité valide les budgets du cloud chaque trimestre.",
    "Chaque budget du cloud a un responsable nommé.",
    "Le rapport paraît 3 jours après la fin du mois.",
)


def test_the_extractive_answer_does_not_repeat_what_the_model_copied():
    shown = [AnswerSentence(FACTS[n], (n + 1,), "supported", 1.0) for n in range(3)]
    whole = Extract(tuple(shown), (), tuple(cited(n + 1, 100 * n, FACTS[n]) for n in range(3)), "extractive")
    written = GeneratedAnswer(
        shown=(AnswerSentence(FACTS[2], (1,), "supported", 0.9),), citations=(cited(1, 200, FACTS[2]),), failure="little"
    )
    put = after(written, whole)
    assert [(sentence.text, sentence.markers) for sentence in put.shown] == [
        (FACTS[2], (1,)),
        (FACTS[0], (2,)),
        (FACTS[1], (3,)),
    ]
    assert {citation.marker: citation.quote for citation in put.citations} == {1: FACTS[2], 2: FACTS[0], 3: FACTS[1]}
    assert [event.sentence.text for event in put.events(1)] == [FACTS[0], FACTS[1]]


GAP = "Les passages ne disent pas combien coûtent les réservations."


def test_a_note_that_the_core_is_missing_is_an_abstention(opened):
    with scripted(GAP) as server:
        advisor = opened(server.url)
        *before, answer = advisor.stream("Combien coûtent les réservations ?")
        advisor.close()
    assert (answer.status, answer.reason, answer.model.failure) == ("abstained", GAP, None)
    assert answer.sentences == answer.citations == ()
    assert not any(isinstance(event, SentenceReady) for event in before)


def test_one_sentence_beside_a_note_on_what_is_missing_stands(opened):
    with scripted(f"Les réservations sur un an ont fait baisser la facture de 17 %. [1] {GAP}") as server:
        advisor = opened(server.url)
        answer = advisor.ask("Combien coûtent les réservations ?")
        advisor.close()
    assert (answer.status, answer.writer, answer.reason) == ("answered", "openai:scripted", GAP)
    assert [sentence.text for sentence in answer.sentences] == [
        "Les réservations sur un an ont fait baisser la facture de 17 %."
    ]


def test_a_model_that_says_it_all_in_its_words_is_left_alone(opened):
    with scripted(TRUE) as server:
        advisor = opened(server.url)
        answer = advisor.ask(QUESTION)
        advisor.close()
    assert answer.writer == "openai:scripted"
    assert len(answer.sentences) == 2


def script_of(seed: int) -> list[tuple[str, int]]:
    generator = random.Random(seed)
    return [(generator.choice(FAULTS), generator.choice([0, 40, 200, 700, 1_500, 4_000])) for _ in range(12)]


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "none"])
@pytest.mark.parametrize("after", [0, 900])
def test_no_broken_line_is_a_failed_answer(opened, fault, after):
    with scripted(TRUE) as server, faults(server.url, [(fault, after)]) as proxy:
        advisor = opened(proxy.url, chat_seconds=1.5)
        answer = advisor.ask(QUESTION)
        advisor.close()
    assert proxy.met
    assert answer.status == "answered"
    assert "17 %" in answer.text
    assert answer.writer == "extractive" or answer.model.failure is None
    assert KEY not in json.dumps(answer.reason)


def test_a_line_that_breaks_in_every_way_in_turn(opened):
    with scripted(TRUE) as server, faults(server.url, script_of(5)) as proxy:
        advisor = opened(proxy.url, chat_seconds=1.5, chat_retries=2)
        for _ in range(12):
            events = list(advisor.stream(QUESTION))
            assert events[-1].status == "answered"
            assert "17 %" in events[-1].text
            shown = [event.sentence for event in events if isinstance(event, SentenceReady)]
            assert all(one.verdict == "supported" for one in shown)
        advisor.close()
    assert len(set(proxy.met)) > 5
