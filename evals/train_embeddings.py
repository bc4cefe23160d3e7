"""Fit `advisor/models/adaptation.npz`: what is changed of the bundled model, so that questions find their lines.

    python evals/train_embeddings.py DATA [--steps 100] [--share 0.5] [--without finops …]

A question and the lines that answer it (`corpus/asked`, in both languages, under their headings, as a block, as a passage)
are to be nearer to each other than to what else is in the batch. So that facts of any subject are still found, the questions
of piaf-fr and squad2-en in DATA are among them, those about half of the documents; the others are for reporting.

Only the scales of the blocks of 32 weights, the biases and the norms of the upper six layers change (PEQA, Kim et al. 2023):
the weights keep their 4 bits, both engines read the file, and the difference takes 0.7 MB. The lower half's outputs are made
once. What is written is a `--share` of the change: the other half of the way keeps more of what the model knew (Wortsman et
al., "Robust fine-tuning", 2022). Afterwards all that was fitted on vectors has to be fitted again: see `evals/README.md`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize

from advisor.advisor import Advisor
from advisor.documents.chunking import chunk_document
from advisor.documents.passages import embedded_sentence, embedded_text
from advisor.documents.reading import parse_document
from advisor.index.phrasings import Outline, locate, read_phrasings
from advisor.models import bundled
from advisor.models.inference import composed
from advisor.models.packed import BLOCK, read_packed
from advisor.settings import load_settings
from advisor.text.plain import detect_language
from advisor.types import Chunk

OUTPUT = Path(bundled.__file__).with_name("adaptation.npz")
LOWER, LAYERS = 6, 12
TEMPERATURE = 0.02
BACK = 0.3  # what the way from a line to its questions weighs
RATE, RATE_OF_BIASES, WARM = 2e-3, 5e-4, 6
OUTLINES, QUESTIONS, OTHERS = 48, 2, 12  # of a batch: outlines, questions of each, questions about other documents
NARROW = 0.5  # of the batches are of so few documents:
DOCUMENTS = 2
OWN_LANGUAGE = 0.8  # of the lines are in the question's language
FORMS = {"sentence": 0.5, "block": 0.3, "passage": 0.2}
MOST = 6  # questions of an outline
TOKENS = 2_048  # that are encoded at once, padding included
LONG = 4  # widest padded batch, in multiples of the shortest text


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of the corpus: `forms` are the texts that hold it, with the numbers of all sentences that each holds."""

    language: str
    forms: dict[str, tuple[str, frozenset[int]]]


@dataclass(frozen=True, slots=True)
class Pair:
    """A question, what answers it, and what tells whether another text of the batch answers it too."""

    question: str
    text: str
    answers: frozenset[int]
    held: frozenset[int]


def main() -> None:
    """Read, encode the lower half, train, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--without", nargs="*", default=(), help="documents to leave out, for a look at what is new")
    wanted = parser.parse_args()
    rng = random.Random(0)
    lines, outlines, documents = own(wanted.without, rng)
    others = [pair for name in ("piaf-fr", "squad2-en") for pair in other_pairs(wanted.data / name)]
    print(f"{len(outlines)} outlines, {len(others)} questions about other documents")
    halves = Halves()
    questions = [question for outline in outlines for question in outline.questions]
    halves.add("query: ", [*questions, *(pair.question for pair in others)])
    texts = [text for line in lines.values() for text, _ in line.forms.values()]
    halves.add("passage: ", [*texts, *(pair.text for pair in others)])
    batch = batches(lines, outlines, documents, others, rng)
    train(halves, batch, wanted.steps)
    np.savez_compressed(OUTPUT, **{name: (wanted.share * change).astype(np.float16) for name, change in halves.changes()})


def own(without: Sequence[str], rng: random.Random) -> tuple[dict[int, Line], list[Outline], list[str]]:
    """The sentences of the shipped corpus by number, the outlines with an answer, and the document of each."""
    advisor = Advisor.open(load_settings())
    catalog = advisor.index.catalog
    stored = [each for document in catalog.listing() for each in catalog.chunks_of(document.id)]
    lines, document_of = dict[int, Line](), dict[int, str]()
    for each in stored:
        for number, text in zip(each.numbers, forms(each.chunk, each.numbers), strict=True):
            lines[number], document_of[number] = Line(each.chunk.language, text), Path(each.chunk.document).stem
    found, _ = locate(read_phrasings(advisor.settings.corpus_dir), stored)
    kept = [outline for outline in found if outline.lines and document_of[outline.lines[0]] not in without]
    some = [Outline(o.lines, o.twins, tuple(rng.sample(o.questions, min(MOST, len(o.questions)))), o.curated) for o in kept]
    return lines, some, [document_of[outline.lines[0]] for outline in some]


def forms(chunk: Chunk, numbers: Sequence[int]) -> Iterator[dict[str, tuple[str, frozenset[int]]]]:
    """For each sentence of a chunk, the texts that hold it."""
    blocks: dict[int, list[int]] = {}
    for at, sentence in enumerate(chunk.sentences):
        blocks.setdefault(sentence.block, []).append(at)
    for number, sentence in zip(numbers, chunk.sentences, strict=True):
        block = blocks[sentence.block]
        start, end = chunk.sentences[block[0]].start, chunk.sentences[block[-1]].end
        yield {
            "sentence": (embedded_sentence(chunk, sentence), frozenset((number,))),
            "block": (chunk.text[start - chunk.start : end - chunk.start], frozenset(numbers[at] for at in block)),
            "passage": (embedded_text(chunk), frozenset(numbers)),
        }


def other_pairs(folder: Path) -> Iterator[Pair]:
    """The questions of a set about the documents for training, each with the passage that holds its answer."""
    entries = [json.loads(line) for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    chunks: dict[str, list[Chunk]] = {}
    clean = [entry for entry in entries if entry["clean"] and entry["answerable"]]
    for entry in clean:
        name, start, end = entry["gold_doc"], entry["gold_start"], entry["gold_end"]
        if for_reporting(name):
            continue
        if name not in chunks:
            document = parse_document(name, (folder / "corpus" / name).read_bytes())
            chunks[name] = chunk_document(document, chunk_chars=load_settings().chunk_chars)
        holding = [c for c in chunks[name] if min(end, c.end) - max(start, c.start) >= (end - start) / 2]
        if holding:
            place = frozenset((hash((name, holding[0].start)),))
            yield Pair(entry["question"], embedded_text(holding[0]), place, place)


def for_reporting(name: str) -> bool:
    """Whether a document is kept for reporting: one half of them, by name."""
    return hashlib.sha256(name.encode()).digest()[0] % 2 == 1


def batches(
    lines: dict[int, Line],
    outlines: Sequence[Outline],
    documents: Sequence[str],
    others: Sequence[Pair],
    rng: random.Random,
) -> Callable[[], list[Pair]]:
    """What gives the pairs of a batch: half of the batches are about two documents, where lines are hard to tell apart."""
    answers: dict[str, set[int]] = {}
    for outline in outlines:
        for question in outline.questions:
            answers.setdefault(question, set()).update(outline.lines, outline.twins)

    def batch() -> list[Pair]:
        narrow = rng.sample(sorted(set(documents)), DOCUMENTS) if rng.random() < NARROW else documents
        pool = [outline for outline, name in zip(outlines, documents, strict=True) if name in narrow]
        pairs = []
        for outline in rng.sample(pool, min(OUTLINES, len(pool))):
            asked = rng.sample(outline.questions, min(QUESTIONS, len(outline.questions)))
            line, twin = rng.choice(list(zip(outline.lines, outline.twins, strict=True)))
            is_own = (lines[line].language == detect_language(asked[0])) == (rng.random() < OWN_LANGUAGE)
            held = lines[line if is_own else twin].forms
            text, numbers = held[rng.choices(list(FORMS), list(FORMS.values()))[0]]
            pairs += [Pair(question, text, frozenset(answers[question]), numbers) for question in asked]
        return [*pairs, *rng.sample(others, min(OTHERS, len(others)))]

    return batch


class Scaled(nn.Module):
    """A matrix whose blocks of 32 weights grow or shrink together."""

    def __init__(self, weights: int) -> None:
        super().__init__()
        self.change = nn.Parameter(torch.zeros(weights // BLOCK, 1))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """The weights with their changed scales."""
        return (weight.view(-1, BLOCK) * (1 + self.change)).view_as(weight)


class Halves:
    """The model in two halves: what the lower one makes of the texts is kept, the upper one is trained."""

    def __init__(self) -> None:
        packed = read_packed(bundled.packed_file())
        self._model, self._tokenizer = bundled.bert(packed).eval(), bundled.tokenizer(packed)
        self._model.requires_grad_(requires_grad=False)
        self._start = {name: each.clone() for name, each in self._model.named_parameters()}
        self._kept: dict[str, torch.Tensor] = {}
        self.scales, self.others = list[nn.Parameter](), list[nn.Parameter]()
        for layer in self._upper:
            for module in layer.modules():
                if isinstance(module, nn.Linear):
                    scaled = Scaled(module.weight.numel())
                    self.scales.append(scaled.change)
                    self.others.append(module.bias.requires_grad_())
                    parametrize.register_parametrization(module, "weight", scaled)
                elif isinstance(module, nn.LayerNorm):
                    self.others += [module.weight.requires_grad_(), module.bias.requires_grad_()]

    @property
    def _upper(self) -> nn.ModuleList:
        upper: nn.ModuleList = self._model.encoder.layer[LOWER:LAYERS]
        return upper

    @torch.no_grad()
    def add(self, before: str, texts: Sequence[str]) -> None:
        """Keep what the lower half makes of texts, in 16 bits.

        :param before: what stands before each, for the model.
        """
        new = sorted({before + composed(text) for text in texts})
        ids = self._tokenizer(new, truncation=True, max_length=bundled.WINDOW)["input_ids"]
        for some in of_like_length([len(each) for each in ids]):
            hidden = [self._model.embeddings(torch.tensor([ids[at]]))[0] for at in some]
            for at, states in zip(some, self._through(self._model.encoder.layer[:LOWER], hidden), strict=True):
                self._kept[new[at]] = states.to(torch.float16)

    def vectors(self, texts: Sequence[str]) -> torch.Tensor:
        """The unit vectors of texts whose lower half is kept, shape (len(texts), dimension)."""
        kept = [self._kept[text] for text in texts]
        found: list[Any] = [None] * len(texts)
        for some in of_like_length([len(each) for each in kept]):
            for at, states in zip(some, self._through(self._upper, [kept[at].float() for at in some]), strict=True):
                found[at] = states.float().mean(dim=0)
        return nn.functional.normalize(torch.stack(found), dim=1)

    @staticmethod
    def _through(layers: nn.ModuleList, texts: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """What some layers make of texts, each of shape (tokens, dimension)."""
        states = nn.utils.rnn.pad_sequence(list(texts), batch_first=True)
        lengths = torch.tensor([len(text) for text in texts])
        there = (torch.arange(states.shape[1])[None, :] < lengths[:, None])[:, None, None, :]
        with torch.autocast("cpu", torch.bfloat16):
            for layer in layers:
                states = layer(states, there)
        return [row[: len(text)] for row, text in zip(states, texts, strict=True)]

    def changes(self) -> Iterator[tuple[str, np.ndarray]]:
        """What training changed, by the names of the packed file's tensors."""
        for number in range(LOWER, LAYERS):
            for short, full in bundled.tensor_names(number).items():
                module, kind = (
                    self._model.encoder.layer[number].get_submodule(full.rpartition(".")[0]),
                    full.rpartition(".")[2],
                )
                if parametrize.is_parametrized(module, kind):
                    change = module.parametrizations[kind][0].change[:, 0]
                else:
                    change = getattr(module, kind) - self._start[f"encoder.layer.{number}.{full}"]
                yield short, change.detach().numpy()


def of_like_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """The numbers of texts in batches without much padding."""
    batch: list[int] = []
    for at in sorted(range(len(lengths)), key=lambda at: -lengths[at]):
        if batch and ((len(batch) + 1) * lengths[batch[0]] > TOKENS or lengths[batch[0]] > LONG * lengths[at]):
            yield batch
            batch = []
        batch.append(at)
    yield batch


def train(halves: Halves, batch: Callable[[], list[Pair]], steps: int) -> None:
    """Change the upper half, batch after batch; the rate rises for a moment, then falls."""
    groups = [{"params": halves.scales, "lr": RATE}, {"params": halves.others, "lr": RATE_OF_BIASES}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.0, betas=(0.9, 0.99))
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda at: min(1.0, (at + 1) / WARM) * max(0.05, 1 - at / steps))
    for step in range(steps):
        found = loss(halves, batch())
        optimizer.zero_grad()
        found.backward()
        for group in groups:
            nn.utils.clip_grad_norm_(group["params"], 1.0)
        optimizer.step()
        rate.step()
        print(f"{step + 1}: {found.item():.3f}", flush=True)


def loss(halves: Halves, pairs: Sequence[Pair]) -> torch.Tensor:
    """Cross-entropy of each question among the texts of the batch, and of each text among the questions.

    A text that answers a question too is left out, unless it is the one that is asked for.
    """
    texts = list(dict.fromkeys(pair.text for pair in pairs))
    held = {pair.text: pair.held for pair in pairs}
    at = torch.tensor([texts.index(pair.text) for pair in pairs])
    vectors = halves.vectors(
        ["query: " + composed(pair.question) for pair in pairs] + ["passage: " + composed(text) for text in texts]
    )
    near = vectors[: len(pairs)] @ vectors[len(pairs) :].T / TEMPERATURE
    answers = torch.tensor([[bool(pair.answers & held[text]) for text in texts] for pair in pairs])
    asked = nn.functional.one_hot(at, len(texts)).bool()
    near = near.masked_fill(answers & ~asked, -torch.inf)
    right = near[asked]
    rest = torch.logsumexp(near.masked_fill(asked, -torch.inf), dim=0)[at]
    back = (torch.logaddexp(right, rest) - right).mean()
    return nn.functional.cross_entropy(near, at) + BACK * back


if __name__ == "__main__":
    main()
