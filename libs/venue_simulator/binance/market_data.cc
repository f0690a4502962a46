// What everybody may ask for (rest-api.md, "General endpoints" and "Market Data endpoints").
#include <algorithm>
#include <array>

#include "libs/venue_simulator/binance/market_data.h"
#include "libs/venue_simulator/binance/operations.h"

namespace ballast::venue_simulator::binance {
namespace {

constexpr std::int64_t kDay = 86'400;

Reply Ping(Market& /*market*/, const Call& /*call*/) { return Reply("{}"); }

Reply Time(Market& /*market*/, const Call& call) {
  JsonText text;
  text.Open('{').Number("serverTime", call.unit(call.now)).Close('}');
  return Reply(text.Take());
}

Reply ExchangeInfo(Market& market, const Call& call) {
  std::vector<std::string> symbols;
  if (auto failure = ReadSymbols(market, call.parameters, &symbols)) return *failure;
  JsonText text;
  text.Open('{').Text("timezone", "UTC").Number("serverTime", call.unit(call.now)).Open("rateLimits", '[');
  auto limit = [&](const char* type, const char* interval, int count, int most) {
    text.Open('{').Text("rateLimitType", type).Text("interval", interval);
    text.Number("intervalNum", count).Number("limit", most).Close('}');
  };
  limit("REQUEST_WEIGHT", "MINUTE", 1, market.weight_per_minute);
  limit("ORDERS", "SECOND", 10, market.orders_per_10s);
  limit("ORDERS", "DAY", 1, kOrdersPerDay);
  text.Close(']').Open("exchangeFilters", '[').Close(']').Open("symbols", '[');
  for (const std::string& symbol : symbols) WriteSymbol(text, *market.exchange.Find(symbol));
  text.Close(']').Close('}');
  return Reply(text.Take());
}

Reply Depth(Market& market, const Call& call) {
  std::string symbol;
  std::size_t limit = 0;
  if (auto failure = ReadSymbol(market, call.parameters, &symbol)) return *failure;
  if (auto failure = ReadLimit(call.parameters, 5000, 100, &limit)) return *failure;
  return Reply(PartialDepth(market.exchange.book(symbol), limit));
}

Reply Trades(Market& market, const Call& call) {
  std::string symbol;
  std::size_t limit = 0;
  if (auto failure = ReadSymbol(market, call.parameters, &symbol)) return *failure;
  if (auto failure = ReadLimit(call.parameters, 1000, 500, &limit)) return *failure;
  const auto& prints = market.exchange.prints(symbol);
  JsonText text;
  text.Open('[');
  for (auto it = prints.end() - static_cast<std::ptrdiff_t>(std::min(limit, prints.size())); it != prints.end(); ++it) {
    text.Open('{')
        .Number("id", it->id)
        .Amount("price", it->price)
        .Amount("qty", it->quantity)
        .Amount("quoteQty", Multiply(it->price, it->quantity, Rounding::kHalfEven))
        .Number("time", call.unit(it->time))
        .Bool("isBuyerMaker", it->buyer_is_maker)
        .Bool("isBestMatch", true)
        .Close('}');
  }
  text.Close(']');
  return Reply(text.Take());
}

// Every trade is an aggregate of itself.
Reply AggregateTrades(Market& market, const Call& call) {
  std::string symbol;
  std::size_t limit = 0;
  if (auto failure = ReadSymbol(market, call.parameters, &symbol)) return *failure;
  if (auto failure = ReadLimit(call.parameters, 1000, 500, &limit)) return *failure;
  std::optional<Failure> failure;
  auto from = call.parameters.Int("fromId", failure);
  auto start = call.parameters.Time("startTime", failure);
  auto end = call.parameters.Time("endTime", failure);
  if (failure) return *failure;
  std::vector<const Print*> rows;
  for (const Print& print : market.exchange.prints(symbol)) {
    if ((!from || print.id >= *from) && (!start || print.time >= *start) && (!end || print.time <= *end)) {
      rows.push_back(&print);
    }
  }
  bool forward = from || start;
  if (rows.size() > limit && forward) rows.resize(limit);
  if (rows.size() > limit) rows.erase(rows.begin(), rows.end() - static_cast<std::ptrdiff_t>(limit));
  JsonText text;
  text.Open('[');
  for (const Print* print : rows) {
    text.Open('{').Number("a", print->id).Amount("p", print->price).Amount("q", print->quantity);
    text.Number("f", print->id).Number("l", print->id).Number("T", call.unit(print->time));
    text.Bool("m", print->buyer_is_maker).Bool("M", true).Close('}');
  }
  text.Close(']');
  return Reply(text.Take());
}

Reply Klines(Market& market, const Call& call) {
  std::string symbol;
  std::size_t limit = 0;
  if (auto failure = ReadSymbol(market, call.parameters, &symbol)) return *failure;
  if (auto failure = ReadLimit(call.parameters, 1000, 500, &limit)) return *failure;
  if (!call.parameters.Has("interval")) return Missing("interval");
  std::int64_t seconds = SecondsOf(call.parameters.Get("interval"));
  if (seconds == 0) return Failure{-1120, "Invalid interval."};
  std::optional<Failure> failure;
  auto start = call.parameters.Time("startTime", failure);
  auto end = call.parameters.Time("endTime", failure);
  if (failure) return *failure;
  JsonText text;
  text.Open('[');
  std::int64_t from = start ? (start->nanos + kNanosPerSecond - 1) / kNanosPerSecond : 0;
  for (const Candle& bar : market.candles[symbol].Of(seconds, from, end ? end->nanos / kNanosPerSecond : 0, limit)) {
    text.Open('[')
        .Number(call.unit(UtcTime{bar.start * kNanosPerSecond}))
        .Amount(bar.open)
        .Amount(bar.high)
        .Amount(bar.low)
        .Amount(bar.close)
        .Amount(bar.volume)
        .Number(call.unit(UtcTime{(bar.start + seconds) * kNanosPerSecond} - Duration::Millis(1)))
        .Amount(bar.quote_volume)
        .Number(bar.trades)
        .Amount(bar.taken_volume)
        .Amount(bar.taken_quote_volume)
        .Text("0")
        .Close(']');
  }
  text.Close(']');
  return Reply(text.Take());
}

// One object for one symbol, else a list.
template <typename Write>
Reply Each(Market& market, const Call& call, Write write) {
  std::vector<std::string> symbols;
  if (auto failure = ReadSymbols(market, call.parameters, &symbols)) return *failure;
  bool one = call.parameters.Has("symbol");
  JsonText text;
  if (!one) text.Open('[');
  for (const std::string& symbol : symbols) write(text, symbol);
  if (!one) text.Close(']');
  return Reply(text.Take());
}

Reply PriceTicker(Market& market, const Call& call) {
  return Each(market, call, [&](JsonText& text, const std::string& symbol) {
    text.Open('{').Text("symbol", symbol).Amount("price", market.exchange.last_price(symbol)).Close('}');
  });
}

Reply BookTicker(Market& market, const Call& call) {
  return Each(market, call, [&](JsonText& text, const std::string& symbol) {
    BookLevel bid = BestOf(market.exchange.book(symbol), Side::kBuy);
    BookLevel ask = BestOf(market.exchange.book(symbol), Side::kSell);
    text.Open('{').Text("symbol", symbol).Amount("bidPrice", bid.price).Amount("bidQty", bid.quantity);
    text.Amount("askPrice", ask.price).Amount("askQty", ask.quantity).Close('}');
  });
}

Reply AveragePrice(Market& market, const Call& call) {
  std::string symbol;
  if (auto failure = ReadSymbol(market, call.parameters, &symbol)) return *failure;
  Candle bar = market.candles[symbol].Since(call.now.nanos / kNanosPerSecond - 300);
  Decimal price = bar.volume.IsZero() ? market.exchange.last_price(symbol)
                                      : Divide(bar.quote_volume, bar.volume, Rounding::kHalfEven)
                                            .RoundTo(Decimal::Of("0.00000001"), Rounding::kHalfEven);
  JsonText text;
  text.Open('{').Number("mins", 5).Amount("price", price).Number("closeTime", call.unit(call.now)).Close('}');
  return Reply(text.Take());
}

Reply DayTicker(Market& market, const Call& call) {
  return Each(market, call, [&](JsonText& text, const std::string& symbol) {
    Candle bar = market.candles[symbol].Since(call.now.nanos / kNanosPerSecond - kDay);
    Decimal last = market.exchange.last_price(symbol);
    Decimal open = bar.open.IsZero() ? last : bar.open;
    BookLevel bid = BestOf(market.exchange.book(symbol), Side::kBuy);
    BookLevel ask = BestOf(market.exchange.book(symbol), Side::kSell);
    const auto& prints = market.exchange.prints(symbol);
    Decimal percent = MultiplyDivide(last - open, Decimal::FromInt(100), open, Rounding::kHalfEven)
                          .RoundTo(Decimal::Of("0.001"), Rounding::kHalfEven);
    Decimal average = bar.volume.IsZero() ? last
                                          : Divide(bar.quote_volume, bar.volume, Rounding::kHalfEven)
                                                .RoundTo(Decimal::Of("0.00000001"), Rounding::kHalfEven);
    text.Open('{').Text("symbol", symbol);
    if (call.parameters.Get("type") != "MINI") {
      text.Amount("priceChange", last - open).Text("priceChangePercent", percent.ToStringMinPlaces(3));
      text.Amount("weightedAvgPrice", average).Amount("prevClosePrice", open);
      text.Amount("lastQty", prints.empty() ? Decimal() : prints.back().quantity);
      text.Amount("bidPrice", bid.price).Amount("bidQty", bid.quantity);
      text.Amount("askPrice", ask.price).Amount("askQty", ask.quantity);
    }
    text.Amount("lastPrice", last)
        .Amount("openPrice", open)
        .Amount("highPrice", bar.high.IsZero() ? last : bar.high)
        .Amount("lowPrice", bar.low.IsZero() ? last : bar.low)
        .Amount("volume", bar.volume)
        .Amount("quoteVolume", bar.quote_volume)
        .Number("openTime", call.unit(call.now - Duration::Seconds(kDay)))
        .Number("closeTime", call.unit(call.now))
        .Number("firstId", bar.first_trade)
        .Number("lastId", bar.last_trade)
        .Number("count", bar.trades)
        .Close('}');
  });
}

}  // namespace

BookLevel BestOf(const Book& book, Side side) {
  auto levels = book.Levels(side, 1);
  return levels.empty() ? BookLevel{} : levels.front();
}

std::int64_t SecondsOf(std::string_view interval) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 14> kIntervals{{
      {"1m", 60},
      {"3m", 180},
      {"5m", 300},
      {"15m", 900},
      {"30m", 1800},
      {"1h", 3600},
      {"2h", 7200},
      {"4h", 14'400},
      {"6h", 21'600},
      {"8h", 28'800},
      {"12h", 43'200},
      {"1d", kDay},
      {"3d", 3 * kDay},
      {"1w", 7 * kDay},
  }};
  for (const auto& [name, seconds] : kIntervals) {
    if (name == interval) return seconds;
  }
  return 0;
}

void WriteLevels(JsonText& text, std::string_view name, const std::vector<BookLevel>& levels) {
  text.Open(name, '[');
  for (const BookLevel& level : levels) text.Open('[').Amount(level.price).Amount(level.quantity).Close(']');
  text.Close(']');
}

std::string PartialDepth(const Book& book, std::size_t depth) {
  JsonText text;
  text.Open('{').Number("lastUpdateId", static_cast<std::int64_t>(book.update_id()));
  WriteLevels(text, "bids", book.Levels(Side::kBuy, depth));
  WriteLevels(text, "asks", book.Levels(Side::kSell, depth));
  text.Close('}');
  return text.Take();
}

std::vector<Operation> MarketDataOperations() {
  constexpr std::string_view kKlines = "symbol interval startTime endTime timeZone limit";
  return {
      {"GET", "ping", "ping", Security::kNone, 1, 0, "", Ping},
      {"GET", "time", "time", Security::kNone, 1, 0, "", Time},
      {"GET", "exchangeInfo", "exchangeInfo", Security::kNone, 20, 0,
       "symbol symbols permissions showPermissionSets symbolStatus", ExchangeInfo},
      {"GET", "depth", "depth", Security::kNone, 5, 0, "symbol limit symbolStatus", Depth},
      {"GET", "trades", "trades.recent", Security::kNone, 25, 0, "symbol limit", Trades},
      {"GET", "historicalTrades", "trades.historical", Security::kNone, 25, 0, "symbol limit fromId", Trades},
      {"GET", "aggTrades", "trades.aggregate", Security::kNone, 4, 0, "symbol fromId startTime endTime limit",
       AggregateTrades},
      {"GET", "klines", "klines", Security::kNone, 2, 0, kKlines, Klines},
      {"GET", "uiKlines", "uiKlines", Security::kNone, 2, 0, kKlines, Klines},
      {"GET", "avgPrice", "avgPrice", Security::kNone, 2, 0, "symbol", AveragePrice},
      {"GET", "ticker/24hr", "ticker.24hr", Security::kNone, 2, 0, "symbol symbols type symbolStatus", DayTicker},
      {"GET", "ticker/price", "ticker.price", Security::kNone, 2, 0, "symbol symbols symbolStatus", PriceTicker},
      {"GET", "ticker/bookTicker", "ticker.book", Security::kNone, 2, 0, "symbol symbols symbolStatus", BookTicker},
  };
}

}  // namespace ballast::venue_simulator::binance
