#pragma once

#include <atomic>
#include <deque>
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
  // There is, or has been, something to work. A market that waits for its readers waits for one that it has seen once.
  [[nodiscard]] bool has_work() const { return any_; }

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
  // The order log has been told up to these execution sequences, by account.
  void OnExecuted(std::map<std::string, std::uint64_t> sequences);
  // Whether OnExecuted matters. Any thread.
  [[nodiscard]] bool market_waits() const { return market_waits_; }
  // The market's reader, any thread. `acknowledge`, of a market that waits: runs when what the step led to is done.
  // False: too much is waiting.
  bool OnStep(broker::v1::StreamMarketDataResponse step, std::function<void()> acknowledge = nullptr);
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
  // One step of a market that waits: what was executed before it, one decision of each parent, and all answers to that.
  void WorkSteps(std::int64_t now_ns);
  void BeginStep(const broker::v1::StreamMarketDataResponse& step);
  [[nodiscard]] bool Executed(const broker::v1::StreamMarketDataResponse& step) const;
  [[nodiscard]] bool Settled();
  // Decided on and not over: what the log says now is what it has led to.
  [[nodiscard]] bool InStep() const { return !steps_.empty() && steps_.front().message.step() == worked_step_; }
  // Each parent's turn in this step, as far as answers are there. True: everybody has had it.
  bool WorkTurns(std::int64_t now_ns);
  // What the order log has said between two steps.
  void ApplyTold();
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
  bool any_ = false;
  // A market that waits: steps that are not acknowledged, the one that was decided on and when, and what has been told.
  struct Step {
    broker::v1::StreamMarketDataResponse message;
    std::function<void()> acknowledge;
    // Monotonic.
    std::int64_t since_ns = 0;
  };
  struct Told {
    std::string parent;
    std::uint32_t number = 0;
    order::v1::Order order;
  };
  std::deque<Step> steps_;
  std::uint64_t worked_step_ = 0;
  std::int64_t step_ns_ = 0;
  // Whose turn it was last.
  std::string turn_;
  std::vector<Told> told_;
  std::map<std::string, std::uint64_t> executed_;
  std::atomic<bool> market_waits_{false};
  // Whoever waits for what is asked of the market, by the question's number.
  std::map<std::uint64_t, WithTerms> asking_;
  std::uint64_t last_question_ = 0;
  std::optional<std::int64_t> last_tick_ns_;
  Gauge& active_;
  Counter& commit_failures_;
};

}  // namespace ballast
