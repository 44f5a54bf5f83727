"""What can go wrong: an error with a reason, or no server that answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import grpc

from ._proto.icrl.v1 import status_pb2


class IcrlError(Exception):
    """Something was refused, by the server or before it was asked.

    Attributes:
        reason: one of the closed list of docs/errors.md, "TASK_UNKNOWN" for example.
        message: what happened and what helps, for people.
        metadata: details by the keys that the list has for the reason; texts.
    """

    def __init__(self, reason: str, message: str, metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.metadata = dict(metadata or {})

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"

    def __reduce__(self) -> tuple[type[IcrlError], tuple[str, str, dict[str, str]]]:
        return type(self), (self.reason, self.message, self.metadata)


class ServerUnreachableError(ConnectionError):
    """A call failed without a reason of icrl's: the server is not there, is no icrl server, or failed unexpectedly.

    Attributes:
        code: the name of the gRPC status, "UNAVAILABLE" for example.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[type[ServerUnreachableError], tuple[str, str]]:
        return type(self), (self.code, str(self))


def error_of(error: Any, address: str) -> IcrlError | ServerUnreachableError:
    """The error that a failed call (a grpc.RpcError) to HOST:PORT stands for."""
    code: grpc.StatusCode = error.code()
    details: str = error.details() or ""
    info = _error_info(error)
    if info is not None:
        return IcrlError(info.reason, details, info.metadata)
    if code == grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in details:
        return IcrlError("MESSAGE_TOO_LARGE", details)
    if code == grpc.StatusCode.UNAVAILABLE:
        return ServerUnreachableError(
            code.name, f'no icrl server answers at {address}: start one with "npx icrl serve" ({details})'
        )
    return ServerUnreachableError(code.name, f"{code.name} from {address}: {details}")


def _error_info(error: Any) -> status_pb2.ErrorInfo | None:
    for key, value in error.trailing_metadata() or ():
        if key != "grpc-status-details-bin":
            continue
        for detail in status_pb2.Status.FromString(value).details:
            info = status_pb2.ErrorInfo()
            if detail.type_url.endswith("/google.rpc.ErrorInfo"):
                info.MergeFromString(detail.value)
                if info.domain == "icrl":
                    return info
    return None
