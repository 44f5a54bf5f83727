"""Trials of a dataset or a log, as numpy arrays, a pyarrow dataset or a PyTorch dataset; a row group in memory at a time."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet

from .blocks import OPTIONAL, REQUIRED, STEPS, Block, trials_of_slots, trials_side_by_side
from .errors import DataError
from .files import UnreadableFile, require_regular_file
from .manifest import COLUMN_LABELS, Manifest, read_manifest
from ..seeds import hash64
from .trial import Label, Trial

if TYPE_CHECKING:
    from ..torch.stream import TrialStream

MOST_SHARD_BYTES = 1 << 30
"""The most bytes of a shard: those of logs and datasets have some 16 MB of rows."""

_SHARD = re.compile(r"trajectories-[0-9]{12,15}\.parquet")
_LABEL_COLUMNS = ["episode_id", "actions", "probabilities"]


@dataclass(frozen=True)
class Selection:
    """Which trials; every member that is given must match."""

    task: str | None = None
    """A task's id."""
    behaviour: str | None = None
    part: tuple[float, float, int] | None = None
    """Instances by a hash of them and of a seed: low, high, seed; those whose hash over 2^64 is in [low, high). `icrl dataset split` and a
    training's held-out share cut in the same way."""

    def matches(self, trial: Trial) -> bool:
        """Whether a trial is one of them."""
        if self.task is not None and trial.task_id != self.task:
            return False
        if self.behaviour is not None and trial.behaviour != self.behaviour:
            return False
        if self.part is None:
            return True
        low, high, seed = self.part
        instance = trial.columns.get("instance")  # where a task has only so many
        hashed = hash64("icrl.v1", "split", str(seed), trial.task, str(trial.columns["task_seed"]) if instance is None else instance)
        return low <= hashed / 2**64 < high


class Trials:
    """The trials of a folder: of a dataset in its order, of a log in the order in which they ended. Iterating reads them from the start.

    In memory are a row group of the wanted columns (a shard is one, of some 16 MB with all columns) and, of a log, one trial of each slot
    that played at once.

    Attributes:
        path: the folder.
        manifest: what the dataset is; None: it is a log.
        labels: names of the labels that can be asked for; `self` and `optimal` are columns of the data.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.manifest: Manifest | None = None
        if (self.path / "dataset.json").exists():
            self.manifest = read_manifest(self.path)
            self.shards: tuple[str, ...] = self.manifest.shards
            self.labels: tuple[str, ...] = tuple(self.manifest.labels)
        else:
            self.shards = _log_shards(self.path)
            self.labels = tuple(COLUMN_LABELS)

    def __repr__(self) -> str:
        kind = "log" if self.manifest is None else f"dataset {self.manifest.name!r}"
        return f"<icrl {kind} in {self.path}, {len(self.shards)} shard{'' if len(self.shards) == 1 else 's'}>"

    def __iter__(self) -> Iterator[Trial]:
        """All trials, with all columns and all labels that stand beside the data."""
        beside = () if self.manifest is None else tuple(name for name, folder in self.manifest.labels.items() if folder is not None)
        return self.read(labels=beside)

    def read(
        self,
        *,
        columns: Sequence[str] | None = None,
        labels: Sequence[str] = (),
        task: str | None = None,
        behaviour: str | None = None,
    ) -> Iterator[Trial]:
        """Trials, with what is asked for.

        Args:
            columns: of the log that are wanted beside those that every trial needs; all where not given.
            labels: by name.
            task: only this task, by its id.
            behaviour: only what this behaviour did.

        Raises:
            DataError: LABEL_UNKNOWN; LOG_CORRUPT, DATASET_CORRUPT if a shard is missing or not what was written.
        """
        selection = Selection(task, behaviour)
        return (trial for trial in self.of_shards(self.shards, columns, labels) if selection.matches(trial))

    def of_shards(self, shards: Sequence[str], columns: Sequence[str] | None, labels: Sequence[str]) -> Iterator[Trial]:
        """Trials of some shards, by their names, in that order; else as `read`."""
        unknown = [name for name in labels if name not in self.labels]
        if unknown:
            text = f"{self.path} has no label {unknown[0]!r}: it has {', '.join(self.labels)}"
            raise DataError("LABEL_UNKNOWN", text)
        beside = [name for name in labels if name not in COLUMN_LABELS]
        wanted = None if columns is None else {*columns, *(COLUMN_LABELS[name] for name in labels if name in COLUMN_LABELS)}
        if self.manifest is None:
            slots = None if wanted is None else wanted | {"session_id", "env_index"}
            found = trials_of_slots(self._blocks(shards, slots, []))
        else:
            found = trials_side_by_side(self._blocks(shards, wanted, beside), self.manifest.tasks)
        columns_of = [(name, COLUMN_LABELS[name]) for name in labels if name in COLUMN_LABELS]
        for trial in found:
            said = {name: getattr(trial, column) for name, column in columns_of}
            labelled = {name: Label(actions) for name, actions in said.items() if actions is not None}
            yield dataclasses.replace(trial, labels={**trial.labels, **labelled}) if labelled else trial

    def dataset(self, label: str | None = None) -> pyarrow.dataset.Dataset:
        """The rows as a pyarrow dataset, a row an episode; of a label, those that belong to the data's rows, in the same order.

        Of a log with shards of several schemas, columns that a shard lacks are null.
        """
        if label is None:
            paths = [self.path / "data" / name for name in self.shards]
        else:
            folder = None if self.manifest is None else self.manifest.labels.get(label)
            if folder is None:
                raise DataError("LABEL_UNKNOWN", f"{self.path} has no label {label!r} beside its data: it has {', '.join(self.labels)}")
            paths = [self.path / folder / name for name in self.shards]
        schemas = []
        for path in paths:
            with _opened(path) as file:
                schema = file.schema_arrow.remove_metadata()
            if schema not in schemas:
                schemas.append(schema)
        return pyarrow.dataset.dataset([str(path) for path in paths], format="parquet", schema=pa.unify_schemas(schemas))

    def torch(
        self,
        *,
        columns: Sequence[str] | None = None,
        labels: Sequence[str] = (),
        transform: Callable[[Trial], Any] | None = None,
        shuffle: int | None = None,
        part: tuple[int, int] = (0, 1),
    ) -> TrialStream:
        """The trials as a `torch.utils.data.IterableDataset`, shared out among the workers of a `DataLoader`.

        Args:
            columns, labels: as of `read`.
            transform: what is made of a trial; a dict of its arrays as tensors where not given.
            shuffle: seed of the order, another one each epoch (`set_epoch`); the data's own where not given.
            part: (i, n): the i-th of n parts alone, for n processes that train together.
        """
        from ..torch.stream import TrialStream

        return TrialStream(self, columns=columns, labels=labels, transform=transform, shuffle=shuffle, part=part)

    def _blocks(self, shards: Sequence[str], columns: set[str] | None, labels: Sequence[str]) -> Iterator[Block]:
        for name in shards:
            path = self.path / "data" / name
            with _opened(path) as file:
                there = file.schema_arrow.names
                wanted = [each for each in there if columns is None or each in columns or each in REQUIRED or each in OPTIONAL]
                beside = {label: _LabelRows(self.path / "labels" / label / name) for label in labels}
                try:
                    for group in range(file.num_row_groups):
                        rows = _read(path, lambda: file.read_row_group(group, columns=wanted))
                        yield Block(rows, {label: said.take(rows.num_rows) for label, said in beside.items()}, str(path))
                    for said in beside.values():
                        said.require_end()
                finally:
                    for said in beside.values():
                        said.close()


class _LabelRows:
    """The rows of a label's shard, so many at a time: they need not be in row groups as the data are."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _opened(path)
        self._group = 0
        self._rest: pa.Table | None = None

    def take(self, rows: int) -> pa.Table:
        while self._rest is None or self._rest.num_rows < rows:
            if self._group == self._file.num_row_groups:
                raise self._not_those()
            group = self._group
            more = _read(self._path, lambda: self._file.read_row_group(group, columns=_LABEL_COLUMNS))
            missing = [name for name in _LABEL_COLUMNS if name not in more.column_names]
            if missing:
                raise DataError("DATASET_CORRUPT", f"{self._path} has no column {missing[0]}: label again, or restore it from a backup")
            self._rest = more if self._rest is None else pa.concat_tables([self._rest, more])
            self._group += 1
        taken, self._rest = self._rest.slice(0, rows), self._rest.slice(rows)
        return taken

    def require_end(self) -> None:
        if self._group < self._file.num_row_groups or (self._rest is not None and self._rest.num_rows > 0):
            raise self._not_those()

    def close(self) -> None:
        self._file.close()

    def _not_those(self) -> DataError:
        text = f"{self._path} has other rows than its shard of the data: label again, or restore it from a backup"
        return DataError("DATASET_CORRUPT", text)


def _opened(path: Path) -> pyarrow.parquet.ParquetFile:
    try:
        require_regular_file(path, MOST_SHARD_BYTES)
    except FileNotFoundError:
        raise DataError("LOG_CORRUPT", f"{path} is missing: restore it from a backup") from None
    except UnreadableFile as error:
        raise DataError("LOG_CORRUPT", f"{path} {error}: restore it from a backup") from None
    return _read(path, lambda: pyarrow.parquet.ParquetFile(path))


def _read(path: Path, what: Callable[[], Any]) -> Any:
    try:
        return what()
    except (pa.ArrowException, OSError, ValueError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError("LOG_CORRUPT", f"{path} cannot be read ({why}): restore it from a backup") from None


def _log_shards(folder: Path) -> tuple[str, ...]:
    try:
        names = sorted(name for name in os.listdir(folder / "data") if _SHARD.fullmatch(name))
    except (FileNotFoundError, NotADirectoryError):
        names = []
    if names or (folder / "log").is_dir():
        return tuple(names)
    raise DataError("NOT_A_LOG", f"{folder} is neither a dataset nor a log: give a folder with dataset.json or data/trajectories-*.parquet")
