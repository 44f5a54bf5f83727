"""Reading and writing files that somebody else may have made, or may read while they are written.

What stands where a file should be can be a FIFO or a device, which would be waited for without end, and a file can be larger than
memory: both are refused before a byte is read.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from .errors import DataError

MOST_JSON_BYTES = 16 << 20
"""The most bytes of a JSON document that are read."""


class UnreadableFile(Exception):
    """Why something cannot be read as a file: "is a folder, ...". Whoever catches it gives it a reason."""


def require_regular_file(path: str | os.PathLike[str], most: int | None = None) -> int:
    """Size in bytes of a regular file, links followed.

    Raises:
        UnreadableFile: it is none, or has more than `most` bytes.
        OSError: what the file system says, FileNotFoundError for example.
    """
    return _require_regular(os.stat(path), most)


def read_regular_file(path: str | os.PathLike[str], most: int) -> bytes:
    """The bytes of a regular file; raises as `require_regular_file`."""
    require_regular_file(path)  # a device is not even opened: that alone can do something
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb") as file:
        size = _require_regular(os.fstat(file.fileno()), most)  # it may have been replaced in between: what is open counts
        return file.read(size)


def read_json(path: Path, reason: str, remedy: str) -> Any:
    """A JSON document.

    Raises:
        DataError: with the reason, if it is missing, no file, too large or no JSON.
    """
    try:
        content = read_regular_file(path, MOST_JSON_BYTES)
        return json.loads(content.decode("utf-8"), parse_constant=_no_constant)
    except FileNotFoundError:
        raise DataError(reason, f"{path.parent} has no {path.name}: {remedy}") from None
    except UnreadableFile as error:
        raise DataError(reason, f"{path} {error}: {remedy}") from None
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise DataError(reason, f"{path} is no JSON ({why}): {remedy}") from None


def json_bytes(value: object) -> bytes:
    """A document as this project writes them: two spaces, one line break at the end."""
    return f"{json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)}\n".encode()


def write_durably(path: Path, content: bytes) -> None:
    """Writes a file that outlasts a loss of power, once its folder does."""
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_durably(path: Path, content: bytes) -> None:
    """Writes a file in place of the one that is there: a reader sees the old one or the new one, also after a crash."""
    partial = path.with_name(f"{path.name}.tmp")
    write_durably(partial, content)
    os.replace(partial, path)
    fsync_folder(path.parent)


def fsync_folder(folder: Path) -> None:
    """Sees that a folder's entries outlast a loss of power, where the system can."""
    if os.name == "nt":  # folders cannot be opened there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _require_regular(found: os.stat_result, most: int | None) -> int:
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableFile(f"is {_kind(found.st_mode)}, where a file should be")
    if most is not None and found.st_size > most:
        raise UnreadableFile(f"has {found.st_size:,} bytes, at most {most:,} are read")
    return found.st_size


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a FIFO"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "no file"


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")
