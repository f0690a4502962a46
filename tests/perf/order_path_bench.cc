// What an order costs over gRPC, measured against a bare gRPC echo in the same run (docs/reference/performance.md).
//   ballast-bench-order-path ORDERS_ADDRESS RISK_ADDRESS [--quick] [--part latency|throughput] [--disk FOLDER]
// Needs a running suite without deployments and with broker_gateway.paper_latency_ms 0; scripts/bench starts one.
// Exit code 1 when an order was denied, not filled, or anything else did not answer as it should.
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <semaphore>
#include <string>
#include <unordered_map>

#include "ballast/order/v1/order_service.grpc.pb.h"
#include "ballast/risk/v1/risk_service.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/perf/disk.h"
#include "tests/perf/echo.h"
#include "tests/perf/event_follower.h"
#include "tests/perf/samples.h"

namespace ballast::perf {
namespace {

using order::v1::OrderService;

struct Plan {
  bool latency = true, throughput = true;
  int rounds = 5;
  int orders_a_round = 1'000;
  int warm_up = 500;
  int stream_rounds = 3;
  int stream_orders_a_round = 10'000;
  // Where Postgres keeps its data; empty: the disk is not measured.
  std::string disk;
};

[[noreturn]] void Fail(const std::string& why) {
  std::fprintf(stderr, "bench: %s\n", why.c_str());
  std::exit(1);
}

void Check(const grpc::Status& status, const char* what) {
  if (!status.ok()) Fail(std::string(what) + ": " + status.error_message());
}

// Small, buying and selling in turn: the position stays about flat.
order::v1::SubmitOrderRequest NextOrder() {
  static const std::string kRun = "bench-" + std::to_string(Now()) + "-";
  static std::int64_t number = 0;
  order::v1::SubmitOrderRequest request;
  request.set_request_id(kRun + std::to_string(++number));
  request.set_account_id("paper");
  request.set_symbol("BTC-USD");
  request.set_side(number % 2 == 1 ? type::v1::SIDE_BUY : type::v1::SIDE_SELL);
  request.set_type(type::v1::ORDER_TYPE_MARKET);
  request.mutable_quantity()->set_value("0.0001");
  request.set_reason("bench");
  request.set_actor("user:bench");
  request.set_confirm_duplicate(true);
  return request;
}

void RequireTaken(const order::v1::Order& order) {
  if (order.status() != order::v1::ORDER_STATUS_DENIED) return;
  Fail("an order was denied: " + order.rejection().check() + ": " + order.rejection().message());
}

// Limits that no order of the run reaches. The checks themselves all run.
void RaiseLimits(const std::string& address) {
  auto stub = risk::v1::RiskService::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  risk::v1::GetLimitsRequest get;
  get.set_account_id("paper");
  risk::v1::GetLimitsResponse now;
  grpc::ClientContext reading;
  Check(stub->GetLimits(&reading, get, &now), "GetLimits");
  risk::v1::UpdateLimitsRequest update;
  update.set_request_id("bench-" + std::to_string(Now()));
  update.set_reason("benchmark");
  update.set_actor("user:bench");
  risk::v1::Limits& limits = *update.mutable_limits();
  limits = now.limits();
  limits.set_order_rate_per_second(100'000);
  limits.set_max_open_orders(100'000);
  limits.mutable_max_position_ratio()->set_value("10");
  limits.mutable_concentration_ratio()->set_value("10");
  limits.mutable_gross_leverage()->set_value("10");
  limits.mutable_daily_loss_ratio()->set_value("1");
  limits.mutable_drawdown_ratio()->set_value("1");
  risk::v1::UpdateLimitsResponse updated;
  grpc::ClientContext writing;
  Check(stub->UpdateLimits(&writing, update, &updated), "UpdateLimits");
}

struct Latencies {
  Samples echo, health, disk, acknowledged, filled;
};

// One in flight: an echo, a health check, bytes on the disk, an order, until its fill is seen. `keep` false: warm-up.
void MeasureOne(OrderService::Stub& echo, grpc::health::v1::Health::Stub& health, Disk* disk,
                OrderService::Stub& orders, EventFollower& events, bool keep, Latencies& out) {
  order::v1::SubmitOrderRequest request = NextOrder();
  std::int64_t started = Now();
  {
    grpc::ClientContext context;
    order::v1::SubmitOrderResponse response;
    Check(echo.SubmitOrder(&context, request, &response), "echo");
  }
  std::int64_t echoed = Now();
  {
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckResponse response;
    Check(health.Check(&context, grpc::health::v1::HealthCheckRequest(), &response), "health check");
  }
  std::int64_t checked = Now();
  if (disk != nullptr) disk->Sync();
  std::int64_t sent = Now();
  grpc::ClientContext context;
  order::v1::SubmitOrderResponse response;
  Check(orders.SubmitOrder(&context, request, &response), "SubmitOrder");
  std::int64_t acknowledged = Now();
  RequireTaken(response.order());
  std::int64_t filled = events.WaitFilled(request.request_id());
  if (filled == 0) Fail("an order was not filled within 10 s");
  if (!keep) return;
  out.echo.Add(echoed - started);
  out.health.Add(checked - echoed);
  if (disk != nullptr) out.disk.Add(sent - checked);
  out.acknowledged.Add(acknowledged - sent);
  out.filled.Add(filled - sent);
}

Latencies MeasureLatencies(const Plan& plan, OrderService::Stub& echo, grpc::health::v1::Health::Stub& health,
                           OrderService::Stub& orders, EventFollower& events) {
  Latencies out;
  std::unique_ptr<Disk> disk = plan.disk.empty() ? nullptr : std::make_unique<Disk>(plan.disk);
  for (int i = 0; i < plan.warm_up; ++i) MeasureOne(echo, health, disk.get(), orders, events, false, out);
  for (int round = 0; round < plan.rounds; ++round) {
    for (Samples* samples : {&out.echo, &out.health, &out.disk, &out.acknowledged, &out.filled}) samples->StartRound();
    for (int i = 0; i < plan.orders_a_round; ++i) MeasureOne(echo, health, disk.get(), orders, events, true, out);
  }
  return out;
}

struct Throughput {
  Samples acknowledged;
  // Orders a second until the last answer, and until the last fill was seen.
  std::vector<double> answered_rate, filled_rate;
};

// Orders in one message, at most.
constexpr std::size_t kOrdersOfAMessage = 64;

// One stream, `window` orders without an answer at any time; what may be sent at once goes in one message.
void MeasureStream(int count, int window, OrderService::Stub& orders, EventFollower& events, Throughput& out) {
  std::vector<order::v1::SubmitOrderRequest> requests(static_cast<std::size_t>(count));
  for (auto& request : requests) request = NextOrder();
  std::unordered_map<std::string, std::size_t> index;
  index.reserve(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) index[requests[i].request_id()] = i;
  std::vector<std::int64_t> sent(requests.size());
  std::counting_semaphore<> free(window);
  std::uint64_t filled_before = events.filled();

  grpc::ClientContext context;
  auto stream = orders.SubmitOrders(&context);
  out.acknowledged.StartRound();
  std::int64_t started = Now();
  std::int64_t answered = 0;
  std::thread reader([&] {
    int left = count;
    auto take = [&](const order::v1::SubmitOrdersResponse& answer) {
      if (answer.status_code() != 0) Fail("an order was refused: " + answer.status_message());
      RequireTaken(answer.order());
      out.acknowledged.Add(answered - sent[index.at(answer.request_id())]);
      --left;
    };
    order::v1::SubmitOrdersResponse response;
    while (left > 0) {
      if (!stream->Read(&response)) Fail("the stream of orders broke");
      answered = Now();
      int before = left;
      if (response.answers().empty()) take(response);
      for (const auto& answer : response.answers()) take(answer);
      free.release(before - left);
    }
  });
  for (std::size_t next = 0; next < requests.size();) {
    order::v1::SubmitOrdersRequest message;
    message.set_takes_batches(true);
    free.acquire();
    std::int64_t now = Now();
    std::size_t first = next;
    do {
      sent[next] = now;
      message.add_orders()->Swap(&requests[next]);
    } while (++next < requests.size() && next - first < kOrdersOfAMessage && free.try_acquire());
    if (!stream->Write(message)) Fail("the stream of orders broke");
  }
  reader.join();
  stream->WritesDone();
  Check(stream->Finish(), "SubmitOrders");
  if (!events.WaitCount(filled_before + static_cast<std::uint64_t>(count))) Fail("not every order was filled");
  double orders_count = count;
  out.answered_rate.push_back(orders_count * 1e9 / static_cast<double>(answered - started));
  out.filled_rate.push_back(orders_count * 1e9 / static_cast<double>(Now() - started));
}

void PrintLatency(const char* what, const Samples& samples, const Samples& echo) {
  double p50 = samples.Quantile(0.5), p99 = samples.Quantile(0.99);
  std::printf("| %-34s | %8.0f | %8.0f | %8.0f | %8.2f | %8.2f |\n", what, p50, samples.Quantile(0.9), p99,
              p50 / echo.Quantile(0.5), p99 / echo.Quantile(0.99));
}

void RunLatency(const Plan& plan, OrderService::Stub& echo, grpc::health::v1::Health::Stub& health,
                OrderService::Stub& orders, EventFollower& events) {
  Latencies latencies = MeasureLatencies(plan, echo, health, orders, events);
  std::printf("%zu orders one in flight, %d rounds; medians of the rounds, microseconds\n\n",
              latencies.acknowledged.count(), plan.rounds);
  std::printf("| what                               |      p50 |      p90 |      p99 | p50/echo | p99/echo |\n");
  std::printf("|------------------------------------|---------:|---------:|---------:|---------:|---------:|\n");
  PrintLatency("bare gRPC unary echo", latencies.echo, latencies.echo);
  PrintLatency("order_management health Check", latencies.health, latencies.echo);
  // A durable answer waits for one such commit, an order alone and its fill for two more.
  if (!plan.disk.empty()) PrintLatency("fdatasync of 2 kB", latencies.disk, latencies.echo);
  PrintLatency("SubmitOrder -> durable answer", latencies.acknowledged, latencies.echo);
  PrintLatency("SubmitOrder -> paper fill seen", latencies.filled, latencies.echo);
  std::fflush(stdout);
}

void RunThroughput(const Plan& plan, OrderService::Stub& orders, EventFollower& events) {
  std::printf("%d x %d orders over one SubmitOrders stream\n\n", plan.stream_rounds, plan.stream_orders_a_round);
  std::printf("| in flight | answered/s | filled/s | answer p50 ms | answer p99 ms |\n");
  std::printf("|----------:|-----------:|---------:|--------------:|--------------:|\n");
  for (int window : {64, 256}) {
    Throughput throughput;
    for (int round = 0; round < plan.stream_rounds; ++round) {
      MeasureStream(plan.stream_orders_a_round, window, orders, events, throughput);
    }
    std::printf("| %9d | %10.0f | %8.0f | %13.1f | %13.1f |\n", window, Median(throughput.answered_rate),
                Median(throughput.filled_rate), throughput.acknowledged.Quantile(0.5) / 1e3,
                throughput.acknowledged.Quantile(0.99) / 1e3);
    std::fflush(stdout);
  }
}

int Run(const std::string& orders_address, const std::string& risk_address, const Plan& plan) {
  EchoServer echo_server;
  RaiseLimits(risk_address);
  auto channel = grpc::CreateChannel(orders_address, grpc::InsecureChannelCredentials());
  auto orders = OrderService::NewStub(channel);
  auto health = grpc::health::v1::Health::NewStub(channel);
  auto echo = OrderService::NewStub(grpc::CreateChannel(echo_server.address(), grpc::InsecureChannelCredentials()));
  EventFollower events(*orders);
  if (!events.WaitOpen()) Fail("StreamOrderEvents says nothing");

  if (plan.latency) RunLatency(plan, *echo, *health, *orders, events);
  if (plan.throughput) RunThroughput(plan, *orders, events);
  return 0;
}

}  // namespace
}  // namespace ballast::perf

int main(int argc, char** argv) {
  ballast::perf::Plan plan;
  bool understood = argc >= 3;
  for (int i = 3; i < argc && understood; ++i) {
    std::string option = argv[i], value = i + 1 < argc ? argv[i + 1] : "";
    if (option == "--quick") {
      plan.rounds = 2;
      plan.orders_a_round = 200;
      plan.warm_up = 100;
      plan.stream_rounds = 1;
      plan.stream_orders_a_round = 2'000;
    } else if (option == "--part" && (value == "latency" || value == "throughput")) {
      plan.latency = value == "latency";
      plan.throughput = value == "throughput";
      ++i;
    } else if (option == "--disk" && !value.empty()) {
      plan.disk = value;
      ++i;
    } else {
      understood = false;
    }
  }
  if (!understood) {
    std::fprintf(stderr,
                 "ballast-bench-order-path ORDERS_ADDRESS RISK_ADDRESS [--quick] [--part latency|throughput] "
                 "[--disk FOLDER]\n");
    return 2;
  }
  return ballast::perf::Run(argv[1], argv[2], plan);
}
