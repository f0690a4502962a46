// Routes from their plan to their end, over answers that are lost and processes that die.
#include "services/strategy_runner/route_desk.h"

#include "gtest/gtest.h"
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

TEST(RouteDeskTest, WhereALegIsRefusedTheRestDoesNotGo) {
  RouteStage stage;
  stage.orders.refuse.push_back(type::v1::REJECT_REASON_MAX_POSITION);
  ASSERT_TRUE(stage.Execute(RouteStage::Buy("r", "8")).ok());
  EXPECT_EQ(RouteStage::Legs(stage.Now("r")), (Legs{"paper 8 DENIED", "ecn 8 PENDING"}));
  stage.orders.refuse.push_back(type::v1::REJECT_REASON_MAX_POSITION);
  stage.Pass(100'000'000);
  EXPECT_EQ(stage.Now("r").state(), execution::v1::ROUTE_STATE_ENDED);
  EXPECT_NE(stage.Now("r").note().find("8 is left"), std::string::npos) << stage.Now("r").note();
  EXPECT_NE(stage.Now("r").note().find("ecn: no"), std::string::npos) << stage.Now("r").note();
  ASSERT_EQ(stage.venues.alerts.size(), 1U);
  EXPECT_EQ(stage.venues.alerts[0].request_id(), "strategy_runner:route:r");
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
  ASSERT_TRUE(stage.Execute(RouteStage::Buy("s", "5")).ok());
  ASSERT_TRUE(MemoryRouteStore(stage.tables).Fence().ok());  // another one begins
  stage.orders.Change(stage.OrderIn("paper"), order::v1::ORDER_STATUS_CANCELED, "0");
  stage.Pass(1);
  EXPECT_NE(stage.failed, "");
  EXPECT_TRUE(absl::IsFailedPrecondition(stage.Execute(RouteStage::Buy("t", "5")).status()));
}

TEST(RouteDeskTest, HowAVenueDealtWithLegsCountsInTheNextPlan) {
  RouteStage stage;
  stage.orders.fills = false;
  for (int i = 0; i < 5; ++i) {
    auto request = RouteStage::Buy("r" + std::to_string(i), "5");
    request.mutable_spec()->add_account_ids("paper");
    request.set_replans_max(0);
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
