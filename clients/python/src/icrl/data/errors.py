"""What is said of folders, files and options that cannot be used."""

from __future__ import annotations

from ..errors import IcrlError


class DataError(IcrlError, ValueError):
    """A folder, a file or an option is not what it should be; the message names it and says what helps.

    Its reasons are those that the command line and the server give: DATASET_CORRUPT, for example.
    """
