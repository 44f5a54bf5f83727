"""What both kinds of environment are made with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import IcrlError
from .lockstep import Settings

#: What an episode of an environment is: one of the task's, or a whole trial, which is all episodes on one instance.
UNITS = ("episode", "trial")


def settings_of(
    task: str,
    address: str | None,
    agent: str,
    record: bool | None,
    tags: Mapping[str, str] | None,
    connect: Mapping[str, Any],
    options: Mapping[str, Any],
) -> Settings:
    """The settings; without an address nothing is recorded unless it is asked for: the private server's log goes with it."""
    recorded = address is not None if record is None else record
    return Settings(task, dict(options), address, agent, recorded, dict(tags or {}), dict(connect))


def check_unit(unit: str) -> str:
    """The unit, if it is one.

    Raises:
        IcrlError: OPTION_INVALID.
    """
    if unit not in UNITS:
        raise IcrlError("OPTION_INVALID", f'unit is "{unit}": give one of {", ".join(UNITS)}', {"option": "unit", "value": str(unit)})
    return unit


def check_options(options: Mapping[str, Any] | None) -> None:
    """Sees that `reset` is given no options that it does not have.

    Raises:
        IcrlError: OPTION_UNKNOWN.
    """
    for name in options or {}:
        raise IcrlError("OPTION_UNKNOWN", f'reset has no option "{name}"', {"option": str(name)})
