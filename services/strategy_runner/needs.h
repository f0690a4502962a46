#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/strategy_runner/external_desk.h"

namespace ballast {

// What must be known before a bar can be decided on: the instruments, the past its indicators have to see, the
// account's equity. Asked for beside everything else; a bar waits for the answers, nothing else does.
class Needs {
 public:
  Needs(Floor& floor, ExternalDesk& external) : floor_(floor), external_(external) {}

  // At each step: what is missing and not asked for yet. A question that failed is asked again at the next step.
  void OnStep();
  // The equity of who has bars to decide on.
  void AskEquity();
  // All there is to know for its bars is known, or could not be found out.
  [[nodiscard]] bool Ready(const LiveDeployment& live) const;
  // No question is open that somebody's bars wait for.
  [[nodiscard]] bool AllReady() const;
  [[nodiscard]] std::optional<Decimal> EquityOf(const LiveDeployment& live) const;
  // What the account's limits leave; nothing when nobody asked for it or it could not be found out.
  [[nodiscard]] std::optional<sizing::Ceiling> CeilingOf(const LiveDeployment& live) const;
  // Decided: the next bar asks anew.
  void ForgetEquity(const std::string& account) { equities_.erase(account); }
  // Bars were missed: everybody sees the past again before deciding.
  void Renew();

 private:
  struct Equity {
    // Questions that are not answered yet.
    int missing = 0;
    // None: it could not be found out.
    std::optional<Decimal> value;
    Decimal gross_exposure;
    std::optional<risk::v1::Limits> limits;
  };
  // The pasts of one deployment's symbols as they come in.
  struct Past {
    int missing = 0;
    absl::Status failure;
    // By timeframe, too.
    std::map<std::pair<Symbol, std::string>, std::vector<Bar>> bars;
  };

  void AskInstruments();
  void AskPast(LiveDeployment& live);
  void AskLimits(const std::string& account);
  // Somebody of the account sizes by its limits.
  [[nodiscard]] bool SizesByLimits(const std::string& account) const;
  void OnPast(const std::string& id, std::uint64_t question, const Past& past);
  void Warm(LiveDeployment& live, const Past& past);

  Floor& floor_;
  ExternalDesk& external_;
  std::map<std::string, Equity> equities_;  // by account
  bool instruments_asked_ = false;
  // Of the market, on which they were answered.
  std::int64_t instruments_day_ = 0;
};

}  // namespace ballast
