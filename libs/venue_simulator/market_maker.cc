#include "libs/venue_simulator/market_maker.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace ballast::venue_simulator {
namespace {

// A level is this part of the price away from the next: 2 basis points.
const Decimal kSpacing = Decimal::Of("0.0002");
// What a level is worth in the quote asset, at least and at most.
constexpr std::int64_t kWorthMin = 200;
constexpr std::int64_t kWorthMax = 6000;

AccountSettings House() {
  AccountSettings settings;
  settings.house = true;
  return settings;
}

}  // namespace

MarketMaker::MarketMaker(Exchange& exchange, std::uint64_t seed)
    : exchange_(exchange), rng_(seed), maker_(exchange.Open(House())), taker_(exchange.Open(House())) {}

Decimal MarketMaker::Size(const Instrument& instrument, Decimal price) {
  Decimal worth = Decimal::FromInt(rng_.Between(kWorthMin, kWorthMax));
  Decimal size = Divide(worth, price, Rounding::kDown).RoundTo(instrument.lot, Rounding::kUp);
  return std::max(size, instrument.quantity_min);
}

std::int64_t MarketMaker::Send(AccountId account, const Instrument& instrument, Side side, TimeInForce time_in_force,
                               Decimal quantity, Decimal price, UtcTime now) {
  OrderTerms terms;
  terms.account = account;
  terms.symbol = instrument.symbol;
  terms.side = side;
  terms.time_in_force = time_in_force;
  terms.quantity = quantity;
  terms.price = price;
  return exchange_.Place(std::move(terms), now).id;
}

void MarketMaker::Quote(const Instrument& instrument, Line& line, bool crossing, UtcTime now) {
  std::map<std::pair<Side, Decimal>, bool> wanted;
  Decimal bid = line.middle.RoundTo(line.step, Rounding::kFloor);
  Decimal ask = bid + line.step;
  for (int level = 0; level < kLevels; ++level) {
    if (bid.IsPositive()) wanted[{Side::kBuy, bid}] = true;
    wanted[{Side::kSell, ask}] = true;
    bid -= line.step;
    ask += line.step;
  }
  for (auto it = line.quotes.begin(); it != line.quotes.end();) {
    bool there = exchange_.order(it->second) != nullptr;
    if (there && wanted.contains(it->first)) {
      ++it;
      continue;
    }
    if (there) exchange_.Cancel(it->second, "", now);
    it = line.quotes.erase(it);
  }
  for (const auto& [place, yes] : wanted) {
    if (line.quotes.contains(place)) continue;
    Decimal best;
    bool crosses = exchange_.book(instrument.symbol).Best(Other(place.first), &best) != nullptr &&
                   (place.first == Side::kBuy ? place.second >= best : place.second <= best);
    if (crosses && !crossing) continue;
    std::int64_t id =
        Send(maker_, instrument, place.first, TimeInForce::kGtc, Size(instrument, place.second), place.second, now);
    if (exchange_.order(id) != nullptr) line.quotes[place] = id;
  }
}

void MarketMaker::Flow(const Instrument& instrument, UtcTime now) {
  // Every third step somebody takes some of the best price.
  if (rng_.Below(3) != 0) return;
  Side side = rng_.Below(2) == 0 ? Side::kBuy : Side::kSell;
  Decimal best;
  if (exchange_.book(instrument.symbol).Best(Other(side), &best) == nullptr) return;
  Decimal part = Multiply(Size(instrument, best), Decimal::Of("0.3"), Rounding::kDown);
  Decimal quantity = std::max(part.RoundTo(instrument.lot, Rounding::kUp), instrument.quantity_min);
  Send(taker_, instrument, side, TimeInForce::kIoc, quantity, best, now);
}

void MarketMaker::Withdraw(Line& line, UtcTime now) {
  for (const auto& [place, id] : line.quotes) exchange_.Cancel(id, "", now);
  line.quotes.clear();
}

void MarketMaker::Step(UtcTime now) {
  for (const auto& [symbol, instrument] : exchange_.instruments()) {
    auto [found, made] = lines_.try_emplace(symbol);
    Line& line = found->second;
    if (made) {
      line.middle = exchange_.last_price(symbol);
      line.step = std::max(instrument.tick,
                           Multiply(line.middle, kSpacing, Rounding::kDown).RoundTo(instrument.tick, Rounding::kDown));
    } else if (!running_) {
      continue;
    }
    if (instrument.status != TradingStatus::kTrading) continue;
    if (!made) {
      line.middle += Multiply(line.step, Decimal::FromInt(rng_.Between(-2, 2)), Rounding::kHalfEven);
      line.middle = std::max(line.middle, line.step);
    }
    Quote(instrument, line, true, now);
    if (!made) Flow(instrument, now);
  }
}

bool MarketMaker::MoveTo(std::string_view symbol, Decimal price, Decimal quantity, UtcTime now) {
  const Instrument* instrument = exchange_.Find(symbol);
  if (instrument == nullptr || instrument->status != TradingStatus::kTrading || !price.IsPositive() ||
      !price.IsMultipleOf(instrument->tick) || (quantity.IsPositive() && !quantity.IsMultipleOf(instrument->lot))) {
    return false;
  }
  auto found = lines_.find(symbol);
  if (found == lines_.end()) return false;
  Line& line = found->second;
  Withdraw(line, now);
  Book& book = exchange_.book(symbol);
  Decimal left = quantity;
  for (Side side : {Side::kBuy, Side::kSell}) {
    // What is left in the book is the clients'.
    Decimal there;
    for (const BookLevel& level : book.Levels(Other(side), SIZE_MAX)) {
      if (side == Side::kBuy ? level.price > price : level.price < price) break;
      for (std::int64_t id : book.OrdersAt(Other(side), level.price)) there += exchange_.order(id)->remaining();
    }
    if (quantity.IsPositive()) there = std::min(there, left);
    if (!there.IsPositive()) continue;
    left -= there;
    Send(taker_, *instrument, side, TimeInForce::kIoc, there, price, now);
  }
  Decimal bid;
  Decimal ask;
  bool between = (book.Best(Side::kBuy, &bid) != nullptr && bid >= price) ||
                 (book.Best(Side::kSell, &ask) != nullptr && ask <= price);
  if (exchange_.last_price(symbol) != price && !between) {
    // Nobody was there, or not at this price: two of the house trade.
    Decimal lot = std::max(instrument->quantity_min, instrument->lot);
    while (Multiply(lot, price, Rounding::kHalfEven) < instrument->notional_min) lot += lot;
    std::int64_t resting = Send(maker_, *instrument, Side::kSell, TimeInForce::kGtc, lot, price, now);
    Send(taker_, *instrument, Side::kBuy, TimeInForce::kIoc, lot, price, now);
    if (exchange_.order(resting) != nullptr) exchange_.Cancel(resting, "", now);
  }
  line.middle = price;
  // What was not to trade stays as it is.
  Quote(*instrument, line, false, now);
  return true;
}

}  // namespace ballast::venue_simulator
