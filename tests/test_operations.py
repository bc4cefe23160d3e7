"""The examples of docs/operations.md do what they say."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import PASSWORD, Served, serve
from typer.testing import CliRunner

import advisor
from advisor.accounts.users import add_user, new_token
from advisor.cli.main import app

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


CALLS = [call for block in examples("sh") for call in block.replace("\\\n", " ").splitlines() if call.startswith("curl")]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, embeddings) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("operations"), embeddings) as running:
        add_user(running.settings, "grace", PASSWORD, "curator")
        yield running


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on PATH")
@pytest.mark.parametrize("call", CALLS, ids=[re.search(r"/api/\w+", call)[0] for call in CALLS])
def test_each_call_is_answered(served: Served, call: str):
    shown = call.replace("http://127.0.0.1:7860", served.address).replace(
        "finops.md?start=0&end=200", "board.md?start=0&end=20"
    )
    command = shlex.split(shown.replace("$TOKEN", new_token(served.settings, "grace")))
    done = subprocess.run([*command, "--fail-with-body", "--noproxy", "*"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    if '"stream": true' in call:
        assert done.stdout.startswith("event: stage\n")
    else:
        assert "code" not in json.loads(done.stdout)


def test_there_is_a_call_for_each_path():
    described = {path.split("/")[2] for path in re.findall(r"http://127.0.0.1:7860(/api/\w+)", TEXT)}
    assert described == {"health", "ask", "search", "sources", "index"}
    assert len(CALLS) == 7


def test_commands_named_exist():
    run = CliRunner().invoke
    for line in (line for block in examples("sh") for line in block.splitlines() if line.startswith("advisor users")):
        _, _, command, *rest = shlex.split(line, comments=True)
        shown = run(app, ["users", command, "--help"])
        assert shown.exit_code == 0
        assert all(option in shown.stdout for option in rest if option.startswith("--"))


def test_the_assistants_configuration_starts_the_server():
    stdio, http = (json.loads(block)["mcpServers"]["cto-advisor"] for block in examples("json")[1:])
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert stdio["command"] in scripts
    assert CliRunner().invoke(app, [stdio["args"][0], "--help"]).exit_code == 0
    assert http["url"].endswith("/mcp")


def test_the_python_examples_run(served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    openai, langchain = examples("python")
    asked = openai.replace("http://127.0.0.1:7860", served.address).replace("adv_…", new_token(served.settings, "grace"))
    exec(compile(asked, "operations.md", "exec"), {})
    assert capsys.readouterr().out.strip()
    monkeypatch.setattr(advisor.Advisor, "open", lambda settings: served.advisor)
    exec(compile(langchain, "operations.md", "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) >= 5


def test_every_metric_named_is_there(served: Served):
    with served.client(Authorization=f"Bearer {new_token(served.settings, 'grace')}") as client:
        client.post("/api/ask", json={"question": "When does the board meet?"})
        text = client.get("/metrics").text
    for name in re.findall(r"`((?:advisor|process)_\w+)", TEXT):
        assert name in text, name
