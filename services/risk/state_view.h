#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ballast/risk/v1/risk_service.pb.h"
#include "libs/risk/pre_trade.h"
#include "services/risk/breaker_store.h"

namespace ballast {

// What risk knows of one account at one moment, for people: what is used of each limit, whether it may open risk and
// why not. Lives no longer than what it refers to.
struct StateView {
  const risk::Exposure& exposure;
  const risk::Limits& limits;
  const risk::Market& market;
  // Of the ages of quotes.
  std::int64_t now_ns = 0;
  UtcTime market_time;
  bool lockstep = false;
  bool replayed = false;
  // Why its log cannot be read on; null: it can.
  const std::string* stopped = nullptr;
  // Tripped and in the way of the account, or of the deployment that is asked about.
  std::vector<std::pair<BreakerKey, const risk::BreakerBlock*>> breakers;

  // Everything but the account's name.
  void Describe(risk::v1::GetRiskStateResponse* response) const;
  // May risk be opened? Everything but the names of account and deployment.
  void DescribeOpening(risk::v1::OpeningAnswer* answer) const;
  void DescribeLossRules(std::optional<Decimal> equity,
                         google::protobuf::RepeatedPtrField<risk::v1::LossRule>* out) const;

 private:
  void DescribeUses(Decimal equity, Decimal gross, risk::v1::GetRiskStateResponse* response) const;
  [[nodiscard]] std::int64_t MarkAgeMillis(const Symbol& symbol, const ledger::Mark& mark) const;
  [[nodiscard]] bool MarkIsStale(const Symbol& symbol, const ledger::Mark& mark) const;
};

}  // namespace ballast
