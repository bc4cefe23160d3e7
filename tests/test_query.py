"""A question in the corpus's words: what is rewritten, what is left alone."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from advisor.advisor import Advisor
from advisor.index.generation import Generation, open_current
from advisor.index.sync import sync
from advisor.index.thesaurus import read_thesaurus, used_forms, words
from advisor.models.embeddings import Embeddings
from advisor.retrieval.query import analyse
from advisor.settings import Settings
from advisor.types import Language

THESAURUS = """
- {fr: [CTO, directeur technique], en: [CTO, head of engineering]}
- {fr: [étiquetage, tagging, imputation], en: [tagging, cost allocation]}
"""


@pytest.fixture
def index(small_settings: Settings, embeddings: Embeddings):
    (small_settings.corpus_dir / "thesaurus.yaml").write_text(THESAURUS, encoding="utf-8")
    sync(small_settings, embeddings)
    opened = open_current(small_settings, embeddings)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("question", "expanded"),
    [
        ("Que présente le directeur technique ?", "Que présente le CTO ?"),
        ("Quelle part des dépenses l'imputation couvre-t-elle ?", "Quelle part des dépenses l'étiquetage couvre-t-elle ?"),
        # The documents say "tagging" themselves: to rewrite it would take the question away from them.
        ("Quelle part des dépenses le tagging couvre-t-il ?", "Quelle part des dépenses le tagging couvre-t-il ?"),
    ],
)
def test_only_words_that_no_document_uses_are_replaced(index: Generation, question: str, expanded: str):
    assert analyse(index, question, "fr").expanded == expanded


@pytest.mark.parametrize(
    ("question", "expanded"),
    [
        ("Who wrote the Kubernets migraton notes?", "Who wrote the Kubernets Migration notes?"),  # a name is a name
        ("How many milion euros did it cost?", "How many million euros did it cost?"),
        # Near a word of the documents, and a word of its own.
        ("Is there a blamable reviewer?", "Is there a blamable reviewer?"),
    ],
)
def test_only_mistyped_words_are_put_right(index: Generation, question: str, expanded: str):
    assert analyse(index, question, "en").expanded == expanded


def test_a_word_that_is_left_alone_still_finds_its_other_forms(index: Generation):
    terms = analyse(index, "Le tagging", "fr").terms
    assert set(terms["fr"]) >= {"tagging", "etiquetag", "imput"}


@pytest.mark.parametrize(
    ("question", "language", "names"),
    [
        ("What did Oslo decide in 2024?", "en", ("oslo", "2024")),
        # What the asker tells of himself is not asked for; a name may still be what the question is about.
        ("We have 20 teams. What did Oslo decide?", "en", ("oslo",)),
        ("Notre app est en Flutter, avec 300 clients. Que choisir ?", "fr", ("flutter",)),
        ("My board meets on Thursday: what do I show?", "en", ()),
        ("Et combien ? (à propos de : Que vaut le taux en 2024 ?)", "fr", ("2024",)),
    ],
)
def test_the_names_of_a_question(index: Generation, question: str, language: Language, names: tuple[str, ...]):
    assert analyse(index, question, language).names == names


@pytest.mark.parametrize(
    ("question", "spelled"),
    [
        ("Was the programme modernised?", "Was the programme modernized?"),
        ("What was the colour of the enterprise?", "What was the colour of the enterprise?"),  # in neither spelling
    ],
)
def test_english_is_read_in_the_spelling_of_the_documents(
    small_settings: Settings, embeddings: Embeddings, question, spelled
):
    text = "# Moves\n\nThe data center was modernized in 2024, and the team migrated.\n"
    (small_settings.corpus_dir / "en" / "moves.md").write_text(text, encoding="utf-8")
    sync(small_settings, embeddings)
    opened = open_current(small_settings, embeddings)
    try:
        assert analyse(opened, question, "en").expanded == spelled
    finally:
        opened.close()


def test_used_forms_are_whole_words_in_any_case_and_number(tmp_path):
    path = tmp_path / "thesaurus.yaml"
    path.write_text("- {fr: [serveur, deux fournisseurs, hôte], en: [server]}\n", encoding="utf-8")
    used = used_forms(read_thesaurus(path), ["Les Serveurs de deux fournisseurs", "un observateur, des serveurs"])
    assert used == {words("serveur"): 2, words("deux fournisseurs"): 1}
    assert used_forms((), ["texte"]) == {}


def test_an_everyday_word_weighs_no_more_than_a_rare_one_of_a_small_corpus(tmp_path: Path, embeddings: Embeddings):
    (tmp_path / "corpus").mkdir()
    for name, text in {
        "credits.md": "# Service credits\n\nUnder the S.L.A. the client gets a credit of 4 % for every hour beyond the first.\n",
        "desk.md": "# Help desk\n\nThe help desk answers calls around the clock, in two languages, from an office in Lille.\n",
    }.items():
        (tmp_path / "corpus" / name).write_text(text, encoding="utf-8")
    settings = Settings(corpus_dir=tmp_path / "corpus", index_dir=tmp_path / "index")
    sync(settings, embeddings)
    with closing(Advisor.open(settings, embeddings)) as advisor:
        assert "a credit of 4 %" in advisor.ask("What credit does the SLA give?").text
        assert advisor.ask("What does the SLA say about fires?").status == "abstained"
