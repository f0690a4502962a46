#include "services/strategy_runner/shell.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "libs/base/absl_std.h"
#include "libs/platform/config/token_file.h"
#include "libs/platform/grpc/client_stream.h"
#include "libs/platform/thread/answered.h"
#include "libs/runtime/worker.h"
#include "services/strategy_runner/algo_house.h"
#include "services/strategy_runner/backtest_grpc.h"
#include "services/strategy_runner/day_end_codec.h"
#include "services/strategy_runner/elsewhere_grpc.h"
#include "services/strategy_runner/external_grpc.h"
#include "services/strategy_runner/graduation_grpc.h"
#include "services/strategy_runner/grpc_account_neighbours.h"
#include "services/strategy_runner/grpc_adapter.h"
#include "services/strategy_runner/grpc_neighbours.h"
#include "services/strategy_runner/order_quality_follower.h"
#include "services/strategy_runner/postgres_store.h"
#include "services/strategy_runner/rule_grpc.h"
#include "services/strategy_runner/runner.h"
#include "services/strategy_runner/session_grpc.h"

namespace ballast {

std::vector<Migration> Migrations_strategy_runner();

namespace {

using MarketClient = BidiClient<broker::v1::StreamMarketDataRequest, broker::v1::StreamMarketDataResponse>;
using EventReader = StreamReader<order::v1::StreamOrderEventsResponse>;

BacktestDesk::Options BacktestOptions(const Config& config) {
  namespace fs = std::filesystem;
  std::error_code failed;
  std::string program = config.GetString("backtest_program");
  // Beside this one.
  if (program.empty())
    program = (fs::read_symlink("/proc/self/exe", failed).parent_path() / "ballast-backtest").string();
  const std::string& run = config.GetString("run_directory");
  fs::path folder = run.empty() ? fs::temp_directory_path(failed) / "ballast-backtests" : fs::path(run) / "backtests";
  int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  auto threads = static_cast<int>(config.GetInt("backtest_threads"));
  return {.program = program,
          .data = config.GetString("backtest_data"),
          .data_address = config.GetString("broker_gateway_address"),
          .folder = folder,
          .at_once = static_cast<int>(config.GetInt("backtests_at_once")),
          .threads = threads > 0 ? threads : std::max(1, cores / 2),
          .memory_mb = config.GetInt("backtest_memory_mb"),
          .seconds_max = config.GetInt("backtest_seconds_max"),
          .kept_max = config.GetInt("backtests_kept")};
}

class StrategyRunnerShell : public Service {
 public:
  explicit StrategyRunnerShell(ServiceContext& context)
      : context_(context),
        store_(context.database),
        rule_store_(context.database),
        external_store_(context.database),
        rules_(shelf_, rule_store_, context.clock, context.log),
        backtest_shelf_(shelf_),
        backtests_(BacktestOptions(context.config), {.database = context.database,
                                                     .rules = shelf_,
                                                     .shelf = backtest_shelf_,
                                                     .clock = context.clock,
                                                     .log = context.log,
                                                     .metrics = context.metrics,
                                                     .fail = context.fail}),
        backtest_grpc_(backtests_, shelf_, context.config.GetString("backtest_data")),
        neighbours_(context.config, backtest_shelf_),
        order_quality_(context, neighbours_),
        algo_(context, neighbours_, gate_, order_quality_.store(), [this] { return runner_->Places(); }),
        account_neighbours_(context.config),
        events_(EventReader::Callbacks{
            .open =
                [this](grpc::ClientContext* call, auto* reactor) {
                  order::v1::StreamOrderEventsRequest request;
                  request.set_omit_checks(true);
                  request.set_deployments_only(true);
                  for (const auto& [account, sequence] : runner_->Cursors()) {
                    (*request.mutable_after_sequences())[account] = sequence;
                  }
                  auto kept = std::make_shared<const order::v1::StreamOrderEventsRequest>(std::move(request));
                  neighbours_.orders().async()->StreamOrderEvents(call, kept.get(), reactor);
                  return kept;
                },
            .on_message = [this](order::v1::StreamOrderEventsResponse& response) { return OnEvents(response); },
            .on_disconnected =
                [this](const absl::Status& status) {
                  context_.log.Warning("orders.stream_lost", {{"error", status.ToString()}});
                  runner_->OnEventsLost();
                }}),
        market_(MarketClient::Callbacks{
            .open = [this](grpc::ClientContext* call,
                           auto* reactor) { neighbours_.market().async()->StreamMarketData(call, reactor); },
            .on_open =
                [](const std::function<void(broker::v1::StreamMarketDataRequest)>& send) {
                  broker::v1::StreamMarketDataRequest request;
                  broker::v1::Subscribe& subscribe = *request.mutable_subscribe();
                  subscribe.set_subscriber("strategy_runner");
                  subscribe.set_lockstep(true);
                  subscribe.set_phase(1);
                  for (const char* timeframe : {"1s", "5s", "15s", "1m", "5m", "15m", "1h", "1d"})
                    subscribe.add_timeframes(timeframe);
                  send(std::move(request));
                },
            .on_message =
                [this](broker::v1::StreamMarketDataResponse& step) {
                  // Before an order can be made of it.
                  order_quality_.OnStep(step);
                  std::function<void()> acknowledge;
                  if (step.lockstep()) {
                    acknowledge = [this, number = step.step()] {
                      broker::v1::StreamMarketDataRequest request;
                      request.mutable_acknowledge()->set_step(number);
                      // Not connected any more: the step comes again with the next connection.
                      (void)market_.Send(std::move(request));
                    };
                  }
                  return runner_->OnStep(std::move(step), std::move(acknowledge));
                },
            .on_disconnected =
                [this](const absl::Status& status) {
                  context_.log.Warning("market.stream_lost", {{"error", status.ToString()}});
                  order_quality_.OnMarketLost();
                  runner_->OnMarketLost();
                }}) {}

  absl::Status Recover() override {
    // Before the deployments: theirs may be of them.
    RETURN_IF_ERROR(rules_.Recover());
    RETURN_IF_ERROR(order_quality_.Recover());
    RETURN_IF_ERROR(algo_.Recover());
    RETURN_IF_ERROR(RecoverExternal());
    ASSIGN_OR_RETURN(ElsewherePolicies elsewhere, ElsewherePolicies::Of(context_.config.GetStringList("elsewhere")));
    elsewhere_ =
        std::make_unique<ElsewhereGrpc>(context_, std::move(elsewhere), neighbours_, account_neighbours_, gate_);
    RETURN_IF_ERROR(elsewhere_->Recover());
    RETURN_IF_ERROR(backtests_.Recover());
    Runner::Options options;
    options.external_window_ns = context_.config.GetInt("external_answer_ms") * 1'000'000;
    for (const std::string& text : context_.config.GetStringList("deployments")) {
      if (text.empty()) continue;
      ASSIGN_OR_RETURN(ConfiguredDeployment configured, ParseDeployment(text, shelf_));
      options.configured.push_back(std::move(configured));
    }
    for (const std::string& text : context_.config.GetStringList("day_end")) {
      if (text.empty()) continue;
      ASSIGN_OR_RETURN(session::v1::DayEndPolicy policy, ParseDayEnd(text));
      options.day_ends.push_back(std::move(policy));
    }
    options.on_settled = [this] { market_.Start(); };
    runner_ = std::make_unique<Runner>(std::move(options), Runner::Ports{.store = store_,
                                                                         .neighbours = neighbours_,
                                                                         .accounts = account_neighbours_,
                                                                         .shelf = shelf_,
                                                                         .gate = gate_,
                                                                         .clock = context_.clock,
                                                                         .log = context_.log,
                                                                         .metrics = context_.metrics,
                                                                         .fail = context_.fail});
    worker_ = std::make_unique<runtime::Worker>(*runner_, context_.clock);
    grpc_ = std::make_unique<StrategyGrpc>(*runner_, store_, neighbours_, shelf_);
    Secret token;
    // Without one the suite runs, and takes no external strategy.
    if (const std::string& path = context_.config.GetString("token_file"); !path.empty()) {
      ASSIGN_OR_RETURN(token, ReadTokenFile(path));
    }
    external_ = std::make_unique<ExternalGrpc>(std::move(token), shelf_.external(), external_store_, *runner_,
                                               context_.clock, context_.log);
    graduations_ = std::make_unique<GraduationGrpc>(*runner_, neighbours_, shelf_);
    sessions_ = std::make_unique<SessionGrpc>(*runner_, neighbours_, context_.database);
    return runner_->Recover();
  }
  std::vector<grpc::Service*> GrpcServices() override {
    std::vector<grpc::Service*> services = {grpc_.get(),        &rules_,         external_.get(), sessions_.get(),
                                            graduations_.get(), &backtest_grpc_, elsewhere_.get()};
    for (grpc::Service* service : algo_.services()) services.push_back(service);
    return services;
  }
  absl::Status Start() override {
    grpc_->Start();
    rules_.Start();
    external_->Start();
    sessions_->Start();
    backtests_.Start();
    worker_->Start();
    events_.Start();
    order_quality_.Start();
    algo_.Start();
    elsewhere_->Start();
    return absl::OkStatus();
  }
  bool Ready() override { return runner_->Ready(); }
  void Drain() override {
    // The runner first: it finishes what its readers wait for.
    worker_->Drain();
    algo_.Drain();
    elsewhere_->Stop();
    order_quality_.Stop();
    events_.Stop();
    market_.Stop();
    neighbours_.Stop();
    account_neighbours_.Stop();
    grpc_->Stop();
    rules_.Stop();
    external_->Stop();
    sessions_->Stop();
    backtests_.Stop();
  }

 private:
  absl::Status RecoverExternal() {
    RETURN_IF_ERROR(external_store_.Fence());
    ASSIGN_OR_RETURN(std::vector<ExternalRow> rows, external_store_.Load());
    for (const ExternalRow& row : rows) {
      // One that this version cannot read is not offered.
      if (absl::Status put = shelf_.external().Put(row); !put.ok())
        context_.log.Error("external.unreadable", {{"strategy", row.registration.name()}, {"error", put.ToString()}});
    }
    return absl::OkStatus();
  }
  // The order log's reader thread: waits until the events are durable.
  bool OnEvents(const order::v1::StreamOrderEventsResponse& response) {
    return Answered<bool>([&](std::function<void(bool)> done) {
      // Not owned: this thread waits until it is done with.
      runner_->OnEvents({std::shared_ptr<void>(), &response}, std::move(done));
    });
  }

  ServiceContext& context_;
  PostgresStrategyStore store_;
  RuleStore rule_store_;
  ExternalStore external_store_;
  RuleShelf shelf_;
  EntryGate gate_;
  RuleStrategyGrpc rules_;
  BacktestShelf backtest_shelf_;
  BacktestDesk backtests_;
  BacktestGrpc backtest_grpc_;
  GrpcNeighbours neighbours_;
  OrderQualityFollower order_quality_;
  AlgoHouse algo_;
  GrpcAccountNeighbours account_neighbours_;
  std::unique_ptr<ElsewhereGrpc> elsewhere_;
  std::unique_ptr<Runner> runner_;
  std::unique_ptr<runtime::Worker> worker_;
  std::unique_ptr<StrategyGrpc> grpc_;
  std::unique_ptr<ExternalGrpc> external_;
  std::unique_ptr<SessionGrpc> sessions_;
  std::unique_ptr<GraduationGrpc> graduations_;
  EventReader events_;
  MarketClient market_;
};

}  // namespace

ServiceSpec StrategyRunnerSpec() {
  return {
      .name = "strategy_runner",
      .knobs = {{.name = "deployments",
                 .type = KnobType::kStringList,
                 .default_value = "",
                 .help = "deployments created at the first start: "
                         "id|strategy|account|symbol,symbol|timeframe|name=value,…"},
                {.name = "token_file",
                 .default_value = "",
                 .help =
                     "file with the suite's token, mode 600, for external strategies; empty: none of them is taken"},
                {.name = "external_answer_ms",
                 .type = KnobType::kInt,
                 .default_value = "2000",
                 .help = "an external strategy's bar that is not answered so long is decided without it",
                 .minimum = "50",
                 .maximum = "60000",
                 .unit = "ms"},
                {.name = "elsewhere",
                 .type = KnobType::kStringList,
                 .default_value = "",
                 .help =
                     "where orders by hand go that were not sent because their venue was down, where its session_down "
                     "is elsewhere: account|other,… or account@symbol|other,…, tried in this order"},
                {.name = "route_book_age_ms",
                 .type = KnobType::kInt,
                 .default_value = "5000",
                 .help = "a venue whose book is older is not planned with; market time",
                 .minimum = "50",
                 .maximum = "600000",
                 .unit = "ms"},
                {.name = "order_quality_kept",
                 .type = KnobType::kInt,
                 .default_value = "100000",
                 .help = "orders of which it is kept how they were executed, the newest ones; 0: nobody looks",
                 .minimum = "0",
                 .maximum = "10000000"},
                {.name = "day_end",
                 .type = KnobType::kStringList,
                 .default_value = "",
                 .help = "how accounts' days end, kept at the first start: account|XNYS|name=value,…"},
                {.name = "backtest_program",
                 .default_value = "",
                 .help = "ballast-backtest; empty: the one beside this service"},
                {.name = "backtest_data",
                 .default_value = "/usr/share/ballast/data",
                 .help = "folder of recorded minutes that backtests play"},
                {.name = "backtests_at_once",
                 .type = KnobType::kInt,
                 .default_value = "1",
                 .help = "backtests that run beside each other; others wait",
                 .minimum = "1",
                 .maximum = "64"},
                {.name = "backtest_threads",
                 .type = KnobType::kInt,
                 .default_value = "0",
                 .help = "of a sweep; 0: half of the processors",
                 .minimum = "0",
                 .maximum = "1024"},
                {.name = "backtest_memory_mb",
                 .type = KnobType::kInt,
                 .default_value = "2048",
                 .help = "address space of one backtest",
                 .minimum = "256",
                 .maximum = "1048576",
                 .unit = "MiB"},
                {.name = "backtest_seconds_max",
                 .type = KnobType::kInt,
                 .default_value = "3600",
                 .help = "one that takes longer is ended",
                 .minimum = "1",
                 .maximum = "604800",
                 .unit = "s"},
                {.name = "backtests_kept",
                 .type = KnobType::kInt,
                 .default_value = "1000",
                 .help = "with their reports; no more are taken until some are deleted",
                 .minimum = "1",
                 .maximum = "100000"}},
      .migrations = Migrations_strategy_runner(),
      .make = [](ServiceContext& context) { return std::make_unique<StrategyRunnerShell>(context); }};
}

}  // namespace ballast
