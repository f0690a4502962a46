#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/broker/v1/venue_book_service.pb.h"
#include "ballast/execution/v1/routing_service.pb.h"
#include "libs/execution/quality.h"
#include "libs/execution/router.h"
#include "libs/platform/grpc/status.h"
#include "services/strategy_runner/algo_store.h"
#include "services/strategy_runner/entry_gate.h"
#include "services/strategy_runner/neighbours.h"
#include "services/strategy_runner/order_quality_store.h"
#include "services/strategy_runner/route_store.h"

namespace ballast {

// What a route asks the venues, beside Neighbours. Answers as there.
class VenueNeighbours {
 public:
  virtual ~VenueNeighbours() = default;
  virtual void VenueBook(const std::string& account, const std::string& symbol,
                         Neighbours::Answer<broker::v1::GetVenueBookResponse> answer) = 0;
};

// A route as it is asked for; what is wrong with it goes into `errors`, and then nothing is promised of the answer.
// What only the instrument can say is not looked at.
execution::RouteOrder RouteOrderOf(const execution::v1::RouteSpec& spec, std::vector<FieldError>& errors);

// Makes plans of what is known now: books, fees and balances of the venues, and how they have dealt with what went
// there (children of the newest 200 parent orders, legs of the newest 200 routes). Blocks; one thread, never gRPC's.
class RoutePlanner {
 public:
  struct Ports {
    Neighbours& neighbours;
    VenueNeighbours& venues;
    AlgoStore& algo_store;
    RouteStore& store;
    const EntryGate& gate;
    // A book that the market has not spoken of for longer is not planned with. Market time.
    Duration book_age_max = Duration::Seconds(5);
    // Orders that were sent as they are count for the scores, too; nullptr: they do not.
    OrderQualityStore* singles = nullptr;
  };
  // By account, why it is not to be planned with.
  using LeftOut = std::map<std::string, Rejection>;

  explicit RoutePlanner(Ports ports) : ports_(ports) {}

  // NOT_FOUND, INVALID_ARGUMENT, UNAVAILABLE. A venue that cannot be asked is left out, and the plan says so.
  absl::StatusOr<execution::v1::RoutePlan> Plan(const execution::v1::RouteSpec& spec, const LeftOut& left_out = {});

 private:
  using Scores = std::map<std::string, execution::VenueQuality>;
  // A venue as it is asked about, and what of it the plan is made with; nothing: `told` says why it is left out.
  struct Asked {
    execution::RouteVenue venue;
    Decimal latency_ratio;
  };

  absl::StatusOr<Scores> ReadScores();
  std::optional<Asked> AskVenue(const order::v1::Account& account, const execution::RouteOrder& order,
                                bool may_open_short, const Instrument& instrument,
                                const execution::VenueQuality& quality, execution::v1::RoutePlan& plan,
                                execution::v1::RouteVenue& told);

  Ports ports_;
};

}  // namespace ballast
