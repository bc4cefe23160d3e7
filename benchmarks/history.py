"""Three real states of one corpus, synced one after the other, against a fresh build of each.

    python benchmarks/history.py --data ../shared/data --work /tmp/history

Prints what each sync reported against what the maintainers did, the share of passages whose vectors were re-used, whether
the passages are those of a fresh build, and for how many questions the ten best are the same: in hybrid search, in vector
search, and in vector search against exact cosines over all passages.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from common import RememberingEmbeddings, best, content, load

from advisor.documents.formats.file_type import SUFFIXES
from advisor.index.generation import open_current
from advisor.index.sync import sync
from advisor.settings import Settings

if TYPE_CHECKING:
    from advisor.types import IndexReport

HISTORY = "history-finops-en"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    shutil.rmtree(arguments.work, ignore_errors=True)
    steps = json.loads((arguments.data / HISTORY / "changes.json").read_text(encoding="utf-8"))
    lines = (arguments.data / "finops-en" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines]
    followed = Settings(corpus_dir=arguments.work / "corpus", index_dir=arguments.work / "followed")
    embeddings = RememberingEmbeddings(followed)
    for step in steps:
        shutil.rmtree(followed.corpus_dir, ignore_errors=True)
        shutil.copytree(arguments.data / HISTORY / step["version"], followed.corpus_dir)
        report = sync(followed, embeddings)
        fresh = followed.model_copy(update={"index_dir": arguments.work / f"fresh-{step['version']}"})
        sync(fresh, embeddings)
        share = report.reused / report.chunks
        print(
            f"{step['version']}: {report.documents} documents, {report.chunks} passages, {share:.1%} re-used; "
            f"{counts(report)}; reported as it was: {agrees(report, step)}; load {load()}"
        )
        same = content(followed, embeddings) == content(fresh, embeddings)
        one, other = best(followed, embeddings, questions), best(fresh, embeddings, questions)
        print(f"  passages of a fresh build: {same}; the same ten best: {agreement(one, other)}")
        one, other = (nearest(settings, embeddings, questions) for settings in (followed, fresh))
        true = exact(fresh, embeddings, questions)
        print(f"  by vectors alone: {agreement(one, other)}; as exact search: {agreement(one, true)}")


def counts(report: IndexReport) -> str:
    """The report in figures."""
    return (
        f"{len(report.added)} added, {len(report.updated)} updated, {len(report.renamed)} renamed, "
        f"{len(report.removed)} removed, {report.unchanged} unchanged"
    )


def agrees(report: IndexReport, step: dict[str, Any]) -> bool:
    """Whether the report is what the maintainers did. The first state has no list of changes: all of it is new."""
    if "added" not in step:
        return len(report.added) == step["docs"]
    listed = {name: {each for each in step[name] if each.endswith(SUFFIXES)} for name in ("added", "deleted", "modified")}
    renamed = {tuple(pair) for pair in step["renamed_same_content"]}
    return (set(report.added), set(report.removed), set(report.updated), set(report.renamed)) == (
        listed["added"],
        listed["deleted"],
        listed["modified"],
        renamed,
    )


def nearest(settings: Settings, embeddings: RememberingEmbeddings, questions: list[str]) -> list[list[str]]:
    """The ten nearest chunks by the vector store."""
    index = open_current(settings, embeddings)
    found = [index.search_vectors(embeddings.encode_query(question), num_results=10) for question in questions]
    index.close()
    return [[key for key, _ in some] for some in found]


def exact(settings: Settings, embeddings: RememberingEmbeddings, questions: list[str]) -> list[list[str]]:
    """The ten nearest chunks by cosines with all of them."""
    index = open_current(settings, embeddings)
    hashes = sorted(index.catalog.chunk_hashes())
    vectors = index.chunk_vectors(hashes)
    ids = index.catalog.ids_of_texts(hashes)
    index.close()
    table = np.stack([vectors[key] for key in hashes])
    found = []
    for question in questions:
        order = np.argsort(-(table @ embeddings.encode_query(question)))[:10]
        found.append([chunk for place in order for chunk in ids[hashes[place]]][:10])
    return found


def agreement(one: list[list[str]], other: list[list[str]]) -> str:
    """For how many questions two lists of results are the same, in order."""
    return f"{sum(left == right for left, right in zip(one, other, strict=True))} of {len(one)} questions"


if __name__ == "__main__":
    main()
