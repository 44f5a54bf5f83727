"""The descriptors of the protocol, apart from those of all other packages: see generate_stubs.py."""

from google.protobuf import any_pb2, descriptor_pool, message_factory, struct_pb2, timestamp_pb2

POOL = descriptor_pool.DescriptorPool()
for _module in (any_pb2, struct_pb2, timestamp_pb2):
    _file = POOL.AddSerializedFile(_module.DESCRIPTOR.serialized_pb)
    for _message in _file.message_types_by_name.values():
        message_factory.GetMessageClass(_message)
