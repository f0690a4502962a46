#include "libs/audit/chain.h"

#include <gtest/gtest.h>

#include <functional>
#include <utility>
#include <vector>

#include "libs/base/rng.h"
#include "libs/platform/crypto/crypto.h"

namespace ballast::audit {
namespace {

Record MakeRecord(int number) {
  Record record;
  record.time = UtcTime{1'700'000'000'000'000'000 + number};
  record.actor = "user:ann";
  record.action = "order.filled";
  record.subject = "order:o" + std::to_string(number);
  record.detail = R"({"n":)" + std::to_string(number) + "}";
  record.request_id = "r" + std::to_string(number);
  record.account_id = "paper";
  return record;
}

struct Chain {
  std::vector<Record> records;
  Head head;

  explicit Chain(int count) {
    for (int i = 1; i <= count; ++i) {
      records.push_back(MakeRecord(i));
      Link(records.back(), head, Sha256Hex);
    }
  }
  // As if everything from there on had been written anew by someone who knows the rule.
  void Relink(std::size_t from) {
    Head at;
    if (from > 0) at = {.sequence = records[from - 1].sequence, .hash = records[from - 1].hash};
    for (std::size_t i = from; i < records.size(); ++i) Link(records[i], at, Sha256Hex);
  }
  [[nodiscard]] std::optional<Break> Verify() const {
    Verifier verifier(Sha256Hex);
    for (const Record& record : records) {
      if (auto broken = verifier.Next(record)) return broken;
    }
    return verifier.Finish(head);
  }
};

TEST(ChainTest, BytesAndHashesAreStable) {
  // Computed once by another program from the description in chain.h. If these change, every stored chain is broken.
  Head head;
  Record first;
  first.time = UtcTime{1'700'000'000'123'456'789};
  first.actor = "user:ann";
  first.action = "login.succeeded";
  first.subject = "session:1";
  first.detail = R"({"a":"1.5"})";
  first.request_id = "r1";
  Link(first, head, Sha256Hex);
  EXPECT_EQ(CanonicalBytes(first).size(), 139U);
  EXPECT_EQ(first.previous_hash, std::string(64, '0'));
  EXPECT_EQ(first.hash, "786e07013dd3c4915e81a590f8c0bf62d4f7ec8442777299a2ac3694a40c3170");
  Record second;
  second.time = UtcTime{-1};
  second.actor = "system";
  second.action = "order.filled";
  second.subject = "order:o1";
  second.detail = "{}";
  second.account_id = "paper";
  Link(second, head, Sha256Hex);
  EXPECT_EQ(second.sequence, 2U);
  EXPECT_EQ(second.hash, "6590f770253101cf236242a8f5ce20d654db0cb2c2c187a8f07789f565ce9378");
  EXPECT_EQ(head.hash, second.hash);
}

TEST(ChainTest, TextCannotMoveFromOneFieldToTheNext) {
  Record one = MakeRecord(1);
  Record other = one;
  one.actor = "ab";
  one.action = "c";
  other.actor = "a";
  other.action = "bc";
  EXPECT_NE(CanonicalBytes(one), CanonicalBytes(other));
  one = other = MakeRecord(1);
  one.request_id = "x";
  one.account_id = "";
  other.request_id = "";
  other.account_id = "x";
  EXPECT_NE(CanonicalBytes(one), CanonicalBytes(other));
}

TEST(ChainTest, TextForARecordIsOneLineThatCanBeStored) {
  EXPECT_EQ(Printable(std::string("a\0b\nc\x7f", 6)), "a?b?c?");
  EXPECT_EQ(Printable("J\xc3\xbcrgen's \"x\""), "J\xc3\xbcrgen's \"x\"");
}

TEST(ChainTest, AnUntouchedChainIsIntact) {
  for (int count : {0, 1, 2, 50}) EXPECT_EQ(Chain(count).Verify(), std::nullopt) << count;
}

TEST(ChainTest, AChangeOfAnyFieldIsFoundWhereItIs) {
  const std::pair<const char*, std::function<void(Record&)>> changes[] = {
      {"time", [](Record& r) { r.time.nanos += 1; }},
      {"actor", [](Record& r) { r.actor = "user:bob"; }},
      {"action", [](Record& r) { r.action = "order.canceled"; }},
      {"subject", [](Record& r) { r.subject += "x"; }},
      {"detail", [](Record& r) { r.detail = "{}"; }},
      {"request_id", [](Record& r) { r.request_id.clear(); }},
      {"account_id", [](Record& r) { r.account_id = "live"; }},
      {"previous_hash", [](Record& r) { r.previous_hash[5] ^= 1; }},
      {"hash", [](Record& r) { r.hash[5] ^= 1; }},
      {"sequence up", [](Record& r) { r.sequence = 40; }},
      {"sequence down", [](Record& r) { r.sequence = 2; }},
  };
  for (const auto& [field, change] : changes) {
    Chain chain(8);
    change(chain.records[4]);
    auto broken = chain.Verify();
    ASSERT_TRUE(broken.has_value()) << field;
    // A record with a lower number names itself; otherwise it is the fifth that does not fit.
    EXPECT_EQ(broken->sequence, std::string_view(field) == "sequence down" ? 2U : 5U) << field;
  }
}

TEST(ChainTest, AChangeWithANewHashIsFoundAtTheNextRecord) {
  Chain chain(8);
  chain.records[4].detail = "{}";
  chain.records[4].hash = HashOf(chain.records[4], Sha256Hex);
  EXPECT_EQ(chain.Verify()->sequence, 6U);
  EXPECT_EQ(chain.Verify()->problem, "the previous hash is not the hash of record 5");
}

TEST(ChainTest, AGapIsTold) {
  Chain chain(8);
  chain.records.erase(chain.records.begin() + 2, chain.records.begin() + 4);
  EXPECT_EQ(chain.Verify(), (Break{3, "record 3 is missing; the next one is 5"}));
}

TEST(ChainTest, AnInsertedRecordIsFound) {
  Chain chain(8);
  chain.records.insert(chain.records.begin() + 3, MakeRecord(100));
  chain.records[3].sequence = 4;
  EXPECT_EQ(chain.Verify()->sequence, 4U);
}

TEST(ChainTest, ACutEndIsFoundByTheHead) {
  Chain chain(8);
  chain.records.pop_back();
  EXPECT_EQ(chain.Verify(), (Break{8, "the chain ends at record 7, but it had 8"}));
  chain.records.clear();
  EXPECT_EQ(chain.Verify()->sequence, 1U);
}

TEST(ChainTest, ARewrittenChainIsFoundByTheHead) {
  Chain chain(8);
  chain.records[2].detail = "{}";
  chain.Relink(2);
  EXPECT_EQ(chain.Verify(), (Break{8, "the last hash is not the one that was written"}));
  Chain longer(8);
  longer.records.push_back(MakeRecord(9));
  longer.Relink(8);
  EXPECT_EQ(longer.Verify(), (Break{9, "record 9 was not written by this service"}));
}

TEST(ChainTest, OnlyTheFirstBreakIsTold) {
  Chain chain(8);
  chain.records[2].actor = "x";
  Verifier verifier(Sha256Hex);
  int breaks = 0;
  for (const Record& record : chain.records) breaks += verifier.Next(record) ? 1 : 0;
  breaks += verifier.Finish(chain.head) ? 1 : 0;
  EXPECT_EQ(breaks, 1);
  EXPECT_EQ(verifier.records(), 2U);
}

TEST(ChainTest, AThousandRandomTampersAreAllFound) {
  Rng rng(20'240'607);
  for (int round = 0; round < 1'000; ++round) {
    Chain chain(20);
    std::size_t at = rng.Next() % chain.records.size();
    Record& record = chain.records[at];
    auto flip = [&](std::string& text) { text[rng.Next() % text.size()] ^= static_cast<char>(1U << (rng.Next() % 7)); };
    std::uint64_t kind = rng.Next() % 6;
    if (kind == 0) {
      std::string* fields[] = {&record.actor,      &record.action,     &record.subject,       &record.detail,
                               &record.request_id, &record.account_id, &record.previous_hash, &record.hash};
      flip(*fields[rng.Next() % 8]);
    } else if (kind == 1) {
      record.time.nanos ^= std::int64_t{1} << (rng.Next() % 63);
    } else if (kind == 2) {
      chain.records.erase(chain.records.begin() + static_cast<std::ptrdiff_t>(at));
      if (rng.Next() % 2 == 0 && at < chain.records.size()) chain.Relink(at);
    } else if (kind == 3) {
      Record copy = chain.records[rng.Next() % chain.records.size()];
      chain.records.insert(chain.records.begin() + static_cast<std::ptrdiff_t>(at), copy);
      if (rng.Next() % 2 == 0) chain.Relink(at);
    } else if (kind == 4) {
      std::size_t other = (at + 1 + rng.Next() % (chain.records.size() - 1)) % chain.records.size();
      std::swap(chain.records[at], chain.records[other]);
      if (rng.Next() % 2 == 0) chain.Relink(std::min(at, other));
    } else {
      flip(record.detail);
      chain.Relink(at);
    }
    EXPECT_TRUE(chain.Verify().has_value()) << "round " << round << " kind " << kind << " at " << at;
  }
}

}  // namespace
}  // namespace ballast::audit
