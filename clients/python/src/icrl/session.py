"""Beginnings and ends of sessions that all who play share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ._proto.icrl.v1 import environment_pb2 as pb
from .agents import Agent
from .errors import IcrlError
from .options import OptionValue
from .policies import policies_for
from .stream import PlayStream

#: The version of the protocol that is spoken here.
PROTOCOL_VERSION = 1


def introduce(stream: PlayStream, hello: Mapping[str, Any], capabilities: Sequence[str] = ()) -> pb.Welcome:
    """Says hello, with these fields; returns the welcome.

    Raises:
        IcrlError, ServerUnreachableError: if the server does not welcome it.
    """
    can = [*(["resume"] if stream.reconnects else []), *capabilities]
    said = pb.Hello(
        min_protocol_version=PROTOCOL_VERSION, max_protocol_version=PROTOCOL_VERSION, language="python", capabilities=can
    )
    said.MergeFrom(pb.Hello(**{name: value for name, value in hello.items() if value is not None}))
    stream.send(pb.PlayRequest(hello=said))
    return expect(stream.next(), "welcome").welcome


def who(agent: Agent, options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of hello that say who an agent is."""
    return {
        "agent": agent.name,
        "agent_version": agent.version,
        "agent_options": dict(options),
        "tasks": list(agent.tasks),
    }


def require_capability(welcome: pb.Welcome, capability: str) -> None:
    """Sees that a server can do what is about to be asked of it: one that cannot might not say so.

    Raises:
        IcrlError: NOT_IMPLEMENTED.
    """
    if capability not in welcome.capabilities:
        listed = ", ".join(welcome.capabilities) or "no capability"
        text = f"the server cannot {capability}: its welcome lists {listed}"
        raise IcrlError("NOT_IMPLEMENTED", text, {"capability": capability})


def play_to_end(
    stream: PlayStream,
    agent: Agent,
    options: Mapping[str, OptionValue],
    opened: pb.Opened,
    *,
    on_observations: Callable[[pb.Observations], None] | None = None,
    on_opened_anew: Callable[[pb.Opened], None] | None = None,
    thinking: AbstractContextManager[Any] | None = None,
) -> pb.Closed:
    """Plays what is open to its end; returns the server's totals.

    Args:
        options: the agent's, resolved.
        on_observations: told every observations message, before it is answered.
        on_opened_anew: told when the server was started again and what was open begins anew: trials that are in its log are over, and the
            others begin once more, whatever was seen of them.
        thinking: entered while the agent's own code runs, so that it runs in one thread at a time where several sessions play.
    """
    with thinking or nullcontext():
        policies = policies_for(agent, options, opened)
    while True:
        message = stream.next()
        kind = message.WhichOneof("message")
        if kind == "observations":
            if on_observations is not None:
                on_observations(message.observations)
            with thinking or nullcontext():
                actions = policies.respond(message.observations)
            if actions is not None:
                stream.send(pb.PlayRequest(actions=actions))
        elif kind == "closed":
            return message.closed
        elif kind == "opened":
            with thinking or nullcontext():
                policies = policies_for(agent, options, message.opened)
            if on_opened_anew is not None:
                on_opened_anew(message.opened)
        elif kind != "draining":
            raise unexpected(message, "observations")


def expect(message: pb.PlayResponse, kind: str) -> pb.PlayResponse:
    """The message, if it is of the kind that is due.

    Raises:
        IcrlError: PROTOCOL_ORDER.
    """
    if message.WhichOneof("message") != kind:
        raise unexpected(message, kind)
    return message


def unexpected(message: pb.PlayResponse, expected: str) -> IcrlError:
    """A message that the protocol does not allow here."""
    return IcrlError("PROTOCOL_ORDER", f'the server sent "{message.WhichOneof("message")}" where "{expected}" was expected')


def active_envs(observations: pb.Observations, num_envs: int) -> int:
    """How many envs want an action now."""
    return sum(observations.active.data) if observations.HasField("active") else num_envs
