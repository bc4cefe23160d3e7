"""How sure answers are, fitted for one corpus and one model: `calibration-<digest of the model>.json`, optional.

`advisor calibrate` writes the file into the corpus folder, beside the documents, as the vectors stand there: it is of these
documents, it goes with a copy of the folder, and it outlives the index, which can be deleted at any time. A generation keeps
the copy that it was built with, so that an answer and its calibration are always of the same documents. What the signals
mean is said in `retrieval.confidence`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from advisor.documents.folder import CALIBRATION
from advisor.errors import CorpusError
from advisor.files import replace_file, storage_errors
from advisor.index.generations import PUBLIC
from advisor.limits import CORPUS_FILE
from advisor.text.reasons import reason

CALIBRATION_FILE = "calibration.json"
"""Its name in a generation, which has one model."""
Kind = Literal["phrasings", "plain"]
"""What answers are made with: the questions that a corpus has beside its lines, or without any."""
Weight = Literal[
    "bias", "core", "useful", "lead", "margin", "coverage", "unknown", "missing", "length", "curated", "unanswered",
    "foreign", "phrasings", "cosine", "sentences",
]  # fmt: skip
"""The bias of the logistic model, and its signals."""
WEIGHTS: tuple[Weight, ...] = get_args(Weight)
WordSignal = Literal["coverage", "unknown"]
"""The signals that count words."""
Share = Annotated[float, Field(ge=0, le=1)]


class Calibration(BaseModel):
    """A calibration as its file holds it.

    `digest` is the model's; `created` a time in ISO 8601; `documents` how many the corpus had; `answerable` and
    `unanswerable` how many questions of each kind it was fitted on. `weights` has those of each kind of answers that there
    were questions enough for; `typical` the means of the signals that count words, for passages in another language. The
    thresholds are the least confidence with which a question is answered, and with which the nearest passages are shown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    model: str
    digest: str
    created: str
    documents: int = Field(ge=1)
    answerable: int = Field(ge=1)
    unanswerable: int = Field(ge=1)
    weights: Mapping[Kind, Mapping[Weight, float]] = Field(min_length=1)
    typical: Mapping[WordSignal, Share]
    answer_threshold: Share
    near_threshold: Share

    @field_validator("weights")
    @classmethod
    def _whole(cls, weights: Mapping[Kind, Mapping[Weight, float]]) -> Mapping[Kind, Mapping[Weight, float]]:
        """:raises ValueError: when a weight is missing: it would count as nothing."""
        for kind, own in weights.items():
            if missing := [name for name in WEIGHTS if name not in own]:
                message = f"{kind} has no weight for {missing[0]}"
                raise ValueError(message)
        return weights


def calibration_path(corpus_dir: Path, digest: str) -> Path:
    """Where a corpus folder has the calibration of the model with this digest."""
    before, after = CALIBRATION
    return corpus_dir / f"{before}{digest}{after}"


def read_calibration(path: Path, digest: str) -> Calibration | None:
    """The calibration in a file; None when there is no file.

    :raises CorpusError: when it cannot be read, has another form, or is of another model than that with this digest.
    """
    if not path.is_file():
        return None
    try:
        found = Calibration.model_validate_json(CORPUS_FILE.read(path))
    except OSError as cause:
        why = cause.strerror or str(cause)
    except ValidationError as cause:
        first = cause.errors(include_url=False)[0]
        why = "".join(f"{part}: " for part in first["loc"]) + first["msg"].removeprefix("Value error, ")
    else:
        if found.digest == digest:
            return found
        why = f"it is of the model {found.digest}, not of {digest}"
    raise CorpusError(reason("calibration", path=str(path), problem=why))


def write_calibration(corpus_dir: Path, calibration: Calibration) -> Path:
    """Put a calibration beside the documents, whole or not at all; returns the file.

    :raises StorageError: when it cannot be written.
    """
    path = calibration_path(corpus_dir, calibration.digest)
    with storage_errors(path):
        replace_file(path, calibration.model_dump_json(indent=1).encode() + b"\n", mode=PUBLIC)
    return path
