"""The web page in a real browser, its HTTP interface, and the HTML that it is made of."""

from __future__ import annotations

import html
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from browser import Visitor, ask, chromium, contrast, serving
from playwright.sync_api import Browser, Page, expect

from advisor.errors import IndexNotFoundError, SettingsError
from advisor.models import Embeddings
from advisor.pipeline import Advisor
from advisor.settings import Settings
from advisor.text import plain
from advisor.types import Citation, Document, Source
from advisor.ui import server
from advisor.ui.chat import Conversation, answer_in_steps
from advisor.ui.render import render_document, render_sources, render_turn
from advisor.ui.server import browser_language, create_app
from advisor.ui.texts import ENGLISH, FRENCH

# What Gradio's statistics ask of pandas is going to be retired.
pytestmark = pytest.mark.filterwarnings("ignore:.*(no_silent_downcasting|copy keyword)")

QUESTION = "Quel gain de conversion l’AI Committee a-t-il apporté ?"
OTHER_QUESTION = "Par où commencer une démarche FinOps ?"
OFF_TOPIC = "Quelle est la recette de la tarte Tatin ?"
MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script> ${alert(3)} {{value}} **gras** _FinOps_ ?"


@pytest.fixture(scope="module")
def willing(settings: Settings, embeddings: Embeddings, advisor: Advisor) -> Iterator[Advisor]:
    """Answers whatever it is asked, from the index of `advisor`."""
    opened = Advisor.open(settings.model_copy(update={"answer_threshold": 0.0}), embeddings)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def unwilling(settings: Settings, embeddings: Embeddings, advisor: Advisor) -> Iterator[Advisor]:
    """Answers nothing."""
    opened = Advisor.open(settings.model_copy(update={"answer_threshold": 1.0}), embeddings)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def address(willing: Advisor) -> Iterator[str]:
    with serving(create_app(willing)) as url:
        yield url


@pytest.fixture(scope="module")
def unwilling_address(unwilling: Advisor) -> Iterator[str]:
    with serving(create_app(unwilling)) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visitor]:
    """At the end of every test: no dialog, no error in a script, no request to another machine."""
    visiting = Visitor(browser)
    yield visiting
    visiting.leave()


def shows_the_cited_lines(page: Page, citation: Citation) -> None:
    expect(page.locator("mark#cited")).to_be_in_viewport()
    shown = " ".join(page.locator("#document mark").all_inner_texts())
    assert shown.split() == plain(citation.quote).split()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_marker_opens_the_cited_lines(visitor: Visitor, address: str, willing: Advisor, width: int):
    page = visitor.open(address, width=width)
    ask(page, QUESTION)
    citation = willing.ask(QUESTION).citations[0]
    assert "17" in citation.quote
    page.get_by_role("button", name="[1]").first.click()
    shows_the_cited_lines(page, citation)
    close = ".back" if width > 900 else ".close"
    page.locator(f"#document {close}").click()
    expect(page.locator("#document")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keyboard_alone_opens_and_closes_a_document(visitor: Visitor, address: str, willing: Advisor):
    page = visitor.open(address)
    ask(page, QUESTION)
    marker = page.locator("#thread .cite:focus")
    for _ in range(20):
        page.keyboard.press("Shift+Tab")
        if marker.count():
            break
    number = int(marker.inner_text())
    page.keyboard.press("Enter")
    shows_the_cited_lines(page, willing.ask(QUESTION).citations[number - 1])
    page.keyboard.press("Escape")
    expect(page.locator("#document")).to_be_hidden()
    expect(marker).to_have_text(str(number))


def test_a_source_card_opens_its_document(visitor: Visitor, address: str, willing: Advisor):
    page = visitor.open(address)
    ask(page, QUESTION)
    card = page.locator("#sources .card").last
    card.press("Enter")
    shows_the_cited_lines(page, willing.ask(QUESTION).citations[-1])
    page.get_by_role("button", name=FRENCH.back).click()
    expect(card).to_be_focused()


def test_on_a_phone_the_sources_are_a_sheet_over_the_chat(visitor: Visitor, address: str):
    page = visitor.open(address, width=390)
    ask(page, QUESTION)
    opener = page.locator("#thread .show-sources")
    expect(page.locator("#side")).to_be_hidden()
    opener.click()
    page.locator("#sources .card").first.click()
    expect(page.locator("mark#cited")).to_be_in_viewport()
    assert page.locator("#chat").evaluate("chat => chat.inert")
    page.keyboard.press("Escape")
    expect(page.locator("#sources .card").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#side")).to_be_hidden()
    expect(opener).to_be_focused()


def test_the_pane_shows_the_sources_of_the_answer_clicked(visitor: Visitor, address: str):
    page = visitor.open(address)
    ask(page, QUESTION)
    first = page.locator("#sources .list").inner_html()
    ask(page, OTHER_QUESTION)
    expect(page.locator("#sources .asked")).to_have_text(OTHER_QUESTION.replace(" ?", "\u00a0?"))
    assert page.locator("#sources .list").inner_html() != first
    page.locator("#thread .show-sources").first.click()
    assert page.locator("#sources .list").inner_html() == first


@pytest.mark.parametrize(("locale", "texts"), [("fr-FR", FRENCH), ("en-GB", ENGLISH), ("de-DE", ENGLISH)])
def test_the_page_speaks_the_language_of_the_browser(visitor: Visitor, address: str, locale: str, texts):
    page = visitor.open(address, locale=locale)
    expect(page.locator("h1")).to_have_text(texts.title)
    expect(page).to_have_title(texts.title)
    expect(page.locator("#welcome .example")).to_have_text(list(texts.examples))
    assert page.evaluate("document.documentElement.lang") == texts.language
    page.get_by_role("link", name=texts.other_language).click()
    expect(page.locator("h1")).to_have_text((FRENCH if texts is ENGLISH else ENGLISH).title)


def test_an_answer_speaks_the_language_of_its_question(visitor: Visitor, address: str):
    page = visitor.open(address, locale="en-GB")
    ask(page, QUESTION)
    expect(page.locator("#thread .turn")).to_have_attribute("lang", "fr")
    expect(page.locator("#thread .about")).to_contain_text("confiance")


def test_an_example_starts_a_conversation_and_a_new_one_clears_it(visitor: Visitor, address: str):
    page = visitor.open(address)
    page.locator("#welcome .example").first.click()
    expect(page.locator("#thread .about")).to_have_count(1)
    expect(page.locator("#thread")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#thread")).to_have_attribute("aria-live", "polite")
    expect(page.locator("#welcome")).to_be_hidden()
    page.locator("#new").click()
    expect(page.locator("#thread .turn")).to_have_count(0)
    expect(page.locator("#welcome")).to_be_visible()
    expect(page.locator("#sources .card")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_question_outside_the_corpus_is_refused_calmly(visitor: Visitor, unwilling_address: str, scheme: str):
    page = visitor.open(unwilling_address, scheme=scheme)
    ask(page, OFF_TOPIC)
    expect(page.locator("#thread .abstained")).to_contain_text(FRENCH.abstained)
    expect(page.locator("#thread .abstained")).to_contain_text("«")  # the nearest subjects
    expect(page.locator("#sources .card")).to_have_count(0)
    assert page.locator("body.dark, html.dark, .dark").count() == (1 if scheme == "dark" else 0)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("   ", FRENCH.empty),
        ("?? 12", FRENCH.no_letters),
        ("Pourquoi ? " * 200, FRENCH.too_long.format(2000)),
        ("And why is that the case? " * 200, ENGLISH.too_long.format(2000)),
    ],
)
def test_what_cannot_be_asked_gets_a_friendly_word(visitor: Visitor, address: str, question: str, message: str):
    page = visitor.open(address)
    ask(page, question)
    expect(page.locator("#thread .notice")).to_have_text(message)
    ask(page, QUESTION)
    expect(page.locator("#thread .notice")).to_have_count(0)


def test_a_follow_up_shows_how_it_was_understood(visitor: Visitor, address: str):
    page = visitor.open(address)
    ask(page, "Que voulait faire l’entreprise d’e-commerce avec l’IA ?")
    expect(page.locator("#thread .understood")).to_have_count(0)
    ask(page, "Et pourquoi cela a-t-il échoué ?")
    expect(page.locator("#thread .understood")).to_contain_text("e-commerce")


def test_markup_in_a_question_is_text(visitor: Visitor, address: str):
    page = visitor.open(address)
    ask(page, MARKUP)
    expect(page.locator("#thread .question")).to_have_text(MARKUP.replace(" ?", "\u00a0?"))
    expect(page.locator("#thread .question p *, #thread :is(img, script)")).to_have_count(0)


def test_the_page_speaks_to_this_machine_only(visitor: Visitor, address: str):
    page = visitor.open(address)
    ask(page, QUESTION)
    page.locator("#thread .cite").first.click()
    expect(page.locator("mark#cited")).to_be_visible()
    assert visitor.hosts == {"127.0.0.1"}


def test_colours_are_readable():
    """AA: 4.5 for text, in both schemes."""
    style = (Path(server.__file__).parent / "assets" / "advisor.css").read_text("utf-8")
    light = dict(re.findall(r"--([\w-]+): (#\w{6})", style.split(".dark {")[0]))
    dark = light | dict(re.findall(r"--([\w-]+): (#\w{6})", style.split(".dark {")[1].split("}")[0]))
    for colours, background in ((light, "#ffffff"), (dark, "#0b0f19")):
        pairs = [
            (colours[name], behind) for name in ("ink", "quiet", "accent") for behind in (background, colours["raised"])
        ]
        pairs += [(colours["accent-strong"], colours["accent-soft"]), (colours["on-accent"], colours["accent"])]
        pairs += [(colours["on-marked"], colours["marked"]), (colours["on-marked"], colours["flash"])]
        assert [pair for pair in pairs if contrast(*pair) < 4.5] == []


# --- without a browser: the conversation ---


def test_the_field_is_emptied_once_so_that_the_next_question_can_be_typed(willing: Advisor):
    views = list(answer_in_steps(willing, FRENCH, QUESTION, Conversation()))
    assert [view.question for view in views] == ["", *[None] * (len(views) - 1)]
    stages = [text for text in FRENCH.stages.values() if any(text in view.thread for view in views)]
    assert stages == list(FRENCH.stages.values())
    shown = [view.thread.count('class="cite"') for view in views]
    assert shown == sorted(shown)
    assert len(set(shown)) > 2  # sentence by sentence
    assert views[-1].conversation.history == (QUESTION,)


def test_a_failure_is_said_in_the_conversation_and_not_kept(willing: Advisor, monkeypatch: pytest.MonkeyPatch):
    def fail(*_args: object, **_options: object) -> None:
        raise IndexNotFoundError("no index <here>")  # noqa: EM101

    monkeypatch.setattr(willing, "stream", fail)
    (view,) = answer_in_steps(willing, FRENCH, QUESTION, Conversation())
    assert "no index &lt;here&gt;" in view.thread
    assert (view.conversation, view.question) == (Conversation(), QUESTION)


def test_a_long_conversation_is_cut():
    conversation = Conversation()
    for number in range(60):
        conversation = conversation.followed_by(f"<p>{number}</p>", str(number))
    assert len(conversation.turns) == len(conversation.history) == 50
    assert conversation.history[-1] == "59"


# --- without a browser: the HTTP interface ---


def test_the_source_interface(address: str, willing: Advisor):
    found = httpx.get(f"{address}/api/sources/fr/finops.md", params={"start": 700, "end": 800, "language": "fr"}).json()
    document = willing.document("fr/finops.md")
    assert found["html"] == render_document(document, 700, 800, FRENCH)
    assert (found["text"], found["language"], found["topic"]) == (document.text, "fr", "finops")
    assert (found["title"], found["evidence"], found["date"]) == (document.title, document.evidence, document.updated)
    assert found["generation"] == willing.index.info.generation


def test_health(address: str, willing: Advisor):
    info = willing.index.info
    expected = {"generation": info.generation, "documents": info.documents, "chunks": info.chunks}
    assert httpx.get(f"{address}/api/health").json() == {"status": "ok", "index": expected}


@pytest.mark.parametrize(
    "path",
    [
        "fr/nothing.md",
        "../../etc/passwd",
        "%2e%2e/%2e%2e/etc/passwd",
        "/etc/passwd",
        "fr/finops.md?generation=../x",
        "fr/finops.md?generation=999999-00000000",
    ],
)
def test_only_documents_of_the_index_are_readable(address: str, path: str):
    answer = httpx.get(f"{address}/api/sources/{path}", headers={"accept": "application/json"})
    assert answer.status_code == 404
    assert "root:" not in answer.text


@pytest.mark.parametrize(
    "span", ["start=9&end=2", "start=9", "end=9", "start=-1&end=5", "start=a&end=b", "start=0&end=9999999"]
)
def test_a_span_that_is_none_is_refused(address: str, span: str):
    assert httpx.get(f"{address}/api/sources/fr/finops.md?{span}").status_code == 422


@pytest.mark.parametrize("path", ["", "/fr", "/en"])
def test_gradio_offers_no_interface_of_its_own(address: str, path: str):
    described = httpx.get(f"{address}{path}/gradio_api/info", headers={"accept-language": "fr"}).json()
    assert described == {"named_endpoints": {}, "unnamed_endpoints": {}}


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("fr-FR,fr;q=0.9,en;q=0.8", "fr"), ("en-US,en;q=0.9,fr;q=0.8", "en"), ("de, fr;q=0.5", "fr"), ("de", "en"), ("", "en")],
)
def test_the_language_of_a_browser(accepted: str, language: str):
    assert browser_language(accepted) == language


def test_a_taken_port_gives_the_next_one():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with server.listen("127.0.0.1", port) as listening:
            assert port < listening.getsockname()[1] < port + 20


def test_an_address_of_another_machine_is_an_error_with_its_reason():
    with pytest.raises(SettingsError, match=r"cannot listen on 192\.0\.2\.1"):
        server.listen("192.0.2.1", 7860)


def test_serve_without_a_corpus_fails_in_one_line(tmp_path: Path, project_root: Path):
    command = [sys.executable, "app.py", "--corpus", str(tmp_path / "none"), "--index", str(tmp_path / "index")]
    done = subprocess.run(command, cwd=project_root, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "does not exist" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


# --- without a browser: the HTML ---


def document(text: str, name: str = "a.md", **facts: object) -> Document:
    return Document(name, "Title", "en", text, 0, "hash", **facts)


def marks(text: str) -> list[str]:
    """What stands in the marks of some HTML, tags included."""
    return re.findall(r"<mark[^>]*>(.*?)</mark>", text, re.DOTALL)


@pytest.mark.parametrize(
    ("text", "quote", "marked"),
    [
        ("One. Two. Three.", "Two.", ["Two."]),
        ("One. **Two is bold.** Three.", "**Two is bold.**", ["<strong>Two is bold.</strong>"]),
        ("One **bold. Two** three.", "Two** three.", ["Two", " three."]),
        ("One **bold. Two** three.", "One **bold.", ["One <strong>bold.</strong>"]),
        ("- first item\n- second item\n", "second item", ["second item"]),
        ("1. One.\n2. Two. Three.\n", "Three.", ["Three."]),
        ("> Quoted one.\n> Quoted two.\n", "Quoted two.", ["Quoted two."]),
        ("One line.\r\nTwo 🎯 lines.\r\n", "Two 🎯 lines.", ["Two 🎯 lines."]),
        ("A <script>x</script> here.", "<script>x</script>", ["&lt;script&gt;x&lt;/script&gt;"]),
        ("First paragraph.\n\nSecond paragraph.", "paragraph.\n\nSecond", ["paragraph.", "Second"]),
        ("- one\n- two\n- three\n", "one\n- two", ["one", "two"]),
        ("| Name | Cost |\n|---|---|\n| cloud | 12 % |\n", "| cloud | 12 % |", ["cloud", "12 %"]),
        ("```yaml\nname: one\ncost: 2\n```\n", "```yaml\nname: one\ncost: 2\n```", ["name: one", "cost: 2"]),
        (
            "See [the plan](b.md). Then act.",
            "See [the plan](b.md).",
            ['See <a href="#document" data-document="b.md">the plan</a>.'],
        ),
        ("With ⁅signs⁆ of ours. And more.", "And more.", ["And more."]),
    ],
)
def test_the_mark_is_exactly_around_the_span(text: str, quote: str, marked: list[str]):
    start = text.index(quote)
    shown = render_document(document(text), start, start + len(quote), ENGLISH)
    assert marks(shown) == marked
    assert shown.count('<mark id="cited" tabindex="-1">') == shown.count('id="cited"') == 1
    assert re.sub("<[^>]*>", "", shown) == re.sub("<[^>]*>", "", render_document(document(text), None, None, ENGLISH))


def test_every_kind_of_passage_of_the_corpus_is_marked_exactly(advisor: Advisor):
    for found in advisor.index.catalog.documents():
        for stored in advisor.index.catalog.chunks_of(found.id)[::6]:
            sentence = stored.chunk.sentences[-1]
            shown = render_document(found, sentence.start, sentence.end, FRENCH)
            text = " ".join(html.unescape(re.sub("<[^>]*>", "", mark)) for mark in marks(shown))
            assert text.split() == plain(stored.chunk.text_of(sentence)).split()


def test_plain_text_is_escaped_and_marked():
    text = "First <b>line</b>.\n\nSecond & last."
    shown = render_document(document(text, "a.txt"), text.index("Second"), len(text), ENGLISH)
    assert "&lt;b&gt;line&lt;/b&gt;" in shown
    assert marks(shown) == ["Second &amp; last."]


def test_links_lead_to_documents_or_nowhere():
    source = "[in](b.md#part) [out](https://x.test) [mail](mailto:a@x.test) <https://y.test> [script](javascript:alert(1).md) ![p](p.png)"
    shown = render_document(document(source, "en/a.md"), None, None, ENGLISH)
    assert re.findall(r'href="([^"]*)"', shown) == ["#document"]
    assert 'data-document="en/b.md"' in shown
    assert "<img" not in shown


def test_the_front_matter_is_a_header():
    text = "---\ntitle: Title\n---\n# Title\n\n## Part\n\nText.\n"
    facts = {"topic": "ai", "evidence": "survey", "updated": "2026-03-01", "sources": (Source("<DORA>", "Report", 2025),)}
    found = Document("en/a.md", "Title", "en", text, text.index("# Title"), "hash", **facts)
    shown = render_document(found, None, None, ENGLISH)
    assert "title:" not in shown
    assert shown.count("Title") == 1  # the heading that repeats it is left out
    assert "AI · survey · 2026-03-01" in shown
    assert "&lt;DORA&gt;, Report, 2025" in shown
    assert "<h3>Part</h3>" in shown


def test_whatever_is_shown_is_escaped():
    assert "<b>" not in render_turn("<b>", "", ENGLISH)
    evil = '"><script>alert(1)</script>'
    citation = Citation(1, evil, evil, (evil,), 0, 4, 1, 1, evil, evidence=evil, date=evil)
    assert "<script" not in render_sources([citation], evil, ENGLISH)
    shown = render_document(document(f"{evil}\n\n[x]({evil}.md)", f"{evil}.md", topic=evil, evidence=evil), 0, 4, ENGLISH)
    assert "<script" not in shown
