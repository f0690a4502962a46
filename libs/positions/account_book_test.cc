#include "libs/positions/account_book.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/rng.h"
#include "libs/ledger/fill.h"

namespace ballast::positions {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A market without a spread.
Marks At(const char* price, const char* symbol = "AAPL") {
  return {{Symbol(symbol), {.bid = Decimal::Of(price), .ask = Decimal::Of(price)}}};
}
// A board on which the day ended at these two prices.
ledger::MarkBoard Closed(std::int64_t day, const char* bid, const char* ask, const char* symbol = "AAPL") {
  ledger::MarkBoard board(ledger::DayBoundary::kUtc);
  Quote quote;
  quote.symbol = Symbol(symbol);
  quote.bid_price = Decimal::Of(bid);
  quote.ask_price = Decimal::Of(ask);
  quote.quote_time = UtcTime{day * 86'400'000'000'000};
  quote.session_open = true;
  EXPECT_TRUE(board.Take(quote));
  return board;
}

class AccountBookTest : public ::testing::Test {
 protected:
  AccountBookTest() {
    OrderEvent opened;
    opened.account_id = AccountId("paper");
    opened.type = OrderEventType::kAccountOpened;
    opened.cash = Decimal::FromInt(100'000);
    opened.currency = "USD";
    Send(opened);
  }
  AccountBook::Applied Send(OrderEvent event) {
    event.account_id = AccountId("paper");
    event.sequence = book.totals().sequence + 1;
    return book.Apply(event);
  }
  AccountBook::Applied Trade(Side side, const char* quantity, const char* price, const char* fee = "0",
                             const char* deployment = "", const char* symbol = "AAPL") {
    OrderEvent event;
    event.type = OrderEventType::kFilled;
    event.fill = Fill{.execution_id = ExecutionId("e" + std::to_string(book.totals().sequence)),
                      .deployment_id = DeploymentId(deployment),
                      .symbol = Symbol(symbol),
                      .side = side,
                      .quantity = Decimal::Of(quantity),
                      .price = Decimal::Of(price),
                      .fee = Decimal::Of(fee),
                      .transact_time = UtcTime{static_cast<std::int64_t>(book.totals().sequence) * 1'000'000'000},
                      .reason = "signal"};
    return Send(event);
  }
  const Holding& Net(const char* symbol = "AAPL") { return book.net().at(Symbol(symbol)); }

  AccountBook book;
};

TEST_F(AccountBookTest, ATransferMovesBooksAndNothingOfTheAccount) {
  Trade(Side::kBuy, "4", "100", "0.4");
  Trade(Side::kBuy, "2", "130", "0.2", "momentum");
  const AccountBook::Totals before = book.totals();
  const Holding net = book.net().at(Symbol("AAPL"));
  auto transfer = [&](const char* deployment, bool reversal) {
    OrderEvent event;
    event.type = OrderEventType::kExternalDecided;
    event.fill = Fill{.execution_id = ExecutionId(reversal ? "e1/t3r" : "e1/t4"),
                      .deployment_id = DeploymentId(deployment),
                      .symbol = Symbol("AAPL"),
                      .side = reversal ? Side::kSell : Side::kBuy,
                      .quantity = Decimal::Of("4"),
                      .price = Decimal::Of("100"),
                      .fee = Decimal::Of(reversal ? "-0.4" : "0.4"),
                      .reversal = reversal,
                      .transfer = true};
    ASSERT_TRUE(Send(event).ok);
  };
  transfer("", true);
  transfer("momentum", false);
  EXPECT_EQ(book.totals().cash, before.cash);
  EXPECT_EQ(book.totals().fees, before.fees);
  EXPECT_EQ(book.totals().realised, before.realised);
  EXPECT_EQ(book.net().at(Symbol("AAPL")).quantity, net.quantity);
  EXPECT_EQ(book.net().at(Symbol("AAPL")).cost, net.cost);
  EXPECT_FALSE(book.books().contains({DeploymentId(), Symbol("AAPL")}));
  const Holding& moved = book.books().at({DeploymentId("momentum"), Symbol("AAPL")});
  EXPECT_EQ(moved.quantity, Decimal::Of("6"));
  EXPECT_EQ(moved.cost, Decimal::Of("660"));
  EXPECT_EQ(book.book_totals().at(DeploymentId("momentum")).fees, Decimal::Of("0.6"));
  EXPECT_EQ(book.book_totals().at(DeploymentId()).fees, Decimal());
  EXPECT_THAT(Differences(book, book), IsEmpty()) << "the identities of cash and of the books hold";
}

TEST_F(AccountBookTest, AveragesWhatIsAddedAndRealisesWhatIsClosed) {
  Trade(Side::kBuy, "10", "100", "1");
  Trade(Side::kBuy, "30", "104", "1");
  EXPECT_EQ(Net().AveragePrice(), Decimal::Of("103"));
  auto applied = Trade(Side::kSell, "20", "110", "0.5");
  EXPECT_FALSE(applied.trade);
  EXPECT_EQ(book.totals().realised, Decimal::Of("140"));
  EXPECT_EQ(Net().AveragePrice(), Decimal::Of("103"));
  EXPECT_EQ(Net().Unrealised(Decimal::Of("110")), Decimal::Of("140"));
  EXPECT_EQ(book.totals().cash, Decimal::Of("98077.5"));
  EXPECT_EQ(*book.Equity(At("110")), Decimal::Of("100277.5"));
}

TEST_F(AccountBookTest, ShortGainsWhenThePriceFalls) {
  Trade(Side::kSell, "5", "200");
  EXPECT_EQ(Net().quantity, Decimal::Of("-5"));
  EXPECT_EQ(Net().AveragePrice(), Decimal::Of("200"));
  auto applied = Trade(Side::kBuy, "5", "180", "2");
  ASSERT_TRUE(applied.trade);
  EXPECT_EQ(applied.trade->trip.side, Side::kSell);
  EXPECT_EQ(applied.trade->trip.pnl, Decimal::Of("98"));
  EXPECT_TRUE(book.net().empty());
  EXPECT_EQ(book.totals().winning_trades, 1);
}

TEST_F(AccountBookTest, FillThroughZeroClosesAllAndOpensTheRestWithItsShareOfTheFee) {
  Trade(Side::kBuy, "10", "100", "1");
  auto applied = Trade(Side::kSell, "25", "90", "2.5");
  ASSERT_TRUE(applied.trade);
  EXPECT_EQ(applied.trade->trip.quantity, Decimal::Of("10"));
  EXPECT_EQ(applied.trade->trip.pnl, Decimal::Of("-102"));
  EXPECT_EQ(Net().quantity, Decimal::Of("-15"));
  EXPECT_EQ(Net().AveragePrice(), Decimal::Of("90"));
  EXPECT_EQ(Net().fees, Decimal::Of("1.5"));
  EXPECT_EQ(book.totals().fees, Decimal::Of("3.5"));
}

TEST_F(AccountBookTest, BooksAreKeptApartWhileTheNetViewMayBeFlat) {
  Trade(Side::kBuy, "10", "100", "0", "a");
  auto applied = Trade(Side::kSell, "10", "101", "0", "b");
  EXPECT_FALSE(applied.trade) << "book b opened a short; nothing was closed in it";
  EXPECT_TRUE(book.net().empty());
  EXPECT_EQ(book.books().size(), 2U);
  Marks marks = At("105");
  EXPECT_EQ(*book.BookPnl(DeploymentId("a"), marks), Decimal::Of("50"));
  EXPECT_EQ(*book.BookPnl(DeploymentId("b"), marks), Decimal::Of("-40"));
  EXPECT_EQ(*book.Equity(marks), Decimal::Of("100010"));
}

TEST_F(AccountBookTest, GapIsRefusedAndChangesNothing) {
  OrderEvent late;
  late.account_id = AccountId("paper");
  late.sequence = 9;
  EXPECT_FALSE(book.Apply(late).ok);
  EXPECT_EQ(book.totals().sequence, 1U);
}

TEST_F(AccountBookTest, UnknownMarkGivesNoEquityRatherThanAWrongOne) {
  Trade(Side::kBuy, "1", "100");
  EXPECT_FALSE(book.Equity({}));
  EXPECT_FALSE(book.Unrealised({}));
}

TEST_F(AccountBookTest, MarkMovesPeakAndDrawdown) {
  Trade(Side::kBuy, "10", "100", "0", "a");
  book.Mark(At("110"));
  book.Mark(At("95"));
  EXPECT_EQ(book.totals().baseline.peak_equity, Decimal::Of("100100"));
  EXPECT_EQ(book.book_totals().at(DeploymentId("a")).max_drawdown, Decimal::Of("150"));
  EXPECT_EQ(Net().highest, Decimal::Of("110"));
  EXPECT_EQ(Net().lowest, Decimal::Of("95"));
}

TEST_F(AccountBookTest, ALongIsWorthTheBidAndAShortCostsTheAsk) {
  Marks marks{{Symbol("AAPL"), {.bid = Decimal::Of("99"), .ask = Decimal::Of("101")}}};
  Trade(Side::kBuy, "10", "100", "0", "a");
  EXPECT_EQ(*book.Equity(marks), Decimal::Of("99990"));
  Trade(Side::kSell, "20", "100", "0", "b");
  EXPECT_EQ(*book.Equity(marks), Decimal::Of("99990"));
  EXPECT_EQ(*book.BookPnl(DeploymentId("a"), marks) + *book.BookPnl(DeploymentId("b"), marks), Decimal::Of("-10"))
      << "the books add up to the account";
}

TEST_F(AccountBookTest, TheDayStartsFromTheFormerCloseLongAndShort) {
  for (Side side : {Side::kBuy, Side::kSell}) {
    AccountBookTest::book = AccountBook();
    OrderEvent opened;
    opened.type = OrderEventType::kAccountOpened;
    opened.cash = Decimal::FromInt(100'000);
    Send(opened);
    book.StartDay(ledger::MarkBoard(), 9);
    Trade(side, "400", "100", "0", "a");
    book.StartDay(Closed(9, "100", "100.02"), 10);
    bool is_long = side == Side::kBuy;
    book.Mark(At(is_long ? "90" : "110"));
    EXPECT_EQ(book.totals().baseline.day_start_equity, Decimal::Of(is_long ? "100000" : "99992"));
    Decimal day = *book.Equity(At(is_long ? "90" : "110")) - book.totals().baseline.day_start_equity;
    EXPECT_EQ(day, Decimal::Of(is_long ? "-4000" : "-3992"));
    EXPECT_EQ(book.book_totals().at(DeploymentId("a")).day_start_pnl, Decimal::Of(is_long ? "0" : "-8"));
  }
}

TEST_F(AccountBookTest, TamperedCashIsFound) {
  Trade(Side::kBuy, "10", "100", "1");
  AccountBook::Totals totals = book.totals();
  totals.cash += Decimal::Of("0.000000000000000001");
  AccountBook tampered(totals, book.net(), book.books(), book.book_totals());
  EXPECT_THAT(Differences(book, book), IsEmpty());
  EXPECT_EQ(Differences(tampered, book).size(), 3U) << "against the fills, and against both identities";
}

TEST_F(AccountBookTest, ABookThatIsNotPartOfTheAccountIsFound) {
  Trade(Side::kBuy, "10", "100", "1", "a");
  auto books = book.books();
  Holding& held = books.begin()->second;
  held.quantity += Decimal::FromInt(1);
  AccountBook more(book.totals(), book.net(), books, book.book_totals());
  EXPECT_THAT(Differences(more, more), ElementsAre("AAPL in no book: stored -1, from fills 0"));
  auto totals = book.book_totals();
  totals[DeploymentId("a")].realised += Decimal::FromInt(1);
  AccountBook richer(book.totals(), book.net(), book.books(), totals);
  EXPECT_EQ(Differences(richer, book).size(), 2U);
}

TEST_F(AccountBookTest, FeeInAnotherCurrencyIsOwedButNotTakenFromTheCash) {
  OrderEvent event;
  event.type = OrderEventType::kFilled;
  event.fill = Fill{.deployment_id = DeploymentId("a"),
                    .symbol = Symbol("BTC-USD"),
                    .side = Side::kBuy,
                    .quantity = Decimal::Of("2"),
                    .price = Decimal::Of("100"),
                    .fee = Decimal::Of("0.25"),
                    .fee_currency = "BNB"};
  auto applied = Send(event);
  EXPECT_EQ(applied.fill->fee, Decimal::Of("0.25")) << "stored as it was reported";
  event.fill->fee_currency = "USD";
  Send(event);
  EXPECT_EQ(book.totals().cash, Decimal::Of("99599.75"));
  EXPECT_EQ(book.totals().fees, Decimal::Of("0.25"));
  EXPECT_EQ(book.totals().other_fees.at("BNB"), Decimal::Of("0.25"));
  EXPECT_EQ(Net("BTC-USD").fees, Decimal::Of("0.25"));
  EXPECT_EQ(book.book_totals().at(DeploymentId("a")).fees, Decimal::Of("0.25"));
  EXPECT_THAT(Differences(book, book), IsEmpty());
}

TEST_F(AccountBookTest, TheDayOfABookDoesNotStartBeforeItCanBeValued) {
  book.StartDay(ledger::MarkBoard(), 1);
  Trade(Side::kBuy, "10", "100", "0", "a");
  Trade(Side::kSell, "10", "100", "0", "b");
  book.StartDay(ledger::MarkBoard(), 2);
  book.Mark({});  // flat in sum, so the account's equity is known; the books' results are not
  book.Mark(At("105"));
  EXPECT_FALSE(book.totals().baseline.day_start_unknown);
  EXPECT_EQ(book.book_totals().at(DeploymentId("a")).day_start_pnl, Decimal::Of("50"));
  EXPECT_EQ(book.book_totals().at(DeploymentId("b")).day_start_pnl, Decimal::Of("-50"));
}

TEST_F(AccountBookTest, AFillIsNumberedByItsEvent) { EXPECT_EQ(Trade(Side::kBuy, "1", "100").fill->sequence, 2U); }

// The identity of the whole product: whatever is traded at whatever price, equity is what came in plus what was made
// less what was paid, to the eighteenth digit, and the books add up to the net view.
TEST(AccountBookProperty, EquityIsOpeningPlusRealisedPlusUnrealisedLessFeesExactly) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Rng rng(seed);
    AccountBook book;
    OrderEvent opened;
    opened.sequence = 1;
    opened.type = OrderEventType::kAccountOpened;
    opened.cash = Decimal::FromInt(1'000'000);
    opened.currency = "USD";
    ASSERT_TRUE(book.Apply(opened).ok);
    std::vector<OrderEvent> events{opened};
    Marks marks;
    std::map<Symbol, Decimal> quantities;
    Decimal trade_pnl;
    for (int i = 0; i < 300; ++i) {
      OrderEvent event;
      event.sequence = book.totals().sequence + 1;
      event.type = OrderEventType::kFilled;
      Fill fill;
      fill.symbol = Symbol("S" + std::to_string(rng.Below(4)) + "-USD");
      const std::string assets[] = {"", "USD", "BNB", fill.symbol.value().substr(0, 2)};
      fill.fee_currency = assets[rng.Below(4)];
      fill.deployment_id = DeploymentId(std::string(rng.Below(3), 'd'));
      fill.side = rng.Below(2) == 0 ? Side::kBuy : Side::kSell;
      fill.quantity = Decimal::FromUnits(static_cast<__int128>(rng.Between(1, 5'000'000'000)) * 10'000'000'000);
      fill.price = Decimal::FromUnits(static_cast<__int128>(rng.Between(1, 9'000'000)) * 10'000'000'000'000'000);
      fill.fee = Decimal::FromUnits(static_cast<__int128>(rng.Between(0, 90'000)) * 100'000'000'000'000);
      marks[fill.symbol] = {.bid = fill.price,
                            .ask = fill.price + Decimal::FromUnits(rng.Between(0, 9) * 10'000'000'000'000'000)};
      quantities[fill.symbol] += ledger::QuantityMoved(fill);
      event.fill = fill;
      auto applied = book.Apply(event);
      ASSERT_TRUE(applied.ok);
      if (applied.trade) trade_pnl += applied.trade->trip.pnl;
      events.push_back(event);

      const auto& totals = book.totals();
      ASSERT_EQ(*book.Equity(marks), totals.opening_cash + totals.realised + *book.Unrealised(marks) - totals.fees);
      Decimal books;
      for (const auto& [id, unused] : book.book_totals()) books += *book.BookPnl(id, marks);
      ASSERT_EQ(books, totals.realised + *book.Unrealised(marks) - totals.fees) << "books against the net view";
    }
    for (const auto& [symbol, quantity] : quantities) {
      auto held = book.net().find(symbol);
      EXPECT_EQ(held == book.net().end() ? Decimal() : held->second.quantity, quantity);
    }
    // Round trips are realised money less fees, apart from what is still open.
    Decimal open_trips;
    for (const auto& [key, holding] : book.books()) open_trips += holding.realised - holding.fees;
    Decimal book_results;
    for (const auto& [id, totals] : book.book_totals()) book_results += totals.realised - totals.fees;
    EXPECT_EQ(trade_pnl + open_trips, book_results);
    AccountBook again;
    for (const OrderEvent& event : events) ASSERT_TRUE(again.Apply(event).ok);
    EXPECT_THAT(Differences(book, again), IsEmpty());
  }
}

}  // namespace
}  // namespace ballast::positions
