"""Requests the services must refuse: (process, package, service, RPC, fields, code, violated field or None)."""
PAGES_WRONG = (-1, 100_000, -2147483648, 2147483647)
TOKENS_WRONG = ("abc", "-1", "0", "1.2.3", "9" * 30, "'; DROP TABLE event; --", "1 ", "0x1", "é")
IDS_WRONG = ("", "a b", "a/b", "x" * 1000, "é", "'; DROP TABLE event; --", "\0", "\n")
BAD, MISSING = "INVALID_ARGUMENT", "NOT_FOUND"


def pages(process, package, service, rpc, fields):
    for size in PAGES_WRONG:
        yield process, package, service, rpc, {**fields, "page_size": size}, BAD, "page_size"
    for token in TOKENS_WRONG:
        yield process, package, service, rpc, {**fields, "page_token": token}, BAD, "page_token"


def ids(process, package, service, rpc, field, more, unknown="nothing"):
    for value in IDS_WRONG:
        yield process, package, service, rpc, {**more, field: value}, BAD, field
    if unknown:
        yield process, package, service, rpc, {**more, field: unknown}, MISSING, None


def positions():
    at = ("positions", "position", "PositionService")
    for rpc in ("ListPositions", "GetAccountSummary", "ListBookSummaries", "ListTrades", "ListFills", "ListEquityPoints",
                "VerifyAccount"):
        yield from ids(*at, rpc, "account_id", {})
    for rpc in ("ListTrades", "ListFills"):
        yield from pages(*at, rpc, {"account_id": "paper"})
        for field in ("deployment_id", "symbol"):
            for value in IDS_WRONG[1:]:
                yield *at, rpc, {"account_id": "paper", field: value}, BAD, field
    decided = {"account_id": "paper", "order_id": "nothing", "handling": "EXTERNAL_HANDLING_ADOPT", "reason": "test"}
    yield from ids(*at, "DecideExternal", "order_id", decided)
    yield from ids(*at, "DecideExternal", "account_id", decided)
    for changed, field in (({"reason": ""}, "reason"), ({"handling": 0}, "handling"), ({"handling": 99}, "handling"),
                           ({"deployment_id": "d"}, "deployment_id")):
        yield *at, "DecideExternal", {**decided, **changed}, BAD, field
    for limit in (-1, 5001, -2147483648):
        yield *at, "ListEquityPoints", {"account_id": "paper", "limit": limit}, BAD, "limit"


def strategies(deployment):
    at = ("strategy_runner", "strategy", "StrategyService")
    for rpc in ("StartDeployment", "PauseDeployment", "ResumeDeployment", "StopDeployment", "GetDeployment", "ListDecisions"):
        yield from ids(*at, rpc, "deployment_id", {})
    yield from pages(*at, "ListDecisions", {"deployment_id": deployment})
    for account in IDS_WRONG[1:]:
        yield *at, "ListDeployments", {"account_id": account}, BAD, "account_id"
    for reason in IDS_WRONG[1:]:
        yield *at, "StopDeployment", {"deployment_id": deployment, "reason": reason}, BAD, "reason"
    for rpc in ("CreateDeployment", "CheckPrerequisites"):
        yield *at, rpc, {}, BAD, "spec.strategy_id"
        yield *at, rpc, {"spec": {"strategy_id": "ema_cross", "symbols": ["AAPL"], "timeframe": "1d"}}, BAD, "spec.account_id"
    for key in IDS_WRONG:
        yield *at, "CreateDeployment", {"request_id": key}, BAD, "request_id"


def alerts():
    at = ("alerts", "alert", "AlertService")
    yield from pages(*at, "ListAlerts", {})
    for level in (-1, 5, 99):
        yield *at, "ListAlerts", {"min_level": level}, BAD, "min_level"
    for alert in (999_999, 2**63 - 1, 2**63, 2**64 - 1):
        yield *at, "AcknowledgeAlert", {"alert_id": alert, "actor": "user:test"}, MISSING, None
    yield *at, "AcknowledgeAlert", {"alert_id": 0, "actor": "user:test"}, BAD, "alert_id"
    for actor in ("", "x" * 201, "a\0b", "a\nb"):
        yield *at, "AcknowledgeAlert", {"alert_id": 1, "actor": actor}, BAD, "actor"
    good = {"request_id": "bad-alert", "type": 5, "level": 2, "title": "Title"}
    for field, values in {"request_id": IDS_WRONG, "type": (0, -1, 99), "level": (0, -1, 99), "title": ("", "x" * 201, "a\0b"),
                          "text": ("x" * 4001, "a\0b"), "account_id": ("x" * 129, "\0"), "deployment_id": ("x" * 129, "\n"),
                          "symbol": ("x" * 129, "\t")}.items():
        for value in values:
            yield *at, "RaiseAlert", {**good, field: value}, BAD, field


def audit():
    at = ("compliance_audit", "audit", "AuditService")
    yield from pages(*at, "ListRecords", {})
    for field, value in (("account_id", "x" * 1025), ("action", "x" * 65), ("subject", "x" * 1025)):
        yield *at, "ListRecords", {field: value}, BAD, field
    good = {"request_id": "bad-record", "actor": "user:test", "action": "test.done", "detail": "{}"}
    for field, values in {"request_id": IDS_WRONG, "action": ("", "A b", "x" * 65, "\0", "é"), "actor": ("x" * 1025,),
                          "subject": ("x" * 1025,), "account_id": ("x" * 1025,),
                          "detail": ("{", "[" * 10_000, "x" * 70_000, '{"a":1,"a":2}', "nul")}.items():
        for value in values:
            yield *at, "AppendRecord", {**good, field: value}, BAD, field


def broker():
    at = ("broker_gateway", "broker", "BrokerService")
    for rpc in ("ListOpenOrders", "ListExecutions", "GetBrokerAccount"):
        yield from ids(*at, rpc, "account_id", {})
    yield from ids(*at, "QueryOrder", "order_id", {"account_id": "paper"})
    yield from ids(*at, "QueryOrder", "account_id", {"order_id": "nothing"})
    for size in (-1, 1001, -2147483648):
        yield *at, "ListExecutions", {"account_id": "paper", "page_size": size}, BAD, "page_size"
    yield *at, "ListExecutions", {"account_id": "paper", "after_execution_sequence": 2**64 - 1}, BAD, "after_execution_sequence"
    market = ("broker_gateway", "broker", "MarketDataService")
    yield from ids(*market, "GetBook", "symbol", {}, "NOPE")
    yield from ids(*market, "ListBars", "symbol", {"timeframe": "1m"}, "NOPE")
    for timeframe in ("", "7m", "x" * 1000, "1M", "-1m", "\0"):
        yield *market, "ListBars", {"symbol": "AAPL", "timeframe": timeframe}, BAD, "timeframe"
    for limit in (-1, 5001, -2147483648):
        yield *market, "ListBars", {"symbol": "AAPL", "timeframe": "1m", "limit": limit}, BAD, "limit"
    for symbol in IDS_WRONG:
        yield *market, "GetQuotes", {"symbols": ["AAPL", symbol]}, BAD, "symbols"
    yield *market, "GetQuotes", {"symbols": ["AAPL", "NOPE"]}, MISSING, None
    own = ("broker_gateway", "market", "BarDataService")
    yield from ids(*own, "ListGaps", "name", {}, "NOPE")
    yield from ids(*own, "DeleteDataSet", "name", {"version": 1}, "NOPE")
    yield *own, "DeleteDataSet", {"name": "NOPE", "version": 0}, BAD, "version"
    for size in (-1, 501, -2147483648):
        yield *own, "ListDataSets", {"page_size": size}, BAD, "page_size"
    for token in ("x", "@", "x@", "x@-1", "x@99999999999", "\0@1"):
        yield *own, "ListDataSets", {"page_token": token}, BAD, "page_token"


def risk(limits):
    at = ("risk", "risk", "RiskService")
    for rpc in ("GetRiskState", "GetLimits"):
        yield from ids(*at, rpc, "account_id", {})
    order = {"account_id": "paper", "request_id": "bad-preview", "symbol": "BTC-USD", "side": 1, "type": 2, "time_in_force": 1,
             "quantity": {"value": "0.001"}, "limit_price": {"value": "1"}}
    yield *at, "PreviewOrder", {}, BAD, "quantity"
    for field, values in {"quantity": ({"value": ""}, {"value": "x"}, {"value": "0"}, {"value": "-1"}, {"value": "9" * 100}),
                          "limit_price": ({"value": "x"}, {"value": "0"}), "stop_price": ({"value": "x"}, {"value": "1"}),
                          "side": (0, 3, -1), "type": (0, 9, -1), "time_in_force": (9, -1),
                          "symbol": IDS_WRONG, "account_id": IDS_WRONG, "deployment_id": IDS_WRONG[1:],
                          "reason": ("x" * 201,)}.items():
        for value in values:
            yield *at, "PreviewOrder", {"order": {**order, field: value}}, BAD, field
    good = {"request_id": "bad-limits", "reason": "test", "actor": "user:test"}
    yield *at, "UpdateLimits", {**good}, BAD, "limits"
    for key in IDS_WRONG:
        yield *at, "UpdateLimits", {**good, "limits": limits(), "request_id": key}, BAD, "request_id"
    for account in IDS_WRONG:
        yield *at, "UpdateLimits", {**good, "limits": limits(account_id=account)}, BAD, "limits.account_id"
    yield *at, "UpdateLimits", {**good, "limits": limits(account_id="nobody")}, MISSING, None
    for symbol in IDS_WRONG:
        yield *at, "UpdateLimits", {**good, "limits": limits(restricted_symbols=[symbol])}, BAD, "limits.restricted_symbols"
    for field in ("reason", "actor"):
        yield *at, "UpdateLimits", {**good, "limits": limits(), field: "x" * 1001}, BAD, field
    yield *at, "UpdateLimits", {**good, "limits": limits(), "reason": ""}, BAD, "reason"
    for field in ("max_order_quantity", "gross_leverage", "drawdown_ratio"):
        for value in ("", "x", "-1", "1e9", "9" * 60):
            yield *at, "UpdateLimits", {**good, "limits": limits(**{field: {"value": value}})}, BAD, f"limits.{field}"
    for field in ("max_open_orders", "order_rate_per_second", "order_rate_per_deployment", "repeated_orders_per_second", "quote_age_ms_max"):
        for value in (-1, 2147483647):
            yield *at, "UpdateLimits", {**good, "limits": limits(**{field: value})}, BAD, f"limits.{field}"
    yield *at, "UpdateLimits", {**good, "limits": limits(version=99)}, "ABORTED", None
    for field in ("soft_collar_ratio", "risk_per_trade_ratio", "portfolio_risk_ratio", "unprotected_loss_ratio"):
        for value in ("", "x", "-1", "11"):
            yield *at, "UpdateLimits", {**good, "limits": limits(**{field: {"value": value}})}, BAD, f"limits.{field}"
    scoped = {"request_id": "bad-scope", "reason": "test", "actor": "user:test", "values": [{"name": "max_open_orders", "value": "1"}]}
    yield from ids(*at, "SetScopedLimits", "request_id", scoped, unknown=None)
    for field in ("account_id", "deployment_id", "symbol"):
        for value in IDS_WRONG[1:]:
            yield *at, "SetScopedLimits", {**scoped, "scope": {field: value}}, BAD, f"scope.{field}"
    yield *at, "SetScopedLimits", {**scoped, "scope": {"account_id": "nobody", "symbol": "SPY"}}, MISSING, None
    yield *at, "SetScopedLimits", {**scoped, "reason": ""}, BAD, "reason"
    yield *at, "SetScopedLimits", {**scoped, "version": 99}, "ABORTED", None
    for name, value in (("colour", "1"), ("max_open_orders", "1.5"), ("max_open_orders", "-1"), ("gross_leverage", "11"), ("restricted", "1")):
        yield *at, "SetScopedLimits", {**scoped, "values": [{"name": name, "value": value}]}, BAD, "values"
    yield *at, "SetScopedLimits", {**scoped, "values": [{"name": "max_open_orders", "value": "x"}]}, BAD, "values.value"
    yield *at, "SetScopedLimits", {**scoped, "values": scoped["values"] * 2}, BAD, "values.name"
    yield *at, "SetScopedLimits", {**scoped, "values": scoped["values"] * 101}, BAD, "values"
    yield *at, "SetScopedLimits", {**scoped, "expire_time": {"seconds": 1}}, BAD, None
    yield from ids(*at, "GetEffectiveLimits", "account_id", {})
    for field in ("deployment_id", "symbol"):
        for value in IDS_WRONG[1:]:
            yield *at, "GetEffectiveLimits", {"account_id": "paper", field: value}, BAD, field
    decision = {"request_id": "bad-decision", "change_id": "none", "reason": "test", "actor": "user:test"}
    yield from ids(*at, "DecideLimitChange", "change_id", decision)
    yield *at, "DecideLimitChange", {**decision, "actor": ""}, BAD, "actor"
    yield *at, "DecideLimitChange", {**decision, "reason": ""}, BAD, "reason"


def orders():
    at = ("order_management", "order", "OrderService")
    for rpc in ("GetOrder", "ListOrderEvents", "CancelOrder"):
        yield from ids(*at, rpc, "order_id", {})
    terms = {"request_id": "bad-3", "order_id": "nothing", "quantity": {"value": "1"}}
    yield from ids(*at, "ReplaceOrder", "order_id", terms)
    yield from ids(*at, "ReplaceOrder", "request_id", terms, unknown=None)
    for field in ("quantity", "limit_price", "stop_price"):
        for value in ("", "x", "0", "-1", "1e9"):
            yield *at, "ReplaceOrder", {**terms, field: {"value": value}}, BAD, field
    yield *at, "ReplaceOrder", {"request_id": "bad-3", "order_id": "nothing"}, BAD, "quantity"
    word = {"request_id": "bad-5", "order_id": "nothing", "reason": "seen at the venue"}
    yield from ids(*at, "ResolveOrder", "order_id", word)
    yield from ids(*at, "ResolveOrder", "request_id", word, unknown=None)
    yield *at, "ResolveOrder", {**word, "reason": ""}, BAD, "reason"
    yield *at, "ResolveOrder", {**word, "broker_order_id": "x" * 101}, BAD, "broker_order_id"
    policy = {"account_id": "paper", "handling": "EXTERNAL_HANDLING_ADOPT", "reason": "test"}
    yield from ids(*at, "SetExternalPolicy", "account_id", policy)
    for changed, field in (({"reason": ""}, "reason"), ({"reason": "x" * 501}, "reason"), ({"handling": 0}, "handling"),
                           ({"handling": 99}, "handling"), ({"rules": [{"deployment_id": "d"}]}, "rules"),
                           ({"handling": "EXTERNAL_HANDLING_ATTRIBUTE", "rules": [{"symbol": "SPY"}]}, "rules.deployment_id")):
        yield *at, "SetExternalPolicy", {**policy, **changed}, BAD, field
    decided = {**policy, "order_id": "nothing"}
    yield from ids(*at, "DecideExternalOrder", "order_id", decided)
    yield from ids(*at, "DecideExternalOrder", "account_id", decided)
    for changed, field in (({"reason": ""}, "reason"), ({"handling": "EXTERNAL_HANDLING_ASK"}, "handling"),
                           ({"handling": 99}, "handling"), ({"deployment_id": "d"}, "deployment_id")):
        yield *at, "DecideExternalOrder", {**decided, **changed}, BAD, field
    leg = {"symbol": "BTC-USD", "side": "SIDE_BUY", "type": "ORDER_TYPE_LIMIT", "quantity": {"value": "0.001"}, "limit_price": {"value": "1.00"}}
    oco = {"request_id": "bad-4", "account_id": "paper", "contingency_type": "CONTINGENCY_TYPE_OCO", "orders": [leg, leg]}
    yield from ids(*at, "SubmitOrderList", "account_id", oco)
    yield from ids(*at, "SubmitOrderList", "request_id", oco, unknown=None)
    for changed, field in (({"orders": []}, "orders"), ({"orders": [leg]}, "orders"), ({"orders": [leg] * 11}, "orders"),
                           ({"contingency_type": 0}, "contingency_type"), ({"contingency_type": 99}, "contingency_type"),
                           ({"contingency_type": "CONTINGENCY_TYPE_BRACKET"}, "orders[1].side"),
                           ({"orders": [leg, {**leg, "quantity": {"value": "0"}}]}, "orders[1].quantity"),
                           ({"orders": [leg, {**leg, "request_id": "own"}]}, "orders[1].request_id"),
                           ({"orders": [{**leg, "time_in_force": "TIME_IN_FORCE_IOC"}, leg]}, "orders[0].time_in_force"),
                           ({"orders": [leg, {**leg, "hold_until_open": True}]}, "orders[1].hold_until_open")):
        yield *at, "SubmitOrderList", {**oco, **changed}, BAD, field
    for rpc in ("HaltAccount", "ResumeAccount", "CancelAllOrders"):
        more = {"reason": "test"} if rpc != "CancelAllOrders" else {}
        yield from ids(*at, rpc, "account_id", {"request_id": "bad-1", **more})
    yield *at, "ResumeAccount", {"account_id": "paper"}, BAD, "reason"
    good = {"request_id": "bad-2", "account_id": "paper", "symbol": "BTC-USD"}
    yield from ids(*at, "ClosePosition", "account_id", good)
    for field in ("request_id", "symbol"):
        yield from ids(*at, "ClosePosition", field, good, unknown=None)
    for value in IDS_WRONG[1:]:
        yield *at, "ClosePosition", {**good, "deployment_id": value}, BAD, "deployment_id"
    for value in ("", "x", "0", "-1", "1e9"):
        yield *at, "ClosePosition", {**good, "quantity": {"value": value}}, BAD, "quantity"
    yield *at, "ClosePosition", {**good, "symbol": "NOPE"}, "FAILED_PRECONDITION", None
    yield from ids(*at, "RegisterDeployment", "account_id", {"deployment_id": "d"})
    yield from ids(*at, "RegisterDeployment", "deployment_id", {"account_id": "paper"}, unknown=None)
    for field in ("symbol", "deployment_id"):
        for value in IDS_WRONG[1:]:
            yield *at, "CancelAllOrders", {"account_id": "paper", field: value}, BAD, field
            yield *at, "ListOrders", {"account_id": "paper", field: value}, BAD, field
    for value in IDS_WRONG[1:]:
        yield *at, "ListOrders", {"account_id": value}, BAD, "account_id"
    yield *at, "ListOrders", {"account_id": "nobody"}, MISSING, None
    yield from pages(*at, "ListOrders", {"account_id": "paper"})
    for status in (-1, 99):
        yield *at, "ListOrders", {"statuses": [status]}, BAD, "statuses"


def everything(deployment, limits):
    for part in (positions(), strategies(deployment), alerts(), audit(), broker(), risk(limits), orders()):
        yield from part


def streams(protos):
    """Streams that must end with an error; a list is what a client stream sends."""
    at = ("order_management", "order", "OrderService", "StreamOrderEvents")
    for account in IDS_WRONG:
        if "\0" not in account:
            yield *at, protos.order.StreamOrderEventsRequest(account_ids=["paper", account]), BAD, "account_ids"
            yield *at, protos.order.StreamOrderEventsRequest(after_sequences={account: 1}), BAD, "after_sequences"
    yield *at, protos.order.StreamOrderEventsRequest(after_sequences={"paper": 2**63}), "OUT_OF_RANGE", None
    for account in IDS_WRONG:
        yield ("positions", "position", "PositionService", "StreamPositions",
               protos.position.StreamPositionsRequest(account_id=account), BAD, "account_id")
    market = ("broker_gateway", "broker", "MarketDataService", "StreamMarketData")
    broker = protos.broker
    for field, value in (("timeframes", ["7m"]), ("timeframes", ["1m", ""]), ("timeframes", ["x" * 1000]), ("symbols", ["a b"]),
                         ("symbols", [""]), ("subscriber", "a b"), ("subscriber", "x" * 65)):
        yield *market, [broker.StreamMarketDataRequest(subscribe=broker.Subscribe(**{field: value}))], BAD, field
    for more, field in (({}, "subscriber"), ({"subscriber": "test", "phase": 3}, "phase"), ({"subscriber": "test", "phase": -1}, "phase")):
        yield *market, [broker.StreamMarketDataRequest(subscribe=broker.Subscribe(lockstep=True, **more))], BAD, field
    # The sessions of the one order manager: nobody else's, and none without a hello.
    session = ("broker_gateway", "broker", "BrokerService", "OrderSession")
    fenced = "FAILED_PRECONDITION"
    for request in (broker.OrderSessionRequest(hello=broker.OrderSessionHello(epoch=0)), broker.OrderSessionRequest(),
                    broker.OrderSessionRequest(new_order=broker.NewOrder()),
                    broker.OrderSessionRequest(cancel=broker.CancelInstruction(account_id="paper", order_id="nothing"))):
        yield *session, [request], fenced, None
    risk = protos.risk
    for request in (risk.RiskSessionRequest(hello=risk.SessionHello(epoch=0)), risk.RiskSessionRequest(),
                    risk.RiskSessionRequest(reserve=risk.Reserve(correlation_id=1)),
                    risk.RiskSessionRequest(void=risk.Void(account_id="paper", order_id="nothing"))):
        yield "risk", "risk", "RiskService", "RiskSession", [request], fenced, None
