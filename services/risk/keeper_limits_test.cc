#include <gtest/gtest.h>

#include "libs/wire/wire.h"
#include "services/risk/keeper.h"
#include "services/risk/testing/keeper_at_hand.h"
#include "services/risk/testing/memory_risk_store.h"

namespace ballast {
namespace {

class HandClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return {1'700'000'000'000'000'000 + nanos}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos; }
  std::int64_t nanos = 1'000'000'000;
};

class Deaf : public RiskKeeper::Sender {
 public:
  bool Push(risk::v1::RiskSessionResponse) override { return true; }
  void Close(grpc::Status) override {}
  [[nodiscard]] bool done() const override { return false; }
};

// A paper account and a live one.
class KeeperLimitsTest : public testing::Test {
 protected:
  KeeperLimitsTest() {
    EXPECT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log).ok());
    Start();
  }
  void Start(RiskKeeper::Raising raising = RiskKeeper::Raising::kOnePerson) {
    store = std::make_unique<MemoryRiskStore>(disk);
    metrics = std::make_unique<Metrics>();
    keeper = std::make_unique<KeeperAtHand>(*store, clock, *log, *metrics);
    keeper->SetRaisingOnPaper(raising);
    ASSERT_TRUE(keeper->Recover().ok());
    session = std::make_shared<Deaf>();
    risk::v1::RiskSessionRequest request;
    request.mutable_hello()->set_epoch(1);
    request.mutable_hello()->add_account_ids("paper");
    request.mutable_hello()->add_account_ids("real");
    keeper->OnSession(request, session);
    for (const char* account : {"paper", "real"}) {
      OrderEvent opened{.account_id = AccountId(account), .sequence = 1, .type = OrderEventType::kAccountOpened};
      opened.cash = Decimal::FromInt(100'000);
      opened.currency = "USD";
      opened.mode = account == std::string("real") ? AccountMode::kLive : AccountMode::kPaper;
      risk::v1::RiskSessionRequest events;
      wire::ToProto(opened, events.mutable_events()->add_events());
      keeper->OnSession(events, session);
    }
    risk::v1::RiskSessionRequest replayed;
    replayed.mutable_replayed();
    keeper->OnSession(replayed, session);
    keeper->SetInstruments({{.symbol = Symbol("SPY"),
                             .currency = "USD",
                             .tick_size = Decimal::Of("0.01"),
                             .lot_size = Decimal::Of("1"),
                             .shortable = true}});
    Quote quote{.symbol = Symbol("SPY"),
                .bid_price = Decimal::Of("99.99"),
                .ask_price = Decimal::Of("100"),
                .last_price = Decimal::Of("100"),
                .quote_time = clock.Now()};
    quote.session_open = true;
    keeper->OnStep({.quotes = {quote}, .market_time = clock.Now()});
  }
  absl::StatusOr<RiskKeeper::Changed> Update(const char* key, const char* account, int max_open_orders,
                                             const char* actor = "user:ann") {
    RiskStore::Update update{.account_id = AccountId(account), .reason = "because", .actor = actor, .request_id = key};
    update.limits = *keeper->GetLimits(account);
    update.limits.max_open_orders = max_open_orders;
    return keeper->UpdateLimits(update);
  }
  struct Asked {
    absl::Status status;
    risk::v1::SetScopedLimitsResponse response;
  };
  Asked Set(const char* key, risk::LimitScope scope, std::map<std::string, Decimal> values, std::uint64_t version,
            std::optional<UtcTime> until = std::nullopt, const char* actor = "user:ann") {
    Asked asked;
    asked.status = keeper->SetScopedLimits(
        {.set = {.scope = std::move(scope), .version = version, .values = std::move(values), .expire_time = until},
         .reason = "because",
         .actor = actor,
         .request_id = key},
        &asked.response);
    return asked;
  }
  absl::Status Decide(const char* change, bool approve, const char* actor, risk::v1::LimitChange* out = nullptr) {
    risk::v1::DecideLimitChangeRequest request;
    request.set_change_id(change);
    request.set_approve(approve);
    request.set_actor(actor);
    request.set_reason("looked at");
    risk::v1::LimitChange decided;
    absl::Status status = keeper->DecideLimitChange(request, &decided);
    if (out != nullptr) *out = decided;
    return status;
  }
  // "value from scope"
  std::string Effective(const char* name, const char* account = "paper", const char* deployment = "") {
    risk::v1::GetEffectiveLimitsRequest request;
    request.set_account_id(account);
    request.set_deployment_id(deployment);
    request.set_symbol("SPY");
    risk::v1::GetEffectiveLimitsResponse response;
    EXPECT_TRUE(keeper->EffectiveLimits(request, &response).ok());
    for (const auto& limit : response.limits()) {
      if (limit.name() == name) return limit.value() + " from " + limit.scope();
    }
    return "none";
  }
  std::string Said(const char* quantity) {
    Order order{.account_id = AccountId("paper"),
                .symbol = Symbol("SPY"),
                .side = Side::kBuy,
                .type = OrderType::kMarket,
                .time_in_force = TimeInForce::kIoc,
                .quantity = Decimal::Of(quantity)};
    risk::v1::PreviewOrderResponse answer;
    keeper->Preview(order, &answer);
    return answer.approved() ? "" : answer.rejection().check() + " of " + answer.rejection().limit_scope();
  }
  std::vector<std::string> Audited() const {
    std::vector<std::string> actions;
    for (const auto& [id, message] : disk->outbox) {
      audit::v1::AppendRecordRequest record;
      if (message.target == RiskStore::Target::kAudit && record.ParseFromString(message.request))
        actions.push_back(record.action());
    }
    return actions;
  }

  std::shared_ptr<MemoryRiskStore::Disk> disk = std::make_shared<MemoryRiskStore::Disk>();
  std::unique_ptr<MemoryRiskStore> store;
  HandClock clock;
  std::unique_ptr<Logger> log;
  std::unique_ptr<Metrics> metrics;
  std::unique_ptr<KeeperAtHand> keeper;
  std::shared_ptr<Deaf> session;
};

const risk::LimitScope kFirm, kPaperSpy{.account_id = AccountId("paper"), .symbol = Symbol("SPY")};
const auto kNotional = [](int limit) {
  return std::map<std::string, Decimal>{{"max_order_notional", Decimal::FromInt(limit)}};
};

TEST_F(KeeperLimitsTest, ARefusalNamesTheScopeWhoseLimitItIs) {
  EXPECT_EQ(Said("15"), "");
  ASSERT_TRUE(Set("s1", kFirm, kNotional(1'000), 0).status.ok());
  EXPECT_EQ(Said("10"), "");
  EXPECT_EQ(Said("11"), "max_order_notional of firm");
  EXPECT_EQ(Effective("max_order_notional"), "1000 from firm");
  EXPECT_EQ(Effective("max_open_orders"), "200 from account paper");
  ASSERT_TRUE(Set("s2", kPaperSpy, kNotional(500), 0).status.ok());
  EXPECT_EQ(Said("6"), "max_order_notional of instrument SPY");
  // As it was stored.
  Start();
  EXPECT_EQ(Said("6"), "max_order_notional of instrument SPY");
  EXPECT_EQ(Effective("max_order_notional"), "500 from instrument SPY");
  risk::v1::ListScopedLimitsResponse listed;
  ASSERT_TRUE(keeper->ListScopedLimits(false, &listed).ok());
  EXPECT_EQ(listed.limits_size(), 2);
  ASSERT_TRUE(Set("s3", kPaperSpy, {}, 1).status.ok());
  EXPECT_EQ(Said("6"), "");
  listed.Clear();
  ASSERT_TRUE(keeper->ListScopedLimits(false, &listed).ok());
  EXPECT_EQ(listed.limits_size(), 1);
  listed.Clear();
  ASSERT_TRUE(keeper->ListScopedLimits(true, &listed).ok());
  EXPECT_EQ(listed.limits_size(), 3);
  EXPECT_EQ(listed.limits(0).reason(), "because");
}

TEST_F(KeeperLimitsTest, AChangeIsOfTheVersionThatWasReadAndIsMadeOnce) {
  ASSERT_TRUE(Set("s1", kFirm, kNotional(1'000), 0).status.ok());
  EXPECT_TRUE(Set("s1", kFirm, kNotional(1'000), 0).status.ok()) << "the same request again";
  EXPECT_EQ(Set("s1", kFirm, kNotional(900), 0).status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Set("s2", kFirm, kNotional(900), 0).status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Effective("max_order_notional"), "1000 from firm");
  EXPECT_EQ(Set("s3", {.account_id = AccountId("nobody"), .symbol = Symbol("SPY")}, {}, 0).status.code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(Set("s4", kFirm, {{"colour", Decimal()}}, 1).status.code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(KeeperLimitsTest, OnPaperOnePersonRaises) {
  auto changed = Update("u1", "paper", 300);
  ASSERT_TRUE(changed.ok());
  EXPECT_FALSE(changed->pending);
  EXPECT_EQ(Effective("max_open_orders"), "300 from account paper");
}

TEST_F(KeeperLimitsTest, WithRealMoneyLoweringIsAtOnceAndRaisingNeedsASecondPerson) {
  auto lowered = Update("u1", "real", 100);
  ASSERT_TRUE(lowered.ok());
  EXPECT_FALSE(lowered->pending);
  EXPECT_EQ(Effective("max_open_orders", "real"), "100 from account real");
  auto raised = Update("u2", "real", 150);
  ASSERT_TRUE(raised.ok()) << raised.status();
  ASSERT_TRUE(raised->pending);
  EXPECT_EQ(raised->limits.max_open_orders, 100) << "nothing has changed yet";
  EXPECT_EQ(raised->pending->raises(0), "max_open_orders 100 -> 150");
  EXPECT_EQ(Update("u2", "real", 160).status().code(), absl::StatusCode::kAlreadyExists);
  ASSERT_TRUE(Update("u2", "real", 150)->pending) << "the same again is the same change";
  EXPECT_EQ(Decide("u2", true, "user:ann").code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Effective("max_open_orders", "real"), "100 from account real");
  Start();  // it waits over a restart
  risk::v1::LimitChange decided;
  ASSERT_TRUE(Decide("u2", true, "user:bob", &decided).ok());
  EXPECT_EQ(decided.state(), risk::v1::LIMIT_CHANGE_STATE_APPROVED);
  EXPECT_EQ(Effective("max_open_orders", "real"), "150 from account real");
  EXPECT_TRUE(Decide("u2", true, "user:bob").ok()) << "the same word again";
  EXPECT_EQ(Decide("u2", false, "user:eve").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Decide("none", true, "user:bob").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(keeper->LimitsHistory("real", 0, 1)->front().actor, "user:ann, approved by user:bob");
  EXPECT_EQ(Audited(), (std::vector<std::string>{"limits.updated", "limits.raise_proposed", "limits.updated",
                                                 "limits.raise_approved"}));
}

TEST_F(KeeperLimitsTest, ARaiseThatWasOvertakenIsNotApproved) {
  ASSERT_TRUE(Update("u1", "real", 300)->pending);
  ASSERT_FALSE(Update("u2", "real", 100)->pending);
  EXPECT_EQ(Decide("u1", true, "user:bob").code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Effective("max_open_orders", "real"), "100 from account real");
  EXPECT_TRUE(Decide("u1", false, "user:ann").ok()) << "who asked may take it back";
  risk::v1::ListLimitChangesResponse listed;
  ASSERT_TRUE(keeper->ListLimitChanges(true, &listed).ok());
  EXPECT_EQ(listed.changes_size(), 0);
}

TEST_F(KeeperLimitsTest, AFailureBetweenTheLimitsAndTheDecisionIsMendedByTheSameWord) {
  ASSERT_TRUE(Update("u1", "real", 300)->pending);
  disk->faults.FailNext(absl::OkStatus(), true);
  disk->faults.FailNext(absl::UnavailableError("no storage"), false);
  EXPECT_FALSE(Decide("u1", true, "user:bob").ok());
  ASSERT_TRUE(Decide("u1", true, "user:bob").ok());
  EXPECT_EQ(Effective("max_open_orders", "real"), "300 from account real");
  EXPECT_EQ(keeper->GetLimits("real")->version, 2U);
}

TEST_F(KeeperLimitsTest, TheFirmsLimitsAreOfTheLiveAccountToo) {
  ASSERT_FALSE(Set("s1", kFirm, kNotional(1'000), 0).response.has_pending());
  Asked raised = Set("s2", kFirm, kNotional(2'000), 1);
  ASSERT_TRUE(raised.status.ok());
  EXPECT_TRUE(raised.response.has_pending());
  EXPECT_EQ(raised.response.limits().values(0).value(), "1000");
  EXPECT_FALSE(Set("s3", kPaperSpy, kNotional(10), 0).response.has_pending());
  EXPECT_FALSE(Set("s4", kPaperSpy, kNotional(20), 1).response.has_pending());
  ASSERT_TRUE(Decide("s2", true, "user:bob").ok());
  EXPECT_EQ(Effective("max_order_notional", "real"), "2000 from firm");
}

TEST_F(KeeperLimitsTest, OnPaperTooWhereItIsSaidSo) {
  Start(RiskKeeper::Raising::kTwoPersons);
  EXPECT_TRUE(Update("u1", "paper", 300)->pending);
  EXPECT_FALSE(Update("u2", "paper", 100)->pending);
}

TEST_F(KeeperLimitsTest, AnOverrideEndsByItselfAndIsAudited) {
  const UtcTime until = clock.Now() + Duration::Seconds(60);
  const risk::LimitScope paper{.account_id = AccountId("paper")};
  ASSERT_TRUE(Set("o1", paper, {{"max_position_ratio", Decimal::Of("0.05")}}, 0, until).status.ok());
  EXPECT_EQ(Effective("max_position_ratio"), "0.05 from account paper, override");
  EXPECT_EQ(Said("40"), "");
  EXPECT_EQ(Said("60"), "max_position of account paper, override");
  Start();
  EXPECT_EQ(Said("40"), "") << "it holds over a restart";
  clock.nanos += 60'000'000'000;
  EXPECT_EQ(Effective("max_position_ratio"), "0.02 from account paper");
  keeper->Tick();
  EXPECT_EQ(Audited(), (std::vector<std::string>{"limits.scope_updated", "limits.override_ended"}));
  EXPECT_EQ(Set("o2", paper, {{"max_position_ratio", Decimal::Of("0.05")}}, 1, clock.Now()).status.code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      Set("o3", paper, {{"max_position_ratio", Decimal::Of("0.05")}}, 1, clock.Now() + Duration::Seconds(2'592'001))
          .status.code(),
      absl::StatusCode::kInvalidArgument);
  // The next one comes after it, and may be ended early.
  const UtcTime later = clock.Now() + Duration::Seconds(60);
  ASSERT_TRUE(Set("o4", paper, {{"max_position_ratio", Decimal::Of("0.05")}}, 1, later).status.ok());
  ASSERT_TRUE(Set("o5", paper, {}, 2, later).status.ok());
  EXPECT_EQ(Effective("max_position_ratio"), "0.02 from account paper");
}

TEST_F(KeeperLimitsTest, AnOverrideThatRaisesWithRealMoneyNeedsASecondPersonInTime) {
  const risk::LimitScope real{.account_id = AccountId("real")};
  const UtcTime until = clock.Now() + Duration::Seconds(60);
  ASSERT_TRUE(Set("o1", real, {{"max_position_ratio", Decimal::Of("0.05")}}, 0, until).response.has_pending());
  EXPECT_FALSE(Set("o2", real, {{"max_position_ratio", Decimal::Of("0.01")}}, 0, until).response.has_pending());
  EXPECT_EQ(Decide("o1", true, "user:bob").code(), absl::StatusCode::kAborted) << "it was of another version";
  ASSERT_TRUE(Set("o3", real, {{"max_position_ratio", Decimal::Of("0.05")}}, 1, until).response.has_pending());
  clock.nanos += 60'000'000'000;
  EXPECT_EQ(Decide("o3", true, "user:bob").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Effective("max_position_ratio", "real"), "0.02 from account real");
}

}  // namespace
}  // namespace ballast
