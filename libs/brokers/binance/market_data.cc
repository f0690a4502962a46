#include "libs/brokers/binance/market_data.h"

#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/brokers/binance/errors.h"
#include "libs/venue/form.h"
#include "libs/venue/json.h"

namespace ballast::binance {
namespace {

using venue::Json;

constexpr Duration kStepTime = Duration::Seconds(30);
constexpr std::int64_t kFirstPauseMs = 1'000;
constexpr std::int64_t kPauseMaxMs = 30'000;
// Nobody takes them for so long: the oldest are of no use.
constexpr std::size_t kPrintsMax = 100'000;

std::string Lower(const std::string& text) {
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

}  // namespace

void MarketData::Poll(UtcTime now) {
  for (venue::TransportEvent& event : transport_->Take()) {
    if (auto* answer = std::get_if<venue::HttpAnswer>(&event)) {
      if (stage_ == Stage::kRules && answer->id == last_id_) OnRules(*answer, now);
    } else if (auto* opened = std::get_if<venue::SocketOpened>(&event)) {
      if (opened->socket != socket_) continue;
      stage_ = Stage::kConnected;
      losses_ = 0;
    } else if (auto* message = std::get_if<venue::SocketMessage>(&event)) {
      if (message->socket == socket_) OnMessage(message->payload, now);
    } else if (auto* closed = std::get_if<venue::SocketClosed>(&event)) {
      if (closed->socket != socket_) continue;
      socket_ = 0;
      Lose(closed->why, now);
    }
  }
  const bool busy = stage_ == Stage::kRules || stage_ == Stage::kOpening;
  if (busy && now >= deadline_) Lose("the venue has not answered in time", now);
  if (stage_ == Stage::kWaiting && now >= retry_time_) {
    if (has_rules())
      Open(now);
    else
      AskRules(now);
  }
}

void MarketData::AskRules(UtcTime now) {
  stage_ = Stage::kRules;
  deadline_ = now + kStepTime;
  std::string list = "[";
  for (const std::string& symbol : options_.symbols) list += (list.size() > 1 ? ",\"" : "\"") + symbol + "\"";
  transport_->Call({.id = ++last_id_,
                    .method = "GET",
                    .origin = options_.hosts.rest,
                    .target = "/api/v3/exchangeInfo?" + venue::FormEncode({{"symbols", list + "]"}}),
                    .headers = {},
                    .body = {},
                    .timeout = kStepTime});
}

void MarketData::OnRules(const venue::HttpAnswer& answer, UtcTime now) {
  if (answer.outcome != venue::Outcome::kAnswered || answer.status != 200)
    return Lose("the venue's rules: " + Judge(answer).rejection.message, now);
  auto read = ReadExchangeInfo(answer.body);
  if (!read.ok()) return Lose("the venue's rules cannot be read: " + MessageOf(read.status()), now);
  for (const std::string& symbol : options_.symbols) {
    if (read->symbols.Ours(symbol).empty()) return Lose("the venue has not listed " + symbol, now);
  }
  listings_ = std::move(read->listings);
  symbols_ = std::move(read->symbols);
  Open(now);
}

void MarketData::Open(UtcTime now) {
  stage_ = Stage::kOpening;
  deadline_ = now + kStepTime;
  std::string streams;
  for (const std::string& symbol : options_.symbols) {
    const std::string name = Lower(symbol);
    streams += (streams.empty() ? "" : "/") + name + "@bookTicker/" + name + "@trade";
  }
  socket_ = ++last_id_;
  transport_->Open(socket_, options_.hosts.stream + "/stream?streams=" + streams, {});
}

void MarketData::OnMessage(const std::string& payload, UtcTime now) {
  auto json = Json::Parse(payload);
  if (!json.ok()) return Lose("the venue's stream cannot be read", now);
  const Json& data = json->Has("data") ? (*json)["data"] : *json;
  if (data["e"].text() == "serverShutdown") return Lose("the venue's server shuts down", now);
  const Symbol& symbol = symbols_.Ours(data["s"].text());
  if (symbol.empty()) return;
  Quote& quote = quotes_[symbol];
  if (data["e"].text() == "trade") {
    auto price = data["p"].AsDecimal();
    auto quantity = data["q"].AsDecimal();
    if (!price.ok() || !quantity.ok() || !price->IsPositive() || !quantity->IsPositive()) return;
    quote.last_price = *price;
    prints_.push_back({.symbol = symbol, .price = *price, .quantity = *quantity});
    if (prints_.size() > kPrintsMax) prints_.erase(prints_.begin(), prints_.begin() + kPrintsMax / 2);
    return;
  }
  if (!data.Has("b") || !data.Has("a") || !data.Has("u")) return;
  auto bid = data["b"].AsDecimal();
  auto bid_size = data["B"].AsDecimal();
  auto ask = data["a"].AsDecimal();
  auto ask_size = data["A"].AsDecimal();
  auto number = data["u"].AsInt();
  const bool usable =
      bid.ok() && bid_size.ok() && ask.ok() && ask_size.ok() && number.ok() && bid->IsPositive() && *ask > *bid;
  // A book with one side, or one that cannot be read: nobody stands behind the former prices.
  if (!usable) {
    quote.stale = true;
    return;
  }
  if (quote.quote_time != UtcTime{} && !quote.stale && static_cast<std::uint64_t>(*number) < quote.sequence) return;
  quote.symbol = symbol;
  quote.bid_price = *bid;
  quote.bid_size = *bid_size;
  quote.ask_price = *ask;
  quote.ask_size = *ask_size;
  if (!quote.last_price.IsPositive()) quote.last_price = *bid;
  quote.quote_time = now;
  quote.sequence = static_cast<std::uint64_t>(*number);
  quote.session_open = true;
  quote.stale = false;
}

std::vector<Quote> MarketData::Quotes() const {
  std::vector<Quote> quotes;
  for (const auto& [symbol, quote] : quotes_) {
    if (quote.quote_time == UtcTime{}) continue;
    quotes.push_back(quote);
    quotes.back().stale |= !connected();
  }
  return quotes;
}

void MarketData::Lose(std::string why, UtcTime now) {
  problem_ = std::move(why);
  stage_ = Stage::kWaiting;
  if (socket_ != 0) transport_->Close(std::exchange(socket_, 0));
  // Until each is told again.
  for (auto& [symbol, quote] : quotes_) quote.stale = true;
  const std::int64_t most = std::min(kFirstPauseMs << std::min(losses_, 5), kPauseMaxMs);
  ++losses_;
  retry_time_ = now + Duration::Millis(rng_.Between(most / 2, most));
}

}  // namespace ballast::binance
