#include "services/api_gateway/shell.h"

#include <grpcpp/client_context.h>

#include "libs/base/absl_std.h"
#include "libs/platform/config/token_file.h"
#include "libs/platform/http/http_server.h"
#include "libs/platform/http/url.h"
#include "services/api_gateway/api.h"
#include "services/api_gateway/emergency_calls.h"
#include "services/api_gateway/feeds.h"
#include "services/api_gateway/grpc_adapter.h"
#include "services/api_gateway/status_board.h"
#include "services/api_gateway/stream_hub.h"

namespace ballast {
namespace {

constexpr std::int64_t kDrainNs = 6'000'000'000;

// The file that the knob names; when it names none, the token file's name and `suffix`.
std::string FileBeside(ServiceContext& context, const char* knob, const char* suffix) {
  const std::string& path = context.config.GetString(knob);
  return path.empty() ? context.config.GetString("token_file") + suffix : path;
}

class GatewayShell : public Service {
 public:
  explicit GatewayShell(ServiceContext& context)
      : context_(context),
        default_account_(context.config.GetString("default_account")),
        peers_(context.config),
        hub_({.default_account = default_account_,
              .status = [this] { return StatusRow(); },
              .session_holds =
                  [this](const std::string& cookie) {
                    return sessions_ && sessions_->CsrfOf(cookie, context_.clock.Now().nanos).has_value();
                  }},
             context.clock, context.metrics),
        feeds_(peers_, hub_, context.clock, context.log, default_account_),
        board_({.default_account = default_account_,
                .own_address = context.config.GetString("grpc_listen"),
                .on_account = [this](const std::string& account_id) { feeds_.AddAccount(account_id); }},
               peers_, context.clock, context.log, context.metrics),
        audit_([this](const audit::v1::AppendRecordRequest& record) { return AppendRecord(record); },
               FileBeside(context, "audit_file", ".audit"), context.log, context.metrics),
        emergencies_(EmergencyCalls(peers_), EmergencyFile(FileBeside(context, "emergency_file", ".emergencies")),
                     context.clock, context.log),
        scoped_stops_(peers_, audit_, continuations_,
                      ScopedStopFile(FileBeside(context, "scoped_stop_file", ".scoped_stops")), context.clock,
                      context.log),
        grpc_([this] { return Status(); }, emergencies_, continuations_, default_account_) {}

  absl::Status Recover() override {
    const std::string& listen = context_.config.GetString("http_listen");
    bool allow_remote = context_.config.GetBool("allow_remote");
    if (!allow_remote && !IsLoopbackHost(SplitHostPort(listen).first)) {
      return absl::FailedPreconditionError(
          ToAbsl("api_gateway.http_listen is " + listen +
                 ", which others can reach; that needs api_gateway.allow_remote: true"));
    }
    ASSIGN_OR_RETURN(Secret token, ReadTokenFile(context_.config.GetString("token_file")));
    // Trading goes on without its page.
    if (absl::Status loaded = files_.Load(context_.config.GetString("web_root"));
        !loaded.ok() || !files_.has_dashboard()) {
      context_.log.Warning("dashboard.not_built",
                           {{"web_root", context_.config.GetString("web_root")}, {"error", MessageOf(loaded)}});
    }
    LoadSessions(std::move(token));
    audit_.Recover();
    gateway_ = std::make_unique<Gateway>(
        Gateway{.default_account = default_account_,
                .hosts = {.allow_remote = allow_remote, .names = context_.config.GetStringList("allowed_hosts")},
                .log = context_.log,
                .metrics = context_.metrics,
                .clock = context_.clock,
                .peers = peers_,
                .sessions = *sessions_,
                .audit = audit_,
                .continuations = continuations_,
                .emergencies = emergencies_,
                .scoped_stops = scoped_stops_,
                .files = files_,
                .status = [this] { return Status(); },
                .account_of_deployment =
                    [this](const std::string& id) {
                      return hub_.With([&](LiveModel& model) { return model.AccountOfDeployment(id); });
                    },
                .knows_account = [this](const std::string& account_id) { return board_.Knows(account_id); },
                .known_accounts = [this] { return board_.Accounts(); },
                .quote_row = [this](const broker::v1::Quote& quote) { return hub_.QuoteRow(quote); },
                .ready = [this] { return board_.Serves("order_management"); },
                .emergency_ms_max = context_.config.GetInt("emergency_ms_max")});
    api_ = std::make_unique<Api>(*gateway_);
    server_ = std::make_unique<HttpServer>(HttpServer::Options{
        .listen = listen,
        .on_request = [this](HttpRequest request,
                             HttpResponder responder) { api_->Handle(std::move(request), std::move(responder)); },
        .on_upgrade =
            [this](const HttpRequest& request) {
              if (auto refused = api_->RefuseUpgrade(request)) {
                return UpgradeAnswer{.accepted = false, .events = {}, .refusal = std::move(*refused)};
              }
              return hub_.Accept(request, SessionCookieOf(request));
            },
        .error_page = Api::ErrorPage});
    return absl::OkStatus();
  }

  std::vector<grpc::Service*> GrpcServices() override { return {&grpc_}; }

  absl::Status Start() override {
    audit_.Start();
    continuations_.Start();
    emergencies_.Start();
    scoped_stops_.Start();
    hub_.Start();
    feeds_.Start();
    board_.Start();
    ASSIGN_OR_RETURN(int port, server_->Start());
    context_.log.Info("http.listening",
                      {{"address", context_.config.GetString("http_listen")}, {"port", std::to_string(port)}});
    return absl::OkStatus();
  }

  void Drain() override {
    // What is under way is answered first; then nobody is left to ask.
    if (api_) api_->WaitForCalls(kDrainNs);
    if (server_) server_->Stop();
    emergencies_.Stop();
    scoped_stops_.Stop();
    board_.Stop();
    feeds_.Stop();
    hub_.Stop();
    if (api_) api_->WaitForCalls(kDrainNs);
    continuations_.Stop();
    audit_.Stop();
  }

 private:
  // Nobody is kept out of their own house by a broken file: they sign in again.
  void LoadSessions(Secret token) {
    SessionFile file(FileBeside(context_, "session_file", ".sessions"));
    absl::StatusOr<SessionTable> kept = file.Load();
    if (!kept.ok()) context_.log.Warning("session.file_unusable", {{"error", MessageOf(kept.status())}});
    sessions_ = std::make_unique<Sessions>(std::move(token), kept.ok() ? *std::move(kept) : SessionTable(),
                                           [file](const SessionTable& table) { return file.Save(table); });
  }
  gateway::v1::GetStatusResponse Status() {
    gateway::v1::GetStatusResponse status;
    board_.Fill(&status);
    hub_.With([&](LiveModel& model) { model.FillStatus(&status); });
    for (gateway::v1::EmergencyState& state : emergencies_.List()) *status.add_emergencies() = std::move(state);
    return status;
  }
  // The stream has rows of their own for what is inside the full status.
  std::string StatusRow() {
    Json row = ToJson(Status());
    for (const char* name : {"summary", "positions", "deployments"}) row.erase(name);
    return row.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  bool AppendRecord(const audit::v1::AppendRecordRequest& record) {
    grpc::ClientContext call;
    call.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(2));
    audit::v1::AppendRecordResponse response;
    grpc::Status status = peers_.audit.stub->AppendRecord(&call, record, &response);
    // What can never be taken is not tried for ever: malformed, or its request id has another record.
    if (status.error_code() == grpc::INVALID_ARGUMENT || status.error_code() == grpc::ALREADY_EXISTS) {
      context_.log.Error("audit.refused", {{"action", record.action()}, {"error", status.error_message()}});
      return true;
    }
    return status.ok();
  }

  ServiceContext& context_;
  const std::string default_account_;
  Peers peers_;
  StreamHub hub_;
  Feeds feeds_;
  StatusBoard board_;
  AuditTrail audit_;
  // Outlived by nothing that brings it work: gRPC's calls have ended by then.
  Continuations continuations_;
  EmergencyBoard emergencies_;
  ScopedStops scoped_stops_;
  StaticFiles files_;
  std::unique_ptr<Sessions> sessions_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<HttpServer> server_;
  GatewayGrpc grpc_;
};

}  // namespace

ServiceSpec ApiGatewaySpec() {
  return {
      .name = "api_gateway",
      .knobs = {{.name = "http_listen",
                 .default_value = "127.0.0.1:8080",
                 .help = "host:port of REST, WebSocket and dashboard"},
                {.name = "web_root",
                 .default_value = "",
                 .help = "folder of the built dashboard; empty: a page that says so"},
                {.name = "token_file", .default_value = "", .help = "file with the access token, mode 600"},
                {.name = "session_file",
                 .default_value = "",
                 .help = "file that keeps sessions over a restart; empty: <token_file>.sessions"},
                {.name = "emergency_file",
                 .default_value = "",
                 .help = "file that keeps emergency commands over a restart; empty: <token_file>.emergencies"},
                {.name = "scoped_stop_file",
                 .default_value = "",
                 .help = "file that keeps the stops of deployments and orders over a restart; empty: "
                         "<token_file>.scoped_stops"},
                {.name = "audit_file",
                 .default_value = "",
                 .help = "file that keeps audit records until they are sent; empty: <token_file>.audit"},
                {.name = "allowed_hosts",
                 .type = KnobType::kStringList,
                 .default_value = "",
                 .help = "names a request may have as its Host, besides this machine's own"},
                {.name = "default_account", .default_value = "paper", .help = "account of requests that name none"},
                {.name = "allow_remote",
                 .type = KnobType::kBool,
                 .default_value = "false",
                 .help = "take connections and Host names other than this machine's; put TLS in front"},
                {.name = "emergency_ms_max",
                 .type = KnobType::kInt,
                 .default_value = "2000",
                 .help = "how long the answer to an emergency command waits for it to be done; it goes on in any case",
                 .minimum = "100",
                 .maximum = "60000",
                 .unit = "ms"}},
      .migrations = {},
      .make = [](ServiceContext& context) { return std::make_unique<GatewayShell>(context); },
      .stores = false};
}

}  // namespace ballast
