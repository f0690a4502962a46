#pragma once

#include <array>
#include <concepts>
#include <pqxx/pqxx>
#include <string>

#include "libs/base/decimal.h"

namespace ballast {

// Values as they stand in a statement, for writers that send many statements as one (Database::FencedWrite).

// A value of type bytea.
struct SqlBytes {
  std::string bytes;
};

inline std::string SqlValue(pqxx::transaction_base& quoting, const std::string& text) { return quoting.quote(text); }
inline std::string SqlValue(pqxx::transaction_base& quoting, const char* text) { return quoting.quote(text); }
inline std::string SqlValue(pqxx::transaction_base& quoting, const SqlBytes& value) {
  return quoting.quote_raw(reinterpret_cast<const unsigned char*>(value.bytes.data()), value.bytes.size());
}
inline std::string SqlValue(pqxx::transaction_base&, bool value) { return value ? "true" : "false"; }
inline std::string SqlValue(pqxx::transaction_base&, std::integral auto value) { return std::to_string(value); }
// A literal with a point or a sign is numeric, never floating point.
inline std::string SqlValue(pqxx::transaction_base&, const Decimal& value) { return value.ToString() + "::numeric"; }

// "(a,b,c)": one row of VALUES.
template <typename First, typename... Rest>
std::string SqlRow(pqxx::transaction_base& quoting, const First& first, const Rest&... rest) {
  std::string row = "(" + SqlValue(quoting, first);
  ((row += "," + SqlValue(quoting, rest)), ...);
  return row + ")";
}

// Rows turned into one array for each column: what a function in the database takes.
template <std::size_t kColumns>
class SqlColumns {
 public:
  explicit SqlColumns(pqxx::transaction_base& quoting) : quoting_(quoting) {}

  template <typename... Values>
  void Add(const Values&... values) {
    static_assert(sizeof...(Values) == kColumns);
    std::size_t column = 0;
    ((Put(column++, SqlValue(quoting_, values))), ...);
  }
  // "ARRAY[…],ARRAY[…]"; there must be a row, since an empty array has no type.
  [[nodiscard]] std::string Arrays() const {
    std::string arrays;
    for (const std::string& column : columns_) arrays += (arrays.empty() ? "ARRAY[" : ",ARRAY[") + column + "]";
    return arrays;
  }

 private:
  void Put(std::size_t column, const std::string& value) {
    std::string& text = columns_.at(column);
    if (!text.empty()) text += ',';
    text += value;
  }

  pqxx::transaction_base& quoting_;
  std::array<std::string, kColumns> columns_;
};

}  // namespace ballast
