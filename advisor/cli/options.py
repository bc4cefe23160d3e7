"""Options that every command of the command line takes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from advisor.settings import Settings, load_settings

Corpus = Annotated[Path | None, typer.Option("--corpus", help="Folder of documents (ADVISOR_CORPUS_DIR; corpus).")]
Index = Annotated[Path | None, typer.Option("--index", help="Folder of the index (ADVISOR_INDEX_DIR; index).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]


def settings_of(corpus: Path | None, index: Path | None) -> Settings:
    """Settings with these folders; None leaves a folder as the environment has it."""
    return load_settings(corpus_dir=corpus, index_dir=index)


def print_json(value: dict[str, Any]) -> None:
    """One line of JSON on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()
