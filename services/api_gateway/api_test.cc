#include "services/api_gateway/api.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <set>

#include "libs/platform/grpc/status.h"
#include "libs/platform/http/url.h"
#include "libs/platform/service/service.h"

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
  grpc::Status ClosePosition(grpc::ServerContext*, const order::v1::ClosePositionRequest* request,
                             order::v1::SubmitOrderResponse* response) override {
    if (on_close) on_close(*request);
    response->mutable_order()->set_status(denies ? order::v1::ORDER_STATUS_DENIED
                                                 : order::v1::ORDER_STATUS_PENDING_NEW);
    if (denies) response->mutable_order()->mutable_rejection()->set_message("too much");
    return grpc::Status::OK;
  }
  grpc::Status GetOrder(grpc::ServerContext*, const order::v1::GetOrderRequest*,
                        order::v1::GetOrderResponse*) override {
    return {grpc::NOT_FOUND, "there is no such order"};
  }
  grpc::Status ListOrders(grpc::ServerContext*, const order::v1::ListOrdersRequest* request,
                          order::v1::ListOrdersResponse* response) override {
    listed = *request;
    if (request->working_only() && open_looks-- > 0) {
      response->add_orders()->set_symbol("BTC-USD");
      response->mutable_orders(0)->set_cancel_requested(true);
    }
    return grpc::Status::OK;
  }
  grpc::Status ListAccounts(grpc::ServerContext*, const order::v1::ListAccountsRequest*,
                            order::v1::ListAccountsResponse* response) override {
    for (const std::string& account : accounts) {
      auto* one = response->add_accounts();
      one->set_account_id(account);
      one->set_last_sequence(head);
    }
    return grpc::Status::OK;
  }
  grpc::Status HaltAccount(grpc::ServerContext*, const order::v1::HaltAccountRequest* request,
                           order::v1::HaltAccountResponse* response) override {
    steps.push_back("halt " + request->account_id());
    if (refuse_halts-- > 0) return {grpc::UNAVAILABLE, "not now"};
    response->mutable_account()->set_halted(true);
    return grpc::Status::OK;
  }
  grpc::Status CancelAllOrders(grpc::ServerContext*, const order::v1::CancelAllOrdersRequest* request,
                               order::v1::CancelAllOrdersResponse* response) override {
    steps.push_back("cancel " + request->account_id());
    response->add_orders()->set_order_id("o1");
    return grpc::Status::OK;
  }
  order::v1::SubmitOrderRequest submitted;
  order::v1::ListOrdersRequest listed;
  std::vector<std::string> steps;
  std::vector<std::string> accounts = {"paper"};
  grpc::Status answer;
  bool denies = false;
  std::function<void(const order::v1::ClosePositionRequest&)> on_close;
  // How often halting fails first, and an order is still open.
  int refuse_halts = 0;
  int open_looks = 0;
  std::uint64_t head = 10;
};

// Books that lag the order log by so many looks, and hold what the test says.
class FakePositions final : public position::v1::PositionService::Service {
 public:
  grpc::Status GetAccountSummary(grpc::ServerContext*, const position::v1::GetAccountSummaryRequest*,
                                 position::v1::GetAccountSummaryResponse* response) override {
    response->mutable_summary()->set_sequence(lag-- > 0 ? 9 : 10);
    return grpc::Status::OK;
  }
  grpc::Status ListPositions(grpc::ServerContext*, const position::v1::ListPositionsRequest* request,
                             position::v1::ListPositionsResponse* response) override {
    EXPECT_TRUE(request->by_deployment());
    for (const auto& [symbol, quantity] : held) {
      auto* position = response->add_positions();
      position->set_symbol(symbol);
      position->mutable_quantity()->set_value(quantity);
    }
    return grpc::Status::OK;
  }
  int lag = 0;
  std::map<std::string, std::string> held;
};

class FakeStrategies final : public strategy::v1::StrategyService::Service {
 public:
  grpc::Status ListDeployments(grpc::ServerContext*, const strategy::v1::ListDeploymentsRequest*,
                               strategy::v1::ListDeploymentsResponse*) override {
    return grpc::Status::OK;
  }
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
    if (everybody_) builder.RegisterService(&positions_).RegisterService(&strategies_);
    server_ = builder.BuildAndStart();
    std::string here = "127.0.0.1:" + std::to_string(port);
    // Nobody listens on port 1.
    std::string there = everybody_ ? here : "127.0.0.1:1";
    std::map<std::string, std::string> environment = {{"BALLAST_COMMON_ORDER_MANAGEMENT_ADDRESS", here},
                                                      {"BALLAST_COMMON_POSITIONS_ADDRESS", there},
                                                      {"BALLAST_COMMON_STRATEGY_RUNNER_ADDRESS", there}};
    for (const char* peer : {"RISK", "BROKER_GATEWAY", "ALERTS", "COMPLIANCE_AUDIT"}) {
      environment[std::string("BALLAST_COMMON_") + peer + "_ADDRESS"] = "127.0.0.1:1";
    }
    auto config = Config::Load("api_gateway", {}, "", environment);
    ASSERT_TRUE(config.ok()) << config.status().ToString();
    peers_.emplace(*config);
    ASSERT_TRUE(Logger::Make({.service = "api_test", .directory = "", .level = "CRITICAL"}, &log_).ok());
    // Never started: records stay in its queue until Drain.
    audit_.emplace([this](const audit::v1::AppendRecordRequest& record) { return records_.push_back(record), true; },
                   *log_, metrics_);
    ASSERT_TRUE(files_.Load("").ok());
    gateway_.emplace(Gateway{.default_account = "paper",
                             .hosts = {},
                             .log = *log_,
                             .metrics = metrics_,
                             .clock = clock_,
                             .peers = *peers_,
                             .sessions = sessions_,
                             .audit = *audit_,
                             .files = files_,
                             .status = [] { return gateway::v1::GetStatusResponse(); },
                             .account_of_deployment = [](const std::string&) { return std::string(); },
                             .knows_account = [](const std::string& account) { return account == "paper"; },
                             .quote_row = [](const broker::v1::Quote&) { return Json::object(); },
                             .ready = [this] { return ready_; },
                             .emergency_ms_max = 1'000});
    api_.emplace(*gateway_);
  }
  void TearDown() override {
    EXPECT_TRUE(api_->WaitForCalls(kPatienceNs));
    server_->Shutdown();
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
  // Positions and the strategy runner are there too.
  bool everybody_ = false;
  FakeOrders orders_;
  FakePositions positions_;
  FakeStrategies strategies_;
  std::unique_ptr<grpc::Server> server_;
  std::optional<Peers> peers_;
  std::unique_ptr<Logger> log_;
  std::vector<audit::v1::AppendRecordRequest> records_;
  std::optional<AuditTrail> audit_;
  StaticFiles files_;
  Sessions sessions_{Secret(kToken)};
  bool ready_ = true;
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
  for (const char* path : {"/api/live/risk", "/api/live/positions", "/api/trading/deployments", "/api/alerts",
                           "/api/audit", "/api/live/quotes"}) {
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

TEST_F(ApiTest, HaltsFirstAndThenCancels) {
  Answer halted = Send("POST", "/api/live/emergency", R"({"level":"K1","reason":"test"})");
  EXPECT_EQ(halted.status, 200);
  EXPECT_EQ(halted.json["account"]["halted"], true);
  EXPECT_THAT(orders_.steps, ElementsAre("halt paper"));
  Answer cancelled = Send("POST", "/api/live/emergency", R"({"level":"K2","account_id":"other"})");
  EXPECT_EQ(cancelled.json["orders"][0]["order_id"], "o1");
  EXPECT_THAT(orders_.steps, ElementsAre("halt paper", "halt other", "cancel other"));
  EXPECT_THAT(Audited(), ElementsAre("emergency.engaged user:api", "emergency.engaged user:api"));
}

TEST_F(ApiTest, AnEmergencyStopDoesWhatItCanAndSaysWhatItCouldNot) {
  Answer answer = Send("POST", "/api/trading/emergency-stop", R"({"reason":"test","close_positions":true})");
  ExpectError(answer, 503, "UNAVAILABLE");
  EXPECT_THAT(orders_.steps, ElementsAre("halt paper", "cancel paper"));  // what was done is not done again
  EXPECT_EQ(answer.json["account"]["halted"], true);
  EXPECT_EQ(answer.json["flat"], false);
  EXPECT_EQ(answer.json["orders"][0]["order_id"], "o1");
  EXPECT_EQ(answer.json["failed"][0]["step"], "list deployments");
  EXPECT_EQ(answer.json["failed"][1]["step"], "list positions");
}

class EmergencyTest : public ApiTest {
 protected:
  void SetUp() override {
    everybody_ = true;
    ApiTest::SetUp();
  }
  Answer Press() { return Send("POST", "/api/trading/emergency-stop", R"({"reason":"test","close_positions":true})"); }
  // Every close takes away `part` of what is held of its symbol, in this order.
  void Fill(std::vector<std::string> left) {
    orders_.on_close = [this, left = std::move(left)](const order::v1::ClosePositionRequest& request) mutable {
      closes_.push_back(request);
      if (left.empty()) return;
      positions_.held[request.symbol()] = left.front();
      left.erase(left.begin());
    };
  }
  std::vector<order::v1::ClosePositionRequest> closes_;
};

TEST_F(EmergencyTest, BooksThatLagAreNotBelieved) {
  positions_.lag = 3;  // they would say: flat
  positions_.held = {{"BTC-USD", "0.5"}};
  Fill({"0"});
  Answer answer = Press();
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json["flat"], true);
  EXPECT_LT(positions_.lag, 0);
  ASSERT_EQ(closes_.size(), 1U);
  EXPECT_EQ(closes_[0].symbol(), "BTC-USD");
  EXPECT_FALSE(closes_[0].has_quantity());  // all of it, as order management knows it at that moment
}

TEST_F(EmergencyTest, WhatIsLeftIsClosedAgainByANewOrder) {
  positions_.held = {{"BTC-USD", "-0.5"}};
  Fill({"-0.2", "-0.1", "0"});
  Answer answer = Press();
  EXPECT_EQ(answer.status, 200) << answer.body;
  ASSERT_EQ(closes_.size(), 3U);
  std::set<std::string> keys;
  for (const auto& close : closes_) keys.insert(close.request_id());
  EXPECT_EQ(keys.size(), 3U);
}

TEST_F(EmergencyTest, AnOpenOrderIsWaitedForAndItsSymbolNotClosedMeanwhile) {
  orders_.open_looks = 3;
  positions_.held = {{"BTC-USD", "0.5"}};
  orders_.on_close = [this](const order::v1::ClosePositionRequest& request) {
    EXPECT_LT(orders_.open_looks, 0);
    positions_.held[request.symbol()] = "0";
  };
  Answer answer = Press();
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json["flat"], true);
}

TEST_F(EmergencyTest, ItIsNeverDoneWhileSomethingIsHeld) {
  positions_.held = {{"BTC-USD", "0.5"}, {"ETH-USD", "0"}};
  Fill({});  // taken, and nothing fills
  Answer answer = Press();
  EXPECT_EQ(answer.status, 504) << answer.body;
  EXPECT_EQ(answer.json["flat"], false);
  EXPECT_EQ(answer.json["left"][0]["symbol"], "BTC-USD");
  EXPECT_EQ(answer.json["left"].size(), 1U);
  EXPECT_EQ(answer.json["failed"][0]["step"], "close BTC-USD");
  EXPECT_GT(closes_.size(), 1U);
}

TEST_F(EmergencyTest, ItIsNeverDoneWhileAnOrderIsOpen) {
  orders_.open_looks = 100'000;
  Answer answer = Press();
  EXPECT_EQ(answer.status, 504) << answer.body;
  EXPECT_EQ(answer.json["failed"][0]["step"], "cancel");
}

TEST_F(EmergencyTest, ItIsNeverDoneWhileTheBooksLag) {
  positions_.lag = 100'000;
  Answer answer = Press();
  EXPECT_EQ(answer.status, 504) << answer.body;
  EXPECT_EQ(answer.json["failed"][0]["step"], "list positions");
}

TEST_F(EmergencyTest, ARefusedCloseIsTriedAgainAndItsReasonIsSaid) {
  positions_.held = {{"BTC-USD", "0.5"}};
  orders_.denies = true;
  Fill({});
  Answer answer = Press();
  EXPECT_EQ(answer.status, 422) << answer.body;
  EXPECT_THAT(answer.json["failed"][0]["message"].get<std::string>(), HasSubstr("too much"));
  EXPECT_GT(closes_.size(), 1U);
  EXPECT_LT(closes_.size(), 10U);  // not as fast as it can
}

TEST_F(EmergencyTest, AHaltThatFailedIsTriedAgain) {
  orders_.refuse_halts = 2;
  Answer answer = Press();
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json["account"]["halted"], true);
  EXPECT_EQ(std::count(orders_.steps.begin(), orders_.steps.end(), "halt paper"), 3);
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

}  // namespace
}  // namespace ballast
