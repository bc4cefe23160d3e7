"""Text from outside takes time in proportion to its length: every pattern, and every step that a question passes."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from markdown_it import MarkdownIt

import advisor
from advisor.answering.follow_up import resolve
from advisor.answering.intake import question_language
from advisor.answering.small_talk import reply
from advisor.documents.front_matter import read_front_matter
from advisor.documents.instructions import grams, without_examples, wordings
from advisor.errors import DocumentError
from advisor.text.disguise import undisguised
from advisor.text.figures import figures
from advisor.text.invisible import hides, seen, unseen_characters
from advisor.text.markdown_parser import markdown_parser
from advisor.text.names import names, quotations, words_of
from advisor.text.plain import detect_language, fold, plain, sentence_spans
from advisor.text.terms import terms

# What patterns begin with, go on with and never come to the end of.
SEEDS = (
    *("a", "A", "é", "e\u0301", "\u0301", "ß", "1", "你", "🙂", "_", "-", "–", ".", ",", "!", "?", ":", "*", "`", "~", "#"),
    *(
        "<",
        ">",
        "&",
        "[",
        "](",
        "(",
        "\\",
        "«",
        "“",
        '"',
        "'",
        "’",
        "/",
        "@",
        "%",
        "€",
        "+",
        " ",
        "\t",
        "\n",
        "\r\n",
        "\u00a0",
    ),
    *("a ", "A ", "1 ", "a-", "A-1", "1,", "1.000,", "1-", "a.", "A. ", "a@", "a@a.", "+1 ", "- ", "> ", "\n>", "! ", "x! "),
    *(
        "<!--",
        "<!---->",
        "<meta ",
        "<a ",
        "<a b=",
        '<a b="',
        "<a style=",
        "</a",
        "&#1",
        "![",
        "[[",
        "[a](b",
        "](<",
        "((",
        "](a ",
        "**a",
        "https://a",
    ),
    *(
        "et ",
        "or ",
        "un ",
        "deux ",
        "mille ",
        "nous avons ",
        "we have ",
        "what is our ",
        "last week ",
        "est-ce ",
        "isn't ",
        "【1",
        "[1",
        "(1)",
        "[1,",
    ),
)
SHORT, LONG = 2_000, 4_000
"""Characters: half of a text, and the whole."""
MOST_TIMES = 3.0
NOISE_SECONDS = 0.004
ATTEMPTS = 4
SLOWEST = 4  # texts that are measured again: what grows out of proportion is among the slowest


@dataclass(frozen=True)
class Use:
    """A pattern, and the method of `re.Pattern` that it is applied with."""

    pattern: re.Pattern[Any]
    method: str

    def apply(self, text: str) -> None:
        """As a module does; all that is found is looked at."""
        given = text.encode() if isinstance(self.pattern.pattern, bytes) else text
        if self.method in ("match", "fullmatch", "search"):
            getattr(self.pattern, self.method)(given)
        else:
            for _ in self.pattern.finditer(given):
                pass


def modules() -> Iterator[ModuleType]:
    """All of the program: a pattern that is left out is one that nobody looks at."""
    for found in pkgutil.walk_packages(advisor.__path__, "advisor."):
        if not found.name.endswith(("__main__", "migrations.env")):  # which do something when they are imported
            yield importlib.import_module(found.name)


def patterns_in(value: object) -> Iterator[re.Pattern[Any]]:
    """The patterns that a value of a module is, or holds."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, Mapping):
        yield from chain.from_iterable(map(patterns_in, value.values()))
    elif isinstance(value, tuple | list | set | frozenset):
        yield from chain.from_iterable(map(patterns_in, value))


def uses_in(module: ModuleType) -> Iterator[Use]:
    """The patterns of a module, each with the methods that it is used with; those that only others use are searched for."""
    assert module.__file__ is not None
    source = Path(module.__file__).read_text(encoding="utf-8")
    for name, value in vars(module).items():
        methods = sorted(set(re.findall(rf"\b{name}\.(\w+)\b", source)) - {"pattern"}) or ["finditer"]
        yield from (Use(pattern, method) for pattern in patterns_in(value) for method in methods)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re.") and node.args:
            first, method = node.args[0], ast.unparse(node.func).removeprefix("re.")
            if isinstance(first, ast.Constant) and method not in ("compile", "escape"):
                yield Use(re.compile(first.value), method)


def all_uses() -> dict[str, Use]:
    found: dict[Use, str] = {}
    for module in modules():
        for number, use in enumerate(uses_in(module)):
            found.setdefault(use, f"{module.__name__}-{number}-{use.method}")
    return {name: use for use, name in found.items()}


USES = all_uses()


def seconds(work: Callable[[str], object], text: str, times: int = 1) -> float:
    def once() -> float:
        began = time.thread_time()
        work(text)
        return time.thread_time() - began

    return min(once() for _ in range(times))


def in_proportion(work: Callable[[str], object], short: str, long: str) -> bool:
    """Whether it is so in one of some attempts: other programs slow one measurement or another, never speed one up."""
    return any(seconds(work, long, 5) <= MOST_TIMES * seconds(work, short, 5) + NOISE_SECONDS for _ in range(ATTEMPTS))


def too_slow(work: Callable[[str], object], times: int = 1) -> str:
    """The first of the slowest texts on which twice the length takes more than in proportion; "" for none.

    :param times: how many times the length of a question the texts have.
    """
    slow = []
    for seed in SEEDS:
        for before, after in (("", ""), ("a ", "\0"), ("", "!x")):
            short, long = (before + (seed * length)[:length] + after for length in (times * SHORT, times * LONG))
            slow.append((seconds(work, long), short, long))
    slow.sort(reverse=True)
    for took, short, long in slow[:SLOWEST]:
        if took >= NOISE_SECONDS and not in_proportion(work, short, long):
            return repr(long[:20])
    return ""


@pytest.mark.parametrize("name", USES)
def test_a_pattern_takes_time_in_proportion(name: str):
    assert too_slow(USES[name].apply) == "", USES[name].pattern.pattern


def headed(text: str) -> None:
    """Read front matter with that title; what can't be read there is refused, which is an answer too."""
    with suppress(DocumentError):
        read_front_matter(f"---\ntitle: {text}\n---\n")


STEPS: dict[str, Callable[[str], object]] = {
    "language": detect_language,
    "question language": lambda text: question_language(text, (text,)),
    "fold": fold,
    "plain": plain.__wrapped__,
    "sentences": lambda text: sentence_spans(text, "fr"),
    "French terms": lambda text: terms(text, "fr"),
    "English terms": lambda text: terms(text, "en"),
    "figures": figures.__wrapped__,
    "names": names,
    "quotations": quotations,
    "words": words_of.__wrapped__,
    "seen": seen,
    "hides": hides,
    "unseen": unseen_characters,
    "follow-up": lambda text: resolve(text, (text, text), "en"),
    "disguises": undisguised,
    "wordings": lambda text: [grams(wording) for wording in wordings(without_examples(text))],
    "front matter": headed,
    "small talk": lambda text: reply(text, "en", tuple),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_takes_time_in_proportion(name: str):
    STEPS[name]("Un mot, one word")  # what is loaded at the first use
    assert too_slow(STEPS[name]) == ""


@pytest.mark.parametrize("name", ["sentences", "fold", "plain", "unseen", "disguises"])
def test_a_step_of_documents_takes_time_in_proportion(name: str):
    """Their paragraphs can be much longer than questions."""
    assert too_slow(STEPS[name], times=10) == ""


QUOTED = (
    ">>",
    "> # a",
    "> ---",
    "> - a",
    ">     a",
    "> ```",
    "> | a |\n> | - |",
    "> <div>",
    "> [a]: b",
    "> a\n> ===",
    "> 1. a",
    "> a",
)


@pytest.mark.parametrize("quoted", QUOTED)
@pytest.mark.parametrize("after", ["\na\n", "\n# a\n", "\n- a\n", "\n<a>\n", "\n"])
def test_quotes_are_parsed_in_proportion(quoted: str, after: str):
    """What markdown-it takes for more of a quote, and gives back."""
    short, long = ((quoted + after) * times for times in (200, 400))
    assert in_proportion(markdown_parser().disable("inline").parse, short, long)


@pytest.mark.parametrize(
    ("quote", "shown"),
    [
        ("> a\nb\n", "<blockquote>\n<p>a\nb</p>\n</blockquote>\n"),
        ("> *a* b\nc\n\nd", "<blockquote>\n<p><em>a</em> b\nc</p>\n</blockquote>\n<p>d</p>\n"),
        ("> # a\nb\n", "<blockquote>\n<h1>a</h1>\n</blockquote>\n<p>b</p>\n"),
        (">\n> a\n>\n> b", "<blockquote>\n<p>a</p>\n<p>b</p>\n</blockquote>\n"),
        ("> a\n>> b\nc", "<blockquote>\n<p>a</p>\n<blockquote>\n<p>b\nc</p>\n</blockquote>\n</blockquote>\n"),
    ],
)
def test_quotes_are_what_they_were(quote: str, shown: str):
    assert markdown_parser().render(quote) == shown == MarkdownIt("commonmark").render(quote)


def test_a_long_paragraph_has_the_sentences_of_its_parts():
    sentence = "The board meets in May (once a year), and Mr. Smith presents the plan. "
    text = sentence * 200
    spans = sentence_spans(text, "en")
    assert [text[start:end] for start, end in spans] == [sentence.strip()] * 200
    unended = "word " * 5_000 + "end."
    assert sentence_spans(unended, "en") == [(0, len(unended))]
