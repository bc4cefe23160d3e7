"""The corpus as a library: its documents by topic and language, full text search, and what links to what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from posixpath import dirname, join, normpath
from urllib.parse import unquote

from advisor.index.catalog import ListedDocument
from advisor.index.generation import Generation
from advisor.text.language import LANGUAGES
from advisor.text.plain import WORD
from advisor.text.terms import terms
from advisor.types import Chunk, Document, Language, Sentence

_LINK = re.compile(r"\]\(<?([^)\s>#\[\]]++)[^)\[\]]*+\)")
_MOST_HITS = 400  # looked at before those of other topics and languages are left out


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that holds words searched for: its best sentence `[start, end)`, and where those words are in it.

    `text == document.text[start:end]`; `words` are spans of `text`.
    """

    chunk: Chunk
    start: int
    end: int
    text: str
    words: tuple[tuple[int, int], ...]
    score: float


@dataclass(frozen=True, slots=True)
class Links:
    """What a document links to and what links to it, by id; its translation, and other documents of its topic, apart."""

    to: tuple[ListedDocument, ...]
    from_: tuple[ListedDocument, ...]
    translation: ListedDocument | None


class Library:
    """Browses the generation that it is given, and keeps the links of the latest one."""

    def __init__(self) -> None:
        self._linked: tuple[str, dict[str, tuple[str, ...]]] = ("", {})

    def documents(self, index: Generation, *, topic: str = "", language: str = "") -> list[ListedDocument]:
        """The documents of a topic and a language ("" for any), by topic, language and title."""
        found = [d for d in index.catalog.listing() if topic in ("", d.topic) and language in ("", d.language)]
        return sorted(found, key=lambda d: (d.topic or "\uffff", d.language, d.title.casefold()))

    def topics(self, index: Generation) -> list[str]:
        """The topics that documents have, in order."""
        return sorted({document.topic for document in index.catalog.listing() if document.topic})

    def search(
        self, index: Generation, text: str, *, topic: str = "", language: str = "", num_results: int = 30
    ) -> list[Hit]:
        """The passages with most of the words, best first; none for a text without telling words."""
        wanted: dict[Language, dict[str, float]] = {one: dict.fromkeys(terms(text, one), 1.0) for one in LANGUAGES}
        ranked = index.keyword_index.search(wanted, num_results=_MOST_HITS)
        stored = index.catalog.chunks([key for key, _ in ranked])
        of_topic = {document.id for document in self.documents(index, topic=topic)} if topic else None
        hits = []
        for key, score in ranked:
            chunk = stored[key].chunk
            if language in ("", chunk.language) and (of_topic is None or chunk.document in of_topic):
                hits.append(_hit(chunk, frozenset(wanted[chunk.language]), score))
        return hits[:num_results]

    def links(self, index: Generation, document: Document) -> Links:
        """What a document links to, what links to it, and its translation."""
        generation = index.manifest.generation
        if self._linked[0] != generation:
            self._linked = (generation, {one.id: tuple(_targets(one)) for one in index.catalog.documents()})
        linked = self._linked[1]
        listing = index.catalog.listing()
        named = {name: one for one in listing for name in (one.id, *one.aliases)}
        translated = (one for one in listing if one.translation_of == document.id)
        return Links(
            to=tuple(named[name] for name in linked.get(document.id, ()) if name in named),
            from_=tuple(named[name] for name, targets in linked.items() if document.id in targets),
            translation=named.get(document.translation_of) if document.translation_of else next(translated, None),
        )


def _hit(chunk: Chunk, wanted: frozenset[str], score: float) -> Hit:
    """The passage with the sentence that has most of the words; the first one where none does (a heading has them)."""

    def held(sentence: Sentence) -> int:
        return len(wanted & set(terms(chunk.text_of(sentence), chunk.language)))

    best = max(chunk.sentences, key=held) if chunk.sentences else Sentence(chunk.start, chunk.end, 0)
    text = chunk.text_of(best)
    words = tuple(found.span() for found in WORD.finditer(text) if wanted & set(terms(found.group(), chunk.language)))
    return Hit(chunk, best.start, best.end, text, words, score)


def _targets(document: Document) -> list[str]:
    """The names that a document's links lead to, each once."""
    targets = (unquote(found) for found in _LINK.findall(document.text) if "://" not in found)
    return list(dict.fromkeys(normpath(join(dirname(document.id), target)) for target in targets))
