"""What is read from HTML, PDF and Word files, and what becomes of hostile ones."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_files import changed_word_file, hostile_files, lines, pdf, put_hostile_places, word_file
from typer.testing import CliRunner

from advisor.cli.main import app
from advisor.documents.chunking import chunk_document
from advisor.documents.formats.extractor import Extractor
from advisor.documents.reading import parse_document
from advisor.errors import DocumentError
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings
from advisor.types import Document


@pytest.fixture(scope="module")
def extractor() -> Iterator[Extractor]:
    with Extractor(Settings()) as opened:
        yield opened


def html(extractor: Extractor, body: str, head: str = "") -> Document:
    return parse_document("a.html", f"<html><head>{head}</head><body>{body}</body></html>".encode(), extractor)


def shown(extractor: Extractor, body: str, head: str = "") -> str:
    return html(extractor, body, head).text


def test_html_keeps_the_structure(extractor: Extractor) -> None:
    text = shown(
        extractor,
        "<h1>Titre</h1>Un <b>mot</b>.<p>Deux<br>lignes.<br><br>Trois.<ul><li>un<li><p>deux</p><p>suite</p>"
        "<ol start=3><li>x<li>y</ol></ul><blockquote>cité</blockquote><pre>a\n  b</pre>"
        "<table><tr><th>A<th>B<tr><td>1<td>2 | 3</table><table><tr><td><h2>Mise en page</h2>par table</table>",
    )
    assert text == (
        "# Titre\n\nUn mot.\n\nDeux lignes.\n\nTrois.\n\n- un\n- deux\n\n  suite\n\n  3. x\n  4. y\n\n> cité\n\n"
        "```\na\n  b\n```\n\n| A | B |\n| --- | --- |\n| 1 | 2 \\| 3 |\n\n## Mise en page\n\npar table\n"
    )


def test_html_words_are_no_markup(extractor: Extractor) -> None:
    text = shown(extractor, "<p># pas un titre<p>&gt; ni citation<p>```<p>[a]: http://x<p>List&lt;String&gt; ou a &lt; b")
    assert text == "\\# pas un titre\n\n\\> ni citation\n\n\\[a]: http://x\n\nList\\<String> ou a < b\n"


def test_what_stands_around_the_content_is_left_out(extractor: Extractor) -> None:
    menu = "".join(f"<li><a href=/{name}>{name}</a>" for name in ("Accueil", "Produits", "Contact"))
    text = shown(
        extractor,
        f"<header>Le site</header><nav>Menu</nav><ul>{menu}</ul><div class=cookie-banner>Acceptez</div><article>"
        "<header><h1>Titre</h1></header><p>Le contenu de la page, assez long pour en être le contenu<sup><a href=#n>[1]</a>"
        "</sup>.<a href=#t>¶</a></article><aside>Publicité</aside><footer>Mentions</footer>",
    )
    assert text == "# Titre\n\nLe contenu de la page, assez long pour en être le contenu.\n"


@pytest.mark.parametrize(
    "hidden",
    [
        "<!-- caché -->",
        "<script>caché</script>",
        "<template>caché</template>",
        "<p hidden>caché</p>",
        '<p style="display: NONE !important">caché</p>',
        '<p style="visibility:hidden">caché</p>',
        '<p style="opacity:0.0">caché</p>',
        '<p style="font-size:0px">caché</p>',
        '<p style="color:#FFF">caché</p>',
        '<div style="background:#123456"><p style="color: #123456">caché</p></div>',
        '<font color="white">caché</font>',
        '<p style="position:absolute;left:-9999px">caché</p>',
        '<p class="secret">caché</p>',
        '<p id="by-id">caché</p>',
    ],
)
def test_what_nobody_sees_is_left_out(extractor: Extractor, hidden: str) -> None:
    style = "<style>/* x */ @media print { .seen {display:none} } p.secret, #by-id { display: none }</style>"
    assert shown(extractor, f"<p class=seen>Vu.</p>{hidden}", style) == "Vu.\n"


def test_white_on_dark_is_seen_and_invisible_characters_are_not(extractor: Extractor) -> None:
    body = '<div style="background:#000"><p style="color:white">Vi\u200bsi\u00adble\u202e.</p></div>'
    assert shown(extractor, body) == "Visible.\n"


def test_what_a_page_says_of_itself(extractor: Extractor) -> None:
    date = '<meta property="article:modified_time" content="2026-03-01T10:00:00Z">'
    document = html(extractor, "<h1>Le sujet</h1><p>Oui.", f"<title>Le sujet | Le site</title>{date}")
    assert (document.title, document.updated) == ("Le sujet", "2026-03-01")
    assert html(extractor, "<p>Texte.", "<title>Un titre</title>").title == "Un titre"
    declared = "<html lang=en-GB><meta charset=iso-8859-1><p>Caf\xe9.".encode("latin-1")
    document = parse_document("mon-cafe.html", declared, extractor)
    assert (document.text, document.language, document.title) == ("Café.\n", "en", "Mon cafe")


def test_word(extractor: Extractor) -> None:
    def write(made) -> None:
        made.core_properties.title = "La stratégie"
        made.add_heading("La stratégie", 0)
        made.add_heading("Les étapes", 1)
        made.add_paragraph("Trois étapes suffisent. Elles se suivent :")
        for text, style in (
            ("cadrer", "List Bullet"),
            ("essayer", "List Bullet"),
            ("un", "List Number"),
            ("deux", "List Number"),
        ):
            made.add_paragraph(text, style=style)
        table = made.add_table(2, 2)
        for cell, text in zip((cell for row in table.rows for cell in row.cells), ("Coût", "Gain", "1", "2"), strict=True):
            cell.text = text

    document = parse_document("a.docx", word_file(write), extractor)
    assert (document.title, document.pages) == ("La stratégie", ())
    assert document.text == (
        "# La stratégie\n\n# Les étapes\n\nTrois étapes suffisent. Elles se suivent :\n\n- cadrer\n- essayer\n\n1. un\n2. deux\n\n"
        "| Coût | Gain |\n| --- | --- |\n| 1 | 2 |\n"
    )
    chunks = chunk_document(document, chunk_chars=900)
    assert [chunk.heading for chunk in chunks] == [("Les étapes",)]
    assert all(chunk.text == document.text[chunk.start : chunk.end] and chunk.page is None for chunk in chunks)


HEADER, FOOTER = (60, 815, 9, "Rapport confidentiel 2026"), "Page {} sur 4"
TWO_PAGES = [
    [
        HEADER,
        (60, 770, 22, "Le rapport"),
        (60, 730, 15, "Premier point"),
        *lines(
            "Une phrase court sur deux lignes et va presque jusqu’au bord de la page, où l’infra-",
            "structure se coupe. La gouvernance du e-commerce suit la même règle que celle du e-",
            "commerce voisin, et cette dernière phrase passe à la page suivante sans s’interrompre",
            top=700,
        ),
        (300, 20, 9, FOOTER.format(1)),
    ],
    [
        HEADER,
        *lines("car elle est longue.", "", "Après un blanc, un autre paragraphe.", top=770),
        *lines("• premier point de la liste, qui se poursuit", top=700),
        *lines("sur une deuxième ligne", left=70, top=686),
        *lines("• second point", top=672),
        *lines("1. une étape", top=640),
        (60, 600, 11, "*Un titre en gras"),
        (60, 570, 11, "Le texte sous le titre."),
        (300, 20, 9, FOOTER.format(2)),
    ],
    [HEADER, *lines("Troisième page.", top=770), (300, 20, 9, FOOTER.format(3))],
    [HEADER, *lines("Quatrième page.", top=770), (300, 20, 9, FOOTER.format(4))],
]


def test_pdf(extractor: Extractor) -> None:
    made = pdf(TWO_PAGES, info="/Title(Le rapport annuel)/ModDate(D:20260301120000Z)")
    document = parse_document("a.pdf", made, extractor)
    assert (document.title, document.updated, document.language) == ("Le rapport", "2026-03-01", "fr")
    assert document.text == (
        "# Le rapport\n\n## Premier point\n\nUne phrase court sur deux lignes et va presque jusqu’au bord de la page, où "
        "l’infrastructure se coupe. La gouvernance du e-commerce suit la même règle que celle du e-commerce voisin, et cette "
        "dernière phrase passe à la page suivante sans s’interrompre car elle est longue.\n\nAprès un blanc, un autre "
        "paragraphe.\n\n- premier point de la liste, qui se poursuit sur une deuxième ligne\n- second point\n\n1. une étape\n\n"
        "### Un titre en gras\n\nLe texte sous le titre.\n\nTroisième page.\n\nQuatrième page.\n"
    )
    begins = ("# Le rapport", "car elle est", "Troisième", "Quatrième")
    assert document.pages == tuple(map(document.text.index, begins))


def test_pages_of_what_is_cited(extractor: Extractor) -> None:
    document = parse_document("a.pdf", pdf(TWO_PAGES), extractor)
    assert [document.page_of(document.text.index(words)) for words in ("Une phrase", "longue.", "Après", "Troisième")] == [
        1, 2, 2, 3,
    ]  # fmt: skip
    chunks = chunk_document(document, chunk_chars=900)
    assert [chunk.page for chunk in chunks] == [1, 2]
    assert all(chunk.text == document.text[chunk.start : chunk.end] for chunk in chunks)


def test_an_answer_names_the_page(tmp_path: Path, embeddings: Embeddings) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    pages = [[*lines("The board meets every month.")], [*lines("The second phase has a budget of 40 euros.")]]
    (corpus / "plan.pdf").write_bytes(pdf(pages))
    sync(Settings(corpus_dir=corpus, index_dir=tmp_path / "index"), embeddings)
    question = "What budget does the second phase have, in euros?"
    asked = CliRunner().invoke(app, ["ask", question, "--corpus", str(corpus), "--index", str(tmp_path / "index")])
    assert "The second phase has a budget of 40 euros." in asked.stdout
    assert "] plan.pdf, p. 2  Plan" in asked.stdout


def test_titles_that_a_program_gave_are_not_taken(extractor: Extractor) -> None:
    for title in ("Microsoft Word - rapport.docx", "untitled", "rapport_v2.indd"):
        made = pdf([lines("Une page sans titre.")], info=f"/Title({title})")
        assert parse_document("mon-rapport.pdf", made, extractor).title == "Mon rapport"


def test_a_file_that_takes_too_long_is_stopped_and_the_next_is_read() -> None:
    slow = hostile_files(nested=60_000, bomb=0)["nested-tags.html"][0]
    with Extractor(Settings(max_reading_seconds=2)) as extractor:
        with pytest.raises(DocumentError, match=r"takes more than 2 s to read \(ADVISOR_MAX_READING_SECONDS\)"):
            parse_document("a.html", slow, extractor)
        assert html(extractor, "<p>Suite.").text == "Suite.\n"


def test_a_file_that_takes_too_much_memory_is_refused_and_the_next_is_read() -> None:
    heavy = changed_word_file(word__document_xml=b"<a>" + b"<b/>" * 8_000_000 + b"</a>")
    with Extractor(Settings(max_reading_bytes=300_000_000)) as extractor:
        with pytest.raises(DocumentError, match=r"over 300 MB.*ADVISOR_MAX_READING_BYTES"):
            parse_document("a.docx", heavy, extractor)
        assert html(extractor, "<p>Suite.").text == "Suite.\n"


def test_of_a_file_with_hidden_text_only_what_is_read_is_unpacked() -> None:
    hidden = word_file(lambda made: setattr(made.add_paragraph("Vu.").add_run("Caché.").font, "hidden", True))
    data = io.BytesIO(hidden)
    with zipfile.ZipFile(data, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("word/media/image1.png", "w") as part:
        for _ in range(600):  # MB, more than the reader may take
            part.write(bytes(1_000_000))
    with Extractor(Settings(max_reading_bytes=500_000_000)) as extractor:
        document = parse_document("a.docx", data.getvalue(), extractor)
    assert (document.text, document.hidden) == ("Vu.\n", len("Caché."))


def test_a_reader_that_is_killed_is_replaced() -> None:
    with Extractor(Settings()) as extractor:
        html(extractor, "<p>Un.")
        process = extractor._process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with pytest.raises(DocumentError, match=r"stops its reader \(SIGKILL\)"):
            html(extractor, "<p>Deux.")
        assert html(extractor, "<p>Trois.").text == "Trois.\n"


def test_one_reader_serves_many_and_starts_with_the_first() -> None:
    with Extractor(Settings()) as extractor:
        assert extractor._process is None
        html(extractor, "<p>Un.")
        first = extractor._process
        parse_document("a.md", b"Texte.", extractor)
        html(extractor, "<p>Deux.")
        assert extractor._process is first
    assert extractor._process is None


def test_the_reader_imports_no_model_and_no_index() -> None:
    code = "import sys; from advisor.documents.formats import docx, html, pdf, worker; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"pypdfium2", "mammoth", "selectolax"} <= set(loaded)
    assert not {"torch", "chromadb", "gradio", "numpy", "pydantic", "advisor.advisor"} & set(loaded)


def test_hostile_files_each_get_a_reason_and_stop_nothing(tmp_path: Path, embeddings: Embeddings) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    reasons = put_hostile_places(corpus, tmp_path / "secret.md")
    for name, (data, why) in hostile_files(nested=300, bomb=2_000_000).items():
        (corpus / name).write_bytes(data)
        if why:
            reasons[name] = why
    (corpus / "line.md").write_bytes(b"x" * 3_000_000)
    reasons["line.md"] = "3,000,000 bytes, over the limit of 2,500,000"
    (corpus / "good.md").write_text("Le comité se réunit chaque mois.", encoding="utf-8")
    limits = {"max_file_bytes": 2_500_000, "max_unpacked_bytes": 1_000_000, "max_reading_seconds": 20}
    report = sync(Settings(corpus_dir=corpus, index_dir=tmp_path / "index", **limits), embeddings)
    failed = {failure.document: failure.error for failure in report.failed}
    accidents = {"deep.docx", "page-loop.pdf", "bomb.pdf"}  # read or refused, as their libraries please
    assert failed.keys() - accidents == reasons.keys() - accidents
    assert {name: why for name, why in reasons.items() if why not in failed.get(name, why)} == {}
    assert all(error and "\n" not in error for error in failed.values())
    assert {"good.md", "latin-1.txt", "utf-16-be.txt", "remote-template.docx", "caf\\udce9\n.md"} <= set(report.added)
    assert len(failed) + report.documents == len(hostile_files(nested=1, bomb=0)) + 8


def test_a_file_that_vanishes_between_listing_and_reading(small_settings: Settings, embeddings: Embeddings) -> None:
    (small_settings.corpus_dir / "gone.md").symlink_to(small_settings.corpus_dir / "was-here.md")
    report = sync(small_settings, embeddings)
    assert [(failure.document, failure.error) for failure in report.failed] == [
        ("gone.md", "cannot be read: No such file or directory")
    ]
    assert report.documents == 5
