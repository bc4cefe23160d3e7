"""Question sets: what a line may be, what is asked of it, and what is found wrong before anybody measures with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from advisor.errors import EvaluationError
from advisor.evaluation.checking import find_faults
from advisor.evaluation.questions import cases_of, find_sets, mentions, missing_facts, read_set, read_sets
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


ADVICE = {
    "id": "advice",
    "language": "en",
    "question": "How do I keep the board informed?",
    "answerable": True,
    "core": [BOARD],
    "useful": [{"document": "en/board.md", "quote": "The board wants one page with three risks."}],
    "misleading": [{"document": "en/incidents.md", "quote": "Every action has an owner and a date."}],
    "best_first": BOARD,
    "style": "broad",
    "topic": "leadership",
    "category": "advisory",
    "kind": "broad",
}


def write(path: Path, *lines: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def test_the_sets_of_the_repository_are_in_order(project_root):
    sets = [read_set(path) for path in find_sets([], project_root / "evals" / "questions")]
    findings = find_faults(sets, Settings(corpus_dir=project_root / "corpus"))
    questions = [entry.question for one in sets for entry in one.entries]
    assert len(questions) > 400
    facts = {question.id: (*question.key_facts, *question.turn_facts) for question in questions}
    scored = [question.core or (question.relevant and facts[question.id]) for question in questions if question.answerable]
    assert all(scored)
    assert findings.errors == ()
    assert [warning for warning in findings.warnings if "no keyboard types" in warning] == []
    french = sum(question.language == "fr" for question in questions)
    assert abs(french - len(questions) / 2) <= 0.02 * len(questions)


def test_a_dialogue_is_asked_turn_by_turn_with_the_quotes_of_each_turn(tmp_path):
    first, second = cases_of(read_set(write(tmp_path / "d.jsonl", DIALOGUE)))
    assert (first.id, first.turn, first.dialogue) == ("talk#1", 1, "talk")
    assert [target.quote for target in first.targets] == [BOARD["quote"]]
    assert (second.id, second.answerable, second.targets) == ("talk#2", False, ())


def test_what_a_question_is_scored_by_decides_its_digest(tmp_path):
    def digest(**changed: object) -> str:
        return next(cases_of(read_set(write(tmp_path / "s.jsonl", LINE | changed)))).digest

    assert digest() == digest(kind="typo", split="tune", note="a word")
    assert len({digest(), digest(question="Et le tagging ?"), digest(key_facts=[["92"]]), digest(relevant=[BOARD])}) == 4


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "is no JSON"),
        (LINE | {"langage": "fr"}, "langage"),
        (LINE | {"language": "de"}, "language"),
        (LINE | {"id": "a b"}, "white space"),
        (LINE | {"turns": ["Et ?"]}, "question"),
        (LINE | {"relevant": [], "key_facts": []}, "answerable"),
        (LINE | {"key_facts": [[]]}, "key fact"),
        (DIALOGUE | {"turn_facts": [[]]}, "turn_facts has 1 entries for 2 turns"),
        (DIALOGUE | {"core": [BOARD]}, "not a dialogue"),
        (ADVICE | {"best_first": TAGGING}, "best_first"),
        (ADVICE | {"near": True}, "near"),
        (ADVICE | {"answerable": False}, "core"),
        (ADVICE | {"useful": [{"document": "en/board.md"}]}, "none of them empty"),
    ],
)
def test_a_line_that_is_no_question_is_told_by_file_and_line(tmp_path, line, said):
    path = write(tmp_path / "s.jsonl", LINE, "", line)
    (found,) = read_set(path).problems
    problem = str(found)
    assert problem.startswith(f"{path}:3: ")
    assert said in problem
    with pytest.raises(EvaluationError, match=r":3: .*advisor eval check"):
        read_sets([path])


def test_sentences_of_advice_are_labels_enough(tmp_path):
    (case,) = cases_of(read_set(write(tmp_path / "s.jsonl", ADVICE)))
    assert [target.quote for target in case.core] == [BOARD["quote"]]
    assert case.targets == case.core
    assert (case.style, case.topic, len(case.useful)) == ("broad", "leadership", 1)
    near = ADVICE | {"answerable": False, "near": True, "core": [], "best_first": None}
    (case,) = cases_of(read_set(write(tmp_path / "n.jsonl", near)))
    assert (case.near, case.targets, len(case.useful)) == (True, (), 1)


def test_one_part_of_the_questions_is_asked_alone(tmp_path):
    known = read_set(write(tmp_path / "s.jsonl", LINE | {"split": "tune"}, ADVICE, DIALOGUE | {"split": "tune"}))
    assert [case.id for case in cases_of(known, "tune")] == ["tag", "talk#1", "talk#2"]
    assert [case.id for case in cases_of(known, "report")] == ["advice"]
    assert len(list(cases_of(known))) == 4


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e"])
def test_a_line_ends_at_a_line_feed_alone(tmp_path, separator):
    """`str.splitlines` ends lines at these too, and JSON may hold the first three as they are."""
    path = tmp_path / "s.jsonl"
    written = json.dumps(LINE | {"note": f"one{separator}two"}, ensure_ascii=False)
    path.write_bytes(f"{written}\r\n{json.dumps(LINE | {'id': 'other'})}\n".encode())
    known = read_set(path)
    assert known.problems == ()
    assert [entry.question.note for entry in known.entries] == [f"one{separator}two", None]
    assert [entry.line for entry in known.entries] == [1, 2]


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
    findings = find_faults([read_set(write(tmp_path / "s.jsonl", *lines))], small_settings)
    return findings.errors, findings.warnings


def test_a_good_set_has_no_problems(small_settings, tmp_path):
    assert problems(small_settings, tmp_path, LINE, DIALOGUE, ADVICE) == ((), ())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (LINE | {"relevant": [{"document": "fr/finops.md", "quote": "Le tagging couvre 93 %"}]}, "does not hold"),
        (LINE | {"relevant": [{"document": "fr/none.md", "quote": "x"}]}, "not in the corpus"),
        (LINE | {"key_facts": [["41 %", "41%"]]}, "no relevant quote holds the key fact 41 % / 41%"),
        (LINE | {"documents": ["poisoned/x.md"]}, "poisoned/x.md does not exist"),
        *(
            (
                ADVICE
                | {name: [{"document": "en/board.md", "quote": "The board"}, {"document": "en/board.md", "quote": "No."}]}
                | ({"best_first": None} if name == "core" else {}),
                "does not hold: No.",
            )
            for name in ("core", "useful", "misleading")
        ),
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


def test_a_sentence_of_advice_may_answer_questions_of_both_parts(small_settings, tmp_path):
    other = ADVICE | {"id": "other", "question": "What does a director want to read about technology?", "split": "tune"}
    assert problems(small_settings, tmp_path, ADVICE, other)[0] == ()


def test_a_space_that_no_keyboard_types_is_warned_of(small_settings, tmp_path):
    _, warnings = problems(small_settings, tmp_path, LINE | {"question": "Quelle part le tagging couvre-t-il\u00a0?"})
    assert "no keyboard types" in warnings[0]


def test_a_question_beside_a_sentence_of_the_corpus_is_no_test(small_settings, tmp_path):
    asked = small_settings.corpus_dir / "asked" / "finops.yaml"
    asked.parent.mkdir()
    asked.write_text(f"document: fr/finops.md\nasked:\n  - sentence: Le tagging\n    fr: ['{LINE['question'][:-2]}']\n")
    errors, _ = problems(small_settings, tmp_path, LINE)
    assert "the phrasings of the corpus (asked/)" in errors[0]
