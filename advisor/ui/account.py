"""Who is signed in, at the top of the page.

The page's script asks for it. An event of Gradio's at the opening of a page would be under way when a first question is
sent, and Gradio loses what follows an event that is sent at the moment where another one ends.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from advisor.api.access import current_user, may_curate
from advisor.types import Language
from advisor.ui.rendering import render
from advisor.ui.texts import TEXTS, Texts


def account_routes() -> APIRouter:
    """`/page/account`: a fragment of HTML for the page's own script."""
    router = APIRouter(prefix="/page", include_in_schema=False)

    @router.get("/account", response_class=HTMLResponse)
    def account(request: Request, language: Language) -> str:
        return render_account(current_user(request), TEXTS[language], is_curator=may_curate(request))

    return router


def render_account(name: str | None, texts: Texts, *, is_curator: bool) -> Markup:
    """The name with the button to sign out, nothing where nobody signs in; and whether the curators' tabs are shown."""
    return render("account", texts.language, name=name, is_curator=is_curator)
