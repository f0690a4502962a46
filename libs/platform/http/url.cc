#include "libs/platform/http/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <boost/locale/utf.hpp>
#include <cctype>

namespace ballast {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsUtf8(std::string_view text) {
  namespace utf = boost::locale::utf;
  for (const char* at = text.data(); at != text.data() + text.size();) {
    if (!utf::is_valid_codepoint(utf::utf_traits<char>::decode(at, text.data() + text.size()))) return false;
  }
  return true;
}

std::string_view Find(const HttpHeaders& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace

std::string_view HttpRequest::Header(std::string_view lower_case_name) const { return Find(headers, lower_case_name); }
std::string_view HttpRequest::Query(std::string_view name) const { return Find(query, name); }
std::string_view HttpRequest::RawPath() const {
  return std::string_view(target).substr(0, std::min(target.find('?'), target.size()));
}

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      int high = HexDigit(text[i + 1]);
      int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += c == '+' && plus_is_blank ? ' ' : c;
    }
  }
  if (!IsUtf8(out)) return std::nullopt;
  return out;
}

std::optional<Target> ParseTarget(std::string_view target) {
  if (target.empty() || target.front() != '/') return std::nullopt;
  Target parsed;
  std::size_t question = std::min(target.find('?'), target.size());
  std::string_view path = target.substr(1, question - 1);
  while (true) {
    std::size_t slash = path.find('/');
    auto segment = PercentDecode(path.substr(0, slash), false);
    if (!segment) return std::nullopt;
    parsed.segments.push_back(std::move(*segment));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  std::string_view query = question < target.size() ? target.substr(question + 1) : std::string_view();
  while (!query.empty()) {
    std::size_t ampersand = query.find('&');
    std::string_view item = query.substr(0, ampersand);
    if (!item.empty()) {
      std::size_t equals = std::min(item.find('='), item.size());
      auto name = PercentDecode(item.substr(0, equals), true);
      auto value = PercentDecode(equals < item.size() ? item.substr(equals + 1) : std::string_view(), true);
      if (!name || !value) return std::nullopt;
      parsed.query.emplace_back(std::move(*name), std::move(*value));
    }
    if (ampersand == std::string_view::npos) break;
    query.remove_prefix(ampersand + 1);
  }
  return parsed;
}

std::pair<std::string, std::string> SplitHostPort(std::string_view text) {
  if (!text.empty() && text.front() == '[') {
    std::size_t end = text.find(']');
    if (end == std::string_view::npos) return {std::string(text), ""};
    std::string_view rest = text.substr(end + 1);
    return {std::string(text.substr(1, end - 1)), rest.starts_with(':') ? std::string(rest.substr(1)) : ""};
  }
  std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

bool IsAddress(std::string_view host) {
  std::string text(host);
  in_addr v4{};
  in6_addr v6{};
  return inet_pton(AF_INET, text.c_str(), &v4) == 1 || inet_pton(AF_INET6, text.c_str(), &v6) == 1;
}

bool IsLoopbackHost(std::string_view host) {
  std::string text(host);
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  if (text == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace ballast
