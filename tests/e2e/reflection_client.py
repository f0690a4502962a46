"""A gRPC client that knows nothing: every message and method comes from the server's reflection."""
import queue

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_TYPE = descriptor_pb2.FieldDescriptorProto


def _reflection_messages():
    """grpc.reflection.v1alpha, as far as it is used here."""
    file = descriptor_pb2.FileDescriptorProto(name="reflection_by_hand.proto", package="by_hand", syntax="proto3")

    def message(type_name, **fields):
        described = file.message_type.add(name=type_name)
        for field, (number, kind, label) in fields.items():
            one = described.field.add(name=field, number=number, label=label)
            if isinstance(kind, str):
                one.type, one.type_name = _TYPE.TYPE_MESSAGE, ".by_hand." + kind
            else:
                one.type = kind

    single, many = _TYPE.LABEL_OPTIONAL, _TYPE.LABEL_REPEATED
    message("Request", file_by_filename=(3, _TYPE.TYPE_STRING, single), file_containing_symbol=(4, _TYPE.TYPE_STRING, single),
            list_services=(7, _TYPE.TYPE_STRING, single))
    message("Files", file_descriptor_proto=(1, _TYPE.TYPE_BYTES, many))
    message("Service", name=(1, _TYPE.TYPE_STRING, single))
    message("Services", service=(1, "Service", many))
    message("Error", error_code=(1, _TYPE.TYPE_INT32, single), error_message=(2, _TYPE.TYPE_STRING, single))
    message("Response", files=(4, "Files", single), services=(6, "Services", single), error=(7, "Error", single))
    # An empty list_services is a question too, so the three are one oneof.
    request = file.message_type[0]
    request.oneof_decl.add(name="question")
    for field in request.field:
        field.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return [factory.GetPrototype(pool.FindMessageTypeByName("by_hand." + name)) for name in ("Request", "Response")]


class Reflection:
    def __init__(self, channel):
        self.channel = channel
        self.request_class, response_class = _reflection_messages()
        self.requests = queue.Queue()
        self.answers = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                                             request_serializer=self.request_class.SerializeToString,
                                             response_deserializer=response_class.FromString)(iter(self.requests.get, None))
        self.pool = descriptor_pool.DescriptorPool()
        self.factory = message_factory.MessageFactory(self.pool)
        self.files = {}

    def close(self):
        self.requests.put(None)

    def ask(self, **question):
        self.requests.put(self.request_class(**question))
        answer = next(self.answers)
        if answer.HasField("error"):
            raise KeyError(f"{question}: {answer.error.error_message}")
        return answer

    def services(self):
        return [service.name for service in self.ask(list_services="").services.service]

    def _add(self, answer):
        """Puts the files into the pool, what they import first."""
        def files_of(one):
            return [descriptor_pb2.FileDescriptorProto.FromString(data) for data in one.files.file_descriptor_proto]

        fresh, waiting = [], files_of(answer)
        while waiting:
            file = waiting.pop()
            if file.name in self.files:
                continue
            self.files[file.name] = file
            fresh.append(file)
            for needed in file.dependency:
                if needed not in self.files:
                    waiting += files_of(self.ask(file_by_filename=needed))
        added = set(self.files) - {file.name for file in fresh}
        # Imports have no circle, so each round adds at least one.
        while fresh:
            ready = [file for file in fresh if added.issuperset(file.dependency)]
            assert ready, f"an import is missing of {[file.name for file in fresh]}"
            for file in ready:
                self.pool.Add(file)
                added.add(file.name)
            fresh = [file for file in fresh if file.name not in added]

    def service(self, name):
        """An object with one callable per method; `message(**fields)` of each makes its request."""
        try:
            self.pool.FindServiceByName(name)
        except KeyError:
            self._add(self.ask(file_containing_symbol=name))
        described = self.pool.FindServiceByName(name)
        proto = descriptor_pb2.FileDescriptorProto()
        described.file.CopyToProto(proto)
        streams = {method.name: (method.client_streaming, method.server_streaming)
                   for one in proto.service if one.name == described.name for method in one.method}
        methods = {}
        for method in described.methods:
            kind = {(False, False): self.channel.unary_unary, (False, True): self.channel.unary_stream,
                    (True, False): self.channel.stream_unary, (True, True): self.channel.stream_stream}[streams[method.name]]
            request_class = self.factory.GetPrototype(method.input_type)
            methods[method.name] = _method(
                kind(f"/{name}/{method.name}", request_serializer=request_class.SerializeToString,
                     response_deserializer=self.factory.GetPrototype(method.output_type).FromString), request_class)
        return type(described.name, (), methods)

    def enum(self, name, value):
        return self.pool.FindEnumTypeByName(name).values_by_name[value].number


def _method(call, request_class):
    def ask(timeout=10, **fields):
        return call(request_class(**fields), timeout=timeout)

    return staticmethod(ask)
