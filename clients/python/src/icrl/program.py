"""The main of an agent's process: `icrl.run(my_agent)` at the end of a file makes it a program."""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from ._visible import visible_lines
from .agents import Agent
from .connection import Connection, connect
from .credentials import given_credentials
from .errors import IcrlError, ServerUnreachableError
from .labels import label_dataset
from .matches import serve_matches
from .numbers import whole_number_of
from .options import Option, options_from_texts, options_text
from .play import play_agent
from .scores import MeanAndError

USAGE = """\
usage: --connect HOST:PORT (--entrant NAME [--tournament ID | --collection ID] [--entrant-key KEY]
       | --task TASK [--set name=value ...] [--trials M] [--envs N] [--seed S] | --label NAME)
       [--option name=value ...] [--token TOKEN] [--ca FILE|public [--cert FILE --key FILE]]
ICRL_ENTRANT_KEY in the environment is the --entrant-key that no list of processes shows, and ICRL_TOKEN the --token;
ICRL_CA, ICRL_CERT and ICRL_KEY are the others."""

#: Exit codes of a process that was interrupted.
_INTERRUPTED = 130


def run(agent: Agent, args: Sequence[str] | None = None) -> NoReturn:
    """Runs an agent by the command line of its process, and ends the process with the exit code of `run_agent`.

        if __name__ == "__main__":
            icrl.run(my_agent)
    """
    sys.exit(run_agent(agent, args))


def run_agent(agent: Agent, args: Sequence[str] | None = None) -> int:
    """Runs an agent by a command line: as an entrant of tournaments, as a behaviour of a collection, in free play, or as an expert that
    labels the server's dataset. With ICRL_DEBUG in the environment unexpected errors show where they come from.

    Args:
        args: the command line's words after the program's name; those of the process where absent.

    Returns:
        The exit code: 0 when all was played, 1 when not, 2 for a command line that it does not understand, 3 where no server answers or it
        went away, or the tournament did not come in time; 130 where Ctrl-C ended it.
    """
    words = list(sys.argv[1:] if args is None else args)
    try:
        command = _Command(agent, words, os.environ)
    except (_WrongCommand, IcrlError) as error:
        _say(f"{error}\n{USAGE}")
        return 2
    if command.help:
        _print(f"{USAGE}\n\n{_about(agent)}")
        return 0
    try:
        with connect(
            command.address, **command.credentials, on_waiting=_say, on_reconnect=lambda event: _say(str(event))
        ) as connection:
            return command.do(connection)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception as error:
        _say(_text_of(error))
        gone = isinstance(error, ServerUnreachableError) or (isinstance(error, IcrlError) and error.reason == "ENTRANT_EARLY")
        return 3 if gone else 1


class _WrongCommand(Exception):
    """A command line that is not understood."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _WrongCommand(message)


class _Command:
    """What a command line asks for."""

    def __init__(self, agent: Agent, words: Sequence[str], env: Mapping[str, str]) -> None:
        parser = _Parser(add_help=False, allow_abbrev=False)
        parser.add_argument("--connect", default="127.0.0.1:50551")
        for name in ("entrant", "tournament", "collection", "entrant-key", "task", "label", "token", "ca", "cert", "key"):
            parser.add_argument(f"--{name}")
        for name in ("set", "option"):
            parser.add_argument(f"--{name}", action="append", default=[])
        for name, default in (("trials", "100"), ("envs", "10"), ("seed", "0")):
            parser.add_argument(f"--{name}", default=default)
        parser.add_argument("--help", action="store_true")
        given = parser.parse_args(list(words))
        self.agent = agent
        self.help: bool = given.help
        if self.help:
            return
        if sum(value is not None for value in (given.entrant, given.task, given.label)) != 1:
            raise _WrongCommand("give either --entrant or --task, or --label")
        if given.tournament is not None and given.collection is not None:
            raise _WrongCommand("give either --tournament or --collection")
        if given.set and given.task is None:
            raise _WrongCommand("--set is an option of the task: give it with --task")
        options_from_texts({}, given.set)  # each has its "="
        self.agent_options = options_from_texts(agent.options, given.option)
        agent.resolved(self.agent_options)
        self.given = given
        self.trials = _whole("--trials", given.trials, 1, (1 << 53) - 1)
        self.num_envs = _whole("--envs", given.envs, 1, (1 << 32) - 1)
        self.seed = _whole("--seed", given.seed, 0, (1 << 64) - 1)
        self.entrant_key = given.entrant_key or env.get("ICRL_ENTRANT_KEY") or None
        self.address: str = given.connect
        self.credentials = {"token": given.token, "ca": given.ca, "cert": given.cert, "key": given.key}
        given_credentials(**self.credentials, environment=env)

    def do(self, connection: Connection) -> int:
        """Does it; returns the exit code."""
        if self.given.task is not None:
            return self._play(connection)
        return self._serve(connection) if self.given.label is None else self._label(connection)

    def _play(self, connection: Connection) -> int:
        progress = _ProgressLine()
        totals = play_agent(
            connection,
            self.agent,
            task=self.given.task,
            task_options=_task_options(connection, self.given.task, self.given.set),
            agent_options=self.agent_options,
            trials=self.trials,
            num_envs=self.num_envs,
            seed=self.seed,
            on_progress=lambda done: progress.update(done.trials, self.trials, done.steps),
        )
        progress.finish()
        _print(f"{totals.complete_trials} of {self.trials} trials, {totals.steps} steps")
        regret, trial_return = _mean_text(totals.regret), _mean_text(totals.trial_return)
        _print(f"regret {regret}, return {trial_return} (mean of a trial ± its standard error)")
        return 0 if totals.complete_trials == self.trials else 1

    def _label(self, connection: Connection) -> int:
        progress = _ProgressLine()
        label = self.given.label
        totals = label_dataset(
            connection,
            self.agent,
            label=label,
            agent_options=self.agent_options,
            on_progress=lambda done: progress.update(done.trials, done.total, done.steps),
        )
        progress.finish()
        done = f"{totals.trials} trials labelled, {totals.steps} steps"
        _print(f'labels "{label}" were there already' if totals.trials == 0 else done)
        return 0

    def _serve(self, connection: Connection) -> int:
        failed: list[str] = []

        def on_match_failed(match_id: str, error: Exception) -> None:
            failed.append(match_id)
            _say(f"{match_id}: {error.message if isinstance(error, IcrlError) else _text_of(error)}")

        serve_matches(
            connection,
            self.agent,
            entrant=self.given.entrant,
            tournament_id=self.given.tournament,
            collection_id=self.given.collection,
            entrant_key=self.entrant_key,
            agent_options=self.agent_options,
            on_waiting=_say,
            on_match=lambda opened: _say(f"playing {opened.match_id}"),
            on_match_failed=on_match_failed,
        )
        return 1 if failed else 0


def _whole(name: str, text: str, least: int, most: int) -> int:
    value = whole_number_of(text)
    if value is not None and least <= value <= most:
        return value
    raise _WrongCommand(f'{name} is "{text}": give a whole number from {least} to {most}')


def _task_options(connection: Connection, task: str, texts: Sequence[str]) -> dict[str, Any]:
    """Options of a task from `name=value` texts, converted by the server's table of them; it checks them when they are played."""
    if not texts:
        return {}
    rows = next((family.options for family in connection.list_tasks().tasks if family.name == task), ())
    return options_from_texts({row.name: Option(row.type, 0, row.help) for row in rows}, texts)


def _about(agent: Agent) -> str:
    plays = ", ".join(agent.tasks) or "any task"
    lines = [f"{agent.name} (version {agent.version})", agent.summary, f"Source: {agent.source}" if agent.source else ""]
    return "\n".join([line for line in lines if line] + [f"Plays: {plays}", "", options_text(agent.options)])


def _mean_text(value: MeanAndError) -> str:
    """`12.3 ± 1.4`, with the digits that the standard error warrants; an en dash for what there is none of."""
    if value.mean is None:
        return "–"
    known = value.se is not None and value.se > 0
    digits = min(3, max(0, 1 - math.floor(math.log10(value.se or 1)))) if known else 2
    mean = f"{value.mean:.{digits}f}".replace("-", "−")
    return f"{mean} ± {'–' if value.se is None else f'{value.se:.{digits}f}'}"


def _text_of(error: Exception) -> str:
    """An error for people. What nobody foresaw, as an error in a policy, also tells how to see where it comes from."""
    if isinstance(error, (IcrlError, ServerUnreachableError)):
        return str(error)
    if os.environ.get("ICRL_DEBUG"):
        return "".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip()
    return f"{type(error).__name__}: {error} (unexpected: ICRL_DEBUG=1 shows where)"


def _say(text: str) -> None:
    print(visible_lines(text), file=sys.stderr, flush=True)


def _print(text: str) -> None:
    print(visible_lines(text), flush=True)


class _ProgressLine:
    """How far it is: one line redrawn in place on a terminal, elsewhere one now and then."""

    def __init__(self) -> None:
        self._tty = sys.stderr.isatty()
        self._between = 0.1 if self._tty else 5.0  # seconds
        self._began = time.monotonic()
        self._shown = -math.inf if self._tty else self._began
        self._standing = False

    def update(self, trials: int, total: int, steps: int) -> None:
        """Shows it where it is time."""
        now = time.monotonic()
        if now - self._shown < self._between:
            return
        self._shown = now
        took = now - self._began
        parts = [f"{100 * trials // total if total > 0 else 100} %", f"{trials} of {total} trials"]
        if steps > 0 and took > 0:
            parts.append(f"{round(steps / took)} steps/s")
        if 0 < trials < total:
            parts.append(f"{math.ceil(took * (total - trials) / trials)} s left")
        text = "  ".join(parts)
        self._standing = self._tty
        print(f"\r\x1b[K{text}" if self._tty else text, end="" if self._tty else "\n", file=sys.stderr, flush=True)

    def finish(self) -> None:
        """Clears what stands on the terminal."""
        if self._standing:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        self._standing = False
        self._shown = math.inf
