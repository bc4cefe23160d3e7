"""Document -> chunks: spans, sizes and headings, on any text."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.documents.chunking import chunk_document
from advisor.documents.folder import list_files
from advisor.documents.formats.file_type import SUFFIXES
from advisor.documents.reading import parse_document
from advisor.text.plain import NEWLINE, plain
from advisor.types import Chunk, Document

LONGEST = 200
WORD = re.compile(r"[^\W_]+")

LINES = st.one_of(
    st.sampled_from(
        [
            "", "", "# Titre", "## Section deux", "### Section trois ##", "Setext", "=====", "-----", "---", "***",
            "- point un", "  - point imbriqué", "1. premier", "2. 2", "- [ ] tâche :", "> citation", "> > citation double",
            "```python", "```", "~~~", "    code indenté", "\tcode", "<div>", "</div>", "<!-- remarque -->", "<br/>",
            "| a | b |", "|---|---|", "| 1 | deux |", "[ref]: https://x.fr", "![image](a.png)", "**Gras.** Suite : 3 * 4.",
            "Une phrase. Une autre ! Et une troisième ?", "M. Dupont arrive.", "🧭 Le cap 🚀.", "e\u0301te\u0301 ß ﬁn",
            "mot " * 60, "x" * 450, "a\u2028b\x0bc\x0cd", "-", "•  puce", "title: T",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40),
)  # fmt: skip


@st.composite
def sources(draw: st.DrawFn) -> str:
    """Documents line by line, with any newlines, with or without one at the end."""
    lines = draw(st.lists(LINES, max_size=25))
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    start = draw(st.sampled_from(["", "", "\ufeff", newline.join(["---", "title: Le titre", "---", ""])]))
    return start + newline.join(lines) + draw(st.sampled_from(["", newline]))


def chunks_of(text: str, name: str = "a.md", *, longest: int = LONGEST) -> tuple[Document, list[Chunk]]:
    document = parse_document(name, text.encode())
    return document, chunk_document(document, chunk_chars=longest)


def check(document: Document, chunks: list[Chunk], longest: int) -> None:
    """What holds for the chunks of any document."""
    for chunk in chunks:
        assert chunk.text == document.text[chunk.start : chunk.end]
        assert document.body_start <= chunk.start < chunk.end
        assert chunk.text.strip() == chunk.text
        assert chunk.start_line == len(NEWLINE.findall(document.text[: chunk.start])) + 1
        assert chunk.end_line == len(NEWLINE.findall(document.text[: chunk.end])) + 1
        assert len(chunk.text) <= longest
        assert chunk.sentences
        assert (chunk.sentences[0].start, chunk.sentences[-1].end) == (chunk.start, chunk.end)
        assert all(left.end <= right.start and left.block <= right.block for left, right in pairwise(chunk.sentences))
        assert all(sentence.start < sentence.end for sentence in chunk.sentences)
        assert document.title not in chunk.heading
    assert all(left.end <= right.start for left, right in pairwise(chunks))
    assert len({chunk.id for chunk in chunks}) == len(chunks)


@settings(max_examples=300, deadline=None)
@given(sources(), st.sampled_from(["a.md", "a.txt"]))
def test_any_document(text: str, name: str) -> None:
    document, chunks = chunks_of(text, name)
    check(document, chunks, LONGEST)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), st.sampled_from(["a.md", "a.txt"]))
def test_any_characters(text: str, name: str) -> None:
    document, chunks = chunks_of(text, name)
    check(document, chunks, LONGEST)


PARAGRAPH = st.lists(
    st.sampled_from(
        ["Le", "CTO", "décide.", "Pourquoi ?", "M.", "Il", "(voir", "annexe)", "«", "oui", "»", "17", "%", "🧭", "etc."]
    ),
    min_size=1,
    max_size=90,
).map(" ".join)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["", "- ", "> ", "1. "]), PARAGRAPH), min_size=1, max_size=8))
def test_no_word_is_lost(blocks: list[tuple[str, str]]) -> None:
    """Every word of the paragraphs is in a sentence of some chunk, in order, or asks what the heading of a chunk asks."""
    text = "\n\n".join(mark + paragraph for mark, paragraph in blocks)
    document, chunks = chunks_of(text)
    check(document, chunks, LONGEST)
    found = [w for c in chunks for s in c.sentences for w in WORD.findall(document.text[s.start : s.end])]
    words = [word for _, paragraph in blocks for word in WORD.findall(paragraph)]
    rest = iter(words)
    assert all(word in rest for word in found)
    assert set(words) == set(found) | {word for chunk in chunks for word in WORD.findall(" ".join(chunk.heading))}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(PARAGRAPH, st.sampled_from(["Titre court", "Un autre", "-----"])), min_size=1, max_size=8))
def test_no_word_of_plain_text_is_lost(blocks: list[str]) -> None:
    """Lines that could be headings are in a chunk or in the heading path of one, or are the title."""
    document, chunks = chunks_of("\n\n".join(blocks), "a.txt")
    check(document, chunks, LONGEST)
    held = {word for c in chunks for word in WORD.findall(" ".join((c.title, *c.heading, c.text)))}
    assert set(WORD.findall(document.text)) <= held | set(WORD.findall(document.title))


@settings(max_examples=200, deadline=None)
@given(st.lists(PARAGRAPH, min_size=1, max_size=6), st.sampled_from([200, 500, 900]))
def test_a_sentence_reads_the_same_alone_and_in_its_chunk(paragraphs: list[str], longest: int) -> None:
    """Verification looks for the sentence, as shown, in its lines, as shown."""
    document, chunks = chunks_of("\n\n".join(f"**{p}** *{p}* [{p}](u)" for p in paragraphs), longest=longest)
    for chunk in chunks:
        for sentence in chunk.sentences:
            shown = plain(document.text[sentence.start : sentence.end])
            if shown.count("[") == shown.count("]"):  # a link cut between sentences cannot be resolved
                assert shown in plain(chunk.text)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_headings(newline: str) -> None:
    lines = ["# Doc", "", "Intro.", "", "Setext", "------", "", "Un.", "", "### Trois ###", "", "Deux.", "", "## Vide", "",
             "## Section", "", "Trois."]  # fmt: skip
    document, chunks = chunks_of(newline.join(lines))
    assert document.title == "Doc"
    assert [(chunk.heading, chunk.text, chunk.start_line) for chunk in chunks] == [
        ((), "Intro.", 3),
        (("Setext",), "Un.", 8),
        (("Setext", "Trois"), "Deux.", 12),
        (("Section",), "Trois.", 18),
    ]


def test_two_sections_of_one_name_are_not_joined() -> None:
    """The heading between them would be inside the chunk."""
    _, chunks = chunks_of("## Exemple\n\nUn.\n\n## Exemple\n\nDeux.\n")
    assert [(chunk.heading, chunk.text) for chunk in chunks] == [((), "Un."), ((), "Deux.")]


def test_lists_and_quotes_start_after_their_marks() -> None:
    text = "- un point\n  - imbriqué\n    suite\n1. 1\n2. 2 %\n\n> cité\n> encore\n\n> > double\n"
    document, chunks = chunks_of(text)
    assert [(document.text[s.start : s.end], s.is_item) for c in chunks for s in c.sentences] == [
        ("un point", True),
        ("imbriqué\n    suite", True),
        ("1", True),
        ("2 %", True),
        ("cité\n> encore", False),
        ("double", False),
    ]


def test_blocks_that_are_no_paragraphs() -> None:
    text = (
        "# D\n\n```sh\n# pas un titre\nmake\n```\n\n| a | b |\n|---|---|\n| 1 | deux |\n\n<div>\nbloc html\n</div>\n\n"
        "    indenté\n\n<!-- -->\n\n---\n\n![](x.png)\n"
    )
    document, chunks = chunks_of(text)
    held = " ".join(document.text[s.start : s.end] for c in chunks for s in c.sentences)
    assert all(word in held for word in ("pas un titre", "make", "| 1 | deux |", "bloc html", "indenté"))
    assert "x.png" not in held
    assert {chunk.heading for chunk in chunks} == {()}


def test_front_matter_is_in_no_chunk() -> None:
    document, chunks = chunks_of("---\ntitle: T\ntopic: cloud\n---\nLe corps.")
    assert [(c.text, c.start, c.start_line) for c in chunks] == [("Le corps.", document.body_start, 5)]


def test_a_document_of_headings_has_no_chunks() -> None:
    assert chunks_of("# Un\n\n## Deux\n\n<!-- rien -->\n")[1] == []
    assert chunks_of("")[1] == []


def test_an_announcement_goes_with_its_list() -> None:
    text = "Phrase de remplissage assez longue. " * 4 + "\n\nTrois règles :\n\n" + "- une règle à suivre.\n" * 6
    _, chunks = chunks_of(text)
    with_rules = [chunk.text for chunk in chunks if "Trois règles :" in chunk.text]
    assert len(with_rules) == 1
    assert with_rules[0].startswith("Trois règles :\n\n- une règle")


def test_a_long_announcement_does_not_break_the_limit() -> None:
    announcement = "a" * 20 + " mot" * 40 + " :"
    document, chunks = chunks_of(f"Début.\n\n{announcement}\n\n- {'point ' * 25}\n")
    check(document, chunks, LONGEST)


@pytest.mark.parametrize("name", ["a.md", "a.txt"])
@pytest.mark.parametrize("unit", ["mot ", "x", "Une phrase de taille moyenne. ", "[", "**", "> ", "🧭 é ", "`a "])
def test_a_line_of_100_000_characters(name: str, unit: str) -> None:
    text = unit * (100_000 // len(unit))
    document, chunks = chunks_of(text, name, longest=900)
    check(document, chunks, 900)
    assert sum(len(WORD.findall(chunk.text)) for chunk in chunks) >= len(WORD.findall(text))


def test_plain_text_headings() -> None:
    text = "Le titre\n\nPartie A\n\nTexte de A.\n\nCourt sans rien dessous\n\nPartie B\n\nTexte de B.\n\n- seul\n\nfin du fichier"
    document, chunks = chunks_of(text, "a.txt")
    assert document.title == "Le titre"
    assert [(chunk.heading, chunk.text) for chunk in chunks] == [
        (("Partie A",), "Texte de A.\n\nCourt sans rien dessous"),
        (("Partie B",), "Texte de B.\n\n- seul\n\nfin du fichier"),
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_plain_text_lists(newline: str) -> None:
    text = newline.join(["Les règles sont :", "- une ;", "2) deux ;", "• trois.", "", "Fin."])
    document, chunks = chunks_of(text, "a.txt")
    assert [(document.text[s.start : s.end], s.is_item) for c in chunks for s in c.sentences] == [
        ("Les règles sont :", False), ("une ;", True), ("deux ;", True), ("trois.", True), ("Fin.", False),
    ]  # fmt: skip


def test_a_file_of_one_short_line_is_not_empty() -> None:
    assert [chunk.text for chunk in chunks_of("Le budget est de 3 M€", "a.txt")[1]] == ["Le budget est de 3 M€"]


def test_the_corpus_of_the_repository(project_root: Path) -> None:
    """No heading is a chunk, no chunk is over the limit, every chunk has a sentence."""
    files = list_files(project_root / "corpus")
    assert files
    for path in files:
        document = parse_document(path.name, path.read_bytes())
        chunks = chunk_document(document, chunk_chars=900)
        check(document, chunks, 900)
        assert not any(re.match(r"#{1,6} ", line) for chunk in chunks for line in chunk.text.splitlines())


def test_a_table_is_read_row_by_row_without_its_rule() -> None:
    table = "| Level | Notice |\n|:--|--:|\n| Senior | 3 months |\n| Junior \\| trainee | **1 month** |\n"
    document = parse_document("pay.md", f"# Pay\n\nWho leaves tells us before.\n\n{table}".encode())
    [chunk] = chunk_document(document, chunk_chars=900)
    rows = [plain(chunk.text_of(sentence)) for sentence in chunk.sentences if sentence.is_item]
    assert rows == ["Level · Notice", "Senior · 3 months", "Junior | trainee · 1 month"]


@pytest.mark.parametrize("folder", ["seed", "data/history-finops-en", "data/etalab-guides-fr"])
def test_real_documents(seed_dir: Path, folder: str) -> None:
    for path in sorted((seed_dir.parent / folder).rglob("*"))[:60]:
        if path.suffix in SUFFIXES and path.suffix != ".json":  # what there is of JSON describes the documents
            document = parse_document(path.name, path.read_bytes())
            chunks = chunk_document(document, chunk_chars=900)
            assert chunks or "<script>" in document.text  # a page that only leads to another says nothing
            check(document, chunks, 900)


def test_a_list_item_that_fits_is_not_cut() -> None:
    items = [f"- Point {number}. Il dit une chose. Il en dit une autre, un peu plus longue.\n" for number in range(9)]
    _, chunks = chunks_of("".join(items))
    assert len(chunks) > 1
    blocks = [{sentence.block for sentence in chunk.sentences} for chunk in chunks]
    assert all(not left & right for left, right in pairwise(blocks))


def test_a_paragraph_that_does_not_fit_is_cut_between_sentences() -> None:
    _, chunks = chunks_of("Une phrase de taille moyenne. " * 20)
    assert len(chunks) > 1
    assert all(chunk.text.endswith(".") for chunk in chunks)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12))
def test_no_tail_of_a_section_is_a_passage_where_its_neighbour_has_room(lengths: list[int]) -> None:
    text = "\n\n".join("Un mot " * length + "fin." for length in lengths)
    _, chunks = chunks_of(text, longest=900)
    for left, right in pairwise(chunks):
        assert min(len(left.text), len(right.text)) >= 80 or right.end - left.start > 900


@pytest.mark.parametrize(
    "address", ["<https://example.org/a>", "https://example.org/a", "[https://example.org](x)", "a@example.org"]
)
def test_an_address_alone_is_no_passage(address: str) -> None:
    assert [chunk.text for chunk in chunks_of(f"# Liens\n\n## Un\n\n{address}\n\n## Deux\n\nIl dit.\n")[1]] == ["Il dit."]
