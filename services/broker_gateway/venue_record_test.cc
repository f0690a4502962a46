// What the paper venue records of its trades, apart from what is told of them.
#include <future>
#include <pqxx/pqxx>

#include "services/broker_gateway/testing/session_fixture.h"

namespace ballast {
namespace {

const AccountId kPaperAccount("paper");

class VenueRecordTest : public SessionTest {
 protected:
  Engine::Options OptionsOf() override { return {.test_faces = true}; }
  std::vector<broker::v1::ExecutionReport> Recorded() {
    auto trades = store_->LoadVenueTrades(kPaperAccount, 0, 100);
    EXPECT_TRUE(trades.ok()) << trades.status();
    return trades.ok() ? *trades : std::vector<broker::v1::ExecutionReport>();
  }
  broker::Statement Statement() {
    std::promise<broker::Statement> told;
    EXPECT_TRUE(
        engine_->Ask([&](const Engine& engine) { told.set_value(*engine.desks().StatementOf(kPaperAccount)); }));
    return told.get_future().get();
  }
  // The trades that were told, in order.
  static std::vector<std::string> ToldBy(const TestSession& session) {
    std::vector<std::string> ids;
    for (const auto& report : session.reports()) {
      if (report.type() == broker::v1::EXECUTION_TYPE_TRADE) ids.push_back(report.execution_id());
    }
    return ids;
  }
  std::vector<std::uint64_t> Tell(std::uint64_t number) {
    auto trade = store_->LoadVenueTrades(kPaperAccount, number - 1, 1);
    EXPECT_TRUE(trade.ok() && trade->size() == 1);
    paper::NumberedTrade unheard{.number = number};
    unheard.execution.execution_id = ExecutionId((*trade)[0].execution_id());
    unheard.execution.order_id = OrderId((*trade)[0].order_id());
    unheard.execution.symbol = Symbol((*trade)[0].symbol());
    unheard.execution.side = Side::kBuy;
    unheard.execution.last_quantity = *wire::FromProto((*trade)[0].last_quantity(), "quantity");
    unheard.execution.last_price = *wire::FromProto((*trade)[0].last_price(), "price");
    unheard.execution.fee = *wire::FromProto((*trade)[0].fee(), "fee");
    unheard.execution.fee_currency = (*trade)[0].fee_currency();
    std::promise<std::vector<std::uint64_t>> told;
    EXPECT_TRUE(engine_->TellTrades(kPaperAccount, {{.trade = unheard}},
                                    [&](std::vector<std::uint64_t> numbers) { told.set_value(std::move(numbers)); }));
    return told.get_future().get();
  }
};

TEST_F(VenueRecordTest, EachTradeIsRecordedUnderTheVenuesOwnNumberAlsoAfterARestart) {
  auto session = Hello(7);
  for (const char* id : {"a", "b"}) {
    EXPECT_TRUE(engine_->Instruct(NewOrder(id), session));
    ASSERT_TRUE(session->WaitForReport(id, broker::v1::EXECUTION_TYPE_TRADE));
  }
  const std::size_t first = ToldBy(*session).size();
  EXPECT_EQ(Statement().trade_number, first);
  Start();
  EXPECT_EQ(Statement().trade_number, first);
  auto next = HelloAfter(8, session->reports().back().execution_sequence());
  EXPECT_TRUE(engine_->Instruct(NewOrder("c"), next));
  ASSERT_TRUE(next->WaitForReport("c", broker::v1::EXECUTION_TYPE_TRADE));
  std::vector<std::string> told = ToldBy(*session);
  for (const std::string& id : ToldBy(*next)) told.push_back(id);
  const auto recorded = Recorded();
  ASSERT_EQ(recorded.size(), told.size());
  for (std::size_t i = 0; i < recorded.size(); ++i) {
    EXPECT_EQ(recorded[i].execution_sequence(), i + 1);
    EXPECT_EQ(recorded[i].execution_id(), told[i]);
  }
}

TEST_F(VenueRecordTest, TradesFromBeforeThereWasARecordAreTakenFromTheJournal) {
  auto session = Hello(7);
  for (const char* id : {"a", "b", "c"}) {
    EXPECT_TRUE(engine_->Instruct(NewOrder(id), session));
    ASSERT_TRUE(session->WaitForReport(id, broker::v1::EXECUTION_TYPE_TRADE));
  }
  const auto before = Recorded();
  // As a version without a record left it, and a start that was cut off: some rows are there, and wrong.
  ASSERT_TRUE(database_
                  ->Transaction([](pqxx::transaction_base& work) {
                    work.exec("DELETE FROM paper_trade WHERE trade_number > 1");
                    work.exec("UPDATE paper_trade SET payload = ''");
                    work.exec("UPDATE ledger SET trades_from_journal = true");
                    return absl::OkStatus();
                  })
                  .ok());
  Start();
  const auto after = Recorded();
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].execution_sequence(), before[i].execution_sequence());
    EXPECT_EQ(after[i].execution_id(), before[i].execution_id());
    EXPECT_EQ(after[i].last_quantity().value(), before[i].last_quantity().value());
    EXPECT_EQ(after[i].fee().value(), before[i].fee().value());
  }
  EXPECT_EQ(Statement().trade_number, before.size());
  // Once: the next start leaves it alone.
  ASSERT_TRUE(database_
                  ->Transaction([](pqxx::transaction_base& work) -> absl::Status {
                    bool left = work.exec("SELECT 1 FROM ledger WHERE trades_from_journal").empty();
                    return left ? absl::OkStatus() : absl::InternalError("it would be filled again");
                  })
                  .ok());
}

TEST_F(VenueRecordTest, ATradeThatWasNotHeardIsRecordedAndToldOnceWhenItIsAskedFor) {
  auto session = Hello(7);
  broker::v1::PlantPaperFaultRequest fault;
  fault.set_account_id("paper");
  fault.set_unheard_trades(1);
  std::promise<absl::Status> planted;
  EXPECT_TRUE(engine_->Plant(fault, [&](absl::Status status) { planted.set_value(std::move(status)); }));
  ASSERT_TRUE(planted.get_future().get().ok());
  EXPECT_TRUE(engine_->Instruct(NewOrder("a"), session));
  ASSERT_TRUE(session->WaitForReport("a", broker::v1::EXECUTION_TYPE_NEW));
  // What comes after it is told.
  EXPECT_TRUE(engine_->Instruct(NewOrder("b"), session));
  ASSERT_TRUE(session->WaitForReport("b", broker::v1::EXECUTION_TYPE_TRADE));
  EXPECT_EQ(session->CountOf("a", broker::v1::EXECUTION_TYPE_TRADE), 0U);
  ASSERT_EQ(Recorded().size(), ToldBy(*session).size() + 1);
  EXPECT_EQ(Recorded()[0].order_id(), "a");
  EXPECT_EQ(Tell(1), std::vector<std::uint64_t>{1});
  ASSERT_TRUE(session->WaitForReport("a", broker::v1::EXECUTION_TYPE_TRADE));
  EXPECT_TRUE(Tell(1).empty());
  EXPECT_EQ(session->CountOf("a", broker::v1::EXECUTION_TYPE_TRADE), 1U);
  // Numbered without a gap, as everything that is told.
  std::uint64_t sequence = 0;
  for (const auto& report : session->reports()) EXPECT_EQ(report.execution_sequence(), ++sequence);
}

}  // namespace
}  // namespace ballast
