"""The documents of the corpus: their form, their typography, their sources, their twins.

Every check is a function from a document to what is wrong with it. Each is run on every document, and on a small broken
document that it must object to.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from advisor.documents.chunking import blocks_of
from advisor.documents.folder import document_id, list_files
from advisor.documents.reading import parse_document
from advisor.documents.sections import SECTIONS_FILE, read_sections
from advisor.text.plain import detect_language, fold, plain, sentence_spans
from advisor.types import Document, Language

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "corpus"
ARTICLE = "cto-evolution-article.md"
NBSP = "\u00a0"

SHAPE: dict[Language, list[str]] = {
    "fr": [
        "La question", "La leçon", "Quand l’appliquer, et quand s’en abstenir", "Comment faire, étape par étape",
        "Chiffres à connaître", "Arbitrages et désaccords", "Signaux d’alerte", "Comment mesurer", "Liste de contrôle",
        "Pour aller plus loin",
    ],
    "en": [
        "The question", "The lesson", "When it applies, and when not", "How to do it, step by step", "Figures to know",
        "Trade-offs and disagreements", "Warning signs", "How to measure", "Checklist", "Read next",
    ],
}  # fmt: skip
FIGURES = 4  # place of "Figures to know" in the shape
PLAYBOOK_WORDS = range(1_200, 2_001)
LONGEST_SENTENCE = 45  # words
LIKE = 0.5  # Jaccard of the word 5-grams of two paragraphs of one language: as much is a repetition
TELLS_LANGUAGE = 8  # words from which a paragraph shows its language

MONTHS = (
    ("janvier", "January"), ("février", "February"), ("mars", "March"), ("avril", "April"), ("mai", "May"), ("juin", "June"),
    ("juillet", "July"), ("août", "August"), ("septembre", "September"), ("octobre", "October"), ("novembre", "November"),
    ("décembre", "December"),
)  # fmt: skip
MONTH_NUMBERS = {name: number for number, names in enumerate(MONTHS, 1) for name in names}
_DATED_MONTH = re.compile(rf"\b({'|'.join(MONTH_NUMBERS)})(?= \d{{4}}\b)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?: ?%)?")
_THOUSANDS: dict[Language, str] = {"fr": rf"(?<=\d){NBSP}(?=\d{{3}}(?!\d))", "en": r"(?<=\d),(?=\d{3}(?!\d))"}
_DECIMAL: dict[Language, str] = {"fr": r"(?<=\d),(?=\d)", "en": r"(?<=\d)\.(?=\d)"}
_PERCENT_OR_MONEY = re.compile(
    r"\d\s?%|(?:EUR|USD|[€$])\s?\d|\d\s?(?:(?:million|milliard|billion)s?\s)?(?:d[e’]\s?)?(?:euros?|dollars?|EUR|USD|[€$])"
)
_PARENTHESES = re.compile(r"\(((?:[^()]|\([^()]*\))*)\)")
_YEAR_AT_END = re.compile(r"\b(?:19|20)\d\d$")
_LAW = re.compile(
    r"\b(?:Regulation|Directive) \(EU\)|\b[Rr]èglement (?:délégué )?\(UE\)|\b[Dd]irective \(UE\)|\b(?:NIS2|AI Act|GDPR|RGPD)\b"
)
_STATE_OF_LAW: dict[Language, str] = {
    "fr": r"État du droit au (\d{1,2})(?:er)? (\w+) (\d{4})\s; vérifiez le texte officiel avant d’agir\.",
    "en": r"State of the law on (\d{1,2}) (\w+) (\d{4}); check the official text before acting\.",
}
# A sentence is quoted alone: it does not open with a word whose noun stands in another one. What is impersonal may.
_LEANS: dict[Language, re.Pattern[str]] = {
    "fr": re.compile(
        r"(?!Il (?:faut|y a|existe|s’agit|convient|reste|vaut mieux)\b)"
        r"(?:C’\w+|Ce|Cet|Cette|Ces|Cela|Ceci|Ça|Celui|Celle|Ceux|Celles|Il|Elle|Ils|Elles|Son|Sa|Ses|Leurs?|Tels?|Telles?"
        r"|L’un|L’une|L’autre|Tous deux|Toutes deux)(?!\w)"
    ),
    "en": re.compile(
        r"(?!It (?:takes|pays|is (?:rare|useful|possible|time|better|worth))\b)"
        r"(?:This|That|These|Those|It|They|He|She|Its|Their|His|Her|Such|The latter|The former|Neither|Others|Another"
        r"|Both(?! [\w ]+ and ))\b"
    ),
}
_TYPOGRAPHY: dict[Language, dict[str, str]] = {
    "fr": {
        "no no-break space before punctuation": rf"(?<!{NBSP})[;!?»]|(?<!{NBSP}):(?=\s|$)",
        "no no-break space before % or €": rf"(?<!{NBSP})[%€]",
        "no no-break space after «": rf"«(?!{NBSP})",
        "thousands without a no-break space": r"\d \d{3}(?!\d)|\d,\d{3}(?!\d)|(?<![\d/])(?<!ISO )(?<!IEC )\d{5,}",
        "a straight apostrophe or quotation mark": r"['\"]",
        "English quotation marks": r"[“”]",
        "a space before . or ,": r"\s[.,](?!\d)",
    },
    "en": {
        "a space before punctuation": r"\s[;:!?%.,](?!\d)",
        "a no-break space": NBSP,
        "thousands without a comma": r"\d \d{3}(?!\d)|(?<![\d/])(?<!ISO )(?<!IEC )\d{5,}",
        "a straight apostrophe or quotation mark": r"['\"]",
        "French quotation marks": r"[«»]",
    },
}
_NARROW_OR_DOUBLE = re.compile(rf"[\u202f\u2009]|[ {NBSP}]{{2,}}|\t")


class Origin(BaseModel):
    model_config = ConfigDict(extra="forbid")
    organisation: str
    document: str
    year: int | None = None


class FrontMatter(BaseModel):
    """The fields and enumerations that every document of the corpus has."""

    model_config = ConfigDict(extra="forbid")
    title: str
    language: Literal["fr", "en"]
    topic: Literal["strategy", "ai", "cloud", "finops", "security", "delivery", "leadership", "role"]
    translation_of: str | None = None
    updated: date
    evidence: Literal["case", "survey", "standard", "regulation", "practice", "opinion"]
    sources: list[Origin]


@cache
def documents() -> dict[str, Document]:
    paths = list_files(CORPUS)
    return {document_id(path, CORPUS): parse_document(document_id(path, CORPUS), path.read_bytes()) for path in paths}


IDS = sorted(documents())
TWINS = [name.removeprefix("fr/") for name in IDS if name.startswith("fr/")]


def is_playbook(document: Document) -> bool:
    return not document.id.endswith(ARTICLE)


def body(document: Document) -> str:
    return document.text[document.body_start :]


def front_matter(document: Document) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(document.text[: document.body_start].strip().strip("-"))
    return found


def headings(document: Document) -> list[tuple[int, str]]:
    return [(len(marks), text) for marks, text in re.findall(r"^(#{1,6}) (.+)$", body(document), re.MULTILINE)]


def paragraphs(document: Document) -> list[tuple[str, str]]:
    """Paragraphs and list items as a reader sees them, each with the heading above it."""
    return [
        (block.heading[-1] if block.heading else "", plain(document.text[block.start : block.end]))
        for block in blocks_of(document)
    ]


def sentences(document: Document) -> Iterator[tuple[str, str]]:
    for heading, text in paragraphs(document):
        for start, end in sentence_spans(text, document.language):
            yield heading, text[start:end]


def words(text: str) -> list[str]:
    """Words between spaces, so that "l’IA" and "go-to-market" are one; punctuation that stands alone is none."""
    return [word for word in text.split() if any(map(str.isalnum, word))]


def sources_in(text: str) -> list[str]:
    """What stands in parentheses and ends with a year: "(Flexera, State of the Cloud Report, 2025)"."""
    return [found for found in _PARENTHESES.findall(text) if _YEAR_AT_END.search(found) and "," in found]


def without_sources(text: str) -> str:
    for source in sources_in(text):
        text = text.replace(f"({source})", "")
    return text


def shown_values(value: object) -> Iterator[str]:
    """The texts in the front matter."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from shown_values(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from shown_values(inner)
    elif isinstance(value, str):
        yield value


# The checks


def wrong_front_matter(document: Document) -> list[str]:
    try:
        front = FrontMatter.model_validate(front_matter(document))
    except ValidationError as error:
        return [str(error)]
    undated = [origin.document for origin in front.sources if origin.year is None] if is_playbook(document) else []
    wrong = [f"{name} has no year" for name in undated]
    if not front.sources:
        wrong.append("no source")
    if document.id.split("/")[0] != front.language:
        wrong.append(f"language {front.language} in this folder")
    if headings(document)[:1] != [(1, front.title)]:
        wrong.append("the first heading is not the title")
    return wrong


def wrong_headings(document: Document) -> list[str]:
    levels = [level for level, _ in headings(document)]
    wrong = [] if levels.count(1) == 1 else [f"{levels.count(1)} first-level headings"]
    return wrong + [f"level {after} below level {before}" for before, after in pairwise(levels) if after > before + 1]


def wrong_shape(document: Document) -> list[str]:
    sections = [text for level, text in headings(document) if level == 2]
    return [f"sections are {sections}"] if is_playbook(document) and sections != SHAPE[document.language] else []


def wrong_length(document: Document) -> list[str]:
    """Words of prose: paragraphs and list items, sources in parentheses included, without headings and front matter."""
    count = sum(len(words(text)) for _, text in paragraphs(document))
    return [f"{count} words"] if is_playbook(document) and count not in PLAYBOOK_WORDS else []


def long_sentences(document: Document) -> list[str]:
    counted = ((len(words(text)), text) for _, text in sentences(document))
    return [f"{count} words: {text}" for count, text in counted if count > LONGEST_SENTENCE]


def leaning_sentences(document: Document) -> list[str]:
    return [text for _, text in sentences(document) if _LEANS[document.language].match(text)]


def unsourced_figures(document: Document) -> list[str]:
    """Sentences among the figures, and others with a percentage or an amount, that do not name a source of the document."""
    if not is_playbook(document):
        return []
    figures = SHAPE[document.language][FIGURES]
    needing = (
        text
        for heading, text in sentences(document)
        if (heading == figures and not re.fullmatch(_STATE_OF_LAW[document.language], text))
        or _PERCENT_OR_MONEY.search(text)
    )
    return [text for text in needing if not any(is_known(part, document) for part in sources_in(text))]


def is_known(cited: str, document: Document) -> bool:
    """Whether a source in parentheses is, by organisation and year, one of the front matter."""
    year = int(cited[-4:])
    return any(fold(cited).startswith(fold(source.organisation)) and source.year == year for source in document.sources)


def broken_links(document: Document) -> list[str]:
    wrong, targets = [], set()
    for address in re.findall(r"\]\(([^)]*)\)", body(document)):
        path, _, anchor = address.partition("#")
        target = documents().get(normpath(join(dirname(document.id), path)) if path else document.id)
        if target is None or (anchor and anchor not in anchors(target)):
            wrong.append(address)
        else:
            targets.add(target.id)
    if is_playbook(document):
        own = {name for name in targets if name.startswith(f"{document.language}/")} - {document.id}
        wrong += ["no link to the article"] * (f"{document.language}/{ARTICLE}" not in own)
        wrong += ["no link to another playbook"] * (not any(is_playbook(documents()[name]) for name in own))
    return wrong


def anchors(document: Document) -> set[str]:
    return {re.sub(r"[^\w-]", "", text.lower().replace(" ", "-")) for _, text in headings(document)}


def foreign_paragraphs(document: Document) -> list[str]:
    long = (text for _, text in paragraphs(document) if len(words(text)) >= TELLS_LANGUAGE)
    return [text for text in long if detect_language(without_sources(text)) != document.language]


def wrong_typography(document: Document) -> list[str]:
    shown = [*shown_values(front_matter(document)), *re.sub(r"\]\([^)]*\)", "]", body(document)).splitlines()]
    paths = {document.translation_of}
    return [
        f"{what}: {text}"
        for what, pattern in [
            *_TYPOGRAPHY[document.language].items(),
            ("a narrow, double or tab space", _NARROW_OR_DOUBLE.pattern),
        ]
        for text in shown
        if text not in paths and re.search(pattern, text)
    ]


def undated_law(document: Document) -> list[str]:
    """A playbook that names a law says when the law was so, and to check the text."""
    if not is_playbook(document) or not _LAW.search(body(document)):
        return []
    found = re.search(_STATE_OF_LAW[document.language], body(document))
    if not found:
        return ["names a law without its date"]
    day, month, year = found.groups()
    dated = date(int(year), MONTH_NUMBERS.get(month, 1), int(day))
    return [f"state of the law on {dated}, after the last update"] if str(dated) > (document.updated or "") else []


def numbers(document: Document) -> Counter[str]:
    """Every number of the body, in one notation; months of dates as numbers."""
    text = plain(body(document))
    text = re.sub(_DECIMAL[document.language], "\0", re.sub(_THOUSANDS[document.language], "", text)).replace("\0", ".")
    text = _DATED_MONTH.sub(lambda found: f"month{MONTH_NUMBERS[found.group(1)]}", text.replace(NBSP, " "))
    return Counter(number.replace(" ", "") for number in _NUMBER.findall(text))


def disagreements(one: Document, other: Document) -> list[str]:
    wrong = []
    if [level for level, _ in headings(one)] != [level for level, _ in headings(other)]:
        wrong.append("headings differ")
    if len(paragraphs(one)) != len(paragraphs(other)):
        wrong.append("paragraphs differ in number")
    ours, theirs = numbers(one), numbers(other)
    wrong += [f"numbers differ: {dict(ours - theirs)} and {dict(theirs - ours)}"] * (ours != theirs)
    if (one.topic, one.updated, one.evidence) != (other.topic, other.updated, other.evidence):
        wrong.append("front matter differs")
    if [source.year for source in one.sources] != [source.year for source in other.sources]:
        wrong.append("sources differ")
    return wrong


def repetitions(some: list[Document]) -> list[tuple[float, str, str]]:
    """Pairs of paragraphs that say the same in nearly the same words."""
    grams = []
    for document in some:
        for _, text in paragraphs(document):
            if not re.fullmatch(_STATE_OF_LAW[document.language], text):
                said = [fold(word).strip(".,;:") for word in words(without_sources(text))]
                grams.append((f"{document.id}: {text}", {tuple(said[at : at + 5]) for at in range(len(said) - 4)}))
    return [
        (round(len(one & other) / len(one | other), 2), left, right)
        for (left, one), (right, other) in combinations(grams, 2)
        if one and other and len(one & other) >= LIKE * len(one | other)
    ]


CHECKS: list[Callable[[Document], list[str]]] = [
    wrong_front_matter, wrong_headings, wrong_shape, wrong_length, long_sentences, leaning_sentences, unsourced_figures,
    broken_links, foreign_paragraphs, wrong_typography, undated_law,
]  # fmt: skip


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_document(check: Callable[[Document], list[str]], name: str) -> None:
    assert check(documents()[name]) == []


FRONT = {
    "fr": "title: Titre\nlanguage: fr\ntopic: ai\ntranslation_of: en/a.md\nupdated: 2026-11-23\nevidence: survey\n"
    "sources:\n  - organisation: Flexera\n    document: Rapport\n    year: 2025\n",
    "en": "title: Title\nlanguage: en\ntopic: ai\nupdated: 2026-11-23\nevidence: survey\n"
    "sources:\n  - organisation: Flexera\n    document: Report\n    year: 2025\n",
}  # fmt: skip


def small(text: str, *, language: Language = "en", front: str | None = None) -> Document:
    return parse_document(f"{language}/a.md", f"---\n{front or FRONT[language]}---\n{text}".encode())


def figures(text: str, language: Language = "en") -> Document:
    return small(f"# T\n\n## {SHAPE[language][FIGURES]}\n\n- {text}\n", language=language)


WITHOUT_YEAR = FRONT["en"].replace("    year: 2025\n", "")
LONG = "word " * 45 + "end."
BROKEN: list[tuple[Callable[[Document], list[str]], Document]] = [
    (wrong_front_matter, small("# Title\n", front=FRONT["en"].replace("topic: ai", "topic: cooking"))),
    (wrong_front_matter, small("# Title\n", front=FRONT["en"] + "author: Nobody\n")),
    (wrong_front_matter, small("# Title\n", front=FRONT["en"].replace("updated: 2026-11-23\n", ""))),
    (wrong_front_matter, small("# Title\n", front=WITHOUT_YEAR)),
    (wrong_front_matter, small("# Title\n", front=FRONT["en"].split("sources")[0] + "sources: []\n")),
    (wrong_front_matter, small("# Another title\n")),
    (wrong_front_matter, small("# Titre\n", language="en", front=FRONT["fr"])),
    (wrong_headings, small("# One\n\n# Two\n")),
    (wrong_headings, small("# One\n\n### Three\n")),
    (wrong_headings, small("## Two\n")),
    (wrong_shape, small("# T\n\n## " + "\n\n## ".join(reversed(SHAPE["en"])) + "\n")),
    (wrong_length, small("# T\n\nToo short.\n")),
    (wrong_length, small("# T\n\n" + "word " * 2_001)),
    (long_sentences, small(f"# T\n\nShort. {LONG}\n")),
    (leaning_sentences, small("# T\n\nThe cloud is costly. This approach helps.\n")),
    (leaning_sentences, small("# T\n\nThe cloud is costly. It grows.\n")),
    (leaning_sentences, small("# T\n\nThe team grows. Both need help.\n")),
    (leaning_sentences, small("# T\n\nLe cloud coûte. Cela se voit.\n", language="fr")),
    (leaning_sentences, small("# T\n\nLe cloud coûte. Il grandit.\n", language="fr")),
    (leaning_sentences, small("# T\n\nLe cloud coûte. C’est le prix.\n", language="fr")),
    (unsourced_figures, figures("Spending rose a lot.")),
    (unsourced_figures, figures("Spending rose by 17%. Staff fell by 3% (Flexera, Report, 2025).")),
    (unsourced_figures, figures("Spending rose by 17% (Flexera, Report, 2024).")),
    (unsourced_figures, figures("Spending rose by 17% (Gartner, Report, 2025).")),
    (unsourced_figures, figures("Spending rose by 17% (Flexera).")),
    (unsourced_figures, small("# T\n\n## The lesson\n\nSavings reach USD 3 million.\n")),
    (unsourced_figures, small("# T\n\nLa facture atteint 3 millions d’euros.\n", language="fr")),
    (broken_links, small(f"# T\n\n[a]({ARTICLE}) and [b](nowhere.md).\n")),
    (broken_links, small(f"# T\n\n[a]({ARTICLE}#no-such-heading) and [b](finops.md).\n")),
    (broken_links, small("# T\n\n[b](finops.md).\n")),
    (broken_links, small(f"# T\n\n[a]({ARTICLE}).\n")),
    (foreign_paragraphs, small("# T\n\nLe directeur technique présente son budget au comité de direction.\n")),
    (foreign_paragraphs, small("# T\n\nThe technology leader presents the budget to the board.\n", language="fr")),
    *(
        (wrong_typography, small(f"# T\n\n{text}\n", language="fr"))
        for text in (
            "Pourquoi ?", "Pourquoi?", "Trois choses : a.", "Trois choses: a.", "Un ; deux.", "« oui\u00a0»", "«\u00a0oui »", "17 %",
            "17%", "3 €", "10 000 euros", "10000 euros", "1,366 incidents", "l'IA", "Dit “oui”.", "Fin .", "10\u202f000 euros",
            "deux  espaces",
        )
    ),
    *(
        (wrong_typography, small(f"# T\n\n{text}\n"))
        for text in ("Why ?", "Three : a.", "17 %", "17\u00a0%", "10 000 euros", "10000 euros", "it's", 'say "yes"', "«yes»", "a  b")
    ),
    (wrong_typography, small("# T\n", language="fr", front=FRONT["fr"].replace("Rapport", "Rapport ; suite"))),
    (undated_law, small("# T\n\nRegulation (EU) 2024/1689 applies.\n")),
    (undated_law, small("# T\n\nLe RGPD s’applique.\n", language="fr")),
    (undated_law, small("# T\n\nState of the law on 1 May 2027; check the official text before acting. NIS2 applies.\n")),
]  # fmt: skip


@pytest.mark.parametrize(("check", "document"), BROKEN)
def test_a_broken_document_is_objected_to(check: Callable[[Document], list[str]], document: Document) -> None:
    assert check(document)


def test_every_check_is_seen_to_object() -> None:
    assert {check for check, _ in BROKEN} == set(CHECKS)


@pytest.mark.parametrize(
    ("check", "document"),
    [
        (wrong_front_matter, small("# Title\n")),
        (wrong_front_matter, small("# Titre\n", language="fr")),
        (wrong_headings, small("# T\n\n## A\n\n### B\n\n## C\n")),
        (broken_links, small(f"# T\n\n[a]({ARTICLE}#the-authors-closing-advice) and [b](finops.md).\n")),
        (leaning_sentences, small("# T\n\nIt takes a year. Both speed and cost matter.\n")),
        (leaning_sentences, small("# T\n\nIl faut un an. Ilona décide. Sachez-le.\n", language="fr")),
        (unsourced_figures, figures("Spending rose by 17% (Flexera, Report, 2025).")),
        (unsourced_figures, figures("La dépense a crû de 17\u00a0% (Flexera, rapport, consulté en 2025).", "fr")),
        (
            wrong_typography,
            small(
                "# T\n\nLa norme ISO/IEC 42001:2023 coûte 10\u00a0000\u00a0€\u00a0: «\u00a0oui\u00a0»\u00a0!\n",
                language="fr",
            ),
        ),
        (wrong_typography, small("# T\n\nISO 27001 costs USD 10,000: “yes”, that’s 17%!\n")),
        (
            undated_law,
            small("# T\n\nState of the law on 1 May 2026; check the official text before acting. NIS2 applies.\n"),
        ),
    ],
)
def test_what_is_right_is_not_objected_to(check: Callable[[Document], list[str]], document: Document) -> None:
    assert check(document) == []


def test_every_document_has_its_twin_and_the_playbooks_are_twelve() -> None:
    assert sorted([f"en/{name}" for name in TWINS] + [f"fr/{name}" for name in TWINS]) == IDS
    assert [documents()[f"fr/{name}"].translation_of for name in TWINS] == [f"en/{name}" for name in TWINS]
    assert {documents()[f"en/{name}"].translation_of for name in TWINS} == {None}
    assert len([name for name in TWINS if name != ARTICLE]) == 12


@pytest.mark.parametrize("name", TWINS)
def test_twins_agree(name: str) -> None:
    assert disagreements(documents()[f"fr/{name}"], documents()[f"en/{name}"]) == []


@pytest.mark.parametrize(
    ("french", "english"),
    [
        ("Une hausse de 17\u00a0%.", "A rise of 17%."),
        ("Le 1er rang, puis le 6e, le 2 août 2026.", "1st, then 6th, on 2 August 2026."),
        (
            "Les 10\u00a0000 lignes et 1\u00a0000\u00a0000 de requêtes, soit 0,42.",
            "10,000 lines and 1,000,000 requests, or 0.42.",
        ),
    ],
)
def test_one_number_in_two_notations(french: str, english: str) -> None:
    assert disagreements(small(f"# T\n\n{french}\n", language="fr"), small(f"# T\n\n{english}\n")) == []


@pytest.mark.parametrize(
    ("french", "english"),
    [
        ("# T\n\nUne hausse de 17\u00a0%.\n", "# T\n\nA rise of 71%.\n"),
        ("# T\n\nUne hausse de 17\u00a0%.\n", "# T\n\nA rise of 17.\n"),
        ("# T\n\nLe 2 août 2026.\n", "# T\n\nOn 2 July 2026.\n"),
        ("# T\n\nEn 3 ou 3.\n", "# T\n\nIn 3.\n"),
        ("# T\n\n## A\n\nOui.\n", "# T\n\nYes.\n"),
        ("# T\n\nOui.\n\nNon.\n", "# T\n\nYes. No.\n"),
    ],
)
def test_twins_that_differ(french: str, english: str) -> None:
    assert disagreements(small(french, language="fr"), small(english))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_paragraph_says_what_another_says(language: Language) -> None:
    assert repetitions([document for document in documents().values() if document.language == language]) == []


def test_a_repetition_is_seen() -> None:
    said = "The owner of each service reviews its cost with finance every month"
    assert repetitions([small(f"# T\n\n{said}.\n\n{said} and quarter.\n")])
    assert not repetitions([small(f"# T\n\n{said}.\n\nFinance reviews what every owner of a service spends in a month.\n")])


def test_the_sections_are_those_of_the_playbooks() -> None:
    """Each heading that is told the kind of stands in the shape, and its translation has the same kind."""
    sections = read_sections(CORPUS / SECTIONS_FILE)
    kinds = [[sections.of([heading]) for heading in shape] for shape in SHAPE.values()]
    assert kinds[0] == kinds[1]
    assert len(sections.kinds) == sum(kind is not None for shape in kinds for kind in shape) > 0
