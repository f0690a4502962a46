#include "libs/brokers/ibkr/requests.h"

#include "libs/brokers/ibkr/fields.h"
#include "libs/brokers/ibkr/frame.h"

namespace ballast::ibkr {
namespace {

using Fields = std::vector<std::string>;

// From this version on.
constexpr int kManualCancelTime = 169;
constexpr int kBondIssuer = 176;

// Of numbers only, which hold no NUL.
std::string Plain(const Fields& fields) { return JoinFields(fields).value(); }

bool IsCombination(const Contract& contract) { return contract.security_type == "BAG"; }

absl::Status NoLegs() { return absl::InvalidArgumentError("the legs of a combination are not written here"); }

}  // namespace

void AppendContract(const Contract& contract, Fields& fields) {
  fields.push_back(contract.con_id == 0 ? "" : std::to_string(contract.con_id));
  fields.push_back(contract.symbol);
  fields.push_back(contract.security_type);
  fields.push_back(contract.last_trade_date);
  fields.push_back(contract.strike && !contract.strike->IsZero() ? contract.strike->ToString() : "");
  fields.push_back(contract.right);
  fields.push_back(contract.multiplier);
  fields.push_back(contract.exchange);
  fields.push_back(contract.primary_exchange);
  fields.push_back(contract.currency);
  fields.push_back(contract.local_symbol);
  fields.push_back(contract.trading_class);
}

std::string StartApi(std::int64_t client_id) { return Plain({"71", "2", std::to_string(client_id), ""}); }

std::string RequestIds() { return Plain({"8", "1", "1"}); }

std::string CancelOrder(std::int64_t order_id, int server_version) {
  Fields fields = {"4", "1", std::to_string(order_id)};
  if (server_version >= kManualCancelTime) fields.emplace_back();
  return Plain(fields);
}

std::string CancelAllOrders() { return Plain({"58", "1"}); }

std::string RequestOpenOrders() { return Plain({"5", "1"}); }

std::string RequestAllOpenOrders() { return Plain({"16", "1"}); }

std::string RequestCompletedOrders() { return Plain({"99", "0"}); }

std::string RequestPositions() { return Plain({"61", "1"}); }

absl::StatusOr<std::string> RequestExecutions(std::int64_t request_id, const ExecutionFilter& filter) {
  return JoinFields({"7", "3", std::to_string(request_id), "", filter.account,
                     filter.since ? WriteTime(*filter.since) : "", filter.symbol, "", "", ""});
}

absl::StatusOr<std::string> RequestAccountSummary(std::int64_t request_id, const std::vector<std::string>& tags) {
  std::string list;
  for (const std::string& tag : tags) list += (list.empty() ? "" : ",") + tag;
  return JoinFields({"62", "1", std::to_string(request_id), "All", list});
}

absl::StatusOr<std::string> RequestContractDetails(std::int64_t request_id, const Contract& contract,
                                                   int server_version) {
  Fields fields = {"9", "8", std::to_string(request_id)};
  AppendContract(contract, fields);
  fields.insert(fields.end(), {"", "", ""});  // expired ones too, kind and number of another identifier
  if (server_version >= kBondIssuer) fields.emplace_back();
  return JoinFields(fields);
}

absl::StatusOr<std::string> RequestMarketData(std::int64_t request_id, const Contract& contract, bool snapshot) {
  if (IsCombination(contract)) return NoLegs();
  Fields fields = {"1", "11", std::to_string(request_id)};
  AppendContract(contract, fields);
  // No delta-neutral contract, no further kinds of ticks, no snapshot that costs money, no options.
  fields.insert(fields.end(), {"0", "", snapshot ? "1" : "0", "0", ""});
  return JoinFields(fields);
}

absl::StatusOr<std::string> RequestHistoricalData(std::int64_t request_id, const Contract& contract,
                                                  const HistoryRange& range) {
  if (IsCombination(contract)) return NoLegs();
  Fields fields = {"20", std::to_string(request_id)};
  AppendContract(contract, fields);
  fields.insert(fields.end(), {"0", range.end ? WriteTime(*range.end) : "", range.bar_size, range.duration,
                               range.regular_hours_only ? "1" : "0", range.what, range.epoch_times ? "2" : "1", "0",
                               ""});  // not kept up to date, no options
  return JoinFields(fields);
}

}  // namespace ballast::ibkr
