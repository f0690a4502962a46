#include "libs/platform/service/service.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <optional>
#include <thread>

#include "grpc/health/v1/health.grpc.pb.h"

extern char** environ;

namespace ballast {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

// What the child processes of this test run: a service that does what its setting says.
class Tester : public Service {
 public:
  explicit Tester(ServiceContext& context) : context_(context), behaviour_(context.config.GetString("behaviour")) {}
  absl::Status Recover() override { return absl::OkStatus(); }
  std::vector<grpc::Service*> GrpcServices() override { return {}; }
  absl::Status Start() override {
    if (behaviour_ == "fail") context_.fail("it was told to");
    return absl::OkStatus();
  }
  bool Ready() override { return behaviour_ != "unready"; }
  void Drain() override {
    while (behaviour_ == "hang") pause();
  }

 private:
  ServiceContext& context_;
  std::string behaviour_;
};

ServiceSpec Spec(bool stores) {
  return {.name = "tester",
          .knobs = {{.name = "behaviour", .default_value = "", .help = "what to do"}},
          .migrations = {},
          .make = [](ServiceContext& context) { return std::make_unique<Tester>(context); },
          .stores = stores};
}

// A process of its own that runs Spec().
class Process {
 public:
  explicit Process(std::map<std::string, std::string> settings, std::vector<std::string> arguments = {"--serve"}) {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    settings.emplace("COMMON_REDIS_ADDRESS", "");
    std::vector<std::string> words;
    for (char** entry = environ; *entry != nullptr; ++entry) words.emplace_back(*entry);
    for (const auto& [name, value] : settings) words.push_back("BALLAST_" + name + "=" + value);
    std::vector<char*> variables;
    for (std::string& word : words) variables.push_back(word.data());
    variables.push_back(nullptr);
    arguments.insert(arguments.begin(), "service_test");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    EXPECT_EQ(posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, argv.data(), variables.data()), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    output_ = ends[0];
  }
  ~Process() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(output_);
  }

  // The next log line of this event; empty when the process ended without one.
  std::string WaitFor(const std::string& event) {
    while (true) {
      std::size_t end = text_.find('\n');
      if (end == std::string::npos) {
        char buffer[4096];
        ssize_t size = read(output_, buffer, sizeof(buffer));
        if (size <= 0) return "";
        text_.append(buffer, static_cast<std::size_t>(size));
        continue;
      }
      std::string line = text_.substr(0, end);
      text_.erase(0, end + 1);
      if (line.find("\"event\":\"" + event + "\"") != std::string::npos) return line;
    }
  }
  int Port() {
    std::string line = WaitFor("service.started");
    std::size_t at = line.find("\"grpc_port\":\"");
    EXPECT_NE(at, std::string::npos) << line;
    return at == std::string::npos ? 0 : std::atoi(line.c_str() + at + 13);
  }
  void Signal(int number) const { kill(pid_, number); }
  // Exit code; -1 when a signal ended it.
  int Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = 0;
  int output_ = -1;
  std::string text_;
};

std::unique_ptr<grpc::health::v1::Health::Stub> HealthOf(int port) {
  return grpc::health::v1::Health::NewStub(
      grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
}

TEST(ServiceTest, EndsAtOnceThoughSomebodyWatchesItsHealth) {
  Process process({});
  auto health = HealthOf(process.Port());
  ASSERT_FALSE(process.WaitFor("service.serving").empty());
  grpc::ClientContext context;
  auto watch = health->Watch(&context, grpc::health::v1::HealthCheckRequest());
  grpc::health::v1::HealthCheckResponse state;
  do {
    ASSERT_TRUE(watch->Read(&state));
  } while (state.status() != grpc::health::v1::HealthCheckResponse::SERVING);
  auto asked = steady_clock::now();
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0);
  EXPECT_LT(steady_clock::now() - asked, milliseconds(1'000));
  // The watcher was told before the stream ended.
  ASSERT_TRUE(watch->Read(&state));
  EXPECT_EQ(state.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  EXPECT_FALSE(watch->Read(&state));
  EXPECT_FALSE(watch->Finish().ok());
}

TEST(ServiceTest, ASignalEndsTheFirstWaitForPostgres) {
  Process process({{"COMMON_POSTGRES_PORT", "1"}}, {"--serve-stores"});
  ASSERT_FALSE(process.WaitFor("service.starting").empty());
  auto asked = steady_clock::now();
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0);
  EXPECT_LT(steady_clock::now() - asked, milliseconds(1'000));
  EXPECT_THAT(process.WaitFor("service.stopped"), HasSubstr("before it served"));
}

TEST(ServiceTest, ADrainThatHangsEndsAllTheSame) {
  Process process({{"TESTER_BEHAVIOUR", "hang"}, {"COMMON_DRAIN_MS_MAX", "300"}});
  ASSERT_FALSE(process.WaitFor("service.serving").empty());
  auto asked = steady_clock::now();
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 1);
  EXPECT_GE(steady_clock::now() - asked, milliseconds(300));
  EXPECT_LT(steady_clock::now() - asked, milliseconds(3'000));
  EXPECT_THAT(process.WaitFor("service.drain_too_long"), HasSubstr("300"));
}

TEST(ServiceTest, AFailureDrainsAndIsToldByTheExitCode) {
  Process process({{"TESTER_BEHAVIOUR", "fail"}});
  EXPECT_THAT(process.WaitFor("service.failed"), HasSubstr("it was told to"));
  EXPECT_FALSE(process.WaitFor("service.stopped").empty());
  EXPECT_EQ(process.Wait(), 1);
}

TEST(ServiceTest, TheHealthCheckFlagAsksTheProcess) {
  Process unready({{"TESTER_BEHAVIOUR", "unready"}});
  std::string address = "127.0.0.1:" + std::to_string(unready.Port());
  EXPECT_EQ(Process({{"COMMON_GRPC_LISTEN", address}}, {"--serve", "--health-check"}).Wait(), 1);
  unready.Signal(SIGINT);
  EXPECT_EQ(unready.Wait(), 0);
  EXPECT_EQ(Process({{"COMMON_GRPC_LISTEN", address}}, {"--serve", "--health-check"}).Wait(), 1);
  Process ready({});
  address = "127.0.0.1:" + std::to_string(ready.Port());
  ASSERT_FALSE(ready.WaitFor("service.serving").empty());
  EXPECT_EQ(Process({{"COMMON_GRPC_LISTEN", address}}, {"--serve", "--health-check"}).Wait(), 0);
}

TEST(ServiceTest, ASettingThatIsNoneEndsWithTwo) {
  EXPECT_EQ(Process({{"COMMON_DRAIN_MS_MAX", "soon"}}).Wait(), 2);
  EXPECT_EQ(Process({}, {"--serve", "--unheard-of"}).Wait(), 2);
}

}  // namespace
}  // namespace ballast

int main(int argc, char** argv) {
  for (bool stores : {false, true}) {
    if (argc < 2 || std::string(argv[1]) != (stores ? "--serve-stores" : "--serve")) continue;
    argv[1] = argv[0];
    return ballast::RunService(argc - 1, argv + 1, ballast::Spec(stores));
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
