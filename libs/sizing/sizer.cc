#include "libs/sizing/sizer.h"

#include <algorithm>

#include "libs/sizing/arithmetic.h"
#include "libs/sizing/consensus.h"

namespace ballast::sizing {
namespace {

const Decimal kNoRatio;

Result Unknown(Method method, std::string why) {
  Result result;
  result.method = method;
  result.refusal = std::move(why);
  return result;
}

Decimal FeePerUnit(const Situation& s, Decimal price) {
  return ProductWithin(price, std::max(kNoRatio, s.instrument.taker_fee_ratio)) +
         std::max(kNoRatio, s.instrument.fee_per_unit);
}

void CapAt(Result& result, const char* name, const std::optional<Decimal>& room, Decimal per_unit) {
  if (!room) return;
  Decimal most = QuotientWithin(std::max(Decimal(), *room), per_unit);
  if (most >= result.quantity) return;
  result.quantity = most;
  result.caps.push_back({name, most});
}

// Cuts to what is allowed and to whole lots, and says what that comes to.
void Finish(Result& result, const Situation& s) {
  const Ceiling& ceiling = s.ceiling;
  Decimal counted = s.counted_price, paid = counted + FeePerUnit(s, counted);
  std::optional<Decimal> loss = LossPerUnit(s);
  CapAt(result, "order_quantity", ceiling.order_quantity, Decimal::FromInt(1));
  CapAt(result, "order_notional", ceiling.order_notional, counted);
  CapAt(result, "position_ratio", ceiling.position_notional, counted);
  CapAt(result, "concentration", ceiling.concentration_notional, counted);
  CapAt(result, "buying_power", ceiling.buying_power, paid);
  CapAt(result, "capital", ceiling.capital, paid);
  if (loss) CapAt(result, "risk_per_trade", ceiling.loss_at_stop, *loss);
  result.quantity = result.quantity.RoundTo(s.instrument.lot_size, Rounding::kDown);
  // Risk and the venue look at the price that is paid.
  if (!result.quantity.IsPositive() || ProductWithin(result.quantity, s.price) < s.instrument.min_notional) {
    result.quantity = Decimal();
    if (result.refusal.empty()) {
      result.refusal = result.caps.empty() ? "the position size is below the smallest order"
                                           : "what " + result.caps.back().name + " leaves is below the smallest order";
    }
  }
  result.notional = ProductWithin(result.quantity, counted);
  if (loss) result.loss_at_stop = ProductWithin(result.quantity, *loss);
}

Result ForMoney(Method method, Decimal money, const Situation& s) {
  Result result;
  result.method = method;
  result.known = true;
  result.quantity = QuotientWithin(money, s.counted_price);
  result.inputs["money"] = money.ToString();
  return result;
}

Decimal PartOfCapital(const Situation& s, Decimal ratio) { return Multiply(s.capital, ratio, Rounding::kDown); }

Result FixedFraction(const Situation& s) {
  Result result = ForMoney(Method::kFixedFraction, PartOfCapital(s, s.fixed_ratio), s);
  result.inputs["ratio"] = s.fixed_ratio.ToString();
  return result;
}

Result RiskPerTrade(const Settings& settings, const Situation& s) {
  constexpr Method kMethod = Method::kRiskPerTrade;
  if (!s.stop_price) return Unknown(kMethod, "there is no stop to measure the risk to");
  std::optional<Decimal> loss = LossPerUnit(s);
  if (!loss) return Unknown(kMethod, "the stop is on the wrong side of the price");
  Result result;
  result.method = kMethod;
  result.known = true;
  Decimal money = PartOfCapital(s, settings.risk_ratio);
  result.quantity = QuotientWithin(money, *loss);
  result.inputs = {{"risk_ratio", settings.risk_ratio.ToString()},
                   {"risk_money", money.ToString()},
                   {"stop", s.stop_price->ToString()},
                   {"loss_per_unit", loss->ToString()}};
  return result;
}

Result Kelly(const Settings& settings, const Situation& s) {
  constexpr Method kMethod = Method::kKelly;
  const TradeRecord& record = s.record;
  std::map<std::string, std::string> inputs = {{"trades", std::to_string(record.trades)},
                                               {"fraction", settings.kelly_fraction.ToString()}};
  if (record.trades < settings.kelly_minimum_trades) {
    Result result = FixedFraction(s);
    result.method = kMethod;
    result.inputs.insert(inputs.begin(), inputs.end());
    result.inputs["instead"] =
        "fixed_fraction: fewer than " + std::to_string(settings.kelly_minimum_trades) + " trades";
    return result;
  }
  // Mean over second moment is the fraction that grows fastest; the prior's trades have made nothing.
  Decimal mean =
      Divide(record.return_sum, Decimal::FromInt(record.trades + settings.kelly_prior_trades), Rounding::kFloor);
  Decimal square = Divide(record.return_squares, Decimal::FromInt(record.trades), Rounding::kUp);
  inputs["mean_return"] = mean.ToString();
  inputs["mean_square"] = square.ToString();
  if (!mean.IsPositive() || !square.IsPositive()) {
    Result none;
    none.method = kMethod;
    none.known = true;
    none.inputs = std::move(inputs);
    none.refusal = "its own trades have no edge";
    return none;
  }
  Decimal ratio = std::min(Decimal::FromInt(1'000), QuotientWithin(mean, square));
  ratio = Multiply(ratio, settings.kelly_fraction, Rounding::kDown);
  inputs["ratio"] = ratio.ToString();
  Decimal capped = std::min(ratio, settings.kelly_cap_ratio);
  Result result = ForMoney(kMethod, PartOfCapital(s, capped), s);
  result.inputs.insert(inputs.begin(), inputs.end());
  if (capped < ratio) result.caps.push_back({"kelly_cap", result.quantity});
  return result;
}

Result VolatilityTarget(const Settings& settings, const Situation& s) {
  constexpr Method kMethod = Method::kVolatilityTarget;
  if (!s.move) return Unknown(kMethod, "its usual move is not known: too few bars, or none that moved");
  Result result = ForMoney(kMethod, QuotientWithin(PartOfCapital(s, settings.volatility_ratio), *s.move), s);
  result.inputs["volatility_ratio"] = settings.volatility_ratio.ToString();
  result.inputs["move"] = s.move->ToString();
  return result;
}

Result RiskParity(const Situation& s) {
  constexpr Method kMethod = Method::kRiskParity;
  if (!s.move || s.moves.empty()) return Unknown(kMethod, "its usual move is not known");
  Decimal steadiness;
  const Decimal one = Decimal::FromInt(1);
  for (const std::optional<Decimal>& move : s.moves) {
    if (!move) return Unknown(kMethod, "the usual move of one of the instruments is not known");
    steadiness += std::min(Decimal::FromInt(1'000'000'000), QuotientWithin(one, *move));
  }
  Decimal own = std::min(Decimal::FromInt(1'000'000'000), QuotientWithin(one, *s.move));
  Decimal count = Decimal::FromInt(static_cast<std::int64_t>(s.moves.size()));
  // All together what fixed fractions would take.
  Decimal budget = ProductWithin(PartOfCapital(s, s.fixed_ratio), count);
  Decimal money = MultiplyDivide(budget, own, steadiness, Rounding::kDown);
  Result result = ForMoney(kMethod, money, s);
  result.inputs["instruments"] = count.ToString();
  result.inputs["move"] = s.move->ToString();
  result.inputs["share"] =
      Divide(own, steadiness, Rounding::kDown).RoundTo(Decimal::Of("0.0001"), Rounding::kHalfEven).ToString();
  return result;
}

Result ByConsensus(const Settings& settings, const Situation& s) {
  std::vector<Result> votes;
  std::map<std::string, std::string> inputs;
  for (Method member : MembersOf(settings)) {
    votes.push_back(Size(member, settings, s));
    const Result& vote = votes.back();
    inputs[std::string(NameOf(member))] = vote.known ? vote.quantity.ToString() : "no vote: " + vote.refusal;
  }
  std::optional<Decimal> agreed = Agree(settings, votes, s.track, inputs);
  if (!agreed) {
    Result none = Unknown(Method::kConsensus, "no method could be asked");
    none.inputs = std::move(inputs);
    return none;
  }
  Result result;
  result.method = Method::kConsensus;
  result.known = true;
  result.quantity = *agreed;
  result.inputs = std::move(inputs);
  if (agreed->IsZero()) result.refusal = "the methods agree on nothing";
  return result;
}

std::string FaultOf(const Situation& s) {
  if (s.side != Side::kBuy && s.side != Side::kSell) return "a side is expected";
  if (!s.price.IsPositive() || !s.counted_price.IsPositive()) return "there is no price";
  if (!s.instrument.lot_size.IsPositive()) return "the instrument has no lot size";
  if (!s.capital.IsPositive()) return "there is no capital";
  return "";
}

}  // namespace

std::optional<Decimal> LossPerUnit(const Situation& s) {
  if (!s.stop_price || !s.stop_price->IsPositive()) return std::nullopt;
  Decimal distance = s.side == Side::kBuy ? s.price - *s.stop_price : *s.stop_price - s.price;
  if (!distance.IsPositive()) return std::nullopt;
  return distance + FeePerUnit(s, s.price) + FeePerUnit(s, *s.stop_price);
}

Result Size(Method method, const Settings& settings, const Situation& s) {
  if (std::string fault = FaultOf(s); !fault.empty()) return Unknown(method, fault);
  Result result;
  switch (method) {
    case Method::kFixedFraction:
      result = FixedFraction(s);
      break;
    case Method::kRiskPerTrade:
      result = RiskPerTrade(settings, s);
      break;
    case Method::kKelly:
      result = Kelly(settings, s);
      break;
    case Method::kVolatilityTarget:
      result = VolatilityTarget(settings, s);
      break;
    case Method::kRiskParity:
      result = RiskParity(s);
      break;
    case Method::kConsensus:
      result = ByConsensus(settings, s);
      break;
  }
  if (!result.known) return result;
  result.inputs["capital"] = s.capital.ToString();
  result.inputs["price"] = s.price.ToString();
  Finish(result, s);
  return result;
}

Result Size(const Settings& settings, const Situation& situation) { return Size(settings.method, settings, situation); }

Result SizeForMoney(Decimal money, const Situation& s) {
  if (std::string fault = FaultOf(s); !fault.empty()) return Unknown(Method::kFixedFraction, fault);
  Result result = ForMoney(Method::kFixedFraction, std::max(Decimal(), std::min(kMost, money)), s);
  Finish(result, s);
  return result;
}

}  // namespace ballast::sizing
