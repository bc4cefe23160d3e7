"""Question sets: JSON Lines files, their schema, and the single cases that are asked of the advisor.

A line is one question, or a dialogue of several turns. What answers it is labelled by exact quotes of the corpus, so that
labels outlive every re-chunking and re-indexing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from advisor.errors import EvaluationError, Reason
from advisor.limits import QUESTION_FILE
from advisor.text.plain import fold
from advisor.text.reasons import reason
from advisor.types import Language

Split = Literal["tune", "seen", "report"]
Facts = tuple[tuple[str, ...], ...]
"""Every inner tuple needs one of its forms in the answer."""

SUFFIX = ".jsonl"
_ID = re.compile(r"[^\s#]+")


class Target(BaseModel):
    """What answers a question: an exact span of a document. Without a quote, the whole document does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    document: str
    quote: str = ""


class LabelledQuestion(BaseModel):
    """One line of a set.

    `split`: "tune" for choosing settings, "report" for telling how good they are, "seen" for what was written for reporting
    but shares its answer with a question for tuning. `core` are the sentences that belong into a good answer, `best_first`
    the one of them that opens it, `useful` others that would not be out of place, `misleading` those that look close and
    lead astray. `near`: the corpus touches the subject and answers nothing. `persona`, `misleading` and `note` are for
    people: nothing is scored by them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    language: Language
    answerable: bool
    category: str
    kind: str
    question: str | None = None
    key_facts: Facts = ()
    relevant: tuple[Target, ...] = ()
    split: Split = "report"
    turns: tuple[str, ...] = ()
    turn_facts: tuple[Facts, ...] = ()
    turn_answerable: tuple[bool, ...] = ()
    turns_kind: tuple[str, ...] = ()
    premise: str | None = None
    documents: tuple[str, ...] = ()
    must_not_contain: tuple[str, ...] = ()
    core: tuple[Target, ...] = ()
    useful: tuple[Target, ...] = ()
    misleading: tuple[Target, ...] = ()
    best_first: Target | None = None
    near: bool = False
    style: str = ""
    topic: str = ""
    persona: str | None = None
    note: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> LabelledQuestion:
        """What one field needs of another."""
        problem = next((problem for problem in (*self._wrong_turns(), *self._wrong_labels()) if problem), None)
        if problem:
            raise ValueError(problem)
        return self

    def _wrong_turns(self) -> Iterator[Reason]:
        if not _ID.fullmatch(self.id):
            yield reason("set_id", id=repr(self.id))
        if (self.question is None) != bool(self.turns):
            yield reason("set_question_or_turns")
        per_turn = {"turn_facts": self.turn_facts, "turn_answerable": self.turn_answerable, "turns_kind": self.turns_kind}
        for name, values in per_turn.items():
            wanted = () if name == "turns_kind" and not values else self.turns
            if len(values) != len(wanted):
                yield reason("set_entries", name=name, entries=len(values), turns=len(self.turns))
        if self.turns and self.sentences:
            yield reason("set_sentences_of_dialogue")

    def _wrong_labels(self) -> Iterator[Reason]:
        facts = [fact for some in (self.key_facts, *self.turn_facts) for fact in some]
        if not all(fact and all(form.strip() for form in fact) for fact in facts):
            yield reason("set_key_fact")
        if self.answerable and not (self.relevant or facts or self.core):
            yield reason("set_answerable")
        if self.answerable and self.near:
            yield reason("set_near")
        if self.core and not self.answerable:
            yield reason("set_core")
        if not all(target.quote for target in self.sentences):
            yield reason("set_quotes")
        if self.best_first and self.best_first not in self.core:
            yield reason("set_best_first")

    @property
    def texts(self) -> tuple[str, ...]:
        """The question, or the questions of the turns."""
        return self.turns or (self.question or "",)

    @property
    def sentences(self) -> tuple[Target, ...]:
        """All that is labelled sentence by sentence."""
        return (*self.core, *self.useful, *self.misleading)

    @property
    def goals(self) -> tuple[Target, ...]:
        """What search should find: the relevant quotes, or where there are none the core sentences."""
        return self.relevant or self.core


@dataclass(frozen=True, slots=True)
class SetEntry:
    """A line of a set and where it stands."""

    question: LabelledQuestion
    file: Path
    line: int

    @property
    def place(self) -> str:
        """`evals/questions/article.jsonl:12`."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """The questions of a file, and why its other lines hold none."""

    name: str
    path: Path
    digest: str
    entries: tuple[SetEntry, ...]
    problems: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked at once: a question, or one turn of a dialogue (`turn` counts from 1; 0 outside dialogues).

    `targets` are what search should find; the fields from `core` on are those of the line. `digest` covers all that the case
    is asked and scored by: two cases with one digest can be compared.
    """

    id: str
    set: str
    dialogue: str
    turn: int
    text: str
    language: Language
    category: str
    kind: str
    split: Split
    answerable: bool
    key_facts: Facts
    targets: tuple[Target, ...]
    must_not_contain: tuple[str, ...]
    documents: tuple[Path, ...]
    digest: str
    core: tuple[Target, ...] = ()
    useful: tuple[Target, ...] = ()
    near: bool = False
    style: str = ""
    topic: str = ""


def find_sets(names: Sequence[str], folder: Path) -> list[Path]:
    """The files of the named sets (`article`, or any path); without names, every file of the folder.

    :raises EvaluationError: when there is none of that name.
    """
    known = sorted(folder.glob(f"*{SUFFIX}"))
    if not names and not known:
        raise EvaluationError(reason("no_sets", folder=str(folder)))
    paths = []
    for name in names:
        candidates = [Path(name), folder / f"{name}{SUFFIX}", folder / name]
        path = next((candidate for candidate in candidates if candidate.is_file()), None)
        if path is None:
            raise EvaluationError(reason("no_set", name=repr(name), known=", ".join(p.stem for p in known) or "none"))
        paths.append(path)
    return paths or known


def read_set(path: Path) -> QuestionSet:
    r"""The questions of a file, whose lines end at "\n" alone; a line that is none is told in `problems`.

    :raises EvaluationError: when the file cannot be read.
    """
    try:
        data = QUESTION_FILE.read(path)
        lines = data.decode("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as cause:
        raise EvaluationError(reason("unreadable_set", path=str(path), problem=str(cause))) from cause
    entries, problems = list[SetEntry](), list[Reason]()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entries.append(SetEntry(LabelledQuestion.model_validate_json(line), path, number))
        except ValidationError as cause:
            problems.append(reason("of_document", document=f"{path}:{number}", problem=_reason(cause)))
    return QuestionSet(path.stem, path, hashlib.sha256(data).hexdigest(), tuple(entries), tuple(problems))


def _reason(cause: ValidationError) -> Reason:
    """Why a line is no question: what one field needs of another has its reason, the rest is told by its kind."""
    first = cause.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return reason("set_missing", field=field)
    if first["type"] == "extra_forbidden":
        return reason("set_unknown", field=field)
    if field:
        return reason("set_value", field=field, problem=first["msg"])
    error = first.get("ctx", {}).get("error")
    own = error.args[0] if isinstance(error, ValueError) else reason("set_no_json", problem=first["msg"])
    return reason("set_line", problem=own)


def read_sets(paths: Iterable[Path]) -> list[QuestionSet]:
    """Sets that can be asked.

    :raises EvaluationError: for the first line that is no question, or an id used twice.
    """
    sets = [read_set(path) for path in paths]
    problems = [problem for one in sets for problem in (*one.problems, *repeated_ids(one.entries))]
    problems += repeated_ids([entry for one in sets for entry in one.entries])
    if problems:
        raise EvaluationError(reason("wrong_set", problem=problems[0]))
    return sets


def repeated_ids(entries: Iterable[SetEntry]) -> list[Reason]:
    """The entries whose id was used before."""
    first: dict[str, SetEntry] = {}
    problems = []
    for entry in entries:
        known = first.setdefault(entry.question.id, entry)
        if known is not entry:
            same = reason("set_same_id", id=repr(entry.question.id), place=known.place)
            problems.append(reason("of_document", document=entry.place, problem=same))
    return problems


def cases_of(questions: QuestionSet, split: Split | None = None) -> Iterator[Case]:
    """What is asked, in order; the turns of a dialogue as `id#1`, `id#2`.

    :param split: only the questions of this part; all of them when None.
    """
    for entry in questions.entries:
        if split in (None, entry.question.split):
            for number in range(1, len(entry.question.texts) + 1):
                yield _case(questions, entry.question, number)


def _case(questions: QuestionSet, question: LabelledQuestion, number: int) -> Case:
    """The question, or a dialogue's turn of that number."""
    turn = number - 1 if question.turns else None
    facts = question.key_facts if turn is None else question.turn_facts[turn]
    answerable = question.answerable if turn is None else question.turn_answerable[turn]
    targets = question.goals if turn is None else _targets_of_turn(question, facts)
    documents = tuple(questions.path.parent / name for name in question.documents)
    scored_by = [question.texts[:number], answerable, facts, _dumped(targets), question.must_not_contain]
    if question.core or question.useful:  # nothing else: the digests of other questions are those of earlier versions
        scored_by += [_dumped(question.core), _dumped(question.useful)]
    return Case(
        id=question.id if turn is None else f"{question.id}#{number}",
        set=questions.name,
        dialogue=question.id,
        turn=0 if turn is None else number,
        text=question.texts[number - 1],
        language=question.language,
        category=question.category,
        kind=question.turns_kind[turn] if question.turns_kind and turn is not None else question.kind,
        split=question.split,
        answerable=answerable,
        key_facts=facts,
        targets=targets if answerable or question.premise else (),
        must_not_contain=question.must_not_contain,
        documents=documents,
        digest=_digest(scored_by, documents),
        core=question.core,
        useful=question.useful,
        near=question.near,
        style=question.style,
        topic=question.topic,
    )


def _targets_of_turn(question: LabelledQuestion, facts: Facts) -> tuple[Target, ...]:
    """Of a dialogue's quotes, those that hold a fact of the turn."""
    forms = [form for fact in facts for form in fact]
    return tuple(target for target in question.relevant if any(mentions(target.quote, form) for form in forms))


def _dumped(targets: Iterable[Target]) -> list[dict[str, Any]]:
    return [target.model_dump() for target in targets]


def _digest(scored_by: Sequence[Any], documents: Sequence[Path]) -> str:
    held = [path.read_bytes() for path in documents if path.is_file()]
    written = json.dumps(scored_by, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return hashlib.sha256(b"\0".join([written, *held])).hexdigest()[:16]


def mentions(text: str, form: str) -> bool:
    """Whether a text holds a form as whole words or numbers, whatever its case and accents: "17" is not in "17.5"."""
    return _pattern(fold(form)).search(fold(text)) is not None


def _pattern(folded: str) -> re.Pattern[str]:
    before = r"(?<![\d][.,])" if folded[:1].isdigit() else ""
    after = r"(?![.,]\d)" if folded[-1:].isdigit() else ""
    return re.compile(rf"(?<!\w){before}{re.escape(folded)}{after}(?!\w)")


def missing_facts(text: str, facts: Facts) -> list[tuple[str, ...]]:
    """The facts of which a text holds no form."""
    return [fact for fact in facts if not any(mentions(text, form) for form in fact)]
