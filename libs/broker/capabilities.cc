#include "libs/broker/capabilities.h"

#include <array>
#include <map>

#include "libs/broker/venue_capabilities.h"
#include "libs/model/trigger.h"

namespace ballast::broker {
namespace {

struct TypeName {
  OrderType type;
  const char* name;
};
constexpr std::array kTypes = {TypeName{OrderType::kMarket, "market"},
                               TypeName{OrderType::kLimit, "limit"},
                               TypeName{OrderType::kStop, "stop"},
                               TypeName{OrderType::kStopLimit, "stop_limit"},
                               TypeName{OrderType::kTakeProfit, "take_profit"},
                               TypeName{OrderType::kTakeProfitLimit, "take_profit_limit"},
                               TypeName{OrderType::kTrailingStop, "trailing_stop"},
                               TypeName{OrderType::kTrailingStopLimit, "trailing_stop_limit"}};
struct TimeName {
  TimeInForce time;
  const char* name;
};
constexpr std::array kTimes = {TimeName{TimeInForce::kGtc, "gtc"},         TimeName{TimeInForce::kDay, "day"},
                               TimeName{TimeInForce::kIoc, "ioc"},         TimeName{TimeInForce::kFok, "fok"},
                               TimeName{TimeInForce::kGtd, "gtd"},         TimeName{TimeInForce::kAtOpen, "at_open"},
                               TimeName{TimeInForce::kAtClose, "at_close"}};

Capabilities Paper() {
  Capabilities paper;
  paper.asset_classes = {AssetClass::kEquity, AssetClass::kCrypto};
  paper.order_types = {OrderType::kMarket,    OrderType::kLimit,      OrderType::kStop,
                       OrderType::kStopLimit, OrderType::kTakeProfit, OrderType::kTakeProfitLimit};
  paper.times_in_force = {TimeInForce::kGtc, TimeInForce::kDay,    TimeInForce::kIoc,    TimeInForce::kFok,
                          TimeInForce::kGtd, TimeInForce::kAtOpen, TimeInForce::kAtClose};
  paper.replace = true;
  paper.reduce_only = true;
  paper.post_only = true;
  paper.display_quantity = true;
  paper.last_trigger = true;
  paper.query_by_order_id = true;
  paper.query_trades = true;
  paper.query_open_orders = true;
  paper.client_id_rule = ClientIdRule::kUniqueForEver;
  // It answers in the call, and only its fault face does not.
  paper.acceptance_window = Duration::Seconds(3);
  return paper;
}

// What the venue is sent once the trigger is reached.
OrderType TypeAfterTrigger(OrderType type) {
  switch (type) {
    case OrderType::kStop:
    case OrderType::kTrailingStop:
      return OrderType::kStop;
    case OrderType::kStopLimit:
    case OrderType::kTrailingStopLimit:
      return OrderType::kStopLimit;
    case OrderType::kTakeProfit:
      return OrderType::kMarket;
    case OrderType::kTakeProfitLimit:
      return OrderType::kLimit;
    default:
      return type;
  }
}

Support SupportOf(OrderType type, const Capabilities& capabilities) {
  if (capabilities.order_types.contains(type)) return Support::kNative;
  bool emulated = (IsTrailing(type) || IsTakeProfit(type)) && capabilities.order_types.contains(TypeAfterTrigger(type));
  return emulated ? Support::kEmulated : Support::kNone;
}

Supported Lacks(std::string what) {
  return {.support = Support::kNone,
          .why = Rejection{.reason = RejectReason::kBrokerUnsupported,
                           .check = "capability",
                           .observed = what,
                           .message = "the broker has no " + what + ", and nothing here stands in for it"}};
}

struct ListName {
  ContingencyType list;
  const char* name;
};
constexpr std::array kLists = {ListName{ContingencyType::kOto, "oto"}, ListName{ContingencyType::kOco, "oco"},
                               ListName{ContingencyType::kOuo, "ouo"}, ListName{ContingencyType::kBracket, "bracket"}};

template <typename Names, typename Value>
std::string_view NameIn(const Names& names, Value value) {
  for (const auto& [each, name] : names) {
    if (each == value) return name;
  }
  return "unknown";
}

// The brokers there are: a line for each, what it can beside it.
const std::map<std::string, Capabilities, std::less<>>& Brokers() {
  static const std::map<std::string, Capabilities, std::less<>> kBrokers = {
      {"binance", BinanceSpot()}, {"paper", Paper()}, {"paper_ecn", Paper()}};
  return kBrokers;
}

}  // namespace

std::string_view NameOf(OrderType type) { return NameIn(kTypes, type); }
std::string_view NameOf(TimeInForce time) { return NameIn(kTimes, time); }
std::string_view NameOf(ContingencyType list) { return NameIn(kLists, list); }

const Capabilities& CapabilitiesOf(std::string_view broker) {
  static const Capabilities kNothing;
  auto found = Brokers().find(broker);
  return found == Brokers().end() ? kNothing : found->second;
}

std::vector<std::string> KnownBrokers() {
  std::vector<std::string> known;
  for (const auto& [name, can] : Brokers()) known.push_back(name);
  return known;
}

Rejection UnknownBroker(std::string_view broker, const std::vector<std::string>& known) {
  std::string names;
  for (const std::string& each : known) names += (names.empty() ? "" : ", ") + each;
  return {.reason = RejectReason::kBrokerUnsupported,
          .check = "broker",
          .limit = names,
          .observed = std::string(broker),
          .message = "there is no broker '" + std::string(broker) + "'; there are: " + names};
}

Supported SupportFor(const Order& order, const Capabilities& capabilities) {
  Support type = SupportOf(order.type, capabilities);
  if (type == Support::kNone) return Lacks("order_type." + std::string(NameOf(order.type)));
  // Of an emulated order a date is watched here with its trigger.
  bool here = type == Support::kEmulated && order.time_in_force == TimeInForce::kGtd;
  if (!here && !capabilities.times_in_force.contains(order.time_in_force))
    return Lacks("time_in_force." + std::string(NameOf(order.time_in_force)));
  if (order.post_only && !capabilities.post_only) return Lacks("post_only");
  if (order.display_quantity && !capabilities.display_quantity) return Lacks("display_quantity");
  if (order.trigger_source == TriggerSource::kLast && type == Support::kNative && !capabilities.last_trigger)
    return Lacks("trigger_source.last");
  return {.support = type, .why = std::nullopt};
}

Order AfterTrigger(const Order& order) {
  Order sent = order;
  sent.trailing.reset();
  sent.trigger_source = TriggerSource::kUnspecified;
  if (IsStop(order.type) && order.trigger_source != TriggerSource::kLast) {
    sent.type = TypeAfterTrigger(order.type);
    return sent;
  }
  sent.stop_price.reset();
  sent.type = HasLimit(order.type) ? OrderType::kLimit : OrderType::kMarket;
  if (sent.type == OrderType::kMarket) sent.time_in_force = TimeInForce::kIoc;
  return sent;
}

std::vector<std::pair<std::string, Support>> DescribeCapabilities(const Capabilities& capabilities) {
  std::vector<std::pair<std::string, Support>> described;
  auto native = [](bool can) { return can ? Support::kNative : Support::kNone; };
  for (const TypeName& each : kTypes)
    described.emplace_back(std::string("order_type.") + each.name, SupportOf(each.type, capabilities));
  for (const TimeName& each : kTimes) {
    described.emplace_back(std::string("time_in_force.") + each.name,
                           native(capabilities.times_in_force.contains(each.time)));
  }
  described.emplace_back("reduce_only", native(capabilities.reduce_only));
  described.emplace_back("post_only", native(capabilities.post_only));
  described.emplace_back("display_quantity", native(capabilities.display_quantity));
  described.emplace_back("trigger_source.last", native(capabilities.last_trigger));
  described.emplace_back("replace", native(capabilities.replace));
  described.emplace_back("query.order_by_our_id", native(capabilities.query_by_order_id));
  described.emplace_back("query.trades", native(capabilities.query_trades));
  described.emplace_back("query.open_orders", native(capabilities.query_open_orders));
  described.emplace_back("acceptance_window", native(capabilities.acceptance_window.has_value()));
  described.emplace_back("client_order_id.unique_for_ever",
                         native(capabilities.client_id_rule == ClientIdRule::kUniqueForEver));
  // Watched here for every broker: no venue's own lists are used.
  for (const ListName& each : kLists)
    described.emplace_back(std::string("contingency.") + each.name, Support::kEmulated);
  return described;
}

}  // namespace ballast::broker
