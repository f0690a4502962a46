#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "services/strategy_runner/entry_gate.h"
#include "services/strategy_runner/neighbours.h"

namespace ballast {

// What the gate says of one instrument now, to what is sent by hand, without a deployment. One moment's; one thread.
class GateView {
 public:
  // Of what is known already. An unspecified calendar: of every one.
  GateView(const EntryGate& gate, TradingCalendar calendar, UtcTime market_time)
      : gate_(&gate), calendar_(calendar), market_time_(market_time) {}
  // Asks for the instrument's calendar and the market's time. Blocks; never a gRPC thread. Not OK: it is not known now.
  static absl::StatusOr<GateView> Ask(Neighbours& neighbours, const EntryGate& gate, const std::string& symbol);

  // What an account that may open nothing waits for, in words; empty: it may.
  [[nodiscard]] std::string WaitOf(const std::string& account) const {
    return gate_->For(account, "", calendar_, market_time_).wait;
  }

 private:
  const EntryGate* gate_;
  TradingCalendar calendar_;
  UtcTime market_time_;
};

}  // namespace ballast
