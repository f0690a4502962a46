#include "libs/platform/log/log.h"

#include <fmt/chrono.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <filesystem>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

constexpr std::size_t kFileBytesMax = 10 * 1024 * 1024;
constexpr std::size_t kFilesMax = 5;

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  for (char raw : text) {
    auto c = static_cast<unsigned char>(raw);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += raw;
    } else if (c < 0x20) {
      out += fmt::format("\\u{:04x}", c);
    } else {
      out += raw;
    }
  }
  out += '"';
}

bool LevelOf(const std::string& name, spdlog::level::level_enum& level) {
  if (name == "DEBUG")
    level = spdlog::level::debug;
  else if (name == "INFO")
    level = spdlog::level::info;
  else if (name == "WARNING")
    level = spdlog::level::warn;
  else if (name == "ERROR")
    level = spdlog::level::err;
  else if (name == "CRITICAL")
    level = spdlog::level::critical;
  else
    return false;
  return true;
}

const char* NameOf(int level) {
  switch (level) {
    case spdlog::level::debug:
      return "DEBUG";
    case spdlog::level::info:
      return "INFO";
    case spdlog::level::warn:
      return "WARNING";
    case spdlog::level::err:
      return "ERROR";
    default:
      return "CRITICAL";
  }
}

}  // namespace

struct Logger::State {
  std::string service;
  std::unique_ptr<spdlog::logger> logger;
};

Logger::Logger(std::unique_ptr<State> state) : state_(std::move(state)) {}
Logger::~Logger() { Flush(); }

absl::Status Logger::Make(const Options& options, std::unique_ptr<Logger>* out) {
  spdlog::level::level_enum level = spdlog::level::info;
  if (!LevelOf(options.level, level)) {
    return absl::InvalidArgumentError(ToAbsl("log_level: '" + options.level + "' is no level"));
  }
  try {
    std::vector<spdlog::sink_ptr> sinks = {std::make_shared<spdlog::sinks::stdout_sink_mt>()};
    if (!options.directory.empty()) {
      std::filesystem::create_directories(options.directory);
      sinks.push_back(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
          options.directory + "/" + options.service + ".log", kFileBytesMax, kFilesMax));
      auto errors = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
          options.directory + "/" + options.service + ".errors.log", kFileBytesMax, kFilesMax);
      errors->set_level(spdlog::level::err);
      sinks.push_back(std::move(errors));
    }
    auto state = std::make_unique<State>();
    state->service = options.service;
    state->logger = std::make_unique<spdlog::logger>(options.service, sinks.begin(), sinks.end());
    state->logger->set_level(level);
    state->logger->set_pattern("%v");
    state->logger->flush_on(spdlog::level::info);
    *out = std::unique_ptr<Logger>(new Logger(std::move(state)));
  } catch (const std::exception& problem) {
    return absl::InternalError(ToAbsl(std::string("cannot open the log: ") + problem.what()));
  }
  return absl::OkStatus();
}

void Logger::Write(int level, std::string_view event, LogFields fields) {
  auto spd_level = static_cast<spdlog::level::level_enum>(level);
  if (!state_->logger->should_log(spd_level)) return;
  auto now = std::chrono::system_clock::now();
  std::string line =
      fmt::format("{{\"ts\":\"{:%Y-%m-%dT%H:%M:%S}.{:06d}Z\",\"level\":\"{}\",\"service\":\"{}\",\"event\":",
                  fmt::gmtime(std::chrono::system_clock::to_time_t(now)),
                  std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count() % 1'000'000,
                  NameOf(level), state_->service);
  AppendJsonString(line, event);
  for (const auto& [key, value] : fields) {
    line += ',';
    AppendJsonString(line, key);
    line += ':';
    AppendJsonString(line, value);
  }
  line += '}';
  state_->logger->log(spd_level, "{}", line);
}

void Logger::Debug(std::string_view event, LogFields fields) { Write(spdlog::level::debug, event, fields); }
void Logger::Info(std::string_view event, LogFields fields) { Write(spdlog::level::info, event, fields); }
void Logger::Warning(std::string_view event, LogFields fields) { Write(spdlog::level::warn, event, fields); }
void Logger::Error(std::string_view event, LogFields fields) { Write(spdlog::level::err, event, fields); }
void Logger::Critical(std::string_view event, LogFields fields) { Write(spdlog::level::critical, event, fields); }
void Logger::Flush() { state_->logger->flush(); }

}  // namespace ballast
