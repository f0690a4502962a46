#include "services/strategy_runner/prerequisites.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "libs/base/absl_std.h"
#include "libs/platform/thread/mutex.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/risk_proposal.h"

namespace ballast {
namespace {

using strategy::v1::Prerequisite;

constexpr Duration kQuoteAgeMax = Duration::Seconds(60);

Prerequisite Verdict(const char* name, bool passed, std::string detail) {
  Prerequisite prerequisite;
  prerequisite.set_name(name);
  prerequisite.set_passed(passed);
  prerequisite.set_detail(std::move(detail));
  return prerequisite;
}

std::string Unanswered(const absl::Status& status) { return "no answer: " + MessageOf(status); }

// Also tells the broker of the account.
Prerequisite Account(const strategy::Spec& spec, const PrerequisiteFacts& facts, std::string* broker) {
  const auto& accounts = facts.accounts;
  if (!accounts.ok()) return Verdict("account", false, Unanswered(accounts.status()));
  for (const order::v1::Account& account : accounts->accounts()) {
    if (account.account_id() != spec.account_id.value()) continue;
    *broker = account.broker();
    if (account.halted()) return Verdict("account", false, "halted: " + account.halt_reason());
    return Verdict("account", true, account.mode() == type::v1::ACCOUNT_MODE_PAPER ? "paper" : "live");
  }
  return Verdict("account", false, "there is no account " + spec.account_id.value());
}

Prerequisite Connection(const std::string& broker, const PrerequisiteFacts& facts) {
  const auto& brokers = facts.brokers;
  if (!brokers.ok()) return Verdict("broker", false, Unanswered(brokers.status()));
  for (const broker::v1::Broker& one : brokers->brokers()) {
    if (one.broker_id() == broker)
      return Verdict("broker", one.state() == "connected", one.display_name() + " is " + one.state());
  }
  return Verdict("broker", false, "there is no broker '" + broker + "'");
}

Prerequisite Instruments(const strategy::Spec& spec, const PrerequisiteFacts& facts) {
  const auto& instruments = facts.instruments;
  if (!instruments.ok()) return Verdict("instruments", false, Unanswered(instruments.status()));
  for (const Symbol& symbol : spec.symbols) {
    bool known = std::any_of(instruments->begin(), instruments->end(),
                             [&](const Instrument& one) { return one.symbol == symbol; });
    if (!known) return Verdict("instruments", false, "the market does not have " + symbol.value());
  }
  return Verdict("instruments", true, std::to_string(spec.symbols.size()) + " known");
}

Prerequisite MarketData(const strategy::Spec& spec, const PrerequisiteFacts& facts) {
  const auto& market = facts.market;
  if (!market.ok()) return Verdict("market_data", false, Unanswered(market.status()));
  if (market->source() == "replay") {
    if (market->end_of_data()) return Verdict("market_data", false, "the replay is over");
    return Verdict("market_data", true, market->step() == 0 ? "the replay waits for its readers" : "replay");
  }
  const auto& quotes = facts.quotes;
  if (!quotes.ok()) return Verdict("market_data", false, Unanswered(quotes.status()));
  std::set<std::string> fresh;
  for (const broker::v1::Quote& quote : quotes->quotes()) {
    Duration age = wire::FromProto(market->market_time()) - wire::FromProto(quote.quote_time());
    if (age <= kQuoteAgeMax) fresh.insert(quote.symbol());
  }
  for (const Symbol& symbol : spec.symbols) {
    if (!fresh.contains(symbol.value()))
      return Verdict("market_data", false, "there is no fresh quote of " + symbol.value());
  }
  return Verdict("market_data", true, "a fresh quote of every symbol");
}

std::int64_t SecondsOf(const std::string& timeframe) {
  static const std::map<std::string, std::int64_t> kSeconds = {{"1s", 1},   {"5s", 5},    {"15s", 15},  {"1m", 60},
                                                               {"5m", 300}, {"15m", 900}, {"1h", 3600}, {"1d", 86'400}};
  auto found = kSeconds.find(timeframe);
  return found == kSeconds.end() ? 0 : found->second;
}

std::string Readable(std::int64_t seconds) {
  return seconds % 60 == 0 ? std::to_string(seconds / 60) + "m" : std::to_string(seconds) + "s";
}

}  // namespace

Prerequisite CheckTimeframe(const std::string& timeframe, std::int64_t bar_length_seconds) {
  std::int64_t seconds = SecondsOf(timeframe);
  std::string text = "'" + timeframe + "'";
  if (seconds == 0) return Verdict("timeframe", false, "there is no timeframe " + text);
  if (bar_length_seconds <= 0) return Verdict("timeframe", false, "the market does not say how long its bars are");
  std::string bars = Readable(bar_length_seconds) + " bars";
  if (seconds < bar_length_seconds)
    return Verdict("timeframe", false, text + " is finer than the market's " + bars + ": no bar would ever come");
  if (seconds % bar_length_seconds != 0)
    return Verdict("timeframe", false, text + " cannot be made of the market's " + bars);
  return Verdict("timeframe", true, text + " is made of the market's " + bars);
}

namespace {

Prerequisite Timeframe(const strategy::Spec& spec, const PrerequisiteFacts& facts) {
  const auto& market = facts.market;
  if (!market.ok()) return Verdict("timeframe", false, Unanswered(market.status()));
  return CheckTimeframe(spec.timeframe, market->bar_length_seconds());
}

Prerequisite Equity(const PrerequisiteFacts& facts) {
  const auto& summary = facts.summary;
  if (!summary.ok()) return Verdict("equity", false, Unanswered(summary.status()));
  auto equity = wire::FromProto(summary->equity(), "equity");
  bool positive = summary->has_equity() && equity.ok() && equity->IsPositive();
  return Verdict("equity", positive,
                 positive ? equity->ToString() + " " + summary->currency() : "not known or not above zero");
}

Prerequisite Limits(const strategy::Spec& spec, const PrerequisiteFacts& facts) {
  const auto& limits = facts.limits;
  if (!limits.ok()) return Verdict("risk_limits", false, Unanswered(limits.status()));
  auto ratio = wire::FromProto(limits->max_position_ratio(), "max_position_ratio");
  Decimal share = Multiply(spec.position_size_ratio, spec.capital_ratio.value_or(Decimal::FromInt(1)), Rounding::kDown);
  // A sizing is cut to the limits.
  if (ratio.ok() && !spec.sizing && share > *ratio) {
    return Verdict("risk_limits", false,
                   "a position of " + share.ToString() + " of equity is above the limit of " + ratio->ToString());
  }
  if (spec.max_open_positions > limits->max_open_positions_per_deployment()) {
    return Verdict("risk_limits", false,
                   std::to_string(spec.max_open_positions) + " positions are above the limit of " +
                       std::to_string(limits->max_open_positions_per_deployment()));
  }
  if (spec.allow_short && !limits->allow_short())
    return Verdict("risk_limits", false, "the account's limits allow no shorts");
  return Verdict("risk_limits", true, "size and count are within the account's limits");
}

// Only real money asks for one.
Prerequisite Backtest(const strategy::Spec& spec, const PrerequisiteFacts& facts) {
  if (facts.backtest) return Verdict("backtest", true, *facts.backtest);
  if (!facts.accounts.ok()) return Verdict("backtest", false, Unanswered(facts.accounts.status()));
  for (const order::v1::Account& account : facts.accounts->accounts()) {
    if (account.account_id() == spec.account_id.value() && account.mode() == type::v1::ACCOUNT_MODE_PAPER)
      return Verdict("backtest", true, "none on file; a live account asks for one");
  }
  return Verdict("backtest", false, "none on file of this strategy with these parameters");
}

}  // namespace

std::vector<Prerequisite> CheckPrerequisites(const strategy::Spec& spec, const PrerequisiteFacts& facts) {
  std::string broker;
  std::vector<Prerequisite> all;
  all.push_back(Account(spec, facts, &broker));
  all.push_back(Connection(broker, facts));
  all.push_back(Instruments(spec, facts));
  all.push_back(MarketData(spec, facts));
  all.push_back(Timeframe(spec, facts));
  all.push_back(Equity(facts));
  all.push_back(Limits(spec, facts));
  all.push_back(Backtest(spec, facts));
  // It is shown; whoever deploys decides.
  if (facts.risk_score.ok()) all.push_back(Verdict("risk_score", true, graduation::WordsOf(*facts.risk_score)));
  return all;
}

namespace {

// Facts as they come in, on any thread.
class Gather {
 public:
  Gather(strategy::Spec spec, std::optional<std::string> backtest, int missing,
         std::function<void(std::vector<Prerequisite>)> answer)
      : spec_(std::move(spec)), answer_(std::move(answer)), missing_(missing) {
    facts_.backtest = std::move(backtest);
  }
  template <typename T>
  void Take(absl::StatusOr<T> PrerequisiteFacts::*fact, absl::StatusOr<T> value) EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      facts_.*fact = std::move(value);
      if (--missing_ > 0) return;
    }
    // The last: nobody else comes.
    answer_(CheckPrerequisites(spec_, Whole()));
  }

 private:
  PrerequisiteFacts Whole() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return std::move(facts_);
  }

  const strategy::Spec spec_;
  const std::function<void(std::vector<Prerequisite>)> answer_;
  Mutex mutex_;
  PrerequisiteFacts facts_ GUARDED_BY(mutex_);
  int missing_ GUARDED_BY(mutex_);
};

// What takes one fact in.
template <typename T>
Neighbours::Answer<T> Into(std::shared_ptr<Gather> gather, absl::StatusOr<T> PrerequisiteFacts::*fact) {
  return [gather = std::move(gather), fact](absl::StatusOr<T> value) { gather->Take(fact, std::move(value)); };
}

}  // namespace

void AskPrerequisites(const strategy::Spec& spec, Neighbours& neighbours, RiskScoreToo score,
                      std::function<void(std::vector<Prerequisite>)> answer) {
  auto gather = std::make_shared<Gather>(spec, neighbours.BacktestOnFile(spec.strategy_id, spec.parameters),
                                         score == RiskScoreToo::kYes ? 8 : 7, std::move(answer));
  const std::string& account = spec.account_id.value();
  neighbours.Accounts(Into(gather, &PrerequisiteFacts::accounts));
  neighbours.Brokers(Into(gather, &PrerequisiteFacts::brokers));
  neighbours.Instruments(Into(gather, &PrerequisiteFacts::instruments));
  neighbours.MarketStatus(Into(gather, &PrerequisiteFacts::market));
  neighbours.Quotes(Into(gather, &PrerequisiteFacts::quotes));
  neighbours.Summary(account, Into(gather, &PrerequisiteFacts::summary));
  neighbours.Limits(account, Into(gather, &PrerequisiteFacts::limits));
  if (score == RiskScoreToo::kNo) return;
  AskRiskScore(spec, neighbours, [gather](const graduation::RiskScore& scored) {
    gather->Take(&PrerequisiteFacts::risk_score, absl::StatusOr<graduation::RiskScore>(scored));
  });
}

bool AllPassed(const std::vector<Prerequisite>& prerequisites) {
  return std::all_of(prerequisites.begin(), prerequisites.end(), [](const Prerequisite& one) { return one.passed(); });
}

}  // namespace ballast
