"""Odd YAML beside the documents, and in them: one error that names the file, what is wrong and what to do."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from advisor.cli.main import app
from advisor.documents.front_matter import read_front_matter
from advisor.documents.sections import read_sections
from advisor.documents.yaml_values import BadYamlError, yaml_value, yaml_values
from advisor.errors import CorpusError, DocumentError
from advisor.index.phrasings import read_phrasings
from advisor.index.thesaurus import read_thesaurus
from advisor.settings import Settings

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n" for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)
ODD = {
    "a bomb of aliases": BOMB,
    "deep lists": "[" * 9_000 + "]" * 9_000,
    "deep blocks": "- " * 9_000 + "a",
    "deep keys": "? " * 9_000 + "a",
    "a month of none": "[2026-13-01]",
    "a tag of Python": "!!python/object/apply:os.system [id]",
    "what is no date": "!!timestamp x",
    "what is no truth": "!!bool x",
    "what is no number": "!!int x",
    "a number to the base of sixty": "x: " + "1:" * 5_000 + "1",
    "a number of many digits": "x: " + "1" * 5_000,
    "an open list": "a: [b",
    "a list as a key": "? [a]\n: b",
    "a NUL": "a: \x00",
    "two documents": "---\na: b\n---\nc: d",
}
WRONG = {
    "asked/a.yaml": [
        "",
        "3",
        "words",
        "[]",
        "document: a.md",
        "document: [a]\nasked: []",
        "document: a.md\nasked: words",
        "document: a.md\nasked: [3]",
        "document: a.md\nasked: [{fr: [Pourquoi ?]}]",
        "document: a.md\nasked: [{sentence: A, fr: words}]",
        "document: a.md\nasked: [{sentence: null, fr: [b]}]",
        "document: a.md\nasked: [{lines: words, fr: [b]}]",
        "document: a.md\nasked: [{lines: [], fr: [b]}]",
        "document: a.md\nasked: [{sentence: A, fr: [{b: c}]}]",
        "document: a.md\nasked: [{sentence: A, fr: ['']}]",
        "document: a.md\nasked: [{sentence: A, de: [b]}]",
        "document: a.md\nasked: [{sentence: A, fr: [b], en: [c], fr: [d]}]",
        "not_covered: [a]",
        "not_covered: {fr: a}",
    ],
    "thesaurus.yaml": ["3", "words", "{fr: [a]}", "[a]", "[[a]]", "[{fr: a}]", "[{fr: [3]}]", "[{de: [a]}]", "[{fr: ['']}]"],
    "sections.yaml": ["3", "words", "[a]", "{steps: a}", "{steps: [3]}", "{recipes: [a]}", "{3: [a]}", "{steps: [[a]]}"],
}
READERS: dict[str, Callable[[Path], object]] = {
    "asked/a.yaml": lambda path: read_phrasings(path.parent.parent),
    "thesaurus.yaml": read_thesaurus,
    "sections.yaml": read_sections,
}


def refusal(place: str, folder: Path, data: bytes) -> str:
    path = folder / place
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    began = time.monotonic()
    with pytest.raises(CorpusError) as refused:
        READERS[place](path)
    assert time.monotonic() - began < 2
    message = str(refused.value)
    assert message.startswith(f"{path} is not ")
    assert "\n" not in message
    assert len(message) < 800
    return message


@pytest.mark.parametrize("place", READERS)
@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_odd_yaml_beside_the_documents_is_refused_by_name(tmp_path: Path, place: str, text: str):
    assert "Correct it" in refusal(place, tmp_path, text.encode())


@pytest.mark.parametrize(("place", "text"), [(place, text) for place, texts in WRONG.items() for text in texts])
def test_values_of_a_wrong_type_are_refused_by_name(tmp_path: Path, place: str, text: str):
    assert "Correct it" in refusal(place, tmp_path, text.encode())


@pytest.mark.parametrize("place", READERS)
@pytest.mark.parametrize("data", [b"\xff\xfea", "- {fr: [é]}".encode("latin-1"), b"\xed\xa0\x80"])
def test_another_encoding_is_refused_by_name(tmp_path: Path, place: str, data: bytes):
    assert "Save it in UTF-8" in refusal(place, tmp_path, data)


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_odd_front_matter_is_an_error_of_its_document(text: str):
    """Or, where it begins with no key, part of the text."""
    block = text.replace("---", "-- -")
    keyed = block if block.startswith(("a:", "x:")) else f"title: {block}"
    began = time.monotonic()
    told = ""
    try:
        read_front_matter(f"---\n{keyed}\n---\n\nThe board meets in May.\n")
    except DocumentError as error:
        told = str(error)
    assert not told or "Correct it" in told
    assert time.monotonic() - began < 2


def test_the_line_is_that_of_the_file():
    with pytest.raises(BadYamlError, match=r"^line 3: an alias"):
        yaml_value("a: &x [1]\nb: 2\nc: *x\n")
    with pytest.raises(DocumentError, match="line 3: an alias"):
        read_front_matter("---\ntitle: &x a\ntopic: *x\n---\n")


def test_several_values_are_read_one_after_another():
    assert yaml_values("a: 1\n---\n- b\n") == [{"a": 1}, ["b"]]
    assert yaml_value("") is None


@pytest.mark.parametrize(
    "piece", ["[", "- ", "? ", "{", "a: ", "'", '"', "&a ", "!a ", "a\n", "- a\n", "# ", "a, ", "\\", "|\n"]
)
def test_twice_as_much_takes_at_most_about_twice_as_long(piece: str):
    def seconds(size: int) -> float:
        best = 10.0
        for _ in range(3):
            began = time.perf_counter()
            with suppress(BadYamlError):
                yaml_value("x:\n  " + piece * size)
            best = min(best, time.perf_counter() - began)
        return best

    assert seconds(20_000) < 3 * seconds(10_000) + 0.05


@pytest.mark.parametrize("place", READERS)
def test_the_command_tells_it_in_a_line(small_settings: Settings, place: str):
    path = small_settings.corpus_dir / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(BOMB, encoding="utf-8")
    places = ["--corpus", str(small_settings.corpus_dir), "--index", str(small_settings.index_dir)]
    done = CliRunner().invoke(app, ["index", *places])
    assert isinstance(done.exception, CorpusError)
    assert str(path) in str(done.exception)
    assert "line 2: an alias" in str(done.exception)


@pytest.mark.parametrize(
    "text",
    [
        "", "a: 1\nb: [2, x, 'y: z']\n", "- 2026-11-29\n- 1_000\n- 1e3\n- yes\n- ~\n- 0x1F\n- 12:30:45\n",
        "text: |\n  one\n\n  two\nfolded: >\n  three\n  four\n", "é: 'l''été — « ça »'\n", "{a: {b: [c, {d: e}]}}",
        "a: " + "9" * 100 + "\n", "a: '" + "9" * 200 + "'\n", "[" * 38 + "deep" + "]" * 38,
    ],
)  # fmt: skip
def test_libyaml_and_pyyaml_read_the_same(monkeypatch: pytest.MonkeyPatch, text: str):
    read = yaml_value(text)
    monkeypatch.setattr("advisor.documents.yaml_values._FAST", None)
    assert yaml_value(text) == read
