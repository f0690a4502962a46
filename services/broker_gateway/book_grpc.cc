#include "services/broker_gateway/book_grpc.h"

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

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
  wire::ToProto(held == ledger->positions.end() ? Decimal() : held->second, response->mutable_position());
  wire::ToProto(quote->quote_time, response->mutable_market_time());
  response->set_tradable(quote->session_open && !quote->stale && !quote->halted);
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

}  // namespace ballast
