"""What the advisor says of its own: how an answer is laid out as text, and how it says that it does not know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from advisor.types import AnswerSentence, Citation, Language, ScoredChunk, Withheld
from advisor.verification.rejection import Code, Rejected

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
_OTHER_LANGUAGE: dict[Language, str] = {
    "fr": "je réponds en français ou en anglais",
    "en": "I answer in French or English",
}
_NEAR: dict[Language, str] = {
    "fr": "Le corpus touche ce sujet sans répondre à cette question. Les passages les plus proches :",
    "en": "The corpus touches on this subject and does not answer this question. The nearest passages:",
}


_WHY: dict[Language, dict[Code, str]] = {
    "fr": {
        "nothing": "ne dit rien",
        "uncited": "ne cite aucun passage, et aucun ne la soutient clairement",
        "no-passage": "cite le passage {0}, qui n’existe pas",
        "misquoted": "la citation [{0}] n’est pas ce que dit son document à cet endroit",
        "not-quoted": "n’est pas dans les lignes de la citation [{0}]",
        "figure": "le passage ne donne pas « {0} »",
        "figure-elsewhere": "le passage donne « {0} » à propos d’autre chose",
        "name": "le passage ne nomme pas « {0} »",
        "quotation": "le passage ne contient pas la citation « {0} »",
        "opposite": "dit « {0} » là où le passage dit le contraire",
        "denies": "dit « {0} », ce que le passage ne dit pas",
        "affirms": "laisse de côté « {0} »",
        "unclear": "le passage ne la soutient pas assez clairement ({0})",
        "language": "n’est pas dans la langue de la question",
        "repeated": "répète une phrase",
    },
    "en": {
        "nothing": "says nothing",
        "uncited": "cites no passage, and none supports it clearly",
        "no-passage": "cites passage {0}, which does not exist",
        "misquoted": "the quotation [{0}] is not what its document says in that place",
        "not-quoted": "is not in the lines of the quotation [{0}]",
        "figure": 'the passage does not state "{0}"',
        "figure-elsewhere": 'the passage states "{0}" of something else',
        "name": 'the passage does not name "{0}"',
        "quotation": 'the passage does not hold the quotation "{0}"',
        "opposite": 'says "{0}" where the passage says the opposite',
        "denies": 'says "{0}", which the passage does not',
        "affirms": 'leaves out "{0}"',
        "unclear": "the passage does not support it clearly enough ({0})",
        "language": "is not in the language of the question",
        "repeated": "repeats a sentence",
    },
}
_INSTEAD: dict[Language, dict[str, str]] = {
    "fr": {
        "": "La réponse est faite de phrases du corpus : ",
        "timeout": "le modèle {0} n’a pas répondu à temps",
        "connection": "le modèle {0} n’est pas joignable",
        "busy": "le modèle {0} est surchargé",
        "server": "le modèle {0} est en panne",
        "refused": "le modèle {0} a refusé la demande",
        "malformed": "le modèle {0} a répondu de façon illisible",
        "empty": "le modèle {0} n’a rien répondu",
        "little": "trop peu de ce que le modèle {0} a écrit est soutenu par les passages",
        "less": "le modèle {0} n’a pas repris l’essentiel des passages",
        "language": "le modèle {0} a répondu dans une autre langue",
    },
    "en": {
        "": "The answer is made of sentences of the corpus: ",
        "timeout": "the model {0} did not answer in time",
        "connection": "the model {0} cannot be reached",
        "busy": "the model {0} is overloaded",
        "server": "the model {0} is out of order",
        "refused": "the model {0} refused the request",
        "malformed": "the answer of the model {0} cannot be read",
        "empty": "the model {0} said nothing",
        "little": "too little of what the model {0} wrote is supported by the passages",
        "less": "the model {0} left out the main part of the passages",
        "language": "the model {0} answered in another language",
    },
}


def withheld_in_words(language: Language, rejected: Sequence[Rejected]) -> tuple[Withheld, ...]:
    """The sentences that the reader does not see, each once, with the first reason found for it."""
    first: dict[str, Rejected] = {}
    for one in rejected:
        first.setdefault(one.text, one)
    return tuple(Withheld(one.text, _WHY[language][one.code].format(one.detail)) for one in first.values())


def instead_in_words(language: Language, failure: str, model: str) -> str:
    """Why the answer is the extractive one although there is a chat model."""
    return _INSTEAD[language][""] + _INSTEAD[language][failure].format(model) + "."


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences that are shown together: a paragraph, or an item of a list, in one part of an answer."""

    group: str
    is_item: bool
    sentences: tuple[AnswerSentence, ...]


def paragraphs(sentences: Sequence[AnswerSentence]) -> list[Paragraph]:
    """The sentences of an answer as they are laid out."""
    found: list[Paragraph] = []
    for sentence in sentences:
        before = found[-1] if found else None
        same = before and before.group == sentence.group and before.is_item == sentence.is_item
        if before and same and (sentence.continues or not sentence.is_item):
            found[-1] = replace(before, sentences=(*before.sentences, sentence))
        else:
            found.append(Paragraph(sentence.group, sentence.is_item, (sentence,)))
    return found


def compose(sentences: Sequence[AnswerSentence]) -> str:
    """The answer as text: paragraphs and list items, each sentence followed by its markers."""
    text = ""
    before: Paragraph | None = None
    for each in paragraphs(sentences):
        listed = before is not None and before.is_item and each.is_item and before.group == each.group
        written = " ".join(marked(sentence) for sentence in each.sentences)
        text += ("\n" if listed else "\n\n") + ("- " if each.is_item else "") + written
        before = each
    return text.strip()


def marked(sentence: AnswerSentence) -> str:
    """A sentence with its markers behind it."""
    return sentence.text + " " + "".join(f"[{marker}]" for marker in sentence.markers)


def nearest_subjects(language: Language, passages: Sequence[ScoredChunk]) -> tuple[str, ...]:
    """The titles of the best passages, in the asker's language where there are any."""
    own = [passage.chunk.title for passage in passages if passage.chunk.language == language]
    return tuple(dict.fromkeys(own or [passage.chunk.title for passage in passages]))[:_NEAREST]


def abstention_in_words(language: Language, names: Sequence[str]) -> str:
    """What the reader sees when there is no answer, with the nearest subjects."""
    opening, quoted, end = _COVERS[language]
    covers = opening + ", ".join(quoted.format(name) for name in names) + end if names else ""
    return _ABSTAIN[language] + covers


def other_language_in_words(language: Language) -> str:
    """What to say beside an answer to a question in a language that no answer is in."""
    return _OTHER_LANGUAGE[language]


def reason_in_words(language: Language, confidence: float, threshold: float) -> str:
    """Why there is no answer."""
    return _LOW[language].format(confidence, threshold)


def near_in_words(language: Language, citations: Sequence[Citation]) -> str:
    """What the reader sees when the corpus touches the subject: the places of the nearest passages, with their markers."""
    places = ("{} [{}]".format(" > ".join((each.title, *each.heading)), each.marker) for each in citations)
    return _NEAR[language] + "".join(f"\n- {place}" for place in places)
