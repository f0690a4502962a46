#include "libs/risk/limit_book.h"

#include <gtest/gtest.h>

namespace ballast::risk {
namespace {

const AccountId kPaper("paper"), kOther("other");
const DeploymentId kEma("ema"), kNone;
const Symbol kBtc("BTC-USD"), kSpy("SPY");
const UtcTime kNow{1'700'000'000'000'000'000};

LimitSet Set(LimitScope scope, std::map<std::string, Decimal> values, std::optional<UtcTime> until = std::nullopt) {
  return {.scope = std::move(scope), .version = 1, .values = std::move(values), .expire_time = until};
}

TEST(LimitBookTest, WithoutAnyScopeAnAccountHasItsOwn) {
  LimitBook book;
  EXPECT_EQ(book.For(kPaper, kEma, kBtc).limits, Limits());
  Limits own;
  own.max_open_orders = 7;
  book.SetAccount(kPaper, own);
  EXPECT_EQ(book.For(kPaper, kNone, kSpy).limits, own);
  EXPECT_TRUE(book.For(kPaper, kNone, kSpy).sources.empty());
  EXPECT_EQ(book.For(kOther, kNone, kSpy).limits, Limits());
}

TEST(LimitBookTest, TheTightestOfAllScopesHoldsAndSaysWhoseItIs) {
  LimitBook book;
  book.Set(Set({}, {{"max_order_notional", Decimal::FromInt(9'000)}, {"max_open_orders", Decimal::FromInt(500)}}));
  book.Set(Set({.account_id = kPaper, .deployment_id = kEma}, {{"max_order_notional", Decimal::FromInt(4'000)}}));
  book.Set(Set({.symbol = kBtc}, {{"max_order_notional", Decimal::FromInt(2'000)}}));
  struct Case {
    AccountId account;
    DeploymentId deployment;
    Symbol symbol;
    int notional;
    const char* scope;
  };
  const Case cases[] = {{kPaper, kNone, kSpy, 9'000, "firm"},
                        {kOther, kEma, kSpy, 9'000, "firm"},
                        {kPaper, kEma, kSpy, 4'000, "deployment ema"},
                        {kPaper, kEma, kBtc, 2'000, "instrument BTC-USD of the firm"},
                        {kOther, kNone, kBtc, 2'000, "instrument BTC-USD of the firm"}};
  for (const Case& item : cases) {
    const LimitBook::Effective& effective = book.For(item.account, item.deployment, item.symbol);
    EXPECT_EQ(effective.limits.max_order_notional, Decimal::FromInt(item.notional));
    EXPECT_EQ(effective.sources.at("max_order_notional").scope, item.scope);
    EXPECT_EQ(effective.limits.max_open_orders, 200) << "the firm's 500 loosens nothing";
    EXPECT_FALSE(effective.sources.contains("max_open_orders"));
  }
  Limits own;
  own.max_order_notional = Decimal::FromInt(1'000);
  book.SetAccount(kPaper, own);
  EXPECT_EQ(book.For(kPaper, kEma, kBtc).limits.max_order_notional, Decimal::FromInt(1'000));
  EXPECT_TRUE(book.For(kPaper, kEma, kBtc).sources.empty());
}

TEST(LimitBookTest, TighterIsMoreWhereMoreIsAsked) {
  LimitBook book;
  book.Set(Set({}, {{"require_locate", Decimal::FromInt(1)},
                    {"allow_short", Decimal()},
                    {"derisk_volatility", Decimal::Of("0.02")}}));
  Limits limits = book.For(kPaper, kNone, kSpy).limits;
  EXPECT_TRUE(limits.require_locate);
  EXPECT_FALSE(limits.allow_short);
  EXPECT_EQ(limits.derisk_volatility, Decimal::Of("0.02")) << "0 is off, and looser";
}

// Taken as it stands, an override could let everything through, and a count could become another number.
TEST(LimitBookTest, AValueThatCannotBeIsNotALimit) {
  LimitBook book;
  book.Set(Set({.account_id = kPaper}, {{"max_open_orders", Decimal::Of("5000000000")}}, kNow + Duration::Seconds(60)));
  book.Set(Set({.symbol = kBtc}, {{"unprotected_loss_ratio", Decimal::Of("-1")}}));
  using Names = std::set<std::string, std::less<>>;
  EXPECT_EQ(book.For(kPaper, kNone, kSpy).limits.unusable, Names{"max_open_orders (account paper, override)"});
  EXPECT_EQ(book.For(kPaper, kNone, kSpy).limits.max_open_orders, Limits().max_open_orders);
  EXPECT_EQ(book.For(kOther, kNone, kBtc).limits.unusable,
            Names{"unprotected_loss_ratio (instrument BTC-USD of the firm)"});
  EXPECT_TRUE(book.For(kOther, kNone, kSpy).limits.unusable.empty());
}

TEST(LimitBookTest, SayingWhatCouldNotBeUsedRaisesIt) {
  Limits before, after;
  before.unusable.insert("drawdown_ratio");
  EXPECT_EQ(Raises(before, after), std::vector<std::string>{"drawdown_ratio unusable -> set"});
}

TEST(LimitBookTest, AnInstrumentIsRestrictedForWhomItIs) {
  LimitBook book;
  book.Set(Set({.symbol = kBtc}, {{"restricted", Decimal::FromInt(1)}}));
  EXPECT_TRUE(book.For(kPaper, kEma, kBtc).limits.restricted.contains(kBtc));
  EXPECT_TRUE(book.For(kPaper, kEma, kSpy).limits.restricted.empty());
  Rejection rejection{.check = "restricted", .message = "no"};
  TellLimitScope(book.For(kPaper, kEma, kBtc), &rejection);
  EXPECT_EQ(rejection.limit_scope, "instrument BTC-USD of the firm");
}

TEST(LimitBookTest, AnOverrideStandsInThePlaceOfItsScopeUntilItEnds) {
  LimitBook book;
  const UtcTime until = kNow + Duration::Seconds(60);
  // Of an account it may be looser than its own.
  book.Set(Set({.account_id = kPaper}, {{"max_open_orders", Decimal::FromInt(900)}}, until));
  EXPECT_EQ(book.For(kPaper, kNone, kSpy).limits.max_open_orders, 900);
  EXPECT_EQ(book.For(kPaper, kNone, kSpy).sources.at("max_open_orders").scope, "account paper, override");
  EXPECT_EQ(book.For(kPaper, kNone, kSpy).sources.at("max_open_orders").expire_time, until);
  EXPECT_EQ(book.For(kOther, kNone, kSpy).limits.max_open_orders, 200);
  // The firm's holds beside it, and its own override in its place.
  book.Set(Set({}, {{"max_open_orders", Decimal::FromInt(50)}}));
  EXPECT_EQ(book.For(kPaper, kNone, kSpy).limits.max_open_orders, 50);
  book.Set(Set({}, {{"max_open_orders", Decimal::FromInt(60)}}, until + Duration::Seconds(60)));
  EXPECT_EQ(book.For(kPaper, kNone, kSpy).limits.max_open_orders, 60);
  EXPECT_TRUE(book.Expire(kNow).empty());
  EXPECT_EQ(book.Expire(until).size(), 1U);
  EXPECT_EQ(book.For(kPaper, kNone, kSpy).limits.max_open_orders, 60);
  EXPECT_EQ(book.For(kOther, kNone, kSpy).limits.max_open_orders, 60);
  std::vector<LimitSet> ended = book.Expire(until + Duration::Seconds(60));
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended.front().values.at("max_open_orders"), Decimal::FromInt(60));
  EXPECT_EQ(book.For(kPaper, kNone, kSpy).limits.max_open_orders, 50);
  EXPECT_TRUE(book.Expire(until + Duration::Seconds(90)).empty()) << "each ends once";
  EXPECT_EQ(book.Find({}, true).version, 1U) << "the next one comes after it";
}

TEST(LimitBookTest, WhatRaisesInItsOwnScope) {
  LimitBook book;
  LimitScope firm;
  auto raises = [&](LimitScope scope, std::map<std::string, Decimal> values, std::optional<UtcTime> until = {}) {
    return book.RaisesOf(Set(std::move(scope), std::move(values), until));
  };
  EXPECT_TRUE(raises(firm, {{"max_open_orders", Decimal::FromInt(5)}}).empty()) << "where nothing was limited";
  book.Set(Set(firm, {{"max_open_orders", Decimal::FromInt(50)}}));
  EXPECT_TRUE(raises(firm, {{"max_open_orders", Decimal::FromInt(50)}}).empty());
  EXPECT_TRUE(raises(firm, {{"max_open_orders", Decimal::FromInt(49)}}).empty());
  EXPECT_EQ(raises(firm, {{"max_open_orders", Decimal::FromInt(51)}}),
            std::vector<std::string>{"max_open_orders 50 -> 51"});
  EXPECT_EQ(raises(firm, {}), std::vector<std::string>{"max_open_orders 50 -> none"});
  const UtcTime until = kNow + Duration::Seconds(60);
  EXPECT_EQ(raises(firm, {{"max_open_orders", Decimal::FromInt(60)}}, until).size(), 1U);
  EXPECT_TRUE(raises(firm, {{"max_open_orders", Decimal::FromInt(40)}}, until).empty());
  // A tighter override that is taken back early lets more through.
  book.Set(Set(firm, {{"max_open_orders", Decimal::FromInt(40)}}, until));
  EXPECT_EQ(raises(firm, {}, until), std::vector<std::string>{"max_open_orders 40 -> 50"});
  EXPECT_EQ(raises({.account_id = kPaper}, {{"max_position_ratio", Decimal::Of("0.03")}}, until),
            std::vector<std::string>{"max_position_ratio 0.02 -> 0.03"});
  EXPECT_TRUE(raises({.account_id = kPaper}, {{"max_position_ratio", Decimal::Of("0.01")}}, until).empty());
  Limits after;
  after.require_locate = true;
  after.restricted.insert(kBtc);
  EXPECT_TRUE(Raises(Limits(), after).empty());
  EXPECT_EQ(Raises(after, Limits()).size(), 2U);
}

TEST(LimitBookTest, WhatCannotBe) {
  EXPECT_EQ(WrongIn(Set({}, {{"max_open_orders", Decimal::FromInt(1)}})), "");
  for (const LimitSet& set :
       {Set({}, {{"colour", Decimal()}}), Set({}, {{"max_open_orders", Decimal::Of("1.5")}}),
        Set({}, {{"max_open_orders", Decimal::FromInt(-1)}}), Set({}, {{"gross_leverage", Decimal::FromInt(11)}}),
        Set({.deployment_id = kEma}, {}), Set({.account_id = kPaper}, {}),
        Set({}, {{"restricted", Decimal::FromInt(1)}}), Set({.symbol = kBtc}, {{"restricted", Decimal::FromInt(2)}})})
    EXPECT_NE(WrongIn(set), "");
}

// Whoever adds a limit without saying which way is tighter is told so here.
TEST(LimitFieldTest, EveryLimitIsReadAndWrittenByItsName) {
  for (const LimitField& field : LimitFields()) {
    Limits limits;
    for (Decimal value : {Decimal(), Decimal::FromInt(1)}) {
      field.set(limits, value);
      EXPECT_EQ(field.get(limits), value) << field.name;
    }
    EXPECT_EQ(FindLimitField(field.name), &field);
    EXPECT_FALSE(field.Tighter(Decimal::FromInt(1), Decimal::FromInt(1))) << field.name;
  }
  EXPECT_EQ(FindLimitField(""), nullptr);
  EXPECT_EQ(LimitFieldOfCheck(""), nullptr);
}

}  // namespace
}  // namespace ballast::risk
