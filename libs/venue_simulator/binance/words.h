#pragma once

#include <optional>
#include <string_view>

#include "libs/venue_simulator/instrument.h"
#include "libs/venue_simulator/order.h"

// Binance's names (enums.md).
namespace ballast::venue_simulator::binance {

std::string_view NameOf(Side side);
std::string_view NameOf(OrderType type);
std::string_view NameOf(TimeInForce time_in_force);
std::string_view NameOf(OrderStatus status);
std::string_view NameOf(SelfTrade mode);
std::string_view NameOf(TradingStatus status);
// Empty for kNone.
std::string_view NameOf(ExpiryReason reason);

std::optional<Side> SideOf(std::string_view name);
std::optional<OrderType> OrderTypeOf(std::string_view name);
std::optional<TimeInForce> TimeInForceOf(std::string_view name);
std::optional<SelfTrade> SelfTradeOf(std::string_view name);
std::optional<TradingStatus> TradingStatusOf(std::string_view name);

}  // namespace ballast::venue_simulator::binance
