"""An optional model that reads a sentence beside its sources and says whether they support it. Opening it imports torch.

Two kinds are taken. A cross-encoder gives one score for a pair, or one for each label: of natural language inference
(mDeBERTa-v3-base-xnli-multilingual-nli-2mil7), or of support alone. A token classifier marks the words that sources do not
support (lettucedect-v2-mmbert-base).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from advisor.errors import ModelError
from advisor.models.inference import composed, prepare_torch
from advisor.settings import Settings

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

_ADVICE = (
    "Set ADVISOR_VERIFIER to the folder or the hub's name of a cross-encoder for inference or of a token classifier, to "
    "'chat', or leave it empty"
)
_SUPPORTING = ("entail", "support", "consistent", "faithful", "grounded")
_MARKED = 0.5  # probability from which on a token counts as unsupported


@dataclass(frozen=True, slots=True)
class Grounding:
    """The probability (0..1) that sources support a sentence, and the words that they do not, where the model tells."""

    support: float
    words: str = ""


class GroundingModel(Protocol):
    """Reads a sentence beside its sources. Safe to use from several threads."""

    name: str

    def ground(self, sentence: str, sources: str) -> Grounding:
        """Whether the sources support the sentence."""
        ...


def open_grounding_model(settings: Settings) -> GroundingModel | None:
    """The model that the settings name; None when they name none, or the chat model. Everybody in a process shares one.

    :raises ModelError: when it cannot be had, or is of another kind.
    """
    named = settings.verifier and settings.verifier != "chat"
    return _open_grounding_model(str(settings.verifier), settings.threads) if named else None


@lru_cache(maxsize=1)
def _open_grounding_model(name: str, threads: int) -> GroundingModel:
    prepare_torch(threads)
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(name, local_files_only=Path(name).is_dir())
        marks_tokens = any(each.endswith("ForTokenClassification") for each in config.architectures or ())
        return _TokenMarker(name) if marks_tokens else _PairReader(name)
    except (OSError, ValueError, RuntimeError, ImportError) as cause:
        why = (str(cause) or type(cause).__name__).splitlines()[0].rstrip(".")
        message = f"the verifier {name!r} cannot be loaded ({why}). {_ADVICE}"
        raise ModelError(message) from cause


class _PairReader:
    """A cross-encoder with one score of support, or with labels of which one says that the sources support the sentence."""

    def __init__(self, name: str) -> None:
        import torch
        from sentence_transformers import CrossEncoder

        self.name = name
        self._encoder: CrossEncoder = CrossEncoder(
            name, local_files_only=Path(name).is_dir(), model_kwargs={"dtype": torch.float32}
        )
        labels = {int(number): str(label).lower() for number, label in self._encoder.config.id2label.items()}
        supporting = [number for number, label in labels.items() if label.startswith(_SUPPORTING)]
        if len(labels) > 1 and len(supporting) != 1:
            message = f"the model {name!r} has no label for entailment (it has {', '.join(labels.values())}). {_ADVICE}"
            raise ModelError(message)
        self._column = supporting[0] if len(labels) > 1 else None
        self._one_at_a_time = threading.Lock()  # a fast tokenizer lent to one thread refuses the next

    def ground(self, sentence: str, sources: str) -> Grounding:
        from torch.nn import Identity

        with self._one_at_a_time:
            found = self._encoder.predict(
                [(composed(sources), composed(sentence))], activation_fn=Identity(), show_progress_bar=False
            )
        scores = np.asarray(found, np.float64)[0]
        if self._column is None:
            return Grounding(float(1 / (1 + np.exp(-scores))))
        shares = np.exp(scores - scores.max())
        return Grounding(float(shares[self._column] / shares.sum()))


class _TokenMarker:
    """A token classifier whose last label marks what the sources do not support."""

    def __init__(self, name: str) -> None:
        import torch
        from transformers import AutoModelForTokenClassification, AutoTokenizer

        local = Path(name).is_dir()
        self.name = name
        self._tokenizer: Any = AutoTokenizer.from_pretrained(name, local_files_only=local)
        self._model: Any = AutoModelForTokenClassification.from_pretrained(name, local_files_only=local, dtype=torch.float32)
        self._model.eval()
        self._one_at_a_time = threading.Lock()

    def ground(self, sentence: str, sources: str) -> Grounding:
        import torch

        with self._one_at_a_time, torch.inference_mode():
            read = self._tokenizer(
                composed(sources),
                composed(sentence),
                truncation="only_first",
                return_offsets_mapping=True,
                return_tensors="pt",
            )
            places, parts = read.pop("offset_mapping")[0].tolist(), read.sequence_ids(0)
            unsupported = self._model(**read).logits[0].softmax(-1)[:, -1].tolist()
        own = [(place, share) for place, share, part in zip(places, unsupported, parts, strict=True) if part == 1]
        marked = [composed(sentence)[start:end] for (start, end), share in own if share >= _MARKED]
        return Grounding(1 - max((share for _, share in own), default=1.0), " ".join(marked))
