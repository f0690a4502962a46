#include "libs/matching/book.h"

#include <algorithm>

namespace ballast::matching {

Decimal Reach(Decimal quoted_price) { return Multiply(quoted_price, Decimal::Of("0.05"), Rounding::kDown); }

std::vector<Level> Opposite(const Quote& quote, const Instrument& instrument, Side side, int depth, Decimal taken) {
  std::vector<Level> levels;
  bool buy = side == Side::kBuy;
  Decimal price = buy ? quote.ask_price : quote.bid_price;
  Decimal size = buy ? quote.ask_size : quote.bid_size;
  Decimal quoted = price;
  for (int i = 0; i < depth && price.IsPositive() && size.IsPositive(); ++i) {
    if ((price - quoted).Abs() > Reach(quoted)) break;
    Decimal left = size - std::min(size, taken);
    taken -= std::min(size, taken);
    if (left.IsPositive()) levels.push_back({price, left});
    price = buy ? price + instrument.tick_size : price - instrument.tick_size;
    size = Multiply(size, Decimal::Of("1.5"), Rounding::kDown).RoundTo(instrument.lot_size, Rounding::kDown);
  }
  return levels;
}

std::vector<Match> Walk(const std::vector<Level>& levels, Side side, Decimal quantity, std::optional<Decimal> limit,
                        Decimal lot_size) {
  std::vector<Match> matches;
  for (const Level& level : levels) {
    if (!quantity.IsPositive()) break;
    if (limit && (side == Side::kBuy ? level.price > *limit : level.price < *limit)) break;
    Decimal traded = std::min(quantity, level.size).RoundTo(lot_size, Rounding::kDown);
    if (!traded.IsPositive()) continue;
    matches.push_back({traded, level.price});
    quantity -= traded;
  }
  return matches;
}

}  // namespace ballast::matching
