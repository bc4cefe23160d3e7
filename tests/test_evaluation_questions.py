"""Question sets: what a line may be, what is asked of it, and what is found wrong before anybody measures with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from advisor.errors import EvaluationError
from advisor.evaluation.checking import check
from advisor.evaluation.questions import find_sets, items_of, mentions, missing_facts, read_set, read_sets
from advisor.settings import Settings

TAGGING = {"document": "fr/finops.md", "quote": "Le tagging couvre 92 % des dépenses du cloud après six mois."}
BOARD = {"document": "en/board.md", "quote": "The CTO presents it every six weeks."}
LINE = {
    "id": "tag",
    "language": "fr",
    "question": "Quelle part des dépenses du cloud le tagging couvre-t-il ?",
    "answerable": True,
    "key_facts": [["92 %", "92%"]],
    "relevant": [TAGGING],
    "category": "finops",
    "kind": "direct",
}
DIALOGUE = {
    "id": "talk",
    "language": "en",
    "turns": ["How often does the CTO present to the board?", "And to the moon?"],
    "turn_facts": [[["six weeks"]], []],
    "turn_answerable": [True, False],
    "answerable": True,
    "relevant": [BOARD, TAGGING],
    "category": "dialogues",
    "kind": "dialogue",
}


def write(path: Path, *lines: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def test_the_sets_of_the_repository_are_in_order(project_root):
    sets = [read_set(path) for path in find_sets([], project_root / "evals" / "questions")]
    findings = check(sets, Settings(corpus_dir=project_root / "corpus"))
    assert sum(len(one.entries) for one in sets) >= 142
    assert findings.errors == ()


def test_a_dialogue_is_asked_turn_by_turn_with_the_quotes_of_each_turn(tmp_path):
    first, second = items_of(read_set(write(tmp_path / "d.jsonl", DIALOGUE)))
    assert (first.id, first.turn, first.dialogue) == ("talk#1", 1, "talk")
    assert [target.quote for target in first.targets] == [BOARD["quote"]]
    assert (second.id, second.answerable, second.targets) == ("talk#2", False, ())


def test_what_a_question_is_scored_by_decides_its_digest(tmp_path):
    def digest(**changed: object) -> str:
        return next(items_of(read_set(write(tmp_path / "s.jsonl", LINE | changed)))).digest

    assert digest() == digest(kind="typo", split="tune", note="a word")
    assert len({digest(), digest(question="Et le tagging ?"), digest(key_facts=[["92"]]), digest(relevant=[BOARD])}) == 4


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "Invalid JSON"),
        (LINE | {"langage": "fr"}, "langage"),
        (LINE | {"language": "de"}, "language"),
        (LINE | {"id": "a b"}, "white space"),
        (LINE | {"turns": ["Et ?"]}, "question"),
        (LINE | {"relevant": [], "key_facts": []}, "answerable"),
        (LINE | {"key_facts": [[]]}, "key fact"),
        (DIALOGUE | {"turn_facts": [[]]}, "turn_facts has 1 entries for 2 turns"),
    ],
)
def test_a_line_that_is_no_question_is_told_by_file_and_line(tmp_path, line, said):
    path = write(tmp_path / "s.jsonl", LINE, "", line)
    (problem,) = read_set(path).problems
    assert problem.startswith(f"{path}:3: ")
    assert said in problem
    with pytest.raises(EvaluationError, match=r":3: .*advisor eval check"):
        read_sets([path])


def test_an_id_is_used_once_in_all_sets(tmp_path):
    one, other = write(tmp_path / "a.jsonl", LINE), write(tmp_path / "b.jsonl", LINE)
    with pytest.raises(EvaluationError, match=r"b.jsonl:1: the id 'tag' is already that of .*a.jsonl:1"):
        read_sets([one, other])


def test_sets_are_found_by_name_or_path(tmp_path):
    path = write(tmp_path / "questions" / "mine.jsonl", LINE)
    assert find_sets(["mine"], path.parent) == find_sets([str(path)], tmp_path) == find_sets([], path.parent) == [path]
    with pytest.raises(EvaluationError, match=r"no question set 'other'. Known: mine"):
        find_sets(["other"], path.parent)
    with pytest.raises(EvaluationError, match="advisor eval new"):
        find_sets([], tmp_path / "none")


@pytest.mark.parametrize(
    ("text", "form", "holds"),
    [
        ("Le taux monte de 17\u00a0% en six mois", "17 %", True),
        ("Le taux monte de 17,5 % ", "17", False),
        ("version 2.17 du guide", "17", False),
        ("Le taux est de 17.", "17", True),
        ("920 clients", "20 clients", False),
        ("Une STRATÉGIE claire", "strategie", True),
        ("l’échec commercial", "échec", True),
        ("des échecs", "échec", False),
    ],
)
def test_a_fact_is_held_as_whole_words_or_numbers(text, form, holds):
    assert mentions(text, form) is holds


def test_a_fact_needs_one_of_its_forms():
    assert missing_facts("In six months, 17%.", (("17 %", "17%"), ("douze mois", "twelve months"))) == [
        ("douze mois", "twelve months")
    ]


def problems(small_settings: Settings, tmp_path: Path, *lines: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    findings = check([read_set(write(tmp_path / "s.jsonl", *lines))], small_settings)
    return findings.errors, findings.warnings


def test_a_good_set_has_no_problems(small_settings, tmp_path):
    assert problems(small_settings, tmp_path, LINE, DIALOGUE) == ((), ())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (LINE | {"relevant": [{"document": "fr/finops.md", "quote": "Le tagging couvre 93 %"}]}, "does not hold"),
        (LINE | {"relevant": [{"document": "fr/none.md", "quote": "x"}]}, "not in the corpus"),
        (LINE | {"key_facts": [["41 %", "41%"]]}, "no relevant quote holds the key fact 41 % / 41%"),
        (LINE | {"documents": ["poisoned/x.md"]}, "poisoned/x.md does not exist"),
    ],
)
def test_labels_are_checked_against_the_corpus(small_settings, tmp_path, line, said):
    errors, _ = problems(small_settings, tmp_path, line)
    assert errors[0].startswith(f"{tmp_path / 's.jsonl'}:1: ")
    assert said in errors[0]


def test_another_language_and_a_draft_are_warned_of(small_settings, tmp_path):
    errors, warnings = problems(small_settings, tmp_path, LINE | {"language": "en", "kind": "draft-gap"})
    assert errors == ()
    assert "declared en, reads as fr" in warnings[0]
    assert "draft" in warnings[1]


@pytest.mark.parametrize(
    ("question", "relevant", "said"),
    [
        ("Le tagging couvre-t-il une part des dépenses de cloud, quelle part ?", BOARD, "nearly the same question is in"),
        ("Qu'est-ce qui est étiqueté au bout d'un semestre ?", TAGGING, "has its quote in common with"),
        ("Who speaks to directors, and how often?", BOARD, None),
    ],
)
def test_a_question_for_reporting_was_not_seen_in_tuning(small_settings, tmp_path, question, relevant, said):
    tuned = LINE | {"split": "tune"}
    fresh = LINE | {"id": "new", "question": question, "relevant": [relevant], "key_facts": []}
    errors, _ = problems(small_settings, tmp_path, tuned, fresh)
    assert [said in error and "s.jsonl:2: is for reporting" in error for error in errors] == ([True] if said else [])
    assert problems(small_settings, tmp_path, tuned, fresh | {"split": "seen"})[0] == ()


def test_a_question_beside_a_sentence_of_the_corpus_is_no_test(small_settings, tmp_path):
    asked = small_settings.corpus_dir / "asked" / "finops.yaml"
    asked.parent.mkdir()
    asked.write_text(f"document: fr/finops.md\nasked:\n  - sentence: Le tagging\n    fr: ['{LINE['question'][:-2]}']\n")
    errors, _ = problems(small_settings, tmp_path, LINE)
    assert "the phrasings of the corpus (asked/)" in errors[0]
