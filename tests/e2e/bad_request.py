"""The violated fields of a refusal, from the google.rpc.BadRequest in its details."""
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory


def _messages():
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="rpc_by_hand.proto", package="google.rpc", syntax="proto3",
                                              dependency=["google/protobuf/any.proto"])
    status = file.message_type.add(name="Status")
    status.field.add(name="details", number=3, label=kinds.LABEL_REPEATED, type=kinds.TYPE_MESSAGE,
                     type_name=".google.protobuf.Any")
    bad = file.message_type.add(name="BadRequest")
    violation = bad.nested_type.add(name="FieldViolation")
    for number, name in enumerate(("field", "description"), 1):
        violation.field.add(name=name, number=number, label=kinds.LABEL_OPTIONAL, type=kinds.TYPE_STRING)
    bad.field.add(name="field_violations", number=1, label=kinds.LABEL_REPEATED, type=kinds.TYPE_MESSAGE,
                  type_name=".google.rpc.BadRequest.FieldViolation")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(any_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return [factory.GetPrototype(pool.FindMessageTypeByName("google.rpc." + name)) for name in ("Status", "BadRequest")]


_STATUS, _BAD_REQUEST = _messages()


def violations_of(refused):
    """[(field, description)] of a grpc.RpcError; empty when it carries none."""
    details = dict(refused.trailing_metadata()).get("grpc-status-details-bin")
    found = []
    for detail in _STATUS.FromString(details or b"").details:
        if detail.type_url.endswith("/google.rpc.BadRequest"):
            found += [(one.field, one.description) for one in _BAD_REQUEST.FromString(detail.value).field_violations]
    return found
