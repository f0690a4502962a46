#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/broker/v1/broker_service.pb.h"
#include "libs/brokers/paper/paper_broker.h"
#include "libs/market/source.h"
#include "services/broker_gateway/venue_desks.h"

namespace ballast {

// What becomes durable together: a step of the market and what it traded are there together or not at all.
struct BrokerCommit {
  // Gapless in each account.
  std::vector<broker::v1::ExecutionReport> reports;
  // The paper venue's own record of its trades, `execution_sequence` being their numbers.
  std::vector<broker::v1::ExecutionReport> trades = {};
  // As the paper venue has them now.
  struct VenueOrder {
    Order order;
    paper::VenueState state;
  };
  std::vector<VenueOrder> orders = {};
  std::vector<paper::Ledger> ledgers = {};
  // News of what the desks have out, and accounts that are with another broker than paper.
  VenueDesks::Kept kept = {};
  VenueDesks::Brokers joined = {};
  // Where the market stands, where that is news, and its new bars.
  std::optional<market::SourceState> market = {};
  std::vector<Bar> bars = {};
};
// Everything in `changes` as it is at the venue now; its executions are `reports`.
BrokerCommit CommitOf(std::vector<broker::v1::ExecutionReport> reports, const paper::PaperBroker& venue,
                      const paper::Changes& changes);

// What the gateway asks of its storage, and nothing else. Every function blocks; any thread. store_test.cc holds
// whatever implements it to the same promises.
class BrokerStore {
 public:
  BrokerStore() = default;
  virtual ~BrokerStore() = default;
  BrokerStore(const BrokerStore&) = delete;
  BrokerStore& operator=(const BrokerStore&) = delete;

  // Takes the writer's place; what an older one writes fails from now on.
  [[nodiscard]] virtual absl::Status Fence() = 0;
  // All of it or nothing; codes as runtime::CommitPort::append. ALREADY_EXISTS: a number of a report is given already.
  [[nodiscard]] virtual absl::Status Append(const BrokerCommit& commit) = 0;

  // Ledgers and the working orders, however many there ever were.
  [[nodiscard]] virtual absl::Status LoadBroker(paper::PaperBroker& venue) = 0;
  // Of every order that is out or asked for, by order id.
  [[nodiscard]] virtual absl::StatusOr<std::vector<broker::OrderDesk::Kept>> LoadKept() = 0;
  // Of the accounts that are not with the paper venue.
  [[nodiscard]] virtual absl::StatusOr<VenueDesks::Brokers> LoadBrokers() = 0;
  // As the paper venue had it. NOT_FOUND when there never was one.
  [[nodiscard]] virtual absl::StatusOr<Order> LoadOrder(const OrderId& id) = 0;
  // At most `limit`, in order, after `after`. One that cannot be read is told as STATUS_UNKNOWN, with its number: those
  // after it do not wait for it.
  [[nodiscard]] virtual absl::StatusOr<std::vector<broker::v1::ExecutionReport>> LoadExecutions(
      const AccountId& account, std::uint64_t after, int limit) = 0;
  // The same of BrokerCommit::trades.
  [[nodiscard]] virtual absl::StatusOr<std::vector<broker::v1::ExecutionReport>> LoadVenueTrades(
      const AccountId& account, std::uint64_t after, int limit) = 0;
  // The newest order manager each account was seen with; one that is stored never goes back.
  [[nodiscard]] virtual absl::Status SaveEpochs(const std::set<AccountId>& accounts, std::uint64_t epoch) = 0;
  [[nodiscard]] virtual absl::StatusOr<std::map<AccountId, std::uint64_t>> LoadEpochs() = 0;

  // Where the market stands and its new bars; of many bars a part may be there when it fails, and the same again is
  // right. Bars that are there stay as they are. FAILED_PRECONDITION: a newer writer exists.
  [[nodiscard]] virtual absl::Status SaveMarket(const market::SourceState& state, const std::vector<Bar>& bars) = 0;
  // Step 0 when nothing is stored for `key`.
  [[nodiscard]] virtual absl::StatusOr<market::SourceState> LoadMarket(const std::string& key) = 0;
  // FAILED_PRECONDITION when another replay than `key` was begun here.
  [[nodiscard]] virtual absl::Status RefuseOtherReplay(const std::string& key) = 0;
  // The newest `limit` of the source `key`, oldest first.
  [[nodiscard]] virtual absl::StatusOr<std::vector<Bar>> LoadBars(const std::string& key, const Symbol& symbol,
                                                                  const std::string& timeframe, int limit) = 0;
};

void ToProto(const broker::Execution& execution, broker::v1::ExecutionReport* out);

}  // namespace ballast
