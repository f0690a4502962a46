#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/graduation/v1/graduation.pb.h"
#include "ballast/order/v1/order_service.pb.h"
#include "ballast/session/v1/day_end.pb.h"
#include "ballast/strategy/v1/strategy_service.pb.h"
#include "libs/strategy/decider.h"
#include "libs/strategy/deployment.h"

namespace ballast {

// One deployment's row.
struct DeploymentRow {
  std::string deployment_id;
  std::string request_id;
  strategy::v1::DeploymentSpec spec;
  strategy::DeploymentLife life;
  UtcTime create_time;
  std::int64_t signals = 0;
  std::int64_t orders = 0;
  UtcTime last_signal_time;
  std::string last_signal;
  std::int64_t restarts = 0;
  std::uint64_t decision_sequence = 0;
  // Times its settings were changed.
  std::uint64_t revision = 0;
  // As the decider has it when the turn is over.
  strategy::DeploymentBook book;
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

// Where deployments, decisions and the place in the order log are kept. Blocks; never called from a gRPC thread.
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
    std::vector<session::v1::DayEndPolicy> day_end_policies;
    std::vector<session::v1::DayEnd> day_ends;
    std::vector<graduation::v1::KeptGraduation> graduations;
  };
  struct DayEnds {
    std::vector<session::v1::DayEndPolicy> policies;
    // Those that are worked on, and the newest of each account and calendar.
    std::vector<session::v1::DayEnd> ends;
  };

  virtual ~StrategyStore() = default;

  // From now on this instance alone may save.
  virtual absl::Status Fence() = 0;
  virtual absl::StatusOr<std::vector<Loaded>> Load() = 0;
  virtual absl::StatusOr<std::map<std::string, OrderCursor>> LoadCursors() = 0;
  virtual absl::StatusOr<DayEnds> LoadDayEnds() = 0;
  virtual absl::StatusOr<std::vector<graduation::v1::KeptGraduation>> LoadGraduations() = 0;
  // All of it or nothing. Rows, states and decisions are written over what is there: the same batch twice is the same
  // as once, so one whose outcome is not known (UNAVAILABLE, ABORTED, UNKNOWN) is simply saved again.
  // FAILED_PRECONDITION: a newer instance has fenced this one off.
  virtual absl::Status Save(const Batch& batch) = 0;
  // Newest first. INVALID_ARGUMENT for a page that cannot be, NOT_FOUND for a deployment that is not there.
  virtual absl::StatusOr<strategy::v1::ListDecisionsResponse> ListDecisions(
      const strategy::v1::ListDecisionsRequest& request) = 0;
};

// The part of a deployment's decisions one request asks for.
struct DecisionPage {
  int size = 0;
  // Exclusive.
  std::int64_t before = 0;

  // INVALID_ARGUMENT, naming the field.
  static absl::StatusOr<DecisionPage> Of(const strategy::v1::ListDecisionsRequest& request);
  // Sets the token of the next page, if there may be one.
  void Close(strategy::v1::ListDecisionsResponse& response) const;
};

}  // namespace ballast
