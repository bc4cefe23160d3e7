"""Everything the advisor raises on purpose.

    AdvisorError
    ├── SettingsError        a setting has an impossible value
    ├── CorpusError          the corpus folder cannot be used
    │   └── DocumentError    one document cannot be read; the others can
    ├── BrokenIndexError          the index cannot be used
    │   ├── IndexNotFoundError
    │   ├── IndexMismatchError   built with another model, chunking or Chroma
    │   ├── IndexLockedError     somebody else is writing it
    │   └── VectorServerError    the Chroma server with its vectors is away
    ├── ClusterError         a Ray cluster cannot be reached, or does not do what it is given
    ├── StorageError         a file cannot be written: no room, or no right to
    │   └── DatabaseError    the database server cannot be reached
    ├── ModelError           a model cannot be loaded
    │   └── EmbeddingServerError  the server of the embedding model does not answer, or not with vectors
    ├── EvaluationError      a question set, a run or a gate that cannot be used
    ├── QuestionError        a question that cannot be taken
    ├── ScopeError           documents to answer from that the index does not hold
    ├── BusyError            too many questions at once
    │   └── CrowdedError     of one person
    ├── DeadlineError        a question that is not answered in time
    └── ConversationError    a conversation that is not there

A message names what, why and what to do next, in one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something cannot be done: a code ("" where there is none), what its text names, and that text in English."""

    code: str
    values: Mapping[str, Value]
    text: str

    def __str__(self) -> str:
        return self.text

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Reason:
        """From its fields as JSON gives them, with the reasons within."""
        values = {name: cls.of(value) if isinstance(value, Mapping) else value for name, value in fields["values"].items()}
        return cls(fields["code"], values, fields["text"])


Value = str | int | Reason
"""What the text of a reason names."""


class AdvisorError(Exception):
    """Root of the errors whose message is meant for the person at the keyboard."""


class SettingsError(AdvisorError):
    """A setting has an impossible value, or an unknown name."""


class CorpusError(AdvisorError):
    """The corpus folder is missing, empty or unreadable."""


class DocumentError(CorpusError):
    """One document cannot be read."""


class NoProseError(DocumentError):
    """A file of data without sentences: settings, say. It is passed over, and no failure."""


class BrokenIndexError(AdvisorError):
    """The index cannot be used, or a new generation of it did not pass its checks."""


class IndexNotFoundError(BrokenIndexError):
    """No index has been built yet."""


class IndexMismatchError(BrokenIndexError):
    """The index was built with another model, chunking, format or version of Chroma."""


class RefusedIndexError(BrokenIndexError):
    """A new generation was not published: what was asked to judge it found it worse."""


class IndexLockedError(BrokenIndexError):
    """Another process is writing the index."""


class VectorServerError(BrokenIndexError):
    """The Chroma server that has the vectors of the index cannot be reached, or lacks them."""


class ClusterError(AdvisorError):
    """A Ray cluster cannot be reached, has another version of the program, or does not finish what it is given."""


class StorageError(AdvisorError):
    """A file cannot be written: the disk is full, or it is not this account's to write."""


class DatabaseError(StorageError):
    """The server of the database cannot be reached, or is stopping."""


class ModelError(AdvisorError):
    """A model cannot be loaded."""


class EmbeddingServerError(ModelError):
    """The embedding server cannot be reached, refuses what it is sent, or answers something else than vectors."""


class EvaluationError(AdvisorError):
    """A question set, a run, a baseline or a gate that cannot be used, or runs that cannot be compared."""


class QuestionError(AdvisorError):
    """A question that cannot be taken: empty, without letters, or too long."""


class ScopeError(AdvisorError):
    """A question is to be answered from a topic or a document that the index does not hold."""


class BusyError(AdvisorError):
    """So many questions are being answered that no other is taken now."""


class CrowdedError(BusyError):
    """So many questions of one person are being answered that no other of theirs is taken now."""


class DeadlineError(AdvisorError):
    """A question is not answered in time."""


class ConversationError(AdvisorError):
    """A conversation, or an answer of one, that is not there, or a title that says nothing."""
