#include "services/strategy_runner/backtest_desk.h"

#include <google/protobuf/util/message_differencer.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/platform/service/service.h"
#include "services/strategy_runner/backtest_figures.h"
#include "services/strategy_runner/backtest_plan.h"

namespace ballast {
namespace {

namespace bt = backtest::v1;

constexpr std::size_t kWorkMax = 200;
// Fits a gRPC message of 4 MiB with room to spare.
constexpr std::uintmax_t kReportBytesMax = 3'500'000;
constexpr std::int64_t kSecondNs = 1'000'000'000;
// How far one is, is stored so often; asked for, it is told from memory.
constexpr std::int64_t kStoreProgressNs = 2 * kSecondNs;
constexpr std::int64_t kTellProgressNs = kSecondNs / 5;
constexpr std::size_t kFollowersMax = 100;
constexpr int kFollowedFromStart = 50;
constexpr std::string_view kOwnName = "ballast-backtest: ";

bool IsOver(bt::BacktestStatus status) {
  return status != bt::BACKTEST_STATUS_QUEUED && status != bt::BACKTEST_STATUS_RUNNING;
}

// "progress 12 100"
bool ReadProgress(const std::string& line, BacktestRow& row) {
  constexpr std::string_view kWord = "progress ";
  if (!line.starts_with(kWord)) return false;
  std::int64_t done = 0, total = 0;
  const char* end = line.data() + line.size();
  auto [space, wrong] = std::from_chars(line.data() + kWord.size(), end, done);
  if (wrong != std::errc() || space == end || *space != ' ') return false;
  if (std::from_chars(space + 1, end, total).ec != std::errc() || done < 0 || total < done) return false;
  row.done = done;
  row.total = total;
  return true;
}

}  // namespace

BacktestDesk::BacktestDesk(Options options, Ports ports)
    : options_(std::move(options)),
      ports_(std::move(ports)),
      store_(ports_.database),
      running_(ports_.metrics.GetGauge("ballast_strategy_backtests_running", "backtests that run now", {})),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

BacktestDesk::~BacktestDesk() {
  Stop();
  if (wake_ >= 0) close(wake_);
}

absl::Status BacktestDesk::Recover() {
  RETURN_IF_ERROR(store_.Fence(ports_.clock.Now()));
  ASSIGN_OR_RETURN(std::vector<BacktestRow> queued, store_.Queued());
  for (BacktestRow& row : queued) queued_[row.number] = std::move(row);
  ASSIGN_OR_RETURN(std::vector<BacktestRow> runs, store_.NewestRuns());
  ports_.shelf.Replace(runs);
  std::error_code failed;
  std::filesystem::remove_all(options_.folder, failed);
  std::filesystem::create_directories(options_.folder, failed);
  if (failed)
    ports_.log.Error("backtest.no_folder", {{"folder", options_.folder.string()}, {"error", failed.message()}});
  return absl::OkStatus();
}

void BacktestDesk::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void BacktestDesk::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  (void)eventfd_write(wake_, 1);
  if (thread_.joinable()) thread_.join();
}

bool BacktestDesk::Run(std::function<void()> work) {
  {
    MutexLock lock(mutex_);
    if (stopping_ || work_.size() >= kWorkMax) return false;
    work_.push_back(std::move(work));
  }
  (void)eventfd_write(wake_, 1);
  return true;
}

bool BacktestDesk::stopping() {
  MutexLock lock(mutex_);
  return stopping_;
}

std::vector<std::function<void()>> BacktestDesk::TakeWork() {
  MutexLock lock(mutex_);
  return std::exchange(work_, {});
}

void BacktestDesk::Loop() {
  while (!stopping()) {
    for (auto& work : TakeWork()) work();
    StartQueued();
    for (auto at = jobs_.begin(); at != jobs_.end();) {
      Tend(at->second);
      if (!at->second.over || !Store(at->second)) {
        ++at;
        continue;
      }
      // Not before: who hears of a success asks for its report.
      Tell(at->second.row);
      at = jobs_.erase(at);
    }
    std::size_t running = 0;
    for (const auto& [number, job] : jobs_) running += job.over ? 0 : 1;
    running_.Set(static_cast<double>(running));
    Wait();
  }
  // Whoever still waits is answered.
  for (auto& work : TakeWork()) work();
  StopAll();
}

void BacktestDesk::Wait() {
  std::vector<pollfd> files = {{.fd = wake_, .events = POLLIN}};
  std::vector<Job*> owners = {nullptr};
  int timeout_ms = 1'000;
  for (auto& [number, job] : jobs_) {
    if (job.over) continue;
    // Times are looked at five times a second.
    timeout_ms = std::min(timeout_ms, job.silent ? 20 : 200);
    if (job.silent) continue;
    files.push_back({.fd = job.process->output(), .events = POLLIN});
    owners.push_back(&job);
  }
  if (poll(files.data(), files.size(), timeout_ms) <= 0) return;
  eventfd_t ignored = 0;
  if ((files[0].revents & POLLIN) != 0) (void)eventfd_read(wake_, &ignored);
  for (std::size_t i = 1; i < files.size(); ++i) {
    if ((files[i].revents & POLLIN) == 0 && (files[i].revents & (POLLHUP | POLLERR)) != 0) owners[i]->silent = true;
  }
}

void BacktestDesk::StartQueued() {
  std::size_t running = 0;
  for (const auto& [number, job] : jobs_) running += job.over ? 0 : 1;
  while (!queued_.empty() && running < static_cast<std::size_t>(options_.at_once)) {
    Job job{.row = queued_.begin()->second};
    job.row.status = bt::BACKTEST_STATUS_RUNNING;
    job.row.start_time = ports_.clock.Now();
    job.row.version = kVersion;
    // What is stored as running is found after a crash.
    if (!Store(job)) return;
    queued_.erase(queued_.begin());
    Job& placed = jobs_.emplace(job.row.number, std::move(job)).first->second;
    if (!StartJob(placed)) continue;
    ++running;
    Tell(placed.row);
  }
}

std::filesystem::path BacktestDesk::FolderOf(const Job& job) const { return options_.folder / job.row.id(); }

bool BacktestDesk::StartJob(Job& job) {
  std::vector<FieldError> errors;
  BacktestPlan plan = PlanOf(job.row.spec, ports_.rules, errors);
  if (!errors.empty()) {
    End(job, bt::BACKTEST_STATUS_FAILED, errors.front().field + ": " + errors.front().message);
    return false;
  }
  const std::filesystem::path folder = FolderOf(job);
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  std::vector<std::string> arguments = plan.arguments;
  auto option = [&](const char* name, const std::string& value) {
    arguments.push_back(std::string(name) + "=" + value);
  };
  if (!plan.rules.empty()) {
    std::ofstream(folder / "rules.json", std::ios::binary) << plan.rules;
    option("--rules", (folder / "rules.json").string());
    option("--rules-id", plan.strategy_id);
  }
  option("--data", options_.data);
  option("--data-address", options_.data_address);
  option("--scratch", folder.string());
  option("--out", (folder / "report.json").string());
  if (KindOf(job.row.spec) == bt::BACKTEST_KIND_SWEEP || KindOf(job.row.spec) == bt::BACKTEST_KIND_WALK_FORWARD)
    option("--threads", std::to_string(options_.threads));
  if (KindOf(job.row.spec) == bt::BACKTEST_KIND_LOOK_AHEAD && job.row.spec.checks() > 0)
    option("--checks", std::to_string(job.row.spec.checks()));
  option("--parent", std::to_string(getpid()));
  option("--nice", std::to_string(options_.nice));
  option("--memory-mb", std::to_string(options_.memory_mb));
  option("--cpu-seconds", std::to_string(options_.seconds_max * options_.threads));
  arguments.emplace_back("--for-programs");
  auto process = BacktestProcess::Start(options_.program, arguments);
  if (!process.ok()) {
    End(job, bt::BACKTEST_STATUS_FAILED, MessageOf(process.status()));
    return false;
  }
  job.process = std::make_unique<BacktestProcess>(*std::move(process));
  job.started_ns = job.stored_ns = ports_.clock.MonotonicNanos();
  ports_.log.Info("backtest.started", {{"backtest", job.row.id()}, {"pid", std::to_string(job.process->pid())}});
  return true;
}

void BacktestDesk::Tend(Job& job) {
  if (job.over) return;
  // Before the output: what ends now has said everything.
  std::optional<BacktestProcess::End> end = job.process->Poll();
  for (std::string& line : job.process->ReadLines()) {
    if (!ReadProgress(line, job.row) && !line.empty()) job.last_line = std::move(line);
  }
  if (end) return Conclude(job, *end);
  std::int64_t now = ports_.clock.MonotonicNanos();
  if (job.ended_as == bt::BACKTEST_STATUS_UNSPECIFIED && now - job.started_ns > options_.seconds_max * kSecondNs) {
    job.ended_as = bt::BACKTEST_STATUS_FAILED;
    job.why = "it took more than " + std::to_string(options_.seconds_max) + " s";
    job.process->Kill();
  }
  TellProgress(job, now);
  if (now - job.stored_ns > kStoreProgressNs) {
    job.stored_ns = now;
    (void)Store(job);
  }
}

void BacktestDesk::Conclude(Job& job, const BacktestProcess::End& end) {
  if (job.ended_as != bt::BACKTEST_STATUS_UNSPECIFIED) return End(job, job.ended_as, job.why);
  if (end.signal != 0)
    return End(job, bt::BACKTEST_STATUS_FAILED,
               "it was ended by signal " + std::to_string(end.signal) + "; it may use " +
                   std::to_string(options_.memory_mb) + " MiB of memory");
  if (end.code != 0) {
    std::string why = job.last_line.starts_with(kOwnName) ? job.last_line.substr(kOwnName.size()) : job.last_line;
    return End(job, bt::BACKTEST_STATUS_FAILED, why.empty() ? "it ended with " + std::to_string(end.code) : why);
  }
  ReadReport(job);
}

void BacktestDesk::ReadReport(Job& job) {
  const std::filesystem::path path = FolderOf(job) / "report.json";
  std::error_code failed;
  std::uintmax_t bytes = std::filesystem::file_size(path, failed);
  if (failed) return End(job, bt::BACKTEST_STATUS_FAILED, "it has left no report");
  if (bytes > kReportBytesMax)
    return End(
        job, bt::BACKTEST_STATUS_FAILED,
        "its report has " + std::to_string(bytes) + " bytes, " + std::to_string(kReportBytesMax) + " at most are kept");
  std::ifstream file(path, std::ios::binary);
  job.report.assign(std::istreambuf_iterator<char>(file), {});
  auto figures = FiguresOf(KindOf(job.row.spec), job.report);
  if (!figures.ok()) return End(job, bt::BACKTEST_STATUS_FAILED, MessageOf(figures.status()));
  job.row.figures = *std::move(figures);
  job.row.done = job.row.total;
  End(job, bt::BACKTEST_STATUS_SUCCEEDED, "");
}

void BacktestDesk::End(Job& job, bt::BacktestStatus status, std::string message) {
  job.over = true;
  job.process = nullptr;
  job.row.status = status;
  job.row.message = std::move(message);
  job.row.end_time = ports_.clock.Now();
  if (status != bt::BACKTEST_STATUS_SUCCEEDED) job.report.clear();
  std::error_code ignored;
  std::filesystem::remove_all(FolderOf(job), ignored);
  ports_.log.Info(
      "backtest.ended",
      {{"backtest", job.row.id()}, {"status", bt::BacktestStatus_Name(status)}, {"message", job.row.message}});
}

bool BacktestDesk::Store(Job& job) {
  absl::Status stored = store_.Update(job.row, job.report.empty() ? nullptr : &job.report);
  if (absl::IsFailedPrecondition(stored)) ports_.fail("backtests: " + MessageOf(stored));
  if (!stored.ok()) {
    ports_.log.Warning("backtest.not_stored", {{"backtest", job.row.id()}, {"error", stored.ToString()}});
    return false;
  }
  if (job.over && job.row.status == bt::BACKTEST_STATUS_SUCCEEDED && KindOf(job.row.spec) == bt::BACKTEST_KIND_RUN)
    ports_.shelf.Put(job.row);
  return true;
}

void BacktestDesk::Tell(const BacktestRow& row) {
  if (followers_.empty()) return;
  auto message = std::make_shared<bt::StreamBacktestsResponse>();
  ToProto(row, message->add_backtests());
  // One that is gone, or that does not read, is told nothing more.
  std::erase_if(followers_, [&](const auto& follower) { return !follower->PushShared(message); });
}

void BacktestDesk::TellProgress(Job& job, std::int64_t now) {
  if (job.row.done == job.told_done || now - job.told_ns < kTellProgressNs) return;
  job.told_done = job.row.done;
  job.told_ns = now;
  Tell(job.row);
}

absl::Status BacktestDesk::Follow(std::shared_ptr<Sender> follower) {
  if (followers_.size() >= kFollowersMax) return absl::ResourceExhaustedError("too many follow the backtests already");
  ASSIGN_OR_RETURN(std::vector<BacktestRow> newest, List("", bt::BACKTEST_KIND_UNSPECIFIED, 0, kFollowedFromStart));
  bt::StreamBacktestsResponse message;
  for (const BacktestRow& row : newest) ToProto(row, message.add_backtests());
  const std::int64_t oldest = newest.empty() ? 0 : newest.back().number;
  for (const auto& [number, row] : queued_) {
    if (number < oldest) ToProto(row, message.add_backtests());
  }
  for (const auto& [number, job] : jobs_) {
    if (number < oldest) ToProto(job.row, message.add_backtests());
  }
  if (follower->Push(std::move(message))) followers_.push_back(std::move(follower));
  return absl::OkStatus();
}

void BacktestDesk::StopAll() {
  for (const auto& follower : std::exchange(followers_, {}))
    follower->Close({grpc::UNAVAILABLE, "the strategy runner is stopping"});
  for (auto& [number, job] : jobs_) {
    if (!job.over) End(job, bt::BACKTEST_STATUS_INTERRUPTED, "the service was stopped");
    // Otherwise the next process finds that it was running.
    (void)Store(job);
  }
  jobs_.clear();
  running_.Set(0);
}

absl::StatusOr<BacktestRow> BacktestDesk::Create(BacktestRow row) {
  row.create_time = ports_.clock.Now();
  row.status = bt::BACKTEST_STATUS_QUEUED;
  const bt::BacktestSpec spec = row.spec;
  bool again = false;
  ASSIGN_OR_RETURN(BacktestRow stored, store_.Insert(std::move(row), options_.kept_max, &again));
  if (!again) {
    queued_[stored.number] = stored;
    Tell(stored);
    return stored;
  }
  // Not by their bytes: parameters have no order there.
  if (!google::protobuf::util::MessageDifferencer::Equals(stored.spec, spec))
    return absl::AlreadyExistsError("the request id was used for another backtest");
  return Find(stored.number);
}

absl::StatusOr<BacktestRow> BacktestDesk::Find(std::int64_t number) {
  if (auto job = jobs_.find(number); job != jobs_.end()) return job->second.row;
  return store_.Find(number);
}

absl::StatusOr<std::vector<BacktestRow>> BacktestDesk::List(const std::string& strategy_id, int kind,
                                                            std::int64_t before, int limit) {
  ASSIGN_OR_RETURN(std::vector<BacktestRow> rows, store_.List(strategy_id, kind, before, limit));
  for (BacktestRow& row : rows) {
    if (auto job = jobs_.find(row.number); job != jobs_.end()) row = job->second.row;
  }
  return rows;
}

absl::StatusOr<std::string> BacktestDesk::Report(std::int64_t number) {
  ASSIGN_OR_RETURN(BacktestRow row, Find(number));
  // Also one that is over and not stored yet.
  if (row.status != bt::BACKTEST_STATUS_SUCCEEDED || jobs_.contains(number))
    return absl::FailedPreconditionError(
        ToAbsl(row.id() + " has no report: it is " + bt::BacktestStatus_Name(row.status).substr(16)));
  return store_.Report(number);
}

absl::StatusOr<BacktestRow> BacktestDesk::Cancel(std::int64_t number, const std::string& actor) {
  if (auto job = jobs_.find(number); job != jobs_.end()) {
    Job& running = job->second;
    if (!running.over && running.ended_as == bt::BACKTEST_STATUS_UNSPECIFIED) {
      running.ended_as = bt::BACKTEST_STATUS_CANCELLED;
      running.why = "by " + actor;
      running.process->Kill();
    }
    // It is dead in a moment, and told so then.
    return running.row;
  }
  if (auto found = queued_.find(number); found != queued_.end()) {
    Job job{.row = found->second, .over = true};
    job.row.status = bt::BACKTEST_STATUS_CANCELLED;
    job.row.message = "by " + actor;
    job.row.end_time = ports_.clock.Now();
    RETURN_IF_ERROR(store_.Update(job.row));
    queued_.erase(found);
    Tell(job.row);
    return job.row;
  }
  return store_.Find(number);
}

absl::Status BacktestDesk::Delete(std::int64_t number) {
  ASSIGN_OR_RETURN(BacktestRow row, Find(number));
  if (!IsOver(row.status) || jobs_.contains(number))
    return absl::FailedPreconditionError(ToAbsl(row.id() + " is not over: cancel it first"));
  RETURN_IF_ERROR(store_.Delete(number));
  Tell({.number = number, .status = bt::BACKTEST_STATUS_DELETED});
  ASSIGN_OR_RETURN(std::vector<BacktestRow> runs, store_.NewestRuns());
  ports_.shelf.Replace(runs);
  return absl::OkStatus();
}

}  // namespace ballast
