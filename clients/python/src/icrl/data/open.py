"""`icrl.open`: trials, wherever they are."""

from __future__ import annotations

import os
import re
from pathlib import Path

from .errors import DataError
from .trials import Trials


def open_trials(place: str | os.PathLike[str]) -> Trials:
    """The trials of a dataset's folder, or of a log's.

    Raises:
        DataError: NOT_A_DATASET, DATASET_CORRUPT, DATASET_TOO_NEW, NOT_A_LOG.
    """
    if not Path(place).exists() and re.fullmatch(r".*:[0-9]{1,5}", str(place)):
        # Whoever connects hands the batches of its answers to `trials_of_batches`.
        raise DataError("NOT_A_DATASET", f"{place} is no folder, and trials are not read from a server's address yet: read its log's folder")
    return Trials(place)
