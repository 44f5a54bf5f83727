"""A play stream as an exchange: send one message, wait for the next. Where the server lets sessions be resumed, a connection that breaks is
made again underneath, and whoever plays sees the same messages as if it had held.

    greeting --welcome--> live --lost--> (back-off) --> resuming --welcome--> live

Nothing runs beside whoever plays: a loss is found, and the session taken up again, by whoever waits for the next message.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import grpc

from ._channels import PlayCall
from ._losses import backoff, is_loss, may_pass
from ._proto.icrl.v1 import environment_pb2 as pb
from ._unanswered import Unanswered
from .errors import IcrlError, ServerUnreachableError, error_of

#: How long a session that was never welcomed is begun again, in seconds, and how often at least: how long the server would keep it is not
#: known yet.
_GREETING = 2.0
_GREETINGS = 4

#: A connection that has held so long is no flapping one, in seconds.
_STEADY = 10.0

#: The longest time that an attempt is given, in seconds.
_LONGEST_ATTEMPT = 20.0

#: How long the server may take to let an agent go that leaves, in seconds.
_LEAVING = 1.0


class PlayCalls(Protocol):
    """What streams need of their connection."""

    address: str
    #: Whether sessions are taken up again after a loss.
    reconnects: bool
    #: How long an attempt to take one up is given at first, in seconds.
    attempt: float

    def start(self, lost: PlayCall | None = None) -> PlayCall:
        """Starts a call; `lost` is an earlier one of the same stream."""

    def lost(self, error: Exception, trying_for: float) -> None:
        """Told when a stream has lost its connection."""

    def back(self, restarted: bool) -> None:
        """Told when it has it again."""

    def gave_up(self) -> None:
        """Told when it ends without it."""

    def stream_ended(self, stream: PlayStream) -> None:
        """Told when a stream has ended."""


@dataclass(frozen=True)
class _Loss:
    at: float
    error: Exception


class PlayStream:
    """A session's stream. One thread plays; `cancel` may come from another."""

    def __init__(self, calls: PlayCalls) -> None:
        self._calls = calls
        self._call: PlayCall | None = calls.start()
        self._is = "greeting"
        self._ended: Exception | None = None
        self._gone = threading.Event()
        self._finished = False
        #: Whether `opened` was the last message: observations follow it, unasked.
        self.just_opened = False
        # What the session is known by.
        self._hello: bytes | None = None
        self._welcomed = False
        self._token = ""
        self._resume_seconds = 0.0
        # What has passed in it.
        self._unanswered = Unanswered()
        self._received = 0
        self._open = False
        self._close_later: bytes | None = None  # it wanted to close what began anew: sent when it can be
        # A loss, and what was tried since.
        self._loss: _Loss | None = None
        self._without = False  # was told to be lost, and not to be back
        self._attempts = 0
        self._timeouts = 0
        self._attempt_seconds: float | None = None  # that the call has for its welcome
        self._lost: PlayCall | None = None
        self._live_since = 0.0
        self._progress = False
        self._reader: int | None = None  # the thread that waits for a message

    @property
    def reconnects(self) -> bool:
        """Whether it takes up its session again when its connection breaks, where the server can: hello says so."""
        return self._calls.reconnects

    @property
    def ended(self) -> bool:
        """Whether the server has ended it, or it was given up."""
        return self._ended is not None

    def send(self, message: pb.PlayRequest) -> None:
        """Sends one message. One that cannot be sent now is sent when there is a connection again."""
        if self._ended is not None:
            return
        kind = message.WhichOneof("message")
        request = message.SerializeToString()
        if kind == "hello":
            self._hello = request
        else:
            self._unanswered.add(kind or "", request)
        if self._call is not None and (kind == "hello" or self._is == "live"):
            self._call.write(request)

    def next(self) -> pb.PlayResponse:
        """The next message, in order. After the server was started again, `opened` and observations from step 0 come once more, in the
        middle of what was open.

        Raises:
            IcrlError: with the server's reason, once the stream has ended.
            ServerUnreachableError: likewise, where the connection was lost and could not be made again.
        """
        while self._ended is None:
            if self._call is None:
                self._try_again()
                continue
            response = self._receive(self._call)
            if response is None:
                continue
            kind = response.WhichOneof("message")
            if kind == "welcome":
                if self._on_welcome(response.welcome):
                    return response
                continue
            if kind != "draining":
                self._received += 1
                self._progress = True
                self._unanswered.answered()
            if kind == "opened":
                self._open = True
            elif kind == "closed":
                self._open = False
                self._close_later = None
            elif kind == "observations" and self._close_later is not None:
                self._unanswered.add("close", self._close_later)
                self._call.write(self._close_later)
                self._close_later = None
            if kind is not None:  # a newer server's message has none: nothing this client asked for
                self.just_opened = kind == "opened"
                return response
        raise self._ended

    def finish(self) -> None:
        """Says that nothing more will be sent, and waits a moment for the server to end the stream."""
        self._finished = True
        self.cancel()

    def cancel(self) -> None:
        """Leaves: nothing more is sent or read, and the server does not keep the session."""
        call, was_live = self._call, self._is == "live"
        self._end(ServerUnreachableError("CANCELLED", f"CANCELLED from {self._calls.address}: this agent left"))
        if call is None:
            return
        if not was_live:
            return call.cancel()
        # A call that is only cancelled looks like a lost one: its session would wait to be resumed.
        call.end()
        impatient = _timer(_LEAVING, call.cancel)
        if self._reader is not None:
            return  # another thread waits on the call, which one alone may read
        try:
            while call.receive() is not None:
                pass
        except grpc.RpcError:
            pass
        finally:
            impatient.cancel()

    def _receive(self, call: PlayCall) -> pb.PlayResponse | None:
        """The call's next message; None where there is none, and what follows from that is done."""
        seconds, self._attempt_seconds = self._attempt_seconds, None
        timer = None if seconds is None else _timer(seconds, call.give_up)
        self._reader = threading.get_ident()
        try:
            response = call.receive()
        except grpc.RpcError as error:
            if call.gave_up:
                self._timeouts += 1
                silence = f"nothing came from {self._calls.address} for {seconds or 0:g} s"
                self._broke(ServerUnreachableError("UNAVAILABLE", silence))
            else:
                self._broke(error_of(error, self._calls.address))
            return None
        finally:
            self._reader = None
            if timer is not None:
                timer.cancel()
        if response is None:
            self._end(ServerUnreachableError("OK", f"the server at {self._calls.address} ended the session"))
        return response

    def _on_welcome(self, welcome: pb.Welcome) -> bool:
        """Goes on, or begins; whether it is the first one."""
        again = self._is == "resuming"
        if again and not welcome.restarted and not self._unanswered.has(welcome.received):
            text = f"the server took {welcome.received} messages of the {self._unanswered.sent} that were sent"
            call = self._call
            self._end(IcrlError("PROTOCOL_ORDER", text))
            if call is not None:
                call.cancel()
            return False
        self._is = "live"
        self._live_since = time.monotonic()
        self._progress = False
        if welcome.resume_token or not again:
            self._token = welcome.resume_token
        self._resume_seconds = welcome.limits.resume_ms / 1000
        if again and welcome.restarted:
            self._begin_anew(welcome.received)
        elif not again:
            self._unanswered.recount()
            self._received = 0
        taken = welcome.received if again and not welcome.restarted else 0
        for request in self._unanswered.after(taken):
            if self._call is not None:
                self._call.write(request)
        if self._without:
            self._without = False
            self._calls.back(welcome.restarted)
        first, self._welcomed = not self._welcomed, True
        return first

    def _begin_anew(self, taken: int) -> None:
        """The server was started again: nothing that was sent counts, but an `open` that it had not taken; what was open will be opened
        once more."""
        self._close_later = self._unanswered.last("close", 0) or self._close_later
        opening = self._unanswered.last("open", taken)
        self._unanswered.forget()
        if opening is not None:
            self._unanswered.add("open", opening)
        self._received = 0

    def _broke(self, error: Exception) -> None:
        was = self._is
        self._lost, self._call = self._call, None
        if self._ended is not None:
            return
        if self._finished or not self._calls.reconnects:
            return self._end(error)
        if was == "resuming" and not self._open and isinstance(error, IcrlError) and error.reason == "RESUME_UNKNOWN":
            self._token = ""  # nothing is open: a new session is as good as the lost one
            return self._check_patience(error)
        worth = (self._token != "" and is_loss(error)) if was == "live" else is_loss(error) or may_pass(error)
        if not worth or (was == "greeting" and self._hello is None):
            return self._end(error)
        steady = self._progress or time.monotonic() - self._live_since > _STEADY
        if self._loss is None or (was == "live" and steady):
            self._loss = _Loss(time.monotonic(), error)
            self._attempts = 0
            self._timeouts = 0
        if not self._without:
            self._without = True
            self._calls.lost(error, self._patience())
        self._is = "pausing"
        return self._check_patience(error)

    def _patience(self) -> float:
        """How long a loss is borne, in seconds."""
        return self._resume_seconds if self._welcomed else _GREETING

    def _left(self) -> float:
        return 0.0 if self._loss is None else self._loss.at + self._patience() - time.monotonic()

    def _check_patience(self, last: Exception) -> None:
        must_try = not self._welcomed and self._attempts < _GREETINGS  # relays that are silent take longer
        if self._loss is None or self._left() > 0 or must_try:
            return
        took = time.monotonic() - self._loss.at
        seconds = self._resume_seconds if self._welcomed else round(took, 1)
        text = f"the connection to {self._calls.address} was lost and could not be made again within {seconds:g} s: {last}"
        first = self._loss.error
        self._end(ServerUnreachableError(first.code if isinstance(first, ServerUnreachableError) else "UNAVAILABLE", text))

    def _try_again(self) -> None:
        """Waits, and starts a call that says hello, or takes the session up again."""
        left = self._left()
        self._gone.wait(max(0.0, min(backoff(self._attempts), left)))
        self._attempts += 1
        if self._ended is not None:
            return
        call = self._call = self._calls.start(self._lost)
        self._lost = None
        self._is = "resuming" if self._token else "greeting"
        resume = pb.PlayRequest(resume=pb.Resume(resume_token=self._token, received=self._received))
        call.write(resume.SerializeToString() if self._token else self._hello or b"")
        attempt = min(self._calls.attempt * 2.0**self._timeouts, _LONGEST_ATTEMPT)
        self._attempt_seconds = max(min(attempt, left), self._calls.attempt)

    def _end(self, error: Exception) -> None:
        self._call = None
        if self._ended is not None:
            return
        self._ended = error
        self._gone.set()
        if self._without:
            self._without = False
            self._calls.gave_up()
        self._calls.stream_ended(self)


def _timer(seconds: float, act: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()
    return timer
