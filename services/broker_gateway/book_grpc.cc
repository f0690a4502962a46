#include "services/broker_gateway/book_grpc.h"

#include <algorithm>
#include <optional>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

// What the account's working orders have spoken for: money of those that buy, quantity of those that sell the symbol.
struct SpokenFor {
  Decimal cash;
  Decimal quantity;
};

SpokenFor SpokenForIn(const Engine& engine, const AccountId& account, const Symbol& symbol) {
  SpokenFor sum;
  for (const OrderId& id : engine.desks().Working(account)) {
    const Order& order = *engine.desks().Find(account, id);
    if (order.side == Side::kSell) {
      if (order.symbol == symbol) sum.quantity += order.leaves_quantity;
      continue;
    }
    std::optional<Instrument> terms = engine.venue().TermsFor(account, order.symbol);
    const Quote* quote = engine.venue().FindQuote(order.symbol);
    Decimal price = order.limit_price.value_or(quote == nullptr ? Decimal() : quote->ask_price);
    Decimal notional = Multiply(price, order.leaves_quantity, Rounding::kUp);
    sum.cash += notional;
    if (terms)
      sum.cash += Multiply(notional, terms->taker_fee_ratio, Rounding::kUp) +
                  Multiply(order.leaves_quantity, terms->fee_per_unit, Rounding::kUp);
  }
  return sum;
}

std::optional<Rejection> UntradableNow(const Engine& engine, const BrokerEntry& entry, const Quote& quote) {
  if (engine.desks().IsOutage(entry.id))
    return Rejection{.reason = RejectReason::kBrokerUnavailable,
                     .message = entry.display_name + " takes no orders now"};
  if (!quote.session_open) return Rejection{.reason = RejectReason::kMarketClosed, .message = "its session is closed"};
  if (quote.halted)
    return Rejection{.reason = RejectReason::kInstrumentHalted,
                     .observed = quote.halt_reason,
                     .message = "the venue has halted trading in it"};
  if (quote.stale) return Rejection{.reason = RejectReason::kStalePrice, .message = "nobody stands behind its prices"};
  return std::nullopt;
}

absl::Status FillVenueBook(const Engine& engine, const AccountId& account, const Symbol& symbol,
                           broker::v1::GetVenueBookResponse* response) {
  const paper::PaperBroker& venue = engine.venue();
  const paper::Ledger* ledger = venue.FindLedger(account);
  if (ledger == nullptr) return absl::NotFoundError(ToAbsl("there is no account '" + account.value() + "' open here"));
  std::optional<Instrument> terms = venue.TermsFor(account, symbol);
  const Quote* quote = venue.FindQuote(symbol);
  if (!terms || quote == nullptr) return absl::NotFoundError(ToAbsl("there is no market in " + symbol.value()));
  std::string broker(engine.desks().BrokerOf(account));
  const BrokerEntry* entry = engine.desks().brokers().Find(broker);
  if (entry == nullptr || !entry->in_process)
    return absl::UnimplementedError(ToAbsl("the book of " + broker + " is not known here"));
  response->set_account_id(account.value());
  response->set_broker(broker);
  response->set_symbol(symbol.value());
  auto add = [&](Side taker, auto add_level) {
    for (const matching::Level& level : venue.Levels(symbol, taker, account)) {
      broker::v1::BookLevel* row = add_level();
      wire::ToProto(level.price, row->mutable_price());
      wire::ToProto(level.size, row->mutable_size());
    }
  };
  add(Side::kSell, [&] { return response->add_bids(); });
  add(Side::kBuy, [&] { return response->add_asks(); });
  wire::ToProto(terms->taker_fee_ratio, response->mutable_taker_fee_ratio());
  wire::ToProto(terms->maker_fee_ratio, response->mutable_maker_fee_ratio());
  wire::ToProto(terms->fee_per_unit, response->mutable_fee_per_unit());
  response->set_currency(ledger->currency);
  wire::ToProto(ledger->cash, response->mutable_cash());
  auto held = ledger->positions.find(symbol);
  wire::ToProto(quote->quote_time, response->mutable_market_time());
  response->set_age_ms((engine.feed().Now() - quote->quote_time).nanos / 1'000'000);
  response->set_latency_ms(venue.LatencyOf(account).nanos / 1'000'000);
  SpokenFor spoken = SpokenForIn(engine, account, symbol);
  Decimal position = held == ledger->positions.end() ? Decimal() : held->second;
  wire::ToProto(std::max(Decimal(), ledger->cash - spoken.cash), response->mutable_available_cash());
  wire::ToProto(std::max(Decimal(), position - spoken.quantity), response->mutable_available_quantity());
  wire::ToProto(position, response->mutable_position());
  if (std::optional<Rejection> why = UntradableNow(engine, *entry, *quote))
    wire::ToProto(*why, response->mutable_untradable());
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* BookGrpc::GetVenueBook(grpc::CallbackServerContext* context,
                                                 const broker::v1::GetVenueBookRequest* request,
                                                 broker::v1::GetVenueBookResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  if (!check.Id("account_id", request->account_id()).Id("symbol", request->symbol()).ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  bool queued = engine_.Ask(
      [reactor, account = AccountId(request->account_id()), symbol = Symbol(request->symbol()),
       response](const Engine& engine) { reactor->Finish(ToGrpc(FillVenueBook(engine, account, symbol, response))); });
  if (!queued) reactor->Finish({grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again"});
  return reactor;
}

grpc::ServerUnaryReactor* BookGrpc::SetPaperOutage(grpc::CallbackServerContext* context,
                                                   const broker::v1::SetPaperOutageRequest* request,
                                                   broker::v1::SetPaperOutageResponse*) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  if (!check.Id("broker", request->broker()).ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  if (!engine_.options().faults) {
    reactor->Finish({grpc::FAILED_PRECONDITION, "paper_test_faces is off"});
    return reactor;
  }
  bool queued = engine_.SetOutage(request->broker(), request->out(), [reactor, broker = request->broker()](bool known) {
    reactor->Finish(known ? grpc::Status::OK
                          : grpc::Status(grpc::NOT_FOUND, "there is no venue '" + broker + "' in this process"));
  });
  if (!queued) reactor->Finish({grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again"});
  return reactor;
}

}  // namespace ballast
