#include "services/broker_gateway/grpc_adapter.h"

#include <algorithm>

#include "libs/base/absl_std.h"
#include "libs/market/bars.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"
#include "services/broker_gateway/broker_list.h"

namespace ballast {
namespace {

const grpc::Status& Busy() {
  static const grpc::Status kBusy(grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again");
  return kBusy;
}

constexpr int kExecutionsMax = 1000;
constexpr int kBarsMax = 5000;

grpc::ServerUnaryReactor* Refuse(grpc::CallbackServerContext* context, const FieldCheck& check) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(check.Refusal());
  return reactor;
}

absl::Status CheckAccount(const Engine& engine, const std::string& account_id) {
  if (engine.venue().FindLedger(AccountId(account_id)) != nullptr) return absl::OkStatus();
  return absl::NotFoundError(ToAbsl("the venue has no account " + account_id));
}

FieldCheck CheckSubscribe(const broker::v1::Subscribe& request) {
  FieldCheck check;
  if (request.lockstep())
    check.Id("subscriber", request.subscriber()).Range("phase", request.phase(), 0, 2);  // the gate knows it by name
  else
    check.OptionalId("subscriber", request.subscriber());
  for (const std::string& symbol : request.symbols()) check.Id("symbols", symbol);
  for (const std::string& timeframe : request.timeframes()) {
    if (!market::TimeframeLength(timeframe))
      check.Refuse("timeframes", RejectReason::kBadEnum, "there is no '" + Shortened(timeframe, 64) + "'");
  }
  return check;
}

// Asks on the engine's thread and finishes the call with what `answer` returns.
grpc::ServerUnaryReactor* Answer(Engine& engine, grpc::CallbackServerContext* context,
                                 std::function<absl::Status(const Engine&)> answer) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  bool queued = engine.Ask(
      [reactor, answer = std::move(answer)](const Engine& asked) { reactor->Finish(ToGrpc(answer(asked))); });
  if (!queued) reactor->Finish(Busy());
  return reactor;
}

// The broker's own word, as old as its last statement.
absl::Status FillElsewhere(const Engine& engine, const paper::Ledger& ledger,
                           broker::v1::GetBrokerAccountResponse* out) {
  std::optional<broker::Statement> statement = engine.desks().StatementOf(ledger.account_id);
  if (!statement) return absl::UnavailableError("the broker has not said yet what the account holds");
  out->set_currency(statement->currency);
  wire::ToProto(statement->cash, out->mutable_cash());
  for (const auto& [symbol, quantity] : statement->positions) {
    auto* position = out->add_positions();
    position->set_symbol(symbol.value());
    wire::ToProto(quantity, position->mutable_quantity());
  }
  out->set_execution_sequence(engine.desks().StatementUntil(ledger.account_id));
  return absl::OkStatus();
}

bool IsTrade(broker::v1::ExecutionType type) {
  return type == broker::v1::EXECUTION_TYPE_TRADE || type == broker::v1::EXECUTION_TYPE_TRADE_CORRECT ||
         type == broker::v1::EXECUTION_TYPE_TRADE_CANCEL;
}

// Reads on the reader's thread and finishes the call with what `read` returns.
grpc::ServerUnaryReactor* Read(HistoryReader& reader, grpc::CallbackServerContext* context,
                               std::function<absl::Status()> read) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  bool queued = reader.Run([reactor, read = std::move(read)] { reactor->Finish(ToGrpc(read())); });
  if (!queued) reactor->Finish(Busy());
  return reactor;
}

}  // namespace

grpc::ServerBidiReactor<broker::v1::OrderSessionRequest, broker::v1::OrderSessionResponse>* BrokerGrpc::OrderSession(
    grpc::CallbackServerContext*) {
  using Session = BidiSession<broker::v1::OrderSessionRequest, broker::v1::OrderSessionResponse>;
  auto session = Session::Make(
      [this](Session& self, broker::v1::OrderSessionRequest& request) {
        if (!engine_.Instruct(std::move(request), std::static_pointer_cast<Session>(self.Self()))) self.Close(Busy());
      },
      [this] { engine_.StreamEnded(); });
  return session.get();
}

grpc::ServerUnaryReactor* BrokerGrpc::QueryOrder(grpc::CallbackServerContext* context,
                                                 const broker::v1::QueryOrderRequest* request,
                                                 broker::v1::QueryOrderResponse* response) {
  FieldCheck check;
  if (!check.Id("account_id", request->account_id()).Id("order_id", request->order_id()).ok())
    return Refuse(context, check);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  auto finish = [reactor, request = *request, response](const absl::StatusOr<Order>& order) {
    if (!order.ok() || order->account_id.value() != request.account_id()) {
      reactor->Finish(
          ToGrpc(order.ok() ? absl::NotFoundError("the gateway never received this order") : order.status()));
      return;
    }
    wire::ToProto(*order, response->mutable_order());
    reactor->Finish(grpc::Status::OK);
  };
  OrderId id(request->order_id());
  bool queued = engine_.Ask([this, id, reactor, finish](const Engine& engine) {
    if (const Order* order = engine.desks().Find(id)) {
      finish(*order);
    } else if (!reader_.Run([this, id, finish] { finish(store_.LoadOrder(id)); })) {  // it may be an old one
      reactor->Finish(Busy());
    }
  });
  if (!queued) reactor->Finish(Busy());
  return reactor;
}

grpc::ServerUnaryReactor* BrokerGrpc::ListOpenOrders(grpc::CallbackServerContext* context,
                                                     const broker::v1::ListOpenOrdersRequest* request,
                                                     broker::v1::ListOpenOrdersResponse* response) {
  FieldCheck check;
  if (!check.Id("account_id", request->account_id()).ok()) return Refuse(context, check);
  return Answer(engine_, context, [request = *request, response](const Engine& engine) -> absl::Status {
    RETURN_IF_ERROR(CheckAccount(engine, request.account_id()));
    const AccountId account(request.account_id());
    for (const OrderId& id : engine.desks().Working(account))
      wire::ToProto(*engine.desks().Find(account, id), response->add_orders());
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* BrokerGrpc::ListExecutions(grpc::CallbackServerContext* context,
                                                     const broker::v1::ListExecutionsRequest* request,
                                                     broker::v1::ListExecutionsResponse* response) {
  FieldCheck check;
  check.Id("account_id", request->account_id()).Range("page_size", request->page_size(), 0, kExecutionsMax);
  if (request->after_execution_sequence() > static_cast<std::uint64_t>(INT64_MAX))
    check.Refuse("after_execution_sequence", RejectReason::kOutOfRange, "too large");
  if (!check.ok()) return Refuse(context, check);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  auto read = [this, request = *request, response]() -> absl::Status {
    int page_size = request.page_size() == 0 ? 500 : request.page_size();
    ASSIGN_OR_RETURN(
        std::vector<broker::v1::ExecutionReport> reports,
        store_.LoadExecutions(AccountId(request.account_id()), request.after_execution_sequence(), page_size));
    for (broker::v1::ExecutionReport& report : reports) {
      response->set_last_execution_sequence(report.execution_sequence());
      if (request.trades_only() && !IsTrade(report.type())) continue;
      *response->add_reports() = std::move(report);
    }
    return absl::OkStatus();
  };
  bool queued = engine_.Ask([this, reactor, account = request->account_id(), read](const Engine& engine) {
    absl::Status known = CheckAccount(engine, account);
    if (!known.ok())
      reactor->Finish(ToGrpc(known));
    else if (!reader_.Run([reactor, read] { reactor->Finish(ToGrpc(read())); }))
      reactor->Finish(Busy());
  });
  if (!queued) reactor->Finish(Busy());
  return reactor;
}

grpc::ServerUnaryReactor* BrokerGrpc::GetBrokerAccount(grpc::CallbackServerContext* context,
                                                       const broker::v1::GetBrokerAccountRequest* request,
                                                       broker::v1::GetBrokerAccountResponse* response) {
  FieldCheck check;
  if (!check.Id("account_id", request->account_id()).ok()) return Refuse(context, check);
  return Answer(engine_, context, [request = *request, response](const Engine& engine) -> absl::Status {
    RETURN_IF_ERROR(CheckAccount(engine, request.account_id()));
    const paper::Ledger* ledger = engine.venue().FindLedger(AccountId(request.account_id()));
    response->set_account_id(request.account_id());
    if (engine.desks().IsElsewhere(ledger->account_id)) return FillElsewhere(engine, *ledger, response);
    response->set_currency(ledger->currency);
    wire::ToProto(ledger->cash, response->mutable_cash());
    for (const auto& [symbol, quantity] : ledger->positions) {
      auto* position = response->add_positions();
      position->set_symbol(symbol.value());
      wire::ToProto(quantity, position->mutable_quantity());
    }
    response->set_execution_sequence(ledger->execution_sequence);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* BrokerGrpc::ListBrokers(grpc::CallbackServerContext* context,
                                                  const broker::v1::ListBrokersRequest*,
                                                  broker::v1::ListBrokersResponse* response) {
  return Answer(engine_, context, [response](const Engine& engine) {
    for (const BrokerEntry& entry : engine.options().brokers.entries())
      FillBroker(entry, engine.desks().SeatsOf(entry), engine.options().broker_settings, response->add_brokers());
    return absl::OkStatus();
  });
}

grpc::ServerBidiReactor<broker::v1::StreamMarketDataRequest, broker::v1::StreamMarketDataResponse>*
MarketDataGrpc::StreamMarketData(grpc::CallbackServerContext*) {
  using Session = BidiSession<broker::v1::StreamMarketDataRequest, broker::v1::StreamMarketDataResponse>;
  auto session = Session::Make(
      [this](Session& self, broker::v1::StreamMarketDataRequest& request) {
        auto sender = std::static_pointer_cast<Session>(self.Self());
        if (request.has_acknowledge()) {
          if (!engine_.Acknowledge(request.acknowledge().step(), sender)) self.Close(Busy());
          return;
        }
        if (!request.has_subscribe()) return;
        if (FieldCheck check = CheckSubscribe(request.subscribe()); !check.ok()) {
          self.Close(check.Refusal());
          return;
        }
        if (!engine_.Subscribe(request.subscribe(), sender)) self.Close(Busy());
      },
      [this] { engine_.StreamEnded(); });
  return session.get();
}

grpc::ServerUnaryReactor* MarketDataGrpc::ListInstruments(grpc::CallbackServerContext* context,
                                                          const broker::v1::ListInstrumentsRequest*,
                                                          broker::v1::ListInstrumentsResponse* response) {
  return Answer(engine_, context, [response](const Engine& engine) {
    for (const Instrument& instrument : engine.feed().instruments())
      wire::ToProto(instrument, response->add_instruments());
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* MarketDataGrpc::GetQuotes(grpc::CallbackServerContext* context,
                                                    const broker::v1::GetQuotesRequest* request,
                                                    broker::v1::GetQuotesResponse* response) {
  FieldCheck check;
  for (const std::string& symbol : request->symbols()) check.Id("symbols", symbol);
  if (!check.ok()) return Refuse(context, check);
  return Answer(engine_, context, [request = *request, response](const Engine& engine) -> absl::Status {
    for (const std::string& symbol : request.symbols()) {
      const Quote* quote = engine.venue().FindQuote(Symbol(symbol));
      if (quote == nullptr) return absl::NotFoundError(ToAbsl("there is no instrument " + symbol));
      wire::ToProto(*quote, response->add_quotes());
    }
    if (request.symbols().empty()) {
      for (const Instrument& instrument : engine.feed().instruments()) {
        if (const Quote* quote = engine.venue().FindQuote(instrument.symbol))
          wire::ToProto(*quote, response->add_quotes());
      }
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* MarketDataGrpc::ListBars(grpc::CallbackServerContext* context,
                                                   const broker::v1::ListBarsRequest* request,
                                                   broker::v1::ListBarsResponse* response) {
  FieldCheck check;
  check.Id("symbol", request->symbol()).Range("limit", request->limit(), 0, kBarsMax);
  if (!market::TimeframeLength(request->timeframe()))
    check.Refuse("timeframe", RejectReason::kBadEnum, "there is no '" + Shortened(request->timeframe(), 32) + "'");
  if (!check.ok()) return Refuse(context, check);
  return Read(reader_, context, [this, request = *request, response]() -> absl::Status {
    const std::vector<Instrument>& instruments = engine_.feed().instruments();
    bool known = std::any_of(instruments.begin(), instruments.end(),
                             [&](const Instrument& each) { return each.symbol.value() == request.symbol(); });
    if (!known) {
      return absl::NotFoundError(ToAbsl("there is no instrument " + request.symbol()));
    }
    int limit = request.limit() == 0 ? 500 : request.limit();
    ASSIGN_OR_RETURN(std::vector<Bar> bars, store_.LoadBars(engine_.feed().source_key(), Symbol(request.symbol()),
                                                            request.timeframe(), limit));
    for (const Bar& bar : bars) wire::ToProto(bar, response->add_bars());
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* MarketDataGrpc::GetBook(grpc::CallbackServerContext* context,
                                                  const broker::v1::GetBookRequest* request,
                                                  broker::v1::GetBookResponse* response) {
  FieldCheck check;
  if (!check.Id("symbol", request->symbol()).ok()) return Refuse(context, check);
  return Answer(engine_, context, [symbol = Symbol(request->symbol()), response](const Engine& engine) -> absl::Status {
    if (engine.venue().FindInstrument(symbol) == nullptr) {
      return absl::NotFoundError(ToAbsl("there is no instrument " + symbol.value()));
    }
    engine.feed().FillBook(symbol, response);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* MarketDataGrpc::GetMarketStatus(grpc::CallbackServerContext* context,
                                                          const broker::v1::GetMarketStatusRequest*,
                                                          broker::v1::GetMarketStatusResponse* response) {
  return Answer(engine_, context, [response](const Engine& engine) {
    engine.feed().FillStatus(response);
    for (const auto& [symbol, halt] : engine.halts().halts()) {
      broker::v1::Halt* told = response->add_halts();
      told->set_symbol(symbol.value());
      told->set_reason(halt.reason);
      wire::ToProto(halt.start_time, told->mutable_start_time());
      if (halt.resume_time) wire::ToProto(*halt.resume_time, told->mutable_resume_time());
    }
    return absl::OkStatus();
  });
}

}  // namespace ballast
