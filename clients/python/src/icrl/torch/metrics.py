"""metrics.jsonl: a line for every update of a training, and one for each validation and evaluation. Losses are nats a decision; docs/training.md has the fields."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ..data.errors import DataError
from ..data.files import UnreadableFile, read_regular_file

_MOST_BYTES = 1 << 30


class MetricsFile:
    """The file of a training that goes on after update `step`: lines of later updates are cut off, and one that was not written whole.

    Raises:
        DataError: CHECKPOINT_CORRUPT if a line is none.
    """

    def __init__(self, path: Path, step: int) -> None:
        self.last: dict[str, dict[str, Any]] = {}
        """The last line of each type."""
        self.best: dict[str, Any] | None = None
        """The validation of the smallest loss, the first of them."""
        self.since_best = 0
        """Validations after it."""
        kept = b""
        if path.exists():
            kept = self._kept(path, step)
            os.truncate(path, len(kept))
        self._file = open(path, "ab")

    def record(self, line: dict[str, Any]) -> None:
        """Writes a line."""
        self._file.write(f"{json.dumps(line, allow_nan=False)}\n".encode())
        self._file.flush()
        self._note(line)

    def sync(self) -> None:
        """Sees that what was written outlasts a loss of power."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _kept(self, path: Path, step: int) -> bytes:
        try:
            content = read_regular_file(path, _MOST_BYTES)
        except UnreadableFile as error:
            raise DataError("CHECKPOINT_CORRUPT", f"{path} {error}: move it away, or begin in another folder") from None
        end = 0
        while (following := content.find(b"\n", end) + 1) > 0:
            try:
                line = json.loads(content[end:following])
                kind, at = line["type"], int(line["step"])
                if kind == "validation":
                    float(line["loss"])
            except (ValueError, KeyError, TypeError, RecursionError):
                text = f"{path} has a line that is none, behind its first {end} bytes: remove it, or begin in another folder"
                raise DataError("CHECKPOINT_CORRUPT", text) from None
            if at > step:
                break
            self._note(line)
            end = following
        return content[:end]

    def _note(self, line: dict[str, Any]) -> None:
        self.last[line["type"]] = line
        if line["type"] != "validation":
            return
        if self.best is None or line["loss"] < self.best["loss"]:
            self.best, self.since_best = line, 0
        else:
            self.since_best += 1
