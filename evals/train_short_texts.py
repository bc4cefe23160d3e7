"""Fit the weights that tell the language of a question, and whether it goes on from the one before.

    python evals/train_short_texts.py DATA

`advisor/text/question-language.json` is fitted on the phrasings of the shipped corpus and on the questions of `piaf-fr` and
`squad2-en` in the folder `DATA`, each whole and by a few words in a row. `advisor/answering/follow-up.json` is fitted on the
second messages of `evals/follow-ups.jsonl`, and on phrasings, which stand alone. What is printed is measured in five folds,
then on the messages with `"split": "report"`, which nothing was fitted or chosen on.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import yaml
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from advisor.answering.follow_up import leaning
from advisor.text.language import LANGUAGES
from advisor.text.linear_model import LinearModel
from advisor.text.plain import WORD, spelling
from advisor.text.terms import term_set
from advisor.types import Language

HERE = Path(__file__).resolve().parent
LANGUAGE_FILE = HERE.parent / "advisor" / "text" / "question-language.json"
FOLLOW_UP_FILE = HERE.parent / "advisor" / "answering" / "follow-up.json"
OPEN_SETS: dict[Language, str] = {"fr": "piaf-fr", "en": "squad2-en"}
FROM_EACH = 1_500  # questions of an open set
PHRASINGS = 4_000  # of each language, that stand alone
FEW_TERMS = 2  # content words of a short question
USUAL = 3  # follow-ups that hold a usual word
PARTS = (1, 2, 3, 4)  # words in a row that a half of the questions gives besides
SMALLEST = 0.05  # weights below it are left out


@dataclass(frozen=True, slots=True)
class Example:
    """The features of a text, whether the answer is "yes", and how much it counts."""

    features: frozenset[str]
    yes: bool
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Fit:
    """How a model is fitted: `fewest` texts that hold a feature, `strength`, the inverse of the regularisation."""

    fewest: int
    strength: float


def main(data: Path) -> None:
    """Fit both files of weights, and print what they were measured with."""
    languages = list(_language_examples(data))
    write(LANGUAGE_FILE, {"fr": fitted(languages, Fit(fewest=20, strength=1.0), "language")})
    follow_ups = {}
    for language in LANGUAGES:
        fit = Fit(fewest=2, strength=1.0)
        usual = usual_words(language)
        examples = list(_follow_up_examples(data, language, usual))
        follow_ups[language] = replace(fitted(examples, fit, f"follow-ups ({language})"), known=usual)
        report(follow_ups[language], language)
    write(FOLLOW_UP_FILE, follow_ups)


def fitted(examples: Sequence[Example], fit: Fit, name: str) -> LinearModel:
    """A model of the examples, sparse, after printing what it gets right in five folds."""
    counts = Counter(feature for example in examples for feature in example.features)
    columns = {feature: at for at, feature in enumerate(sorted(f for f, count in counts.items() if count >= fit.fewest))}
    held = [[columns[feature] for feature in example.features if feature in columns] for example in examples]
    rows = np.repeat(np.arange(len(held)), [len(each) for each in held])
    places = np.concatenate(held).astype(np.int32)
    table = csr_matrix((np.ones(len(rows)), (rows.astype(np.int32), places)), shape=(len(held), len(columns)))
    yes = np.array([example.yes for example in examples])
    weight = np.array([example.weight for example in examples])
    model = LogisticRegression(C=fit.strength, l1_ratio=1, solver="liblinear", max_iter=500)
    guessed = cross_val_predict(model, table, yes, cv=5, params={"sample_weight": weight})
    print(f"{name}: {len(yes)} texts, found {guessed[yes].mean():.3f}, wrongly {guessed[~yes].mean():.4f}", flush=True)
    model.fit(table, yes, sample_weight=weight)
    weights = {feature: round(float(model.coef_[0, at]), 2) for feature, at in columns.items()}
    kept = {feature: value for feature, value in weights.items() if abs(value) >= SMALLEST}
    return LinearModel(round(float(model.intercept_[0]), 2), kept)


def write(file: Path, models: dict[str, LinearModel]) -> None:
    """Keep the weights of the models."""
    kept = {
        name: {"bias": model.bias, "weights": model.weights} | ({"known": sorted(model.known)} if model.known else {})
        for name, model in models.items()
    }
    file.write_text(json.dumps({"models": kept}, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    print(f"{file.name}: {', '.join(f'{name} {len(model.weights)} weights' for name, model in models.items())}")


def report(model: LinearModel, language: Language) -> None:
    """What a model makes of the messages that were kept for reporting."""
    found = [
        (model.probability(leaning(message["question"], language, model.known)) > 1 / 2, message["follows"])
        for message in _messages(language, "report")
    ]
    for kind, name in ((True, "follow-ups found"), (False, "questions of their own taken for one")):
        guesses = [guess for guess, follows in found if follows is kind]
        print(f"  report ({language}): {name} {sum(guesses)} of {len(guesses)}")


def _language_examples(data: Path) -> Iterator[Example]:
    chance = random.Random(1)
    questions = [(question, language) for language in LANGUAGES for question in phrasings(language)]
    questions += [(question, language) for language in LANGUAGES for question in open_questions(data, language)]
    for question, language in questions:
        yield Example(frozenset(spelling(question)), language == "fr")
        words = WORD.findall(question)
        for size in PARTS:
            if len(words) >= size and chance.random() < 1 / 2:
                start = chance.randrange(len(words) - size + 1)
                yield Example(frozenset(spelling(" ".join(words[start : start + size]))), language == "fr")


def usual_words(language: Language) -> frozenset[str]:
    """The content words that several follow-ups hold."""
    return frozenset(word for word, count in _follow_up_words(language).items() if count >= USUAL)


def _follow_up_words(language: Language) -> Counter[str]:
    follow_ups = [message["question"] for message in _messages(language, "tune") if message["follows"]]
    return Counter(term for question in follow_ups for term in term_set(question, language))


def _follow_up_examples(data: Path, language: Language, usual: frozenset[str]) -> Iterator[Example]:
    """Short questions that stand alone are all among them: few words are no sign that something lacks."""
    alone = phrasings(language)
    random.Random(1).shuffle(alone)
    short = [question for question in alone if len(term_set(question, language)) <= FEW_TERMS]
    for question in dict.fromkeys((*alone[:PHRASINGS], *short, *open_questions(data, language))):
        yield Example(frozenset(leaning(question, language, usual)), yes=False)
    counts = _follow_up_words(language)
    for message in _messages(language, "tune"):
        # A word that is usual for this message alone is not, for a message that is new.
        own = term_set(message["question"], language) if message["follows"] else frozenset[str]()
        others = usual - {term for term in own if counts[term] <= USUAL}
        yield Example(frozenset(leaning(message["question"], language, others)), message["follows"], weight=5.0)


def phrasings(language: Language) -> list[str]:
    """How people ask for what the shipped corpus says, and what it does not."""
    found: list[str] = []
    for file in sorted((HERE.parent / "corpus" / "asked").glob("*.yaml")):
        kept = yaml.safe_load(file.read_text(encoding="utf-8"))
        for entry in (*kept.get("asked", ()), kept.get("not_covered") or {}):
            found += cast("Iterable[str]", entry.get(language, ()))
    return found


def open_questions(data: Path, language: Language) -> list[str]:
    """Questions on any subject, that stand on their own, of the open set in a language."""
    lines = (data / OPEN_SETS[language] / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    asked = map(json.loads, lines)
    return [each["question"] for each in asked if each["clean"]][:FROM_EACH]


def _messages(language: Language, split: str) -> Iterator[dict[str, str | bool]]:
    for line in (HERE / "follow-ups.jsonl").read_text(encoding="utf-8").splitlines():
        message = json.loads(line)
        if (message["language"], message["split"]) == (language, split):
            yield message


if __name__ == "__main__":
    main(Path(sys.argv[1]))
