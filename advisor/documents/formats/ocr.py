"""The letters of a picture: the extra `ocr` brings RapidOCR, whose package holds its models (PP-OCRv6)."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GOES_ON = {"goes_on": True}
"""What the process that reads says before and after it recognises a picture: both have the time of a file of their own."""
MOST_READINGS = 3  # of one page: as it lies, and turned
ENDS_LATE = 5.0  # seconds: a picture is given up between two lines of it, or two calls of the library
LONGEST_SIDE = 2_000  # pixels of a page that is recognised: A4 at 170 dpi
_SHOWN_TO_DETECTOR = 1_280  # pixels: as good as all of them in trials, with half the memory
# Of made scans, lines above it had 98 of 100 words right, those below 29: blurred, drowned in noise, upside down.
_CLEAR = 0.93

Corner = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Words:
    """What stands on a line of a picture, and its corners in pixels, clockwise from the upper left one."""

    text: str
    corners: Sequence[Corner]
    is_clear: bool


class TooSlow(BaseException):
    """A picture takes too long. No `Exception`: the library takes those for its own."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Give up what takes longer, in the main thread of a process.

    :raises TooSlow: when the time is over.
    """

    def give_up(number: int, frame: object) -> None:
        raise TooSlow

    handler, timer = signal.signal(signal.SIGALRM, give_up), signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)


def is_installed() -> bool:
    """Whether letters can be recognised here."""
    return find_spec("rapidocr") is not None


@cache
def make_ready() -> None:
    """Load all that reading takes, once a process: only reading itself counts for the time of a page."""
    import numpy as np

    _engine()(np.full((64, 64, 3), 255, np.uint8))  # the runtime is loaded with the first picture


def recognise(picture: NDArray[np.uint8]) -> list[Words]:
    """The lines of a picture in RGB, from top to bottom."""
    found = _engine()(picture[:, :, ::-1])
    if found.txts is None:
        return []
    return [
        Words(text, [(float(x), float(y)) for x, y in corners], score >= _CLEAR)
        for text, corners, score in zip(found.txts, found.boxes, found.scores, strict=True)
    ]


@cache
def _engine() -> Any:  # noqa: ANN401 - a library without types
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.max_side_len": LONGEST_SIDE,
            "Global.text_score": 0,  # what is not clear is counted, not dropped
            "Global.use_cls": False,  # it turned lines of upright pages upside down
            "Det.limit_type": "max",
            "Det.limit_side_len": _SHOWN_TO_DETECTOR,
            "Rec.rec_batch_num": 1,  # faster on a processor than six lines padded to one length, in half the memory
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,  # processor time is what is limited
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
