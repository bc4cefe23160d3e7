"""Who asks: what the guard found out about a request, for whoever answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from advisor.accounts.users import Role
from advisor.types import Language

if TYPE_CHECKING:
    import gradio as gr
    from starlette.requests import HTTPConnection

STATE_KEY = "visitor"
"""Where the guard puts the visitor: a key of the request's `state`."""

SHARED_PATH = "/shared/"
"""Below it are conversations that people share by a link. What follows it opens one, and is told to nobody."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who sent a request. `name` is None where there are no users: on a loopback address that nobody signs in to.

    `address` is the network address that it came from.
    """

    name: str | None
    role: Role
    address: str

    @property
    def key(self) -> str:
        """What limits count by: the person where one is signed in, otherwise the address."""
        return f"user {self.name}" if self.name else f"address {self.address}"


def visitor_of(request: HTTPConnection | gr.Request) -> Visitor | None:
    """The visitor that the guard has put on a request of FastAPI or of Gradio; None for one that passed no guard."""
    found = getattr(request.state, STATE_KEY, None)
    return found if isinstance(found, Visitor) else None


def who_takes_turns(visitor: Visitor | None) -> str:
    """Who takes a turn with a request of this visitor; "" for nobody in particular: where nobody is signed in."""
    return visitor.key if visitor and visitor.name else ""


def current_user(request: HTTPConnection | gr.Request) -> str | None:
    """The name of the person who is signed in; None where the advisor is used without users.

    :param request: what a FastAPI endpoint or a Gradio event (a parameter annotated `gr.Request`) is given.
    """
    visitor = visitor_of(request)
    return visitor.name if visitor else None


def owner_of(request: HTTPConnection | gr.Request) -> str | None:
    """Under whose name the conversations of a request are kept; None for one that passed no guard: it has none.

    Where there are no users, whoever reaches the page is its one user, without a name.
    """
    visitor = visitor_of(request)
    return (visitor.name or "") if visitor else None


def may_curate(request: HTTPConnection | gr.Request) -> bool:
    """Whether the request comes from a curator: a signed-in one, or anybody where there are no users."""
    visitor = visitor_of(request)
    return visitor is not None and visitor.role == "curator"


def browser_language(accepted: str) -> Language:
    """French or English, whichever an Accept-Language header names first; English for any other."""
    for part in accepted.lower().split(","):
        code = part.strip()[:2]
        if code in ("fr", "en"):
            return "fr" if code == "fr" else "en"
    return "en"
