"""Numbers as people write them, decimal: digits, single `_` between them, a fraction, an exponent of ten. Nothing else is one."""

from __future__ import annotations

import math
import re
from decimal import Decimal

_DIGITS = r"\d+(?:_\d+)*"
_WRITTEN = re.compile(rf"[+-]?(?=\.?\d)(?:{_DIGITS})?(?:\.(?:{_DIGITS})?)?(?:[eE][+-]?\d{{1,3}})?", re.ASCII)

#: No number that anybody means is longer.
_LONGEST = 400

#: Nothing counted here has more digits: a uint64 has 20.
_MOST_DIGITS = 40


def real_number_of(text: str) -> float | None:
    """The float64 nearest to what a text says; None where it is no number, or too large for one."""
    if len(text) > _LONGEST or _WRITTEN.fullmatch(text) is None:
        return None
    value = float(text.replace("_", ""))
    return value if math.isfinite(value) else None


def whole_number_of(text: str) -> int | None:
    """The whole number that a text says, exactly, `1000`, `1_000` and `1e3` alike; None where it is none."""
    if len(text) > _LONGEST or _WRITTEN.fullmatch(text) is None:
        return None
    value = Decimal(text.replace("_", ""))
    if value.adjusted() > _MOST_DIGITS or value != value.to_integral_value():
        return None
    return int(value)
