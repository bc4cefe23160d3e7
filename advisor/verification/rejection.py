"""Why a sentence may not be shown, as a code. `advisor.answering.messages` has the words for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Code = Literal[
    "affirms",  # leaves out a negation of the source
    "changed",  # says what a model that read both does not find in the source
    "denies",  # negates what the source does not
    "figure",  # states a figure that the source does not
    "figure-elsewhere",  # states a figure that the source gives of something else
    "language",  # is not in the language of the question
    "misquoted",  # its citation is not what stands in its place
    "name",  # names what the source does not
    "no-passage",  # cites a number that no passage has
    "not-quoted",  # is not, word for word, in the lines that it cites
    "nothing",  # holds no word
    "opposite",  # points the other way than the source
    "quotation",  # quotes what the source does not hold
    "repeated",  # says what was said before
    "uncited",  # cites nothing, and nothing clearly supports it
    "unclear",  # is too little supported as a whole
]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A sentence that may not be shown. `detail` is the word, figure, number or score in question."""

    text: str
    code: Code
    detail: str = ""
