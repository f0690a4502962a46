#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/order/v1/order_service.pb.h"
#include "ballast/strategy/v1/strategy_service.pb.h"
#include "libs/platform/postgres/database.h"
#include "libs/strategy/decider.h"

namespace ballast {

// One deployment's row.
struct DeploymentRow {
  std::string deployment_id;
  std::string request_id;
  strategy::v1::DeploymentSpec spec;
  strategy::v1::DeploymentStatus status = strategy::v1::DEPLOYMENT_STATUS_CREATED;
  std::string status_reason;
  std::string stop_reason;
  bool close_positions = false;
  bool start_pending = false;
  UtcTime create_time;
  UtcTime start_time;
  UtcTime stop_time;
  std::int64_t signals = 0;
  std::int64_t orders = 0;
  UtcTime last_signal_time;
  std::string last_signal;
  std::int64_t restarts = 0;
  std::uint64_t decision_sequence = 0;
};

struct OrderCursor {
  std::uint64_t sequence = 0;
  std::uint64_t execution_sequence = 0;
};

// A decision as it is stored; `submit` is the order it sends, `open` until its outcome is known.
struct StoredDecision {
  strategy::v1::Decision decision;
  std::optional<order::v1::SubmitOrderRequest> submit;
  bool open = false;
};

// Strategy runner's part of Postgres: the only SQL here. Blocks; never called from a gRPC thread.
class StrategyStore {
 public:
  static constexpr int kPageMax = 500;

  struct Loaded {
    DeploymentRow row;
    std::map<Symbol, strategy::SymbolState> states;
    std::vector<StoredDecision> open_decisions;
  };
  // What becomes durable together.
  struct Batch {
    std::vector<DeploymentRow> rows;
    std::vector<std::pair<std::string, std::map<Symbol, strategy::SymbolState>>> states;
    std::vector<StoredDecision> decisions;
    std::map<std::string, OrderCursor> cursors;
  };

  explicit StrategyStore(Database& database) : database_(database) {}

  absl::Status Fence();
  absl::StatusOr<std::vector<Loaded>> Load();
  absl::StatusOr<std::map<std::string, OrderCursor>> LoadCursors();
  // Rows, states and decisions are written over what is there: the same batch twice is the same as once.
  absl::Status Save(const Batch& batch);
  absl::StatusOr<strategy::v1::ListDecisionsResponse> ListDecisions(const strategy::v1::ListDecisionsRequest& request);

 private:
  Database& database_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
