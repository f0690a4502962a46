#include "libs/market/simulator.h"

#include <algorithm>
#include <utility>

namespace ballast::market {
namespace {

constexpr std::int64_t kMicro = 1'000'000;

struct Listing {
  const char* symbol;
  const char* name;
  AssetClass asset_class;
  // First mid price, in ticks.
  std::int64_t mid_ticks;
  const char* tick;
  const char* lot;
  std::int64_t spread_ticks;
  std::int64_t size_lots;
};

constexpr Listing kListings[] = {
    {"AAPL", "Apple", AssetClass::kEquity, 19'000, "0.01", "1", 1, 300},
    {"AMZN", "Amazon", AssetClass::kEquity, 18'200, "0.01", "1", 2, 250},
    {"BAC", "Bank of America", AssetClass::kEquity, 3'700, "0.01", "1", 1, 900},
    {"GOOGL", "Alphabet", AssetClass::kEquity, 17'100, "0.01", "1", 2, 250},
    {"IBM", "IBM", AssetClass::kEquity, 18'900, "0.01", "1", 2, 200},
    {"MSFT", "Microsoft", AssetClass::kEquity, 41'500, "0.01", "1", 2, 250},
    {"NVDA", "NVIDIA", AssetClass::kEquity, 12'500, "0.01", "1", 1, 500},
    {"SPY", "S&P 500 ETF", AssetClass::kEquity, 52'000, "0.01", "1", 1, 800},
    {"TSLA", "Tesla", AssetClass::kEquity, 24'000, "0.01", "1", 3, 300},
    {"BTC-USD", "Bitcoin", AssetClass::kCrypto, 6'425'700, "0.01", "0.00001", 200, 60'000},
    {"ETH-USD", "Ether", AssetClass::kCrypto, 340'000, "0.01", "0.0001", 20, 90'000},
    {"SOL-USD", "Solana", AssetClass::kCrypto, 15'000, "0.01", "0.001", 3, 200'000},
    {"XRP-USD", "XRP", AssetClass::kCrypto, 52'000, "0.00001", "0.1", 10, 400'000},
};

constexpr const char* kReasons[] = {"volatility pause", "news pending", "regulatory concern"};
constexpr std::int64_t kHaltReasons = 3;

const Listing* Find(const Symbol& symbol) {
  for (const Listing& listing : kListings) {
    if (symbol.value() == listing.symbol) return &listing;
  }
  return nullptr;
}

}  // namespace

std::vector<Instrument> SimulatedInstruments() {
  std::vector<Instrument> instruments;
  for (const Listing& listing : kListings) {
    bool equity = listing.asset_class == AssetClass::kEquity;
    instruments.push_back({.symbol = Symbol(listing.symbol),
                           .display_name = listing.name,
                           .asset_class = listing.asset_class,
                           .currency = "USD",
                           .tick_size = Decimal::Of(listing.tick),
                           .lot_size = Decimal::Of(listing.lot),
                           .min_notional = Decimal::Of(equity ? "1" : "5"),
                           .taker_fee_ratio = Decimal::Of(equity ? "0" : "0.001"),
                           .maker_fee_ratio = Decimal::Of(equity ? "0" : "0.0008"),
                           .fee_per_unit = Decimal::Of(equity ? "0.005" : "0"),
                           .shortable = true,
                           .calendar = equity ? TradingCalendar::kNewYorkStockExchange : TradingCalendar::kAlwaysOpen});
  }
  return instruments;
}

Simulator::Simulator(std::uint64_t seed, Events events)
    : seed_(seed), events_(events), instruments_(SimulatedInstruments()) {
  for (const Instrument& instrument : instruments_) {
    states_[instrument.symbol].mid = Find(instrument.symbol)->mid_ticks * kMicro;
  }
}

void Simulator::Restore(std::uint64_t step, const Symbol& symbol, const SymbolState& state) {
  step_ = step;
  if (states_.contains(symbol)) states_[symbol] = state;
}

bool Simulator::Jump(const Symbol& symbol, Decimal ratio) {
  auto found = states_.find(symbol);
  if (found == states_.end()) return false;
  Decimal moved = Multiply(ratio, Decimal::FromInt(kMicro), Rounding::kHalfEven);
  auto ppm = static_cast<std::int64_t>(moved.units() / Decimal::FromInt(1).units());
  found->second.mid += found->second.mid / kMicro * ppm;
  return true;
}

// Of numbers of its own: the prices of a market in which nothing happens are what they were.
void Simulator::Happen(const Symbol& symbol, std::uint64_t salt, const Sessions& sessions, SymbolState& state) const {
  Rng rng((seed_ + salt * 0x94d049bb133111ebULL) ^ (step_ * 0xd6e8feb86659fd93ULL));
  auto falls = [&](int per_day) {
    return per_day > 0 && rng.Between(1, std::max<std::int64_t>(events_.steps_per_day, 1)) <= per_day;
  };
  bool halts = falls(events_.halts_per_day), jumps = falls(events_.gaps_per_day);
  std::int64_t reason = rng.Between(0, kHaltReasons - 1);
  std::int64_t gap = rng.Between(events_.gap_ppm / 2, events_.gap_ppm) * (rng.Below(2) == 0 ? 1 : -1);
  std::int64_t open_gap = rng.Between(-events_.open_gap_ppm, events_.open_gap_ppm);
  if (state.halt_steps_left > 0) {
    if (--state.halt_steps_left > 0) return;
    if (!events_.auction) state.mid = state.halt_mid;
    return;
  }
  if (sessions.opening.contains(symbol)) state.mid += state.mid / kMicro * open_gap;
  if (sessions.closed.contains(symbol)) return;
  if (jumps) state.mid += state.mid / kMicro * gap;
  if (!halts) return;
  state.halt_steps_left = events_.halt_steps;
  state.halt_mid = state.mid;
  state.halt_reason = reason;
}

std::vector<Quote> Simulator::Step(UtcTime now, const Sessions& sessions) {
  ++step_;
  // One number moves the whole market a little: symbols are correlated.
  Rng common(seed_ * 0x9e3779b97f4a7c15ULL + step_);
  std::int64_t market = common.Between(-100, 100) + common.Between(-100, 100);
  std::vector<Quote> quotes;
  quotes.reserve(instruments_.size());
  std::uint64_t salt = 1;
  for (const Instrument& instrument : instruments_) {
    const Listing& listing = *Find(instrument.symbol);
    SymbolState& state = states_[instrument.symbol];
    Rng rng((seed_ ^ (++salt * 0xbf58476d1ce4e5b9ULL)) + step_);
    if (state.regime_steps_left <= 0) {
      // Per step and in ppm of the price: trends of some tens of ppm make a cross every minute or two on 5 s bars.
      state.trend = rng.Between(-12, 12);
      state.noise = rng.Between(0, 3) == 0 ? 120 : 45;
      state.regime_steps_left = rng.Between(80, 400);
    }
    --state.regime_steps_left;
    std::int64_t random = rng.Between(-state.noise, state.noise) + rng.Between(-state.noise, state.noise) + market / 20;
    // Pulled back to where it started when it strays by more than a fifth: the demo runs for weeks.
    std::int64_t home = listing.mid_ticks * kMicro;
    std::int64_t pull = state.mid > home * 6 / 5 ? -6 : (state.mid < home * 4 / 5 ? 6 : 0);
    state.mid += state.mid / kMicro * (state.trend + random + pull);
    Happen(instrument.symbol, salt, sessions, state);
    state.mid = std::max(state.mid, 20 * listing.spread_ticks * kMicro);
    const bool halted = state.halt_steps_left > 0;
    std::int64_t bid = (halted ? state.halt_mid : state.mid) / kMicro - listing.spread_ticks / 2;
    std::int64_t spread = listing.spread_ticks + rng.Between(0, listing.spread_ticks);
    if (halted) spread = listing.spread_ticks;
    auto ticks = [&](std::int64_t count) {
      return Multiply(instrument.tick_size, Decimal::FromInt(count), Rounding::kHalfEven);
    };
    auto lots = [&] {
      return Multiply(instrument.lot_size, Decimal::FromInt(rng.Between(listing.size_lots / 3, listing.size_lots * 2)),
                      Rounding::kHalfEven);
    };
    quotes.push_back({.symbol = instrument.symbol,
                      .bid_price = ticks(bid),
                      .bid_size = lots(),
                      .ask_price = ticks(bid + spread),
                      .ask_size = lots(),
                      .last_price = ticks(rng.Below(2) || halted ? bid : bid + spread),
                      .quote_time = now,
                      .sequence = ++state.sequence,
                      .session_open = true,
                      .halted = halted,
                      .halt_reason = halted ? kReasons[state.halt_reason % kHaltReasons] : ""});
  }
  return quotes;
}

}  // namespace ballast::market
