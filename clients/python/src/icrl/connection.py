"""A connection to a server: calls with one answer, calls with many, and play streams."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import grpc
from google.protobuf import message_factory
from google.protobuf.message import Message

from ._channels import PlayCall, PlayChannels
from ._proto.icrl.v1 import collection_pb2, environment_pb2, server_info_pb2, tournament_pb2, trajectory_pb2
from .credentials import Credentials, channel_credentials, given_credentials, is_loopback
from .errors import ServerUnreachableError, error_of
from .reconnection import ReconnectNotice, Reconnection
from .stream import PlayStream

#: Largest answer that is accepted, in bytes: observations of the largest sessions and pages of trajectories fit.
_MAX_RESPONSE_BYTES = 256 << 20

#: How often a server is asked for a sign of life, and how long it may take to give one, in milliseconds. Both together are less than agents
#: have for their actions, so that a relay that has gone dead is noticed before a match is lost by it.
_KEEPALIVE_MS = 10_000

#: How long an attempt to take up a session may get no answer before another connection is tried, in seconds, at first.
_ATTEMPT = 5.0

#: A wait for a server that is longer than this is told, in seconds.
_QUIET = 1.0

_METHODS = {
    f"{service.name}/{method.name}": method
    for module in (collection_pb2, environment_pb2, server_info_pb2, tournament_pb2, trajectory_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}


def connect(
    address: str,
    *,
    token: str | None = None,
    ca: str | None = None,
    cert: str | None = None,
    key: str | None = None,
    timeout: float = 20.0,
    reconnect: bool = True,
    on_reconnect: Callable[[Reconnection], None] | None = None,
    on_waiting: Callable[[str], None] | None = None,
    keepalive_ms: int = _KEEPALIVE_MS,
) -> Connection:
    """Connects to a server; one that is being started is waited for.

    A proxy that the environment names (`http_proxy`, `grpc_proxy`, ...) is used for servers elsewhere, never for one on this machine.

    Args:
        address: HOST:PORT.
        token: a token of `icrl token create`; ICRL_TOKEN of the environment where absent.
        ca: file of the authority of the server's certificate, PEM, or "public"; ICRL_CA where absent. With it the connection is TLS.
        cert, key: files of the client's own certificate, where the server asks for one; ICRL_CERT and ICRL_KEY where absent.
        timeout: how long a server that does not answer is waited for, in seconds.
        reconnect: whether a session whose connection breaks is taken up again on a new one, where the server can: with exponential back-off,
            for as long as the server keeps the session.
        on_reconnect: told when sessions have lost their connection (`Lost`) and when they have it again (`Back`); their texts are for people.
        on_waiting: told, in a line for people, when a server has not answered within a second.
        keepalive_ms: how often the server is asked for a sign of life, and how long it may take to give one. The double is to be less than
            the act timeout, so that a dead relay is noticed before an answer is late by it.

    Raises:
        ServerUnreachableError: if nothing answers in time.
        IcrlError: TLS_REQUIRED if a token would go over a network in the clear; OPTION_INVALID for certificates that make no sense.
    """
    shown = given_credentials(token, ca, cert, key)
    connection = Connection(address, shown, reconnect=reconnect, on_reconnect=on_reconnect, keepalive_ms=keepalive_ms)
    try:
        connection._wait(timeout, on_waiting or (lambda _: None))
    except BaseException:
        connection.close()
        raise
    return connection


class Connection:
    """A server, seen from a client. `connect` makes one; `with` closes it. Threads may share it."""

    def __init__(
        self,
        address: str,
        shown: Credentials,
        *,
        reconnect: bool,
        on_reconnect: Callable[[Reconnection], None] | None,
        keepalive_ms: int,
    ) -> None:
        self.address = address
        self._tls = channel_credentials(address, shown)
        self._metadata = [("authorization", f"Bearer {shown.token}")] if shown.token else []
        self._settings = [
            ("grpc.max_receive_message_length", _MAX_RESPONSE_BYTES),
            ("grpc.max_send_message_length", -1),
            ("grpc.enable_http_proxy", 0 if is_loopback(address) else 1),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.min_reconnect_backoff_ms", round(1000 * _ATTEMPT)),  # which is how long one attempt may take
            ("grpc.max_reconnect_backoff_ms", 1000),
            ("grpc.keepalive_time_ms", keepalive_ms),
            ("grpc.keepalive_timeout_ms", keepalive_ms),
            ("grpc.http2.ping_timeout_ms", keepalive_ms),  # newer versions wait for this one
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.max_pings_without_data", 0),
            # Its own connections: those of one process would be one otherwise, with all their calls on it.
            ("grpc.use_local_subchannel_pool", 1),
        ]
        self._attempt = min(_ATTEMPT, 2 * keepalive_ms / 1000)
        self._channel = self._open_channel()
        self._notice = ReconnectNotice(address, on_reconnect)
        self._reconnects = reconnect
        self._channels: PlayChannels | None = None
        self._playing: set[PlayStream] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def list_tasks(self) -> environment_pb2.ListTasksResponse:
        """All families of tasks that the server has, with their options."""
        answer: environment_pb2.ListTasksResponse = self.call("EnvironmentService/ListTasks", {})
        return answer

    def get_task(self, name: str, options: Mapping[str, Any] | None = None) -> environment_pb2.GetTaskResponse:
        """One task, with its options resolved: what playing it with the same options would be."""
        request = {"name": name, "options": dict(options or {})}
        answer: environment_pb2.GetTaskResponse = self.call("EnvironmentService/GetTask", request)
        return answer

    def server_info(self) -> server_info_pb2.GetServerInfoResponse:
        """The server's version, limits and totals."""
        answer: server_info_pb2.GetServerInfoResponse = self.call("ServerInfoService/GetServerInfo", {})
        return answer

    def call(self, method: str, request: Message | Mapping[str, Any]) -> Any:
        """Any call of the protocol with one answer.

        Args:
            method: "TrajectoryService/CountTrials", for example.
            request: its message, or the message's fields.

        Returns:
            The answer's message.

        Raises:
            IcrlError: with the server's reason.
            ServerUnreachableError: if the server is gone.
            KeyError: if the protocol has no such method.
        """
        path, message, answer = self._method(method, request)
        call = self._channel.unary_unary(path, None, answer.FromString)
        try:
            return call(message.SerializeToString(), metadata=self._metadata)
        except grpc.RpcError as error:
            raise error_of(error, self.address) from None

    def stream(self, method: str, request: Message | Mapping[str, Any]) -> Iterator[Any]:
        """Any call of the protocol with many answers, which come as they are asked for; it is broken off when the iterator is closed.

        Raises:
            IcrlError, ServerUnreachableError, KeyError: as for `call`, once it is iterated.
        """
        path, message, answer = self._method(method, request)
        call = self._channel.unary_stream(path, None, answer.FromString)(message.SerializeToString(), metadata=self._metadata)
        try:
            yield from call
        except grpc.RpcError as error:
            raise error_of(error, self.address) from None
        finally:
            call.cancel()

    def play(self) -> PlayStream:
        """A new session's stream. `play_agent`, `serve_matches`, `label_dataset` and the Gymnasium environments are what most want."""
        with self._lock:
            if self._channels is None:
                self._channels = PlayChannels(self._channel, self._open_channel, self._metadata)
        stream = PlayStream(_Calls(self))
        with self._lock:
            self._playing.add(stream)
        return stream

    def close(self) -> None:
        """Closes the connection: its sessions leave, and calls under way fail. A second time it does nothing."""
        with self._lock:
            playing = list(self._playing)
        for stream in playing:
            stream.cancel()
        if self._channels is not None:
            self._channels.close()
        self._channel.close()

    def _open_channel(self) -> grpc.Channel:
        if self._tls is None:
            return grpc.insecure_channel(self.address, options=self._settings)
        return grpc.secure_channel(self.address, self._tls, options=self._settings)

    def _method(self, name: str, request: Message | Mapping[str, Any]) -> tuple[str, Message, Any]:
        method = _METHODS[name]
        path = f"/{method.containing_service.full_name}/{method.name}"
        if not isinstance(request, Message):
            request = message_factory.GetMessageClass(method.input_type)(**request)
        return path, request, message_factory.GetMessageClass(method.output_type)

    def _wait(self, timeout: float, on_waiting: Callable[[str], None]) -> None:
        until = time.monotonic() + timeout
        told = False
        while True:
            # One connection gets so long: a relay that is dead takes for ever.
            this_until = min(until, time.monotonic() + self._attempt)
            if not told and self._answers(min(_QUIET, this_until - time.monotonic())):
                return
            if not told and time.monotonic() < until:
                told = True
                on_waiting(f"no server answers at {self.address} yet: waiting up to {timeout:g} s for one")
            if self._answers(this_until - time.monotonic()):
                return
            if time.monotonic() >= until:
                break
            self._channel.close()
            self._channel = self._open_channel()
        why = f"waited {timeout:g} s for one"
        if self._tls is not None:  # why there is no connection, as a certificate that is not believed, is told to calls that do not wait
            try:
                self._health(_ATTEMPT, wait_for_ready=False)
            except grpc.RpcError as error:
                why = f"{why}; {error.details()}"
        raise ServerUnreachableError(
            "UNAVAILABLE", f'no icrl server answers at {self.address}: start one with "npx icrl serve" ({why})'
        )

    def _answers(self, seconds: float) -> bool:
        if seconds <= 0:
            return False
        try:
            self._health(seconds, wait_for_ready=True)
        except grpc.RpcError as error:
            code = error.code()
            if code in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE):
                return False
        return True  # a refusal is an answer

    def _health(self, seconds: float, wait_for_ready: bool) -> None:
        ask = self._channel.unary_unary("/grpc.health.v1.Health/Check", None, None)  # everybody may
        ask(b"", timeout=seconds, wait_for_ready=wait_for_ready)


class _Calls:
    """What a stream needs of its connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.address = connection.address
        self.reconnects = connection._reconnects
        self.attempt = connection._attempt
        self.lost = connection._notice.lost
        self.back = connection._notice.back
        self.gave_up = connection._notice.gave_up

    def start(self, lost: PlayCall | None = None) -> PlayCall:
        channels = self._connection._channels
        assert channels is not None
        return channels.start(lost)

    def stream_ended(self, stream: PlayStream) -> None:
        with self._connection._lock:
            self._connection._playing.discard(stream)
