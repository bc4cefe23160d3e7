"""What the documents say is what the program does."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from advisor.advisor import Advisor
from advisor.cli.main import app
from advisor.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```console\n\$ (.+?)\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize(("command", "shown"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_examples_show_what_the_program_prints(command: str, shown: str, advisor: Advisor, settings: Settings):
    program, *arguments = shlex.split(command)
    places = ["--corpus", str(settings.corpus_dir), "--index", str(settings.index_dir)]
    result = CliRunner().invoke(app, [*arguments, *places])
    assert program == "advisor"
    assert result.exit_code == 0
    assert result.stdout.strip() == shown.strip()


def test_there_is_an_answer_and_an_abstention():
    assert len(EXAMPLES) == 2
    assert "[1]" in EXAMPLES[0][1]
    assert "[1]" not in EXAMPLES[1][1]


def test_every_command_named_exists():
    named = set(re.findall(r"`advisor (\w+)", README))
    known = set(re.findall(r"^\W*(\w+)", CliRunner().invoke(app, ["--help"]).stdout, re.MULTILINE))
    assert named
    assert named <= known


def test_every_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [one for extra, some in project["optional-dependencies"].items() if extra != "dev" for one in some]
    names = {re.split(r"[<>=;\[ ]", dependency)[0] for dependency in [*project["dependencies"], *extras]}
    table = README.split("## Dependencies")[1].split("## Licence")[0]
    given = {name.strip() for row in re.findall(r"^\| ([\w, -]+) \|", table, re.MULTILINE) for name in row.split(",")}
    assert names == given - {"package"} - {"---"}


def test_make_targets_named_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make (\w+)", README, re.MULTILINE))
    assert {"chat", "test", "help"} <= named <= targets


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs").glob("*.md")) + sorted(ROOT.glob("*.md")), ids=lambda path: path.name
)
def test_links_lead_somewhere(path: Path):
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (path.parent / target).exists(), target
