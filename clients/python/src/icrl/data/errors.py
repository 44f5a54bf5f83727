"""What is said of folders, files and options that cannot be used."""

from __future__ import annotations


class DataError(ValueError):
    """A folder, a file or an option is not what it should be; the message names it and says what helps.

    Attributes:
        reason: one of the reasons of docs/errors.md, as the command line and the server give them: DATASET_CORRUPT, for example.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type[DataError], tuple[str, str]]:
        # Exceptions are pickled by the arguments of their base class, which has one: worker processes send them.
        return type(self), (self.reason, str(self))
