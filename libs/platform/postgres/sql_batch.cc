#include "libs/platform/postgres/sql_batch.h"

#include <type_traits>

#include "libs/base/check.h"

namespace ballast {
namespace {

template <typename Integer>
void AppendBigEndian(std::string& out, Integer value) {
  auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
  for (int shift = static_cast<int>(sizeof(Integer) - 1) * 8; shift >= 0; shift -= 8) {
    out += static_cast<char>((bits >> shift) & 0xff);
  }
}

}  // namespace

void SqlArray::Add(std::string_view value) {
  CHECK(type_ == Type::kText || type_ == Type::kBytes, "a column of numbers takes numbers");
  AppendBigEndian(elements_, static_cast<std::int32_t>(value.size()));
  elements_ += value;
  ++count_;
}

void SqlArray::Add(std::int64_t value) {
  switch (type_) {
    case Type::kBigint:
      AppendBigEndian(elements_, std::int32_t{8});
      AppendBigEndian(elements_, value);
      break;
    case Type::kInteger:
      AppendBigEndian(elements_, std::int32_t{4});
      AppendBigEndian(elements_, static_cast<std::int32_t>(value));
      break;
    case Type::kBoolean:
      AppendBigEndian(elements_, std::int32_t{1});
      elements_ += static_cast<char>(value != 0);
      break;
    default:
      CHECK(false, "a column of texts takes texts");
  }
  ++count_;
}

SqlBatch& SqlBatch::Statement(std::string_view sql) {
  statements_.push_back({.sql = sql, .parameters = {}});
  return *this;
}

void SqlBatch::Put(std::string_view bytes, bool binary) {
  CHECK(!statements_.empty(), "a parameter belongs to a statement");
  statements_.back().parameters.push_back({.offset = bytes_.size(), .length = bytes.size(), .binary = binary});
  bytes_ += bytes;
  bytes_ += '\0';
}

SqlBatch& SqlBatch::Value(const SqlArray& array) {
  std::string header;
  AppendBigEndian(header, std::int32_t{array.empty() ? 0 : 1});  // dimensions
  AppendBigEndian(header, std::int32_t{0});                      // no nulls
  AppendBigEndian(header, static_cast<std::int32_t>(array.type_));
  if (!array.empty()) {
    AppendBigEndian(header, static_cast<std::int32_t>(array.count_));
    AppendBigEndian(header, std::int32_t{1});  // the first index
  }
  bytes_.reserve(bytes_.size() + header.size() + array.elements_.size() + 1);
  Put(header, true);
  bytes_.pop_back();
  bytes_ += array.elements_;
  bytes_ += '\0';
  statements_.back().parameters.back().length += array.elements_.size();
  return *this;
}

SqlBatch& SqlBatch::Text(std::string_view text) {
  Put(text, true);
  return *this;
}

SqlBatch& SqlBatch::Bytes(std::string_view bytes) {
  Put(bytes, true);
  return *this;
}

SqlBatch& SqlBatch::Bigint(std::int64_t value) {
  std::string bytes;
  AppendBigEndian(bytes, value);
  Put(bytes, true);
  return *this;
}

SqlBatch& SqlBatch::Integer(std::int32_t value) {
  std::string bytes;
  AppendBigEndian(bytes, value);
  Put(bytes, true);
  return *this;
}

SqlBatch& SqlBatch::Boolean(bool value) {
  Put(std::string_view(value ? "\1" : "\0", 1), true);
  return *this;
}

SqlBatch& SqlBatch::Numeric(const Decimal& value) {
  Put(value.ToString(), false);
  return *this;
}

}  // namespace ballast
