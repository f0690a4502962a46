#pragma once

#include <functional>
#include <vector>

#include "libs/broker/broker.h"
#include "libs/brokers/paper/paper_broker.h"

namespace ballast::paper {

// What one account's orders are to the desk: the paper venue as one session among siblings. The venue is shared;
// whoever takes its changes gives each account's executions to its session.
class PaperSession : public broker::VenueSession {
 public:
  // `now` is market time. The venue outlives it.
  PaperSession(PaperBroker& venue, AccountId account_id, std::function<UtcTime()> now);

  [[nodiscard]] const broker::Capabilities& capabilities() const override { return capabilities_; }
  void Submit(const Order& intent) override;
  void Cancel(const broker::CancelIntent& intent) override;
  void Replace(const broker::ReplaceIntent& intent) override;
  void Query(const broker::QueryIntent& intent) override;
  std::vector<broker::Fact> Poll(UtcTime now) override;
  // Answered from the venue's ledger at once.
  void AskStatement() override;
  std::vector<broker::Statement> TakeStatements() override;

  void Hear(const broker::Execution& execution) override;

 private:
  PaperBroker& venue_;
  AccountId account_id_;
  std::function<UtcTime()> now_;
  broker::Capabilities capabilities_;
  std::vector<broker::Fact> heard_;
  std::vector<broker::Statement> statements_;
};

}  // namespace ballast::paper
