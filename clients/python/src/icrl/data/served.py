"""Trials of a server's log, as a stream over its connection."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.ipc

from .blocks import OPTIONAL, REQUIRED, Block, trials_of_slots
from .errors import DataError
from .manifest import COLUMN_LABELS, Manifest
from .trial import Label, Trial

if TYPE_CHECKING:
    from ..torch.stream import TrialStream


class ServedTrials:
    """The trials of a server's log, in the order in which they ended. Each iteration connects and asks for what is in the log by then; in memory
    are the rows of one answer and one trial of each slot that played at once.

    Who is not the operator sees no tournament that is not over, and of others what its role allows; what is withheld is None.

    Args:
        address: HOST:PORT.
        filter: which episodes, by the members of the protocol's TrajectoryFilter: task, agent, entrant, tournament_id, ...
        credentials: as of `icrl.connect`: token, ca, cert, key.
    """

    manifest: Manifest | None = None
    shards: tuple[str, ...] = ("log",)
    labels: tuple[str, ...] = tuple(COLUMN_LABELS)

    def __init__(self, address: str, filter: Mapping[str, Any] | None = None, **credentials: Any) -> None:
        self.path = address
        self._filter = dict(filter or {})
        self._credentials = credentials

    def __repr__(self) -> str:
        return f"<icrl log of the server at {self.path}>"

    def __iter__(self) -> Iterator[Trial]:
        """All trials, with all columns."""
        return self.read()

    def read(self, *, columns: Sequence[str] | None = None, labels: Sequence[str] = ()) -> Iterator[Trial]:
        """Trials, with what is asked for: columns of the log beside those that every trial needs, all where not given; and the labels `self` and
        `optimal`, which are columns.

        Raises:
            DataError: LABEL_UNKNOWN.
        """
        return self.of_shards(self.shards, columns, labels)

    def of_shards(self, shards: Sequence[str], columns: Sequence[str] | None, labels: Sequence[str]) -> Iterator[Trial]:
        """As `read`: a server's log is one."""
        unknown = [name for name in labels if name not in self.labels]
        if unknown:
            raise DataError("LABEL_UNKNOWN", f"a log has no label {unknown[0]!r}: it has {', '.join(self.labels)}")
        of_labels = {name: COLUMN_LABELS[name] for name in labels}
        wanted = None if columns is None else {*columns, *of_labels.values()}
        for trial in trials_of_batches(self.batches(), wanted):
            said = {name: getattr(trial, column) for name, column in of_labels.items()}
            labelled = {name: Label(actions) for name, actions in said.items() if actions is not None}
            yield dataclasses.replace(trial, labels=labelled)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The log's rows as Arrow record batches, an episode a row, oldest first."""
        from ..connection import connect

        with connect(self.path, **self._credentials) as connection:
            for answer in connection.stream("TrajectoryService/StreamTrajectories", {"filter": self._filter}):
                with pyarrow.ipc.open_stream(answer.arrow_ipc) as reader:
                    yield from reader

    def torch(
        self,
        *,
        columns: Sequence[str] | None = None,
        labels: Sequence[str] = (),
        transform: Callable[[Trial], Any] | None = None,
        part: tuple[int, int] = (0, 1),
    ) -> TrialStream:
        """As of `Trials`, in the log's order: every worker is sent all of it, and keeps its own."""
        from ..torch.stream import TrialStream

        return TrialStream(self, columns=columns, labels=labels, transform=transform, part=part)


def trials_of_batches(batches: Iterable[pa.RecordBatch], columns: set[str] | None = None) -> Iterator[Trial]:
    """Trials of a log's rows, in the order in which they end, from wherever the rows come.

    Args:
        columns: that are wanted beside those that every trial needs; all where not given.
    """

    def blocks() -> Iterator[Block]:
        for batch in batches:
            needed = (*REQUIRED, *OPTIONAL, "session_id", "env_index")
            names = [name for name in batch.schema.names if columns is None or name in columns or name in needed]
            yield Block(pa.Table.from_batches([batch]).select(names), {}, "the server's log")

    return iter(trials_of_slots(blocks()))
