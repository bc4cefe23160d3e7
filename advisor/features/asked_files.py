"""`asked/*.yaml` as they are changed: a curated answer more, whose questions stand nowhere else, or phrasings of a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from textwrap import indent
from typing import Any

from filelock import FileLock

from advisor.documents.yaml_values import BadYamlError, yaml_text, yaml_value
from advisor.errors import CorpusError
from advisor.files import private_folder, replace_file, storage_errors
from advisor.index.phrasings import FOLDER, phrasing_files, read_phrasings
from advisor.limits import CORPUS_FILE
from advisor.settings import Settings
from advisor.text.language import LANGUAGES
from advisor.text.plain import detect_language, fold, stem_of
from advisor.text.reasons import reason

_LONGEST_STEM = 60
_UNREAD = "# read by nobody yet: correct or delete these questions, then take away `written_by`\n"
_INDENTS = ("  ", "")  # how far the entries of a list are set in


@dataclass(frozen=True, slots=True)
class CuratedEntry:
    """A whole answer: the lines of a document in order, and the questions that they answer."""

    document: str
    lines: tuple[str, ...]
    questions: tuple[str, ...]

    @property
    def written(self) -> dict[str, list[str]]:
        """The entry as it stands in a file."""
        spoken = [(detect_language(question), question) for question in self.questions]
        asked = {language: [question for own, question in spoken if own == language] for language in LANGUAGES}
        return {"lines": list(self.lines)} | {language: some for language, some in asked.items() if some}


def keep_entry(settings: Settings, entry: CuratedEntry) -> Path:
    """Write a curated answer into the file of its document, or begin one; returns the file.

    A question has one answer: it leaves the curated answers that had it, and the list of those that nothing answers.

    :raises CorpusError: when a file of questions is broken, or would become too long; nothing is written then.
    :raises StorageError: when a file cannot be written.
    """
    corpus_dir = settings.corpus_dir
    with FileLock(private_folder(settings.state_dir) / "asked.lock"):
        read_phrasings(corpus_dir)  # what is wrong with a file is told before anything is written
        held = {path: path.read_text(encoding="utf-8") for path in phrasing_files(corpus_dir)}
        before = {path: yaml_value(text) for path, text in held.items()}
        asked = frozenset(map(fold, entry.questions))
        after = {path: _without(content, asked) for path, content in before.items()}
        goal = next((path for path, content in after.items() if _document_of(content) == entry.document), None)
        path = goal or _new_file(corpus_dir / FOLDER, entry.document)
        is_as_before = goal is not None and after[goal] == before[goal]
        longer = _with_entry(
            held[path] if is_as_before else "", after.get(path, {"document": entry.document, "asked": []}), entry
        )
        changed = {other: yaml_text(content) for other, content in after.items() if content != before[other]}
        _write({path: longer} | {other: text for other, text in changed.items() if other != path})
    return path


def add_phrasings(settings: Settings, document: str, entries: Sequence[Mapping[str, Any]]) -> Path:
    """Put phrasings that nobody has read below what the file of a document holds, or in a new one; returns the file.

    What stands there stays as it is, to the letter.

    :param entries: as they stand in a file, `written_by` among it.
    :raises CorpusError: when a file of questions is broken, or would become too long; nothing is written then.
    :raises StorageError: when the file cannot be written.
    """
    corpus_dir = settings.corpus_dir
    with FileLock(private_folder(settings.state_dir) / "asked.lock"):
        read_phrasings(corpus_dir)
        held = {path: path.read_text(encoding="utf-8") for path in phrasing_files(corpus_dir)}
        for path, text in held.items():
            content = yaml_value(text)
            longer = _longer(text, _UNREAD, content, entries) if _document_of(content) == document else None
            if longer and not CORPUS_FILE.excess(longer.encode()):
                _write({path: longer})
                return path
        path = _new_file(corpus_dir / FOLDER, document)
        _write({path: _UNREAD + yaml_text({"document": document, "asked": [dict(entry) for entry in entries]})})
    return path


def _longer(held: str, remark: str, content: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> str | None:
    """A file with more entries below what it holds; None where they cannot stand there."""
    wanted = {**content, "asked": [*content["asked"], *entries]}
    added = remark + yaml_text([dict(entry) for entry in entries])
    tried = (f"{held.rstrip()}\n{indent(added, depth)}" for depth in _INDENTS)
    return next((longer for longer in tried if _value_of(longer) == wanted), None)


def _write(texts: Mapping[Path, str]) -> None:
    """Write files, each whole or not at all; none of them when one would be too long."""
    data = {path: text.encode() for path, text in texts.items()}
    for path, written in data.items():
        if CORPUS_FILE.excess(written):
            raise CorpusError(reason("long_companion", file=path.name, size=len(written), most=CORPUS_FILE.most))
    for path, written in data.items():
        with storage_errors(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, written, mode=0o644)


def _document_of(content: Mapping[str, Any]) -> str:
    return str(content.get("document", "")).strip()


def _new_file(folder: Path, document: str) -> Path:
    """A file that is not there yet, named after a document: by its own name, else with its folders, else with a number."""
    named = document.rpartition(".")[0] or document
    names = chain((named.rpartition("/")[2], named), (f"{named} {number}" for number in count(2)))
    paths = (folder / f"{stem_of(name, _LONGEST_STEM) or 'document'}.yaml" for name in names)
    return next(path for path in paths if not path.exists())


def _without(content: Mapping[str, Any], asked: Set[str]) -> dict[str, Any]:
    """What a file holds, without these questions where they are answered otherwise or not at all."""
    if "not_covered" in content:
        return {**content, "not_covered": _less(content["not_covered"], asked)}
    return {**content, "asked": list(_entries_without(content["asked"], asked))}


def _entries_without(entries: Sequence[Mapping[str, Any]], asked: Set[str]) -> Iterator[Mapping[str, Any]]:
    """The entries of a file; a curated answer that no question is left for goes."""
    for entry in entries:
        left = _less(entry, asked) if "lines" in entry else entry
        if left == entry or any(left.get(language) for language in LANGUAGES):
            yield left


def _less(questions: Mapping[str, Any], asked: Set[str]) -> dict[str, Any]:
    """Questions by language, and what stands beside them, without those that are asked for (folded)."""
    return {
        key: [one for one in some if fold(one) not in asked] if key in LANGUAGES else some for key, some in questions.items()
    }


def _with_entry(held: str, content: Mapping[str, Any], entry: CuratedEntry) -> str:
    """A file with one more entry: below what it held, as that was written; else written anew, without its comments.

    :param held: the file as it stands; "" where it changes in other places too.
    """
    longer = _longer(held, "", content, [entry.written]) if held else None
    return longer or yaml_text({**content, "asked": [*content["asked"], entry.written]})


def _value_of(text: str) -> object:
    """What some YAML holds; None where it is none."""
    try:
        return yaml_value(text)
    except BadYamlError:
        return None
