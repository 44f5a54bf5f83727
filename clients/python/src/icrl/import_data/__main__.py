"""`python -m icrl.import_data`: what `icrl dataset import` reads other people's files by."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..data.errors import DataError
from .limits import MOST_MEMORY, limit_memory
from .source import Found, Source
from .states import StateScan
from .stream import MessageWriter

NEEDS = {"dpt": ("numpy",), "ad-hdf5": ("numpy", "h5py"), "minari": ("numpy", "h5py", "pyarrow", "PIL", "minari")}
"""Formats, and the modules that they are read by."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m icrl.import_data", description=__doc__)
    parser.add_argument("--format", choices=list(NEEDS), required=True)
    parser.add_argument("--actions", type=int, help="how many actions there are (default: as many as the files tell)")
    parser.add_argument("--states", type=_sizes, help="sizes of a state's parts, n,m,... (default: what the states say)")
    parser.add_argument("files", nargs="+", metavar="FILE")
    arguments = parser.parse_args()
    # What libraries print is for people: the pipe is for trials alone.
    pipe = os.fdopen(os.dup(1), "wb", buffering=1 << 20)
    os.dup2(2, 1)
    messages = MessageWriter(pipe)
    try:
        _require_modules(arguments.format)
        limit_memory()
        found = Found(given_actions=arguments.actions, sizes=arguments.states)
        _import([Path(file) for file in arguments.files], _opener(arguments.format), found, messages)
    except DataError as error:
        messages.error(error.reason, error.message)
        return 1
    except MemoryError:
        messages.error("IMPORT_INVALID", f"{', '.join(arguments.files)}: takes more than {MOST_MEMORY >> 30} GiB of memory: import less at a time")
        return 1
    except BrokenPipeError:  # whoever reads has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), pipe.fileno())
        return 1
    return 0


def _import(paths: list[Path], open_source: Callable[[Path], Source], found: Found, messages: MessageWriter) -> None:
    """Goes through the files twice: what states are has to be known before the first trial. A single file is opened once."""
    kept = open_source(paths[0]) if len(paths) == 1 else None

    @contextmanager
    def opened(path: Path) -> Iterator[Source]:
        source = open_source(path) if kept is None else kept
        try:
            yield source
        finally:
            if kept is None:
                source.close()

    scan = StateScan(found.sizes)
    total = 0
    for path in paths:
        with opened(path) as source:
            total += source.count()
            source.scan(scan, found)
    space = scan.space()
    messages.begin(total, space, found)
    for index, path in enumerate(paths):
        with opened(path) as source:
            for trial in source.trials(space, found):
                messages.trial(index, trial)
    messages.end(found)


def _opener(name: str) -> Callable[[Path], Source]:
    if name == "dpt":
        from .dpt import DptSource

        return DptSource
    if name == "ad-hdf5":
        from .ad_hdf5 import AdSource

        return AdSource
    from .minari_folder import MinariSource

    return MinariSource


def _require_modules(name: str) -> None:
    for module in NEEDS[name]:
        try:
            importlib.import_module(module)
        except ImportError as error:
            missing = error.name or module
            text = f"{sys.executable} has no module {missing!r}, by which {name} is read: pip install \"./clients/python[import]\" in a checkout of icrl"
            raise DataError("PYTHON_UNAVAILABLE", text) from None


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


if __name__ == "__main__":
    sys.exit(main())
