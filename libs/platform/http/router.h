#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ballast {

// Finds the row of a table of routes. Patterns are paths with names in braces: "/api/live/orders/{id}/events"; a name
// takes one non-empty segment. A pattern with more fixed parts wins.
class Router {
 public:
  struct Match {
    // Index given to Add; -1 when no route fits.
    int route = -1;
    std::map<std::string, std::string> params;
    // With no route: the methods the path has. Empty: the path is unknown.
    std::vector<std::string> allowed;
  };

  void Add(std::string_view method, std::string_view pattern, int route);
  [[nodiscard]] Match Find(std::string_view method, const std::vector<std::string>& segments) const;

 private:
  struct Entry {
    std::string method;
    std::vector<std::string> parts;
    int fixed = 0;
    int route = 0;
  };
  std::vector<Entry> entries_;
};

}  // namespace ballast
