// What every store of the chain promises, held against the one in memory and the one in a real Postgres.
#include "services/compliance_audit/store.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "libs/platform/crypto/crypto.h"
#include "libs/platform/postgres/testing/test_postgres.h"
#include "services/compliance_audit/postgres_store.h"
#include "services/compliance_audit/testing/memory_audit_store.h"

namespace ballast {

std::vector<Migration> Migrations_compliance_audit();

namespace {

// Where stores of one process after another find the same rows.
class Storage {
 public:
  virtual ~Storage() = default;
  virtual std::unique_ptr<AuditStore> Open() = 0;
};

class InMemory : public Storage {
 public:
  std::unique_ptr<AuditStore> Open() override { return std::make_unique<MemoryAuditStore>(disk_); }

 private:
  std::shared_ptr<MemoryAuditStore::Disk> disk_ = std::make_shared<MemoryAuditStore::Disk>();
};

class InPostgres : public Storage {
 public:
  InPostgres() : database_(TestPostgres::Get().NewSchema()) {
    EXPECT_TRUE(database_->Migrate(Migrations_compliance_audit()).ok());
  }
  std::unique_ptr<AuditStore> Open() override { return std::make_unique<PostgresAuditStore>(*database_); }

 private:
  std::unique_ptr<Database> database_;
};

struct Kind {
  const char* name;
  std::function<std::unique_ptr<Storage>()> make;
};

class AuditStoreTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    storage_ = GetParam().make();
    store_ = Writer();
  }
  std::unique_ptr<AuditStore> Writer() {
    std::unique_ptr<AuditStore> store = storage_->Open();
    EXPECT_TRUE(store->Fence().ok());
    return store;
  }
  // The next record of the chain.
  audit::Record Next(const std::string& action, const std::string& account, const std::string& request_id = "") {
    audit::Record record;
    record.time = UtcTime{static_cast<std::int64_t>(head_.sequence) + 1'000'000'007};
    record.actor = "user:o'brien\\";
    record.action = action;
    record.subject = "order:" + account;
    record.detail = R"({"a":"\u00e9\\"})";
    record.request_id = request_id;
    record.account_id = account;
    audit::Link(record, head_, Sha256Hex);
    return record;
  }
  std::vector<std::uint64_t> Listed(const AuditStore::Filter& filter) {
    std::vector<std::uint64_t> sequences;
    auto records = store_->List(filter);
    EXPECT_TRUE(records.ok()) << records.status();
    for (const audit::Record& record : *records) sequences.push_back(record.sequence);
    return sequences;
  }

  std::unique_ptr<Storage> storage_;
  std::unique_ptr<AuditStore> store_;
  audit::Head head_;
};

TEST_P(AuditStoreTest, RecordsHeadAndCursorsComeBackAsTheyWere) {
  EXPECT_EQ(store_->Load()->head, audit::Head());
  std::vector<audit::Record> records = {Next("order.filled", "paper"), Next("order.canceled", "second")};
  ASSERT_TRUE(store_->Append(records, head_, {{"paper", 7}}, "").ok());
  ASSERT_TRUE(store_->Append({Next("account.halted", "paper")}, head_, {{"paper", 8}, {"second", 1}}, "").ok());
  auto state = Writer()->Load();
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->head, head_);
  EXPECT_EQ(state->last_sequence, 3U);
  EXPECT_EQ(state->cursors, (AuditStore::Cursors{{"paper", 8}, {"second", 1}}));
  EXPECT_EQ(*store_->Page(0, 2, 10), records);
  EXPECT_EQ(store_->Page(1, 3, 1)->front().sequence, 2U);
}

TEST_P(AuditStoreTest, ListingIsNewestFirstAndFiltered) {
  for (const char* action : {"order.filled", "account.halted", "login.succeeded", "login_x"}) {
    for (const char* account : {"paper", "second"}) {
      ASSERT_TRUE(store_->Append({Next(action, account)}, head_, {}, "").ok());
    }
  }
  using Sequences = std::vector<std::uint64_t>;
  EXPECT_EQ(Listed({.limit = 3}), (Sequences{8, 7, 6}));
  EXPECT_EQ(Listed({.account_id = "paper", .before = 7}), (Sequences{5, 3, 1}));
  EXPECT_EQ(Listed({.action_prefix = "login."}), (Sequences{6, 5}));
  EXPECT_EQ(Listed({.subject = "order:second", .limit = 2}), (Sequences{8, 6}));
}

// Some hundred records in commits of many sizes, what others append between them.
TEST_P(AuditStoreTest, WhateverIsLookedForIsFoundInWhateverCommit) {
  std::vector<audit::Record> all;
  int number = 0;
  auto append = [&](std::vector<audit::Record> records, const std::string& request_id = "") {
    ASSERT_TRUE(store_->Append(records, head_, {}, request_id).ok());
    all.insert(all.end(), records.begin(), records.end());
  };
  for (int size : {1, 40, 2, 32, 33, 64, 1, 7, 100}) {
    std::vector<audit::Record> records;
    for (int i = 0; i < size; ++i, ++number) {
      const char* actions[] = {"order.pending_new", "order.submitted", "order.accepted", "order.filled"};
      records.push_back(Next(number == 77 ? "order.denied" : actions[number % 4],
                             number % 5 == 0 ? "second" : "paper" + std::to_string(number / 4)));
    }
    append(std::move(records));
    std::string request_id = "r" + std::to_string(number);
    append({Next("login.succeeded", number % 2 == 0 ? "second" : "", request_id)}, request_id);
  }
  auto expect = [&](const AuditStore::Filter& filter) {
    std::vector<std::uint64_t> wanted;
    for (auto record = all.rbegin(); record != all.rend() && wanted.size() < static_cast<std::size_t>(filter.limit);
         ++record) {
      if ((filter.account_id.empty() || record->account_id == filter.account_id) &&
          (filter.subject.empty() || record->subject == filter.subject) &&
          record->action.starts_with(filter.action_prefix) && (filter.before == 0 || record->sequence < filter.before))
        wanted.push_back(record->sequence);
    }
    EXPECT_EQ(Listed(filter), wanted) << filter.account_id << " " << filter.subject << " " << filter.action_prefix
                                      << " " << filter.before << " " << filter.limit;
    return wanted.size();
  };
  for (int limit : {1, 3, 33, 1'000}) {
    for (std::uint64_t before : {0U, 1U, 2U, 42U, 43U, 44U, 150U, 1'000U}) {
      expect({.before = before, .limit = limit});
      expect({.account_id = "second", .before = before, .limit = limit});
      for (const char* prefix : {"order.", "order.filled", "order.denied", "login.", "l", "account.", "nothing"})
        expect({.action_prefix = prefix, .before = before, .limit = limit});
    }
  }
  for (int i = 0; i < number / 4; ++i) expect({.subject = "order:paper" + std::to_string(i), .limit = 10});
  EXPECT_EQ(expect({.action_prefix = "order.denied", .limit = 10}), 1U);
  EXPECT_EQ(expect({.subject = "order:nobody", .limit = 10}), 0U);
  for (std::uint64_t after : {0U, 1U, 41U, 42U, 100U, 289U}) {
    for (int limit : {1, 31, 50, 1'000}) {
      std::uint64_t cursor = after;
      for (std::size_t turns = 0; cursor < 285 && turns < 400; ++turns) {
        auto page = store_->Page(cursor, 285, limit);
        ASSERT_TRUE(page.ok());
        ASSERT_FALSE(page->empty()) << cursor;
        ASSERT_LE(page->size(), static_cast<std::size_t>(limit));
        for (const audit::Record& record : *page) ASSERT_EQ(record, all[cursor++]);
      }
    }
  }
}

TEST_P(AuditStoreTest, ARequestNamesItsRecordOnce) {
  audit::Record record = Next("login.succeeded", "", "r1");
  ASSERT_TRUE(store_->Append({record}, head_, {}, "r1").ok());
  EXPECT_EQ(store_->FindRequest("r1")->value(), record);
  EXPECT_FALSE(store_->FindRequest("r2")->has_value());
  audit::Head before = head_;
  EXPECT_FALSE(store_->Append({Next("login.succeeded", "", "r1")}, head_, {}, "r1").ok());
  EXPECT_EQ(store_->Load()->head, before) << "all or nothing";
  EXPECT_EQ(store_->Load()->last_sequence, 1U);
}

TEST_P(AuditStoreTest, ASequenceThatIsThereIsRefusedWhole) {
  audit::Record first = Next("order.filled", "paper");
  ASSERT_TRUE(store_->Append({first}, head_, {{"paper", 1}}, "").ok());
  audit::Record next = Next("order.filled", "paper");
  EXPECT_EQ(store_->Append({next, first}, head_, {{"paper", 3}}, "").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(store_->Load()->last_sequence, 1U);
  EXPECT_EQ(store_->Load()->cursors.at("paper"), 1U);
}

TEST_P(AuditStoreTest, AnOlderWriterAppendsNothing) {
  std::unique_ptr<AuditStore> newer = Writer();
  EXPECT_TRUE(absl::IsFailedPrecondition(store_->Append({Next("order.filled", "paper")}, head_, {}, "")));
  EXPECT_EQ(newer->Load()->last_sequence, 0U);
}

INSTANTIATE_TEST_SUITE_P(Stores, AuditStoreTest,
                         testing::Values(Kind{.name = "Memory", .make = [] { return std::make_unique<InMemory>(); }},
                                         Kind{.name = "Postgres",
                                              .make = [] { return std::make_unique<InPostgres>(); }}),
                         [](const auto& parameter) { return parameter.param.name; });

}  // namespace
}  // namespace ballast
