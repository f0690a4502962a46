#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/brokers/paper/paper_session.h"

namespace ballast::paper {

// How the fault face of the paper venue is set up; for tests only.
struct Faults {
  // The times of a venue that answers late (5 s until an answer counts as lost, 3 s of acceptance, …) in per cent.
  int time_percent = 100;
};

// The paper venue as a venue that loses, delays and repeats what it says. What happens to an order stands in its
// reason: "test_fault:<kind>[:<ms>]". Every other order, and every order of a LIVE account, is as the paper venue has
// it.
//   lost_answer    taken; nothing is told until somebody asks for it
//   garbage        as lost_answer, and an answer came that nobody can read
//   lost_send      never taken; the connection broke
//   late_send:<ms> taken so much later; nothing is told before
//   silent         never taken, and no question about it is ever answered
//   duplicate_fill every trade is told three times
//   late_fill      a part of what it trades is told after it has been told as cancelled
//   overfill       every trade is followed by another one like it
//   bust           every trade is taken back
//   correct        every trade is corrected to a tenth more than its price
class FaultySession : public broker::VenueSession {
 public:
  // `inner` outlives it; `now` is market time.
  FaultySession(PaperSession& inner, Faults faults, std::function<UtcTime()> now);

  [[nodiscard]] const broker::Capabilities& capabilities() const override { return capabilities_; }
  void Submit(const Order& intent) override;
  void Cancel(const broker::CancelIntent& intent) override { inner_.Cancel(intent); }
  void Replace(const broker::ReplaceIntent& intent) override { inner_.Replace(intent); }
  void Query(const broker::QueryIntent& intent) override;
  std::vector<broker::Fact> Poll(UtcTime now) override;
  void AskStatement() override { inner_.AskStatement(); }
  std::vector<broker::Statement> TakeStatements() override { return inner_.TakeStatements(); }

  void Hear(const broker::Execution& execution) override { inner_.Hear(execution); }
  void Recall(const Order& order) override;
  // When an order that is late comes.
  [[nodiscard]] std::optional<UtcTime> NextDue() const override;

 private:
  void Tell(const broker::Fact& fact);

  PaperSession& inner_;
  std::function<UtcTime()> now_;
  broker::Capabilities capabilities_;
  std::vector<broker::Fact> heard_;
  // What the venue has said of an order and nobody has heard; until it is asked for.
  std::map<OrderId, std::vector<broker::Fact>> hidden_;
  std::set<OrderId> mute_;
  std::multimap<UtcTime, Order> late_;
  // What becomes of the trades of an order.
  std::map<OrderId, std::string> trades_;
};

}  // namespace ballast::paper
