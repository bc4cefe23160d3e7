"""The words of the Evaluations tab, in both languages. The report itself is in English."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.types import Language


@dataclass(frozen=True, slots=True)
class EvaluationTexts:
    """The Evaluations tab in one language."""

    title: str
    intro: str
    sets: str
    name: str
    name_hint: str
    run: str
    shown: str
    against: str
    nothing: str
    show: str
    report: str
    done: str
    asking: str
    written: str
    no_runs: str
    curators_only: str


EVALUATION_TEXTS: dict[Language, EvaluationTexts] = {
    "fr": EvaluationTexts(
        title="Évaluations",
        intro="Les jeux de questions sont posés à l’index publié, et chaque réponse est notée\u00a0: faits attendus, "
        "passages cités, refus à bon escient. Le rapport est en anglais.",
        sets="Jeux de questions (tous si aucun n’est choisi)",
        name="Nom de la série",
        name_hint="lettres, chiffres et tirets\u00a0; «\u00a0latest\u00a0» est remplacée à chaque fois",
        run="Poser les questions",
        shown="Série à lire",
        against="Comparée à",
        nothing="(aucune)",
        show="Afficher le rapport",
        report="Rapport d’évaluation",
        done="{} questions sur {}",
        asking="Les questions sont posées…",
        written="Série {}\u00a0: {} questions en {:.0f} s, {} en échec.",
        no_runs="Aucune série n’a encore été gardée\u00a0: posez d’abord des questions.",
        curators_only="Seuls les curateurs évaluent l’index.",
    ),
    "en": EvaluationTexts(
        title="Evaluations",
        intro="Question sets are asked of the published index, and every answer is scored: expected facts, cited passages, "
        "rightful refusals.",
        sets="Question sets (all of them when none is chosen)",
        name="Name of the run",
        name_hint="letters, digits and hyphens; “latest” is replaced each time",
        run="Ask the questions",
        shown="Run to read",
        against="Compared with",
        nothing="(none)",
        show="Show the report",
        report="Evaluation report",
        done="{} of {} questions",
        asking="Asking…",
        written="Run {}: {} questions in {:.0f} s, {} failed.",
        no_runs="No run has been kept yet: ask some questions first.",
        curators_only="Only curators evaluate the index.",
    ),
}
