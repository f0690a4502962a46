#include "services/strategy_runner/route_planner.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/thread/answered.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/algo_codec.h"

namespace ballast {

namespace route_pb = execution::v1;

namespace {

constexpr int kScoredOrders = 200;

// Waits for one answer.
template <typename T>
absl::StatusOr<T> RouteAnswer(const std::function<void(Neighbours::Answer<T>)>& ask) {
  return Answered<absl::StatusOr<T>>([&](std::function<void(absl::StatusOr<T>)> done) { ask(std::move(done)); });
}

void AddRouteNumber(const type::v1::Decimal& proto, const char* field, Decimal* out, std::vector<FieldError>& errors) {
  auto value = wire::FromProto(proto, field);
  if (!value.ok())
    errors.push_back({std::string("spec.") + field, RejectReason::kBadDecimal, MessageOf(value.status())});
  else if (!value->IsPositive())
    errors.push_back({std::string("spec.") + field, RejectReason::kOutOfRange, "above 0 expected"});
  else
    *out = *value;
}

bool AddRouteLevels(const google::protobuf::RepeatedPtrField<broker::v1::BookLevel>& levels,
                    execution::RouteVenue& venue) {
  for (const broker::v1::BookLevel& proto : levels) {
    auto price = Decimal::Parse(proto.price().value());
    auto size = Decimal::Parse(proto.size().value());
    if (!price.ok() || !size.ok()) return false;
    venue.levels.push_back({*price, *size});
  }
  return true;
}

// What a venue offers this order; nothing: its book cannot be read.
std::optional<execution::RouteVenue> RouteVenueOf(const broker::v1::GetVenueBookResponse& book, Side side,
                                                  const Instrument& instrument) {
  execution::RouteVenue venue{.account_id = AccountId(book.account_id()), .min_notional = instrument.min_notional};
  auto taker = Decimal::Parse(book.taker_fee_ratio().value());
  auto unit = Decimal::Parse(book.fee_per_unit().value());
  auto cash = Decimal::Parse(book.cash().value());
  auto position = Decimal::Parse(book.position().value());
  if (!taker.ok() || !unit.ok() || !cash.ok() || !position.ok()) return std::nullopt;
  venue.taker_fee_ratio = *taker;
  venue.fee_per_unit = *unit;
  if (side == Side::kBuy)
    venue.available = std::max(Decimal(), *cash);
  else if (!instrument.shortable)
    venue.available = std::max(Decimal(), *position);
  if (!AddRouteLevels(side == Side::kBuy ? book.asks() : book.bids(), venue)) return std::nullopt;
  return venue;
}

void EncodeRouteVenue(const execution::RouteVenue& venue, const execution::VenueQuality& quality,
                      route_pb::RouteVenue* out) {
  wire::ToProto(venue.levels.empty() ? Decimal() : venue.levels.front().price, out->mutable_best_price());
  Decimal depth;
  for (const execution::RouteLevel& level : venue.levels) depth += level.size;
  wire::ToProto(depth, out->mutable_depth());
  wire::ToProto(venue.taker_fee_ratio, out->mutable_taker_fee_ratio());
  wire::ToProto(venue.fee_per_unit, out->mutable_fee_per_unit());
  if (venue.available) wire::ToProto(*venue.available, out->mutable_available());
  Decimal microseconds = Decimal::FromInt(quality.Latency().nanos / 1000);
  wire::ToProto(Divide(microseconds, Decimal::FromInt(1000), Rounding::kHalfEven), out->mutable_latency_ms());
  wire::ToProto(quality.Score(), out->mutable_score());
}

void EncodeRoutePlan(const execution::RoutePlan& plan, const std::map<std::string, std::string>& brokers,
                     route_pb::RoutePlan* out) {
  int number = 0;
  for (const execution::RouteLeg& leg : plan.legs) {
    route_pb::RouteLeg& one = *out->add_legs();
    one.set_number(++number);
    one.set_account_id(leg.account_id.value());
    one.set_broker(brokers.at(leg.account_id.value()));
    wire::ToProto(leg.quantity, one.mutable_quantity());
    wire::ToProto(leg.limit_price, one.mutable_limit_price());
    wire::ToProto(Divide(leg.notional, leg.quantity, Rounding::kHalfEven), one.mutable_average_price());
    wire::ToProto(leg.fees, one.mutable_fees());
    wire::ToProto(leg.penalty, one.mutable_penalty());
  }
  wire::ToProto(plan.unplaced, out->mutable_unplaced_quantity());
  wire::ToProto(plan.all_in, out->mutable_all_in_amount());
}

// The best one venue alone that places as much.
std::optional<Decimal> BestSingle(const execution::RouteOrder& order, const std::vector<execution::RouteVenue>& venues,
                                  Decimal unplaced) {
  std::optional<Decimal> best;
  for (const execution::RouteVenue& venue : venues) {
    execution::RoutePlan alone = execution::PlanRoute(order, {venue});
    if (alone.unplaced != unplaced || alone.legs.empty()) continue;
    bool better = !best || (order.side == Side::kBuy ? alone.all_in < *best : alone.all_in > *best);
    if (better) best = alone.all_in;
  }
  return best;
}

}  // namespace

execution::RouteOrder RouteOrderOf(const route_pb::RouteSpec& spec, std::vector<FieldError>& errors) {
  FieldCheck check;
  check.Id("spec.symbol", spec.symbol());
  for (const std::string& account : spec.account_ids()) check.Id("spec.account_ids", account);
  if (spec.account_ids_size() > static_cast<int>(execution::kRouteVenuesMax))
    check.Refuse("spec.account_ids", RejectReason::kOutOfRange, "at most 10 are expected");
  std::vector<std::string> accounts(spec.account_ids().begin(), spec.account_ids().end());
  std::sort(accounts.begin(), accounts.end());
  if (std::adjacent_find(accounts.begin(), accounts.end()) != accounts.end())
    check.Refuse("spec.account_ids", RejectReason::kMalformed, "none may be there twice");
  if (spec.side() != type::v1::SIDE_BUY && spec.side() != type::v1::SIDE_SELL)
    check.Refuse("spec.side", RejectReason::kBadEnum, "SIDE_BUY or SIDE_SELL expected");
  errors.insert(errors.end(), check.errors().begin(), check.errors().end());
  execution::RouteOrder order{.side = static_cast<Side>(spec.side()), .quantity = {}};
  AddRouteNumber(spec.quantity(), "quantity", &order.quantity, errors);
  if (spec.has_limit_price()) AddRouteNumber(spec.limit_price(), "limit_price", &order.limit_price.emplace(), errors);
  return order;
}

absl::StatusOr<RoutePlanner::Scores> RoutePlanner::ReadScores() {
  ASSIGN_OR_RETURN(std::vector<AlgoStore::Row> rows, store_.Read({.most = kScoredOrders}));
  Scores scores;
  for (const AlgoStore::Row& row : rows) {
    for (const route_pb::ChildOrder& proto : row.children) {
      ASSIGN_OR_RETURN(execution::ChildOrder child, AlgoChildOf(proto));
      scores[row.kept.order().spec().account_id()].Add(child);
    }
  }
  return scores;
}

absl::StatusOr<route_pb::RoutePlan> RoutePlanner::Plan(const route_pb::RouteSpec& spec) {
  std::vector<FieldError> errors;
  execution::RouteOrder order = RouteOrderOf(spec, errors);
  ASSIGN_OR_RETURN(auto instruments, RouteAnswer<std::vector<Instrument>>([&](auto a) { neighbours_.Instruments(a); }));
  auto instrument = std::find_if(instruments.begin(), instruments.end(),
                                 [&](const Instrument& one) { return one.symbol.value() == spec.symbol(); });
  if (instrument == instruments.end())
    return absl::NotFoundError(ToAbsl("there is no instrument '" + spec.symbol() + "'"));
  order.lot = instrument->lot_size;
  if (!order.quantity.IsMultipleOf(order.lot))
    return absl::InvalidArgumentError(ToAbsl("spec.quantity: a multiple of " + order.lot.ToString() + " expected"));
  ASSIGN_OR_RETURN(auto listed, RouteAnswer<order::v1::ListAccountsResponse>([&](auto a) { neighbours_.Accounts(a); }));
  std::vector<std::string> wanted(spec.account_ids().begin(), spec.account_ids().end());
  std::map<std::string, const order::v1::Account*> accounts;
  for (const order::v1::Account& account : listed.accounts()) {
    accounts[account.account_id()] = &account;
    if (spec.account_ids().empty() && !account.halted() && wanted.size() < execution::kRouteVenuesMax)
      wanted.push_back(account.account_id());
  }
  ASSIGN_OR_RETURN(Scores scores, ReadScores());
  route_pb::RoutePlan plan;
  std::vector<execution::RouteVenue> venues;
  std::map<std::string, std::string> brokers;
  // By broker, the account that was looked at.
  std::map<std::string, std::string> used;
  for (const std::string& id : wanted) {
    auto found = accounts.find(id);
    if (found == accounts.end()) return absl::NotFoundError(ToAbsl("there is no account '" + id + "'"));
    route_pb::RouteVenue& told = *plan.add_venues();
    told.set_account_id(id);
    told.set_broker(brokers[id] = found->second->broker());
    // Two accounts at one venue find the same book: what one takes is not there for the other.
    auto [at, first] = used.try_emplace(found->second->broker(), id);
    if (!first) {
      told.set_left_out("the same venue as account " + at->second);
      continue;
    }
    if (found->second->halted()) {
      told.set_left_out("the account is halted");
      continue;
    }
    auto book = RouteAnswer<broker::v1::GetVenueBookResponse>([&](auto a) { venues_.VenueBook(id, spec.symbol(), a); });
    std::optional<execution::RouteVenue> venue =
        book.ok() ? RouteVenueOf(*book, order.side, *instrument) : std::nullopt;
    if (!venue || !book->tradable()) {
      told.set_left_out(book.ok() ? "nobody trades there now" : "it does not answer: " + MessageOf(book.status()));
      continue;
    }
    if (!plan.has_market_time() || wire::FromProto(plan.market_time()) < wire::FromProto(book->market_time()))
      *plan.mutable_market_time() = book->market_time();
    venue->penalty_ratio = execution::PenaltyOf(scores[id]);
    EncodeRouteVenue(*venue, scores[id], &told);
    venues.push_back(std::move(*venue));
  }
  execution::RoutePlan made = execution::PlanRoute(order, venues);
  EncodeRoutePlan(made, brokers, &plan);
  if (auto single = BestSingle(order, venues, made.unplaced); single)
    wire::ToProto(*single, plan.mutable_best_single_amount());
  return plan;
}

}  // namespace ballast
