#include "services/strategy_runner/backtest_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

// A line longer than this is cut: nobody reads it.
constexpr std::size_t kLineBytesMax = 4'096;

}  // namespace

absl::StatusOr<BacktestProcess> BacktestProcess::Start(const std::string& program,
                                                       const std::vector<std::string>& arguments) {
  std::array<int, 2> pipe{};
  if (pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    return absl::UnavailableError(ToAbsl(std::string("no pipe: ") + std::strerror(errno)));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, pipe[1], STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::vector<std::string> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  // Passwords and tokens of ours are none of its business.
  std::array<std::string, 2> environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"};
  std::array<char*, 3> envp = {environment[0].data(), environment[1].data(), nullptr};
  pid_t pid = -1;
  int failed = posix_spawn(&pid, program.c_str(), &actions, &attributes, argv.data(), envp.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  close(pipe[1]);
  if (failed != 0) {
    close(pipe[0]);
    return absl::UnavailableError(ToAbsl(program + " cannot be started: " + std::strerror(failed)));
  }
  return BacktestProcess(pid, pipe[0]);
}

BacktestProcess::BacktestProcess(BacktestProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::exchange(other.output_, -1)),
      reaped_(other.reaped_),
      rest_(std::move(other.rest_)) {}

BacktestProcess::~BacktestProcess() {
  if (pid_ > 0 && !reaped_) {
    Kill();
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (output_ >= 0) close(output_);
}

std::vector<std::string> BacktestProcess::ReadLines() {
  std::vector<std::string> lines;
  std::array<char, 4'096> buffer{};
  for (ssize_t got = 0; (got = read(output_, buffer.data(), buffer.size())) > 0;) {
    for (char c : std::string_view(buffer.data(), static_cast<std::size_t>(got))) {
      if (c == '\n')
        lines.push_back(std::exchange(rest_, ""));
      else if (rest_.size() < kLineBytesMax)
        rest_ += c;
    }
  }
  return lines;
}

void BacktestProcess::Kill() {
  if (pid_ > 0 && !reaped_) kill(-pid_, SIGKILL);
}

std::optional<BacktestProcess::End> BacktestProcess::Poll() {
  if (reaped_) return std::nullopt;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  // What it started and left behind is of its group.
  kill(-pid_, SIGKILL);
  reaped_ = true;
  if (WIFSIGNALED(status)) return End{.signal = WTERMSIG(status)};
  return End{.code = WEXITSTATUS(status)};
}

}  // namespace ballast
