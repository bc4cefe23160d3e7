"""BM25: the analysis of both languages, and scores worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from advisor.index.bm25 import KeywordIndex, write_keyword_index
from advisor.text.language import LANGUAGES
from advisor.text.terms import terms
from advisor.types import Chunk, Language


def chunk(name: str, text: str, language: Language = "fr") -> Chunk:
    """Its embedded text is a blank line and the text: no title, no heading."""
    return Chunk(name, "", language, (), 0, len(text), 1, 1, text)


def index_of(folder: Path, chunks: list[Chunk]) -> KeywordIndex:
    write_keyword_index(folder / "lexical", chunks)
    return KeywordIndex(folder / "lexical")


def search(index: KeywordIndex, question: str, num_results: int = 10) -> list[tuple[str, float]]:
    wanted = {language: dict.fromkeys(terms(question, language), 1.0) for language in LANGUAGES}
    return index.search(wanted, num_results=num_results)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("La stratégie", "fr", ["strateg"]),
        ("STRATEGIE, stratégies", "fr", ["strateg", "strateg"]),
        ("l'entreprise d’aujourd’hui qu'elle", "fr", ["entrepris", "aujourd", "hui"]),
        ("Les équipes étaient migrées", "fr", ["equip", "migre"]),
        ("The companies are migrating", "en", ["compani", "migrat"]),
        ("What does the CTO.", "en", ["cto"]),
        ("comment faire pour que", "fr", []),
        ("how should we", "en", []),
        ("", "fr", []),
        ("17\u00a0% de 10\u00a0000\u00a0€\u00a0: «\u00a0oui\u00a0»", "fr", ["17", "10", "000", "oui"]),
        ("ISO 27001, S3 & 2.3 M€", "fr", ["iso", "27001", "s3", "2", "3"]),
    ],
)
def test_terms(text: str, language: Language, expected: list[str]) -> None:
    assert terms(text, language) == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_acronyms_are_not_stop_words(language: Language) -> None:
    """Usual lists of French stop words hold "ai" (j'ai) and "eu" (j'ai eu)."""
    assert terms("AI, IA, EU, UE, US, DSI", language) == ["ai", "ia", "eu", "ue", "us", "dsi"]


def test_accents_elisions_and_endings_do_not_matter(tmp_path: Path) -> None:
    index = index_of(tmp_path, [chunk("a", "L'évolution de la stratégie d'entreprise"), chunk("b", "Le budget du cloud")])
    for question in ("strategie", "STRATÉGIES", "les entreprises", "évolutions"):
        assert [key for key, _ in search(index, question)] == ["a@0-40"]
    assert search(index, "comment faire pour") == []
    assert search(index, "recette") == []
    assert search(index, "") == []


def test_a_chunk_is_analysed_in_its_own_language(tmp_path: Path) -> None:
    index = index_of(tmp_path, [chunk("en", "Migrating companies", "en"), chunk("fr", "Les migrations", "fr")])
    assert [key for key, _ in search(index, "company")] == ["en@0-19"]
    assert index.document_frequency("compani", "en") == 1
    assert index.document_frequency("compani", "fr") == 0


def test_bm25_by_hand(tmp_path: Path) -> None:
    """N = 3; "cloud" is in 2, "finop" in 1; lengths 1, 2, 3, mean 2; k1 = 1.2, b = 0.75 (tantivy's, as Lucene's)."""
    index = index_of(tmp_path, [chunk("a", "cloud"), chunk("b", "finops cloud"), chunk("c", "budget budget équipe")])
    idf_cloud, idf_finops = math.log(1 + 1.5 / 2.5), math.log(1 + 2.5 / 1.5)
    assert index.idf("cloud", "fr") == pytest.approx(idf_cloud)
    assert index.idf("finop", "fr") == pytest.approx(idf_finops)
    assert index.idf("absent", "fr") == index.idf("finop", "fr")

    def weight(frequency: int, length: int) -> float:
        return frequency * 2.2 / (frequency + 1.2 * (0.25 + 0.75 * length / 2))

    found = search(index, "cloud finops")
    # Each term is looked for in both fields; only the French one holds documents.
    assert [key for key, _ in found] == ["b@0-12", "a@0-5"]
    assert [score for _, score in found] == pytest.approx(
        [(idf_cloud + idf_finops) * weight(1, 2), idf_cloud * weight(1, 1)], rel=1e-5
    )
    [(key, score)] = search(index, "budgets")
    assert (key, score) == ("c@0-20", pytest.approx(idf_finops * weight(2, 3), rel=1e-5))


def test_worth_and_number_of_results(tmp_path: Path) -> None:
    index = index_of(tmp_path, [chunk("a", "cloud"), chunk("b", "finops"), chunk("c", "équipe")])
    found = index.search({"fr": {"cloud": 1.0, "finop": 0.5}, "en": {}}, num_results=10)
    assert [key for key, _ in found] == ["a@0-5", "b@0-6"]
    assert found[1][1] == pytest.approx(found[0][1] / 2, rel=1e-5)
    assert len(search(index, "cloud finops équipe", num_results=2)) == 2


def test_nearest(tmp_path: Path) -> None:
    index = index_of(tmp_path, [chunk("a", "gouvernance kubernetes ia")])
    assert [index.nearest(term, "fr") for term in terms("kubernites", "fr")] == terms("kubernetes", "fr")
    assert index.nearest("zzzz", "fr") is None
    assert index.nearest("ai", "fr") is None


def test_an_index_stays_on_disk(tmp_path: Path) -> None:
    first = index_of(tmp_path, [chunk(f"d{n}", f"mot{n} cloud") for n in range(200)])
    expected = search(first, "cloud mot7")
    assert KeywordIndex(tmp_path / "lexical").size == first.size == 200
    assert search(KeywordIndex(tmp_path / "lexical"), "cloud mot7") == expected
    assert expected[0][0] == "d7@0-10"


def test_an_index_of_nothing(tmp_path: Path) -> None:
    index = index_of(tmp_path, [])
    assert index.size == 0
    assert search(index, "cloud") == []
