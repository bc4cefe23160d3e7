"""`advisor index --questions`: a chat model writes the questions of sections, each verified, kept beside what curators wrote."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from scripted_model import Handler, scripted
from test_chat import settings_for
from typer.testing import CliRunner

from advisor.advisor import Advisor
from advisor.cli.main import app
from advisor.documents.yaml_values import yaml_value
from advisor.errors import ModelError
from advisor.features.question_writing import outstanding, read_questions_of, write_questions
from advisor.index import parts
from advisor.index.generation import open_current
from advisor.index.sync import sync
from advisor.settings import Settings

DOCUMENTS = {
    "leave.md": (
        "# Leave\n\n## Approval\n\nThe lead of the team approves a week of leave within two days. It is entered in the calendar that "
        "all of the team can see.\n\n## Illness\n\nWhoever is ill writes to the lead of the team before nine in the morning. A doctor's "
        "note is needed from the third day on.\n"
    ),
    "zoo.md": (
        "# Zoo\n\n## Food\n\nZebras are fed with hay twice a day in winter, and with grass in all of the other months of the year, "
        "from a clean trough.\n"
    ),
}
OWN = (
    'document: leave.md\nasked:\n  # by hand\n  - sentence: A doctor\'s note is needed\n    en: ["Do I need a sick note?"]\n'
)
LEAVE = (
    "Here they are:\n[1] en: Who lets me take a week off?\n[1] fr: Qui m'accorde une semaine de congé ?\n"
    "[1] en: Combien de temps ?\n[9] en: Which sentence is this?\n[2] en: no question\n"
)
ZOO = "[1] en: What do zebras eat in winter?\n[1] en: Who approves a week of leave within two days?\n"


@pytest.fixture
def folder(tmp_path: Path, embeddings) -> Settings:
    for name, text in {**DOCUMENTS, "asked/mine.yaml": OWN}.items():
        path = tmp_path / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    settings = Settings(
        corpus_dir=tmp_path / "corpus", index_dir=tmp_path / "index", state_dir=tmp_path / "state", num_results=1
    )
    sync(settings, embeddings)
    return settings


def kept(settings: Settings) -> dict[str, list[dict]]:
    files = sorted((settings.corpus_dir / "asked").glob("*.yaml"))
    return {path.name: yaml_value(path.read_text(encoding="utf-8"))["asked"] for path in files}


def test_questions_that_find_their_section_are_kept_below_what_a_curator_wrote(folder, embeddings, monkeypatch):
    """Of the replies, what has no form, no sentence or another language is left out, and what finds another section."""
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    with scripted(LEAVE, ZOO) as server:
        advisor = Advisor.open(settings_for(folder, server.url), embeddings)
        missing = outstanding(advisor.index)
        assert [section.heading for section in missing.sections] == [("Approval",), ("Food",)]  # Illness has its own
        assert missing.total == 3
        *_, last = write_questions(advisor, missing.sections)
        advisor.close()
        told = server.requests[0]["messages"]
    assert (last.sections, last.kept, last.missed) == (2, 3, 1)
    text = (folder.corpus_dir / "asked" / "mine.yaml").read_text(encoding="utf-8")
    assert text.startswith(OWN.rstrip())
    assert "read by nobody yet" in text
    assert kept(folder) == {
        "mine.yaml": [
            {"sentence": "A doctor's note is needed", "en": ["Do I need a sick note?"]},
            {
                "sentence": "The lead of the team approves a week of leave within two days.",
                "fr": ["Qui m'accorde une semaine de congé ?"],
                "en": ["Who lets me take a week off?"],
                "written_by": "openai:scripted",
            },
        ],
        "zoo.yaml": [
            {
                "sentence": DOCUMENTS["zoo.md"].rpartition("\n\n")[2].strip(),
                "en": ["What do zebras eat in winter?"],
                "written_by": "openai:scripted",
            }
        ],
    }
    assert "[3] en: How long" in told[0]["content"]
    assert told[1]["content"].startswith('<passage title="Leave › Approval">\n[1] The lead of the team')
    assert sync(folder, embeddings).failed == ()


def test_a_model_that_fails_ends_it_with_what_was_kept_and_the_next_run_goes_on(folder, embeddings, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    with scripted(LEAVE, lambda handler: Handler.fail(handler, 401)) as server:
        advisor = Advisor.open(settings_for(folder, server.url), embeddings)
        why = r"failed \(refused\) at zoo.md, after 1 sections. The 2 questions that were written are kept.*advisor index --questions"
        with pytest.raises(ModelError, match=why):
            list(write_questions(advisor, outstanding(advisor.index).sections))
        advisor.close()
    sync(folder, embeddings)
    with scripted(ZOO) as server:
        advisor = Advisor.open(settings_for(folder, server.url), embeddings)
        left = outstanding(advisor.index).sections
        assert [section.document for section in left] == ["zoo.md"]
        list(write_questions(advisor, left))
        advisor.close()
        assert len(server.requests) == 1
    assert list(kept(folder)) == ["mine.yaml", "zoo.yaml"]


def test_the_command_says_how_many_calls_and_indexes_what_was_written(folder, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    monkeypatch.setenv("ADVISOR_STATE_DIR", str(folder.state_dir))
    folders = ["--corpus", str(folder.corpus_dir), "--index", str(folder.index_dir)]
    without = CliRunner().invoke(app, ["index", "--questions", *folders])
    assert isinstance(without.exception, ModelError)
    assert "Set ADVISOR_CHAT_MODEL" in str(without.exception)
    with scripted(LEAVE, ZOO) as server:
        monkeypatch.setenv("ADVISOR_CHAT_MODEL", "openai:scripted")
        monkeypatch.setenv("ADVISOR_CHAT_URL", server.url)
        tried = CliRunner().invoke(app, ["index", "--questions", "--dry-run", *folders])
        assert "2 of 3 sections have no questions yet: as many calls of openai:scripted." in tried.stderr
        assert server.requests == []
        done = CliRunner().invoke(app, ["index", "--questions", *folders])
        assert done.exit_code == 0, done.output
        assert "2 of 2 sections:" in done.stderr
        again = CliRunner().invoke(app, ["index", "--questions", *folders])
        assert "0 of 3 sections have no questions yet" in again.stderr
        assert len(server.requests) == 2


def test_only_lines_of_the_form_are_questions():
    sentences = ("One.", "Two.")
    reply = "[1] en: Is it one?\n2 en: Is it two?\n[3] en: Is it three?\n[2] fr: Est-ce deux ?\n[2] de: Ist es zwei?\nnone\n"
    assert list(read_questions_of(reply, sentences)) == [("One.", "Is it one?"), ("Two.", "Est-ce deux ?")]


MODEL = "    written_by: openai:scripted\n"


@pytest.mark.parametrize(
    ("documents", "author", "many", "known"),
    [(12, MODEL, 1_000, True), (5, "", 1_000, False), (5, "", 120, True), (5, MODEL, 120, False)],
)
def test_phrasings_count_where_they_know_of_most_sections_or_people_wrote_many(
    tmp_path: Path, embeddings, monkeypatch, documents, author, many, known
):
    """Of 120 phrasings, those of twelve documents in a corpus of twelve count; those of five beside seven others count where
    they are many and people wrote them, not where a model that was stopped did."""
    monkeypatch.setattr(parts, "_MANY", many)
    (tmp_path / "corpus" / "asked").mkdir(parents=True)
    for number in range(12):
        sentence = f"Rule {number} of the house says that room {number} is closed on day {number} of the month."
        (tmp_path / "corpus" / f"{number}.md").write_text(f"# Room {number}\n\n{sentence}\n")
        if number < documents:
            asked = ", ".join(
                f'"When is room {number} closed, if I ask for the {at}th time?"' for at in range(120 // documents)
            )
            text = f'document: {number}.md\nasked:\n  - sentence: "{sentence}"\n    en: [{asked}]\n{author}'
            (tmp_path / "corpus" / "asked" / f"{number}.yaml").write_text(text)
    settings = Settings(corpus_dir=tmp_path / "corpus", index_dir=tmp_path / "index")
    sync(settings, embeddings)
    with closing(open_current(settings, embeddings)) as index:
        assert len(index.phrasings.questions) == 120
        assert (index.question_space is not None) == known
