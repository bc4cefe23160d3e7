"""What verification catches, and what it withholds wrongly, on the sentences of the corpus.

    python benchmarks/verification.py [--index DIR] [--data DIR] [--sentences 500] [--json FILE]

True sentences are copied (nothing may be withheld), rewritten by hand (`evals/paraphrases.jsonl`: at most one in ten may be
withheld) and falsified by rule: a number, a date, a unit, a name, a negation or a direction is changed, or two figures are
exchanged, and nothing else. Each is checked against the passage that the true sentence is from. With `--data`, sentences of
QAGS, which machines wrote and people judged, are checked against their articles.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from advisor.answering.chat_context import ChatContext
from advisor.index.generation import open_current
from advisor.models.embeddings import Embeddings
from advisor.settings import load_settings
from advisor.text.plain import plain, sentence_spans
from advisor.types import Chunk, DraftSentence, Language, Sentence
from advisor.verification.groundedness import Sources
from advisor.verification.rejection import Rejected
from advisor.verification.verify import by_words, verify_generative

ROOT = Path(__file__).resolve().parent.parent
SEED = 20_261_123
FEWEST_WORDS = 7
TRUE = ("verbatim", "paraphrase", "QAGS supported")


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence to check against a chunk."""

    kind: str
    text: str
    chunk: Chunk


def main() -> None:
    """Run the parts and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, default=None)
    parser.add_argument("--data", type=Path, default=None, help="folder of the open evaluation sets")
    parser.add_argument("--sentences", type=int, default=500, help="true sentences that are falsified")
    parser.add_argument("--json", type=Path, default=None, help="where to write every case that went wrong")
    arguments = parser.parse_args()
    settings = load_settings(index_dir=arguments.index, corpus_dir=ROOT / "corpus")
    embeddings = Embeddings(settings)
    index = open_current(settings, embeddings)
    chunks = [c for some in index.catalog.chunks_by_document().values() for c in some]
    true = [
        (plain(chunk.text_of(sentence)), chunk)
        for chunk in chunks
        for sentence in chunk.sentences
        if len(plain(chunk.text_of(sentence)).split()) >= FEWEST_WORDS
    ]
    random.Random(SEED).shuffle(true)
    chosen = true[: arguments.sentences]
    cases = [Case("verbatim", text, chunk) for text, chunk in chosen]
    cases += paraphrases(chunks)
    cases += [Case(kind, text, chunk) for true_text, chunk in chosen for kind, text in falsified(true_text, chunk, chosen)]
    cases += qags(arguments.data / "qags-en") if arguments.data else []
    sys.stdout.write(json.dumps(report(cases, embeddings, arguments.json), ensure_ascii=False, indent=1) + "\n")


def paraphrases(chunks: list[Chunk]) -> list[Case]:
    """The sentences rewritten by hand, each with the chunk of the sentence it was made from."""
    found = []
    for line in (ROOT / "evals" / "paraphrases.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        held = (c for c in chunks if c.document == entry["document"] and entry["quote"] in c.text)
        found.append(Case("paraphrase", entry["paraphrase"], next(held)))
    return found


def qags(folder: Path) -> list[Case]:
    """The judged sentences of machine-written summaries, each with its article as one chunk."""
    articles: dict[str, Chunk] = {}
    found = []
    for entry in map(json.loads, (folder / "sentences.jsonl").read_text(encoding="utf-8").splitlines()):
        name = entry["gold_doc"]
        articles.setdefault(name, _article(name, (folder / "corpus" / name).read_text(encoding="utf-8")))
        found.append(Case(f"QAGS {entry['label']}", entry["sentence"], articles[name]))
    return found


def _article(name: str, text: str) -> Chunk:
    lines = [(found.start(), found.group()) for found in re.finditer(r"[^\n]+", text)]
    spans = [(at + start, at + end) for at, line in lines for start, end in sentence_spans(line, "en")]
    sentences = tuple(Sentence(start, end, block) for block, (start, end) in enumerate(spans))
    return Chunk(name, "", "en", (), 0, len(text), 1, len(lines), text, sentences)


def report(cases: list[Case], embeddings: Embeddings, wrong: Path | None) -> dict[str, object]:
    """Share withheld of each kind and language, and what one check costs beside the encoding of the sources."""
    withheld: dict[str, Counter[str]] = defaultdict(Counter)
    missed, took = [], []
    sources_of: dict[str, Sources] = {}
    for case in cases:
        sources = sources_of.setdefault(case.chunk.id, _sources(case.chunk, embeddings))
        started = time.perf_counter()
        found = verify_generative(DraftSentence(case.text, (1,)), case.chunk.language, sources, by_words(sources))
        took.append((time.perf_counter() - started) * 1_000)
        is_withheld = isinstance(found, Rejected)
        withheld[f"{case.kind} {case.chunk.language}"][str(is_withheld)] += 1
        if is_withheld == (case.kind in TRUE):
            why = f"{found.code} {found.detail}" if isinstance(found, Rejected) else f"{found.support:.2f}"
            missed.append({"kind": case.kind, "text": case.text, "why": why, "document": case.chunk.document})
    if wrong:
        wrong.write_text("".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in missed), encoding="utf-8")
    shares = {
        kind: {"withheld": counts["True"], "of": counts.total(), "share": round(counts["True"] / counts.total(), 4)}
        for kind, counts in sorted(withheld.items())
    }
    return {"withheld": shares, "ms": {"p50": _quantile(took, 0.5), "p95": _quantile(took, 0.95)}}


def _sources(chunk: Chunk, embeddings: Embeddings) -> Sources:
    return Sources(ChatContext([chunk], {}).sentences, embeddings.encode_passages)


def _quantile(values: list[float], share: float) -> float:
    return round(float(np.quantile(values, share)), 2)


def falsified(text: str, chunk: Chunk, others: list[tuple[str, Chunk]]) -> Iterator[tuple[str, str]]:
    """One false sentence of each kind that the sentence allows."""
    generator = random.Random(text)
    makers: dict[str, Callable[[str, Language, random.Random], str | None]] = {
        "number": _other_number,
        "date": _other_date,
        "unit": _other_unit,
        "negation": _other_polarity,
        "direction": _other_direction,
    }
    for kind, make in makers.items():
        changed = make(text, chunk.language, generator)
        if changed and changed != text:
            yield kind, changed
    changed = _other_name(text, chunk, others, generator)
    if changed:
        yield "entity", changed
    exchanged = _exchanged(text, generator)
    if exchanged:
        yield "exchange", exchanged


_NUMBER = re.compile(r"(?<![\w.,-])\d+(?:[.,\u00a0\u202f ]\d+)*(?![\w-])")
_WORDS = {
    "fr": ["deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"],
    "en": ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"],
}
_MONTHS = {
    "fr": [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}
_YEAR = re.compile(r"(?<![\w.,])(?:19|20)\d\d(?![\w.,]\d)(?!\w)")


def _other_number(text: str, language: Language, generator: random.Random) -> str | None:
    found = [m for m in _NUMBER.finditer(text) if not _YEAR.fullmatch(m.group())]
    if found:
        hit = generator.choice(found)
        digit = generator.choice([n for n, c in enumerate(hit.group()) if c.isdigit()])
        new = generator.choice([d for d in "123456789" if d != hit.group()[digit]])
        return text[: hit.start() + digit] + new + text[hit.start() + digit + 1 :]
    words = list(re.finditer(rf"\b(?:{'|'.join(_WORDS[language])})\b", text, re.IGNORECASE))
    if not words:
        return None
    hit = generator.choice(words)
    new_word = generator.choice([w for w in _WORDS[language] if w != hit.group().lower()])
    return text[: hit.start()] + new_word + text[hit.end() :]


_WITH_WORD = re.compile(rf"{_NUMBER.pattern}(?=([\s\u00a0\u202f]*(?:%|[^\W\d]+)?))")


def _exchanged(text: str, generator: random.Random) -> str | None:
    """Two numbers before the same word, or two years, take each other's place."""
    found = list(_WITH_WORD.finditer(text))
    pairs = [
        (left, right)
        for at, left in enumerate(found)
        for right in found[at + 1 :]
        if left[1].strip() == right[1].strip() and left[0] != right[0] and _is_year(left[0]) == _is_year(right[0])
    ]
    if not pairs:
        return None
    left, right = generator.choice(pairs)
    return text[: left.start()] + right[0] + text[left.end() : right.start()] + left[0] + text[right.end() :]


def _is_year(number: str) -> bool:
    return bool(_YEAR.fullmatch(number))


def _other_date(text: str, language: Language, generator: random.Random) -> str | None:
    months = list(re.finditer(rf"(?<=\d )(?:{'|'.join(_MONTHS[language])})\b", text))
    years = list(_YEAR.finditer(text))
    if months and (not years or generator.random() < 0.5):
        hit = generator.choice(months)
        return text[: hit.start()] + generator.choice([m for m in _MONTHS[language] if m != hit.group()]) + text[hit.end() :]
    if not years:
        return None
    hit = generator.choice(years)
    year = int(hit.group()) + generator.choice([-3, -2, -1, 1, 2, 3])
    return text[: hit.start()] + str(year) + text[hit.end() :]


_UNITS = {
    "fr": ["secondes", "minutes", "heures", "jours", "semaines", "mois", "ans"],
    "en": ["seconds", "minutes", "hours", "days", "weeks", "months", "years"],
}
_OTHER_UNITS = {"%": "points", "millions": "milliards", "million": "billion", "EUR": "USD", "USD": "EUR", "euros": "dollars"}


def _other_unit(text: str, language: Language, generator: random.Random) -> str | None:
    number = rf"(?:\d|\b(?:{'|'.join(_WORDS[language])}))"
    durations = "|".join(_UNITS[language])
    for hit in re.finditer(rf"({number})([\s-])({durations})\b", text):
        return text[: hit.start(3)] + generator.choice([u for u in _UNITS[language] if u != hit[3]]) + text[hit.end(3) :]
    for hit in re.finditer(r"(\d[\s\u00a0\u202f]?)(%|millions?|EUR|USD|euros)(?!\w)", text):
        space = "" if hit[1].endswith(("\u00a0", "\u202f", " ")) else " "
        return text[: hit.start(2)] + space + _OTHER_UNITS[hit[2]] + text[hit.end(2) :]
    return None


_NAME = re.compile(r"(?<![.?!:(«“] )(?<!^)\b(?:[A-Z][a-z]+[A-Z]\w*|[A-Z]{2,}\d*|[A-Z][a-z]{3,})\b")


def _other_name(text: str, chunk: Chunk, others: list[tuple[str, Chunk]], generator: random.Random) -> str | None:
    """A name of the sentence gives way to one that the passage does not hold."""
    own = list(_NAME.finditer(text))
    if not own:
        return None
    here = " ".join([chunk.title, *chunk.heading, chunk.text]).lower()
    pool = sorted({m.group() for other, at in others if at.language == chunk.language for m in _NAME.finditer(other)})
    away = [name for name in pool if name.lower() not in here and name.lower().rstrip("s") not in here]
    hit = generator.choice(own)
    return text[: hit.start()] + generator.choice(away) + text[hit.end() :]


_DENIALS: dict[Language, list[tuple[str, str]]] = {
    "fr": [
        (r"\bn['’]est pas\b", "est"),
        (r"\bne sont pas\b", "sont"),
        (r"\bne (\w+) (?:pas|jamais|plus)\b", r"\1"),
        (r"\bn['’](\w+) (?:pas|jamais|plus)\b", r"\1"),
        (r"\bsans\b", "avec"),
        (r"\baucune? (?=\w)", "chaque "),
        (r"\bne (\w+) (?=que\b)", r"\1 "),
        (r"\best\b", "n’est pas"),
        (r"\bsont\b", "ne sont pas"),
        (r"\bdoit\b", "ne doit pas"),
        (r"\bdoivent\b", "ne doivent pas"),
        (r"\bpeut\b", "ne peut pas"),
        (r"\bpeuvent\b", "ne peuvent pas"),
        (r"\b(?<!d’)a\b(?= \w+é)", "n’a pas"),
        (r"\bont\b", "n’ont pas"),
        (r"^([A-ZÉ]\w+ez)\b", r"Ne \1 pas"),
    ],
    "en": [
        (r"\b(is|are|was|were|has|have|does|do|did|can|should|must|may) not\b", r"\1"),
        (r"\bcannot\b", "can"),
        (r"\bwithout\b", "with"),
        (r"\bnever\b", "always"),
        (r"\bno (?=\w)", "every "),
        (r"\b(is|are|was|were|can|must|should|may)\b(?! not)", r"\1 not"),
        (r"\b(has|have)\b(?= \w+(?:ed|n)\b)", r"\1 not"),
        (r"^([A-Z]\w+)\b(?= (?:the|a|an|one|every|each)\b)", r"Do not \1"),
    ],
}


def _other_polarity(text: str, language: Language, _generator: random.Random) -> str | None:
    for pattern, replacement in _DENIALS[language]:
        changed, count = re.subn(pattern, replacement, text, count=1)
        if count and "n’n’" not in changed and "ne n’" not in changed:
            return changed
    return None


_OPPOSITES: dict[Language, list[tuple[str, str]]] = {
    "fr": [
        ("augmenté", "réduit"),
        ("réduit", "augmenté"),
        ("augmente", "réduit"),
        ("réduisent", "augmentent"),
        ("hausse", "baisse"),
        ("baisse", "hausse"),
        ("plus de", "moins de"),
        ("moins de", "plus de"),
        ("au moins", "au plus"),
        ("au plus", "au moins"),
        ("avant", "après"),
        ("après", "avant"),
        ("maximale", "minimale"),
        ("minimale", "maximale"),
        ("meilleurs", "pires"),
        ("plus", "moins"),
        ("moins", "plus"),
        ("doit", "peut"),
        ("doivent", "peuvent"),
        ("peut", "doit"),
        ("peuvent", "doivent"),
        ("toujours", "parfois"),
        ("souvent", "toujours"),
        ("obligatoire", "facultative"),
        ("tous", "certains"),
        ("sans", "avec"),
    ],
    "en": [
        ("increased", "decreased"),
        ("increase", "decrease"),
        ("reduced", "increased"),
        ("reduces", "increases"),
        ("rose", "fell"),
        ("more than", "less than"),
        ("less than", "more than"),
        ("at least", "at most"),
        ("at most", "at least"),
        ("before", "after"),
        ("after", "before"),
        ("maximum", "minimum"),
        ("minimum", "maximum"),
        ("higher", "lower"),
        ("lower", "higher"),
        ("more", "less"),
        ("less", "more"),
        ("fewer", "more"),
        ("larger", "smaller"),
        ("best", "worst"),
        ("must", "may"),
        ("may", "must"),
        ("can", "must"),
        ("always", "sometimes"),
        ("often", "always"),
        ("mandatory", "optional"),
        ("all", "some"),
        ("without", "with"),
    ],
}


def _other_direction(text: str, language: Language, _generator: random.Random) -> str | None:
    for word, opposite in _OPPOSITES[language]:
        changed, count = re.subn(rf"(?<![\w’'-]){word}(?![\w-])", opposite, text, count=1)
        if count:
            return changed
    return None


if __name__ == "__main__":
    main()
