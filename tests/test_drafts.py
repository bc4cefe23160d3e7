"""What a chat model writes is read as it is meant: leads, lists and tables, however its text is cut; and as what it counts."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from conftest import ROOT
from scripted_model import scripted
from test_chat import QUESTION, TRUE, settings_for
from test_evaluation_scoring import case

from advisor.advisor import Advisor
from advisor.answering.chat_context import gather_context, stored_context
from advisor.answering.draft_reader import DraftReader, read_draft
from advisor.answering.prompting import numbered_passages
from advisor.evaluation.measures import BY_NAME
from advisor.evaluation.scoring import Outcome, goals_of, score_all
from advisor.index.sync import sync
from advisor.retrieval.search import Searcher, gather_evidence
from advisor.types import DraftSentence, SentenceReady
from advisor.verification.framing import gap_in, parts_to_show

WRITTEN = """Cut the bill in order: waste first. [1]

- **Switch off what idles.** Stop it at night [2]. Nobody notices. [2][3]
- **Budget:** keep it at 5 %. [1]
1. **One** — and two. [4]

| Criterion | Build | Buy |
|---|:--|---|
| **Cost** | high [1] | low [2] |
| Speed | | fast [2] |

**Never commit before that.** [3]
**Steps**
## A heading
Then commit. [1]"""
READ = [
    ("Cut the bill in order: waste first.", (1,), False, False),
    ("Switch off what idles. Stop it at night.", (2,), True, False),
    ("Nobody notices.", (2, 3), True, True),
    ("Budget: keep it at 5 %.", (1,), True, False),
    ("One — and two.", (4,), True, False),
    ("Cost: Build: high; Buy: low", (1, 2), False, False),
    ("Speed: Buy: fast", (2,), False, False),
    ("Never commit before that.", (3,), False, False),
    ("Then commit.", (1,), False, False),
]


def as_read(sentences: list[DraftSentence]) -> list[tuple]:
    return [(each.text, each.markers, each.is_item, each.continues) for each in sentences]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 5_000])
def test_leads_lists_and_tables_are_read_however_the_text_is_cut(size):
    reader = DraftReader("en")
    found = [each for at in range(0, len(WRITTEN), size) for each in reader.feed(WRITTEN[at : at + size])]
    assert as_read([*found, *reader.finish(whole=True)]) == READ


@pytest.mark.parametrize("size", [1, 12])
def test_the_drafts_of_a_strong_model_are_read_the_same_however_they_are_cut(size):
    rows = [json.loads(line) for line in (ROOT / "evals/drafts/drafts.jsonl").read_text("utf-8").split("\n") if line]
    for row in rows[:24]:
        reader = DraftReader("en")
        found = [each for at in range(0, len(row["draft"]), size) for each in reader.feed(row["draft"][at : at + size])]
        assert as_read([*found, *reader.finish(whole=True)]) == as_read(read_draft(row["draft"], "en"))


@pytest.mark.parametrize(
    ("language", "text", "gap"),
    [
        ("en", "The passages do not cover what a vendor charges.", "The passages do not cover what a vendor charges."),
        ("en", "The documents say nothing about mainframes.", "The documents say nothing about mainframes."),
        ("en", "The passages do not say when, but dismiss the whole team first.", "The passages do not say when."),
        ("fr", "Les passages ne traitent pas du mainframe ; coupez-le.", "Les passages ne traitent pas du mainframe."),
        ("fr", "Aucun document n’aborde le prix.", "Aucun document n’aborde le prix."),
        ("en", "The passages give rules and say nothing about mainframes.", "The passages say nothing about mainframes."),
        ("fr", "Les passages parlent d’audit plutôt que de prix.", "Les passages parlent d’audit plutôt que de prix."),
    ],
)
def test_only_the_clause_that_says_what_is_missing_is_a_gap(language, text, gap):
    assert gap_in(text, language) == gap


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Put no source code in a chat tool without a contract."),
        ("en", "The passages show that you should not move your databases to one region."),
        ("en", "The documents warn not to name a price."),
        ("fr", "Un document d’une page suffit, sans annexe."),
        ("fr", "Le document ne dit pas tout au conseil."),
    ],
)
def test_a_claim_that_denies_is_no_gap(language, text):
    assert gap_in(text, language) == ""


def test_a_gap_may_repeat_the_figures_of_the_question_and_no_other():
    gap = "The passages do not say what 200 ms cost."
    assert gap_in(gap, "en", "What do 200 ms cost?") == gap
    assert gap_in(gap, "en", "What do 300 ms cost?") == ""


@pytest.mark.parametrize(
    ("headers", "row"),
    [
        ("Criterion | Build", "Cost: Build: high"),
        ("Law since 2019 | Build", "Law since 2019: Cost: Build: high"),
        ("What AWS says | Build", "What AWS says: Cost: Build: high"),
        ("Criterion | Build | Buy in 2027", "Cost: Build: high; Buy in 2027"),
    ],
)
def test_each_row_is_held_to_the_figures_and_names_of_all_headers(headers, row):
    empty = " |" * (headers.count("|") - 1)
    (found,) = read_draft(f"| {headers} |\n|---|---|\n| Cost | high [1] |{empty}", "en")
    assert found.text == row


@pytest.fixture
def opened(small_settings, embeddings, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    sync(small_settings, embeddings)
    return lambda url, **more: Advisor.open(settings_for(small_settings, url, answer_threshold=0.0, **more), embeddings)


def test_a_list_keeps_an_introduction_that_its_lines_support_and_no_other(opened):
    item = "\n\n- Les réservations sur un an ont réduit la facture de 17 %. [1]\n"
    kept, lost = "Les réservations sur un an ont réduit la facture :", "Cachez la facture au conseil, pour deux raisons :"
    answers = []
    for lead in (kept, lost, "Non :"):
        with scripted(lead + item + TRUE) as server:
            answers.append(opened(server.url).ask(QUESTION))
    assert [(each.text, each.is_item) for each in answers[0].sentences[:2]] == [
        (kept, False),
        ("Les réservations sur un an ont réduit la facture de 17 %.", True),
    ]
    assert answers[0].sentences[0].markers == answers[0].sentences[1].markers
    for answer in answers[1:]:
        assert answer.sentences[0].text == "Les réservations sur un an ont réduit la facture de 17 %."
        assert "Cachez" not in answer.text
        assert "Non" not in answer.text


def test_an_introduction_alone_is_no_sentence_that_stands(opened):
    said = "Les réservations sur un an ont réduit la facture :\n\n- Les réservations sur un an ont réduit la facture de 17 %. [1]"
    with scripted(said) as server:
        answer = opened(server.url).ask(QUESTION)
    assert answer.model.failure == "little"


def test_a_sentence_never_goes_on_in_the_item_before_its_own(opened):
    said = "- Les réservations sur un an ont réduit la facture de 17 %. [1]\n- Les pommes coûtent 71 euros. [9] Après six mois, le "
    with scripted(said + "tagging couvre 92 % des dépenses du cloud. [2]") as server:
        answer = opened(server.url).ask(QUESTION)
    assert [(each.text[:16], each.continues) for each in answer.sentences[:2]] == [
        ("Les réservations", False),
        ("Après six mois, ", False),
    ]


def test_less_than_and_more_than_are_no_tags():
    assert [each.text for each in read_draft("Latency is <5 ms and stays >3 ms. [1] A <b>bold</b> x<y. [1]", "en")] == [
        "Latency is <5 ms and stays >3 ms.",
        "A bold x<y.",
    ]


def test_what_a_model_did_is_measured(opened):
    with scripted(TRUE + " Les réservations ont réduit la facture de 71 %. [1]") as server:
        advisor = opened(server.url, chat_price_in=1.0, chat_price_out=10.0)
        answer = advisor.ask(QUESTION)
        advisor.close()
    outcomes = [
        Outcome(case(id=name), goals_of(case(), lambda _: None), given) for name, given in (("a", answer), ("b", None))
    ]
    rows = score_all([*outcomes, replace(outcomes[0], answer=replace(answer, model=None))])
    sums = [BY_NAME[name].parts(rows[0]) for name in ("written", "withheld", "cost")]
    assert [each for pair in sums for each in pair] == pytest.approx([1.0, 1.0, 1.0, 3.0, 0.0003, 1.0], abs=1e-5)
    assert all(BY_NAME["withheld"].parts(row) is None for row in rows[1:])


def test_the_best_passages_are_read_with_what_is_known_of_them(advisor):
    """As many as the settings allow, those of the best blocks first, and the same again by their places."""
    searcher = Searcher(advisor.settings, advisor.embeddings, advisor.index)
    evidence = gather_evidence(searcher, "How do we cut our cloud bill?", "en")
    context = gather_context(advisor.index, [evidence], advisor.settings)
    assert 1 < len(context.passages) <= advisor.settings.chat_passages
    assert sum(len(chunk.text) for chunk in context.passages) <= advisor.settings.chat_context_chars
    if evidence.curated is None or evidence.curated.near < advisor.settings.curated_threshold:
        assert context.passages[0].id == evidence.blocks[0].block.chunk.id
    else:
        assert context.passages[0].id == evidence.curated.lines[0][0].id
    read = numbered_passages(context, "en")
    assert read.count("<passage number=") == len(context.passages)
    assert 'evidence="practice" date="' in read
    again = stored_context(advisor.index, [chunk.id for chunk in context.passages])
    assert numbered_passages(again, "en") == read


def test_a_model_is_told_what_the_answers_before_have_said(opened):
    with scripted(TRUE) as server:
        advisor = opened(server.url)
        advisor.ask("Et ensuite ?", history=[QUESTION])
        advisor.close()
        asked = server.requests[-1]["messages"][1]["content"]
    assert "Déjà dit dans la conversation, à ne pas répéter :\n- Les réservations sur un an" in asked


ITEMS = """- Les réservations sur un an ont réduit la facture de 17 %. [1]
- Après six mois, le tagging couvre 92 % des dépenses du cloud. [{}]
"""


def said(opened, text: str) -> tuple[list[str], list[str]]:
    """What is shown of a draft, and what is withheld."""
    with scripted(text) as server:
        advisor = opened(server.url)
        *events, answer = advisor.stream(QUESTION)
        advisor.close()
    shown = [each.text for each in answer.sentences]
    assert [event.sentence.text for event in events if isinstance(event, SentenceReady)] == shown
    return shown, [each.text for each in answer.withheld]


def test_an_opening_may_rest_on_the_lines_of_the_items_that_it_sums_up(opened):
    """It is sent first, although its own lines did not hold it; what no item says is withheld all the same."""
    opening = "Les réservations ont réduit la facture, et le tagging couvre les dépenses du cloud en six mois."
    shown, withheld = said(opened, f"{opening} [3]\n\n{ITEMS.format(2)}")
    assert (shown[0], len(shown), withheld) == (opening, 3, [])
    for false in (
        "Les réservations ont réduit la facture de 71 %, et le tagging couvre les dépenses du cloud.",
        "Les réservations ont réduit la facture, et le conseil a licencié ses prestataires après un audit secret.",
    ):
        shown, withheld = said(opened, f"{false} [3]\n\n{ITEMS.format(2)}")
        assert (len(shown), withheld) == (2, [false])


@pytest.mark.parametrize(("lead", "kept"), [("Deux choses en décident :", True), ("Trois choses en décident :", False)])
def test_words_that_count_a_list_stay_where_the_count_is_of_what_is_shown(opened, lead, kept):
    shown, withheld = said(opened, f"{lead}\n\n{ITEMS.format(2)}")
    assert ((shown[0] == lead), len(shown), withheld) == (kept, 2 + kept, [])


def test_words_that_point_back_stay_with_what_they_follow(opened):
    lines = ITEMS.format(2).replace("- ", "")
    assert "Dans cet ordre." in said(opened, f"{lines} Dans cet ordre.")[0]
    assert "Dans cet ordre." not in said(opened, f"{lines} Le conseil a licencié ses prestataires. [1] Dans cet ordre.")[0]


def test_what_is_left_of_a_sentence_is_shown_where_it_is_clearly_supported(opened):
    true = "Les réservations sur un an ont réduit la facture de 17 %."
    lead = "Économisez 71 % dès demain."
    shown, withheld = said(opened, f"- **{lead}** {true} [1]\n{ITEMS.format(2).splitlines()[1]}")
    assert (shown[0], withheld) == (true, [f"{lead} {true}"])
    told = parts_to_show(
        DraftSentence("À éviter : migrer toutes les applications d'un coup ; signer pour 71 ans.", (1,)), "fr"
    )
    assert told
    assert all(part.text.startswith("À éviter : ") for part in told)
    limited = "Le tagging couvre 92 % des dépenses du cloud après six mois ; mais seulement pour 3 banques cotées."
    shown, withheld = said(opened, f"{limited} [2]\n{ITEMS.format(2)}")
    assert withheld == [limited]


def test_what_stands_behind_a_gap_is_a_sentence_of_its_own(opened):
    gap = "Les passages ne disent pas combien coûtent les réservations"
    shown, _ = said(opened, f"{gap} ; les réservations sur un an ont réduit la facture de 17 %. [1]\n{ITEMS.format(2)}")
    assert shown[0] == "Les réservations sur un an ont réduit la facture de 17 %."
