"""Whether our definition of dm_env_rpc is DeepMind's: prints what differs, as JSON.

    python dm_env_rpc_definition.py DESCRIPTORS

DESCRIPTORS is a FileDescriptorSet with our files. Compared is what is on the wire, and what clients name: messages, enums, services, with
names, numbers, types, labels, oneofs and reserved numbers. The message of an error may have another name: it is google.rpc.Status by its numbers.
"""

import json
import sys
from pathlib import Path

from dm_env_rpc.v1 import dm_env_rpc_pb2
from dm_env_rpc.v1.extensions import properties_pb2
from google.protobuf import descriptor_pb2

STATUS = ("google.rpc.Status", "icrl.v1.Status")


def said(file: descriptor_pb2.FileDescriptorProto) -> dict[str, str]:
    """Every part of a file, by its name, as text."""
    parts: dict[str, str] = {}

    def add(path: str, message: descriptor_pb2.DescriptorProto) -> None:
        for field in message.field:
            field.ClearField("json_name")
            field.ClearField("options")
            if field.type_name.lstrip(".") in STATUS:
                field.type_name = "STATUS"
            parts[f"{path}.{field.name}"] = str(field)
        parts[path] = str([str(one) for one in [*message.oneof_decl, *message.reserved_range]]) + str(message.options)
        for nested in message.nested_type:
            add(f"{path}.{nested.name}", nested)

    for message in file.message_type:
        add(f"{file.package}.{message.name}", message)
    for enum in file.enum_type:
        parts[f"{file.package}.{enum.name}"] = str(enum)
    for service in file.service:
        for method in service.method:
            method.ClearField("options")
        parts[f"{file.package}.{service.name}"] = str(service)
    return parts


def main() -> None:
    ours = descriptor_pb2.FileDescriptorSet.FromString(Path(sys.argv[1]).read_bytes())
    by_name = {file.name: file for file in ours.file}
    compared = 0
    differences = []
    for module in (dm_env_rpc_pb2, properties_pb2):
        theirs = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(theirs)
        mine, other = said(by_name[theirs.name]), said(theirs)
        compared += len(other)
        differences += [{"what": name, "ours": mine.get(name), "theirs": other.get(name)} for name in sorted({*mine, *other}) if mine.get(name) != other.get(name)]
    print(json.dumps({"compared": compared, "differences": differences}))


main()
