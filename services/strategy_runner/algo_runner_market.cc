// Of AlgoRunner: what the market says, what has been missed of it, and what people are told.
#include <utility>

#include "libs/base/absl_std.h"
#include "services/strategy_runner/algo_runner.h"

namespace ballast {

namespace {

constexpr int kAlgoPastBars = 5000;
constexpr std::int64_t kAlgoTellAgainNs = 2'000'000'000;

}  // namespace

void AlgoRunner::TakeStep(const broker::v1::StreamMarketDataResponse& step) {
  for (const Bar& bar : market_.Take(step)) {
    for (auto& [id, live] : parents_.all()) {
      if (live.parent.finished() || live.parent.record().spec.symbol != bar.symbol) continue;
      if (live.reads_past)
        live.held_bars.push_back(bar);
      else if (live.parent.OnBar(bar))
        parents_.Touch(live);
    }
  }
}

void AlgoRunner::AskMarket() {
  market_new_ = false;
  using Status = absl::StatusOr<broker::v1::GetMarketStatusResponse>;
  ports_.neighbours.MarketStatus(Posted<Status>(inbox_, [this](const Status& status) {
    if (!status.ok()) {
      market_new_ = true;
      return;
    }
    market_.SetBarLength(status->bar_length_seconds());
    for (auto& [id, live] : parents_.all()) {
      if (!live.parent.finished()) ReadPast(live);
    }
  }));
}

void AlgoRunner::ReadPast(LiveAlgo& live) {
  if (live.reads_past || market_.timeframe().empty()) return;
  live.reads_past = true;
  using Bars = absl::StatusOr<std::vector<Bar>>;
  ports_.neighbours.Bars(live.parent.record().spec.symbol, market_.timeframe(), kAlgoPastBars,
                         Posted<Bars>(inbox_, [this, id = live.id()](const Bars& bars) { OnPast(id, bars); }));
}

void AlgoRunner::OnPast(const std::string& id, const absl::StatusOr<std::vector<Bar>>& bars) {
  LiveAlgo* live = parents_.Find(id);
  if (live == nullptr) return;
  live->reads_past = false;
  if (!bars.ok()) {
    // Nothing is counted twice, and what could not be read is asked for again.
    market_new_ = true;
    live->held_bars.clear();
    return;
  }
  bool counted = false;
  for (const Bar& bar : *bars) counted = live->parent.OnBar(bar) || counted;
  for (const Bar& bar : std::exchange(live->held_bars, {})) counted = live->parent.OnBar(bar) || counted;
  if (counted) parents_.Touch(*live);
}

void AlgoRunner::AskHalts() {
  using Accounts = absl::StatusOr<order::v1::ListAccountsResponse>;
  ports_.neighbours.Accounts(Posted<Accounts>(inbox_, [this](const Accounts& accounts) {
    // Not answered: a child that is sent all the same is refused, and says so.
    if (!accounts.ok()) return;
    for (const order::v1::Account& account : accounts->accounts()) {
      if (account.halted()) {
        (void)OnHalted(account.account_id(), {.reason = RejectReason::kAccountHalted,
                                              .message = "the account was halted: " + account.halt_reason()});
      }
    }
  }));
}

// What is told has happened: it is stored with the stop, and told from the next turn on until somebody has it.
void AlgoRunner::Alert(LiveAlgo& live) {
  live.kept.set_alert_due(true);
  parents_.Touch(live);
}

void AlgoRunner::TellAlerts(std::int64_t now_ns) {
  for (auto& [id, live] : parents_.all()) {
    if (!live.kept.alert_due() || live.telling || now_ns < live.tell_ns) continue;
    live.telling = true;
    const execution::ParentRecord& record = live.parent.record();
    alert::v1::RaiseAlertRequest alert;
    alert.set_request_id("strategy_runner:algo:" + record.id);
    alert.set_type(alert::v1::ALERT_TYPE_ORDER);
    alert.set_level(alert::v1::ALERT_LEVEL_ERROR);
    alert.set_title(std::string("The ") + execution::NameOf(record.spec.type) + " of " + record.spec.symbol.value() +
                    " has stopped");
    alert.set_text(live.parent.Filled().ToString() + " of " + record.spec.quantity.ToString() + " are filled. " +
                   (record.reason ? record.reason->message : ""));
    alert.set_account_id(record.spec.account_id.value());
    alert.set_deployment_id(record.spec.deployment_id.value());
    alert.set_symbol(record.spec.symbol.value());
    ports_.neighbours.RaiseAlert(alert, Posted<absl::Status>(inbox_, [this, id = id](const absl::Status& told) {
                                   LiveAlgo* there = parents_.Find(id);
                                   if (there == nullptr) return;
                                   there->telling = false;
                                   there->tell_ns = ports_.clock.MonotonicNanos() + kAlgoTellAgainNs;
                                   // With another text under its id it is there too.
                                   if (!told.ok() && !absl::IsAlreadyExists(told)) return;
                                   there->kept.set_alert_due(false);
                                   parents_.Touch(*there);
                                 }));
  }
}

}  // namespace ballast
