#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/broker/v1/broker_service.pb.h"
#include "ballast/risk/v1/risk_service.pb.h"
#include "libs/orders/account.h"

namespace ballast {

// An answer to whoever asked. `status` not OK: nothing happened.
struct OrderReply {
  absl::Status status;
  Order order;
  bool replayed = false;
  std::vector<RiskCheck> checks;
  // Instead of `checks`: as in OrderEvent.
  std::string encoded_checks;
  std::optional<Rejection> rejection;
};
// Of orders that depend on each other, in the order in which they were asked for.
struct ListReply {
  absl::Status status;
  std::vector<Order> orders;
  bool replayed = false;
  // Of the orders, while the reply is put together.
  std::size_t answered = 0;
};
struct AccountReply {
  absl::Status status;
  orders::Account::Snapshot account;
};

struct ExternalPolicyReply {
  absl::Status status;
  // As it is now.
  ExternalPolicy policy;
  std::optional<Rejection> rejection = std::nullopt;
};

struct AccountSpec {
  AccountId id;
  AccountMode mode = AccountMode::kPaper;
  std::string currency;
  Decimal cash;
  std::string broker;
};

struct ShardOptions {
  std::vector<AccountSpec> accounts;
  std::int64_t risk_timeout_ms = 200;
  std::int64_t intent_age_ms_max = 5'000;
  std::int64_t broker_grace_ms = 1'000;
  std::int64_t duplicate_window_manual_ms = 5'000;
  std::int64_t duplicate_window_strategy_ms = 500;
  // How long an order may wait for the open.
  std::int64_t queue_age_ms_max = 96LL * 3'600'000;
};

// The streams to the neighbours; all are called on the writer's thread. False: not connected.
struct ShardPorts {
  std::function<bool(risk::v1::RiskSessionRequest)> risk;
  // Messages that risk was sent and has not been written to its stream; empty: none ever wait.
  std::function<std::size_t()> risk_unsent = {};
  std::function<bool(broker::v1::OrderSessionRequest)> broker;
  std::function<void()> drop_broker;
  std::function<void()> drop_risk;
  // The process must end.
  std::function<void(const std::string&)> fail;
};

}  // namespace ballast
