"""Curated answers made on the page, without the page: what is written, what is refused, what there is to work on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from conftest import ENGINES
from test_asked import ASKED, ENGLISH, FRENCH

from advisor.advisor import Advisor
from advisor.documents.yaml_values import yaml_value
from advisor.errors import CorpusError
from advisor.features.asked_files import CuratedEntry, keep_entry
from advisor.features.conversations import Conversations
from advisor.features.curated_answers import (
    Kept,
    Refusal,
    WantedAnswer,
    lines_of,
    nearest_documents,
    previews,
    publish_answer,
    refusal_of,
)
from advisor.features.worklist import Remark, handle, worklist
from advisor.index.phrasings import read_phrasings
from advisor.index.sync import sync
from advisor.limits import CORPUS_FILE, LINES, PHRASINGS
from advisor.settings import Settings
from advisor.storage.database import open_database
from advisor.storage.state_tables import handled, put

WHY, POURQUOI = "Why does the invoice climb?", "Pourquoi la facture grimpe-t-elle ?"
LINE = "Volume grows faster."
HAND_WRITTEN = "# ours\n" + ASKED.replace("asked:\n", "asked:\n  # the first\n") + "# the end\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for name, text in {
        "fr/costs.md": "---\ntranslation_of: en/costs.md\nlanguage: fr\n---\n" + FRENCH,
        "en/costs.md": "---\nlanguage: en\n---\n" + ENGLISH,
        "en/hiring.md": "# Hiring\n\nStructured interviews predict performance. Stay calm.\n\n- Stay calm and carry on.\n",
        "asked/costs.yaml": HAND_WRITTEN,
    }.items():
        path = tmp_path / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Settings(corpus_dir=tmp_path / "corpus", index_dir=tmp_path / "index", state_dir=tmp_path / "state")


@pytest.fixture
def advisor(settings: Settings, embeddings) -> Iterator[Advisor]:
    sync(settings, embeddings)
    opened = Advisor.open(settings, embeddings)
    yield opened
    opened.close()


def wanted(*lines: str, question: str = WHY, phrasings: tuple[str, ...] = (), document: str = "en/costs.md") -> WantedAnswer:
    return WantedAnswer(question, phrasings, document, lines)


def contents(settings: Settings) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in (settings.corpus_dir / "asked").iterdir()}


@pytest.mark.parametrize("held", [HAND_WRITTEN, HAND_WRITTEN.replace("  - ", "- ").replace("    ", "  ")])
def test_a_file_keeps_all_that_it_held_as_it_was_written(settings: Settings, held: str):
    path = settings.corpus_dir / "asked" / "costs.yaml"
    path.write_text(held, encoding="utf-8")
    before = read_phrasings(settings.corpus_dir)
    assert keep_entry(settings, CuratedEntry("en/costs.md", (LINE,), (WHY, POURQUOI))) == path
    assert path.read_text(encoding="utf-8").startswith(held.rstrip())
    *kept, added = read_phrasings(settings.corpus_dir)
    assert kept == before
    assert (added.document, added.lines, added.curated) == ("en/costs.md", (LINE,), True)
    assert sorted(added.questions) == sorted((WHY, POURQUOI))


def test_a_form_that_nothing_can_be_put_below_is_written_anew(settings: Settings):
    path = settings.corpus_dir / "asked" / "costs.yaml"
    path.write_text("asked: [{sentence: Volume grows, fr: [Et le volume ?]}]\ndocument: en/costs.md\n", encoding="utf-8")
    keep_entry(settings, CuratedEntry("en/costs.md", (LINE,), (WHY,)))
    assert [entry.questions for entry in read_phrasings(settings.corpus_dir)] == [("Et le volume ?",), (WHY,)]


def test_a_question_has_one_answer(settings: Settings):
    """It leaves the curated answer that had it, which goes with its last question, and those that nothing answers."""
    asked = settings.corpus_dir / "asked"
    (asked / "hiring.yaml").write_text(
        f'document: en/hiring.md\nasked:\n  - lines: [Structured]\n    en: ["WHY does the invoice climb?"]\n'
        f'  - lines: [Stay calm and]\n    en: ["{WHY}", "Calm?"]\n  - sentence: Structured\n    en: ["{WHY}"]\n',
        encoding="utf-8",
    )
    (asked / "not-covered.yaml").write_text(f'not_covered:\n  en: ["{WHY}", "Who?"]\n', encoding="utf-8")
    keep_entry(settings, CuratedEntry("en/costs.md", (LINE,), (WHY,)))
    assert yaml_value(contents(settings)["hiring.yaml"])["asked"] == [
        {"lines": ["Stay calm and"], "en": ["Calm?"]},
        {"sentence": "Structured", "en": [WHY]},
    ]
    assert yaml_value(contents(settings)["not-covered.yaml"]) == {"not_covered": {"en": ["Who?"]}}


def test_a_new_file_is_named_after_its_document(settings: Settings):
    for document, name in (
        ("en/hiring.md", "hiring.yaml"),
        ("fr/costs.md", "fr-costs.yaml"),
        ("fr/costs.pdf", "fr-costs-2.yaml"),
        ("été: l'offre.md", "ete-l-offre.yaml"),
        ("…", "document.yaml"),
    ):
        assert keep_entry(settings, CuratedEntry(document, (LINE,), (WHY,))).name == name


def test_whatever_is_written_is_read_as_it_was(settings: Settings):
    lines = ("- a: [b], #c", "'quoted' \"twice\"", "*star &and !bang", "0x10", "null", "a\\b 🙂 é\u00a0%")
    keep_entry(settings, CuratedEntry("en/hiring.md", lines, ("Yes: no?", "[x]?")))
    entry = next(entry for entry in read_phrasings(settings.corpus_dir) if entry.document == "en/hiring.md")
    assert entry.lines == lines
    assert set(entry.questions) == {"Yes: no?", "[x]?"}


def test_a_broken_or_full_file_is_told_and_nothing_is_written(settings: Settings):
    path = settings.corpus_dir / "asked" / "other.yaml"
    path.write_text("document: [", encoding="utf-8")
    before = contents(settings)
    with pytest.raises(CorpusError, match=r"other\.yaml is not"):
        keep_entry(settings, CuratedEntry("en/costs.md", (LINE,), (WHY,)))
    assert contents(settings) == before
    long = f"document: en/hiring.md\nasked:\n- sentence: {'x' * (CORPUS_FILE.most - 100)}\n"
    path.write_text(long, encoding="utf-8")
    before = contents(settings)
    with pytest.raises(CorpusError, match=r"other\.yaml: .* at most"):
        keep_entry(settings, CuratedEntry("en/hiring.md", ("x" * 100,), (WHY,)))
    assert contents(settings) == before


def test_what_cannot_be_kept(advisor: Advisor):
    def why(made: WantedAnswer) -> Refusal | None:
        return refusal_of(advisor.settings, advisor.index, made)

    assert why(wanted(LINE)) is None
    assert why(wanted(LINE, question=" \n")) == Refusal("no_question")
    assert why(wanted(LINE, question="?! 12")) == Refusal("no_question")
    assert why(wanted(LINE, phrasings=("a" * 2_001,))) == Refusal("long_question", "2000")
    assert why(wanted(LINE, phrasings=tuple(f"Why {n}?" for n in range(50)))) == Refusal("many_questions", "50")
    assert why(wanted(*[LINE] * 51)) == Refusal("many_lines", "50")
    assert why(wanted(LINE, document="en/gone.md")) == Refusal("no_document", "en/gone.md")
    assert why(wanted()) == Refusal("no_lines")
    assert why(wanted(LINE, "Not there.")) == Refusal("no_such_line", "Not there.")
    assert why(wanted("Stay calm", document="en/hiring.md")) == Refusal("no_such_line", "Stay calm")
    assert publish_answer(advisor, wanted(), None) == Refusal("no_lines")
    assert contents(advisor.settings) == {"costs.yaml": HAND_WRITTEN}
    assert (PHRASINGS.most, LINES.most) == (50, 50)


def test_lines_that_others_begin_with_cannot_be_chosen(advisor: Advisor):
    lines, total = lines_of(advisor.index, "en/hiring.md")
    assert [(line.text, line.is_alone) for line in lines] == [
        ("Structured interviews predict performance.", True),
        ("Stay calm.", True),
        ("Stay calm and carry on.", True),
    ]
    assert total == 3
    assert [line.text for line in lines_of(advisor.index, "en/hiring.md", "CARRY calm")[0]] == ["Stay calm and carry on."]
    assert lines_of(advisor.index, "en/gone.md") == ([], 0)


def test_readers_in_both_languages_get_the_lines_in_theirs(advisor: Advisor):
    made = wanted(LINE, "A unit cost can fall while the total bill rises.", phrasings=(POURQUOI,))
    shown = {one.language: one.answer.text for one in previews(advisor, made, advisor.index)}
    assert shown["en"].startswith("**Volume grows faster.** [1]")
    assert shown["fr"].startswith("**Le volume croît plus vite.** [1]")
    assert publish_answer(advisor, made, None) == Kept("asked/costs.yaml", is_answered=True)
    for question, language in ((WHY, "en"), (POURQUOI, "fr")):
        answer = advisor.ask(question)
        assert (answer.writer, answer.text) == ("curated", shown[language])


def test_a_question_is_answered_in_the_language_of_the_lines_where_there_is_no_other(advisor: Advisor):
    made = wanted("Stay calm and carry on.", question="Que faire quand tout va mal ?", document="en/hiring.md")
    shown = previews(advisor, made, advisor.index)
    assert [(one.language, one.answer.text) for one in shown] == [
        (name, "**Stay calm and carry on.** [1]") for name in ("fr", "en")
    ]
    assert publish_answer(advisor, made, None) == Kept("asked/hiring.yaml", is_answered=True)
    assert advisor.ask("Que faire quand tout va mal ?").text == shown[0].answer.text


def test_an_answer_that_cannot_be_indexed_yet_is_kept(advisor: Advisor):
    """Another document vanished with the folder's right to be read: the curator learns that the index did not follow."""
    path = advisor.settings.corpus_dir / "thesaurus.yaml"
    path.write_text("[", encoding="utf-8")
    kept = publish_answer(advisor, wanted(LINE), "grace")
    assert isinstance(kept, Kept)
    assert "thesaurus.yaml" in str(kept.problem)
    assert LINE in contents(advisor.settings)["costs.yaml"]


def test_the_nearest_documents_come_first_and_no_question_has_none(advisor: Advisor):
    assert nearest_documents(advisor, "Do structured interviews predict performance?", advisor.index)[0] == "en/hiring.md"
    assert nearest_documents(advisor, "  ", advisor.index) == []


@pytest.fixture(params=ENGINES)
def logging(request, small_settings: Settings, new_database, embeddings) -> Iterator[Advisor]:
    settings = small_settings.model_copy(update={"unanswered_log": True, "database_url": new_database(request.param)})
    sync(settings, embeddings)
    opened = Advisor.open(settings, embeddings)
    yield opened
    opened.close()


BOARD = "What does the board want?"
TART = "Quelle est la recette de la tarte Tatin ?"


def test_what_is_to_be_worked_on(logging: Advisor):
    settings, conversations = logging.settings, Conversations(logging.settings)
    assert worklist(settings, conversations) == []
    for question in (TART, "quelle est la RECETTE de la tarte tatin ?"):
        assert logging.ask(question).status != "answered"
    for user in ("ada", "grace"):
        answer = logging.ask(BOARD)
        conversations.keep(user, answer)
        conversations.rate(user, answer.id, "down", "incomplete", "Which ones?")
    conversations.rate("grace", answer.id, "up")
    asked = {one.question: one for one in worklist(settings, conversations)}
    assert len(asked) == 2
    tart = asked[TART]
    assert (tart.refused, tart.remarks, tart.language) == (2, (), "fr")
    board = asked[BOARD]
    assert (board.refused, board.remarks) == (0, (Remark("incomplete", "Which ones?"),))
    assert worklist(settings, conversations, "which ONES") == [board]
    assert worklist(settings, conversations, "which tart") == []


def test_a_handled_question_comes_back_when_it_is_asked_in_vain_or_judged_bad_again(logging: Advisor):
    settings, conversations = logging.settings, Conversations(logging.settings)
    logging.ask(TART)
    answer = logging.ask(BOARD)
    conversations.keep("ada", answer)
    conversations.rate("ada", answer.id, "down")
    handle(settings, [one.question for one in worklist(settings, conversations)])
    assert worklist(settings, conversations) == []
    conversations.rate("ada", answer.id, "down", "wrong")
    assert [one.question for one in worklist(settings, conversations)] == [answer.question]
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="milliseconds")
    with open_database(settings).writing() as database:
        put(database, handled, question="quelle est la recette de la tarte tatin ?", time=yesterday)
    assert {one.question for one in worklist(settings, conversations)} == {
        BOARD,
        TART,
    }
