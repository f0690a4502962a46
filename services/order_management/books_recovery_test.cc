// A start reads the books that were stored and the fills since, not every fill there ever was.
#include "services/order_management/books_recovery.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "services/order_management/testing/memory_journal.h"

namespace ballast {
namespace {

constexpr UtcTime kNow{1'700'000'000'000'000'000};

// Counts what a recovery reads.
class CountingJournal final : public Journal {
 public:
  explicit CountingJournal(Journal& journal) : journal_(journal) {}
  int fills_read = 0;

  absl::Status Fence() override { return journal_.Fence(); }
  [[nodiscard]] std::uint64_t epoch() const override { return journal_.epoch(); }
  absl::Status Append(const Commit& commit) override { return journal_.Append(commit); }
  absl::StatusOr<Stored> Lookup(const AccountId& id, std::uint64_t sequence, std::string_view encoded) override {
    return journal_.Lookup(id, sequence, encoded);
  }
  absl::StatusOr<std::vector<orders::Account::Snapshot>> LoadAccounts() override { return journal_.LoadAccounts(); }
  absl::StatusOr<std::map<AccountId, std::string>> LoadBrokers() override { return journal_.LoadBrokers(); }
  absl::StatusOr<std::vector<Order>> LoadWorkingOrders() override { return journal_.LoadWorkingOrders(); }
  absl::StatusOr<std::vector<std::string>> LoadOrderIds(const std::string& after, int limit) override {
    return journal_.LoadOrderIds(after, limit);
  }
  absl::StatusOr<Order> LoadOrder(const OrderId& id) override { return journal_.LoadOrder(id); }
  absl::StatusOr<orders::Account::StoredBooks> LoadBooks(const AccountId& id) override {
    return journal_.LoadBooks(id);
  }
  absl::StatusOr<std::uint64_t> BeforeNewestFills(const AccountId& id, int count) override {
    return journal_.BeforeNewestFills(id, count);
  }
  absl::StatusOr<std::vector<Fill>> LoadFills(const AccountId& id, std::uint64_t after, int limit) override {
    auto fills = journal_.LoadFills(id, after, limit);
    if (fills.ok()) fills_read += static_cast<int>(fills->size());
    return fills;
  }
  absl::Status SaveDeployment(const AccountId& id, const DeploymentId& deployment) override {
    return journal_.SaveDeployment(id, deployment);
  }
  absl::StatusOr<std::set<std::pair<AccountId, DeploymentId>>> LoadDeployments() override {
    return journal_.LoadDeployments();
  }
  absl::StatusOr<EncodedEvents> LoadEvents(const AccountId& id, std::uint64_t after, int limit) override {
    return journal_.LoadEvents(id, after, limit);
  }

 private:
  Journal& journal_;
};

class BooksRecoveryTest : public testing::Test {
 protected:
  BooksRecoveryTest() {
    EXPECT_TRUE(memory_.Fence().ok());
    Store(account_.Open(AccountId("paper"), AccountMode::kPaper, "USD", Decimal::FromInt(1'000'000), kNow), true);
  }
  void Store(std::vector<OrderEvent> events, bool opens = false) {
    Commit commit{.events = std::move(events), .accounts = {account_.snapshot()}};
    if (opens) commit.opened = {{AccountId("paper"), "paper"}};
    if (account_.BooksDue()) {
      commit.books.push_back(account_.TakeBooks());
      ++stored_;
    }
    ASSERT_TRUE(memory_.Append(commit).ok());
  }
  orders::Report Trade(int number) {
    orders::Report report;
    report.type = OrderEventType::kFilled;
    report.execution_sequence = account_.snapshot().execution_sequence + 1;
    report.order_id = OrderId("o");
    report.fill.execution_id = ExecutionId("x" + std::to_string(number));
    report.fill.order_id = OrderId("o");
    report.fill.account_id = AccountId("paper");
    report.fill.symbol = Symbol("SPY");
    report.fill.side = Side::kBuy;
    report.fill.quantity = Decimal::FromInt(1);
    report.fill.price = Decimal::FromInt(100);
    return report;
  }
  // Of one order of a deployment, which is as large as they are many.
  void Fill(int from, int count) {
    if (from == 0) {
      Order order;
      order.account_id = AccountId("paper");
      order.order_id = OrderId("o");
      order.request_id = RequestId("r");
      order.deployment_id = DeploymentId("ema");
      order.symbol = Symbol("SPY");
      order.side = Side::kBuy;
      order.type = OrderType::kMarket;
      order.time_in_force = TimeInForce::kGtc;
      order.quantity = Decimal::FromInt(1'000'000);
      Store(account_.Accept(order, "user:me", {}, true, kNow));
    }
    for (int number = from; number < from + count; ++number) Store(account_.ApplyReport(Trade(number), kNow));
  }
  orders::Account Recovered(CountingJournal& journal) {
    orders::Account account;
    account.Restore(memory_.LoadAccounts()->front());
    EXPECT_TRUE(RecoverBooks(journal, account).ok());
    return account;
  }

  MemoryJournal memory_{std::make_shared<MemoryJournal::Disk>()};
  orders::Account account_;
  int stored_ = 0;
};

TEST_F(BooksRecoveryTest, AStartReadsWhatWasStoredAndTheFillsSince) {
  Fill(0, 70'000);
  EXPECT_EQ(stored_, 7);
  CountingJournal journal(memory_);
  orders::Account again = Recovered(journal);
  EXPECT_EQ(again.books().held(), account_.books().held());
  EXPECT_EQ(again.books().Held(DeploymentId("ema"), Symbol("SPY")), Decimal::FromInt(70'000));
  // The newest executions are known all the same.
  EXPECT_LE(journal.fills_read, orders::Account::kExecutionsMax);
  again.Load(*memory_.LoadOrder(OrderId("o")));
  orders::Report told_again = Trade(69'999);
  told_again.execution_sequence = again.snapshot().execution_sequence + 1;
  std::vector<OrderEvent> events = again.ApplyReport(told_again, kNow);
  EXPECT_EQ(events.front().type, OrderEventType::kIllegalReport);
  EXPECT_EQ(again.books().Held(DeploymentId("ema"), Symbol("SPY")), Decimal::FromInt(70'000));
}

TEST_F(BooksRecoveryTest, FillsAfterTheStoredBooksAreBookedOnce) {
  Fill(0, 10'500);
  EXPECT_EQ(stored_, 1);
  CountingJournal journal(memory_);
  EXPECT_EQ(Recovered(journal).books().Held(DeploymentId("ema"), Symbol("SPY")), Decimal::FromInt(10'500));
}

TEST_F(BooksRecoveryTest, ALogWithoutStoredBooksIsReadWhole) {
  Fill(0, 100);
  CountingJournal journal(memory_);
  EXPECT_EQ(Recovered(journal).books().Held(DeploymentId("ema"), Symbol("SPY")), Decimal::FromInt(100));
  EXPECT_EQ(journal.fills_read, 100);
}

}  // namespace
}  // namespace ballast
