"""Markdown as generators, wikis and READMEs write it: marks never show, nothing said is lost, nothing private is said."""

from __future__ import annotations

import re
from itertools import count, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.documents.chunking import chunk_document
from advisor.documents.dialects import prepare
from advisor.documents.passages import embedded_text, lines_of_passage
from advisor.documents.reading import parse_document
from advisor.errors import DocumentError
from advisor.text.plain import plain

SAID = "The gate opens at six."


def shown(text: str, name: str = "a.md") -> list[tuple[tuple[str, ...], str]]:
    """Each sentence as a reader sees it, under its heading path."""
    document = parse_document(name, text.encode())
    chunks = chunk_document(document, chunk_chars=900)
    assert all(chunk.text == document.text[chunk.start : chunk.end] for chunk in chunks)
    return [(chunk.heading, plain(chunk.text_of(sentence))) for chunk in chunks for sentence in chunk.sentences]


@pytest.mark.parametrize(
    "opening",
    [
        '!!! warning "Hours"\n    {}',
        '!!! note inline end "Hours"\n\n    {}',
        '??? tip "Hours"\n    {}',
        '???+ tip "Hours"\n    {}',
        '=== "Hours"\n\n    {}',
        ":::danger Hours\n\n{}\n\n:::",
        ":::note[Hours]\n{}\n:::",
        "::: {{.tip}} Hours\n{}\n:::",
        "::::tip Hours\n{}\n::::",
        "> [!TIP] Hours\n> {}",
        "> [!faq]- Hours\n> {}",
        "```{{note}} Hours\n{}\n```",
        "<details>\n<summary>Hours</summary>\n\n{}\n\n</details>",
        "<details><summary><b>Hours</b></summary>\n{}\n</details>",
        "<details><summary>Hours</summary>{}</details>",
        '<TabItem value="a" label="Hours">\n\n{}\n\n</TabItem>',
    ],
)
def test_a_named_part_is_a_section_of_its_own(opening: str) -> None:
    text = f"# Site\n\nBefore.\n\n{opening.format(SAID)}\n\nAfter."
    assert shown(text) == [((), "Before."), (("Hours",), SAID), ((), "After.")]


@pytest.mark.parametrize(
    "block",
    [
        "!!! note\n    {}", "> [!IMPORTANT]\n> {}", ":::\n{}\n:::", "::: warning\n{}\n:::", '<p align="center">{}</p>',
        "<div class='x'>\n<p>\n{}\n</p>\n</div>", "<ul>\n<li>{}</li>\n</ul>", "<ul><li>\n{}\n</li></ul>", "[^1]: {}",
        "{{% block body %}}\n{}\n{{% endblock %}}", "{{{{< hint >}}}}\n{}\n{{{{< /hint >}}}}", "{}\n{{: .lead }}", "[TOC]\n\n{}",
        "[[_TOC_]]\n\n{}", "<center>{}</center>", "<Callout type='x'>\n{}\n</Callout>", "- [ ] {}", "- [x] {}", "<br>{}<br/>",
        "{} ^id1", "{} #ops/gate", "<a id='x'></a>\n\n{}", "<!-- toc -->\n\n{}", "> {}", "<kbd></kbd>{}", "{}[^note]",
    ],
)  # fmt: skip
def test_no_mark_is_shown(block: str) -> None:
    assert [said for _, said in shown(block.format(SAID))] == [SAID]


@pytest.mark.parametrize(
    ("marked", "stands"),
    [
        ("[[Ports|the ports]] and [[Gates#North]]", "the ports and Gates > North"),
        ("==all of it== counts", "all of it counts"),
        ("a == b and c == d", "a == b and c == d"),
        ("~~80~~ 60 euros, <del>50</del> <s>40</s>", "60 euros,"),
        ("10^6^ and 10<sup>6</sup>", "10⁶ and 10⁶"),
        ("H~2~O, ~5 of ~9", "H2O, ~5 of ~9"),
        ("from $5 to $6, $a_1+b$ is $$c$$", "from $5 to $6, a_1+b is c"),
        ("[the rule][r1] and [1][2]", "the rule and [1][2]"),
        ("costs {{ price }} a day {% if x %}now{% endif %}", "costs … a day now"),
        ("`{{ price }}` and `[[x]]` stay", "{{ price }} and [[x]] stay"),
        ("one<br>two", "one two"),
        ("# Gate {#gate .x}", "# Gate"),
        ("done :tada: at 10:30:45", "done at 10:30:45"),
        ("seen ![[plan.png]] here", "seen here"),
        ('![Plan](p.svg){: width="360px"} of [it](x){ target=_blank }, {n=5}', "Plan of it, {n=5}"),
        ("Gate\n: Opens at six", "Gate: Opens at six"),
    ],
)
def test_marks_within_a_line(marked: str, stands: str) -> None:
    assert plain(marked) == stands


def test_a_passage_is_shown_line_by_line_without_lines_that_are_marks() -> None:
    passage = "In the north.\n\n!!! note\n    Mind the step.\n\n> [!CAUTION]\n> Two watch.\n\n- [ ] one\n2. two\n\n| A | B |\n|---|:-:|\n| 1 | 2 |"
    lines = ["In the north.", "", "Mind the step.", "", "Two watch.", "", "- one", "2. two", "", "A · B", "1 · 2"]
    assert lines_of_passage(passage) == lines


UNSEEN = [
    "<script>{}</script>", "<style>\n{}\n\n{}</style>", "<div hidden>\n\n{}\n\n</div>", "<button hidden>{}</button>",
    '<p style="display:none">{}</p>', "<span hidden>{} <b>{}</b></span>", "%% {} %%", "%%\n{}\n\n{}\n%%", "{{# {} #}}",
    "{{% comment %}}{}{{% endcomment %}}", "{{{{/* {} */}}}}", "{{/* {} */}}", "<template>\n{}\n</template>",
]  # fmt: skip


@given(st.permutations(range(3)), st.sampled_from(UNSEEN), st.sampled_from([" ", "\n\n", "\n"]))
@settings(deadline=None)
def test_what_is_not_seen_goes_and_all_around_it_stays(order: list[int], unseen: str, between: str) -> None:
    """An element is removed, never the block that it stands in; no passage holds what is not seen."""
    parts = ["First is said.", "Last is told.", unseen.format("Secret word.", "Secret word.")]
    text = between.join(parts[at] for at in order)
    document = parse_document("a.md", text.encode())
    chunks = chunk_document(document, chunk_chars=900)
    said = " ".join(plain(chunk.text_of(sentence)) for chunk in chunks for sentence in chunk.sentences)
    assert "First is said." in said
    assert "Last is told." in said
    assert "Secret" not in said
    assert not any("Secret" in embedded_text(chunk) for chunk in chunks)
    assert document.hidden > 0


def test_code_that_names_a_hidden_element_is_said() -> None:
    text = "Write `<div hidden>` or:\n\n```html\n<script>x</script>\n```\n\nAnd go on."
    assert "And go on." in [said for _, said in shown(text)]
    assert any("<div hidden>" in said or "Write" in said for _, said in shown(text))


@settings(deadline=None)
@given(st.lists(st.sampled_from(
    [
        "!!! note", '=== "T"', "    in", ":::x", ":::", "> [!a]", "> q", "```{n}", "```", "~~~", "<details>", "</details>",
        "<summary>s</summary>", "<h1>", "</h1>", "<li>", "text", "", "# h", "- i", "{% highlight x %}", "{% endhighlight %}", "%%",
    ]
)), st.sampled_from(["\n", "\r\n", "\r"]))  # fmt: skip
def test_lines_stay_where_they_are(lines: list[str], newline: str) -> None:
    body = newline.join(lines)
    prepared = prepare(body)
    assert re.findall(r"\r\n?|\n", prepared.lines) == re.findall(r"\r\n?|\n", body)
    assert len(prepared.seen) == len(body)
    chunk_document(parse_document("a.md", body.encode()), chunk_chars=300)


def test_html_of_readmes_gives_structure() -> None:
    text = '<h1 align="center">\n  Gate\n</h1>\n<p>It is high.</p>\n\n<h2>Rules</h2>\n\n<ul>\n<li>One</li>\n<li>Two</li>\n</ul>\n'
    assert parse_document("a.md", text.encode()).title == "Gate"
    assert shown(text) == [((), "It is high."), (("Rules",), "One"), (("Rules",), "Two")]


@pytest.mark.parametrize(
    ("unread", "kept"),
    [
        ("```mermaid\ngraph TD\n  A[Client] --> B\n```", "```sh\nopen --gate\n```"),
        ("~~~ {mermaid}\nA --> B\n~~~", "`mermaid` draws it."),
        ("[Home](README.md) > [Site](site/README.md) > Gate", "Menu > Print prints it."),
        ("[Home](../README.md) › [Gate](gate.md)", "[Home](../README.md) is here."),
    ],
)
def test_what_is_no_text_to_a_reader_is_no_passage(unread: str, kept: str) -> None:
    """Diagrams that are shown as pictures, and the way to the page."""
    text = f"# Site\n\n{unread}\n\n{SAID}\n\n{unread}\n\n{kept}\n"
    assert [said for _, said in shown(text)] == [SAID, plain(kept)]


def test_code_keeps_its_marks_as_the_beginning_of_a_passage() -> None:
    document = parse_document("a.md", b"# A\n\n```sh\nopen --gate\n```\n\n# B\n\n`gate` opens at six.\n")
    chunks = chunk_document(document, chunk_chars=900)
    assert [chunk.text for chunk in chunks] == ["```sh\nopen --gate\n```", "`gate` opens at six."]


# A mark around words, as often as there are words: {} in its heading, where it has one, and in its text.
MARKED = (
    '!!! note "{}"\n\n    {}', '=== "{}"\n\n    {}\n\n    {}', ":::tip {}\n{}\n:::", "> [!NOTE] {}\n> {}\n> {}",
    "<details><summary>{}</summary>\n\n{}\n\n</details>", "```{{note}} {}\n{}\n```", "## {}\n\n{}", "- [ ] {}\n- {}\n  - {}",
    "| {} | {} |\n|---|---|\n| {} | {} |", "```sh\n{}\n```", "> {}\n\n{}", "<p align='center'>{}</p>\n\n{}",
    "<ul>\n<li>{}</li>\n<li>{}</li>\n</ul>", "[[page|{}]] and =={}==", "{}\n: {}", "<div class='x'>\n\n{}\n\n</div>",
    "{{% block %}}\n{}\n{{% endblock %}}", "{} ^id", "1. {}\n\n   {}\n2. {}", "{}[^1]\n\n[^1]: {}",
)  # fmt: skip


@given(st.lists(st.sampled_from(MARKED), min_size=1, max_size=8))
@settings(deadline=None, max_examples=50)
def test_each_word_is_said_once_and_in_order_whatever_marks_stand_around_it(marks: list[str]) -> None:
    words = (f"word{number}" for number in count())
    parts = [mark.format(*(f"The {next(words)} counts." for _ in range(mark.count("{}")))) for mark in marks]
    passages = shown("\n\n".join(["# Site", *parts, "It ends."]))
    told = [part for path, said in passages for part in (*path, said)]
    found = list(dict.fromkeys(re.findall(r"word\d+", " ".join(told))))
    assert found == [f"word{number}" for number in range(int(next(words).removeprefix("word")))]
    said = " ".join(said for _, said in passages)
    assert all(said.count(f"{word} ") <= 1 for word in found)


def test_mdx() -> None:
    text = "import X from './x'\nexport const a = 1\n\n# Gate\n\n<X a={1}>It is **high**.</X>\n"
    assert shown(text, "a.mdx") == [((), "It is high.")]


FENCES = {
    "---": ("title: Gate plan\nupdated: 2026-02-01", "---"),
    "+++": ('title = "Gate plan"\nupdated = 2026-02-01', "+++"),
}


@pytest.mark.parametrize(("mark", "before"), [*product(FENCES, ["", "<!-- lint off -->\n", "\ufeff", "<!-- a\nb -->\n\n"])])
def test_front_matter_of_other_tools(mark: str, before: str) -> None:
    block, end = FENCES[mark]
    for closing in {end, "..."} if mark == "---" else {end}:
        text = f"{before}{mark}\n{block}\n{closing}\n\n{SAID}\n"
        document = parse_document("a.md", text.encode())
        assert (document.title, document.updated, document.text[document.body_start :].strip()) == (
            "Gate plan",
            "2026-02-01",
            SAID,
        )


@pytest.mark.parametrize(
    ("block", "title", "updated"),
    [
        ("Last updated: 3 March 2026\nDocument owner: Ann", "Gate", "3 March 2026"),
        ("Title: A\nlastmod: 2026-01-02", "A", "2026-01-02"),
        ("Note that we say: this: is no key\nand this is no key\n", "Gate", None),
    ],
)
def test_keys_as_people_write_them(block: str, title: str, updated: str | None) -> None:
    document = parse_document("a.md", f"---\n{block}\n---\n\n# Gate\n\n{SAID}\n".encode())
    assert (document.title, document.updated) == (title, updated)


def test_toml_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(DocumentError, match="front matter that cannot be read"):
        parse_document("a.md", b"+++\ntitle = \n+++\n\nText.\n")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "a.md",
            "# Gate\n\nWho opens?\n\nThe guard does.\n\nAt six.\n\n**When does it close?**\n\nAt ten.\n\n## Else\n\nNo.",
        ),
        ("a.txt", "Gate\n\nWho opens?\n\nThe guard does.\n\nAt six.\n\nWhen does it close?\n\nAt ten.\n\nElse\n\nNo."),
    ],
)
def test_a_paragraph_that_only_asks_is_the_heading_of_its_answer(name: str, text: str) -> None:
    asked = [(heading[-1] if heading else "", said) for heading, said in shown(text, name)]
    assert asked == [
        ("Who opens?", "The guard does."), ("Who opens?", "At six."), ("When does it close?", "At ten."), ("Else", "No."),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["Who opens?", "Who opens?\n\nWho closes?", "- Who opens?\n- Who closes?"])
def test_questions_without_an_answer_stay_what_they_are(text: str) -> None:
    assert [heading for heading, _ in shown(text)] == [()] * len(text.replace("\n\n", "\n").splitlines())
