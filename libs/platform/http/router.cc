#include "libs/platform/http/router.h"

#include <algorithm>

namespace ballast {
namespace {

bool IsName(const std::string& part) { return part.size() > 2 && part.front() == '{' && part.back() == '}'; }

}  // namespace

void Router::Add(std::string_view method, std::string_view pattern, int route) {
  Entry entry{.method = std::string(method), .parts = {}, .fixed = 0, .route = route};
  pattern.remove_prefix(pattern.starts_with('/') ? 1 : 0);
  while (true) {
    std::size_t slash = pattern.find('/');
    entry.parts.emplace_back(pattern.substr(0, slash));
    if (!IsName(entry.parts.back())) ++entry.fixed;
    if (slash == std::string_view::npos) break;
    pattern.remove_prefix(slash + 1);
  }
  entries_.push_back(std::move(entry));
}

Router::Match Router::Find(std::string_view method, const std::vector<std::string>& segments) const {
  std::vector<const Entry*> fitting;
  for (const Entry& entry : entries_) {
    if (entry.parts.size() != segments.size()) continue;
    bool fits = true;
    for (std::size_t i = 0; fits && i < segments.size(); ++i) {
      fits = IsName(entry.parts[i]) ? !segments[i].empty() : entry.parts[i] == segments[i];
    }
    if (fits) fitting.push_back(&entry);
  }
  const Entry* best = nullptr;
  for (const Entry* entry : fitting) {
    if (entry->method == method && (best == nullptr || entry->fixed > best->fixed)) best = entry;
  }
  Match match;
  if (best == nullptr) {
    for (const Entry* entry : fitting) {
      if (std::find(match.allowed.begin(), match.allowed.end(), entry->method) == match.allowed.end()) {
        match.allowed.push_back(entry->method);
      }
    }
    return match;
  }
  match.route = best->route;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::string& part = best->parts[i];
    if (IsName(part)) match.params[part.substr(1, part.size() - 2)] = segments[i];
  }
  return match;
}

}  // namespace ballast
