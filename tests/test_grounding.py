"""Who judges the meaning of what a chat model writes: a model of inference or grounding, a chat model, or words alone."""

from __future__ import annotations

import pytest
from conftest import SMALL_CORPUS
from scripted_model import KEY, scripted
from test_chat import QUESTION, TRUE, settings_for
from tiny_models import make_cross_encoder
from transformers import BertForTokenClassification

from advisor.advisor import Advisor
from advisor.errors import ModelError, SettingsError
from advisor.index.sync import sync
from advisor.models.chat import open_checker
from advisor.models.grounding import open_grounding_model
from advisor.settings import Settings

SOURCE = "A blameless review takes place within five days of an outage."
OTHERS = ("The board wants one page with three risks.", "Every action has an owner and a date.", SOURCE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture
def ask(small_settings, embeddings, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    sync(small_settings, embeddings)

    def run(*replies, **more):
        with scripted(*replies) as server:
            advisor = Advisor.open(settings_for(small_settings, server.url, answer_threshold=0.0, **more), embeddings)
            events = list(advisor.stream(QUESTION))
            advisor.close()
            return events[-1], events, server.requests

    return run


def test_a_model_of_inference_is_read_by_the_label_that_says_entailment(folder):
    """The same weights, with the labels in two orders: what one says of entailment, the other says in another place."""
    first = make_cross_encoder(folder / "a", names=("entailment", "neutral", "contradiction"))
    last = make_cross_encoder(folder / "b", names=("contradiction", "neutral", "entailment"))
    shares = [
        [open_grounding_model(Settings(verifier=name)).ground(text, SOURCE).support for text in OTHERS]
        for name in (first, last)
    ]
    assert all(0 <= share <= 1 for share in [*shares[0], *shares[1]])
    assert all(one + other <= 1 for one, other in zip(*shares, strict=True))
    assert len({round(share, 4) for share in shares[0]}) == len(OTHERS)


def test_a_model_with_one_score_gives_its_probability(folder):
    name = make_cross_encoder(folder / "one")
    found = open_grounding_model(Settings(verifier=name)).ground(OTHERS[0], SOURCE)
    assert 0 < found.support < 1
    assert found.words == ""


def test_a_token_classifier_names_the_words_that_it_marks(folder):
    name = make_cross_encoder(
        folder / "tokens", names=("supported", "hallucinated"), kind=BertForTokenClassification, seed=1
    )
    model = open_grounding_model(Settings(verifier=name))
    texts = [word for text in SMALL_CORPUS.values() for word in text.split() if word.isalpha()]
    found = [(text, model.ground(text, SOURCE)) for text in texts]
    assert {each.words for text, each in found if each.support > 0.5} == {""}
    assert all(each.words == text for text, each in found if each.support < 0.5)
    assert len({each.support > 0.5 for _, each in found}) == 2
    assert model.ground("risks " * 40, "outage " * 2_000).support >= 0  # longer than it reads


def test_a_model_that_says_nothing_of_support_is_refused(folder):
    with pytest.raises(
        ModelError, match=r"no label for entailment \(it has label_0, label_1, label_2\)\. Set ADVISOR_VERIFIER"
    ):
        open_grounding_model(Settings(verifier=make_cross_encoder(folder / "three", labels=3)))
    with pytest.raises(ModelError, match=r"the verifier 'nowhere/at-all' cannot be loaded .* Set ADVISOR_VERIFIER"):
        open_grounding_model(Settings(verifier="nowhere/at-all"))


def test_a_model_judges_in_the_place_of_words(ask, folder):
    """What it does not find supported is withheld, however near the words are; figures are checked all the same."""
    name = make_cross_encoder(folder / "judge", names=("entailment", "neutral", "contradiction"))
    written = TRUE + " Les réservations sur un an ont réduit la facture de 71 %. [1]"
    answer, _, _ = ask(written, verifier=name)
    assert answer.model.checked_by == name
    assert "le passage ne donne pas « 71 % »" in [one.why for one in answer.withheld]
    judged = {one.text for one in answer.sentences if not one.is_quoted} | {one.text for one in answer.withheld}
    assert len(judged & {"Après six mois, le tagging couvre 92 % des dépenses du cloud."}) == 1


def test_a_chat_model_judges_all_sentences_in_one_call_and_may_only_withhold(ask):
    verdicts = "1: changed: ont fait baisser\n2: supported\n"
    said = " Le tagging couvre 71 % des dépenses. [1] Les dépenses du cloud sont couvertes à 92 % par le tagging. [2]"
    answer, _, requests = ask(TRUE + said, verdicts + "3. SUPPORTED", verifier="chat")
    assert len(requests) == 2
    asked = requests[1]["messages"][1]["content"]
    assert asked.count("<sentence>") == 3  # the false figure is not asked about
    assert "<line>Les réservations sur un an ont réduit la facture de 17 %.</line>" in asked
    assert [one.text for one in answer.sentences if not one.is_quoted] == [
        "Après six mois, le tagging couvre 92 % des dépenses du cloud.",
        "Les dépenses du cloud sont couvertes à 92 % par le tagging.",
    ]
    assert "dit « ont fait baisser », ce que ses lignes ne disent pas" in [one.why for one in answer.withheld]
    assert (answer.model.checked_by, answer.model.attempts) == ("chat", 2)


@pytest.mark.parametrize("said", ["I think that all of this is fine.", "1: supported", ""])
def test_words_judge_what_a_chat_model_says_nothing_of(ask, said):
    answer, _, _ = ask(TRUE, said, verifier="chat", chat_retries=0)
    assert len([one for one in answer.sentences if not one.is_quoted]) == 2


@pytest.mark.parametrize(
    ("written", "withheld"),
    [
        ("1: not supported\n2: supported", 1),
        ("1: unsupported: x\n2: supported", 1),
        ("1: changed: x\n2: supported\n1: supported", 1),  # a recap takes nothing back
        ("1: supported, but changed: 5\n2: supported", 0),  # words judge it
        (f"{'9' * 5_000}: changed: x\n1: supported\n2: supported", 0),
    ],
)
def test_what_withholds_is_never_lost(ask, written, withheld):
    answer, _, _ = ask(TRUE, written, verifier="chat")
    assert len(answer.withheld) == withheld


def test_a_verifier_that_fails_withholds_and_the_answer_goes_on(ask, folder, monkeypatch, caplog):
    name = make_cross_encoder(folder / "fails")
    monkeypatch.setattr(type(open_grounding_model(Settings(verifier=name))), "ground", lambda *_: 1 / 0)
    answer, _, _ = ask(TRUE, verifier=name)
    assert (answer.status, answer.writer) == ("answered", "extractive")
    assert len(answer.withheld) == 2
    assert "failed at a sentence" in caplog.text


def test_a_key_goes_to_nobody_but_its_provider(monkeypatch):
    monkeypatch.setattr("advisor.models.chat.open_chat_model", lambda settings: settings)
    given = Settings(chat_model="openai:a", chat_key="secret", chat_url="http://a", verifier="chat")
    other = open_checker(given.model_copy(update={"check_model": "anthropic:b"}))
    assert (other.chat_key, other.chat_url) == (None, None)
    same = open_checker(given.model_copy(update={"check_model": "openai:b"}))
    assert (same.chat_key, same.chat_url) == (given.chat_key, given.chat_url)


def test_another_chat_model_can_judge(ask):
    _, _, requests = ask(TRUE, "1: supported\n2: supported", verifier="chat", check_model="openai:judge")
    assert [request["model"] for request in requests] == ["scripted", "judge"]


def test_prompts_are_replaced_one_by_one(ask, tmp_path):
    plain, _, _ = ask(TRUE)
    (tmp_path / "write.fr.md").write_text("Réponds en vers.\n", encoding="utf-8")
    answer, _, requests = ask(TRUE, chat_prompts_dir=tmp_path)
    assert requests[0]["messages"][0]["content"] == "Réponds en vers."
    assert answer.model.prompt_version != plain.model.prompt_version


@pytest.mark.parametrize(("name", "text"), [("write.md", "x"), ("write.de.md", "x"), ("write.en.md", " ")])
def test_a_prompt_that_replaces_nothing_is_told_at_the_start(ask, tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"replaces no prompt or is empty\. Prompts are named write\.fr\.md"):
        ask(TRUE, chat_prompts_dir=tmp_path)


def test_a_folder_of_prompts_that_is_not_there(ask, tmp_path):
    with pytest.raises(SettingsError, match="Check ADVISOR_CHAT_PROMPTS_DIR"):
        ask(TRUE, chat_prompts_dir=tmp_path / "nowhere")


@pytest.mark.parametrize("size", [1, 5, 1_000])
def test_what_a_model_thinks_first_is_no_answer(ask, size):
    written = f"<think>\nLes réservations… 71 % ? Non. [1]\n</think>\n\n{TRUE}"
    answer, _, _ = ask(lambda handler: handler.send_stream(written))
    assert len(answer.sentences) == 2
    assert not answer.withheld
