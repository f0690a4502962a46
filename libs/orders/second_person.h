#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/utc_time.h"
#include "libs/model/ids.h"

namespace ballast::orders {

// Two who have agreed, as one actor: "user:ann + user:bob".
std::string BothOf(const std::string& first, const std::string& second);
// Whom an actor stands for; mostly one.
std::vector<std::string> PersonsOf(const std::string& actor);

// A decision that one person has asked for and another one has to ask for too.
struct AwaitedDecision {
  // "resolve" of an order, "resume" of an account, "rearm" of tripped rules, "release" of a kill switch.
  std::string kind;
  AccountId account_id;
  // Of an order; empty otherwise.
  OrderId order_id;
  // What is decided: two persons who say different things have not agreed. Of an order the venue's id of it, or empty;
  // of rules the trips that are taken back; of a kill switch the command, or empty: each.
  std::string decision;
  std::string reason;
  std::string asked_by;
  UtcTime ask_time;
};

// What waits for a second person. Who says something else takes the place of what was said before. It is forgotten
// after `patience`, and with the process: then both have to ask again. Pure; times are given in and never go back.
class SecondPersons {
 public:
  explicit SecondPersons(Duration patience) : patience_(patience) {}

  // None: two different persons have asked for the same, or `asked_by` stands for two who have agreed elsewhere, and it
  // may be done; it stays known until Done, so that it can be tried again. Otherwise what waits, and for whom.
  std::optional<AwaitedDecision> Ask(const AwaitedDecision& asked);
  // After that: both of them.
  [[nodiscard]] std::string WhoAgreed(const AwaitedDecision& asked) const;
  // It was done: nothing waits there any more.
  void Done(const AwaitedDecision& asked);
  // Of one account, as they were asked for.
  [[nodiscard]] std::vector<AwaitedDecision> List(const AccountId& account_id, UtcTime now);
  [[nodiscard]] UtcTime ExpiresAt(const AwaitedDecision& asked) const { return asked.ask_time + patience_; }

 private:
  struct Subject {
    AccountId account_id;
    std::string kind;
    OrderId order_id;
    friend auto operator<=>(const Subject&, const Subject&) = default;
  };
  static Subject Of(const AwaitedDecision& asked) { return {asked.account_id, asked.kind, asked.order_id}; }
  void Forget(UtcTime now);

  const Duration patience_;
  std::map<Subject, AwaitedDecision> waiting_;
};

}  // namespace ballast::orders
