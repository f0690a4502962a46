#pragma once

#include "libs/platform/postgres/database.h"
#include "services/broker_gateway/store.h"
#include "services/broker_gateway/store_rows.h"

namespace ballast {

// Broker gateway's part of Postgres: the only SQL here, with store_rows.cc, report_rows.cc and market_rows.cc.
class PostgresBrokerStore : public BrokerStore {
 public:
  // `database` outlives it.
  explicit PostgresBrokerStore(Database& database) : database_(database) {}

  absl::Status Fence() override;
  absl::Status Append(const BrokerCommit& commit) override;
  absl::Status LoadBroker(paper::PaperBroker& venue) override;
  absl::StatusOr<std::vector<broker::OrderDesk::Kept>> LoadKept() override;
  absl::StatusOr<VenueDesks::Brokers> LoadBrokers() override;
  absl::StatusOr<Order> LoadOrder(const OrderId& id) override;
  absl::StatusOr<std::vector<broker::v1::ExecutionReport>> LoadExecutions(const AccountId& account, std::uint64_t after,
                                                                          int limit) override;
  absl::StatusOr<std::vector<broker::v1::ExecutionReport>> LoadVenueTrades(const AccountId& account,
                                                                           std::uint64_t after, int limit) override;
  absl::Status SaveEpochs(const std::set<AccountId>& accounts, std::uint64_t epoch) override;
  absl::StatusOr<std::map<AccountId, std::uint64_t>> LoadEpochs() override;
  absl::Status SaveMarket(const market::SourceState& state, const std::vector<Bar>& bars) override;
  absl::StatusOr<market::SourceState> LoadMarket(const std::string& key) override;
  absl::Status RefuseOtherReplay(const std::string& key) override;
  absl::StatusOr<std::vector<Bar>> LoadBars(const std::string& key, const Symbol& symbol, const std::string& timeframe,
                                            int limit) override;

 private:
  // The trades from before there was a record of them are taken from what was told of them.
  absl::Status FillVenueTrades();
  absl::StatusOr<std::vector<broker::v1::ExecutionReport>> LoadPages(const char* query, const AccountId& account,
                                                                     std::uint64_t after, int limit);

  Database& database_;
  std::uint64_t epoch_ = 0;
  // As the commits of this writer left them. Who appends only.
  StoredPositions stored_;
};

}  // namespace ballast
