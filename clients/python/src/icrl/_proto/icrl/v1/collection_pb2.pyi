from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CollectionState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COLLECTION_STATE_UNSPECIFIED: _ClassVar[CollectionState]
    COLLECTION_STATE_RUNNING: _ClassVar[CollectionState]
    COLLECTION_STATE_FINISHED: _ClassVar[CollectionState]
    COLLECTION_STATE_FAILED: _ClassVar[CollectionState]
    COLLECTION_STATE_CANCELLED: _ClassVar[CollectionState]
COLLECTION_STATE_UNSPECIFIED: CollectionState
COLLECTION_STATE_RUNNING: CollectionState
COLLECTION_STATE_FINISHED: CollectionState
COLLECTION_STATE_FAILED: CollectionState
COLLECTION_STATE_CANCELLED: CollectionState

class CollectionSpec(_message.Message):
    __slots__ = ("name", "seed", "tasks", "behaviours")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    BEHAVIOURS_FIELD_NUMBER: _ClassVar[int]
    name: str
    seed: int
    tasks: _containers.RepeatedCompositeFieldContainer[CollectionTask]
    behaviours: _containers.RepeatedCompositeFieldContainer[Behaviour]
    def __init__(self, name: _Optional[str] = ..., seed: _Optional[int] = ..., tasks: _Optional[_Iterable[_Union[CollectionTask, _Mapping]]] = ..., behaviours: _Optional[_Iterable[_Union[Behaviour, _Mapping]]] = ...) -> None: ...

class CollectionTask(_message.Message):
    __slots__ = ("id", "task", "options", "trials", "instances")
    ID_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    TRIALS_FIELD_NUMBER: _ClassVar[int]
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    id: str
    task: str
    options: _struct_pb2.Struct
    trials: int
    instances: int
    def __init__(self, id: _Optional[str] = ..., task: _Optional[str] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., trials: _Optional[int] = ..., instances: _Optional[int] = ...) -> None: ...

class Behaviour(_message.Message):
    __slots__ = ("name", "agent", "options", "weight")
    NAME_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    name: str
    agent: str
    options: _struct_pb2.Struct
    weight: float
    def __init__(self, name: _Optional[str] = ..., agent: _Optional[str] = ..., options: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., weight: _Optional[float] = ...) -> None: ...

class Collection(_message.Message):
    __slots__ = ("id", "spec", "state", "parts")
    ID_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    id: str
    spec: CollectionSpec
    state: CollectionState
    parts: _containers.RepeatedCompositeFieldContainer[CollectionPart]
    def __init__(self, id: _Optional[str] = ..., spec: _Optional[_Union[CollectionSpec, _Mapping]] = ..., state: _Optional[_Union[CollectionState, str]] = ..., parts: _Optional[_Iterable[_Union[CollectionPart, _Mapping]]] = ...) -> None: ...

class CollectionPart(_message.Message):
    __slots__ = ("task_id", "behaviour", "complete_trials", "trials", "steps", "failure_reason", "max_steps")
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    BEHAVIOUR_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_TRIALS_FIELD_NUMBER: _ClassVar[int]
    TRIALS_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    FAILURE_REASON_FIELD_NUMBER: _ClassVar[int]
    MAX_STEPS_FIELD_NUMBER: _ClassVar[int]
    task_id: str
    behaviour: str
    complete_trials: int
    trials: int
    steps: int
    failure_reason: str
    max_steps: int
    def __init__(self, task_id: _Optional[str] = ..., behaviour: _Optional[str] = ..., complete_trials: _Optional[int] = ..., trials: _Optional[int] = ..., steps: _Optional[int] = ..., failure_reason: _Optional[str] = ..., max_steps: _Optional[int] = ...) -> None: ...

class CreateCollectionRequest(_message.Message):
    __slots__ = ("spec", "owner_key")
    SPEC_FIELD_NUMBER: _ClassVar[int]
    OWNER_KEY_FIELD_NUMBER: _ClassVar[int]
    spec: CollectionSpec
    owner_key: str
    def __init__(self, spec: _Optional[_Union[CollectionSpec, _Mapping]] = ..., owner_key: _Optional[str] = ...) -> None: ...

class CreateCollectionResponse(_message.Message):
    __slots__ = ("collection",)
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    collection: Collection
    def __init__(self, collection: _Optional[_Union[Collection, _Mapping]] = ...) -> None: ...

class WatchCollectionRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class WatchCollectionResponse(_message.Message):
    __slots__ = ("collection",)
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    collection: Collection
    def __init__(self, collection: _Optional[_Union[Collection, _Mapping]] = ...) -> None: ...

class ListCollectionsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListCollectionsResponse(_message.Message):
    __slots__ = ("collections", "next_page_token")
    COLLECTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    collections: _containers.RepeatedCompositeFieldContainer[Collection]
    next_page_token: str
    def __init__(self, collections: _Optional[_Iterable[_Union[Collection, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CancelCollectionRequest(_message.Message):
    __slots__ = ("id", "owner_key")
    ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_KEY_FIELD_NUMBER: _ClassVar[int]
    id: str
    owner_key: str
    def __init__(self, id: _Optional[str] = ..., owner_key: _Optional[str] = ...) -> None: ...

class CancelCollectionResponse(_message.Message):
    __slots__ = ("collection",)
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    collection: Collection
    def __init__(self, collection: _Optional[_Union[Collection, _Mapping]] = ...) -> None: ...
