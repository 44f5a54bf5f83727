"""The random numbers of `icrl.rng` by the thousand: a key, and draws at any place of its stream.

A seed is a uint64; a key is its two halves, the high 32 bits first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..rng import Words, fnv1a, normal_quantiles, threefry2x32_arrays, uniforms_of

Floats = npt.NDArray[np.float64]


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
        return threefry2x32_arrays([np.array(word, np.uint32) for word in (self.high, self.low)], [first, second])

    def split(self, name: str) -> Key:
        """The key of an independent stream: the same name gives the same, whatever was drawn."""
        return self._key_at(fnv1a(name), 0xFFFFFFFF)

    def uniforms(self, count: int, begin: int = 0) -> Floats:
        """Draws `begin` to `begin + count - 1` of the stream, float64 in (0, 1)."""
        at = np.arange(begin, begin + count, dtype=np.uint64)
        return uniforms_of(*self.words(at.astype(np.uint32), (at >> np.uint64(32)).astype(np.uint32)))

    def normals(self, count: int) -> Floats:
        """The first draws of the stream as standard normal numbers."""
        return normal_quantiles(self.uniforms(count))

    def noise(self, episode: int, step: int, channel: int) -> float:
        """The uniform of an episode, a step and a channel."""
        first, second = (np.array([word], np.uint32) for word in (step, (episode << 8 | channel) & 0xFFFFFFFF))
        return float(uniforms_of(*self.words(first, second))[0])

    def noise_key(self, episode: int, step: int, channel: int) -> Key:
        """The key of a stream for many draws at an episode, a step and a channel."""
        return self._key_at(step, (episode << 8 | channel) & 0xFFFFFFFF)

    def _key_at(self, first: int, second: int) -> Key:
        x, y = self.words(np.array([first], np.uint32), np.array([second], np.uint32))
        return Key(int(x[0]), int(y[0]))


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
