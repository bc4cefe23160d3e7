"""The questions that the page proposes before the first one."""

from __future__ import annotations

import pytest

from advisor.advisor import Advisor
from advisor.features.starters import Starters
from advisor.index.sync import sync
from advisor.settings import Settings
from advisor.types import Language
from advisor.ui.texts import TEXTS
from advisor.ui.welcome import render_corpus

PROPOSED = {language: texts.proposed for language, texts in TEXTS.items()}
DOCUMENTS = {
    "bill": "finops",
    "first_days": "cto-role",
    "ai_act": "ai-governance",
    "board": "board-communication",
    "delivery": "delivery-metrics",
    "reorganise": "engineering-leadership",
}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_each_starter_gets_a_whole_answer_of_its_subject(advisor: Advisor, language: Language):
    found = Starters(advisor, PROPOSED).of(language)
    assert [starter.concern for starter in found] == list(DOCUMENTS)
    for starter in found:
        answer = advisor.ask(starter.question)
        assert (answer.status, answer.language, answer.writer) == ("answered", language, "curated"), starter.question
        assert not answer.reason
        assert {citation.document for citation in answer.citations} == {f"{language}/{DOCUMENTS[starter.concern]}.md"}
        assert len(answer.sentences) >= 4


def test_another_corpus_is_begun_with_its_own_questions(small_settings: Settings, embeddings):
    sync(small_settings, embeddings)
    advisor = Advisor.open(small_settings, embeddings)
    starters = Starters(advisor, PROPOSED)
    assert {starter.question for starter in starters.of("en")} >= {"Incident reviews?", "Talking to the board?"}
    assert {starter.question for starter in starters.of("fr")} >= {"Gouvernance de l'IA\u00a0?"}
    for language in ("fr", "en"):
        for starter in starters.of(language):
            assert (starter.concern, advisor.ask(starter.question).status) == ("", "answered")
    asked = small_settings.corpus_dir / "asked" / "incidents.yaml"
    asked.parent.mkdir()
    question = "How soon after an outage is it reviewed?"
    asked.write_text(
        f'document: en/incidents.md\nasked:\n  - sentence: "A blameless review takes place"\n    en: ["{question}"]\n',
        encoding="utf-8",
    )
    sync(small_settings, embeddings)
    assert question in [starter.question for starter in starters.of("en")]
    assert "5 documents" in render_corpus(advisor.index, TEXTS["en"])
    assert "1 Mar 2026" in render_corpus(advisor.index, TEXTS["en"])
    advisor.close()
