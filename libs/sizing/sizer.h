#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/model/market.h"
#include "libs/model/order.h"
#include "libs/sizing/settings.h"
#include "libs/sizing/trade_record.h"

namespace ballast::sizing {

// The most that anything allows, in the account's currency but for the first. What is not set limits nothing.
struct Ceiling {
  std::optional<Decimal> order_quantity;
  std::optional<Decimal> order_notional;
  // Of the instrument within this deployment, and in the whole account.
  std::optional<Decimal> position_notional;
  std::optional<Decimal> concentration_notional;
  // Can still be bought or sold short with what the account has; fees come out of it.
  std::optional<Decimal> buying_power;
  // Left of the capital that was given to the deployment; fees come out of it.
  std::optional<Decimal> capital;
  // May be lost at the stop.
  std::optional<Decimal> loss_at_stop;
};

// An entry that is to be sized.
struct Situation {
  Side side = Side::kUnspecified;
  // About what will be paid, and what risk counts it at.
  Decimal price;
  Decimal counted_price;
  std::optional<Decimal> stop_price;
  // What ratios are of.
  Decimal capital;
  // Of the capital; what a fixed fraction takes.
  Decimal fixed_ratio;
  const Instrument& instrument;
  // The usual move of a bar of it, and of all the instruments that share the capital, itself included.
  std::optional<Decimal> move;
  std::vector<std::optional<Decimal>> moves;
  TradeRecord record;
  const Track& track;
  Ceiling ceiling;
};

struct Cap {
  // "kelly_cap", "order_quantity", "order_notional", "position_ratio", "concentration", "buying_power", "capital",
  // "risk_per_trade"
  std::string name;
  // The most it allows, before whole lots.
  Decimal quantity;
};

struct Result {
  Method method = Method::kFixedFraction;
  // The method could be asked. If not, `refusal` says what it lacks, and it has no vote.
  bool known = false;
  // Whole lots; zero with a refusal.
  Decimal quantity;
  // At the counted price.
  Decimal notional;
  // Fees of both ways included; nothing without a stop.
  std::optional<Decimal> loss_at_stop;
  // What it was computed from, as text.
  std::map<std::string, std::string> inputs;
  // What cut it, in that order.
  std::vector<Cap> caps;
  std::string refusal;
};

// Total: prices that are none and a stop on the wrong side are refusals. Money and quantities are exact; a quantity is
// rounded towards zero.
Result Size(const Settings& settings, const Situation& situation);
// By one method, whatever the settings' is.
Result Size(Method method, const Settings& settings, const Situation& situation);
// For so much money.
Result SizeForMoney(Decimal money, const Situation& situation);

// Lost per unit between price and stop, with the fees of both; nothing without a stop or with one on the wrong side.
std::optional<Decimal> LossPerUnit(const Situation& situation);

}  // namespace ballast::sizing
