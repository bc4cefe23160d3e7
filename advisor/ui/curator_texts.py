"""The words of the tabs that curators have; `texts` reads them."""

from __future__ import annotations

from advisor.text.language import WordTable
from advisor.types import Language


class CorpusTexts(WordTable):
    """The Corpus tab in one language; `states`, `stages` and `changes` go from codes to words.

    `problems` goes from the codes of problems that have no reason in words to what is said of them, "" for any other.
    """

    title: str
    curators_only: str
    failed_because: str
    problems: dict[str, str]
    columns: tuple[str, ...]
    states: dict[str, str]
    summary: str
    synced: str
    changes: dict[str, str]
    failed: str
    hidden: str
    left_out: str
    silent: str
    passed_over: str
    reindex: str
    stages: dict[str, str]
    done: str
    rate: str
    upload: str
    stored: str
    waits: str
    waiting: str
    approve: str
    decline: str
    added_by: str
    approved_by: str
    by_operator: str
    replaced: str
    refused: str
    search: str
    state: str
    every_state: str
    shown: str
    changes_wait: str
    stage: str
    index_now: str
    delete: str
    really_delete: str
    confirm: str
    cancel: str
    deleted: str
    rollback: str
    rollback_confirm: str
    really_roll_back: str
    rolled_back: str


class EvaluationTexts(WordTable):
    """The Evaluations tab in one language."""

    title: str
    intro: str
    sets: str
    name: str
    name_hint: str
    run: str
    shown: str
    against: str
    nothing: str
    show: str
    done: str
    asking: str
    written: str
    no_runs: str
    no_name: str
    taken: str
    baseline: str
    of_day: str
    curators_only: str


class QuestionTexts(WordTable):
    """The Questions tab in one language.

    `seen_as` goes from the languages of readers to words, `refusals` from the codes of why an answer cannot be kept.
    """

    title: str
    lead: str
    search: str
    count: str
    shown: str
    none_open: str
    none_found: str
    log_off: str
    refused: tuple[str, str]
    judged: tuple[str, str]
    last: str
    near: str
    make: str
    new: str
    set_aside: str
    gone: str
    failed: str
    editor: str
    back: str
    question: str
    phrasings: str
    phrasings_hint: str
    document: str
    nearest: str
    every_document: str
    lines: str
    lines_hint: str
    find_lines: str
    no_lines: str
    more_lines: str
    not_alone: str
    preview: str
    nothing_chosen: str
    seen_as: dict[Language, str]
    save: str
    saving: str
    unsaved: str
    saved: str
    given: str
    not_given: str
    not_indexed: str
    ask: str
    refusals: dict[str, str]
