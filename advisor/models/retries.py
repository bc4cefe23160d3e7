"""When a server is asked again that did not answer: what chat models and embedding servers share."""

from __future__ import annotations

import random

RETRIED_STATUS = (408, 409, 425, 429)
"""Refusals of a client that the same request can get past later; with them goes every status from 500 on."""

FIRST_SERVER_ERROR = 500
_BACK_OFF_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 8.0


def pause(attempt: int, asked: str) -> float:
    """Seconds to wait before the next attempt: what the server asks for, or twice as long each time, give or take.

    :param attempt: how many have failed before the last one.
    :param asked: the header `Retry-After` of the answer; "" where there is none.
    """
    if asked.replace(".", "", 1).isdecimal():
        return min(float(asked), _LONGEST_WAIT_SECONDS)
    return min(float(_BACK_OFF_SECONDS * 2**attempt * random.uniform(0.75, 1.25)), _LONGEST_WAIT_SECONDS)
