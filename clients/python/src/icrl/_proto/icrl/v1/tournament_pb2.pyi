from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TournamentState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TOURNAMENT_STATE_UNSPECIFIED: _ClassVar[TournamentState]
    TOURNAMENT_STATE_PENDING: _ClassVar[TournamentState]
    TOURNAMENT_STATE_RUNNING: _ClassVar[TournamentState]
    TOURNAMENT_STATE_FINISHED: _ClassVar[TournamentState]
    TOURNAMENT_STATE_CANCELLED: _ClassVar[TournamentState]
TOURNAMENT_STATE_UNSPECIFIED: TournamentState
TOURNAMENT_STATE_PENDING: TournamentState
TOURNAMENT_STATE_RUNNING: TournamentState
TOURNAMENT_STATE_FINISHED: TournamentState
TOURNAMENT_STATE_CANCELLED: TournamentState

class TournamentSpec(_message.Message):
    __slots__ = ("name", "seed", "trials", "tasks", "agents")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    TRIALS_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    seed: int
    trials: int
    tasks: _containers.RepeatedCompositeFieldContainer[TournamentTask]
    agents: _containers.RepeatedCompositeFieldContainer[TournamentEntrant]
    def __init__(self, name: _Optional[str] = ..., seed: _Optional[int] = ..., trials: _Optional[int] = ..., tasks: _Optional[_Iterable[_Union[TournamentTask, _Mapping]]] = ..., agents: _Optional[_Iterable[_Union[TournamentEntrant, _Mapping]]] = ...) -> None: ...

class TournamentTask(_message.Message):
    __slots__ = ("id", "task", "options", "instances")
    ID_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    id: str
    task: str
    options: _struct_pb2.Struct
    instances: int
    def __init__(self, id: _Optional[str] = ..., task: _Optional[str] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., instances: _Optional[int] = ...) -> None: ...

class TournamentEntrant(_message.Message):
    __slots__ = ("name", "agent", "options", "tasks")
    NAME_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    name: str
    agent: str
    options: _struct_pb2.Struct
    tasks: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., agent: _Optional[str] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., tasks: _Optional[_Iterable[str]] = ...) -> None: ...

class Tournament(_message.Message):
    __slots__ = ("id", "spec", "state", "matches", "entrants")
    ID_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    ENTRANTS_FIELD_NUMBER: _ClassVar[int]
    id: str
    spec: TournamentSpec
    state: TournamentState
    matches: _containers.RepeatedCompositeFieldContainer[Match]
    entrants: _containers.RepeatedCompositeFieldContainer[EntrantPresence]
    def __init__(self, id: _Optional[str] = ..., spec: _Optional[_Union[TournamentSpec, _Mapping]] = ..., state: _Optional[_Union[TournamentState, str]] = ..., matches: _Optional[_Iterable[_Union[Match, _Mapping]]] = ..., entrants: _Optional[_Iterable[_Union[EntrantPresence, _Mapping]]] = ...) -> None: ...

class EntrantPresence(_message.Message):
    __slots__ = ("name", "processes", "awaited")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROCESSES_FIELD_NUMBER: _ClassVar[int]
    AWAITED_FIELD_NUMBER: _ClassVar[int]
    name: str
    processes: int
    awaited: int
    def __init__(self, name: _Optional[str] = ..., processes: _Optional[int] = ..., awaited: _Optional[int] = ...) -> None: ...

class Match(_message.Message):
    __slots__ = ("task_id", "entrant", "state", "complete_trials", "trials", "forfeits", "forfeit_reason", "steps", "forfeit_message", "undeclared", "max_steps")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    ENTRANT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_TRIALS_FIELD_NUMBER: _ClassVar[int]
    TRIALS_FIELD_NUMBER: _ClassVar[int]
    FORFEITS_FIELD_NUMBER: _ClassVar[int]
    FORFEIT_REASON_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    FORFEIT_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    UNDECLARED_FIELD_NUMBER: _ClassVar[int]
    MAX_STEPS_FIELD_NUMBER: _ClassVar[int]
    task_id: str
    entrant: str
    state: TournamentState
    complete_trials: int
    trials: int
    forfeits: int
    forfeit_reason: str
    steps: int
    forfeit_message: str
    undeclared: bool
    max_steps: int
    def __init__(self, task_id: _Optional[str] = ..., entrant: _Optional[str] = ..., state: _Optional[_Union[TournamentState, str]] = ..., complete_trials: _Optional[int] = ..., trials: _Optional[int] = ..., forfeits: _Optional[int] = ..., forfeit_reason: _Optional[str] = ..., steps: _Optional[int] = ..., forfeit_message: _Optional[str] = ..., undeclared: bool = ..., max_steps: _Optional[int] = ...) -> None: ...

class CreateTournamentRequest(_message.Message):
    __slots__ = ("spec", "attendance", "declarations", "seed_key", "owner_key", "entrant_keys")
    SPEC_FIELD_NUMBER: _ClassVar[int]
    ATTENDANCE_FIELD_NUMBER: _ClassVar[int]
    DECLARATIONS_FIELD_NUMBER: _ClassVar[int]
    SEED_KEY_FIELD_NUMBER: _ClassVar[int]
    OWNER_KEY_FIELD_NUMBER: _ClassVar[int]
    ENTRANT_KEYS_FIELD_NUMBER: _ClassVar[int]
    spec: TournamentSpec
    attendance: _containers.RepeatedCompositeFieldContainer[Attendance]
    declarations: _containers.RepeatedCompositeFieldContainer[Declaration]
    seed_key: bytes
    owner_key: str
    entrant_keys: _containers.RepeatedCompositeFieldContainer[EntrantKey]
    def __init__(self, spec: _Optional[_Union[TournamentSpec, _Mapping]] = ..., attendance: _Optional[_Iterable[_Union[Attendance, _Mapping]]] = ..., declarations: _Optional[_Iterable[_Union[Declaration, _Mapping]]] = ..., seed_key: _Optional[bytes] = ..., owner_key: _Optional[str] = ..., entrant_keys: _Optional[_Iterable[_Union[EntrantKey, _Mapping]]] = ...) -> None: ...

class EntrantKey(_message.Message):
    __slots__ = ("name", "key")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    name: str
    key: str
    def __init__(self, name: _Optional[str] = ..., key: _Optional[str] = ...) -> None: ...

class Declaration(_message.Message):
    __slots__ = ("name", "tasks")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    name: str
    tasks: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., tasks: _Optional[_Iterable[str]] = ...) -> None: ...

class Attendance(_message.Message):
    __slots__ = ("name", "processes", "may_leave")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROCESSES_FIELD_NUMBER: _ClassVar[int]
    MAY_LEAVE_FIELD_NUMBER: _ClassVar[int]
    name: str
    processes: int
    may_leave: bool
    def __init__(self, name: _Optional[str] = ..., processes: _Optional[int] = ..., may_leave: bool = ...) -> None: ...

class CreateTournamentResponse(_message.Message):
    __slots__ = ("tournament", "existed")
    TOURNAMENT_FIELD_NUMBER: _ClassVar[int]
    EXISTED_FIELD_NUMBER: _ClassVar[int]
    tournament: Tournament
    existed: bool
    def __init__(self, tournament: _Optional[_Union[Tournament, _Mapping]] = ..., existed: bool = ...) -> None: ...

class GetTournamentRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class GetTournamentResponse(_message.Message):
    __slots__ = ("tournament", "results")
    TOURNAMENT_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    tournament: Tournament
    results: TournamentResults
    def __init__(self, tournament: _Optional[_Union[Tournament, _Mapping]] = ..., results: _Optional[_Union[TournamentResults, _Mapping]] = ...) -> None: ...

class ListTournamentsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListTournamentsResponse(_message.Message):
    __slots__ = ("tournaments", "next_page_token")
    TOURNAMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    tournaments: _containers.RepeatedCompositeFieldContainer[Tournament]
    next_page_token: str
    def __init__(self, tournaments: _Optional[_Iterable[_Union[Tournament, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchTournamentRequest(_message.Message):
    __slots__ = ("id", "changes_only")
    ID_FIELD_NUMBER: _ClassVar[int]
    CHANGES_ONLY_FIELD_NUMBER: _ClassVar[int]
    id: str
    changes_only: bool
    def __init__(self, id: _Optional[str] = ..., changes_only: bool = ...) -> None: ...

class WatchTournamentResponse(_message.Message):
    __slots__ = ("tournament", "change")
    TOURNAMENT_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    tournament: Tournament
    change: bool
    def __init__(self, tournament: _Optional[_Union[Tournament, _Mapping]] = ..., change: bool = ...) -> None: ...

class ForfeitMatchesRequest(_message.Message):
    __slots__ = ("id", "entrant", "message", "all", "key")
    ID_FIELD_NUMBER: _ClassVar[int]
    ENTRANT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ALL_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    id: str
    entrant: str
    message: str
    all: bool
    key: str
    def __init__(self, id: _Optional[str] = ..., entrant: _Optional[str] = ..., message: _Optional[str] = ..., all: bool = ..., key: _Optional[str] = ...) -> None: ...

class ForfeitMatchesResponse(_message.Message):
    __slots__ = ("match_ids",)
    MATCH_IDS_FIELD_NUMBER: _ClassVar[int]
    match_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, match_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class CancelTournamentRequest(_message.Message):
    __slots__ = ("id", "owner_key")
    ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_KEY_FIELD_NUMBER: _ClassVar[int]
    id: str
    owner_key: str
    def __init__(self, id: _Optional[str] = ..., owner_key: _Optional[str] = ...) -> None: ...

class CancelTournamentResponse(_message.Message):
    __slots__ = ("tournament",)
    TOURNAMENT_FIELD_NUMBER: _ClassVar[int]
    tournament: Tournament
    def __init__(self, tournament: _Optional[_Union[Tournament, _Mapping]] = ...) -> None: ...

class DeleteTournamentRequest(_message.Message):
    __slots__ = ("id", "owner_key")
    ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_KEY_FIELD_NUMBER: _ClassVar[int]
    id: str
    owner_key: str
    def __init__(self, id: _Optional[str] = ..., owner_key: _Optional[str] = ...) -> None: ...

class DeleteTournamentResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StreamTrialsRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class StreamTrialsResponse(_message.Message):
    __slots__ = ("arrow_ipc",)
    ARROW_IPC_FIELD_NUMBER: _ClassVar[int]
    arrow_ipc: bytes
    def __init__(self, arrow_ipc: _Optional[bytes] = ...) -> None: ...

class Estimate(_message.Message):
    __slots__ = ("mean", "se", "ci95_low", "ci95_high")
    MEAN_FIELD_NUMBER: _ClassVar[int]
    SE_FIELD_NUMBER: _ClassVar[int]
    CI95_LOW_FIELD_NUMBER: _ClassVar[int]
    CI95_HIGH_FIELD_NUMBER: _ClassVar[int]
    mean: float
    se: float
    ci95_low: float
    ci95_high: float
    def __init__(self, mean: _Optional[float] = ..., se: _Optional[float] = ..., ci95_low: _Optional[float] = ..., ci95_high: _Optional[float] = ...) -> None: ...

class RegretCurve(_message.Message):
    __slots__ = ("step", "mean", "se")
    STEP_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    SE_FIELD_NUMBER: _ClassVar[int]
    step: _containers.RepeatedScalarFieldContainer[int]
    mean: _containers.RepeatedScalarFieldContainer[float]
    se: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, step: _Optional[_Iterable[int]] = ..., mean: _Optional[_Iterable[float]] = ..., se: _Optional[_Iterable[float]] = ...) -> None: ...

class AgentResult(_message.Message):
    __slots__ = ("name", "agent", "options", "trials", "forfeits", "forfeit_reason", "regret", "trial_return", "curve", "forfeit_message")
    NAME_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    TRIALS_FIELD_NUMBER: _ClassVar[int]
    FORFEITS_FIELD_NUMBER: _ClassVar[int]
    FORFEIT_REASON_FIELD_NUMBER: _ClassVar[int]
    REGRET_FIELD_NUMBER: _ClassVar[int]
    TRIAL_RETURN_FIELD_NUMBER: _ClassVar[int]
    CURVE_FIELD_NUMBER: _ClassVar[int]
    FORFEIT_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    name: str
    agent: str
    options: _struct_pb2.Struct
    trials: int
    forfeits: int
    forfeit_reason: str
    regret: Estimate
    trial_return: Estimate
    curve: RegretCurve
    forfeit_message: str
    def __init__(self, name: _Optional[str] = ..., agent: _Optional[str] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., trials: _Optional[int] = ..., forfeits: _Optional[int] = ..., forfeit_reason: _Optional[str] = ..., regret: _Optional[_Union[Estimate, _Mapping]] = ..., trial_return: _Optional[_Union[Estimate, _Mapping]] = ..., curve: _Optional[_Union[RegretCurve, _Mapping]] = ..., forfeit_message: _Optional[str] = ...) -> None: ...

class TaskResult(_message.Message):
    __slots__ = ("id", "task", "options", "agents", "uniform_regret", "instances")
    ID_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    UNIFORM_REGRET_FIELD_NUMBER: _ClassVar[int]
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    id: str
    task: str
    options: _struct_pb2.Struct
    agents: _containers.RepeatedCompositeFieldContainer[AgentResult]
    uniform_regret: float
    instances: int
    def __init__(self, id: _Optional[str] = ..., task: _Optional[str] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., agents: _Optional[_Iterable[_Union[AgentResult, _Mapping]]] = ..., uniform_regret: _Optional[float] = ..., instances: _Optional[int] = ...) -> None: ...

class LeaderboardRow(_message.Message):
    __slots__ = ("task", "name", "rank", "regret")
    TASK_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    REGRET_FIELD_NUMBER: _ClassVar[int]
    task: str
    name: str
    rank: int
    regret: float
    def __init__(self, task: _Optional[str] = ..., name: _Optional[str] = ..., rank: _Optional[int] = ..., regret: _Optional[float] = ...) -> None: ...

class TournamentResults(_message.Message):
    __slots__ = ("tasks", "leaderboard", "seed", "server_version", "seed_key")
    TASKS_FIELD_NUMBER: _ClassVar[int]
    LEADERBOARD_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    SERVER_VERSION_FIELD_NUMBER: _ClassVar[int]
    SEED_KEY_FIELD_NUMBER: _ClassVar[int]
    tasks: _containers.RepeatedCompositeFieldContainer[TaskResult]
    leaderboard: _containers.RepeatedCompositeFieldContainer[LeaderboardRow]
    seed: int
    server_version: str
    seed_key: bytes
    def __init__(self, tasks: _Optional[_Iterable[_Union[TaskResult, _Mapping]]] = ..., leaderboard: _Optional[_Iterable[_Union[LeaderboardRow, _Mapping]]] = ..., seed: _Optional[int] = ..., server_version: _Optional[str] = ..., seed_key: _Optional[bytes] = ...) -> None: ...
