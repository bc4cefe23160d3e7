"""The words of a memo, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.answering.messages import EVIDENCE, GROUPS
from advisor.types import Language


@dataclass(frozen=True, slots=True)
class MemoWords:
    """A memo in one language. `groups` and `evidence` go from the codes of answers and corpus to words."""

    language: Language
    title: str
    colon: str
    made: str
    question: str
    understood: str
    answer: str
    rests: str
    unknown: str
    options: str
    sources: str
    page: str
    limits: str
    refused: str
    withheld: str
    missing: str
    one_document: str
    newest: str
    undated: str
    own_facts: str
    groups: dict[str, str]
    evidence: dict[str, str]
    maturity: str
    scores: str
    domain: str
    score: str
    answered: str
    weakest: str
    no_weakness: str
    advice: str


_FRENCH = MemoWords(
    language="fr",
    title="Note de décision",
    colon="\u00a0:",
    made="Établie le {} par le Conseiller CTO, à partir de l’index {}.",
    question="Question",
    understood="Comprise comme\u00a0: {}",
    answer="Réponse",
    rests="Confiance\u00a0: {:.0f}\u00a0%. Niveaux de preuve\u00a0: {}.",
    unknown="non précisés",
    options="Options et arbitrages",
    sources="Sources",
    page="page {}",
    limits="Ce que le corpus ne dit pas",
    refused="Le corpus ne répond pas à cette question\u00a0: {}.",
    withheld="Phrase retenue, faute d’appui\u00a0: «\u00a0{}\u00a0» ({}).",
    missing="Mots de la question qu’aucun passage cité n’emploie\u00a0: {}.",
    one_document="Tous les passages cités viennent d’un seul document.",
    newest="Rien n’est plus récent que le {}, date du plus récent des documents cités.",
    undated="Les documents cités ne portent pas de date.",
    own_facts="Les chiffres, contrats et contraintes de votre entreprise n’y figurent pas\u00a0: ils restent à vérifier.",
    groups=GROUPS["fr"],
    evidence=EVIDENCE["fr"],
    maturity="Bilan de maturité",
    scores="Résultat par domaine",
    domain="Domaine",
    score="Score",
    answered="Réponses",
    weakest="Les points les plus faibles",
    no_weakness="Aucun point faible parmi les réponses données.",
    advice="Ce que conseille le corpus",
)

_ENGLISH = MemoWords(
    language="en",
    title="Decision memo",
    colon=":",
    made="Made on {} by the CTO Advisor, from index {}.",
    question="Question",
    understood="Understood as: {}",
    answer="Answer",
    rests="Confidence: {:.0f}%. Levels of evidence: {}.",
    unknown="not stated",
    options="Options and trade-offs",
    sources="Sources",
    page="page {}",
    limits="What the corpus does not say",
    refused="The corpus does not answer this question: {}.",
    withheld="Sentence withheld for lack of support: “{}” ({}).",
    missing="Words of the question that no cited passage uses: {}.",
    one_document="All the cited passages come from one document.",
    newest="Nothing is later than {}, the date of the latest document cited.",
    undated="The cited documents bear no date.",
    own_facts="The figures, contracts and constraints of your own company are not in it: they remain to be checked.",
    groups=GROUPS["en"],
    evidence=EVIDENCE["en"],
    maturity="Maturity check",
    scores="Score by domain",
    domain="Domain",
    score="Score",
    answered="Answers",
    weakest="The weakest points",
    no_weakness="No weak point among the answers given.",
    advice="What the corpus advises",
)

WORDS: dict[Language, MemoWords] = {"fr": _FRENCH, "en": _ENGLISH}
