"""What the product makes of the drafts of a strong chat model: what is shown, withheld and thrown away, and how fast.

    python benchmarks/drafts.py prompts DIR [--index DIR]
    python benchmarks/drafts.py ask [--half report] [--verdicts FILE] [--checks DIR] [--json FILE] [--index DIR]

`prompts` takes questions of `evals/questions/` (a random order with a fixed seed; none of those kept for reporting), writes
each prompt exactly as a chat model gets it into DIR, and the questions with the places of their passages into
`evals/drafts/questions.jsonl`. Halves of the questions go by the document of their first passage: what rules and weights are
made on ("tune"), and what is only measured ("report").

`ask` has a chat model replay the drafts that were written for these prompts, each again with its planted errors and
inventions, and counts what reaches the reader: faithful sentences withheld, errors and inventions stopped, drafts thrown
away, notes on gaps kept, and milliseconds. With `--checks`, the prompts of a checking chat model are written into DIR; with
`--verdicts`, its recorded replies (JSON Lines: `id`, `reply`) judge.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk

from advisor.answering.chat_context import ChatContext, gather_context, stored_context
from advisor.answering.draft_reader import read_draft
from advisor.answering.draft_verifier import WritingTask
from advisor.answering.generative import GeneratedAnswer, Writer, write_generative
from advisor.answering.prompting import load_prompts, numbered_passages, writing_messages
from advisor.index.generation import Generation, open_current
from advisor.models.chat import ChatModel
from advisor.models.embeddings import Embeddings
from advisor.retrieval.search import Searcher, gather_evidence
from advisor.settings import load_settings
from advisor.types import ModelUse

ROOT = Path(__file__).resolve().parent.parent
DRAFTS = ROOT / "evals" / "drafts"
SEED = 20_261_130
SHARES = {"advisory": 46, "playbooks": 8, "article": 4, "near-misses": 14}


def main() -> None:
    """Write prompts, or ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("prompts", "ask"))
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--index", type=Path, default=None)
    parser.add_argument("--half", default="report", choices=("tune", "report"))
    parser.add_argument("--verdicts", type=Path, default=None, help="recorded replies of a checking chat model")
    parser.add_argument("--checks", type=Path, default=None, help="folder for the prompts of a checking chat model")
    parser.add_argument("--json", type=Path, default=None, help="where to write each sentence with what became of it")
    arguments = parser.parse_args()
    settings = load_settings(index_dir=arguments.index, corpus_dir=ROOT / "corpus")
    embeddings = Embeddings(settings)
    index = open_current(settings, embeddings)
    if arguments.action == "prompts":
        if arguments.folder is None:
            parser.error("prompts needs a folder to write into")
        write_prompts(Searcher(settings, embeddings, index), arguments.folder)
    else:
        ask(index, embeddings, arguments)


def questions() -> list[dict]:
    """The questions of the drafts."""
    chosen = []
    for name, share in SHARES.items():
        lines = (ROOT / "evals" / "questions" / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
        rows = [json.loads(line) for line in lines if line.strip()]
        asked = [
            r for r in rows if r.get("question") and r.get("split") == "tune" and (r["answerable"] or name == "near-misses")
        ]
        for language in ("fr", "en"):
            own = [row for row in asked if row["language"] == language]
            random.Random(SEED).shuffle(own)
            chosen += own[: share // 2]
    return chosen


def half_of(index: Generation, context: ChatContext) -> str:
    """Which half a draft belongs to: by the document of its first passage, translations together."""
    document = context.documents[context.passages[0].document]
    group = document.translation_of or document.id
    return "report" if hashlib.sha256(group.encode()).digest()[0] % 2 else "tune"


def write_prompts(searcher: Searcher, folder: Path) -> None:
    """One file a question."""
    folder.mkdir(parents=True, exist_ok=True)
    prompts = load_prompts(searcher.settings.chat_prompts_dir)
    rows = []
    for asked in questions():
        context = context_of(searcher, asked["question"], asked["language"])
        told = numbered_passages(context, asked["language"])
        messages = writing_messages(prompts, asked["question"], told, asked["language"])
        text = "\n\n".join(f"[{role}]\n{content}" for role, content in messages)
        (folder / f"{asked['id']}.txt").write_text(text + "\n", encoding="utf-8")
        kept = {name: asked[name] for name in ("id", "language", "question")}
        rows.append(kept | {"half": half_of(searcher.index, context), "passages": [chunk.id for chunk in context.passages]})
    DRAFTS.mkdir(exist_ok=True)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (DRAFTS / "questions.jsonl").write_text(lines, encoding="utf-8")


def context_of(searcher: Searcher, question: str, language: str) -> ChatContext:
    """The passages of a question as a chat model is given them."""
    evidence = gather_evidence(searcher, question, language)
    return gather_context(searcher.index, [evidence], searcher.settings)


class Replay(GenericFakeChatModel):
    """A chat model that says what is put before it, a few characters at a time; what it was asked is kept."""

    messages: Any = iter(())
    say: str = ""
    asked: str = ""

    def _stream(self, messages: list[BaseMessage], *_: object, **__: object) -> Iterator[ChatGenerationChunk]:
        self.asked = "\n\n".join(f"[{each.type}]\n{each.content}" for each in messages)
        for at in range(0, len(self.say), 12):
            yield ChatGenerationChunk(message=AIMessageChunk(content=self.say[at : at + 12]))
        yield ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata={"finish_reason": "stop"}))


def drafts_of(question: dict, texts: dict[str, list[dict]]) -> Iterator[tuple[str, str, list[tuple[str, str, str]]]]:
    """What is replayed for a question: the draft, and the draft with its errors planted and the inventions behind it.

    Each with its id, its text, and the sentences that are looked at with their kinds and what they were before they were
    changed (none: all of them, as faithful).
    """
    draft = next(row["draft"] for row in texts["drafts"] if row["id"] == question["id"])
    yield f"{question['id']}-true", draft, []
    planted, invented = ([row for row in texts[name] if row["id"] == question["id"]] for name in ("planted", "invented"))
    changed = draft
    for row in planted:
        changed = changed.replace(row["true"], row["changed"])
    whole = "\n\n".join((changed, *(row["text"] for row in invented)))
    wanted = [(row["changed"], row["kind"], row["true"]) for row in planted if row["changed"] in changed]
    yield f"{question['id']}-changed", whole, [*wanted, *((row["text"], "invented", "") for row in invented)]


def ask(index: Generation, embeddings: Embeddings, arguments: argparse.Namespace) -> None:
    """Replay the drafts, and count."""
    names = ("questions", "drafts", "planted", "invented")
    texts = {name: [json.loads(x) for x in (DRAFTS / f"{name}.jsonl").read_text("utf-8").split("\n") if x] for name in names}
    replies = {}
    if arguments.verdicts:
        replies = {r["id"]: r["reply"] for r in map(json.loads, arguments.verdicts.read_text("utf-8").splitlines())}
    settings = load_settings(corpus_dir=ROOT / "corpus", chat_model="openai:replayed")
    model, checker = Replay(), Replay()
    checks = bool(arguments.verdicts or arguments.checks)
    writer = Writer(
        ChatModel(settings, model), embeddings.encode_passages, checker=ChatModel(settings, checker) if checks else None
    )
    seen: dict[str, list[bool]] = defaultdict(list)
    outcomes: Counter[str] = Counter()
    times: list[float] = []
    lines = []
    for question in (row for row in texts["questions"] if row["half"] == arguments.half):
        context = stored_context(index, question["passages"])
        task = WritingTask(question["question"], question["language"], context)
        for name, text, wanted in drafts_of(question, texts):
            model.say, checker.say = text, replies.get(name, "")
            sentences = read_draft(text, question["language"])
            began = time.perf_counter()
            made = replay(writer, task)
            if arguments.checks:
                arguments.checks.mkdir(parents=True, exist_ok=True)
                (arguments.checks / f"{name}.txt").write_text(checker.asked + "\n", encoding="utf-8")
            shown = {sentence.text for sentence in made.shown}
            if not wanted:
                times.append((time.perf_counter() - began) * 1_000 / max(1, len(sentences)))
                outcomes["thrown away" if made.failure else "kept"] += 1
                outcomes["gap"] += len(made.missing)
                cited = [each for each in sentences if each.markers and each.text not in made.missing]
                lines += [(name, "faithful", each.text, is_shown(each.text, shown)) for each in cited]
                outcomes["in part"] += sum(is_shown(each.text, shown) and not is_whole(each.text, shown) for each in cited)
            for changed, kind, true in wanted:
                before = " ".join(each.text for each in read_draft(true, question["language"]))
                parts = [each.text for each in read_draft(changed, question["language"])]
                lines += [(name, kind, part, is_shown(part, shown, before)) for part in parts[:1]]
    for _, kind, _, was_shown in lines:
        seen[kind].append(not was_shown)
    for kind, withheld in sorted(seen.items()):
        sys.stdout.write(f"{kind:12} withheld {sum(withheld):4} of {len(withheld):4} = {np.mean(withheld):.3f}\n")
    planted = [each for kind, some in seen.items() if kind not in ("faithful", "invented") for each in some]
    sys.stdout.write(f"{'all planted':12} withheld {sum(planted):4} of {len(planted):4} = {np.mean(planted):.3f}\n")
    sys.stdout.write(
        f"drafts {dict(outcomes)}; ms a sentence, median {np.median(times):.1f}, p95 {np.quantile(times, 0.95):.1f}\n"
    )
    if arguments.json:
        rows = [dict(zip(("draft", "kind", "text", "shown"), line, strict=True)) for line in lines]
        arguments.json.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def is_whole(text: str, shown: set[str]) -> bool:
    """Whether a sentence reached the reader by itself or behind an announcement."""
    return any(each == text or each.endswith(f" {text}") for each in shown)


def is_shown(text: str, shown: set[str], before: str = "") -> bool:
    """Whether a sentence reached the reader: by itself, behind an announcement, or a part of it.

    :param before: what the sentence was before it was changed: a part that it has in common with that is no error shown.
    """
    if is_whole(text, shown):
        return True
    parts = [each.rstrip(".") for each in shown]
    return any(part[1:] in text and part[1:] not in before for part in parts)


def replay(writer: Writer, task: WritingTask) -> GeneratedAnswer:
    """What comes of one draft."""
    events = write_generative(writer, task, ModelUse("replayed"))
    while True:
        try:
            next(events)
        except StopIteration as end:
            made: GeneratedAnswer = end.value
            return made


if __name__ == "__main__":
    main()
