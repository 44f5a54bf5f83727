"""Random numbers that any language can repeat: Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror & Shaw 2011), as docs/seeds.md has it.

A seed is a uint64; a key is its two halves, the high 32 bits first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint32]

_TURNS = ((13, 15, 26, 6), (17, 29, 16, 24))


@dataclass(frozen=True)
class Key:
    """What random words are made with."""

    high: int
    low: int

    @staticmethod
    def of(seed: int) -> Key:
        """The key of a uint64 seed."""
        return Key(seed >> 32, seed & 0xFFFFFFFF)

    def words(self, first: Words, second: Words) -> tuple[Words, Words]:
        """Two random words for each counter, whose two words these are."""
        schedule = tuple(np.uint32(word) for word in (self.high, self.low, self.high ^ self.low ^ 0x1BD11BDA))
        x, y = first + schedule[0], second + schedule[1]  # uint32: sums wrap
        for block in range(5):
            for turn in _TURNS[block % 2]:
                x = x + y
                y = (y << np.uint32(turn) | y >> np.uint32(32 - turn)) ^ x
            x = x + schedule[(block + 1) % 3]
            y = y + schedule[(block + 2) % 3] + np.uint32(block + 1)
        return x, y

    def split(self, name: str) -> Key:
        """The key of an independent stream: the same name gives the same, whatever was drawn."""
        hashed = 0x811C9DC5  # FNV-1a
        for byte in name.encode():
            hashed = (hashed ^ byte) * 0x01000193 & 0xFFFFFFFF
        return self._key_at(hashed, 0xFFFFFFFF)

    def uniforms(self, count: int, begin: int = 0) -> Floats:
        """Draws `begin` to `begin + count - 1` of the stream, float64 in (0, 1)."""
        at = np.arange(begin, begin + count, dtype=np.uint64)
        return _uniforms(*self.words(at.astype(np.uint32), (at >> np.uint64(32)).astype(np.uint32)))

    def normals(self, count: int) -> Floats:
        """The first draws of the stream as standard normal numbers."""
        return normal_quantiles(self.uniforms(count))

    def noise(self, episode: int, step: int, channel: int) -> float:
        """The uniform of an episode, a step and a channel."""
        first, second = (np.array([word], np.uint32) for word in (step, (episode << 8 | channel) & 0xFFFFFFFF))
        return float(_uniforms(*self.words(first, second))[0])

    def noise_key(self, episode: int, step: int, channel: int) -> Key:
        """The key of a stream for many draws at an episode, a step and a channel."""
        return self._key_at(step, (episode << 8 | channel) & 0xFFFFFFFF)

    def _key_at(self, first: int, second: int) -> Key:
        x, y = self.words(np.array([first], np.uint32), np.array([second], np.uint32))
        return Key(int(x[0]), int(y[0]))


def _uniforms(x: Words, y: Words) -> Floats:
    """((x >> 6) 2^26 + (y >> 6) + 1/2) / 2^52: exact."""
    high, low = (word >> np.uint32(6) for word in (x, y))
    uniforms: Floats = (high.astype(np.float64) * 2.0**26 + low + 0.5) / 2.0**52
    return uniforms


def _polynomial(x: Floats, coefficients: tuple[float, ...]) -> Floats:
    value = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value = value * x + coefficient
    return value


def normal_quantiles(p: Floats) -> Floats:
    """Standard normal quantiles, accurate to about 1e-16 relative. Source: Wichura (1988), algorithm AS 241, routine PPND16."""
    q = p - 0.5
    central = np.abs(q) <= 0.425
    r = 0.180625 - q * q
    middle = q * _polynomial(r, _MIDDLE[0]) / _polynomial(r, _MIDDLE[1])
    r = np.sqrt(-np.log(np.where(central, 0.25, np.where(q < 0, p, 1 - p))))
    near = _polynomial(r - 1.6, _NEAR[0]) / _polynomial(r - 1.6, _NEAR[1])
    far = _polynomial(r - 5, _FAR[0]) / _polynomial(r - 5, _FAR[1])
    tail = np.where(r <= 5, near, far)
    quantiles: Floats = np.where(central, middle, np.where(q < 0, -tail, tail))
    return quantiles


# Numerators and denominators of the routine's three rational functions, highest powers first.
_MIDDLE = (
    (
        2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
        13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608,
    ),
    (
        5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
        5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0,
    ),
)  # fmt: skip
_NEAR = (
    (
        7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
        3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734,
    ),
    (
        1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
        0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0,
    ),
)  # fmt: skip
_FAR = (
    (
        2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
        0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772,
    ),
    (
        2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
        0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1.0,
    ),
)  # fmt: skip


class Shuffle:
    """Fisher and Yates' shuffles, one after the other, by one stream."""

    def __init__(self, key: Key) -> None:
        self._key = key
        self._drawn = 0

    def __call__(self, items: list[Any]) -> None:
        """Shuffles a list in place."""
        last = len(items) - 1
        if last < 1:
            return
        uniforms = self._key.uniforms(last, self._drawn)
        self._drawn += last
        places = np.floor(uniforms * np.arange(last + 1, 1, -1)).astype(np.int64).tolist()
        for i, j in zip(range(last, 0, -1), places):
            items[i], items[j] = items[j], items[i]
