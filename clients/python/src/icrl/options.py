"""Options of an agent: one table is the source of validation, of --help, and of what the log says."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

from .errors import IcrlError
from .numbers import real_number_of

#: A resolved value.
OptionValue = Union[float, int, str, bool]

#: Whole numbers beyond this are no exact float64, which is what the protocol has.
_LARGEST_WHOLE = (1 << 53) - 1


@dataclass(frozen=True)
class Option:
    """One row of a table: made by `number`, `integer`, `choice`, `boolean` and `text`.

    Attributes:
        type: "number", "integer", "choice", "boolean" or "text".
        default: the value where none is given.
        help: what it means, with units.
        min, max: inclusive bounds of numbers; None where there is none.
        choices: the words of a choice.
    """

    type: str
    default: OptionValue
    help: str
    min: float | None = None
    max: float | None = None
    choices: tuple[str, ...] = ()

    def allowed(self) -> str:
        """What it allows, for people: "a number in [0, 1]"."""
        if self.type == "choice":
            return f"one of {', '.join(self.choices)}"
        if self.type == "boolean":
            return "true or false"
        if self.type == "text":
            return "a text"
        kind = "an integer" if self.type == "integer" else "a number"
        if self.min is not None and self.max is not None:
            return f"{kind} in [{_shown(self.min)}, {_shown(self.max)}]"
        if self.min is not None:
            return f"{kind} of at least {_shown(self.min)}"
        return kind if self.max is None else f"{kind} of at most {_shown(self.max)}"

    def resolved(self, value: Any) -> OptionValue | None:
        """The value as what it stands for; None where it is not allowed."""
        if self.type == "choice":
            return value if isinstance(value, str) and value in self.choices else None
        if self.type == "boolean":
            return value if isinstance(value, bool) else None
        if self.type == "text":
            return value if isinstance(value, str) else None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            return None
        if self.type == "integer" and (value != int(value) or abs(value) > _LARGEST_WHOLE):
            return None
        if (self.min is not None and value < self.min) or (self.max is not None and value > self.max):
            return None
        return int(value) if self.type == "integer" else float(value)


def number(default: float, *, help: str, min: float | None = None, max: float | None = None) -> Option:
    """A row for a finite real number; bounds are inclusive."""
    return Option("number", default, help, min, max)


def integer(default: int, *, help: str, min: int | None = None, max: int | None = None) -> Option:
    """A row for a whole number; bounds are inclusive."""
    return Option("integer", default, help, min, max)


def choice(choices: Sequence[str], default: str, *, help: str) -> Option:
    """A row for one of a few words."""
    return Option("choice", default, help, choices=tuple(choices))


def boolean(default: bool, *, help: str) -> Option:
    """A row for true or false."""
    return Option("boolean", default, help)


def text(default: str, *, help: str) -> Option:
    """A row for any text, a path for example."""
    return Option("text", default, help)


def resolve_options(table: Mapping[str, Option], given: Mapping[str, Any], owner: str) -> dict[str, OptionValue]:
    """Every option of the table with its value, in the table's order, defaults filled in; None given is as good as nothing.

    Args:
        owner: who has the options, for messages: 'agent "softmax"'.

    Raises:
        IcrlError: OPTION_UNKNOWN for a name that is not in the table, OPTION_INVALID for a value that is not allowed.
    """
    for name in given:
        if name not in table:
            raise IcrlError("OPTION_UNKNOWN", f'{owner} has no option "{name}"{_near(name, table)}', {"option": name})
    resolved: dict[str, OptionValue] = {}
    for name, row in table.items():
        asked = given.get(name)
        value = row.resolved(row.default if asked is None else asked)
        if value is None:
            shown = json.dumps(asked, ensure_ascii=False, default=str)
            message = f'option "{name}" of {owner} is {shown}: give {row.allowed()}'
            raise IcrlError("OPTION_INVALID", message, {"option": name, "value": shown})
        resolved[name] = value
    return resolved


def options_from_texts(table: Mapping[str, Option], texts: Sequence[str]) -> dict[str, Any]:
    """Options from `name=value` texts, converted by the table and not yet checked.

    Raises:
        IcrlError: OPTION_INVALID if a text has no "=".
    """
    given: dict[str, Any] = {}
    for item in texts:
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise IcrlError("OPTION_INVALID", f'option "{item}" has no value: give name=value', {"option": item})
        given[name] = _value_of(table.get(name), value)
    return given


def options_text(table: Mapping[str, Option]) -> str:
    """A table for people: name, default, values and meaning of each option."""
    if not table:
        return "no options"
    rows = [("option", "default", "values", "meaning")]
    rows += [(name, _shown(row.default), row.allowed(), row.help) for name, row in table.items()]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    return "\n".join("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[3]]) for row in rows)


def _value_of(row: Option | None, value: str) -> Any:
    if row is not None and row.type == "boolean":
        return {"true": True, "false": False}.get(value, value)
    if row is not None and row.type in ("number", "integer"):
        read = real_number_of(value)
        return value if read is None else read
    return value


def _near(name: str, table: Mapping[str, Option]) -> str:
    starting = [known for known in table if known.startswith(name) and len(name) > 1]
    near = starting or difflib.get_close_matches(name, list(table), 1)
    if near:
        return f': did you mean "{near[0]}"?'
    return f": it has {', '.join(table)}" if table else ": it has none"


def _shown(value: OptionValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) and value == int(value) else str(value)
