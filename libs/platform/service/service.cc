#include "libs/platform/service/service.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "google/rpc/error_details.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/health/v1/health.pb.h"
#include "libs/base/absl_std.h"
#include "libs/platform/service/ending.h"
#include "libs/platform/service/one_poller.h"
#include "libs/platform/service/storage_watch.h"

extern char** environ;

namespace ballast {
namespace {

constexpr std::int64_t kPostgresWaitNs = 60'000'000'000;
// After the drain everything is answered and every stream of ours is ended: what is still open waits for nothing, a
// client that watches our health for instance. The time is for answers that are on their way.
constexpr auto kLastAnswers = std::chrono::milliseconds(200);

std::map<std::string, std::string> Environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    std::string_view text(*entry);
    std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) variables[std::string(text.substr(0, equals))] = text.substr(equals + 1);
  }
  return variables;
}

absl::StatusOr<Secret> ReadSecret(const std::string& path) {
  if (path.empty()) return Secret();
  std::ifstream file(path);
  std::string text;
  if (!file || !std::getline(file, text)) return absl::NotFoundError(ToAbsl("cannot read the secret in " + path));
  return Secret(std::move(text));
}

struct Flags {
  std::string config;
  bool check_config = false;
  bool check_data = false;
  bool health_check = false;
  bool print_schema = false;
  bool version = false;
  bool help = false;
  std::string problem;
};

Flags ParseFlags(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--config" && i + 1 < argc)
      flags.config = argv[++i];
    else if (argument.starts_with("--config="))
      flags.config = argument.substr(9);
    else if (argument == "--check-config")
      flags.check_config = true;
    else if (argument == "--check-data")
      flags.check_data = true;
    else if (argument == "--health-check")
      flags.health_check = true;
    else if (argument == "--print-config-schema")
      flags.print_schema = true;
    else if (argument == "--version")
      flags.version = true;
    else if (argument == "--help")
      flags.help = true;
    else
      flags.problem = "unknown flag " + std::string(argument);
  }
  return flags;
}

// Asks the process that serves this configuration how it is; what a container's health check runs. 0: SERVING.
int CheckHealth(const Config& config) {
  std::string address = config.GetString("grpc_listen");
  // Listening on every interface includes loopback.
  for (std::string_view any : {"0.0.0.0:", "[::]:"}) {
    if (address.starts_with(any)) address = "127.0.0.1:" + address.substr(any.size());
  }
  std::unique_ptr<grpc::health::v1::Health::Stub> stub =
      grpc::health::v1::Health::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(2));
  grpc::health::v1::HealthCheckResponse response;
  grpc::Status status = stub->Check(&context, grpc::health::v1::HealthCheckRequest(), &response);
  if (!status.ok()) {
    std::fprintf(stderr, "%s does not answer: %s\n", address.c_str(), status.error_message().c_str());
    return 1;
  }
  bool serving = response.status() == grpc::health::v1::HealthCheckResponse::SERVING;
  std::printf("%s\n", serving ? "serving" : "not serving");
  return serving ? 0 : 1;
}

int Fail(Logger& log, const char* event, const absl::Status& status) {
  log.Critical(event, {{"error", status.ToString()}});
  return 1;
}

// Serves until a signal or a failure; returns the exit code. `limit` is set when the end begins and outlives everything
// made here: a Postgres that hangs may hold a thread for longer than anybody waits for us.
int Serve(const ServiceSpec& spec, const Config& config, Logger& log, const sigset_t& signals,
          std::unique_ptr<EndInTime>& limit) {
  // Debian's Abseil keeps a graph of every lock gRPC takes, in search of deadlocks.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  SystemClock clock;
  Metrics metrics;
  auto starting = std::make_unique<EndOnSignal>(signals, log);
  log.Info("service.starting", {{"version", kVersion}});
  metrics.GetGauge("ballast_build_info", "1; the version is a label", {{"version", kVersion}, {"service", spec.name}})
      .Set(1);
  absl::StatusOr<int> metrics_port = metrics.Listen(config.GetString("metrics_listen"));
  if (!metrics_port.ok()) return Fail(log, "service.metrics_failed", metrics_port.status());

  absl::StatusOr<Secret> password = ReadSecret(config.GetString("postgres_password_file"));
  if (!password.ok()) return Fail(log, "service.secret_failed", password.status());
  absl::StatusOr<Secret> redis_password = ReadSecret(config.GetString("redis_password_file"));
  if (!redis_password.ok()) return Fail(log, "service.secret_failed", redis_password.status());
  const std::string& user = config.GetString("postgres_user");
  Database database({.host = config.GetString("postgres_host"),
                     .port = static_cast<int>(config.GetInt("postgres_port")),
                     .database = config.GetString("postgres_database"),
                     .user = user.empty() ? "ballast_" + spec.name : user,
                     .password = *password,
                     .schema = spec.name,
                     .application_name = "ballast_" + spec.name,
                     .connections_max = static_cast<int>(config.GetInt("postgres_connections")),
                     .statement_timeout_ms = config.GetInt("postgres_statement_ms_max"),
                     .lock_timeout_ms = config.GetInt("postgres_lock_ms_max"),
                     .idle_in_transaction_timeout_ms = config.GetInt("postgres_idle_in_transaction_ms_max"),
                     .peer_timeout_ms = config.GetInt("postgres_peer_ms_max")});
  if (spec.stores) {
    if (absl::Status status = database.WaitReachable(kPostgresWaitNs); !status.ok()) {
      return Fail(log, "service.postgres_unreachable", status);
    }
    if (absl::Status status = database.Migrate(spec.migrations); !status.ok()) {
      return Fail(log, "service.migration_failed", status);
    }
  }
  RedisCache redis({.address = spec.stores ? config.GetString("redis_address") : "",
                    .password = *redis_password,
                    .name = spec.name});

  std::atomic<bool> failed{false};
  ServiceContext context{.config = config,
                         .log = log,
                         .metrics = metrics,
                         .clock = clock,
                         .database = database,
                         .redis = redis,
                         .fail = [&](const std::string& why) {
                           log.Critical("service.failed", {{"error", why}});
                           failed = true;
                         }};
  std::unique_ptr<Service> service = spec.make(context);
  std::int64_t started = clock.MonotonicNanos();
  if (absl::Status status = service->Recover(); !status.ok()) return Fail(log, "service.recovery_failed", status);

  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  // Named so that the linker keeps them: reflection then describes health and error details too.
  (void)grpc::health::v1::HealthCheckRequest::descriptor();
  (void)google::rpc::ErrorInfo::descriptor();
  grpc::ServerBuilder builder;
  int port = 0;
  const std::string& listen = config.GetString("grpc_listen");
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port);
  builder.SetMaxReceiveMessageSize(16 << 20);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  std::vector<grpc::Service*> grpc_services = service->GrpcServices();
  for (grpc::Service* grpc_service : grpc_services) builder.RegisterService(grpc_service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server || port == 0) {
    return Fail(log, "service.listen_failed", absl::UnavailableError(ToAbsl("cannot listen on " + listen)));
  }
  server->GetHealthCheckService()->SetServingStatus(false);
  if (absl::Status status = service->Start(); !status.ok()) {
    service->Drain();
    return Fail(log, "service.start_failed", status);
  }
  std::unique_ptr<OnePoller> one_poller;
  if (OnePoller::Serves(std::thread::hardware_concurrency())) one_poller = std::make_unique<OnePoller>();
  redis.Start();
  StorageWatch storage(database, log, metrics);
  if (spec.stores) storage.Start();
  log.Info("service.started", {{"version", kVersion},
                               {"grpc_port", std::to_string(port)},
                               {"metrics_port", std::to_string(*metrics_port)},
                               {"recovery_ms", std::to_string((clock.MonotonicNanos() - started) / 1'000'000)}});

  starting.reset();  // from here on a signal is for the loop below
  bool serving = false;
  Gauge& ready_gauge = metrics.GetGauge("ballast_service_ready", "1 while the service serves", {});
  int signal_number = 0;
  while (!failed) {
    if (bool ready = service->Ready() && storage.ok(); ready != serving) {
      serving = ready;
      server->GetHealthCheckService()->SetServingStatus(serving);
      ready_gauge.Set(serving ? 1 : 0);
      log.Info(serving ? "service.serving" : "service.not_serving", {});
    }
    timespec period{0, 100'000'000};
    signal_number = sigtimedwait(&signals, nullptr, &period);
    if (signal_number > 0) break;
  }
  log.Info("service.draining", {{"signal", std::to_string(signal_number)}});
  std::int64_t draining = clock.MonotonicNanos();
  limit = std::make_unique<EndInTime>(config.GetInt("drain_ms_max") * 1'000'000, log);
  server->GetHealthCheckService()->SetServingStatus(false);
  service->Drain();
  std::int64_t drained = clock.MonotonicNanos();
  storage.Stop();
  redis.Stop();
  server->Shutdown(std::chrono::system_clock::now() + kLastAnswers);
  server->Wait();
  metrics.Close();
  log.Info("service.stopped", {{"drain_ms", std::to_string((drained - draining) / 1'000'000)},
                               {"close_ms", std::to_string((clock.MonotonicNanos() - drained) / 1'000'000)}});
  return failed ? 1 : 0;
}

}  // namespace

UtcTime SystemClock::Now() const {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return UtcTime{static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec};
}

std::int64_t SystemClock::MonotonicNanos() const {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

int RunService(int argc, char** argv, const ServiceSpec& spec) {
  // A channel no call waits on is looked at this often (gRPC's own default is 5 s): a peer that is back is found at
  // once. Before gRPC is first used.
  setenv("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", "100", 0);
  Flags flags = ParseFlags(argc, argv);
  if (flags.help || !flags.problem.empty()) {
    std::fprintf(flags.help ? stdout : stderr,
                 "%s%sballast-%s [--config FILE] [--check-config] [--check-data] [--health-check] "
                 "[--print-config-schema] [--version]\n",
                 flags.problem.c_str(), flags.problem.empty() ? "" : "\n", spec.name.c_str());
    return flags.help ? 0 : 2;
  }
  if (flags.version) {
    std::printf("%s %s\n", spec.name.c_str(), kVersion);
    return 0;
  }
  if (flags.print_schema) {
    std::fputs(DescribeKnobs(spec.name, spec.knobs).c_str(), stdout);
    return 0;
  }
  absl::StatusOr<Config> config = Config::Load(spec.name, spec.knobs, flags.config, Environment());
  if (!config.ok()) {
    std::fprintf(stderr, "%s\n", MessageOf(config.status()).c_str());
    return 2;
  }
  if (flags.check_config) return 0;
  if (flags.check_data) {
    if (spec.check_data) return spec.check_data(*config);
    std::fprintf(stderr, "%s reads no data\n", spec.name.c_str());
    return 2;
  }
  if (flags.health_check) return CheckHealth(*config);

  // Before the first thread, so that every thread inherits the mask and only this one sees the signals.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  std::unique_ptr<Logger> log;
  absl::Status opened = Logger::Make(
      {.service = spec.name, .directory = config->GetString("log_directory"), .level = config->GetString("log_level")},
      &log);
  if (!opened.ok()) {
    std::fprintf(stderr, "%s\n", MessageOf(opened).c_str());
    return 2;
  }
  std::unique_ptr<EndInTime> limit;
  return Serve(spec, *config, *log, signals, limit);
}

}  // namespace ballast
