#include "services/order_management/explanation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

using order::v1::OrderEvent;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

order::v1::Order AnOrder() {
  order::v1::Order order;
  order.set_order_id("o1");
  order.set_account_id("paper");
  order.set_request_id("r1");
  order.set_symbol("AAPL");
  order.set_side(type::v1::SIDE_BUY);
  order.set_type(type::v1::ORDER_TYPE_MARKET);
  order.set_time_in_force(type::v1::TIME_IN_FORCE_IOC);
  order.mutable_quantity()->set_value("10");
  order.mutable_cumulative_quantity()->set_value("0");
  order.mutable_leaves_quantity()->set_value("10");
  order.mutable_average_price()->set_value("0");
  order.mutable_fees()->set_value("0");
  order.set_mode(type::v1::ACCOUNT_MODE_PAPER);
  order.set_status(order::v1::ORDER_STATUS_PENDING_NEW);
  return order;
}

OrderEvent AnEvent(order::v1::OrderEventType type, const order::v1::Order& order, std::uint64_t sequence,
                   std::int64_t at_ns) {
  OrderEvent event;
  event.set_account_id("paper");
  event.set_sequence(sequence);
  event.set_type(type);
  *event.mutable_order() = order;
  wire::ToProto(UtcTime{at_ns}, event.mutable_event_time());
  event.set_actor("user:ann");
  return event;
}

order::v1::RiskCheck ACheck(const std::string& name, bool passed) {
  order::v1::RiskCheck check;
  check.set_name(name);
  check.set_limit("5");
  check.set_used("0");
  check.set_after("10");
  check.set_passed(passed);
  return check;
}

OrderFacts Filled() {
  OrderFacts facts{.broker = "paper", .currency = "USD"};
  order::v1::Order order = AnOrder();
  facts.events.push_back(AnEvent(order::v1::ORDER_EVENT_TYPE_PENDING_NEW, order, 2, 1'000));
  *facts.events.back().add_checks() = ACheck("known_instrument", true);
  *facts.events.back().add_checks() = ACheck("max_position", true);
  order.set_status(order::v1::ORDER_STATUS_SUBMITTED);
  facts.events.push_back(AnEvent(order::v1::ORDER_EVENT_TYPE_SUBMITTED, order, 3, 3'000));
  order.set_status(order::v1::ORDER_STATUS_NEW);
  order.set_broker_order_id("P-7");
  facts.events.push_back(AnEvent(order::v1::ORDER_EVENT_TYPE_ACCEPTED, order, 4, 9'000));
  order.set_status(order::v1::ORDER_STATUS_FILLED);
  order.mutable_cumulative_quantity()->set_value("10");
  order.mutable_average_price()->set_value("100.5");
  int execution = 0;
  for (const char* quantity : {"4", "6"}) {
    facts.events.push_back(AnEvent(order::v1::ORDER_EVENT_TYPE_FILLED, order, 5 + static_cast<std::uint64_t>(execution),
                                   12'000 + execution * 1'000));
    order::v1::Fill& fill = *facts.events.back().mutable_fill();
    fill.set_execution_id("E" + std::to_string(++execution));
    fill.set_side(type::v1::SIDE_BUY);
    fill.mutable_quantity()->set_value(quantity);
    fill.mutable_price()->set_value("100.5");
    fill.mutable_fee()->set_value("0.25");
    fill.set_fee_currency("USD");
    facts.events.back().set_execution_sequence(static_cast<std::uint64_t>(execution) + 1);
  }
  return facts;
}

TEST(Explanation, TellsAFilledOrderFromTheRequestToTheMoney) {
  order::v1::ExplainOrderResponse told = Explain(Filled());
  EXPECT_EQ(told.origin().kind(), order::v1::OrderOrigin::KIND_REQUEST);
  EXPECT_EQ(told.origin().actor(), "user:ann");
  EXPECT_FALSE(told.verdict().refused());
  ASSERT_EQ(told.verdict().checks_size(), 2);
  EXPECT_EQ(told.verdict().checks(0).name(), "known_instrument");
  EXPECT_EQ(told.verdict().unchecked(), "");
  EXPECT_EQ(told.route().broker(), "paper");
  EXPECT_TRUE(told.route().sent());
  EXPECT_EQ(told.route().support(), order::v1::OrderRoute::SUPPORT_NATIVE);
  EXPECT_EQ(told.route().broker_order_id(), "P-7");
  ASSERT_EQ(told.steps_size(), 5);
  EXPECT_EQ(told.steps(0).since_previous_ns(), 0);
  EXPECT_EQ(told.steps(2).since_previous_ns(), 6'000);
  EXPECT_THAT(told.steps(3).title(), HasSubstr("Filled 4 at 100.5"));
  EXPECT_EQ(told.result().notional().value(), "1005");
  EXPECT_EQ(told.result().fees().at("USD").value(), "0.5");
  EXPECT_EQ(wire::FromProto(told.result().accept_time()).nanos, 9'000);
  EXPECT_EQ(wire::FromProto(told.result().last_fill_time()).nanos, 13'000);
  EXPECT_THAT(told.summary(), HasSubstr("Buy 10 AAPL, market: filled, 10 filled at 100.5 on average"));
  EXPECT_THAT(told.gaps(), IsEmpty());
  EXPECT_FALSE(told.result().has_realised_pnl()) << "nobody was asked yet";
}

TEST(Explanation, WhatWasRealisedComesFromPositionsOrIsNamedAsAGap) {
  position::v1::ListFillsResponse booked;
  for (auto [id, realised] : {std::pair("E1", "2"), std::pair("E2", "-0.5")}) {
    order::v1::Fill& fill = *booked.add_fills();
    fill.set_execution_id(id);
    fill.mutable_realised_pnl()->set_value(realised);
  }
  order::v1::ExplainOrderResponse told = Explain(Filled());
  AddResults(booked, &told);
  EXPECT_EQ(told.result().realised_pnl().value(), "1.5");
  EXPECT_EQ(told.result().net_pnl().value(), "1");
  EXPECT_EQ(told.fills(1).fill().realised_pnl().value(), "-0.5");

  // Booked by a version that did not keep it: said, and no sum is made of a part.
  booked.mutable_fills(1)->clear_realised_pnl();
  told = Explain(Filled());
  AddResults(booked, &told);
  EXPECT_FALSE(told.result().has_realised_pnl());
  EXPECT_EQ(told.fills(0).unrealised_because(), "");
  EXPECT_THAT(told.fills(1).unrealised_because(), HasSubstr("not stored"));
  EXPECT_THAT(told.gaps(), ElementsAre(HasSubstr("not stored")));

  booked.mutable_fills()->RemoveLast();
  told = Explain(Filled());
  AddResults(booked, &told);
  EXPECT_THAT(told.fills(1).unrealised_because(), HasSubstr("not booked it yet"));
  EXPECT_THAT(told.gaps(), IsEmpty());

  told = Explain(Filled());
  AddResults(absl::UnavailableError(""), &told);
  EXPECT_FALSE(told.result().has_realised_pnl());
  EXPECT_THAT(told.gaps(), ElementsAre(HasSubstr("does not answer")));
}

OrderFacts Refused(const std::string& check, type::v1::RejectReason reason) {
  OrderFacts facts{.broker = "paper", .currency = "USD"};
  order::v1::Order order = AnOrder();
  order.set_status(order::v1::ORDER_STATUS_DENIED);
  facts.events.push_back(AnEvent(order::v1::ORDER_EVENT_TYPE_DENIED, order, 2, 1'000));
  facts.events.back().mutable_rejection()->set_reason(reason);
  facts.events.back().mutable_rejection()->set_check(check);
  facts.events.back().mutable_rejection()->set_message("no");
  return facts;
}

TEST(Explanation, ARefusalOfRiskNamesWhatWouldHavePassed) {
  OrderFacts facts = Refused("max_position", type::v1::REJECT_REASON_MAX_POSITION);
  *facts.events.back().add_checks() = ACheck("known_instrument", true);
  order::v1::RiskCheck failed = ACheck("max_position", false);
  order::v1::PassableTerm& term = *failed.add_nearest();
  term.set_term("quantity");
  term.set_value("5");
  term.set_check("max_position");
  *facts.events.back().add_checks() = failed;
  order::v1::ExplainOrderResponse told = Explain(facts);
  EXPECT_TRUE(told.verdict().refused());
  EXPECT_EQ(told.verdict().refused_by(), order::v1::ORDER_GUARD_RISK);
  ASSERT_EQ(told.verdict().nearest_size(), 1);
  EXPECT_EQ(told.verdict().nearest(0).value(), "5");
  EXPECT_FALSE(told.route().sent());
  EXPECT_THAT(told.gaps(), IsEmpty());
}

TEST(Explanation, AnOlderRefusalSaysThatItWasNotKept) {
  OrderFacts facts = Refused("max_position", type::v1::REJECT_REASON_MAX_POSITION);
  *facts.events.back().add_checks() = ACheck("max_position", false);
  order::v1::ExplainOrderResponse told = Explain(facts);
  EXPECT_THAT(told.verdict().nearest(), IsEmpty());
  EXPECT_THAT(told.gaps(), ElementsAre(HasSubstr("was not stored")));
}

TEST(Explanation, RefusedBeforeRiskWasAsked) {
  order::v1::ExplainOrderResponse told = Explain(Refused("deployment", type::v1::REJECT_REASON_UNKNOWN_DEPLOYMENT));
  EXPECT_EQ(told.verdict().refused_by(), order::v1::ORDER_GUARD_ORDER_MANAGEMENT);
  EXPECT_THAT(told.verdict().checks(), IsEmpty());
  EXPECT_THAT(told.verdict().unchecked(), HasSubstr("before risk"));
  EXPECT_THAT(told.gaps(), IsEmpty());
  told = Explain(Refused("risk", type::v1::REJECT_REASON_RISK_UNAVAILABLE));
  EXPECT_EQ(told.verdict().refused_by(), order::v1::ORDER_GUARD_ORDER_MANAGEMENT);
}

TEST(Explanation, TheVenuesNoAndTheGatewaysAreApart) {
  OrderFacts facts = Filled();
  facts.events.resize(2);
  order::v1::Order order = facts.events.back().order();
  order.set_status(order::v1::ORDER_STATUS_REJECTED);
  facts.events.push_back(AnEvent(order::v1::ORDER_EVENT_TYPE_REJECTED, order, 4, 5'000));
  facts.events.back().set_execution_sequence(1);
  facts.events.back().mutable_rejection()->set_reason(type::v1::REJECT_REASON_BROKER_REJECTED);
  EXPECT_EQ(Explain(facts).verdict().refused_by(), order::v1::ORDER_GUARD_VENUE);
  facts.events.back().mutable_rejection()->set_reason(type::v1::REJECT_REASON_KILL_SWITCH);
  EXPECT_EQ(Explain(facts).verdict().refused_by(), order::v1::ORDER_GUARD_BROKER_GATEWAY);
  facts.events.back().set_execution_sequence(0);
  facts.events.back().mutable_rejection()->set_reason(type::v1::REJECT_REASON_STALE_INTENT);
  EXPECT_EQ(Explain(facts).verdict().refused_by(), order::v1::ORDER_GUARD_ORDER_MANAGEMENT);
}

TEST(Explanation, ADecisionIsFoundByTheRequestId) {
  order::v1::Order order = AnOrder();
  EXPECT_EQ(DecisionOf(order), std::nullopt);
  order.set_deployment_id("ema-1");
  order.set_request_id("ema-1-42");
  EXPECT_EQ(DecisionOf(order), std::optional<std::uint64_t>(42));
  for (const char* other : {"ema-1-", "ema-1-4x", "ema-1-0", "ema-2-42", "ema-1"}) {
    order.set_request_id(other);
    EXPECT_EQ(DecisionOf(order), std::nullopt) << other;
  }

  OrderFacts facts = Filled();
  for (OrderEvent& event : facts.events) {
    event.mutable_order()->set_deployment_id("ema-1");
    event.mutable_order()->set_request_id("ema-1-42");
  }
  order::v1::ExplainOrderResponse told = Explain(facts);
  EXPECT_EQ(told.origin().kind(), order::v1::OrderOrigin::KIND_DECISION);
  strategy::v1::Decision decision;
  decision.set_sequence(42);
  decision.set_action("enter_long");
  (*decision.mutable_inputs())["fast"] = "101.2";
  AddDecision(decision, &told);
  EXPECT_EQ(told.origin().decision().inputs().at("fast"), "101.2");
  EXPECT_THAT(told.gaps(), IsEmpty());
  told = Explain(facts);
  AddDecision(absl::UnavailableError(""), &told);
  EXPECT_FALSE(told.origin().has_decision());
  EXPECT_THAT(told.gaps(), ElementsAre(HasSubstr("does not answer")));
}

// What is not asked for stays: it does not become nothing.
TEST(Explanation, AReplacementNamesOnlyWhatItAsksFor) {
  OrderFacts facts{.broker = "paper", .currency = "USD"};
  order::v1::Order order = AnOrder();
  facts.events.push_back(AnEvent(order::v1::ORDER_EVENT_TYPE_ACCEPTED, order, 2, 0));
  order.set_replace_count(1);
  order.mutable_pending_replace()->mutable_limit_price()->set_value("99");
  facts.events.push_back(AnEvent(order::v1::ORDER_EVENT_TYPE_PENDING_REPLACE, order, 3, 5));
  EXPECT_THAT(Explain(facts).steps(1).changes(), ElementsAre(HasSubstr("asked for limit")));
  order.mutable_pending_replace()->mutable_quantity()->set_value("7");
  facts.events.back() = AnEvent(order::v1::ORDER_EVENT_TYPE_PENDING_REPLACE, order, 3, 5);
  EXPECT_THAT(Explain(facts).steps(1).changes(), ElementsAre(HasSubstr("→ 7"), HasSubstr("→ 99")));
}

TEST(Explanation, ATrailingStopIsEmulatedAndItsTermsChange) {
  OrderFacts facts{.broker = "paper", .currency = "USD"};
  order::v1::Order order = AnOrder();
  order.set_type(type::v1::ORDER_TYPE_TRAILING_STOP);
  order.set_status(order::v1::ORDER_STATUS_HELD);
  order.set_hold(order::v1::HOLD_REASON_TRIGGER);
  order.mutable_stop_price()->set_value("98");
  facts.events.push_back(AnEvent(order::v1::ORDER_EVENT_TYPE_HELD, order, 2, 0));
  order.mutable_stop_price()->set_value("99.5");
  facts.events.push_back(AnEvent(order::v1::ORDER_EVENT_TYPE_TRAILED, order, 3, 5));
  order::v1::ExplainOrderResponse told = Explain(facts);
  EXPECT_EQ(told.route().support(), order::v1::OrderRoute::SUPPORT_EMULATED);
  EXPECT_FALSE(told.route().sent());
  EXPECT_THAT(told.steps(1).changes(), ElementsAre("stop 98 → 99.5"));
  EXPECT_THAT(told.verdict().unchecked(), HasSubstr("not stored"));
}

TEST(Explanation, LinksSayWhoIsWho) {
  OrderFacts facts = Filled();
  order::v1::Order order = facts.events.back().order();
  order.mutable_list()->set_list_id("L");
  order.mutable_list()->set_contingency_type(type::v1::CONTINGENCY_TYPE_BRACKET);
  order.mutable_list()->set_index(2);
  order.mutable_list()->set_size(3);
  *facts.events.back().mutable_order() = order;
  facts.list.resize(4);
  for (int i = 0; i < 3; ++i) {
    facts.list[static_cast<std::size_t>(i)] = order;
    facts.list[static_cast<std::size_t>(i)].set_order_id("o" + std::to_string(i));
  }
  order::v1::ExplainOrderResponse told = Explain(facts);
  ASSERT_EQ(told.links_size(), 2);
  EXPECT_EQ(told.links(0).relation(), "parent");
  EXPECT_EQ(told.links(0).order_id(), "o0");
  EXPECT_EQ(told.links(1).relation(), "sibling");
  EXPECT_EQ(told.links(1).place().index(), 3U);
}

TEST(Explanation, AnOrderThatWentElsewhereAndTheOneItWentAsNameEachOther) {
  order::v1::Order first = AnOrder();
  order::v1::Order went = AnOrder();
  went.set_order_id("o2");
  went.set_reason("elsewhere:o1");
  OrderFacts facts{.events = {AnEvent(order::v1::ORDER_EVENT_TYPE_PENDING_NEW, first, 1, 1)}, .elsewhere = {went}};
  order::v1::ExplainOrderResponse told = Explain(facts);
  ASSERT_EQ(told.links_size(), 1);
  EXPECT_EQ(told.links(0).order_id(), "o2");
  EXPECT_EQ(told.links(0).relation(), "went_elsewhere_as");
  facts = {.events = {AnEvent(order::v1::ORDER_EVENT_TYPE_PENDING_NEW, went, 1, 1)}, .elsewhere = {first}};
  told = Explain(facts);
  ASSERT_EQ(told.links_size(), 1);
  EXPECT_EQ(told.links(0).relation(), "instead_of");
}

}  // namespace
}  // namespace ballast
