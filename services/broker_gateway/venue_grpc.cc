#include <algorithm>
#include <map>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"
#include "services/broker_gateway/grpc_adapter.h"

// What the venue itself says, and what is asked of it for the sake of reconciliation.
namespace ballast {
namespace {

constexpr int kVenueTradesMax = 1000;
constexpr int kTellMax = 100;

grpc::ServerUnaryReactor* Finished(grpc::CallbackServerContext* context, const grpc::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

grpc::Status TooMany() { return {grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again"}; }

absl::StatusOr<const paper::Ledger*> OpenLedger(const Engine& engine, const std::string& account) {
  const paper::Ledger* ledger = engine.venue().FindLedger(AccountId(account));
  if (ledger == nullptr || ledger->currency.empty())
    return absl::NotFoundError(ToAbsl("the venue has no account " + account));
  return ledger;
}

void FillStatement(const broker::Statement& statement, broker::v1::GetVenueStatementResponse* out) {
  out->set_account_id(statement.account_id.value());
  wire::ToProto(statement.as_of, out->mutable_as_of());
  out->set_currency(statement.currency);
  wire::ToProto(statement.cash, out->mutable_cash());
  for (const auto& [symbol, quantity] : statement.positions) {
    auto* position = out->add_positions();
    position->set_symbol(symbol.value());
    wire::ToProto(quantity, position->mutable_quantity());
  }
  for (const Order& order : statement.open_orders) {
    auto* open = out->add_open_orders();
    open->set_order_id(order.order_id.value());
    open->set_broker_order_id(order.broker_order_id);
    open->set_symbol(order.symbol.value());
    open->set_side(static_cast<type::v1::Side>(order.side));
    open->set_type(static_cast<type::v1::OrderType>(order.type));
    wire::ToProto(order.quantity, open->mutable_quantity());
    wire::ToProto(order.cumulative_quantity, open->mutable_cumulative_quantity());
    if (order.limit_price) wire::ToProto(*order.limit_price, open->mutable_limit_price());
    if (order.stop_price) wire::ToProto(*order.stop_price, open->mutable_stop_price());
    if (order.external) {
      bool said = order.external->handling != ExternalHandling::kUnspecified;
      open->set_external(said ? static_cast<order::v1::ExternalHandling>(order.external->handling)
                              : order::v1::EXTERNAL_HANDLING_ASK);
    }
  }
  out->set_trade_number(statement.trade_number);
}

absl::StatusOr<paper::NumberedTrade> NumberedTradeOf(const broker::v1::ExecutionReport& report) {
  paper::NumberedTrade trade{.number = report.execution_sequence()};
  broker::Execution& execution = trade.execution;
  execution.account_id = AccountId(report.account_id());
  execution.type = static_cast<broker::ExecutionType>(report.type());
  execution.execution_id = ExecutionId(report.execution_id());
  execution.exec_ref_id = ExecutionId(report.exec_ref_id());
  execution.version = report.version();
  execution.order_id = OrderId(report.order_id());
  execution.broker_order_id = report.broker_order_id();
  execution.symbol = Symbol(report.symbol());
  execution.side = static_cast<Side>(report.side());
  ASSIGN_OR_RETURN(execution.last_quantity, wire::FromProto(report.last_quantity(), "last_quantity"));
  ASSIGN_OR_RETURN(execution.last_price, wire::FromProto(report.last_price(), "last_price"));
  ASSIGN_OR_RETURN(execution.fee, wire::FromProto(report.fee(), "fee"));
  execution.fee_currency = report.fee_currency();
  execution.maker = report.maker();
  execution.transact_time = wire::FromProto(report.transact_time());
  return trade;
}

const std::string& RootOf(const broker::v1::ExecutionReport& report) {
  return report.exec_ref_id().empty() ? report.execution_id() : report.exec_ref_id();
}

// Those of the trades asked for that no report of the journal tells in that version or a newer one; of what it tells in
// an older one that too. Reads the whole journal: it is asked for when something is wrong.
absl::StatusOr<std::vector<Engine::LateTrade>> Untold(BrokerStore& store,
                                                      const broker::v1::TellVenueTradesRequest& request) {
  constexpr int kPage = 1'000;
  const AccountId account(request.account_id());
  std::map<std::string, Engine::LateTrade> untold;
  for (std::uint64_t number : request.trade_numbers()) {
    if (number == 0) continue;
    ASSIGN_OR_RETURN(auto found, store.LoadVenueTrades(account, number - 1, 1));
    if (found.empty() || found[0].execution_sequence() != number) continue;
    ASSIGN_OR_RETURN(paper::NumberedTrade trade, NumberedTradeOf(found[0]));
    Engine::LateTrade& late = untold[found[0].execution_id()];
    // Of several versions the newest says what it is.
    if (late.trade.number == 0 || trade.execution.version >= late.trade.execution.version)
      late.trade = std::move(trade);
  }
  std::uint64_t after = 0;
  while (!untold.empty()) {
    ASSIGN_OR_RETURN(auto reports, store.LoadExecutions(account, after, kPage));
    if (reports.empty()) break;
    after = reports.back().execution_sequence();
    for (const broker::v1::ExecutionReport& report : reports) {
      bool trades = report.type() == broker::v1::EXECUTION_TYPE_TRADE ||
                    report.type() == broker::v1::EXECUTION_TYPE_TRADE_CORRECT ||
                    report.type() == broker::v1::EXECUTION_TYPE_TRADE_CANCEL;
      auto found = trades ? untold.find(RootOf(report)) : untold.end();
      if (found == untold.end()) continue;
      if (report.version() >= found->second.trade.execution.version) {
        untold.erase(found);
        continue;
      }
      ASSIGN_OR_RETURN(Decimal quantity, wire::FromProto(report.last_quantity(), "last_quantity"));
      found->second.former = broker::OrderDesk::Told{.version = report.version(),
                                                     .busted = report.type() == broker::v1::EXECUTION_TYPE_TRADE_CANCEL,
                                                     .quantity = quantity};
    }
  }
  std::vector<Engine::LateTrade> trades;
  for (auto& [id, late] : untold) {
    if (late.former) {
      ASSIGN_OR_RETURN(late.order, store.LoadOrder(late.trade.execution.order_id));
    }
    trades.push_back(std::move(late));
  }
  std::sort(trades.begin(), trades.end(), [](const auto& a, const auto& b) { return a.trade.number < b.trade.number; });
  return trades;
}

// The newest version of a trade in the venue's own record.
absl::StatusOr<broker::Execution> NewestOf(BrokerStore& store, const AccountId& account, const std::string& execution) {
  constexpr int kPage = 1'000;
  std::optional<broker::Execution> newest;
  for (std::uint64_t after = 0;;) {
    ASSIGN_OR_RETURN(auto page, store.LoadVenueTrades(account, after, kPage));
    if (page.empty()) break;
    after = page.back().execution_sequence();
    for (const broker::v1::ExecutionReport& report : page) {
      if (report.execution_id() != execution) continue;
      ASSIGN_OR_RETURN(paper::NumberedTrade trade, NumberedTradeOf(report));
      newest = std::move(trade.execution);
    }
  }
  if (!newest) return absl::NotFoundError("the venue has made no such trade");
  return *std::move(newest);
}

// What is to become of it, by a test's word.
absl::StatusOr<paper::PaperBroker::Amendment> AmendmentOf(BrokerStore& store,
                                                          const broker::v1::PlantPaperFaultRequest& request) {
  const bool bust = request.has_bust();
  const std::string& execution = bust ? request.bust().execution_id() : request.correct().execution_id();
  paper::PaperBroker::Amendment amendment{.busted = bust};
  ASSIGN_OR_RETURN(amendment.former, NewestOf(store, AccountId(request.account_id()), execution));
  if (bust) {
    amendment.unheard = request.bust().unheard();
    return amendment;
  }
  const broker::v1::PaperCorrection& correct = request.correct();
  amendment.unheard = correct.unheard();
  amendment.silent = correct.silent();
  amendment.price = amendment.former.last_price;
  amendment.quantity = amendment.former.last_quantity;
  if (correct.has_price()) {
    ASSIGN_OR_RETURN(amendment.price, wire::FromProto(correct.price(), "price"));
  }
  if (correct.has_quantity()) {
    ASSIGN_OR_RETURN(amendment.quantity, wire::FromProto(correct.quantity(), "quantity"));
  }
  if (!amendment.quantity.IsPositive() || !amendment.price.IsPositive())
    return absl::InvalidArgumentError("a price and a quantity above zero are expected; what never was is a bust");
  return amendment;
}

}  // namespace

grpc::ServerUnaryReactor* BrokerGrpc::GetVenueStatement(grpc::CallbackServerContext* context,
                                                        const broker::v1::GetVenueStatementRequest* request,
                                                        broker::v1::GetVenueStatementResponse* response) {
  FieldCheck check;
  if (!check.Id("account_id", request->account_id()).ok()) return Finished(context, check.Refusal());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  bool queued = engine_.Ask([reactor, account = request->account_id(), response](const Engine& engine) {
    const AccountId id(account);
    absl::Status status = OpenLedger(engine, account).status();
    std::optional<broker::Statement> statement;
    if (status.ok()) statement = engine.desks().StatementOf(id);
    if (statement) {
      FillStatement(*statement, response);
      const std::uint64_t told = engine.desks().ReportedUntil(id);
      response->set_execution_sequence(told);
      // A venue elsewhere speaks now and then. What it has told since is in our books and may not be in its statement:
      // an order of a moment ago would be missing there. Only the next statement can be compared.
      if (engine.desks().IsElsewhere(id) && engine.desks().StatementUntil(id) < told)
        status =
            absl::UnavailableError("the broker's statement is older than what it has told since: the next one will do");
    } else if (status.ok()) {
      status = absl::UnavailableError("the broker has not said yet what the account holds");
    }
    reactor->Finish(ToGrpc(status));
  });
  if (!queued) reactor->Finish(TooMany());
  return reactor;
}

grpc::ServerUnaryReactor* BrokerGrpc::ListVenueTrades(grpc::CallbackServerContext* context,
                                                      const broker::v1::ListVenueTradesRequest* request,
                                                      broker::v1::ListVenueTradesResponse* response) {
  FieldCheck check;
  check.Id("account_id", request->account_id()).Range("page_size", request->page_size(), 0, kVenueTradesMax);
  if (request->after_trade_number() > static_cast<std::uint64_t>(INT64_MAX))
    check.Refuse("after_trade_number", RejectReason::kOutOfRange, "too large");
  if (!check.ok()) return Finished(context, check.Refusal());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  bool queued = reader_.Run([this, reactor, request = *request, response] {
    constexpr int kDefault = 500;
    int limit = request.page_size() == 0 ? kDefault : request.page_size();
    auto trades = store_.LoadVenueTrades(AccountId(request.account_id()), request.after_trade_number(), limit);
    if (trades.ok()) {
      for (broker::v1::ExecutionReport& trade : *trades) *response->add_trades() = std::move(trade);
    }
    reactor->Finish(ToGrpc(trades.status()));
  });
  if (!queued) reactor->Finish(TooMany());
  return reactor;
}

grpc::ServerUnaryReactor* BrokerGrpc::TellVenueTrades(grpc::CallbackServerContext* context,
                                                      const broker::v1::TellVenueTradesRequest* request,
                                                      broker::v1::TellVenueTradesResponse* response) {
  FieldCheck check;
  check.Id("account_id", request->account_id()).Range("trade_numbers", request->trade_numbers_size(), 1, kTellMax);
  for (std::uint64_t number : request->trade_numbers()) {
    if (number > static_cast<std::uint64_t>(INT64_MAX))
      check.Refuse("trade_numbers", RejectReason::kOutOfRange, "too large");
  }
  if (!check.ok()) return Finished(context, check.Refusal());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  bool queued = reader_.Run([this, reactor, request = *request, response] {
    auto untold = Untold(store_, request);
    if (!untold.ok()) {
      reactor->Finish(ToGrpc(untold.status()));
      return;
    }
    bool asked = engine_.TellTrades(AccountId(request.account_id()), std::move(*untold),
                                    [reactor, response](const std::vector<std::uint64_t>& told) {
                                      for (std::uint64_t number : told) response->add_trade_numbers(number);
                                      reactor->Finish(grpc::Status::OK);
                                    });
    if (!asked) reactor->Finish(TooMany());
  });
  if (!queued) reactor->Finish(TooMany());
  return reactor;
}

grpc::ServerUnaryReactor* BrokerGrpc::AdoptVenueOrder(grpc::CallbackServerContext* context,
                                                      const broker::v1::AdoptVenueOrderRequest* request,
                                                      broker::v1::AdoptVenueOrderResponse* response) {
  constexpr std::size_t kReasonMax = 500;
  FieldCheck check;
  check.Id("account_id", request->account_id()).Id("order_id", request->order_id());
  check.OptionalId("request_id", request->request_id()).OptionalId("deployment_id", request->deployment_id());
  check.Text("reason", request->reason(), kReasonMax).Text("actor", request->actor(), kReasonMax);
  bool known = request->handling() == order::v1::EXTERNAL_HANDLING_ADOPT ||
               request->handling() == order::v1::EXTERNAL_HANDLING_IGNORE ||
               request->handling() == order::v1::EXTERNAL_HANDLING_ATTRIBUTE;
  if (!known) check.Refuse("handling", RejectReason::kBadEnum, "ADOPT, IGNORE or ATTRIBUTE is expected");
  if (!check.ok()) return Finished(context, check.Refusal());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  External external{.handling = static_cast<ExternalHandling>(request->handling()),
                    .actor = request->actor(),
                    .reason = request->reason(),
                    .request_id = request->request_id(),
                    .decide_time = engine_.clock().Now()};
  bool queued = engine_.Adopt(AccountId(request->account_id()), OrderId(request->order_id()), std::move(external),
                              DeploymentId(request->deployment_id()),
                              [reactor, response](const absl::StatusOr<Engine::Adopted>& adopted) {
                                if (adopted.ok()) {
                                  wire::ToProto(adopted->order, response->mutable_order());
                                  response->set_replayed(adopted->replayed);
                                }
                                reactor->Finish(ToGrpc(adopted.status()));
                              });
  if (!queued) reactor->Finish(TooMany());
  return reactor;
}

grpc::ServerUnaryReactor* BrokerGrpc::PlantPaperFault(grpc::CallbackServerContext* context,
                                                      const broker::v1::PlantPaperFaultRequest* request,
                                                      broker::v1::PlantPaperFaultResponse*) {
  if (!engine_.options().test_faces)
    return Finished(context, {grpc::UNIMPLEMENTED, "only where paper_test_faces is set"});
  FieldCheck check;
  bool of_market = request->has_halt() || request->has_resume() || request->has_gap();
  if (!of_market && !check.Id("account_id", request->account_id()).ok()) return Finished(context, check.Refusal());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (request->has_correct() || request->has_bust()) {
    bool asked = reader_.Run([this, reactor, request = *request] {
      auto amendment = AmendmentOf(store_, request);
      if (!amendment.ok()) return reactor->Finish(ToGrpc(amendment.status()));
      auto order = store_.LoadOrder(amendment->former.order_id);
      if (!order.ok()) return reactor->Finish(ToGrpc(order.status()));
      bool queued = engine_.Amend(*std::move(amendment), *std::move(order),
                                  [reactor](const absl::Status& planted) { reactor->Finish(ToGrpc(planted)); });
      if (!queued) reactor->Finish(TooMany());
    });
    if (!asked) reactor->Finish(TooMany());
    return reactor;
  }
  bool queued = engine_.Plant(*request, [reactor](const absl::Status& planted) { reactor->Finish(ToGrpc(planted)); });
  if (!queued) reactor->Finish(TooMany());
  return reactor;
}

}  // namespace ballast
