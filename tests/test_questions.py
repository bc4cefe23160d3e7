from __future__ import annotations

import json
from pathlib import Path

import pytest

from advisor.answering.intake import asks_private_fact


@pytest.mark.parametrize(
    "question",
    [
        "Quel sera le chiffre d’affaires de notre entreprise au prochain trimestre ?",
        "Combien de développeurs ont quitté notre entreprise en octobre ?",
        "Notre directeur financier va-t-il accepter mon budget mardi ?",
        "What did our directors vote last week?",
        "Will the vendor raise its prices next March?",
        "Quel est le mot de passe de notre console AWS ?",
        "Où est rangée la clé de chiffrement de nos sauvegardes ?",
        "How much does my head of product earn?",
    ],
)
def test_what_only_the_asker_or_the_future_knows_is_seen(question: str):
    assert asks_private_fact(question)


@pytest.mark.parametrize(
    "question",
    [
        "Quel budget prévoir pour notre migration ?",
        "How much will our cloud bill fall with FinOps?",
        "Will AI replace developers?",
        "Que dois-je dire au COMEX mardi ?",
        "What changed in the AI Act in July 2026?",
        "Comment protéger nos mots de passe d’administration ?",
        "Where should our encryption keys be kept?",
        "Combien gagne un CTO ?",
    ],
)
def test_a_question_for_advice_is_not(question: str):
    assert not asks_private_fact(question)


def test_no_question_that_the_corpus_answers_is_taken_for_one(project_root: Path):
    for path in (project_root / "evals" / "questions").glob("*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            question = json.loads(line)
            assert not (question["answerable"] and asks_private_fact(question.get("question", ""))), question["id"]
