#include "libs/rules/json_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace ballast::rules {
namespace {

constexpr std::size_t kNestingMax = 64;

class TreeBuilder {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  TreeBuilder(std::string_view text, std::vector<Problem>& problems) : text_(text), problems_(problems) {}

  // What the parser calls; false stops it.
  bool null() { return Put({.kind = Json::Kind::kNull}); }
  bool boolean(bool value) { return Put({.kind = Json::Kind::kBoolean, .text = value ? "true" : "false"}); }
  bool number_integer(number_integer_t value) { return Number(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) { return Number(std::to_string(value)); }
  bool number_float(number_float_t, const string_t& written) { return Number(written); }
  bool string(string_t& value) { return Put({.kind = Json::Kind::kText, .text = std::move(value)}); }
  bool binary(binary_t&) { return false; }
  bool start_object(std::size_t) { return Open(Json::Kind::kObject); }
  bool start_array(std::size_t) { return Open(Json::Kind::kArray); }
  bool end_object() { return Close(); }
  bool end_array() { return Close(); }
  bool key(string_t& name) {
    if (open_.back().Find(name) != nullptr)
      problems_.push_back({.pointer = Below(Pointer(), name), .message = "the key is there twice"});
    key_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& error) {
    // The position is the number of bytes that were read, the faulty one included.
    std::string_view before = text_.substr(0, std::min(position == 0 ? 0 : position - 1, text_.size()));
    std::size_t newline = before.rfind('\n');
    Problem problem{.line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n')),
                    .column = 1 + static_cast<int>(newline == std::string_view::npos ? before.size()
                                                                                     : before.size() - newline - 1)};
    // "[json.exception.parse_error.101] parse error at line 1, column 2: what was wrong - what was read"
    std::string what = error.what();
    std::size_t said = what.find(": ");
    constexpr std::size_t kSaidBytesMax = 200;
    if (said != std::string::npos) what = what.substr(said + 2);
    for (char c : what.substr(0, kSaidBytesMax)) problem.message += c >= 0x20 && c < 0x7f ? c : '?';
    problems_.push_back(std::move(problem));
    return false;
  }

  std::optional<Json> Take() { return std::exchange(root_, std::nullopt); }

 private:
  [[nodiscard]] std::string Pointer() const {
    std::string pointer;
    for (std::size_t i = 1; i < open_.size(); ++i) {
      pointer = open_[i - 1].kind == Json::Kind::kArray ? pointer + "/" + std::to_string(open_[i - 1].items.size())
                                                        : Below(pointer, open_[i].key);
    }
    return pointer;
  }

  bool Number(std::string written) { return Put({.kind = Json::Kind::kNumber, .text = std::move(written)}); }

  bool Put(Json value) {
    value.key = std::exchange(key_, {});
    if (open_.empty()) {
      root_ = std::move(value);
    } else {
      open_.back().items.push_back(std::move(value));
    }
    return true;
  }

  bool Open(Json::Kind kind) {
    open_.push_back({.kind = kind, .key = std::exchange(key_, {})});
    if (open_.size() <= kNestingMax) return true;
    problems_.push_back({.pointer = Pointer(), .message = "nested too deep"});
    return false;
  }

  bool Close() {
    Json closed = std::move(open_.back());
    open_.pop_back();
    key_ = std::move(closed.key);
    return Put(std::move(closed));
  }

  std::string_view text_;
  std::vector<Problem>& problems_;
  std::vector<Json> open_;
  std::string key_;
  std::optional<Json> root_;
};

}  // namespace

const Json* Json::Find(std::string_view name) const {
  if (kind != Kind::kObject) return nullptr;
  for (const Json& item : items) {
    if (item.key == name) return &item;
  }
  return nullptr;
}

std::optional<Json> ParseJson(std::string_view text, std::vector<Problem>& problems) {
  std::size_t before = problems.size();
  TreeBuilder builder(text, problems);
  bool whole = nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  if (!whole && problems.size() == before) problems.push_back({.message = "no JSON"});
  if (problems.size() > before) return std::nullopt;
  return builder.Take();
}

}  // namespace ballast::rules
