// What a deployment's settings beyond its strategy do: sides, hours, capital, its own loss limits, sizing, …
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/strategy/decider.h"

namespace ballast::strategy {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Decimal D(const char* text) { return Decimal::Of(text); }

// An average of one bar against one of two: after 100, 99, 98 a rise is a signal long, a fall after that one short.
class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() {
    spec.strategy_id = "ema_cross";
    spec.parameters = {{"fast", "1"}, {"slow", "2"}};
    spec.account_id = AccountId("paper");
    spec.symbols = {Symbol("A"), Symbol("B")};
    spec.timeframe = "1m";
    spec.position_size_ratio = D("0.1");
    for (const char* symbol : {"A", "B"}) {
      instruments[Symbol(symbol)] = Instrument{.symbol = Symbol(symbol),
                                               .lot_size = D("1"),
                                               .min_notional = D("1"),
                                               .shortable = true,
                                               .calendar = TradingCalendar::kAlwaysOpen};
      SetQuote(symbol, "100");
    }
    Rebuild();
  }
  // A new process that knows what was kept.
  void Rebuild() {
    auto next = std::make_unique<Decider>(std::move(Decider::Make(DeploymentId("demo"), spec)).value());
    if (decider) next->Restore(decider->last_sequence(), decider->states(), decider->book());
    decider = std::move(next);
  }
  void SetQuote(const char* symbol, const char* price, bool open = true) {
    quotes[Symbol(symbol)] = Quote{.symbol = Symbol(symbol),
                                   .bid_price = D(price),
                                   .ask_price = D(price),
                                   .last_price = D(price),
                                   .session_open = open};
  }
  DecisionContext Context() {
    return {.market_time = now,
            .quotes = quotes,
            .instruments = instruments,
            .equity = equity,
            .entries_allowed = true,
            .ceiling = ceiling};
  }
  std::vector<Decision> Close(const char* symbol, const char* price, const char* timeframe = "1m") {
    now = now + Duration::Seconds(60);
    Bar bar;
    bar.symbol = Symbol(symbol);
    bar.timeframe = timeframe;
    bar.start_time = now;
    bar.open = bar.high = bar.low = bar.close = D(price);
    SetQuote(symbol, price, quotes[Symbol(symbol)].session_open);
    return decider->OnBar(bar, Context());
  }
  std::vector<Decision> CrossUp(const char* symbol) {
    for (const char* price : {"100", "99", "98"}) (void)Close(symbol, price);
    return Close(symbol, "100");
  }
  std::vector<Decision> CrossDown(const char* symbol) {
    for (const char* price : {"100", "101", "102"}) (void)Close(symbol, price);
    return Close(symbol, "100");
  }
  std::vector<Decision> Quoted(const char* symbol, const char* price) {
    now = now + Duration::Seconds(1);
    SetQuote(symbol, price);
    return decider->OnQuote(Symbol(symbol), Context());
  }
  void Fill(const Decision& decision, const char* price, const char* fee = "0") {
    OrderEvent event;
    event.order = Order{.request_id = RequestId(decider->RequestIdOf(decision)),
                        .deployment_id = DeploymentId("demo"),
                        .symbol = decision.symbol,
                        .status = OrderStatus::kFilled,
                        .cumulative_quantity = decision.intent->quantity};
    event.fill = ballast::Fill{.deployment_id = DeploymentId("demo"),
                               .symbol = decision.symbol,
                               .side = decision.intent->side,
                               .quantity = decision.intent->quantity,
                               .price = D(price),
                               .fee = D(fee),
                               .fee_currency = "USD"};
    EXPECT_TRUE(decider->OnOrderEvent(event, now));
  }
  // In and out again, by the strategy's signals.
  void RoundTrip(const char* in, const char* out, const char* fee = "0") {
    auto entry = CrossUp("A");
    ASSERT_THAT(entry, SizeIs(1));
    ASSERT_TRUE(entry[0].intent) << entry[0].reason;
    Fill(entry[0], in, fee);
    auto exits = decider->CloseAll("manual", Context());
    ASSERT_THAT(exits, SizeIs(1));
    Fill(exits[0], out, fee);
  }

  Spec spec;
  std::unique_ptr<Decider> decider;
  std::map<Symbol, Quote> quotes;
  std::map<Symbol, Instrument> instruments;
  // A Monday, 00:00 UTC.
  UtcTime now = UtcTime::Parse("2024-03-04T00:00:00Z").value();
  std::optional<Decimal> equity = D("100000");
  std::optional<sizing::Ceiling> ceiling = sizing::Ceiling{};
};

TEST_F(SettingsTest, ShortOnlyEntersNoLongs) {
  spec.allow_short = spec.short_only = true;
  Rebuild();
  auto up = CrossUp("A");
  ASSERT_THAT(up, SizeIs(1));
  EXPECT_EQ(up[0].action, "hold");
  EXPECT_THAT(up[0].reason, HasSubstr("longs are not allowed"));
  auto down = CrossDown("B");
  ASSERT_THAT(down, SizeIs(1));
  EXPECT_EQ(down[0].action, "enter_short");
}

TEST_F(SettingsTest, OutsideOfItsHoursItEntersNothingAndGetsOutOfWhatItHolds) {
  spec.schedule = Schedule{.start_minute = 0, .end_minute = 30, .close_before_end_minutes = 5};
  spec.stop_loss_ratio = D("0.5");
  Rebuild();
  auto entry = CrossUp("A");
  ASSERT_TRUE(entry.at(0).intent) << entry[0].reason;
  Fill(entry[0], "100");
  EXPECT_THAT(Quoted("A", "100"), IsEmpty());
  now = UtcTime::Parse("2024-03-04T00:24:00Z").value();
  EXPECT_THAT(Quoted("A", "100"), IsEmpty()) << "more than five minutes are left";
  now = UtcTime::Parse("2024-03-04T00:24:59Z").value();
  auto out = Quoted("A", "100");
  ASSERT_THAT(out, SizeIs(1));
  EXPECT_EQ(out[0].intent->reason, "schedule");
  Fill(out[0], "100");
  auto ending = CrossUp("B");
  EXPECT_THAT(ending.at(0).reason, HasSubstr("hours are ending"));
  now = UtcTime::Parse("2024-03-04T09:00:00Z").value();
  (void)Close("B", "98");
  auto outside = CrossUp("B");
  EXPECT_THAT(outside.at(0).reason, HasSubstr("outside of the deployment's hours"));
}

TEST_F(SettingsTest, TheTrailingStopFollowsTheBestPriceOverARestart) {
  spec.trailing_stop_ratio = D("0.10");
  Rebuild();
  auto entry = CrossUp("A");
  EXPECT_EQ(entry.at(0).intent->protective_stop_price, D("90"));
  Fill(entry[0], "100");
  EXPECT_THAT(Quoted("A", "120"), IsEmpty());
  EXPECT_TRUE(decider->TakeUnsaved()) << "the best price is to be kept";
  EXPECT_THAT(Quoted("A", "120.1"), IsEmpty());
  EXPECT_FALSE(decider->TakeUnsaved()) << "a little more is not worth a transaction";
  Rebuild();
  EXPECT_THAT(Quoted("A", "108.1"), IsEmpty());
  auto out = Quoted("A", "108");
  ASSERT_THAT(out, SizeIs(1));
  EXPECT_EQ(out[0].intent->reason, "trailing_stop");
  EXPECT_EQ(out[0].inputs.at("best"), "120.1");
}

TEST_F(SettingsTest, TheTrailingStopOfAShortFollowsDown) {
  spec.allow_short = true;
  spec.trailing_stop_ratio = D("0.10");
  Rebuild();
  Fill(CrossDown("A").at(0), "100");
  EXPECT_THAT(Quoted("A", "80"), IsEmpty());
  EXPECT_THAT(Quoted("A", "87.9"), IsEmpty());
  auto out = Quoted("A", "88");
  ASSERT_THAT(out, SizeIs(1));
  EXPECT_EQ(out[0].intent->side, Side::kBuy);
}

TEST_F(SettingsTest, ItsDailyLossKeepsItFromEnteringUntilTheNextDay) {
  spec.daily_loss_ratio = D("0.01");
  Rebuild();
  // 100 shares: 9.99 each is below 1 % of 100,000, 10 is it.
  RoundTrip("100", "90.01");
  ASSERT_TRUE(CrossUp("B").at(0).intent);
  decider->OnRefused("demo-" + std::to_string(decider->last_sequence()), now);
  now = now + Duration::Seconds(60);
  auto entry = CrossUp("A");
  Fill(entry.at(0), "100");
  (void)Quoted("A", "99.99");
  EXPECT_TRUE(decider->book().day_halted) << "what is open counts";
  Rebuild();
  auto held = CrossUp("B");
  EXPECT_THAT(held.at(0).reason, HasSubstr("daily loss"));
  now = UtcTime::Parse("2024-03-05T00:00:00Z").value();
  EXPECT_TRUE(CrossUp("B").at(0).intent) << "the next day";
}

TEST_F(SettingsTest, ItsDrawdownKeepsItFromEnteringUntilAPersonClearsIt) {
  spec.drawdown_ratio = D("0.02");
  Rebuild();
  RoundTrip("100", "110");
  RoundTrip("100", "89");
  ASSERT_FALSE(decider->book().drawdown_halted) << "1,100 from the best of 1,000";
  RoundTrip("100", "90");
  (void)Close("A", "90");
  EXPECT_TRUE(decider->book().drawdown_halted);
  now = UtcTime::Parse("2024-03-09T00:00:00Z").value();
  Rebuild();
  EXPECT_THAT(CrossUp("A").at(0).reason, HasSubstr("drawdown"));
  decider->ClearHalts();
  EXPECT_TRUE(CrossUp("A").at(0).intent);
}

TEST_F(SettingsTest, ProfitIsAfterFeesAndTradesAreCounted) {
  RoundTrip("100", "103", "2");
  EXPECT_EQ(decider->book().realised, D("296"));
  EXPECT_EQ(decider->book().record.trades, 1);
  EXPECT_EQ(decider->book().record.wins, 1);
  EXPECT_EQ(decider->book().record.return_sum, D("0.0296"));
  RoundTrip("100", "100", "1");
  EXPECT_EQ(decider->book().realised, D("294"));
  EXPECT_EQ(decider->book().record.wins, 1);
  auto open = CrossUp("A");
  Fill(open.at(0), "100");
  (void)Quoted("A", "101.5");
  EXPECT_EQ(decider->unrealised(), D("150"));
}

TEST_F(SettingsTest, ItsCapitalIsItsPartAndIsNotPassedByAllTogether) {
  spec.capital_ratio = D("0.2");
  spec.position_size_ratio = D("0.7");
  Rebuild();
  auto first = CrossUp("A");
  EXPECT_EQ(first.at(0).intent->quantity, D("140")) << "0.7 of 20,000";
  // Before the first one is filled.
  auto second = CrossUp("B");
  EXPECT_EQ(second.at(0).intent->quantity, D("60"));
  EXPECT_THAT(second[0].inputs, ::testing::Contains(::testing::Key("sizing_cap_capital")));
  Fill(first[0], "100");
  Fill(second[0], "100");
}

TEST_F(SettingsTest, TheLongerTimeframeHasToConfirm) {
  spec.confirmation = Confirmation{.timeframe = "1h", .periods = 2};
  Rebuild();
  EXPECT_EQ(decider->longer_warmup_bars(), 8);
  for (const char* price : {"110", "105", "100"}) EXPECT_THAT(Close("A", price, "1h"), IsEmpty());
  auto against = CrossUp("A");
  EXPECT_EQ(against.at(0).action, "hold");
  EXPECT_THAT(against[0].reason, HasSubstr("1h bars do not confirm"));
  for (const char* price : {"110", "120"}) (void)Close("A", price, "1h");
  EXPECT_TRUE(CrossUp("A").at(0).intent);
  EXPECT_FALSE(CrossUp("B").at(0).intent) << "nothing is known of the longer bars of B";
}

TEST_F(SettingsTest, WhileTheMarketIsClosedAnEntryWaitsForTheOpen) {
  spec.entries_wait_for_open = true;
  Rebuild();
  SetQuote("A", "100", false);
  auto closed = CrossUp("A");
  ASSERT_THAT(closed, SizeIs(1));
  EXPECT_THAT(closed[0].reason, HasSubstr("entered at the open"));
  EXPECT_THAT(Close("A", "100.5"), IsEmpty()) << "said once";
  EXPECT_FALSE(decider->WaitsFor(Symbol("A"), Context()));
  Rebuild();
  SetQuote("A", "101", true);
  EXPECT_TRUE(decider->WaitsFor(Symbol("A"), Context()));
  auto open = decider->OnOpen(Symbol("A"), Context());
  ASSERT_THAT(open, SizeIs(1));
  EXPECT_EQ(open[0].action, "enter_long");
  EXPECT_EQ(open[0].intent->quantity, D("99"));
  EXPECT_THAT(decider->OnOpen(Symbol("A"), Context()), IsEmpty()) << "once";
}

TEST_F(SettingsTest, ATurnWhileTheMarketIsClosedIsAnExitAtTheOpenAndTheEntryBehindIt) {
  spec.entries_wait_for_open = true;
  spec.allow_short = true;
  Rebuild();
  Fill(CrossUp("A").at(0), "100");
  SetQuote("A", "100", false);
  EXPECT_THAT(Close("A", "90").at(0).reason, HasSubstr("the market is closed"));
  EXPECT_FALSE(decider->WaitsFor(Symbol("A"), Context()));
  auto exit = Quoted("A", "90");
  ASSERT_THAT(exit, SizeIs(1));
  EXPECT_EQ(exit[0].action, "exit_long");
  EXPECT_THAT(decider->OnOpen(Symbol("A"), Context()), IsEmpty());
  Fill(exit[0], "90");
  auto entry = decider->OnOpen(Symbol("A"), Context());
  ASSERT_THAT(entry, SizeIs(1));
  EXPECT_EQ(entry[0].action, "enter_short");
}

TEST_F(SettingsTest, AnEntryThatWaitedIsNotMadeAfterTheOtherSignalOrAChangeOfSettings) {
  spec.entries_wait_for_open = true;
  Rebuild();
  SetQuote("A", "100", false);
  (void)CrossUp("A");
  EXPECT_THAT(Close("A", "90").at(0).reason, HasSubstr("shorts are not allowed"));
  SetQuote("A", "90", true);
  EXPECT_FALSE(decider->WaitsFor(Symbol("A"), Context()));
  SetQuote("A", "90", false);
  (void)CrossUp("A");
  decider->ForgetEntries();
  SetQuote("A", "90", true);
  EXPECT_THAT(decider->OnOpen(Symbol("A"), Context()), IsEmpty());
}

TEST_F(SettingsTest, WithoutThatSettingAClosedMarketIsNoEntry) {
  SetQuote("A", "100", false);
  EXPECT_THAT(CrossUp("A").at(0).reason, HasSubstr("the market is closed"));
  SetQuote("A", "100", true);
  EXPECT_THAT(decider->OnOpen(Symbol("A"), Context()), IsEmpty());
}

TEST_F(SettingsTest, SizingIsSaidWithItsReasonsAndNeverAboveTheCeiling) {
  spec.stop_loss_ratio = D("0.02");
  spec.sizing = sizing::Settings{.method = sizing::Method::kRiskPerTrade};
  Rebuild();
  auto entry = CrossUp("A");
  // 1,000 over 2 a share.
  EXPECT_EQ(entry.at(0).intent->quantity, D("500"));
  EXPECT_EQ(entry[0].inputs.at("sizing"), "risk_per_trade");
  EXPECT_EQ(entry[0].inputs.at("sizing_loss_per_unit"), "2");
  ceiling->position_notional = D("2000");
  auto cut = CrossUp("B");
  EXPECT_EQ(cut.at(0).intent->quantity, D("20"));
  EXPECT_EQ(cut[0].inputs.at("sizing_cap_position_ratio"), "20");
}

TEST_F(SettingsTest, WithASizingUnknownLimitsAreNoEntry) {
  spec.sizing = sizing::Settings{};
  ceiling.reset();
  Rebuild();
  EXPECT_THAT(CrossUp("A").at(0).reason, HasSubstr("limits are not known"));
  spec.sizing.reset();
  Rebuild();
  EXPECT_TRUE(CrossUp("B").at(0).intent) << "as it always was";
}

TEST_F(SettingsTest, EachMethodHasItsRecordOfTheTrades) {
  spec.stop_loss_ratio = D("0.05");
  spec.sizing = sizing::Settings{};
  Rebuild();
  RoundTrip("100", "102");
  const sizing::Track& track = decider->book().track;
  // 100 were held and made 200; risk per trade would have taken 200.
  EXPECT_EQ(track.at(sizing::Method::kFixedFraction).profit, D("200"));
  EXPECT_EQ(track.at(sizing::Method::kRiskPerTrade).profit, D("400"));
  EXPECT_EQ(track.at(sizing::Method::kKelly).profit, D("200")) << "the fixed fraction, for want of trades";
  EXPECT_FALSE(track.contains(sizing::Method::kVolatilityTarget)) << "it could not be asked";
  Rebuild();
  EXPECT_EQ(decider->book().track.size(), 3U);
}

TEST_F(SettingsTest, VolatilityIsTheSameOverARestart) {
  spec.sizing = sizing::Settings{};
  Rebuild();
  const char* const kPrices[] = {"100", "101", "99.5", "100.2", "98"};
  for (int i = 0; i < 40; ++i) (void)Close("A", kPrices[i % 5]);
  sizing::Volatility before = decider->states().at(Symbol("A")).book.volatility;
  EXPECT_EQ(before.bars, 40);
  UtcTime newest = now;
  Rebuild();
  // The past again, as after a restart.
  for (int i = 0; i < 10; ++i) {
    Bar bar;
    bar.symbol = Symbol("A");
    bar.timeframe = "1m";
    bar.start_time = newest - Duration::Seconds(60 * (9 - i));
    bar.open = bar.high = bar.low = bar.close = D(kPrices[i % 5]);
    decider->Warm(bar);
  }
  EXPECT_EQ(decider->states().at(Symbol("A")).book.volatility, before);
}

}  // namespace
}  // namespace ballast::strategy
