"""Every word of the page, in both languages: `words/fr.toml` and `words/en.toml`, read and checked once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from advisor.answering.messages import ANSWER_WORDS
from advisor.text.language import WordTable, read_words
from advisor.types import Language
from advisor.ui.curator_texts import CorpusTexts, EvaluationTexts, QuestionTexts


class Texts(WordTable):
    """The interface in one language. The mappings go from the codes of the corpus and the pipeline to words.

    `proposed` and `concerns` go from the codes of what technology leaders are concerned with to a question and to words,
    `gradio` from Gradio's own keys to words.
    """

    language: Language
    title: str
    tagline: str
    trust: str
    placeholder: str
    send: str
    new: str
    try_asking: str
    proposed: dict[str, str]
    concerns: dict[str, str]
    holds: str
    latest: str
    passages: tuple[str, str]
    sources: str
    colon: str
    no_sources: str
    back: str
    close: str
    document: str
    unreadable: str
    rests_on: str
    original: str
    page: str
    page_short: str
    ocr: str
    read_pages: str
    unread_pages: str
    understood_as: str
    searched_in: str
    abstained: str
    abstained_in: str
    near: str
    documents: tuple[str, str]
    percent: str
    decimal: str
    day: str
    months: tuple[str, ...]
    withheld: str
    other_language: str
    writers: dict[str, str]
    checked: dict[str, str]
    stages: dict[str, str]
    empty: str
    no_letters: str
    too_long: str
    chat: str
    sign_out: str
    nowhere: str
    nowhere_why: str
    to_start: str
    gradio: dict[str, str]
    corpus: CorpusTexts

    @property
    def evidence(self) -> Mapping[str, str]:
        """The levels of evidence, by the code of the front matter."""
        return ANSWER_WORDS[self.language].evidence

    @property
    def topics(self) -> Mapping[str, str]:
        """The topics, by the code of the front matter."""
        return ANSWER_WORDS[self.language].topics

    def number(self, value: float, digits: int) -> str:
        """A number with so many decimals."""
        return f"{value:.{digits}f}".replace(".", self.decimal)

    def date(self, written: str | None) -> str:
        """A day as people write it ("23 Nov 2026"); what is no whole day (a year, a month) as it is, "" for none."""
        try:
            day = date.fromisoformat(written or "")
        except ValueError:
            return written or ""
        return self.day.format(day=day.day, month=self.months[day.month - 1], year=day.year)


class ChatTexts(WordTable):
    """What can be done with an answer and with a conversation.

    `reasons` goes from the codes of feedback to words, `problems` from those of problems, `refusals` from those of problems
    that keep a question from being taken ("" for any other, `lost` for a server that does not answer, `unsent` once
    it does and something written was not sent, `reload` for the button beside that), `days` from how long ago a conversation
    went on last.
    """

    conversations: str
    show_conversations: str
    search: str
    find: str
    none_yet: str
    none_found: str
    actions: str
    rename: str
    delete: str
    pin: str
    unpin: str
    pinned: str
    deleted: str
    undo: str
    days: dict[str, str]
    cancel: str
    save: str
    memo_of: str
    edit: str
    editing: str
    everywhere: str
    stop: str
    stopped: str
    copy_answer: str
    copied: str
    retry: str
    good: str
    bad: str
    why: str
    memo: str
    make: str
    next: str
    what_was_wrong: str
    reasons: dict[str, str]
    comment: str
    send: str
    thanks: str
    taken_back: str
    nearest: str
    rephrased: str
    tell: str
    told: str
    not_kept: str
    problems: dict[str, str]
    refusals: dict[str, str]
    failed: str
    previous: str
    following: str
    position: str
    sign_in: str
    gone: str
    passages: str
    cited_as: str
    found_by: str
    decision: str
    threshold: str
    calibrations: dict[str, str]
    withheld: str
    nothing_withheld: str
    timings: str
    stages: dict[str, str]
    same_index: str
    other_index: str

    def problem(self, code: str) -> str:
        """Why there is no answer.

        :param code: of the kind of problem, as the REST interface names it.
        """
        return self.problems.get(code, self.problems[""])


class ScopeTexts(WordTable):
    """What a question is answered from, and at what length: below the field, and in the sheet where it is chosen."""

    title: str
    search_in: str
    everything: str
    widen: str
    find: str
    topics: str
    documents: str
    more: str
    none_found: str
    failed: str
    short: str
    short_hint: str


class TabTexts(WordTable):
    """Both tabs in one language; `domains` goes from the codes of the maturity check to words."""

    sources: str
    sources_lead: str
    search: str
    any_topic: str
    topic: str
    any_language: str
    language: str
    languages: dict[Language, str]
    other_topic: str
    count: str
    found: str
    nothing: str
    reader: str
    choose: str
    back: str
    translation: str
    links_to: str
    linked_from: str
    failed: str
    maturity: str
    maturity_lead: str
    no_checklist: str
    domains: dict[str, str]
    step: str
    answers: tuple[str, str, str]
    previous: str
    following: str
    finish: str
    again: str
    result: str
    radar: str
    domain: str
    score: str
    answered: str
    weakest: str
    none_weak: str
    you_said: str
    advice: str
    read: str
    memo: str


class ReaderTexts(WordTable):
    """What can be done with a document that is read."""

    tools: str
    find: str
    matches: str
    no_match: str
    previous: str
    following: str
    contents: str
    copy_quote: str
    copy_hint: str
    copied: str
    quote: str
    about: str
    about_hint: str
    ask: str
    beside: str
    beside_hint: str
    original: str
    look: str
    page_of: str
    page_before: str
    page_after: str
    original_gone: str
    print: str


class ShortcutTexts(WordTable):
    """The keys of the page; `keys` goes from each to what it does."""

    title: str
    lead: str
    on: str
    keys: dict[str, str]


class ShareTexts(WordTable):
    """Sharing a conversation by a link, and the page that the link shows."""

    share: str
    shared: str
    title: str
    what: str
    who: str
    whoever: str
    make: str
    link: str
    copy_link: str
    open: str
    shows_all: str
    shows: str
    renew: str
    end: str
    lead: str
    until: str
    questions: tuple[str, str]
    read: str
    own: str
    gone: str
    gone_why: str


class PageWords(WordTable):
    """What a file holds."""

    page: Texts
    chat: ChatTexts
    scope: ScopeTexts
    tabs: TabTexts
    evaluations: EvaluationTexts
    questions: QuestionTexts
    reader: ReaderTexts
    shortcuts: ShortcutTexts
    sharing: ShareTexts


WORDS: Mapping[Language, PageWords] = read_words("advisor.ui", PageWords)
TEXTS: Mapping[Language, Texts] = {language: file.page for language, file in WORDS.items()}
CHAT_TEXTS: Mapping[Language, ChatTexts] = {language: file.chat for language, file in WORDS.items()}
SCOPE_TEXTS: Mapping[Language, ScopeTexts] = {language: file.scope for language, file in WORDS.items()}
TAB_TEXTS: Mapping[Language, TabTexts] = {language: file.tabs for language, file in WORDS.items()}
EVALUATION_TEXTS: Mapping[Language, EvaluationTexts] = {language: file.evaluations for language, file in WORDS.items()}
QUESTION_TEXTS: Mapping[Language, QuestionTexts] = {language: file.questions for language, file in WORDS.items()}
READER_TEXTS: Mapping[Language, ReaderTexts] = {language: file.reader for language, file in WORDS.items()}
SHORTCUT_TEXTS: Mapping[Language, ShortcutTexts] = {language: file.shortcuts for language, file in WORDS.items()}
SHARE_TEXTS: Mapping[Language, ShareTexts] = {language: file.sharing for language, file in WORDS.items()}
