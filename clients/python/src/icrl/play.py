"""Free play: an agent plays a number of trials of a task that it chooses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._proto.icrl.v1 import environment_pb2 as pb
from .agents import Agent
from .connection import Connection
from .scores import PlayTotals, TrialScoring
from .session import active_envs, expect, introduce, play_to_end, require_capability, who


@dataclass(frozen=True)
class PlayProgress:
    """How far play has come: trials that are over, those of them that are durable in the server's log, and steps."""

    trials: int
    durable_trials: int
    steps: int


def play_agent(
    connection: Connection,
    agent: Agent,
    *,
    task: str,
    task_options: Mapping[str, Any] | None = None,
    agent_options: Mapping[str, Any] | None = None,
    trials: int = 1,
    num_envs: int = 1,
    first_trial: int = 0,
    seed: int = 0,
    env_seeds: Sequence[int] | None = None,
    instances: int | None = None,
    act_timeout_ms: int = 0,
    purpose: str = "play",
    record: bool = True,
    tags: Mapping[str, str] | None = None,
    probabilities: bool = False,
    on_trial_end: Callable[[pb.TrialEnd], None] | None = None,
    on_progress: Callable[[PlayProgress], None] | None = None,
) -> PlayTotals:
    """Plays to the end; returns the totals, mean regret and return among them, once every recorded trial is durable.

    Args:
        task: name of a task family.
        task_options, agent_options: options that differ from their defaults.
        trials: trials in all.
        num_envs: envs side by side.
        first_trial: index of the first trial of the series.
        seed: of the series, a uint64.
        env_seeds: in its place one for each env, exactly num_envs of them; `trials` is a multiple of num_envs then.
        instances: how many the series has, of each env with env_seeds, at least 1: trial t is played on that of trial t modulo so many,
            with luck of its own, and standard errors are over instances. None: each trial has its own.
        act_timeout_ms: how long an answer may take, for learners with long updates; 0: what the server says.
        purpose: "play", "collect" or "validate": trials of different purposes never share a seed.
        record: whether trajectories go to the server's log.
        tags: free labels of each logged trajectory.
        probabilities: whether the server is told the probabilities of all actions at every step, where the agent knows them.
        on_trial_end: told each trial's end: `trial_index`, `regret`, `trial_return` and what else its message has.
        on_progress: told how far it is, with every answer of the server.

    Raises:
        IcrlError: with the server's reason, or OPTION_* for the agent's options.
        ServerUnreachableError: if the server is gone.
    """
    options = agent.resolved(agent_options or {})
    scoring = TrialScoring(instances, env_seeds)
    done = {"trials": 0, "durable": 0, "before": 0, "steps": 0, "active": 0}

    def tell() -> None:
        if on_progress is not None:
            on_progress(PlayProgress(done["trials"], done["durable"], done["steps"]))

    def on_observations(seen: pb.Observations) -> None:
        if seen.HasField("reward"):
            done["steps"] += done["active"]
        done["active"] = active_envs(seen, opened.num_envs)
        scoring.take(seen.trial_ends)
        done["trials"] += len(seen.trial_ends)
        done["durable"] = done["before"] + seen.durable_trials
        if on_trial_end is not None:
            for end in seen.trial_ends:
                on_trial_end(end)
        tell()

    def on_opened_anew(again: pb.Opened) -> None:
        done["trials"] = trials - again.trials  # those are in the server's log
        done["before"] = done["trials"] if record else 0

    stream = connection.play()
    try:
        welcome = introduce(stream, who(agent, options), ["probabilities"] if probabilities else [])
        if env_seeds is not None:
            require_capability(welcome, "env_seeds")
        if instances is not None:
            require_capability(welcome, "instances")
        asked = pb.Open(
            task=task,
            options=dict(task_options or {}),
            num_envs=num_envs,
            trials=trials,
            first_trial=first_trial,
            seed=seed,
            env_seeds=list(env_seeds or []),
            instances=instances,
            act_timeout_ms=act_timeout_ms,
            purpose=purpose,
            record=record,
            tags=dict(tags or {}),
        )
        stream.send(pb.PlayRequest(open=asked))
        opened = expect(stream.next(), "opened").opened
        closed = play_to_end(
            stream, agent, options, opened, on_observations=on_observations, on_opened_anew=on_opened_anew
        )
    except BaseException:
        stream.cancel()
        raise
    done["durable"] = done["before"] + closed.durable_trials
    tell()
    stream.finish()
    return scoring.totals(closed)
