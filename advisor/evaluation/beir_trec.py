"""Question sets and runs in the formats of the field: BEIR folders and files of TREC.

Export: `corpus.jsonl` (the passages), `queries.jsonl` and `qrels/test.tsv` are a BEIR folder that any retriever can be
measured on; `run.trec` and `qrels.trec` are what this one found and is judged by. In BEIR every passage that holds a quote
is relevant, in either language; the files of TREC name the quotes, and a passage counts for its translation.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from advisor.errors import EvaluationError
from advisor.evaluation.places import ReadDocument, SourceSpan, locate_goals, name_of
from advisor.evaluation.questions import Target
from advisor.evaluation.run_store import Run, write_lines
from advisor.index.generation import Generation
from advisor.text.plain import detect_language

_PLACE = re.compile(r"(?P<document>.+)@(?P<start>\d+)-(?P<end>\d+)")
_KIND = "imported"


def export_run(run: Run, index: Generation, folder: Path) -> int:
    """Write a run and what it was asked into a folder; returns the number of questions.

    A follow-up is written as the question on its own that the advisor made of it.

    :raises EvaluationError: when the run keeps no answers (a baseline).
    """
    answers = run.answers()
    if not answers:
        message = f"the run {run.info.name} keeps no questions to export. Name one of evals/runs"
        raise EvaluationError(message)
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    chunks = [chunk for some in index.catalog.chunks_by_document().values() for chunk in some]
    names = [name_of(chunk.document, chunk.start, chunk.end) for chunk in chunks]
    write_lines(
        folder / "corpus.jsonl",
        (
            {"_id": name, "title": " > ".join((chunk.title, *chunk.heading)), "text": chunk.text}
            for name, chunk in zip(names, chunks, strict=True)
        ),
    )
    write_lines(
        folder / "queries.jsonl",
        ({"_id": name, "text": line.get("standalone_question", line["question"])} for name, line in answers.items()),
    )
    with (folder / "qrels" / "test.tsv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(("query-id", "corpus-id", "score"))
        for query, line in answers.items():
            goals = locate_goals([Target(**target) for target in line["expected"]["relevant"]], index.catalog.document)[0]
            for name, chunk in zip(names, chunks, strict=True):
                if any(goal.is_held_by([SourceSpan(chunk.document, chunk.start, chunk.end)]) for goal in goals):
                    table.writerow((query, name, 1))
    for name in ("run.trec", "qrels.trec"):
        shutil.copyfile(run.folder / name, folder / name)
    return len(answers)


def read_beir(folder: Path, documents: Path) -> list[dict[str, Any]]:
    """The lines of a question set from a BEIR folder; its corpus is written into `documents`, one text file each.

    A document is relevant as a whole: BEIR says no more. Questions without a relevant document are left out.

    :raises EvaluationError: when a file is missing or malformed.
    """
    try:
        documents.mkdir(parents=True, exist_ok=True)
        for entry in _json_lines(folder / "corpus.jsonl"):
            text = "\n\n".join(part for part in (entry.get("title"), entry["text"]) if part)
            (documents / _file_of(str(entry["_id"]))).write_text(text + "\n", encoding="utf-8", newline="")
        texts = {str(entry["_id"]): entry["text"] for entry in _json_lines(folder / "queries.jsonl")}
        tables = sorted((folder / "qrels").glob("*.tsv"))
        rows = [row for path in tables for row in _rows(path, "\t")[1:]]
    except (OSError, ValueError, KeyError) as cause:
        message = f"{folder} is no BEIR folder (corpus.jsonl, queries.jsonl, qrels/*.tsv): {cause}"
        raise EvaluationError(message) from cause
    judged = [(query, _file_of(document)) for query, document, score in rows if float(score) > 0]
    return _lines(judged, texts, folder.name, lambda name: Target(document=name))


def read_qrels(path: Path, queries: Path, read: ReadDocument) -> list[dict[str, Any]]:
    """The lines of a question set from judgements of TREC and the texts of their queries.

    A document's name is a place (`fr/cloud.md@120-260`) or a document of the index.

    :param queries: `queries.jsonl` of BEIR, or lines of `id<TAB>text`.
    :raises EvaluationError: when a file is malformed, or names a document that is not in the index.
    """
    try:
        texts = (
            {str(entry["_id"]): entry["text"] for entry in _json_lines(queries)}
            if queries.suffix == ".jsonl"
            else {row[0]: row[1] for row in _rows(queries, "\t")}
        )
        rows = [line.split() for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
        judged = [(query, document) for query, _, document, relevance in rows if int(relevance) > 0]
    except (OSError, ValueError, KeyError, IndexError) as cause:
        message = f"{path} and {queries} are no judgements (query 0 document relevance) and queries: {cause}"
        raise EvaluationError(message) from cause
    return _lines(judged, texts, path.stem, lambda name: _target(name, read))


def _target(name: str, read: ReadDocument) -> Target:
    found = _PLACE.fullmatch(name)
    document = read(unquote(found["document"] if found else name))
    if document is None:
        message = f"the judgements name {name}, which is not in the index. Index these documents first: advisor index"
        raise EvaluationError(message)
    return Target(document=document.id, quote=document.text[int(found["start"]) : int(found["end"])] if found else "")


def _lines(
    judged: list[tuple[str, str]], texts: Mapping[str, str], category: str, target_of: Callable[[str], Target]
) -> list[dict[str, Any]]:
    relevant: dict[str, list[str]] = {}
    for query, document in judged:
        relevant.setdefault(query, []).append(document)
    missing = next((query for query in relevant if query not in texts), None)
    if missing is not None:
        message = f"the judgements name the query {missing}, whose text is not given"
        raise EvaluationError(message)
    return [
        {
            "id": quote(query, safe=""),
            "language": detect_language(texts[query]),
            "question": texts[query],
            "answerable": True,
            "key_facts": [],
            "relevant": [target_of(name).model_dump() for name in names],
            "category": category,
            "kind": _KIND,
        }
        for query, names in relevant.items()
    ]


def _file_of(identifier: str) -> str:
    return f"{quote(identifier, safe=' ')}.txt"


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.strip():
            yield json.loads(line)


def _rows(path: Path, delimiter: str) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.reader(file, delimiter=delimiter, quoting=csv.QUOTE_NONE) if row]
