#include "libs/rules/problem.h"

namespace ballast::rules {
namespace {

constexpr std::size_t kQuotedBytesMax = 40;

char Printable(char c) { return c >= 0x20 && c < 0x7f ? c : '?'; }

}  // namespace

std::string ToString(const Problem& problem) {
  if (problem.line > 0) {
    return "line " + std::to_string(problem.line) + ", column " + std::to_string(problem.column) + ": " +
           problem.message;
  }
  return (problem.pointer.empty() ? "the text" : problem.pointer) + ": " + problem.message;
}

std::string ToString(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) text += (text.empty() ? "" : "\n") + ToString(problem);
  return text;
}

std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (char c : text.substr(0, kQuotedBytesMax)) quoted += Printable(c);
  return quoted + (text.size() > kQuotedBytesMax ? "...'" : "'");
}

std::string Below(const std::string& pointer, const std::string& key) {
  std::string below = pointer + "/";
  for (char c : key.substr(0, kQuotedBytesMax)) {
    if (c == '~') {
      below += "~0";
    } else if (c == '/') {
      below += "~1";
    } else {
      below += Printable(c);
    }
  }
  return below;
}

}  // namespace ballast::rules
