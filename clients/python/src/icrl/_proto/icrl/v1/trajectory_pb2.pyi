import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TrajectoryFilter(_message.Message):
    __slots__ = ("task", "agent", "entrant", "tournament_id", "session_id", "complete")
    TASK_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    ENTRANT_FIELD_NUMBER: _ClassVar[int]
    TOURNAMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    task: str
    agent: str
    entrant: str
    tournament_id: str
    session_id: str
    complete: bool
    def __init__(self, task: _Optional[str] = ..., agent: _Optional[str] = ..., entrant: _Optional[str] = ..., tournament_id: _Optional[str] = ..., session_id: _Optional[str] = ..., complete: bool = ...) -> None: ...

class ListTrajectoriesRequest(_message.Message):
    __slots__ = ("filter", "page_size", "page_token")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    filter: TrajectoryFilter
    page_size: int
    page_token: str
    def __init__(self, filter: _Optional[_Union[TrajectoryFilter, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListTrajectoriesResponse(_message.Message):
    __slots__ = ("trajectories", "next_page_token")
    TRAJECTORIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    trajectories: _containers.RepeatedCompositeFieldContainer[TrajectorySummary]
    next_page_token: str
    def __init__(self, trajectories: _Optional[_Iterable[_Union[TrajectorySummary, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class TrajectorySummary(_message.Message):
    __slots__ = ("episode_id", "trial_id", "trial_index", "episode_index", "task", "task_version", "task_options", "agent", "entrant", "tournament_id", "session_id", "started_at", "length", "complete", "end_reason", "episode_return", "regret")
    EPISODE_ID_FIELD_NUMBER: _ClassVar[int]
    TRIAL_ID_FIELD_NUMBER: _ClassVar[int]
    TRIAL_INDEX_FIELD_NUMBER: _ClassVar[int]
    EPISODE_INDEX_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    TASK_VERSION_FIELD_NUMBER: _ClassVar[int]
    TASK_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    ENTRANT_FIELD_NUMBER: _ClassVar[int]
    TOURNAMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    END_REASON_FIELD_NUMBER: _ClassVar[int]
    EPISODE_RETURN_FIELD_NUMBER: _ClassVar[int]
    REGRET_FIELD_NUMBER: _ClassVar[int]
    episode_id: str
    trial_id: str
    trial_index: int
    episode_index: int
    task: str
    task_version: int
    task_options: _struct_pb2.Struct
    agent: str
    entrant: str
    tournament_id: str
    session_id: str
    started_at: _timestamp_pb2.Timestamp
    length: int
    complete: bool
    end_reason: str
    episode_return: float
    regret: float
    def __init__(self, episode_id: _Optional[str] = ..., trial_id: _Optional[str] = ..., trial_index: _Optional[int] = ..., episode_index: _Optional[int] = ..., task: _Optional[str] = ..., task_version: _Optional[int] = ..., task_options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., agent: _Optional[str] = ..., entrant: _Optional[str] = ..., tournament_id: _Optional[str] = ..., session_id: _Optional[str] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., length: _Optional[int] = ..., complete: bool = ..., end_reason: _Optional[str] = ..., episode_return: _Optional[float] = ..., regret: _Optional[float] = ...) -> None: ...

class StreamTrajectoriesRequest(_message.Message):
    __slots__ = ("filter", "limit")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    filter: TrajectoryFilter
    limit: int
    def __init__(self, filter: _Optional[_Union[TrajectoryFilter, _Mapping]] = ..., limit: _Optional[int] = ...) -> None: ...

class StreamTrajectoriesResponse(_message.Message):
    __slots__ = ("arrow_ipc", "rows")
    ARROW_IPC_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    arrow_ipc: bytes
    rows: int
    def __init__(self, arrow_ipc: _Optional[bytes] = ..., rows: _Optional[int] = ...) -> None: ...

class CountTrialsRequest(_message.Message):
    __slots__ = ("task", "task_options", "agent", "agent_options", "purpose", "seed", "first_trial", "trials", "instances")
    TASK_FIELD_NUMBER: _ClassVar[int]
    TASK_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    AGENT_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    FIRST_TRIAL_FIELD_NUMBER: _ClassVar[int]
    TRIALS_FIELD_NUMBER: _ClassVar[int]
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    task: str
    task_options: _struct_pb2.Struct
    agent: str
    agent_options: _struct_pb2.Struct
    purpose: str
    seed: int
    first_trial: int
    trials: int
    instances: int
    def __init__(self, task: _Optional[str] = ..., task_options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., agent: _Optional[str] = ..., agent_options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., purpose: _Optional[str] = ..., seed: _Optional[int] = ..., first_trial: _Optional[int] = ..., trials: _Optional[int] = ..., instances: _Optional[int] = ...) -> None: ...

class CountTrialsResponse(_message.Message):
    __slots__ = ("recorded",)
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    recorded: int
    def __init__(self, recorded: _Optional[int] = ...) -> None: ...
