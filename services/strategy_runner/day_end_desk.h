#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "libs/day_end/plan.h"
#include "services/strategy_runner/account_neighbours.h"
#include "services/strategy_runner/day_end_report.h"
#include "services/strategy_runner/order_desk.h"

namespace ballast {

// Ends the days of accounts: what is decided is in libs/day_end; here it is looked, stored and then done. Each step is
// durable before anything of the next one happens, and each order has a number that was stored before it was sent, so
// that a process that takes over in the middle does nothing twice. In a market that waits, one look (and what follows
// from it) belongs to each step. The deciding thread only.
class DayEndDesk {
 public:
  DayEndDesk(Floor& floor, AccountNeighbours& neighbours);

  // `configured` hold where there is none yet.
  void Recover(StrategyStore::DayEnds stored, const std::vector<session::v1::DayEndPolicy>& configured);
  // The market has moved: days whose end begins now.
  void OnStep();
  // Looks, as far as it goes; in lockstep once all else of the step is done.
  void Work(std::int64_t now_ns);
  // Tells the summaries of what has ended, and what is overdue, until they are told. No market waits for it.
  void Tell(std::int64_t now_ns);
  // By the service's clock, where the market's time is that: what the market is too silent to say.
  void Watch(std::int64_t now_ns);
  // Lockstep: nothing that belongs to this step is under way.
  [[nodiscard]] bool idle() const;

  // `reply` when it is durable.
  void SetPolicy(session::v1::DayEndPolicy policy,
                 std::function<void(const absl::Status&, const session::v1::DayEndPolicy&)> reply);
  [[nodiscard]] std::vector<session::v1::DayEndPolicy> Policies(const std::string& account) const;

 private:
  // Account and calendar.
  using Owner = std::pair<std::string, int>;
  // And the close, in seconds.
  using Key = std::tuple<std::string, int, std::int64_t>;
  struct Seen {
    std::vector<order::v1::Order> working;
    std::map<std::string, order::v1::Order> closes;  // by request id
    std::uint64_t written = 0;
    position::v1::AccountSummary summary;
    std::vector<position::v1::Position> positions;
  };
  // A day whose end has begun. `row` is what is stored; the rest is of this process.
  struct Day {
    session::v1::DayEnd row;
    day_end::Policy policy;
    calendar::Session session;
    // Number of the look under way; answers to an older one are nothing. 0: none.
    std::uint64_t look = 0;
    Seen seen;
    // Answers that are missing of what was done after a look.
    int acting = 0;
    // A look is wanted, not before (monotonic).
    bool wanted = false;
    std::int64_t next_ns = 0;
    // Of this market step: looks made, and since when.
    int looks = 0;
    std::int64_t step_ns = 0;
    bool telling = false;
    std::int64_t tell_ns = 0;
    bool alerting = false;
    std::int64_t alert_ns = 0;
    // When this process has asked for the instruments on its behalf, monotonic; and it holds one that is not known.
    std::int64_t instruments_ns = 0;
    bool unknown = false;
  };
  // Closing orders of one book that have filled nothing, one after the other, and when the newest was asked for.
  struct Tries {
    int failed = 0;
    UtcTime last;
  };
  // So many of them stay in the row.
  static constexpr int kTriesKept = 8;
  // A day whose end the market has not begun, and that has been told.
  struct Unbegun {
    alert::v1::RaiseAlertRequest alert;
    bool told = false;
    // Not again before (monotonic).
    std::int64_t tell_ns = 0;
  };

  void Begin(const session::v1::DayEndPolicy& policy, const day_end::Policy& plan, const day_end::Due& due);
  void Put(Day& day);
  [[nodiscard]] bool IsOpen(const Day& day) const;
  void UpdateEnding();
  [[nodiscard]] Day* Find(const Key& key, std::uint64_t look);
  static Key KeyOf(const session::v1::DayEnd& row) {
    return {row.account_id(), static_cast<int>(row.calendar()), row.close_time().seconds()};
  }
  static Owner OwnerOf(const session::v1::DayEnd& row) { return {row.account_id(), static_cast<int>(row.calendar())}; }
  // The newest that has begun, done or not.
  [[nodiscard]] const Day* NewestOf(const Owner& owner) const;

  void Look(const Key& key, Day& day);
  // Asks for `what` on the day's behalf; `took` runs on the deciding thread while that look is the one.
  template <typename T>
  AccountNeighbours::Answer<T> Next(const Key& key, const Day& day, std::function<void(Day&, T)> took);
  void LookAtCloses(const Key& key, Day& day, std::vector<std::pair<std::string, std::string>> left);
  void LookAtOrders(const Key& key, Day& day);
  void LookAtBooks(const Key& key, Day& day);
  // All has been seen.
  void Conclude(const Key& key, Day& day);
  [[nodiscard]] day_end::Sight SightOf(const Day& day) const;
  [[nodiscard]] bool IsOfDay(const Day& day, const std::string& symbol) const;
  [[nodiscard]] bool IsUnknown(const std::string& symbol) const;
  // A closing order may be sent for it now.
  [[nodiscard]] bool IsToClose(const Day& day, const position::v1::Position& position) const;
  // It has to end before its book is closed.
  [[nodiscard]] bool IsInTheWay(const Day& day, const order::v1::Order& order) const;
  [[nodiscard]] bool IsFree(const Day& day, const position::v1::Position& position) const;
  static Tries TriesOf(const session::v1::DayEnd& row, const position::v1::Position& position);
  // The oldest failed ones, so that a row does not grow while a market refuses.
  static void ForgetTries(session::v1::DayEnd& row, const position::v1::Position& position);
  // Since when nothing is held; unset as long as something is.
  void NoteFlat(Day& day, const day_end::Sight& sight) const;
  // What has become of its closing orders, into the row.
  static void NoteCloses(Day& day);
  void CancelWorking(const Key& key, Day& day);
  // `free_only`: no book in whose instrument something works.
  void CloseHeld(const Key& key, Day& day, bool free_only);
  void SendClose(const Key& key, const session::v1::DayEndClose& close);
  void OnCloseAnswer(const Key& key, const std::string& request_id,
                     const absl::StatusOr<order::v1::SubmitOrderResponse>& answer);
  void Report(const Key& key, Day& day, day_end::Step then);
  void Finish(const Key& key, Day& day, DayFacts facts, day_end::Step then);
  [[nodiscard]] std::vector<session::v1::DayEndLeft> LeftOf(const Day& day) const;
  void AskInstruments(const Key& key, Day& day);
  // Stores that it is to be told; Tell tells it.
  void Alert(Day& day, const std::string& waits_for);
  void AlertUnbegun(const session::v1::DayEndPolicy& policy, const day_end::Due& due, const std::string& since);
  void RaiseLate(const Key& key, Day& day);
  void TellSummary(const Key& key, Day& day);
  // Once what is stored is durable; `done` on the deciding thread.
  void Raise(const alert::v1::RaiseAlertRequest& request, std::function<void(bool there)> done);
  // A market that waits does so for nobody's sake for ever.
  void HoldNoLonger(Day& day);
  // Something failed: again in a while.
  void Later(Day& day, std::int64_t ns);

  Floor& floor_;
  AccountNeighbours& neighbours_;
  std::map<Owner, session::v1::DayEndPolicy> policies_;
  // The newest of each account and calendar, and those before it that are not done.
  std::map<Key, Day> days_;
  std::map<Key, Unbegun> unbegun_;
  std::uint64_t last_look_ = 0;
  std::int64_t first_watch_ns_ = 0;
  Gauge& open_;
  Counter& ended_;
};

}  // namespace ballast
