"""Every word of the interface, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.answering.messages import EVIDENCE, GROUPS
from advisor.types import Language


@dataclass(frozen=True, slots=True)
class CorpusTexts:
    """The Corpus tab in one language; `states`, `stages` and `changes` go from codes to words."""

    title: str
    curators_only: str
    server_says: str
    columns: tuple[str, ...]
    states: dict[str, str]
    summary: str
    synced: str
    changes: dict[str, str]
    failed: str
    hidden: str
    reindex: str
    stages: dict[str, str]
    done: str
    rate: str
    upload: str
    stored: str
    replaced: str
    refused: str
    choose: str
    delete: str
    really_delete: str
    confirm: str
    cancel: str
    deleted: str
    rollback: str
    rolled_back: str


@dataclass(frozen=True, slots=True)
class Texts:
    """The interface in one language. The mappings go from the codes of the corpus and the pipeline to words."""

    language: Language
    title: str
    tagline: str
    placeholder: str
    send: str
    new: str
    try_asking: str
    examples: tuple[str, ...]
    sources: str
    colon: str
    no_sources: str
    back: str
    close: str
    document: str
    unreadable: str
    rests_on: str
    original: str
    page: str
    page_short: str
    understood_as: str
    abstained: str
    near: str
    confidence: str
    percent: str
    withheld: str
    other_language: str
    writers: dict[str, str]
    stages: dict[str, str]
    evidence: dict[str, str]
    topics: dict[str, str]
    groups: dict[str, str]
    empty: str
    no_letters: str
    too_long: str
    chat: str
    sign_out: str
    corpus: CorpusTexts


FRENCH = Texts(
    language="fr",
    title="Conseiller CTO",
    tagline=(
        "Posez une question de CTO, en français ou en anglais\u00a0: chaque phrase de la réponse renvoie aux lignes qui la "
        "fondent, et quand le corpus ne contient pas la réponse, le conseiller le dit."
    ),
    placeholder="Votre question",
    send="Demander",
    new="Nouvelle conversation",
    try_asking="Par exemple",
    examples=(
        "Quel gain de conversion l’AI Committee a-t-il apporté\u00a0?",
        "Par où commencer une démarche FinOps\u00a0?",
        "Quand choisir le multi-cloud\u00a0?",
        "Que doit signaler le déployeur d’un système d’IA selon l’AI Act\u00a0?",
        "Quand ouvrir un poste de staff engineer\u00a0?",
    ),
    sources="Sources",
    colon="\u00a0:",
    no_sources="Les passages cités par une réponse s’affichent ici. Un numéro ouvre le document à la ligne citée.",
    back="Retour aux sources",
    close="Fermer",
    document="Document cité",
    unreadable="Ce document ne peut pas être affiché\u00a0: il n’est plus dans l’index, ou le conseiller est arrêté.",
    rests_on="Ce document s’appuie sur",
    original="ouvrir l’original",
    page="page {}",
    page_short="p.\u00a0{}",
    understood_as="Compris comme\u00a0: {}",
    abstained="Pas de réponse dans le corpus",
    near="Pas de réponse, mais des passages proches",
    confidence="confiance {:.0f}\u00a0%",
    percent="{:.0f}\u00a0%",
    withheld="phrases retenues, faute d’appui\u00a0: {}",
    other_language="English",
    writers={"extractive": "phrases du corpus", "curated": "réponse préparée par les curateurs"},
    stages={
        "search": "Je cherche dans le corpus…",
        "write": "Je compose la réponse…",
        "verify": "Je vérifie chaque phrase…",
    },
    evidence=EVIDENCE["fr"],
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
    groups=GROUPS["fr"],
    empty="Écrivez une question pour commencer.",
    no_letters="Cette question ne contient aucune lettre. Posez-la en français ou en anglais.",
    too_long="Cette question est trop longue\u00a0: {} caractères au plus.",
    chat="Conversation",
    sign_out="Se déconnecter",
    corpus=CorpusTexts(
        title="Corpus",
        curators_only="Seuls les curateurs modifient le corpus.",
        server_says="Cela n’a pas fonctionné. Le serveur en dit, en anglais\u00a0:",
        columns=("Document", "Langue", "Sujet", "Passages", "Date", "État"),
        states={
            "indexed": "indexé",
            "added": "à ajouter",
            "updated": "à mettre à jour",
            "removed": "à retirer",
            "failed": "en échec",
        },
        summary="Génération {}\u00a0: {} documents, {} passages.",
        synced="Génération {}\u00a0: {} documents, {} passages ({} calculés, {} repris).",
        changes={
            "added": "Ajoutés\u00a0:",
            "updated": "Mis à jour\u00a0:",
            "renamed": "Renommés\u00a0:",
            "removed": "Retirés\u00a0:",
        },
        failed="En échec\u00a0:",
        hidden="Texte caché, laissé de côté ({} caractères)\u00a0:",
        reindex="Mettre l’index à jour",
        stages={
            "read": "Lecture des fichiers",
            "embed": "Calcul des vecteurs",
            "write": "Écriture",
            "check": "Vérification",
        },
        done="{} sur {}",
        rate="{:.0f} par seconde, encore {:.0f}\u00a0s",
        upload="Ajouter des fichiers (Markdown, texte, HTML, PDF, DOCX)",
        stored="{} est dans le corpus\u00a0; il entrera dans l’index à la prochaine mise à jour.",
        replaced="{} remplace le fichier du même nom\u00a0; l’index le reprendra à la prochaine mise à jour.",
        refused="Refusé\u00a0:",
        choose="Documents à supprimer",
        delete="Supprimer…",
        really_delete="Supprimer définitivement du corpus\u00a0: {}\u00a0?",
        confirm="Oui, supprimer",
        cancel="Annuler",
        deleted="{} est supprimé\u00a0; il sortira de l’index à la prochaine mise à jour.",
        rollback="Revenir à la génération précédente",
        rolled_back="L’index est revenu à la génération {}.",
    ),
)

ENGLISH = Texts(
    language="en",
    title="CTO Advisor",
    tagline=(
        "Ask what a CTO asks, in English or French: every sentence of the answer points to the lines behind it, and when "
        "the corpus does not hold the answer, the advisor says so."
    ),
    placeholder="Your question",
    send="Ask",
    new="New conversation",
    try_asking="For example",
    examples=(
        "What conversion gain did the AI Committee bring?",
        "Where do we start with FinOps?",
        "When should we choose multi-cloud?",
        "What must the deployer of an AI system disclose under the AI Act?",
        "When should we open a staff engineer position?",
    ),
    sources="Sources",
    colon=":",
    no_sources="The passages that an answer cites appear here. A number opens the document at the cited line.",
    back="Back to the sources",
    close="Close",
    document="Cited document",
    unreadable="This document cannot be shown: it is no longer in the index, or the advisor has stopped.",
    rests_on="This document rests on",
    original="open the original",
    page="page {}",
    page_short="p.\u00a0{}",
    understood_as="Understood as: {}",
    abstained="No answer in the corpus",
    near="No answer, but passages that come near",
    confidence="confidence {:.0f}%",
    percent="{:.0f}%",
    withheld="sentences withheld for lack of support: {}",
    other_language="Français",
    writers={"extractive": "sentences of the corpus", "curated": "answer prepared by the curators"},
    stages={
        "search": "Searching the corpus…",
        "write": "Composing the answer…",
        "verify": "Checking each sentence…",
    },
    evidence=EVIDENCE["en"],
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
    groups=GROUPS["en"],
    empty="Type a question to begin.",
    no_letters="This question holds no letters. Ask it in English or French.",
    too_long="This question is too long: {} characters at most.",
    chat="Conversation",
    sign_out="Sign out",
    corpus=CorpusTexts(
        title="Corpus",
        curators_only="Only curators change the corpus.",
        server_says="That did not work. The server says:",
        columns=("Document", "Language", "Topic", "Passages", "Date", "State"),
        states={
            "indexed": "indexed",
            "added": "to be added",
            "updated": "to be updated",
            "removed": "to be removed",
            "failed": "failed",
        },
        summary="Generation {}: {} documents, {} passages.",
        synced="Generation {}: {} documents, {} passages ({} embedded, {} re-used).",
        changes={"added": "Added:", "updated": "Updated:", "renamed": "Renamed:", "removed": "Removed:"},
        failed="Failed:",
        hidden="Hidden text, left out ({} characters):",
        reindex="Bring the index up to date",
        stages={"read": "Reading files", "embed": "Embedding", "write": "Writing", "check": "Checking"},
        done="{} of {}",
        rate="{:.0f} per second, {:.0f} s left",
        upload="Add files (Markdown, text, HTML, PDF, DOCX)",
        stored="{} is in the corpus; it enters the index at the next update.",
        replaced="{} replaces the file of the same name; the index takes it at the next update.",
        refused="Refused:",
        choose="Documents to delete",
        delete="Delete…",
        really_delete="Delete from the corpus for good: {}?",
        confirm="Yes, delete",
        cancel="Cancel",
        deleted="{} is deleted; it leaves the index at the next update.",
        rollback="Back to the previous generation",
        rolled_back="The index is back at generation {}.",
    ),
)

TEXTS: dict[Language, Texts] = {"fr": FRENCH, "en": ENGLISH}
