#include "libs/strategy/decider.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/strategy/catalogue.h"

namespace ballast::strategy {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DeciderTest : public ::testing::Test {
 protected:
  DeciderTest() {
    spec.strategy_id = "ema_cross";
    spec.parameters = {{"fast", "1"}, {"slow", "2"}};
    spec.account_id = AccountId("paper");
    spec.symbols = {Symbol("A"), Symbol("B")};
    spec.timeframe = "1m";
    spec.position_size_ratio = Decimal::Of("0.1");
    spec.stop_loss_ratio = Decimal::Of("0.02");
    spec.take_profit_ratio = Decimal::Of("0.05");
    spec.max_open_positions = 1;
    spec.allow_short = true;
    for (const char* symbol : {"A", "B"}) {
      instruments[Symbol(symbol)] = Instrument{.symbol = Symbol(symbol),
                                               .tick_size = Decimal::Of("0.01"),
                                               .lot_size = Decimal::Of("1"),
                                               .min_notional = Decimal::Of("1"),
                                               .shortable = true};
      SetQuote(symbol, "100");
    }
    Rebuild();
  }
  void Rebuild() { decider = std::make_unique<Decider>(std::move(Decider::Make(DeploymentId("demo"), spec)).value()); }
  void SetQuote(const char* symbol, const char* price, bool open = true) {
    quotes[Symbol(symbol)] = Quote{.symbol = Symbol(symbol),
                                   .bid_price = Decimal::Of(price),
                                   .ask_price = Decimal::Of(price),
                                   .last_price = Decimal::Of(price),
                                   .session_open = open};
  }
  DecisionContext Context() {
    return {.market_time = now,
            .quotes = quotes,
            .instruments = instruments,
            .equity = equity,
            .entries_allowed = entries_allowed};
  }
  std::vector<Decision> Close(const char* symbol, const char* price) {
    now = now + Duration::Seconds(60);
    Bar bar;
    bar.symbol = Symbol(symbol);
    bar.timeframe = "1m";
    bar.start_time = now;
    bar.close = Decimal::Of(price);
    SetQuote(symbol, price, quotes[Symbol(symbol)].session_open);
    return decider->OnBar(bar, Context());
  }
  // Three falling closes, then a rising one: crosses up.
  std::vector<Decision> CrossUp(const char* symbol) {
    for (const char* price : {"100", "99", "98"}) (void)Close(symbol, price);
    return Close(symbol, "100");
  }
  void Fill(const Decision& decision, const char* price, const char* quantity = nullptr,
            OrderStatus status = OrderStatus::kFilled) {
    OrderEvent event;
    event.order = Order{.request_id = RequestId(decider->RequestIdOf(decision)),
                        .deployment_id = DeploymentId("demo"),
                        .symbol = decision.symbol,
                        .status = status,
                        .cumulative_quantity = quantity ? Decimal::Of(quantity) : decision.intent->quantity};
    event.fill = ballast::Fill{.deployment_id = DeploymentId("demo"),
                               .symbol = decision.symbol,
                               .side = decision.intent->side,
                               .quantity = quantity ? Decimal::Of(quantity) : decision.intent->quantity,
                               .price = Decimal::Of(price)};
    EXPECT_TRUE(decider->OnOrderEvent(event, now));
  }

  Spec spec;
  std::unique_ptr<Decider> decider;
  std::map<Symbol, Quote> quotes;
  std::map<Symbol, Instrument> instruments;
  UtcTime now{1'000'000'000'000};
  std::optional<Decimal> equity = Decimal::FromInt(100'000);
  bool entries_allowed = true;
};

TEST_F(DeciderTest, EntersOnTheCrossWithTheFractionOfEquity) {
  auto decisions = CrossUp("A");
  ASSERT_THAT(decisions, SizeIs(1));
  EXPECT_EQ(decisions[0].action, "enter_long");
  EXPECT_EQ(decisions[0].intent->quantity, Decimal::FromInt(100));
  EXPECT_EQ(decisions[0].intent->side, Side::kBuy);
  EXPECT_FALSE(decisions[0].intent->reduce_only);
}

// What risk counts is never above the fraction, whichever side is dearer.
TEST_F(DeciderTest, SizesByThePriceThatRiskCounts) {
  struct Case {
    const char *ask, *last, *quantity;
  };
  for (const Case& one : {Case{"100.5", "100", "99"}, Case{"100", "102.1", "97"}, Case{"100", "99", "100"}}) {
    Rebuild();
    for (const char* price : {"100", "99", "98"}) (void)Close("A", price);
    Bar bar;
    bar.symbol = Symbol("A");
    bar.timeframe = "1m";
    bar.start_time = now = now + Duration::Seconds(60);
    bar.close = Decimal::FromInt(100);
    quotes[Symbol("A")].ask_price = Decimal::Of(one.ask);
    quotes[Symbol("A")].last_price = Decimal::Of(one.last);
    auto decisions = decider->OnBar(bar, Context());
    ASSERT_THAT(decisions, SizeIs(1));
    ASSERT_TRUE(decisions[0].intent);
    EXPECT_EQ(decisions[0].intent->quantity, Decimal::Of(one.quantity));
  }
}

TEST_F(DeciderTest, OneOrderAtATimePerInstrument) {
  (void)CrossUp("A");
  auto again = Close("A", "90");
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].action, "hold");
  EXPECT_THAT(again[0].reason, HasSubstr("under way"));
}

TEST_F(DeciderTest, OppositeSignalClosesFirstAndEntersWhenFlat) {
  auto entry = CrossUp("A");
  Fill(entry[0], "100");
  auto exit = Close("A", "99");
  ASSERT_THAT(exit, SizeIs(1));
  EXPECT_EQ(exit[0].action, "exit_long");
  EXPECT_TRUE(exit[0].intent->reduce_only);
  EXPECT_THAT(Close("A", "98.5"), IsEmpty()) << "not flat yet";
  Fill(exit[0], "98.5");
  auto turned = Close("A", "98");
  ASSERT_THAT(turned, SizeIs(1));
  EXPECT_EQ(turned[0].action, "enter_short");
}

TEST_F(DeciderTest, StopLossAndTakeProfitOfLongAndShort) {
  struct Case {
    Side side;
    const char* price;
    const char* reason;
  };
  for (const Case& c : {Case{Side::kBuy, "98", "stop_loss"}, Case{Side::kBuy, "105", "take_profit"},
                        Case{Side::kSell, "102", "stop_loss"}, Case{Side::kSell, "95", "take_profit"}}) {
    Rebuild();
    decider->Restore(
        7,
        {{Symbol("A"), SymbolState{.quantity = c.side == Side::kBuy ? Decimal::FromInt(10) : Decimal::FromInt(-10),
                                   .cost = c.side == Side::kBuy ? Decimal::FromInt(1000) : Decimal::FromInt(-1000)}}});
    SetQuote("A", "100");
    EXPECT_THAT(decider->OnQuote(Symbol("A"), Context()), IsEmpty());
    SetQuote("A", c.price);
    auto decisions = decider->OnQuote(Symbol("A"), Context());
    ASSERT_THAT(decisions, SizeIs(1)) << c.price;
    EXPECT_EQ(decisions[0].intent->reason, c.reason);
    EXPECT_EQ(decisions[0].intent->quantity, Decimal::FromInt(10));
    EXPECT_EQ(decisions[0].sequence, 8U);
    EXPECT_THAT(decider->OnQuote(Symbol("A"), Context()), IsEmpty()) << "the order is under way";
  }
}

TEST_F(DeciderTest, LimitOnPositionsCountsOrdersUnderWay) {
  (void)CrossUp("A");
  auto second = CrossUp("B");
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second[0].action, "hold");
  EXPECT_THAT(second[0].reason, HasSubstr("1 positions"));
}

TEST_F(DeciderTest, UnknownEquityClosedMarketOrPauseAllowNoEntry) {
  equity.reset();
  EXPECT_EQ(CrossUp("A")[0].action, "hold");
  equity = Decimal::FromInt(100'000);
  entries_allowed = false;
  Rebuild();
  EXPECT_EQ(CrossUp("A")[0].action, "hold");
  entries_allowed = true;
  Rebuild();
  SetQuote("A", "100", false);
  EXPECT_EQ(CrossUp("A")[0].action, "hold");
}

TEST_F(DeciderTest, PausedDeploymentStillExits) {
  auto entry = CrossUp("A");
  Fill(entry[0], "100");
  entries_allowed = false;
  SetQuote("A", "97");
  EXPECT_THAT(decider->OnQuote(Symbol("A"), Context()), SizeIs(1));
}

TEST_F(DeciderTest, RefusalPausesThatInstrumentForFiveSeconds) {
  auto entry = CrossUp("A");
  decider->OnRefused(decider->RequestIdOf(entry[0]), now);
  EXPECT_FALSE(decider->any_working());
  decider->Restore(9, {{Symbol("A"), SymbolState{.quantity = Decimal::FromInt(1),
                                                 .cost = Decimal::FromInt(100),
                                                 .blocked_until = now + Duration::Seconds(5)}}});
  SetQuote("A", "50");
  EXPECT_THAT(decider->OnQuote(Symbol("A"), Context()), IsEmpty());
  now = now + Duration::Seconds(5);
  EXPECT_THAT(decider->OnQuote(Symbol("A"), Context()), SizeIs(1));
}

TEST_F(DeciderTest, RestartDoesNotRepeatTheSignalOfABarAlreadyDecided) {
  auto entry = CrossUp("A");
  ASSERT_TRUE(entry[0].intent);
  auto states = decider->states();
  std::uint64_t sequence = decider->last_sequence();
  UtcTime bar_time = now;
  Rebuild();
  decider->Restore(sequence, states);
  now = UtcTime{1'000'000'000'000};
  EXPECT_THAT(CrossUp("A"), IsEmpty());
  EXPECT_EQ(now, bar_time);
}

TEST_F(DeciderTest, PartialExitKeepsTheEntryPriceOfTheRest) {
  decider->Restore(1, {{Symbol("A"), SymbolState{.quantity = Decimal::FromInt(10), .cost = Decimal::FromInt(1000)}}});
  SetQuote("A", "97");
  auto exit = decider->OnQuote(Symbol("A"), Context());
  Fill(exit[0], "97", "4", OrderStatus::kCanceled);
  EXPECT_EQ(decider->states().at(Symbol("A")).quantity, Decimal::FromInt(6));
  EXPECT_EQ(decider->states().at(Symbol("A")).cost, Decimal::FromInt(600));
  auto rest = decider->OnQuote(Symbol("A"), Context());
  ASSERT_THAT(rest, SizeIs(1));
  EXPECT_EQ(rest[0].intent->quantity, Decimal::FromInt(6));
}

TEST_F(DeciderTest, CloseAllExitsEveryPositionOnce) {
  decider->Restore(1, {{Symbol("A"), SymbolState{.quantity = Decimal::FromInt(10), .cost = Decimal::FromInt(1000)}},
                       {Symbol("B"), SymbolState{.quantity = Decimal::FromInt(-3), .cost = Decimal::FromInt(-300)}}});
  auto exits = decider->CloseAll("emergency_stop", Context());
  ASSERT_THAT(exits, SizeIs(2));
  EXPECT_EQ(exits[0].intent->side, Side::kSell);
  EXPECT_EQ(exits[1].intent->side, Side::kBuy);
  EXPECT_THAT(decider->CloseAll("emergency_stop", Context()), IsEmpty());
}

TEST_F(DeciderTest, AnEntrySaysWhereItsStopLossWillBe) {
  auto entry = CrossUp("A");
  ASSERT_THAT(entry, SizeIs(1));
  EXPECT_EQ(
      entry[0].intent->protective_stop_price,
      quotes[Symbol("A")].ask_price - Multiply(quotes[Symbol("A")].ask_price, Decimal::Of("0.02"), Rounding::kUp));
  Fill(entry[0], "100");
  auto exits = decider->CloseAll("emergency_stop", Context());
  ASSERT_THAT(exits, SizeIs(1));
  EXPECT_FALSE(exits[0].intent->protective_stop_price);
  spec.stop_loss_ratio.reset();
  Rebuild();
  EXPECT_FALSE(CrossUp("A")[0].intent->protective_stop_price);
}

TEST_F(DeciderTest, ExitFilledInPartIsFinishedAtTheNextQuote) {
  spec.allow_short = false;
  spec.stop_loss_ratio.reset();
  Rebuild();
  auto entry = CrossUp("A");
  Fill(entry[0], "100");
  auto exit = Close("A", "99");
  ASSERT_THAT(exit, SizeIs(1));
  Fill(exit[0], "99", "40", OrderStatus::kCanceled);
  auto rest = decider->OnQuote(Symbol("A"), Context());
  ASSERT_THAT(rest, SizeIs(1));
  EXPECT_EQ(rest[0].action, "exit_long");
  EXPECT_EQ(rest[0].intent->quantity, Decimal::FromInt(60));
  Fill(rest[0], "99");
  EXPECT_THAT(decider->OnQuote(Symbol("A"), Context()), IsEmpty());
  EXPECT_THAT(Close("A", "98"), IsEmpty()) << "shorts are not allowed";
}

TEST_F(DeciderTest, RefusedExitIsTriedAgainAfterThePause) {
  spec.stop_loss_ratio.reset();
  Rebuild();
  auto entry = CrossUp("A");
  Fill(entry[0], "100");
  auto exit = Close("A", "99");
  decider->OnRefused(decider->RequestIdOf(exit[0]), now);
  EXPECT_THAT(decider->OnQuote(Symbol("A"), Context()), IsEmpty()) << "not at once";
  now = now + Duration::Seconds(5);
  EXPECT_THAT(decider->OnQuote(Symbol("A"), Context()), SizeIs(1));
}

TEST_F(DeciderTest, ExitWaitsForTheMarketToOpen) {
  spec.stop_loss_ratio.reset();
  Rebuild();
  auto entry = CrossUp("A");
  Fill(entry[0], "100");
  SetQuote("A", "99", false);
  EXPECT_EQ(Close("A", "99")[0].action, "hold");
  EXPECT_THAT(decider->OnQuote(Symbol("A"), Context()), IsEmpty());
  EXPECT_THAT(decider->CloseAll("manual", Context()), IsEmpty()) << "it would only be refused";
  (void)Close("A", "98");
  SetQuote("A", "98");
  auto exit = decider->CloseAll("manual", Context());
  ASSERT_THAT(exit, SizeIs(1));
  EXPECT_EQ(exit[0].action, "exit_long");
}

TEST_F(DeciderTest, SignalAgainstAnEntryUnderWayClosesItOnceFilled) {
  spec.stop_loss_ratio.reset();
  Rebuild();
  auto entry = CrossUp("A");
  EXPECT_EQ(Close("A", "90")[0].action, "hold");
  Fill(entry[0], "100");
  auto exit = decider->OnQuote(Symbol("A"), Context());
  ASSERT_THAT(exit, SizeIs(1));
  EXPECT_EQ(exit[0].action, "exit_long");
}

TEST_F(DeciderTest, SignalFromBeforeANewStartIsForgotten) {
  auto entry = CrossUp("A");
  Fill(entry[0], "100");
  auto exit = Close("A", "99");
  Fill(exit[0], "99");
  decider->ForgetSignals();
  EXPECT_THAT(Close("A", "98"), IsEmpty());
}

TEST_F(DeciderTest, QuoteWithoutAPriceAllowsNoEntry) {
  for (const char* price : {"100", "99", "98"}) (void)Close("A", price);
  now = now + Duration::Seconds(60);
  Bar bar{.symbol = Symbol("A"), .timeframe = "1m", .start_time = now, .close = Decimal::FromInt(100)};
  SetQuote("A", "0");
  auto decisions = decider->OnBar(bar, Context());
  ASSERT_THAT(decisions, SizeIs(1));
  EXPECT_EQ(decisions[0].action, "hold");
}

TEST_F(DeciderTest, AFillMadeByHandInItsBookIsKnownAtOnce) {
  decider->Restore(1, {{Symbol("A"), {.quantity = Decimal::Of("10"), .cost = Decimal::Of("1000")}}});
  OrderEvent event;
  event.type = OrderEventType::kFilled;
  event.order.emplace();
  event.order->symbol = Symbol("A");
  event.order->side = Side::kSell;
  event.order->status = OrderStatus::kFilled;
  event.fill = ballast::Fill{.deployment_id = DeploymentId("demo"),
                             .symbol = Symbol("A"),
                             .side = Side::kSell,
                             .quantity = Decimal::Of("10"),
                             .price = Decimal::Of("99")};
  EXPECT_TRUE(decider->OnOrderEvent(event, now));
  EXPECT_TRUE(decider->flat());
  SetQuote("A", "90");  // far below the stop of what is gone
  EXPECT_THAT(decider->OnQuote(Symbol("A"), Context()), IsEmpty());
  event.fill->deployment_id = DeploymentId("another");
  EXPECT_FALSE(decider->OnOrderEvent(event, now));
}

// A strategy that says what the test wants next.
class Scripted : public Strategy {
 public:
  Scripted(const Signal& next, const EntryTerms& terms) : next_(next), terms_(terms) {}
  Evaluation OnBar(const Bar&) override { return {.signal = next_, .reason = "as told", .terms = terms_}; }
  [[nodiscard]] int warmup_bars() const override { return 1; }

 private:
  const Signal& next_;
  const EntryTerms& terms_;
};

class DeciderOutTest : public DeciderTest {
 protected:
  DeciderOutTest() {
    spec.symbols = {Symbol("A")};
    Entry entry{.strategy_id = "scripted",
                .make = [this](const Parameters&) -> absl::StatusOr<std::unique_ptr<Strategy>> {
                  return std::make_unique<Scripted>(next, terms);
                }};
    decider = std::make_unique<Decider>(std::move(Decider::Make(DeploymentId("demo"), spec, entry)).value());
  }
  std::vector<Decision> Say(Signal signal, const char* price = "100") {
    next = signal;
    return Close("A", price);
  }
  Signal next = Signal::kNone;
  EntryTerms terms;
};

TEST_F(DeciderOutTest, OutClosesAndTakesNoSide) {
  for (Signal side : {Signal::kLong, Signal::kShort}) {
    auto entry = Say(side);
    ASSERT_THAT(entry, SizeIs(1));
    Fill(entry[0], "100");
    auto exit = Say(Signal::kOut);
    ASSERT_THAT(exit, SizeIs(1));
    EXPECT_EQ(exit[0].action, side == Signal::kLong ? "exit_long" : "exit_short");
    EXPECT_TRUE(exit[0].intent->reduce_only);
    Fill(exit[0], "100");
    EXPECT_TRUE(decider->flat());
    for (int i = 0; i < 3; ++i) EXPECT_THAT(Say(Signal::kNone), IsEmpty()) << "the other side is nobody's wish";
    EXPECT_EQ(decider->states().at(Symbol("A")).waiting_entry, Signal::kNone);
  }
}

TEST_F(DeciderOutTest, OutOfNothingIsNoted) {
  auto nothing = Say(Signal::kOut);
  ASSERT_THAT(nothing, SizeIs(1));
  EXPECT_EQ(nothing[0].action, "hold");
  EXPECT_THAT(nothing[0].reason, HasSubstr("nothing is held"));
  EXPECT_FALSE(nothing[0].intent);
}

TEST_F(DeciderOutTest, OutDuringTheEntryClosesWhatItBought) {
  auto entry = Say(Signal::kLong);
  auto waits = Say(Signal::kOut);
  ASSERT_THAT(waits, SizeIs(1));
  EXPECT_THAT(waits[0].reason, HasSubstr("under way"));
  Fill(entry[0], "100");
  auto exit = decider->OnQuote(Symbol("A"), Context());
  ASSERT_THAT(exit, SizeIs(1));
  EXPECT_EQ(exit[0].action, "exit_long");
}

TEST_F(DeciderOutTest, OutThatWasRefusedOrFilledInPartIsTriedAgain) {
  auto entry = Say(Signal::kLong);
  Fill(entry[0], "100");
  auto exit = Say(Signal::kOut);
  decider->OnRefused(decider->RequestIdOf(exit[0]), now);
  now = now + Duration::Seconds(6);
  auto again = decider->OnQuote(Symbol("A"), Context());
  ASSERT_THAT(again, SizeIs(1));
  Fill(again[0], "100", "40", OrderStatus::kCanceled);
  auto rest = decider->OnQuote(Symbol("A"), Context());
  ASSERT_THAT(rest, SizeIs(1));
  EXPECT_EQ(rest[0].intent->quantity, entry[0].intent->quantity - Decimal::FromInt(40));
}

TEST_F(DeciderOutTest, OutSurvivesARestartAndTheNextSideReplacesIt) {
  auto entry = Say(Signal::kLong);
  Fill(entry[0], "100");
  quotes[Symbol("A")].session_open = false;
  auto closed = Say(Signal::kOut);
  ASSERT_THAT(closed, SizeIs(1));
  EXPECT_THAT(closed[0].reason, HasSubstr("the market is closed"));
  auto states = decider->states();
  EXPECT_EQ(states.at(Symbol("A")).waiting_entry, Signal::kOut);
  decider->Restore(decider->last_sequence(), states);
  quotes[Symbol("A")].session_open = true;
  EXPECT_THAT(decider->OnQuote(Symbol("A"), Context()), SizeIs(1));
  // The same before the market opens, but the strategy has come back to its side.
  decider->Restore(decider->last_sequence(), states);
  (void)Say(Signal::kLong);
  EXPECT_THAT(decider->OnQuote(Symbol("A"), Context()), IsEmpty());
}

// What a strategy asks of its entries: 100,000 of equity at 100 and a tenth of it make 100 units at most.
using DeciderTermsTest = DeciderOutTest;

TEST_F(DeciderTermsTest, AnEntryHasTheQuantityThatIsAskedOrTheDeploymentsSize) {
  terms.quantity = Decimal::Of("7");
  auto asked = Say(Signal::kLong);
  ASSERT_THAT(asked, SizeIs(1));
  ASSERT_TRUE(asked[0].intent) << asked[0].reason;
  EXPECT_EQ(asked[0].intent->quantity, Decimal::Of("7"));
  EXPECT_EQ(asked[0].inputs.at("quantity"), "7");
  decider->OnRefused(decider->RequestIdOf(asked[0]), now);
  now = now + Duration::Seconds(6);
  terms = {};
  auto sized = Say(Signal::kLong);
  ASSERT_TRUE(sized[0].intent);
  EXPECT_EQ(sized[0].intent->quantity, Decimal::Of("100"));
}

TEST_F(DeciderTermsTest, MoreThanTheSizeOrNoWholeLotOrAStopOnTheWrongSideIsNoEntryAndSaysWhy) {
  struct Case {
    Signal side;
    EntryTerms terms;
    const char* why;
  };
  const auto d = [](const char* text) { return Decimal::Of(text); };
  const Case cases[] = {
      {Signal::kLong, {.quantity = d("101")}, "quantity 101 is more than the 100 that the deployment's size allows"},
      {Signal::kShort, {.quantity = d("1.5")}, "quantity 1.5 is no multiple of the lot 1"},
      {Signal::kLong, {.stop_price = d("100")}, "stop_price 100 is not below the bid 100"},
      {Signal::kShort, {.stop_price = d("99")}, "stop_price 99 is not above the ask 100"},
      {Signal::kLong, {.target_price = d("99")}, "target_price 99 is not above the bid 100"},
      {Signal::kShort, {.target_price = d("100")}, "target_price 100 is not below the ask 100"},
  };
  for (const Case& one : cases) {
    terms = one.terms;
    auto held = Say(one.side);
    ASSERT_THAT(held, SizeIs(1));
    EXPECT_FALSE(held[0].intent) << one.why;
    EXPECT_THAT(held[0].reason, HasSubstr(one.why));
    EXPECT_TRUE(decider->flat());
  }
}

TEST_F(DeciderTermsTest, TheNearerStopHoldsWhoseverItIs) {
  terms.stop_price = Decimal::Of("99");
  auto nearer = Say(Signal::kLong);
  EXPECT_EQ(nearer[0].intent->protective_stop_price, Decimal::Of("99"));
  Fill(nearer[0], "100");
  SetQuote("A", "99.01");
  EXPECT_THAT(decider->OnQuote(Symbol("A"), Context()), IsEmpty());
  // A restart keeps it.
  decider->Restore(decider->last_sequence(), decider->states());
  SetQuote("A", "99");
  auto out = decider->OnQuote(Symbol("A"), Context());
  ASSERT_THAT(out, SizeIs(1));
  EXPECT_EQ(out[0].intent->reason, "stop_loss");
  EXPECT_EQ(out[0].inputs.at("stop_price"), "99");
  Fill(out[0], "99");
  EXPECT_FALSE(decider->states().at(Symbol("A")).book.stop_price) << "it was of that position";

  // The deployment's 2 % are not made wider.
  terms.stop_price = Decimal::Of("80");
  auto wider = Say(Signal::kLong);
  EXPECT_EQ(wider[0].intent->protective_stop_price, Decimal::Of("98"));
  Fill(wider[0], "100");
  SetQuote("A", "98");
  EXPECT_THAT(decider->OnQuote(Symbol("A"), Context()), SizeIs(1));
}

TEST_F(DeciderTermsTest, ATargetIsTakenAndAShortsIsBelow) {
  terms = {.stop_price = Decimal::Of("101"), .target_price = Decimal::Of("97")};
  auto entry = Say(Signal::kShort);
  Fill(entry[0], "100");
  SetQuote("A", "97.01");
  EXPECT_THAT(decider->OnQuote(Symbol("A"), Context()), IsEmpty());
  SetQuote("A", "97");
  auto out = decider->OnQuote(Symbol("A"), Context());
  ASSERT_THAT(out, SizeIs(1));
  EXPECT_EQ(out[0].intent->reason, "take_profit");
  EXPECT_EQ(out[0].intent->side, Side::kBuy);
}

TEST_F(DeciderTermsTest, WithTheSignalOfWhatIsHeldTheyAreMoved) {
  terms.stop_price = Decimal::Of("99");
  Fill(Say(Signal::kLong)[0], "100");
  terms = {.stop_price = Decimal::Of("101"), .target_price = Decimal::Of("104")};
  auto moved = Say(Signal::kLong, "102");
  ASSERT_THAT(moved, SizeIs(1));
  EXPECT_FALSE(moved[0].intent);
  EXPECT_THAT(moved[0].reason, HasSubstr("its stop is now 101; its target is now 104"));
  terms = {.stop_price = Decimal::Of("103")};
  EXPECT_THAT(Say(Signal::kLong, "102")[0].reason, HasSubstr("stop_price 103 is not below the bid 102"));
  terms = {};
  EXPECT_THAT(Say(Signal::kLong, "102")[0].reason, ::testing::EndsWith("held already"));
  SetQuote("A", "101");
  EXPECT_THAT(decider->OnQuote(Symbol("A"), Context()), SizeIs(1)) << "and the one that could not be stays as it was";
}

TEST_F(DeciderTermsTest, AnEntryThatWaitsForTheExitKeepsWhatWasAsked) {
  Fill(Say(Signal::kLong)[0], "100");
  terms = {.quantity = Decimal::Of("3"), .stop_price = Decimal::Of("101")};
  Fill(Say(Signal::kShort)[0], "100");
  terms = {};
  decider->Restore(decider->last_sequence(), decider->states());
  auto entry = Say(Signal::kNone);
  ASSERT_THAT(entry, SizeIs(1));
  ASSERT_TRUE(entry[0].intent) << entry[0].reason;
  EXPECT_EQ(entry[0].intent->quantity, Decimal::Of("3"));
  EXPECT_EQ(entry[0].intent->protective_stop_price, Decimal::Of("101"));
}

}  // namespace
}  // namespace ballast::strategy
