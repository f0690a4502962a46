#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "libs/wire/wire.h"
#include "services/strategy_runner/route_store.h"

namespace ballast {

// What survives a crash.
struct MemoryRouteTables {
  std::uint64_t epoch = 0;
  std::map<std::string, execution::v1::Route> routes;
  // The next saves are not done.
  int refuse_saves = 0;
};

// The store without a database. One thread.
class MemoryRouteStore final : public RouteStore {
 public:
  explicit MemoryRouteStore(std::shared_ptr<MemoryRouteTables> tables) : tables_(std::move(tables)) {}

  absl::Status Fence() override {
    epoch_ = ++tables_->epoch;
    return absl::OkStatus();
  }
  absl::StatusOr<std::optional<execution::v1::Route>> Find(const std::string& request_id) override {
    auto found = tables_->routes.find(request_id);
    if (found == tables_->routes.end()) return std::optional<execution::v1::Route>();
    return std::optional(found->second);
  }
  absl::StatusOr<std::vector<execution::v1::Route>> Read(const Range& range) override {
    std::vector<execution::v1::Route> routes;
    auto place = [](const execution::v1::Route& route) {
      return std::pair(wire::FromProto(route.create_time()).nanos, route.request_id());
    };
    for (const auto& [id, route] : tables_->routes) {
      if (range.active_only && !IsActive(route.state())) continue;
      if (range.before_id.empty() || place(route) < std::pair(range.before_nanos, range.before_id))
        routes.push_back(route);
    }
    std::sort(routes.begin(), routes.end(),
              [&](const auto& one, const auto& other) { return place(one) > place(other); });
    if (routes.size() > static_cast<std::size_t>(range.most)) routes.resize(static_cast<std::size_t>(range.most));
    return routes;
  }
  absl::StatusOr<execution::v1::Route> Insert(const execution::v1::Route& route) override {
    if (epoch_ != tables_->epoch) return absl::FailedPreconditionError("a newer process has taken over");
    return tables_->routes.emplace(route.request_id(), route).first->second;
  }
  absl::Status Save(const execution::v1::Route& route) override {
    if (epoch_ != tables_->epoch) return absl::FailedPreconditionError("a newer process has taken over");
    if (tables_->refuse_saves > 0 && tables_->refuse_saves--) return absl::UnavailableError("not stored");
    tables_->routes[route.request_id()] = route;
    return absl::OkStatus();
  }

 private:
  std::shared_ptr<MemoryRouteTables> tables_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
