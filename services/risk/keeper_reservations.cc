#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/wire/event_bytes.h"
#include "libs/wire/wire.h"
#include "services/risk/keeper.h"

// The keeper's part about what an order is told: reserved or refused, and what would pass.
namespace ballast {
namespace {

constexpr std::int64_t kReservationNs = 5'000'000'000;
constexpr std::int64_t kRateWindowNs = 1'000'000'000;

// Both answers carry the same fields for what would have passed.
template <typename Answer>
void TellPassable(const std::optional<risk::PassableQuantity>& quantity,
                  const std::optional<risk::PassablePrices>& prices, Answer* answer) {
  if (quantity) {
    answer->set_passable_quantity(quantity->quantity.ToString());
    answer->set_passable_quantity_check(quantity->check);
  }
  if (prices && prices->limit_price) answer->set_passable_limit_price(prices->limit_price->ToString());
  if (prices && prices->stop_price) answer->set_passable_stop_price(prices->stop_price->ToString());
}

}  // namespace

void RiskKeeper::Void(const risk::v1::Void& request) {
  auto account = accounts_.find(AccountId(request.account_id()));
  if (account != accounts_.end()) account->second.Void(OrderId(request.order_id()));
}

RiskKeeper::Verdict RiskKeeper::Check(const Order& order, std::optional<Decimal> anchor_price) {
  if (const std::string* why = stopped_.Why(order.account_id.value())) {
    return {.result = {.rejection =
                           Rejection{.reason = RejectReason::kRiskUnavailable, .check = "order_log", .message = *why}}};
  }
  auto account = accounts_.find(order.account_id);
  if (account == accounts_.end() || !account->second.opened()) {
    Rejection unknown{.reason = RejectReason::kUnknownAccount,
                      .check = "account",
                      .message = "risk knows nothing of account " + order.account_id.value()};
    return {.result = {.rejection = std::move(unknown)}};
  }
  std::int64_t now = AgeNow();
  auto& recent = account->second.recent_orders;
  while (!recent.empty() && now - recent.front().time_ns > kRateWindowNs) recent.pop_front();
  account->second.Expire(now);
  EndOverrides();
  const risk::LimitBook::Effective& effective = limits_.For(order.account_id, order.deployment_id, order.symbol);
  risk::PreTradeInput input{.order = order,
                            .limits = effective.limits,
                            .exposure = account->second,
                            .market = market_,
                            .now_ns = now,
                            .anchor_price = anchor_price,
                            .block = breakers_.BlockOf(order.account_id, order.deployment_id)};
  Verdict verdict{.result = CheckPreTrade(input)};
  if (!verdict.result.rejection) return verdict;
  TellLimitScope(effective, &*verdict.result.rejection);
  std::string& message = verdict.result.rejection->message;
  verdict.quantity = LargestPassableQuantity(input);
  if (verdict.quantity) {
    message += "; a quantity of " + verdict.quantity->quantity.ToString() + " would pass";
    // Otherwise it looks like the room this rule leaves.
    if (verdict.quantity->check != verdict.result.rejection->check)
      message += " (one lot more is refused by " + verdict.quantity->check + ")";
    return verdict;
  }
  verdict.prices = NearestPassablePrices(input);
  if (verdict.prices && verdict.prices->stop_price)
    message += "; a stop price of " + verdict.prices->stop_price->ToString() + " would pass";
  if (verdict.prices && verdict.prices->limit_price)
    message += "; a limit price of " + verdict.prices->limit_price->ToString() + " would pass";
  return verdict;
}

// What an order on the other side would trade at now, or at its limit where that is better for it. Nothing: there is no
// quote, and the full check says so.
std::optional<Decimal> RiskKeeper::MarketAnchor(const Order& order, std::optional<Decimal> limit) {
  auto quote = market_.quotes.find(order.symbol);
  if (quote == market_.quotes.end()) return limit;
  bool sell = order.side == Side::kSell;
  Decimal price = sell ? quote->second.ask_price : quote->second.bid_price;
  if (!price.IsPositive()) return limit;
  if (!limit) return price;
  return sell ? std::min(price, *limit) : std::max(price, *limit);
}

RiskKeeper::Verdict RiskKeeper::Judge(const risk::v1::Reserve& request, const Order& order) {
  auto account = accounts_.find(order.account_id);
  if (request.has_anchor_price()) {
    auto anchor = wire::FromProto(request.anchor_price(), "anchor_price");
    if (anchor.ok() && anchor->IsPositive())
      return Check(order, request.anchor_at_market() ? MarketAnchor(order, *anchor) : *anchor);
    return {.result = {.rejection = Rejection{.reason = RejectReason::kMalformed,
                                              .check = "decode",
                                              .message = "anchor_price: a price above zero expected"}}};
  }
  if (request.anchor_at_market()) return Check(order, MarketAnchor(order));
  if (!request.replaces() || account == accounts_.end()) return Check(order);
  std::optional<risk::PendingOrder> present = account->second.SetAside(order.order_id);
  Verdict verdict = Check(order);
  if (present) account->second.PutBack(order.order_id, *std::move(present));
  return verdict;
}

void RiskKeeper::Reserve(const Session& session, const risk::v1::Reserve& request, risk::v1::ReserveResult* answer) {
  std::int64_t started = clock_.MonotonicNanos();
  reserves_.Increment();
  answer->set_correlation_id(request.correlation_id());
  auto order = wire::FromProto(request.order());
  if (!order.ok()) {
    wire::ToProto(
        Rejection{.reason = RejectReason::kMalformed, .check = "decode", .message = MessageOf(order.status())},
        answer->mutable_rejection());
  } else {
    breakers_.OnAsked(order->account_id, order->deployment_id, AgeNow());
    Verdict verdict = Judge(request, *order);
    risk::PreTradeResult& result = verdict.result;
    if (session.takes_encoded_checks && !result.rejection) {
      wire::AppendChecks(result.checks, answer->mutable_encoded_checks());
    } else {
      for (const RiskCheck& check : result.checks) wire::ToProto(check, answer->add_checks());
    }
    if (result.rejection) {
      TellPassable(verdict.quantity, verdict.prices, answer);
      wire::ToProto(*result.rejection, answer->mutable_rejection());
    } else {
      answer->set_approved(true);
      risk::Exposure& exposure = accounts_[order->account_id];
      bool waits = request.has_anchor_price() || request.anchor_at_market();
      if (result.reduces && !waits) {
        for (const OrderId& id : OwnOrdersCrossed(*order, exposure, market_)) answer->add_cross_order_ids(id.value());
      }
      if (!waits) exposure.recent_orders.push_back(risk::RecentOrder::Of(*order, AgeNow()));
      std::int64_t expire_ns = AgeNow() + kReservationNs;
      // Two that grow side by side would each pass alone.
      if (!waits && request.replaces()) exposure.ReserveGrowth(*order, expire_ns);
      if (!waits && !request.replaces()) exposure.Reserve(*order, expire_ns);
      wire::ToProto(clock_.Now() + Duration{kReservationNs}, answer->mutable_expire_time());
    }
  }
  if (!answer->approved()) refusals_.Increment();
  reserve_seconds_.Observe(static_cast<double>(clock_.MonotonicNanos() - started) / 1e9);
}

void RiskKeeper::Preview(const Order& order, risk::v1::PreviewOrderResponse* response) {
  Verdict verdict = Check(order);
  const risk::PreTradeResult& result = verdict.result;
  response->set_approved(!result.rejection);
  for (const RiskCheck& check : result.checks) wire::ToProto(check, response->add_checks());
  if (result.rejection) wire::ToProto(*result.rejection, response->mutable_rejection());
  TellPassable(verdict.quantity, verdict.prices, response);
  auto quote = market_.quotes.find(order.symbol);
  if (quote != market_.quotes.end()) {
    Decimal touch = order.side == Side::kBuy ? quote->second.ask_price : quote->second.bid_price;
    Decimal price = order.limit_price.value_or(order.stop_price.value_or(touch));
    wire::ToProto(price, response->mutable_estimated_price());
    // Within range only when the caps held; a refused giant has no estimate.
    if (order.quantity <= Decimal::FromInt(1'000'000'000) && price <= Decimal::FromInt(100'000'000)) {
      wire::ToProto(Multiply(price, order.quantity, Rounding::kUp), response->mutable_estimated_notional());
    }
  }
}

}  // namespace ballast
