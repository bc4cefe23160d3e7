"""Hostile files through a real sync: what becomes of each, and how much memory it takes.

    python benchmarks/hostile.py [--line-megabytes 200]

Makes the files in a temporary folder, reads each and prints what becomes of it; then indexes them all with a real sync in
a child process and prints its peak of memory.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from made_files import hostile_files, put_hostile_places  # noqa: E402

from advisor.documents.chunking import chunk_document  # noqa: E402
from advisor.documents.folder import document_id, list_files  # noqa: E402
from advisor.documents.formats.extractor import Extractor  # noqa: E402
from advisor.documents.reading import parse_document, read_bytes  # noqa: E402
from advisor.errors import DocumentError  # noqa: E402
from advisor.settings import Settings  # noqa: E402

SYNC = """
import json, resource, sys
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings
from advisor.index.sync import sync
settings = Settings(corpus_dir=sys.argv[1], index_dir=sys.argv[2])
report = sync(settings, Embeddings(settings))
peaks = [resource.getrusage(who).ru_maxrss // 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps([[f.document for f in report.failed], list(report.added), report.chunks, peaks, report.seconds]))
"""


def main() -> None:
    """Make, index, time and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--line-megabytes", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        corpus = Path(temporary, "corpus")
        corpus.mkdir()
        for name, (data, _) in hostile_files().items():
            (corpus / name).write_bytes(data)
        (corpus / "line.md").write_bytes(b"x" * (arguments.line_megabytes * 1_000_000))
        (corpus / "long-line.md").write_bytes(b"mot " * 1_200_000)
        put_hostile_places(corpus, Path(temporary, "secret.md"))
        each(corpus)
        (corpus / "long-line.md").unlink()  # embedding its 5,000 chunks takes minutes and tells nothing of reading
        command = [sys.executable, "-c", SYNC, str(corpus), str(Path(temporary, "index"))]
        started = time.perf_counter()
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
        failed, added, chunks, (peak, reader), _ = json.loads(done.stdout)
        print(
            f"\nsync: {len(added)} indexed as {chunks} chunks, {len(failed)} refused, {time.perf_counter() - started:.1f} s"
        )
        print(f"peak memory: {peak:,} MB for the sync, {reader:,} MB for the process that reads files")


def each(corpus: Path) -> None:
    """Read and cut every file, and say what became of it."""
    settings = Settings(corpus_dir=corpus)
    print(f"{'file':<26} {'seconds':>7}  outcome")
    with Extractor(settings) as extractor:
        for path in list_files(corpus):
            name = document_id(path, corpus)
            started = time.perf_counter()
            try:
                document = parse_document(name, read_bytes(path, settings), extractor)
                chunks = chunk_document(document, chunk_chars=settings.chunk_chars)
                outcome = f"read: {len(document.text):,} characters, {len(chunks):,} chunks"
            except DocumentError as cause:
                outcome = str(cause)
            print(f"{name!r:<26} {time.perf_counter() - started:>7.2f}  {outcome}", flush=True)


if __name__ == "__main__":
    main()
