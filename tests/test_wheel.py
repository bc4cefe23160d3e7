"""The program as it is installed: built as a wheel, unpacked beside the libraries, and used outside the repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from advisor.errors import SettingsError
from advisor.features.starting import start_folder

ROOT = Path(__file__).resolve().parent.parent
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def run(*command: object, cwd: Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, timeout=400, check=False
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds nothing but what the wheel brings."""
    work = tmp_path_factory.mktemp("wheel")
    source = work / "source"
    for name in ("advisor", "corpus", "evals"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "runs"))
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    built = run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", work, source, cwd=work)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = work.glob("cto_advisor-*.whl")
    unpacked = run(*pip, "install", "--no-deps", "--no-index", "--target", work / "site", wheel, cwd=work)
    assert unpacked.returncode == 0, unpacked.stdout + unpacked.stderr
    return work / "site"


def test_the_wheel_has_every_file_that_the_program_reads(installed: Path):
    kinds = (".json", ".toml", ".html", ".css", ".js", ".svg")
    needed = {path.relative_to(ROOT) for path in (ROOT / "advisor").rglob("*") if path.suffix in kinds}
    assert len(needed) > 20
    assert [path for path in sorted(needed) if not (installed / path).is_file()] == []
    assert (installed / "advisor/py.typed").is_file()


def test_it_starts_answers_and_measures_in_an_empty_folder(installed: Path, tmp_path: Path):
    settings = {name: value for name, value in os.environ.items() if not name.startswith("ADVISOR_")}
    environment = settings | {"PYTHONPATH": str(installed)}

    def advisor(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        return run(sys.executable, "-m", "advisor", *arguments, cwd=cwd, environment=environment)

    where = run(sys.executable, "-c", "import advisor; print(advisor.__file__)", cwd=tmp_path, environment=environment)
    assert Path(where.stdout.strip()).is_relative_to(installed)
    begun = advisor("init", "mine", cwd=tmp_path)
    assert begun.returncode == 0, begun.stderr
    assert begun.stdout.splitlines()[-1] == "Next: cd mine && advisor serve"
    mine = tmp_path / "mine"
    indexed = advisor("index", "--json", cwd=mine)
    assert indexed.returncode == 0, indexed.stderr
    assert json.loads(indexed.stdout)["documents"] == len(list((ROOT / "corpus").glob("[ef]*/*.md")))
    answer = json.loads(advisor("ask", "--json", "How do we start with FinOps?", cwd=mine).stdout)
    assert answer["status"] == "answered"
    assert answer["citations"][0]["document"] == "en/finops.md"
    checked = advisor("eval", "check", "word-forms", cwd=mine)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    again = advisor("init", "mine", cwd=tmp_path)
    assert again.returncode == 1
    assert "is there already" in again.stderr


def test_nothing_is_overwritten_and_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "evals").mkdir()
    with pytest.raises(SettingsError, match="evals is there already"):
        start_folder(tmp_path)
    assert not (tmp_path / "corpus").exists()
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot be written"):
        start_folder(tmp_path / "file")
