#include "libs/brokers/kraken/answers.h"

#include "gtest/gtest.h"
#include "libs/brokers/kraken/error_table.h"

namespace ballast::kraken {
namespace {

using broker::ErrorClass;
const UtcTime kNow = UtcTime::Parse("2026-03-01T10:00:00Z").value();

Told Heard(const std::string& text, Asked asked) {
  asked.order_id = OrderId("o1");
  asked.terms.number = 3;
  return Hear(ReadMethodAnswer(venue::Json::Parse(text).value()).value(), asked, kNow);
}
std::string Failure(const std::string& error) {
  return R"({"method":"add_order","req_id":99,"success":false,"error":")" + error + R"("})";
}

TEST(KrakenAnswers, ATakenOrderIsAcknowledgedWithTheVenuesIdAndTime) {
  const char* text = R"({"method":"add_order","req_id":42,"success":true,"result":{"order_id":"OABCDE-12345-FGHIJ",)"
                     R"("cl_ord_id":"x","order_userref":0},"time_in":"2026-03-01T10:00:01.000000Z",)"
                     R"("time_out":"2026-03-01T10:00:01.500000Z"})";
  EXPECT_EQ(ReadMethodAnswer(venue::Json::Parse(text).value())->req_id, 42u);
  Told told = Heard(text, {});
  ASSERT_EQ(told.facts.size(), 1u);
  const auto& ack = std::get<broker::Ack>(told.facts[0]);
  EXPECT_EQ(ack.order_id, OrderId("o1"));
  EXPECT_EQ(ack.broker_order_id, "OABCDE-12345-FGHIJ");
  EXPECT_EQ(ack.time, kNow + Duration::Millis(1500));
}

TEST(KrakenAnswers, ARefusedOrderIsRefusedForGood) {
  Told told = Heard(Failure("EOrder:Insufficient funds"), {});
  EXPECT_EQ(told.error, ErrorClass::kRefused);
  const auto& reject = std::get<broker::DefinitiveReject>(told.facts.at(0));
  EXPECT_EQ(reject.rejection.reason, RejectReason::kInsufficientFunds);
  EXPECT_EQ(reject.rejection.observed, "EOrder:Insufficient funds");
  EXPECT_EQ(reject.time, kNow);
}

TEST(KrakenAnswers, WhatMayHaveBeenDoneIsAskedFor) {
  for (const char* error : {"EService:Unavailable", "EService:Busy", "EGeneral:Internal error", "EWhat:Something new",
                            "EOrder:Duplicate cl_ord_id"})
    EXPECT_TRUE(std::holds_alternative<broker::OutcomeUnknown>(Heard(Failure(error), {}).facts.at(0))) << error;
  Told told = Heard(R"({"method":"add_order","success":true,"result":{}})", {});
  EXPECT_TRUE(std::holds_alternative<broker::OutcomeUnknown>(told.facts.at(0)));
  told = Heard(R"({"method":"add_order","success":false})", {});
  EXPECT_TRUE(std::holds_alternative<broker::OutcomeUnknown>(told.facts.at(0)));
}

TEST(KrakenAnswers, ALateOrThrottledOrderWasNotTaken) {
  for (const char* error : {"EService:Deadline elapsed", "EOrder:Rate limit exceeded", "EAPI:Invalid nonce"})
    EXPECT_TRUE(std::holds_alternative<broker::DefinitiveReject>(Heard(Failure(error), {}).facts.at(0))) << error;
  EXPECT_EQ(Heard(Failure("EOrder:Rate limit exceeded"), {}).error, ErrorClass::kThrottled);
  EXPECT_EQ(Heard(Failure("ESession:Invalid session"), {}).error, ErrorClass::kCredentials);
}

TEST(KrakenAnswers, AnAmendmentAndACancellationAreAnsweredAsSuch) {
  Told told =
      Heard(R"({"method":"amend_order","success":true,"result":{"amend_id":"T"}})", {.what = Asked::What::kAmend});
  EXPECT_EQ(std::get<broker::Replaced>(told.facts.at(0)).terms.number, 3u);
  told = Heard(Failure("EOrder:Unknown order"), {.what = Asked::What::kAmend});
  EXPECT_EQ(std::get<broker::ReplaceReject>(told.facts.at(0)).rejection.reason, RejectReason::kOrderNotFound);
  told = Heard(R"({"method":"cancel_order","success":true,"result":{"order_id":"O"}})", {.what = Asked::What::kCancel});
  EXPECT_TRUE(told.facts.empty());
  told = Heard(Failure("EOrder:Unknown order"), {.what = Asked::What::kCancel});
  EXPECT_EQ(std::get<broker::CancelReject>(told.facts.at(0)).rejection.reason, RejectReason::kOrderNotFound);
}

TEST(KrakenAnswers, TheLongestBeginningOfAnErrorDecides) {
  EXPECT_EQ(RowOf("EOrder:Something new").meaning, Meaning::kRefused);
  EXPECT_EQ(RowOf("EOrder:Unknown order").meaning, Meaning::kGone);
  EXPECT_EQ(RowOf("EOrder:Rate limit exceeded").meaning, Meaning::kNotDone);
  EXPECT_EQ(RowOf("EOrder:Reduce only:No position exists").reason, RejectReason::kReduceOnly);
  EXPECT_EQ(RowOf("EGeneral:Invalid arguments:volume").meaning, Meaning::kRefused);
  EXPECT_EQ(RowOf("EService:Market in cancel_only mode").meaning, Meaning::kNotNow);
  EXPECT_EQ(RowOf("").error, ErrorClass::kUnreadable);
}

TEST(KrakenAnswers, AChannelsMessageIsNoAnswer) {
  EXPECT_FALSE(ReadMethodAnswer(venue::Json::Parse(R"({"channel":"heartbeat"})").value()).has_value());
  EXPECT_FALSE(ReadMethodAnswer(venue::Json::Parse("[1]").value()).has_value());
}

RestAnswer Rest(int status, const std::string& body) {
  return ReadRest({.outcome = venue::Outcome::kAnswered, .status = status, .body = body});
}

TEST(KrakenAnswers, AnEnvelopeWithErrorsFailsWhateverTheStatusSays) {
  RestAnswer good = Rest(200, R"({"error":["WGeneral:Slow"],"result":{"count":1}})");
  EXPECT_EQ(good.error, ErrorClass::kUnspecified);
  EXPECT_EQ(good.envelope.result["count"].text(), "1");
  EXPECT_EQ(good.envelope.warnings.size(), 1u);
  RestAnswer bad = Rest(200, R"({"error":["EAPI:Invalid key"],"result":{}})");
  EXPECT_EQ(bad.error, ErrorClass::kCredentials);
  EXPECT_FALSE(bad.may_be_done);
  EXPECT_TRUE(Rest(200, R"({"error":["EOrder:Invalid price","EService:Busy"]})").may_be_done);
}

TEST(KrakenAnswers, NoWholeAnswerSaysWhetherItMayBeDone) {
  EXPECT_TRUE(Rest(520, "<html>").may_be_done);
  EXPECT_EQ(Rest(520, "<html>").error, ErrorClass::kVenueDown);
  EXPECT_EQ(Rest(200, "<html>").error, ErrorClass::kUnreadable);
  EXPECT_FALSE(Rest(429, "").may_be_done);
  EXPECT_TRUE(ReadRest({.outcome = venue::Outcome::kUnknown}).may_be_done);
  EXPECT_FALSE(ReadRest({.outcome = venue::Outcome::kNotSent}).may_be_done);
}

}  // namespace
}  // namespace ballast::kraken
