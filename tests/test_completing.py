"""With a chat model or without, with a good line or a broken one: no answer says less than the corpus does."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from fault_proxy import FAULTS, faults
from scripted_model import KEY, scripted

from advisor.advisor import Advisor
from advisor.answering.completeness import Extract, complete
from advisor.answering.generative import GeneratedAnswer
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings
from advisor.types import AnswerSentence, Citation, SentenceReady

QUESTION = "De combien les réservations ont-elles réduit la facture ?"
TRUE = "Les réservations sur un an ont fait baisser la facture de 17 %. [1] Après six mois, le tagging couvre 92 % des dépenses du cloud. [1]"
BESIDE = (
    "Le tagging couvre 92 % des dépenses du cloud après six mois. [1] Après six mois, 92 % des dépenses du cloud sont "
    "couvertes par le tagging. [1]"
)


@pytest.fixture
def opened(small_settings: Settings, embeddings: Embeddings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr("advisor.models.chat._BACK_OFF_SECONDS", 0.01)
    sync(small_settings, embeddings)

    def with_model(url: str, **more: object) -> Advisor:
        chosen = {"chat_model": "openai:scripted", "chat_url": url, "chat_retries": 1, "answer_threshold": 0.0, **more}
        return Advisor.open(small_settings.model_copy(update=chosen), embeddings)

    return with_model


def test_a_model_that_answers_beside_the_question_gives_way(opened):
    with scripted(BESIDE) as server:
        advisor = opened(server.url)
        answer = advisor.ask(QUESTION)
        advisor.close()
    assert (answer.writer, answer.model.failure) == ("extractive", "less")
    assert "17 %" in answer.text
    assert "n’a pas repris l’essentiel" in answer.reason


def cited(marker: int, start: int, quote: str) -> Citation:
    return Citation(marker, "fr/a.md", "A", (), start, start + len(quote), 1, 1, quote)


FACTS = (
    "Le comité valide les budgets du cloud chaque trimestre.",
    "Chaque budget du cloud a un responsable nommé.",
    "Le rapport paraît 3 jours après la fin du mois.",
    "La Suisse a 26 cantons.",
)


@pytest.fixture
def whole() -> Extract:
    groups = ("", "", "how", "more")
    shown = [AnswerSentence(FACTS[n], (n + 1,), "supported", 1.0, groups[n]) for n in range(4)]
    return Extract(tuple(shown), (), tuple(cited(n + 1, 100 * n, FACTS[n]) for n in range(4)), "extractive")


def written_by_a_model(*texts: str) -> GeneratedAnswer:
    shown = tuple(AnswerSentence(text, (1,), "supported", 0.9) for text in texts)
    return GeneratedAnswer(shown=shown, citations=(cited(1, 0, FACTS[0]),))


def test_what_a_model_leaves_out_is_added_with_its_own_citation(whole: Extract):
    written = written_by_a_model(
        "Chaque trimestre, le comité valide les budgets du cloud.", "Un responsable est nommé pour chaque budget du cloud."
    )
    completed, [added] = complete(written, whole, "fr")
    assert (completed.failure, added.sentence.text, added.sentence.group) == (None, FACTS[2], "how")
    assert [(c.marker, c.quote) for c in added.citations] == [(2, FACTS[2])]
    assert added.sentence.markers == (2,)
    assert completed.shown == (*written.shown, added.sentence)
    assert [citation.marker for citation in completed.citations] == [1, 2]


def test_a_figure_left_out_is_a_fact_left_out(whole: Extract):
    vague = (*FACTS[:2], "Le rapport paraît quelques jours après la fin du mois.")
    assert [event.sentence.text for event in complete(written_by_a_model(*vague), whole, "fr")[1]] == [FACTS[2]]
    exact = (*FACTS[:2], "La fin du mois passe, trois jours, et le rapport paraît.")
    assert complete(written_by_a_model(*exact), whole, "fr")[1] == []


def test_in_another_language_the_lines_that_are_cited_count(whole: Extract):
    written = written_by_a_model("The committee approves.", "Each budget has an owner.", "The report takes 3 days.")
    written = replace(written, citations=tuple(cited(n + 1, 100 * n, FACTS[n]) for n in range(3)))
    assert complete(written, whole, "en") == (written, [])


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
