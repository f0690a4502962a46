#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/decimal.h"

namespace ballast {

// One column of many rows: an array parameter in Postgres' binary format. Add what its type holds and nothing else.
class SqlArray {
 public:
  // The types' numbers in Postgres.
  enum class Type : std::int32_t { kBoolean = 16, kBytes = 17, kBigint = 20, kInteger = 23, kText = 25 };

  explicit SqlArray(Type type) : type_(type) {}

  // kText and kBytes. A text holds no zero byte.
  void Add(std::string_view value);
  // kBigint, kInteger (which it must fit) and kBoolean (0 or 1).
  void Add(std::int64_t value);

  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }

 private:
  friend class SqlBatch;
  Type type_;
  std::size_t count_ = 0;
  std::string elements_;
};

// The statements of one transaction of a writer (Database::FencedWrite). Each is prepared once on a connection, its
// parameters are bytes that nobody lexes, and the whole of it is one round trip:
//   SqlBatch batch;
//   batch.Statement("SELECT append_events($1::text[], $2::bytea[])").Value(ids).Value(payloads);
// The statements' texts must outlive the batch and be few: literals.
class SqlBatch {
 public:
  SqlBatch& Statement(std::string_view sql);
  // The next parameter of the newest statement.
  SqlBatch& Value(const SqlArray& array);
  SqlBatch& Text(std::string_view text);
  SqlBatch& Bytes(std::string_view bytes);
  SqlBatch& Bigint(std::int64_t value);
  SqlBatch& Integer(std::int32_t value);
  SqlBatch& Boolean(bool value);
  SqlBatch& Numeric(const Decimal& value);

  [[nodiscard]] bool empty() const { return statements_.empty(); }

 private:
  friend class SqlPipeline;
  struct Parameter {
    std::size_t offset = 0;
    std::size_t length = 0;
    bool binary = true;
  };
  struct Bound {
    std::string_view sql;
    std::vector<Parameter> parameters;
  };
  void Put(std::string_view bytes, bool binary);

  std::vector<Bound> statements_;
  // What the parameters' offsets are of; each ends with a zero byte, which is not part of it.
  std::string bytes_;
};

}  // namespace ballast
