#include "tools/backtest/external_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "libs/base/absl_std.h"
#include "libs/external/answer.h"

extern char** environ;

namespace ballast::backtest {

namespace ext = external::v1;

namespace {

constexpr int kAnswerMsMax = 60'000;
constexpr int kEndMsMax = 5'000;
// Told in one message where no bar ends for long.
constexpr int kQuotesMessageMax = 500;
constexpr std::size_t kMessageBytesMax = 64 << 10;
// In the child.
constexpr int kChildDescriptor = 3;

absl::Status Gone(const std::string& why) { return absl::UnavailableError(ToAbsl("the strategy's process " + why)); }

absl::StatusOr<pid_t> Spawn(const std::string& command, int descriptor) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, descriptor, kChildDescriptor);
  // What a strategy prints must not be taken for the report.
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  std::vector<std::string> texts;
  for (char** one = environ; *one != nullptr; ++one) {
    if (std::string text = *one; !text.starts_with("BALLAST_STRATEGY_FD=")) texts.push_back(std::move(text));
  }
  texts.push_back("BALLAST_STRATEGY_FD=" + std::to_string(kChildDescriptor));
  std::vector<char*> environment;
  for (std::string& text : texts) environment.push_back(text.data());
  environment.push_back(nullptr);
  std::string shell = "sh", flag = "-c", line = command;
  std::array<char*, 4> arguments = {shell.data(), flag.data(), line.data(), nullptr};
  pid_t child = 0;
  int failed = posix_spawn(&child, "/bin/sh", &actions, nullptr, arguments.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return Gone("cannot be started");
  return child;
}

}  // namespace

// The socket and the process behind it. Any thread.
class ExternalProcess::Wire {
 public:
  Wire(pid_t child, int descriptor) : child_(child), descriptor_(descriptor) {}
  ~Wire() {
    close(descriptor_);
    int handle = static_cast<int>(syscall(SYS_pidfd_open, child_, 0));
    pollfd ended{.fd = handle, .events = POLLIN, .revents = 0};
    if (handle < 0 || poll(&ended, 1, kEndMsMax) <= 0) kill(child_, SIGKILL);
    if (handle >= 0) close(handle);
    waitpid(child_, nullptr, 0);
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  absl::Status Send(const ext::ConnectResponse& message) {
    std::string bytes(4, '\0');
    message.AppendToString(&bytes);
    std::size_t size = bytes.size() - 4;
    for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<char>(size >> (24 - 8 * i));
    for (std::size_t sent = 0; sent < bytes.size();) {
      ssize_t some = send(descriptor_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (some < 0 && errno == EINTR) continue;
      if (some <= 0) return Gone("has ended");
      sent += static_cast<std::size_t>(some);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<ext::ConnectRequest> Receive() {
    std::string head, body;
    RETURN_IF_ERROR(Read(4, head));
    std::size_t size = 0;
    for (char byte : head) size = size << 8 | static_cast<unsigned char>(byte);
    if (size > kMessageBytesMax) return Gone("sent a message of more than 65536 bytes");
    RETURN_IF_ERROR(Read(size, body));
    ext::ConnectRequest message;
    if (!message.ParseFromString(body)) return Gone("sent a message that cannot be read");
    return message;
  }

  // One question, one answer. Nothing is asked any more once there was none.
  absl::StatusOr<ext::ConnectRequest> Ask(const std::vector<ext::ConnectResponse>& messages) {
    std::lock_guard lock(mutex_);
    RETURN_IF_ERROR(failure_);
    auto answer = [&]() -> absl::StatusOr<ext::ConnectRequest> {
      for (const ext::ConnectResponse& message : messages) RETURN_IF_ERROR(Send(message));
      return Receive();
    }();
    if (!answer.ok()) failure_ = answer.status();
    return answer;
  }
  void Tell(const ext::ConnectResponse& message) {
    std::lock_guard lock(mutex_);
    if (failure_.ok()) (void)Send(message);
  }
  void Fail(const absl::Status& why) {
    std::lock_guard lock(mutex_);
    if (failure_.ok()) failure_ = why;
  }
  [[nodiscard]] absl::Status failure() const {
    std::lock_guard lock(mutex_);
    return failure_;
  }
  std::uint64_t NextRun() {
    std::lock_guard lock(mutex_);
    return ++last_run_;
  }

 private:
  absl::Status Read(std::size_t size, std::string& out) {
    out.resize(size);
    for (std::size_t read = 0; read < size;) {
      pollfd readable{.fd = descriptor_, .events = POLLIN, .revents = 0};
      int ready = poll(&readable, 1, kAnswerMsMax);
      if (ready < 0 && errno == EINTR) continue;
      if (ready == 0) return Gone("did not answer within 60 s");
      ssize_t some = recv(descriptor_, out.data() + read, size - read, 0);
      if (some < 0 && errno == EINTR) continue;
      if (some <= 0) return Gone("has ended before it answered");
      read += static_cast<std::size_t>(some);
    }
    return absl::OkStatus();
  }

  const pid_t child_;
  const int descriptor_;
  mutable std::mutex mutex_;
  absl::Status failure_;
  std::uint64_t last_run_ = 0;
};

// One instrument of one run.
class ExternalProcess::Played : public strategy::Strategy {
 public:
  Played(std::shared_ptr<ExternalProcess> process, strategy::Parameters parameters, std::string timeframe,
         bool quotes_are_modelled)
      : process_(std::move(process)),
        parameters_(std::move(parameters)),
        timeframe_(std::move(timeframe)),
        quotes_are_modelled_(quotes_are_modelled) {}
  ~Played() override {
    if (id_.empty()) return;
    ext::ConnectResponse message;
    message.mutable_closed()->set_deployment_id(id_);
    message.mutable_closed()->set_reason("the run is over");
    process_->wire_->Tell(message);
  }
  Played(const Played&) = delete;
  Played& operator=(const Played&) = delete;

  strategy::Evaluation OnBar(const Bar& bar) override {
    std::vector<ext::ConnectResponse> messages;
    if (id_.empty()) messages.push_back(Opened(bar.symbol));
    if (heard_.has_quotes()) messages.push_back(std::exchange(heard_, {}));
    ext::Bars& bars = *messages.emplace_back().mutable_bars();
    bars.set_deployment_id(id_);
    external::ToProto(bar, ++sequence_, bars.add_bars());
    auto request = process_->wire_->Ask(messages);
    if (!request.ok()) return {};
    const ext::Answer& answer = request->answer();
    if (answer.deployment_id() != id_ || answer.sequence() != sequence_) {
      process_->wire_->Fail(Gone("answered another bar than the one it was asked about"));
      return {};
    }
    external::Reading reading = external::ReadAnswer(answer);
    if (reading.fault != ext::FAULT_UNSPECIFIED) {
      process_->wire_->Fail(
          absl::InvalidArgumentError(ToAbsl(external::CodeOf(reading.fault) + " at " + bar.symbol.value() + " " +
                                            bar.start_time.ToString() + ": " + reading.why)));
      return {};
    }
    return std::move(reading.evaluation);
  }
  [[nodiscard]] int warmup_bars() const override { return process_->registration_.warmup_bars; }
  [[nodiscard]] bool wants_quotes() const override { return process_->registration_.quotes; }
  void OnQuote(const Quote& quote) override {
    if (id_.empty()) process_->wire_->Tell(Opened(quote.symbol));
    ext::Quotes& quotes = *heard_.mutable_quotes();
    quotes.set_deployment_id(id_);
    external::ToProto(quote, quotes.add_quotes());
    if (quotes.quotes_size() >= kQuotesMessageMax) process_->wire_->Tell(std::exchange(heard_, {}));
  }

 private:
  ext::ConnectResponse Opened(const Symbol& symbol) {
    id_ = "backtest-" + std::to_string(process_->wire_->NextRun());
    ext::ConnectResponse message;
    ext::DeploymentOpened& opened = *message.mutable_opened();
    opened.set_deployment_id(id_);
    opened.mutable_parameters()->insert(parameters_.begin(), parameters_.end());
    opened.add_symbols(symbol.value());
    opened.set_timeframe(timeframe_);
    opened.set_account_id("backtest");
    if (wants_quotes())
      opened.set_quote_source(quotes_are_modelled_ ? ext::QUOTE_SOURCE_MODEL : ext::QUOTE_SOURCE_MARKET);
    return message;
  }

  std::shared_ptr<ExternalProcess> process_;
  strategy::Parameters parameters_;
  std::string timeframe_;
  bool quotes_are_modelled_;
  std::string id_;
  // Not told yet: goes with the next bar.
  ext::ConnectResponse heard_;
  std::uint64_t sequence_ = 0;
};

namespace {

// Which thread has which process.
class Seats {
 public:
  explicit Seats(std::vector<std::shared_ptr<ExternalProcess>> processes) : processes_(std::move(processes)) {}
  std::shared_ptr<ExternalProcess> Mine() {
    std::lock_guard lock(mutex_);
    std::size_t number = numbers_.try_emplace(std::this_thread::get_id(), numbers_.size()).first->second;
    return processes_[number % processes_.size()];
  }

 private:
  const std::vector<std::shared_ptr<ExternalProcess>> processes_;
  std::mutex mutex_;
  std::map<std::thread::id, std::size_t> numbers_;
};

}  // namespace

ExternalProcess::ExternalProcess() = default;
ExternalProcess::~ExternalProcess() = default;

absl::StatusOr<std::shared_ptr<ExternalProcess>> ExternalProcess::Start(const std::string& command) {
  std::array<int, 2> ends = {};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return Gone("cannot be connected to");
  auto child = Spawn(command, ends[1]);
  close(ends[1]);
  if (!child.ok()) {
    close(ends[0]);
    return child.status();
  }
  std::shared_ptr<ExternalProcess> process(new ExternalProcess());
  process->wire_ = std::make_unique<Wire>(*child, ends[0]);
  ASSIGN_OR_RETURN(ext::ConnectRequest first, process->wire_->Receive());
  if (!first.has_registration()) return absl::InvalidArgumentError("the strategy's process does not register first");
  std::vector<external::Problem> problems;
  process->registration_ = external::ReadRegistration(first.registration(), problems);
  if (!problems.empty()) {
    std::string all;
    for (const external::Problem& problem : problems)
      all += "\n  registration." + problem.field + ": " + problem.message;
    return absl::InvalidArgumentError(ToAbsl("the strategy cannot be registered:" + all));
  }
  ext::ConnectResponse registered;
  registered.mutable_registered()->set_strategy_id(process->registration_.strategy_id());
  registered.mutable_registered()->set_answer_window_ms(kAnswerMsMax);
  RETURN_IF_ERROR(process->wire_->Send(registered));
  return process;
}

strategy::Entry ExternalProcess::EntryOf(std::vector<std::shared_ptr<ExternalProcess>> processes, std::string timeframe,
                                         bool quotes_are_modelled) {
  const external::Registration& registration = processes.front()->registration_;
  return registration.EntryWith([seats = std::make_shared<Seats>(std::move(processes)),
                                 timeframe = std::move(timeframe),
                                 quotes_are_modelled](const strategy::Parameters& complete) {
    return std::make_unique<Played>(seats->Mine(), complete, timeframe, quotes_are_modelled);
  });
}

absl::Status ExternalProcess::failure() const { return wire_->failure(); }

}  // namespace ballast::backtest
