#include "libs/venue_simulator/binance/words.h"

#include <array>

namespace ballast::venue_simulator::binance {
namespace {

template <std::size_t size>
using Names = std::array<std::string_view, size>;

// By the value of the enumeration.
constexpr Names<2> kSides{"BUY", "SELL"};
constexpr Names<7> kTypes{"LIMIT",      "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT",
                          "LIMIT_MAKER"};
constexpr Names<3> kTimesInForce{"GTC", "IOC", "FOK"};
constexpr Names<7> kStatuses{"NEW",      "PARTIALLY_FILLED", "FILLED",          "CANCELED",
                             "REJECTED", "EXPIRED",          "EXPIRED_IN_MATCH"};
constexpr Names<4> kModes{"NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"};
constexpr Names<4> kTrading{"TRADING", "HALT", "BREAK", "CANCEL_ONLY"};
constexpr Names<5> kReasons{"", "UNFILLED_IOC_QUANTITY_EXPIRED", "UNFILLED_FOK_ORDER_EXPIRED", "INSUFFICIENT_LIQUIDITY",
                            "OCO_TRIGGER"};

template <typename Enum, std::size_t size>
std::optional<Enum> Of(const Names<size>& names, std::string_view name) {
  for (std::size_t at = 0; at < size; ++at) {
    if (names[at] == name) return static_cast<Enum>(at);
  }
  return std::nullopt;
}

template <std::size_t size, typename Enum>
std::string_view Name(const Names<size>& names, Enum value) {
  return names[static_cast<std::size_t>(value)];
}

}  // namespace

std::string_view NameOf(Side side) { return Name(kSides, side); }
std::string_view NameOf(OrderType type) { return Name(kTypes, type); }
std::string_view NameOf(TimeInForce time_in_force) { return Name(kTimesInForce, time_in_force); }
std::string_view NameOf(OrderStatus status) { return Name(kStatuses, status); }
std::string_view NameOf(SelfTrade mode) { return Name(kModes, mode); }
std::string_view NameOf(TradingStatus status) { return Name(kTrading, status); }
std::string_view NameOf(ExpiryReason reason) { return Name(kReasons, reason); }

std::optional<Side> SideOf(std::string_view name) { return Of<Side>(kSides, name); }
std::optional<OrderType> OrderTypeOf(std::string_view name) { return Of<OrderType>(kTypes, name); }
std::optional<TimeInForce> TimeInForceOf(std::string_view name) { return Of<TimeInForce>(kTimesInForce, name); }
std::optional<SelfTrade> SelfTradeOf(std::string_view name) { return Of<SelfTrade>(kModes, name); }
std::optional<TradingStatus> TradingStatusOf(std::string_view name) { return Of<TradingStatus>(kTrading, name); }

}  // namespace ballast::venue_simulator::binance
