"""PDF and Word files made in memory, good and hostile ones: no binary is kept in the repository."""

from __future__ import annotations

import io
import os
import random
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import docx
import numpy as np
import pypdfium2 as pdfium
from PIL import Image

FRENCH = "Où est le problème ? Le CTO doit être là, près des équipes, et rendre compte au comité.\n"

Word = tuple[float, float, float, str]  # left, bottom (points from the bottom left corner), size, text


def pdf(pages: Sequence[Sequence[Word]], *, info: str = "", catalog: str = "", trailer: str = "") -> bytes:
    """A PDF that draws words at places, in Helvetica (`*` before a text: in bold)."""
    kids = " ".join(f"{5 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        f"<</Type/Catalog/Pages 2 0 R{catalog}>>".encode(),
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>",
    ]
    for number, words in enumerate(pages):
        page = f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {6 + 2 * number} 0 R"
        objects.append(f"{page}/Resources<</Font<</F1 3 0 R/F2 4 0 R>>>>>>".encode())
        drawn = b"".join(map(_drawn, words))
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn))
    return assembled([*objects, f"<<{info}>>".encode()], trailer=f"/Info {len(objects) + 1} 0 R{trailer}")


def _drawn(word: Word) -> bytes:
    left, bottom, size, text = word
    font = "F2" if text.startswith("*") else "F1"
    escaped = text.removeprefix("*").replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"BT /{font} {size} Tf {left} {bottom} Td (".encode() + escaped.encode("cp1252") + b") Tj ET\n"


def assembled(objects: Sequence[bytes], *, trailer: str = "") -> bytes:
    """A PDF of numbered objects, the first of which is its catalog."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<</Size {size}/Root 1 0 R{trailer}>>\n"
    return bytes(out) + f"{end}startxref\n{len(out)}\n%%EOF\n".encode()


def lines(*texts: str, size: float = 11, left: float = 60, top: float = 780, leading: float = 14) -> list[Word]:
    return [(left, top - leading * number, size, text) for number, text in enumerate(texts)]


def scan(*pages: Sequence[str], slope: float = 0.7, noise: float = 12, turned: int = 0) -> bytes:
    """A PDF of pictures of pages, as a scanner makes them: 200 dpi, grey, aslant (degrees), noisy, turned by quarters."""
    pictures = [picture(page, slope=slope, noise=noise).rotate(90 * turned, expand=True) for page in pages]
    out = io.BytesIO()
    pictures[0].save(out, "PDF", save_all=True, append_images=pictures[1:], resolution=200, quality=60)
    return out.getvalue()


def picture(texts: Sequence[str], *, slope: float = 0.0, noise: float = 0.0) -> Image.Image:
    """A page of lines as a scanner sees it."""
    page = pdfium.PdfDocument(pdf([lines(*texts, left=45, leading=17)]))[0].render(scale=200 / 72, grayscale=True).to_pil()
    aslant = np.asarray(page.rotate(slope, fillcolor=255, resample=Image.Resampling.BICUBIC), dtype=float)
    grains = np.random.default_rng(1).normal(0, noise, aslant.shape)
    return Image.fromarray((aslant + grains).clip(0, 255).astype("uint8"))


def word_file(write: Callable[[docx.document.Document], object]) -> bytes:
    """A Word file, filled by `write`."""
    document = docx.Document()
    write(document)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def changed_word_file(**parts: bytes) -> bytes:
    """A Word file of one paragraph, in which parts are replaced or added ("__" in a name stands for "/", "_" for ".")."""
    new = {name.replace("__", "/").replace("_", "."): data for name, data in parts.items()}
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(word_file(lambda made: made.add_paragraph("Bonjour.")))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in [*(name for name in old.namelist() if name not in new), *new]:
            archive.writestr(name, new.get(name) or old.read(name))
    return out.getvalue()


_WORD = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{}</w:body></w:document>'
_PARAGRAPH = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"
_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
_YAML_BOMB = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10))])


def _image_only() -> bytes:
    pixels = zlib.compress(bytes(64 * 64))
    image = b"<</Type/XObject/Subtype/Image/Width 64/Height 64/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/FlateDecode"
    return assembled(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>",
            b"<</Length 27>>stream\nq 595 0 0 842 0 0 cm /I Do Q\nendstream",
            image + b"/Length %d>>stream\n%s\nendstream" % (len(pixels), pixels),
        ]
    )


def _encrypted() -> bytes:
    """As if a password were needed: no password opens what these random keys say."""
    keys = "".join(f"/{name}<{'5a' * 32}>" for name in "OU")
    return pdf([lines("secret")], trailer=f"/Encrypt<</Filter/Standard/V 2/R 3/Length 128/P -44{keys}>>/ID[<01><01>]")


def _page_loop() -> bytes:
    return assembled([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 1000000000>>"])


def _many_pages(number: int) -> bytes:
    kids = b"4 0 R " * number
    return assembled(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, number),
            b"<</Length 0>>stream\n\nendstream",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 3 0 R>>",
        ]
    )


def _bomb(size: int) -> bytes:
    """A PDF whose page unpacks to `size` bytes of drawing."""
    packed = zlib.compress(b"BT /F1 9 Tf (x) Tj ET\n" * (size // 22))
    return assembled(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
            b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        ]
    )


def _archive(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), data)
    return out.getvalue()


def hostile_files(*, nested: int = 100_000, bomb: int = 1_000_000_000) -> dict[str, tuple[bytes, str]]:
    """Name -> content, and what the reason says for which it is refused ("" for a file that is read properly).

    :param nested: levels of the nested ones.
    :param bomb: bytes that the bombs unpack to.
    """
    doctype = "<!DOCTYPE x [{}]>"
    external = doctype.format('<!ENTITY x SYSTEM "file:///etc/passwd">') + _WORD.format(_PARAGRAPH.format("&x;"))
    laughs = doctype.format(f'<!ENTITY l0 "lol">{_LAUGHS}') + _WORD.format(_PARAGRAPH.format("&l9;"))
    template = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type='
        b'"http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate" TargetMode="External" '
        b'Target="http://127.0.0.1:9/evil.dotm"/></Relationships>'
    )
    deep = _WORD.format("<w:p>" * nested + "</w:p>" * nested)
    whole = pdf([lines("Une phrase entière.", "Et une autre.")])
    return {
        "zip-bomb.docx": (changed_word_file(word__document_xml=b" " * bomb), "ADVISOR_MAX_UNPACKED_BYTES"),
        "external-entity.docx": (changed_word_file(word__document_xml=external.encode()), "XML with a document type"),
        "laughs.docx": (changed_word_file(word__document_xml=laughs.encode()), "XML with a document type"),
        "laughs-utf-16.docx": (changed_word_file(word__document_xml=laughs.encode("utf-16")), "XML with a document type"),
        "remote-template.docx": (changed_word_file(word___rels__settings_xml_rels=template), ""),
        "deep.docx": (changed_word_file(word__document_xml=deep.encode()), "its reader stopped"),
        "broken-xml.docx": (changed_word_file(word__document_xml=b"<w:document"), "is a damaged DOCX"),
        "truncated.docx": (word_file(lambda made: made.add_paragraph("x"))[:-500], "is a damaged archive"),
        "workbook.docx": (_archive(xl__workbook_xml=b"<x/>"), "is a workbook file. Rename it to end in .xlsx"),
        "archive.docx": (_archive(a_txt=b"x"), "is a ZIP archive"),
        "odt.docx": (_archive(mimetype=b"application/vnd.oasis.opendocument.text", content_xml=b"<x/>"), "is an OpenDocument file"),
        "rtf.docx": (b"{\\rtf1\\ansi Bonjour.}", "is an RTF file. Rename it to end in .rtf"),
        "old.docx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "before 2007"),
        "password.docx": (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le") + bytes(512),
            "is protected by a password",
        ),
        "truncated.pdf": (whole[: len(whole) // 3], "is a damaged PDF"),
        "only-its-mark.pdf": (b"%PDF-1.7\n", "is a damaged PDF"),
        "image-only.pdf": (_image_only(), "OCR"),
        "encrypted.pdf": (_encrypted(), "is protected by a password"),
        "page-loop.pdf": (_page_loop(), ""),
        "many-pages.pdf": (_many_pages(10_000), "has 10,000 pages, over the limit of 2,000"),
        "bomb.pdf": (_bomb(bomb), ""),
        "pdf-named.txt": (whole, "is a PDF file. Rename it to end in .pdf"),
        "binary-named.md": (random.Random(1).randbytes(300_000), "not text"),
        "program.md": (b"\x7fELF\x02\x01\x01" + bytes(200), "is a program"),
        "empty.pdf": (b"", "is empty"),
        "empty.html": (b"", "holds no text"),
        "empty.md": (b"", ""),
        "nul.md": (bytes(1_000), "NUL"),
        "utf-16-le.txt": (FRENCH.encode("utf-16-le"), ""),
        "utf-16-be.txt": (FRENCH.encode("utf-16-be"), ""),
        "utf-16-marked.txt": (FRENCH.encode("utf-16"), ""),
        "latin-1.txt": (FRENCH.encode("latin-1"), ""),
        "nested-tags.html": (b"<div>" * nested + FRENCH.encode(), ""),
        "only-scripts.html": (b"<html><script>alert(1)</script><style>p{}</style>", "holds no text"),
        "nested-quotes.md": (b">" * nested + b" fin\n", ""),
        "nested-lists.md": (b"".join(b" " * n + b"- x\n" for n in range(300)), ""),
        "nested-brackets.md": (b"[" * nested + b"fin" + b"]" * nested, ""),
        "unclosed-comments.md": (b"fin <!--" * (nested // 5), ""),
        "unclosed-tags.md": (b"fin <a b" * (nested // 5), ""),
        "unclosed-links.md": (b"fin [a](b" * (nested // 5), ""),
        "stars.md": (b"fin *a **b " * (nested // 5), ""),
        "broken-front-matter.md": (b"---\ntitle: a: b\n---\nCorps.\n", "front matter that cannot be read, line 2"),
        "yaml-bomb.md": (f"---\n{_YAML_BOMB}\n---\nCorps.\n".encode(), "an alias"),
        "deep-yaml.md": (b"---\na: " + b"[" * 8_000 + b"]" * 8_000 + b"\n---\nCorps.\n", "front matter that cannot be read"),
    }  # fmt: skip


def put_hostile_places(corpus: Path, outside: Path) -> dict[str, str]:
    """Put what is no plain file into a corpus folder; name -> what the reason says for which it is refused."""
    outside.write_text("secret", encoding="utf-8")
    (corpus / "out.md").symlink_to(outside)
    (corpus / "device.md").symlink_to("/dev/zero")
    (corpus / "circle.md").symlink_to(corpus / "circle.md")
    (corpus / "gone.md").symlink_to(corpus / "never.md")
    (corpus / "round").symlink_to(corpus, target_is_directory=True)
    os.mkfifo(corpus / "pipe.md")
    (corpus / "folder.md").mkdir()
    Path(os.fsdecode(os.fsencode(corpus) + b"/caf\xe9\n.md")).write_text("Un nom étrange.", encoding="utf-8")
    return {
        "out.md": "leads out of the corpus",
        "device.md": "leads out of the corpus",
        "circle.md": "cannot be read",
        "gone.md": "cannot be read",
        "pipe.md": "a pipe",
    }
