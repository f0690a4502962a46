#include "services/order_management/account_config.h"

#include <algorithm>
#include <vector>

#include "libs/base/absl_std.h"
#include "libs/broker/capabilities.h"

namespace ballast {

absl::StatusOr<Shard::AccountSpec> ParseAccount(const std::string& text) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == ':')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  if (parts.size() == 4) parts.emplace_back("paper");
  if (parts.size() != 5)
    return absl::InvalidArgumentError(ToAbsl("accounts: id:mode:currency:cash[:broker] expected, not " + text));
  Shard::AccountSpec spec;
  spec.id = AccountId(parts[0]);
  if (parts[1] != "PAPER") {
    return absl::InvalidArgumentError(
        ToAbsl("accounts: " + parts[0] + ": only PAPER accounts can be opened from configuration"));
  }
  spec.mode = AccountMode::kPaper;
  spec.currency = parts[2];
  absl::StatusOr<Decimal> cash = Decimal::Parse(parts[3]);
  if (!cash.ok()) {
    return absl::InvalidArgumentError(
        ToAbsl("accounts: " + parts[0] + ": opening cash '" + parts[3] + "': " + MessageOf(cash.status())));
  }
  spec.cash = *cash;
  spec.broker = parts[4];
  const std::vector<std::string> known = broker::KnownBrokers();
  if (std::find(known.begin(), known.end(), spec.broker) == known.end()) {
    return absl::InvalidArgumentError(
        ToAbsl("accounts: " + parts[0] + ": BROKER_UNSUPPORTED: " + broker::UnknownBroker(spec.broker, known).message));
  }
  return spec;
}

}  // namespace ballast
