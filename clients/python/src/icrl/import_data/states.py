"""States of somebody else's task, as our schema has them: nothing, a number, or so many numbers.

- They are nothing where all are the same, as in a bandit.
- They are discrete where they are vectors of few whole numbers, not negative, that are not many in all: state (i, j, ...) of sizes (n, m, ...)
  is number (i m + j) ..., row by row. Sizes are the largest that came plus one, unless they are given.
- Else they are boxes, [k].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from ..data.errors import DataError
from .limits import MOST_NUMBERS, MOST_STATES
from .trial import Array, Floats, Ints, described, floats_of, invalid

MOST_PARTS = 4
"""Of a state that is told by number: where there are more, states are boxes, and are not looked through."""


@dataclass(frozen=True)
class StateSpace:
    """What is observed."""

    kind: str
    """none, discrete or box."""
    parts: int
    """k, numbers of a state in the file."""
    sizes: tuple[int, ...] = ()
    """Of a discrete one: how many values each part has."""

    @property
    def text(self) -> str:
        """For messages."""
        return f"discrete {self.count}" if self.kind == "discrete" else self.kind if self.kind == "none" else f"box [{self.parts}]"

    @property
    def count(self) -> int:
        """How many states a discrete one has."""
        return prod(self.sizes)

    def numbers(self, states: Array, place: str) -> Ints:
        """[N, k] as numbers of states, [N].

        Raises:
            DataError: IMPORT_INVALID if one is outside of the space.
        """
        if states.dtype.kind not in "biu":
            raise invalid(place, f"is {described(states)}, and the states before were whole numbers")
        wrong = np.argwhere((states < 0) | (states >= np.array(self.sizes)))
        if len(wrong) > 0:
            row, part = (int(i) for i in wrong[0])
            raise invalid(f"{place}[{row}]", f"has part {part} {states[row, part]}, outside [0, {self.sizes[part]})")
        found: Array = np.zeros(len(states), np.int64)
        for part, size in enumerate(self.sizes):
            found = found * size + states[:, part].astype(np.int64)
        return found.astype(np.int32)

    def features(self, states: Array, place: str) -> Floats:
        """[N, k] as numbers, float32."""
        return floats_of(states, place)


def as_rows(states: Array, steps: int, place: str) -> Array:
    """States, one a step, as [N, k].

    Raises:
        DataError: IMPORT_INVALID if they are not one a step, no numbers, or too many.
    """
    if states.dtype.kind not in "biuf" or states.ndim == 0 or len(states) != steps:
        raise invalid(place, f"is {described(states)}, expected one state for each of {steps} steps")
    parts = prod(states.shape[1:])
    require_parts(parts, place)
    return states.reshape(steps, parts)


def require_parts(parts: int, place: str) -> None:
    """Sees that an observation has as many numbers as one can have.

    Raises:
        DataError: IMPORT_INVALID.
    """
    if not 1 <= parts <= MOST_NUMBERS:
        raise invalid(place, f"has {parts} numbers a state, expected 1 to {MOST_NUMBERS}")


class StateScan:
    """Looks at all states that there are, and says what they are.

    Args:
        sizes: as they were given; None: they follow from the states.
    """

    def __init__(self, sizes: Sequence[int] | None = None) -> None:
        self._given = None if sizes is None else tuple(sizes)
        self._parts: int | None = None
        self._whole = True
        self._low: Array | None = None
        self._high: Array | None = None
        self._told: StateSpace | None = None

    def needed(self, parts: int) -> bool:
        """Whether states of so many parts have to be looked at."""
        return self._given is None and parts <= MOST_PARTS

    def parts(self, parts: int, place: str) -> None:
        """Tells how many parts the states somewhere have.

        Raises:
            DataError: IMPORT_INVALID if others have others.
        """
        if self._parts is None:
            self._parts = parts
        if self._parts != parts:
            raise invalid(place, f"has {parts} numbers a state, and the states before it {self._parts}")
        if self._given is not None and len(self._given) != parts:
            given = ",".join(map(str, self._given))
            raise DataError("OPTION_INVALID", f"--states {given} has {len(self._given)} sizes, and states have {parts} parts ({place})")

    def see(self, states: Array) -> None:
        """Looks at states, [N, k], at least one."""
        self._whole = self._whole and states.dtype.kind in "biu"
        low, high = states.min(0), states.max(0)
        self._low = low if self._low is None else np.minimum(self._low, low)
        self._high = high if self._high is None else np.maximum(self._high, high)

    def tell(self, space: StateSpace, place: str) -> None:
        """A file says itself what its states are.

        Raises:
            DataError: OPTION_INVALID if sizes were given; IMPORT_INVALID if another file says something else.
        """
        if self._given is not None:
            raise DataError("OPTION_INVALID", f"--states says what {place} says itself: leave it out")
        if self._told is not None and self._told != space:
            raise invalid(place, f"is {space.text}, and the one before it {self._told.text}: import them each by itself")
        self._told = space

    def space(self) -> StateSpace:
        """What they are."""
        if self._told is not None:
            return self._told
        parts = self._parts or 1
        if self._given is not None:
            return StateSpace("discrete", parts, self._given)
        if self._low is None or self._high is None:
            return StateSpace("box", parts)
        if (self._low == self._high).all():
            return StateSpace("none", parts)
        sizes = tuple(int(high) + 1 for high in self._high) if self._whole else ()
        if self._whole and (self._low >= 0).all() and prod(sizes) <= MOST_STATES:
            return StateSpace("discrete", parts, sizes)
        return StateSpace("box", parts)
