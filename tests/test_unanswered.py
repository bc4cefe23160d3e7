"""The log of questions without an answer: what is in it, what is not, and what a curator reads."""

from __future__ import annotations

import asyncio
import json
import logging
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from pages import open_page, serve_app
from typer.testing import CliRunner

from advisor.advisor import Advisor
from advisor.answering import unanswered
from advisor.answering.unanswered import Unanswered, log_file, log_unanswered, masked, read
from advisor.cli.main import app
from advisor.errors import EvaluationError
from advisor.evaluation.gaps import NO_SUBJECT, OWN_FACTS, AskedInVain, backlog
from advisor.evaluation.questions import Case
from advisor.evaluation.runner import ask_cases
from advisor.features.suggestions import next_questions
from advisor.index.sync import sync
from advisor.settings import Settings

TART = "Quelle est la recette de la tarte Tatin aux pommes ?"
REVIEW = "When does a blameless review take place after an outage?"


@pytest.fixture
def logging_advisor(small_settings: Settings, embeddings) -> Advisor:
    settings = small_settings.model_copy(update={"unanswered_log": True})
    sync(settings, embeddings)
    opened = Advisor.open(settings, embeddings)
    yield opened
    opened.close()


def refused(advisor: Advisor, question: str = TART):
    answer = advisor.ask(question)
    assert answer.status == "abstained"
    return answer


def test_nothing_is_kept_unless_it_is_turned_on(small_settings: Settings, embeddings):
    sync(small_settings, embeddings)
    advisor = Advisor.open(small_settings, embeddings)
    assert refused(advisor).nearest
    assert not log_file(small_settings).exists()
    advisor.close()


def test_a_line_says_what_was_asked_and_nothing_of_who_asked(logging_advisor: Advisor):
    answer = refused(logging_advisor)
    assert logging_advisor.ask(REVIEW).status == "answered"
    path = log_file(logging_advisor.settings)
    (line,) = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert line == {
        "date": datetime.now(UTC).date().isoformat(),
        "language": "fr",
        "question": TART,
        "reason": "unsure",
        "nearest": list(answer.nearest),
    }
    assert all(f"« {name} »" in answer.text for name in line["nearest"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_follow_up_is_kept_as_the_question_on_its_own(logging_advisor: Advisor):
    answer = logging_advisor.ask("Et combien de temps ?", history=[TART])
    (line,) = read(log_file(logging_advisor.settings))
    assert answer.question != line.question == answer.standalone_question


def test_the_reasons_are_told_apart(logging_advisor: Advisor, small_settings: Settings):
    surely = refused(logging_advisor)
    log_unanswered(logging_advisor.settings, surely, 0.0)  # found, but no sentence of it was verified
    assert [line.reason for line in read(log_file(small_settings))] == ["unsure", "unsupported"]


def test_every_way_of_asking_writes_one_line(logging_advisor: Advisor, browser, monkeypatch: pytest.MonkeyPatch):
    """REST, MCP, the page and the command line; an answered question writes none."""
    settings = logging_advisor.settings

    async def over_mcp(address: str) -> None:
        async with (
            httpx2.AsyncClient(timeout=60) as http,
            Client(streamable_http_client(f"{address}/mcp", http_client=http)) as client,
        ):
            await client.call_tool("ask", {"question": f"{TART} mcp"})

    with serve_app(logging_advisor) as address:
        assert httpx2.post(f"{address}/api/ask", json={"question": f"{TART} rest"}, timeout=60).is_success
        assert httpx2.post(f"{address}/api/ask", json={"question": REVIEW}, timeout=60).json()["status"] == "answered"
        with ThreadPoolExecutor(1) as pool:  # Playwright keeps an event loop running in this thread
            pool.submit(asyncio.run, over_mcp(address)).result()
        page = open_page(browser, address)
        page.fill("#question textarea", f"{TART} page")
        page.keyboard.press("Enter")
        page.locator("#thread .actions").wait_for()
        page.context.close()
    for name in ("corpus", "index", "state"):
        monkeypatch.setenv(f"ADVISOR_{name.upper()}_DIR", str(getattr(settings, f"{name}_dir")))
    monkeypatch.setenv("ADVISOR_UNANSWERED_LOG", "true")
    assert CliRunner().invoke(app, ["ask", f"{TART} cli"]).exit_code == 0
    assert [line.question.split()[-1] for line in read(log_file(settings))] == ["rest", "mcp", "page", "cli"]


def test_neither_evaluations_nor_suggestions_are_in_it(logging_advisor: Advisor, tmp_path: Path):
    poison = tmp_path / "poisoned" / "note.md"
    poison.parent.mkdir()
    poison.write_text("# Canteen\n\nLunch is at noon.\n", encoding="utf-8")
    outcomes = ask_cases(logging_advisor, [_case("plain"), _case("attack", poison)])
    assert [outcome.answer.status for outcome in outcomes] == ["abstained", "abstained"]
    told = []
    logging_advisor.watch(told.append)
    assert not logging_advisor.would_answer(TART, "fr", logging_advisor.index)
    next_questions(logging_advisor, logging_advisor.ask(REVIEW))
    assert len(told) == 1  # the review alone: what is tried for suggestions is no question of anybody's
    assert not log_file(logging_advisor.settings).exists()


def _case(name: str, *documents: Path) -> Case:
    return Case(
        id=name,
        set="s",
        dialogue=name,
        turn=0,
        text=TART,
        language="fr",
        category="c",
        kind="off-topic",
        split="report",
        answerable=False,
        key_facts=(),
        targets=(),
        must_not_contain=(),
        documents=documents,
        digest="",
    )


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Écrire à jean.dupont+cto@acme-group.fr ?", "Écrire à [e-mail] ?"),
        ("Appelez le 06 12 34 56 78 demain", "Appelez le [number] demain"),
        ("ou le 06.12.34.56.78", "ou le [number]"),
        ("ou le +33 (0)6 12\u00a034\u00a056\u00a078.", "ou le [number]."),
        ("call (555) 123-4567, +45 12 34 56 78 or 0049/30/123456", "call [number], [number] or [number]"),
        ("card 4111-1111-1111-1111", "card [number]"),
        ("ISO 27001 in 2025 or 2026-2027, 92 % of 12,000,000 €", "ISO 27001 in 2025 or 2026-2027, 92 % of 12,000,000 €"),
        ("on 2026-11-23 at 10:30, § 1.2.3", "on 2026-11-23 at 10:30, § 1.2.3"),
        ("follow @acme at 5 p.m.", "follow @acme at 5 p.m."),
    ],
)
def test_addresses_and_numbers_are_masked(said: str, kept: str):
    assert masked(said) == kept


def test_what_is_masked_never_reaches_the_file(logging_advisor: Advisor):
    refused(logging_advisor, "Quelle tarte aime jean@acme.fr, au 06 12 34 56 78 ?")
    text = log_file(logging_advisor.settings).read_text(encoding="utf-8")
    assert "acme" not in text
    assert "34" not in json.loads(text)["question"]
    assert "[e-mail], au [number]" in text


def test_a_full_log_keeps_its_newer_half(logging_advisor: Advisor, monkeypatch: pytest.MonkeyPatch):
    answer = refused(logging_advisor)
    path = log_file(logging_advisor.settings)
    length = path.stat().st_size
    monkeypatch.setattr(unanswered, "MOST_BYTES", 10 * length)
    for number in range(40):
        log_unanswered(logging_advisor.settings, _asking(answer, f"{number:02d}" + TART[2:]), 1.0)
        assert path.stat().st_size <= 11 * length
    kept = [int(line.question[:2]) for line in read(path)]
    assert kept == list(range(kept[0], 40))
    assert len(kept) >= 4
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {one.name for one in path.parent.iterdir()} <= {"unanswered.jsonl", "unanswered.jsonl.lock"}


def _asking(answer, question: str):
    return replace(answer, standalone_question=question)


def test_several_threads_write_whole_lines(logging_advisor: Advisor, monkeypatch: pytest.MonkeyPatch):
    answer = refused(logging_advisor)
    path = log_file(logging_advisor.settings)
    path.unlink()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: log_unanswered(logging_advisor.settings, _asking(answer, f"{n} ?"), 1.0), range(60)))
    assert sorted(int(line.question.split()[0]) for line in read(path)) == list(range(60))


def test_an_answer_comes_although_the_log_cannot_be_written(logging_advisor: Advisor, caplog: pytest.LogCaptureFixture):
    log_file(logging_advisor.settings).mkdir(parents=True)
    with caplog.at_level(logging.WARNING, "advisor.answering.unanswered"):
        refused(logging_advisor)
    assert "was not written to" in caplog.text


def test_the_backlog_is_by_subject_the_most_asked_first():
    def line(question: str, *nearest: str, reason: str = "unsure", date: str = "2026-11-02") -> Unanswered:
        return Unanswered(date=date, language="fr", question=question, reason=reason, nearest=nearest)

    subjects = backlog([
        line("Our revenue?", "FinOps", reason="private"),
        line("Our margin?", "FinOps", reason="private"),
        line("Our tax?", "FinOps", reason="private"),
        line("Et le GreenOps ?", "FinOps", "Cloud"),
        line("ET LE GREENOPS ?", "FinOps", date="2026-11-23"),
        line("A tart?"),
        line("Le quantique ?", "IA"),
    ])  # fmt: skip
    assert [(one.name, one.times) for one in subjects] == [("FinOps", 2), (NO_SUBJECT, 1), ("IA", 1), (OWN_FACTS, 3)]
    assert subjects[0].questions == (AskedInVain("ET LE GREENOPS ?", 2, "2026-11-23"),)


def test_the_command_shows_the_backlog(logging_advisor: Advisor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("ADVISOR_STATE_DIR", str(logging_advisor.settings.state_dir))
    done = CliRunner().invoke(app, ["eval", "unanswered"])
    assert isinstance(done.exception, EvaluationError)
    assert "ADVISOR_UNANSWERED_LOG=true" in str(done.exception)
    subject = refused(logging_advisor).nearest[0]
    refused(logging_advisor)
    shown = CliRunner().invoke(app, ["eval", "unanswered"]).stdout
    assert "2 times the corpus had no answer." in shown
    assert f"   2  {subject}" in shown
    assert f"{TART} (× 2)" in shown
    (told,) = json.loads(CliRunner().invoke(app, ["eval", "unanswered", "--json"]).stdout)["subjects"]
    assert (told["name"], told["times"], told["questions"][0]["question"]) == (subject, 2, TART)
    (tmp_path / "mine.jsonl").write_text('{"date": "2026-11-23", "user": "ada"}\n')
    done = CliRunner().invoke(app, ["eval", "unanswered", str(tmp_path / "mine.jsonl")])
    assert "mine.jsonl:1: language: Field required" in str(done.exception)
