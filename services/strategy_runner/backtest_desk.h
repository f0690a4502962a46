#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "libs/base/clock.h"
#include "libs/platform/grpc/server_stream.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/thread/mutex.h"
#include "services/strategy_runner/backtest_process.h"
#include "services/strategy_runner/backtest_shelf.h"
#include "services/strategy_runner/backtest_store.h"

namespace ballast {

// Works backtests off: each in a process of its own, gentle to what trades, bounded in number, memory and time, and
// ended with us. One thread does all of it, storage included; gRPC's threads hand in what they want done.
class BacktestDesk {
 public:
  struct Options {
    std::string program;
    // Folder of recorded minutes; address of the service that has own data.
    std::string data;
    std::string data_address;
    // Ours alone: what lies in it is removed.
    std::filesystem::path folder;
    int at_once = 1;
    int threads = 1;
    std::int64_t memory_mb = 2'048;
    std::int64_t seconds_max = 3'600;
    std::int64_t kept_max = 1'000;
    int nice = 10;
  };
  struct Ports {
    Database& database;
    const RuleShelf& rules;
    BacktestShelf& shelf;
    const Clock& clock;
    Logger& log;
    Metrics& metrics;
    std::function<void(const std::string&)> fail;
  };

  BacktestDesk(Options options, Ports ports);
  ~BacktestDesk();

  // Claims the storage; what was running is INTERRUPTED, what was queued is queued.
  absl::Status Recover();
  void Start();
  // Kills what runs; it is INTERRUPTED. Nothing runs any more when it returns.
  void Stop() EXCLUDES(mutex_);

  // Does `work` on the desk's thread. Any thread. False: too much waits, or it has stopped.
  bool Run(std::function<void()> work) EXCLUDES(mutex_);

  using Sender = StreamSender<backtest::v1::StreamBacktestsResponse>;

  // The rest on the desk's thread only.
  // What there is now, and from then on what changes.
  absl::Status Follow(std::shared_ptr<Sender> follower);
  absl::StatusOr<BacktestRow> Create(BacktestRow row);
  // With how far it is now.
  absl::StatusOr<BacktestRow> Find(std::int64_t number);
  absl::StatusOr<std::vector<BacktestRow>> List(const std::string& strategy_id, int kind, std::int64_t before,
                                                int limit);
  absl::StatusOr<std::string> Report(std::int64_t number);
  absl::StatusOr<BacktestRow> Cancel(std::int64_t number, const std::string& actor);
  absl::Status Delete(std::int64_t number);

 private:
  struct Job {
    BacktestRow row;
    std::unique_ptr<BacktestProcess> process;
    std::int64_t started_ns = 0;
    std::int64_t stored_ns = 0;
    // How far it was when its followers were told, and when that was.
    std::int64_t told_done = 0;
    std::int64_t told_ns = 0;
    // Why we ended it, where we did.
    backtest::v1::BacktestStatus ended_as = backtest::v1::BACKTEST_STATUS_UNSPECIFIED;
    std::string why;
    std::string last_line;
    // It has closed its output; it is asked for by the clock.
    bool silent = false;
    // Over, and only to be stored.
    bool over = false;
    std::string report;
  };
  using Jobs = std::map<std::int64_t, Job>;

  void Loop();
  // Waits for an output, for work, or for a while.
  void Wait();
  std::vector<std::function<void()>> TakeWork() EXCLUDES(mutex_);
  [[nodiscard]] bool stopping() EXCLUDES(mutex_);
  void StartQueued();
  // False: it was not, and is over.
  bool StartJob(Job& job);
  void Tend(Job& job);
  void Conclude(Job& job, const BacktestProcess::End& end);
  void ReadReport(Job& job);
  void End(Job& job, backtest::v1::BacktestStatus status, std::string message);
  // False: the storage does not take it now.
  bool Store(Job& job);
  void Tell(const BacktestRow& row);
  void TellProgress(Job& job, std::int64_t now);
  void StopAll();
  [[nodiscard]] std::filesystem::path FolderOf(const Job& job) const;

  const Options options_;
  const Ports ports_;
  BacktestStore store_;
  Gauge& running_;
  // Oldest first; those that run, and those that are over and not stored yet.
  std::map<std::int64_t, BacktestRow> queued_;
  Jobs jobs_;
  std::vector<std::shared_ptr<Sender>> followers_;
  int wake_ = -1;
  std::thread thread_;

  Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::function<void()>> work_ GUARDED_BY(mutex_);
};

}  // namespace ballast
