"""The advisor's search as a LangChain retriever, for programs built on LangChain.

retriever = AdvisorRetriever(advisor=Advisor.open(load_settings()), k=5)
documents = retriever.invoke("How do we start with FinOps?")
"""

from __future__ import annotations

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from advisor.advisor import Advisor
from advisor.types import ScoredChunk


class AdvisorRetriever(BaseRetriever):
    """Finds the passages nearest to a question: hybrid search over the published generation.

    Each document has the passage as its content, its place (`fr/cloud.md@40-620`) as its id, and in its metadata where it
    stands: `document`, `title`, `heading`, `language`, `start`, `end`, `start_line`, `end_line`, `page`, `score` (higher is
    better) and the `generation` that it was found in.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    advisor: Advisor
    k: int = Field(default=10, ge=1, le=1_000)
    """How many passages."""

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        """The passages, best first.

        :raises QuestionError: when the question cannot be taken.
        """
        index = self.advisor.index
        return [_document(result, index.info.generation) for result in self.advisor.search(query, k=self.k, index=index)]


def _document(result: ScoredChunk, generation: str) -> Document:
    chunk = result.chunk
    metadata = {
        "document": chunk.document,
        "title": chunk.title,
        "heading": list(chunk.heading),
        "language": chunk.language,
        "start": chunk.start,
        "end": chunk.end,
        "start_line": chunk.start_line,
        "end_line": chunk.end_line,
        "page": chunk.page,
        "score": result.score,
        "generation": generation,
    }
    return Document(page_content=chunk.text, metadata=metadata, id=chunk.id)
