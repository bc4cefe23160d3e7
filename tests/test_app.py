"""The web page in a real browser, and what it is rendered from."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gradio.state_holder import SessionState
from made_files import lines, pdf, word_file
from pages import open_page, serious, serve_app
from playwright.sync_api import Browser, Page, expect

from advisor.advisor import Advisor
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings
from advisor.types import Document, Language
from advisor.ui.answer_view import render_turn
from advisor.ui.document_view import render_document
from advisor.ui.texts import READER_TEXTS, TEXTS

QUESTION = "Quel gain a apporté l’AI Committee de l’entreprise d’e-commerce ?"


@pytest.fixture(scope="module")
def address(advisor: Advisor) -> Iterator[str]:
    """The real application on a free loopback port."""
    with serve_app(advisor) as served:
        yield served


def ask(page: Page, question: str, *, answers: int = 1) -> None:
    page.fill("#question textarea", question)
    page.keyboard.press("Enter")
    expect(page.locator("#thread .about, #thread .notice")).to_have_count(answers)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_marker_opens_the_cited_lines(browser: Browser, address: str, advisor: Advisor, width: int):
    page = open_page(browser, address, width=width)
    ask(page, QUESTION)
    citation = next(each for each in advisor.ask(QUESTION).citations if "17" in each.quote)
    marker = page.locator(f'#thread button.cite[aria-label^="[{citation.marker}]"]').first
    marker.click()
    mark = page.locator("#cited")
    expect(mark).to_be_in_viewport()
    assert mark.inner_text().split() == citation.quote.split()
    page.keyboard.press("Escape")
    expect(page.locator("#document")).to_be_hidden()
    expect(marker).to_be_focused()
    page.context.close()


def test_a_source_card_opens_the_document_and_the_keyboard_closes_it(browser: Browser, address: str):
    page = open_page(browser, address)
    ask(page, QUESTION)
    card = page.locator("#sources button.card").first
    card.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#cited")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.locator("#document")).to_be_hidden()
    expect(card).to_be_focused()
    page.context.close()


@pytest.mark.parametrize(("locale", "title"), [("fr-FR", TEXTS["fr"].title), ("en-GB", TEXTS["en"].title)])
def test_the_interface_speaks_the_language_of_the_browser(browser: Browser, address: str, locale: str, title: str):
    page = open_page(browser, address, locale=locale)
    expect(page.locator("#brand h1")).to_have_text(title)
    assert page.evaluate("document.documentElement.lang") == locale[:2]
    page.context.close()


def test_the_server_does_not_remember_what_a_page_showed(browser: Browser, address: str):
    """Gradio keeps the values of a page on the server, those of `gr.skip()` under new names: they must not add up."""

    def kept() -> int:
        return sum(len(one.config_values) for one in gc.get_objects() if type(one) is SessionState)

    page = open_page(browser, address)
    ask(page, QUESTION)
    before = kept()
    assert before
    for answers in (2, 3, 4):
        ask(page, QUESTION, answers=answers)
    assert kept() == before
    page.context.close()


@pytest.mark.parametrize(("width", "locale"), [(1280, "fr-FR"), (390, "en-GB")])
def test_a_starter_starts_a_conversation_and_a_new_one_clears_it(browser: Browser, address: str, width: int, locale: str):
    page = open_page(browser, address, width=width, locale=locale)
    texts = TEXTS[locale[:2]]
    expect(page.locator("#welcome .trust")).to_have_text(texts.trust)
    expect(page.locator("#welcome .example strong")).to_have_text(list(texts.concerns.values()))
    expect(page.locator("#welcome .corpus")).to_contain_text(texts.documents[1].format(26))
    assert serious(page) == []
    page.locator("#welcome button").first.click()
    expect(page.locator("#thread .about")).to_have_count(1)
    expect(page.locator("#welcome")).to_be_hidden()
    page.locator("#new").click()
    expect(page.locator("#thread .turn")).to_have_count(0)
    expect(page.locator("#welcome")).to_be_visible()
    page.context.close()


def test_a_question_outside_the_corpus_is_refused_calmly(browser: Browser, address: str):
    page = open_page(browser, address)
    ask(page, "Quelle est la recette de la tarte Tatin ?")
    expect(page.locator("#thread .abstained")).to_contain_text(TEXTS["fr"].abstained)
    expect(page.locator("#sources .card")).to_have_count(0)
    page.context.close()


@pytest.mark.parametrize(("question", "message"), [("   ", TEXTS["fr"].empty), ("?? 12", TEXTS["fr"].no_letters)])
def test_what_cannot_be_asked_gets_a_friendly_word(browser: Browser, address: str, question: str, message: str):
    page = open_page(browser, address)
    ask(page, question)
    expect(page.locator("#thread .notice")).to_contain_text(message)
    page.context.close()


def test_a_follow_up_shows_how_it_was_understood(browser: Browser, address: str):
    page = open_page(browser, address)
    ask(page, "Que voulait faire l’entreprise d’e-commerce avec l’IA ?")
    ask(page, "Et pourquoi cela a-t-il échoué ?", answers=2)
    expect(page.locator("#thread .understood")).to_contain_text("e-commerce")
    page.context.close()


def test_markup_in_a_question_is_text_and_nothing_leaves_the_machine(browser: Browser, address: str):
    page = open_page(browser, address)
    hosts, dialogs = set(), []
    page.on("request", lambda request: hosts.add(httpx.URL(request.url).host))
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    page.reload()
    page.wait_for_selector("#question textarea")
    ask(page, "<img src=x onerror=alert(1)><script>alert(2)</script> Comment commencer FinOps ?")
    expect(page.locator("#thread .question")).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("#thread img, #thread script").count() == 0
    assert dialogs == []
    assert hosts == {"127.0.0.1"}
    page.context.close()


def test_the_source_interface(address: str, advisor: Advisor):
    found = httpx.get(f"{address}/api/sources/fr/finops.md").json()
    document = advisor.document("fr/finops.md")
    assert (found["text"], found["language"], found["topic"]) == (document.text, "fr", "finops")
    assert found["generation"] == advisor.index.info.generation
    assert httpx.get(f"{address}/api/sources/fr/nothing.md").status_code == 404
    assert httpx.get(f"{address}/api/sources/../../etc/passwd").status_code == 404
    assert httpx.get(f"{address}/api/sources/fr/finops.md?generation=../x").status_code == 404
    assert httpx.get(f"{address}/api/sources/fr/finops.md?start=9&end=2").status_code == 422
    assert httpx.get(f"{address}/api/health").json()["status"] == "ok"


def test_the_page_offers_no_other_interface(address: str):
    for language in ("fr", "en"):
        described = httpx.get(f"{address}/{language}/gradio_api/info").json()
        assert described == {"named_endpoints": {}, "unnamed_endpoints": {}}


PAGES = [
    [*lines("The board meets every month. Zanzibar is the code name.")],
    [*lines("The second page has a budget of 40 euros.")],
]


@pytest.fixture(scope="module")
def other_address(tmp_path_factory: pytest.TempPathFactory, embeddings: Embeddings) -> Iterator[tuple[str, Path]]:
    """An application over a file of each kind."""
    corpus = tmp_path_factory.mktemp("corpus")
    (corpus / "plan à lire.pdf").write_bytes(pdf(PAGES))
    (corpus / "page.html").write_text(
        "<h1>Page</h1><p>The audit takes nine weeks.<script>alert(1)</script>", encoding="utf-8"
    )
    (corpus / "fr").mkdir()
    (corpus / "fr" / "plan.md").write_text("# Plan\n\nLe plan tient en trois points.\n", encoding="utf-8")
    (corpus / "hidden.log").write_text("secret", encoding="utf-8")
    (corpus / "note.docx").write_bytes(word_file(lambda made: made.add_paragraph("The migration costs 7 million euros.")))
    settings = Settings(corpus_dir=corpus, index_dir=tmp_path_factory.mktemp("index"), answer_threshold=0)
    sync(settings, embeddings)
    advisor = Advisor.open(settings, embeddings)
    with serve_app(advisor) as found:
        yield found, corpus
    advisor.close()


def test_a_pdf_is_cited_by_page_and_its_original_opens_there(browser: Browser, other_address: tuple[str, Path]):
    address, _ = other_address
    page = open_page(browser, address, locale="en-GB")
    ask(page, "What is the budget of the second page, in euros?")
    card = page.locator("#sources button.card", has_text="budget of 40 euros")
    expect(card).to_contain_text("p.\u00a02")
    card.click()
    expect(page.locator("#cited")).to_have_text("The second page has a budget of 40 euros.")
    expect(page.locator("#document .page")).to_have_text(["page 2"])
    link = page.locator("#document header a")
    expect(link).to_have_text(TEXTS["en"].original)
    assert link.get_attribute("href") == "../api/originals/plan%20%C3%A0%20lire.pdf#page=2"
    page.context.close()


@pytest.mark.parametrize(("width", "locale"), [(1280, "fr-FR"), (390, "en-GB")])
def test_the_original_stands_beside_its_text(browser: Browser, other_address: tuple[str, Path], width: int, locale: str):
    address, _ = other_address
    words = READER_TEXTS[locale[:2]]
    page = open_page(browser, address, width=width, locale=locale)
    ask(page, "What is the budget of the second page, in euros?")
    page.locator("#thread .show-sources").click()
    page.locator("#sources button.card", has_text="budget of 40 euros").click()
    expect(page.locator("#cited")).to_contain_text("40 euros")
    original, article = page.locator("#document .original"), page.locator("#document article")
    expect(original).to_be_hidden()
    page.get_by_role("button", name=words.beside, exact=True).click()
    picture = original.locator("img")
    expect(picture).to_have_attribute("alt", words.look.format(2))  # the page of the citation
    expect(picture).to_have_js_property("complete", value=True)
    assert picture.evaluate("picture => picture.naturalWidth") == 1200
    if width == 390:
        expect(article).to_be_hidden()
    else:
        expect(article).to_be_visible()
        left, right = original.bounding_box(), article.bounding_box()
        assert left["x"] + left["width"] <= right["x"]
        assert left["width"] > 500
        expect(page.locator("#chat")).to_be_hidden()
    assert serious(page) == []
    original.get_by_role("button", name=words.page_before).click()
    expect(picture).to_have_attribute("alt", words.look.format(1))
    expect(original.locator("output")).to_have_text(words.page_of.format(1, 2))
    page.get_by_role("button", name=words.beside, exact=True).click()
    expect(original).to_be_hidden()
    expect(article).to_be_visible()
    page.goto(f"{address}/?document=note.docx")
    expect(article).to_contain_text("7 million")
    page.get_by_role("button", name=words.beside, exact=True).click()
    frame = original.locator("iframe")
    expect(frame).to_have_attribute("sandbox", "")
    expect(frame.content_frame.locator("p")).to_have_text("The migration costs 7 million euros.")
    page.goto(f"{address}/?document=fr/plan.md")
    expect(article).to_contain_text("trois points")
    expect(page.get_by_role("button", name=words.beside, exact=True)).to_be_hidden()
    page.context.close()


def test_only_what_can_be_drawn_is(other_address: tuple[str, Path]):
    address, _ = other_address
    name = "plan à lire.pdf"
    assert httpx.get(f"{address}/page/originals/{name}?page=2").headers["content-type"] == "image/png"
    assert httpx.get(f"{address}/page/originals/note.docx").headers["content-type"] == "text/plain; charset=utf-8"
    for path in (f"{name}?page=3", "fr/plan.md", "hidden.log", "..%2f..%2fetc/passwd"):
        assert httpx.get(f"{address}/page/originals/{path}").status_code == 404
    assert httpx.get(f"{address}/page/originals/{name}?page=0").status_code == 422


@pytest.mark.parametrize("language", ["fr", "en"])
def test_an_unknown_address_shows_people_a_page_and_programs_the_problem(address: str, language: Language):
    for path in ("/nothing", "/fr/nothing/at/all", "/page/nothing"):
        found = httpx.get(f"{address}{path}", headers={"accept": "text/html,*/*", "accept-language": language})
        assert (found.status_code, found.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert TEXTS[language].nowhere in found.text
        assert f'href="/{language}/"' in found.text
        assert httpx.get(f"{address}{path}").json()["code"] == "not_found"


def test_originals_are_never_active_content(other_address: tuple[str, Path]):
    address, corpus = other_address
    found = httpx.get(f"{address}/api/originals/plan à lire.pdf")
    assert (found.headers["content-type"], found.content) == ("application/pdf", pdf(PAGES))
    assert found.headers["content-disposition"] == "inline; filename*=UTF-8''plan%20%C3%A0%20lire.pdf"
    for name in ("fr/nothing.md", "hidden.log", "..%2f..%2fetc/passwd", "fr/../../hidden.log", "%2fetc%2fpasswd"):
        assert httpx.get(f"{address}/api/originals/{name}").status_code == 404
    found = httpx.get(f"{address}/api/originals/fr/plan.md")
    assert (found.headers["content-type"], found.headers["x-content-type-options"]) == (
        "text/plain; charset=utf-8",
        "nosniff",
    )
    assert (found.content, found.headers["content-disposition"][:6]) == ((corpus / "fr/plan.md").read_bytes(), "inline")
    for name in ("page.html", "note.docx"):
        found = httpx.get(f"{address}/api/originals/{name}")
        assert found.headers["content-type"] == "application/octet-stream"
        assert found.content == (corpus / name).read_bytes()
        assert found.headers["content-disposition"] == f"attachment; filename*=UTF-8''{Path(name).name}"
        assert (found.headers["x-content-type-options"], found.status_code) == ("nosniff", 200)
    (corpus / "page.html").write_text("<p>Something else.", encoding="utf-8")
    assert httpx.get(f"{address}/api/originals/page.html").status_code == 404
    (corpus / "note.docx").unlink()
    (corpus / "note.docx").symlink_to("/etc/passwd")
    assert httpx.get(f"{address}/api/originals/note.docx").status_code == 404


def document(text: str, name: str = "a.md", pages: tuple[int, ...] = ()) -> Document:
    return Document(name, "Title", "en", text, 0, "hash", pages=pages)


def test_pages_are_shown_where_they_begin():
    text = "First page\nends here and goes on.\n\n- an item\n- another\n\nLast words.\n"
    starts = (0, text.index("goes"), text.index("- another"), text.index("Last"), len(text))
    html = render_document(
        document(text, "a.pdf", starts), text.index("- another") + 2, text.index("- another") + 9, TEXTS["en"]
    )
    assert re.findall(r'<span class="page" data-page="\d">(.*?)</span>', html) == ["page 2", "page 3", "page 4", "page 5"]
    assert 'here and <span class="page" data-page="2">page 2</span>goes on' in html
    assert marked(html) == ["another"]


def marked(html: str) -> list[str]:
    """What stands in the marks, tags included."""
    return re.findall(r"<mark[^>]*>(.*?)</mark>", html, re.DOTALL)


@pytest.mark.parametrize(
    ("text", "quote", "shown"),
    [
        ("One. **Two is bold.** Three.", "**Two is bold.**", "<strong>Two is bold.</strong>"),
        ("- first item\n- second item\n", "second item", "second item"),
        ("One line.\r\nTwo 🎯 lines.\r\n", "Two 🎯 lines.", "Two 🎯 lines."),
        ("A <script>x</script> here.", "<script>x</script>", "&lt;script&gt;x&lt;/script&gt;"),
    ],
)
def test_the_mark_is_exactly_around_the_span(text: str, quote: str, shown: str):
    start = text.index(quote)
    assert marked(render_document(document(text), start, start + len(quote), TEXTS["en"])) == [shown]


def test_a_span_over_two_blocks_is_marked_in_each():
    text = "First paragraph.\n\nSecond paragraph."
    html = render_document(document(text), 0, len(text), TEXTS["en"])
    assert marked(html) == ["First paragraph.", "Second paragraph."]
    assert html.count('id="cited"') == 1


def test_plain_text_is_escaped_and_marked():
    text = "First <b>line</b>.\n\nSecond & last."
    html = render_document(document(text, "a.txt"), text.index("Second"), len(text), TEXTS["en"])
    assert "&lt;b&gt;line&lt;/b&gt;" in html
    assert marked(html) == ["Second &amp; last."]


def test_links_lead_to_documents_or_nowhere():
    source = "[in](b.md) [out](https://x.test) ![p](https://x.test/p.png)"
    html = render_document(document(source, "en/a.md"), None, None, TEXTS["en"])
    assert 'data-document="en/b.md"' in html
    assert 'href="http' not in html
    assert "<img" not in html


def test_a_question_is_escaped():
    assert "&lt;b&gt;" in render_turn("<b>", "", TEXTS["en"])
