"""What is read from Word files: what Word shows, with the numbers it gives, and nothing that it does not show."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_files import changed_word_file

from advisor.documents.formats.docx import read_docx
from advisor.documents.formats.extracted import Extracted

NAMES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:x="urn:x"'
)


def r(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def p(content: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{content}</w:p>"


def read(body: str, *, numbering: str = "", styles: str = "") -> Extracted:
    parts = {"word__document_xml": f"<w:document {NAMES}><w:body>{body}</w:body></w:document>".encode()}
    if numbering:
        parts["word__numbering_xml"] = f"<w:numbering {NAMES}>{numbering}</w:numbering>".encode()
    if styles:
        parts["word__styles_xml"] = f"<w:styles {NAMES}>{styles}</w:styles>".encode()
    return read_docx(changed_word_file(**parts), max_bytes=10_000_000)


def box(text: str) -> str:
    return f"<x:drawing><w:txbxContent>{p(r(text))}</w:txbxContent></x:drawing>"


FIELD = "<w:fldSimple w:instr='DATE'>{}</w:fldSimple>"
MATH = "<m:oMath>{}</m:oMath>"


def m(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


@pytest.mark.parametrize(
    ("content", "stands"),
    [
        (r("On ") + FIELD.format(r("3 May")) + r(" we begin."), "On 3 May we begin."),
        (r("A ") + FIELD.format(FIELD.format(r("b"))) + r(" c"), "A b c"),
        (r("10") + r("6", '<w:vertAlign w:val="superscript"/>') + r(" rows"), "10⁶ rows"),
        (r("90 ", "<w:strike/>") + r("80 ", "<w:dstrike/>") + r("70 euros"), "70 euros"),
        (r("90 ", '<w:strike w:val="0"/>') + r("euros"), "90 euros"),
        (f"<w:ins>{r('Kept. ')}</w:ins><w:del><w:r><w:delText>Gone. </w:delText></w:r></w:del>" + r("End."), "Kept. End."),
        (f"<w:moveFrom>{r('There. ')}</w:moveFrom><w:moveTo>{r('Here. ')}</w:moveTo>" + r("End."), "Here. End."),
        (f"<w:sdt><w:sdtPr/><w:sdtContent>{r('Chosen')}</w:sdtContent></w:sdt>" + r(" value"), "Chosen value"),
        (
            f"<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{r('Click here')}</w:sdtContent></w:sdt>"
            + r("Value"),
            "Value",
        ),
        (MATH.format(f"<m:sSup><m:e>{m('10')}</m:e><m:sup>{m('6')}</m:sup></m:sSup>") + r(" rows"), "10^6 rows"),
        (MATH.format(f"<m:f><m:num>{m('a+b')}</m:num><m:den>{m('2')}</m:den></m:f>"), "(a+b)/2"),
        ("<m:oMathPara>" + MATH.format(f"<m:rad><m:deg/><m:e>{m('x')}</m:e></m:rad>{m('=3')}") + "</m:oMathPara>", "√(x)=3"),
    ],
)
def test_what_word_shows_in_a_paragraph(content: str, stands: str) -> None:
    assert read(p(content)).text == f"{stands}\n"


def test_text_boxes_are_read_once_and_deleted_rows_not() -> None:
    choice = f"<mc:AlternateContent><mc:Choice>{box('Boxed.')}</mc:Choice><mc:Fallback>{box('Boxed.')}</mc:Fallback></mc:AlternateContent>"
    row = "<w:tr>{}<w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr>"
    table = "".join(
        row.format(properties, p(r(left)), p(r(right)))
        for properties, left, right in (("", "A", "B"), ("<w:trPr><w:del/></w:trPr>", "old", "old"), ("", "1", "2"))
    )
    assert read(p(r("Before.") + f"<w:r>{choice}</w:r>") + f"<w:tbl>{table}</w:tbl>").text == (
        "Before.\n\nBoxed.\n\n| A | B |\n| --- | --- |\n| 1 | 2 |\n"
    )


@pytest.mark.parametrize(
    ("content", "hidden"),
    [
        (r("Unseen", "<w:vanish/>"), True),
        (r("Unseen", '<w:vanish w:val="false"/>'), False),
        (r("Unseen", '<w:color w:val="FFFFFF"/>'), True),
        (r("Unseen", '<w:color w:val="ffffff"/><w:shd w:fill="000000"/>'), False),
        (r("Unseen", '<w:color w:val="C00000"/>'), False),
    ],
)
def test_text_that_nobody_sees_is_counted(content: str, hidden: bool) -> None:
    found = read(p(r("Seen. ") + content))
    assert (found.hidden, "Unseen" in found.text) == ((len("Unseen"), False) if hidden else (0, True))


def level(at: int, form: str, text: str, start: int = 1) -> str:
    return f'<w:lvl w:ilvl="{at}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'


OUTLINE = (
    '<w:abstractNum w:abstractNumId="0">'
    + level(0, "decimal", "%1.")
    + level(1, "decimal", "%1.%2")
    + level(2, "lowerLetter", "(%3)")
    + '</w:abstractNum><w:abstractNum w:abstractNumId="1">'
    + level(0, "bullet", "-")
    + level(1, "upperRoman", "Annex %2", start=2)
    + '</w:abstractNum><w:num w:numId="7"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="8"><w:abstractNumId w:val="0"/>'
    '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride></w:num>'
    '<w:num w:numId="9"><w:abstractNumId w:val="1"/></w:num>'
)


def numbered(number: int, at: int) -> str:
    return f'<w:numPr><w:ilvl w:val="{at}"/><w:numId w:val="{number}"/></w:numPr>'


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(min_value=0, max_value=2), min_size=1, max_size=12))
def test_numbers_are_those_that_word_counts(levels: list[int]) -> None:
    body = "".join(p(r(f"item {place}"), numbered(7, at)) for place, at in enumerate(levels))
    counts, expected = [0, 0, 0], []
    for place, at in enumerate(levels):
        counts[at] += 1
        counts[at + 1 :] = [0] * (2 - at)
        label = (f"{counts[0]}.", f"{counts[0] or 1}.{counts[1]}", f"({'abcdefghijkl'[counts[2] - 1]})")[at]
        expected.append(f"{label} item {place}")
    lines = [line.strip().removeprefix("- ") for line in read(body, numbering=OUTLINE).text.splitlines() if line]
    assert lines == expected


def test_a_list_goes_on_after_a_paragraph_and_restarts_where_it_says_so() -> None:
    places = (numbered(7, 0), "", numbered(7, 0), numbered(8, 0), numbered(9, 0), numbered(9, 1))
    body = "".join(p(r(f"x{at}"), properties) for at, properties in enumerate(places))
    lines = [line.strip() for line in read(body, numbering=OUTLINE).text.splitlines() if line]
    assert lines == ["1. x0", "x1", "2. x2", "5. x3", "- x4", "- Annex II x5"]


STYLES = (
    '<w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/><w:pPr><w:numPr><w:numId w:val="7"/></w:numPr>'
    '<w:outlineLvl w:val="0"/></w:pPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Rubrik"><w:name w:val="Rubrik"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Sub"><w:name w:val="Under"/><w:basedOn w:val="Rubrik"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Big"><w:name w:val="Heading-like"/><w:pPr><w:outlineLvl w:val="9"/></w:pPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="T"><w:name w:val="toc 1"/></w:style>'
)


def test_headings_are_those_of_the_outline_whatever_their_style_is_called() -> None:
    styled = "".join(p(r(name), f'<w:pStyle w:val="{name}"/>') for name in ("T", "H1", "Rubrik", "Sub", "Big", "H1"))
    text = read(styled + p(r("own"), '<w:outlineLvl w:val="2"/>'), numbering=OUTLINE, styles=STYLES).text
    assert text == "# 1. H1\n\n## Rubrik\n\n## Sub\n\nBig\n\n# 2. H1\n\n### own\n"
