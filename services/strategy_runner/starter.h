#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "services/strategy_runner/stop_watch.h"

namespace ballast {

// Gets deployments going: asks for their prerequisites, tells order management of them, starts them when all holds; and
// by itself those that are to be started as soon as it does.
class Starter {
 public:
  using Prerequisites = std::vector<strategy::v1::Prerequisite>;
  // Not OK: this process is ending.
  using Done = std::function<void(const absl::Status&, const Prerequisites&)>;

  // `on_settled` runs once: every pending deployment has been started, or there is no need to wait for it.
  Starter(Floor& floor, StopWatch& stops, std::function<void()> on_settled)
      : floor_(floor), stops_(stops), on_settled_(std::move(on_settled)) {}

  // `by_hand`: a person wants it, which takes an emergency stop back. Whether it runs then, its row says; `done` runs
  // once that is durable.
  void Start(LiveDeployment& live, bool by_hand, Done done);
  void Tick(std::int64_t now_ns);
  // Answers whoever waits.
  void Abandon();

 private:
  struct Attempt {
    std::string deployment_id;
    // One that was stopped meanwhile is not started.
    std::uint64_t stops = 0;
    std::optional<Prerequisites> prerequisites;
    std::optional<absl::Status> registered;
    Done done;
  };

  void Finish(std::uint64_t number);
  void Apply(LiveDeployment& live);
  void Register(const LiveDeployment& live, bool by_hand, std::function<void(const absl::Status&)> told);
  // Those that run already, from before order management kept a register, or while it was away.
  void RegisterRunning();
  void StartPending(std::int64_t now_ns);
  void NotePending(const std::string& id, const Prerequisites& prerequisites);
  [[nodiscard]] bool AnyPending() const;
  void Settle();

  Floor& floor_;
  StopWatch& stops_;
  std::function<void()> on_settled_;
  std::map<std::uint64_t, Attempt> attempts_;
  std::uint64_t last_attempt_ = 0;
  // Deployments order management is known to know, and those it is being told of.
  std::set<std::string> registered_;
  std::set<std::string> registering_;
  // Pending ones that are being tried.
  std::set<std::string> trying_;
  std::map<std::string, std::string> told_waiting_;
  std::optional<std::int64_t> last_round_ns_;
  bool asking_market_ = false;
  bool asking_modes_ = false;
  bool settled_ = false;
};

}  // namespace ballast
