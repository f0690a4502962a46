#include "services/alerts/shell.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>

#include "ballast/order/v1/order_service.grpc.pb.h"
#include "libs/alerts/rules.h"
#include "libs/base/absl_std.h"
#include "libs/platform/grpc/channel.h"
#include "libs/platform/grpc/client_stream.h"
#include "libs/platform/thread/answered.h"
#include "libs/runtime/worker.h"
#include "services/alerts/alert_keeper.h"
#include "services/alerts/alert_machine.h"
#include "services/alerts/grpc_adapter.h"
#include "services/alerts/grpc_health_peers.h"
#include "services/alerts/health_prober.h"
#include "services/alerts/postgres_store.h"

namespace ballast {

std::vector<Migration> Migrations_alerts();

namespace {

constexpr std::array kPeers = {"order_management", "risk",       "positions", "broker_gateway", "strategy_runner",
                               "compliance_audit", "api_gateway"};
constexpr std::array kLevels = {"", "INFO", "WARNING", "ERROR", "CRITICAL"};

std::string DefaultWatched() {
  std::string list;
  for (const char* peer : kPeers) list += (list.empty() ? "" : ";") + std::string(peer);
  return list;
}

AlertKeeper::Options KeeperOptions(const Config& config) {
  AlertKeeper::Options options;
  options.folder.window = Duration::Seconds(config.GetInt("fold_window_s"));
  options.folder.info_per_minute_max = config.GetInt("info_per_minute_max");
  auto level = std::find(kLevels.begin(), kLevels.end(), config.GetString("log_channel_level"));
  if (level != kLevels.end()) options.log_level_min = static_cast<alerts::AlertLevel>(level - kLevels.begin());
  return options;
}

HealthProber::Options ProberOptions(const Config& config) {
  HealthProber::Options options;
  options.period_ms = config.GetInt("health_period_ms");
  options.watch.failures_max = static_cast<int>(config.GetInt("health_failures_max"));
  options.watch.start_grace_ns = config.GetInt("health_start_grace_ms") * 1'000'000;
  return options;
}

std::vector<GrpcHealthPeers::Peer> PeersOf(const Config& config) {
  std::vector<GrpcHealthPeers::Peer> peers;
  for (const std::string& name : config.GetStringList("watched")) {
    // What is in no list is refused by Recover().
    if (std::find(kPeers.begin(), kPeers.end(), name) == kPeers.end()) continue;
    peers.push_back({.service = name, .address = config.GetString(name + "_address")});
  }
  return peers;
}

std::vector<std::string> NamesOf(const std::vector<GrpcHealthPeers::Peer>& peers) {
  std::vector<std::string> names;
  for (const auto& peer : peers) names.push_back(peer.service);
  return names;
}

class Alerts : public Service {
 public:
  explicit Alerts(ServiceContext& context)
      : context_(context),
        store_(context.database),
        keeper_(KeeperOptions(context.config), store_, context.clock, context.log, context.metrics, context.fail),
        machine_(keeper_, context.clock, context.log),
        worker_(machine_, context.clock),
        peers_(context.config.GetInt("health_deadline_ms"), PeersOf(context.config)),
        prober_(ProberOptions(context.config), NamesOf(PeersOf(context.config)),
                {.peers = peers_,
                 .clock = context.clock,
                 .log = context.log,
                 .metrics = context.metrics,
                 .tell = [this](alerts::Alert fact) { machine_.Tell(std::move(fact)); },
                 .on_round = [this] { keeper_.Heartbeat(); }}),
        prober_worker_(prober_, context.clock),
        grpc_(machine_, store_),
        orders_(order::v1::OrderService::NewStub(MakeChannel(context.config.GetString("order_management_address")))),
        events_({.open =
                     [this](grpc::ClientContext* call, auto* reactor) {
                       order::v1::StreamOrderEventsRequest request;
                       request.set_relaxed(true);
                       request.set_omit_checks(true);
                       for (int type = 0; type <= order::v1::OrderEventType_MAX; ++type) {
                         if (alerts::IsTold(static_cast<OrderEventType>(type)))
                           request.add_whole_types(static_cast<order::v1::OrderEventType>(type));
                       }
                       for (const auto& [account, sequence] : keeper_.Cursors()) {
                         (*request.mutable_after_sequences())[account] = sequence;
                       }
                       auto kept = std::make_shared<const order::v1::StreamOrderEventsRequest>(std::move(request));
                       orders_->async()->StreamOrderEvents(call, kept.get(), reactor);
                       return kept;
                     },
                 .on_message = [this](order::v1::StreamOrderEventsResponse& batch) { return OnOrderEvents(batch); },
                 .on_disconnected =
                     [&log = context.log](const absl::Status& status) {
                       // Away or restarting is ordinary; anything else (a cursor beyond the log) needs somebody.
                       if (!absl::IsUnavailable(status) && !absl::IsCancelled(status)) {
                         log.Error("alert.order_stream_ended", {{"error", status.ToString()}});
                       }
                     }}) {}

  absl::Status Recover() override {
    for (const std::string& name : context_.config.GetStringList("watched")) {
      if (std::find(kPeers.begin(), kPeers.end(), name) == kPeers.end()) {
        return absl::InvalidArgumentError(ToAbsl("watched: there is no service " + name));
      }
    }
    const std::string& level = context_.config.GetString("log_channel_level");
    if (level.empty() || std::find(kLevels.begin(), kLevels.end(), level) == kLevels.end()) {
      return absl::InvalidArgumentError(ToAbsl("log_channel_level: '" + level + "' is no level"));
    }
    RETURN_IF_ERROR(keeper_.Recover());
    ASSIGN_OR_RETURN(std::vector<alerts::Alert> system, store_.LoadSystem());
    for (const alerts::Alert& alert : system) prober_.Restore(alert);
    return absl::OkStatus();
  }
  std::vector<grpc::Service*> GrpcServices() override { return {&grpc_}; }
  absl::Status Start() override {
    worker_.Start();
    events_.Start();
    prober_worker_.Start();
    return absl::OkStatus();
  }
  void Drain() override {
    // Who tells it something goes first; what its readers wait for it finishes.
    prober_worker_.Drain();
    worker_.Drain();
    events_.Stop();
  }

 private:
  // The order log's reader thread: waits until the events are stored.
  bool OnOrderEvents(const order::v1::StreamOrderEventsResponse& batch) {
    return Answered<bool>([&](std::function<void(bool)> done) {
      // Not owned: this thread waits until it is done with.
      machine_.OnOrderEvents({std::shared_ptr<void>(), &batch}, std::move(done));
    });
  }

  ServiceContext& context_;
  PostgresAlertStore store_;
  AlertKeeper keeper_;
  AlertMachine machine_;
  runtime::Worker worker_;
  GrpcHealthPeers peers_;
  HealthProber prober_;
  runtime::Worker prober_worker_;
  AlertGrpc grpc_;
  std::unique_ptr<order::v1::OrderService::Stub> orders_;
  StreamReader<order::v1::StreamOrderEventsResponse> events_;
};

}  // namespace

ServiceSpec AlertsSpec() {
  return {.name = "alerts",
          .knobs = {{.name = "watched",
                     .type = KnobType::kStringList,
                     .default_value = DefaultWatched(),
                     .help = "services whose health is watched, at <service>_address"},
                    {.name = "health_period_ms",
                     .type = KnobType::kInt,
                     .default_value = "2000",
                     .help = "from one round of checks, and heartbeat of the stream, to the next",
                     .minimum = "100",
                     .maximum = "3000",
                     .unit = "ms"},
                    {.name = "health_deadline_ms",
                     .type = KnobType::kInt,
                     .default_value = "1000",
                     .help = "for one answer",
                     .minimum = "50",
                     .maximum = "3000",
                     .unit = "ms"},
                    {.name = "health_failures_max",
                     .type = KnobType::kInt,
                     .default_value = "2",
                     .help = "failed checks in a row until there is an alert",
                     .minimum = "1",
                     .maximum = "100"},
                    {.name = "health_start_grace_ms",
                     .type = KnobType::kInt,
                     .default_value = "30000",
                     .help = "time a service has to serve for the first time",
                     .minimum = "0",
                     .maximum = "600000",
                     .unit = "ms"},
                    {.name = "fold_window_s",
                     .type = KnobType::kInt,
                     .default_value = "60",
                     .help = "equal alerts within it become one with a count",
                     .minimum = "1",
                     .maximum = "86400",
                     .unit = "s"},
                    {.name = "info_per_minute_max",
                     .type = KnobType::kInt,
                     .default_value = "30",
                     .help = "new INFO alerts a minute and type; more of them become one with a count",
                     .minimum = "1",
                     .maximum = "100000"},
                    {.name = "log_channel_level",
                     .default_value = "INFO",
                     .help = "alerts from this level on are written to the log: INFO, WARNING, ERROR or CRITICAL"}},
          .migrations = Migrations_alerts(),
          .make = [](ServiceContext& context) { return std::make_unique<Alerts>(context); }};
}

}  // namespace ballast
