#include "services/positions/keeper.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <pqxx/pqxx>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/platform/postgres/testing/test_postgres.h"
#include "libs/wire/event_bytes.h"
#include "libs/wire/wire.h"
#include "services/positions/postgres_store.h"

namespace ballast {

std::vector<Migration> Migrations_positions();

namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class HandClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return UtcTime{1'700'000'000'000'000'000}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos; }
  std::int64_t nanos = 1;
};

class PositionKeeperTest : public ::testing::Test {
 protected:
  // One process: its store, its keeper, what it would have failed with.
  struct Process {
    explicit Process(PositionKeeperTest& test)
        : store(*test.database),
          keeper({.trade_log_directory = test.folder.string()}, store, test.clock, *test.log, test.metrics, test.redis,
                 [this](const std::string& why) { failure = why; }) {}
    PostgresPositionStore store;
    std::string failure;
    PositionKeeper keeper;
  };

  void SetUp() override {
    folder = fs::path(::testing::TempDir()) / ("positions_" + std::to_string(::getpid()));
    fs::remove_all(folder);
    ASSERT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log).ok());
    database = TestPostgres::Get().NewSchema();
    ASSERT_TRUE(database->Migrate(Migrations_positions()).ok());
    Restart();
    ASSERT_TRUE(Feed({Opened()}));
  }
  void TearDown() override {
    process.reset();
    fs::remove_all(folder);
  }
  // As after a SIGKILL: nothing is finished.
  void Restart() {
    process.reset();
    process = std::make_unique<Process>(*this);
    ASSERT_EQ(process->keeper.Recover(), absl::OkStatus());
  }
  static OrderEvent Opened() {
    OrderEvent event;
    event.account_id = AccountId("paper");
    event.sequence = 1;
    event.type = OrderEventType::kAccountOpened;
    event.cash = Decimal::FromInt(1000);
    event.currency = "USD";
    return event;
  }
  static OrderEvent Filled(std::uint64_t sequence, Side side = Side::kBuy, const char* symbol = "SPY") {
    OrderEvent event;
    event.account_id = AccountId("paper");
    event.sequence = sequence;
    event.type = OrderEventType::kFilled;
    event.fill = Fill{.execution_id = ExecutionId("e" + std::to_string(sequence)),
                      .order_id = OrderId("o" + std::to_string(sequence)),
                      .account_id = event.account_id,
                      .deployment_id = DeploymentId("demo"),
                      .symbol = Symbol(symbol),
                      .side = side,
                      .quantity = Decimal::FromInt(1),
                      .price = Decimal::FromInt(10),
                      .fee = Decimal::Of("0.01"),
                      .fee_currency = "USD",
                      .transact_time = UtcTime{static_cast<std::int64_t>(sequence)},
                      .sequence = sequence,
                      .reason = "signal"};
    return event;
  }
  static OrderEvent Halted(std::uint64_t sequence) {
    OrderEvent event;
    event.account_id = AccountId("paper");
    event.sequence = sequence;
    event.type = OrderEventType::kAccountHalted;
    return event;
  }
  bool Feed(const std::vector<OrderEvent>& events) {
    order::v1::StreamOrderEventsResponse response;
    for (const OrderEvent& event : events) wire::ToProto(event, response.add_events());
    return process->keeper.OnEvents(response) && Head();
  }
  // The log's head is where the cursor is: what is held is the present.
  bool Head() {
    order::v1::StreamOrderEventsResponse response;
    for (const auto& [account, sequence] : process->keeper.Cursors())
      (*response.mutable_head_sequences())[account] = sequence;
    return process->keeper.OnEvents(response);
  }
  void Quote(const char* symbol, const char* bid, const char* ask, const char* last,
             const char* time = "2024-06-03T15:00:00Z", bool open = true) {
    broker::v1::StreamMarketDataResponse step;
    broker::v1::Quote* quote = step.add_quotes();
    quote->set_symbol(symbol);
    quote->mutable_bid_price()->set_value(bid);
    quote->mutable_bid_size()->set_value("1");
    quote->mutable_ask_price()->set_value(ask);
    quote->mutable_ask_size()->set_value("1");
    quote->mutable_last_price()->set_value(last);
    quote->set_session_open(open);
    wire::ToProto(*UtcTime::Parse(time), quote->mutable_quote_time());
    wire::ToProto(*UtcTime::Parse(time), step.mutable_market_time());
    ASSERT_TRUE(process->keeper.OnStep(step));
  }
  // A commit whose answer the process never saw.
  void StoreBehindItsBack(const std::vector<OrderEvent>& events) {
    AccountBooks books = *process->store.Load();
    positions::AccountBook& book = books[AccountId("paper")];
    PositionStore::Batch batch{.after = book.totals().sequence};
    for (const OrderEvent& event : events) {
      auto applied = book.Apply(event);
      ASSERT_TRUE(applied.ok);
      if (applied.fill) batch.fills.push_back(*applied.fill);
      if (applied.trade) batch.trades.push_back(*applied.trade);
    }
    ASSERT_EQ(process->store.Save(books, {{AccountId("paper"), batch}}), absl::OkStatus());
  }
  std::uint64_t Cursor() { return process->keeper.Cursors().at("paper"); }
  position::v1::AccountSummary Summary() {
    position::v1::AccountSummary summary;
    EXPECT_EQ(process->keeper.Summary("paper", &summary), absl::OkStatus());
    return summary;
  }
  std::vector<std::string> Differences() {
    position::v1::VerifyAccountResponse response;
    EXPECT_EQ(process->keeper.Verify("paper", &response), absl::OkStatus());
    return {response.differences().begin(), response.differences().end()};
  }
  // Sequences of the trade log's lines.
  std::vector<std::string> Lines() const { return Lines(folder); }
  static std::vector<std::string> Lines(const fs::path& folder) {
    std::vector<std::string> lines;
    std::ifstream file(folder / "trades-paper-1970-01-01.csv");
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) lines.push_back(line.substr(0, line.find(',')));
    return lines;
  }
  void Sql(const std::string& sql) {
    ASSERT_EQ(database->Transaction([&](pqxx::transaction_base& work) {
      work.exec(sql);
      return absl::OkStatus();
    }),
              absl::OkStatus());
  }

  fs::path folder;
  HandClock clock;
  std::unique_ptr<Logger> log;
  Metrics metrics;
  RedisCache redis{{}};
  std::unique_ptr<Database> database;
  std::unique_ptr<Process> process;
};

TEST_F(PositionKeeperTest, EventsMayComeLateOnceTheMarketIsKnownToWaitForNobody) {
  EXPECT_FALSE(process->keeper.MayBeLate());
  Quote("SPY", "9", "11", "10");
  EXPECT_TRUE(process->keeper.MayBeLate());
  broker::v1::StreamMarketDataResponse step;
  step.set_lockstep(true);
  wire::ToProto(*UtcTime::Parse("2024-06-03T15:00:01Z"), step.mutable_market_time());
  ASSERT_TRUE(process->keeper.OnStep(step));
  EXPECT_FALSE(process->keeper.MayBeLate());
}

// Order management leaves out what moves nothing here (StreamOrderEventsRequest.fills_only).
TEST_F(PositionKeeperTest, HeadersAndFillsAreEnough) {
  OrderEvent accepted;
  accepted.account_id = AccountId("paper");
  accepted.sequence = 2;
  accepted.type = OrderEventType::kAccepted;
  accepted.execution_sequence = 5;
  order::v1::StreamOrderEventsResponse response;
  for (OrderEvent event : {accepted, Filled(3)}) {
    event.order.emplace().order_id = OrderId("o3");
    order::v1::OrderEvent whole;
    wire::ToProto(event, &whole);
    std::string part;
    bool told = false;
    wire::AppendInForm(whole.SerializeAsString(), {.fills_only = true}, &part, &told);
    ASSERT_TRUE(response.add_events()->ParseFromString(part));
  }
  EXPECT_FALSE(response.events(0).has_order() || response.events(1).has_order());
  ASSERT_TRUE(process->keeper.OnEvents(response));
  EXPECT_EQ(Cursor(), 3U);
  EXPECT_EQ(Summary().fills(), 1);
  // The market waits for executions by their number, whichever event they came with.
  broker::v1::StreamMarketDataResponse step;
  step.set_lockstep(true);
  (*step.mutable_execution_sequences())["paper"] = 5;
  EXPECT_TRUE(process->keeper.OnStep(step));
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_F(PositionKeeperTest, EventsThatComeAgainAreNotAppliedAgain) {
  ASSERT_TRUE(Feed({Filled(2), Filled(3)}));
  ASSERT_TRUE(Feed({Filled(2), Filled(3), Filled(4)}));
  EXPECT_EQ(Summary().fills(), 3);
  EXPECT_EQ(Summary().cash().value(), "969.97");
  EXPECT_THAT(Differences(), IsEmpty());
  EXPECT_THAT(Lines(), ElementsAre("2", "3", "4"));
}

// Whoever told it twice, what follows is booked.
TEST_F(PositionKeeperTest, AnExecutionToldTwiceIsBookedOnceAndHoldsNothingUp) {
  OrderEvent again = Filled(3);
  again.fill->execution_id = ExecutionId("e2");
  for (const std::vector<OrderEvent>& events :
       {std::vector<OrderEvent>{Filled(2), again, Filled(4)}, std::vector<OrderEvent>{Filled(5)}}) {
    for (int tries = 0; !Feed(events); ++tries) ASSERT_LT(tries, 2);
  }
  again.sequence = again.fill->sequence = 6;
  for (int tries = 0; !Feed({again, Filled(7)}); ++tries) ASSERT_LT(tries, 2);
  auto stored = process->store.Load();
  EXPECT_EQ(stored->at(AccountId("paper")).totals().sequence, 7U);
  EXPECT_EQ(stored->at(AccountId("paper")).totals().fills, 4);
  EXPECT_EQ(stored->at(AccountId("paper")).net().at(Symbol("SPY")).quantity, Decimal::FromInt(4));
}

// It would be the same the next time: whoever read it again for ever would hold up every account.
TEST_F(PositionKeeperTest, AnEventThatCannotBeReadStopsItsAccountAndNoOther) {
  auto of_second = [](OrderEvent event) {
    event.account_id = AccountId("second");
    if (event.fill) event.fill->account_id = event.account_id;
    return event;
  };
  ASSERT_TRUE(Feed({of_second(Opened())}));
  order::v1::StreamOrderEventsResponse response;
  for (const OrderEvent& event : {Filled(2), Filled(3), of_second(Filled(2))})
    wire::ToProto(event, response.add_events());
  response.mutable_events(0)->mutable_fill()->mutable_quantity()->set_value("seven");
  EXPECT_TRUE(process->keeper.OnEvents(response));
  EXPECT_EQ(process->keeper.Cursors(), (std::map<std::string, std::uint64_t>{{"paper", 1}, {"second", 2}}));
  position::v1::AccountSummary summary;
  absl::Status of_paper = process->keeper.Summary("paper", &summary);
  EXPECT_TRUE(absl::IsFailedPrecondition(of_paper)) << "what it holds is not known";
  EXPECT_THAT(std::string(of_paper.message()), ::testing::HasSubstr("event 2"));
  EXPECT_EQ(process->keeper.Summary("second", &summary), absl::OkStatus());
  EXPECT_EQ(summary.fills(), 1);
  // The others' log is read to its head, and what they hold is valued.
  order::v1::StreamOrderEventsResponse heads;
  (*heads.mutable_head_sequences())["paper"] = 3;
  (*heads.mutable_head_sequences())["second"] = 2;
  EXPECT_TRUE(process->keeper.OnEvents(heads));
  EXPECT_TRUE(process->keeper.Ready());
  // A version that can read it goes on from there.
  Restart();
  EXPECT_TRUE(Feed({Filled(2), Filled(3)}));
  EXPECT_EQ(Summary().fills(), 2);
}

TEST_F(PositionKeeperTest, AGapIsRefusedAndChangesNothing) {
  EXPECT_FALSE(Feed({Filled(2), Filled(4)}));
  EXPECT_EQ(Cursor(), 1U);
  EXPECT_EQ(process->store.LoadSequences()->at(AccountId("paper")), 1U);
  ASSERT_TRUE(Feed({Filled(2), Filled(3), Filled(4)}));
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_F(PositionKeeperTest, ACommitWhoseAnswerWasLostCountsOnce) {
  StoreBehindItsBack({Filled(2), Filled(3, Side::kSell)});
  EXPECT_FALSE(Feed({Filled(2), Filled(3, Side::kSell), Filled(4)}));
  EXPECT_EQ(Cursor(), 3U) << "what is stored is visible, the rest is read again";
  ASSERT_TRUE(Feed({Filled(4)}));
  EXPECT_EQ(Summary().fills(), 3);
  EXPECT_EQ(Summary().trades(), 1);
  EXPECT_THAT(Differences(), IsEmpty());
  EXPECT_THAT(Lines(), ElementsAre("2", "3", "4"));
}

TEST_F(PositionKeeperTest, AShorterBatchThanTheLostOneDoesNotTakeTheStoreBack) {
  StoreBehindItsBack({Filled(2), Filled(3)});
  EXPECT_FALSE(Feed({Filled(2)}));
  EXPECT_EQ(process->store.LoadSequences()->at(AccountId("paper")), 3U);
  EXPECT_FALSE(Feed({Filled(3)}));
  EXPECT_EQ(Cursor(), 3U);
  ASSERT_TRUE(Feed({Filled(4)}));
  EXPECT_THAT(Differences(), IsEmpty());
}

TEST_F(PositionKeeperTest, WithoutPostgresNothingIsShownThatIsNotStored) {
  Sql("ALTER TABLE account RENAME TO away");
  EXPECT_FALSE(Feed({Filled(2)}));
  EXPECT_EQ(Summary().fills(), 0);
  EXPECT_THAT(Lines(), IsEmpty());
  Sql("ALTER TABLE away RENAME TO account");
  ASSERT_TRUE(Feed({Filled(2)}));
  EXPECT_THAT(Lines(), ElementsAre("2"));
}

TEST_F(PositionKeeperTest, AnOlderProcessIsToldToEnd) {
  PostgresPositionStore newer(*database);
  ASSERT_EQ(newer.Fence(), absl::OkStatus());
  EXPECT_FALSE(Feed({Filled(2)}));
  EXPECT_THAT(process->failure, StartsWith("a newer"));
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(PositionKeeperTest, KilledBetweenTheCommitAndTheTradeLogTheLineIsWrittenAtTheNextStart) {
  ASSERT_TRUE(Feed({Filled(2)}));
  StoreBehindItsBack({Filled(3), Halted(4), Filled(5)});
  EXPECT_THAT(Lines(), ElementsAre("2"));
  Restart();
  EXPECT_THAT(Lines(), ElementsAre("2", "3", "5"));
  ASSERT_TRUE(Feed({Filled(6)}));
  Restart();
  EXPECT_THAT(Lines(), ElementsAre("2", "3", "5", "6"));
}

TEST_F(PositionKeeperTest, ATradeLogThatCannotBeWrittenStopsNobodyAndIsCompletedLater) {
  process.reset();
  fs::remove_all(folder);
  std::ofstream(folder) << "not a folder";
  Restart();
  ASSERT_TRUE(Feed({Filled(2)}));
  EXPECT_THAT(metrics.Text(), ::testing::HasSubstr("ballast_positions_trade_log_behind 1"));
  fs::remove(folder);
  clock.nanos += 1'000'000'000;
  ASSERT_TRUE(Feed({Halted(3)}));
  EXPECT_THAT(Lines(), ElementsAre("2"));
  ASSERT_TRUE(Feed({Filled(4)}));
  EXPECT_THAT(Lines(), ElementsAre("2", "4"));
  EXPECT_THAT(metrics.Text(), ::testing::HasSubstr("ballast_positions_trade_log_behind 0"));
}

TEST_F(PositionKeeperTest, ATradeLogIsCompletedAlthoughNothingHappensAnyMore) {
  fs::path other = folder.string() + "_other";
  fs::remove_all(other);
  std::ofstream(other) << "not a folder";
  ASSERT_TRUE(Feed({Filled(2)}));
  FillLog fill_log(other.string(), process->store, clock, *log, metrics);
  fill_log.CatchUp();
  fs::remove(other);
  fill_log.Retry();
  EXPECT_THAT(Lines(other), IsEmpty());  // not in a hurry
  clock.nanos += 1'000'000'000;
  fill_log.Retry();
  EXPECT_THAT(Lines(other), ElementsAre("2"));
  EXPECT_THAT(metrics.Text(), ::testing::HasSubstr("ballast_positions_trade_log_behind 0"));
  // What the store had said already comes from the batch as well.
  StoreBehindItsBack({Filled(3)});
  fill_log.CatchUp();
  fill_log.Append(AccountId("paper"), {*Filled(3).fill});
  fill_log.Append(AccountId("paper"), {*Filled(4).fill});
  EXPECT_THAT(Lines(other), ElementsAre("2", "3", "4"));
  fs::remove_all(other);
}

TEST_F(PositionKeeperTest, LinesOfAnotherHistoryAreSetAside) {
  ASSERT_TRUE(Feed({Filled(2), Filled(3)}));
  Sql("TRUNCATE account, holding, book_total, fill, trade, equity_point, other_fee");
  Restart();
  ASSERT_TRUE(Feed({Opened(), Filled(2)}));
  EXPECT_THAT(Lines(), ElementsAre("2"));
  Sql("TRUNCATE account, holding, book_total, fill, trade, equity_point, other_fee");
  Restart();
  ASSERT_TRUE(Feed({Opened()}));
  Restart();
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(PositionKeeperTest, TheMarkIsTheSideThatWouldBePaidAndAQuoteWithoutOneMovesNothing) {
  ASSERT_TRUE(Feed({Filled(2)}));
  Quote("SPY", "0", "0", "0");
  EXPECT_FALSE(Summary().has_equity());
  Quote("SPY", "12", "13", "99");
  EXPECT_EQ(Summary().equity().value(), "1001.99") << "the bid, not the last trade";
  for (auto [bid, ask] : {std::pair{"0", "0"}, {"0", "5"}, {"5", "5"}, {"6", "5"}}) {
    Quote("SPY", bid, ask, "5", "2024-06-03T15:01:00Z");
    EXPECT_EQ(Summary().equity().value(), "1001.99") << bid << " " << ask;
  }
  EXPECT_EQ(Summary().peak_equity().value(), "1001.99");
}

TEST_F(PositionKeeperTest, AMarkThatStandsTooLongIsSaidToBeStaleWithItsAge) {
  ASSERT_TRUE(Feed({Filled(2)}));
  Quote("SPY", "12", "13", "12");
  EXPECT_FALSE(Summary().any_mark_stale());
  clock.nanos += 6'000'000'000;
  EXPECT_TRUE(Summary().any_mark_stale());
  EXPECT_EQ(Summary().oldest_mark_age_ms(), 6'000);
  EXPECT_THAT(Summary().stale_symbols(), ElementsAre("SPY"));
  EXPECT_EQ(Summary().equity().value(), "1001.99") << "stale, not nothing";
  // Others move on, and this one has been told again for sixteen minutes of the market.
  Quote("IBM", "12", "13", "12", "2024-06-03T15:16:00Z");
  Quote("SPY", "12", "12", "12", "2024-06-03T15:16:00Z");
  EXPECT_TRUE(Summary().any_mark_stale());
  EXPECT_EQ(Summary().oldest_mark_age_ms(), 960'000);
}

TEST_F(PositionKeeperTest, TheDaysResultCountsTheOvernightGapAlsoAfterARestart) {
  ASSERT_TRUE(Feed({Filled(2)}));
  Quote("SPY", "20", "21", "20", "2024-06-03T20:00:00Z");
  Quote("SPY", "5", "50", "20", "2024-06-03T20:05:00Z", false);
  EXPECT_EQ(Summary().equity().value(), "1009.99") << "outside the session its last price stands";
  process->keeper.inbox().Close();
  EXPECT_EQ(process->keeper.Poll(clock.nanos).state, runtime::Turn::State::kEnded);
  Restart();
  ASSERT_TRUE(Head());
  Quote("SPY", "15", "16", "20", "2024-06-04T13:31:00Z");
  EXPECT_EQ(Summary().day_start_equity().value(), "1009.99");
  EXPECT_EQ(Summary().day_pnl().value(), "-5");
}

TEST_F(PositionKeeperTest, WhileTheLogIsReadNoPeakIsTakenFromHalfOfIt) {
  ASSERT_TRUE(Feed({Filled(2, Side::kSell)}));
  process->keeper.OnReadingAgain();
  Quote("SPY", "1", "2", "1");  // the short looks like a gain; that it was bought back has not been read yet
  EXPECT_EQ(Summary().peak_equity().value(), "1000");
  ASSERT_TRUE(Feed({Filled(3)}));
  Quote("SPY", "1", "2", "1");
  EXPECT_EQ(Summary().peak_equity().value(), "1000");
}

TEST_F(PositionKeeperTest, AnUnknownInstrumentIsBookedAndItsValueNotGuessed) {
  ASSERT_TRUE(Feed({Filled(2), Filled(3, Side::kBuy, "NEVER-QUOTED")}));
  Quote("SPY", "10", "10.01", "10");
  position::v1::AccountSummary summary = Summary();
  EXPECT_EQ(summary.open_positions(), 2);
  EXPECT_TRUE(summary.any_mark_stale());
  EXPECT_FALSE(summary.has_equity());
  EXPECT_FALSE(summary.has_gross_exposure()) << "less than there is would be wrong";
  EXPECT_EQ(summary.cash().value(), "979.98");
}

TEST_F(PositionKeeperTest, FeesInOtherCurrenciesOutliveAStart) {
  OrderEvent event = Filled(2);
  event.fill->fee_currency = "BNB";
  ASSERT_TRUE(Feed({event}));
  Restart();
  EXPECT_EQ(Summary().cash().value(), "990");
  EXPECT_EQ(Summary().other_fees().at("BNB").value(), "0.01");
  EXPECT_EQ(Summary().fees().value(), "0");
  EXPECT_THAT(Differences(), IsEmpty());
}

}  // namespace
}  // namespace ballast
