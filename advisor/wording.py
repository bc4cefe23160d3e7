"""What the advisor says of its own: how an answer is laid out as text, and how it says that it does not know."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.types import AnswerSentence, Language, ScoredChunk

GROUPS: dict[Language, dict[str, str]] = {
    "fr": {
        "how": "Comment faire",
        "figures": "Repères chiffrés",
        "caution": "Points de vigilance",
        "more": "À savoir aussi",
    },
    "en": {
        "how": "How to do it",
        "figures": "Figures",
        "caution": "Watch out",
        "more": "Also worth knowing",
    },
}
"""The parts of an answer, by the code of `AnswerSentence.group`."""
EVIDENCE: dict[Language, dict[str, str]] = {
    "fr": {
        "case": "retour d’expérience",
        "survey": "enquête",
        "standard": "norme",
        "regulation": "réglementation",
        "practice": "pratique",
        "opinion": "avis",
    },
    "en": {
        "case": "case",
        "survey": "survey",
        "standard": "standard",
        "regulation": "regulation",
        "practice": "practice",
        "opinion": "opinion",
    },
}
"""The levels of evidence, by the code of the front matter."""
_NEAREST = 3  # subjects named by an abstention
_ABSTAIN: dict[Language, str] = {
    "fr": "Le corpus ne contient pas de réponse à cette question.",
    "en": "The corpus does not hold an answer to this question.",
}
_COVERS: dict[Language, tuple[str, str, str]] = {
    "fr": (" Sujets les plus proches : ", "« {} »", "."),
    "en": (" Nearest subjects covered: ", '"{}"', "."),
}
_LOW: dict[Language, str] = {
    "fr": "aucun passage ne répond assez sûrement (confiance {:.2f}, seuil {:.2f})",
    "en": "no passage answers surely enough (confidence {:.2f}, threshold {:.2f})",
}
_PRIVATE: dict[Language, str] = {
    "fr": "la question porte sur un fait de votre organisation, ou à venir, daté d’aujourd’hui : aucun corpus ne l’a",
    "en": "the question is for a fact of your own organization or of the future, told from today: no corpus holds it",
}


def compose(sentences: Sequence[AnswerSentence]) -> str:
    """The answer as text: paragraphs and list items, each sentence followed by its markers."""
    text = ""
    before: AnswerSentence | None = None
    after_item = False
    for sentence in sentences:
        marked = sentence.text + " " + "".join(f"[{marker}]" for marker in sentence.markers)
        same_part = before is not None and before.group == sentence.group
        if sentence.is_item:
            text += ("\n- " if same_part else "\n\n- ") + marked
        else:
            text += (" " if same_part and not after_item else "\n\n") + marked
        before, after_item = sentence, sentence.is_item
    return text.strip()


def abstention_in_words(language: Language, passages: Sequence[ScoredChunk]) -> str:
    """What the reader sees when there is no answer, with the nearest subjects."""
    opening, quoted, end = _COVERS[language]
    own = [passage.chunk.title for passage in passages if passage.chunk.language == language]
    names = list(dict.fromkeys(own or [passage.chunk.title for passage in passages]))[:_NEAREST]
    covers = opening + ", ".join(quoted.format(name) for name in names) + end if names else ""
    return _ABSTAIN[language] + covers


def reason_in_words(language: Language, confidence: float, threshold: float, *, private: bool) -> str:
    """Why there is no answer."""
    return _PRIVATE[language] if private else _LOW[language].format(confidence, threshold)
