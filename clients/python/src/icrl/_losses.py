"""Which errors mean that a connection was lost, which that another try may help, and how long to wait before it."""

from __future__ import annotations

import random
import re

from .errors import IcrlError, ServerUnreachableError

#: The first bound of a wait, and the largest, in seconds.
_FIRST = 0.1
_LARGEST = 5.0

#: What gRPC says with INTERNAL or UNKNOWN where a stream or its connection was reset; a server's own failure says something else.
_RESET = re.compile(r"RST_STREAM|Stream removed|[Ss]ocket closed|[Cc]onnection reset|[Bb]roken pipe|GOAWAY|[Kk]eepalive|EOF")


def is_loss(error: Exception) -> bool:
    """Whether a stream that ended so was lost on its way, and did not end by the server's word.

    SERVER_DRAINING is a word, but one that says that the server stops: what was open can be resumed once it is there again.
    """
    if isinstance(error, IcrlError):
        return error.reason == "SERVER_DRAINING"
    if not isinstance(error, ServerUnreachableError):
        return False
    if error.code in ("UNAVAILABLE", "CANCELLED"):  # refused, reset, no sign of life; by a relay: who cancels here does not ask
        return True
    return error.code in ("INTERNAL", "UNKNOWN") and _RESET.search(str(error)) is not None


def may_pass(error: Exception) -> bool:
    """Whether a refusal of an attempt may pass."""
    return isinstance(error, IcrlError) and error.reason == "SERVER_BUSY"


def backoff(attempts: int) -> float:
    """How long to wait before an attempt, in seconds: anything up to a bound that doubles with each of those that failed, so that clients
    that lost one server at one moment do not come back at one moment.

    Source: "full jitter" of M. Brooker (2015), "Exponential Backoff and Jitter".
    """
    return random.random() * min(_FIRST * 2.0 ** min(attempts, 60), _LARGEST)
