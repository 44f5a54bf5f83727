"""The connections that sessions are on, and the calls on them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from weakref import WeakKeyDictionary

import grpc

from ._proto.icrl.v1 import environment_pb2

#: Sessions on one connection; more open another. A server takes so many calls on one (limits.max_streams_per_connection), and gRPC lets
#: those above wait without a word.
_SESSIONS_PER_CHANNEL = 100

_PLAY = "/icrl.v1.EnvironmentService/Play"

Metadata = Sequence[tuple[str, str]]


class PlayCall:
    """One Play call: bytes of requests out, messages in."""

    def __init__(self, channel: grpc.Channel, metadata: Metadata, on_end: Callable[[], None]) -> None:
        self.gave_up = False
        self._on_end: Callable[[], None] | None = on_end
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        method = channel.stream_stream(_PLAY, None, environment_pb2.PlayResponse.FromString)
        self._call = method(iter(self._outgoing.get, None), metadata=metadata)

    def write(self, request: bytes) -> None:
        """Sends a request."""
        self._outgoing.put(request)

    def end(self) -> None:
        """Says that nothing more will be sent."""
        self._outgoing.put(None)

    def receive(self) -> environment_pb2.PlayResponse | None:
        """Waits for the next message; None where the server has ended the call.

        Raises:
            grpc.RpcError: if the call failed.
        """
        try:
            return next(self._call)  # type: ignore[no-any-return]
        except StopIteration:
            self._ended()
            return None
        except BaseException:
            self._ended()
            raise

    def cancel(self) -> None:
        """Breaks it off."""
        self._call.cancel()
        self._ended()

    def give_up(self) -> None:
        """Breaks it off because nothing came."""
        self.gave_up = True
        self.cancel()

    def _ended(self) -> None:
        self._outgoing.put(None)  # the thread that sends waits for more
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end()


class _Channel:
    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel
        self.sessions = 0
        self.dead = False


class PlayChannels:
    """Connections for sessions, as many as it takes."""

    def __init__(self, first: grpc.Channel, another: Callable[[], grpc.Channel], metadata: Metadata) -> None:
        """
        Args:
            first: one that there is already, and that others use as well.
            another: opens one more.
        """
        self._first = _Channel(first)
        self._channels = [self._first]
        self._another = another
        self._metadata = metadata
        self._place_of: WeakKeyDictionary[PlayCall, _Channel] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def start(self, lost: PlayCall | None = None) -> PlayCall:
        """Starts a Play call.

        Args:
            lost: an earlier one that was lost, or on which nothing came in time. Its channel is not used again: one that has no connection
                fails calls at once and makes its next connection in its own time, a new one tries now.
        """
        with self._lock:
            if lost is not None and lost in self._place_of:
                dead = self._place_of[lost]
                dead.dead = True
                self._forget(dead)
            place = next((c for c in self._channels if not c.dead and c.sessions < _SESSIONS_PER_CHANNEL), None)
            if place is None:
                place = _Channel(self._another())
                self._channels.append(place)
            place.sessions += 1
            call = PlayCall(place.channel, self._metadata, lambda: self._left(place))
            self._place_of[call] = place
        return call

    def close(self) -> None:
        """Closes them all."""
        with self._lock:
            for place in self._channels:
                place.channel.close()

    def _left(self, place: _Channel) -> None:
        with self._lock:
            place.sessions -= 1
            self._forget(place)

    def _forget(self, place: _Channel) -> None:
        """Closes a dead one that nobody is on."""
        if place.dead and place.sessions <= 0 and place is not self._first and place in self._channels:
            self._channels.remove(place)
            place.channel.close()
