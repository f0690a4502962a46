#include "tests/simulation/world.h"

#include <algorithm>
#include <memory>

#include "libs/base/check.h"
#include "libs/wire/wire.h"
#include "tests/simulation/names.h"
#include "tests/simulation/position_node.h"
#include "tests/simulation/trader.h"

namespace ballast::simulation {
namespace {

constexpr std::int64_t kMischiefNs = 100 * kMilli;
constexpr std::int64_t kMarketNs = 500 * kMilli;
// After the last fault all has come to rest.
constexpr std::int64_t kRestNs = 90 * kSecond;
// Nothing has changed for so long: longer than anything may be under way.
constexpr std::int64_t kStillNs = 12 * kSecond;

class World {
 public:
  World(std::uint64_t seed, Bug bug, std::FILE* out)
      : seed_(seed),
        stage_(seed, bug, out),
        venue_(stage_),
        auditor_(stage_, venue_),
        trader_(stage_, auditor_, [this] { return Reachable(); }),
        gateway_(stage_, venue_,
                 {.on_send = [this](const Order& order) { auditor_.OnSend(order); },
                  .on_admitted = [this](std::uint64_t epoch) { auditor_.OnAdmitted(epoch); },
                  .on_obeyed = [this](std::uint64_t epoch) { auditor_.OnObeyed(epoch); }}),
        risk_(stage_, Log()),
        positions_(stage_, Log(), [this] { return Reachable(); }) {}

  Outcome Run() {
    SetLimits();
    Market();
    gateway_.Start();
    risk_.Start();
    StartOrders();
    positions_.Start();
    trader_.Begin(static_cast<int>(stage_.Between(20, 60)));
    Mischief();
    std::int64_t calm_ns = stage_.Between(10 * kSecond, 30 * kSecond);
    while (stage_.Step(calm_ns)) Sweep();
    stage_.Calm();
    trader_.WindUp();
    Rest();
    Audit();
    return {.seed = seed_,
            .hash = stage_.hash(),
            .broken = stage_.broken(),
            .counts = stage_.counts(),
            .events = auditor_.head()};
  }

 private:
  // The machines' own log says nothing here: what happens is in the trace.
  static Logger& Log() {
    static Logger* const kLog = [] {
      std::unique_ptr<Logger> made;
      CHECK(Logger::Make({.service = "simulation", .level = "CRITICAL"}, &made).ok(), "a logger can be made");
      return made.release();
    }();
    return *kLog;
  }

  void SetLimits() {
    RiskStore::Update update{.account_id = kAccount, .reason = "simulation", .actor = "test", .request_id = "limits"};
    update.limits.order_rate_per_second = 100;
    // 3,000 of a million: 30 at 100.
    update.limits.max_position_ratio = Decimal::Of("0.003");
    MemoryRiskStore store(std::shared_ptr<MemoryRiskStore::Disk>(&risk_.disk(), [](MemoryRiskStore::Disk*) {}));
    CHECK(store.SaveLimits(update).ok(), "the limits can be stored");
  }

  void StartOrders() {
    orders_.push_back(std::make_unique<OrderNode>(
        stage_, disk_, OrderNode::Neighbours{.risk = &risk_, .gateway = &gateway_, .auditor = &auditor_}, Log(),
        "orders" + std::to_string(++started_)));
    (void)orders_.back()->Start();
  }
  // The newest, or now and then an older one that still lives.
  OrderNode* Reachable() {
    if (orders_.empty()) return nullptr;
    OrderNode* node = orders_.size() > 1 && stage_.Below(5) == 0 ? orders_.front().get() : orders_.back().get();
    return node->ended() ? nullptr : node;
  }
  // Those that have ended are replaced, but for those that were.
  void Sweep() {
    bool newest_ended = !orders_.empty() && orders_.back()->ended();
    if (!newest_ended && (orders_.size() < 2 || !orders_.front()->ended())) return;
    std::erase_if(orders_, [](const auto& each) { return each->ended(); });
    if (newest_ended) Restart();
  }
  void Restart() {
    if (restarting_) return;
    restarting_ = true;
    stage_.After(stage_.Between(200 * kMilli, 3 * kSecond), [this] {
      restarting_ = false;
      StartOrders();
    });
  }

  void Market() {
    moving_ += stage_.Between(-5, 5);
    moving_ = std::clamp<std::int64_t>(moving_, 9'800, 10'200);
    Decimal price = Divide(Decimal::FromInt(moving_), Decimal::FromInt(100), Rounding::kHalfEven);
    venue_.SetPrice(kSteady, Decimal::FromInt(100));
    venue_.SetPrice(kMoving, price);
    std::vector<Quote> quotes;
    broker::v1::StreamMarketDataResponse step;
    for (const Symbol& symbol : {kSteady, kMoving}) {
      Decimal at = venue_.PriceOf(symbol);
      Decimal tick = Decimal::Of("0.01");
      Quote quote{.symbol = symbol,
                  .bid_price = at - tick,
                  .ask_price = at + tick,
                  .last_price = at,
                  .quote_time = stage_.Now()};
      quote.bid_size = quote.ask_size = Decimal::FromInt(1'000);
      quote.session_open = true;
      gateway_.SetQuote(quote);
      broker::v1::Quote& told = *step.add_quotes();
      told.set_symbol(symbol.value());
      wire::ToProto(quote.bid_price, told.mutable_bid_price());
      wire::ToProto(quote.ask_price, told.mutable_ask_price());
      wire::ToProto(quote.last_price, told.mutable_last_price());
      wire::ToProto(quote.bid_size, told.mutable_bid_size());
      wire::ToProto(quote.ask_size, told.mutable_ask_size());
      told.set_session_open(true);
      wire::ToProto(stage_.Now(), told.mutable_quote_time());
      quotes.push_back(std::move(quote));
    }
    wire::ToProto(stage_.Now(), step.mutable_market_time());
    risk_.Step(quotes);
    positions_.Step(step);
    stage_.After(kMarketNs, [this] { Market(); });
  }

  void Mischief() {
    if (stage_.calm()) return;
    const Faults& faults = stage_.faults();
    OrderNode* newest = orders_.empty() ? nullptr : orders_.back().get();
    if (stage_.Chance(faults.kill)) gateway_.Kill();
    if (stage_.Chance(faults.kill)) risk_.Kill();
    if (stage_.Chance(faults.kill)) positions_.Kill();
    if (newest != nullptr && stage_.Chance(faults.kill)) {
      stage_.Note("stage", "kills the order manager");
      stage_.Count("order manager killed");
      orders_.pop_back();
      Restart();
      newest = nullptr;
    }
    if (stage_.Chance(faults.pause)) gateway_.Pause(stage_.Between(100 * kMilli, 8 * kSecond));
    if (stage_.Chance(faults.pause)) risk_.Pause(stage_.Between(100 * kMilli, 8 * kSecond));
    if (newest != nullptr && stage_.Chance(faults.pause)) newest->Pause(stage_.Between(100 * kMilli, 8 * kSecond));
    if (newest != nullptr && stage_.Chance(faults.supersede) && orders_.size() < 3) {
      stage_.Note("stage", "a second order manager takes over");
      stage_.Count("order manager superseded");
      // It stands still, or it works on: two at a time.
      if (stage_.Below(2) == 0) newest->Pause(stage_.Between(100 * kMilli, 6 * kSecond));
      StartOrders();
      newest = nullptr;
    }
    if (newest != nullptr && stage_.Chance(faults.cut)) newest->CutRisk();
    if (newest != nullptr && stage_.Chance(faults.cut)) newest->CutGateway();
    if (stage_.Chance(faults.cut)) positions_.Cut();
    if (stage_.Chance(faults.cut)) gateway_.CutVenue();
    if (!silent_ && stage_.Chance(faults.silence)) {
      // What it says meanwhile is lost; the connection does not outlive that.
      silent_ = true;
      stage_.Count("venue: silences");
      venue_.SetSilent(true);
      stage_.After(stage_.Between(kSecond, 8 * kSecond), [this] {
        silent_ = false;
        gateway_.CutVenue();
        venue_.SetSilent(false);
      });
    }
    stage_.After(kMischiefNs, [this] { Mischief(); });
  }

  [[nodiscard]] bool Quiet() const {
    if (!trader_.quiet() || !auditor_.Open().empty() || venue_.live() > 0) return false;
    if (!gateway_.up() || !risk_.up() || !positions_.up() || orders_.empty()) return false;
    return positions_.cursor() == auditor_.head();
  }

  void Rest() {
    std::int64_t until_ns = stage_.MonotonicNanos() + kRestNs;
    std::int64_t still_since_ns = stage_.MonotonicNanos();
    std::uint64_t head = auditor_.head();
    while (stage_.MonotonicNanos() < until_ns) {
      std::int64_t next_ns = stage_.MonotonicNanos() + kSecond;
      while (stage_.Step(next_ns)) Sweep();
      if (!Quiet() || auditor_.head() != head) still_since_ns = stage_.MonotonicNanos();
      head = auditor_.head();
      if (stage_.MonotonicNanos() - still_since_ns >= kStillNs) return;
    }
    std::string what;
    for (const OrderId& id : auditor_.Open()) what += " " + id.value() + " " + NameOf(auditor_.orders().at(id).status);
    if (!trader_.quiet()) what += "; unanswered:" + trader_.Waiting();
    if (positions_.cursor() != auditor_.head()) what += "; positions are at " + std::to_string(positions_.cursor());
    if (venue_.live() > 0) what += "; open at the venue: " + std::to_string(venue_.live());
    stage_.Break("I20", "no rest within 90 s:" + what);
  }

  void Audit() {
    std::vector<OrderEvent> log = disk_->Events(kAccount);
    auditor_.AtEnd(log, gateway_.disk().reports.size());
    risk_.Save();
    positions_.Finish();
    const MemoryPositionStore::Disk& books = positions_.disk();
    auto book = books.books.find(kAccount);
    if (book == books.books.end()) {
      stage_.Break("I1", "positions know nothing of the account");
    } else {
      auto fills = books.fills.find(kAccount);
      auditor_.Positions(log, book->second,
                         fills == books.fills.end() ? std::map<std::uint64_t, Fill>() : fills->second);
    }
    auto kept = risk_.disk().exposures.find(kAccount);
    if (kept == risk_.disk().exposures.end())
      stage_.Break("I14", "risk knows nothing of the account");
    else
      auditor_.Risk(log, kept->second.snapshot);
    for (const OrderEvent& event : log) {
      order::v1::OrderEvent proto;
      wire::ToProto(event, &proto);
      stage_.Mix(proto.SerializeAsString());
    }
  }

  const std::uint64_t seed_;
  Stage stage_;
  Venue venue_;
  Auditor auditor_;
  Trader trader_;
  GatewayNode gateway_;
  RiskNode risk_;
  PositionNode positions_;
  std::shared_ptr<MemoryJournal::Disk> disk_ = std::make_shared<MemoryJournal::Disk>();
  // Oldest first; more than one only while one that was replaced still lives.
  std::vector<std::unique_ptr<OrderNode>> orders_;
  int started_ = 0;
  bool restarting_ = false;
  bool silent_ = false;
  std::int64_t moving_ = 10'000;
};

}  // namespace

Outcome Run(std::uint64_t seed, Bug bug, std::FILE* out) { return World(seed, bug, out).Run(); }

Outcome RunTwice(std::uint64_t seed, Bug bug) {
  Outcome first = Run(seed, bug);
  Outcome second = Run(seed, bug);
  if (second.hash != first.hash) first.broken.emplace_back("determinism: the same seed gave another trace");
  return first;
}

}  // namespace ballast::simulation
