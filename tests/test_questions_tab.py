"""The Questions tab in a real browser, on a small corpus of its own, and its routes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pages import open_page, serious, serve_app, show_tab
from playwright.sync_api import Browser, Page, expect
from served import Served, serve
from test_access import press_until

from advisor.accounts.audit import audit_file
from advisor.advisor import Advisor
from advisor.documents.provenance import PROVENANCE_FILE
from advisor.index.sync import sync
from advisor.settings import Settings
from advisor.types import Language
from advisor.ui.texts import CHAT_TEXTS, QUESTION_TEXTS

REFUSED: dict[Language, str] = {
    "fr": "Qui apporte le café aux directeurs le vendredi ?",
    "en": "Who brings the coffee to the directors on Fridays?",
}
LINES = ("The CTO presents it every six weeks.", "The board wants one page with three risks.")
PLACES = [(1280, "fr-FR"), (390, "en-GB")]
BODY = {"question": REFUSED["en"], "document": "en/board.md", "lines": list(LINES)}


@dataclass(frozen=True)
class Desk:
    """A running application with its settings."""

    address: str
    settings: Settings


@pytest.fixture
def desk(small_settings: Settings, embeddings) -> Iterator[Desk]:
    settings = small_settings.model_copy(update={"unanswered_log": True})
    sync(settings, embeddings)
    advisor = Advisor.open(settings, embeddings)
    with serve_app(advisor) as address:
        yield Desk(address, settings)
    advisor.close()


def ask(page: Page, question: str, *, answers: int = 1) -> None:
    page.fill("#question textarea", question)
    page.keyboard.press("Enter")
    expect(page.locator("#thread .actions")).to_have_count(answers)


def choose(page: Page, *lines: str) -> None:
    for line in lines:
        page.locator("#questions button.line", has_text=line).click()


def language_of(locale: str) -> Language:
    return "fr" if locale == "fr-FR" else "en"


@pytest.mark.parametrize(("width", "locale"), PLACES)
def test_an_answer_is_made_from_a_refused_question_and_given_at_once(browser: Browser, desk: Desk, width: int, locale: str):
    language = language_of(locale)
    words, question = QUESTION_TEXTS[language], REFUSED[language]
    page = open_page(browser, desk.address, width=width, locale=locale)
    ask(page, question)
    expect(page.locator("#thread .abstained")).to_be_visible()
    show_tab(page, words.title)
    entry = page.locator("#questions .open")
    expect(entry).to_have_count(1)
    expect(entry).to_contain_text(question)
    expect(entry).to_contain_text(words.refused[0])
    assert serious(page) == []
    entry.get_by_role("button", name=words.make).click()
    expect(page.locator("#questions [name=question]")).to_have_value(question)
    page.fill("#questions [name=phrasings]", "Is there coffee for the board?\nY a-t-il du café pour le conseil ?")
    page.locator("#questions select").select_option("en/board.md")
    choose(page, *LINES)
    expect(page.locator("#questions button.line .order")).to_have_text(["2", "1"])
    expect(page.locator(f"#questions .preview .turn[lang={language}] .answer p").first).to_contain_text(" ".join(LINES[:1]))
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.locator("#questions .editor .leave").click()
    assert asked == [words.unsaved]
    expect(page.locator("#questions button.line .order")).to_have_text(["2", "1"])
    page.get_by_role("button", name=words.save).click()
    expect(page.locator("#questions .outcome")).to_contain_text("asked/board.yaml")
    expect(page.locator("#questions .outcome")).to_contain_text(words.given)
    page.locator("#questions .editor .leave").click()
    expect(page.locator("#questions .results")).to_contain_text(words.none_open)
    page.locator("#tab-chat-button").click()
    ask(page, question, answers=2)
    answer = page.locator("#thread .turn").last.locator(".answer")
    expect(answer).to_contain_text(LINES[0])
    expect(answer.locator(".cite")).to_have_count(2)
    expect(answer.locator(".abstained")).to_have_count(0)
    page.context.close()


@pytest.mark.parametrize(("width", "locale"), PLACES)
def test_from_a_bad_answer_in_the_chat_and_with_the_keyboard_alone(browser: Browser, desk: Desk, width: int, locale: str):
    language = language_of(locale)
    page = open_page(browser, desk.address, width=width, locale=locale)
    ask(page, "What does the board want?")
    make = page.locator("#thread a.make")
    expect(make).to_be_hidden()
    page.locator("#thread [data-rating=down]").click()
    page.locator("#thread .opinion [value=incomplete]").check()
    page.fill("#thread .opinion textarea", "Who <b>presents</b> it?")
    page.locator("#thread .opinion [type=submit]").click()
    expect(page.locator("#thread .opinion")).to_have_count(0)
    make.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#questions [name=question]")).to_have_value("What does the board want?")
    expect(page.locator("#questions button.line").first).to_be_visible()
    press_until(page, "Tab", "button.line:nth-of-type(2)")
    page.keyboard.press("Enter")
    press_until(page, "Shift+Tab", "button.line:nth-of-type(1)")
    page.keyboard.press("Space")
    expect(page.locator("#questions button.line .order")).to_have_text(["2", "1"])
    page.keyboard.press("Space")  # taken off again
    expect(page.locator("#questions button.line .order")).to_have_text(["", "1"])
    expect(page.locator("#questions .preview .cite")).to_have_count(1)
    page.reload()
    expect(page.locator("#questions [name=question]")).to_have_value("What does the board want?")
    page.locator("#questions .leave").click()
    entry = page.locator("#questions .open")
    expect(entry).to_contain_text(CHAT_TEXTS[language].reasons["incomplete"])
    expect(entry).to_contain_text("Who <b>presents</b> it?")
    entry.locator(".aside").click()
    expect(entry).to_have_count(0)
    page.reload()
    expect(page.locator("#questions .results")).to_contain_text(QUESTION_TEXTS[language].none_open)
    page.context.close()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_cannot_be_kept_says_why_in_the_language_of_the_page_and_stays(
    browser: Browser, desk: Desk, language: Language
):
    words = QUESTION_TEXTS[language]
    page = open_page(browser, f"{desk.address}/{language}/")
    show_tab(page, words.title)
    page.locator("#questions .listing [role=search] .make").click()
    said = page.locator("#questions .outcome-of-saving")
    save = page.get_by_role("button", name=words.save)
    page.fill("#questions [name=phrasings]", "What is kept?")
    save.click()
    expect(said).to_have_text(words.refusals["no_question"])
    page.fill("#questions [name=question]", "What is wanted?")
    save.click()
    expect(said).to_have_text(words.refusals["no_lines"])
    page.locator("#questions select").select_option("en/board.md")
    choose(page, LINES[0])
    path = desk.settings.corpus_dir / "asked" / "board.yaml"
    path.parent.mkdir()
    path.write_text("document: [", encoding="utf-8")
    save.click()
    expect(said).to_contain_text("board.yaml is not" if language == "en" else "board.yaml n’a pas la forme")
    assert path.read_text(encoding="utf-8") == "document: ["
    expect(page.locator("#questions [name=phrasings]")).to_have_value("What is kept?")
    expect(page.locator("#questions button.line[aria-pressed=true]")).to_have_text(f"1{LINES[0]}")
    path.unlink()
    save.click()
    expect(page.locator("#questions .outcome")).to_contain_text(words.given)
    page.context.close()


def test_another_document_takes_the_chosen_lines_off_and_lines_are_found_by_their_words(browser: Browser, desk: Desk):
    page = open_page(browser, f"{desk.address}/en/")
    page.goto(f"{desk.address}/en/?tab=questions&make=What+does+the+board+want%3F")
    choose(page, LINES[0])
    page.fill("#questions [name=find]", "three RISKS")
    expect(page.locator("#questions button.line")).to_have_count(1)
    page.fill("#questions [name=find]", "")
    expect(page.locator("#questions button.line[aria-pressed=true]")).to_have_count(1)
    page.locator("#questions select").select_option("en/incidents.md")
    expect(page.locator("#questions button.line").first).to_contain_text("blameless")
    expect(page.locator("#questions button.line[aria-pressed=true]")).to_have_count(0)
    expect(page.locator("#questions .preview")).to_have_text(QUESTION_TEXTS["en"].nothing_chosen)
    page.context.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, embeddings) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("questions"), embeddings, local=False) as running:
        yield running


def test_it_is_written_down_who_made_an_answer(served: Served):
    with served.signed_in("grace", "curator") as grace:
        made = grace.post("/page/questions/answers", params={"language": "en"}, json=BODY)
        assert made.status_code == 200, made.text
    record = json.loads((served.settings.corpus_dir / PROVENANCE_FILE).read_text(encoding="utf-8"))
    kept = record[f"asked/board.yaml#{REFUSED['en']}"]
    assert (kept["added_by"], kept["approved_by"]) == ("grace", "grace")
    lines = [json.loads(line) for line in audit_file(served.settings).read_text(encoding="utf-8").splitlines()]
    assert [(one["user"], one["action"], one["questions"]) for one in lines] == [("grace", "curate", [REFUSED["en"]])]


def test_what_is_sent_is_escaped_and_a_line_that_is_not_there_is_refused(served: Served):
    hostile = "<img src=x onerror=alert(1)>"
    with served.signed_in("hopper", "curator") as hopper:
        for path, body in (
            ("preview", BODY | {"lines": [hostile]}),
            ("answers", BODY | {"lines": [hostile]}),
            ("answers", BODY | {"document": hostile}),
        ):
            refused = hopper.post(f"/page/questions/{path}", params={"language": "fr"}, json=body)
            assert refused.status_code == (422 if path == "answers" else 200)
            assert "&lt;img" in refused.text
            assert "<img" not in refused.text
        editor = hopper.get("/page/questions/editor", params={"language": "en", "question": f'"{hostile}'})
        assert "<img" not in editor.text
        assert ">&#34;&lt;img" in editor.text


def test_a_file_that_cannot_be_written_is_told_and_nothing_changes(served: Served, monkeypatch: pytest.MonkeyPatch):
    folder = served.settings.corpus_dir / "asked"
    before = {path.name: path.read_bytes() for path in folder.glob("*")}

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with served.signed_in("ida", "curator") as ida:
        monkeypatch.setattr("advisor.files.flush", full)
        answer = ida.post("/page/questions/answers", params={"language": "en"}, json=BODY | {"question": "And tea?"})
        monkeypatch.undo()
    assert answer.status_code == 503
    assert "No space left" in answer.text
    assert {path.name: path.read_bytes() for path in folder.glob("*")} == before
