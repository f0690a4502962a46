#include "services/broker_gateway/broker_list.h"

#include <string>

namespace ballast {
namespace {

const char* NameOf(AssetClass asset_class) {
  switch (asset_class) {
    case AssetClass::kEquity:
      return "equity";
    case AssetClass::kCrypto:
      return "crypto";
    case AssetClass::kUnspecified:
      break;
  }
  return "unknown";
}

const char* NameOf(KnobType type) {
  switch (type) {
    case KnobType::kInt:
      return "int";
    case KnobType::kDecimal:
      return "decimal";
    case KnobType::kBool:
      return "bool";
    case KnobType::kStringList:
      return "list";
    case KnobType::kString:
      break;
  }
  return "string";
}

void FillCapabilities(const broker::Capabilities& can, broker::v1::Broker* out) {
  for (const auto& [name, support] : broker::DescribeCapabilities(can)) {
    broker::v1::Capability& capability = *out->add_capabilities();
    capability.set_name(name);
    capability.set_supported(support != broker::Support::kNone);
    capability.set_emulated(support == broker::Support::kEmulated);
  }
  for (AssetClass each : can.asset_classes) out->add_asset_classes(NameOf(each));
  for (OrderType each : can.order_types) out->add_order_types(std::string(broker::NameOf(each)));
  for (TimeInForce each : can.times_in_force) out->add_times_in_force(std::string(broker::NameOf(each)));
  for (ContingencyType each : can.contingencies) out->add_native_contingencies(std::string(broker::NameOf(each)));
  if (can.acceptance_window) out->set_acceptance_window_ms(can.acceptance_window->nanos / 1'000'000);
  out->set_orders_per_second(can.orders_per_second);
}

}  // namespace

void FillBroker(const BrokerEntry& entry, const VenueDesks::Seats& seats,
                const std::map<std::string, std::string>& settings, broker::v1::Broker* out) {
  out->set_broker_id(entry.id);
  out->set_display_name(entry.place ? entry.display_name + " (" + entry.place(settings) + ")" : entry.display_name);
  out->set_mode(static_cast<type::v1::AccountMode>(entry.mode));
  const int accounts = static_cast<int>(seats.accounts.size());
  // A venue of this process that nobody is at is there all the same.
  const bool connected = accounts > 0 ? seats.ready == accounts : entry.in_process;
  out->set_state(connected ? "connected" : accounts == 0 || seats.ready > 0 ? "connecting" : "down");
  if (!entry.in_process || !connected)
    out->set_detail(std::to_string(seats.ready) + " of " + std::to_string(accounts) + " accounts are connected");
  for (const AccountId& account : seats.accounts) out->add_account_ids(account.value());
  out->set_open_orders(seats.open_orders);
  FillCapabilities(entry.capabilities, out);
  for (const Knob& knob : entry.settings) {
    broker::v1::BrokerSetting& setting = *out->add_settings();
    setting.set_name(knob.name);
    setting.set_type(NameOf(knob.type));
    setting.set_default_value(knob.default_value);
    setting.set_unit(knob.unit);
    setting.set_help(knob.help);
  }
  broker::v1::BrokerSetting& down = *out->add_settings();
  down.set_name("session_down");
  down.set_type("string");
  down.set_default_value(entry.session_down.ToString());
  down.set_help(entry.in_process ? "its session is in this process and never down"
                                 : "while its session is down: entries wait or are refused at once, reductions wait; "
                                   "what has waited for so many ms "
                                   "ends NOT_SENT");
}

}  // namespace ballast
