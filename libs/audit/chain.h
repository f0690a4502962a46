#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/utc_time.h"

// The audit chain: what a record's bytes are, how records hang together, and who does not fit.
namespace ballast::audit {

struct Record {
  // Gapless from 1 over the whole chain.
  std::uint64_t sequence = 0;
  UtcTime time;
  std::string actor;
  // e.g. "order.filled"
  std::string action;
  // e.g. "order:o7k2…"
  std::string subject;
  // Canonical JSON object.
  std::string detail;
  std::string request_id;
  std::string account_id;
  // SHA-256, 64 lower-case hex digits.
  std::string previous_hash;
  std::string hash;

  friend bool operator==(const Record&, const Record&) = default;
};

// `text` with control characters replaced by '?': what a record keeps outside of its JSON is one line, and Postgres can
// store it.
std::string Printable(std::string text);

// SHA-256 as hex; passed in, so that this room depends on no crypto library.
using HashFunction = std::string (*)(std::string_view bytes);

// The end of the chain so far; the default is the empty chain.
struct Head {
  std::uint64_t sequence = 0;
  std::string hash = std::string(64, '0');
  UtcTime time;

  friend bool operator==(const Head&, const Head&) = default;
};

// Every field but the two hashes, each with its length in front (8 bytes, big-endian), after a version tag: no two
// different records have the same bytes. These bytes outlive the program; chain_test.cc pins them.
std::string CanonicalBytes(const Record& record);

// hash(previous_hash || canonical bytes)
std::string HashOf(const Record& record, HashFunction hash);

// Gives the record its sequence and hashes, and makes it the head.
void Link(Record& record, Head& head, HashFunction hash);

// Why a record does not fit behind its predecessor.
struct Break {
  std::uint64_t sequence = 0;
  std::string problem;

  friend bool operator==(const Break&, const Break&) = default;
};

// Walks a chain from its first record on. Feed records in ascending order of sequence.
class Verifier {
 public:
  explicit Verifier(HashFunction hash) : hash_(hash) {}

  // The break, when this record is the first that does not fit; nothing after a break is looked at.
  std::optional<Break> Next(const Record& record);
  // After the last record: the chain must end where its writer remembers to have ended it.
  std::optional<Break> Finish(const Head& expected);

  [[nodiscard]] std::uint64_t records() const { return records_; }
  [[nodiscard]] const Head& head() const { return head_; }

 private:
  HashFunction hash_;
  Head head_;
  std::uint64_t records_ = 0;
  std::optional<Break> broken_;
};

}  // namespace ballast::audit
