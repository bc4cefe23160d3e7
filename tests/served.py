"""A small index of its own, behind the real server: for tests of the interfaces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from conftest import SMALL_CORPUS
from pages import serve_app

from advisor.accounts.users import add_user, new_token
from advisor.advisor import Advisor
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Served:
    """A running server."""

    address: str
    advisor: Advisor

    @property
    def settings(self) -> Settings:
        return self.advisor.settings

    def client(self, **headers: str) -> httpx.Client:
        return httpx.Client(base_url=self.address, headers=headers, timeout=60)

    def signed_in(self, name: str, role: str = "user") -> httpx.Client:
        """A client with the token of a new user."""
        add_user(self.settings, name, PASSWORD, role)
        return self.client(Authorization=f"Bearer {new_token(self.settings, name)}")


def event_of(client: httpx.Client, element: str, trigger: str = "click", language: str = "en") -> int:
    """The number of an event of the page: that of a button, a field or a file."""
    config = client.get(f"/{language}/config").json()
    number = next(one["id"] for one in config["components"] if one["props"].get("elem_id") == element)
    return next(one["id"] for one in config["dependencies"] if [number, trigger] in one["targets"])


def send_event(client: httpx.Client, event: int, data: object, session: str = "session") -> httpx.Response:
    """Put an event of the page in Gradio's queue, as a browser does, with whatever data."""
    return client.post("/en/gradio_api/queue/join", json={"fn_index": event, "data": data, "session_hash": session})


def told(client: httpx.Client, event: int, data: object, session: str = "session") -> str:
    """What the page is told of an event: why it was refused, or all that its queue says."""
    joined = send_event(client, event, data, session)
    if joined.status_code != httpx.codes.OK:
        return joined.text
    lines: list[str] = []
    with client.stream("GET", "/en/gradio_api/queue/data", params={"session_hash": session}) as stream:
        for line in stream.iter_lines():
            lines.append(line)
            if '"close_stream"' in line:  # the page closes it then
                break
    return "\n".join(lines)


@contextmanager
def serve(folder: Path, embeddings: Embeddings, *, local: bool = True, **changes: object) -> Iterator[Served]:
    """Serve five short documents; `changes` are settings."""
    for name, text in SMALL_CORPUS.items():
        path = folder / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    settings = Settings(corpus_dir=folder / "corpus", index_dir=folder / "index", state_dir=folder / "state", **changes)
    sync(settings, embeddings)
    advisor = Advisor.open(settings, embeddings)
    with serve_app(advisor, local=local) as address:
        yield Served(address, advisor)
    advisor.close()
