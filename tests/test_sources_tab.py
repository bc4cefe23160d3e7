"""The library, and the Sources tab in a browser."""

from __future__ import annotations

import re

import httpx
import pytest
from pages import open_page, serve_app, show_tab
from playwright.sync_api import Browser, expect

from advisor.advisor import Advisor
from advisor.features.library import Library
from advisor.index.sync import sync
from advisor.settings import Settings


def test_documents_by_topic_and_language(advisor: Advisor):
    library = Library()
    assert len(library.documents(advisor.index)) == 26
    assert [d.id for d in library.documents(advisor.index, topic="finops", language="fr")] == ["fr/finops.md"]
    assert "finops" in library.topics(advisor.index)


def test_search_finds_the_sentence_and_its_words(advisor: Advisor):
    hits = Library().search(advisor.index, "préavis data act", language="fr")
    assert hits
    assert hits == sorted(hits, key=lambda hit: -hit.score)
    best = hits[0]
    document = advisor.document(best.chunk.document)
    assert document.text[best.start : best.end] == best.text
    assert {"préavis", "Data", "Act"} <= {best.text[start:end] for start, end in best.words}
    assert all(hit.chunk.language == "fr" for hit in hits)
    assert Library().search(advisor.index, "the of") == []
    assert Library().search(advisor.index, "préavis", topic="leadership") == []


def test_links_go_both_ways(advisor: Advisor):
    library = Library()
    finops, cloud = advisor.document("en/finops.md"), advisor.document("en/cloud-strategy.md")
    assert "en/cloud-strategy.md" in [one.id for one in library.links(advisor.index, finops).to]
    assert "en/finops.md" in [one.id for one in library.links(advisor.index, cloud).from_]
    assert library.links(advisor.index, finops).translation.id == "fr/finops.md"
    assert library.links(advisor.index, advisor.document("fr/finops.md")).translation.id == "en/finops.md"


def test_links_follow_the_index(small_settings: Settings, embeddings):
    sync(small_settings, embeddings)
    advisor, library = Advisor.open(small_settings, embeddings), Library()
    board = advisor.document("en/board.md")
    assert library.links(advisor.index, board).from_ == ()
    (small_settings.corpus_dir / "en" / "new.md").write_text("# New\n\nSee [the board](board.md#top).\n", encoding="utf-8")
    sync(small_settings, embeddings)
    assert [one.id for one in library.links(advisor.index, board).from_] == ["en/new.md"]
    advisor.close()


@pytest.mark.parametrize(("width", "locale"), [(1280, "fr-FR"), (390, "en-GB")])
def test_browse_search_read_and_follow_a_link(browser: Browser, advisor: Advisor, width: int, locale: str):
    with serve_app(advisor) as address:
        page = open_page(browser, address, width=width, locale=locale)
        show_tab(page, "Sources")
        expect(page.locator("#library .results .read")).to_have_count(26)
        page.locator("#library select[name=written]").select_option("en")
        expect(page.locator("#library .results .read")).to_have_count(13)
        page.fill("#library form input", "restore test <b>")
        page.locator("#library .hits .read").first.click()
        mark = page.locator("#library article mark").first
        expect(mark).to_be_in_viewport()
        expect(mark).to_contain_text(re.compile("restore", re.IGNORECASE))
        page.locator("#library .links .read").first.click()
        expect(page.locator("#library article header")).to_contain_text("fr/security-resilience.md")
        if width == 390:
            page.locator("#library .leave").click()
            expect(page.locator("#library .hits .read").first).to_be_focused()
        page.context.close()


def test_what_is_searched_for_is_escaped(advisor: Advisor):
    with serve_app(advisor) as address:
        found = httpx.get(f"{address}/page/library", params={"language": "en", "search": "<script>alert(1)</script> finops"})
        assert found.status_code == 200
        assert "<script" not in found.text
        query = {"language": "en", "document": "../../etc/passwd"}
        assert httpx.get(f"{address}/page/library/links", params=query).status_code == 404
