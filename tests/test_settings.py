"""Settings: the environment, overrides, and messages that name the variable."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from advisor.errors import SettingsError
from advisor.settings import Settings, load_settings


def test_defaults() -> None:
    settings = load_settings()
    assert (settings.corpus_dir, settings.index_dir) == (Path("corpus"), Path("index"))
    assert settings == Settings()


def test_environment_then_overrides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADVISOR_CORPUS_DIR", "/data/docs")
    monkeypatch.setenv("ADVISOR_CHUNK_CHARS", "500")
    settings = load_settings(chunk_chars=700, corpus_dir=None)
    assert (settings.corpus_dir, settings.chunk_chars) == (Path("/data/docs"), 700)


def test_only_settings_that_exist_are_advised(project_root: Path) -> None:
    """In messages and in the documentation."""
    texts = [*(project_root / "advisor").rglob("*.py"), *(project_root / "docs").glob("*.md"), project_root / "README.md"]
    named = {name for path in texts for name in re.findall(r"\bADVISOR_[A-Z_]+[A-Z]\b", path.read_text(encoding="utf-8"))}
    known = {f"ADVISOR_{name.upper()}" for name in Settings.model_fields}
    assert named - {"ADVISOR_DATA_DIR"} <= known  # where tests and measurements find their data


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder name is the working folder: an index must not be built there."""
    monkeypatch.setenv("ADVISOR_INDEX_DIR", "")
    assert load_settings().index_dir == Path("index")


def test_an_unknown_variable_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADVISOR_CORPUSDIR", "x")
    with pytest.raises(
        SettingsError, match=r"unknown setting ADVISOR_CORPUSDIR in the environment. Known: .*ADVISOR_CORPUS_DIR"
    ):
        load_settings()


def test_the_folder_of_test_data_is_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADVISOR_DATA_DIR", "/data")
    assert load_settings() == Settings()


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("CHUNK_CHARS", "50", "greater than or equal to 200"),
        ("CHUNK_CHARS", "many", "valid integer"),
        ("DENSE_WEIGHT", "1.5", "less than or equal to 1"),
        ("DENSE_WEIGHT", "nan", "less than or equal to 1"),
        ("THREADS", "0", "greater than or equal to 1"),
    ],
)
def test_a_bad_value_names_the_variable(monkeypatch: pytest.MonkeyPatch, name: str, value: str, why: str) -> None:
    monkeypatch.setenv(f"ADVISOR_{name}", value)
    with pytest.raises(SettingsError, match=rf"^setting ADVISOR_{name}: .*{why}.*\(got '?{value}'?\)$"):
        load_settings()


def test_an_unknown_override() -> None:
    with pytest.raises(SettingsError, match="setting ADVISOR_CORPUS: "):
        load_settings(corpus="x")


def test_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().threads = 3  # type: ignore[misc]


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())
