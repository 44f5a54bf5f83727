import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from icrl._proto.icrl.v1 import environment_pb2 as _environment_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetServerInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetServerInfoResponse(_message.Message):
    __slots__ = ("server_version", "min_protocol_version", "max_protocol_version", "limits", "capabilities", "started_at", "open_sessions", "steps", "durable_episodes", "durability", "log_writable", "torn_bytes", "log_episodes")
    SERVER_VERSION_FIELD_NUMBER: _ClassVar[int]
    MIN_PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    MAX_PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    OPEN_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    DURABLE_EPISODES_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    LOG_WRITABLE_FIELD_NUMBER: _ClassVar[int]
    TORN_BYTES_FIELD_NUMBER: _ClassVar[int]
    LOG_EPISODES_FIELD_NUMBER: _ClassVar[int]
    server_version: str
    min_protocol_version: int
    max_protocol_version: int
    limits: _environment_pb2.Limits
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    started_at: _timestamp_pb2.Timestamp
    open_sessions: int
    steps: int
    durable_episodes: int
    durability: str
    log_writable: bool
    torn_bytes: int
    log_episodes: int
    def __init__(self, server_version: _Optional[str] = ..., min_protocol_version: _Optional[int] = ..., max_protocol_version: _Optional[int] = ..., limits: _Optional[_Union[_environment_pb2.Limits, _Mapping]] = ..., capabilities: _Optional[_Iterable[str]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., open_sessions: _Optional[int] = ..., steps: _Optional[int] = ..., durable_episodes: _Optional[int] = ..., durability: _Optional[str] = ..., log_writable: bool = ..., torn_bytes: _Optional[int] = ..., log_episodes: _Optional[int] = ...) -> None: ...
