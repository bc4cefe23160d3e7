from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from advisor.advisor import Advisor
from advisor.documents.chunking import chunk_document
from advisor.documents.reading import parse_document
from advisor.errors import CorpusError
from advisor.index.catalog import Catalog, StoredChunk
from advisor.index.catalog_edit import edit_catalog
from advisor.index.phrasings import PhrasingIndex, build_phrasing_index, locate, phrasings_digest, read_phrasings
from advisor.index.sync import sync
from advisor.settings import Settings

FRENCH = "# Coûts\n\nLe coût unitaire peut baisser tandis que la facture totale monte. Le volume croît plus vite.\n"
ENGLISH = "# Costs\n\nA unit cost can fall while the total bill rises. Volume grows faster.\n"
ASKED = """document: en/costs.md
asked:
  - sentence: A unit cost can fall while
    fr: ["Chaque commande nous revient moins cher et pourtant on paie plus, est-ce normal ?"]
    en: ["Is it normal that we pay more although every order got cheaper?"]
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    for name, text in {
        "fr/costs.md": "---\ntranslation_of: en/costs.md\nlanguage: fr\n---\n" + FRENCH,
        "en/costs.md": "---\nlanguage: en\n---\n" + ENGLISH,
        "en/hiring.md": "# Hiring\n\nStructured interviews predict performance. An order of arrival is no criterion.\n",
        "asked/costs.yaml": ASKED,
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def asked_settings(corpus: Path, tmp_path: Path) -> Settings:
    return Settings(corpus_dir=corpus, index_dir=tmp_path / "index")


def chunks_of(corpus: Path) -> list[StoredChunk]:
    documents = [parse_document(name, (corpus / name).read_bytes()) for name in ("en/costs.md", "fr/costs.md")]
    cut = [(document, chunk_document(document, chunk_chars=900)) for document in documents]
    path = corpus.with_name("catalog.sqlite")
    path.unlink(missing_ok=True)
    edit_catalog(path, None, cut, ())
    with closing(Catalog(path)) as catalog:
        return [stored for document in documents for stored in catalog.chunks_of(document.id)]


def test_a_phrasing_is_answered_by_the_sentence_and_its_translation(corpus):
    chunks = chunks_of(corpus)
    [outline], lost = locate(read_phrasings(corpus), chunks)
    sentences = [each.chunk.text_of(sentence) for each in chunks for sentence in each.chunk.sentences]
    assert lost == []
    assert {sentences[number][:12] for number in (*outline.lines, *outline.twins)} == {"A unit cost ", "Le coût unit"}
    assert len(outline.questions) == 2
    assert not outline.curated


CURATED = """document: en/costs.md
asked:
  - lines: [Volume grows faster, A unit cost can fall while]
    fr: ["Pourquoi la facture grimpe-t-elle alors que chaque commande coûte moins ?"]
    en: ["Why does our bill climb when each order gets cheaper to serve?"]
"""


def test_a_curated_answer_gives_its_lines_in_their_order_in_the_language_of_the_asker(asked_settings, embeddings):
    (asked_settings.corpus_dir / "asked" / "costs.yaml").write_text(CURATED, encoding="utf-8")
    sync(asked_settings, embeddings)
    advisor = Advisor.open(asked_settings, embeddings)
    for question, texts in (
        ("Why does our bill climb when each order gets cheaper to serve?", ["Volume grows faster.", "A unit cost can fall"]),
        (
            "Pourquoi la facture grimpe-t-elle alors que chaque commande coûte moins ?",
            ["Le volume croît", "Le coût unitaire"],
        ),
    ):
        answer = advisor.ask(question)
        assert (answer.status, answer.writer) == ("answered", "curated")
        assert [s.text[: len(text)] for s, text in zip(answer.sentences, texts, strict=True)] == texts
        assert {s.verdict for s in answer.sentences} == {"supported"}
    advisor.close()


def test_outlines_are_as_near_as_their_two_nearest_phrasings(corpus, embeddings):
    outlines, _ = locate(read_phrasings(corpus), chunks_of(corpus))
    index = build_phrasing_index(
        [replace(outlines[0], questions=("a", "b", "c")), outlines[0]], embeddings.encode_questions, None
    )
    near = np.array([0.2, 0.9, 0.5, 0.1, 0.3], np.float32)
    assert index.by_outline(near).tolist() == pytest.approx([0.9, 0.3])
    assert index.by_outline(near, most=2).tolist() == pytest.approx([0.7, 0.2])
    by_sentence = index.by_sentence(np.array([0.7, 0.2], np.float32), 4)
    assert by_sentence[list(index.lines[0])].tolist() == pytest.approx([0.7, 0.7])
    assert sorted(by_sentence.tolist())[:2] == [-1.0, -1.0]
    assert index.questions_for(int(index.lines[0][0])) == list(index.questions)


def test_a_beginning_that_no_sentence_or_two_have_is_lost(corpus):
    chunks = chunks_of(corpus)
    entry = read_phrasings(corpus)[0]
    nowhere, everywhere = replace(entry, lines=("No sentence",)), replace(entry, lines=("",))
    assert locate([nowhere, everywhere], chunks) == ([], [(nowhere, "No sentence"), (everywhere, "")])


def test_a_question_put_as_the_curator_foresaw_finds_its_sentence_in_both_languages(asked_settings, embeddings):
    sync(asked_settings, embeddings)
    advisor = Advisor.open(asked_settings, embeddings)
    for question, document in (
        ("Is it normal that we pay more although every order got cheaper?", "en/costs.md"),
        ("Chaque commande nous revient moins cher et pourtant on paie plus, est-ce normal ?", "fr/costs.md"),
    ):
        answer = advisor.ask(question)
        assert answer.status == "answered"
        assert answer.citations[0].document == document
    advisor.close()


def test_an_entry_without_its_sentence_is_reported_and_stops_nothing(asked_settings, embeddings):
    path = asked_settings.corpus_dir / "asked" / "costs.yaml"
    path.write_text(ASKED.replace("A unit cost can fall while", "A sentence that was rewritten"), encoding="utf-8")
    report = sync(asked_settings, embeddings)
    assert [failed.document for failed in report.failed] == ["asked/costs.yaml"]
    assert "A sentence that was rewritten" in report.failed[0].error
    assert report.documents == 3


def test_a_new_question_makes_a_new_generation_and_embeds_itself_alone(asked_settings, embeddings):
    first = sync(asked_settings, embeddings)
    path = asked_settings.corpus_dir / "asked" / "costs.yaml"
    path.write_text(ASKED.replace("]\n", ', "Why does the invoice grow?"]\n'), encoding="utf-8")
    second = sync(asked_settings, embeddings)
    third = sync(asked_settings, embeddings)
    assert second.generation != first.generation
    assert (second.embedded, second.unchanged) == (0, 3)
    assert third.generation == second.generation


def test_vectors_of_known_phrasings_are_used_again(corpus, embeddings):
    phrasings, _ = locate(read_phrasings(corpus), chunks_of(corpus))
    first = build_phrasing_index(phrasings, embeddings.encode_questions, None)
    marked = replace(first, vectors=np.full_like(first.vectors, 0.5))
    assert (build_phrasing_index(phrasings, embeddings.encode_questions, marked).vectors == 0.5).all()


@pytest.mark.parametrize(
    "content", ["[]", "document: x", "asked: {", "document: x\nasked:\n  - fr: []\n", "document: x\nasked: 3"]
)
def test_a_file_of_another_form_is_an_error_that_names_it(corpus, content):
    (corpus / "asked" / "costs.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(CorpusError, match=r"costs\.yaml is not"):
        read_phrasings(corpus)


def test_a_corpus_without_questions_has_an_empty_index(tmp_path, embeddings):
    index = build_phrasing_index([], embeddings.encode_questions, None)
    index.save(tmp_path / "asked.npz")
    loaded = PhrasingIndex.load(tmp_path / "asked.npz")
    assert loaded.nearest(np.zeros(0, np.float32), num_results=5, offset=0) == {}
    assert phrasings_digest(tmp_path) == ""


def test_a_few_curated_answers_change_no_other_answer(small_settings, embeddings):
    """Few phrasings vote for what they know of, whatever is asked."""
    asked = ("How much did the Kubernetes migration cost?", "When does a blameless review take place?")
    answers = []
    for _ in range(2):
        sync(small_settings, embeddings)
        advisor = Advisor.open(small_settings, embeddings)
        answers.append([advisor.ask(question).text for question in asked])
        known = advisor.ask("Who brings the coffee?")
        advisor.close()
        path = small_settings.corpus_dir / "asked" / "board.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            "document: en/board.md\nasked:\n- lines: [The CTO]\n  en: [Who brings the coffee?]\n", encoding="utf-8"
        )
    assert answers[0] == answers[1]
    assert (known.writer, known.text) == ("curated", "**The CTO presents it every six weeks.** [1]")


def test_a_question_of_those_that_nothing_answers_is_refused_and_no_other(small_settings, embeddings):
    path = small_settings.corpus_dir / "asked" / "not-covered.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text("not_covered:\n  en: [When does a blameless review take place?]\n", encoding="utf-8")
    sync(small_settings, embeddings)
    with closing(Advisor.open(small_settings, embeddings)) as advisor:
        assert advisor.ask("when does a blameless review take place").status == "abstained"
        assert advisor.ask("How much did the Kubernetes migration cost?").status == "answered"
