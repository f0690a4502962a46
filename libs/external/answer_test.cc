#include "libs/external/answer.h"

#include <functional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/external/answer_sheet.h"

namespace ballast::external {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

v1::Answer Long() {
  v1::Answer answer;
  answer.set_deployment_id("d");
  answer.set_sequence(7);
  answer.set_signal(v1::SIGNAL_LONG);
  answer.set_reason("it rises");
  return answer;
}

TEST(ReadAnswer, IsASignalWithItsReasonAndInputs) {
  v1::Answer answer = Long();
  answer.set_strength("0.50");
  (*answer.mutable_inputs())["fast"] = "1.25";
  Reading reading = ReadAnswer(answer);
  EXPECT_EQ(reading.fault, v1::FAULT_UNSPECIFIED);
  EXPECT_EQ(reading.evaluation.signal, strategy::Signal::kLong);
  EXPECT_EQ(reading.evaluation.reason, "it rises");
  EXPECT_FALSE(reading.evaluation.noted);
  EXPECT_THAT(reading.evaluation.inputs, ElementsAre(Pair("fast", "1.25"), Pair("strength", "0.5")));
  answer.set_signal(v1::SIGNAL_SHORT);
  EXPECT_EQ(ReadAnswer(answer).evaluation.signal, strategy::Signal::kShort);
  answer.set_signal(v1::SIGNAL_OUT);
  EXPECT_EQ(ReadAnswer(answer).evaluation.signal, strategy::Signal::kOut);
}

TEST(ReadAnswer, MaySayQuantityStopAndTarget) {
  v1::Answer answer = Long();
  EXPECT_TRUE(ReadAnswer(answer).evaluation.terms.empty());
  answer.set_quantity("2.50");
  answer.set_stop_price("99.5");
  answer.set_target_price("110");
  Reading reading = ReadAnswer(answer);
  EXPECT_EQ(reading.fault, v1::FAULT_UNSPECIFIED);
  EXPECT_EQ(reading.evaluation.terms, (strategy::EntryTerms{.quantity = Decimal::Of("2.5"),
                                                            .stop_price = Decimal::Of("99.5"),
                                                            .target_price = Decimal::Of("110")}));
}

TEST(ReadAnswer, NothingIsKeptOnlyWithAReason) {
  v1::Answer answer;
  answer.set_signal(v1::SIGNAL_NONE);
  EXPECT_FALSE(ReadAnswer(answer).evaluation.noted);
  answer.set_reason("too quiet");
  EXPECT_TRUE(ReadAnswer(answer).evaluation.noted);
  EXPECT_EQ(ReadAnswer(answer).evaluation.signal, strategy::Signal::kNone);
}

TEST(ReadAnswer, NonsenseIsUnreadableAndSaysWhere) {
  struct Case {
    const char* why;
    std::function<void(v1::Answer&)> spoil;
  };
  const Case cases[] = {
      {"signal: there is no such", [](v1::Answer& a) { a.set_signal(v1::SIGNAL_UNSPECIFIED); }},
      {"signal: there is no such", [](v1::Answer& a) { a.set_signal(static_cast<v1::Signal>(99)); }},
      {"reason: a signal without", [](v1::Answer& a) { a.clear_reason(); }},
      {"reason: 200 bytes", [](v1::Answer& a) { a.set_reason(std::string(201, 'x')); }},
      {"strength", [](v1::Answer& a) { a.set_strength("NaN"); }},
      {"quantity", [](v1::Answer& a) { a.set_quantity("many"); }},
      {"quantity: above zero", [](v1::Answer& a) { a.set_quantity("0"); }},
      {"stop_price: above zero", [](v1::Answer& a) { a.set_stop_price("-1"); }},
      {"target_price: with SIGNAL_LONG or",
       [](v1::Answer& a) { a.set_signal(v1::SIGNAL_OUT), a.set_target_price("1"); }},
      {"quantity: with SIGNAL_LONG or", [](v1::Answer& a) { a.set_signal(v1::SIGNAL_NONE), a.set_quantity("1"); }},
      {"strength", [](v1::Answer& a) { a.set_strength("inf"); }},
      {"strength", [](v1::Answer& a) { a.set_strength("1e-1"); }},
      {"strength: 0 to 1", [](v1::Answer& a) { a.set_strength("1.000001"); }},
      {"strength: 0 to 1", [](v1::Answer& a) { a.set_strength("-0.1"); }},
      {"inputs: a name", [](v1::Answer& a) { (*a.mutable_inputs())[""] = "1"; }},
      {"inputs: a name", [](v1::Answer& a) { (*a.mutable_inputs())[std::string(41, 'n')] = "1"; }},
      {"inputs.fast: 80 bytes", [](v1::Answer& a) { (*a.mutable_inputs())["fast"] = std::string(81, '1'); }},
      {"inputs: 16 at most",
       [](v1::Answer& a) {
         for (int i = 0; i < 17; ++i) (*a.mutable_inputs())["i" + std::to_string(i)] = "1";
       }},
      {"failure: 500 bytes", [](v1::Answer& a) { a.set_failure(std::string(501, 'x')); }},
  };
  for (const Case& one : cases) {
    v1::Answer answer = Long();
    one.spoil(answer);
    Reading reading = ReadAnswer(answer);
    EXPECT_EQ(reading.fault, v1::FAULT_UNREADABLE) << one.why;
    EXPECT_THAT(reading.why, HasSubstr(one.why));
    EXPECT_EQ(reading.evaluation.signal, strategy::Signal::kNone) << one.why;
  }
}

TEST(ReadAnswer, AFailureIsNoSignalWhateverElseItSays) {
  v1::Answer answer = Long();
  answer.set_failure("ValueError: no");
  Reading reading = ReadAnswer(answer);
  EXPECT_EQ(reading.fault, v1::FAULT_FAILED);
  EXPECT_EQ(reading.why, "ValueError: no");
  EXPECT_EQ(reading.evaluation.signal, strategy::Signal::kNone);
}

TEST(EvaluationOf, AFaultHasItsCode) {
  strategy::Evaluation evaluation = EvaluationOf(v1::FAULT_NO_ANSWER, "not within 2000 ms", true);
  EXPECT_EQ(evaluation.reason, "EXTERNAL_NO_ANSWER: not within 2000 ms");
  EXPECT_TRUE(evaluation.noted);
  EXPECT_EQ(evaluation.signal, strategy::Signal::kNone);
}

TEST(SheetStrategy, SaysOnceWhatIsWrittenForTheBar) {
  auto sheet = std::make_shared<AnswerSheet>();
  SheetStrategy strategy(sheet, 42);
  EXPECT_EQ(strategy.warmup_bars(), 42);
  Bar bar{.symbol = Symbol("SPY"), .start_time = UtcTime{60}};
  EXPECT_EQ(strategy.OnBar(bar).signal, strategy::Signal::kNone);
  sheet->Put(Symbol("SPY"), UtcTime{60}, {.signal = strategy::Signal::kOut, .reason = "done", .inputs = {}});
  Bar other = bar;
  other.symbol = Symbol("IBM");
  EXPECT_EQ(strategy.OnBar(other).signal, strategy::Signal::kNone);
  EXPECT_EQ(strategy.OnBar(bar).signal, strategy::Signal::kOut);
  EXPECT_EQ(strategy.OnBar(bar).signal, strategy::Signal::kNone) << "said already";
}

}  // namespace
}  // namespace ballast::external
