#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/rng.h"
#include "libs/brokers/binance/hosts.h"
#include "libs/brokers/binance/instruments.h"
#include "libs/model/market.h"
#include "libs/venue/transport.h"

namespace ballast::binance {

// The public market of some symbols: best quotes and trades, without a key. Connects by itself, and again when it is
// lost; while it is not connected its quotes are stale.
class MarketData {
 public:
  struct Options {
    Hosts hosts;
    // The venue's names, letters and digits; not empty.
    std::vector<std::string> symbols;
    std::uint64_t seed = 1;
  };
  MarketData(Options options, std::unique_ptr<venue::Transport> transport)
      : options_(std::move(options)), transport_(std::move(transport)), rng_(options_.seed) {}

  // Hears what has come, and does what is due.
  void Poll(UtcTime now);

  // Known once; they stay as they were first told.
  [[nodiscard]] bool has_rules() const { return !listings_.empty(); }
  [[nodiscard]] const std::vector<Listing>& listings() const { return listings_; }
  [[nodiscard]] bool connected() const { return stage_ == Stage::kConnected; }
  // Why it was last lost.
  [[nodiscard]] const std::string& problem() const { return problem_; }

  // The newest of each symbol that has one; stale where nobody tells it any more. `quote_time` is when it last changed.
  [[nodiscard]] std::vector<Quote> Quotes() const;
  struct Print {
    Symbol symbol;
    Decimal price;
    Decimal quantity;
  };
  // Since the last call.
  std::vector<Print> TakePrints() { return std::exchange(prints_, {}); }

 private:
  enum class Stage : int { kWaiting = 0, kRules = 1, kOpening = 2, kConnected = 3 };
  void AskRules(UtcTime now);
  void OnRules(const venue::HttpAnswer& answer, UtcTime now);
  void Open(UtcTime now);
  void OnMessage(const std::string& payload, UtcTime now);
  void Lose(std::string why, UtcTime now);

  const Options options_;
  const std::unique_ptr<venue::Transport> transport_;
  Rng rng_;
  Stage stage_ = Stage::kWaiting;
  UtcTime retry_time_;
  UtcTime deadline_;
  int losses_ = 0;
  std::uint64_t last_id_ = 0;
  std::uint64_t socket_ = 0;
  std::string problem_;
  std::vector<Listing> listings_;
  Symbols symbols_;
  std::map<Symbol, Quote> quotes_;
  std::vector<Print> prints_;
};

}  // namespace ballast::binance
