from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RewardKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REWARD_KIND_UNSPECIFIED: _ClassVar[RewardKind]
    REWARD_KIND_GAUSSIAN: _ClassVar[RewardKind]
    REWARD_KIND_BERNOULLI: _ClassVar[RewardKind]
    REWARD_KIND_DETERMINISTIC: _ClassVar[RewardKind]
REWARD_KIND_UNSPECIFIED: RewardKind
REWARD_KIND_GAUSSIAN: RewardKind
REWARD_KIND_BERNOULLI: RewardKind
REWARD_KIND_DETERMINISTIC: RewardKind

class ObservationSpace(_message.Message):
    __slots__ = ("none", "discrete", "box")
    NONE_FIELD_NUMBER: _ClassVar[int]
    DISCRETE_FIELD_NUMBER: _ClassVar[int]
    BOX_FIELD_NUMBER: _ClassVar[int]
    none: NoObservation
    discrete: DiscreteSpace
    box: BoxSpace
    def __init__(self, none: _Optional[_Union[NoObservation, _Mapping]] = ..., discrete: _Optional[_Union[DiscreteSpace, _Mapping]] = ..., box: _Optional[_Union[BoxSpace, _Mapping]] = ...) -> None: ...

class NoObservation(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DiscreteSpace(_message.Message):
    __slots__ = ("n",)
    N_FIELD_NUMBER: _ClassVar[int]
    n: int
    def __init__(self, n: _Optional[int] = ...) -> None: ...

class BoxSpace(_message.Message):
    __slots__ = ("shape", "low", "high")
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    shape: _containers.RepeatedScalarFieldContainer[int]
    low: float
    high: float
    def __init__(self, shape: _Optional[_Iterable[int]] = ..., low: _Optional[float] = ..., high: _Optional[float] = ...) -> None: ...

class RewardSpec(_message.Message):
    __slots__ = ("kind", "min", "max", "noise_std")
    KIND_FIELD_NUMBER: _ClassVar[int]
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    NOISE_STD_FIELD_NUMBER: _ClassVar[int]
    kind: RewardKind
    min: float
    max: float
    noise_std: float
    def __init__(self, kind: _Optional[_Union[RewardKind, str]] = ..., min: _Optional[float] = ..., max: _Optional[float] = ..., noise_std: _Optional[float] = ...) -> None: ...

class TaskDescription(_message.Message):
    __slots__ = ("name", "version", "options", "kinds", "num_actions", "observation_space", "trial_features_shape", "horizon", "episodes", "reward", "trial_features_low", "trial_features_high")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    NUM_ACTIONS_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_SPACE_FIELD_NUMBER: _ClassVar[int]
    TRIAL_FEATURES_SHAPE_FIELD_NUMBER: _ClassVar[int]
    HORIZON_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    REWARD_FIELD_NUMBER: _ClassVar[int]
    TRIAL_FEATURES_LOW_FIELD_NUMBER: _ClassVar[int]
    TRIAL_FEATURES_HIGH_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    options: _struct_pb2.Struct
    kinds: _containers.RepeatedScalarFieldContainer[str]
    num_actions: int
    observation_space: ObservationSpace
    trial_features_shape: _containers.RepeatedScalarFieldContainer[int]
    horizon: int
    episodes: int
    reward: RewardSpec
    trial_features_low: float
    trial_features_high: float
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., kinds: _Optional[_Iterable[str]] = ..., num_actions: _Optional[int] = ..., observation_space: _Optional[_Union[ObservationSpace, _Mapping]] = ..., trial_features_shape: _Optional[_Iterable[int]] = ..., horizon: _Optional[int] = ..., episodes: _Optional[int] = ..., reward: _Optional[_Union[RewardSpec, _Mapping]] = ..., trial_features_low: _Optional[float] = ..., trial_features_high: _Optional[float] = ...) -> None: ...

class OptionDescription(_message.Message):
    __slots__ = ("name", "type", "default_value", "help", "min", "max", "choices")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_VALUE_FIELD_NUMBER: _ClassVar[int]
    HELP_FIELD_NUMBER: _ClassVar[int]
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    CHOICES_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: str
    default_value: _struct_pb2.Value
    help: str
    min: float
    max: float
    choices: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., type: _Optional[str] = ..., default_value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., help: _Optional[str] = ..., min: _Optional[float] = ..., max: _Optional[float] = ..., choices: _Optional[_Iterable[str]] = ...) -> None: ...

class TaskFamily(_message.Message):
    __slots__ = ("name", "version", "summary", "options", "default_task", "source")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_TASK_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    summary: str
    options: _containers.RepeatedCompositeFieldContainer[OptionDescription]
    default_task: TaskDescription
    source: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ..., summary: _Optional[str] = ..., options: _Optional[_Iterable[_Union[OptionDescription, _Mapping]]] = ..., default_task: _Optional[_Union[TaskDescription, _Mapping]] = ..., source: _Optional[str] = ...) -> None: ...
