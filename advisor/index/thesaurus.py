"""The corpus's thesaurus: forms of words that mean the same, in both languages.

`thesaurus.yaml` at the root of the corpus folder, optional: a list of `{fr: [forms], en: [forms]}`, one concept each, the
usual form first. A corpus without one loses nothing but these bridges.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from advisor.documents.folder import THESAURUS
from advisor.documents.yaml_values import Written, read_yaml_file
from advisor.text.language import LANGUAGES
from advisor.text.plain import WORD, fold
from advisor.text.terms import terms
from advisor.types import Language

THESAURUS_FILE = THESAURUS
USED = "used-forms.json"
_ENTRIES: TypeAdapter[list[dict[Language, list[Written]]] | None] = TypeAdapter(list[dict[Language, list[Written]]] | None)
_PLURAL = re.compile(r"(?<=\w\w)[sx]$")


Form = tuple[str, ...]
"""A form of a concept as `words`."""


@dataclass(frozen=True, slots=True)
class Concept:
    """`names`: the forms as written; `forms`: the same as index terms; `words`: all of them as words, to find in a question.

    Finding goes by whole words and not by stems: "code" has the stem of "CODIR".
    """

    names: dict[Language, tuple[str, ...]]
    forms: dict[Language, tuple[tuple[str, ...], ...]]
    words: tuple[Form, ...]


def words(text: str) -> Form:
    """Folded words, without the endings of the plural."""
    return tuple(_PLURAL.sub("", fold(word)) for word in WORD.findall(text))


def word_spans(text: str) -> list[tuple[int, int]]:
    """Where each of `words(text)` stands in the text."""
    return [found.span() for found in WORD.finditer(text)]


def used_forms(concepts: Sequence[Concept], texts: Iterable[str]) -> Counter[Form]:
    """The forms of the concepts that the texts use themselves, each with the number of texts."""
    wanted = {form for concept in concepts for form in concept.words if form}
    longest: dict[str, int] = {}
    for form in wanted:
        longest[form[0]] = max(longest.get(form[0], 0), len(form))
    found = Counter[Form]()
    for text in texts if wanted else ():
        said = words(text)
        runs = {said[at : at + length] for at, word in enumerate(said) for length in range(1, longest.get(word, 0) + 1)}
        found.update(runs & wanted)
    return found


def write_used_forms(path: Path, forms: Mapping[Form, int]) -> None:
    """Write the forms that the documents of a generation use."""
    path.write_text(json.dumps(sorted(forms.items()), ensure_ascii=False), encoding="utf-8")


def read_used_forms(path: Path) -> Counter[Form]:
    """Read what `write_used_forms` wrote."""
    return Counter({tuple(form): count for form, count in json.loads(path.read_text(encoding="utf-8"))})


def read_thesaurus(path: Path) -> tuple[Concept, ...]:
    """The concepts of a file; none when there is no file.

    :raises CorpusError: when the file is not a list of concepts.
    """
    if not path.is_file():
        return ()
    return tuple(_concept(entry) for entry in read_yaml_file(path, _ENTRIES, "a list of {fr: [forms], en: [forms]}") or ())


def _concept(entry: Mapping[Language, Sequence[str]]) -> Concept:
    names = {language: tuple(entry.get(language, ())) for language in LANGUAGES}
    forms = {language: tuple(tuple(terms(name, language)) for name in names[language]) for language in LANGUAGES}
    return Concept(names, forms, tuple(dict.fromkeys(words(name) for each in names.values() for name in each)))
