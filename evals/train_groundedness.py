"""Fit the weights of `advisor/verification/groundedness.json`: whether sources support a sentence that nobody copied.

    python evals/train_groundedness.py [--index DIR] [--dry-run]

`evals/drafts/` has answers as a strong chat model writes them, from the very prompts of this program (`questions.jsonl` has
the passages, `drafts.jsonl` the texts), sentences of them with one thing changed (`planted.jsonl`) and sentences that no
passage supports (`invented.jsonl`); `labels.jsonl` names the sentences of drafts that a reader found unfaithful.
`pairs.jsonl` has sentences of the documents in other words, and with one thing changed; all of them are for fitting. Weights
are fitted on one half of the questions ("tune"), by the document of their first passage, and told from the other half
only when they are finished. The threshold is the highest that keeps `KEPT` of the faithful sentences of the first half, each
judged by weights that were fitted without its question (cross-validation).

Where sentence and sources differ in language, the cosine of the nearest decides. Its weight is fitted on sentences of the
corpus beside the passage that holds their translation, and beside another passage of that document; the bias is such that
both thresholds are the same.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from advisor.answering.chat_context import ChatContext, stored_context
from advisor.answering.draft_reader import read_draft
from advisor.index.generation import Generation, open_current
from advisor.models.embeddings import Embeddings
from advisor.settings import load_settings
from advisor.text.plain import plain
from advisor.types import Chunk, DraftSentence
from advisor.verification.facts import check_facts
from advisor.verification.framing import gap_in, is_announcement
from advisor.verification.groundedness import Sources

ROOT = Path(__file__).resolve().parent.parent
DRAFTS = ROOT / "evals" / "drafts"
OUTPUT = ROOT / "advisor" / "verification" / "groundedness.json"
KEPT = 0.95
SEED = 20_261_130
PASSAGES = 300  # of which one sentence each is compared across languages
SHORT = 30  # characters
FOLDS = 5
REGULARISATION = 0.3


@dataclass(frozen=True, slots=True)
class Row:
    """A sentence of a draft, or made of one, with its features; `wrong` is the code of a fact that it gets wrong, if any."""

    question: str
    half: str
    kind: str
    text: str
    wrong: str
    features: dict[str, float]

    @property
    def faithful(self) -> bool:
        """Whether its passages support it."""
        return self.kind == "faithful"

    @property
    def group(self) -> str:
        """What it is weighed with."""
        return self.kind if self.kind in ("faithful", "invented") else "changed"


def main() -> None:
    """Measure, fit, report, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, default=None)
    parser.add_argument("--dry-run", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    settings = load_settings(index_dir=arguments.index, corpus_dir=ROOT / "corpus")
    embeddings = Embeddings(settings)
    index = open_current(settings, embeddings)
    rows = list(read_rows(index, embeddings))
    tuned, paired = [row for row in rows if row.half == "tune"], list(read_pairs(index, embeddings))
    names = sorted({name for row in [*tuned, *paired] for name in row.features})
    judged, beside = [row for row in tuned if not row.wrong], [row for row in paired if not row.wrong]
    across = np.zeros(len(judged))
    for fitted, held in GroupKFold(FOLDS).split(judged, groups=[row.question for row in judged]):
        model = fit([*(judged[at] for at in fitted), *beside], names)
        across[held] = model.predict_proba(matrix([judged[at] for at in held], names))[:, 1]
    threshold = float(np.quantile(across[[row.faithful for row in judged]], 1 - KEPT))
    report("tune, cross-validated", tuned, dict(zip(map(id, judged), across, strict=True)), threshold)
    model = fit([*judged, *beside], names)
    weights = dict(zip(names, (round(float(value), 4) for value in model.coef_[0]), strict=True))
    weights["bias"] = round(float(model.intercept_[0]), 4)
    foreign = fit_across_languages(index, embeddings, threshold)
    found = {"weights": weights, "foreign": foreign, "threshold": {"support": round(threshold, 4)}}
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    if not arguments.dry_run:
        OUTPUT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        held = [row for row in rows if row.half == "report"]
        scores = model.predict_proba(matrix(held, names))[:, 1]
        report("report", held, dict(zip(map(id, held), scores, strict=True)), threshold)


def fit_across_languages(index: Generation, embeddings: Embeddings, threshold: float) -> dict[str, float]:
    """The weight of the cosine of the nearest sentence of a passage in another language, and the bias."""
    stored = [each for document in index.catalog.documents() for each in index.catalog.chunks_of(document.id)]
    place = {number: each for each in stored for number in each.numbers}
    chosen = np.random.default_rng(SEED)
    cosine, labels = [], []
    for own in (stored[at] for at in chosen.permutation(len(stored))[:PASSAGES]):
        at = int(chosen.integers(len(own.numbers)))
        twin = place.get(own.twins[at])
        if twin is None or twin.chunk.language == own.chunk.language:
            continue
        others = [e for e in stored if e.chunk.document == twin.chunk.document and e.chunk.id != twin.chunk.id]
        if not others:
            continue
        other = others[int(chosen.integers(len(others)))]
        text = plain(own.chunk.text_of(own.chunk.sentences[at]))
        for passage in (twin, other):
            read = [text, *(plain(passage.chunk.text_of(each)) for each in passage.chunk.sentences)]
            vectors = embeddings.encode_passages(read)
            cosine.append([float((vectors[1:] @ vectors[0]).max())])
            labels.append(passage is twin)
    model = LogisticRegression(C=100, max_iter=5_000).fit(cosine, labels)
    scores = model.decision_function(cosine)
    least = float(np.quantile(scores[np.array(labels)], 1 - KEPT))
    stopped = float(np.mean(scores[~np.array(labels)] < least))
    sys.stdout.write(
        f"across languages: {sum(labels)} pairs, AUROC {roc_auc_score(labels, scores):.3f}, stopped {stopped:.3f}\n"
    )
    shift = float(np.log(threshold / (1 - threshold))) - least
    return {"cosine": round(float(model.coef_[0][0]), 4), "bias": round(float(model.intercept_[0]) + shift, 4)}


def fit(rows: Sequence[Row], names: Sequence[str]) -> LogisticRegression:
    """Weights from rows: faithful sentences count as much as all others, invented ones as much as those with one change."""
    shares = Counter(row.group for row in rows)
    worth = [(1.0 if row.faithful else 0.5) / shares[row.group] * len(rows) / 2 for row in rows]
    model = LogisticRegression(C=REGULARISATION, max_iter=5_000)
    return model.fit(matrix(rows, names), [row.faithful for row in rows], sample_weight=worth)


def matrix(rows: Sequence[Row], names: Sequence[str]) -> np.ndarray:
    """The features of rows, shape (rows, names)."""
    return np.array([[row.features.get(name, 0.0) for name in names] for row in rows])


def report(title: str, rows: Sequence[Row], scores: dict[int, float], threshold: float) -> None:
    """Say for each kind of sentence how many are withheld, by facts or for want of support."""
    judged = [row for row in rows if not row.wrong]
    auroc = roc_auc_score([row.faithful for row in judged], [scores[id(row)] for row in judged])
    sys.stdout.write(f"{title}: threshold {threshold:.3f}, AUROC of what facts let pass {auroc:.3f}\n")
    for kind in sorted({row.kind for row in rows}):
        own = [row for row in rows if row.kind == kind]
        facts = Counter(row.wrong for row in own if row.wrong)
        little = sum(not row.wrong and scores[id(row)] < threshold for row in own)
        stopped = sum(facts.values()) + little
        sys.stdout.write(
            f"  {kind:12} {stopped:4} of {len(own):4} = {stopped / len(own):.3f}  {dict(facts)} support {little}\n"
        )


def read_rows(index: Generation, embeddings: Embeddings) -> Iterator[Row]:
    """Every labelled sentence with its features."""
    unfaithful = {(row["id"], row["text"]) for row in lines_of("labels.jsonl")}
    texts = {name: lines_of(f"{name}.jsonl") for name in ("drafts", "planted", "invented")}
    for question in lines_of("questions.jsonl"):
        context = stored_context(index, question["passages"])
        sources = Sources(context.sentences, embeddings.encode_passages)
        wanted = [(row["draft"], "faithful") for row in texts["drafts"] if row["id"] == question["id"]]
        wanted += [(row["changed"], row["kind"]) for row in texts["planted"] if row["id"] == question["id"]]
        wanted += [(row["text"], "invented") for row in texts["invented"] if row["id"] == question["id"]]
        for text, kind in wanted:
            for sentence in read_draft(text, question["language"]):
                if kind != "faithful" or (question["id"], sentence.text) not in unfaithful:
                    row = _row(question, kind, sentence, sources)
                    if row:
                        yield row


def read_pairs(index: Generation, embeddings: Embeddings) -> Iterator[Row]:
    """Sentences of documents in other words, beside the passage that they are from and all others of its document."""
    known: dict[str, tuple[list[Chunk], Sources]] = {}
    for number, pair in enumerate(lines_of("pairs.jsonl")):
        name = pair["document"]
        if name not in known:
            chunks = [stored.chunk for stored in index.catalog.chunks_of(name)]
            known[name] = chunks, Sources(ChatContext(chunks, {}).sentences, embeddings.encode_passages)
        chunks, sources = known[name]
        whole = _flat(pair["source"])
        markers = tuple(
            place for place, chunk in enumerate(chunks, start=1) if whole in _flat(plain(chunk.text)) or _holds(chunk, whole)
        )
        question = {"id": f"pair-{number}", "half": "tune", "language": name[:2], "question": ""}
        for text, kind in [(pair["faithful"], "faithful"), *((each["text"], each["kind"]) for each in pair["changed"])]:
            row = _row(question, kind, DraftSentence(text, markers), sources)
            if row:
                yield row


def _holds(chunk: Chunk, whole: str) -> bool:
    """Whether one of several sentences of a statement stands in a chunk."""
    return any(_flat(plain(chunk.text_of(each))) in whole for each in chunk.sentences if each.end - each.start > SHORT)


def _flat(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").replace("\u202f", " ").split())


def _row(question: dict, kind: str, sentence: DraftSentence, sources: Sources) -> Row | None:
    """None for what claims nothing, or cites nothing."""
    language = question["language"]
    if is_announcement(sentence.text, language) or gap_in(sentence.text, language):
        return None
    passages = [source for source in sources.sentences if source.marker in sentence.markers]
    if not passages:
        return None
    chosen = sources.rests_on(sentence.text, language, passages)
    wrong = check_facts(sentence.text, language, chosen, passages, question["question"])
    features = dict(sources.features(sentence.text, language, chosen))
    return Row(question["id"], question["half"], kind, sentence.text, wrong.code if wrong else "", features)


def lines_of(name: str) -> list[dict]:
    """The rows of a file of `evals/drafts`; none where there is no such file."""
    path = DRAFTS / name
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line] if path.is_file() else []


if __name__ == "__main__":
    main()
