"""Sentences that nobody copied: what is caught, in both languages, and what is let through."""

from __future__ import annotations

import pytest

from advisor.models.embeddings import Embeddings
from advisor.types import DraftSentence, Language
from advisor.verification.contradiction import contradiction
from advisor.verification.framing import gap_in, is_announcement
from advisor.verification.groundedness import Sources, SourceSentence
from advisor.verification.rejection import Rejected
from advisor.verification.verify import Grounded, by_words, verify_generative

FRENCH = [
    "Une fois l’AI Committee créé, le taux de conversion de l’entreprise d’e-commerce a augmenté de 17 % en 6 mois.",
    "Le cadre Well-Architected d’AWS repose sur 6 piliers, durabilité comprise, et celui d’Azure sur 5 piliers.",
    "Une plateforme sans équipe dédiée n’apporte pas de gain durable.",
    "Le comité peut arrêter un projet après deux revues.",
    "L’article 23 de NIS2 fixe une alerte précoce sous 24 heures, depuis le 17 octobre 2024.",
    "L’amende maximale est d’au moins 10 millions d’euros.",
    "Le conseil parle de « valeur à court terme » dans son rapport annuel.",
]
ENGLISH = [
    "Once the AI Committee had been created, the conversion rate of the e-commerce company rose by 17% in 6 months.",
    "The AWS Well-Architected framework rests on 6 pillars, sustainability included, and that of Azure on 5 pillars.",
    "A platform without a dedicated team does not bring lasting gains.",
    "The committee may stop a project after two reviews.",
    "Article 23 of NIS2 sets an early warning within 24 hours, since 17 October 2024.",
    "The maximum fine is at least 10 million euros.",
    "The board speaks of “short-term value” in its annual report.",
]


def sources(embeddings: Embeddings, language: Language) -> Sources:
    texts = FRENCH if language == "fr" else ENGLISH
    return Sources(
        [SourceSentence("a.md", n * 500, n * 500 + 400, t, language, 1, ("A", "B")) for n, t in enumerate(texts)],
        embeddings.encode_passages,
    )


def verdict(embeddings: Embeddings, text: str, language: Language, markers: tuple[int, ...] = (1,)) -> Grounded | Rejected:
    given = sources(embeddings, language)
    return verify_generative(DraftSentence(text, markers), language, given, by_words(given))


@pytest.mark.parametrize(
    ("language", "text", "code", "detail"),
    [
        ("fr", "Le taux de conversion de l’entreprise d’e-commerce a augmenté de 19 % en 6 mois.", "figure", "19 %"),
        (
            "fr",
            "Le taux de conversion de l’entreprise d’e-commerce a augmenté de dix-neuf pour cent en 6 mois.",
            "figure",
            "dix-neuf",
        ),
        (
            "fr",
            "Le taux de conversion de l’entreprise d’e-commerce a augmenté de 17 % en 6 semaines.",
            "figure",
            "6 semaines",
        ),
        (
            "fr",
            "Le taux de conversion de l’entreprise d’e-commerce a augmenté de 17 points en 6 mois.",
            "figure",
            "17 points",
        ),
        ("fr", "Le taux de conversion de Netflix a augmenté de 17 % en 6 mois.", "name", "Netflix"),
        ("fr", "Le taux de conversion de l’entreprise d’e-commerce a baissé de 17 % en 6 mois.", "opposite", ""),
        ("fr", "Le taux de conversion de l’entreprise d’e-commerce n’a pas augmenté de 17 % en 6 mois.", "denies", ""),
        ("fr", "Une plateforme sans équipe dédiée apporte un gain durable.", "affirms", ""),
        ("fr", "Une plateforme avec équipe dédiée n’apporte pas de gain durable.", "affirms", "sans"),
        ("fr", "Le cadre Well-Architected d’AWS repose sur 5 piliers, durabilité comprise.", "figure-elsewhere", ""),
        ("fr", "Le comité doit arrêter un projet après deux revues.", "opposite", ""),
        ("fr", "Le comité peut arrêter un projet avant deux revues.", "opposite", ""),
        (
            "fr",
            "L’article 23 de NIS2 fixe une alerte précoce sous 24 heures, depuis le 17 novembre 2024.",
            "figure",
            "17 novembre",
        ),
        ("fr", "L’article 23 de NIS2 fixe une alerte précoce sous 24 heures, depuis octobre 2025.", "figure", "2025"),
        ("fr", "L’amende maximale est d’au plus 10 millions d’euros.", "opposite", ""),
        ("fr", "L’amende maximale est d’au moins 10 milliards d’euros.", "figure", "10 milliards"),
        ("fr", "L’amende maximale est d’au moins 10 millions de dollars.", "figure", "10 millions"),
        ("fr", "Le conseil parle de « valeur à long terme » dans son rapport annuel.", "quotation", "valeur à long terme"),
        ("fr", "Les pommes sont mûres en automne.", "unclear", ""),
        ("en", "The conversion rate of the e-commerce company rose by 19% in 6 months.", "figure", "19%"),
        ("en", "The conversion rate of the e-commerce company rose by nineteen percent in 6 months.", "figure", "nineteen"),
        ("en", "The conversion rate of the e-commerce company rose by 17% in 6 weeks.", "figure", "6 weeks"),
        ("en", "The conversion rate of Netflix rose by 17% in 6 months.", "name", "Netflix"),
        ("en", "The conversion rate of the e-commerce company fell by 17% in 6 months.", "opposite", ""),
        ("en", "The conversion rate of the e-commerce company did not rise by 17% in 6 months.", "denies", ""),
        ("en", "A platform without a dedicated team does bring lasting gains.", "affirms", ""),
        ("en", "A platform with a dedicated team does not bring lasting gains.", "affirms", "without"),
        ("en", "The AWS Well-Architected framework rests on 5 pillars, sustainability included.", "figure-elsewhere", ""),
        ("en", "The committee must stop a project after two reviews.", "opposite", ""),
        ("en", "The committee may stop a project before two reviews.", "opposite", ""),
        ("en", "Article 23 of NIS2 sets an early warning within 24 hours, since 17 November 2024.", "figure", "17 november"),
        ("en", "The maximum fine is at most 10 million euros.", "opposite", ""),
        ("en", "The maximum fine is at least 10 billion euros.", "figure", "10 billion"),
        ("en", "The board speaks of “long-term value” in its annual report.", "quotation", "long-term value"),
        ("en", "Apples are ripe in autumn.", "unclear", ""),
    ],
)
def test_a_false_sentence_is_withheld_with_its_reason(embeddings, language, text, code, detail):
    found = verdict(embeddings, text, language)
    assert isinstance(found, Rejected)
    assert (found.code, detail in found.detail) == (code, True)


@pytest.mark.parametrize(
    ("language", "source", "text", "code"),
    [
        ("en", "An ISO 27001 certificate helps with NIS2.", "No: an ISO 27001 certificate helps with NIS2.", ""),
        ("fr", "Un certificat ISO 27001 aide pour NIS2.", "Non : un certificat ISO 27001 aide pour NIS2.", ""),
        (
            "fr",
            "Selon le guide, certains groupes ne postulent que s’ils remplissent tous les critères affichés.",
            "Certains groupes, selon le guide, ne postulent que s’ils remplissent tous les critères affichés.",
            "",
        ),
        (
            "en",
            "After 12 months the team saw more autonomy for its developers and fewer incidents.",
            "After 12 months the team had fewer incidents, and its developers more autonomy.",
            "",
        ),
        (
            "en",
            "After 12 months the team saw more autonomy for its developers and fewer incidents.",
            "After 12 months the team saw less autonomy for its developers and fewer incidents.",
            "opposite",
        ),
        (
            "en",
            "Some groups apply only if they meet all the listed criteria.",
            "Some groups apply only if they meet some of the listed criteria.",
            "opposite",
        ),
    ],
)
def test_a_word_that_both_sides_have_turns_nothing_and_a_denial_is_of_its_clause(language, source, text, code):
    found = contradiction(text, language, [source])
    assert (found.code if found else "") == code


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "En six mois, le taux de conversion de l’entreprise d’e-commerce a gagné dix-sept pour cent."),
        ("fr", "Sans équipe dédiée, une plateforme n’apporte aucun gain durable."),
        ("fr", "Après deux revues, le comité peut arrêter un projet."),
        ("fr", "L’alerte précoce de l’article 23 de NIS2 est à donner sous 24 heures."),
        ("en", "In six months, the conversion rate of the e-commerce company rose by seventeen percent."),
        ("en", "Without a dedicated team, a platform brings no lasting gains."),
        ("en", "After two reviews, the committee may stop a project."),
        ("en", "At least EUR 10 million: that is the maximum fine."),
    ],
)
def test_a_faithful_sentence_is_shown_with_the_lines_it_rests_on(embeddings, language, text):
    found = verdict(embeddings, text, language)
    assert isinstance(found, Grounded), found
    assert 0.5 <= found.support <= 1
    assert found.rests_on


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_copied_sentence_is_always_shown(embeddings, language):
    for text in FRENCH if language == "fr" else ENGLISH:
        found = verdict(embeddings, text, language)
        assert isinstance(found, Grounded)
        assert found.support == 1


def two_passages(embeddings: Embeddings) -> Sources:
    first = SourceSentence("a.md", 0, 40, ENGLISH[2], "en", 1)
    second = SourceSentence("b.md", 0, 40, ENGLISH[0], "en", 2)
    return Sources([first, second], embeddings.encode_passages)


@pytest.mark.parametrize("markers", [(), (1,), (7,)], ids=["missing", "wrong", "unknown"])
def test_a_wrong_marker_is_put_right_when_a_passage_clearly_supports_the_sentence(embeddings, markers):
    text = "The conversion rate of the e-commerce company rose by 17% in six months."
    given = two_passages(embeddings)
    found = verify_generative(DraftSentence(text, markers), "en", given, by_words(given))
    assert isinstance(found, Grounded)
    assert {source.document for source in found.rests_on} == {"b.md"}


def test_a_wrong_marker_is_not_put_right_when_none_does(embeddings):
    given = two_passages(embeddings)
    found = verify_generative(DraftSentence("The rate rose.", (7,)), "en", given, by_words(given))
    assert isinstance(found, Rejected)
    assert (found.code, found.detail) == ("no-passage", "7")


def test_a_figure_of_another_sentence_is_not_lent(embeddings):
    """Both figures stand in the passage, of different things."""
    sentences = ["Tagging covers 92% of cloud spend after six months.", "One-year reservations cut the cloud bill by 17%."]
    held = [SourceSentence("a.md", n * 99, n * 99 + 50, t, "en", 1) for n, t in enumerate(sentences)]
    given = Sources(held, embeddings.encode_passages)
    text = "One-year reservations cut the cloud bill by 92%."
    found = verify_generative(DraftSentence(text, (1,)), "en", given, by_words(given))
    assert isinstance(found, Rejected)
    assert (found.code, found.detail) == ("figure-elsewhere", "92%")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "Voici les points à retenir :"), ("fr", "En résumé :"), ("fr", "Selon les passages :"), ("fr", "Réponse :"),
        ("en", "Here are the key points:"), ("en", "To sum up:"), ("en", "According to the passages…"), ("en", "Answer:"),
    ],
)  # fmt: skip
def test_an_announcement_is_recognised(language, text):
    assert is_announcement(text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "Voici les 3 points à retenir :"), ("fr", "Voici pourquoi AWS est interdit :"), ("fr", "Le comité décide."),
        ("en", "Here are the 3 key points:"), ("en", "Here is why AWS is forbidden:"), ("en", "The key points"),
    ],
)  # fmt: skip
def test_what_says_something_is_no_announcement(language, text):
    assert not is_announcement(text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "Les passages ne disent pas quand le comité se réunit."),
        ("fr", "Aucun des passages ne précise qui décide."),
        ("fr", "Les documents fournis ne contiennent rien sur le budget."),
        ("en", "The passages do not say when the committee meets."),
        ("en", "None of the sources says who decides."),
        ("en", "The excerpts don't mention the budget."),
    ],
)
def test_what_is_missing(language, text):
    assert gap_in(text, language) == text


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "Les passages ne disent pas 17 % mais 71 %."),
        ("fr", "Les passages disent que le comité décide."),
        ("fr", "Le comité ne dit pas quand il se réunit."),
        ("en", "The passages say that the committee decides."),
        ("en", "The committee does not say when it meets."),
        ("en", "The passages do not say “never” but “seldom or never”."),
    ],
)
def test_what_is_not_missing(language, text):
    assert gap_in(text, language) == ""
