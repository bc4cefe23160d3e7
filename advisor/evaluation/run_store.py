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
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock
from ir_measures import Qrel, ScoredDoc
from pydantic import SecretStr

from advisor.advisor import Advisor
from advisor.errors import EvaluationError
from advisor.evaluation.questions import SUFFIX, QuestionSet, Split, Target
from advisor.evaluation.scoring import Outcome, Row, judgements, ranking
from advisor.index.lock import now
from advisor.limits import RUN_NAME
from advisor.serialization import answer_json
from advisor.settings import Settings
from advisor.text.reasons import reason

RUNS, BASELINE, QUESTIONS = "runs", "baseline", "questions"
LATEST = "latest"
_LOCK = ".lock"
_NAME = re.compile(r"\w[\w.-]*")
# What changes no answer.
_OF_THE_SERVER = {
    *("answer_seconds", "threads", "host_names", "root_path", "questions_per_minute"),
    *("log_format", "log_questions", "unanswered_log"),
    *("embedding_url", "embedding_seconds", "embedding_retries", "embedding_batch"),
}


_DEFAULTS = {
    field.name: field.default if field.default_factory is MISSING else field.default_factory()
    for field in fields(Row)
    if field.default is not MISSING or field.default_factory is not MISSING
}
"""What a row need not say: value by field."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a run was made with. `hashes`: of questions, corpus, index and settings; `sets`: name -> digest of its file.

    `left_out` are the ids of the questions that were not asked, since the index does not hold their quotes.
    """

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
    left_out: list[str] = field(default_factory=list)

    @property
    def left_out_in_words(self) -> str:
        """That questions were left out; "" when none was."""
        if not self.left_out:
            return ""
        count = "1 question was" if len(self.left_out) == 1 else f"{len(self.left_out)} questions were"
        return f"{count} left out, whose quotes the index does not hold, first {self.left_out[0]}: advisor eval check"


@dataclass(frozen=True, slots=True)
class Run:
    """A run read back: its rows, and its answers by question where they were kept."""

    info: RunInfo
    folder: Path
    rows: tuple[Row, ...]

    def answers(self) -> dict[str, dict[str, Any]]:
        """The answers in full, by id; empty for a baseline."""
        return {line["id"]: line for line in _read_lines(self.folder / "answers.jsonl", optional=True)}


def describe(name: str, advisor: Advisor, sets: Sequence[QuestionSet], rows: Sequence[Row], seconds: float) -> RunInfo:
    """What is written down of a run."""
    kept = bearing_on_answers(advisor.settings)
    manifest = advisor.index.manifest
    built = {**manifest.recipe(), **asdict(manifest.companions)}
    corpus = advisor.index.catalog.hashes()
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
        failures=failures(rows),
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
    if RUN_NAME.excess(name) or not _NAME.fullmatch(name) or name == BASELINE:
        rule = f"use at most {RUN_NAME.most} letters, digits, points and hyphens"
        message = f"{name[: RUN_NAME.most]!r} cannot be the name of a run: {rule}"
        raise EvaluationError(message)
    if name != LATEST and (folder / name).exists():
        raise EvaluationError(reason("run_taken", name=repr(name), folder=str(folder)))


def write_run(folder: Path, info: RunInfo, outcomes: Sequence[Outcome], rows: Sequence[Row]) -> Run:
    """Write the folder of a run, whole or not at all, whoever else writes a run at the same time.

    :raises EvaluationError: when another run has taken the name meanwhile.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.", ignore_cleanup_errors=True) as scratch:
        written = Path(scratch) / "written"
        written.mkdir()
        _write_info(written, info)
        write_lines(written / "scores.jsonl", map(_row_json, rows))
        write_lines(written / "answers.jsonl", map(_answer_json, outcomes))
        write_trec_run(written / "run.trec", [scored for outcome in outcomes for scored in ranking(outcome)], info.name)
        write_trec_qrels(written / "qrels.trec", [qrel for outcome in outcomes for qrel in judgements(outcome)])
        with FileLock(folder.parent / _LOCK):
            check_name(folder.name, folder.parent)
            if folder.exists():
                folder.rename(Path(scratch) / "replaced")
            written.rename(folder)
    return Run(info, folder, tuple(rows))


def write_baseline(run: Run, folder: Path) -> None:
    """Make a run the baseline: its scores and settings, without times, which are those of one machine."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_info(folder, run.info)
    write_lines(folder / "scores.jsonl", (_row_json(replace(row, ms={})) for row in run.rows))


def read_run(name: str, evals_dir: Path) -> Run:
    """A run by its name, `baseline`, or the path of its folder.

    :raises EvaluationError: when there is none, or it cannot be read.
    """
    folder = _folder_of(name, evals_dir)
    with _named_failures(folder):
        rows = tuple(Row(**line) for line in _read_lines(folder / "scores.jsonl"))
    return Run(read_info(name, evals_dir), folder, rows)


def read_info(name: str, evals_dir: Path) -> RunInfo:
    """What a run was made with; it raises what `read_run` does."""
    folder = _folder_of(name, evals_dir)
    with _named_failures(folder):
        return RunInfo(**json.loads((folder / "settings.json").read_text(encoding="utf-8")))


@contextmanager
def _named_failures(folder: Path) -> Iterator[None]:
    """:raises EvaluationError: for what is missing or damaged."""
    try:
        yield
    except (OSError, ValueError, TypeError) as cause:
        raise EvaluationError(reason("unreadable_run", folder=str(folder), problem=str(cause))) from cause


def _folder_of(name: str, evals_dir: Path) -> Path:
    candidates = [evals_dir / (BASELINE if name == BASELINE else f"{RUNS}/{name}"), Path(name)]
    folder = next((candidate for candidate in candidates if (candidate / "settings.json").is_file()), None)
    if folder is None:
        known = sorted(path.parent.name for path in (evals_dir / RUNS).glob("[!.]*/settings.json"))
        said = {"name": repr(name), "folder": str(evals_dir / RUNS), "known": ", ".join(known) or "none"}
        raise EvaluationError(reason("no_run", **said))
    return folder


def set_names(evals_dir: Path) -> list[str]:
    """The question sets of a project; none where there is no folder of them."""
    return sorted(path.stem for path in (evals_dir / QUESTIONS).glob(f"*{SUFFIX}"))


def run_names(evals_dir: Path) -> list[str]:
    """The runs that were kept, newest first, then the baseline if there is one."""
    kept = sorted((evals_dir / RUNS).glob("[!.]*/settings.json"), key=lambda path: -path.stat().st_mtime)
    baseline = [BASELINE] if (evals_dir / BASELINE / "settings.json").is_file() else []
    return [*(path.parent.name for path in kept), *baseline]


def part_of(run: Run, split: Split | None) -> Run:
    """The rows of one part of the questions, as a run; the whole run when None."""
    if split is None:
        return run
    rows = tuple(row for row in run.rows if row.split == split)
    return replace(run, info=replace(run.info, questions=len(rows), failures=failures(rows)), rows=rows)


def failures(rows: Iterable[Row]) -> int:
    """How many questions failed."""
    return sum(row.status == "failed" for row in rows)


def _write_info(folder: Path, info: RunInfo) -> None:
    (folder / "settings.json").write_text(json.dumps(asdict(info), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _row_json(row: Row) -> dict[str, Any]:
    return {name: value for name, value in asdict(row).items() if name not in _DEFAULTS or value != _DEFAULTS[name]}


def _answer_json(outcome: Outcome) -> dict[str, Any]:
    case = outcome.case
    expected = {
        "answerable": case.answerable,
        "key_facts": case.key_facts,
        "relevant": _targets_json(case.targets),
        "must_not_contain": case.must_not_contain,
        **({"core": _targets_json(case.core), "useful": _targets_json(case.useful)} if case.core or case.useful else {}),
    }
    if outcome.answer is None:
        return {"id": case.id, "question": case.text, "status": "failed", "reason": outcome.error, "expected": expected}
    return {**answer_json(case.id, outcome.answer), "expected": expected}


def _targets_json(targets: Iterable[Target]) -> list[dict[str, str]]:
    return [target.model_dump() for target in targets]


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
