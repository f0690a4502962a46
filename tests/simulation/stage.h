#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/rng.h"
#include "tests/simulation/bugs.h"

namespace ballast::simulation {

constexpr std::int64_t kMilli = 1'000'000;
constexpr std::int64_t kSecond = 1'000'000'000;

// How often what goes wrong; drawn anew for each seed, so that one has a bad network and another a bad disk. Rates are
// per million, of messages, commits or tenths of a second.
struct Faults {
  // Messages.
  std::int64_t delay_ms_max = 2;
  std::uint64_t spike = 0;
  std::uint64_t cut = 0;
  bool half_open = false;
  // Commits.
  std::uint64_t refused = 0;
  std::uint64_t doubt = 0;
  std::uint64_t crash_in_commit = 0;
  std::uint64_t slow = 0;
  // Processes.
  std::uint64_t kill = 0;
  std::uint64_t pause = 0;
  std::uint64_t supersede = 0;
  // The venue.
  std::uint64_t lost_request = 0;
  std::uint64_t lost_answer = 0;
  std::uint64_t late_request = 0;
  std::uint64_t late_fact = 0;
  std::uint64_t twice = 0;
  std::uint64_t reject = 0;
  std::uint64_t silence = 0;
  std::uint64_t correction = 0;

  static Faults Draw(Rng& dice);
  [[nodiscard]] std::string ToString() const;
};

// One thread, one clock that jumps from event to event, one source of chance, one trace: all that happens comes from
// the seed. `out` prints every line of the trace; null: only its hash is kept.
class Stage final : public Clock {
 public:
  Stage(std::uint64_t seed, Bug bug, std::FILE* out);

  // 2023-11-14, a Tuesday, in the middle of the day everywhere that counts.
  [[nodiscard]] UtcTime Now() const override { return {1'699'970'400'000'000'000 + now_ns_}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return now_ns_; }

  std::uint64_t Below(std::uint64_t bound) { return dice_.Below(bound); }
  std::int64_t Between(std::int64_t low, std::int64_t high) { return dice_.Between(low, high); }
  // `rate` in a million.
  bool Chance(std::uint64_t rate) { return rate > 0 && dice_.Below(1'000'000) < rate; }

  void After(std::int64_t delay_ns, std::function<void()> what);
  // Whoever works now stands still for so long; what is due meanwhile comes late.
  void Stall(std::int64_t nanos) { now_ns_ += nanos; }
  // Makes the next event; false when it would be later than `until_ns` (the clock is there then).
  bool Step(std::int64_t until_ns);

  // One line of the trace.
  void Note(std::string_view who, const std::string& what);
  // Into the trace's hash, without a line.
  void Mix(std::string_view bytes);
  // An invariant (I1…I20) is broken; the first few are kept.
  void Break(std::string_view invariant, const std::string& what);

  // Off: nothing goes wrong any more.
  void Calm();
  [[nodiscard]] const Faults& faults() const { return faults_; }
  [[nodiscard]] bool calm() const { return calm_; }
  [[nodiscard]] bool Has(Bug bug) const { return bug == bug_; }
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  [[nodiscard]] const std::vector<std::string>& broken() const { return broken_; }
  // How often each kind of thing happened: what a run has shown.
  void Count(std::string_view what) { ++counts_[std::string(what)]; }
  [[nodiscard]] const std::map<std::string, std::uint64_t>& counts() const { return counts_; }

 private:
  Rng dice_;
  Bug bug_;
  std::FILE* out_;
  Faults faults_;
  bool calm_ = false;
  std::int64_t now_ns_ = 1;
  std::uint64_t next_event_ = 0;
  std::map<std::pair<std::int64_t, std::uint64_t>, std::function<void()>> events_;
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
  std::vector<std::string> broken_;
  std::map<std::string, std::uint64_t> counts_;
};

}  // namespace ballast::simulation
