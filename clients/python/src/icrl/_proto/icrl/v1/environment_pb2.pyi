from google.protobuf import struct_pb2 as _struct_pb2
from icrl._proto.icrl.v1 import task_pb2 as _task_pb2
from icrl._proto.icrl.v1 import tensor_pb2 as _tensor_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ResetMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESET_MODE_UNSPECIFIED: _ClassVar[ResetMode]
    RESET_MODE_NEXT_EPISODE: _ClassVar[ResetMode]
    RESET_MODE_NEXT_TRIAL: _ClassVar[ResetMode]
    RESET_MODE_SEEDS: _ClassVar[ResetMode]
RESET_MODE_UNSPECIFIED: ResetMode
RESET_MODE_NEXT_EPISODE: ResetMode
RESET_MODE_NEXT_TRIAL: ResetMode
RESET_MODE_SEEDS: ResetMode

class ListTasksRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListTasksResponse(_message.Message):
    __slots__ = ("tasks",)
    TASKS_FIELD_NUMBER: _ClassVar[int]
    tasks: _containers.RepeatedCompositeFieldContainer[_task_pb2.TaskFamily]
    def __init__(self, tasks: _Optional[_Iterable[_Union[_task_pb2.TaskFamily, _Mapping]]] = ...) -> None: ...

class GetTaskRequest(_message.Message):
    __slots__ = ("name", "options")
    NAME_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    name: str
    options: _struct_pb2.Struct
    def __init__(self, name: _Optional[str] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class GetTaskResponse(_message.Message):
    __slots__ = ("family", "task")
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    family: _task_pb2.TaskFamily
    task: _task_pb2.TaskDescription
    def __init__(self, family: _Optional[_Union[_task_pb2.TaskFamily, _Mapping]] = ..., task: _Optional[_Union[_task_pb2.TaskDescription, _Mapping]] = ...) -> None: ...

class PlayRequest(_message.Message):
    __slots__ = ("hello", "open", "actions", "reset", "resume", "close")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    RESET_FIELD_NUMBER: _ClassVar[int]
    RESUME_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    hello: Hello
    open: Open
    actions: Actions
    reset: Reset
    resume: Resume
    close: Close
    def __init__(self, hello: _Optional[_Union[Hello, _Mapping]] = ..., open: _Optional[_Union[Open, _Mapping]] = ..., actions: _Optional[_Union[Actions, _Mapping]] = ..., reset: _Optional[_Union[Reset, _Mapping]] = ..., resume: _Optional[_Union[Resume, _Mapping]] = ..., close: _Optional[_Union[Close, _Mapping]] = ...) -> None: ...

class PlayResponse(_message.Message):
    __slots__ = ("welcome", "opened", "observations", "closed", "draining")
    WELCOME_FIELD_NUMBER: _ClassVar[int]
    OPENED_FIELD_NUMBER: _ClassVar[int]
    OBSERVATIONS_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FIELD_NUMBER: _ClassVar[int]
    DRAINING_FIELD_NUMBER: _ClassVar[int]
    welcome: Welcome
    opened: Opened
    observations: Observations
    closed: Closed
    draining: Draining
    def __init__(self, welcome: _Optional[_Union[Welcome, _Mapping]] = ..., opened: _Optional[_Union[Opened, _Mapping]] = ..., observations: _Optional[_Union[Observations, _Mapping]] = ..., closed: _Optional[_Union[Closed, _Mapping]] = ..., draining: _Optional[_Union[Draining, _Mapping]] = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ("min_protocol_version", "max_protocol_version", "agent", "agent_version", "language", "agent_options", "capabilities", "tasks", "entrant", "tournament_id", "num_envs", "collection_id", "entrant_key")
    MIN_PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    MAX_PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    AGENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    AGENT_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    ENTRANT_FIELD_NUMBER: _ClassVar[int]
    TOURNAMENT_ID_FIELD_NUMBER: _ClassVar[int]
    NUM_ENVS_FIELD_NUMBER: _ClassVar[int]
    COLLECTION_ID_FIELD_NUMBER: _ClassVar[int]
    ENTRANT_KEY_FIELD_NUMBER: _ClassVar[int]
    min_protocol_version: int
    max_protocol_version: int
    agent: str
    agent_version: str
    language: str
    agent_options: _struct_pb2.Struct
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    tasks: _containers.RepeatedScalarFieldContainer[str]
    entrant: str
    tournament_id: str
    num_envs: int
    collection_id: str
    entrant_key: str
    def __init__(self, min_protocol_version: _Optional[int] = ..., max_protocol_version: _Optional[int] = ..., agent: _Optional[str] = ..., agent_version: _Optional[str] = ..., language: _Optional[str] = ..., agent_options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., capabilities: _Optional[_Iterable[str]] = ..., tasks: _Optional[_Iterable[str]] = ..., entrant: _Optional[str] = ..., tournament_id: _Optional[str] = ..., num_envs: _Optional[int] = ..., collection_id: _Optional[str] = ..., entrant_key: _Optional[str] = ...) -> None: ...

class Welcome(_message.Message):
    __slots__ = ("protocol_version", "server_version", "session_id", "limits", "resume_token", "capabilities", "received", "restarted")
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    SERVER_VERSION_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_FIELD_NUMBER: _ClassVar[int]
    RESTARTED_FIELD_NUMBER: _ClassVar[int]
    protocol_version: int
    server_version: str
    session_id: str
    limits: Limits
    resume_token: str
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    received: int
    restarted: bool
    def __init__(self, protocol_version: _Optional[int] = ..., server_version: _Optional[str] = ..., session_id: _Optional[str] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., resume_token: _Optional[str] = ..., capabilities: _Optional[_Iterable[str]] = ..., received: _Optional[int] = ..., restarted: bool = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("max_envs", "max_trials", "max_message_bytes", "act_timeout_ms", "max_sessions", "max_steps_in_flight", "act_overtime_ms", "hello_timeout_ms", "max_hello_bytes", "max_connections", "max_connections_per_address", "max_streams_per_connection", "idle_timeout_ms", "keepalive_ms", "max_memory_bytes", "max_session_bytes", "max_trial_work", "max_reads", "max_matches", "max_schedules", "max_schedule_trials", "resume_ms", "max_act_timeout_ms")
    MAX_ENVS_FIELD_NUMBER: _ClassVar[int]
    MAX_TRIALS_FIELD_NUMBER: _ClassVar[int]
    MAX_MESSAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    ACT_TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    MAX_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    MAX_STEPS_IN_FLIGHT_FIELD_NUMBER: _ClassVar[int]
    ACT_OVERTIME_MS_FIELD_NUMBER: _ClassVar[int]
    HELLO_TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    MAX_HELLO_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    MAX_CONNECTIONS_PER_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    MAX_STREAMS_PER_CONNECTION_FIELD_NUMBER: _ClassVar[int]
    IDLE_TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    KEEPALIVE_MS_FIELD_NUMBER: _ClassVar[int]
    MAX_MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_SESSION_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_TRIAL_WORK_FIELD_NUMBER: _ClassVar[int]
    MAX_READS_FIELD_NUMBER: _ClassVar[int]
    MAX_MATCHES_FIELD_NUMBER: _ClassVar[int]
    MAX_SCHEDULES_FIELD_NUMBER: _ClassVar[int]
    MAX_SCHEDULE_TRIALS_FIELD_NUMBER: _ClassVar[int]
    RESUME_MS_FIELD_NUMBER: _ClassVar[int]
    MAX_ACT_TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    max_envs: int
    max_trials: int
    max_message_bytes: int
    act_timeout_ms: int
    max_sessions: int
    max_steps_in_flight: int
    act_overtime_ms: int
    hello_timeout_ms: int
    max_hello_bytes: int
    max_connections: int
    max_connections_per_address: int
    max_streams_per_connection: int
    idle_timeout_ms: int
    keepalive_ms: int
    max_memory_bytes: int
    max_session_bytes: int
    max_trial_work: int
    max_reads: int
    max_matches: int
    max_schedules: int
    max_schedule_trials: int
    resume_ms: int
    max_act_timeout_ms: int
    def __init__(self, max_envs: _Optional[int] = ..., max_trials: _Optional[int] = ..., max_message_bytes: _Optional[int] = ..., act_timeout_ms: _Optional[int] = ..., max_sessions: _Optional[int] = ..., max_steps_in_flight: _Optional[int] = ..., act_overtime_ms: _Optional[int] = ..., hello_timeout_ms: _Optional[int] = ..., max_hello_bytes: _Optional[int] = ..., max_connections: _Optional[int] = ..., max_connections_per_address: _Optional[int] = ..., max_streams_per_connection: _Optional[int] = ..., idle_timeout_ms: _Optional[int] = ..., keepalive_ms: _Optional[int] = ..., max_memory_bytes: _Optional[int] = ..., max_session_bytes: _Optional[int] = ..., max_trial_work: _Optional[int] = ..., max_reads: _Optional[int] = ..., max_matches: _Optional[int] = ..., max_schedules: _Optional[int] = ..., max_schedule_trials: _Optional[int] = ..., resume_ms: _Optional[int] = ..., max_act_timeout_ms: _Optional[int] = ...) -> None: ...

class Open(_message.Message):
    __slots__ = ("task", "options", "num_envs", "trials", "first_trial", "seed", "purpose", "explicit_seeds", "record", "tags", "label", "env_seeds", "act_timeout_ms", "instances")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    TASK_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    NUM_ENVS_FIELD_NUMBER: _ClassVar[int]
    TRIALS_FIELD_NUMBER: _ClassVar[int]
    FIRST_TRIAL_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    EXPLICIT_SEEDS_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    ENV_SEEDS_FIELD_NUMBER: _ClassVar[int]
    ACT_TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    task: str
    options: _struct_pb2.Struct
    num_envs: int
    trials: int
    first_trial: int
    seed: int
    purpose: str
    explicit_seeds: _containers.RepeatedCompositeFieldContainer[TrialSeeds]
    record: bool
    tags: _containers.ScalarMap[str, str]
    label: str
    env_seeds: _containers.RepeatedScalarFieldContainer[int]
    act_timeout_ms: int
    instances: int
    def __init__(self, task: _Optional[str] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., num_envs: _Optional[int] = ..., trials: _Optional[int] = ..., first_trial: _Optional[int] = ..., seed: _Optional[int] = ..., purpose: _Optional[str] = ..., explicit_seeds: _Optional[_Iterable[_Union[TrialSeeds, _Mapping]]] = ..., record: bool = ..., tags: _Optional[_Mapping[str, str]] = ..., label: _Optional[str] = ..., env_seeds: _Optional[_Iterable[int]] = ..., act_timeout_ms: _Optional[int] = ..., instances: _Optional[int] = ...) -> None: ...

class TrialSeeds(_message.Message):
    __slots__ = ("task_seed", "noise_seed", "agent_seed")
    TASK_SEED_FIELD_NUMBER: _ClassVar[int]
    NOISE_SEED_FIELD_NUMBER: _ClassVar[int]
    AGENT_SEED_FIELD_NUMBER: _ClassVar[int]
    task_seed: int
    noise_seed: int
    agent_seed: int
    def __init__(self, task_seed: _Optional[int] = ..., noise_seed: _Optional[int] = ..., agent_seed: _Optional[int] = ...) -> None: ...

class Opened(_message.Message):
    __slots__ = ("task", "num_envs", "trials", "agent_options", "want_probabilities", "tournament_id", "match_id", "collection_id", "label")
    TASK_FIELD_NUMBER: _ClassVar[int]
    NUM_ENVS_FIELD_NUMBER: _ClassVar[int]
    TRIALS_FIELD_NUMBER: _ClassVar[int]
    AGENT_OPTIONS_FIELD_NUMBER: _ClassVar[int]
    WANT_PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    TOURNAMENT_ID_FIELD_NUMBER: _ClassVar[int]
    MATCH_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTION_ID_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    task: _task_pb2.TaskDescription
    num_envs: int
    trials: int
    agent_options: _struct_pb2.Struct
    want_probabilities: bool
    tournament_id: str
    match_id: str
    collection_id: str
    label: str
    def __init__(self, task: _Optional[_Union[_task_pb2.TaskDescription, _Mapping]] = ..., num_envs: _Optional[int] = ..., trials: _Optional[int] = ..., agent_options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., want_probabilities: bool = ..., tournament_id: _Optional[str] = ..., match_id: _Optional[str] = ..., collection_id: _Optional[str] = ..., label: _Optional[str] = ...) -> None: ...

class Observations(_message.Message):
    __slots__ = ("step_index", "observation", "reward", "terminated", "truncated", "executed_action", "active", "final_observation", "trial_starts", "trial_ends", "durable_trials")
    STEP_INDEX_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    REWARD_FIELD_NUMBER: _ClassVar[int]
    TERMINATED_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    EXECUTED_ACTION_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_FIELD_NUMBER: _ClassVar[int]
    FINAL_OBSERVATION_FIELD_NUMBER: _ClassVar[int]
    TRIAL_STARTS_FIELD_NUMBER: _ClassVar[int]
    TRIAL_ENDS_FIELD_NUMBER: _ClassVar[int]
    DURABLE_TRIALS_FIELD_NUMBER: _ClassVar[int]
    step_index: int
    observation: _tensor_pb2.Tensor
    reward: _tensor_pb2.Tensor
    terminated: _tensor_pb2.Tensor
    truncated: _tensor_pb2.Tensor
    executed_action: _tensor_pb2.Tensor
    active: _tensor_pb2.Tensor
    final_observation: _tensor_pb2.Tensor
    trial_starts: _containers.RepeatedCompositeFieldContainer[TrialStart]
    trial_ends: _containers.RepeatedCompositeFieldContainer[TrialEnd]
    durable_trials: int
    def __init__(self, step_index: _Optional[int] = ..., observation: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., reward: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., terminated: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., truncated: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., executed_action: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., active: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., final_observation: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., trial_starts: _Optional[_Iterable[_Union[TrialStart, _Mapping]]] = ..., trial_ends: _Optional[_Iterable[_Union[TrialEnd, _Mapping]]] = ..., durable_trials: _Optional[int] = ...) -> None: ...

class TrialStart(_message.Message):
    __slots__ = ("env", "trial_index", "agent_seed", "trial_features", "task_seed", "noise_seed")
    ENV_FIELD_NUMBER: _ClassVar[int]
    TRIAL_INDEX_FIELD_NUMBER: _ClassVar[int]
    AGENT_SEED_FIELD_NUMBER: _ClassVar[int]
    TRIAL_FEATURES_FIELD_NUMBER: _ClassVar[int]
    TASK_SEED_FIELD_NUMBER: _ClassVar[int]
    NOISE_SEED_FIELD_NUMBER: _ClassVar[int]
    env: int
    trial_index: int
    agent_seed: int
    trial_features: _tensor_pb2.Tensor
    task_seed: int
    noise_seed: int
    def __init__(self, env: _Optional[int] = ..., trial_index: _Optional[int] = ..., agent_seed: _Optional[int] = ..., trial_features: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., task_seed: _Optional[int] = ..., noise_seed: _Optional[int] = ...) -> None: ...

class TrialEnd(_message.Message):
    __slots__ = ("env", "trial_index", "trial_return", "optimal_value", "regret", "complete")
    ENV_FIELD_NUMBER: _ClassVar[int]
    TRIAL_INDEX_FIELD_NUMBER: _ClassVar[int]
    TRIAL_RETURN_FIELD_NUMBER: _ClassVar[int]
    OPTIMAL_VALUE_FIELD_NUMBER: _ClassVar[int]
    REGRET_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    env: int
    trial_index: int
    trial_return: float
    optimal_value: float
    regret: float
    complete: bool
    def __init__(self, env: _Optional[int] = ..., trial_index: _Optional[int] = ..., trial_return: _Optional[float] = ..., optimal_value: _Optional[float] = ..., regret: _Optional[float] = ..., complete: bool = ...) -> None: ...

class Actions(_message.Message):
    __slots__ = ("step_index", "actions", "propensities", "probabilities", "hold")
    STEP_INDEX_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    PROPENSITIES_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    HOLD_FIELD_NUMBER: _ClassVar[int]
    step_index: int
    actions: _tensor_pb2.Tensor
    propensities: _tensor_pb2.Tensor
    probabilities: _tensor_pb2.Tensor
    hold: _tensor_pb2.Tensor
    def __init__(self, step_index: _Optional[int] = ..., actions: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., propensities: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., probabilities: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ..., hold: _Optional[_Union[_tensor_pb2.Tensor, _Mapping]] = ...) -> None: ...

class Reset(_message.Message):
    __slots__ = ("step_index", "envs", "seeds", "mode")
    STEP_INDEX_FIELD_NUMBER: _ClassVar[int]
    ENVS_FIELD_NUMBER: _ClassVar[int]
    SEEDS_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    step_index: int
    envs: _containers.RepeatedScalarFieldContainer[int]
    seeds: _containers.RepeatedCompositeFieldContainer[TrialSeeds]
    mode: ResetMode
    def __init__(self, step_index: _Optional[int] = ..., envs: _Optional[_Iterable[int]] = ..., seeds: _Optional[_Iterable[_Union[TrialSeeds, _Mapping]]] = ..., mode: _Optional[_Union[ResetMode, str]] = ...) -> None: ...

class Resume(_message.Message):
    __slots__ = ("resume_token", "received")
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_FIELD_NUMBER: _ClassVar[int]
    resume_token: str
    received: int
    def __init__(self, resume_token: _Optional[str] = ..., received: _Optional[int] = ...) -> None: ...

class Close(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class Closed(_message.Message):
    __slots__ = ("complete_trials", "incomplete_trials", "episodes", "steps", "durable_trials", "finished")
    COMPLETE_TRIALS_FIELD_NUMBER: _ClassVar[int]
    INCOMPLETE_TRIALS_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    DURABLE_TRIALS_FIELD_NUMBER: _ClassVar[int]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    complete_trials: int
    incomplete_trials: int
    episodes: int
    steps: int
    durable_trials: int
    finished: bool
    def __init__(self, complete_trials: _Optional[int] = ..., incomplete_trials: _Optional[int] = ..., episodes: _Optional[int] = ..., steps: _Optional[int] = ..., durable_trials: _Optional[int] = ..., finished: bool = ...) -> None: ...

class Draining(_message.Message):
    __slots__ = ("deadline_ms",)
    DEADLINE_MS_FIELD_NUMBER: _ClassVar[int]
    deadline_ms: int
    def __init__(self, deadline_ms: _Optional[int] = ...) -> None: ...
