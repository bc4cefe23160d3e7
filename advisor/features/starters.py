"""Questions to begin with, for somebody who asks for the first time.

The page proposes some, each for a concern of a technology leader. They are shown where the corpus knows them: where they
stand in its `asked/*.yaml`. Any other corpus is begun with questions of its own, which search has found enough to answer.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from advisor.advisor import Advisor
from advisor.features.suggestions import questions_beside
from advisor.index.generation import Generation
from advisor.text.plain import fold
from advisor.types import Chunk, Language

_WANTED = 6
_DOCUMENTS = 12  # that are looked through for questions of their own
_TRIED = 3  # questions of each that are searched for at most: 50 ms each
# Shorter than a sentence: the words around a heading would be looked for too.
_SUBJECT: dict[Language, str] = {"fr": "{}\u00a0?", "en": "{}?"}
_OF_SUBJECT: dict[Language, str] = {"fr": "{}\u00a0: {}\u00a0?", "en": "{}: {}?"}


@dataclass(frozen=True, slots=True)
class Starter:
    """A question, and the code of the concern that it is for ("" for none)."""

    question: str
    concern: str = ""


class Starters:
    """The starters of the latest generation. Safe to use from several threads."""

    def __init__(self, advisor: Advisor, proposed: Mapping[Language, Mapping[str, str]]) -> None:
        """:param proposed: the code of a concern -> its question, in each language."""
        self._advisor = advisor
        self._proposed = proposed
        self._finding = threading.Lock()
        self._found: dict[tuple[str, Language], tuple[Starter, ...]] = {}

    def of(self, language: Language) -> tuple[Starter, ...]:
        """Up to six questions in a language; none of a corpus without a document in it."""
        index = self._advisor.index
        key = (index.manifest.generation, language)
        with self._finding:
            if key not in self._found:
                found = self._known(index, language) or tuple(islice(self._own(index, language), _WANTED))
                self._found = {kept: self._found[kept] for kept in self._found if kept[0] == key[0]} | {key: found}
            return self._found[key]

    def _known(self, index: Generation, language: Language) -> tuple[Starter, ...]:
        asked = {fold(question) for question in index.phrasings.questions}
        proposed = self._proposed[language].items()
        return tuple(Starter(question, concern) for concern, question in proposed if fold(question) in asked)

    def _own(self, index: Generation, language: Language) -> Iterator[Starter]:
        """A question of each of some documents, of as many topics as there are."""
        documents = [document for document in index.catalog.listing() if document.language == language]
        of_topic: Counter[str | None] = Counter()
        ranked = []
        for document in documents:
            ranked.append((of_topic[document.topic], document.id))
            of_topic[document.topic] += 1
        for _, name in sorted(ranked)[:_DOCUMENTS]:
            chunks = [one.chunk for one in index.catalog.chunks_of(name)]
            kept = (candidate.question for candidate in questions_beside(index, chunks, language))
            for question in islice(chain(kept, _subjects(chunks, language)), _TRIED):
                if self._advisor.would_answer(question, language, index):
                    yield Starter(question)
                    break


def _subjects(chunks: Sequence[Chunk], language: Language) -> Iterator[str]:
    """The title of a document, and its first heading below it, as questions."""
    for chunk in chunks[:1]:
        if chunk.heading and chunk.heading[-1] != chunk.title:
            yield _OF_SUBJECT[language].format(chunk.title, chunk.heading[-1])
        yield _SUBJECT[language].format(chunk.title)
