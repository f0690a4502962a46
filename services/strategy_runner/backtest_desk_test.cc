// The desk over a real Postgres and real processes: small scripts that behave as a backtest may.
#include "services/strategy_runner/backtest_desk.h"

#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/platform/postgres/testing/test_postgres.h"
#include "libs/platform/service/service.h"
#include "services/strategy_runner/backtest_plan.h"

namespace ballast {

std::vector<Migration> Migrations_strategy_runner();

namespace {

namespace bt = backtest::v1;
using ::testing::HasSubstr;

// Finds --out among its words.
constexpr const char* kHead = R"(#!/bin/sh
for word in "$@"; do case $word in --out=*) out=${word#--out=};; esac; done
)";
constexpr const char* kReport =
    R"({"statistics":{"return_ratio":0.0123,"drawdown_ratio":0.5,"sharpe":1.234,"trades":7},"equity":"101230"})";

class BacktestDeskTest : public ::testing::Test {
 protected:
  BacktestDeskTest() : database_(TestPostgres::Get().NewSchema()) {
    EXPECT_TRUE(database_->Migrate(Migrations_strategy_runner()).ok());
    EXPECT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log_).ok());
    std::string made = (std::filesystem::temp_directory_path() / "desk-XXXXXX").string();
    EXPECT_NE(mkdtemp(made.data()), nullptr);
    folder_ = made;
    options_.program = folder_ / "program";
    options_.folder = folder_ / "jobs";
    options_.seconds_max = 600;
  }
  ~BacktestDeskTest() override {
    desk_.reset();
    std::filesystem::remove_all(folder_);
  }
  void Program(const std::string& body) {
    // Written aside: a file that is written is not executed.
    std::ofstream(folder_ / "next") << kHead << body;
    chmod((folder_ / "next").c_str(), 0755);
    std::filesystem::rename(folder_ / "next", folder_ / "program");
  }
  void Open() {
    desk_.reset();
    desk_ = std::make_unique<BacktestDesk>(
        options_, BacktestDesk::Ports{*database_, rules_, shelf_, clock_, *log_, metrics_, [](const std::string&) {}});
    ASSERT_TRUE(desk_->Recover().ok());
    desk_->Start();
  }
  // What `ask` answers on the desk's thread.
  template <typename T>
  T On(std::function<T()> ask) {
    std::optional<T> answer;
    std::mutex mutex;
    std::condition_variable told;
    EXPECT_TRUE(desk_->Run([&] {
      T value = ask();
      std::lock_guard lock(mutex);
      answer = std::move(value);
      told.notify_one();
    }));
    std::unique_lock lock(mutex);
    told.wait(lock, [&] { return answer.has_value(); });
    return *std::move(answer);
  }
  std::int64_t Ask(const std::string& request_id) {
    BacktestRow row{.request_id = request_id, .strategy_id = "ema_cross", .fingerprint = "f", .actor = "ann"};
    row.spec.mutable_deployment()->set_strategy_id("ema_cross");
    row.spec.mutable_deployment()->add_symbols("SPY");
    row.spec.mutable_deployment()->set_timeframe("1m");
    auto created = On<absl::StatusOr<BacktestRow>>([&] { return desk_->Create(row); });
    EXPECT_TRUE(created.ok()) << created.status();
    return created->number;
  }
  BacktestRow Now(std::int64_t number) {
    return *On<absl::StatusOr<BacktestRow>>([&] { return desk_->Find(number); });
  }
  BacktestRow Until(std::int64_t number, const std::function<bool(const BacktestRow&)>& holds) {
    std::int64_t last = clock_.MonotonicNanos() + 60'000'000'000;
    BacktestRow row = Now(number);
    while (!holds(row) && clock_.MonotonicNanos() < last) {
      usleep(2'000);
      row = Now(number);
    }
    EXPECT_TRUE(holds(row)) << bt::BacktestStatus_Name(row.status) << " " << row.message;
    return row;
  }
  BacktestRow Over(std::int64_t number) {
    return Until(number, [](const BacktestRow& row) { return row.status > bt::BACKTEST_STATUS_RUNNING; });
  }

  std::unique_ptr<Database> database_;
  std::unique_ptr<Logger> log_;
  SystemClock clock_;
  Metrics metrics_;
  RuleShelf rules_;
  BacktestShelf shelf_{rules_};
  std::filesystem::path folder_;
  BacktestDesk::Options options_;
  std::unique_ptr<BacktestDesk> desk_;
};

TEST_F(BacktestDeskTest, ASuccessHasItsReportFiguresAndAPlaceOnFile) {
  Program(std::string("echo progress 5 10 >&2\ncat > $out <<'END'\n") + kReport + "\nEND\n");
  Open();
  std::int64_t number = Ask("r1");
  BacktestRow row = Over(number);
  EXPECT_EQ(row.status, bt::BACKTEST_STATUS_SUCCEEDED) << row.message;
  EXPECT_EQ(row.figures["return_percent"], "1.23");
  EXPECT_EQ(row.figures["trades"], "7");
  EXPECT_EQ(row.done, 10);
  auto report = On<absl::StatusOr<std::string>>([&] { return desk_->Report(number); });
  for (int i = 0; !report.ok() && i < 1'000; ++i)
    report = On<absl::StatusOr<std::string>>([&] { return desk_->Report(number); });
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(*report, HasSubstr("101230"));
  EXPECT_FALSE(std::filesystem::exists(options_.folder / row.id()));
}

TEST(BacktestShelfTest, OneThatTradedNothingIsNotOnFile) {
  RuleShelf rules;
  BacktestShelf shelf(rules);
  BacktestRow row{.number = 1, .fingerprint = FingerprintOf("ema_cross", {}, rules), .figures = {{"trades", "3"}}};
  shelf.Put(row);
  row.number = 2;
  row.figures["trades"] = "0";
  shelf.Put(row);
  ASSERT_TRUE(shelf.Find("ema_cross", {}).has_value());
  EXPECT_TRUE(shelf.Find("ema_cross", {})->starts_with("B-1 ")) << "the newest with trades";
  shelf.Replace({row});
  EXPECT_FALSE(shelf.Find("ema_cross", {}).has_value());
}

TEST_F(BacktestDeskTest, AFailureSaysWhyAndARequestIsOneBacktest) {
  Program("echo 'ballast-backtest: symbols: there is no data of SPY' >&2\nexit 1\n");
  Open();
  std::int64_t number = Ask("r1");
  EXPECT_EQ(Ask("r1"), number);
  BacktestRow row = Over(number);
  EXPECT_EQ(row.status, bt::BACKTEST_STATUS_FAILED);
  EXPECT_EQ(row.message, "symbols: there is no data of SPY");
  auto report = On<absl::StatusOr<std::string>>([&] { return desk_->Report(number); });
  EXPECT_TRUE(absl::IsFailedPrecondition(report.status()));
}

TEST_F(BacktestDeskTest, AKilledOneAndOneWithoutAReportHaveFailed) {
  Program("kill -9 $$\n");
  Open();
  EXPECT_THAT(Over(Ask("r1")).message, HasSubstr("signal 9"));
  Program("exit 0\n");
  EXPECT_THAT(Over(Ask("r2")).message, HasSubstr("no report"));
  Program("echo nonsense > $out\n");
  EXPECT_THAT(Over(Ask("r3")).message, HasSubstr("cannot be read"));
}

TEST_F(BacktestDeskTest, ProgressIsToldAndACancelKillsEverythingItStarted) {
  Program("sleep 1000 &\necho $! > " + (folder_ / "child").string() + "\necho progress 3 10 >&2\nwait\n");
  Open();
  std::int64_t number = Ask("r1");
  Until(number, [](const BacktestRow& row) { return row.done == 3 && row.total == 10; });
  std::int64_t second = Ask("r2");
  EXPECT_EQ(Now(second).status, bt::BACKTEST_STATUS_QUEUED);
  (void)On<absl::StatusOr<BacktestRow>>([&] { return desk_->Cancel(second, "ann"); });
  EXPECT_EQ(Now(second).status, bt::BACKTEST_STATUS_CANCELLED);
  auto deleted = On<absl::Status>([&] { return desk_->Delete(number); });
  EXPECT_TRUE(absl::IsFailedPrecondition(deleted));
  (void)On<absl::StatusOr<BacktestRow>>([&] { return desk_->Cancel(number, "ann"); });
  BacktestRow row = Over(number);
  EXPECT_EQ(row.status, bt::BACKTEST_STATUS_CANCELLED);
  EXPECT_EQ(row.message, "by ann");
  int child = 0;
  std::ifstream(folder_ / "child") >> child;
  ASSERT_GT(child, 0);
  std::int64_t last = clock_.MonotonicNanos() + 10'000'000'000;
  // Reaped by whoever is its parent now; until then it is a zombie, which holds nothing.
  auto runs = [&] {
    std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
    std::string text((std::istreambuf_iterator<char>(stat)), {});
    return !text.empty() && text.find(") Z ") == std::string::npos;
  };
  while (runs() && clock_.MonotonicNanos() < last) usleep(2'000);
  EXPECT_FALSE(runs());
}

TEST_F(BacktestDeskTest, OneThatTakesTooLongIsEnded) {
  options_.seconds_max = 1;
  Program("sleep 1000\n");
  Open();
  BacktestRow row = Over(Ask("r1"));
  EXPECT_EQ(row.status, bt::BACKTEST_STATUS_FAILED);
  EXPECT_EQ(row.message, "it took more than 1 s");
}

TEST_F(BacktestDeskTest, AStopInterruptsWhatRunsAndTheNextProcessGoesOnWithTheQueue) {
  Program("echo progress 1 10 >&2\nsleep 1000\n");
  Open();
  std::int64_t first = Ask("r1"), second = Ask("r2");
  Until(first, [](const BacktestRow& row) { return row.done == 1; });
  desk_->Stop();
  Program(std::string("cat > $out <<'END'\n") + kReport + "\nEND\n");
  Open();
  EXPECT_EQ(Now(first).status, bt::BACKTEST_STATUS_INTERRUPTED);
  EXPECT_EQ(Over(second).status, bt::BACKTEST_STATUS_SUCCEEDED);
  EXPECT_FALSE(shelf_.Find("ema_cross", {{"fast", "1"}}));
}

TEST_F(BacktestDeskTest, OurSecretsAreNotItsOwn) {
  setenv("BALLAST_TEST_SECRET", "hush", 1);
  Program("env > " + (folder_ / "env").string() + "\nexit 1\n");
  Open();
  (void)Over(Ask("r1"));
  std::ifstream file(folder_ / "env");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  EXPECT_THAT(text, HasSubstr("PATH="));
  EXPECT_EQ(text.find("hush"), std::string::npos);
}

// Keeps what it is told.
class Follower final : public StreamSender<bt::StreamBacktestsResponse> {
 public:
  bool Push(bt::StreamBacktestsResponse response) override {
    std::lock_guard lock(mutex_);
    if (!reads_) return false;
    for (const bt::Backtest& one : response.backtests())
      told_.push_back(one.backtest_id() + " " + bt::BacktestStatus_Name(one.status()).substr(16) + " " +
                      std::to_string(one.done()));
    return true;
  }
  void Close(grpc::Status status) override {
    std::lock_guard lock(mutex_);
    closed_ = std::move(status);
  }
  [[nodiscard]] bool done() const override { return false; }
  std::vector<std::string> Told() {
    std::lock_guard lock(mutex_);
    return told_;
  }
  grpc::Status closed() {
    std::lock_guard lock(mutex_);
    return closed_;
  }
  void ReadNoMore() {
    std::lock_guard lock(mutex_);
    reads_ = false;
  }

 private:
  std::mutex mutex_;
  bool reads_ = true;
  std::vector<std::string> told_;
  grpc::Status closed_;
};

TEST_F(BacktestDeskTest, FollowersHearOfAllThatHappensAndOfASuccessWhenItsReportIsThere) {
  Program(std::string("echo progress 5 10 >&2\nread wait < $(dirname $0)/go\ncat > $out <<'END'\n") + kReport +
          "\nEND\n");
  ASSERT_EQ(mkfifo((folder_ / "go").c_str(), 0600), 0);
  Open();
  auto early = std::make_shared<Follower>(), deaf = std::make_shared<Follower>();
  for (const auto& one : {early, deaf}) EXPECT_TRUE(On<absl::Status>([&] { return desk_->Follow(one); }).ok());
  deaf->ReadNoMore();
  std::int64_t number = Ask("f1");
  (void)Until(number, [](const BacktestRow& row) { return row.done == 5; });
  auto late = std::make_shared<Follower>();
  EXPECT_TRUE(On<absl::Status>([&] { return desk_->Follow(late); }).ok());
  EXPECT_THAT(late->Told(), ::testing::ElementsAre("B-1 RUNNING 5")) << "what there is comes first";
  std::int64_t last = clock_.MonotonicNanos() + 60'000'000'000;
  auto hears = [&](Follower& who, const char* what) {
    while (who.Told().back() != what && clock_.MonotonicNanos() < last) usleep(2'000);
    EXPECT_EQ(who.Told().back(), what);
  };
  hears(*early, "B-1 RUNNING 5");
  std::ofstream(folder_ / "go") << "\n";
  EXPECT_EQ(Over(number).status, bt::BACKTEST_STATUS_SUCCEEDED);
  hears(*late, "B-1 SUCCEEDED 10");
  EXPECT_TRUE(On<absl::StatusOr<std::string>>([&] { return desk_->Report(number); }).ok());
  EXPECT_TRUE(On<absl::Status>([&] { return desk_->Delete(number); }).ok());
  EXPECT_EQ(late->Told().back(), "B-1 DELETED 0");
  EXPECT_THAT(early->Told(), ::testing::ElementsAre("B-1 QUEUED 0", "B-1 RUNNING 0", "B-1 RUNNING 5",
                                                    "B-1 SUCCEEDED 10", "B-1 DELETED 0"));
  EXPECT_THAT(deaf->Told(), ::testing::IsEmpty());
  desk_->Stop();
  EXPECT_EQ(late->closed().error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace ballast
