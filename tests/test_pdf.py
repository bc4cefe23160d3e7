"""What is read from PDF pages: lines in the order of reading, tables as tables, and only what is seen."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_files import Word, assembled, lines, pdf

from advisor.documents.formats.extracted import Extracted
from advisor.documents.formats.pdf import read_pdf
from advisor.errors import DocumentError

LEFT = (
    "The first hall holds thirty racks in",
    "two rows and is cooled by water from",
    "the river. Each of the racks may draw",
    "nine kilowatts, and not more at night.",
    "The guard looks at the meters daily.",
)
RIGHT = (
    "The second hall is kept dry for tape",
    "and opened once in a month. Nobody",
    "goes there alone. A lamp above the",
    "door says whether the gas is armed, so",
    "that people can leave before it flows.",
)
SAID = (" ".join(LEFT), " ".join(RIGHT))


def read(data: bytes) -> Extracted:
    return read_pdf(data, max_pages=50, max_chars=100_000)


def drawn(content: str, *, page: str = "", catalog: str = "", more: tuple[bytes, ...] = ()) -> bytes:
    """A PDF of one page with these operators; F1 is Helvetica."""
    stream = content.encode("latin-1")
    return assembled(
        [
            f"<</Type/Catalog/Pages 2 0 R{catalog}>>".encode(),
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>{page}>>".encode(),
            b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
            *more,
        ]
    )


def columns(order: str) -> list[Word]:
    pairs = [
        [(60.0, 780.0 - 14 * at, 10.0, left), (320.0, 780.0 - 14 * at, 10.0, right)]
        for at, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True))
    ]
    rows = [word for pair in pairs for word in pair]
    return {"by row": rows, "by column": rows[::2] + rows[1::2], "upwards": [w for pair in pairs[::-1] for w in pair]}[order]


@pytest.mark.parametrize("order", ["by row", "by column", "upwards"])
def test_columns_are_read_one_after_the_other_however_they_are_drawn(order: str) -> None:
    text = " ".join(read(pdf([columns(order)])).text.split())
    assert all(words in text for words in SAID)


@pytest.mark.parametrize("step", [1, -1])
def test_a_page_drawn_from_its_bottom(step: int) -> None:
    page = [(60.0, 780.0 - 14 * at, 10.0, LEFT[at]) for at in range(len(LEFT))][::step]
    assert SAID[0] in read(pdf([page])).text


@pytest.mark.parametrize(("rotate", "matrix"), [(0, "1 0 0 1"), (90, "0 1 -1 0"), (180, "-1 0 0 -1"), (270, "0 -1 1 0")])
def test_a_page_that_is_turned_reads_like_any_other(rotate: int, matrix: str) -> None:
    starts = {0: (60, 780, 0, -14), 90: (60, 60, 14, 0), 180: (535, 60, 0, 14), 270: (535, 780, -14, 0)}
    x, y, right, down = starts[rotate]
    content = "".join(
        f"BT /F1 10 Tf {matrix} {x + right * at} {y + down * at} Tm ({line}) Tj ET\n" for at, line in enumerate(LEFT)
    )
    found = read(drawn(content, page=f"/Rotate {rotate}")).text
    assert found == f"{SAID[0]}\n"


CELLS = st.text("abcdefgh", min_size=2, max_size=9)


@given(
    st.integers(2, 4).flatmap(
        lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=3, max_size=6)
    )
)
@settings(deadline=None, max_examples=25)
def test_rows_of_cells_are_a_table(rows: list[list[str]]) -> None:
    words = [
        (60 + 110.0 * column, 700.0 - 20 * at, 10.0, cell) for at, row in enumerate(rows) for column, cell in enumerate(row)
    ]
    text = read(pdf([[(60.0, 780.0, 10.0, "What follows says how much each may spend."), *words]])).text
    assert [f"| {' | '.join(row)} |" in text for row in rows] == [True] * len(rows)


@pytest.mark.parametrize("mark", ["-", "•", "1.", "a)"])
def test_marks_that_stand_apart_make_a_list_and_no_table(mark: str) -> None:
    texts = ("The first hall is cooled by water.", "The second hall is dry.", "The third one is dark.")
    page = [
        word for at, text in enumerate(texts) for word in ((60, 700 - 20 * at, 10, mark), (110, 700 - 20 * at, 10, text))
    ]
    text = read(pdf([[(60, 780, 10, "There are three of them:"), *page]])).text
    assert "|" not in text
    assert all(said in text for said in texts)


def test_running_heads_of_two_pages_and_of_every_second_one() -> None:
    def page(number: int, head: str) -> list[Word]:
        return [
            (60, 815, 9, head),
            *lines(f"{LEFT[number % 5]} {number}.", RIGHT[number % 5], top=770),
            (60, 20, 9, f"Page {number} of 9"),
        ]

    for heads in (["Internal"] * 2, ["Odd head", "Even head"] * 3):
        text = read(pdf([page(number, head) for number, head in enumerate(heads, start=1)])).text
        assert not any(head in text for head in heads)
        assert "Page" not in text
        assert all(LEFT[number % 5] in text for number in range(1, len(heads) + 1))


def test_two_pages_that_say_the_same_are_not_empty() -> None:
    assert "Same words." in read(pdf([lines("Same words."), lines("Same words.")])).text


@pytest.mark.parametrize(
    ("before", "hidden"),
    [
        ("1 1 1 rg", True),
        ("1 1 1 RG 1 1 1 rg 1 1 1 rg", True),
        ("0 0 1 rg", False),
        ("0 0 0 rg 50 680 300 60 re f 1 1 1 rg", False),
        ("1 1 1 rg 50 680 300 60 re f", True),
        ("3 Tr", True),
    ],
)
def test_only_what_is_seen_is_read(before: str, hidden: bool) -> None:
    content = f"BT /F1 10 Tf 60 780 Td (This is seen.) Tj ET {before} BT /F1 10 Tf 60 700 Td (Perhaps not.) Tj ET"
    found = read(drawn(content))
    assert (found.hidden, "Perhaps" in found.text) == ((len("Perhapsnot."), False) if hidden else (0, True))


@given(st.integers(2, 99), st.integers(2, 99))
@settings(deadline=None, max_examples=15)
def test_a_power_is_not_the_number_of_its_digits(base: int, power: int) -> None:
    start = 60 + 5.56 * 2 + 3
    words: list[Word] = [
        (60, 700, 10, "a"),
        (start, 700, 10, str(base)),
        (start + 5.56 * len(str(base)), 704, 6, str(power)),
    ]
    text = read(pdf([[(60, 780, 10, "The text of this page is of the usual size here."), *words]])).text
    assert f"{base}{power}" not in text


def test_lettered_lists_and_numbered_headings() -> None:
    page = lines(
        "What is asked for:", "a) no water", "b) two feeders", "(c) a lamp", "i. first", "ii. second", "1.2 Where it holds",
        "The rule holds for all rooms and for all of the people who work in them by day.",
        "It costs 1.5 million in all.",
    )  # fmt: skip
    text = read(pdf([page])).text
    assert text == (
        "What is asked for:\n\n- a) no water\n- b) two feeders\n- (c) a lamp\n- i. first\n- ii. second\n\n# 1.2 Where it holds\n\n"
        "The rule holds for all rooms and for all of the people who work in them by day. It costs 1.5 million in all.\n"
    )


def test_values_of_a_form_and_notes_on_the_page() -> None:
    fields = (
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(who)/V(The desk in Brest)/Rect[150 695 300 712]/P 3 0 R>>",
        b"<</Type/Annot/Subtype/Widget/FT/Btn/T(ok)/V/Yes/Rect[150 650 160 660]/P 3 0 R>>",
        b"<</Type/Annot/Subtype/FreeText/Contents(Ring twice.)/Rect[60 600 200 620]/P 3 0 R>>",
        b"<</Type/Annot/Subtype/Text/Contents(A comment.)/Rect[60 500 80 520]/P 3 0 R>>",
    )
    content = "BT /F1 10 Tf 60 700 Td (Who answers:) Tj ET BT /F1 10 Tf 60 670 Td (It is signed.) Tj ET"
    made = drawn(
        content,
        page="/Annots[6 0 R 7 0 R 8 0 R 9 0 R]",
        catalog="/AcroForm<</Fields[6 0 R 7 0 R]/DA(/F1 10 Tf)>>",
        more=fields,
    )
    assert read(made).text == "Who answers: The desk in Brest\n\nIt is signed.\n\nRing twice.\n"


def test_a_portfolio_is_refused_and_says_why() -> None:
    cover = "BT /F1 10 Tf 60 780 Td (For the best experience, open this PDF portfolio in a newer reader.) Tj ET"
    with pytest.raises(DocumentError, match="is a portfolio"):
        read(drawn(cover))
    with pytest.raises(DocumentError, match="is a portfolio"):
        read(drawn("BT /F1 10 Tf 60 780 Td (Welcome.) Tj ET", catalog="/Collection<</Type/Collection>>"))


SECTIONS = ("Who may enter", "How the racks are cooled", "What the guard does", "When the lamp is on")


@pytest.mark.parametrize("leader", ["columns", " . . . . . . . . ", " ............ "])
@pytest.mark.parametrize("named", [True, False])
def test_a_table_of_contents_is_left_out_where_its_headings_follow(leader: str, named: bool) -> None:
    """Rows that end with a number and name nothing that follows are a table like any other."""
    first: list[Word] = [(60.0, 805.0, 16.0, "What it holds")]
    for at, title in enumerate(SECTIONS):
        place = 780.0 - 14 * at
        if leader == "columns":
            first += [(60.0, place, 10.0, title), (400.0, place, 10.0, str(at + 2))]
        else:
            first.append((60.0, place, 10.0, f"{title}{leader}{at + 2}"))
    headings = SECTIONS if named else ("One", "Two", "Three", "Four")
    pages = [[(60.0, 780.0, 16.0, title), (60.0, 750.0, 10.0, f"So it is with {title}.")] for title in headings]
    text = read(pdf([first, *pages])).text
    assert all(f"So it is with {title}." in text for title in headings)
    assert [text.count(title) for title in SECTIONS] == [2 if named else 1] * len(SECTIONS)
    assert ("What it holds" in text) != named  # the heading goes with what stood below it


def test_a_table_of_numbers_stays_beside_a_table_of_contents() -> None:
    contents: list[Word] = []
    for at, title in enumerate(SECTIONS):
        contents += [(60.0, 780.0 - 14 * at, 10.0, title), (400.0, 780.0 - 14 * at, 10.0, str(at + 2))]
    pages = [[(60.0, 780.0, 16.0, title), (60.0, 750.0, 10.0, f"So it is with {title}.")] for title in SECTIONS]
    racks = ("North hall", "South hall", "Cellar")
    table = [
        (x, 780.0 - 14 * at, 10.0, said) for at, hall in enumerate(racks) for x, said in ((60.0, hall), (400.0, f"1{at}"))
    ]
    text = read(pdf([contents, *pages, table])).text
    assert [text.count(title) for title in SECTIONS] == [2] * len(SECTIONS)
    assert all(f"| {hall} | 1{at} |" in text for at, hall in enumerate(racks))
