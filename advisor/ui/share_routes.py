"""The routes of shared conversations: a link made, renewed and ended by its owner, and the page that it shows to others."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from advisor.accounts.audit import record_action
from advisor.accounts.users import Users
from advisor.api.access import SHARED_PATH, browser_language, current_user
from advisor.features.conversations import Conversations
from advisor.features.shares import Share, Shares
from advisor.settings import Settings
from advisor.types import Language
from advisor.ui.conversation_routes import Id, Owner
from advisor.ui.share_view import SHARED_POLICY, render_ended, render_share, render_shared


def share_routes(settings: Settings, conversations: Conversations) -> APIRouter:
    """`/page/conversations/…/share`, fragments for the page's own script, and `/shared/…`, a page without one."""
    router = APIRouter(include_in_schema=False)
    shares = Shares(conversations)
    users = Users(settings)
    place = "/page/conversations/{conversation}/share"

    def sheet(share: Share, request: Request, language: Language) -> str:
        address = f"{str(request.base_url).rstrip('/')}{SHARED_PATH}"
        return render_share(share, address, language, has_users=current_user(request) is not None)

    def is_there(owner: str) -> bool:
        """Whether somebody can still end the link: a user who was removed cannot, nor who asked before there were users."""
        return users.find(owner) is not None if owner else not users

    @router.get(place, response_class=HTMLResponse)
    def show(user: Owner, request: Request, conversation: Id, language: Language) -> str:
        return sheet(shares.of(user, conversation), request, language)

    @router.post(place, response_class=HTMLResponse)
    def share(user: Owner, request: Request, conversation: Id, language: Language) -> str:
        made = shares.share(user, conversation)
        record_action(settings, current_user(request), "share", conversation=conversation, answers=made.shown)
        return sheet(made, request, language)

    @router.delete(place, response_class=HTMLResponse)
    def end(user: Owner, request: Request, conversation: Id, language: Language) -> str:
        shares.end(user, conversation)
        record_action(settings, current_user(request), "end share", conversation=conversation)
        return sheet(shares.of(user, conversation), request, language)

    @router.get(SHARED_PATH + "{token}", response_class=HTMLResponse)
    def shared(request: Request, token: Id, language: Language | None = None) -> HTMLResponse:
        words = language or browser_language(request.headers.get("accept-language", ""))
        found = shares.find(token)
        if found and not is_there(found.owner):
            found = None
        page, status = (render_shared(found, words), 200) if found else (render_ended(words), 404)
        return HTMLResponse(page, status, {"Content-Security-Policy": SHARED_POLICY})

    return router
