"""Following the folder: bursts, files that are still being written, a folder that goes and comes back."""

from __future__ import annotations

import json
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from advisor.settings import Settings

COMMAND = [sys.executable, "-c", "from advisor.cli.main import main; main()", "index", "--watch", "--json"]


class Watcher:
    """`advisor index --watch --json`, and the lines it prints."""

    def __init__(self, settings: Settings) -> None:
        places = ["--corpus", str(settings.corpus_dir), "--index", str(settings.index_dir)]
        self.process = subprocess.Popen([*COMMAND, *places], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines: queue.Queue[str] = queue.Queue()
        self.said: queue.Queue[str] = queue.Queue()
        self.readers = [
            threading.Thread(target=self._read, args=pair)
            for pair in ((self.process.stdout, self.lines), (self.process.stderr, self.said))
        ]
        for reader in self.readers:
            reader.start()

    def _read(self, stream: Any, lines: queue.Queue[str]) -> None:
        with stream:
            for line in stream:
                lines.put(line)

    def report(self) -> dict[str, Any]:
        return json.loads(self.lines.get(timeout=60))

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(30)
        for reader in self.readers:
            reader.join()
        return status


@pytest.fixture
def watcher(small_settings: Settings) -> Iterator[Watcher]:
    """A watcher that has indexed the small corpus."""
    started = Watcher(small_settings)
    assert len(started.report()["added"]) == 5
    yield started
    if started.process.poll() is None:
        started.end()


def test_bursts_partial_names_and_the_end(watcher: Watcher, small_settings: Settings) -> None:
    corpus = small_settings.corpus_dir
    for name in (".~lock.plan.md#", "plan.md.swp", "plan.md.part", "plan.md.crdownload", "~$plan.md"):
        (corpus / name).write_text("Le projet Tamarin démarre en juin.")
    for number in range(20):
        (corpus / f"burst{number:02d}.md").write_text(f"# Lot {number}\n\nLe lot {number} est prêt.\n")
        time.sleep(0.02)
    assert watcher.report()["added"] == [f"burst{number:02d}.md" for number in range(20)]
    (corpus / "burst00.md").unlink()
    (corpus / "burst01.md").rename(corpus / "moved.md")
    report = watcher.report()
    assert (report["removed"], report["renamed"]) == (["burst00.md"], [["burst01.md", "moved.md"]])
    assert watcher.end() in (0, 130)
    assert "Traceback" not in "".join(watcher.said.queue)


def test_a_file_that_grows_waits_and_holds_up_nobody(watcher: Watcher, small_settings: Settings) -> None:
    growing, done = small_settings.corpus_dir / "growing.md", small_settings.corpus_dir / "done.md"
    until = time.monotonic() + 12
    with growing.open("w") as file:
        done.write_text("# Fini\n\nTexte entier.\n")
        while time.monotonic() < until:
            file.write("Une ligne de plus.\n")
            file.flush()
            time.sleep(0.1)
        file.write("La dernière ligne parle de Tamarin.\n")
    first = watcher.report()
    assert first["added"] == ["done.md"]
    later = watcher.report()
    while not later["added"]:
        later = watcher.report()
    assert later["added"] == ["growing.md"]
    assert watcher.end() in (0, 130)


def test_a_folder_that_goes_and_comes_back(watcher: Watcher, small_settings: Settings) -> None:
    corpus = small_settings.corpus_dir
    away = corpus.with_name("away")
    before = (small_settings.index_dir / "current").read_text()
    corpus.rename(away)
    while "does not exist" not in watcher.said.get(timeout=60):
        pass
    assert (small_settings.index_dir / "current").read_text() == before
    (away / "new.md").write_text("# Neuf\n\nTexte.\n")
    shutil.copytree(away, corpus)
    report = watcher.report()
    while not report["added"]:
        report = watcher.report()
    assert (report["added"], report["removed"]) == (["new.md"], [])
    (corpus / "en/board.md").write_bytes(b"\0")
    report = watcher.report()
    while not report["failed"]:
        report = watcher.report()
    assert (report["failed"][0]["document"], report["documents"]) == ("en/board.md", 6)
    assert watcher.end() in (0, 130)


def test_actions_that_exclude_each_other(tmp_path: Path) -> None:
    done = subprocess.run([*COMMAND, "--rollback", "--index", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 2
    assert "cannot be used together" in " ".join(done.stderr.split())
