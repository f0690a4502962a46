#include "services/order_management/event_hub.h"

#include <grpcpp/impl/codegen/proto_utils.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "libs/platform/service/service.h"
#include "services/order_management/testing/memory_journal.h"

namespace ballast {
namespace {

constexpr UtcTime kNow{1'700'000'000'000'000'000};

// Follows one stream and holds it to its promise: gapless and in order per account, 1 to 500 events a message.
class Follower : public EventHub::Sender {
 public:
  explicit Follower(std::map<std::string, std::uint64_t> cursors = {}) : cursors_(std::move(cursors)) {}
  bool Push(grpc::ByteBuffer message) override {
    std::lock_guard lock(mutex_);
    unsent_ += keeps_ ? message.Length() : 0;
    order::v1::StreamOrderEventsResponse response;
    EXPECT_TRUE(grpc::SerializationTraits<order::v1::StreamOrderEventsResponse>::Deserialize(&message, &response).ok());
    ++messages_;
    EXPECT_LE(response.events_size(), 500);
    for (const order::v1::OrderEvent& event : response.events()) {
      checks_ += event.checks_size();
      orders_ += event.has_order() ? 1 : 0;
      EXPECT_EQ(event.sequence(), ++cursors_[event.account_id()]) << event.account_id();
    }
    live_ = live_ || !response.head_sequences().empty();
    for (const auto& [account, head] : response.head_sequences()) {
      if (cursors_.contains(account)) EXPECT_LE(head, cursors_[account]) << "a head before its events";
    }
    changed_.notify_all();
    return true;
  }
  void Close(grpc::Status status) override {
    std::lock_guard lock(mutex_);
    if (!closed_) closed_ = status;  // a stream ends once
    changed_.notify_all();
  }
  [[nodiscard]] bool done() const override { return false; }
  [[nodiscard]] std::size_t unsent_bytes() const override {
    std::lock_guard lock(mutex_);
    return unsent_;
  }
  // From now on it reads nothing, or again.
  void Stand(bool stand) {
    std::lock_guard lock(mutex_);
    keeps_ = stand;
    if (!stand) unsent_ = 0;
  }
  bool WaitFor(const std::string& account, std::uint64_t sequence) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return cursors_[account] >= sequence; });
  }
  // What is new comes as it is published: the heads are told first when that begins.
  bool WaitLive() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return live_; });
  }
  std::optional<grpc::Status> WaitClosed() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [&] { return closed_.has_value(); });
    return closed_;
  }
  int checks() {
    std::lock_guard lock(mutex_);
    return checks_;
  }
  int orders() {
    std::lock_guard lock(mutex_);
    return orders_;
  }
  int messages() {
    std::lock_guard lock(mutex_);
    return messages_;
  }
  std::map<std::string, std::uint64_t> cursors() {
    std::lock_guard lock(mutex_);
    return cursors_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool keeps_ = false;
  bool live_ = false;
  std::size_t unsent_ = 0;
  int messages_ = 0;
  int checks_ = 0;
  int orders_ = 0;
  std::map<std::string, std::uint64_t> cursors_;
  std::optional<grpc::Status> closed_;
};

class EventHubTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(journal_.Fence().ok());
    for (const char* id : {"one", "two"}) {
      orders::Account& account = accounts_[AccountId(id)];
      std::vector<OrderEvent> events =
          account.Open(AccountId(id), AccountMode::kPaper, "USD", Decimal::FromInt(100'000), kNow);
      ASSERT_TRUE(
          journal_.Append({.events = events, .accounts = {account.snapshot()}, .opened = {{AccountId(id), "p"}}}).ok());
      hub_.SetHead(AccountId(id), 1);
    }
    hub_.Start();
  }
  void TearDown() override { hub_.Stop(); }
  // Commits and publishes `count` events of the account.
  void Write(const std::string& id, int count) {
    orders::Account& account = accounts_[AccountId(id)];
    Commit commit;
    for (int i = 0; i < count; ++i) {
      bool halted = account.snapshot().halted;
      for (OrderEvent& event : halted ? account.Resume("r", "a", kNow) : account.Halt("r", "a", kNow)) {
        commit.events.push_back(std::move(event));
      }
    }
    commit.accounts = {account.snapshot()};
    ASSERT_TRUE(journal_.Append(commit).ok());
    hub_.Publish(std::make_shared<const EncodedEvents>(commit.events));
  }
  std::shared_ptr<Follower> Follow(std::map<std::string, std::uint64_t> cursors, std::vector<std::string> accounts = {},
                                   bool relaxed = false, bool omit_checks = false, bool standing = false) {
    order::v1::StreamOrderEventsRequest request;
    for (const auto& [account, sequence] : cursors) (*request.mutable_after_sequences())[account] = sequence;
    for (const std::string& account : accounts) request.add_account_ids(account);
    request.set_relaxed(relaxed);
    request.set_omit_checks(omit_checks);
    auto follower = std::make_shared<Follower>(cursors);
    follower->Stand(standing);
    hub_.Subscribe(request, follower);
    return follower;
  }

  MemoryJournal journal_{std::make_shared<MemoryJournal::Disk>()};
  SystemClock clock_;
  EventHub hub_{journal_, clock_};
  std::map<AccountId, orders::Account> accounts_;
};

TEST_F(EventHubTest, FirstWhatIsStoredThenWhatComes) {
  Write("one", 700);
  auto follower = Follow({});
  ASSERT_TRUE(follower->WaitFor("one", 701));
  Write("one", 3);
  EXPECT_TRUE(follower->WaitFor("one", 704));
  EXPECT_TRUE(follower->WaitFor("two", 1));
}

TEST_F(EventHubTest, ACursorGoesOnWhereItStood) {
  Write("one", 20);
  auto follower = Follow({{"one", 15}, {"two", 1}});
  EXPECT_TRUE(follower->WaitFor("one", 21));
}

TEST_F(EventHubTest, OnlyTheAccountsAskedFor) {
  auto follower = Follow({}, {"two"});
  ASSERT_TRUE(follower->WaitFor("two", 1));
  Write("one", 5);
  Write("two", 5);
  ASSERT_TRUE(follower->WaitFor("two", 6));
  EXPECT_FALSE(follower->cursors().contains("one"));
}

TEST_F(EventHubTest, ACommitOfManyEventsComesInPages) {
  auto follower = Follow({});
  ASSERT_TRUE(follower->WaitFor("one", 1));
  Write("one", 1'700);
  EXPECT_TRUE(follower->WaitFor("one", 1'701));
}

TEST_F(EventHubTest, ARelaxedFollowerGetsFewerMessagesAndEveryEvent) {
  auto prompt = Follow({});
  auto relaxed = Follow({}, {}, true);
  ASSERT_TRUE(prompt->WaitLive() && relaxed->WaitLive());
  int prompt_before = prompt->messages();
  int relaxed_before = relaxed->messages();
  for (int i = 0; i < 400; ++i) Write("one", 1);
  ASSERT_TRUE(prompt->WaitFor("one", 401) && relaxed->WaitFor("one", 401));
  EXPECT_GE(prompt->messages() - prompt_before, 400);
  EXPECT_LT(relaxed->messages() - relaxed_before, 200);
}

// Stored, recent or new: the checks are there or left out as asked for.
TEST_F(EventHubTest, ChecksAreLeftOutWhenAskedFor) {
  Order order;
  order.account_id = AccountId("one");
  auto write = [&](const std::string& id) {
    order.order_id = OrderId(id);
    orders::Account& account = accounts_[AccountId("one")];
    Commit commit;
    commit.events = account.Accept(order, "user:me", {{.name = "max_position"}}, true, kNow);
    commit.accounts = {account.snapshot()};
    ASSERT_TRUE(journal_.Append(commit).ok());
    hub_.Publish(std::make_shared<const EncodedEvents>(commit.events));
  };
  write("stored");
  auto whole = Follow({}, {}, false, false);
  auto slim = Follow({}, {}, false, true);
  auto slim_relaxed = Follow({}, {}, true, true);
  for (const auto& follower : {whole, slim, slim_relaxed}) ASSERT_TRUE(follower->WaitFor("one", 3));
  write("new");
  for (const auto& follower : {whole, slim, slim_relaxed}) ASSERT_TRUE(follower->WaitFor("one", 5));
  EXPECT_EQ(whole->checks(), 2);
  EXPECT_EQ(slim->checks(), 0);
  EXPECT_EQ(slim_relaxed->checks(), 0);
}

// Stored, recent or new, alone or shared with others who want another part: each gets its own, and misses no event.
TEST_F(EventHubTest, EachIsToldThePartItAskedFor) {
  Order order;
  order.account_id = AccountId("one");
  auto write = [&](const std::string& id, const std::string& deployment) {
    order.order_id = OrderId(id);
    order.deployment_id = DeploymentId(deployment);
    orders::Account& account = accounts_[AccountId("one")];
    Commit commit;
    commit.events = account.Accept(order, "user:me", {{.name = "max_position"}}, true, kNow);
    commit.accounts = {account.snapshot()};
    ASSERT_TRUE(journal_.Append(commit).ok());
    hub_.Publish(std::make_shared<const EncodedEvents>(commit.events));
  };
  auto follow = [&](auto&& part) {
    order::v1::StreamOrderEventsRequest request;
    part(request);
    auto follower = std::make_shared<Follower>();
    hub_.Subscribe(request, follower);
    return follower;
  };
  write("stored", "");
  auto whole = follow([](auto&) {});
  auto fills = follow([](auto& request) { request.set_fills_only(true); });
  auto deployments = follow([](auto& request) { request.set_deployments_only(true); });
  auto submitted = follow([](auto& request) { request.add_whole_types(order::v1::ORDER_EVENT_TYPE_SUBMITTED); });
  auto one_account = follow([](auto& request) {
    request.add_account_ids("one");
    request.set_deployments_only(true);
    request.set_relaxed(true);
  });
  auto all = {whole, fills, deployments, submitted, one_account};
  for (const auto& follower : all) ASSERT_TRUE(follower->WaitFor("one", 3));
  write("new", "demo");
  write("newer", "");
  for (const auto& follower : all) ASSERT_TRUE(follower->WaitFor("one", 7));
  EXPECT_EQ(whole->orders(), 6);
  EXPECT_EQ(fills->orders(), 0);
  EXPECT_EQ(fills->checks(), 0);
  EXPECT_EQ(deployments->orders(), 2);
  EXPECT_EQ(submitted->orders(), 3);
  EXPECT_EQ(one_account->orders(), 2);
}

// A clock that stands: nothing is sent because time has passed.
class StillClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return kNow; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return 0; }
};

// What is nothing to a follower waits, and comes before what is something to it, in one message.
TEST_F(EventHubTest, WhatIsNoNewsForAFollowerWaitsForWhatIs) {
  StillClock clock;
  EventHub hub(journal_, clock);
  hub.SetHead(AccountId("one"), 1);
  hub.Start();
  Order order;
  order.account_id = AccountId("one");
  auto write = [&](const std::string& id, const std::string& deployment) {
    order.order_id = OrderId(id);
    order.deployment_id = DeploymentId(deployment);
    orders::Account& account = accounts_[AccountId("one")];
    Commit commit;
    commit.events = account.Accept(order, "user:me", {}, true, kNow);
    commit.accounts = {account.snapshot()};
    ASSERT_TRUE(journal_.Append(commit).ok());
    hub.Publish(std::make_shared<const EncodedEvents>(commit.events));
  };
  auto whole = std::make_shared<Follower>(), deployments = std::make_shared<Follower>();
  hub.Subscribe({}, whole);
  order::v1::StreamOrderEventsRequest request;
  request.set_deployments_only(true);
  hub.Subscribe(request, deployments);
  ASSERT_TRUE(whole->WaitLive() && deployments->WaitLive());
  int before = deployments->messages();
  for (int i = 0; i < 100; ++i) write("by-hand-" + std::to_string(i), "");
  EXPECT_EQ(whole->cursors()["one"], 201U);
  EXPECT_EQ(deployments->cursors()["one"], 1U);
  write("news", "demo");
  EXPECT_EQ(whole->cursors()["one"], 203U);
  EXPECT_EQ(deployments->cursors()["one"], 203U);
  EXPECT_EQ(deployments->messages(), before + 1);
  // No more than a page waits.
  for (int i = 0; i < 300; ++i) write("later-" + std::to_string(i), "");
  EXPECT_GE(deployments->cursors()["one"], 203U + 500);
  EXPECT_LT(deployments->cursors()["one"], 203U + 600);
  hub.Stop();
}

// One that takes nothing of a long log costs a page or two, and holds up nobody else; when it reads, it gets
// everything.
TEST_F(EventHubTest, AReaderThatStandsIsSentNoMoreThanABound) {
  for (int i = 0; i < 60; ++i) Write("one", 1'000);
  auto standing = Follow({}, {}, false, false, true);
  auto reading = Follow({});
  ASSERT_TRUE(reading->WaitFor("one", 60'001));
  EXPECT_LT(standing->unsent_bytes(), 2U << 20);
  EXPECT_LT(standing->cursors()["one"], 60'001U);
  standing->Stand(false);
  EXPECT_TRUE(standing->WaitFor("one", 60'001));
}

TEST_F(EventHubTest, ACursorBeyondTheLogIsRefused) {
  auto follower = Follow({{"one", 99}});
  std::optional<grpc::Status> closed = follower->WaitClosed();
  ASSERT_TRUE(closed.has_value());
  EXPECT_EQ(closed->error_code(), grpc::OUT_OF_RANGE);
}

// Followers join at every moment of a log that grows past the ring of recent events.
TEST_F(EventHubTest, WhoeverJoinsWhileTheLogGrowsMissesNothing) {
  std::vector<std::shared_ptr<Follower>> followers;
  for (int round = 0; round < 60; ++round) {
    Write("one", 150);
    if (round % 3 == 0) followers.push_back(Follow({}, {}, round % 2 == 0));
    if (round % 7 == 0) followers.push_back(Follow({{"one", 1 + static_cast<std::uint64_t>(round) * 100}}));
    Write("two", 10);
  }
  for (const auto& follower : followers) {
    EXPECT_TRUE(follower->WaitFor("one", 9'001));
    EXPECT_TRUE(follower->WaitFor("two", 601));
  }
}

}  // namespace
}  // namespace ballast
