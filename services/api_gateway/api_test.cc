#include "services/api_gateway/api.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <set>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#include "libs/platform/grpc/status.h"
#include "libs/platform/http/url.h"
#include "libs/platform/service/service.h"
#include "services/api_gateway/emergency_calls.h"

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kToken[] = "a-token-that-is-long";
constexpr std::int64_t kPatienceNs = 10'000'000'000;

// Order management as far as the gateway sees it: keeps what it was asked, answers what the test wants.
class FakeOrders final : public order::v1::OrderService::Service {
 public:
  grpc::Status SubmitOrder(grpc::ServerContext*, const order::v1::SubmitOrderRequest* request,
                           order::v1::SubmitOrderResponse* response) override {
    submitted = *request;
    response->mutable_order()->set_order_id("o1");
    response->mutable_order()->set_status(denies ? order::v1::ORDER_STATUS_DENIED
                                                 : order::v1::ORDER_STATUS_PENDING_NEW);
    if (denies) {
      response->mutable_order()->mutable_rejection()->set_reason(type::v1::REJECT_REASON_MAX_POSITION);
      response->mutable_order()->mutable_rejection()->set_message("too much");
    }
    return answer;
  }
  grpc::Status GetOrder(grpc::ServerContext*, const order::v1::GetOrderRequest*,
                        order::v1::GetOrderResponse*) override {
    return {grpc::NOT_FOUND, "there is no such order"};
  }
  grpc::Status ListOrders(grpc::ServerContext*, const order::v1::ListOrdersRequest* request,
                          order::v1::ListOrdersResponse*) override {
    listed = *request;
    return grpc::Status::OK;
  }
  grpc::Status ListAccounts(grpc::ServerContext*, const order::v1::ListAccountsRequest*,
                            order::v1::ListAccountsResponse* response) override {
    for (const std::string& account : accounts) response->add_accounts()->set_account_id(account);
    return grpc::Status::OK;
  }
  grpc::Status EngageEmergency(grpc::ServerContext*, const order::v1::EngageEmergencyRequest* request,
                               order::v1::EngageEmergencyResponse* response) override {
    const std::string& account = request->command().account_id();
    steps.push_back(order::v1::EmergencyLevel_Name(request->command().level()) + " " + account);
    if (refuse_commands-- > 0) return {grpc::UNAVAILABLE, "not stored yet"};
    if (std::find(accounts.begin(), accounts.end(), account) == accounts.end()) return {grpc::NOT_FOUND, "none"};
    *response->mutable_emergency() = Progress(request->command());
    command = request->command();
    return grpc::Status::OK;
  }
  grpc::Status ListEmergencies(grpc::ServerContext*, const order::v1::ListEmergenciesRequest*,
                               order::v1::ListEmergenciesResponse* response) override {
    if (!command.command_id().empty()) *response->add_emergencies() = Progress(command);
    return grpc::Status::OK;
  }
  grpc::Status CancelAllOrders(grpc::ServerContext*, const order::v1::CancelAllOrdersRequest* request,
                               order::v1::CancelAllOrdersResponse*) override {
    MutexLock lock(mutex);
    cancelled.push_back(request->account_id() + "/" + request->deployment_id());
    return grpc::Status::OK;
  }
  std::vector<std::string> Cancelled() {
    MutexLock lock(mutex);
    return cancelled;
  }
  grpc::Status ResumeAccount(grpc::ServerContext*, const order::v1::ResumeAccountRequest* request,
                             order::v1::ResumeAccountResponse*) override {
    steps.push_back("resume " + request->account_id());
    ended.assign(request->ended_command_ids().begin(), request->ended_command_ids().end());
    return grpc::Status::OK;
  }
  order::v1::Emergency Progress(const order::v1::EmergencyCommand& of) {
    order::v1::Emergency progress;
    *progress.mutable_command() = of;
    progress.set_halted(true);
    progress.set_phase(looks_until_done-- > 0 ? order::v1::EMERGENCY_PHASE_CLOSING : order::v1::EMERGENCY_PHASE_DONE);
    if (progress.phase() == order::v1::EMERGENCY_PHASE_CLOSING) progress.set_waits_for("closing 0.5 BTC-USD");
    return progress;
  }
  Mutex mutex;
  std::vector<std::string> cancelled GUARDED_BY(mutex);
  order::v1::SubmitOrderRequest submitted;
  order::v1::ListOrdersRequest listed;
  std::vector<std::string> steps;
  std::vector<std::string> accounts = {"paper"};
  grpc::Status answer;
  bool denies = false;
  // How often a command is not taken first, and how often it is asked for before it is done.
  int refuse_commands = 0;
  int looks_until_done = 0;
  order::v1::EmergencyCommand command;
  std::vector<std::string> ended;
};

class FakeStrategies final : public strategy::v1::StrategyService::Service {
 public:
  using Deployment = strategy::v1::Deployment;
  grpc::Status ListDeployments(grpc::ServerContext*, const strategy::v1::ListDeploymentsRequest*,
                               strategy::v1::ListDeploymentsResponse* response) override {
    if (away) return {grpc::UNAVAILABLE, "away"};
    for (const char* id : {"d1", "d2"}) Fill(id, response->add_deployments());
    return grpc::Status::OK;
  }
  grpc::Status StartDeployment(grpc::ServerContext*, const strategy::v1::StartDeploymentRequest* request,
                               strategy::v1::StartDeploymentResponse* response) override {
    if (on_start) on_start();
    Fill(request->deployment_id(), response->mutable_deployment());
    return grpc::Status::OK;
  }
  grpc::Status PauseDeployment(grpc::ServerContext*, const strategy::v1::PauseDeploymentRequest* request,
                               strategy::v1::PauseDeploymentResponse* response) override {
    return Stop("pause " + request->deployment_id(), request->deployment_id(), response->mutable_deployment());
  }
  grpc::Status StopDeployment(grpc::ServerContext*, const strategy::v1::StopDeploymentRequest* request,
                              strategy::v1::StopDeploymentResponse* response) override {
    return Stop("stop " + request->deployment_id(), request->deployment_id(), response->mutable_deployment());
  }
  grpc::Status Stop(const std::string& step, const std::string& id, Deployment* deployment) {
    if (away) return {grpc::UNAVAILABLE, "away"};
    MutexLock lock(mutex);
    steps.push_back(step);
    Fill(id, deployment);
    return grpc::Status::OK;
  }
  void Fill(const std::string& id, Deployment* deployment) const {
    deployment->set_deployment_id(id);
    deployment->set_status(started_as);
    deployment->mutable_spec()->set_account_id("second");
  }
  std::vector<std::string> Steps() {
    MutexLock lock(mutex);
    return steps;
  }
  std::function<void()> on_start;
  std::atomic<bool> away = false;
  strategy::v1::DeploymentStatus started_as = strategy::v1::DEPLOYMENT_STATUS_ACTIVE;
  Mutex mutex;
  std::vector<std::string> steps GUARDED_BY(mutex);
};

class ApiTest : public ::testing::Test {
 protected:
  struct Answer {
    int status = 0;
    HttpHeaders headers;
    Json json;
    std::string body;
    [[nodiscard]] std::string Header(const std::string& name) const {
      for (const auto& [key, value] : headers) {
        if (key == name) return value;
      }
      return "";
    }
  };
  // Waits in the test's thread for the one answer.
  class Waiting : public HttpResponder::Sink {
   public:
    void Answer(HttpResponse response) override {
      MutexLock lock(mutex);
      answer = std::move(response);
      arrived.NotifyAll();
    }
    Mutex mutex;
    CondVar arrived;
    std::optional<HttpResponse> answer GUARDED_BY(mutex);
  };

  void SetUp() override {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&orders_);
    builder.RegisterService(&strategies_);
    server_ = builder.BuildAndStart();
    std::string here = "127.0.0.1:" + std::to_string(port);
    std::map<std::string, std::string> environment = {{"BALLAST_COMMON_ORDER_MANAGEMENT_ADDRESS", here},
                                                      {"BALLAST_COMMON_STRATEGY_RUNNER_ADDRESS", here}};
    // Nobody listens on port 1.
    for (const char* peer : {"RISK", "POSITIONS", "BROKER_GATEWAY", "ALERTS", "COMPLIANCE_AUDIT"}) {
      environment[std::string("BALLAST_COMMON_") + peer + "_ADDRESS"] = "127.0.0.1:1";
    }
    auto config = Config::Load("api_gateway", {}, "", environment);
    ASSERT_TRUE(config.ok()) << config.status().ToString();
    peers_.emplace(*config);
    ASSERT_TRUE(Logger::Make({.service = "api_test", .directory = "", .level = "CRITICAL"}, &log_).ok());
    folder_ = std::filesystem::temp_directory_path() / ("ballast_api_test." + std::to_string(getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    // Never started: records stay in it until Audited.
    audit_.emplace([this](const audit::v1::AppendRecordRequest& record) { return records_.push_back(record), true; },
                   (folder_ / "audit").string(), *log_, metrics_);
    ASSERT_TRUE(files_.Load("").ok());
    EmergencyBoard::Neighbours neighbours = EmergencyCalls(*peers_);
    neighbours.broker = [this](const EmergencyRecord&, bool engage) -> absl::StatusOr<std::string> {
      switched_ = engage;
      return std::string();
    };
    emergencies_.emplace(std::move(neighbours), EmergencyFile((folder_ / "emergencies").string()), clock_, *log_);
    emergencies_->Start();
    continuations_.Start();
    scoped_stops_.emplace(*peers_, *audit_, continuations_, ScopedStopFile((folder_ / "scoped_stops").string()), clock_,
                          *log_);
    scoped_stops_->Start();
    gateway_.emplace(Gateway{.default_account = "paper",
                             .hosts = {},
                             .log = *log_,
                             .metrics = metrics_,
                             .clock = clock_,
                             .peers = *peers_,
                             .sessions = sessions_,
                             .audit = *audit_,
                             .continuations = continuations_,
                             .emergencies = *emergencies_,
                             .scoped_stops = *scoped_stops_,
                             .files = files_,
                             .status = [] { return gateway::v1::GetStatusResponse(); },
                             .account_of_deployment = [this](const std::string&) { return known_account_; },
                             .knows_account = [](const std::string& account) { return account == "paper"; },
                             .known_accounts = [] { return std::set<std::string>{"paper"}; },
                             .quote_row = [](const broker::v1::Quote&) { return Json::object(); },
                             .ready = [this] { return ready_; },
                             .emergency_ms_max = 1'000});
    api_.emplace(*gateway_);
  }
  void TearDown() override {
    EXPECT_TRUE(api_->WaitForCalls(kPatienceNs));
    emergencies_->Stop();
    scoped_stops_->Stop();
    continuations_.Stop();
    server_->Shutdown();
    std::filesystem::remove_all(folder_);
  }

  Answer Send(const std::string& method, const std::string& target, const std::string& body = "",
              HttpHeaders headers = {}, bool with_token = true) {
    auto parsed = ParseTarget(target);
    headers.emplace_back("host", "127.0.0.1:8080");
    if (with_token) headers.emplace_back("authorization", std::string("Bearer ") + kToken);
    if (!body.empty()) headers.emplace_back("content-type", "application/json; charset=utf-8");
    auto waiting = std::make_shared<Waiting>();
    api_->Handle({.method = method,
                  .target = target,
                  .segments = parsed->segments,
                  .query = parsed->query,
                  .headers = std::move(headers),
                  .body = body,
                  .remote = "127.0.0.1"},
                 HttpResponder(waiting));
    MutexLock lock(waiting->mutex);
    for (std::int64_t left = kPatienceNs; !waiting->answer && left > 0; left -= 100'000'000) {
      waiting->arrived.WaitFor(waiting->mutex, 100'000'000);
    }
    if (!waiting->answer) return {};
    Answer answer{.status = waiting->answer->status,
                  .headers = waiting->answer->headers,
                  .json = {},
                  .body = waiting->answer->body};
    answer.json = Json::parse(answer.body, nullptr, false);
    return answer;
  }
  // Every error has the one shape.
  static void ExpectError(const Answer& answer, int code, const std::string& status) {
    EXPECT_EQ(answer.status, code) << answer.body;
    ASSERT_TRUE(answer.json.contains("error")) << answer.body;
    const Json& error = answer.json["error"];
    EXPECT_EQ(error["code"], code);
    EXPECT_EQ(error["status"], status);
    EXPECT_NE(error["message"], "");
    EXPECT_TRUE(error["violations"].is_array());
    EXPECT_THAT(error["reason"].get<std::string>(), HasSubstr("REJECT_REASON_"));
    EXPECT_NE(error["request_id"], "");
    EXPECT_EQ(answer.Header("X-Content-Type-Options"), "nosniff");
  }
  std::vector<std::string> Audited() {
    audit_->Start();
    audit_->Stop();
    std::vector<std::string> actions;
    for (const auto& record : records_) actions.push_back(record.action() + " " + record.actor());
    return actions;
  }

  SystemClock clock_;
  Metrics metrics_;
  FakeOrders orders_;
  FakeStrategies strategies_;
  std::unique_ptr<grpc::Server> server_;
  std::optional<Peers> peers_;
  std::unique_ptr<Logger> log_;
  std::vector<audit::v1::AppendRecordRequest> records_;
  std::optional<AuditTrail> audit_;
  Continuations continuations_;
  std::filesystem::path folder_;
  std::atomic<bool> switched_ = false;
  std::optional<EmergencyBoard> emergencies_;
  std::optional<ScopedStops> scoped_stops_;
  StaticFiles files_;
  Sessions sessions_{Secret(kToken)};
  bool ready_ = true;
  std::string known_account_;
  std::optional<Gateway> gateway_;
  std::optional<Api> api_;
};

constexpr char kOrder[] =
    R"({"request_id":"r1","symbol":"AAPL","side":"SIDE_BUY","type":"ORDER_TYPE_MARKET","quantity":"1.5","actor":"system"})";

TEST_F(ApiTest, SubmitsAnOrderInTheCallersName) {
  Answer answer = Send("POST", "/api/live/orders", kOrder);
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.json["order"]["order_id"], "o1");
  EXPECT_EQ(orders_.submitted.actor(), "user:api");
  EXPECT_EQ(orders_.submitted.account_id(), "paper");
  EXPECT_EQ(orders_.submitted.request_id(), "r1");
  EXPECT_EQ(orders_.submitted.quantity().value(), "1.5");
}

TEST_F(ApiTest, TheIdempotencyKeyMayComeAsAHeader) {
  Send("POST", "/api/live/orders", R"({"symbol":"AAPL"})", {{"idempotency-key", "k1"}});
  EXPECT_EQ(orders_.submitted.request_id(), "k1");
  ExpectError(Send("POST", "/api/live/orders", R"({"request_id":"k2"})", {{"idempotency-key", "k1"}}), 400,
              "INVALID_ARGUMENT");
}

TEST_F(ApiTest, ADeniedOrderIs422WithTheOrderBesideTheError) {
  orders_.denies = true;
  Answer answer = Send("POST", "/api/live/orders", kOrder);
  ExpectError(answer, 422, "FAILED_PRECONDITION");
  EXPECT_EQ(answer.json["error"]["reason"], "REJECT_REASON_MAX_POSITION");
  EXPECT_EQ(answer.json["error"]["message"], "too much");
  EXPECT_EQ(answer.json["order"]["status"], "ORDER_STATUS_DENIED");
  EXPECT_TRUE(answer.json["checks"].is_array());
}

TEST_F(ApiTest, AServicesViolationsArePassedOn) {
  orders_.answer = InvalidFields(
      {{.field = "limit_price", .reason = RejectReason::kPriceRequired, .message = "a limit order has a price"}});
  Answer answer = Send("POST", "/api/live/orders", kOrder);
  ExpectError(answer, 400, "INVALID_ARGUMENT");
  EXPECT_EQ(answer.json["error"]["violations"][0]["field"], "limit_price");
  EXPECT_EQ(answer.json["error"]["violations"][0]["reason"], "REJECT_REASON_PRICE_REQUIRED");
}

TEST_F(ApiTest, TranslatesTheCodesOfServices) {
  const std::pair<grpc::StatusCode, int> kCodes[] = {{grpc::ALREADY_EXISTS, 409},    {grpc::ABORTED, 409},
                                                     {grpc::NOT_FOUND, 404},         {grpc::RESOURCE_EXHAUSTED, 429},
                                                     {grpc::INTERNAL, 500},          {grpc::UNAVAILABLE, 503},
                                                     {grpc::DEADLINE_EXCEEDED, 504}, {grpc::FAILED_PRECONDITION, 422},
                                                     {grpc::PERMISSION_DENIED, 403}};
  for (const auto& [code, http] : kCodes) {
    orders_.answer = grpc::Status(code, "no");
    Answer answer = Send("POST", "/api/live/orders", kOrder);
    EXPECT_EQ(answer.status, http);
    EXPECT_EQ(answer.json["error"]["code"], http);
  }
}

TEST_F(ApiTest, AnUnreachableServiceIs503WithoutItsAddress) {
  for (const char* path : {"/api/live/risk", "/api/live/positions", "/api/alerts", "/api/audit", "/api/live/quotes"}) {
    Answer answer = Send("GET", path);
    ExpectError(answer, 503, "UNAVAILABLE");
    EXPECT_THAT(answer.body, HasSubstr("cannot be reached"));
  }
}

TEST_F(ApiTest, EveryRefusalHasTheOneShape) {
  ExpectError(Send("GET", "/api/nothing"), 404, "NOT_FOUND");
  ExpectError(Send("GET", "/api"), 404, "NOT_FOUND");
  ExpectError(Send("GET", "/missing.js"), 404, "NOT_FOUND");
  ExpectError(Send("PATCH", "/api/live/orders"), 405, "UNIMPLEMENTED");
  ExpectError(Send("POST", "/"), 405, "UNIMPLEMENTED");
  ExpectError(Send("GET", "/api/live/orders/o9"), 404, "NOT_FOUND");
  ExpectError(Send("GET", "/api/live/orders?page_size=x"), 400, "INVALID_ARGUMENT");
  ExpectError(Send("GET", "/api/live/orders?status=NEW"), 400, "INVALID_ARGUMENT");
  ExpectError(Send("POST", "/api/live/orders", "{"), 400, "INVALID_ARGUMENT");
  ExpectError(Send("POST", "/api/live/orders", "[]"), 400, "INVALID_ARGUMENT");
  ExpectError(Send("POST", "/api/live/orders", R"({"quantity":1})"), 400, "INVALID_ARGUMENT");
  ExpectError(Send("POST", "/api/live/emergency", R"({"level":"K9"})"), 400, "INVALID_ARGUMENT");
  ExpectError(Send("GET", "/api/live/orders", "", {}, false), 401, "UNAUTHENTICATED");
  ExpectError(Send("GET", "/api/nothing", "", {}, false), 401, "UNAUTHENTICATED");
  ExpectError(Send("POST", "/api/live/orders", kOrder, {{"origin", "http://evil.example"}}), 403, "PERMISSION_DENIED");
  Answer error;
  HttpResponse page = Api::ErrorPage(413, "too large");
  ExpectError({.status = page.status, .headers = page.headers, .json = Json::parse(page.body), .body = page.body}, 413,
              "INVALID_ARGUMENT");
}

TEST_F(ApiTest, ABodyMustSayThatItIsJson) {
  HttpHeaders form = {{"content-type", "application/x-www-form-urlencoded"}};
  ExpectError(Send("POST", "/api/live/orders", "a=b", form), 415, "INVALID_ARGUMENT");
}

TEST_F(ApiTest, ListsWithTheFilterOfTheQuery) {
  Answer answer = Send("GET",
                       "/api/live/"
                       "orders?symbol=BTC%2FUSD&working=true&page_size=7&page_token=t&status=ORDER_STATUS_NEW&status="
                       "ORDER_STATUS_FILLED");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json, (Json{{"orders", Json::array()}, {"next_page_token", ""}}));
  EXPECT_EQ(orders_.listed.account_id(), "paper");
  EXPECT_EQ(orders_.listed.symbol(), "BTC/USD");
  EXPECT_TRUE(orders_.listed.working_only());
  EXPECT_EQ(orders_.listed.page_size(), 7);
  EXPECT_EQ(orders_.listed.page_token(), "t");
  EXPECT_EQ(orders_.listed.statuses_size(), 2);
}

TEST_F(ApiTest, ABrowserSignsInActsAndSignsOut) {
  ExpectError(Send("POST", "/api/session", R"({"token":"wrong"})", {}, false), 401, "UNAUTHENTICATED");
  Answer login = Send("POST", "/api/session", std::string(R"({"token":")") + kToken + "\"}", {}, false);
  ASSERT_EQ(login.status, 200);
  std::string csrf = login.json["csrf_token"];
  std::string cookie = login.Header("Set-Cookie");
  for (const char* rule : {"HttpOnly", "SameSite=Strict", "Path=/"}) EXPECT_THAT(cookie, HasSubstr(rule));
  cookie = cookie.substr(0, cookie.find(';'));
  EXPECT_EQ(Send("GET", "/api/session", "", {{"cookie", cookie}}, false).json["csrf_token"], csrf);
  ExpectError(Send("POST", "/api/live/orders", kOrder, {{"cookie", cookie}}, false), 403, "PERMISSION_DENIED");
  EXPECT_EQ(Send("POST", "/api/live/orders", kOrder, {{"cookie", cookie}, {"x-ballast-csrf", csrf}}, false).status,
            201);
  EXPECT_EQ(orders_.submitted.actor(), "user:dashboard");
  ExpectError(Send("DELETE", "/api/session", "", {{"cookie", cookie}}, false), 403, "PERMISSION_DENIED");
  EXPECT_EQ(Send("DELETE", "/api/session", "", {{"cookie", cookie}, {"x-ballast-csrf", csrf}}, false).status, 200);
  ExpectError(Send("GET", "/api/live/orders", "", {{"cookie", cookie}}, false), 401, "UNAUTHENTICATED");
  EXPECT_THAT(Audited(),
              ElementsAre("login.failed user:unknown", "login.succeeded user:dashboard", "login.ended user:dashboard"));
  for (const auto& record : records_) EXPECT_THAT(record.ShortDebugString(), ::testing::Not(HasSubstr("wrong")));
}

TEST_F(ApiTest, TooManyWrongTokensAre429AndTheRightOneIsTaken) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Send("POST", "/api/session", R"({"token":"wrong"})", {}, false).status, 401);
  Answer limited = Send("POST", "/api/session", R"({"token":"wrong"})", {}, false);
  ExpectError(limited, 429, "RESOURCE_EXHAUSTED");
  EXPECT_EQ(limited.Header("Retry-After"), "10");
  Answer bearer = Send("GET", "/api/live/status", "", {{"authorization", "Bearer wrong"}}, false);
  ExpectError(bearer, 429, "RESOURCE_EXHAUSTED");
  EXPECT_EQ(bearer.Header("Retry-After"), "10");
  EXPECT_EQ(Send("POST", "/api/session", std::string(R"({"token":")") + kToken + "\"}", {}, false).status, 200);
  EXPECT_EQ(Send("POST", "/api/live/orders", kOrder).status, 201);
}

TEST_F(ApiTest, EveryPathAnswersToItsOwnNameOnly) {
  for (const char* path : {"/", "/index.html", "/healthz", "/readyz", "/api/openapi.json", "/api/live/status"}) {
    for (const char* method : {"GET", "HEAD", "POST", "DELETE"}) {
      auto parsed = ParseTarget(path);
      auto waiting = std::make_shared<Waiting>();
      api_->Handle({.method = method,
                    .target = path,
                    .segments = parsed->segments,
                    .query = {},
                    .headers = {{"host", "evil.example"}, {"authorization", std::string("Bearer ") + kToken}},
                    .body = "",
                    .remote = "127.0.0.1"},
                   HttpResponder(waiting));
      MutexLock lock(waiting->mutex);
      ASSERT_TRUE(waiting->answer) << method << path;
      EXPECT_EQ(waiting->answer->status, 403) << method << path;
    }
  }
}

TEST_F(ApiTest, WhatADeploymentIsAskedForIsOnTheDiskBeforeItIsAsked) {
  std::string kept;
  strategies_.on_start = [&] {
    std::ifstream file(folder_ / "audit");
    kept.assign(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_EQ(Send("POST", "/api/trading/start/d1").status, 200);
  EXPECT_THAT(kept, HasSubstr("deployment.started"));
  EXPECT_THAT(kept, HasSubstr("deployment:d1"));
  EXPECT_THAT(Audited(), ElementsAre("deployment.started user:api"));
  EXPECT_THAT(records_[0].detail(), HasSubstr(R"("outcome":"ok")"));
}

TEST_F(ApiTest, AnAccountThatIsNoneIsOneErrorWhicheverServiceIsAsked) {
  for (const char* path : {"/api/live/orders", "/api/live/fills", "/api/live/equity", "/api/live/positions",
                           "/api/live/trades", "/api/live/summary", "/api/live/risk", "/api/live/books", "/api/alerts",
                           "/api/audit", "/api/trading/deployments", "/api/trading/decisions/d1"}) {
    Answer answer = Send("GET", std::string(path) + "?account_id=nobody");
    ExpectError(answer, 404, "NOT_FOUND");
    EXPECT_EQ(answer.json["error"]["reason"], "REJECT_REASON_UNKNOWN_ACCOUNT") << path;
    EXPECT_EQ(answer.json["error"]["violations"][0]["field"], "account_id");
    ExpectError(Send("GET", std::string(path) + "?account_id=paper&account_id=nobody"), 400, "INVALID_ARGUMENT");
    ExpectError(Send("GET", std::string(path) + "?account_id=a%20b"), 400, "INVALID_ARGUMENT");
  }
  EXPECT_EQ(Send("GET", "/api/live/orders?account_id=paper").status, 200);
  // Opened since the gateway last asked.
  orders_.accounts = {"paper", "fresh"};
  EXPECT_EQ(Send("GET", "/api/live/orders?account_id=fresh").status, 200);
}

TEST_F(ApiTest, EachLevelIsToldToOrderManagementAndTheGateway) {
  Answer halted = Send("POST", "/api/live/emergency", R"({"level":"K1","reason":"test"})");
  EXPECT_EQ(halted.status, 200) << halted.body;
  EXPECT_EQ(halted.json["account"]["halted"], true);
  EXPECT_TRUE(switched_);
  EXPECT_THAT(orders_.steps, ElementsAre("EMERGENCY_LEVEL_HALT paper"));
  Answer cancelled = Send("POST", "/api/live/emergency", R"({"level":"K2"})");
  EXPECT_EQ(cancelled.status, 200) << cancelled.body;
  EXPECT_NE(cancelled.json["command_id"], halted.json["command_id"]);
  EXPECT_THAT(orders_.steps, ElementsAre("EMERGENCY_LEVEL_HALT paper", "EMERGENCY_LEVEL_CANCEL paper"));
  EXPECT_THAT(Audited(), ElementsAre("emergency.engaged user:api", "emergency.engaged user:api"));
}

TEST_F(ApiTest, AnEmergencyStopIsDoneWhenOrderManagementSaysThatTheVenueShowsIt) {
  orders_.refuse_commands = 2;
  orders_.looks_until_done = 3;
  Answer answer = Send("POST", "/api/trading/emergency-stop", R"({"reason":"test"})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json["flat"], true);
  EXPECT_EQ(answer.json["done"], true);
  EXPECT_EQ(orders_.steps.size(), 3U);
  Answer listed = Send("GET", "/api/live/emergency?account_id=paper");
  EXPECT_EQ(listed.json["emergencies"][0]["command"]["command_id"], answer.json["command_id"]);
  EXPECT_EQ(listed.json["emergencies"][0]["done"], true);
}

TEST_F(ApiTest, AnEmergencyStopThatTakesLongerIsAnsweredWithWhatIsLeftAndGoesOn) {
  orders_.looks_until_done = 1'000'000;
  Answer answer = Send("POST", "/api/trading/emergency-stop", R"({"reason":"test"})");
  EXPECT_EQ(answer.status, 202) << answer.body;
  EXPECT_EQ(answer.json["flat"], false);
  EXPECT_THAT(answer.json["to_do"].dump(), HasSubstr("closing 0.5 BTC-USD"));
  EXPECT_THAT(answer.json["safe"].dump(), HasSubstr("halted"));
}

TEST_F(ApiTest, TheSamePressIsTheSameCommand) {
  HttpHeaders key = {{"idempotency-key", "k1"}};
  Answer first = Send("POST", "/api/trading/emergency-stop", R"({"reason":"test"})", key);
  Answer again = Send("POST", "/api/trading/emergency-stop", R"({"reason":"test"})", key);
  EXPECT_EQ(first.json["command_id"], again.json["command_id"]);
  EXPECT_EQ(orders_.steps.size(), 1U);
}

TEST_F(ApiTest, EverythingIsStoppedWithOneCommandForEachAccount) {
  orders_.accounts = {"paper", "second"};
  Answer answer = Send("POST", "/api/live/emergency/all", R"({"level":"K3","reason":"test"})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json["done"], true);
  EXPECT_EQ(answer.json["emergencies"].size(), 2U);
  EXPECT_THAT(orders_.steps,
              testing::UnorderedElementsAre("EMERGENCY_LEVEL_FLATTEN paper", "EMERGENCY_LEVEL_FLATTEN second"));
  EXPECT_THAT(Audited(), ElementsAre("emergency.engaged user:api", "emergency.engaged user:api"));
  ExpectError(Send("POST", "/api/live/emergency/all", R"({"level":"K4"})"), 400, "INVALID_ARGUMENT");
  ExpectError(Send("POST", "/api/live/emergency/all", R"({"level":"K1","broker":"nowhere"})"), 404, "NOT_FOUND");
  EXPECT_EQ(orders_.steps.size(), 2U) << "what is refused changes nothing";
}

TEST_F(ApiTest, AnEmergencyStopOfNobodyIsNotFound) {
  ExpectError(Send("POST", "/api/trading/emergency-stop", R"({"account_id":"nobody"})"), 404, "NOT_FOUND");
}

TEST_F(ApiTest, ProbesNeedNoToken) {
  EXPECT_EQ(Send("GET", "/healthz", "", {}, false).status, 200);
  EXPECT_EQ(Send("GET", "/readyz", "", {}, false).status, 200);
  ready_ = false;
  EXPECT_EQ(Send("GET", "/healthz", "", {}, false).status, 200);
  ExpectError(Send("GET", "/readyz", "", {}, false), 503, "UNAVAILABLE");
}

// Every "$ref" below `json` names a schema of the document.
void ExpectReferencesHold(const Json& json, const Json& schemas) {
  if (!json.is_structured()) return;
  if (json.is_object() && json.contains("$ref")) {
    std::string name = json["$ref"].get<std::string>().substr(std::string_view("#/components/schemas/").size());
    EXPECT_TRUE(schemas.contains(name)) << name;
  }
  for (const auto& one : json) ExpectReferencesHold(one, schemas);
}

TEST_F(ApiTest, TheDocumentDescribesEveryRouteAndNoOther) {
  Answer answer = Send("GET", "/api/openapi.json", "", {}, false);
  ASSERT_EQ(answer.status, 200);
  std::set<std::string> described, served;
  for (const auto& [path, methods] : answer.json["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) described.insert(method + " " + path);
  }
  for (const Route& route : AllRoutes()) {
    std::string method = route.method;
    std::transform(method.begin(), method.end(), method.begin(), [](unsigned char c) { return std::tolower(c); });
    served.insert(method + " " + route.pattern);
  }
  EXPECT_EQ(described, served);
  const Json& schemas = answer.json["components"]["schemas"];
  ExpectReferencesHold(answer.json, schemas);
  EXPECT_EQ(schemas["order.v1.Order"]["properties"]["quantity"]["type"], "string");
  EXPECT_EQ(schemas["order.v1.Order"]["properties"]["sequence"]["format"], "int64");
  EXPECT_GT(schemas["order.v1.OrderStatus"]["enum"].size(), 10U);
}

TEST_F(ApiTest, ThePageComesWithAStrictPolicy) {
  Answer page = Send("GET", "/", "", {}, false);
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.Header("Content-Security-Policy"),
              HasSubstr("default-src 'none'; script-src 'self'; style-src 'self'"));
  EXPECT_EQ(page.Header("X-Frame-Options"), "DENY");
  EXPECT_EQ(page.Header("Referrer-Policy"), "no-referrer");
}

TEST_F(ApiTest, AStreamNeedsLoginAndItsOwnOrigin) {
  auto status = [&](HttpHeaders headers, const std::string& target = "/api/stream") {
    auto refused = api_->RefuseUpgrade({.method = "GET",
                                        .target = target,
                                        .segments = {},
                                        .query = {},
                                        .headers = std::move(headers),
                                        .body = "",
                                        .remote = ""});
    return refused ? refused->status : 101;
  };
  std::pair<std::string, std::string> host = {"host", "127.0.0.1:8080"};
  std::pair<std::string, std::string> token = {"authorization", std::string("Bearer ") + kToken};
  EXPECT_EQ(status({host, token}), 101);
  EXPECT_EQ(status({host, token}, "/api/stream?after=5&run=x"), 101);
  EXPECT_EQ(status({host, token, {"origin", "http://127.0.0.1:8080"}}), 101);
  EXPECT_EQ(status({host, token, {"origin", "http://evil.example"}}), 403);
  EXPECT_EQ(status({host}), 401);
  EXPECT_EQ(status({host, token}, "/api/other"), 404);
  EXPECT_EQ(status({token}), 400);
}

constexpr char kStopDeployment[] = R"({"level":"%","deployment_id":"d1","reason":"test"})";

std::string StopBody(const std::string& level) {
  std::string body = kStopDeployment;
  return body.replace(body.find('%'), 1, level);
}

// Nobody names the account: somebody else's is not looked at in its place.
TEST_F(ApiTest, AStopOfADeploymentNeverGoesByTheDefaultAccount) {
  strategies_.away = true;
  for (const char* level : {"K2", "K3"}) {
    Answer answer = Send("POST", "/api/live/emergency", StopBody(level));
    ExpectError(answer, 503, "UNAVAILABLE");
    EXPECT_EQ(answer.json["error"]["reason"], "REJECT_REASON_UNKNOWN_ACCOUNT");
    EXPECT_THAT(answer.json["error"]["message"].get<std::string>(), HasSubstr("nothing was done; say its account_id"));
  }
  EXPECT_TRUE(orders_.Cancelled().empty());
  // Known from what the gateway has seen, it goes on without the runner.
  known_account_ = "second";
  EXPECT_EQ(Send("POST", "/api/live/emergency", StopBody("K2")).status, 202);
  ASSERT_FALSE(orders_.Cancelled().empty());
  for (const std::string& cancelled : orders_.Cancelled()) EXPECT_EQ(cancelled, "second/d1");
}

TEST_F(ApiTest, TheRunnerSaysWhichAccountADeploymentIsOf) {
  EXPECT_EQ(Send("POST", "/api/live/emergency", StopBody("K2")).status, 202);
  ASSERT_FALSE(orders_.Cancelled().empty());
  EXPECT_EQ(orders_.Cancelled().front(), "second/d1");
  ExpectError(Send("POST", "/api/live/emergency", R"({"level":"K1","deployment_id":"*","reason":"test"})"), 400,
              "INVALID_ARGUMENT");
}

// It is answered OK also when it waits for somebody.
TEST_F(ApiTest, AStopOfADeploymentOutlivesAStartThatDidNotStartIt) {
  known_account_ = "second";
  std::string id = Send("POST", "/api/live/emergency", StopBody("K3")).json["stop_id"];
  auto goes_on = [&] { return scoped_stops_->Look(id).has_value() && !scoped_stops_->Look(id)->over; };
  ASSERT_TRUE(goes_on());
  strategies_.started_as = strategy::v1::DEPLOYMENT_STATUS_CREATED;
  EXPECT_EQ(Send("POST", "/api/trading/start/d1").status, 200);
  EXPECT_TRUE(goes_on());
  strategies_.started_as = strategy::v1::DEPLOYMENT_STATUS_ACTIVE;
  EXPECT_EQ(Send("POST", "/api/trading/start/d1").status, 200);
  EXPECT_FALSE(goes_on());
}

TEST_F(ApiTest, WhatCannotBeReadOfStopsPausesEveryDeploymentAndIsKept) {
  scoped_stops_->Stop();
  const std::string path = (folder_ / "scoped_stops").string();
  const std::string text =
      R"({"id":"s1","account":"second","deployment_id":"d1","order_id":"","level":4,"reason":"r","actor":"a","press_ns":1})"
      "\n{\"id\": \"s2\", \"acc";
  std::ofstream(path) << text;
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  strategies_.away = true;
  scoped_stops_.emplace(*peers_, *audit_, continuations_, ScopedStopFile(path), clock_, *log_);
  scoped_stops_->Start();
  std::ifstream kept(path + ".unreadable-1");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(kept), {}), text);
  // With the runner away nothing is known of them, and it is not forgotten over a restart either.
  EXPECT_THAT(ScopedStopFile(path).Load().records, ::testing::SizeIs(2));
  EXPECT_EQ(ScopedStopFile(path).Load().problem, "");
  strategies_.away = false;
  for (int i = 0; i < 1'000 && strategies_.Steps().size() < 2; ++i) {
    Mutex mutex;
    CondVar nobody;
    MutexLock lock(mutex);
    nobody.WaitFor(mutex, 10'000'000);
  }
  std::vector<std::string> steps = strategies_.Steps();
  EXPECT_THAT(steps, ::testing::IsSupersetOf({"stop d1", "pause d2"}));
  // Nobody could be alerted: that is tried on.
  auto told = scoped_stops_->List();
  auto every = std::find_if(told.begin(), told.end(), [](const auto& one) { return one.record.deployment_id == "*"; });
  ASSERT_NE(every, told.end());
  EXPECT_FALSE(every->over);
  EXPECT_THAT(every->answer["to_do"].dump(), HasSubstr("nobody has been alerted"));
}

TEST_F(ApiTest, AnEmergencyOfWhatIsNoIdIsRefusedAndNotKept) {
  for (const char* id : {"*", "../x", "a b", "paper\\n"}) {
    const std::string body = std::string(R"({"level":"K1","reason":"test","account_id":")") + id + "\"}";
    ExpectError(Send("POST", "/api/live/emergency", body), 400, "INVALID_ARGUMENT");
  }
  EXPECT_TRUE(emergencies_->List().empty());
}

// gRPC's threads carry every answer: one that waits for the disk holds up the others.
TEST_F(ApiTest, WhatIsRecordedAfterAnAnswerIsNotDoneOnGrpcsThread) {
  std::atomic<bool> inside = false, finish = false;
  // All of the continuations are busy: what is only asked is answered all the same.
  for (int i = 0; i < 16; ++i) {
    continuations_.Run([&] {
      inside = true;
      while (!finish) std::this_thread::yield();
    });
  }
  while (!inside) std::this_thread::yield();
  EXPECT_EQ(Send("POST", "/api/live/orders", kOrder).status, 201);
  EXPECT_EQ(Send("GET", "/api/live/orders").status, 200);
  std::atomic<int> status = 0;
  std::thread starts([&] { status = Send("POST", "/api/trading/start/d1").status; });
  EXPECT_EQ(Send("GET", "/api/live/orders").status, 200);
  EXPECT_EQ(status, 0) << "its record waits for one of them";
  finish = true;
  starts.join();
  EXPECT_EQ(status, 200);
}

}  // namespace
}  // namespace ballast
