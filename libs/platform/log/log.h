#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"

namespace ballast {

// Ids and numbers as text. Secrets have no way in: Secret does not convert to a string.
using LogField = std::pair<std::string_view, std::string>;
using LogFields = std::initializer_list<LogField>;

// One JSON object a line: {"ts","level","service","event",fields…}. To standard output, and with a folder also to
// <service>.log (10 MB, 5 files) and errors.log (ERROR and worse). Any thread. Event names are constants:
// "order.accepted".
class Logger {
 public:
  struct Options {
    std::string service;
    std::string directory;
    std::string level = "INFO";
  };
  static absl::Status Make(const Options& options, std::unique_ptr<Logger>* out);
  ~Logger();

  void Debug(std::string_view event, LogFields fields);
  void Info(std::string_view event, LogFields fields);
  void Warning(std::string_view event, LogFields fields);
  void Error(std::string_view event, LogFields fields);
  void Critical(std::string_view event, LogFields fields);
  void Flush();

 private:
  struct State;
  explicit Logger(std::unique_ptr<State> state);
  void Write(int level, std::string_view event, LogFields fields);

  std::unique_ptr<State> state_;
};

}  // namespace ballast
