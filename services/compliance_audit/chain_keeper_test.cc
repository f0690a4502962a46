#include "services/compliance_audit/chain_keeper.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include <pqxx/pqxx>

#include "libs/platform/crypto/crypto.h"
#include "libs/platform/postgres/testing/test_postgres.h"
#include "libs/wire/log_page.h"
#include "libs/wire/wire.h"
#include "services/compliance_audit/postgres_store.h"
#include "services/compliance_audit/record_page.h"
#include "services/compliance_audit/verification.h"

namespace ballast {

std::vector<Migration> Migrations_compliance_audit();

namespace {

// A second goes by between two looks at it: whoever pauses before it tries again has paused.
class SteppingClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return UtcTime{1'700'000'000'000'000'123}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override { return nanos_ += 1'000'000'000; }

 private:
  mutable std::int64_t nanos_ = 0;
};

class ChainKeeperTest : public testing::Test {
 protected:
  // One process: its store, its keeper, what it would have failed with.
  struct Process {
    explicit Process(ChainKeeperTest& test)
        : store(*test.database_),
          keeper(store, AnchorFile(test.anchor_path_), test.clock_, *test.log_, test.metrics_,
                 [this](const std::string& why) { failure = why; }) {}
    PostgresAuditStore store;
    std::string failure;
    ChainKeeper keeper;
  };

  void SetUp() override {
    ASSERT_TRUE(Logger::Make({.service = "test", .directory = "", .level = "CRITICAL"}, &log_).ok());
    std::remove(anchor_path_.c_str());
    database_ = TestPostgres::Get().NewSchema();
    ASSERT_TRUE(database_->Migrate(Migrations_compliance_audit()).ok());
    process_ = NewProcess();
  }
  std::unique_ptr<Process> NewProcess() {
    auto process = std::make_unique<Process>(*this);
    EXPECT_TRUE(process->keeper.Recover().ok());
    return process;
  }
  static order::v1::StreamOrderEventsResponse Events(const std::string& account, std::uint64_t first,
                                                     std::uint64_t last) {
    order::v1::StreamOrderEventsResponse batch;
    for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
      OrderEvent event;
      event.account_id = AccountId(account);
      event.sequence = sequence;
      event.type = sequence == 1 ? OrderEventType::kAccountOpened : OrderEventType::kAccountHalted;
      event.event_time = UtcTime{static_cast<std::int64_t>(sequence) * 1'000 + 7};
      event.actor = "user:o'brien\\";
      event.currency = "USD";
      wire::ToProto(event, batch.add_events());
    }
    return batch;
  }
  bool Feed(const order::v1::StreamOrderEventsResponse& batch) { return process_->keeper.OnOrderEvents(batch); }
  absl::Status Sql(const std::string& sql) {
    return database_->Transaction([&](pqxx::transaction_base& work) {
      work.exec(sql);
      return absl::OkStatus();
    });
  }
  // What the owner of the schema can do behind the trigger's back.
  void Tamper(const std::string& sql) {
    ASSERT_TRUE(Sql("ALTER TABLE record_page DISABLE TRIGGER record_page_append_only; " + sql +
                    "; ALTER TABLE record_page ENABLE TRIGGER record_page_append_only")
                    .ok());
  }
  // The same to single records, by somebody who knows the pages: false leaves a record out.
  void Change(const std::function<bool(audit::Record&)>& change) {
    auto records = process_->store.Page(0, 1'000, 1'000);
    ASSERT_TRUE(records.ok());
    std::string sql = "DELETE FROM record_page";
    std::vector<audit::Record> run;
    auto write = [&] {
      if (run.empty()) return;
      RecordPage page = RecordPage::Of(run);
      sql += "; INSERT INTO record_page VALUES (" + std::to_string(page.last_sequence) + ", " +
             std::to_string(page.records) + ", decode('" + page.previous_hash + "', 'hex'), " +
             std::to_string(page.kinds) + ", decode('" + Hex(page.names) + "', 'hex'), decode('" + Hex(page.payload) +
             "', 'hex'))";
      run.clear();
    };
    for (audit::Record& record : *records) {
      bool keep = change(record);
      if (!keep || run.size() == wire::LogPage::kRecords) write();
      if (keep) run.push_back(record);
    }
    write();
    Tamper(sql);
  }
  Verification::Result Verify() {
    auto expected = process_->keeper.Expected();
    EXPECT_TRUE(expected.ok()) << expected.status();
    Verification verification(process_->store, *expected);
    absl::StatusOr<bool> last = false;
    while (last.ok() && !*last) last = verification.Step();
    EXPECT_TRUE(last.ok()) << last.status();
    return verification.result();
  }
  static audit::Record Login(const std::string& request_id) {
    audit::Record record;
    record.actor = "user:ann";
    record.action = "login.succeeded";
    record.subject = "session:1";
    record.detail = "{}";
    record.request_id = request_id;
    return record;
  }

  // What somebody writes who knows how records hang together: from `first` on every detail is another, every hash fits
  // and the head too.
  void Rewrite(std::uint64_t first) {
    audit::Head head;
    Change([&](audit::Record& record) {
      if (record.sequence >= first) record.detail = R"({"forged":true})";
      audit::Link(record, head, Sha256Hex);
      return true;
    });
    ASSERT_TRUE(Sql("UPDATE chain_head SET hash = '" + head.hash + "'").ok());
  }

  const std::string anchor_path_ = testing::TempDir() + "/anchor_" + std::to_string(::getpid());
  SteppingClock clock_;
  Metrics metrics_;
  std::unique_ptr<Logger> log_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Process> process_;
};

TEST_F(ChainKeeperTest, EveryEventIsARecordAndTheChainVerifies) {
  EXPECT_TRUE(Feed(Events("paper", 1, 5)));
  EXPECT_TRUE(Feed(Events("second", 1, 3)));
  auto result = Verify();
  EXPECT_FALSE(result.broken.has_value());
  EXPECT_EQ(result.records, 8U);
  EXPECT_EQ(result.head_hash, process_->keeper.Head().hash);
  EXPECT_EQ(process_->keeper.Head().sequence, 8U);
  auto records = process_->store.Page(0, 100, 100);
  ASSERT_TRUE(records.ok());
  EXPECT_EQ((*records)[1].time, UtcTime{2'007});
  EXPECT_EQ((*records)[1].actor, "user:o'brien\\");
}

TEST_F(ChainKeeperTest, AnEventSentAgainIsNoSecondRecord) {
  EXPECT_TRUE(Feed(Events("paper", 1, 5)));
  EXPECT_TRUE(Feed(Events("paper", 3, 7)));
  EXPECT_EQ(Verify().records, 7U);
}

TEST_F(ChainKeeperTest, AMissingEventStopsTheConnectionAndNothingOfTheBatchIsKept) {
  EXPECT_TRUE(Feed(Events("paper", 1, 2)));
  order::v1::StreamOrderEventsResponse batch = Events("paper", 3, 3);
  batch.MergeFrom(Events("paper", 5, 5));
  EXPECT_FALSE(Feed(batch));
  EXPECT_EQ(process_->keeper.Cursors().at("paper"), 2U);
  EXPECT_EQ(Verify().records, 2U);
  EXPECT_TRUE(Feed(Events("paper", 3, 5)));
}

// It would be the same the next time: whoever read it again for ever would hold up every account.
TEST_F(ChainKeeperTest, AnEventThatCannotBeReadStopsItsAccountAndNoOther) {
  order::v1::StreamOrderEventsResponse batch = Events("paper", 1, 3);
  batch.mutable_events(1)->set_account_id("paper");
  batch.mutable_events(1)->mutable_order()->mutable_quantity()->set_value("seven");
  batch.MergeFrom(Events("second", 1, 2));
  EXPECT_TRUE(Feed(batch));
  EXPECT_TRUE(Feed(Events("paper", 3, 4)));
  EXPECT_EQ(process_->keeper.Cursors(), (AuditStore::Cursors{{"paper", 1}, {"second", 2}}));
  EXPECT_EQ(Verify().records, 3U);
  EXPECT_FALSE(Verify().broken.has_value());
}

TEST_F(ChainKeeperTest, ARestartGoesOnBehindTheHead) {
  EXPECT_TRUE(Feed(Events("paper", 1, 4)));
  process_ = NewProcess();
  EXPECT_EQ(process_->keeper.Cursors().at("paper"), 4U);
  EXPECT_EQ(process_->keeper.Head().sequence, 4U);
  EXPECT_TRUE(Feed(Events("paper", 5, 6)));
  auto result = Verify();
  EXPECT_FALSE(result.broken.has_value()) << result.broken->problem;
  EXPECT_EQ(result.records, 6U);
}

TEST_F(ChainKeeperTest, AnOlderProcessCanNoLongerAppend) {
  auto newer = NewProcess();
  EXPECT_FALSE(Feed(Events("paper", 1, 1)));
  EXPECT_NE(process_->failure, "");
  EXPECT_TRUE(newer->keeper.OnOrderEvents(Events("paper", 1, 1)));
  EXPECT_EQ(newer->failure, "");
}

TEST_F(ChainKeeperTest, AppendingTwiceIsOnceAndAnotherContentIsRefused) {
  auto first = process_->keeper.Append(Login("r1"));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->sequence, 1U);
  EXPECT_EQ(first->time, clock_.Now());
  auto again = process_->keeper.Append(Login("r1"));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again, *first);
  audit::Record other = Login("r1");
  other.actor = "user:bob";
  EXPECT_EQ(process_->keeper.Append(other).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(process_->keeper.Append(Login("r2")).ok());
  EXPECT_EQ(Verify().records, 2U);
}

TEST_F(ChainKeeperTest, TheLogCannotBeChangedByAnyStatement) {
  EXPECT_TRUE(Feed(Events("paper", 1, 3)));
  EXPECT_TRUE(process_->keeper.Append(Login("r1")).ok());
  for (const char* sql :
       {"UPDATE record SET actor = 'x' WHERE sequence = 2", "DELETE FROM record WHERE sequence = 2", "TRUNCATE record",
        "UPDATE append_request SET sequence = 1", "DELETE FROM append_request", "TRUNCATE append_request",
        "DELETE FROM record WHERE false",
        "INSERT INTO record SELECT * FROM record WHERE sequence = 2 ON CONFLICT (sequence) DO UPDATE "
        "SET actor = 'x'",
        "UPDATE record_page SET payload = ''", "DELETE FROM record_page WHERE false", "TRUNCATE record_page"}) {
    absl::Status status = Sql(sql);
    EXPECT_FALSE(status.ok()) << sql;
    EXPECT_NE(status.ToString().find("append-only"), std::string::npos) << status;
  }
  EXPECT_FALSE(Verify().broken.has_value());
}

TEST_F(ChainKeeperTest, AChangeBehindTheTriggersBackIsFound) {
  EXPECT_TRUE(Feed(Events("paper", 1, 9)));
  Change([](audit::Record& record) {
    if (record.sequence == 5) record.detail = "{}";
    return true;
  });
  auto result = Verify();
  ASSERT_TRUE(result.broken.has_value());
  EXPECT_EQ(result.broken->sequence, 5U);
  EXPECT_EQ(result.broken->problem, "the hash does not fit the content");
  EXPECT_EQ(result.records, 4U);
}

TEST_F(ChainKeeperTest, ADeletedRecordIsFound) {
  EXPECT_TRUE(Feed(Events("paper", 1, 9)));
  Change([](const audit::Record& record) { return record.sequence != 4; });
  EXPECT_EQ(Verify().broken->sequence, 4U);
}

TEST_F(ChainKeeperTest, ACutEndIsFoundAlsoAfterARestartAndMoreRecords) {
  EXPECT_TRUE(Feed(Events("paper", 1, 9)));
  Change([](const audit::Record& record) { return record.sequence <= 7; });
  EXPECT_EQ(Verify().broken->sequence, 8U);
  process_ = NewProcess();
  EXPECT_EQ(Verify().broken->sequence, 8U);
  EXPECT_TRUE(Feed(Events("paper", 10, 11)));
  EXPECT_EQ(Verify().broken->sequence, 8U);
}

TEST_F(ChainKeeperTest, ACutEndWithItsHeadIsFoundWhileTheProcessLives) {
  EXPECT_TRUE(Feed(Events("paper", 1, 9)));
  std::string hash = process_->store.Page(6, 7, 1)->front().hash;
  Change([](const audit::Record& record) { return record.sequence <= 7; });
  ASSERT_TRUE(Sql("UPDATE chain_head SET sequence = 7, hash = '" + hash + "'").ok());
  EXPECT_EQ(Verify().broken->sequence, 8U);
}

TEST_F(ChainKeeperTest, ARewrittenChainIsFoundByTheAnchorAfterARestart) {
  EXPECT_TRUE(Feed(Events("paper", 1, 9)));
  process_->keeper.Anchor(false);
  Rewrite(9);
  process_ = NewProcess();
  auto result = Verify();
  ASSERT_TRUE(result.broken.has_value());
  EXPECT_EQ(result.broken->sequence, 9U);
  EXPECT_EQ(result.broken->problem, "the hash is not the one that is kept outside of the database");
  // Going on does not bury it.
  EXPECT_TRUE(Feed(Events("paper", 10, 12)));
  process_->keeper.Anchor(true);
  process_ = NewProcess();
  EXPECT_EQ(Verify().broken->sequence, 9U);
}

TEST_F(ChainKeeperTest, EmptiedTablesAreFoundByTheAnchorAfterARestart) {
  EXPECT_TRUE(Feed(Events("paper", 1, 9)));
  process_->keeper.Anchor(false);
  Tamper("TRUNCATE record_page; TRUNCATE chain_head; TRUNCATE order_cursor");
  process_ = NewProcess();
  auto result = Verify();
  ASSERT_TRUE(result.broken.has_value());
  EXPECT_EQ(result.broken->sequence, 1U);
  EXPECT_EQ(result.broken->problem, "the chain ends at record 0, but it had 9");
  EXPECT_TRUE(Feed(Events("paper", 1, 9)));
  process_->keeper.Anchor(true);
  process_ = NewProcess();
  EXPECT_EQ(Verify().broken->sequence, 1U);
}

TEST_F(ChainKeeperTest, AnAnchorThatIsBehindIsNoBreak) {
  EXPECT_TRUE(Feed(Events("paper", 1, 3)));
  process_->keeper.Anchor(false);
  EXPECT_TRUE(Feed(Events("paper", 4, 5)));
  process_ = NewProcess();
  EXPECT_EQ(process_->keeper.Head().sequence, 5U);
  EXPECT_TRUE(Feed(Events("paper", 6, 6)));
  process_->keeper.Anchor(true);
  EXPECT_FALSE(Verify().broken.has_value());
  process_ = NewProcess();
  EXPECT_FALSE(Verify().broken.has_value());
  EXPECT_EQ(AnchorFile(anchor_path_).Load()->value().sequence, 6U);
}

TEST_F(ChainKeeperTest, ADamagedAnchorIsNotBegunAnew) {
  EXPECT_TRUE(Feed(Events("paper", 1, 3)));
  process_->keeper.Anchor(false);
  std::ofstream(anchor_path_, std::ios::trunc) << "3 what\n";
  Process next(*this);
  EXPECT_EQ(next.keeper.Recover().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ChainKeeperTest, RecordsOfAnOlderBuildStayInTheChain) {
  database_ = TestPostgres::Get().NewSchema();
  std::vector<Migration> migrations = Migrations_compliance_audit();
  ASSERT_TRUE(database_->Migrate({migrations[0]}).ok());
  audit::Head head;
  for (const char* request : {"r1", "r2", "r3"}) {
    audit::Record record = Login(request);
    audit::Link(record, head, Sha256Hex);
    ASSERT_TRUE(Sql("INSERT INTO record VALUES (" + std::to_string(record.sequence) + ", 0, '" + record.actor + "', '" +
                    record.action + "', '" + record.subject + "', '{}', '" + request + "', '', '" +
                    record.previous_hash + "', '" + record.hash + "')")
                    .ok());
  }
  ASSERT_TRUE(Sql("INSERT INTO chain_head VALUES (true, 3, '" + head.hash + "', 0)").ok());
  ASSERT_TRUE(database_->Migrate(migrations).ok());
  process_ = NewProcess();
  EXPECT_TRUE(Feed(Events("paper", 1, 4)));
  auto result = Verify();
  EXPECT_FALSE(result.broken.has_value()) << result.broken->problem;
  EXPECT_EQ(result.records, 7U);
  // Also the old part is watched.
  ASSERT_TRUE(Sql("ALTER TABLE record_before DISABLE TRIGGER record_append_only; UPDATE record_before SET actor = 'x' "
                  "WHERE sequence = 2; ALTER TABLE record_before ENABLE TRIGGER record_append_only")
                  .ok());
  EXPECT_EQ(Verify().broken->sequence, 2U);
}

TEST_F(ChainKeeperTest, RecordsOfTheBuildBeforePagesStayInTheChain) {
  database_ = TestPostgres::Get().NewSchema();
  std::vector<Migration> migrations = Migrations_compliance_audit();
  ASSERT_TRUE(database_->Migrate({migrations[0], migrations[1], migrations[2]}).ok());
  audit::Head head;
  for (int i = 0; i < 3; ++i) {
    audit::Record record = Login("");
    audit::Link(record, head, Sha256Hex);
    ASSERT_TRUE(Sql("INSERT INTO record VALUES (" + std::to_string(record.sequence) + ", 0, decode('" + record.hash +
                    "', 'hex'), '', '" + record.actor + "', '" + record.action + "', '" + record.subject +
                    "', '', '{}')")
                    .ok());
  }
  ASSERT_TRUE(Sql("INSERT INTO chain_head VALUES (true, 3, '" + head.hash + "', 0)").ok());
  ASSERT_TRUE(database_->Migrate(migrations).ok());
  process_ = NewProcess();
  EXPECT_TRUE(Feed(Events("paper", 1, 40)));
  ASSERT_TRUE(process_->keeper.Append(Login("r1")).ok());
  EXPECT_TRUE(Feed(Events("paper", 41, 41)));
  auto result = Verify();
  EXPECT_FALSE(result.broken.has_value()) << result.broken->problem;
  EXPECT_EQ(result.records, 45U);
  auto newest = process_->store.List({.limit = 44});
  ASSERT_TRUE(newest.ok());
  for (std::size_t i = 0; i < newest->size(); ++i) EXPECT_EQ((*newest)[i].sequence, 45 - i);
  ASSERT_TRUE(Sql("ALTER TABLE record DISABLE TRIGGER record_append_only; UPDATE record SET actor = 'x' WHERE sequence "
                  "= 2; ALTER TABLE record ENABLE TRIGGER record_append_only")
                  .ok());
  EXPECT_EQ(Verify().broken->sequence, 2U);
}

TEST_F(ChainKeeperTest, APageThatCannotBeReadIsABreakAndNoError) {
  EXPECT_TRUE(Feed(Events("paper", 1, 40)));
  for (const char* change : {"payload = 'x'", "payload = ''", "records = 7", "records = 0", "records = 1000000000",
                             "previous_hash = ''", "payload = substr(payload, 1, length(payload) - 1)"}) {
    ASSERT_TRUE(Sql("CREATE TABLE kept AS SELECT * FROM record_page").ok());
    Tamper(std::string("UPDATE record_page SET ") + change + " WHERE last_sequence = 40");
    auto result = Verify();
    ASSERT_TRUE(result.broken.has_value()) << change;
    EXPECT_GE(result.broken->sequence, 33U) << change;
    EXPECT_EQ(result.records, 32U) << change;
    EXPECT_TRUE(process_->store.List({.limit = 10}).ok());
    Tamper("DELETE FROM record_page; INSERT INTO record_page SELECT * FROM kept; DROP TABLE kept");
    EXPECT_FALSE(Verify().broken.has_value());
  }
}

TEST_F(ChainKeeperTest, AForeignRecordIsFoundAndStopsNothing) {
  EXPECT_TRUE(Feed(Events("paper", 1, 3)));
  // By someone who may insert.
  ASSERT_TRUE(
      Sql("INSERT INTO record VALUES (4, 0, decode(repeat('00', 32), 'hex'), 'paper', 'x', 'order.filled', 'order:x', "
          "'', '{}')")
          .ok());
  EXPECT_EQ(Verify().broken->sequence, 4U);
  // The first attempt meets it, the next goes on behind it.
  EXPECT_FALSE(Feed(Events("paper", 4, 4)));
  EXPECT_TRUE(Feed(Events("paper", 4, 4)));
  EXPECT_EQ(process_->keeper.Head().sequence, 5U);
  EXPECT_EQ(Verify().broken->sequence, 4U);
}

TEST_F(ChainKeeperTest, ALostConnectionLosesNothing) {
  Database other(TestPostgres::Get().OptionsFor("public"));
  EXPECT_TRUE(Feed(Events("paper", 1, 3)));
  for (std::uint64_t sequence = 4; sequence < 10; ++sequence) {
    ASSERT_TRUE(other
                    .Transaction([](pqxx::transaction_base& work) {
                      work.exec(
                          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                          "AND backend_type = 'client backend'");
                      return absl::OkStatus();
                    })
                    .ok());
    // Each kind of connection is found broken once.
    int failed = 0;
    while (failed < 5 && !Feed(Events("paper", sequence, sequence))) ++failed;
    EXPECT_GE(failed, 1);
    EXPECT_LT(failed, 5);
  }
  auto result = Verify();
  EXPECT_FALSE(result.broken.has_value());
  EXPECT_EQ(result.records, 9U);
}

TEST_F(ChainKeeperTest, ListingIsNewestFirstByPrefixAndPage) {
  EXPECT_TRUE(Feed(Events("paper", 1, 4)));
  EXPECT_TRUE(Feed(Events("second", 1, 2)));
  EXPECT_TRUE(process_->keeper.Append(Login("r1")).ok());
  auto sequences = [&](const AuditStore::Filter& filter) {
    std::vector<std::uint64_t> found;
    auto records = process_->store.List(filter);
    EXPECT_TRUE(records.ok()) << records.status();
    if (records.ok()) {
      for (const auto& record : *records) found.push_back(record.sequence);
    }
    return found;
  };
  using Sequences = std::vector<std::uint64_t>;
  EXPECT_EQ(sequences({.limit = 3}), (Sequences{7, 6, 5}));
  EXPECT_EQ(sequences({.before = 5, .limit = 3}), (Sequences{4, 3, 2}));
  EXPECT_EQ(sequences({.action_prefix = "account.h"}), (Sequences{6, 4, 3, 2}));
  EXPECT_EQ(sequences({.action_prefix = "account_h"}), Sequences{});
  EXPECT_EQ(sequences({.action_prefix = "%"}), Sequences{});
  EXPECT_EQ(sequences({.account_id = "second"}), (Sequences{6, 5}));
  EXPECT_EQ(sequences({.subject = "session:1"}), (Sequences{7}));
}

TEST_F(ChainKeeperTest, ALongChainIsVerifiedInPages) {
  for (std::uint64_t first = 1; first <= 4'501; first += 500) {
    EXPECT_TRUE(Feed(Events("paper", first, first + 499)));
  }
  auto result = Verify();
  EXPECT_FALSE(result.broken.has_value());
  EXPECT_EQ(result.records, 5'000U);
}

}  // namespace
}  // namespace ballast
