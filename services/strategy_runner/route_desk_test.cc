// Routes from their plan to their end, over answers that are lost and processes that die.
#include "services/strategy_runner/route_desk.h"

#include "gtest/gtest.h"
#include "libs/platform/grpc/status.h"
#include "services/strategy_runner/order_quality_codec.h"
#include "services/strategy_runner/testing/memory_order_quality_store.h"
#include "services/strategy_runner/testing/route_stage.h"

namespace ballast {
namespace {

using Legs = std::vector<std::string>;

std::string LeftOut(const execution::v1::RoutePlan& plan, const std::string& account) {
  for (const execution::v1::RouteVenue& venue : plan.venues()) {
    if (venue.account_id() == account && venue.has_left_out())
      return type::v1::RejectReason_Name(venue.left_out().reason()).substr(14);
  }
  return "";
}

TEST(RouteDeskTest, APlanSaysEachPartOfWhatItCosts) {
  RouteStage stage;
  stage.venues.books["ecn"] = StagedVenues::Book("ecn", "100", "4");
  stage.venues.books["ecn"].set_latency_ms(50);
  auto plan = stage.planner->Plan(RouteStage::Buy("r", "6").spec());
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->legs_size(), 2);
  const execution::v1::RouteLeg& leg = plan->legs(1);
  EXPECT_EQ(leg.account_id(), "ecn");
  EXPECT_EQ(leg.broker(), "paper_ecn");
  EXPECT_EQ(leg.quantity().value(), "4");
  EXPECT_EQ(leg.average_price().value(), "100");
  EXPECT_EQ(leg.fees().value(), "0.4");
  EXPECT_EQ(leg.latency_cost().value(), "0.02");  // 50 ms at 0.01 basis points each, of 400
  EXPECT_EQ(leg.reliability_cost().value(), "0");
  EXPECT_EQ(leg.all_in_amount().value(), "400.42");
  Decimal sum;
  for (const auto& one : plan->legs()) sum += Decimal::Of(one.all_in_amount().value());
  EXPECT_EQ(sum, Decimal::Of(plan->all_in_amount().value()));
  EXPECT_GT(Decimal::Of(plan->best_single_amount().value()), sum);
  EXPECT_TRUE(stage.tables->routes.empty());
  EXPECT_TRUE(stage.orders.calls.empty());
}

TEST(RouteDeskTest, WhatIsNotPlannedWithSaysWhy) {
  RouteStage stage;
  auto why = [&] { return LeftOut(*stage.planner->Plan(RouteStage::Buy("r", "1").spec()), "ecn"); };
  EXPECT_EQ(why(), "");
  broker::v1::GetVenueBookResponse& book = stage.venues.books["ecn"];
  const broker::v1::GetVenueBookResponse fresh = book;
  book.set_age_ms(5'000);
  EXPECT_EQ(why(), "");
  book.set_age_ms(5'001);
  EXPECT_EQ(why(), "STALE_PRICE");
  book.set_age_ms(-5'001);
  EXPECT_EQ(why(), "STALE_PRICE");
  book = fresh;
  book.mutable_available_cash()->set_value("0");
  EXPECT_EQ(why(), "INSUFFICIENT_FUNDS");
  book = fresh;
  book.mutable_untradable()->set_reason(type::v1::REJECT_REASON_INSTRUMENT_HALTED);
  EXPECT_EQ(why(), "INSTRUMENT_HALTED");
  book = fresh;
  book.clear_asks();
  EXPECT_EQ(why(), "NO_LIQUIDITY");
  book = fresh;
  book.mutable_available_cash()->set_value("much");
  EXPECT_EQ(why(), "STALE_PRICE");
  stage.venues.books.erase("ecn");
  EXPECT_EQ(why(), "BROKER_UNAVAILABLE");
  stage.venues.books["ecn"] = fresh;
  stage.venues.accounts.mutable_accounts(1)->set_broker("paper");
  EXPECT_EQ(why(), "UNSUPPORTED");
  stage.venues.accounts.mutable_accounts(1)->set_halted(true);
  auto named = RouteStage::Buy("r", "1").spec();
  named.add_account_ids("ecn");
  EXPECT_EQ(LeftOut(*stage.planner->Plan(named), "ecn"), "ACCOUNT_HALTED");
  named.add_account_ids("nobody");
  EXPECT_TRUE(absl::IsNotFound(stage.planner->Plan(named).status()));
}

TEST(RouteDeskTest, ItIsSentOnceAndTheSameRequestFindsIt) {
  RouteStage stage;
  auto first = stage.Execute(RouteStage::Buy("r", "15"));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_FALSE(first->replayed());
  EXPECT_EQ(RouteStage::Legs(first->route()), (Legs{"paper 10 FILLED", "ecn 5 FILLED"}));
  EXPECT_EQ(first->route().state(), execution::v1::ROUTE_STATE_FILLED);
  EXPECT_EQ(first->route().filled_quantity().value(), "15");
  EXPECT_FALSE(stage.desk->has_work());
  auto again = stage.Execute(RouteStage::Buy("r", "15"));
  EXPECT_TRUE(again->replayed());
  EXPECT_EQ(again->route().SerializeAsString(), first->route().SerializeAsString());
  EXPECT_EQ(stage.orders.calls.size(), 2U);
  EXPECT_TRUE(absl::IsAlreadyExists(stage.Execute(RouteStage::Buy("r", "14")).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(stage.Execute(RouteStage::Buy("s", "21")).status()));
  EXPECT_EQ(stage.orders.Filled(), Decimal::Of("15"));
}

TEST(RouteDeskTest, WhatALegLeavesIsPlannedAgainWithinWhatWasSeen) {
  RouteStage stage;
  stage.venues.books["ecn"] = StagedVenues::Book("ecn", "102", "50");
  stage.orders.fills = false;
  ASSERT_TRUE(stage.Execute(RouteStage::Buy("r", "12")).ok());  // 10 at 101, 2 at 102
  EXPECT_EQ(RouteStage::Legs(stage.Now("r")), (Legs{"paper 10 NEW", "ecn 2 NEW"}));
  stage.orders.Change(stage.OrderIn("paper"), order::v1::ORDER_STATUS_CANCELED, "4");
  stage.orders.Change(stage.OrderIn("ecn"), order::v1::ORDER_STATUS_FILLED, "2");
  // Dearer than anybody has seen: it does not go there.
  stage.venues.books["paper"] = StagedVenues::Book("paper", "102.11", "50");
  stage.venues.books["ecn"] = StagedVenues::Book("ecn", "102.1", "50");
  stage.Pass(100'000'000);
  EXPECT_EQ(RouteStage::Legs(stage.Now("r")), (Legs{"paper 10 CANCELED", "ecn 2 FILLED", "ecn 6 PENDING"}));
  EXPECT_EQ(stage.tables->routes["r"].legs_size(), 3);  // stored before it is sent
  stage.orders.fills = true;
  stage.Pass(100'000'000);
  EXPECT_EQ(stage.Now("r").state(), execution::v1::ROUTE_STATE_FILLED);
  EXPECT_EQ(stage.orders.Filled(), Decimal::Of("12"));
  EXPECT_EQ(stage.Now("r").replans(), 1);
}

TEST(RouteDeskTest, WhereALegHasNoMoneyTheRestDoesNotGo) {
  RouteStage stage;
  stage.orders.refuse.push_back(type::v1::REJECT_REASON_INSUFFICIENT_FUNDS);
  ASSERT_TRUE(stage.Execute(RouteStage::Buy("r", "8")).ok());
  EXPECT_EQ(RouteStage::Legs(stage.Now("r")), (Legs{"paper 8 DENIED", "ecn 8 PENDING"}));
  stage.orders.refuse.push_back(type::v1::REJECT_REASON_INSUFFICIENT_FUNDS);
  stage.Pass(100'000'000);
  EXPECT_EQ(stage.Now("r").state(), execution::v1::ROUTE_STATE_ENDED);
  EXPECT_NE(stage.Now("r").note().find("8 is left"), std::string::npos) << stage.Now("r").note();
  EXPECT_NE(stage.Now("r").note().find("ecn: no"), std::string::npos) << stage.Now("r").note();
  ASSERT_EQ(stage.venues.alerts.size(), 1U);
  EXPECT_EQ(stage.venues.alerts[0].request_id(), "strategy_runner:route:r");
}

TEST(RouteDeskTest, ALimitThatRefusesALegIsNotEvadedInTheNextAccount) {
  for (auto reason : {type::v1::REJECT_REASON_MAX_POSITION, type::v1::REJECT_REASON_DUPLICATE_ORDER,
                      type::v1::REJECT_REASON_ACCOUNT_HALTED}) {
    RouteStage stage;
    stage.orders.refuse.push_back(reason);
    ASSERT_TRUE(stage.Execute(RouteStage::Buy("r", "8")).ok());
    EXPECT_EQ(RouteStage::Legs(stage.Now("r")), (Legs{"paper 8 DENIED"}));
    EXPECT_EQ(stage.Now("r").state(), execution::v1::ROUTE_STATE_ENDED);
    EXPECT_EQ(stage.Now("r").note(), "8 is left: paper: no (a_limit: 5, limit 3)");
    EXPECT_FALSE(stage.orders.submits.back().confirm_duplicate());
  }
}

TEST(RouteDeskTest, ARepeatHasToBeMeant) {
  RouteStage stage;
  ASSERT_TRUE(stage.Execute(RouteStage::Buy("r", "5")).ok());
  auto again = RouteStage::Buy("s", "5");
  EXPECT_TRUE(absl::IsFailedPrecondition(stage.Execute(again).status()));
  EXPECT_TRUE(stage.Execute(RouteStage::Buy("r", "5"))->replayed());
  auto other = again;
  other.mutable_spec()->add_account_ids("ecn");
  other.set_request_id("t");
  EXPECT_TRUE(stage.Execute(other).ok());
  again.set_confirm_duplicate(true);
  EXPECT_TRUE(stage.Execute(again).ok());
  EXPECT_TRUE(stage.orders.submits.back().confirm_duplicate());
  stage.clock.nanos += RouteDesk::kRepeatTime.nanos + 1;
  EXPECT_TRUE(stage.Execute(RouteStage::Buy("u", "5")).ok());
}

// Programs go by the code, not by the words.
TEST(RouteDeskTest, ARepeatIsRefusedWithItsCode) {
  RouteStage stage;
  ASSERT_TRUE(stage.Execute(RouteStage::Buy("r", "5")).ok());
  const grpc::Status told = ToGrpc(stage.Execute(RouteStage::Buy("s", "5")).status());
  EXPECT_EQ(told.error_code(), grpc::FAILED_PRECONDITION);
  const std::vector<FieldError> why = FieldErrorsOf(told);
  ASSERT_EQ(why.size(), 1U);
  EXPECT_EQ(why[0].field, "confirm_duplicate");
  EXPECT_EQ(why[0].reason, RejectReason::kDuplicateOrder);
  EXPECT_EQ(why[0].message, told.error_message());
  // Another refusal is not taken for it.
  EXPECT_TRUE(FieldErrorsOf(ToGrpc(stage.Execute(RouteStage::Buy("t", "2100")).status())).empty());
}

TEST(RouteDeskTest, MoreThanAPageOfThemIsTakenUpAgain) {
  RouteStage stage;
  execution::v1::Route one = stage.Execute(RouteStage::Buy("r", "5"))->route();
  one.set_state(execution::v1::ROUTE_STATE_WORKING);
  for (int i = 0; i < 2'001; ++i) {
    one.set_request_id("r" + std::to_string(i));
    // Several of one moment lie across the pages' edge.
    one.mutable_create_time()->set_seconds(1'000 + i / 3);
    stage.tables->routes[one.request_id()] = one;
  }
  stage.Restart();
  // What has ended meanwhile is seen by the look at each, and by nothing else.
  while (stage.desk->Work()) {
  }
  int working = 0;
  for (const auto& [id, route] : stage.tables->routes) working += IsActive(route.state()) ? 1 : 0;
  EXPECT_EQ(working, 0);
}

TEST(RouteDeskTest, FiguresSayWhatBecameOfThem) {
  RouteStage stage;
  ASSERT_TRUE(stage.Execute(RouteStage::Buy("r", "15")).ok());  // two legs, filled
  stage.orders.refuse.push_back(type::v1::REJECT_REASON_MAX_POSITION);
  ASSERT_TRUE(stage.Execute(RouteStage::Buy("s", "8")).ok());
  stage.orders.fills = false;
  ASSERT_TRUE(stage.Execute(RouteStage::Buy("t", "7")).ok());
  ASSERT_TRUE(stage.desk->Cancel("t", "user:test").ok());
  stage.Pass(1);
  const std::string told = stage.metrics.Text();
  for (const char* line : {"ballast_strategy_routes_started_total 3", "ballast_strategy_route_legs_total 4",
                           "ballast_strategy_routes_ended_total{outcome=\"filled\"} 1",
                           "ballast_strategy_routes_ended_total{outcome=\"with_less\"} 1",
                           "ballast_strategy_routes_ended_total{outcome=\"cancelled\"} 1",
                           "ballast_strategy_route_seconds_count 3", "ballast_strategy_routes 0"})
    EXPECT_NE(told.find(line), std::string::npos) << line << "\n" << told;
}

TEST(RouteDeskTest, AnotherOrderOfALegsIdIsNotTheLeg) {
  RouteStage stage;
  order::v1::SubmitOrderRequest strange;
  strange.set_request_id("route-r-1");
  strange.set_account_id("paper");
  strange.set_symbol("SPY");
  strange.set_side(type::v1::SIDE_SELL);
  strange.mutable_quantity()->set_value("5");
  ASSERT_TRUE(stage.orders.Submit(strange).ok());
  ASSERT_TRUE(stage.Execute(RouteStage::Buy("r", "5")).ok());
  EXPECT_EQ(RouteStage::Legs(stage.Now("r")), (Legs{"paper 5 NEVER_SENT"}));
  EXPECT_NE(stage.Now("r").note().find("used by another order"), std::string::npos) << stage.Now("r").note();
  EXPECT_EQ(stage.Now("r").filled_quantity().value(), "0");
}

TEST(RouteDeskTest, ARefusalOfTheSecondRequestSaysNothingOfTheFirst) {
  for (bool dies : {false, true}) {
    RouteStage stage;
    stage.orders.lose_requests = 1;
    ASSERT_TRUE(stage.Execute(RouteStage::Buy("r", "5")).ok());
    if (dies) stage.Restart();
    stage.orders.fail.push_back(absl::FailedPreconditionError("not now"));
    stage.Pass(1);
    EXPECT_EQ(RouteStage::Legs(stage.Now("r")), (Legs{"paper 5 PENDING"}));
    // The first one was only slow.
    const order::v1::SubmitOrderRequest slow = stage.orders.submits[0];
    ASSERT_TRUE(stage.orders.Submit(slow).ok());
    stage.Pass(1);
    EXPECT_EQ(stage.Now("r").state(), execution::v1::ROUTE_STATE_FILLED);
    EXPECT_EQ(stage.orders.Filled(), Decimal::Of("5"));
  }
  RouteStage first;
  first.orders.fail.push_back(absl::FailedPreconditionError("never"));
  ASSERT_TRUE(first.Execute(RouteStage::Buy("r", "5")).ok());
  EXPECT_EQ(RouteStage::Legs(first.Now("r")), (Legs{"paper 5 NEVER_SENT"}));
}

TEST(RouteDeskTest, WhatSomebodyHasStoppedIsNotPlannedAgain) {
  auto note = [](const std::function<void(RouteStage&)>& stop) {
    RouteStage stage;
    stage.orders.fills = false;
    EXPECT_TRUE(stage.Execute(RouteStage::Buy("r", "5")).ok());
    stage.orders.Change(stage.OrderIn("paper"), order::v1::ORDER_STATUS_CANCELED, "2");
    stop(stage);
    stage.Pass(1);
    EXPECT_EQ(stage.orders.submits.size(), 1U);
    return stage.Now("r").note();
  };
  EXPECT_EQ(note([](RouteStage& s) { s.orders.cancel_asked.insert(s.OrderIn("paper").order_id()); }),
            "3 is left: somebody else has cancelled leg 1");
  EXPECT_EQ(note([](RouteStage& s) { s.venues.accounts.mutable_accounts(0)->set_halted(true); }),
            "3 is left: account paper is halted: ");
  EXPECT_NE(note([](RouteStage& s) {
              s.gate.SetDays({{"paper", {.ending = {TradingCalendar::kUnspecified}}}});
            }).find("account paper waits for"),
            std::string::npos);
}

TEST(RouteDeskTest, ACancelledRouteSendsNothingMore) {
  RouteStage stage;
  stage.orders.fills = false;
  stage.orders.lose_requests = 1;
  ASSERT_TRUE(stage.Execute(RouteStage::Buy("r", "15")).ok());
  EXPECT_EQ(RouteStage::Legs(stage.Now("r")), (Legs{"paper 10 PENDING", "ecn 5 NEW"}));
  stage.tables->refuse_saves = 1;
  EXPECT_FALSE(stage.desk->Cancel("r", "user:test").ok());
  EXPECT_FALSE(stage.Now("r").cancel_requested());
  auto cancelled = stage.desk->Cancel("r", "user:test");
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_TRUE(stage.tables->routes["r"].cancel_requested());
  EXPECT_EQ(RouteStage::Legs(*cancelled), (Legs{"paper 10 PENDING", "ecn 5 CANCELED"}));
  stage.Restart();
  stage.Pass(1);
  EXPECT_EQ(stage.orders.submits.size(), 2U);
  stage.Pass(RouteDesk::kPlanTime.nanos + RouteDesk::kSettled.nanos);
  EXPECT_EQ(stage.Now("r").state(), execution::v1::ROUTE_STATE_ENDED);
  EXPECT_EQ(stage.Now("r").note(), "15 is left: user:test has cancelled it");
  EXPECT_EQ(stage.orders.submits.size(), 2U);
  EXPECT_EQ(stage.desk->Cancel("r", "user:other")->note(), stage.Now("r").note());
  EXPECT_TRUE(absl::IsNotFound(stage.desk->Cancel("none", "user:test").status()));
}

TEST(RouteDeskTest, WhoHasStoppedWaitingHasSentNothing) {
  RouteStage stage;
  for (int asked_until : {0, 1}) {
    int asked = 0;
    execution::v1::ExecuteRouteResponse response;
    absl::Status done = stage.desk->Execute(RouteStage::Buy("r", "5"), &response, [&] {
      return asked++ < asked_until ? absl::OkStatus() : absl::DeadlineExceededError("late");
    });
    EXPECT_TRUE(absl::IsDeadlineExceeded(done)) << done;
    EXPECT_TRUE(stage.tables->routes.empty());
  }
  EXPECT_TRUE(stage.orders.calls.empty());
}

TEST(RouteDeskTest, OneModeOneCurrencyAndNoDayThatEnds) {
  RouteStage stage;
  auto why = [&] { return LeftOut(*stage.planner->Plan(RouteStage::Buy("r", "1").spec()), "ecn"); };
  order::v1::Account& ecn = *stage.venues.accounts.mutable_accounts(1);
  ecn.set_currency("EUR");
  EXPECT_EQ(why(), "UNSUPPORTED");
  ecn.clear_currency();
  ecn.set_mode(type::v1::ACCOUNT_MODE_LIVE);
  EXPECT_EQ(why(), "UNSUPPORTED");
  ecn.clear_mode();
  EXPECT_EQ(why(), "");
  stage.venues.books["ecn"].mutable_position()->set_value("-1");
  EXPECT_EQ(why(), "UNSUPPORTED");
  stage.venues.books["ecn"].mutable_position()->set_value("1");
  EXPECT_EQ(why(), "");
  stage.gate.SetDays({{"ecn", {.ending = {TradingCalendar::kUnspecified}}}});
  EXPECT_EQ(why(), "SESSION_ENDED");
}

TEST(RouteDeskTest, ASellTakesWhatIsHeldAndMoreOnlyWhereThatIsMeant) {
  RouteStage stage;
  stage.venues.shortable = true;
  for (auto& [account, book] : stage.venues.books) *book.add_bids() = book.asks(0);
  stage.venues.books["paper"].mutable_available_quantity()->set_value("4");
  stage.venues.books["paper"].mutable_position()->set_value("4");
  auto sell = RouteStage::Buy("r", "6").spec();
  sell.set_side(type::v1::SIDE_SELL);
  auto told = [&] {
    auto plan = stage.planner->Plan(sell);
    std::string told;
    for (const auto& leg : plan->legs()) told += leg.account_id() + " " + leg.quantity().value() + "; ";
    return told + plan->unplaced_quantity().value();
  };
  EXPECT_EQ(told(), "paper 4; 2");
  sell.set_may_open_short(true);
  stage.venues.books["ecn"].mutable_bids(0)->mutable_price()->set_value("105");
  EXPECT_EQ(told(), "paper 4; ecn 2; 0");
  stage.venues.shortable = false;
  EXPECT_EQ(told(), "paper 4; 2");
}

TEST(RouteDeskTest, SoManyWorkAndEachHasItsTurn) {
  RouteStage stage;
  stage.orders.fills = false;
  auto ask = [&](std::size_t i) {
    auto request = RouteStage::Buy("r" + std::to_string(i), "5");
    request.set_confirm_duplicate(true);
    return stage.Execute(request).status();
  };
  for (std::size_t i = 0; i < RouteDesk::kOpenMost; ++i) ASSERT_EQ(ask(i), absl::OkStatus());
  EXPECT_TRUE(absl::IsResourceExhausted(ask(RouteDesk::kOpenMost)));
  stage.Restart();
  stage.orders.calls.clear();
  // One after the other, whoever asks between.
  EXPECT_TRUE(stage.desk->Work([] { return true; }));
  EXPECT_EQ(stage.orders.calls.size(), 1U);
  int turns = 2;
  while (stage.desk->Work()) ++turns;
  EXPECT_GT(turns, 20);
  std::set<std::string> looked(stage.orders.calls.begin(), stage.orders.calls.end());
  EXPECT_EQ(looked.size(), RouteDesk::kOpenMost);
}

TEST(RouteDeskTest, APlanThatFailsIsNotTriedAtOnceAgain) {
  RouteStage stage;
  stage.orders.fills = false;
  ASSERT_TRUE(stage.Execute(RouteStage::Buy("r", "5")).ok());
  stage.orders.Change(stage.OrderIn("paper"), order::v1::ORDER_STATUS_CANCELED, "2");
  stage.venues.away = 1;
  stage.Pass(1);
  EXPECT_NE(stage.Now("r").note().find("cannot be planned again"), std::string::npos) << stage.Now("r").note();
  stage.Pass(500'000'000);
  EXPECT_EQ(RouteStage::Legs(stage.Now("r")), (Legs{"paper 5 CANCELED"}));
  stage.Pass(500'000'000);
  EXPECT_EQ(stage.Now("r").legs_size(), 2);
}

TEST(RouteDeskTest, ALostAnswerIsOneOrder) {
  RouteStage stage;
  stage.orders.lose_answers = 1;
  ASSERT_TRUE(stage.Execute(RouteStage::Buy("r", "5")).ok());
  EXPECT_EQ(RouteStage::Legs(stage.Now("r")), (Legs{"paper 5 PENDING"}));
  stage.Pass(100'000'000);
  EXPECT_EQ(RouteStage::Legs(stage.Now("r")), (Legs{"paper 5 FILLED"}));
  EXPECT_EQ(stage.orders.Filled(), Decimal::Of("5"));
}

TEST(RouteDeskTest, AProcessThatDiesIsFollowedByOneThatGoesOn) {
  RouteStage stage;
  stage.orders.lose_requests = 1;
  stage.orders.fills = false;
  ASSERT_TRUE(stage.Execute(RouteStage::Buy("r", "15")).ok());
  EXPECT_EQ(RouteStage::Legs(stage.Now("r")), (Legs{"paper 10 PENDING", "ecn 5 NEW"}));
  stage.orders.fills = true;
  stage.Restart();
  stage.Pass(1);
  EXPECT_EQ(RouteStage::Legs(stage.Now("r")), (Legs{"paper 10 FILLED", "ecn 5 NEW"}));
  stage.orders.Change(stage.OrderIn("ecn"), order::v1::ORDER_STATUS_FILLED, "5");
  stage.Restart();
  stage.Pass(1);
  EXPECT_EQ(stage.Now("r").state(), execution::v1::ROUTE_STATE_FILLED);
  EXPECT_EQ(stage.orders.Filled(), Decimal::Of("15"));
}

TEST(RouteDeskTest, WhatIsNotSentInTimeIsOnlyLookedFor) {
  RouteStage stage;
  stage.orders.lose_requests = 1;
  ASSERT_TRUE(stage.Execute(RouteStage::Buy("r", "5")).ok());
  std::size_t before = stage.orders.calls.size();
  stage.Restart();
  stage.Pass(RouteDesk::kPlanTime.nanos + 1);
  EXPECT_EQ(RouteStage::Legs(stage.Now("r")), (Legs{"paper 5 PENDING"}));  // it may still be on its way
  stage.Pass(RouteDesk::kSettled.nanos);
  EXPECT_EQ(RouteStage::Legs(stage.Now("r")), (Legs{"paper 5 NEVER_SENT"}));
  EXPECT_EQ(stage.Now("r").state(), execution::v1::ROUTE_STATE_ENDED);
  for (std::size_t i = before; i < stage.orders.calls.size(); ++i) EXPECT_EQ(stage.orders.calls[i].substr(0, 3), "get");
}

TEST(RouteDeskTest, AnUnknownLegHoldsItsQuantity) {
  RouteStage stage;
  stage.orders.fills = false;
  ASSERT_TRUE(stage.Execute(RouteStage::Buy("r", "5")).ok());
  stage.orders.Change(stage.OrderIn("paper"), order::v1::ORDER_STATUS_UNKNOWN, "0");
  for (int i = 0; i < 30; ++i) stage.Pass(RouteStage::kSecondNs);
  EXPECT_EQ(RouteStage::Legs(stage.Now("r")), (Legs{"paper 5 UNKNOWN"}));
  EXPECT_EQ(stage.Now("r").state(), execution::v1::ROUTE_STATE_WORKING);
  stage.orders.Change(stage.OrderIn("paper"), order::v1::ORDER_STATUS_FILLED, "5");
  stage.Pass(3 * RouteStage::kSecondNs);
  EXPECT_EQ(stage.Now("r").state(), execution::v1::ROUTE_STATE_FILLED);
}

TEST(RouteDeskTest, WhatIsNotStoredIsDoneAgainAndOnlyTheNewestProcessStores) {
  RouteStage stage;
  stage.tables->refuse_saves = 1;
  ASSERT_TRUE(stage.Execute(RouteStage::Buy("r", "5")).ok());
  EXPECT_EQ(stage.Now("r").state(), execution::v1::ROUTE_STATE_WORKING);
  stage.Pass(1);
  EXPECT_EQ(stage.Now("r").state(), execution::v1::ROUTE_STATE_FILLED);
  EXPECT_EQ(stage.orders.Filled(), Decimal::Of("5"));
  stage.orders.fills = false;
  ASSERT_TRUE(stage.Execute(RouteStage::Buy("s", "6")).ok());
  ASSERT_TRUE(MemoryRouteStore(stage.tables).Fence().ok());  // another one begins
  stage.orders.Change(stage.OrderIn("paper"), order::v1::ORDER_STATUS_CANCELED, "0");
  stage.Pass(1);
  EXPECT_NE(stage.failed, "");
  EXPECT_TRUE(absl::IsFailedPrecondition(stage.Execute(RouteStage::Buy("t", "7")).status()));
}

TEST(RouteDeskTest, OrdersByHandCountInAVenuesScoreAndLegsOnlyOnce) {
  RouteStage stage;
  auto rows = std::make_shared<MemoryOrderQualityTables>();
  MemoryOrderQualityStore singles(rows);
  RoutePlanner planner({.neighbours = stage.venues,
                        .venues = stage.venues,
                        .algo_store = stage.algo_store,
                        .store = *stage.store,
                        .gate = stage.gate,
                        .singles = &singles});
  auto score_with = [&](const std::string& request) {
    for (int i = 0; i < 5; ++i) {
      OrderQualityStore::Row row;
      ToProto(
          execution::SingleOrderRecord{
              .type = OrderType::kMarket, .quantity = Decimal::Of("5"), .status = OrderStatus::kCanceled},
          &row.kept);
      row.kept.set_order_id(request + std::to_string(i));
      row.kept.set_request_id(request + std::to_string(i));
      row.kept.set_account_id("paper");
      rows->rows[row.kept.order_id()] = row;
    }
    return planner.Plan(RouteStage::Buy("r", "5").spec())->venues(0).score().value();
  };
  EXPECT_EQ(score_with("route-x-"), "1");
  EXPECT_EQ(score_with("mine-"), "0.5");
}

TEST(RouteDeskTest, HowAVenueDealtWithLegsCountsInTheNextPlan) {
  RouteStage stage;
  stage.orders.fills = false;
  for (int i = 0; i < 5; ++i) {
    auto request = RouteStage::Buy("r" + std::to_string(i), "5");
    request.mutable_spec()->add_account_ids("paper");
    request.set_replans_max(0);
    request.set_confirm_duplicate(true);
    ASSERT_TRUE(stage.Execute(request).ok());
    stage.orders.Change(stage.OrderIn("paper"), order::v1::ORDER_STATUS_CANCELED, "0");
    stage.Pass(1);
  }
  auto plan = stage.planner->Plan(RouteStage::Buy("r", "5").spec());
  EXPECT_EQ(plan->venues(0).score().value(), "0.5");
  ASSERT_EQ(plan->legs_size(), 1);
  EXPECT_EQ(plan->legs(0).account_id(), "ecn");
}

}  // namespace
}  // namespace ballast
