#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/base/decimal.h"
#include "libs/model/market.h"
#include "libs/model/order.h"
#include "libs/risk/limits.h"

// Risk as a person would check it with paper and pencil: every trade and every working order is gone through for every
// question, nothing is kept between two of them, and nothing of libs/risk but the limits' numbers is used. Slow on
// purpose. Market, limit, stop and stop-limit orders; no fees, whole quantities and prices in cents, so that no product
// is rounded.
namespace ballast::reference {

struct Trade {
  DeploymentId deployment;
  Symbol symbol;
  Side side = Side::kUnspecified;
  Decimal quantity;
  Decimal price;
};

struct Account {
  Decimal opening;
  std::vector<Trade> trades;
  // Everything that may still trade, reservations among them.
  std::vector<Order> working;
  bool halted = false;
  Decimal day_start;
  Decimal peak;
  bool daily_loss_tripped = false;
  bool drawdown_tripped = false;
  bool breaker_tripped = false;
  // Of the last second.
  std::vector<Order> sent;
  Decimal scale = Decimal::FromInt(1);
};

struct Seen {
  std::map<Symbol, Instrument> instruments;
  std::map<Symbol, Quote> quotes;
  std::map<Symbol, std::int64_t> age_ms;
};

class Judge {
 public:
  Judge(const Account& account, const Seen& seen, const risk::Limits& limits)
      : account_(account), seen_(seen), limits_(limits) {}

  // The first check that says no; empty: approved.
  [[nodiscard]] std::string Refusal(const Order& order) const {
    auto instrument_row = seen_.instruments.find(order.symbol);
    if (instrument_row == seen_.instruments.end()) return "known_instrument";
    const Instrument& instrument = instrument_row->second;
    const bool out = OnlyGetsOut(order), buy = order.side == Side::kBuy;
    if (!out && limits_.restricted.contains(order.symbol)) return "restricted";
    if (!out && !limits_.unusable.empty()) return "limits_known";
    if (account_.halted && !out && !order.reduce_only) return "trading_halted";
    auto quote_row = seen_.quotes.find(order.symbol);
    if (quote_row == seen_.quotes.end()) return "price_known";
    const Quote& quote = quote_row->second;
    const bool can_wait = order.type != OrderType::kMarket && order.time_in_force == TimeInForce::kGtc;
    if (!quote.session_open && !can_wait) return "session_open";
    if (!out && (quote.stale || seen_.age_ms.at(order.symbol) > limits_.quote_age_ms_max)) return "price_age";
    if (!out && (!quote.bid_price.IsPositive() || quote.ask_price < quote.bid_price)) return "price_crossed";
    for (const auto& price : {order.limit_price, order.stop_price}) {
      if (price && !price->IsMultipleOf(instrument.tick_size)) return "tick_size";
    }
    if (order.stop_price) {
      if (buy && quote.ask_price.IsPositive() && *order.stop_price <= quote.ask_price) return "stop_side";
      if (!buy && quote.bid_price.IsPositive() && *order.stop_price >= quote.bid_price) return "stop_side";
    }
    if (OutsideCollar(order, quote)) return "price_collar";
    if (!out && NeedsConfirmation(order, quote)) return "soft_collar";
    if (!order.quantity.IsMultipleOf(instrument.lot_size)) return "lot_size";
    if (order.quantity > limits_.max_order_quantity) return "max_order_quantity";
    Decimal worst = std::max(quote.ask_price, quote.last_price);
    for (const auto& price : {order.limit_price, order.stop_price}) {
      if (price) worst = std::max(worst, *price);
    }
    if (Product(order.quantity, worst) > limits_.max_order_notional) return "max_order_notional";
    Decimal asked = order.limit_price  ? *order.limit_price
                    : order.stop_price ? *order.stop_price
                    : buy              ? quote.ask_price
                                       : quote.bid_price;
    if (!out && Product(order.quantity, asked) < instrument.min_notional) return "min_notional";
    if (!out && static_cast<int>(account_.sent.size()) + 1 > limits_.order_rate_per_second) return "order_rate";
    int of_deployment = 0, the_same = 0;
    for (const Order& sent : account_.sent) {
      bool same_deployment = sent.deployment_id == order.deployment_id;
      if (same_deployment) ++of_deployment;
      if (same_deployment && sent.symbol == order.symbol && sent.side == order.side && sent.quantity == order.quantity)
        ++the_same;
    }
    if (!out && !order.deployment_id.empty() && of_deployment + 1 > limits_.order_rate_per_deployment)
      return "order_rate_per_deployment";
    if (!out && the_same + 1 > limits_.repeated_orders_per_second) return "repeated_orders";
    if (!out && static_cast<int>(account_.working.size()) + 1 > limits_.max_open_orders) return "max_open_orders";
    if (order.reduce_only && !out && order.quantity > MayReduce(order)) return "reduce_only";
    if (!out && !limits_.allow_self_trade && MeetsItself(order, quote)) return "self_trade";
    if (!out && !buy && !(limits_.allow_short && instrument.shortable) && WouldBeShort(order)) return "short_selling";
    if (!out && !buy && limits_.require_locate && order.locate_id.empty() && WouldBeShort(order)) return "locate";
    if (out) return "";
    Decimal equity = Equity();
    if (!equity.IsPositive()) return "equity";
    if (account_.daily_loss_tripped || Lost(account_.day_start, equity, limits_.daily_loss_ratio)) return "daily_loss";
    if (account_.drawdown_tripped || Lost(account_.peak, equity, limits_.drawdown_ratio)) return "drawdown";
    if (account_.breaker_tripped) return "breaker";
    auto share = [&](Decimal ratio) {
      return Multiply(equity, Multiply(ratio, account_.scale, Rounding::kDown), Rounding::kDown);
    };
    if (Product(LargestBecome(order.symbol, &order.deployment_id, &order), worst) > share(limits_.max_position_ratio))
      return "max_position";
    const Decimal may_lose = order.reduce_only ? Decimal() : LossOf(order, asked, order.quantity);
    if (limits_.risk_per_trade_ratio < Decimal::FromInt(10) && may_lose > share(limits_.risk_per_trade_ratio))
      return "risk_per_trade";
    if (Product(LargestBecome(order.symbol, nullptr, &order), worst) > share(limits_.concentration_ratio))
      return "concentration";
    Decimal gross, longest, shortest;
    for (const Symbol& symbol : SymbolsOf(nullptr, &order.symbol)) {
      auto there = seen_.quotes.find(symbol);
      if (there == seen_.quotes.end()) return "gross_leverage";
      Decimal price = symbol == order.symbol ? worst : there->second.ask_price;
      gross += Product(LargestBecome(symbol, nullptr, &order), price);
      Ends ends = EndsOf(symbol, nullptr, &order);
      longest += Multiply(ends.most, price, Rounding::kHalfEven);
      shortest += Multiply(ends.least, price, Rounding::kHalfEven);
    }
    if (gross > share(limits_.gross_leverage)) return "gross_leverage";
    if (std::max(longest.Abs(), shortest.Abs()) > share(limits_.net_leverage)) return "net_leverage";
    if (limits_.portfolio_risk_ratio < Decimal::FromInt(10)) {
      std::optional<Decimal> all = LossOfEverything();
      if (!all || *all + may_lose > share(limits_.portfolio_risk_ratio)) return "portfolio_risk";
    }
    if (!order.deployment_id.empty() &&
        Count(SymbolsOf(&order.deployment_id, &order.symbol)) > limits_.max_open_positions_per_deployment)
      return "max_open_positions_per_deployment";
    if (Count(SymbolsOf(nullptr, &order.symbol)) > limits_.max_open_positions) return "max_open_positions";
    return "";
  }

  [[nodiscard]] Decimal Position(const Symbol& symbol, const DeploymentId* deployment) const {
    Decimal sum;
    for (const Trade& trade : account_.trades) {
      if (trade.symbol != symbol || (deployment != nullptr && trade.deployment != *deployment)) continue;
      sum += trade.side == Side::kBuy ? trade.quantity : -trade.quantity;
    }
    return sum;
  }

  // Zero when it is not known.
  [[nodiscard]] Decimal Equity() const {
    Decimal equity = account_.opening;
    std::set<Symbol> symbols;
    for (const Trade& trade : account_.trades) {
      Decimal money = Product(trade.quantity, trade.price);
      equity += trade.side == Side::kBuy ? -money : money;
      symbols.insert(trade.symbol);
    }
    for (const Symbol& symbol : symbols) {
      Decimal held = Position(symbol, nullptr);
      if (held.IsZero()) continue;
      auto quote = seen_.quotes.find(symbol);
      if (quote == seen_.quotes.end()) return {};
      Decimal bid = quote->second.bid_price, ask = quote->second.ask_price;
      if (!bid.IsPositive() || !ask.IsPositive() || bid >= ask) return {};
      equity += held.IsPositive() ? Product(held, bid) : -Product(held.Abs(), ask);
    }
    return equity;
  }

 private:
  struct Ends {
    Decimal most;
    Decimal least;
  };
  static Decimal Product(Decimal quantity, Decimal price) { return Multiply(quantity, price, Rounding::kUp); }
  static int Count(const std::set<Symbol>& symbols) { return static_cast<int>(symbols.size()); }
  static bool IsStopOrder(const Order& order) {
    return order.type == OrderType::kStop || order.type == OrderType::kStopLimit;
  }
  static bool Lost(Decimal from, Decimal equity, Decimal ratio) {
    Decimal loss = from - equity;
    return loss.IsPositive() && loss >= Multiply(std::max(from, Decimal()), ratio, Rounding::kDown);
  }

  // Of what is under way on the order's side, what does not step aside for it.
  [[nodiscard]] Decimal InTheWay(const Order& order, const DeploymentId* deployment) const {
    Decimal sum;
    for (const Order& other : account_.working) {
      if (other.symbol != order.symbol || other.side != order.side) continue;
      if (deployment != nullptr && other.deployment_id != *deployment) continue;
      bool waits = other.reduce_only && other.type != OrderType::kMarket;
      bool steps_aside = waits && (order.type == OrderType::kMarket || IsStopOrder(other) != IsStopOrder(order));
      if (!steps_aside) sum += other.leaves_quantity;
    }
    return sum;
  }
  // Left of a position to be taken off by an order of this side.
  [[nodiscard]] Decimal Left(const Order& order, const DeploymentId* deployment) const {
    Decimal held = Position(order.symbol, deployment);
    bool against = order.side == Side::kSell ? held.IsPositive() : held.IsNegative();
    if (!against) return {};
    return std::max(held.Abs() - InTheWay(order, deployment), Decimal());
  }
  [[nodiscard]] bool OnlyGetsOut(const Order& order) const {
    if (order.quantity > Left(order, nullptr)) return false;
    return order.deployment_id.empty() || order.quantity <= Left(order, &order.deployment_id);
  }
  [[nodiscard]] Decimal MayReduce(const Order& order) const {
    Decimal net = Left(order, nullptr), book = Left(order, &order.deployment_id);
    if (order.deployment_id.empty()) return account_.halted ? net : std::max(net, book);
    return account_.halted ? std::min(net, book) : book;
  }
  [[nodiscard]] bool WouldBeShort(const Order& order) const {
    auto after = [&](const DeploymentId* deployment) { return EndsOf(order.symbol, deployment, &order).least; };
    bool book_short = after(&order.deployment_id).IsNegative();
    return order.deployment_id.empty() ? book_short && after(nullptr).IsNegative() : book_short;
  }
  [[nodiscard]] bool OutsideCollar(const Order& order, const Quote& quote) const {
    Decimal reach = Multiply(quote.last_price, limits_.price_collar_ratio, Rounding::kDown);
    bool buy = order.side == Side::kBuy;
    Decimal from = buy ? quote.ask_price : quote.bid_price;
    if (!from.IsPositive()) from = quote.last_price;
    auto too_far = [&](Decimal price) { return buy ? price > from + reach : price < from - reach; };
    if (from.IsPositive()) {
      if (order.stop_price && too_far(*order.stop_price)) return true;
      if (order.limit_price && too_far(*order.limit_price)) return true;
    }
    if (!order.stop_price || !order.limit_price) return false;
    return buy ? *order.limit_price < *order.stop_price - reach : *order.limit_price > *order.stop_price + reach;
  }
  [[nodiscard]] bool NeedsConfirmation(const Order& order, const Quote& quote) const {
    if (order.type != OrderType::kLimit || limits_.soft_collar_ratio >= limits_.price_collar_ratio) return false;
    if (order.deployment_id.empty() ? order.confirm_soft_collar : limits_.soft_collar_passes_deployments) return false;
    Decimal reach = Multiply(quote.last_price, limits_.soft_collar_ratio, Rounding::kDown);
    return order.side == Side::kBuy ? *order.limit_price > quote.ask_price + reach
                                    : *order.limit_price < quote.bid_price - reach;
  }
  [[nodiscard]] bool MeetsItself(const Order& order, const Quote& quote) const {
    if (IsStopOrder(order)) return false;
    const bool buy = order.side == Side::kBuy;
    Decimal reach = order.limit_price.value_or(buy ? quote.ask_price : quote.bid_price);
    return std::any_of(account_.working.begin(), account_.working.end(), [&](const Order& other) {
      if (other.symbol != order.symbol || other.side == order.side || other.type != OrderType::kLimit) return false;
      if (other.time_in_force == TimeInForce::kIoc) return false;
      return buy ? *other.limit_price <= reach : *other.limit_price >= reach;
    });
  }
  [[nodiscard]] Decimal LossOf(const Order& order, Decimal entry, Decimal quantity) const {
    if (order.protective_stop_price) {
      Decimal stop = *order.protective_stop_price;
      Decimal distance = order.side == Side::kBuy ? entry - stop : stop - entry;
      if (distance.IsPositive()) return Product(quantity, distance);
    }
    return Multiply(Product(quantity, entry), limits_.unprotected_loss_ratio, Rounding::kUp);
  }
  // At all stops; nothing when a price is missing.
  [[nodiscard]] std::optional<Decimal> LossOfEverything() const {
    Decimal loss;
    std::set<Symbol> held_symbols;
    for (const Trade& trade : account_.trades) held_symbols.insert(trade.symbol);
    for (const Symbol& symbol : held_symbols) {
      Decimal held = Position(symbol, nullptr);
      if (held.IsZero()) continue;
      auto quote = seen_.quotes.find(symbol);
      if (quote == seen_.quotes.end()) return std::nullopt;
      bool is_long = held.IsPositive();
      Decimal price = is_long ? quote->second.bid_price : quote->second.ask_price;
      // Each unit by the worst stop that is left for it, as whole quantities are.
      std::vector<std::pair<Decimal, Decimal>> stops;  // how bad, how much
      for (const Order& order : account_.working) {
        bool exits = order.symbol == symbol && order.reduce_only && IsStopOrder(order) &&
                     order.side == (is_long ? Side::kSell : Side::kBuy);
        if (exits)
          stops.emplace_back(is_long ? price - *order.stop_price : *order.stop_price - price, order.leaves_quantity);
      }
      std::sort(stops.begin(), stops.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
      Decimal open = held.Abs();
      for (const auto& [distance, quantity] : stops) {
        Decimal taken = std::min(open, quantity);
        loss += Product(taken, std::max(distance, Decimal()));
        open -= taken;
      }
      loss += Multiply(Product(open, price), limits_.unprotected_loss_ratio, Rounding::kUp);
    }
    for (const Order& order : account_.working) {
      if (order.reduce_only) continue;
      std::optional<Decimal> entry = order.limit_price ? order.limit_price : order.stop_price;
      if (!entry) {
        auto quote = seen_.quotes.find(order.symbol);
        if (quote == seen_.quotes.end()) return std::nullopt;
        entry = order.side == Side::kBuy ? quote->second.ask_price : quote->second.bid_price;
        if (!entry->IsPositive()) return std::nullopt;
      }
      loss += LossOf(order, *entry, order.leaves_quantity);
    }
    return loss;
  }
  // What a position can become at either end, when all that is under way on one side trades.
  [[nodiscard]] Ends EndsOf(const Symbol& symbol, const DeploymentId* deployment, const Order* with) const {
    Decimal held = Position(symbol, deployment);
    Ends ends{held, held};
    auto count = [&](const Order& order, Decimal quantity) {
      if (order.symbol != symbol || (deployment != nullptr && order.deployment_id != *deployment)) return;
      if (order.side == Side::kBuy)
        ends.most += quantity;
      else
        ends.least -= quantity;
    };
    for (const Order& order : account_.working) count(order, order.leaves_quantity);
    if (with != nullptr) count(*with, with->quantity);
    return ends;
  }
  [[nodiscard]] Decimal LargestBecome(const Symbol& symbol, const DeploymentId* deployment, const Order* with) const {
    Ends ends = EndsOf(symbol, deployment, with);
    return std::max(ends.most.Abs(), ends.least.Abs());
  }
  // Instruments that are held, or that something is under way in.
  [[nodiscard]] std::set<Symbol> SymbolsOf(const DeploymentId* deployment, const Symbol* with) const {
    std::set<Symbol> symbols{*with};
    for (const Trade& trade : account_.trades) {
      bool meant = deployment == nullptr || trade.deployment == *deployment;
      if (meant && !Position(trade.symbol, &trade.deployment).IsZero()) symbols.insert(trade.symbol);
    }
    for (const Order& order : account_.working) {
      if (deployment == nullptr || order.deployment_id == *deployment) symbols.insert(order.symbol);
    }
    return symbols;
  }

  const Account& account_;
  const Seen& seen_;
  const risk::Limits& limits_;
};

}  // namespace ballast::reference
