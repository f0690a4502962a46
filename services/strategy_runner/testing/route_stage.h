#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/strategy_runner/route_desk.h"
#include "services/strategy_runner/testing/algo_stage.h"
#include "services/strategy_runner/testing/memory_route_store.h"

namespace ballast {

// Two venues as routes see them; the test says what each offers.
class StagedVenues final : public StagedNeighbours, public VenueNeighbours {
 public:
  explicit StagedVenues(StagedOrders& orders) : StagedNeighbours(orders) {
    for (const char* account : {"paper", "ecn"}) {
      order::v1::Account& one = *accounts.add_accounts();
      one.set_account_id(account);
      one.set_broker(account == std::string("ecn") ? "paper_ecn" : "paper");
      books[account] = Book(account, "101", "10");
    }
  }

  static broker::v1::GetVenueBookResponse Book(const std::string& account, const std::string& ask,
                                               const std::string& size) {
    broker::v1::GetVenueBookResponse book;
    book.set_account_id(account);
    broker::v1::BookLevel& level = *book.add_asks();
    level.mutable_price()->set_value(ask);
    level.mutable_size()->set_value(size);
    book.mutable_taker_fee_ratio()->set_value("0.001");
    for (auto* zero : {book.mutable_fee_per_unit(), book.mutable_available_quantity(), book.mutable_position()})
      zero->set_value("0");
    book.mutable_available_cash()->set_value("100000");
    book.set_latency_ms(30);
    return book;
  }

  void Accounts(Answer<order::v1::ListAccountsResponse> answer) override {
    if (away > 0 && away--) return answer(absl::UnavailableError("not now"));
    answer(accounts);
  }
  void VenueBook(const std::string& account, const std::string&,
                 Neighbours::Answer<broker::v1::GetVenueBookResponse> answer) override {
    auto book = books.find(account);
    if (book == books.end()) return answer(absl::UnavailableError("no answer"));
    answer(book->second);
  }

  order::v1::ListAccountsResponse accounts;
  // So many questions for the accounts are not answered.
  int away = 0;
  std::map<std::string, broker::v1::GetVenueBookResponse> books;
};

// Routes without thread, socket, database or wall clock; processes over the same rows, one after another.
class RouteStage {
 public:
  static constexpr std::int64_t kSecondNs = 1'000'000'000;

  RouteStage() {
    EXPECT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log).ok());
    gate.SetDays({});
    Restart();
  }
  // A new process; the one before is gone without a word.
  void Restart() {
    desk.reset();
    store = std::make_unique<MemoryRouteStore>(tables);
    planner = std::make_unique<RoutePlanner>(RoutePlanner::Ports{
        .neighbours = venues, .venues = venues, .algo_store = algo_store, .store = *store, .gate = gate});
    desk = std::make_unique<RouteDesk>(RouteDesk::Ports{.neighbours = venues,
                                                        .children = venues,
                                                        .planner = *planner,
                                                        .store = *store,
                                                        .gate = gate,
                                                        .clock = clock,
                                                        .log = *log,
                                                        .metrics = metrics,
                                                        .fail = [this](const std::string& why) { failed = why; }});
    ASSERT_EQ(desk->Recover(), absl::OkStatus());
  }
  static execution::v1::ExecuteRouteRequest Buy(const std::string& id, const std::string& quantity) {
    execution::v1::ExecuteRouteRequest request;
    request.set_request_id(id);
    request.set_actor("user:test");
    request.mutable_spec()->set_symbol("SPY");
    request.mutable_spec()->set_side(type::v1::SIDE_BUY);
    request.mutable_spec()->mutable_quantity()->set_value(quantity);
    return request;
  }
  absl::StatusOr<execution::v1::ExecuteRouteResponse> Execute(const execution::v1::ExecuteRouteRequest& request) {
    execution::v1::ExecuteRouteResponse response;
    absl::Status done = desk->Execute(request, &response);
    if (!done.ok()) return done;
    return response;
  }
  // So much later it looks after them again.
  void Pass(std::int64_t nanos) {
    clock.nanos += nanos;
    desk->Work();
  }
  execution::v1::Route Now(const std::string& id) { return *desk->Get(id); }
  // "ecn 5 FILLED".
  static std::vector<std::string> Legs(const execution::v1::Route& route) {
    std::vector<std::string> legs;
    for (const execution::v1::ExecutedLeg& leg : route.legs()) {
      legs.push_back(leg.leg().account_id() + " " + leg.leg().quantity().value() + " " +
                     (leg.has_order() ? order::v1::OrderStatus_Name(leg.order().status()).substr(13)
                                      : execution::v1::LegState_Name(leg.state()).substr(10)));
    }
    return legs;
  }
  // The newest order in that account.
  order::v1::Order& OrderIn(const std::string& account) {
    order::v1::Order* found = nullptr;
    for (auto& [request, order] : orders.by_request) {
      if (order.account_id() == account) found = &order;
    }
    return *found;
  }

  StageClock clock;
  std::unique_ptr<Logger> log;
  Metrics metrics;
  StagedOrders orders;
  StagedVenues venues{orders};
  MemoryAlgoStore algo_store;
  EntryGate gate;
  std::shared_ptr<MemoryRouteTables> tables = std::make_shared<MemoryRouteTables>();
  std::unique_ptr<MemoryRouteStore> store;
  std::unique_ptr<RoutePlanner> planner;
  std::unique_ptr<RouteDesk> desk;
  std::string failed;
};

}  // namespace ballast
