#include "services/broker_gateway/binance_source.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/platform/thread/mutex.h"
#include "libs/platform/venue_client/venue_client.h"
#include "services/broker_gateway/binance_entry.h"

namespace ballast {
namespace {

// Rung by the network's thread while Open waits.
struct Bell {
  Mutex mutex;
  CondVar rang;
  bool rung GUARDED_BY(mutex) = false;

  void Ring() {
    {
      MutexLock lock(mutex);
      rung = true;
    }
    rang.NotifyAll();
  }
  void Wait(std::int64_t most_ns) {
    MutexLock lock(mutex);
    if (!rung) rang.WaitFor(mutex, most_ns);
    rung = false;
  }
};

}  // namespace

absl::StatusOr<std::unique_ptr<market::Source>> BinanceSource::Open(const std::map<std::string, std::string>& settings,
                                                                    Duration tick, const Clock& clock) {
  ASSIGN_OR_RETURN(binance::Hosts hosts, BinanceHosts(settings));
  ASSIGN_OR_RETURN(std::vector<std::string> symbols, BinanceSymbols(settings));
  auto bell = std::make_shared<Bell>();
  VenueClient::Options options;
  if (auto ca_file = settings.find("binance_ca_file"); ca_file != settings.end()) options.ca_file = ca_file->second;
  options.wake = [bell] { bell->Ring(); };
  ASSIGN_OR_RETURN(std::unique_ptr<VenueClient> client, VenueClient::Make(std::move(options)));
  auto data = std::make_unique<binance::MarketData>(
      binance::MarketData::Options{.hosts = std::move(hosts),
                                   .symbols = std::move(symbols),
                                   .seed = static_cast<std::uint64_t>(clock.Now().nanos)},
      std::move(client));
  constexpr std::int64_t kPatienceNs = 20'000'000'000;
  constexpr std::int64_t kLookNs = 200'000'000;
  const std::int64_t until = clock.MonotonicNanos() + kPatienceNs;
  for (data->Poll(clock.Now()); !data->has_rules(); data->Poll(clock.Now())) {
    if (clock.MonotonicNanos() >= until)
      return absl::UnavailableError(ToAbsl("market_source binance: " + data->problem()));
    bell->Wait(kLookNs);
  }
  return std::make_unique<BinanceSource>(std::move(data), tick);
}

BinanceSource::BinanceSource(std::unique_ptr<binance::MarketData> data, Duration tick)
    : data_(std::move(data)), tick_(tick) {
  for (const binance::Listing& listing : data_->listings()) instruments_.push_back(listing.instrument);
}

std::optional<market::MarketStep> BinanceSource::Step(UtcTime now) {
  data_->Poll(now);
  // Time never goes back, whatever the wall's clock does.
  time_ = std::max(now, time_ + Duration{1});
  market::MarketStep step{.number = ++step_, .time = time_};
  step.quotes = data_->Quotes();
  auto add = [&](const Symbol& symbol, Decimal price, Decimal quantity) {
    std::vector<Bar> complete = bar_builder_.Add(symbol, time_, price, quantity);
    step.bars.insert(step.bars.end(), complete.begin(), complete.end());
  };
  for (const binance::MarketData::Print& print : data_->TakePrints()) add(print.symbol, print.price, print.quantity);
  for (Quote& quote : step.quotes) {
    quote.sequence = step_;
    if (quote.stale) continue;
    // It is told when it changes, and stands while the connection does.
    quote.quote_time = time_;
    // A bar ends in its time, also where nothing trades after it.
    add(quote.symbol, quote.last_price, Decimal());
  }
  quotes_ = step.quotes;
  return step;
}

market::SourceState BinanceSource::state() const { return {.key = "binance", .step = step_, .time = time_}; }

std::optional<market::MarketStep> BinanceSource::Restore(const market::SourceState& state) {
  step_ = state.step;
  time_ = std::max(time_, state.time);
  return std::nullopt;
}

}  // namespace ballast
