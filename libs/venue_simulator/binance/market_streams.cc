// Streams that everybody may listen to (web-socket-streams.md).
#include <algorithm>
#include <array>

#include "libs/venue_simulator/binance/market_data.h"
#include "libs/venue_simulator/binance/venue.h"

namespace ballast::venue_simulator::binance {
namespace {

constexpr std::array<int, 3> kPartialDepths{5, 10, 20};

std::string Lower(std::string_view symbol) {
  std::string lower(symbol);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

std::string Upper(std::string_view symbol) {
  std::string upper(symbol);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return upper;
}

bool Same(const BookLevel& left, const BookLevel& right) {
  return left.price == right.price && left.quantity == right.quantity;
}

std::string IdOf(const venue::Json& id) {
  JsonText text;
  if (id.kind() == venue::Json::Kind::kString) {
    text.Text(id.text());
  } else if (id.kind() == venue::Json::Kind::kNumber) {
    text.Raw(id.text());
  } else {
    text.Null();
  }
  return text.Take();
}

}  // namespace

bool Venue::HasSocket(std::string_view path) {
  return path == "/ws-api/v3" || path == "/ws" || path.starts_with("/ws/") || path == "/stream";
}

bool Venue::IsStream(std::string_view name) const {
  std::size_t at = name.find('@');
  if (at == std::string_view::npos) return false;
  std::string_view symbol = name.substr(0, at);
  if (symbol != Lower(symbol) || market_.exchange.Find(Upper(symbol)) == nullptr) return false;
  std::string_view kind = name.substr(at + 1);
  if (kind.starts_with("kline_")) return SecondsOf(kind.substr(6)) != 0;
  if (kind.ends_with("@1000ms")) kind.remove_suffix(7);
  if (kind.ends_with("@100ms")) kind.remove_suffix(6);
  constexpr std::array<std::string_view, 10> kKinds{"trade",   "aggTrade", "bookTicker", "depth",      "depth5",
                                                    "depth10", "depth20",  "ticker",     "miniTicker", "avgPrice"};
  return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
}

void Venue::Open(std::uint64_t id, std::string_view path, const Parameters& query, std::string remote, UtcTime now) {
  Socket& socket = sockets_[id];
  socket.connected = ServerTime(now);
  socket.remote = std::move(remote);
  std::string unit = query.Get("timeUnit");
  socket.unit.micros = unit == "MICROSECOND" || unit == "microsecond";
  std::string_view streams;
  std::string listed = query.Get("streams");
  if (path == "/ws-api/v3") {
    socket.channel = Channel::kApi;
    socket.rate_limits = query.Get("returnRateLimits") != "false";
  } else if (path == "/stream") {
    socket.channel = Channel::kCombined;
    streams = listed;
  } else {
    socket.channel = Channel::kStreams;
    streams = path.size() > 4 ? path.substr(4) : "";
  }
  while (!streams.empty()) {
    std::string_view name = streams.substr(0, streams.find('/'));
    streams.remove_prefix(std::min(streams.size(), name.size() + 1));
    if (!name.empty()) socket.streams.emplace(name);
  }
}

void Venue::Receive(std::uint64_t id, std::string_view text, UtcTime now) {
  auto found = sockets_.find(id);
  if (found == sockets_.end()) return;
  if (found->second.channel == Channel::kApi) {
    ReceiveCall(id, found->second, text, now);
  } else {
    ReceiveControl(id, found->second, text, now);
  }
}

void Venue::ReceiveControl(std::uint64_t id, Socket& socket, std::string_view text, UtcTime now) {
  UtcTime due = now + Duration::Millis(faults_.latency_ms);
  auto error = [&](int code, const std::string& message, const std::string* request) {
    JsonText out;
    out.Open('{').Open("error", '{').Number("code", code).Text("msg", message).Close('}');
    if (request != nullptr) out.Key("id").Raw(*request);
    out.Close('}');
    Push(id, out.Take(), due);
  };
  auto request = venue::Json::Parse(text);
  if (!request.ok() || !request->is_object()) {
    error(3, "Invalid JSON: expected value at line 1 column 1", nullptr);
    return;
  }
  std::string request_id = IdOf((*request)["id"]);
  const std::string& method = (*request)["method"].text();
  const auto& params = (*request)["params"].items();
  auto result = [&](std::string_view json) {
    JsonText out;
    out.Open('{').Key("result").Raw(json).Key("id").Raw(request_id).Close('}');
    Push(id, out.Take(), due);
  };
  if (method == "SUBSCRIBE" || method == "UNSUBSCRIBE") {
    for (const venue::Json& name : params) {
      if (method == "UNSUBSCRIBE") {
        if (auto known = socket.streams.find(name.text()); known != socket.streams.end()) socket.streams.erase(known);
      } else {
        socket.streams.insert(name.text());
      }
    }
    result("null");
  } else if (method == "LIST_SUBSCRIPTIONS") {
    JsonText names;
    names.Open('[');
    for (const std::string& name : socket.streams) names.Text(name);
    names.Close(']');
    result(names.Take());
  } else if (method == "SET_PROPERTY" || method == "GET_PROPERTY") {
    if (params.empty() || params[0].text() != "combined") {
      error(0, "Unknown property", &request_id);
    } else if (method == "GET_PROPERTY") {
      result(socket.channel == Channel::kCombined ? "true" : "false");
    } else if (params.size() < 2 || params[1].kind() != venue::Json::Kind::kBool) {
      error(1, "Invalid value type: expected Boolean", &request_id);
    } else {
      socket.channel = params[1].IsTrue() ? Channel::kCombined : Channel::kStreams;
      result("null");
    }
  } else {
    error(2,
          "Invalid request: unknown variant " + method +
              ", expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY` at "
              "line 1 column 28",
          &request_id);
  }
}

bool Venue::Wanted(std::string_view stream) const {
  return std::any_of(sockets_.begin(), sockets_.end(),
                     [&](const auto& entry) { return entry.second.streams.contains(stream); });
}

void Venue::TellStream(const std::string& stream, const std::string& json, UtcTime now) {
  if (faults_.deaf || !IsStream(stream)) return;
  for (const auto& [id, socket] : sockets_) {
    if (!socket.streams.contains(stream)) continue;
    if (socket.channel == Channel::kCombined) {
      JsonText text;
      text.Open('{').Text("stream", stream).Key("data").Raw(json).Close('}');
      Push(id, text.Take(), now);
    } else {
      Push(id, json, now);
    }
  }
}

void Venue::TellTrade(const std::string& symbol, const Print& print, UtcTime now) {
  TimeUnit unit;
  std::string lower = Lower(symbol);
  if (Wanted(lower + "@trade")) {
    JsonText text;
    text.Open('{').Text("e", "trade").Number("E", unit(ServerTime(now))).Text("s", symbol).Number("t", print.id);
    text.Amount("p", print.price).Amount("q", print.quantity).Number("T", unit(print.time));
    text.Bool("m", print.buyer_is_maker).Bool("M", true).Close('}');
    TellStream(lower + "@trade", text.Take(), now);
  }
  if (Wanted(lower + "@aggTrade")) {
    JsonText text;
    text.Open('{').Text("e", "aggTrade").Number("E", unit(ServerTime(now))).Text("s", symbol).Number("a", print.id);
    text.Amount("p", print.price).Amount("q", print.quantity).Number("f", print.id).Number("l", print.id);
    text.Number("T", unit(print.time)).Bool("m", print.buyer_is_maker).Bool("M", true).Close('}');
    TellStream(lower + "@aggTrade", text.Take(), now);
  }
}

void Venue::TellQuote(const std::string& symbol, Told& told, UtcTime now) {
  Book& book = market_.exchange.book(symbol);
  Book::Changed changed = book.TakeChanged();
  if (changed.empty()) return;
  told.fast.changed.insert(changed.begin(), changed.end());
  told.slow.changed.insert(changed.begin(), changed.end());
  BookLevel bid = BestOf(book, Side::kBuy);
  BookLevel ask = BestOf(book, Side::kSell);
  if (Same(bid, told.bid) && Same(ask, told.ask)) return;
  told.bid = bid;
  told.ask = ask;
  std::string stream = Lower(symbol) + "@bookTicker";
  if (!Wanted(stream)) return;
  JsonText text;
  text.Open('{').Number("u", static_cast<std::int64_t>(book.update_id())).Text("s", symbol);
  text.Amount("b", bid.price).Amount("B", bid.quantity).Amount("a", ask.price).Amount("A", ask.quantity).Close('}');
  TellStream(stream, text.Take(), now);
}

void Venue::TellBooks(bool slow, UtcTime now) {
  TimeUnit unit;
  auto diff = [&](const std::string& symbol, const std::string& stream, Diff& pending) {
    const Book& book = market_.exchange.book(symbol);
    if (pending.changed.empty()) return;
    std::uint64_t first = pending.told + 1;
    pending.told = book.update_id();
    Book::Changed changed = std::exchange(pending.changed, {});
    if (!Wanted(stream) || Uses(faults_.lost_updates)) return;
    std::vector<BookLevel> bids;
    std::vector<BookLevel> asks;
    for (const auto& [side, price] : changed) {
      (side == Side::kBuy ? bids : asks).push_back({price, book.At(side, price)});
    }
    std::reverse(bids.begin(), bids.end());
    JsonText text;
    text.Open('{').Text("e", "depthUpdate").Number("E", unit(ServerTime(now))).Text("s", symbol);
    text.Number("U", static_cast<std::int64_t>(first)).Number("u", static_cast<std::int64_t>(pending.told));
    WriteLevels(text, "b", bids);
    WriteLevels(text, "a", asks);
    text.Close('}');
    TellStream(stream, text.Take(), now);
  };
  for (auto& [symbol, told] : told_) {
    std::string lower = Lower(symbol);
    const Book& book = market_.exchange.book(symbol);
    diff(symbol, lower + "@depth@100ms", told.fast);
    if (slow) diff(symbol, lower + "@depth", told.slow);
    for (int depth : kPartialDepths) {
      std::string stream = lower + "@depth" + std::to_string(depth);
      if (Wanted(stream + "@100ms") && told.partial_fast != book.update_id()) {
        TellStream(stream + "@100ms", PartialDepth(book, static_cast<std::size_t>(depth)), now);
      }
      if (slow && Wanted(stream) && told.partial_slow != book.update_id()) {
        TellStream(stream, PartialDepth(book, static_cast<std::size_t>(depth)), now);
      }
    }
    told.partial_fast = book.update_id();
    if (slow) told.partial_slow = book.update_id();
  }
}

// Bars and tickers, once a second.
void Venue::TellSeconds(UtcTime now) {
  constexpr std::array<const char*, 14> kIntervals{"1m", "3m", "5m", "15m", "30m", "1h", "2h",
                                                   "4h", "6h", "8h", "12h", "1d",  "3d", "1w"};
  TimeUnit unit;
  UtcTime time = ServerTime(now);
  for (const auto& [symbol, candles] : market_.candles) {
    std::string lower = Lower(symbol);
    for (const char* interval : kIntervals) {
      std::string stream = lower + "@kline_" + interval;
      if (!Wanted(stream)) continue;
      std::int64_t seconds = SecondsOf(interval);
      Candle bar = candles.Current(seconds, time.nanos / kNanosPerSecond);
      JsonText text;
      text.Open('{').Text("e", "kline").Number("E", unit(time)).Text("s", symbol).Open("k", '{');
      text.Number("t", bar.start * 1000)
          .Number("T", (bar.start + seconds) * 1000 - 1)
          .Text("s", symbol)
          .Text("i", interval)
          .Number("f", bar.first_trade)
          .Number("L", bar.last_trade)
          .Amount("o", bar.open)
          .Amount("c", bar.close)
          .Amount("h", bar.high)
          .Amount("l", bar.low)
          .Amount("v", bar.volume)
          .Number("n", bar.trades)
          .Bool("x", false)
          .Amount("q", bar.quote_volume)
          .Amount("V", bar.taken_volume)
          .Amount("Q", bar.taken_quote_volume)
          .Text("B", "0")
          .Close('}')
          .Close('}');
      TellStream(stream, text.Take(), now);
    }
    bool ticker = Wanted(lower + "@ticker");
    if (!ticker && !Wanted(lower + "@miniTicker")) continue;
    constexpr std::int64_t kDay = 86'400;
    Candle bar = candles.Since(time.nanos / kNanosPerSecond - kDay);
    const Told& told = told_[symbol];
    Decimal last = market_.exchange.last_price(symbol);
    auto amounts = [&](JsonText& text) {
      text.Amount("c", last).Amount("o", bar.open).Amount("h", bar.high).Amount("l", bar.low);
      text.Amount("v", bar.volume).Amount("q", bar.quote_volume);
    };
    JsonText mini;
    mini.Open('{').Text("e", "24hrMiniTicker").Number("E", unit(time)).Text("s", symbol);
    amounts(mini);
    mini.Close('}');
    TellStream(lower + "@miniTicker", mini.Take(), now);
    if (!ticker || bar.open.IsZero()) continue;
    Decimal percent = MultiplyDivide(last - bar.open, Decimal::FromInt(100), bar.open, Rounding::kHalfEven)
                          .RoundTo(Decimal::Of("0.001"), Rounding::kHalfEven);
    const auto& prints = market_.exchange.prints(symbol);
    JsonText full;
    full.Open('{').Text("e", "24hrTicker").Number("E", unit(time)).Text("s", symbol);
    full.Amount("p", last - bar.open).Text("P", percent.ToStringMinPlaces(3)).Amount("w", last);
    full.Amount("x", bar.open).Amount("Q", prints.empty() ? Decimal() : prints.back().quantity);
    full.Amount("b", told.bid.price).Amount("B", told.bid.quantity);
    full.Amount("a", told.ask.price).Amount("A", told.ask.quantity);
    amounts(full);
    full.Number("O", unit(time) - kDay * 1000).Number("C", unit(time)).Number("F", bar.first_trade);
    full.Number("L", bar.last_trade).Number("n", bar.trades).Close('}');
    TellStream(lower + "@ticker", full.Take(), now);
  }
}

}  // namespace ballast::venue_simulator::binance
