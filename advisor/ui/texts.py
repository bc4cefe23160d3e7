"""Every word of the interface, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.types import Language


@dataclass(frozen=True, slots=True)
class Texts:
    """The interface in one language. The mappings go from the codes of the corpus to words."""

    language: Language
    title: str
    tagline: str
    placeholder: str
    send: str
    new: str
    try_asking: str
    examples: tuple[str, ...]
    sources: str
    no_sources: str
    open_document: str
    back: str
    understood_as: str
    abstained: str
    confidence: str
    withheld: str
    other_language: str
    stages: dict[str, str]
    evidence: dict[str, str]
    topics: dict[str, str]
    groups: dict[str, str]
    errors: dict[str, str]


FRENCH = Texts(
    language="fr",
    title="Conseiller CTO",
    tagline="Chaque phrase renvoie aux lignes qui la fondent. Quand le corpus ne répond pas, le conseiller le dit.",
    placeholder="Votre question",
    send="Demander",
    new="Nouvelle conversation",
    try_asking="Par exemple",
    examples=(
        "Quel gain a apporté l’AI Committee de l’entreprise d’e-commerce ?",
        "Comment commencer une démarche FinOps ?",
        "Quelles obligations l’AI Act impose-t-il au déployeur d’un système à haut risque ?",
        "Quand faut-il préférer un monolithe modulaire aux microservices ?",
        "Combien d’ingénieurs un manager peut-il encadrer ?",
    ),
    sources="Sources",
    no_sources="Les passages cités par la réponse s’affichent ici.",
    open_document="Lire dans le document",
    back="Retour aux sources",
    understood_as="Compris comme",
    abstained="Pas de réponse dans le corpus",
    confidence="confiance",
    withheld="phrases retenues : non étayées par les sources",
    other_language="English",
    stages={
        "search": "Recherche dans le corpus…",
        "write": "Rédaction à partir des passages…",
        "verify": "Vérification de chaque phrase…",
    },
    evidence={
        "case": "retour d’expérience",
        "survey": "enquête",
        "standard": "norme",
        "regulation": "réglementation",
        "practice": "pratique",
        "opinion": "avis",
    },
    topics={
        "strategy": "stratégie",
        "ai": "IA",
        "cloud": "cloud",
        "finops": "FinOps",
        "security": "sécurité",
        "delivery": "livraison logicielle",
        "leadership": "leadership",
        "role": "rôle du CTO",
    },
    groups={
        "how": "Comment faire",
        "figures": "Repères chiffrés",
        "caution": "Points de vigilance",
        "more": "À savoir aussi",
    },
    errors={
        "empty": "Écrivez une question pour commencer.",
        "letters": "La question ne contient aucune lettre : posez-la en français ou en anglais.",
        "long": "La question est trop longue : {most} caractères au plus.",
        "failed": "Le conseiller ne peut pas répondre pour le moment : {why}",
    },
)

ENGLISH = Texts(
    language="en",
    title="CTO Advisor",
    tagline="Every sentence points to the lines behind it. When the corpus has no answer, the advisor says so.",
    placeholder="Your question",
    send="Ask",
    new="New conversation",
    try_asking="For example",
    examples=(
        "What did the e-commerce company's AI Committee achieve?",
        "How do we start with FinOps?",
        "Which duties does the AI Act give to the deployer of a high-risk system?",
        "When is a modular monolith better than microservices?",
        "How many engineers can one manager lead?",
    ),
    sources="Sources",
    no_sources="The passages that the answer cites appear here.",
    open_document="Read in the document",
    back="Back to the sources",
    understood_as="Understood as",
    abstained="No answer in the corpus",
    confidence="confidence",
    withheld="sentences withheld: not supported by the sources",
    other_language="Français",
    stages={
        "search": "Searching the corpus…",
        "write": "Writing from the passages…",
        "verify": "Checking each sentence…",
    },
    evidence={
        "case": "case",
        "survey": "survey",
        "standard": "standard",
        "regulation": "regulation",
        "practice": "practice",
        "opinion": "opinion",
    },
    topics={
        "strategy": "strategy",
        "ai": "AI",
        "cloud": "cloud",
        "finops": "FinOps",
        "security": "security",
        "delivery": "software delivery",
        "leadership": "leadership",
        "role": "the CTO's role",
    },
    groups={
        "how": "How to do it",
        "figures": "Figures",
        "caution": "Watch out",
        "more": "Also worth knowing",
    },
    errors={
        "empty": "Type a question to begin.",
        "letters": "The question holds no letters: ask it in French or English.",
        "long": "The question is too long: at most {most} characters.",
        "failed": "The advisor cannot answer at the moment: {why}",
    },
)

TEXTS: dict[Language, Texts] = {"fr": FRENCH, "en": ENGLISH}
