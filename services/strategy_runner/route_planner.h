#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/broker/v1/venue_book_service.pb.h"
#include "ballast/execution/v1/routing_service.pb.h"
#include "libs/execution/quality.h"
#include "libs/execution/router.h"
#include "libs/platform/grpc/status.h"
#include "services/strategy_runner/algo_store.h"
#include "services/strategy_runner/neighbours.h"

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

// Makes plans of what is known now: books, fees and balances of the venues, and how they have dealt with the children
// that went there (the newest 200 parent orders). Blocks; one thread, never gRPC's.
class RoutePlanner {
 public:
  RoutePlanner(Neighbours& neighbours, VenueNeighbours& venues, AlgoStore& store)
      : neighbours_(neighbours), venues_(venues), store_(store) {}

  // NOT_FOUND, INVALID_ARGUMENT, UNAVAILABLE. A venue that cannot be asked is left out, and the plan says so.
  absl::StatusOr<execution::v1::RoutePlan> Plan(const execution::v1::RouteSpec& spec);

 private:
  using Scores = std::map<std::string, execution::VenueQuality>;
  absl::StatusOr<Scores> ReadScores();

  Neighbours& neighbours_;
  VenueNeighbours& venues_;
  AlgoStore& store_;
};

}  // namespace ballast
