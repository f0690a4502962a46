#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/utc_time.h"
#include "libs/brokers/ibkr/contract.h"

// What a client asks, as payloads for Frame(). `server_version` is kVersionMin to kVersionMax. Those with text in them
// give INVALID_ARGUMENT where a text holds a NUL. Orders: place_order.h.
namespace ballast::ibkr {

// The first message after the handshake. The id has to be the only one of its number at this TWS; orders belong to it.
std::string StartApi(std::int64_t client_id);
// NextValidId follows.
std::string RequestIds();
// Error 202 and a status of "Cancelled" confirm it.
std::string CancelOrder(std::int64_t order_id, int server_version);
// Of the whole account, those of other clients and of people too.
std::string CancelAllOrders();

// This client's; all clients'. Both end with EndOf kOpenOrders.
std::string RequestOpenOrders();
std::string RequestAllOpenOrders();
// All clients'; those of today that have ended.
std::string RequestCompletedOrders();
// Goes on telling until the connection ends.
std::string RequestPositions();

struct ExecutionFilter {
  // Empty: every one.
  std::string account;
  std::string symbol;
  // Nothing: since midnight, and further back nothing is told.
  std::optional<UtcTime> since;
};
absl::StatusOr<std::string> RequestExecutions(std::int64_t request_id, const ExecutionFilter& filter);

// Of every account of this user. Tags: "NetLiquidation", "BuyingPower" …
absl::StatusOr<std::string> RequestAccountSummary(std::int64_t request_id, const std::vector<std::string>& tags);

absl::StatusOr<std::string> RequestContractDetails(std::int64_t request_id, const Contract& contract,
                                                   int server_version);

// `snapshot`: the prices of now, once. INVALID_ARGUMENT also for a combination ("BAG"): its legs are not written here.
absl::StatusOr<std::string> RequestMarketData(std::int64_t request_id, const Contract& contract, bool snapshot);

struct HistoryRange {
  // Nothing: now.
  std::optional<UtcTime> end;
  // In the venue's words: "1 min", "1 day"; "1 D", "2 W".
  std::string bar_size;
  std::string duration;
  bool regular_hours_only = true;
  // "TRADES", "MIDPOINT", "BID", "ASK".
  std::string what = "TRADES";
  // Bars' times as seconds since 1970; else as text in a zone of the venue's choice.
  bool epoch_times = true;
};
absl::StatusOr<std::string> RequestHistoricalData(std::int64_t request_id, const Contract& contract,
                                                  const HistoryRange& range);

// The twelve fields of a contract as requests have them. Zero and "not said" are written as empty fields, which the
// venue reads as its own defaults.
void AppendContract(const Contract& contract, std::vector<std::string>& fields);

}  // namespace ballast::ibkr
