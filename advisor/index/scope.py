"""The documents of a scope: what a question is to be answered from, looked up in an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from advisor.errors import ScopeError
from advisor.index.catalog import ListedDocument
from advisor.types import Scope

_MOST_NAMED = 20  # documents that an error names


def find_documents(listing: Sequence[ListedDocument], scope: Scope) -> tuple[Scope, list[str]]:
    """The scope with the document's own id and its title, and the ids of its documents.

    :param listing: of every document.
    :raises ScopeError: when there is none, naming those that there are.
    """
    named = {name: one for one in listing for name in (one.id, *one.aliases)}
    topics = sorted({one.topic for one in listing if one.topic})
    if scope.topic and scope.topic not in topics:
        message = f"no document has the topic {scope.topic!r}. Known: {', '.join(topics) or 'none'}"
        raise ScopeError(message)
    if scope.document and scope.document not in named:
        message = f"the index has no document {scope.document!r}. Known: {_known(scope.document, [d.id for d in listing])}"
        raise ScopeError(message)
    if scope.document:
        document = named[scope.document]
        scope = replace(scope, document=document.id, title=document.title)
    found = [
        one.id
        for one in listing
        if scope.topic in ("", one.topic) and scope.document in ("", one.id) and scope.written in ("", one.language)
    ]
    if not found:
        wanted = (("topic", scope.topic), ("document", scope.document), ("written", scope.written))
        said = " and ".join(f"{name} {value!r}" for name, value in wanted if value)
        message = f"no document has {said}. Leave one of them out"
        raise ScopeError(message)
    return scope, found


def _known(name: str, ids: Sequence[str]) -> str:
    """The documents of the index, or those whose names are most like the one that was asked for."""
    if len(ids) <= _MOST_NAMED:
        return ", ".join(ids)
    alike = get_close_matches(name, ids, n=_MOST_NAMED, cutoff=0)
    return f"{', '.join(alike)}, and {len(ids) - len(alike)} more"
