"""Collecting a dataset by the program `icrl`, where a training's file names the file to do so by."""

from __future__ import annotations

import subprocess
import tempfile
import threading
from pathlib import Path

from ..data.errors import DataError
from ..errors import IcrlError
from ..server import icrl_command

#: How much of what a program said is told, in bytes.
_MOST_TOLD = 2000


def collect(spec: Path, out: Path, flags: tuple[str, ...] = ()) -> None:
    """Collects a dataset, or goes on with it; nothing is done where it is whole. The program says how far it is, on standard error.

    Args:
        flags: more of `icrl dataset collect`.

    Raises:
        DataError: OPTION_INVALID if there is no `icrl` to collect it with, or it failed.
    """
    if (out / "dataset.json").exists() and not _has_program():
        return
    ended = subprocess.run(_words(spec, out, flags), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    if ended.returncode != 0:
        raise _failed(spec, out, ended.returncode, "what it said is above")


class CollectingStopped(Exception):
    """It was stopped."""


class Collecting:
    """A dataset that is collected beside what else is done, and nobody is told how it goes on. One that is stopped goes on another time."""

    def __init__(self, spec: Path, out: Path, flags: tuple[str, ...] = ()) -> None:
        """Begins it.

        Raises:
            DataError: OPTION_INVALID if there is no `icrl` to collect it with.
        """
        self._spec, self._out = spec, out
        self._said = tempfile.TemporaryFile()
        self._stopped = threading.Event()
        words = _words(spec, out, flags)
        # Ctrl-C is for the training, which stops it once a checkpoint is saved.
        self._process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._said, start_new_session=True
        )

    def wait(self) -> None:
        """Until it is whole.

        Raises:
            CollectingStopped: if it was stopped.
            DataError: OPTION_INVALID if it failed.
        """
        code = self._process.wait()
        if self._stopped.is_set():
            raise CollectingStopped
        if code != 0:
            self._said.seek(0)
            said = self._said.read()[-_MOST_TOLD:].decode(errors="replace").strip()
            raise _failed(self._spec, self._out, code, f"it said: {said}")

    def stop(self) -> None:
        """Ends the program; what it has collected stays. May come from a signal's handler."""
        self._stopped.set()
        self._process.terminate()

    def close(self) -> None:
        """Ends it, and waits until it has ended."""
        self.stop()
        self._process.wait()
        self._said.close()


def _words(spec: Path, out: Path, flags: tuple[str, ...]) -> list[str]:
    if not _has_program():
        text = f"{spec} is to be collected into {out}, and there is no icrl to do so: put it on the PATH, or name it in ICRL_COMMAND"
        raise DataError("OPTION_INVALID", text)
    return [*icrl_command(), "dataset", "collect", str(spec), "--out", str(out), *flags]


def _has_program() -> bool:
    try:
        icrl_command()
    except IcrlError:
        return False
    return True


def _failed(spec: Path, out: Path, code: int, said: str) -> DataError:
    return DataError("OPTION_INVALID", f"icrl could not collect {spec} into {out} (exit code {code}): {said}")
