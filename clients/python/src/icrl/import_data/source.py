"""What every format gives: a file, opened, whose trials can be gone through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..data.errors import DataError
from .limits import MOST_ACTIONS
from .states import StateScan, StateSpace
from .trial import ImportedTrial, invalid


@dataclass
class Found:
    """What a format's files are known to hold: what is given, and what comes to light while they are read."""

    given_actions: int | None = None
    """A: how many actions there are; None: as many as the files tell."""
    sizes: Sequence[int] | None = None
    """Of the parts of a state; None: they follow from the states."""
    num_actions: int = 0
    """A, as far as is known: told by the files, or the largest that came plus one."""
    told: bool = False
    """Whether the files tell A."""
    arms: int = 0
    """d, features of an arm; 0 where arms have none."""
    box_shape: tuple[int, ...] | None = None
    """Of a box whose shape means something: that of arms drawn anew at each step, of our own exports."""
    _arms_seen: bool = False

    def tells_actions(self, count: int, place: str) -> None:
        """The files tell how many actions there are.

        Raises:
            DataError: IMPORT_INVALID if it is too many, or another number than elsewhere; OPTION_INVALID if --actions says another.
        """
        if not 1 <= count <= MOST_ACTIONS:
            raise invalid(place, f"has {count} actions, expected 1 to {MOST_ACTIONS}")
        if self.given_actions is not None and count != self.given_actions:
            raise DataError("OPTION_INVALID", f"--actions {self.given_actions} is not what the data have: {place} has {count}")
        if self.told and count != self.num_actions:
            raise invalid(place, f"has {count} actions, and what was before it {self.num_actions}: import them each by itself")
        self.num_actions, self.told = count, True

    @property
    def below(self) -> int:
        """What every action is below."""
        if self.told:
            return self.num_actions
        return MOST_ACTIONS if self.given_actions is None else self.given_actions

    def sees_action(self, largest: int) -> None:
        """An action came."""
        self.num_actions = max(self.num_actions, largest + 1)

    @property
    def actions(self) -> int:
        """A, once all is read."""
        return self.num_actions if self.given_actions is None else self.given_actions

    def sees_arms(self, shape: tuple[int, ...], place: str) -> None:
        """A trial has features of its arms, or none: shape [A, d], or ().

        Raises:
            DataError: IMPORT_INVALID if they are not as many as elsewhere.
        """
        dim = shape[1] if len(shape) == 2 else 0
        if len(shape) == 2 and not self.told:
            self.tells_actions(shape[0], place)
        if len(shape) not in (0, 2) or (dim > 0 and shape[0] != self.num_actions) or (len(shape) == 2 and dim == 0):
            raise invalid(place, f"has the shape {list(shape)}, expected [{self.num_actions}, d]")
        if self._arms_seen and dim != self.arms:
            raise invalid(place, f"has {dim} features an arm, and what was before it {self.arms}")
        self.arms, self._arms_seen = dim, True


class Source(Protocol):
    """A file."""

    def count(self) -> int:
        """How many trials it has; how many episodes where only these are counted."""

    def scan(self, scan: StateScan, found: Found) -> None:
        """Looks through the states, as far as has to be known before the first trial."""

    def trials(self, space: StateSpace, found: Found) -> Iterator[ImportedTrial]:
        """Its trials, in order."""

    def close(self) -> None:
        """Lets go of it."""
