"""Language, sentences, lines and plain form."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.text.plain import Lines, detect_language, fold, has_words, plain, sentence_spans

MARKED = st.text(st.sampled_from("ab 1.!?*_~`[]()<>&;\"'\n\r\té🧭#-"), max_size=60)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Comment réduire la facture du cloud ?", "fr"),
        ("How do we reduce the cloud bill?", "en"),
        ("Le board demande un plan FinOps pour le cloud", "fr"),
        ("The COMEX wants a plan for the year", "en"),
        ("", "fr"),
        ("12 34 !", "fr"),
    ],
)
def test_detect_language(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Stratégie", "strategie"),
        ("L’ÉTÉ  à\n Noël", "l'ete a noel"),
        ("17\u00a0% de 10\u202f000", "17 % de 10 000"),
        ("e\u0301te\u0301", "ete"),
        ("cœur", "cœur"),
        ("Straße", "strasse"),
        ("№ 5 ﬁnops ℌ", "no 5 finops h"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(max_size=80))
def test_fold_is_stable(text: str) -> None:
    """Comparing folded text with folded text must not depend on how often it was folded."""
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("marked", "shown"),
    [
        ("**Gras** et *italique* et `code`", "Gras et italique et code"),
        ("Le **CTO**s", "Le CTOs"),
        ("_mot_ et snake_case_name", "mot et snake_case_name"),
        ("2 * 3 * 4 = 24", "2 * 3 * 4 = 24"),
        ("10**6 lignes et 5*4", "10**6 lignes et 5*4"),
        ("[le guide](https://x.fr/a 'titre')", "le guide"),
        ("[page](https://x.fr/a_(b)) suit", "page suit"),
        ("[![alt](a.png)](https://x.fr) suit", "alt suit"),
        ("voir [note [1]](u)", "voir note [1]"),
        ("coût <seuil, gain >10", "coût <seuil, gain >10"),
        ("a<br/>b <span class='x'>c</span><!-- d -->", "a b c"),
        ("voir <https://x.fr/a?b=1>", "voir https://x.fr/a?b=1"),
        ("R&amp;D &eacute;t&eacute; &#36;", "R&D été $"),
        ("a?x=1&copy=2", "a?x=1&copy=2"),
        ("une phrase\n> qui continue\r\n> > encore", "une phrase qui continue encore"),
        ("croissance\n>5 %", "croissance >5 %"),
        ("17\u00a0%  de\n plus", "17\u00a0% de plus"),
        ("```bash\ngit fetch\n```", "git fetch"),
        ("> ~~~ sh\n> git fetch\n> ~~~", "git fetch"),
        ("| la fin d'une longue ligne | 18 août", "la fin d'une longue ligne · 18 août"),
        ("son début | 18 août |", "son début · 18 août"),
    ],
)
def test_plain(marked: str, shown: str) -> None:
    assert plain(marked) == shown


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Un. Deux ! Trois ?", ["Un.", "Deux !", "Trois ?"]),
        ("M. Dupont et Mme. Durand arrivent. Ils parlent.", ["M. Dupont et Mme. Durand arrivent.", "Ils parlent."]),
        ("See e.g. AWS vs. Azure. Then decide.", ["See e.g. AWS vs. Azure.", "Then decide."]),
        ("Le coût est de 2.3 M€. C'est trop.", ["Le coût est de 2.3 M€.", "C'est trop."]),
        ("Quoi\u00a0? Oui\u00a0! Soit 17\u00a0%. Fin.", ["Quoi\u00a0?", "Oui\u00a0!", "Soit 17\u00a0%.", "Fin."]),
        ("Il a dit «\u00a0oui\u00a0!\u00a0» Puis non.", ["Il a dit «\u00a0oui\u00a0!\u00a0»", "Puis non."]),
        ("Une ligne\nqui continue. Fin.", ["Une ligne\nqui continue.", "Fin."]),
        ("Il a dit « oui. » Puis non.", ["Il a dit « oui. »", "Puis non."]),
        ("**Un point.** Un autre.", ["**Un point.**", "Un autre."]),
        ("GOV.UK et beta.gouv.fr publient. D'autres non.", ["GOV.UK et beta.gouv.fr publient.", "D'autres non."]),
        ("🧭 Le cap. 🚀 La fusée.", ["Le cap.", "La fusée."]),
        ("", []),
        ("--- !!!", []),
    ],
)
def test_sentence_spans(text: str, sentences: list[str]) -> None:
    assert [text[start:end] for start, end in sentence_spans(text, "fr")] == sentences


@given(MARKED, st.sampled_from(["fr", "en"]))
def test_sentences_are_in_order_and_lose_no_word(text: str, language: str) -> None:
    spans = sentence_spans(text, language)  # type: ignore[arg-type]
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    assert all(text[start:end].strip() == text[start:end] and has_words(text[start:end]) for start, end in spans)
    covered = {position for start, end in spans for position in range(start, end)}
    assert all(position in covered for position, character in enumerate(text) if character.isalnum())


def test_abbreviations_without_end() -> None:
    """Each "A." could end the sentence: looking back to its beginning each time would take forever."""
    text = "A. " * 30_000
    assert sentence_spans(text, "fr") == [(0, len(text) - 1)]


def test_lines_of_the_three_kinds_of_newline() -> None:
    text = "a\nb\r\nc\rd"
    lines = Lines(text)
    assert [(character, lines.of(at)) for at, character in enumerate(text) if character.isalpha()] == [
        ("a", 1), ("b", 2), ("c", 3), ("d", 4),
    ]  # fmt: skip
    assert Lines("").of(0) == 1


def test_separators_of_unicode_are_no_lines() -> None:
    """Editors count \\n, \\r\\n and \\r; str.splitlines counts eight more."""
    text = "a\u2028b\x0bc\x0cd\x85e"
    assert Lines(text).of(len(text) - 1) == 1


def test_what_nobody_sees_is_taken_out():
    assert plain("A\u200bn\u202e order\u2069 to\u00ad obey") == "An order to obey"
