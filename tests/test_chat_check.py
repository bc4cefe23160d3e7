"""`advisor doctor --chat`: what a chat model wrote, what became of each sentence, and how long it took."""

from __future__ import annotations

import json

import pytest
from scripted_model import KEY, Reply, scripted
from typer.testing import CliRunner, Result

from advisor.cli.main import app
from advisor.errors import SettingsError
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings

QUESTION = "When does a blameless review take place after an outage?"
TRUE = "A blameless review takes place within five days of an outage. [1]"
OWNED = "Every action has an owner and a date. [1]"
FALSE = "A blameless review takes place within ninety days of an outage. [1]"


@pytest.fixture
def check(small_settings: Settings, embeddings: Embeddings, monkeypatch: pytest.MonkeyPatch):
    sync(small_settings, embeddings)
    places = ["--corpus", str(small_settings.corpus_dir), "--index", str(small_settings.index_dir)]

    def run(*options: str, reply: Reply = "", threshold: str = "0.0") -> Result:
        with scripted(reply) as server:
            settings = {"CHAT_MODEL": "openai:scripted", "CHAT_URL": server.url, "CHAT_KEY": KEY, "CHAT_RETRIES": "0"}
            for name, value in {**settings, "ANSWER_THRESHOLD": threshold}.items():
                monkeypatch.setenv(f"ADVISOR_{name}", value)
            return CliRunner().invoke(app, ["doctor", "--chat", "--question", QUESTION, *places, *options])

    return run


def test_the_draft_the_verdicts_and_the_times_are_shown(check):
    shown = check(reply=f"{TRUE} {FALSE} {OWNED}")
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout.splitlines()
    assert lines[0] == f"openai:scripted: {QUESTION}"
    assert f"    {TRUE} {FALSE} {OWNED}" in lines
    marks = [line[:4] for line in lines if line[:4] in ("ok  ", "held")]
    assert marks == ["ok  ", "held", "ok  "]
    assert "the passage does not state" in shown.stdout
    assert all(name in lines[-1] for name in ("first text", "first verified sentence", "whole answer"))


def test_the_same_as_json(check):
    told = json.loads(check("--json", reply=f"{TRUE} {FALSE} {OWNED}").stdout)
    assert [one["verdict"] for one in told["sentences"]] == ["supported", "unsupported", "supported"]
    assert told["failure"] is None
    assert 0 < told["ms"]["first_text"] <= told["ms"]["first_sentence"] <= told["ms"]["whole"]


def test_a_model_whose_sentences_do_not_pass_fails(check):
    shown = check(reply=FALSE)
    assert shown.exit_code == 1
    assert f"held {FALSE.removesuffix(' [1]')}" in shown.stdout
    assert "FAIL The answer is made of sentences of the corpus" in shown.stdout
    assert "ok  " not in shown.stdout


def test_a_model_that_does_not_answer_fails(check):
    shown = check(reply=lambda handler: handler.fail(500))
    assert shown.exit_code == 1
    assert "out of order" in shown.stdout
    assert KEY not in shown.output


def test_a_question_that_the_corpus_does_not_answer(check):
    shown = check(reply=TRUE, threshold="1.0")
    assert shown.exit_code == 1
    assert "the chat model was not asked" in shown.stdout


def test_without_a_chat_model_it_says_so():
    with pytest.raises(SettingsError, match="no chat model is set"):
        CliRunner().invoke(app, ["doctor", "--chat"], catch_exceptions=False)
