#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/external/answer.h"
#include "services/strategy_runner/external_port.h"
#include "services/strategy_runner/floor.h"

namespace ballast {

// Talks to the processes that external strategies run in: tells them the bars of their deployments and keeps what they
// say of each until the bar is decided. Waits for nobody: a bar is settled when it is answered, when its window is
// over, or when there is no process; what does not count is no signal, with its code as the reason. The deciding thread
// only.
class ExternalDesk {
 public:
  ExternalDesk(Floor& floor, std::int64_t window_ns);

  // A version has one process: another one is refused, or takes over where it says so. Its deployments see the past
  // again, a bar that waits to be decided included: nobody has been asked about it.
  void Connect(ExternalSession session);
  void Answer(std::uint64_t session, const external::v1::Answer& answer);
  void Disconnect(std::uint64_t session);

  // The deployment's indicators have seen `past`, in order of time, and nothing else. Told to its process together with
  // the bars that wait.
  void Open(LiveDeployment& live, const std::vector<Bar>& past);
  // The market says so, to those that want quotes; before the bars of the same step. In lockstep every one; else of
  // each instrument the newest, as fast as the process reads.
  void Tell(LiveDeployment& live, const std::vector<Symbol>& quoted);
  // A bar of it waits to be decided.
  void Ask(LiveDeployment& live, const Bar& bar);
  // All of its bars are settled, or some of what waits is. True for what is not external.
  [[nodiscard]] bool Settled(const LiveDeployment& live) const;
  [[nodiscard]] bool AnySettled(const LiveDeployment& live) const;
  // Its settled bars, in the order in which they came; what was said of them is on its sheet.
  std::vector<Bar> Take(LiveDeployment& live);
  // Deployments that run no more are closed; people are told of those that run without their process.
  void Tick(std::int64_t now_ns);
  void End();

 private:
  struct Asked {
    std::uint64_t sequence = 0;
    Symbol symbol;
    UtcTime bar;
    std::int64_t sent_ns = 0;
    std::optional<external::Reading> reading;
  };
  // With one deployment's process.
  struct Talk {
    // 0: it has none.
    std::uint64_t session = 0;
    bool open = false;
    std::uint64_t last_sequence = 0;
    // The newest bar that each instrument was told.
    std::map<Symbol, UtcTime> seen;
    // Neither decided nor given up.
    std::vector<Asked> asked;
    // The newest verdict's; told once in a row.
    external::v1::Fault fault = external::v1::FAULT_UNSPECIFIED;
    bool quotes = false;
    // Quoted since it was too busy to be told, and how many quotes of those were overtaken by newer ones.
    std::vector<Symbol> untold;
    std::uint64_t omitted = 0;
  };

  // Null: not connected.
  [[nodiscard]] const ExternalSession* SessionOf(const std::string& strategy_id) const;
  [[nodiscard]] static bool IsOwn(const LiveDeployment& live, const Bar& bar);
  [[nodiscard]] bool IsSettled(const Asked* asked) const;
  [[nodiscard]] std::vector<bool> SettledOf(const LiveDeployment& live) const;
  static const Asked* Find(const Talk& talk, const Bar& bar);
  // What is decided on the bar; it is asked about no more.
  strategy::Evaluation Verdict(LiveDeployment& live, Talk& talk, const Bar& bar);
  void Refuse(const ExternalSession& session, const external::v1::Answer& answer, external::v1::Fault fault,
              const std::string& why);
  void TellQuotes(Talk& talk, const std::string& deployment_id, ExternalPort& port);
  void Close(Talk& talk, const std::string& deployment_id, const std::string& why);
  void WatchMissing(std::int64_t now_ns);

  Floor& floor_;
  const std::int64_t window_ns_;
  std::map<std::uint64_t, ExternalSession> sessions_;
  std::map<std::string, Talk> talks_;  // by deployment
  // Strategies of running deployments whose process is not there: since when; none once people have been told.
  std::map<std::string, std::optional<std::int64_t>> missing_;

  Gauge& connections_;
  Counter& answers_;
  Histogram& answer_seconds_;
};

}  // namespace ballast
