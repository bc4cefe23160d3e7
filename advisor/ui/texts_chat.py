"""The words around answers and conversations, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.types import Language


@dataclass(frozen=True, slots=True)
class ChatTexts:
    """What can be done with an answer and with a conversation.

    `reasons` goes from the codes of feedback to words, `problems` from those of problems ("" for any other).
    """

    conversations: str
    show_conversations: str
    search: str
    find: str
    none_yet: str
    none_found: str
    untitled: str
    actions: str
    rename: str
    delete: str
    really: str
    cancel: str
    save: str
    memo_of: str
    edit: str
    editing: str
    stop: str
    stopped: str
    copy: str
    copied: str
    retry: str
    good: str
    bad: str
    why: str
    memo: str
    next: str
    what_was_wrong: str
    reasons: dict[str, str]
    comment: str
    send: str
    thanks: str
    not_kept: str
    problems: dict[str, str]
    failed: str
    previous: str
    following: str
    position: str
    sign_in: str
    gone: str
    passages: str
    cited_as: str
    found_by: str
    decision: str
    threshold: str
    withheld: str
    nothing_withheld: str
    timings: str
    stages: dict[str, str]
    same_index: str
    other_index: str

    def problem(self, code: str) -> str:
        """Why there is no answer.

        :param code: of the kind of problem, as the REST interface names it.
        """
        return self.problems.get(code, self.problems[""])


_FRENCH = ChatTexts(
    conversations="Conversations",
    show_conversations="Afficher les conversations",
    search="Chercher dans les conversations",
    find="Chercher",
    none_yet="Vos conversations s’affichent ici. Elles restent sur la machine du conseiller.",
    none_found="Aucune conversation ne contient ces mots.",
    untitled="Sans titre",
    actions="Actions\u00a0: {}",
    rename="Renommer",
    delete="Supprimer",
    really="Supprimer pour de bon\u00a0?",
    cancel="Annuler",
    save="Enregistrer",
    memo_of="Note de décision",
    edit="Modifier la question",
    editing="La question modifiée remplacera cet échange et ceux qui le suivent.",
    stop="Arrêter",
    stopped="Réponse arrêtée. Elle n’est pas conservée.",
    copy="Copier la réponse",
    copied="Copié",
    retry="Poser à nouveau la question",
    good="Bonne réponse",
    bad="Mauvaise réponse",
    why="Pourquoi cette réponse\u00a0?",
    memo="Note de décision",
    next="Pour continuer",
    what_was_wrong="Qu’est-ce qui ne va pas\u00a0?",
    reasons={
        "wrong": "Inexacte",
        "incomplete": "Incomplète",
        "off-topic": "Hors sujet",
        "unclear": "Peu claire",
        "refused": "Refusée à tort",
    },
    comment="Précisions (facultatif)",
    send="Envoyer",
    thanks="Merci. L’avis est conservé avec la réponse.",
    not_kept="La réponse n’est pas conservée\u00a0: le serveur ne peut pas écrire ses fichiers.",
    problems={
        "": "Le conseiller ne peut pas répondre pour le moment. Le journal du serveur dit pourquoi.",
        "busy": "Trop de questions sont posées en ce moment. Reposez la vôtre dans un instant.",
        "deadline": "La réponse n’est pas venue à temps. Posez une question à la fois.",
        "model": "Le modèle n’est pas utilisable pour le moment. Le journal du serveur dit pourquoi.",
    },
    failed="Cela n’a pas fonctionné. Rechargez la page, puis recommencez.",
    previous="Citation précédente",
    following="Citation suivante",
    position="{} sur {}",
    sign_in="Connectez-vous pour poser une question.",
    gone="Cette conversation n’est plus là.",
    passages="Passages trouvés",
    cited_as="cité",
    found_by="score {:.2f} · sens {} · mots {}",
    decision="Confiance {:.0f}\u00a0%, pour un seuil de {:.0f}\u00a0%.",
    threshold="Au-dessous du seuil, le conseiller ne répond pas.",
    withheld="Phrases retenues, faute d’appui",
    nothing_withheld="Aucune phrase n’a été retenue.",
    timings="Durées",
    stages={"search": "recherche", "write": "rédaction", "verify": "vérification", "total": "total"},
    same_index="Index {}.",
    other_index="Réponse donnée d’après l’index {}\u00a0; les passages ci-dessous viennent de l’index actuel, {}.",
)

_ENGLISH = ChatTexts(
    conversations="Conversations",
    show_conversations="Show the conversations",
    search="Search the conversations",
    find="Search",
    none_yet="Your conversations appear here. They stay on the advisor’s machine.",
    none_found="No conversation holds these words.",
    untitled="Untitled",
    actions="Actions: {}",
    rename="Rename",
    delete="Delete",
    really="Delete for good?",
    cancel="Cancel",
    save="Save",
    memo_of="Decision memo",
    edit="Edit the question",
    editing="The edited question will replace this exchange and those after it.",
    stop="Stop",
    stopped="Answer stopped. It is not kept.",
    copy="Copy the answer",
    copied="Copied",
    retry="Ask again",
    good="Good answer",
    bad="Bad answer",
    why="Why this answer?",
    memo="Decision memo",
    next="To go on",
    what_was_wrong="What is wrong with it?",
    reasons={
        "wrong": "Wrong",
        "incomplete": "Incomplete",
        "off-topic": "Off topic",
        "unclear": "Unclear",
        "refused": "Refused wrongly",
    },
    comment="Details (optional)",
    send="Send",
    thanks="Thank you. It is kept with the answer.",
    not_kept="The answer is not kept: the server cannot write its files.",
    problems={
        "": "The advisor cannot answer at the moment. The log of the server says why.",
        "busy": "Too many questions are being asked at the moment. Ask yours again in a moment.",
        "deadline": "The answer did not come in time. Ask one thing at a time.",
        "model": "The model cannot be used at the moment. The log of the server says why.",
    },
    failed="That did not work. Reload the page and try again.",
    previous="Previous citation",
    following="Next citation",
    position="{} of {}",
    sign_in="Sign in to ask a question.",
    gone="This conversation is not there any more.",
    passages="Passages found",
    cited_as="cited",
    found_by="score {:.2f} · meaning {} · words {}",
    decision="Confidence {:.0f}%, for a threshold of {:.0f}%.",
    threshold="Below the threshold, the advisor does not answer.",
    withheld="Sentences withheld for lack of support",
    nothing_withheld="No sentence was withheld.",
    timings="Times",
    stages={"search": "search", "write": "writing", "verify": "verification", "total": "total"},
    same_index="Index {}.",
    other_index="Answered from index {}; the passages below come from the present index, {}.",
)

CHAT_TEXTS: dict[Language, ChatTexts] = {"fr": _FRENCH, "en": _ENGLISH}
