#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/audit/chain.h"

namespace ballast {

// A row of the chain: records of order events that follow each other.
struct RecordPage {
  std::uint64_t last_sequence = 0;
  int records = 0;
  // Of the record before the first; 64 hexadecimal digits.
  std::string previous_hash;
  // A bit for the kind of each record; see KindsOf.
  std::int64_t kinds = 0;
  // A bit string in which the names of what its records are about are hashed.
  std::string names;
  std::string payload;

  // `records` are linked and follow each other; at least one, at most wire::LogPage::kRecords.
  static RecordPage Of(std::span<const audit::Record> records);
  // Exactly `records` of them (one of a page that says it has none, or more than a page has). What cannot be read is a
  // record without content in its place, which no verifier takes for one.
  [[nodiscard]] std::vector<audit::Record> Read() const;

  // The kinds of records whose action begins with `prefix`: a page without any of them has no such record.
  static std::int64_t KindsOf(std::string_view prefix);
  // Where the bits of a name are: at `first`, `first + step` … + 3 `step`, each modulo the number of bits. They outlive
  // the program.
  struct Bits {
    std::int64_t first = 0, step = 0;
  };
  static Bits BitsOfSubject(std::string_view subject);
  static Bits BitsOfAccount(std::string_view account_id);
};

}  // namespace ballast
