"""BM25 over chunks: tantivy, with French and English analysis.

One field per language, each with its stemmer; accents are folded and the stop words of both languages left out, so that
"strategie" finds "stratégie" and "l'entreprise" finds "entreprise". A chunk is in the field of its own language; a question
is analysed for both, so a name or an acronym is found in either.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

import tantivy

from advisor.documents.passages import searched_text
from advisor.files import link_file
from advisor.text.language import LANGUAGES
from advisor.text.one_form import in_one_form
from advisor.text.terms import ANALYZERS, terms
from advisor.types import Chunk, Language

VERSION = 3
"""Raise it when the analysis changes: the index is then rebuilt."""

_HEAP_BYTES = 64_000_000
_SHORTEST_SLIP = 4  # letters: shorter terms have too many neighbours
_LIKE = 0.8  # difflib ratio of two terms that may be one, mistyped


def _field(language: Language) -> str:
    return f"body_{language}"


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    for language in LANGUAGES:
        builder.add_text_field(_field(language), stored=False, tokenizer_name=language, index_option="freq")
    return builder.build()


class KeywordIndex:
    """A BM25 index on disk, never modified once built."""

    def __init__(self, folder: Path) -> None:
        """Open it.

        :raises ValueError: when there is none.
        """
        self._schema = _schema()
        index = tantivy.Index.open(str(folder))
        _register(index)
        self._searcher = index.searcher()
        self.size = int(self._searcher.num_docs)

    def search(
        self, wanted: Mapping[Language, Mapping[str, float]], *, num_results: int, among: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """Chunk ids with their BM25 scores, best first; empty when no term is known.

        :param wanted: the terms to look for in each language's field, each with its worth (0..1).
        :param among: the ids of the chunks that count; all of them when None. It changes no score.
        """
        clauses = [
            (tantivy.Occur.Should, tantivy.Query.boost_query(self._term_query(term, language), worth))
            for language, some in wanted.items()
            for term, worth in some.items()
        ]
        if not clauses or not self.size:
            return []
        query = tantivy.Query.boolean_query(clauses)
        if among is not None:
            allowed = tantivy.Query.const_score_query(tantivy.Query.term_set_query(self._schema, "id", list(among)), 0.0)
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, allowed)])
        hits = self._searcher.search(query, num_results).hits
        return [(str(self._searcher.doc(address)["id"][0]), float(score)) for score, address in hits]

    def finds(self, chunk: Chunk) -> bool:
        """Whether the index holds a chunk and every one of its terms leads to it."""
        wanted = [tantivy.Query.term_query(self._schema, "id", chunk.id, index_option="basic")]
        wanted += [self._term_query(term, chunk.language) for term in set(terms(searched_text(chunk), chunk.language))]
        both = tantivy.Query.boolean_query([(tantivy.Occur.Must, query) for query in wanted])
        return len(self._searcher.search(both, 1).hits) == 1

    def _term_query(self, term: str, language: Language) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, _field(language), term, index_option="freq")

    def nearest(self, term: str, language: Language) -> str | None:
        """The known term that looks most like an unknown one (a slip of the keyboard), if any does."""
        if len(term) < _SHORTEST_SLIP:
            return None
        known = (other for other, _ in self._searcher.terms_with_prefix(_field(language), term[0]))
        return next(iter(get_close_matches(term, known, n=1, cutoff=_LIKE)), None)

    def document_frequency(self, term: str, language: Language) -> int:
        """In how many chunks of that language a term occurs."""
        return int(self._searcher.doc_freq(_field(language), term))

    def idf(self, term: str, language: Language) -> float:
        """How much a term tells, as in BM25 (Robertson and Zaragoza 2009): ln(1 + (N - n + 0.5) / (n + 0.5)).

        One that no chunk has tells as much as if one had it: beside the few chunks of a small corpus, an everyday word of
        the question would else count for more than all that they are about.
        """
        occurrences = max(1, self.document_frequency(term, language))
        return math.log(1 + (self.size - occurrences + 0.5) / (occurrences + 0.5))


def write_keyword_index(folder: Path, chunks: Iterable[Chunk]) -> None:
    """Write the index of the chunks into an empty folder.

    :raises OSError: when there is no room for it.
    """
    folder.mkdir(parents=True)
    index = tantivy.Index(_schema(), path=str(folder))
    _write(index, (), chunks)


def edit_keyword_index(folder: Path, base: Path, removed: Iterable[str], chunks: Iterable[Chunk]) -> None:
    """Write an index that differs from another by some chunks into an empty folder.

    The two share the files of their segments, which tantivy never writes again: what is removed goes on counting in the
    statistics of BM25 until an index is written as a whole.

    :param removed: ids of chunks of `base`.
    :raises OSError: when there is no room for it.
    """
    folder.mkdir(parents=True)
    for path in base.iterdir():
        if path.suffix != ".lock":
            link_file(path, folder / path.name)
    _write(tantivy.Index.open(str(folder)), removed, chunks)


def _write(index: tantivy.Index, removed: Iterable[str], chunks: Iterable[Chunk]) -> None:
    """:raises OSError: when there is no room for it."""
    _register(index)
    try:
        writer = index.writer(heap_size=_HEAP_BYTES, num_threads=1)
        for key in removed:
            writer.delete_documents_by_term("id", key)
        for chunk in chunks:
            document = tantivy.Document()
            document.add_text("id", chunk.id)
            document.add_text(_field(chunk.language), in_one_form(searched_text(chunk), chunk.language))
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
    except ValueError as cause:  # tantivy's word for whatever the disk refuses
        raise OSError(str(cause)) from cause


def _register(index: tantivy.Index) -> None:
    for language, instance in ANALYZERS.items():
        index.register_tokenizer(language, instance)
