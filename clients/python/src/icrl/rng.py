"""Random numbers that any process, in any language, can repeat: docs/seeds.md says what they are.

A stream is Threefry-2x32 with 20 rounds, keyed by a uint64 seed: draw i has the counter (i mod 2^32, floor(i / 2^32)), and two words of
32 bits give one uniform in (0, 1) with 52 bits. `Rng` is one stream, `Rngs` are those of many envs, drawn side by side: the same numbers.

Source: Salmon, Moraes, Dror and Shaw (2011); the normal quantile is Wichura's (1988) algorithm AS 241, which Python's `statistics` has.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

_MASK = 0xFFFFFFFF
_PARITY = 0x1BD11BDA
_TURNS = ((13, 15, 26, 6), (17, 29, 16, 24))
_STANDARD_NORMAL = NormalDist()

#: Words of 32 bits.
Words = npt.NDArray[np.uint32]


def threefry2x32(key0: int, key1: int, counter0: int, counter1: int) -> tuple[int, int]:
    """Two random words of 32 bits, a function of a key and a counter of as many."""
    schedule = (key0, key1, key0 ^ key1 ^ _PARITY)
    x = (counter0 + key0) & _MASK
    y = (counter1 + key1) & _MASK
    for block in range(5):
        for turn in _TURNS[block % 2]:
            x = (x + y) & _MASK
            y = ((y << turn | y >> 32 - turn) & _MASK) ^ x
        x = (x + schedule[(block + 1) % 3]) & _MASK
        y = (y + schedule[(block + 2) % 3] + block + 1) & _MASK
    return x, y


def fnv1a(name: str) -> int:
    """The 32-bit FNV-1a hash of a name's UTF-8 bytes. Source: Fowler, Noll and Vo."""
    hashed = 0x811C9DC5
    for byte in name.encode():
        hashed = (hashed ^ byte) * 0x01000193 & _MASK
    return hashed


def _uniform(word0: int, word1: int) -> float:
    return ((word0 >> 6) * 67108864 + (word1 >> 6) + 0.5) / 4503599627370496


class Rng:
    """One stream of draws. Streams of the same seed give the same draws."""

    __slots__ = ("_drawn", "_key0", "_key1")

    def __init__(self, seed: int) -> None:
        """The stream of a seed, a uint64.

        Raises:
            ValueError: if the seed is none.
        """
        if not 0 <= seed < 1 << 64:
            raise ValueError(f"seed {seed} is no uint64: give a whole number from 0 to 2^64 - 1")
        self._key0 = seed >> 32
        self._key1 = seed & _MASK
        self._drawn = 0

    def uniform(self) -> float:
        """Uniform in the open interval (0, 1), 52 bits."""
        words = threefry2x32(self._key0, self._key1, self._drawn & _MASK, self._drawn >> 32)
        self._drawn += 1
        return _uniform(*words)

    def normal(self) -> float:
        """Standard normal, by the quantile function of one uniform."""
        return _STANDARD_NORMAL.inv_cdf(self.uniform())

    def integer(self, n: int) -> int:
        """Uniform among 0 .. n - 1; n is at most 2^31."""
        return int(self.uniform() * n)

    def choice(self, probabilities: Sequence[float] | npt.NDArray[Any]) -> int:
        """An index by its probability: of one uniform u, the first k with u < p_0 + ... + p_k, summed from the left in float64; the last
        one of a positive probability where rounding leaves u above the sum.

        Shapes: probabilities [A], not negative, of sum 1.
        """
        u = self.uniform()
        total = 0.0
        last = 0
        for k, p in enumerate(probabilities):
            if p > 0:
                total += float(p)
                last = k
                if u < total:
                    return k
        return last

    def split(self, name: str) -> Rng:
        """An independent stream: the same name gives the same one, whatever was drawn. Draws nothing."""
        word0, word1 = threefry2x32(self._key0, self._key1, fnv1a(name), _MASK)
        return Rng(word0 << 32 | word1)


class Rngs:
    """A stream for each of N envs. Draws are [N] at once; only those of the envs that draw move on.

    Draw by draw they are those of `Rng`, so that an agent that keeps many envs in arrays plays as one that keeps each by itself.
    """

    def __init__(self, num_envs: int) -> None:
        self._keys = np.zeros((2, num_envs), np.uint32)
        self._drawn = np.zeros(num_envs, np.uint64)

    def seed(self, env: int, seed: int) -> None:
        """Begins the stream of a seed, a uint64, in an env."""
        self._keys[:, env] = (seed >> 32, seed & _MASK)
        self._drawn[env] = 0

    def uniform(self, where: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.float64]:
        """[N] uniforms in (0, 1); NaN for envs that do not draw.

        Args:
            where: [N] which envs draw; all where absent.
        """
        drawing = np.arange(len(self._drawn)) if where is None else np.flatnonzero(where)
        drawn = self._drawn[drawing]
        counters = np.stack([drawn & np.uint64(_MASK), drawn >> np.uint64(32)]).astype(np.uint32)
        self._drawn[drawing] += np.uint64(1)
        uniforms = np.full(len(self._drawn), np.nan)
        uniforms[drawing] = uniforms_of(*threefry2x32_arrays(self._keys[:, drawing], counters))
        return uniforms

    def integer(self, n: int, where: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.int32]:
        """[N] integers, uniform among 0 .. n - 1; 0 for envs that do not draw."""
        return np.nan_to_num(self.uniform(where) * n).astype(np.int32)

    def normal(self, where: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.float64]:
        """[N] standard normals; NaN for envs that do not draw."""
        return normal_quantiles(self.uniform(where))


def threefry2x32_arrays(key: Sequence[Words] | Words, counter: Sequence[Words] | Words) -> tuple[Words, Words]:
    """`threefry2x32` of many keys and counters at once: two arrays of words each, whose shapes broadcast. Sums wrap by their type."""
    schedule = (key[0], key[1], key[0] ^ key[1] ^ np.uint32(_PARITY))
    x = counter[0] + schedule[0]
    y = counter[1] + schedule[1]
    for block in range(5):
        for turn in _TURNS[block % 2]:
            x = x + y
            y = (y << np.uint32(turn) | y >> np.uint32(32 - turn)) ^ x
        x = x + schedule[(block + 1) % 3]
        y = y + schedule[(block + 2) % 3] + np.uint32(block + 1)
    return x, y


def uniforms_of(word0: Words, word1: Words) -> npt.NDArray[np.float64]:
    """The uniforms in (0, 1) that pairs of words give: ((x >> 6) 2^26 + (y >> 6) + 1/2) / 2^52, exact."""
    uniforms: npt.NDArray[np.float64] = ((word0 >> 6) * 67108864.0 + (word1 >> 6) + 0.5) / 4503599627370496
    return uniforms


def normal_quantiles(uniforms: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The standard normal numbers that uniforms in (0, 1) stand for; NaN for NaN. Those of `Rng.normal` digit for digit: NumPy's logarithm
    is not Python's to the last bit."""
    quantile = _STANDARD_NORMAL.inv_cdf
    return np.array([quantile(u) if u == u else u for u in uniforms.tolist()], np.float64)
