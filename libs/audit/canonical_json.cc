#include "libs/audit/canonical_json.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/base/check.h"

namespace ballast::audit {
namespace {

constexpr int kDepthMax = 32;

// A recursive-descent reader that writes the canonical form as it goes. ok() is false after the first problem.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  absl::StatusOr<std::string> Run() {
    SkipSpace();
    std::string value = Value(0);
    SkipSpace();
    if (ok() && at_ != text_.size()) Fail("more text after the value");
    if (!ok()) {
      return absl::InvalidArgumentError(ToAbsl("no JSON: " + problem_ + " at byte " + std::to_string(at_)));
    }
    return value;
  }

 private:
  [[nodiscard]] bool ok() const { return problem_.empty(); }
  std::string Fail(const char* problem) {
    if (ok()) problem_ = problem;
    return {};
  }
  [[nodiscard]] char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Take(char c) {
    if (Peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }
  void SkipSpace() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  std::string Value(int depth) {
    if (depth > kDepthMax) return Fail("too deep");
    switch (Peek()) {
      case '{':
        return Object(depth);
      case '[':
        return Array(depth);
      case '"':
        return JsonString(Text());
      case 't':
        return Word("true");
      case 'f':
        return Word("false");
      case 'n':
        return Word("null");
      default:
        return Number();
    }
  }

  std::string Word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return Fail("unknown word");
    at_ += word.size();
    return std::string(word);
  }

  std::string Number() {
    std::size_t start = at_;
    Take('-');
    if (!Take('0') && !Digits()) return Fail("no value");
    if (Take('.') && !Digits()) return Fail("a digit is missing");
    if (Take('e') || Take('E')) {
      if (!Take('+')) Take('-');
      if (!Digits()) return Fail("a digit is missing");
    }
    return std::string(text_.substr(start, at_ - start));
  }
  bool Digits() {
    std::size_t start = at_;
    while (Peek() >= '0' && Peek() <= '9') ++at_;
    return at_ > start;
  }

  std::string Object(int depth) {
    Take('{');
    std::map<std::string, std::string> members;
    SkipSpace();
    if (!Take('}')) {
      do {
        SkipSpace();
        if (Peek() != '"') return Fail("a key is missing");
        std::string key = Text();
        SkipSpace();
        if (!Take(':')) return Fail("':' is missing");
        SkipSpace();
        std::string value = Value(depth + 1);
        if (!ok()) return {};
        if (!members.emplace(std::move(key), std::move(value)).second) return Fail("a key is there twice");
        SkipSpace();
      } while (Take(','));
      if (!Take('}')) return Fail("'}' is missing");
    }
    std::string out = "{";
    for (const auto& [key, value] : members) {
      if (out.size() > 1) out += ',';
      out += JsonString(key) + ":" + value;
    }
    return out + "}";
  }

  std::string Array(int depth) {
    Take('[');
    std::string out = "[";
    SkipSpace();
    if (!Take(']')) {
      do {
        SkipSpace();
        std::string value = Value(depth + 1);
        if (!ok()) return {};
        if (out.size() > 1) out += ',';
        out += value;
        SkipSpace();
      } while (Take(','));
      if (!Take(']')) return Fail("']' is missing");
    }
    return out + "]";
  }

  // The text itself, escapes resolved.
  std::string Text() {
    Take('"');
    std::string out;
    while (ok()) {
      if (at_ >= text_.size()) return Fail("a text does not end");
      char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x20) return Fail("a control character in a text");
      ++at_;
      if (c == '"') return out;
      if (c != '\\') {
        out += c;
        continue;
      }
      char escape = Peek();
      if (at_ < text_.size()) ++at_;
      switch (escape) {
        case '"':
        case '\\':
        case '/':
          out += escape;
          break;
        case 'b':
          out += '\b';
          break;
        case 'f':
          out += '\f';
          break;
        case 'n':
          out += '\n';
          break;
        case 'r':
          out += '\r';
          break;
        case 't':
          out += '\t';
          break;
        case 'u':
          AppendUtf8(out, CodePoint());
          break;
        default:
          return Fail("unknown escape");
      }
    }
    return {};
  }

  std::uint32_t FourHex() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      char c = Peek();
      std::uint32_t digit = 0;
      if (c >= '0' && c <= '9')
        digit = static_cast<std::uint32_t>(c - '0');
      else if (c >= 'a' && c <= 'f')
        digit = static_cast<std::uint32_t>(c - 'a' + 10);
      else if (c >= 'A' && c <= 'F')
        digit = static_cast<std::uint32_t>(c - 'A' + 10);
      else
        Fail("four hex digits are expected");
      if (!ok()) return 0;
      value = value * 16 + digit;
      ++at_;
    }
    return value;
  }
  std::uint32_t CodePoint() {
    std::uint32_t high = FourHex();
    if (high >= 0xdc00 && high <= 0xdfff) Fail("half of a surrogate pair");
    if (high < 0xd800 || high > 0xdbff) return high;
    if (!Take('\\') || !Take('u')) Fail("half of a surrogate pair");
    if (!ok()) return 0;
    std::uint32_t low = FourHex();
    if (low < 0xdc00 || low > 0xdfff) Fail("half of a surrogate pair");
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
  }
  void AppendUtf8(std::string& out, std::uint32_t code) {
    if (!ok()) return;
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xc0 | (code >> 6));
      out += static_cast<char>(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
      out += static_cast<char>(0xe0 | (code >> 12));
      out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
      out += static_cast<char>(0x80 | (code & 0x3f));
    } else {
      out += static_cast<char>(0xf0 | (code >> 18));
      out += static_cast<char>(0x80 | ((code >> 12) & 0x3f));
      out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
      out += static_cast<char>(0x80 | (code & 0x3f));
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string problem_;
};

}  // namespace

absl::StatusOr<std::string> CanonicalJson(std::string_view text) { return Reader(text).Run(); }

namespace {

void AppendJsonString(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto c = static_cast<unsigned char>(text[at]);
    if (c != '"' && c != '\\' && c >= 0x20) continue;
    out += text.substr(plain, at - plain);
    plain = at + 1;
    if (c < 0x20) {
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 0xf];
    } else {
      out += '\\';
      out += text[at];
    }
  }
  out += text.substr(plain);
  out += '"';
}

}  // namespace

std::string JsonString(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  AppendJsonString(out, text);
  return out;
}

void JsonObject::Key(std::string_view key) {
  CHECK(last_key_ < key, "keys of canonical JSON ascend");
  last_key_ = key;
  if (!empty()) text_ += ',';
  AppendJsonString(text_, key);
  text_ += ':';
}

void JsonObject::Add(std::string_view key, std::string_view text) {
  if (text.empty()) return;
  Key(key);
  AppendJsonString(text_, text);
}

void JsonObject::AddRaw(std::string_view key, std::string_view json) {
  Key(key);
  text_ += json;
}

void JsonObject::AddNumber(std::string_view key, std::uint64_t number) {
  std::array<char, 20> digits{};
  char* end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  AddRaw(key, {digits.data(), static_cast<std::size_t>(end - digits.data())});
}

std::string JsonObject::Take() && {
  text_ += '}';
  return std::move(text_);
}

}  // namespace ballast::audit
