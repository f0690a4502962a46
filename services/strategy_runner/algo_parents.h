#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/execution/parent.h"
#include "services/strategy_runner/algo_codec.h"
#include "services/strategy_runner/algo_store.h"

namespace ballast {

// How far a child that nobody has answered for has got. Of this process only.
struct ChildFlight {
  enum class Stage {
    // Its parent's row is not durable yet.
    kUnstored,
    // To be sent, sent again, or looked for.
    kDue,
    kAsked,
  };
  Stage stage = Stage::kUnstored;
  // It may have been sent by a process before: it is looked for first.
  bool look_first = false;
  bool ever_sent = false;
  // A request of it may be on its way, or have made an order, without an answer.
  bool unclear = false;
  // What a later request was answered meanwhile: why there is no order of it, once none is found.
  std::optional<Rejection> refused = {};
  // Monotonic; since when nobody has answered.
  std::int64_t since_ns = 0;
  std::optional<std::int64_t> last_try_ns = {};
};

// A parent order as it is worked.
struct LiveAlgo {
  // What is durable beside the record: who asked, for what, when.
  execution::v1::KeptAlgoOrder kept;
  execution::Parent parent;
  std::map<std::uint32_t, ChildFlight> flights = {};
  // Monotonic: when each open child was last looked up, or its cancel last asked for.
  std::map<std::uint32_t, std::int64_t> looked_ns = {};
  std::map<std::uint32_t, std::int64_t> cancel_asked_ns = {};
  // Open children of which events may have been missed: looked up before anything is built on them.
  std::set<std::uint32_t> to_look = {};
  std::string waits_for = {};
  // Bars of before are asked for; what comes meanwhile waits.
  bool reads_past = false;
  std::vector<Bar> held_bars = {};
  // The alerts service is being told that it has stopped; not again before (monotonic).
  bool telling = false;
  std::int64_t tell_ns = 0;

  // There is something to do for it.
  [[nodiscard]] bool works() const {
    return !parent.finished() || kept.watched() || kept.alert_due() || parent.Working().IsPositive();
  }
  [[nodiscard]] const std::string& id() const { return parent.record().id; }
};

// Parent orders by their ids, and which of them have changed. The deciding thread only.
class AlgoParents {
 public:
  static constexpr std::size_t kActiveMax = 200;
  // Of those that have ended so many stay in memory; the others are in the store.
  static constexpr std::size_t kEndedMax = 500;

  // DATA_LOSS: the row cannot be read.
  absl::Status Recover(const AlgoStore::Row& row);
  LiveAlgo& Add(execution::v1::KeptAlgoOrder kept, execution::ParentRecord record);
  // Null: not in memory.
  LiveAlgo* Find(const std::string& id);
  std::map<std::string, LiveAlgo>& all() { return all_; }
  [[nodiscard]] std::size_t active() const;

  // Lets go of those that ended first, beyond kEndedMax.
  void Trim();

  // Its row is to be stored, with these children.
  void Touch(const LiveAlgo& live, std::set<std::uint32_t> children = {});
  [[nodiscard]] bool touched() const { return !touched_.empty(); }
  AlgoStore::Batch Collect(UtcTime market_time, UtcTime now);
  void Forget() { touched_.clear(); }

 private:
  std::map<std::string, LiveAlgo> all_;
  std::map<std::string, std::set<std::uint32_t>> touched_;
};

// As people see it; `whole` with schedule and children.
execution::v1::AlgoOrder Describe(const LiveAlgo& live, UtcTime market_time, bool whole);

}  // namespace ballast
