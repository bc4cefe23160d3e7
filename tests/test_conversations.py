"""Conversations are kept whole, for their user alone."""

from __future__ import annotations

import re
import stat
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import select, update

from advisor.advisor import Advisor
from advisor.errors import ConversationError, StorageError
from advisor.evaluation.drafting import draft_from_feedback
from advisor.features.conversations import FEEDBACK, UNDO_SECONDS, Conversations, Summary, title_of
from advisor.index.sync import sync
from advisor.settings import Settings
from advisor.storage.database import DATABASE_FILE, time_now
from advisor.storage.state_tables import deleted, turns, verdicts
from advisor.types import Answer
from advisor.ui.conversation_list import render_list
from advisor.ui.texts import CHAT_TEXTS


@pytest.fixture
def kept(kept_in: Settings) -> Conversations:
    return Conversations(kept_in)


@pytest.fixture(scope="module")
def answer(advisor: Advisor) -> Answer:
    found = advisor.ask("Par où commencer une démarche FinOps ?")
    listed = replace(found.sentences[-1], group="how", is_item=True)
    return replace(found, sentences=(*found.sentences[:-1], listed))


def another(answer: Answer, name: str, question: str = "") -> Answer:
    return replace(answer, id=name, question=question or answer.question)


def test_an_answer_comes_back_exactly(kept: Conversations, kept_in: Settings, answer: Answer):
    assert answer.citations
    answer = replace(answer, sentences=(replace(answer.sentences[0], group="how", is_item=True), *answer.sentences[1:]))
    conversation = kept.keep("ada", answer)
    assert [turn.answer for turn in kept.turns("ada", conversation)] == [answer]
    assert Conversations(kept_in).turn("ada", answer.id).answer == answer


def test_what_was_cited_is_still_there_after_reindexing(small_settings: Settings, embeddings, kept: Conversations):
    sync(small_settings, embeddings)
    advisor = Advisor.open(small_settings, embeddings)
    conversation = kept.keep("ada", advisor.ask("What is the code name of the on-call rota?"))
    (small_settings.corpus_dir / "en" / "incidents.md").write_text("# Rota\n\nNothing is left here.\n", encoding="utf-8")
    sync(small_settings, embeddings)
    again = kept.turns("ada", conversation)[0].answer
    assert again.citations
    for citation in again.citations:
        document = advisor.document(citation.document, again.index.generation)
        assert document.text[citation.start : citation.end] == citation.quote
    advisor.close()


def test_nobody_reaches_the_conversations_of_another(kept: Conversations, answer: Answer):
    conversation = kept.keep("ada", answer)
    assert kept.find("bob") == []
    assert kept.turns("bob", conversation) == []
    assert kept.turn("bob", answer.id) is None
    assert kept.summary("bob", conversation) is None
    for change in (
        lambda: kept.rename("bob", conversation, "mine"),
        lambda: kept.delete("bob", conversation),
        lambda: kept.rate("bob", answer.id, "down"),
    ):
        with pytest.raises(ConversationError):
            change()
    own = kept.keep("bob", another(answer, "b" * 32), conversation)  # begins one of his own
    assert own != conversation
    assert len(kept.turns("ada", conversation)) == 1


def test_the_list_is_searched_without_accents_and_latest_first(kept: Conversations, answer: Answer):
    first = kept.keep("ada", another(answer, "1", "Où placer la sécurité ?"))
    second = kept.keep("ada", replace(another(answer, "2", "What of the board?"), text="nothing"))
    assert [one.id for one in kept.find("ada")] == [second, first]
    kept.keep("ada", another(answer, "3"), first)
    assert [(one.id, one.turns) for one in kept.find("ada")] == [(first, 2), (second, 1)]
    assert [one.id for one in kept.find("ada", "SECURITE placer")] == [first]
    assert [one.id for one in kept.find("ada", "board securite")] == []
    kept.rename("ada", second, "  Comité   exécutif ")
    assert [one.title for one in kept.find("ada", "comite")] == ["Comité exécutif"]
    kept.delete("ada", second)
    assert [one.id for one in kept.find("ada")] == [first]
    with pytest.raises(ConversationError):
        kept.rename("ada", first, "   ")


def test_what_is_deleted_can_be_taken_back_until_it_is_erased(kept: Conversations, answer: Answer):
    conversation = kept.keep("ada", answer)
    kept.rate("ada", answer.id, "down")
    kept.delete("ada", conversation)
    assert kept.find("ada") == kept.turns("ada", conversation) == kept.disliked() == []
    assert kept.turn("ada", answer.id) is None
    with pytest.raises(ConversationError):
        kept.delete("ada", conversation)
    with pytest.raises(ConversationError):
        kept.restore("bob", conversation)
    kept.erase_deleted()  # it is too early
    kept.restore("ada", conversation)
    assert [turn.rating for turn in kept.turns("ada", conversation)] == ["down"]
    kept.delete("ada", conversation)
    with kept.database.writing() as database:
        database.execute(update(deleted).values(time=time_now(seconds_ago=UNDO_SECONDS + 1)))
    kept.erase_deleted()
    assert [kept.database.rows(select(table)) for table in (turns, verdicts)] == [[], []]
    with pytest.raises(ConversationError):
        kept.restore("ada", conversation)


def test_what_is_pinned_comes_first(kept: Conversations, answer: Answer):
    first, second = (kept.keep("ada", another(answer, name)) for name in ("1", "2"))
    kept.pin("ada", first, pinned=True)
    kept.pin("ada", first, pinned=True)
    assert [(one.id, one.pinned) for one in kept.find("ada")] == [(first, True), (second, False)]
    with pytest.raises(ConversationError):
        kept.pin("bob", first, pinned=False)
    kept.pin("ada", first, pinned=False)
    assert [one.id for one in kept.find("ada")] == [second, first]


def test_the_list_goes_by_the_days_of_its_reader():
    clock = timezone(timedelta(hours=-5))
    today = datetime.now(clock).replace(hour=0, minute=30)
    ago = {0: "today", 1: "yesterday", 7: "week", 30: "month", 31: "earlier"}
    times = [(today - timedelta(days=days)).astimezone(UTC).isoformat() for days in ago]
    found = [Summary(str(n), f"t{n}", time, time, 1) for n, time in enumerate(times)]
    html = render_list(found, "en", clock, searched=False)
    assert re.findall("<h3>(.*?)</h3>", html) == [CHAT_TEXTS["en"].days[name] for name in ago.values()]


def test_an_edited_question_replaces_what_followed(kept: Conversations, answer: Answer):
    conversation = kept.keep("ada", another(answer, "1"))
    for name in ("2", "3"):
        kept.keep("ada", another(answer, name), conversation)
    kept.keep("ada", another(answer, "4"), conversation, replacing="2")
    assert [turn.answer.id for turn in kept.turns("ada", conversation)] == ["1", "4"]


def test_a_verdict_becomes_a_question_for_the_evaluation(kept: Conversations, kept_in: Settings, answer: Answer):
    kept.keep("ada", answer)
    kept.rate("ada", answer.id, "down", "incomplete", "the first step is missing")
    assert kept.turn("ada", answer.id).reason == "incomplete"
    (line,) = draft_from_feedback(kept_in.state_dir / FEEDBACK)
    assert (line["kind"], line["note"]) == ("draft-down", "incomplete: the first step is missing")
    kept.rate("ada", answer.id, "up")
    (line,) = draft_from_feedback(kept_in.state_dir / FEEDBACK)
    assert line["relevant"] == [{"document": c.document, "quote": c.quote} for c in answer.citations]
    assert kept.turn("ada", answer.id).rating == "up"


def test_many_threads_write_and_nothing_is_lost(kept: Conversations, answer: Answer):
    conversation = kept.keep("ada", another(answer, "first"))
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for turn in range(5):
                kept.keep("ada", another(answer, f"{number}-{turn}"), conversation)
                kept.find("ada", "finops")
        except ConversationError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(kept.turns("ada", conversation)) == 31


def test_only_the_owner_of_the_machine_can_read_the_file(tmp_path: Path, answer: Answer):
    settings = Settings(state_dir=tmp_path / "kept")
    kept = Conversations(settings)
    assert kept.find("ada") == []
    assert not settings.state_dir.exists()
    kept.keep("ada", answer)
    kept.rate("ada", answer.id, "up")
    for name in (DATABASE_FILE, FEEDBACK):
        assert stat.S_IMODE((settings.state_dir / name).stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, answer: Answer):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=f"{tmp_path}/file/kept cannot be written"):
        Conversations(Settings(state_dir=tmp_path / "file" / "kept")).keep("ada", answer)


def test_what_is_written_need_not_be_text_that_a_database_knows(kept: Conversations, answer: Answer):
    conversation = kept.keep("ada", replace(answer, question="What of\0 the 100 %_ board?", text="\0"))
    kept.rate("ada", answer.id, "down", comment="no\0")
    assert kept.turn("ada", answer.id).comment == "no"
    assert [one.id for one in kept.find("ada", "of\0 100 %_")] == [conversation]
    assert kept.find("ada", "_100") == []


@pytest.mark.parametrize(
    ("question", "title"), [("  a\n b ", "a b"), ("word " * 30, "word " * 13 + "word…"), ("x" * 90, "x" * 70 + "…")]
)
def test_titles_are_short(question: str, title: str):
    assert title_of(question) == title
