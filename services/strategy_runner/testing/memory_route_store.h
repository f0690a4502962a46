#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "services/strategy_runner/route_store.h"

namespace ballast {

// What survives a crash.
struct MemoryRouteTables {
  std::uint64_t epoch = 0;
  std::map<std::string, execution::v1::KeptRoute> routes;
};

// The store without a database. One thread.
class MemoryRouteStore final : public RouteStore {
 public:
  explicit MemoryRouteStore(std::shared_ptr<MemoryRouteTables> tables) : tables_(std::move(tables)) {}

  absl::Status Fence() override {
    epoch_ = ++tables_->epoch;
    return absl::OkStatus();
  }
  absl::StatusOr<std::optional<execution::v1::KeptRoute>> Find(const std::string& request_id) override {
    auto found = tables_->routes.find(request_id);
    if (found == tables_->routes.end()) return std::optional<execution::v1::KeptRoute>();
    return std::optional(found->second);
  }
  absl::StatusOr<execution::v1::KeptRoute> Insert(const execution::v1::KeptRoute& route) override {
    if (epoch_ != tables_->epoch) return absl::FailedPreconditionError("a newer process has taken over");
    return tables_->routes.emplace(route.request().request_id(), route).first->second;
  }

 private:
  std::shared_ptr<MemoryRouteTables> tables_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
