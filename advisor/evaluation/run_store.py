"""A run is a folder: what was asked, found, answered and scored, and what it was made with.

- `evals/runs/<name>/settings.json`: settings, sizes, and hashes of questions, corpus, index and settings
- `scores.jsonl`: one row a question; `answers.jsonl`: the answers in full, with what was expected
- `run.trec`, `qrels.trec`: the results and what they are judged by, for trec_eval
- `evals/baseline/`: `settings.json` and `scores.jsonl` of the run that was blessed, which is all that a comparison needs
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ir_measures import Qrel, ScoredDoc
from pydantic import SecretStr

from advisor.errors import EvaluationError
from advisor.evaluation.questions import QuestionSet
from advisor.evaluation.scoring import Outcome, Row, judgements, ranking
from advisor.index.generation import Generation
from advisor.index.lock import now
from advisor.serialization import answer_json
from advisor.settings import Settings

RUNS, BASELINE, QUESTIONS = "runs", "baseline", "questions"
LATEST = "latest"
_NAME = re.compile(r"[\w.-]+")
_OF_THE_SERVER = {"threads", "host_names", "questions_per_minute", "log_questions", "unanswered_log"}  # change no answer


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a run was made with. `hashes`: of questions, corpus, index and settings; `sets`: name -> digest of its file."""

    name: str
    created: str
    program: str
    questions: int
    failures: int
    seconds: float
    hashes: Mapping[str, str]
    sets: Mapping[str, str]
    settings: Mapping[str, Any]
    index: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """A run read back: its rows, and its answers by question where they were kept."""

    info: RunInfo
    folder: Path
    rows: tuple[Row, ...]

    def answers(self) -> dict[str, dict[str, Any]]:
        """The answers in full, by id; empty for a baseline."""
        return {line["id"]: line for line in _read_lines(self.folder / "answers.jsonl", optional=True)}


def describe(
    name: str, settings: Settings, index: Generation, sets: Sequence[QuestionSet], rows: Sequence[Row], seconds: float
) -> RunInfo:
    """What is written down of a run."""
    kept = bearing_on_answers(settings)
    manifest = index.manifest
    built = {**manifest.recipe(), "thesaurus": manifest.thesaurus, "asked": manifest.asked}
    corpus = index.catalog.hashes()
    hashes = {
        "questions": _hash({row.id: row.digest for row in rows}),
        "corpus": _hash(corpus),
        "index": _hash([built, corpus]),
        "settings": _hash(kept),
    }
    return RunInfo(
        name=name,
        created=now(),
        program=version("cto-advisor"),
        questions=len(rows),
        failures=sum(row.status == "failed" for row in rows),
        seconds=round(seconds, 1),
        hashes=hashes,
        sets={one.name: one.digest[:16] for one in sets},
        settings=kept,
        index={"generation": manifest.generation, "documents": manifest.documents, "chunks": manifest.chunks, **built},
    )


def bearing_on_answers(settings: Settings) -> dict[str, Any]:
    """The settings that can change an answer: no folder, no key, nothing of the server."""
    kept = settings.model_dump(mode="json", exclude=_OF_THE_SERVER)
    return {name: value for name, value in kept.items() if not isinstance(getattr(settings, name), Path | SecretStr)}


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]


def check_name(name: str, folder: Path) -> None:
    """Whether a run can be kept under a name: `latest` is replaced, any other is kept.

    :raises EvaluationError: when it is no name, or taken.
    """
    if not _NAME.fullmatch(name) or name in (BASELINE, ".", ".."):
        message = f"{name!r} cannot be the name of a run: use letters, digits, points and hyphens"
        raise EvaluationError(message)
    if name != LATEST and (folder / name).exists():
        message = f"there is a run {name!r} in {folder} already. Give another name, or delete the folder"
        raise EvaluationError(message)


def write_run(folder: Path, info: RunInfo, outcomes: Sequence[Outcome], rows: Sequence[Row]) -> Run:
    """Write the folder of a run, whole or not at all."""
    scratch = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    _write_info(scratch, info)
    write_lines(scratch / "scores.jsonl", map(_row_json, rows))
    write_lines(scratch / "answers.jsonl", map(_answer_json, outcomes))
    write_trec_run(scratch / "run.trec", [scored for outcome in outcomes for scored in ranking(outcome)], info.name)
    write_trec_qrels(scratch / "qrels.trec", [qrel for outcome in outcomes for qrel in judgements(outcome)])
    shutil.rmtree(folder, ignore_errors=True)
    scratch.rename(folder)
    return Run(info, folder, tuple(rows))


def bless(run: Run, folder: Path) -> None:
    """Make a run the baseline: its scores and settings, without times, which are those of one machine."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_info(folder, run.info)
    write_lines(folder / "scores.jsonl", (_row_json(replace(row, ms={})) for row in run.rows))


def read_run(name: str, evals_dir: Path) -> Run:
    """A run by its name, `baseline`, or the path of its folder.

    :raises EvaluationError: when there is none, or it cannot be read.
    """
    candidates = [evals_dir / (BASELINE if name == BASELINE else f"{RUNS}/{name}"), Path(name)]
    folder = next((candidate for candidate in candidates if (candidate / "settings.json").is_file()), None)
    if folder is None:
        known = sorted(path.parent.name for path in (evals_dir / RUNS).glob("[!.]*/settings.json"))
        message = (
            f"there is no run {name!r} in {evals_dir / RUNS}. Known: {', '.join(known) or 'none'}. Make one: advisor eval"
        )
        raise EvaluationError(message)
    try:
        info = RunInfo(**json.loads((folder / "settings.json").read_text(encoding="utf-8")))
        rows = tuple(Row(**{"ms": {}, **line}) for line in _read_lines(folder / "scores.jsonl"))
    except (OSError, ValueError, TypeError) as cause:
        message = f"the run in {folder} cannot be read ({cause}). Make it again: advisor eval"
        raise EvaluationError(message) from cause
    return Run(info, folder, rows)


def _write_info(folder: Path, info: RunInfo) -> None:
    (folder / "settings.json").write_text(json.dumps(asdict(info), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _row_json(row: Row) -> dict[str, Any]:
    return {name: value for name, value in asdict(row).items() if value not in (None, {})}


def _answer_json(outcome: Outcome) -> dict[str, Any]:
    item = outcome.item
    expected = {
        "answerable": item.answerable,
        "key_facts": item.key_facts,
        "relevant": [target.model_dump() for target in item.targets],
        "must_not_contain": item.must_not_contain,
    }
    if outcome.answer is None:
        return {"id": item.id, "question": item.text, "status": "failed", "reason": outcome.error, "expected": expected}
    return {**answer_json(item.id, outcome.answer), "expected": expected}


def write_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Write JSON Lines."""
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def _read_lines(path: Path, *, optional: bool = False) -> list[dict[str, Any]]:
    if optional and not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def write_trec_run(path: Path, results: Iterable[ScoredDoc], tag: str) -> None:
    """`query Q0 document rank score tag`, ranks from 1 within a query."""
    ranks: dict[str, int] = {}
    lines = []
    for query, document, score in results:
        ranks[query] = ranks.get(query, 0) + 1
        lines.append(f"{query} Q0 {document} {ranks[query]} {score:.6f} {tag}\n")
    path.write_text("".join(lines), encoding="utf-8")


def write_trec_qrels(path: Path, qrels: Iterable[Qrel]) -> None:
    """`query 0 document relevance`."""
    path.write_text("".join(f"{q.query_id} 0 {q.doc_id} {q.relevance}\n" for q in qrels), encoding="utf-8")
