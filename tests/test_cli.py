"""The command line as its users run it: a process, its streams and its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from advisor.settings import Settings

ANSWER_FIELDS = [
    "id",
    "question",
    "standalone_question",
    "language",
    "status",
    "answer",
    "reason",
    "sentences",
    "withheld",
    "citations",
    "confidence",
    "writer",
    "index",
    "ms",
]
CITATION_FIELDS = [
    "marker",
    "document",
    "title",
    "heading",
    "start",
    "end",
    "start_line",
    "end_line",
    "page",
    "quote",
    "evidence",
    "date",
]
RESULT_FIELDS = ["rank", "score", "document", "title", "heading", "start", "end", "start_line", "end_line", "page", "text"]
REPORT_FIELDS = [
    "generation",
    "added",
    "updated",
    "renamed",
    "removed",
    "unchanged",
    "failed",
    "documents",
    "chunks",
    "embedded",
    "reused",
    "seconds",
]
# Any socket but a local one fails: what the advisor does, it does alone.
NO_NETWORK = """
import socket, sys
real = socket.socket.connect
def connect(self, address):
    if self.family != socket.AF_UNIX:
        raise OSError("the network is cut")
    return real(self, address)
socket.socket.connect = connect
socket.getaddrinfo = lambda *a, **k: (_ for _ in ()).throw(OSError("the network is cut"))
from advisor.cli.main import main
sys.argv = ["advisor", *sys.argv[1:]]
main()
"""


def run(*arguments: str, code: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    start = ["-c", code] if code else ["-c", "from advisor.cli.main import main; main()"]
    encoding = environment.get("PYTHONIOENCODING", "utf-8")
    done = subprocess.run(
        [sys.executable, *start, *arguments],
        capture_output=True,
        encoding="utf-8" if encoding == "ascii" else encoding,  # Click takes ASCII for a locale that nobody chose
        env={**os.environ, **environment},
        timeout=300,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def lines(done: subprocess.CompletedProcess[str]) -> list[dict]:
    return [json.loads(line) for line in done.stdout.split("\n") if line]


@pytest.fixture(scope="module")
def where(advisor, settings: Settings) -> list[str]:
    """Options that name the session's index of the whole corpus."""
    return ["--corpus", str(settings.corpus_dir), "--index", str(settings.index_dir)]


def test_index_reports_and_is_idle_without_changes(small_settings: Settings):
    places = ["--corpus", str(small_settings.corpus_dir), "--index", str(small_settings.index_dir)]
    first, second = (lines(run("index", "--json", *places))[0] for _ in range(2))
    assert set(first) == set(REPORT_FIELDS)
    assert len(first["added"]) == 5
    assert first["embedded"] == first["chunks"] > 0
    assert (second["added"], second["embedded"], second["unchanged"]) == ([], 0, 5)


def test_a_file_that_cannot_be_read_is_named_and_the_rest_is_indexed(small_settings: Settings):
    (small_settings.corpus_dir / "fr" / "binary.md").write_bytes(b"\x00\x01\x02" * 100)
    done = run("index", "--json", "--corpus", str(small_settings.corpus_dir), "--index", str(small_settings.index_dir))
    report = lines(done)[0]
    assert done.returncode == 1
    assert [failed["document"] for failed in report["failed"]] == ["fr/binary.md"]
    assert report["documents"] == 5
    assert "fr/binary.md" in done.stderr


def test_a_missing_corpus_changes_nothing(small_settings: Settings):
    index = str(small_settings.index_dir)
    run("index", "--corpus", str(small_settings.corpus_dir), "--index", index)
    before = (small_settings.index_dir / "current").read_text()
    done = run("index", "--corpus", str(small_settings.corpus_dir / "nowhere"), "--index", index)
    assert done.returncode == 1
    assert "does not exist" in done.stderr
    assert (small_settings.index_dir / "current").read_text() == before


def test_search_gives_exact_spans(where, project_root: Path):
    (line,) = lines(run("search", "coûts cloud FinOps", "-k", "5", "--json", *where))
    assert [result["rank"] for result in line["results"]] == [1, 2, 3, 4, 5]
    scores = [result["score"] for result in line["results"]]
    assert scores == sorted(scores, reverse=True)
    for result in line["results"]:
        assert set(result) == set(RESULT_FIELDS)
        text = (project_root / "corpus" / result["document"]).read_bytes().decode("utf-8")
        assert text[result["start"] : result["end"]] == result["text"]


def test_ask_from_a_file_answers_every_line(where, tmp_path: Path, project_root: Path):
    batch = tmp_path / "questions.jsonl"
    entries = [
        {"id": "fr", "question": "Quel gain a apporté l’AI Committee ?"},
        {"id": "en", "question": "What did the move to AWS and Azure bring after 12 months?"},
        {"id": "off", "question": "Quelle est la recette de la tarte Tatin ?"},
        {"id": "talk", "turns": ["Que voulait faire l’entreprise d’e-commerce ?", "Et pourquoi cela a-t-il échoué ?"]},
        {"id": "empty", "question": "   "},
        {"id": "digits", "question": "123 456 ?"},
        {"id": "long", "question": "a " * 50_000},
        {"id": "control", "question": "Qu’est-ce que\x00 le \x1b[31mFinOps\u202e ?"},
    ]
    batch.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    answers = {line["id"]: line for line in lines(run("ask", "--from", str(batch), "--json", *where))}
    assert list(answers) == ["fr", "en", "off", "talk#1", "talk#2", "empty", "digits", "long", "control"]
    statuses = {key: answer["status"] for key, answer in answers.items()}
    assert statuses["fr"] == statuses["en"] == statuses["talk#2"] == "answered"
    assert statuses["off"] == "abstained"
    assert statuses["empty"] == statuses["digits"] == statuses["long"] == "invalid"
    assert statuses["control"] != "invalid"
    assert "17" in answers["fr"]["answer"]
    for answer in answers.values():
        assert list(answer) == ANSWER_FIELDS
        for citation in answer["citations"]:
            assert list(citation) == CITATION_FIELDS
            text = (project_root / "corpus" / citation["document"]).read_bytes().decode("utf-8")
            assert text[citation["start"] : citation["end"]] == citation["quote"]


SEPARATORS = "\u2028\u2029\u0085\x0b\x0c\x1c\x1d\x1e"  # lines of other formats than JSON Lines end here


def batch_file(folder: Path) -> Path:
    """Nine lines, of which four are questions."""
    question = "Quel gain a apporté l’AI Committee ?"
    batch = [
        b"\xef\xbb\xbf" + json.dumps({"id": "marked", "question": question}).encode() + b"\r",
        json.dumps({"id": "separated", "question": question.replace(" ", SEPARATORS)}, ensure_ascii=False).encode(),
        b"{broken",
        b'{"id": "latin", "question": "co\xfbts"}',
        b"",
        b'["a", "list"]',
        b'{"id": "number", "question": 3}',
        b'{"id": "no turns", "turns": []}',
        b'{"id": "half", "question": "Quel gain a apport\xc3\xa9 l\'AI Committee \\ud83d ?"}',
        b'{"question": "Quel gain a apport\xc3\xa9 l\'AI Committee ?"}',
    ]
    path = folder / "questions.jsonl"
    path.write_bytes(b"\n".join(batch))
    return path


INVALID = {"3": 3, "4": 4, "6": 6, "number": 7, "no turns": 8}  # id -> line


def test_a_line_of_a_batch_ends_at_a_line_feed_alone_and_a_bad_one_is_answered_as_invalid(where, tmp_path: Path):
    done = run("ask", "--from", str(batch_file(tmp_path)), "--json", *where)
    assert done.returncode == 0
    answers = {line["id"]: line for line in lines(done)}
    assert list(answers) == ["marked", "separated", "3", "4", "6", "number", "no turns", "half", "10"]
    statuses = {key: answer["status"] for key, answer in answers.items()}
    assert {key for key, status in statuses.items() if status == "invalid"} == set(INVALID)
    assert all(f"line {number} " in answers[key]["reason"] for key, number in INVALID.items())
    assert {answers[key]["citations"][0]["document"] for key in ("separated", "10", "marked")} == {
        "fr/cto-evolution-article.md"
    }


def test_a_bad_line_does_not_stop_a_search_either(where, tmp_path: Path):
    found = {line["id"]: line for line in lines(run("search", "--from", str(batch_file(tmp_path)), "--json", *where))}
    assert {key for key, line in found.items() if line.get("status") == "invalid"} == set(INVALID)
    assert all(f"line {number} " in found[key]["reason"] for key, number in INVALID.items())
    assert all(line["results"] for key, line in found.items() if key not in INVALID)


def test_a_file_that_is_not_there_is_a_usage_error(where, tmp_path: Path):
    done = run("ask", "--from", str(tmp_path / "absent.jsonl"), *where)
    assert done.returncode == 2
    assert "absent.jsonl cannot be read" in done.stderr


@pytest.mark.parametrize("question", ["", "   ", "??", "x" * 100_000])
def test_a_question_that_cannot_be_taken_is_a_usage_error(where, question: str):
    done = run("ask", question, *where)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


def test_without_an_index_the_message_says_what_to_run(tmp_path: Path, project_root: Path):
    done = run("ask", "Question ?", "--corpus", str(project_root / "corpus"), "--index", str(tmp_path / "none"))
    assert done.returncode == 1
    assert "Run: advisor index" in done.stderr


def test_an_index_of_another_chunking_is_recognised(where):
    done = run("ask", "Question ?", *where, ADVISOR_CHUNK_CHARS="500")
    assert done.returncode == 1
    assert "chunk_chars" in done.stderr
    assert "Run: advisor index" in done.stderr


def test_an_unknown_setting_is_refused(where):
    done = run("ask", "Question ?", *where, ADVISOR_TYPO="1")
    assert done.returncode == 1
    assert "ADVISOR_TYPO" in done.stderr


def test_ask_works_with_the_network_cut(where):
    (answer,) = lines(run("ask", "Quel gain a apporté l’AI Committee ?", "--json", *where, code=NO_NETWORK))
    assert answer["status"] == "answered"
    assert "6 mois" in answer["answer"]


def test_indexing_works_with_the_network_cut(small_settings: Settings):
    places = ["--corpus", str(small_settings.corpus_dir), "--index", str(small_settings.index_dir)]
    assert lines(run("index", "--json", *places, code=NO_NETWORK))[0]["documents"] == 5


def test_doctor_approves_a_sound_installation(where):
    done = run("doctor", *where)
    assert done.returncode == 0, done.stdout
    assert "FAIL" not in done.stdout
    assert "confidence: the shipped calibration" in done.stdout


def test_the_original_article_alone_answers(seed_dir: Path, tmp_path: Path):
    places = ["--corpus", str(seed_dir), "--index", str(tmp_path / "index")]
    run("index", *places)
    (answer,) = lines(run("ask", "Quel gain a apporté l'AI Committee ?", "--json", *places))
    assert answer["status"] == "answered"
    assert any("17 % en 6 mois" in citation["quote"] for citation in answer["citations"])


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252"])
def test_a_terminal_that_lacks_characters(where, encoding: str):
    asked = run("ask", "Qu’est-ce que le FinOps ?", *where, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert asked.returncode == 0
    assert "FinOps" in asked.stdout
    (answer,) = lines(run("ask", "Qu’est-ce que le FinOps ?", "--json", *where, PYTHONIOENCODING=encoding, PYTHONUTF8="0"))
    assert answer["question"] == "Qu’est-ce que le FinOps ?"


def test_a_full_disk_and_a_closed_pipe_are_told_in_one_line(where):
    command = [sys.executable, "-c", "from advisor.cli.main import main; main()", "search", "FinOps", *where]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (1, "advisor: the output cannot be written: No space left on device\n")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, text=True, timeout=300, check=False)
    assert done.stderr == ""
