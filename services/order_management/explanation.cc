#include "services/order_management/explanation.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/base/decimal.h"
#include "libs/broker/capabilities.h"
#include "libs/ledger/mark_board.h"
#include "libs/orders/elsewhere.h"
#include "libs/orders/protection.h"
#include "libs/wire/wire.h"

namespace ballast {
// Of its own: these are not the events and words of the writer.
namespace story {
namespace {

using order::v1::ExplainOrderResponse;
using order::v1::OrderEvent;
using order::v1::OrderGuard;
using order::v1::OrderOrigin;
using order::v1::OrderRoute;
using order::v1::OrderStep;

// As text of the log: what cannot be read counts as nothing, and is never the reason that nothing is told.
Decimal Read(const type::v1::Decimal& value) {
  absl::StatusOr<Decimal> read = Decimal::Parse(value.value());
  return read.ok() ? *read : Decimal();
}

std::int64_t Nanos(const google::protobuf::Timestamp& time) { return wire::FromProto(time).nanos; }

// "ORDER_TYPE_STOP_LIMIT" to "stop limit".
std::string Word(const std::string& name, std::size_t prefix) {
  std::string word = name.substr(std::min(prefix, name.size()));
  for (char& c : word) c = c == '_' ? ' ' : static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return word;
}
std::string TypeWord(type::v1::OrderType type) { return Word(type::v1::OrderType_Name(type), 11); }
std::string StatusWord(order::v1::OrderStatus status) { return Word(order::v1::OrderStatus_Name(status), 13); }

bool IsBooked(order::v1::OrderEventType type) {
  return type == order::v1::ORDER_EVENT_TYPE_FILLED || type == order::v1::ORDER_EVENT_TYPE_TRADE_CANCEL ||
         type == order::v1::ORDER_EVENT_TYPE_TRADE_CORRECT;
}

std::string HoldWords(order::v1::HoldReason hold) {
  switch (hold) {
    case order::v1::HOLD_REASON_PARENT:
      return "for the first order of its list to fill";
    case order::v1::HOLD_REASON_TRIGGER:
      return "for its trigger, which order management watches";
    case order::v1::HOLD_REASON_SESSION:
      return "for the market to open";
    default:
      return "here";
  }
}

struct Words {
  std::string title;
  std::string detail;
};

Words FillWords(const OrderEvent& event, const char* title) {
  const order::v1::Fill& fill = event.fill();
  return {.title = std::string(title) + " " + fill.quantity().value() + " at " + fill.price().value(),
          .detail = "fee " + fill.fee().value() + " " + fill.fee_currency() + ", " +
                    (fill.maker() ? "as maker" : "as taker") + ", execution " + fill.execution_id()};
}

Words WordsOf(const OrderEvent& event) {
  const order::v1::Order& order = event.order();
  switch (event.type()) {
    case order::v1::ORDER_EVENT_TYPE_DENIED:
      return {.title = "Refused here", .detail = "It never left."};
    case order::v1::ORDER_EVENT_TYPE_PENDING_NEW:
      return {.title = "Taken", .detail = "Stored before anything was sent or anybody was told."};
    case order::v1::ORDER_EVENT_TYPE_SUBMITTED:
      return {.title = "Sent", .detail = "Claimed for the broker gateway; stored before it left."};
    case order::v1::ORDER_EVENT_TYPE_ACCEPTED:
      return {.title = "Confirmed by the broker",
              .detail = order.broker_order_id().empty() ? "" : "Its number there is " + order.broker_order_id() + "."};
    case order::v1::ORDER_EVENT_TYPE_FILLED:
      return FillWords(event, "Filled");
    case order::v1::ORDER_EVENT_TYPE_TRADE_CANCEL:
      return FillWords(event, "Trade taken back:");
    case order::v1::ORDER_EVENT_TYPE_TRADE_CORRECT:
      return FillWords(event, "Trade corrected:");
    case order::v1::ORDER_EVENT_TYPE_ADOPTED:
      return {.title = "Made elsewhere, and taken into the log",
              .detail = order.external().actor() + ": " + order.external().reason()};
    case order::v1::ORDER_EVENT_TYPE_EXTERNAL_DECIDED:
      if (event.has_fill()) {
        return FillWords(event, event.fill().reversal() ? "Moved out of a book:" : "Moved into a book:");
      }
      return {.title = "Decided what becomes of it",
              .detail = order.external().actor() + ": " + order.external().reason()};
    case order::v1::ORDER_EVENT_TYPE_PENDING_CANCEL:
      return {.title = "Cancel asked for", .detail = "It may still fill until the broker answers."};
    case order::v1::ORDER_EVENT_TYPE_CANCEL_REJECTED:
      return {.title = "Cancel refused", .detail = ""};
    case order::v1::ORDER_EVENT_TYPE_CANCELED:
      return {.title = "Cancelled", .detail = order.cumulative_quantity().value() + " had filled."};
    case order::v1::ORDER_EVENT_TYPE_REJECTED:
      return {.title = event.execution_sequence() == 0 ? "Not sent" : "Refused by the broker", .detail = ""};
    case order::v1::ORDER_EVENT_TYPE_EXPIRED:
      return {.title = "Expired", .detail = order.cumulative_quantity().value() + " had filled."};
    case order::v1::ORDER_EVENT_TYPE_UNKNOWN:
      return {.title = "Outcome not known",
              .detail =
                  "What it may have bought or sold stays counted; it is neither sent again nor ended without "
                  "evidence."};
    case order::v1::ORDER_EVENT_TYPE_TRIGGERED:
      return {.title = "Triggered at the broker", .detail = ""};
    case order::v1::ORDER_EVENT_TYPE_ILLEGAL_REPORT:
      return {.title = "A report that cannot be", .detail = "Kept as it came; the account was halted."};
    case order::v1::ORDER_EVENT_TYPE_RESTATED:
      return {.title = "Made smaller", .detail = ""};
    case order::v1::ORDER_EVENT_TYPE_HELD:
      return {.title = "Held", .detail = "Waits " + HoldWords(order.hold()) + "; nothing has left."};
    case order::v1::ORDER_EVENT_TYPE_RELEASED:
      return {.title = "Released", .detail = "Has waited long enough and goes out."};
    case order::v1::ORDER_EVENT_TYPE_TRAILED:
      return {.title = "Followed the market",
              .detail = order.trailing().has_high_water_mark()
                            ? "Best price since it follows: " + order.trailing().high_water_mark().value() + "."
                            : ""};
    case order::v1::ORDER_EVENT_TYPE_PENDING_REPLACE:
      return {.title = "Other terms asked for", .detail = "The old ones hold until the broker has answered."};
    case order::v1::ORDER_EVENT_TYPE_REPLACED:
      return {.title = "Has other terms", .detail = ""};
    case order::v1::ORDER_EVENT_TYPE_REPLACE_REJECTED:
      return {.title = "Other terms refused", .detail = "It stays as it was."};
    default:
      return {.title = Word(order::v1::OrderEventType_Name(event.type()), 17), .detail = ""};
  }
}

void Compare(const char* name, bool had, const type::v1::Decimal& before, bool has, const type::v1::Decimal& after,
             OrderStep* step) {
  if (!has && !had) return;
  if (has == had && Read(before) == Read(after)) return;
  step->add_changes(std::string(name) + " " + (had ? before.value() : "none") + " → " + (has ? after.value() : "none"));
}

void AddChanges(const order::v1::Order& before, const order::v1::Order& after, OrderStep* step) {
  Compare("quantity", before.has_quantity(), before.quantity(), after.has_quantity(), after.quantity(), step);
  Compare("limit", before.has_limit_price(), before.limit_price(), after.has_limit_price(), after.limit_price(), step);
  Compare("stop", before.has_stop_price(), before.stop_price(), after.has_stop_price(), after.stop_price(), step);
  if (after.replace_count() <= before.replace_count() || !after.has_pending_replace()) return;
  const order::v1::Replacement& asked = after.pending_replace();
  if (asked.has_quantity()) Compare("asked for quantity", true, after.quantity(), true, asked.quantity(), step);
  if (asked.has_limit_price())
    Compare("asked for limit", after.has_limit_price(), after.limit_price(), true, asked.limit_price(), step);
  if (asked.has_stop_price())
    Compare("asked for stop", after.has_stop_price(), after.stop_price(), true, asked.stop_price(), step);
}

void AddSteps(const OrderFacts& facts, ExplainOrderResponse* out) {
  const OrderEvent* previous = nullptr;
  for (const OrderEvent& event : facts.events) {
    OrderStep& step = *out->add_steps();
    step.set_sequence(event.sequence());
    step.set_type(event.type());
    *step.mutable_event_time() = event.event_time();
    if (previous != nullptr) {
      step.set_since_previous_ns(Nanos(event.event_time()) - Nanos(previous->event_time()));
      AddChanges(previous->order(), event.order(), &step);
    }
    step.set_status(event.order().status());
    step.set_actor(event.actor());
    Words words = WordsOf(event);
    step.set_title(words.title);
    step.set_detail(words.detail);
    if (event.has_rejection()) *step.mutable_rejection() = event.rejection();
    step.set_execution_sequence(event.execution_sequence());
    if (event.has_fill()) step.set_execution_id(event.fill().execution_id());
    previous = &event;
  }
}

OrderOrigin::Kind KindOf(const order::v1::Order& order, const std::string& actor) {
  if (order.reason() == "external") return OrderOrigin::KIND_EXTERNAL;
  if (DecisionOf(order)) return OrderOrigin::KIND_DECISION;
  bool own = order.request_id().starts_with(orders::kProtectionPrefix) || order.reason() == "list_repair" ||
             order.reason() == "emergency_stop" || actor == "system";
  return own ? OrderOrigin::KIND_SYSTEM : OrderOrigin::KIND_REQUEST;
}

void AddOrigin(const OrderFacts& facts, ExplainOrderResponse* out) {
  const order::v1::Order& first = facts.events.front().order();
  OrderOrigin& origin = *out->mutable_origin();
  origin.set_kind(KindOf(first, facts.events.front().actor()));
  origin.set_actor(facts.events.front().actor());
  origin.set_request_id(first.request_id());
  origin.set_deployment_id(first.deployment_id());
  origin.set_reason(first.reason());
  *origin.mutable_request_time() = first.create_time();
}

// Not the order's own words, which may be anything: what risk refuses names a check of risk's.
bool IsRisks(const type::v1::Rejection& rejection) {
  return rejection.reason() >= 2000 && rejection.reason() < 3000 &&
         rejection.reason() != type::v1::REJECT_REASON_RISK_UNAVAILABLE;
}

OrderGuard GuardOf(const OrderEvent& refusal, const order::v1::OrderVerdict& verdict) {
  const type::v1::Rejection& why = refusal.rejection();
  if (refusal.execution_sequence() != 0) {
    bool gateway =
        why.reason() == type::v1::REJECT_REASON_GATEWAY_CHECK || why.reason() == type::v1::REJECT_REASON_KILL_SWITCH;
    return gateway ? order::v1::ORDER_GUARD_BROKER_GATEWAY : order::v1::ORDER_GUARD_VENUE;
  }
  bool by_check = verdict.checks_size() > 0 && !verdict.checks(verdict.checks_size() - 1).passed();
  return by_check || IsRisks(why) ? order::v1::ORDER_GUARD_RISK : order::v1::ORDER_GUARD_ORDER_MANAGEMENT;
}

void AddNearest(ExplainOrderResponse* out) {
  order::v1::OrderVerdict& verdict = *out->mutable_verdict();
  if (verdict.refused_by() != order::v1::ORDER_GUARD_RISK) return;
  for (const order::v1::RiskCheck& check : verdict.checks()) {
    for (const order::v1::PassableTerm& term : check.nearest()) *verdict.add_nearest() = term;
  }
  if (verdict.nearest().empty())
    out->add_gaps(
        "What would have passed instead was not stored: that depends on the moment, and this version of the "
        "order was not there yet to keep it.");
}

void AddVerdict(const OrderFacts& facts, ExplainOrderResponse* out) {
  order::v1::OrderVerdict& verdict = *out->mutable_verdict();
  const OrderEvent* refusal = nullptr;
  for (const OrderEvent& event : facts.events) {
    if (event.checks_size() > 0) *verdict.mutable_checks() = event.checks();
    bool refuses =
        event.type() == order::v1::ORDER_EVENT_TYPE_DENIED || event.type() == order::v1::ORDER_EVENT_TYPE_REJECTED;
    if (refuses) refusal = &event;
  }
  if (refusal != nullptr) {
    verdict.set_refused(true);
    *verdict.mutable_rejection() = refusal->rejection();
    verdict.set_refused_by(GuardOf(*refusal, verdict));
    AddNearest(out);
  }
  if (!verdict.checks().empty()) return;
  if (out->origin().kind() == OrderOrigin::KIND_EXTERNAL) {
    verdict.set_unchecked("Nobody here asked for it: risk learned of it from the log.");
  } else if (verdict.refused() && verdict.refused_by() == order::v1::ORDER_GUARD_ORDER_MANAGEMENT) {
    verdict.set_unchecked("It was refused before risk was asked.");
  } else {
    verdict.set_unchecked("What risk said of it was not stored.");
    out->add_gaps("The risk checks of this order were not stored.");
  }
}

void AddRoute(const OrderFacts& facts, ExplainOrderResponse* out) {
  const order::v1::Order& first = facts.events.front().order();
  OrderRoute& route = *out->mutable_route();
  route.set_account_id(first.account_id());
  route.set_broker(facts.broker);
  route.set_mode(first.mode());
  route.set_broker_order_id(out->order().broker_order_id());
  bool watched_here = false;
  for (const OrderEvent& event : facts.events) {
    route.set_sent(route.sent() || event.type() == order::v1::ORDER_EVENT_TYPE_SUBMITTED ||
                   event.execution_sequence() != 0);
    watched_here = watched_here || (event.order().status() == order::v1::ORDER_STATUS_HELD &&
                                    event.order().hold() == order::v1::HOLD_REASON_TRIGGER);
  }
  const std::string type = TypeWord(first.type());
  absl::StatusOr<Order> order = wire::FromProto(first);
  broker::Supported supported;
  if (order.ok()) supported = broker::SupportFor(*order, broker::CapabilitiesOf(facts.broker));
  if (watched_here || supported.support == broker::Support::kEmulated) {
    route.set_support(OrderRoute::SUPPORT_EMULATED);
    route.set_why("The broker " + facts.broker + " has no " + type +
                  " order: order management watches its trigger and sends what the broker knows when it is reached.");
  } else if (supported.support == broker::Support::kNative) {
    route.set_support(OrderRoute::SUPPORT_NATIVE);
    route.set_why("The broker " + facts.broker + " takes a " + type + " order as it is.");
  } else {
    route.set_support(OrderRoute::SUPPORT_NONE);
    route.set_why(supported.why ? supported.why->message : "The order cannot be read by this version.");
  }
}

void AddFills(const OrderFacts& facts, ExplainOrderResponse* out) {
  order::v1::OrderResult& result = *out->mutable_result();
  result.set_currency(facts.currency);
  *result.mutable_quantity() = out->order().cumulative_quantity();
  *result.mutable_average_price() = out->order().average_price();
  Decimal notional;
  std::map<std::string, Decimal> fees;
  for (const OrderEvent& event : facts.events) {
    if (event.type() == order::v1::ORDER_EVENT_TYPE_ACCEPTED && !result.has_accept_time())
      *result.mutable_accept_time() = event.event_time();
    if (!IsBooked(event.type()) || !event.has_fill()) continue;
    if (!result.has_first_fill_time()) *result.mutable_first_fill_time() = event.event_time();
    *result.mutable_last_fill_time() = event.event_time();
    const order::v1::Fill& fill = event.fill();
    *out->add_fills()->mutable_fill() = fill;
    Decimal value = ledger::Value(Read(fill.quantity()), Read(fill.price()));
    notional = fill.reversal() && !fill.exec_ref_id().empty() ? notional - value : notional + value;
    fees[fill.fee_currency().empty() ? facts.currency : fill.fee_currency()] += Read(fill.fee());
  }
  wire::ToProto(notional, result.mutable_notional());
  for (const auto& [currency, fee] : fees) wire::ToProto(fee, &(*result.mutable_fees())[currency]);
}

void AddLinks(const OrderFacts& facts, ExplainOrderResponse* out) {
  for (const order::v1::Order& other : facts.elsewhere) {
    order::v1::LinkedOrder& link = *out->add_links();
    const bool went = other.reason() == orders::ElsewhereReason(OrderId(out->order().order_id()));
    link.set_relation(went ? "went_elsewhere_as" : "instead_of");
    link.set_order_id(other.order_id());
    *link.mutable_order() = other;
  }
  if (!out->order().has_list()) return;
  const order::v1::ListPlace& own = out->order().list();
  bool has_parent = own.contingency_type() == type::v1::CONTINGENCY_TYPE_OTO ||
                    own.contingency_type() == type::v1::CONTINGENCY_TYPE_BRACKET;
  for (std::size_t i = 0; i < facts.list.size(); ++i) {
    auto index = static_cast<std::uint32_t>(i + 1);
    if (index == own.index()) continue;
    // The one that repairs a list stands behind it, and mostly there is none.
    if (index > own.size() && facts.list[i].order_id().empty()) continue;
    order::v1::LinkedOrder& link = *out->add_links();
    *link.mutable_place() = own;
    link.mutable_place()->set_index(index);
    link.set_relation(!has_parent ? "sibling" : index == 1 ? "parent" : own.index() == 1 ? "child" : "sibling");
    if (facts.list[i].order_id().empty()) continue;
    link.set_order_id(facts.list[i].order_id());
    *link.mutable_order() = facts.list[i];
  }
}

std::string Summary(const ExplainOrderResponse& explained) {
  const order::v1::Order& order = explained.order();
  std::string what = Word(type::v1::Side_Name(order.side()), 5) + " " +
                     (order.has_requested_quantity() ? order.requested_quantity() : order.quantity()).value() + " " +
                     order.symbol() + ", " + TypeWord(order.type());
  what.front() = static_cast<char>(what.front() - 'a' + 'A');
  bool one_price = order.type() == type::v1::ORDER_TYPE_LIMIT || order.type() == type::v1::ORDER_TYPE_STOP;
  if (order.has_stop_price()) what += (one_price ? " " : ", stop ") + order.stop_price().value();
  if (order.has_limit_price()) what += (one_price ? " " : ", limit ") + order.limit_price().value();
  what += ": " + StatusWord(order.status());
  if (Read(order.cumulative_quantity()).IsPositive())
    what += ", " + order.cumulative_quantity().value() + " filled at " + order.average_price().value() + " on average";
  if (explained.verdict().refused()) what += " – " + explained.verdict().rejection().message();
  return what + (what.back() == '.' ? "" : ".");
}

const char* Unbooked() { return "The positions service has not booked it yet."; }

}  // namespace
}  // namespace story

std::optional<std::uint64_t> DecisionOf(const order::v1::Order& order) {
  const std::string& id = order.request_id();
  const std::string prefix = order.deployment_id() + "-";
  if (order.deployment_id().empty() || id.size() <= prefix.size() || id.compare(0, prefix.size(), prefix) != 0)
    return std::nullopt;
  std::uint64_t sequence = 0;
  const char* end = id.data() + id.size();
  auto [parsed, error] = std::from_chars(id.data() + prefix.size(), end, sequence);
  if (error != std::errc() || parsed != end || sequence == 0) return std::nullopt;
  return sequence;
}

order::v1::ExplainOrderResponse Explain(const OrderFacts& facts) {
  using namespace story;
  ExplainOrderResponse out;
  *out.mutable_order() = facts.events.back().order();
  AddOrigin(facts, &out);
  AddVerdict(facts, &out);
  AddRoute(facts, &out);
  AddSteps(facts, &out);
  AddFills(facts, &out);
  AddLinks(facts, &out);
  out.set_summary(Summary(out));
  return out;
}

void AddDecision(const absl::StatusOr<strategy::v1::Decision>& decision, order::v1::ExplainOrderResponse* explained) {
  if (!decision.ok()) {
    explained->add_gaps(absl::IsNotFound(decision.status())
                            ? "The decision behind this order is not stored any more, or never was."
                            : "The strategy runner does not answer now, so the decision behind it is not shown.");
    return;
  }
  order::v1::OrderDecision& out = *explained->mutable_origin()->mutable_decision();
  out.set_sequence(decision->sequence());
  *out.mutable_bar_time() = decision->bar_time();
  out.set_action(decision->action());
  out.set_reason(decision->reason());
  *out.mutable_inputs() = decision->inputs();
}

void AddResults(const absl::StatusOr<position::v1::ListFillsResponse>& booked,
                order::v1::ExplainOrderResponse* explained) {
  using story::Read;
  using story::Unbooked;
  std::map<std::string, const order::v1::Fill*> fills;
  if (booked.ok()) {
    for (const order::v1::Fill& fill : booked->fills()) fills[fill.execution_id()] = &fill;
  } else {
    explained->add_gaps("The positions service does not answer now, so what it realised is not shown.");
  }
  bool known = true, not_kept = false;
  Decimal realised;
  for (order::v1::ExplainedFill& fill : *explained->mutable_fills()) {
    auto found = fills.find(fill.fill().execution_id());
    if (found != fills.end() && found->second->has_realised_pnl()) {
      *fill.mutable_fill()->mutable_realised_pnl() = found->second->realised_pnl();
      realised += Read(found->second->realised_pnl());
      continue;
    }
    known = false;
    not_kept = not_kept || found != fills.end();
    fill.set_unrealised_because(!booked.ok()           ? "The positions service does not answer now."
                                : found == fills.end() ? Unbooked()
                                                       : "It was not stored when this fill was booked.");
  }
  if (not_kept) explained->add_gaps("What each fill realised was not stored when these fills were booked.");
  if (!known) return;
  order::v1::OrderResult& result = *explained->mutable_result();
  wire::ToProto(realised, result.mutable_realised_pnl());
  auto fee = result.fees().find(result.currency());
  wire::ToProto(fee == result.fees().end() ? realised : realised - Read(fee->second), result.mutable_net_pnl());
}

}  // namespace ballast
