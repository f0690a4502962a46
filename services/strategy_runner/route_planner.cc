#include "services/strategy_runner/route_planner.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/model/reserved_request.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/thread/answered.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/algo_codec.h"
#include "services/strategy_runner/gate_view.h"
#include "services/strategy_runner/order_quality_codec.h"
#include "services/strategy_runner/route_short.h"

namespace ballast {

namespace route_pb = execution::v1;

namespace {

constexpr int kScoredOrders = 200;
constexpr int kScoredRoutes = 200;
constexpr int kScoredSingles = 200;
// As of an algorithm order: what is above is no order, and lots of it would not be counted in 63 bits.
const Decimal kRouteQuantityMax = Decimal::FromInt(1'000'000'000'000);
const Decimal kRoutePriceMax = Decimal::FromInt(100'000'000);

// Waits for one answer.
template <typename T>
absl::StatusOr<T> RouteAnswer(const std::function<void(Neighbours::Answer<T>)>& ask) {
  return Answered<absl::StatusOr<T>>([&](std::function<void(absl::StatusOr<T>)> done) { ask(std::move(done)); });
}

void AddRouteNumber(const type::v1::Decimal& proto, const char* field, Decimal most, Decimal* out,
                    std::vector<FieldError>& errors) {
  auto value = wire::FromProto(proto, field);
  if (!value.ok())
    errors.push_back({std::string("spec.") + field, RejectReason::kBadDecimal, MessageOf(value.status())});
  else if (!value->IsPositive())
    errors.push_back({std::string("spec.") + field, RejectReason::kOutOfRange, "above 0 expected"});
  else if (*value > most)
    errors.push_back(
        {std::string("spec.") + field, RejectReason::kOutOfRange, "at most " + most.ToString() + " expected"});
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
  auto cash = Decimal::Parse(book.available_cash().value());
  auto quantity = Decimal::Parse(book.available_quantity().value());
  if (!taker.ok() || !unit.ok() || !cash.ok() || !quantity.ok()) return std::nullopt;
  venue.taker_fee_ratio = *taker;
  venue.fee_per_unit = *unit;
  venue.available = side == Side::kBuy ? *cash : *quantity;
  if (!AddRouteLevels(side == Side::kBuy ? book.asks() : book.bids(), venue)) return std::nullopt;
  return venue;
}

Rejection NotPlannedWith(RejectReason reason, std::string message) {
  return {.reason = reason, .message = std::move(message)};
}

// Why a venue whose book is known is not planned with.
std::optional<Rejection> UnfitVenue(const broker::v1::GetVenueBookResponse& book, const execution::RouteVenue& venue,
                                    Side side, bool may_open_short, Duration age_max) {
  if (book.has_untradable()) return wire::FromProto(book.untradable());
  const std::int64_t age_max_ms = age_max.nanos / 1'000'000;
  // A book of a time that is still to come is as unknown as an old one.
  if (book.age_ms() > age_max_ms || book.age_ms() < -age_max_ms) {
    return Rejection{.reason = RejectReason::kStalePrice,
                     .check = "book_age",
                     .limit = std::to_string(age_max_ms),
                     .observed = std::to_string(book.age_ms()),
                     .message = "its book is " + std::to_string(book.age_ms()) + " ms old, " +
                                std::to_string(age_max_ms) + " ms are allowed"};
  }
  if (venue.levels.empty()) return NotPlannedWith(RejectReason::kNoLiquidity, "nothing is offered there");
  auto position = Decimal::Parse(book.position().value());
  if (!position.ok()) return NotPlannedWith(RejectReason::kStalePrice, "what it holds there cannot be read");
  if (side == Side::kBuy && position->IsNegative()) {
    return Rejection{.reason = RejectReason::kUnsupported,
                     .check = "other_side",
                     .limit = "0",
                     .observed = position->ToString(),
                     .message = "the account is short there, and a buy would close that"};
  }
  if (!may_open_short && !venue.available->IsPositive())
    return NotPlannedWith(RejectReason::kInsufficientFunds, "the account has nothing there to trade it with");
  return std::nullopt;
}

void EncodeRouteVenue(const execution::RouteVenue& venue, const execution::VenueQuality& quality, Duration latency,
                      route_pb::RouteVenue* out) {
  wire::ToProto(venue.levels.empty() ? Decimal() : venue.levels.front().price, out->mutable_best_price());
  Decimal depth;
  for (const execution::RouteLevel& level : venue.levels) depth += level.size;
  wire::ToProto(depth, out->mutable_depth());
  wire::ToProto(venue.taker_fee_ratio, out->mutable_taker_fee_ratio());
  wire::ToProto(venue.fee_per_unit, out->mutable_fee_per_unit());
  if (venue.available) wire::ToProto(*venue.available, out->mutable_available());
  Decimal microseconds = Decimal::FromInt(latency.nanos / 1000);
  wire::ToProto(Divide(microseconds, Decimal::FromInt(1000), Rounding::kHalfEven), out->mutable_latency_ms());
  wire::ToProto(quality.Score(), out->mutable_score());
}

void EncodeRouteLeg(const execution::RouteLeg& leg, Side side, Decimal latency_ratio, route_pb::RouteLeg& one) {
  one.set_account_id(leg.account_id.value());
  wire::ToProto(leg.quantity, one.mutable_quantity());
  wire::ToProto(leg.limit_price, one.mutable_limit_price());
  wire::ToProto(Divide(leg.notional, leg.quantity, Rounding::kHalfEven), one.mutable_average_price());
  wire::ToProto(leg.fees, one.mutable_fees());
  Decimal latency = std::min(leg.penalty, Multiply(leg.notional, latency_ratio, Rounding::kHalfEven));
  wire::ToProto(latency, one.mutable_latency_cost());
  wire::ToProto(leg.penalty - latency, one.mutable_reliability_cost());
  Decimal extra = leg.fees + leg.penalty;
  wire::ToProto(side == Side::kBuy ? leg.notional + extra : leg.notional - extra, one.mutable_all_in_amount());
}

// A leg as the scores count a parent's child; nothing: nobody has answered for it.
std::optional<execution::ChildOrder> ScoredLeg(const route_pb::ExecutedLeg& leg) {
  if (!leg.has_order()) return std::nullopt;
  absl::StatusOr<Order> order = wire::FromProto(leg.order());
  if (!order.ok()) return std::nullopt;
  execution::ChildOrder child{.terms = {.quantity = order->quantity}};
  child.status = order->status;
  child.filled = order->cumulative_quantity;
  child.ended = IsTerminal(order->status);
  child.rejection = order->rejection;
  return child;
}

execution::RoutePlan RoutePlanOf(const execution::RouteOrder& order, bool may_open_short,
                                 const std::vector<execution::RouteVenue>& venues) {
  return may_open_short ? PlanHeldThenShort(order, venues) : execution::PlanRoute(order, venues);
}

// Money of one kind is not the other's.
std::optional<Rejection> OtherPurse(const order::v1::Account& first, const order::v1::Account& account) {
  if (account.mode() != first.mode()) {
    return Rejection{.reason = RejectReason::kUnsupported,
                     .check = "account_mode",
                     .message = "the account is of another mode than account " + first.account_id()};
  }
  if (account.currency() != first.currency()) {
    return Rejection{.reason = RejectReason::kUnsupported,
                     .check = "account_currency",
                     .message = "the account is in another currency than account " + first.account_id()};
  }
  return std::nullopt;
}

// The best one venue alone that places as much.
std::optional<Decimal> BestSingle(const execution::RouteOrder& order, bool may_open_short,
                                  const std::vector<execution::RouteVenue>& venues, Decimal unplaced) {
  std::optional<Decimal> best;
  for (const execution::RouteVenue& venue : venues) {
    execution::RoutePlan alone = RoutePlanOf(order, may_open_short, {venue});
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
  AddRouteNumber(spec.quantity(), "quantity", kRouteQuantityMax, &order.quantity, errors);
  if (spec.has_limit_price())
    AddRouteNumber(spec.limit_price(), "limit_price", kRoutePriceMax, &order.limit_price.emplace(), errors);
  return order;
}

absl::StatusOr<RoutePlanner::Scores> RoutePlanner::ReadScores() {
  ASSIGN_OR_RETURN(std::vector<AlgoStore::Row> rows, ports_.algo_store.Read({.most = kScoredOrders}));
  Scores scores;
  for (const AlgoStore::Row& row : rows) {
    for (const route_pb::ChildOrder& proto : row.children) {
      ASSIGN_OR_RETURN(execution::ChildOrder child, AlgoChildOf(proto));
      scores[row.kept.order().spec().account_id()].Add(child);
    }
  }
  ASSIGN_OR_RETURN(std::vector<route_pb::Route> routes, ports_.store.Read({.most = kScoredRoutes}));
  for (const route_pb::Route& route : routes) {
    for (const route_pb::ExecutedLeg& leg : route.legs()) {
      if (auto child = ScoredLeg(leg); child) scores[leg.leg().account_id()].Add(*child);
    }
  }
  if (ports_.singles == nullptr) return scores;
  ASSIGN_OR_RETURN(std::vector<OrderQualityStore::Row> singles, ports_.singles->Read({.most = kScoredSingles}));
  for (const OrderQualityStore::Row& row : singles) {
    // A leg has been counted with its route.
    if (row.kept.request_id().starts_with(kRouteRequests)) continue;
    ASSIGN_OR_RETURN(execution::SingleOrderRecord record, SingleOrderOf(row.kept));
    if (auto scored = execution::ScoredOrder(record); scored) scores[row.kept.account_id()].Add(*scored);
  }
  return scores;
}

std::optional<RoutePlanner::Asked> RoutePlanner::AskVenue(const order::v1::Account& account,
                                                          const execution::RouteOrder& order, bool may_open_short,
                                                          const Instrument& instrument,
                                                          const execution::VenueQuality& quality,
                                                          route_pb::RoutePlan& plan, route_pb::RouteVenue& told) {
  auto leave_out = [&](const Rejection& why) {
    wire::ToProto(why, told.mutable_left_out());
    return std::nullopt;
  };
  if (account.halted()) return leave_out(NotPlannedWith(RejectReason::kAccountHalted, "the account is halted"));
  auto book = RouteAnswer<broker::v1::GetVenueBookResponse>(
      [&](auto answer) { ports_.venues.VenueBook(account.account_id(), instrument.symbol.value(), answer); });
  if (!book.ok()) {
    return leave_out(
        NotPlannedWith(RejectReason::kBrokerUnavailable, "it does not answer: " + MessageOf(book.status())));
  }
  std::optional<execution::RouteVenue> venue = RouteVenueOf(*book, order.side, instrument);
  if (!venue) return leave_out(NotPlannedWith(RejectReason::kStalePrice, "its book cannot be read"));
  // As it is set up where nothing was measured, or less.
  Duration latency = std::max(Duration::Millis(book->latency_ms()), quality.Latency());
  EncodeRouteVenue(*venue, quality, latency, &told);
  told.set_book_age_ms(book->age_ms());
  if (std::optional<Rejection> why = UnfitVenue(*book, *venue, order.side, may_open_short, ports_.book_age_max); why)
    return leave_out(*why);
  if (!plan.has_market_time() || wire::FromProto(plan.market_time()) < wire::FromProto(book->market_time()))
    *plan.mutable_market_time() = book->market_time();
  Asked asked{.venue = std::move(*venue), .latency_ratio = execution::LatencyPenalty(latency)};
  asked.venue.penalty_ratio = execution::ReliabilityPenalty(quality) + asked.latency_ratio;
  return asked;
}

absl::StatusOr<route_pb::RoutePlan> RoutePlanner::Plan(const route_pb::RouteSpec& spec, const LeftOut& left_out) {
  std::vector<FieldError> errors;
  execution::RouteOrder order = RouteOrderOf(spec, errors);
  ASSIGN_OR_RETURN(auto instruments,
                   RouteAnswer<std::vector<Instrument>>([&](auto a) { ports_.neighbours.Instruments(a); }));
  auto instrument = std::find_if(instruments.begin(), instruments.end(),
                                 [&](const Instrument& one) { return one.symbol.value() == spec.symbol(); });
  if (instrument == instruments.end())
    return absl::NotFoundError(ToAbsl("there is no instrument '" + spec.symbol() + "'"));
  order.lot = instrument->lot_size;
  if (!order.quantity.IsMultipleOf(order.lot))
    return absl::InvalidArgumentError(ToAbsl("spec.quantity: a multiple of " + order.lot.ToString() + " expected"));
  ASSIGN_OR_RETURN(auto listed,
                   RouteAnswer<order::v1::ListAccountsResponse>([&](auto a) { ports_.neighbours.Accounts(a); }));
  ASSIGN_OR_RETURN(auto market, RouteAnswer<broker::v1::GetMarketStatusResponse>(
                                    [&](auto a) { ports_.neighbours.MarketStatus(a); }));
  const GateView gate(ports_.gate, instrument->calendar, wire::FromProto(market.market_time()));
  const bool may_open_short = order.side == Side::kSell && spec.may_open_short() && instrument->shortable;
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
  std::map<std::string, Decimal> latency_ratios;
  // By broker, the account that was looked at.
  std::map<std::string, std::string> used;
  // Whose money it is: what can be paid from one is not what can be paid from another.
  const order::v1::Account* purse = nullptr;
  for (const std::string& id : wanted) {
    auto found = accounts.find(id);
    if (found == accounts.end()) return absl::NotFoundError(ToAbsl("there is no account '" + id + "'"));
    const order::v1::Account& account = *found->second;
    route_pb::RouteVenue& told = *plan.add_venues();
    told.set_account_id(id);
    told.set_broker(account.broker());
    if (purse == nullptr) purse = &account;
    auto other = left_out.find(id);
    std::optional<Rejection> why = other != left_out.end() ? std::optional(other->second) : OtherPurse(*purse, account);
    if (std::string waits = gate.WaitOf(id); !why && !waits.empty())
      why = Rejection{
          .reason = RejectReason::kSessionEnded, .check = "entry_gate", .message = "the account waits for " + waits};
    if (why) {
      wire::ToProto(*why, told.mutable_left_out());
      continue;
    }
    // Two accounts at one venue find the same book: what one takes is not there for the other.
    if (auto at = used.find(account.broker()); at != used.end()) {
      wire::ToProto(Rejection{.reason = RejectReason::kUnsupported,
                              .check = "same_venue",
                              .message = "the same venue as account " + at->second},
                    told.mutable_left_out());
      continue;
    }
    std::optional<Asked> asked = AskVenue(account, order, may_open_short, *instrument, scores[id], plan, told);
    if (!asked) continue;
    used[account.broker()] = id;
    latency_ratios[id] = asked->latency_ratio;
    venues.push_back(std::move(asked->venue));
  }
  execution::RoutePlan made = RoutePlanOf(order, may_open_short, venues);
  for (const execution::RouteLeg& leg : made.legs) {
    route_pb::RouteLeg& one = *plan.add_legs();
    EncodeRouteLeg(leg, order.side, latency_ratios.at(leg.account_id.value()), one);
    one.set_number(plan.legs_size());
    one.set_broker(accounts.at(leg.account_id.value())->broker());
  }
  wire::ToProto(made.unplaced, plan.mutable_unplaced_quantity());
  wire::ToProto(made.all_in, plan.mutable_all_in_amount());
  if (auto single = BestSingle(order, may_open_short, venues, made.unplaced); single)
    wire::ToProto(*single, plan.mutable_best_single_amount());
  return plan;
}

}  // namespace ballast
