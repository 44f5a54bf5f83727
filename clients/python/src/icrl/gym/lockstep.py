"""N envs of a task in lock-step: a session that shows, after each step, what all of them came to. Both kinds of environment are made of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .._proto.icrl.v1 import environment_pb2 as pb
from .._proto.icrl.v1 import task_pb2
from ..connection import Connection, connect
from ..errors import IcrlError
from ..seeds import trial_seeds
from ..server import shared
from ..session import expect, introduce, require_capability
from ..stream import PlayStream
from ..tensors import array_of, tensor_of
from .spaces import empty_observations, shows_features

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Settings:
    """What is played, and where.

    Attributes:
        task: name of a task's family.
        options: its options, as far as they differ from their defaults.
        address: HOST:PORT of a server; None: a private one, which all environments of the process share.
        agent: the name that the log shows as the agent's.
        record: whether trajectories go to the server's log.
        tags: free labels of what is recorded.
        connect: further arguments of `icrl.connect`.
    """

    task: str
    options: Mapping[str, Any]
    address: str | None
    agent: str
    record: bool
    tags: Mapping[str, str]
    connect: Mapping[str, Any]


@dataclass
class Step:
    """What N envs came to, after a step or a reset.

    Attributes:
        observation: [N] int64 or [N, ...] float32, what envs show now: of those whose episode ended, what the next one begins with.
        reward: [N] float64.
        terminated, truncated: [N], how episodes ended.
        final: the same as observation, but of an env whose episode ended the last one that it showed.
        trial_ended: [N], whose trial ended.
        some_ended: whether any env's episode ended.
        ends: what the server says of those trials, by env.

    Arrays may be shared between steps, and with each other: nobody writes to them.
    """

    observation: npt.NDArray[Any]
    reward: npt.NDArray[np.float64]
    terminated: Bools
    truncated: Bools
    final: npt.NDArray[Any]
    trial_ended: Bools
    some_ended: bool
    ends: dict[int, pb.TrialEnd] = field(default_factory=dict)


class LockStep:
    """The session. It connects when it is first needed, and a process that was forked, or has unpickled it, has one of its own."""

    def __init__(self, settings: Settings, num_envs: int) -> None:
        self._settings = settings
        self._num_envs = num_envs
        self._nowhere = _fixed(np.zeros(num_envs, bool))
        self._everywhere = _fixed(np.ones(num_envs, bool))
        self._task: task_pb2.TaskDescription | None = None
        self._forget()

    def __getstate__(self) -> dict[str, Any]:
        task = None if self._task is None else self._task.SerializeToString()
        return {"settings": self._settings, "num_envs": self._num_envs, "task": task}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["settings"], state["num_envs"])  # type: ignore[misc]
        self._task = None if state["task"] is None else task_pb2.TaskDescription.FromString(state["task"])

    def _forget(self) -> None:
        self._pid = os.getpid()
        self._connection: Connection | None = None
        self._shares = False
        self._stream: PlayStream | None = None
        self._welcome: pb.Welcome | None = None
        self._opened = False
        self._step_index = 0
        self._shown: npt.NDArray[Any] = np.zeros(0)
        # Of each env: the episode of its trial, and steps taken in the episode and in the trial.
        self.episode = np.zeros(self._num_envs, np.int64)
        self.steps = np.zeros(self._num_envs, np.int64)
        self.trial_steps = np.zeros(self._num_envs, np.int64)
        self.ended_episode = np.zeros(self._num_envs, np.int64)  # the last one that ended, of its trial
        # Envs that were given a seed apart from the others: that seed, and the index of its next trial.
        self._own_series: dict[int, tuple[int, int]] = {}

    @property
    def task(self) -> task_pb2.TaskDescription:
        """The task, its options resolved.

        Raises:
            IcrlError: if the server has no such task, or it has no such options.
        """
        if self._task is None:
            asked = self._connected().get_task(self._settings.task, self._settings.options)
            self._task = asked.task
        return self._task

    @property
    def is_open(self) -> bool:
        """Whether something is played, in this process."""
        return self._opened and self._pid == os.getpid()

    def begin(self, seeds: Sequence[int]) -> Step:
        """Begins the series of trials of a seed in each env, at its first trial. Whatever was open ends."""
        self._end_open()
        try:
            return self._begin([int(seed) % (1 << 64) for seed in seeds])
        except BaseException:
            self._drop()
            raise

    def step(self, actions: npt.NDArray[Any], hold: Bools | None = None) -> Step:
        """Steps all envs but those in `hold`, [N], which stay as they are. Actions [N]."""
        said = pb.Actions(step_index=self._step_index, actions=tensor_of(np.ascontiguousarray(actions, np.int32)))
        if hold is not None and hold.any():
            said.hold.CopyFrom(tensor_of(hold))
        return self._exchange(pb.PlayRequest(actions=said), self._everywhere if hold is None else ~hold)

    def reset(self, envs: Sequence[int], whole_trial: bool) -> Step:
        """Ends the episodes of these envs early, or with `whole_trial` their trials; the others stay as they are."""
        mode = pb.RESET_MODE_NEXT_TRIAL if whole_trial else pb.RESET_MODE_NEXT_EPISODE
        return self._reset(pb.Reset(step_index=self._step_index, envs=list(envs), mode=mode))

    def begin_apart(self, seeds: Mapping[int, int]) -> Step:
        """Begins the series of a seed in these envs alone; the others stay as they are."""
        for env, seed in seeds.items():
            self._own_series[env] = (int(seed) % (1 << 64), 0)
        return self._begin_own(sorted(seeds))

    def shown(self) -> npt.NDArray[Any]:
        """[N, ...] what envs show now."""
        return self._shown.copy()

    def close(self) -> None:
        """Ends what is open, and leaves the server. A second time it does nothing."""
        if self._pid == os.getpid():
            try:
                self._end_open()
            finally:
                self._drop()
        self._forget()

    def _connected(self) -> Connection:
        if self._pid != os.getpid():
            self._forget()  # the parent's, which goes on with them
        if self._connection is None:
            address = self._settings.address
            if address is None:
                address = shared.acquire()
                self._shares = True
            self._connection = connect(address, **self._settings.connect)
        return self._connection

    def _drop(self) -> None:
        """Gives up session and connection."""
        connection, shares, pid = self._connection, self._shares, self._pid
        stream, self._stream = self._stream, None
        self._connection, self._shares, self._opened = None, False, False
        if stream is not None:
            stream.cancel()
        if connection is not None:
            connection.close()
        if shares:
            shared.release(pid)

    def _end_open(self) -> None:
        """Ends what is open, once what is recorded of it is durable."""
        if self._pid != os.getpid():
            return self._forget()
        if not self._opened or self._stream is None:
            return None
        self._opened = False
        try:
            self._stream.send(pb.PlayRequest(close=pb.Close()))
            while self._stream.next().WhichOneof("message") != "closed":
                pass
        except BaseException:
            self._drop()
            raise
        return None

    def _begin(self, seeds: Sequence[int]) -> Step:
        connection = self._connected()
        if self._stream is None:
            self._stream = connection.play()
            self._welcome = introduce(self._stream, {"agent": self._settings.agent, "agent_version": "1"})
            for capability in ("reset", "hold", "env_seeds"):
                require_capability(self._welcome, capability)
        assert self._welcome is not None
        limits = self._welcome.limits
        settings = self._settings
        n = self._num_envs
        asked = pb.Open(
            task=settings.task,
            options=dict(settings.options),
            num_envs=n,
            trials=max(1, limits.max_trials // n) * n,
            env_seeds=seeds,
            act_timeout_ms=limits.max_act_timeout_ms,  # a learner's updates take as long as they take
            record=settings.record,
            tags=dict(settings.tags),
        )
        self._stream.send(pb.PlayRequest(open=asked))
        opened = expect(self._stream.next(), "opened").opened
        self._task = opened.task
        self._shown = empty_observations(opened.task, n)
        self._own_series = {}
        self._opened = True
        self._zero(self._everywhere)
        return self._receive(self._nowhere)

    def _zero(self, envs: npt.NDArray[Any]) -> None:
        self.episode[envs] = self.steps[envs] = self.trial_steps[envs] = 0

    def _reset(self, reset: pb.Reset) -> Step:
        return self._exchange(pb.PlayRequest(reset=reset), self._nowhere)

    def _begin_own(self, envs: Sequence[int]) -> Step:
        """Begins the next trial of these envs' own series, in the place of the one that they are in."""
        return self._exchange(pb.PlayRequest(reset=self._next_of_own(envs)), self._nowhere, self._shown_next)

    def _exchange(self, request: pb.PlayRequest, taking: Bools, receive: Callable[[Bools], Step] | None = None) -> Step:
        """Sends an answer and shows what comes of it.

        Args:
            taking: [N] which envs take a step.
        """
        if not self.is_open or self._stream is None:
            raise IcrlError("PROTOCOL_ORDER", "nothing is open: call reset first")
        try:
            self._stream.send(request)
            return (receive or self._receive)(taking)
        except BaseException:
            self._drop()  # reset begins anew
            raise

    def _receive(self, taking: Bools) -> Step:
        step = self._shown_next(taking)
        again = [env for env in self._own_series if step.trial_ended[env]]
        if again:  # the server has begun its own next trial there, of which no step was taken
            step.observation = self._begin_own(again).observation
        return step

    def _next_of_own(self, envs: Sequence[int]) -> pb.Reset:
        """The reset that begins the next trial of these envs' own series."""
        reset = pb.Reset(step_index=self._step_index, envs=envs, mode=pb.RESET_MODE_SEEDS)
        for env in envs:
            seed, index = self._own_series[env]
            seeds = trial_seeds(self._settings.task, index, self._settings.agent, seed)
            reset.seeds.add(task_seed=seeds.task_seed, noise_seed=seeds.noise_seed, agent_seed=seeds.agent_seed)
            self._own_series[env] = (seed, index + 1)
        return reset

    def _shown_next(self, taking: Bools) -> Step:
        assert self._stream is not None
        message = self._stream.next()
        kind = message.WhichOneof("message")
        while kind == "draining":
            message = self._stream.next()
            kind = message.WhichOneof("message")
        anew = kind == "opened"
        if anew:  # the server was started again: all trials begin once more
            message = self._stream.next()
        seen = expect(message, "observations").observations
        self._step_index = seen.step_index
        if seen.HasField("active") and not array_of(seen.active).all():
            raise IcrlError("TRIALS_INVALID", "all trials that the server allows of one seed are played: reset with another seed")
        before, self._shown = self._shown, self._observed(seen)
        cut = self.trial_steps > 0 if anew else self._nowhere
        self.steps += taking
        self.trial_steps += taking
        reward = array_of(seen.reward).astype(np.float64) if seen.HasField("reward") else np.zeros(self._num_envs)
        terminated = array_of(seen.terminated) if seen.HasField("terminated") else self._nowhere
        truncated = array_of(seen.truncated) if seen.HasField("truncated") else cut
        if seen.trial_starts or seen.trial_ends or seen.HasField("terminated") or seen.HasField("truncated"):
            return self._after_ends(seen, before, reward, terminated, truncated, cut)
        return Step(self._shown, reward, terminated, truncated, self._shown, self._nowhere, some_ended=False)

    def _after_ends(
        self, seen: pb.Observations, before: npt.NDArray[Any], reward: Any, terminated: Bools, truncated: Bools, trial_ended: Bools
    ) -> Step:
        """What a step came to in which episodes or trials may have ended, or begun.

        Args:
            trial_ended: [N], whose trial ended without the server's saying so.
        """
        ended = terminated | truncated
        final = self._shown
        if ended.any():
            final = final.copy()
            shows_final = seen.HasField("final_observation")
            final[ended] = array_of(seen.final_observation) if shows_final else before[ended]  # else the trial's features
        ends = {end.env: end for end in seen.trial_ends}
        trial_ended = trial_ended.copy()
        trial_ended[list(ends)] = True
        self.ended_episode[ended] = self.episode[ended]
        self.episode += ended
        self.steps[ended] = 0
        self._zero(np.array([start.env for start in seen.trial_starts], np.int64))
        return Step(self._shown, reward, terminated, truncated, final, trial_ended, bool(ended.any()), ends)

    def _observed(self, seen: pb.Observations) -> npt.NDArray[Any]:
        """[N, ...] what envs show now."""
        if not shows_features(self.task):
            return array_of(seen.observation).astype(self._shown.dtype) if seen.HasField("observation") else self._shown
        if not seen.trial_starts:
            return self._shown
        shown = self._shown.copy()
        for start in seen.trial_starts:
            shown[start.env] = array_of(start.trial_features)
        return shown


def _fixed(array: Bools) -> Bools:
    array.setflags(write=False)
    return array
