#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/venue_simulator/binance/parameters.h"
#include "libs/venue_simulator/binance/reply.h"
#include "libs/venue_simulator/order.h"
#include "libs/venue_simulator/refusal.h"

namespace ballast::venue_simulator::binance {

// Parameters of a new order, separated by blanks.
inline constexpr std::string_view kOrderParameters =
    "symbol side type timeInForce quantity quoteOrderQty price newClientOrderId strategyId strategyType stopPrice "
    "trailingDelta icebergQty newOrderRespType selfTradePreventionMode";

// The order they ask for, or what is wrong with them (rest-api.md, "New order"). `made_id`: the client id of an order
// that brings none.
std::optional<Failure> ReadTerms(const Parameters& parameters, AccountId account, std::string made_id,
                                 OrderTerms* terms);
// One leg of an OCO: its parameters begin with `prefix`, "above" or "below".
std::optional<Failure> ReadLeg(const Parameters& parameters, std::string_view prefix, AccountId account,
                               std::string made_id, OrderTerms* terms);
bool IsClientId(std::string_view text);

// With the texts of errors.md. CHECKs that it is one.
Failure FailureOf(Refusal refusal);

}  // namespace ballast::venue_simulator::binance
