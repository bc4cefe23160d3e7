"""The commands and examples of the documents, run: each `sh` and `python` block of each page but the tutorial's own."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import run as run_process

import httpx
import openai
import pytest
from loopback import ROOT, advisor_process, places_of
from served import PASSWORD, Served, serve
from typer.testing import CliRunner

from advisor.accounts.users import add_user, new_token
from advisor.cli.main import app

PAGES = [*ROOT.glob("*.md"), *(path for path in (ROOT / "docs").glob("*.md") if path.name != "evaluation-tutorial.md")]
TEXTS = {path: path.read_text(encoding="utf-8") for path in sorted(PAGES)}


def blocks(language: str) -> list[tuple[str, str]]:
    found = [
        (path.name, block) for path, text in TEXTS.items() for block in re.findall(rf"```{language}\n(.*?)```", text, re.S)
    ]
    assert found
    return found


def lines(block: str) -> list[str]:
    """The commands of a block, without comments; one that goes on after a backslash is one."""
    return [line.strip() for line in re.sub(r"\\\n", " ", re.sub(r"(?m)(^|\s)#.*", "", block)).splitlines() if line.strip()]


SHELL = [(name, line) for name, block in blocks("sh") for line in lines(block)]
KINDS = ("advisor", "curl", "export", "make", "pip", "cd", "python3", ".venv/bin/python", "kubectl", "ray")


def words_of(line: str) -> tuple[dict[str, str], list[str]]:
    """The settings that stand before a command, and the command."""
    parts = shlex.split(line)
    settings = dict(part.split("=", 1) for part in parts if re.match(r"[A-Z_]+=", part))
    return settings, [part for part in parts if not re.match(r"[A-Z_]+=", part)]


def with_first(word: str) -> list[tuple[str, str]]:
    return [(name, line) for name, line in SHELL if words_of(line)[1][:1] == [word]]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, embeddings) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("commands")
    (folder / "corpus/en").mkdir(parents=True)
    (folder / "corpus/en/finops.md").write_text(
        "# FinOps\n\n" + "Start with the tags of each team.\n\n" * 9, encoding="utf-8"
    )
    with serve(folder, embeddings, local=False, questions_per_minute=1_000) as running:
        add_user(running.settings, "curator", PASSWORD, "curator")
        yield running


@pytest.fixture
def place(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with the documents and question sets that the commands name; the settings lead there."""
    shutil.copytree(served.settings.corpus_dir, tmp_path / "my/documents")
    asked = {"id": "a", "language": "en", "question": "When is a blameless review?", "answerable": True, "kind": "direct"}
    asked |= {"category": "article", "split": "tune", "relevant": [{"document": "en/incidents.md", "quote": "five days"}]}
    (tmp_path / "evals/questions").mkdir(parents=True)
    for path in (tmp_path / "evals/questions/article.jsonl", tmp_path / "mine.jsonl"):
        path.write_text(json.dumps(asked | {"id": path.stem}) + "\n", encoding="utf-8")
    shutil.copy(ROOT / "evals/gate.toml", tmp_path / "evals")
    places = {"CORPUS": "my/documents", "INDEX": "my/index", "EVALS": "evals", "STATE": "state"}
    for name, folder in places.items():
        monkeypatch.setenv(f"ADVISOR_{name}_DIR", str(tmp_path / folder))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(line: str, **environment: str) -> str:
    """What a command of the advisor prints; a password is given where one is asked for."""
    before, (program, *arguments) = words_of(line)
    assert program == "advisor"
    password = "a long enough password\n"
    result = CliRunner().invoke(app, arguments, input=password * 2, env=before | environment)
    assert result.exit_code == 0, f"{line}: {result.output}"
    return result.output


def test_every_command_is_of_a_kind_that_is_run_here():
    """Those of make, pip and Python install: the first start of a clone and the tests of the wheel run them. Those of kubectl
    want a cluster."""
    assert [line for _, line in SHELL if words_of(line)[1][:1][0] not in KINDS] == []


def test_documents_of_ones_own(place: Path):
    commands = [line for name, line in with_first("advisor") if name in ("README.md", "README.fr.md", "your-documents.md")]
    commands += [line for name, line in with_first("advisor") if name == "start.md" and "init" not in line]
    once = [line for line in dict.fromkeys(commands) if "serve" not in line and "--questions" not in line]  # a chat model's
    assert len(once) >= 4
    for line in once:
        run(line)
    assert "en/incidents.md" in run('advisor search "blameless review" -k 1')


def test_evaluation(place: Path):
    run("advisor index")
    run("advisor eval article mine.jsonl --run y")
    commands = [line for name, line in with_first("advisor") if name == "evaluation.md"]
    assert len(commands) >= 9
    for line in commands:
        run(line)
    assert (place / "evals/runs/x").is_dir()


def test_users(place: Path):
    commands = [line for _, line in with_first("advisor") if line.startswith("advisor users")]
    listed = [run(line) for line in commands if not line.endswith("remove ada")]
    assert any("grace" in text for text in listed)
    run("advisor users remove ada")
    assert "ada" not in run("advisor users list")


def test_requests(served: Served):
    """Each request of the page on operations, from a curator with a token."""
    token = new_token(served.settings, "curator")
    requests = with_first("curl")
    assert len(requests) >= 6
    for _, line in requests:
        parts = shlex.split(line.replace("$TOKEN", token))
        headers = dict(parts[n + 1].split(": ", 1) for n, part in enumerate(parts) if part == "-H")
        body = next((parts[n + 1] for n, part in enumerate(parts) if part == "-d"), None)
        address = next(part for part in parts if part.startswith("http")).replace("http://127.0.0.1:7860", served.address)
        answer = httpx.request("POST" if body else "GET", address, headers=headers, content=body, timeout=60)
        assert answer.status_code == httpx.codes.OK, f"{line}: {answer.text}"


@pytest.mark.parametrize(("name", "block"), blocks("python"), ids=lambda value: value if len(value) < 30 else "")
def test_python(name: str, block: str, served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    for key, folder in places_of(served.settings).items():
        monkeypatch.setenv(key, folder)
    code = block.replace("http://127.0.0.1:7860", served.address).replace("adv_…", new_token(served.settings, "curator"))
    names: dict[str, object] = {}
    exec(compile(code, name, "exec"), names)
    if isinstance(client := names.get("client"), openai.OpenAI):
        client.close()
    assert capsys.readouterr().out.strip()


def test_what_is_served(served: Served):
    """Every form of `advisor serve` starts: as a process, which answers, or says how to get what the page installs first."""
    commands = {line for _, line in with_first("advisor") if words_of(line)[1][1] == "serve"}
    assert len(commands) >= 4
    ((_, installs),) = [named for named in with_first("pip") if named[0] == "chat-models.md"]
    for line in sorted(commands):
        before, (_, *arguments) = words_of(line)
        command = ["-m", "advisor", *arguments, "--port", "17900"]
        if "ADVISOR_CHAT_MODEL" in before:
            environment = {**os.environ, **before, **places_of(served.settings), "PYTHONPATH": str(ROOT)}
            ended = run_process([sys.executable, *command], env=environment, capture_output=True, text=True, check=False)
            assert f"Run: {installs}" in ended.stderr
            continue
        with advisor_process(command, served.settings, before) as (process, address):
            health = httpx.get(f"{address.rstrip('/')}/api/health", timeout=30, follow_redirects=True)
            assert health.status_code in (httpx.codes.OK, httpx.codes.MISDIRECTED_REQUEST), f"{line}: {health.text}"
            process.terminate()
            process.wait(10)
