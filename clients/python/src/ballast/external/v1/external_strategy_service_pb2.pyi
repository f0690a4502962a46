from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor
FAULT_FAILED: Fault
FAULT_LATE: Fault
FAULT_NOT_CONNECTED: Fault
FAULT_NO_ANSWER: Fault
FAULT_TWICE: Fault
FAULT_UNREADABLE: Fault
FAULT_UNSPECIFIED: Fault
PARAMETER_TYPE_DECIMAL: ParameterType
PARAMETER_TYPE_INTEGER: ParameterType
PARAMETER_TYPE_UNSPECIFIED: ParameterType
QUOTE_SOURCE_MARKET: QuoteSource
QUOTE_SOURCE_MODEL: QuoteSource
QUOTE_SOURCE_UNSPECIFIED: QuoteSource
SIGNAL_LONG: Signal
SIGNAL_NONE: Signal
SIGNAL_OUT: Signal
SIGNAL_SHORT: Signal
SIGNAL_UNSPECIFIED: Signal

class Answer(_message.Message):
    __slots__ = ["deployment_id", "failure", "inputs", "quantity", "reason", "sequence", "signal", "stop_price", "strength", "target_price"]
    class InputsEntry(_message.Message):
        __slots__ = ["key", "value"]
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    DEPLOYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    STOP_PRICE_FIELD_NUMBER: _ClassVar[int]
    STRENGTH_FIELD_NUMBER: _ClassVar[int]
    TARGET_PRICE_FIELD_NUMBER: _ClassVar[int]
    deployment_id: str
    failure: str
    inputs: _containers.ScalarMap[str, str]
    quantity: str
    reason: str
    sequence: int
    signal: Signal
    stop_price: str
    strength: str
    target_price: str
    def __init__(self, deployment_id: _Optional[str] = ..., sequence: _Optional[int] = ..., signal: _Optional[_Union[Signal, str]] = ..., strength: _Optional[str] = ..., reason: _Optional[str] = ..., inputs: _Optional[_Mapping[str, str]] = ..., failure: _Optional[str] = ..., quantity: _Optional[str] = ..., stop_price: _Optional[str] = ..., target_price: _Optional[str] = ...) -> None: ...

class AnswerRefused(_message.Message):
    __slots__ = ["deployment_id", "fault", "message", "sequence"]
    DEPLOYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    FAULT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    deployment_id: str
    fault: Fault
    message: str
    sequence: int
    def __init__(self, deployment_id: _Optional[str] = ..., sequence: _Optional[int] = ..., fault: _Optional[_Union[Fault, str]] = ..., message: _Optional[str] = ...) -> None: ...

class Bar(_message.Message):
    __slots__ = ["close", "high", "low", "open", "sequence", "start_time", "symbol", "volume"]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    close: str
    high: str
    low: str
    open: str
    sequence: int
    start_time: _timestamp_pb2.Timestamp
    symbol: str
    volume: str
    def __init__(self, sequence: _Optional[int] = ..., symbol: _Optional[str] = ..., start_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., open: _Optional[str] = ..., high: _Optional[str] = ..., low: _Optional[str] = ..., close: _Optional[str] = ..., volume: _Optional[str] = ...) -> None: ...

class Bars(_message.Message):
    __slots__ = ["bars", "deployment_id", "history"]
    BARS_FIELD_NUMBER: _ClassVar[int]
    DEPLOYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    bars: _containers.RepeatedCompositeFieldContainer[Bar]
    deployment_id: str
    history: bool
    def __init__(self, deployment_id: _Optional[str] = ..., history: bool = ..., bars: _Optional[_Iterable[_Union[Bar, _Mapping]]] = ...) -> None: ...

class ConnectRequest(_message.Message):
    __slots__ = ["answer", "registration"]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    REGISTRATION_FIELD_NUMBER: _ClassVar[int]
    answer: Answer
    registration: Registration
    def __init__(self, registration: _Optional[_Union[Registration, _Mapping]] = ..., answer: _Optional[_Union[Answer, _Mapping]] = ...) -> None: ...

class ConnectResponse(_message.Message):
    __slots__ = ["bars", "closed", "opened", "quotes", "refused", "registered"]
    BARS_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FIELD_NUMBER: _ClassVar[int]
    OPENED_FIELD_NUMBER: _ClassVar[int]
    QUOTES_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_FIELD_NUMBER: _ClassVar[int]
    bars: Bars
    closed: DeploymentClosed
    opened: DeploymentOpened
    quotes: Quotes
    refused: AnswerRefused
    registered: Registered
    def __init__(self, registered: _Optional[_Union[Registered, _Mapping]] = ..., opened: _Optional[_Union[DeploymentOpened, _Mapping]] = ..., bars: _Optional[_Union[Bars, _Mapping]] = ..., closed: _Optional[_Union[DeploymentClosed, _Mapping]] = ..., refused: _Optional[_Union[AnswerRefused, _Mapping]] = ..., quotes: _Optional[_Union[Quotes, _Mapping]] = ...) -> None: ...

class DeploymentClosed(_message.Message):
    __slots__ = ["deployment_id", "reason"]
    DEPLOYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    deployment_id: str
    reason: str
    def __init__(self, deployment_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class DeploymentOpened(_message.Message):
    __slots__ = ["account_id", "deployment_id", "parameters", "quote_source", "symbols", "timeframe"]
    class ParametersEntry(_message.Message):
        __slots__ = ["key", "value"]
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    DEPLOYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    QUOTE_SOURCE_FIELD_NUMBER: _ClassVar[int]
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    TIMEFRAME_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    deployment_id: str
    parameters: _containers.ScalarMap[str, str]
    quote_source: QuoteSource
    symbols: _containers.RepeatedScalarFieldContainer[str]
    timeframe: str
    def __init__(self, deployment_id: _Optional[str] = ..., parameters: _Optional[_Mapping[str, str]] = ..., symbols: _Optional[_Iterable[str]] = ..., timeframe: _Optional[str] = ..., account_id: _Optional[str] = ..., quote_source: _Optional[_Union[QuoteSource, str]] = ...) -> None: ...

class Parameter(_message.Message):
    __slots__ = ["default_value", "description", "maximum", "minimum", "name", "type"]
    DEFAULT_VALUE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    MAXIMUM_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    default_value: str
    description: str
    maximum: str
    minimum: str
    name: str
    type: ParameterType
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., type: _Optional[_Union[ParameterType, str]] = ..., default_value: _Optional[str] = ..., minimum: _Optional[str] = ..., maximum: _Optional[str] = ...) -> None: ...

class Quote(_message.Message):
    __slots__ = ["ask_price", "ask_size", "bid_price", "bid_size", "halted", "last_price", "quote_time", "session_open", "stale", "symbol"]
    ASK_PRICE_FIELD_NUMBER: _ClassVar[int]
    ASK_SIZE_FIELD_NUMBER: _ClassVar[int]
    BID_PRICE_FIELD_NUMBER: _ClassVar[int]
    BID_SIZE_FIELD_NUMBER: _ClassVar[int]
    HALTED_FIELD_NUMBER: _ClassVar[int]
    LAST_PRICE_FIELD_NUMBER: _ClassVar[int]
    QUOTE_TIME_FIELD_NUMBER: _ClassVar[int]
    SESSION_OPEN_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    ask_price: str
    ask_size: str
    bid_price: str
    bid_size: str
    halted: bool
    last_price: str
    quote_time: _timestamp_pb2.Timestamp
    session_open: bool
    stale: bool
    symbol: str
    def __init__(self, symbol: _Optional[str] = ..., quote_time: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., bid_price: _Optional[str] = ..., bid_size: _Optional[str] = ..., ask_price: _Optional[str] = ..., ask_size: _Optional[str] = ..., last_price: _Optional[str] = ..., session_open: bool = ..., halted: bool = ..., stale: bool = ...) -> None: ...

class Quotes(_message.Message):
    __slots__ = ["deployment_id", "omitted", "quotes"]
    DEPLOYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    OMITTED_FIELD_NUMBER: _ClassVar[int]
    QUOTES_FIELD_NUMBER: _ClassVar[int]
    deployment_id: str
    omitted: int
    quotes: _containers.RepeatedCompositeFieldContainer[Quote]
    def __init__(self, deployment_id: _Optional[str] = ..., quotes: _Optional[_Iterable[_Union[Quote, _Mapping]]] = ..., omitted: _Optional[int] = ...) -> None: ...

class Registered(_message.Message):
    __slots__ = ["answer_window_ms", "strategy_id"]
    ANSWER_WINDOW_MS_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_ID_FIELD_NUMBER: _ClassVar[int]
    answer_window_ms: int
    strategy_id: str
    def __init__(self, strategy_id: _Optional[str] = ..., answer_window_ms: _Optional[int] = ...) -> None: ...

class Registration(_message.Message):
    __slots__ = ["description", "display_name", "name", "parameters", "quotes", "take_over", "version", "warmup_bars"]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    QUOTES_FIELD_NUMBER: _ClassVar[int]
    TAKE_OVER_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    WARMUP_BARS_FIELD_NUMBER: _ClassVar[int]
    description: str
    display_name: str
    name: str
    parameters: _containers.RepeatedCompositeFieldContainer[Parameter]
    quotes: bool
    take_over: bool
    version: str
    warmup_bars: int
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., display_name: _Optional[str] = ..., description: _Optional[str] = ..., parameters: _Optional[_Iterable[_Union[Parameter, _Mapping]]] = ..., warmup_bars: _Optional[int] = ..., take_over: bool = ..., quotes: bool = ...) -> None: ...

class ParameterType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class Signal(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class QuoteSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []

class Fault(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = []
