#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "libs/model/market.h"
#include "libs/model/order.h"

namespace ballast {

// What the gateway holds an order against as it leaves: small, apart from risk, and true even if everything before it
// is wrong. Pure: the caller brings the time, the market and the position.
struct LastCheck {
  Decimal notional_max;
  // How far from the market a price may be, as a part of the last price.
  Decimal collar_ratio;
  // Of an order that is to be sent; a market order's is two fifths of it.
  std::int64_t intent_age_ms_max = 5'000;
  // New orders of an account in a second.
  std::int64_t orders_per_second_max = 20'000;
  // Of all accounts, to the one venue of the gateway.
  std::int64_t venue_orders_per_second_max = 20'000;

  struct Facts {
    // The newest quote; nullptr when there is none.
    const Quote* quote = nullptr;
    // Of the account in the order's instrument, as the venue has it.
    Decimal position;
    UtcTime now;
    // New orders of the account that have left in the running second.
    std::int64_t sent_in_second = 0;
    std::int64_t sent_to_venue_in_second = 0;
    // The kill command that is engaged for the account; nullptr when none is.
    const std::string* kill_command = nullptr;
    // Whatever it was to cancel is gone: what only reduces a position may leave, whoever sends it.
    bool kill_settled = false;
    // For how long order management has given no permission to open risk; none: it has, or need not.
    std::optional<std::int64_t> unpermitted_ms = {};
  };
  // Why it may not leave; nothing when it may.
  [[nodiscard]] std::optional<Rejection> Refusal(const Order& order, const Facts& facts) const;
};

// From the account's whole position towards zero and not beyond.
bool Reduces(const Order& order, Decimal position);
// An emergency stop's own reduction: it leaves whatever a kill switch is about to cancel.
bool IsEmergencyReduction(const Order& order);

}  // namespace ballast
