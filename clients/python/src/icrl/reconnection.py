"""Tells that the sessions of a connection were lost and taken up again: once, however many they are."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Union


@dataclass(frozen=True)
class Lost:
    """Sessions have lost their connection.

    Attributes:
        address: HOST:PORT of the server.
        error: how the first of them was lost.
        trying_for: how long it is tried to take them up again, in seconds.
    """

    address: str
    error: Exception
    trying_for: float

    def __str__(self) -> str:
        return f"the connection to {self.address} was lost: trying again for up to {self.trying_for:g} s ({self.error})"


@dataclass(frozen=True)
class Back:
    """All sessions that had lost their connection have one again.

    Attributes:
        address: HOST:PORT of the server.
        after: seconds since the loss.
        restarted: whether the server was started again in between: unfinished trials are played from their beginning.
    """

    address: str
    after: float
    restarted: bool

    def __str__(self) -> str:
        what = "the server was started again, unfinished trials begin anew" if self.restarted else "nothing was lost"
        return f"connected to {self.address} again after {self.after:.1f} s: {what}"


Reconnection = Union[Lost, Back]


class ReconnectNotice:
    """Tells of the first stream that is lost, and of the last that is back."""

    def __init__(self, address: str, on_reconnect: Callable[[Reconnection], None] | None) -> None:
        self._address = address
        self._on_reconnect = on_reconnect or (lambda _: None)
        self._lock = threading.Lock()
        self._without = 0
        self._since = 0.0
        self._any_restarted = False

    def lost(self, error: Exception, trying_for: float) -> None:
        """A stream has lost its connection."""
        with self._lock:
            self._without += 1
            if self._without > 1:
                return
            self._since = time.monotonic()
            self._any_restarted = False
        self._on_reconnect(Lost(self._address, error, trying_for))

    def back(self, restarted: bool) -> None:
        """A stream that had lost it has it again."""
        with self._lock:
            self._without -= 1
            self._any_restarted = self._any_restarted or restarted
            if self._without > 0:
                return
            back = Back(self._address, time.monotonic() - self._since, self._any_restarted)
        self._on_reconnect(back)

    def gave_up(self) -> None:
        """A stream that had lost it has ended without it."""
        with self._lock:
            self._without -= 1
