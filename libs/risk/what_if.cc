#include "libs/risk/what_if.h"

#include <algorithm>

namespace ballast::risk {

Market MovedMarket(const Market& market, const std::vector<MarketMove>& moves) {
  // The board stays empty: everything is valued at the quotes, which are the marks moved.
  Market moved;
  moved.instruments = market.instruments;
  moved.quotes = market.quotes;
  moved.arrival_ns = market.arrival_ns;
  for (auto& [symbol, quote] : moved.quotes) {
    if (std::optional<ledger::Mark> mark = market.MarkOf(symbol)) {
      quote.bid_price = mark->bid;
      quote.ask_price = mark->ask;
      quote.session_open = mark->session_open;
    }
    const MarketMove* mine = nullptr;
    for (const MarketMove& move : moves) {
      if (move.symbol == symbol || (move.symbol.empty() && mine == nullptr)) mine = &move;
    }
    if (mine == nullptr) continue;
    Decimal factor = Decimal::FromInt(1) + mine->ratio;
    for (Decimal* price : {&quote.bid_price, &quote.ask_price, &quote.last_price})
      *price = Multiply(*price, factor, Rounding::kHalfEven);
  }
  return moved;
}

std::optional<Exposure> FilledExposure(const Exposure& exposure, const Order* order, const Market& market) {
  Exposure after;
  after.Restore(exposure.TakeSnapshot(false));
  after.baseline = exposure.baseline;
  after.latches = exposure.latches;
  if (order == nullptr) return after;
  auto quote = market.quotes.find(order->symbol);
  if (quote == market.quotes.end()) return std::nullopt;
  Decimal touch = order->side == Side::kBuy ? quote->second.ask_price : quote->second.bid_price;
  OrderEvent event;
  event.sequence = after.applied_sequence() + 1;
  event.type = OrderEventType::kFilled;
  event.fill = Fill{.deployment_id = order->deployment_id,
                    .symbol = order->symbol,
                    .side = order->side,
                    .quantity = order->quantity,
                    .price = order->limit_price.value_or(touch)};
  if (!event.fill->price.IsPositive()) return std::nullopt;
  (void)after.Apply(event);
  return after;
}

std::optional<Decimal> WorstLoss(const Exposure& exposure, const Market& market, Decimal gap_ratio) {
  Decimal worst;
  for (const auto& [symbol, held] : exposure.positions()) {
    std::optional<ledger::Mark> mark = market.MarkOf(symbol);
    if (!mark) return std::nullopt;
    Decimal value = ledger::Value(held, mark->Price(held)).Abs();
    worst += Multiply(value, gap_ratio, Rounding::kUp);
  }
  return worst;
}

Market GappedMarket(const Exposure& exposure, const Market& market, Decimal gap_ratio) {
  // At zero nothing has a price any more.
  const Decimal down = std::min(gap_ratio, Decimal::Of("0.999"));
  std::vector<MarketMove> moves;
  for (const auto& [symbol, held] : exposure.positions())
    moves.push_back({.symbol = symbol, .ratio = held.IsPositive() ? -down : gap_ratio});
  return MovedMarket(market, moves);
}

Standing StandingOf(const Exposure& exposure, const Market& market) {
  Standing standing{.equity = exposure.Equity(market)};
  for (const auto& [symbol, quantity] : exposure.positions()) {
    std::optional<ledger::Mark> mark = market.MarkOf(symbol);
    if (!mark) continue;
    Decimal value = ledger::Value(quantity, mark->Price(quantity));
    standing.net += value;
    standing.gross += value.Abs();
    standing.largest = std::max(standing.largest, value.Abs());
  }
  return standing;
}

}  // namespace ballast::risk
