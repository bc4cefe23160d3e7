"""What is read from a page: all that its reader sees, at once or after one click, and with the sense that its marks give it."""

from __future__ import annotations

import re
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.documents.chunking import chunk_document
from advisor.documents.formats.html import read_html
from advisor.documents.reading import parse_document
from advisor.text.marks import raised


def read(body: str, head: str = "") -> str:
    return read_html(f"<html><head>{head}</head><body><main>{body}</main></body></html>").text


@pytest.mark.parametrize(
    ("said", "stands"),
    [
        ("10<sup>9</sup> calls", "10⁹ calls"),
        ("2<sup>-12</sup>", "2⁻¹²"),
        ("x<sup>n+1</sup>", "xⁿ⁺¹"),
        ("e<sup>t</sup>", "e^t"),
        ("e<sup>2t</sup>", "e^(2t)"),
        (
            "le 1<sup>er</sup> mai, M<sup>me</sup> Roy, the 2<sup>nd</sup>, Name<sup>TM</sup>",
            "le 1er mai, Mme Roy, the 2nd, NameTM",
        ),
        ("CO<sub>2</sub>", "CO2"),
        ("paid<sup><a href=#f1>1</a></sup>.", "paid."),
        ("<del>80</del> <ins>60</ins> euros", "60 euros"),
        ("<s>80</s><strike>81</strike> 60", "60"),
        ('<span style="text-decoration: line-through red">80</span> 60', "60"),
        ("<math><msup><mn>10</mn><mn>6</mn></msup></math> rows", "10^6 rows"),
        ("<math><mfrac><mi>a</mi><mrow><mi>b</mi><mo>+</mo><mn>1</mn></mrow></mfrac></math>", "a/(b+1)"),
        (
            '<math><semantics><msup><mn>4</mn><mn>2</mn></msup><annotation encoding="application/x-tex">4^{2}</annotation>'
            "</semantics></math> = 16",
            "4^2 = 16",
        ),
        ('<span aria-hidden="true">42</span> days', "42 days"),
        ('<i class="icon" aria-hidden="true">arrow_forward</i>Go', "Go"),
    ],
)
def test_marks_that_change_what_is_said(said: str, stands: str) -> None:
    assert read(f"<p>{said}</p>") == f"{stands}\n"


@given(st.integers(min_value=0, max_value=10**6), st.integers(min_value=0, max_value=10**6))
def test_no_digit_above_the_line_joins_those_on_it(base: int, exponent: int) -> None:
    assert f"{base}{exponent}" not in f"{base}{raised(str(exponent), str(base))}"


WORDS = st.sampled_from(
    ["cookies", "share", "social", "related", "comments", "menu", "newsletter", "consent", "promo", "ads"]
)


@given(WORDS, st.sampled_from(["", "-of-last-year", "-policy"]), st.sampled_from(["section", "div"]))
def test_a_section_is_read_whatever_word_its_heading_begins_with(word: str, rest: str, tag: str) -> None:
    name = f"{word}{rest}"
    heading = name.replace("-", " ").capitalize()
    filling = "<p>" + "Much else is said of other things. " * 20 + "</p>"
    text = read(
        f"{filling}<{tag} id={name}><h2>{heading}</h2><p>This is said.</p></{tag}><h2 id={name}>Again</h2><p>And this."
    )
    assert f"## {heading}\n\nThis is said.\n\n## Again\n\nAnd this." in text


def test_widgets_are_still_left_out() -> None:
    filling = "<p>" + "Much is said of other things. " * 20 + "</p>"
    widgets = "".join(f"<div class={name}>Click here</div>" for name in ("share-buttons", "related-posts", "cookie-banner"))
    text = read(
        f"{filling}{widgets}<div id=newsletter>Subscribe</div><button>Copy</button><button aria-expanded=false class=menu>M"
    )
    assert not any(words in text for words in ("Click", "Subscribe", "Copy"))
    assert not text.endswith("M\n")


def test_a_class_like_the_heading_is_a_widget_where_something_can_be_clicked() -> None:
    filling = "<p>" + "Much is said of other things. " * 20 + "</p>"
    price = "<div class=share-price><h2>Share price</h2><p>It is told in May.</p></div>"
    posts = "<div class=related-posts><h2>Related posts</h2><p><a href=/b>On whales</a></p></div>"
    text = read(f"{filling}{price}{posts}")
    assert "## Share price\n\nIt is told in May." in text
    assert "Related" not in text


@pytest.mark.parametrize(
    "page",
    [
        "<details><summary>Who pays?</summary><p>The buyer.</p></details>",
        "<h2><button>Who pays?</button></h2><div>The buyer.</div>",
        "<button aria-expanded=false aria-controls=a>Who pays?</button><div id=a hidden>The buyer.</div>",
        '<button data-bs-target="#a" class="accordion-button">Who pays?</button><div id=a style="display:none">The buyer.</div>',
        "<ul role=tablist><li><a href='#a'>Who pays?</a></ul><div role=tabpanel id=a hidden>The buyer.</div>",
        "<dl><dt>Who pays?</dt><dd>The buyer.</dd></dl>",
    ],
)
def test_what_a_click_shows_stands_under_the_words_clicked(page: str) -> None:
    assert read(f"<h1>Terms</h1>{page}<h2>Else</h2><p>No.") == "# Terms\n\n## Who pays?\n\nThe buyer.\n\n## Else\n\nNo.\n"


def test_what_follows_a_fold_is_not_under_its_heading() -> None:
    text = read("<h1>A</h1><p>Open.</p><details><summary>More</summary><p>Folded.</p></details><p>After.</p>")
    chunks = chunk_document(parse_document("a.md", text.encode()), chunk_chars=900)
    assert [(chunk.heading, chunk.text) for chunk in chunks] == [((), "Open."), (("More",), "Folded."), ((), "After.")]


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        ("<aside class=tip><p>Mind the gap.</p></aside>", True),
        ("<aside><p>Mind the gap.</p></aside>", True),
        ('<p style="color:#fff;background:url(dark.png)">Mind the gap.</p>', True),
        ('<div class="dark-theme"><p style="color:white">Mind the gap.</p></div>', True),
        ('<p style="color:white">Mind the gap.</p>', False),
        ('<style>.light{background:white}</style><div class="light"><p style="color:white">Mind the gap.</p></div>', False),
        ("<div hidden>Mind the gap.</div>", False),
        ("<p>Read:</p><ul><li><a href=a>Mind</a><li><a href=b>the</a><li><a href=c>gap</a></ul>", True),
        ("<ul><li><a href=#a>Mind</a><li><a href=#b>the</a><li><a href=#c>gap</a></ul>", False),
    ],
)
def test_what_is_seen_and_what_is_not(page: str, seen: bool) -> None:
    assert ("Mind" in read(f"<p>Text.</p>{page}")) is seen


@given(st.data())
def test_each_cell_of_a_table_is_under_its_own_column(data: st.DataObject) -> None:
    """Rectangles that cover a grid: each says where it is, and is found there in each row that it covers."""
    rows, columns = data.draw(st.integers(2, 5)), data.draw(st.integers(2, 5))
    grid: dict[tuple[int, int], str] = {}
    body = "<thead><tr>" + "".join(f"<th>h{column}" for column in range(columns)) + "</tr></thead>"
    for row in range(rows):
        body += "<tr>"
        for column in range(columns):
            if (row, column) in grid:
                continue
            wide, high = data.draw(st.integers(1, 2)), data.draw(st.integers(1, 2))
            while any((row, column + more) in grid or column + more >= columns for more in range(wide)):
                wide -= 1
            grid |= {
                (row + down, column + more): f"r{row}c{column}"
                for down in range(high)
                for more in range(wide)
                if row + down < rows
            }
            body += f"<td rowspan={high} colspan={wide}>r{row}c{column}</td>"
        body += "</tr>"
    lines = read(f"<table>{body}</table>").splitlines()[2:]
    for row, line in enumerate(lines):
        cells = line.strip("| ").split(" | ")
        expected = [grid[row, column] for column in range(columns)]
        assert cells == expected or len(set(expected)) == 1


def test_tables_and_terms() -> None:
    table = read(
        "<table><caption>Levels</caption><thead><tr><th rowspan=2>Tier<th colspan=2>Reply<tr><th>Day<th>Night</thead>"
        "<tr><td>Gold<td><ul><li>phone<li>mail</ul><td>mail</table>"
    )
    assert table == "Levels\n\n| Tier | Reply Day | Reply Night |\n| --- | --- | --- |\n| Gold | phone; mail | mail |\n"
    terms = read("<dl><dt>RTO<dt>Recovery time<dd><p>Four hours.</p><p>By day.</p><dt>Steps<dd><ul><li>one<li>two</ul></dl>")
    assert terms == "RTO, Recovery time: Four hours.\n\nBy day.\n\nSteps:\n\n- one\n- two\n"
    terms = read("<dl><dt>RTO<dd>Four hours.<dd>Eight at night.<dt>RPO<dd></dd><dt>SLA<dd>99 %.</dl><p>After.")
    assert terms == "RTO: Four hours.\n\nRTO: Eight at night.\n\nRPO:\n\nSLA: 99 %.\n\nAfter.\n"


BLOCKS = (
    "<p>{}</p>", "<h2>{}</h2><p>{}</p>", "<ul><li>{}</li><li><p>{}</p><p>{}</p></li></ul>", "<ol><li>{}<ul><li>{}</li></ul></li></ol>",
    "<blockquote><p>{}</p>{}</blockquote>", "<div><div>{}</div><section>{}</section></div>", "<p>{}<br>{}</p>", "<pre>{}</pre>",
    "<table><tr><th>{}</th><th>{}</th></tr><tr><td>{}</td><td><p>{}</p></td></tr></table>", "<dl><dt>{}</dt><dd>{}</dd></dl>",
    "<details><summary>{}</summary><p>{}</p></details>", "<figure><p>{}</p><figcaption>{}</figcaption></figure>", "{}<p>{}</p>{}",
    "<p>{} <b>{}</b> <a href=x>{}</a> <code>{}</code></p>", "<aside><p>{}</p></aside>", "<article><header><p>{}</p></header>{}</article>",
)  # fmt: skip


@given(st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=8))
def test_each_word_of_a_page_is_read_once_and_in_order(blocks: list[str]) -> None:
    words = (f"word{number}" for number in count())
    body = "".join(block.format(*(f"The {next(words)} counts." for _ in range(block.count("{}")))) for block in blocks)
    total = int(next(words).removeprefix("word"))
    said = dict.fromkeys(read(f"<h1>A page</h1>{body}").split("\n\n"))  # a heading stands once more after a fold below it
    assert re.findall(r"word\d+", "\n\n".join(said)) == [f"word{number}" for number in range(total)]


@pytest.mark.parametrize("span", ["99999", "-3", "x", "0"])
def test_a_span_without_end_is_no_bomb(span: str) -> None:
    row = f"<tr><td rowspan={span} colspan={span}>a<td>b</tr>"
    assert len(read(f"<table>{row * 300}</table>")) < 1_000_000
