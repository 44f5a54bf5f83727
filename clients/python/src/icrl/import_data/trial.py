"""A trial as it is handed on, and what is checked of its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..data.errors import DataError

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]

DONE, TRUNCATED, CUT_OFF = 0, 1, 2
"""How an episode ended: by itself; it was truncated; the data end before it does."""

NONE = -1
"""Where an expert gave no action, or a state is not known."""


@dataclass(frozen=True)
class ImportedTrial:
    """A trial: its steps over all its episodes, in order.

    Shapes: N steps, E episodes, A actions, d features of an arm, k numbers of an observation.
    """

    key: str
    """Where in its file it stands: "entry 7", "group 0, history 3"."""
    lengths: Ints
    """[E], at least 1 each."""
    ends: npt.NDArray[np.uint8]
    """[E] DONE, TRUNCATED or CUT_OFF."""
    actions: Ints
    """[N]."""
    rewards: Floats
    """[N]."""
    observations: Ints | None = None
    """[N + E], of each episode the states of its steps and the one it ended in, NONE where that is not known; None unless states are discrete."""
    features: Floats | None = None
    """[N, k], what each action was chosen from; None unless observations are boxes."""
    trial_features: Floats | None = None
    """[A, d]."""
    label: Ints | None = None
    """[N] an expert's actions, NONE where it gave none."""
    tags: Mapping[str, str] = field(default_factory=dict)


def invalid(place: str, what: str) -> DataError:
    """The error that something is not as the format has it; `place` names file, key and index."""
    return DataError("IMPORT_INVALID", f"{place}: {what}")


def described(array: Array) -> str:
    """Type and shape of an array, for messages."""
    return f"{array.dtype} {list(array.shape)}"


def rewards_of(array: Array, place: str) -> Floats:
    """Rewards as float32, [N]; from [N] or [N, 1].

    Raises:
        DataError: IMPORT_INVALID if they are no numbers, or not finite as float32.
    """
    if array.dtype.kind not in "biuf" or array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[1] != 1):
        raise invalid(place, f"is {described(array)}, expected one number a step")
    with np.errstate(over="ignore"):
        rewards = array.reshape(-1).astype(np.float32)
    wrong = np.flatnonzero(~np.isfinite(rewards))
    if len(wrong) > 0:
        raise invalid(f"{place}[{wrong[0]}]", f"is {array.reshape(-1)[wrong[0]]}, expected a finite number that float32 holds")
    return rewards


def indices_of(array: Array, place: str, *, below: int | None, none: bool = False) -> Ints:
    """Whole numbers in [0, below) as int32, [N].

    Args:
        below: None: any that int32 holds.
        none: whether negative ones stand for none; all of them become NONE.

    Raises:
        DataError: IMPORT_INVALID.
    """
    if array.dtype.kind not in "biu" or array.ndim != 1:
        raise invalid(place, f"is {described(array)}, expected one whole number a step")
    most = 2**31 if below is None else below
    wrong = np.flatnonzero(((array < 0) & (not none)) | (array >= most))
    if len(wrong) > 0:
        raise invalid(f"{place}[{wrong[0]}]", f"is {array[wrong[0]]}, outside [0, {most})")
    found = np.clip(array.astype(np.int64), NONE, most).astype(np.int32)
    return found


def floats_of(array: Array, place: str) -> Floats:
    """Numbers as float32.

    Raises:
        DataError: IMPORT_INVALID if they are no numbers, or not finite as float32.
    """
    if array.dtype.kind not in "biuf":
        raise invalid(place, f"is {described(array)}, expected numbers")
    with np.errstate(over="ignore"):
        found = array.astype(np.float32)
    if not np.isfinite(found).all():
        at = tuple(int(i) for i in np.argwhere(~np.isfinite(found))[0])
        raise invalid(f"{place}{list(at)}", f"is {array[at]}, expected a finite number that float32 holds")
    return found


def require_length(array: Array, steps: int, place: str) -> None:
    """Sees that an array has one element a step.

    Raises:
        DataError: IMPORT_INVALID.
    """
    if array.ndim == 0 or len(array) != steps:
        raise invalid(place, f"is {described(array)}, and there are {steps} steps")
