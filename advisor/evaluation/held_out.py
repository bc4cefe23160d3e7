"""Each question asked twice: of an index that has the document with its answer, and of one that lacks it.

The documents are parted in groups, a document with its translation; for each group an index is built without it, beside the
published one and with its vectors. There, the questions about the group have no answer, and those about the next group have
theirs, of which only what would give it away is hidden: a heading, or how a curator asked for it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

from advisor.answering.fallback import extract
from advisor.documents.folder import SECTION_KINDS, THESAURUS
from advisor.errors import EvaluationError
from advisor.evaluation.places import SourceSpan
from advisor.evaluation.probes import Probe, entries_left, families_of, without_heading
from advisor.evaluation.runner import OnAsked
from advisor.index.build import BuildContext, build_generation
from advisor.index.corpus_vectors import vectors_path
from advisor.index.generation import Generation
from advisor.index.phrasings import FOLDER, PhrasingEntry
from advisor.index.plan import Changes
from advisor.retrieval.confidence import Signals
from advisor.retrieval.search import Searcher, gather_evidence
from advisor.text.plain import detect_language
from advisor.types import Document

_GROUPS = 4  # of documents: with more, indexes would lack less, and building them would take longer
_FEWEST = 2  # one to ask about, another to ask


@dataclass(frozen=True, slots=True)
class Trial:
    """A question as it went: whether it had an answer, whether one was made of the document that holds it, by which signals.

    Where an answer stands is known by the document: a curator names one place of it, and others answer as well.

    `group` is that of the documents which the question is about: trials of one group are not independent.
    """

    probe: Probe
    answerable: bool
    right: bool
    signals: Signals
    group: int


@dataclass(frozen=True, slots=True)
class _Round:
    """What is asked while a group of documents is left out: with an answer, and without."""

    group: int
    with_answer: Sequence[Probe]
    without: Sequence[Probe]


def hold_out(
    published: Searcher, probes: Sequence[Probe], entries: Sequence[PhrasingEntry], on_asked: OnAsked | None = None
) -> list[Trial]:
    """Every question with and without its document; one that nothing answers once.

    A question that a curator is found to have answered word for word is left out: confidence decides nothing there.

    :param published: the index that the questions are about.
    :param entries: the phrasings of the corpus.
    :raises EvaluationError: when there is one document, so that none can be left out.
    """
    documents = published.index.catalog.documents()
    families = families_of(documents)
    groups = _parted(families)
    rounds = _rounds(probes, groups)
    total = sum(len(each.with_answer) + len(each.without) for each in rounds)
    found, done = list[Trial](), 0
    for each in rounds:
        with _index_without(published, documents, groups, each, entries) as searcher:
            asked = [(probe, True) for probe in each.with_answer] + [(probe, False) for probe in each.without]
            for probe, answerable in asked:
                group = groups[probe.family] if probe.family else each.group
                found += filter(None, [_tried(searcher, probe, group, families, answerable=answerable)])
                done += 1
                if on_asked:
                    on_asked(done, total)
    return found


def _parted(families: Mapping[str, str]) -> dict[str, int]:
    """Family -> group; families in the order of their names go round, so that a folder is spread over the groups."""
    names = sorted(set(families.values()))
    if len(names) < _FEWEST:
        message = (
            "the corpus has one document, and a calibration needs questions about documents that are left out. "
            "Add documents, then run: advisor index"
        )
        raise EvaluationError(message)
    return {name: at % min(_GROUPS, len(names)) for at, name in enumerate(names)}


def _rounds(probes: Sequence[Probe], groups: Mapping[str, int]) -> list[_Round]:
    count = max(groups.values()) + 1
    place = {id(probe): groups[probe.family] if probe.family else crc32(probe.question.encode()) % count for probe in probes}
    return [
        _Round(
            group=group,
            with_answer=[probe for probe in probes if probe.family and (place[id(probe)] - 1) % count == group],
            without=[probe for probe in probes if place[id(probe)] == group],
        )
        for group in range(count)
    ]


@contextmanager
def _index_without(
    published: Searcher,
    documents: Sequence[Document],
    groups: Mapping[str, int],
    asked: _Round,
    entries: Sequence[PhrasingEntry],
) -> Iterator[Searcher]:
    """An index of the other groups, without what gives answers away."""
    families = families_of(documents)
    headings: dict[str, list[SourceSpan]] = {}
    for probe in asked.with_answer:
        if probe.heading:
            headings.setdefault(probe.heading.document, []).append(probe.heading)
    kept = {
        document.id: without_heading(document, headings.get(document.id, ()))
        for document in documents
        if groups[families[document.id]] != asked.group
    }
    hidden = [probe.entry for probe in (*asked.with_answer, *asked.without)]
    with TemporaryDirectory(prefix="advisor-calibrate-", ignore_cleanup_errors=True) as scratch:
        beside, index_dir = Path(scratch) / "corpus", Path(scratch) / "index"
        index_dir.mkdir()
        _write_beside(published, beside, entries_left(entries, hidden, kept))
        settings = published.settings.model_copy(update={"corpus_dir": beside, "index_dir": index_dir, "chroma_url": None})
        context = BuildContext(settings, published.embeddings, published.index)
        contents = {name: document.content_hash for name, document in sorted(kept.items())}
        removed = tuple(document.id for document in documents if document.id not in kept)
        changes = Changes(contents, tuple(kept.values()), removed)
        built = build_generation(context, changes, number=1, previous="")
        with closing(Generation(index_dir / built.manifest.generation)) as index:
            yield Searcher(published.settings, published.embeddings, index)


def _write_beside(published: Searcher, folder: Path, entries: Sequence[PhrasingEntry]) -> None:
    """What stands beside documents, with these phrasings. The languages of phrasings are not kept apart: nothing asks."""
    (folder / FOLDER).mkdir(parents=True)
    corpus_dir = published.settings.corpus_dir
    for path in (
        *(corpus_dir / name for name in (THESAURUS, SECTION_KINDS)),
        vectors_path(corpus_dir, published.embeddings),
    ):
        if path.is_file():
            shutil.copyfile(path, folder / path.name)
    files: dict[tuple[str, str], list[PhrasingEntry]] = {}
    for entry in entries:
        files.setdefault((entry.file, entry.document), []).append(entry)
    for number, ((_, document), some) in enumerate(files.items()):
        content: dict[str, object] = {"not_covered": {"en": [question for entry in some for question in entry.questions]}}
        if document:
            content = {"document": document, "asked": [_written(entry) for entry in some]}
        # JSON is YAML, and written a hundred times as fast.
        path = folder / FOLDER / f"{number:06d}.yaml"
        path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _written(entry: PhrasingEntry) -> dict[str, object]:
    place: dict[str, object] = {"lines": entry.lines} if entry.curated else {"sentence": entry.lines[0]}
    return place | {"en": entry.questions}


def _tried(searcher: Searcher, probe: Probe, group: int, families: Mapping[str, str], *, answerable: bool) -> Trial | None:
    """:return: None for a question that is known word for word."""
    evidence = gather_evidence(searcher, probe.question, detect_language(probe.question))
    if evidence.confidence == 1.0:
        return None
    cited = extract(searcher.index, evidence, searcher.settings).citations if answerable else ()
    right = any(families[citation.document] == probe.family for citation in cited)
    return Trial(probe, answerable, right, evidence.signals, group)
