"""Messages that the server may not have taken: they are sent again after a loss."""

from __future__ import annotations

#: Most messages that are kept: agent and server take turns, so that one or two are on their way.
_MOST = 4


class Unanswered:
    """What a session has sent, hello and resume not counted."""

    def __init__(self) -> None:
        self._kept: list[tuple[str, bytes]] = []
        self._dropped = 0

    @property
    def sent(self) -> int:
        """How many were sent."""
        return self._dropped + len(self._kept)

    def add(self, kind: str, request: bytes) -> None:
        """Another one was sent."""
        self._kept.append((kind, request))
        if len(self._kept) > _MOST:
            del self._kept[0]
            self._dropped += 1

    def answered(self) -> None:
        """The server has said something: all was taken, or all but the last one where several are kept, for the two take turns."""
        left = 1 if len(self._kept) > 1 else 0
        taken = len(self._kept) - left
        self._dropped += taken
        del self._kept[:taken]

    def has(self, taken: int) -> bool:
        """Whether all but the first `taken` ones are kept."""
        return self._dropped <= taken <= self.sent

    def after(self, taken: int) -> list[bytes]:
        """All but the first `taken` ones."""
        return [request for _, request in self._kept[taken - self._dropped :]]

    def last(self, kind: str, taken: int) -> bytes | None:
        """The last one of this kind that is kept, and is not among the first `taken`; None where there is none."""
        for at in range(len(self._kept) - 1, -1, -1):
            if self._kept[at][0] == kind and self._dropped + at >= taken:
                return self._kept[at][1]
        return None

    def recount(self) -> None:
        """Counts those that are kept as the first ones, for a new session."""
        self._dropped = 0

    def forget(self) -> None:
        """Forgets all, and counts from 0."""
        self._kept.clear()
        self._dropped = 0
