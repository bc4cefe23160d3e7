"""Options that every command of the command line takes."""

from __future__ import annotations

import inspect
import json
import shlex
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from advisor.index.progress import STDERR
from advisor.settings import Settings, load_settings

Corpus = Annotated[Path | None, typer.Option("--corpus", help="Folder of documents (ADVISOR_CORPUS_DIR; corpus).")]
Index = Annotated[Path | None, typer.Option("--index", help="Folder of the index (ADVISOR_INDEX_DIR; index).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]


Options = TypeVar("Options")


def takes(options: type[Options]) -> Callable[[Callable[[Options], None]], Callable[..., None]]:
    """Make a command of a function that takes one dataclass: each field is an argument or an option of the command line."""

    def decorate(command: Callable[[Options], None]) -> Callable[..., None]:
        @wraps(command)
        def run(**values: Any) -> None:  # noqa: ANN401 - typer checks each value
            command(options(**values))

        run.__annotations__ = get_type_hints(options, include_extras=True)
        run.__signature__ = inspect.signature(options, eval_str=True)  # type: ignore[attr-defined]
        return run

    return decorate


def settings_of(corpus: Path | None, index: Path | None) -> Settings:
    """Settings with these folders; None leaves a folder as the environment has it."""
    return load_settings(corpus_dir=corpus, index_dir=index)


def given_corpus(settings: Settings) -> str:
    """` --corpus DIR`, for a command to run next: "" where the environment names the same folder."""
    return "" if settings.corpus_dir == load_settings().corpus_dir else f" --corpus {shlex.quote(str(settings.corpus_dir))}"


def print_json(value: dict[str, Any]) -> None:
    """One line of JSON on stdout. What is no character (half a pair of UTF-16) goes out as it came in: as an escape.

    So does what the encoding of stdout may lack, where that is not UTF-8.
    """
    plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    line = json.dumps(value, ensure_ascii=plain).encode("utf-8", "backslashreplace").decode("utf-8")
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def note(message: str) -> None:
    """One line on stderr."""
    STDERR.print(f"advisor: {message}", highlight=False, markup=False, soft_wrap=True)
