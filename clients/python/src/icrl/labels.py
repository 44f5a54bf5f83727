"""Labelling: an agent says what it would have done at every step of a dataset's trials."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ._proto.icrl.v1 import environment_pb2 as pb
from ._side_by_side import side_by_side
from .agents import Agent
from .connection import Connection
from .session import active_envs, expect, introduce, play_to_end, who
from .stream import PlayStream


@dataclass
class LabelProgress:
    """How far labelling has come: trials labelled by this call, trials that had no such labels when it began, and steps."""

    trials: int = 0
    total: int = 0
    steps: int = 0


@dataclass(frozen=True)
class LabelTotals:
    """What was labelled by a call."""

    trials: int
    episodes: int
    steps: int


def label_dataset(
    connection: Connection,
    agent: Agent,
    *,
    label: str | None = None,
    agent_options: Mapping[str, Any] | None = None,
    num_envs: int = 1024,
    streams: int = 2,
    on_progress: Callable[[LabelProgress], None] | None = None,
) -> LabelTotals:
    """Labels the dataset of a server that was started with one; returns once all its trials have these labels and they are durable, with
    zeros where they had before.

    Args:
        label: name of the labels; the agent's where absent.
        agent_options: the agent's own options.
        num_envs: envs side by side in each session, at most.
        streams: sessions side by side; the agent's own code runs in one of them at a time.
        on_progress: told how far it is.

    Raises:
        IcrlError: with the server's reason, or OPTION_* for the agent's options.
        ServerUnreachableError: if the server is gone.
    """
    options = agent.resolved(agent_options or {})
    progress = LabelProgress()
    closings: list[pb.Closed] = []
    under_way: list[PlayStream] = []
    thinking = threading.Lock()
    counting = threading.Lock()
    asked = pb.Open(label=agent.name if label is None else label, num_envs=num_envs)

    def label_until_finished(_: int) -> None:
        stream = connection.play()
        under_way.append(stream)
        try:
            introduce(stream, who(agent, options))
            while True:
                stream.send(pb.PlayRequest(open=asked))
                message = stream.next()
                if message.WhichOneof("message") == "closed" and message.closed.finished:
                    break
                opened = expect(message, "opened").opened
                counts = _Counts(progress, opened, counting, on_progress)
                closings.append(
                    play_to_end(
                        *(stream, agent, options, opened),
                        on_observations=counts.on_observations,
                        on_opened_anew=counts.on_opened_anew,
                        thinking=thinking,
                    )
                )
            stream.finish()
        except BaseException:
            for other in under_way:
                other.cancel()  # they would wait for the trials that this one gave up
            raise

    failed = side_by_side(streams, label_until_finished)
    if failed:
        raise failed[0]
    return LabelTotals(
        trials=sum(closed.complete_trials for closed in closings),
        episodes=sum(closed.episodes for closed in closings),
        steps=sum(closed.steps for closed in closings),
    )


class _Counts:
    """What one open adds to the progress of all sessions."""

    def __init__(
        self,
        progress: LabelProgress,
        opened: pb.Opened,
        counting: threading.Lock,
        on_progress: Callable[[LabelProgress], None] | None,
    ) -> None:
        self._progress = progress
        self._num_envs = opened.num_envs
        self._counting = counting
        self._on_progress = on_progress
        self._active = 0
        with counting:
            progress.total = max(progress.total, progress.trials + opened.trials)

    def on_observations(self, seen: pb.Observations) -> None:
        with self._counting:
            if seen.HasField("reward"):
                self._progress.steps += self._active
            self._active = active_envs(seen, self._num_envs)
            self._progress.trials += len(seen.trial_ends)
            if self._on_progress is not None:
                self._on_progress(self._progress)

    def on_opened_anew(self, again: pb.Opened) -> None:
        with self._counting:  # what was labelled and not kept is labelled once more
            self._progress.trials = max(0, self._progress.total - again.trials)
