#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "libs/brokers/binance/hosts.h"
#include "services/broker_gateway/registry.h"

namespace ballast {

// Binance spot as one of the brokers: its settings, and a session over the network for each account.
BrokerEntry BinanceEntry();

// Where it is, as configured: binance_environment, and what is named instead. FAILED_PRECONDITION: real money would be
// moved there. Order management opens no account for that yet, and what it takes for paper must not be.
absl::StatusOr<binance::Hosts> BinanceHosts(const std::map<std::string, std::string>& settings);
// The venue's names of what is traded. INVALID_ARGUMENT: there are none, too many, or one is no name.
absl::StatusOr<std::vector<std::string>> BinanceSymbols(const std::map<std::string, std::string>& settings);

}  // namespace ballast
