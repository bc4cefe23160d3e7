"""The routes behind the list of conversations: read, changed, deleted and taken back."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Annotated, Self

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field, model_validator

from advisor.api.schemas import Text
from advisor.features.conversations import Conversations
from advisor.limits import SEARCH, TITLE
from advisor.types import Language
from advisor.ui.conversation_list import render_list
from advisor.ui.conversation_routes import Id, Owner

_MOST_MINUTES = 24 * 60 - 1  # that a clock can be away from UTC


class ListChange(BaseModel):
    """What becomes of a conversation in the list: another title, a place before the others or among them."""

    title: Text | None = Field(default=None, max_length=TITLE.most)
    pinned: bool | None = None

    @model_validator(mode="after")
    def changes_something(self) -> Self:
        """Refuse what would change nothing."""
        if self.title is None and self.pinned is None:
            message = "there is nothing to change. Send a title, or whether it is pinned"
            raise ValueError(message)
        return self


def list_routes(conversations: Conversations) -> APIRouter:
    """`/page/conversations…`, for the page's own script."""
    router = APIRouter(prefix="/page", include_in_schema=False)

    @router.get("/conversations", response_class=HTMLResponse)
    def conversation_list(
        user: Owner,
        language: Language,
        search: Annotated[str, Query(max_length=SEARCH.most)] = "",
        behind: Annotated[int, Query(ge=-_MOST_MINUTES, le=_MOST_MINUTES)] = 0,
    ) -> str:
        """:param behind: minutes that the reader's clock is behind UTC, for what is of today and of yesterday."""
        conversations.erase_deleted()
        clock = timezone(-timedelta(minutes=behind))
        return render_list(conversations.find(user, search), language, clock, searched=bool(search.strip()))

    @router.patch("/conversations/{conversation}", status_code=204)
    def change(user: Owner, conversation: Id, wanted: ListChange) -> None:
        if wanted.title is not None:
            conversations.rename(user, conversation, wanted.title)
        if wanted.pinned is not None:
            conversations.pin(user, conversation, pinned=wanted.pinned)

    @router.delete("/conversations/{conversation}", status_code=204)
    def delete(user: Owner, conversation: Id) -> None:
        conversations.delete(user, conversation)

    @router.post("/conversations/{conversation}/restore", status_code=204)
    def restore(user: Owner, conversation: Id) -> None:
        conversations.restore(user, conversation)

    return router
