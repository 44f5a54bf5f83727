"""`icrl.open`: trials, wherever they are."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import DataError

if TYPE_CHECKING:
    from .served import ServedTrials
    from .trials import Trials

_ADDRESS = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}")


def open_trials(
    place: str | os.PathLike[str], *, filter: Mapping[str, Any] | None = None, **credentials: Any
) -> Trials | ServedTrials:
    """The trials of a dataset's folder, of a log's, or of a server's log.

    Args:
        place: a folder, or HOST:PORT; what is there as a folder is one.
        filter: of a server, which episodes, by the members of the protocol's TrajectoryFilter.
        credentials: of a server, as of `icrl.connect`.

    Raises:
        DataError: NOT_A_DATASET, DATASET_CORRUPT, DATASET_TOO_NEW, NOT_A_LOG; OPTION_INVALID for a folder with a server's options.
    """
    # pyarrow is loaded where it is used: `import icrl` does without.
    from .served import ServedTrials
    from .trials import Trials

    if not Path(place).exists() and _ADDRESS.fullmatch(str(place)):
        return ServedTrials(str(place), filter, **credentials)
    if filter is not None or credentials:
        raise DataError("OPTION_INVALID", f"{place} is a folder: filter and credentials are a server's")
    return Trials(place)
