#include "libs/ledger/mark_board.h"

namespace ballast::ledger {

Decimal Mark::Price(Decimal quantity) const {
  if (quantity.IsPositive()) return bid;
  if (quantity.IsNegative()) return ask;
  return Divide(bid + ask, Decimal::FromInt(2), Rounding::kHalfEven);
}

bool Usable(const Quote& quote) { return quote.bid_price.IsPositive() && quote.bid_price < quote.ask_price; }

Decimal Value(Decimal quantity, Decimal price) { return Multiply(quantity, price, Rounding::kHalfEven); }

bool MarkBoard::Take(const Quote& quote) {
  if (!Usable(quote)) return false;
  Close close{.day = days_.DayOf(quote.quote_time),
              .bid = quote.bid_price,
              .ask = quote.ask_price,
              .time = quote.quote_time,
              .in_session = quote.session_open};
  auto [entry, fresh] = closes_.try_emplace(quote.symbol, Closes{close, std::nullopt});
  Closes& closes = entry->second;
  bool outside = closes.last.in_session && !close.in_session;
  if (!fresh && !outside) {
    if (close.day != closes.last.day) closes.former = closes.last;
    closes.last = close;
  }
  now_[quote.symbol] = {closes.last.bid, closes.last.ask, closes.last.time, quote.session_open};
  return true;
}

Marks MarkBoard::ClosesBefore(std::int64_t day) const {
  Marks marks;
  for (const auto& [symbol, closes] : closes_) {
    const Close* close = closes.last.day < day                                   ? &closes.last
                         : closes.former.has_value() && closes.former->day < day ? &*closes.former
                                                                                 : nullptr;
    if (close != nullptr) marks[symbol] = {close->bid, close->ask, close->time, close->in_session};
  }
  return marks;
}

}  // namespace ballast::ledger
