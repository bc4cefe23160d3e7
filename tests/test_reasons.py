"""Why something cannot be done: each code has a text in both languages, and the page says it in its own."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from string import Formatter

import pytest

from advisor.errors import EvaluationError, ModelError, Reason
from advisor.evaluation.questions import read_sets
from advisor.features.curation import store_upload
from advisor.index.report import IndexReport
from advisor.index.sync import last_report, sync
from advisor.text.reasons import REASONS, in_words, reason, reason_of
from advisor.types import Scan
from advisor.ui.corpus_view import error_in_words, render_report, render_uploads
from advisor.ui.texts import TEXTS

PACKAGE = Path(__file__).resolve().parent.parent / "advisor"


def given_reasons() -> Iterator[tuple[str, set[str] | None]]:
    """Each code that the program gives, with the names of its values; None where these are not written out."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "reason" and node.args:
                names = {word.arg for word in node.keywords}
                codes = (one.value for one in ast.walk(node.args[0]) if isinstance(one, ast.Constant))
                yield from ((code, None if None in names else names) for code in codes)


def named(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_each_reason_has_a_text_in_both_languages_that_names_what_is_given() -> None:
    assert set(REASONS["fr"]) == set(REASONS["en"])
    for code, values in given_reasons():
        for language, texts in REASONS.items():
            assert code in texts, code
            assert values is None or named(texts[code]) <= values, (language, code)
        assert named(REASONS["fr"][code]) <= named(REASONS["en"][code]) | {"found"}
    unused = set(REASONS["en"]) - {code for code, _ in given_reasons()}
    # These are chosen from a table, by what was wrong.
    assert unused == {
        *("pictures", "unread_kind", "save_as", "export_as", "make_pdf", "convert_to", "unpack"),
        *("not_utf8", "unreadable_beside", "bad_yaml", "other_shape"),
    }


def test_numbers_and_reasons_within_are_said_in_the_language() -> None:
    within = reason("of_document", document="a.pdf", problem=reason("many_pages", pages=12_000, most=2_000))
    told = reason("nothing_readable", folder="corpus", problem=within)
    assert str(told).startswith("no document of corpus can be read (a.pdf: has 12,000 pages, over the limit of 2,000")
    assert "a.pdf\u00a0: a 12\u202f000 pages, au-delà de la limite de 2\u202f000" in in_words(told, "fr")


def test_a_reason_within_another_survives_being_kept_as_json() -> None:
    """As the process that reads files sends it, and as the last report keeps it."""
    told = reason("scanned", remedy=reason("no_ocr"))
    kept = Reason.of(json.loads(json.dumps(asdict(told))))
    assert kept == told
    assert in_words(kept, "fr").endswith("Exécutez\u00a0: pip install 'cto-advisor[ocr]'")


def test_why_pages_were_not_read_is_told_in_the_language_of_the_page() -> None:
    scan = Scan(unread=(2,), why=(reason("unclear_scan"),))
    shown = render_report(IndexReport("1", scans={"a.pdf": scan}), TEXTS["fr"])
    assert "Leurs lettres ne sont pas nettes" in shown
    of_old = Scan.of({"read": [], "unread": [2], "why": "Run: pip install x", "unsure": 0})
    assert "Run: pip install x." in render_report(IndexReport("1", scans={"a.pdf": of_old}), TEXTS["fr"])


def test_the_first_problem_of_a_question_set_is_told_in_the_language_of_the_page(tmp_path: Path) -> None:
    line = {"id": "a", "language": "fr", "answerable": False, "category": "c", "kind": "k", "question": "Et ?"}
    wrong = {
        "ce n’est pas du JSON (une ligne est une question {«": "{",
        "le champ kind manque": {name: value for name, value in line.items() if name != "kind"},
        "le champ langage n’existe pas": line | {"langage": "fr"},
        "la valeur du champ language n’a pas la forme voulue": line | {"language": "de"},
        "l’identifiant 'a b' est vide, ou contient une espace": line | {"id": "a b"},
    }
    for said, written in wrong.items():
        path = tmp_path / "s.jsonl"
        path.write_text(written if isinstance(written, str) else json.dumps(written), "utf-8")
        with pytest.raises(EvaluationError) as raised:
            read_sets([path])
        shown = error_in_words(raised.value, TEXTS["fr"])
        assert f"{path}:1\u00a0: {said}" in shown, shown
    path.write_text("\n".join([json.dumps(line)] * 2), "utf-8")
    with pytest.raises(EvaluationError) as raised:
        read_sets([path])
    assert "l’identifiant 'a' est déjà celui de" in error_in_words(raised.value, TEXTS["fr"])


def test_what_another_version_gave_is_said_as_it_was() -> None:
    assert in_words(Reason("of_tomorrow", {}, "has no soul"), "fr") == "has no soul"


def test_an_upload_is_refused_in_the_language_of_the_page(small_settings, tmp_path: Path) -> None:
    file = tmp_path / "broken.pdf"
    file.write_bytes(b"%PDF-1.4\nnothing of a PDF follows")
    refused = store_upload(small_settings, "broken.pdf", file)
    assert str(refused.reason) == "is a damaged PDF. Export it again"
    assert "est un PDF endommagé. Exportez-le à nouveau" in render_uploads([refused], TEXTS["fr"])


def test_the_last_report_says_why_files_failed_in_the_language_of_the_page(small_settings, embeddings) -> None:
    (small_settings.corpus_dir / "binary.txt").write_bytes(b"a\0b" * 50)
    (small_settings.corpus_dir / "notes.doc").write_bytes(b"old")
    sync(small_settings, embeddings)
    report = last_report(small_settings.index_dir)
    assert report
    assert report.failed[0].error == "is binary (it holds NUL bytes), not text"
    shown = render_report(report, TEXTS["fr"])
    assert "est binaire" in shown
    assert "Enregistrez-le en .docx" in shown
    assert 'lang="en"' not in shown


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_only_the_operator_can_mend_is_told_by_its_kind(language) -> None:
    texts = TEXTS[language]
    assert error_in_words(ModelError("the file /srv/x is broken"), texts) == texts.corpus.problems["model"]
    assert reason_of(ModelError("x")).code == ""


def test_an_empty_folder_is_told_in_the_language_of_the_page(small_settings, embeddings) -> None:
    empty = small_settings.model_copy(update={"corpus_dir": small_settings.corpus_dir / "nothing"})
    with pytest.raises(Exception, match="does not exist") as raised:
        sync(empty, embeddings)
    assert "n’existe pas. Créez-le" in error_in_words(raised.value, TEXTS["fr"])
