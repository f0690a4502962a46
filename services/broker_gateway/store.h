#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "ballast/broker/v1/broker_service.pb.h"
#include "libs/brokers/paper/paper_broker.h"
#include "libs/market/source.h"
#include "libs/platform/postgres/database.h"
#include "services/broker_gateway/venue_desks.h"

namespace ballast {

// Broker gateway's part of Postgres: the only SQL here. Blocks.
class BrokerStore {
 public:
  explicit BrokerStore(Database& database) : database_(database) {}
  virtual ~BrokerStore() = default;

  absl::Status Fence();
  // Everything in `changes` as it is now, for one transaction (its executions as `reports`); with `market` also where
  // the market stands and its new bars, so that a step and what it traded are there together or not at all.
  // `kept`: news of what the desks have out; `joined`: accounts that are with another broker than paper.
  static SqlBatch Rows(const std::vector<broker::v1::ExecutionReport>& reports, const paper::PaperBroker& broker,
                       const paper::Changes& changes, const market::SourceState* market, const std::vector<Bar>& bars,
                       const VenueDesks::Kept& kept = {}, const VenueDesks::Brokers& joined = {});
  //   as runtime::CommitPort::append; a test may let it fail.
  virtual absl::Status Append(const SqlBatch& rows);
  // Ledgers and the working orders, however many there ever were.
  absl::Status LoadBroker(paper::PaperBroker& broker);
  // Of every order that is out or asked for.
  absl::StatusOr<std::vector<broker::OrderDesk::Kept>> LoadKept();
  // Of the accounts that are not with the paper venue.
  absl::StatusOr<VenueDesks::Brokers> LoadBrokers();
  // NOT_FOUND when there never was one.
  absl::StatusOr<Order> LoadOrder(const OrderId& id);
  // One that cannot be read is told as STATUS_UNKNOWN, with its number: those after it do not wait for it.
  absl::StatusOr<std::vector<broker::v1::ExecutionReport>> LoadExecutions(const AccountId& account, std::uint64_t after,
                                                                          int limit);
  // The venue's own record of its trades, `execution_sequence` being their numbers.
  absl::StatusOr<std::vector<broker::v1::ExecutionReport>> LoadVenueTrades(const AccountId& account,
                                                                           std::uint64_t after, int limit);
  // Before LoadBroker: the trades from before there was such a record are taken from what was told of them.
  absl::Status FillVenueTrades();
  // The newest order manager each account was seen with; one that is stored never goes back.
  absl::Status SaveEpochs(const std::set<AccountId>& accounts, std::uint64_t epoch);
  absl::StatusOr<std::map<AccountId, std::uint64_t>> LoadEpochs();
  absl::Status SaveMarket(const market::SourceState& state, const std::vector<Bar>& bars);
  // Step 0 when nothing is stored for `key`.
  absl::StatusOr<market::SourceState> LoadMarket(const std::string& key);
  // FAILED_PRECONDITION when another replay than `key` was begun here.
  absl::Status RefuseOtherReplay(const std::string& key);
  // The newest `limit` of the source `key`, oldest first.
  absl::StatusOr<std::vector<Bar>> LoadBars(const std::string& key, const Symbol& symbol, const std::string& timeframe,
                                            int limit);

 private:
  absl::StatusOr<std::vector<broker::v1::ExecutionReport>> LoadPages(const char* query, const AccountId& account,
                                                                     std::uint64_t after, int limit);

  Database& database_;
  std::uint64_t epoch_ = 0;
};

void ToProto(const broker::Execution& execution, broker::v1::ExecutionReport* out);

}  // namespace ballast
