#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/strategy_runner/floor.h"

namespace ballast {

// What must be known before a bar can be decided on: the instruments, the past its indicators have to see, the
// account's equity. Asked for beside everything else; a bar waits for the answers, nothing else does.
class Needs {
 public:
  explicit Needs(Floor& floor) : floor_(floor) {}

  // At each step: what is missing and not asked for yet. A question that failed is asked again at the next step.
  void OnStep();
  // The equity of who has bars to decide on.
  void AskEquity();
  // All there is to know for its bars is known, or could not be found out.
  [[nodiscard]] bool Ready(const LiveDeployment& live) const;
  // No question is open that somebody's bars wait for.
  [[nodiscard]] bool AllReady() const;
  [[nodiscard]] std::optional<Decimal> EquityOf(const LiveDeployment& live) const;
  // Decided: the next bar asks anew.
  void ForgetEquity(const std::string& account) { equities_.erase(account); }
  // Bars were missed: everybody sees the past again before deciding.
  void Renew();

 private:
  struct Equity {
    bool known = false;
    // None: it could not be found out.
    std::optional<Decimal> value;
  };
  // The pasts of one deployment's symbols as they come in.
  struct Past {
    int missing = 0;
    absl::Status failure;
    std::map<Symbol, std::vector<Bar>> bars;
  };

  void AskInstruments();
  void AskPast(LiveDeployment& live);
  void OnPast(const std::string& id, std::uint64_t question, const Past& past);
  static void Warm(LiveDeployment& live, const Past& past);

  Floor& floor_;
  std::map<std::string, Equity> equities_;  // by account
  bool instruments_asked_ = false;
};

}  // namespace ballast
