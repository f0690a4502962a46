#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/external/registration.h"

namespace ballast::backtest {

// A strategy in a process of its own, driven bar by bar through a socket that is its file descriptor
// BALLAST_STRATEGY_FD, with the messages of ExternalStrategyService: each behind its length in four bytes, the highest
// first. The process registers first; every bar is answered before the next one is sent, and quotes are told before the
// bar that ends at their time. Its standard output goes to ours for errors.
class ExternalProcess {
 public:
  // `command` is the shell's. UNAVAILABLE when it does not register, INVALID_ARGUMENT with what is wrong with that.
  // Blocks; an answer may take 60 s.
  static absl::StatusOr<std::shared_ptr<ExternalProcess>> Start(const std::string& command);
  // Ends the process: by the end of what it reads, after 5 s by force.
  ~ExternalProcess();
  ExternalProcess(const ExternalProcess&) = delete;
  ExternalProcess& operator=(const ExternalProcess&) = delete;

  // What runs are made of; keeps the processes, all of one command. A thread's runs are played by one of them; where
  // there are more threads, they wait for each other.
  // `quotes_are_modelled` is told to those that want quotes: the data has none of its own.
  static strategy::Entry EntryOf(std::vector<std::shared_ptr<ExternalProcess>> processes, std::string timeframe,
                                 bool quotes_are_modelled);
  [[nodiscard]] bool wants_quotes() const { return registration_.quotes; }
  // Not OK: an answer was missing, or of no use; from then on there was no signal, and the runs are worth nothing.
  [[nodiscard]] absl::Status failure() const;

 private:
  class Wire;
  class Played;
  ExternalProcess();

  std::unique_ptr<Wire> wire_;
  external::Registration registration_;
};

}  // namespace ballast::backtest
