"""What the documents say is what the program does."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser
from typer.testing import CliRunner

from advisor.advisor import Advisor
from advisor.cli.main import app
from advisor.documents.formats.file_type import SUFFIXES
from advisor.index import progress
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
READMES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.fr.md")}
README = READMES["README.md"]
EXAMPLES = [
    example for text in READMES.values() for example in re.findall(r"```console\n\$ (.+?)\n(.*?)```", text, re.DOTALL)
]
STEPS = ("read", "embed", "write", "check")
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


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", ROOT / "README.fr.md", ROOT / "docs/your-documents.md"], ids=lambda path: path.name
)
def test_every_kind_of_file_that_is_read_has_a_row_that_says_what_is_kept(path: Path):
    rows = re.findall(r"^\| (`\..+?) \| \S.* \|$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(re.findall(r"`(\.\w+)`", " ".join(rows))) == sorted(SUFFIXES)


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
    pictures = list((ROOT / "docs/images").glob("*.webp"))
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


def test_the_tutorial_of_the_gate_works(tmp_path: Path):
    """Its commands, in their order, on two of the documents: all succeed but the one that shows the gate failing."""
    page = (ROOT / "docs/evaluation-tutorial.md").read_text(encoding="utf-8")
    folder = tmp_path / "handbook"
    (folder / "en").mkdir(parents=True)
    for path in [*(ROOT / "corpus/en").glob("f*.md"), *(ROOT / "corpus/en").glob("cloud*.md")]:
        shutil.copy(path, folder / "en")
    for vectors in (ROOT / "corpus").glob("vectors-*.npz"):
        shutil.copy(vectors, folder)
    (exports, *_) = re.findall(r"^export .*$", page, re.MULTILINE)
    gate = next(block for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL))
    (tmp_path / "handbook-evals").mkdir()
    (tmp_path / "handbook-evals/gate.toml").write_text(gate, encoding="utf-8")
    commands = [line for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    outcomes = {}
    for command in commands:
        # Drafts: `check` names what is wrong with them, and the reader corrects it.
        ran = subprocess.run(
            ["bash", "-ec", f"{exports}\n{command}"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        outcomes[command] = (ran.returncode, ran.stdout + ran.stderr)
    failed = [command for command, (code, _) in outcomes.items() if code and not command.endswith("check")]
    assert [command.split()[0] for command in failed] == ["ADVISOR_ANSWER_THRESHOLD=1"], outcomes
    assert "significantly worse" in outcomes[failed[0]][1]
    assert (tmp_path / "handbook-evals/runs/first/report.html").is_file()


def test_the_site_is_built_and_asks_no_other_host(browser: Browser, tmp_path: Path):
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    built = subprocess.run(
        [Path(sys.executable).parent / "zensical", "build", "--strict"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    navigation = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]
    listed = {place for part in navigation for pages in part.values() for page in pages for place in page.values()}
    assert listed == {path.relative_to(ROOT / "docs").as_posix() for path in DOCS}
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for place in sorted(listed):
        page.goto((tmp_path / "site" / place).with_suffix(".html").as_uri())
        assert page.locator("h1").count() == 1, place
    page.close()
    assert asked
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_make_says_what_it_does_and_what_to_do_when_a_download_fails(tmp_path: Path):
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    arguments = ["make", "install", f"PYTHON={sys.executable}", "PIP=false"]  # `false` fails as pip does
    ran = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode
    assert "usually" in ran.stdout
    assert "Check the network" in ran.stderr
    assert not (tmp_path / ".venv/.installed").exists()


def test_the_first_start_tells_each_step_in_a_log_and_leaves_torch_out_of_the_server(small_settings: Settings):
    """The documents are long enough for the engine that encodes in bulk."""
    text = "# Long\n\n" + "".join(
        f"The team of room {number} plans its budget of {number * 37} euros.\n\n" for number in range(500)
    )
    (small_settings.corpus_dir / "long.md").write_text(text, encoding="utf-8")
    script = (
        "import sys; from advisor.index.progress import ensure_index; from advisor.models.embeddings import Embeddings\n"
        "from advisor.settings import load_settings\n"
        "if __name__ == '__main__':\n"
        "    settings = load_settings(); ensure_index(settings, Embeddings(settings)); print('torch' in sys.modules)\n"
    )
    places = {"ADVISOR_CORPUS_DIR": small_settings.corpus_dir, "ADVISOR_INDEX_DIR": small_settings.index_dir}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **{name: str(path) for name, path in places.items()}}
    arguments = [sys.executable, "-c", script]
    ran = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert ran.stdout.strip() == "False", ran.stderr
    lines = ran.stderr.splitlines()
    assert any(line.startswith("Building the index of") for line in lines)
    assert [line for line in lines if line.endswith(" …")] == [f"{progress._STAGES[name]} …" for name in STEPS]


@pytest.mark.parametrize("path", sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")), ids=lambda path: path.name)
def test_forms_for_issues_are_well_formed(path: Path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= set(form)
    ids = [field["id"] for field in form["body"]]
    assert len(ids) == len(set(ids))
    assert all(field["attributes"]["label"] for field in form["body"])


def test_the_changes_begin_with_the_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest
    assert newest[1] == version
