// The kill switch over the engine: what it lets out, and what it makes of orders on their way.
#include <grpcpp/grpcpp.h>

#include <future>
#include <pqxx/pqxx>
#include <thread>

#include "services/broker_gateway/grpc_adapter.h"
#include "services/broker_gateway/testing/session_fixture.h"

namespace ballast {
namespace {

using broker::v1::EXECUTION_TYPE_CANCELED;
using broker::v1::EXECUTION_TYPE_NEW;
using broker::v1::EXECUTION_TYPE_REJECTED;
using broker::v1::EXECUTION_TYPE_TRADE;

constexpr std::int64_t kPatienceNs = 20'000'000'000;
const AccountId kPaper("paper");

// Whoever writes waits, as for a storage that does not answer.
class SilentStorage {
 public:
  explicit SilentStorage(Database& database)
      : thread_([&] {
          absl::Status held = database.LongTransaction([&](pqxx::transaction_base& work) {
            work.exec("LOCK TABLE execution IN ACCESS EXCLUSIVE MODE");
            locked_.set_value();
            go_.get_future().wait();
            return absl::OkStatus();
          });
          EXPECT_TRUE(held.ok()) << held;
        }) {
    locked_.get_future().wait();
  }
  void Answer() {
    go_.set_value();
    thread_.join();
  }

 private:
  std::promise<void> locked_, go_;
  std::thread thread_;
};

class KillTest : public SessionTest {
 protected:
  Engine::Options OptionsOf() override { return {.tick_ms = 20, .paper = {.latency = Duration::Millis(latency_ms_)}}; }
  KillCommand Command(const std::string& id, bool cancel_all) {
    return {.account_id = kPaper,
            .command_id = id,
            .actor = "user:me",
            .engage_time = clock_.Now(),
            .cancel_all = cancel_all};
  }
  void Engage(const std::string& id, bool cancel_all) {
    ASSERT_TRUE(kill_->Engage(Command(id, cancel_all)).ok());
    engine_->WakeUp();
    kill_->Await(kPaper, kPatienceNs);
  }
  broker::v1::OrderSessionRequest Resting(const std::string& id) {
    broker::v1::OrderSessionRequest request = NewOrder(id);
    order::v1::Order& order = *request.mutable_new_order()->mutable_order();
    order.set_type(type::v1::ORDER_TYPE_LIMIT);
    order.set_time_in_force(type::v1::TIME_IN_FORCE_GTC);
    order.mutable_limit_price()->set_value("1");
    return request;
  }
  broker::v1::OrderSessionRequest Reduction(const std::string& id, const std::string& reason) {
    broker::v1::OrderSessionRequest request = NewOrder(id);
    order::v1::Order& order = *request.mutable_new_order()->mutable_order();
    order.set_side(type::v1::SIDE_SELL);
    order.set_reduce_only(true);
    order.set_reason(reason);
    return request;
  }
  std::int64_t latency_ms_ = 0;
};

TEST_F(KillTest, NothingNewLeavesWhileItIsEngagedButWhatReducesThePosition) {
  auto session = Hello(1);
  broker::v1::OrderSessionRequest open = NewOrder("before");
  open.mutable_new_order()->mutable_order()->mutable_quantity()->set_value("0.02");
  ASSERT_TRUE(engine_->Instruct(open, session));
  ASSERT_TRUE(session->WaitForReport("before", EXECUTION_TYPE_TRADE));
  for (const std::string& command : {std::string("halt-1"), std::string("cancel-2")}) {
    Engage(command, command != "halt-1");
    broker::v1::OrderSessionRequest beyond = Reduction("beyond-flat" + command, "emergency_stop");
    beyond.mutable_new_order()->mutable_order()->mutable_quantity()->set_value("0.03");
    ASSERT_TRUE(engine_->Instruct(beyond, session));
    ASSERT_TRUE(engine_->Instruct(NewOrder("opens" + command), session));
    for (const std::string& id : {"beyond-flat" + command, "opens" + command}) {
      ASSERT_TRUE(session->WaitForReport(id, EXECUTION_TYPE_REJECTED)) << id;
      EXPECT_EQ(session->ReportOf(id)->rejection().reason(), type::v1::REJECT_REASON_KILL_SWITCH);
      EXPECT_EQ(session->ReportOf(id)->rejection().observed(), command);
    }
    std::string close = "close" + command;
    ASSERT_TRUE(engine_->Instruct(Reduction(close, command == "halt-1" ? "manual" : "emergency_stop"), session));
    ASSERT_TRUE(session->WaitForReport(close, EXECUTION_TYPE_TRADE));
  }
  ASSERT_TRUE(kill_->Release(kPaper, "").ok());
  ASSERT_TRUE(engine_->Instruct(NewOrder("after"), session));
  EXPECT_TRUE(session->WaitForReport("after", EXECUTION_TYPE_TRADE));
}

// By hand, once everything that was to be cancelled is gone; a later command cancels these too.
TEST_F(KillTest, APositionIsClosedByHandUnderItAndALaterCommandCancelsThat) {
  latency_ms_ = 50;
  Start();
  auto session = Hello(1);
  ASSERT_TRUE(engine_->Instruct(NewOrder("held"), session));
  ASSERT_TRUE(session->WaitForReport("held", EXECUTION_TYPE_TRADE));
  Engage("cancel-1", true);
  broker::v1::OrderSessionRequest rests = Reduction("rests", "manual");
  order::v1::Order& order = *rests.mutable_new_order()->mutable_order();
  order.set_type(type::v1::ORDER_TYPE_LIMIT);
  order.set_time_in_force(type::v1::TIME_IN_FORCE_GTC);
  order.mutable_limit_price()->set_value("1000000");
  ASSERT_TRUE(engine_->Instruct(rests, session));
  ASSERT_TRUE(session->WaitForReport("rests", EXECUTION_TYPE_NEW));
  engine_->WakeUp();
  ASSERT_TRUE(engine_->Instruct(Reduction("close", "manual"), session));
  ASSERT_TRUE(session->WaitForReport("close", EXECUTION_TYPE_TRADE));
  Engage("stop-2", true);
  EXPECT_TRUE(session->WaitForReport("rests", EXECUTION_TYPE_CANCELED));
  EXPECT_TRUE(kill_->Get(kPaper).view.positions.empty());
}

TEST_F(KillTest, CancelsWhatIsOpenAndTellsItWithItsReason) {
  auto session = Hello(1);
  for (const char* id : {"a", "b", "c"}) {
    ASSERT_TRUE(engine_->Instruct(Resting(id), session));
    ASSERT_TRUE(session->WaitForReport(id, EXECUTION_TYPE_NEW));
  }
  Engage("halt-1", false);
  EXPECT_EQ(kill_->Get(kPaper).view.open_orders, 3);
  EXPECT_FALSE(kill_->Get(kPaper).view.cancel_pending);
  Engage("cancel-2", true);
  KillDesk::View view = kill_->Get(kPaper).view;
  EXPECT_EQ(view.open_orders, 0);
  EXPECT_EQ(view.cancels_sent, 3);
  EXPECT_FALSE(view.cancel_pending) << view.detail;
  for (const char* id : {"a", "b", "c"}) {
    ASSERT_TRUE(session->WaitForReport(id, EXECUTION_TYPE_CANCELED));
    EXPECT_EQ(session->ReportOf(id)->rejection().reason(), type::v1::REJECT_REASON_KILL_SWITCH);
  }
}

// Told NEW and on its way to the book: it must not trade once the switch has answered.
TEST_F(KillTest, AnOrderOnItsWayWhenItIsEngagedDoesNotTrade) {
  latency_ms_ = 400;
  Start();
  auto session = Hello(1);
  constexpr int kOrders = 50;
  auto name = [](int i) { return "o" + std::to_string(i); };
  for (int i = 0; i < kOrders; ++i) ASSERT_TRUE(engine_->Instruct(NewOrder(name(i)), session));
  ASSERT_TRUE(session->WaitForReport(name(kOrders - 1), EXECUTION_TYPE_NEW));
  Engage("cancel-1", true);
  EXPECT_FALSE(kill_->Get(kPaper).view.cancel_pending);
  EXPECT_TRUE(kill_->Get(kPaper).view.positions.empty());
  // One that comes later takes as long: by its fill the others would have traded.
  ASSERT_TRUE(kill_->Release(kPaper, "cancel-1").ok());
  ASSERT_TRUE(engine_->Instruct(NewOrder("later"), session));
  ASSERT_TRUE(session->WaitForReport("later", EXECUTION_TYPE_TRADE));
  for (int i = 0; i < kOrders; ++i) {
    EXPECT_EQ(session->CountOf(name(i), EXECUTION_TYPE_CANCELED), 1U) << i;
    EXPECT_EQ(session->CountOf(name(i), EXECUTION_TYPE_TRADE), 0U) << i;
  }
}

// Whatever came before it, the position it answered with is the one that stays.
TEST_F(KillTest, TheAnswersPositionStandsUnderAStreamOfOrders) {
  for (int round = 0; round < 10; ++round) {
    auto session = Hello(static_cast<std::uint64_t>(round) + 1);
    ASSERT_TRUE(session->Ready());
    std::promise<void> half;
    std::thread sender([&] {
      for (int i = 0; i < 300; ++i) {
        if (i == 10 + round * 20) half.set_value();
        broker::v1::OrderSessionRequest request = NewOrder("r" + std::to_string(round) + "-" + std::to_string(i));
        request.mutable_new_order()->mutable_order()->mutable_quantity()->set_value("0.0001");
        EXPECT_TRUE(engine_->Instruct(request, session));
      }
    });
    half.get_future().wait();
    Engage("stop-" + std::to_string(round), true);
    KillDesk::View view = kill_->Get(kPaper).view;
    ASSERT_FALSE(view.cancel_pending) << view.detail;
    sender.join();
    std::promise<std::map<Symbol, Decimal>> held;
    ASSERT_TRUE(
        engine_->Ask([&](const Engine& engine) { held.set_value(engine.venue().FindLedger(kPaper)->positions); }));
    EXPECT_EQ(held.get_future().get(), view.positions) << round;
    ASSERT_TRUE(kill_->Release(kPaper, "").ok());
  }
}

TEST_F(KillTest, GoesOnAfterARestartBeforeAnythingTrades) {
  latency_ms_ = 400;
  Start();
  auto session = Hello(1);
  ASSERT_TRUE(engine_->Instruct(NewOrder("on-its-way"), session));
  ASSERT_TRUE(engine_->Instruct(Resting("rests"), session));
  ASSERT_TRUE(session->WaitForReport("rests", EXECUTION_TYPE_NEW));
  worker_->Drain();
  // The process is dead when it is told; its file is not.
  ASSERT_TRUE(kill_->Engage(Command("stop-1", true)).ok());
  Start();
  ASSERT_TRUE(kill_->any());
  kill_->Await(kPaper, kPatienceNs);
  EXPECT_EQ(kill_->Get(kPaper).view.open_orders, 0);
  EXPECT_TRUE(kill_->Get(kPaper).view.positions.empty());
  auto again = Hello(2);
  EXPECT_TRUE(again->WaitForReport("on-its-way", EXECUTION_TYPE_CANCELED));
  EXPECT_TRUE(again->WaitForReport("rests", EXECUTION_TYPE_CANCELED));
  ASSERT_TRUE(engine_->Instruct(NewOrder("new"), again));
  EXPECT_TRUE(again->WaitForReport("new", EXECUTION_TYPE_REJECTED));
  EXPECT_EQ(again->CountOf("on-its-way", EXECUTION_TYPE_TRADE), 0U);
}

TEST_F(KillTest, CancelsWhileNothingCanBeStored) {
  auto session = Hello(1);
  ASSERT_TRUE(engine_->Instruct(Resting("rests"), session));
  ASSERT_TRUE(session->WaitForReport("rests", EXECUTION_TYPE_NEW));
  SilentStorage storage(*database_);
  ASSERT_TRUE(engine_->Instruct(Resting("also"), session));  // its report cannot be stored
  ASSERT_TRUE(kill_->Engage(Command("stop-1", true)).ok());
  engine_->WakeUp();
  // Both are cancelled at the venue, and it is not said to be done before that is stored.
  std::int64_t end = clock_.MonotonicNanos() + kPatienceNs;
  KillDesk::View view;
  do {
    kill_->Await(kPaper, 20'000'000);
    view = kill_->Get(kPaper).view;
  } while ((view.cancels_sent == 0 || view.open_orders > 0) && clock_.MonotonicNanos() < end);
  EXPECT_GE(view.cancels_sent, 1);
  EXPECT_EQ(view.open_orders, 0);
  EXPECT_TRUE(view.cancel_pending);
  EXPECT_NE(view.detail.find("not stored"), std::string::npos) << view.detail;
  EXPECT_EQ(session->CountOf("rests", EXECUTION_TYPE_CANCELED), 0U);
  storage.Answer();
  kill_->Await(kPaper, kPatienceNs);
  EXPECT_FALSE(kill_->Get(kPaper).view.cancel_pending) << kill_->Get(kPaper).view.detail;
  EXPECT_TRUE(session->WaitForReport("rests", EXECUTION_TYPE_CANCELED));
  // Whichever came first, it does not trade.
  ASSERT_TRUE(session->ReportOf("also").has_value());
  if (session->CountOf("also", EXECUTION_TYPE_REJECTED) == 0)
    EXPECT_TRUE(session->WaitForReport("also", EXECUTION_TYPE_CANCELED));
  EXPECT_EQ(session->CountOf("also", EXECUTION_TYPE_TRADE), 0U);
}

TEST_F(KillTest, WhoCannotStoreSaysSoAndDoesNotHangWhenItEnds) {
  auto session = Hello(1);
  ASSERT_TRUE(session->Ready());
  ASSERT_TRUE(engine_->Instruct(Resting("stored"), session));
  ASSERT_TRUE(session->WaitForReport("stored", EXECUTION_TYPE_NEW));
  EXPECT_TRUE(engine_->stores());
  SilentStorage storage(*database_);
  ASSERT_TRUE(engine_->Instruct(NewOrder("not-stored"), session));
  std::int64_t end = clock_.MonotonicNanos() + kPatienceNs;
  while (engine_->stores() && clock_.MonotonicNanos() < end) kill_->Await(AccountId("nobody"), 10'000'000);
  EXPECT_FALSE(engine_->stores());
  worker_->Drain();  // ends though nothing was stored
  EXPECT_EQ(session->CountOf("not-stored", EXECUTION_TYPE_NEW), 0U);
  storage.Answer();
  Start();
  EXPECT_TRUE(engine_->stores());
  ASSERT_TRUE(engine_->Ask([&](const Engine& engine) {
    EXPECT_EQ(engine.venue().Find(OrderId("not-stored")), nullptr);
    EXPECT_NE(engine.venue().Find(OrderId("stored")), nullptr);
  }));
  worker_->Drain();
}

// At its own door too, whatever everybody else asks for.
TEST_F(KillTest, WithRealMoneyTwoPersonsLetItGo) {
  ReleaseGuard guard(*kill_, false, clock_, *log_);
  EXPECT_TRUE(guard.Ask(kPaper, "", "well", "user:ann").ok()) << "none is engaged";
  Engage("halt-1", false);
  Engage("halt-2", false);
  EXPECT_TRUE(guard.Ask(kPaper, "halt-1", "well", "user:ann").ok()) << "simulated money";
  kill_->SetRealMoney({kPaper});
  EXPECT_TRUE(guard.TakesTwo(AccountId())) << "that of every account is that of this one too";
  EXPECT_TRUE(absl::IsPermissionDenied(guard.Ask(kPaper, "halt-1", "well", "")));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(absl::IsPermissionDenied(guard.Ask(kPaper, "halt-1", "well", "user:ann")));
  ASSERT_EQ(guard.List(kPaper).size(), 1U);
  EXPECT_EQ(guard.List(kPaper)[0].asked.asked_by, "user:ann");
  EXPECT_TRUE(absl::IsPermissionDenied(guard.Ask(kPaper, "halt-2", "well", "user:bob"))) << "another command";
  EXPECT_TRUE(absl::IsPermissionDenied(guard.Ask(kPaper, "halt-1", "well", "user:bob")));
  EXPECT_TRUE(guard.Ask(kPaper, "halt-1", "well", "user:ann").ok());
  guard.Done(kPaper);
  EXPECT_TRUE(guard.List(kPaper).empty());
  EXPECT_TRUE(guard.Ask(kPaper, "halt-1", "well", "user:ann + user:bob").ok()) << "who have resumed the account";
}

// As somebody with nothing but a command line sees it.
TEST_F(KillTest, IsAskedAndToldOverGrpc) {
  HistoryReader reader, writer;
  reader.Start();
  writer.Start();
  ReleaseGuard guard(*kill_, false, clock_, *log_);
  BrokerGrpc service(*engine_, *store_, reader, *kill_, guard, writer);
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  auto stub = broker::v1::BrokerService::NewStub(server->InProcessChannel({}));
  auto set = [&](broker::v1::SetKillSwitchRequest request, broker::v1::SetKillSwitchResponse* response) {
    grpc::ClientContext context;
    return stub->SetKillSwitch(&context, request, response).error_code();
  };
  auto session = Hello(1);
  ASSERT_TRUE(engine_->Instruct(NewOrder("held"), session));
  ASSERT_TRUE(session->WaitForReport("held", EXECUTION_TYPE_TRADE));
  ASSERT_TRUE(engine_->Instruct(Resting("rests"), session));
  ASSERT_TRUE(session->WaitForReport("rests", EXECUTION_TYPE_NEW));
  broker::v1::SetKillSwitchRequest request;
  broker::v1::SetKillSwitchResponse response;
  request.set_engaged(true);
  request.set_account_id("paper");
  EXPECT_EQ(set(request, &response), grpc::INVALID_ARGUMENT);  // which command it is has to be said
  request.set_command_id("stop-1");
  // Nobody is kept from stopping by the words that say why.
  request.set_reason(std::string("why\0", 4) + std::string(500, 'x'));
  request.set_actor("me");
  request.set_cancel_all(true);
  ASSERT_EQ(set(request, &response), grpc::OK);
  EXPECT_TRUE(response.kill_switch().engaged());
  EXPECT_EQ(response.kill_switch().reason(), "why " + std::string(196, 'x'));
  broker::v1::GetKillSwitchResponse shown;
  for (std::int64_t end = clock_.MonotonicNanos() + kPatienceNs; clock_.MonotonicNanos() < end;) {
    grpc::ClientContext context;
    shown.Clear();
    ASSERT_TRUE(stub->GetKillSwitch(&context, {}, &shown).ok());
    ASSERT_EQ(shown.kill_switches_size(), 1);
    if (!shown.kill_switches(0).cancel_pending()) break;
    kill_->Await(kPaper, 10'000'000);
  }
  const broker::v1::KillSwitch& row = shown.kill_switches(0);
  EXPECT_FALSE(row.cancel_pending()) << row.detail();
  EXPECT_EQ(row.account_id(), "paper");
  EXPECT_EQ(row.command_id(), "stop-1");
  EXPECT_EQ(row.reason(), "why " + std::string(196, 'x'));
  EXPECT_EQ(row.actor(), "me");
  EXPECT_TRUE(row.cancel_all());
  EXPECT_EQ(row.cancels_sent(), 1);
  EXPECT_EQ(row.open_orders(), 0);
  ASSERT_EQ(row.positions_size(), 1);
  EXPECT_EQ(row.positions(0).quantity().value(), "0.01");
  request.Clear();
  request.set_account_id("paper");
  ASSERT_EQ(set(request, &response), grpc::OK);
  EXPECT_FALSE(response.kill_switch().engaged());
  server->Shutdown();
  writer.Stop();
  reader.Stop();
}

}  // namespace
}  // namespace ballast
