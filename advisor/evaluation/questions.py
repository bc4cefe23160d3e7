"""Question sets: JSON Lines files, their schema, and the single questions that are asked of the advisor.

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
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from advisor.errors import EvaluationError
from advisor.text.plain import fold
from advisor.types import Language

Split = Literal["tune", "seen", "report"]
Facts = tuple[tuple[str, ...], ...]
"""Every inner tuple needs one of its forms in the answer."""

SUFFIX = ".jsonl"
_ID = re.compile(r"[^\s#]+")
_FORMS_OF_A_LINE = 'a question {"id", "language", "question", "answerable", …} or a dialogue with "turns" and "turn_facts"'


class Target(BaseModel):
    """What answers a question: an exact span of a document. Without a quote, the whole document does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    document: str
    quote: str = ""


class Question(BaseModel):
    """One line of a set.

    `split`: "tune" for choosing settings, "report" for telling how good they are, "seen" for what was written for reporting
    but shares its answer with a question for tuning.
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
    note: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> Question:
        """What one field needs of another."""
        if not _ID.fullmatch(self.id):
            message = f"the id {self.id!r} is empty or holds white space or #"
            raise ValueError(message)
        if (self.question is None) != bool(self.turns):
            message = 'needs either "question" or "turns"'
            raise ValueError(message)
        per_turn = {"turn_facts": self.turn_facts, "turn_answerable": self.turn_answerable, "turns_kind": self.turns_kind}
        for name, values in per_turn.items():
            wanted = () if name == "turns_kind" and not values else self.turns
            if len(values) != len(wanted):
                message = f"{name} has {len(values)} entries for {len(self.turns)} turns"
                raise ValueError(message)
        facts = [fact for some in (self.key_facts, *self.turn_facts) for fact in some]
        if not all(fact and all(form.strip() for form in fact) for fact in facts):
            message = "a key fact is a list of one or more forms, none of them empty"
            raise ValueError(message)
        if self.answerable and not (self.relevant or facts):
            message = 'is answerable, so it needs "relevant" quotes or "key_facts"'
            raise ValueError(message)
        return self

    @property
    def texts(self) -> tuple[str, ...]:
        """The question, or the questions of the turns."""
        return self.turns or (self.question or "",)


@dataclass(frozen=True, slots=True)
class Entry:
    """A question and where it stands."""

    question: Question
    file: Path
    line: int

    @property
    def place(self) -> str:
        """`evals/questions/article.jsonl:12`."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """The questions of a file, and the lines that hold none, in words."""

    name: str
    path: Path
    digest: str
    entries: tuple[Entry, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """What is asked at once: a question, or one turn of a dialogue (`turn` counts from 1; 0 outside dialogues).

    `digest` covers all that it is asked and scored by: two items with one digest can be compared.
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


def find_sets(names: Sequence[str], folder: Path) -> list[Path]:
    """The files of the named sets (`article`, or any path); without names, every file of the folder.

    :raises EvaluationError: when there is none of that name.
    """
    known = sorted(folder.glob(f"*{SUFFIX}"))
    if not names and not known:
        message = f"there are no question sets in {folder}. Draft one from the indexed documents: advisor eval new"
        raise EvaluationError(message)
    paths = []
    for name in names:
        candidates = [Path(name), folder / f"{name}{SUFFIX}", folder / name]
        path = next((candidate for candidate in candidates if candidate.is_file()), None)
        if path is None:
            message = f"there is no question set {name!r}. Known: {', '.join(p.stem for p in known) or 'none'}, or a path"
            raise EvaluationError(message)
        paths.append(path)
    return paths or known


def read_set(path: Path) -> QuestionSet:
    """The questions of a file; a line that is none is told in `problems`.

    :raises EvaluationError: when the file cannot be read.
    """
    try:
        data = path.read_bytes()
        lines = data.decode("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as cause:
        message = f"the question set {path} cannot be read: {cause}"
        raise EvaluationError(message) from cause
    entries, problems = list[Entry](), list[str]()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entries.append(Entry(Question.model_validate_json(line), path, number))
        except ValidationError as cause:
            problems.append(f"{path}:{number}: {_in_words(cause)}")
    return QuestionSet(path.stem, path, hashlib.sha256(data).hexdigest(), tuple(entries), tuple(problems))


def _in_words(cause: ValidationError) -> str:
    first = cause.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    what = first["msg"].removeprefix("Value error, ")
    return f"{where + ': ' if where else ''}{what}" + ("" if where else f" (a line is {_FORMS_OF_A_LINE})")


def read_sets(paths: Iterable[Path]) -> list[QuestionSet]:
    """Sets that can be asked.

    :raises EvaluationError: for the first line that is no question, or an id used twice.
    """
    sets = [read_set(path) for path in paths]
    problems = [problem for one in sets for problem in (*one.problems, *repeated_ids(one.entries))]
    problems += repeated_ids([entry for one in sets for entry in one.entries])
    if problems:
        message = f"{problems[0]}. See all problems: advisor eval check"
        raise EvaluationError(message)
    return sets


def repeated_ids(entries: Iterable[Entry]) -> list[str]:
    """The entries whose id was used before, in words."""
    first: dict[str, Entry] = {}
    problems = []
    for entry in entries:
        known = first.setdefault(entry.question.id, entry)
        if known is not entry:
            problems.append(f"{entry.place}: the id {entry.question.id!r} is already that of {known.place}")
    return problems


def items_of(questions: QuestionSet) -> Iterator[Item]:
    """What is asked, in order; the turns of a dialogue as `id#1`, `id#2`."""
    for entry in questions.entries:
        question = entry.question
        for number, text in enumerate(question.texts, start=1):
            facts = question.turn_facts[number - 1] if question.turns else question.key_facts
            answerable = question.turn_answerable[number - 1] if question.turns else question.answerable
            targets = _targets_of_turn(question, facts) if question.turns else question.relevant
            documents = tuple(questions.path.parent / name for name in question.documents)
            yield Item(
                id=f"{question.id}#{number}" if question.turns else question.id,
                set=questions.name,
                dialogue=question.id,
                turn=number if question.turns else 0,
                text=text,
                language=question.language,
                category=question.category,
                kind=question.turns_kind[number - 1] if question.turns_kind else question.kind,
                split=question.split,
                answerable=answerable,
                key_facts=facts,
                targets=targets if answerable or question.premise else (),
                must_not_contain=question.must_not_contain,
                documents=documents,
                digest=_digest(question.texts[:number], answerable, facts, targets, question.must_not_contain, documents),
            )


def _targets_of_turn(question: Question, facts: Facts) -> tuple[Target, ...]:
    """Of a dialogue's quotes, those that hold a fact of the turn."""
    forms = [form for fact in facts for form in fact]
    return tuple(target for target in question.relevant if any(mentions(target.quote, form) for form in forms))


def _digest(
    texts: Sequence[str],
    answerable: bool,
    facts: Facts,
    targets: Sequence[Target],
    forbidden: Sequence[str],
    documents: Sequence[Path],
) -> str:
    content = [texts, answerable, facts, [target.model_dump() for target in targets], forbidden]
    held = [path.read_bytes() for path in documents if path.is_file()]
    written = json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")
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
