#include "services/order_management/shard.h"

#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/orders/contingent.h"
#include "services/order_management/shard_inbox.h"

namespace ballast {
namespace {

using Outcome = runtime::Committer::Outcome;

constexpr std::size_t kBatchMax = 500;
constexpr std::int64_t kTickNs = 20'000'000;

// What waits in the inbox, at most, by the estimates below: some 20,000 orders, and more reports than a gateway sends
// in the longest stall of the storage.
constexpr std::array<std::size_t, 4> kLaneBytesMax = {8U << 20, 64U << 20, 20U << 20, 1U << 20};

}  // namespace

Shard::Shard(Options options, Journal& journal, EventHub& hub, const Clock& clock, Logger& log, Metrics& metrics)
    : options_(std::move(options)),
      clock_(clock),
      log_(log),
      journal_(journal),
      hub_(hub),
      inbox_(kLaneBytesMax),
      accounts_(journal, log),
      writer_(journal, accounts_, clock, log, metrics),
      gate_(options_.intent_age_ms_max, clock),
      floor_{.clock = clock,
             .log = log,
             .options = options_,
             .ports = ports_,
             .accounts = accounts_,
             .writer = writer_,
             .gate = gate_},
      broker_(floor_),
      reports_(floor_, broker_, metrics),
      orders_(floor_, broker_, metrics),
      risk_(floor_, journal, orders_),
      held_(floor_, broker_, risk_),
      market_(floor_, broker_, held_),
      contingent_(floor_, broker_, held_, orders_),
      lists_(floor_, risk_, orders_),
      replaces_(floor_, broker_, risk_),
      protection_(floor_, broker_, orders_, market_),
      duplicates_(options_.duplicate_window_manual_ms, options_.duplicate_window_strategy_ms),
      submits_(metrics.GetCounter("ballast_order_submits_total", "orders asked for", {})) {
  broker_.SetPermits([this] { return risk_.ready() && !writer_.storage_away(); });
}

absl::Status Shard::Recover() {
  RETURN_IF_ERROR(journal_.Fence());
  RETURN_IF_ERROR(accounts_.Recover(hub_));
  for (const AccountSpec& spec : options_.accounts) {
    if (accounts_.Find(spec.id) != nullptr) continue;
    orders::Account& account = accounts_.Add(spec.id, spec.broker);
    writer_.Keep(account.Open(spec.id, spec.mode, spec.currency, spec.cash, clock_.Now()));
    writer_.Open(spec.id, spec.broker);
  }
  if (!Flush()) {
    return absl::UnavailableError(ToAbsl("the accounts could not be opened: " + writer_.status().ToString()));
  }
  reports_.Recover();
  broker_.Recover();
  market_.Recover();
  contingent_.Recover();
  RETURN_IF_ERROR(protection_.Recover());
  std::size_t working = 0;
  for (const auto& [id, account] : accounts_.all()) working += account.working().size();
  log_.Info("orders.recovered", {{"accounts", std::to_string(accounts_.all().size())},
                                 {"working_orders", std::to_string(working)},
                                 {"epoch", std::to_string(journal_.epoch())}});
  return absl::OkStatus();
}

runtime::Turn Shard::Poll(std::int64_t now_ns) {
  if (ended_) return {runtime::Turn::State::kEnded, 0};
  // What the last turn did comes first: nothing may be built on what is not durable.
  if (!Flush()) return Stuck();
  bool idle = false;
  if (taken_done_ == taken_.size()) {
    bool closed = inbox_.closed();
    taken_ = inbox_.Take(kBatchMax);
    taken_done_ = 0;
    idle = taken_.empty() && closed;
  }
  if (!Work()) return Stuck();
  market_.Work();
  if (now_ns - last_tick_ns_ >= kTickNs) Tick(now_ns);
  if (!Flush()) return Stuck();
  risk_wants_more_ = risk_.Backfill();
  if (idle) return End();
  return {runtime::Turn::State::kReady, risk_wants_more_ ? now_ns : last_tick_ns_ + kTickNs};
}

bool Shard::Work() {
  while (taken_done_ < taken_.size()) {
    taken_[taken_done_++]();
    if (!risk_begins_) continue;
    if (!Flush()) return false;
    risk_begins_ = false;
    (void)risk_.Backfill();
  }
  taken_.clear();
  taken_done_ = 0;
  if (!cancelled_.empty() && inbox_.size(kOrders) == 0) cancelled_.clear();
  return true;
}

// What is decided here may have consequences of its own.
void Shard::Settle() {
  std::size_t seen = 0;
  do {
    bool any = seen < writer_.batch().size();
    for (; seen < writer_.batch().size(); ++seen) {
      const OrderEvent& event = writer_.batch()[seen];
      market_.See(event);
      contingent_.See(event);
      protection_.See(event);
    }
    if (any) contingent_.Work();
    protection_.Work();
  } while (seen < writer_.batch().size());
}

bool Shard::Flush() {
  do {
    Settle();
    std::shared_ptr<const EncodedEvents> committed;
    broker_.SendBatch();  // what needs no commit does not wait for one
    switch (writer_.Store(inbox_.closed(), &committed)) {
      case Outcome::kLater:
        return false;
      case Outcome::kNever:
        dead_ = true;
        if (!absl::IsCancelled(writer_.status())) ports_.fail(writer_.status().ToString());
        return false;
      case Outcome::kDurable:
        break;
    }
    writer_.RunAfter();
    broker_.SendBatch();
    risk_.Tell(committed.get());
    if (committed) hub_.Publish(committed);
  } while (writer_.pending());
  return true;
}

runtime::Turn Shard::Stuck() {
  if (dead_) return End();
  return {runtime::Turn::State::kBlocked, writer_.next_try_ns()};
}

// Whoever still waits is told: what risk has not answered was not taken, and what could not be stored may have been.
runtime::Turn Shard::End() {
  ended_ = true;
  inbox_.Close();
  risk_.Abandon();
  taken_.clear();
  while (!inbox_.Take(kBatchMax).empty()) {
  }
  return {runtime::Turn::State::kEnded, 0};
}

void Shard::Tick(std::int64_t now_ns) {
  last_tick_ns_ = now_ns;
  risk_.Expire(now_ns);
  broker_.Permit();
  broker_.Repeat(now_ns);
  broker_.DispatchPending();
  contingent_.Work();
  if (emergency_ != nullptr) emergency_->Tick();
  protection_.Tick(now_ns);
}

void Shard::Tell(Task task) { (void)inbox_.PostAlways(kNeighbours, kCallBytes, std::move(task)); }

void Shard::SetEmergency(EmergencyDesk* desk) {
  emergency_ = desk;
  gate_.SetEmergency(desk);
  protection_.SetEmergency(desk);
  desk->SetWriter(
      {.account = [this](const AccountId& id) { return accounts_.Find(id); },
       .accounts =
           [this] {
             std::vector<AccountId> ids;
             for (const auto& [id, account] : accounts_.all()) ids.push_back(id);
             return ids;
           },
       .keep =
           [this](std::vector<OrderEvent> events) {
             for (const OrderEvent& event : events) {
               if (event.type == OrderEventType::kPendingNew) accounts_.Use(event.order->order_id);
             }
             writer_.Keep(std::move(events));
           },
       .after_commit = [this](std::function<void()> action) { writer_.After(std::move(action)); },
       .send_cancel = [this](const Order& order) { broker_.SendCancel(order); },
       .place = [this](Order order, const std::string& actor,
                       RiskCheck check) { orders_.Place(std::move(order), actor, std::move(check)); },
       .unanswered = [this](const AccountId& id) { return risk_.CountWaiting(id); },
       .withdraw =
           [this](const AccountId& id, const Rejection& rejection) {
             risk_.WithdrawIf([&](const Order& order) { return order.account_id == id; }, rejection);
           },
       .broker_ready = [this] { return broker_.ready(); },
       .lot_size =
           [this](const Symbol& symbol) {
             const Instrument* instrument = market_.Find(symbol);
             return instrument == nullptr ? Decimal() : instrument->lot_size;
           },
       .mark = [this](const Symbol& symbol) { return market_.TakeMark(symbol); },
       .enqueue = [this](std::function<void()> task) { return inbox_.PostAlways(kStops, kCallBytes, std::move(task)); },
       .storage_away = [this] { return writer_.storage_away(); }});
}

void Shard::OnRiskReady(std::map<std::string, std::uint64_t> applied) {
  Tell([this, applied = std::move(applied)] {
    risk_.OnReady(applied);
    risk_begins_ = true;
  });
}

void Shard::OnRiskResults(std::vector<risk::v1::ReserveResult> results) {
  Tell([this, results = std::move(results)]() mutable { risk_.OnResults(std::move(results)); });
}

void Shard::OnRiskLost() {
  risk_.Lose();
  Tell([this] { risk_.OnLost(); });
}

void Shard::OnBrokerReady(std::map<std::string, std::uint64_t> heads, bool takes_batches, bool wants_permission,
                          std::set<OrderId> unanswered) {
  Tell([this, heads = std::move(heads), losses = broker_.losses(), takes_batches, wants_permission,
        unanswered = std::move(unanswered)]() mutable {
    broker_.OnReady(std::move(heads), losses, takes_batches, wants_permission, unanswered);
    contingent_.OnBrokerReady();
  });
}

void Shard::OnReports(std::vector<broker::v1::ExecutionReport> reports) {
  std::size_t bytes = reports.size() * kReportBytes;
  bool posted = inbox_.Post(kNeighbours, bytes, [this, reports = std::move(reports)] { reports_.Take(reports); });
  if (!posted) Tell([this] { ports_.drop_broker(); });
}

void Shard::OnBrokerLost() {
  broker_.Lose();
  Tell([this] { broker_.OnLost(); });
}

void Shard::OnInstruments(std::vector<Instrument> instruments) {
  Tell([this, instruments = std::move(instruments)]() mutable { market_.OnInstruments(std::move(instruments)); });
}

void Shard::OnMarket(MarketStep step) {
  if (market_.Put(std::move(step))) Tell([this] { market_.Take(); });
}

void Shard::OnMarketLost() {
  Tell([this] { market_.OnLost(); });
}

}  // namespace ballast
