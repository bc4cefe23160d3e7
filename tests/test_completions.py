"""The advisor as a model in other programs, asked by the client of OpenAI."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionChunk
from pages import open_page, serve_app
from playwright.sync_api import Browser
from scripted_model import KEY, scripted
from served import PASSWORD, Served, serve

from advisor.accounts.users import add_user, new_token
from advisor.advisor import Advisor
from advisor.api.completions import MODEL
from advisor.errors import BrokenIndexError
from advisor.types import SentenceReady

QUESTION = "When does a blameless review take place after an outage?"
REFUSED = "What is the recipe for an apple tart?"
FRENCH = "Combien de dépenses du cloud le tagging couvre-t-il ?"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, embeddings) -> Iterator[Served]:
    """With a user: a program shows a token."""
    folder = tmp_path_factory.mktemp("completions")
    changes = {"answer_threshold": 0.05, "questions_per_minute": 100_000}
    with serve(folder, embeddings, local=False, **changes) as running:
        add_user(running.settings, "ada", PASSWORD, "user")
        yield running


def client_of(address: str, key: str = "none") -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{address}/v1", api_key=key, max_retries=0, timeout=60)


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[openai.OpenAI]:
    with client_of(served.address, new_token(served.settings, "ada")) as opened:
        yield opened


def user(content: object) -> dict[str, object]:
    return {"role": "user", "content": content}


def ask(client: openai.OpenAI, *messages: dict[str, object]) -> Any:
    return client.chat.completions.create(model=MODEL, messages=list(messages))


def stream(client: openai.OpenAI, *messages: dict[str, object]) -> list[ChatCompletionChunk]:
    return list(client.chat.completions.create(model=MODEL, messages=list(messages), stream=True))


def rest(served: Served, question: str, **more: object) -> dict[str, Any]:
    with served.client(Authorization=f"Bearer {new_token(served.settings, 'ada')}") as client:
        return client.post("/api/ask", json={"question": question, **more}).json()


def test_the_advisor_is_the_only_model(client: openai.OpenAI):
    assert [model.id for model in client.models.list()] == [MODEL]
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="gpt-4o", messages=[user(QUESTION)])
    assert (caught.value.code, MODEL in caught.value.message) == ("model_not_found", True)


def test_an_answer_is_that_of_rest_with_its_sources(client: openai.OpenAI, served: Served):
    done = ask(client, user(QUESTION))
    (choice,) = done.choices
    same = rest(served, QUESTION)
    assert (done.object, done.model, done.usage) == ("chat.completion", MODEL, None)
    assert (choice.finish_reason, choice.message.role) == ("stop", "assistant")
    text, sources = choice.message.content.split("\n\n**Sources**\n\n")
    assert text == same["answer"]
    assert len(sources.splitlines()) == len(same["citations"])
    assert sources.startswith("- **[1] Incident reviews**")
    assert "[en/incidents.md:3](<" in sources
    cited = [
        choice.message.content[one.url_citation.start_index : one.url_citation.end_index]
        for one in choice.message.annotations
    ]
    assert cited == [f"[{marker}]" for sentence in same["sentences"] for marker in sentence["markers"]]


def test_a_citation_leads_to_its_lines(browser: Browser, tmp_path, embeddings):
    with serve(tmp_path, embeddings, answer_threshold=0.05) as running, client_of(running.address) as client:
        message = ask(client, user(QUESTION)).choices[0].message
        cited = message.annotations[0].url_citation
        assert cited.url in message.content
        assert (cited.title, parse_qs(urlsplit(cited.url).query)["document"]) == ("Incident reviews", ["en/incidents.md"])
        page = open_page(browser, cited.url)
        page.get_by_text("A blameless review takes place within five days of an outage.").and_(
            page.locator("mark")
        ).wait_for()
        page.context.close()


@pytest.mark.parametrize("question", [QUESTION, FRENCH, REFUSED, "Hello!", "What does the board want about Zanzibar?"])
def test_a_stream_adds_up_to_the_whole(client: openai.OpenAI, question: str):
    message = ask(client, user(question)).choices[0].message
    chunks = stream(client, user(question))
    deltas = [chunk.choices[0].delta for chunk in chunks]
    assert "".join(delta.content or "" for delta in deltas) == message.content
    assert [delta.role for delta in deltas] == ["assistant", *[None] * (len(deltas) - 1)]
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [*[None] * (len(chunks) - 1), "stop"]
    assert len({chunk.id for chunk in chunks}) == 1
    told = [one for delta in deltas for one in getattr(delta, "annotations", None) or []]
    assert told == [one.model_dump() for one in message.annotations]


def test_verified_sentences_are_sent_before_the_answer_is_whole(monkeypatch, tmp_path, embeddings):
    """A chat model that waits after its first sentence: that one is there meanwhile."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    go_on = threading.Event()
    first = "A blameless review takes place within five days of an outage. [1]\n\n"

    def reply(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        for text in (first, "Every action has an owner and a date. [1]"):
            handler.event({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})
            go_on.wait(30)
        handler.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        handler.close_connection = True

    with (
        scripted(reply) as model,
        serve(tmp_path, embeddings, chat_model="openai:scripted", chat_url=model.url, answer_threshold=0.0) as running,
        client_of(running.address) as client,
    ):
        chunks = client.chat.completions.create(model=MODEL, messages=[user(QUESTION)], stream=True)
        text = ""
        for chunk in chunks:
            text += chunk.choices[0].delta.content or ""
            if text and not go_on.is_set():
                assert text == "A blameless review takes place within five days of an outage. [1]"
                go_on.set()
    assert "owner and a date" in text
    assert "**Sources**" in text


def test_the_questions_before_are_the_history(client: openai.OpenAI, served: Served):
    before = [
        {"role": "system", "content": "Answer in verse."},
        user(QUESTION),
        {"role": "assistant", "content": "Within days."},
    ]
    answer = ask(client, *before, user("And why?")).choices[0].message.content
    assert answer.startswith(rest(served, "And why?", history=[QUESTION])["answer"].split("\n")[0])
    assert answer != ask(client, user("And why?")).choices[0].message.content


def test_a_chat_may_be_longer_than_what_is_remembered_of_it(client: openai.OpenAI):
    """Also when something was refused in it as too long: the program goes on sending that."""
    before = [user(text) for text in ["a" * 5_000, *["What next?"] * 30, QUESTION]]
    assert "review" in ask(client, *before, user("And why?")).choices[0].message.content


def test_parts_of_text_are_one_question(client: openai.OpenAI):
    parts = [
        {"type": "text", "text": "When does a blameless review take place"},
        {"type": "text", "text": "after an outage?"},
    ]
    assert "within five days" in ask(client, user(parts)).choices[0].message.content
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, user([*parts, {"type": "image_url", "image_url": {"url": "data:,"}}]))
    assert "something else than text" in caught.value.message


def test_what_the_corpus_does_not_hold_is_said(client: openai.OpenAI, served: Served):
    message = ask(client, user(REFUSED)).choices[0].message
    assert rest(served, REFUSED)["status"] == "abstained"
    assert "does not hold an answer" in message.content
    assert message.annotations == []


def test_the_nearest_passages_have_markers_and_sources(tmp_path, embeddings):
    changes = {"answer_threshold": 1.0, "near_threshold": 0.0}
    with serve(tmp_path, embeddings, **changes) as running, client_of(running.address) as client:
        message = ask(client, user(QUESTION)).choices[0].message
    spans = [(one.url_citation.start_index, one.url_citation.end_index) for one in message.annotations]
    assert [message.content[start:end] for start, end in spans] == ["[1]", "[2]", "[3]"]
    assert all(end < start for (_, end), (start, _) in pairwise(spans))
    assert "\n> A blameless review" in message.content


@pytest.mark.parametrize("text", ["", "?? 12", "a" * 2_001])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_question_that_cannot_be_taken(client: openai.OpenAI, text: str, streamed: bool):
    with pytest.raises(openai.BadRequestError) as caught:
        (stream if streamed else ask)(client, user(text))
    assert (caught.value.code, caught.value.type) == ("question", "invalid_request_error")


@pytest.mark.parametrize(
    "messages", [[], [{"role": "system", "content": QUESTION}], [{"role": "king", "content": QUESTION}]]
)
def test_a_chat_without_a_question(client: openai.OpenAI, messages: list[dict[str, object]]):
    with pytest.raises(openai.BadRequestError):
        ask(client, *messages)


@pytest.mark.parametrize("key", ["none", "adv_wrong"])
def test_a_wrong_token(served: Served, key: str):
    with client_of(served.address, key) as client, pytest.raises(openai.AuthenticationError) as caught:
        ask(client, user(QUESTION))
    assert (caught.value.code, caught.value.type) == ("token", "authentication_error")


def test_no_token(served: Served):
    answer = httpx.post(f"{served.address}/v1/chat/completions", json={"model": MODEL, "messages": [user(QUESTION)]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "sign_in")
    assert httpx.get(f"{served.address}/v1/nothing").json()["error"]["type"] == "authentication_error"


def test_too_often(tmp_path, embeddings):
    with serve(tmp_path, embeddings, questions_per_minute=1) as running, client_of(running.address) as client:
        ask(client, user(QUESTION))
        with pytest.raises(openai.RateLimitError) as caught:
            ask(client, user(QUESTION))
    assert (caught.value.code, caught.value.type) == ("too_often", "rate_limit_error")
    assert int(caught.value.response.headers["Retry-After"]) > 0


class EndingAdvisor(Advisor):
    """The real one, which fails after its first sentence."""

    def stream(self, *args: object, **options: object) -> Iterator[object]:
        for event in super().stream(*args, **options):
            if isinstance(event, SentenceReady):
                message = "/srv/private is broken"
                raise BrokenIndexError(message)
            yield event


def test_what_goes_wrong_on_the_way_is_an_error_of_the_client(served: Served):
    advisor = EndingAdvisor(served.advisor.settings.model_copy(), served.advisor.embeddings, served.advisor.index)
    with serve_app(advisor, local=False) as address, client_of(address, new_token(served.settings, "ada")) as client:
        with pytest.raises(openai.APIError) as caught:
            stream(client, user(QUESTION))
        assert (caught.value.code, "/srv" in caught.value.message) == ("unavailable", False)
        with pytest.raises(openai.InternalServerError) as caught:
            ask(client, user(QUESTION))
        assert (caught.value.status_code, caught.value.type) == (503, "server_error")


class EndlessAdvisor(Advisor):
    """The real one, whose answer does not end until it is left; `left` is set then."""

    left: threading.Event

    def stream(self, *args: object, **options: object) -> Iterator[object]:
        try:
            stage = next(iter(super().stream(*args, **options)))
            while True:
                yield stage
                time.sleep(0.05)
        finally:
            self.left.set()


CHAT = {"model": MODEL, "messages": [{"role": "user", "content": QUESTION}], "stream": True}


@pytest.mark.parametrize(
    ("path", "body"), [("/v1/chat/completions", CHAT), ("/api/ask", {"question": QUESTION, "stream": True})]
)
def test_who_goes_away_is_not_answered(served: Served, path: str, body: dict[str, object]):
    """Without waiting until Python collects what nobody holds any more."""
    advisor = EndlessAdvisor(served.advisor.settings.model_copy(), served.advisor.embeddings, served.advisor.index)
    advisor.left = threading.Event()
    headers = {"Authorization": f"Bearer {new_token(served.settings, 'ada')}"}
    gc.disable()
    try:
        with serve_app(advisor, local=False) as address:
            with httpx.stream("POST", f"{address}{path}", json=body, headers=headers) as answer:
                next(answer.iter_bytes())
            assert advisor.left.wait(10)
    finally:
        gc.enable()


def test_what_documents_say_is_shown_as_it_stands(tmp_path, embeddings):
    """The program that shows the answer takes nothing of it for Markdown."""
    text = "# Marks\n\nThe [draft] label of cost_per_user and cost_per_team marks a release train that waits for review.\n"
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "marks.md").write_text(text, encoding="utf-8")
    with serve(tmp_path, embeddings, answer_threshold=0.0) as running, client_of(running.address) as client:
        content = ask(client, user("What does the draft label of the release train mark?")).choices[0].message.content
    assert r"The \[draft\] label of cost\_per\_user" in content
