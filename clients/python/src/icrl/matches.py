"""Makes an agent an entrant of a tournament, or a behaviour of a collection, until there is nothing more to play."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from ._proto.icrl.v1 import environment_pb2 as pb
from ._side_by_side import side_by_side
from .agents import Agent
from .connection import Connection
from .errors import IcrlError, ServerUnreachableError
from .session import expect, introduce, play_to_end, who
from .stream import PlayStream
from .task import options_of

#: The first wait for a tournament that is not there yet, in seconds; each is half as long again as the one before, up to the longest.
_FIRST_WAIT = 0.2
_LONGEST_WAIT = 3.0


def serve_matches(
    connection: Connection,
    agent: Agent,
    *,
    entrant: str,
    tournament_id: str | None = None,
    collection_id: str | None = None,
    entrant_key: str | None = None,
    agent_options: Mapping[str, Any] | None = None,
    num_envs: int = 1024,
    streams: int = 2,
    probabilities: bool = False,
    patience: float = 60.0,
    on_waiting: Callable[[str], None] | None = None,
    on_match: Callable[[pb.Opened], None] | None = None,
    on_match_failed: Callable[[str, Exception], None] | None = None,
) -> None:
    """Serves matches until the tournament has nothing more for the entrant.

    Args:
        entrant: the name it enters under.
        tournament_id: only this tournament; otherwise the oldest unfinished one that lists the entrant.
        collection_id: instead of a tournament this collection, as one of its behaviours.
        entrant_key: a secret, 16 to 100 printable characters: nobody plays under the name without what its first session showed.
        agent_options: options that the tournament does not set.
        num_envs: envs side by side in each session, at most.
        streams: sessions side by side, so that the server and the agent compute at the same time. The agent's own code runs in one of them at
            a time.
        probabilities: whether the server is told the probabilities of all actions at every step, where the agent knows them.
        patience: how long the tournament or collection is waited for where it does not exist yet, in seconds.
        on_waiting: told, in a line for people, when it is waited for.
        on_match: told when a match is opened.
        on_match_failed: told the id of a match that this agent broke off, and why: its policy raised something, or the server refused an
            answer. The next match is served.

    Raises:
        IcrlError: if the server refuses the entrant; ENTRANT_EARLY if what it is for does not come in time.
        ServerUnreachableError: if the server is gone.
    """
    given = dict(agent_options or {})
    thinking = threading.Lock()
    hello = {
        **who(agent, given),
        "entrant": entrant,
        "tournament_id": tournament_id,
        "collection_id": collection_id,
        "entrant_key": entrant_key,
        "num_envs": num_envs,
    }

    def serve(index: int) -> None:
        # Once in a tournament it stays there: it may be over before a session that failed in it is back.
        said = dict(hello)
        waits = _Waits(patience, on_waiting if index == 0 else None)
        while True:
            stream = connection.play()
            match: pb.Opened | None = None
            try:
                introduce(stream, said, ["probabilities"] if probabilities else [])
                while True:
                    match = None
                    message = stream.next()
                    kind = message.WhichOneof("message")
                    if kind == "closed" and message.closed.finished:
                        return stream.finish()
                    if kind == "draining":
                        continue
                    match = expect(message, "opened").opened
                    if match.HasField("tournament_id"):
                        said["tournament_id"] = match.tournament_id
                    if on_match is not None:
                        on_match(match)
                    options = agent.resolved({**given, **options_of(match.agent_options)})
                    if play_to_end(stream, agent, options, match, thinking=thinking).finished:
                        return stream.finish()  # the server was started again, and nothing was left to open anew
            except Exception as error:
                lost = isinstance(error, ServerUnreachableError)
                if match is not None and not lost and not stream.ended:
                    _forfeit(stream, error)
                stream.cancel()
                if match is None and waits.bears(error):
                    continue
                # Outside a match there is nothing to give up but the whole tournament; a lost server is lost for all matches.
                if match is None or lost:
                    raise
                if on_match_failed is not None:
                    on_match_failed(match.match_id, error)
            except BaseException:
                stream.cancel()
                raise

    # One that cannot go on leaves the others' matches alone: to break those off would forfeit them.
    failed = side_by_side(streams, serve)
    if failed:
        raise failed[0]


def _forfeit(stream: PlayStream, error: Exception) -> None:
    """Says why the agent cannot go on, which the match's results show, and waits for the end."""
    reason = error.message if isinstance(error, IcrlError) else f"{type(error).__name__}: {error}"
    try:
        if stream.just_opened:
            stream.next()  # what is given up has begun
        stream.send(pb.PlayRequest(close=pb.Close(reason=reason)))
        while True:
            stream.next()
    except (IcrlError, ServerUnreachableError):
        pass


class _Waits:
    """How long an entrant waits for what it is for."""

    def __init__(self, patience: float, on_waiting: Callable[[str], None] | None) -> None:
        self._patience = patience
        self._left = patience
        self._wait = _FIRST_WAIT
        self._on_waiting = on_waiting

    def bears(self, error: Exception) -> bool:
        """Waits a while, where this error says that it came too early; whether it is worth another try."""
        if not isinstance(error, IcrlError) or error.reason != "ENTRANT_EARLY" or self._left <= 0:
            return False
        if self._left == self._patience and self._on_waiting is not None:
            self._on_waiting(f"{error.message} (waiting up to {self._patience:g} s for it)")
        now = min(self._wait, self._left)
        self._left -= now
        self._wait = min(self._wait * 1.5, _LONGEST_WAIT)
        time.sleep(now)
        return True
