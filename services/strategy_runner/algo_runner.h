#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/runtime/commit.h"
#include "libs/runtime/machine.h"
#include "services/strategy_runner/algo_desk.h"
#include "services/strategy_runner/algo_market.h"
#include "services/strategy_runner/entry_gate.h"

namespace ballast {

// The machine that owns every parent order: commands, order events, market steps and answers in turn. What one turn did
// becomes durable together, and only then children are sent and replies given (docs/adr/0055-*.md).
class AlgoRunner final : public runtime::Machine {
 public:
  template <typename Response>
  using Reply = std::function<void(const absl::Status&, const Response&)>;
  static constexpr std::int64_t kTickNs = 200'000'000;

  struct Ports {
    AlgoStore& store;
    Neighbours& neighbours;
    ChildNeighbours& children;
    const EntryGate& gate;
    const Clock& clock;
    Logger& log;
    Metrics& metrics;
    // It can never be stored: the process must end.
    std::function<void(const std::string&)> fail;
    // There is something to work: market and order log are to be followed. Any number of times.
    std::function<void()> follow;
  };

  explicit AlgoRunner(Ports ports);

  // Before anything else: claims the store and loads what has not ended.
  absl::Status Recover();
  [[nodiscard]] bool has_work() { return !parents_.all().empty(); }

  runtime::Turn Poll(std::int64_t now_ns) override;
  runtime::Inbox& inbox() override { return *inbox_; }
  [[nodiscard]] std::size_t waiting() const { return inbox_->size(); }

  // Any thread. False: too much is waiting. Field errors have been looked for.
  bool Create(execution::v1::CreateAlgoOrderRequest request, Reply<execution::v1::CreateAlgoOrderResponse> reply);
  bool Preview(execution::v1::AlgoSpec spec, Reply<execution::v1::PreviewAlgoOrderResponse> reply);
  bool Pause(std::string id, std::string actor, Reply<execution::v1::AlgoOrder> reply);
  bool Resume(std::string id, std::string actor, Reply<execution::v1::AlgoOrder> reply);
  bool Cancel(std::string id, std::string actor, Reply<execution::v1::AlgoOrder> reply);
  // NOT_FOUND: it is not in memory; the store may have it.
  bool Get(std::string id, Reply<execution::v1::AlgoOrder> reply);
  // Those in memory, as they are now.
  bool List(Reply<std::vector<execution::v1::AlgoOrder>> reply);

  // The reader of the order log, any thread: the stream stands, is lost, has said something of one of ours, or an
  // account has been halted.
  void OnEventsLive();
  void OnEventsLost();
  bool OnOrder(order::v1::Order order);
  bool OnHalted(std::string account, Rejection why);
  // The market's reader, any thread. False: too much is waiting.
  bool OnStep(broker::v1::StreamMarketDataResponse step);
  void OnMarketLost();

 private:
  using Effect = std::function<void(const absl::Status& durable)>;
  // What has to be known of the market to make a parent.
  struct Terms {
    Instrument instrument;
    Quote quote;
    UtcTime market_time;
  };
  using WithTerms = std::function<void(const absl::StatusOr<Terms>&)>;

  bool Command(absl::AnyInvocable<void()> task) { return inbox_->Post(kCommands, kTaskBytes, std::move(task)); }
  void AskTerms(const std::string& account, const Symbol& symbol, WithTerms next);
  void Make(const execution::v1::CreateAlgoOrderRequest& request, const absl::StatusOr<Terms>& terms,
            const Reply<execution::v1::CreateAlgoOrderResponse>& reply);
  // `spec` without faults is cut to what its deployment's stage permits. FAILED_PRECONDITION: that is nothing.
  absl::Status Permitted(execution::AlgoSpec& spec, const Instrument& instrument) const;
  // A repeated request has been answered from what there is.
  bool Replayed(const execution::v1::CreateAlgoOrderRequest& request,
                const Reply<execution::v1::CreateAlgoOrderResponse>& reply);
  // Null: replied why not.
  LiveAlgo* Active(const std::string& id, const Reply<execution::v1::AlgoOrder>& reply);
  void Answer(const LiveAlgo& live, const Reply<execution::v1::AlgoOrder>& reply);
  // What its account's day and its deployment's stage permit just now, into it.
  void Permit(LiveAlgo& live);
  void Work();
  void WorkOne(LiveAlgo& live);
  void TakeStep(const broker::v1::StreamMarketDataResponse& step);
  void ReadPast(LiveAlgo& live);
  void OnPast(const std::string& id, const absl::StatusOr<std::vector<Bar>>& bars);
  void AskMarket();
  void AskHalts();
  // People are told of one that has stopped itself, or that an emergency has; until it is told.
  void Alert(LiveAlgo& live);
  void TellAlerts(std::int64_t now_ns);
  bool Flush();
  runtime::Turn End();

  Ports ports_;
  std::shared_ptr<RunnerInbox> inbox_;
  AlgoParents parents_;
  AlgoMarket market_;
  AlgoDesk desk_;
  runtime::Committer committer_;
  std::optional<AlgoStore::Batch> batch_;
  std::vector<Effect> effects_;
  bool dead_ = false;
  bool ended_ = false;
  bool events_live_ = false;
  bool market_new_ = true;
  // Whoever waits for what is asked of the market, by the question's number.
  std::map<std::uint64_t, WithTerms> asking_;
  std::uint64_t last_question_ = 0;
  std::optional<std::int64_t> last_tick_ns_;
  Gauge& active_;
  Counter& commit_failures_;
};

}  // namespace ballast
