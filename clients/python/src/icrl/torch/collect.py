"""Collecting a dataset by the program `icrl`, where a training's file names the file to do so by."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ..data.errors import DataError
from ..errors import IcrlError
from ..server import icrl_command


def collect(spec: Path, out: Path) -> None:
    """Collects a dataset, or goes on with it; nothing is done where it is whole.

    Raises:
        DataError: OPTION_INVALID if there is no `icrl` to collect it with, or it failed.
    """
    try:
        command = icrl_command()
    except IcrlError:
        if (out / "dataset.json").exists():
            return
        text = f"{spec} is to be collected into {out}, and there is no icrl to do so: put it on the PATH, or name it in ICRL_COMMAND"
        raise DataError("OPTION_INVALID", text) from None
    words = [*command, "dataset", "collect", str(spec), "--out", str(out)]
    ended = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)  # progress and errors are on the other stream
    if ended.returncode != 0:
        raise DataError("OPTION_INVALID", f"icrl could not collect {spec} into {out} (exit code {ended.returncode}): what it said is above")
