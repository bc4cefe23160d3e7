"""The words of the Sources and Maturity check tabs, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.types import Language


@dataclass(frozen=True, slots=True)
class TabTexts:
    """Both tabs in one language; `domains` goes from the codes of the maturity check to words."""

    sources: str
    sources_lead: str
    search: str
    any_topic: str
    topic: str
    any_language: str
    language: str
    languages: dict[Language, str]
    other_topic: str
    count: str
    found: str
    nothing: str
    reader: str
    choose: str
    back: str
    translation: str
    links_to: str
    linked_from: str
    failed: str
    maturity: str
    maturity_lead: str
    no_checklist: str
    domains: dict[str, str]
    step: str
    answers: tuple[str, str, str]
    previous: str
    following: str
    finish: str
    again: str
    result: str
    radar: str
    domain: str
    score: str
    answered: str
    weakest: str
    none_weak: str
    you_said: str
    advice: str
    read: str
    memo: str


_FRENCH = TabTexts(
    sources="Sources",
    sources_lead="Tout ce que le conseiller a lu. Cherchez des mots, ou parcourez par sujet.",
    search="Chercher dans les sources",
    any_topic="Tous les sujets",
    topic="Sujet",
    any_language="Toutes les langues",
    language="Langue",
    languages={"fr": "français", "en": "anglais"},
    other_topic="autres",
    count="Documents\u00a0: {}",
    found="Passages trouvés\u00a0: {}",
    nothing="Aucun passage ne contient ces mots. Essayez-en d’autres, ou élargissez le sujet et la langue.",
    reader="Document",
    choose="Choisissez un document pour le lire ici.",
    back="Retour à la liste",
    translation="Traduction",
    links_to="Renvoie à",
    linked_from="Cité par",
    failed="La liste ne peut pas être affichée. Rechargez la page.",
    maturity="Maturité",
    maturity_lead=(
        "Six domaines, quelques affirmations tirées des listes de contrôle du corpus. Répondez pour votre entreprise\u00a0; "
        "une affirmation sans réponse ne compte pas. Rien n’est enregistré."
    ),
    no_checklist="Le corpus ne contient aucune liste de contrôle\u00a0: il n’y a rien à évaluer.",
    domains={
        "strategy": "Stratégie",
        "ai": "Gouvernance de l’IA",
        "cloud": "Cloud et FinOps",
        "security": "Sécurité",
        "delivery": "Livraison logicielle",
        "leadership": "Leadership",
    },
    step="Domaine {} sur {}",
    answers=("Non", "En partie", "Oui"),
    previous="Précédent",
    following="Suivant",
    finish="Voir le bilan",
    again="Reprendre les réponses",
    result="Bilan de maturité",
    radar="Score par domaine, de 0 à 100\u00a0%",
    domain="Domaine",
    score="Score",
    answered="Réponses",
    weakest="Les trois points les plus faibles",
    none_weak="Aucun point faible parmi les réponses données.",
    you_said="Votre réponse\u00a0: {}",
    advice="Ce que conseille le corpus",
    read="Lire dans le document",
    memo="Télécharger le bilan",
)

_ENGLISH = TabTexts(
    sources="Sources",
    sources_lead="All that the advisor has read. Search for words, or browse by topic.",
    search="Search the sources",
    any_topic="All topics",
    topic="Topic",
    any_language="All languages",
    language="Language",
    languages={"fr": "French", "en": "English"},
    other_topic="others",
    count="Documents: {}",
    found="Passages found: {}",
    nothing="No passage holds these words. Try others, or widen the topic and the language.",
    reader="Document",
    choose="Choose a document to read it here.",
    back="Back to the list",
    translation="Translation",
    links_to="Links to",
    linked_from="Linked from",
    failed="The list cannot be shown. Reload the page.",
    maturity="Maturity check",
    maturity_lead=(
        "Six domains, a few statements from the checklists of the corpus. Answer for your own company; a statement without "
        "an answer does not count. Nothing is kept."
    ),
    no_checklist="The corpus holds no checklist: there is nothing to assess.",
    domains={
        "strategy": "Strategy",
        "ai": "AI governance",
        "cloud": "Cloud and FinOps",
        "security": "Security",
        "delivery": "Delivery",
        "leadership": "Leadership",
    },
    step="Domain {} of {}",
    answers=("No", "Partly", "Yes"),
    previous="Previous",
    following="Next",
    finish="See the result",
    again="Back to the answers",
    result="Maturity check",
    radar="Score by domain, from 0 to 100%",
    domain="Domain",
    score="Score",
    answered="Answers",
    weakest="The three weakest points",
    none_weak="No weak point among the answers given.",
    you_said="Your answer: {}",
    advice="What the corpus advises",
    read="Read in the document",
    memo="Download the result",
)

TAB_TEXTS: dict[Language, TabTexts] = {"fr": _FRENCH, "en": _ENGLISH}
