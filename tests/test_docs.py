"""What the documents say is what the program does."""

from __future__ import annotations

import importlib.util
import re
import shlex
import tomllib
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from advisor.advisor import Advisor
from advisor.cli.main import app
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
READMES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.fr.md")}
README = READMES["README.md"]
EXAMPLES = [
    example for text in READMES.values() for example in re.findall(r"```console\n\$ (.+?)\n(.*?)```", text, re.DOTALL)
]
DOCS = sorted((ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize(("command", "shown"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_examples_show_what_the_program_prints(command: str, shown: str, advisor: Advisor, settings: Settings):
    program, *arguments = shlex.split(command)
    places = ["--corpus", str(settings.corpus_dir), "--index", str(settings.index_dir)]
    result = CliRunner().invoke(app, [*arguments, *places])
    assert program == "advisor"
    assert result.exit_code == 0
    assert result.stdout.strip() == shown.strip()


def test_there_is_an_answer_and_an_abstention():
    assert ["[1]" in shown for _, shown in EXAMPLES] == [True, False] * len(READMES)


def test_what_the_program_knows_is_current(advisor: Advisor):
    """The references, and the figures of the README: `make reference` writes them."""
    specification = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert specification
    assert specification.loader
    generate = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(generate)
    written = generate.documents(advisor)
    assert len(written) == 5
    for path, text in written.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is not current: make reference"
    for text in READMES.values():
        assert re.search(r"<!-- figures -->\n\|.*\d %.*<!-- end of figures -->", text, re.DOTALL)


@pytest.mark.parametrize("text", READMES.values(), ids=READMES)
def test_the_readme_is_short(text: str):
    assert len(text.splitlines()) <= 110


def test_every_command_named_exists():
    texts = [*READMES.values(), *(path.read_text(encoding="utf-8") for path in DOCS)]
    named = {name for text in texts for name in re.findall(r"(?:`|^|\$ )advisor ([a-z]+)", text, re.MULTILINE)}
    known = set(re.findall(r"^\W*(\w+)", CliRunner().invoke(app, ["--help"]).stdout, re.MULTILINE))
    assert named
    assert named <= known


def test_every_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [one for extra, some in project["optional-dependencies"].items() if extra != "dev" for one in some]
    names = {re.split(r"[<>=;\[ ]", dependency)[0] for dependency in [*project["dependencies"], *extras]}
    table = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8").split("## For development")[0]
    given = {name.strip() for row in re.findall(r"^\| ([\w, -]+) \|", table, re.MULTILINE) for name in row.split(",")}
    assert names == given - {"package"} - {"---"}


def test_make_targets_named_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    written = [*READMES.values(), *(path.read_text(encoding="utf-8") for path in DOCS)]
    named = {name for text in written for name in re.findall(r"(?:^|`)make (\w+)", text, re.MULTILINE)}
    assert {"chat", "test", "help"} <= named <= targets


@pytest.mark.parametrize("path", DOCS + sorted(ROOT.glob("*.md")), ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path):
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (path.parent / target).exists(), target


def test_the_pictures_are_small():
    pictures = list((ROOT / "docs/images").glob("*.png"))
    assert len(pictures) >= 2
    assert all(path.stat().st_size < 150_000 for path in pictures)


def test_a_corpus_of_ones_own_as_the_documents_show_it(tmp_path: Path, embeddings: Embeddings):
    """The files beside the documents, in the form of the page "Your documents": indexed, and asked."""
    page = (ROOT / "docs/your-documents.md").read_text(encoding="utf-8")
    asked, not_covered = re.findall(r"```yaml\n((?:document|not_covered):.*?)```", page, re.DOTALL)
    folder = tmp_path / "corpus"
    (folder / "asked").mkdir(parents=True)
    (folder / "asked/travel.yaml").write_text(asked, encoding="utf-8")
    (folder / "asked/not-covered.yaml").write_text(not_covered, encoding="utf-8")
    text = "# Travel\n\nTrips under 500 km are made by train.\n\nFirst class is allowed for trips over three hours.\n"
    (folder / "travel.md").write_text(text, encoding="utf-8")
    settings = Settings(corpus_dir=folder, index_dir=tmp_path / "index", state_dir=tmp_path / "state")
    assert sync(settings, embeddings).documents == 1
    with closing(Advisor.open(settings, embeddings)) as own:
        answer = own.ask("Which class may I book?")
    assert answer.writer == "curated"
    assert [citation.quote for citation in answer.citations] == text.strip().split("\n\n")[1:]
