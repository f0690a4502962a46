#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/utc_time.h"
#include "libs/venue_simulator/binance/keys.h"
#include "libs/venue_simulator/binance/operations.h"
#include "libs/venue_simulator/binance/parameters.h"
#include "libs/venue_simulator/binance/reply.h"

namespace ballast::venue_simulator::binance {

// Names that belong to a request's security and to no operation.
inline constexpr std::string_view kSecurityNames[] = {"timestamp", "recvWindow", "signature", "apiKey"};

// Whether a request's key, signature and time are good (rest-api.md, "Request Security"). `payload`: the bytes that
// were signed. On success `key` is whose it is.
std::optional<Failure> Authenticate(const KeyBook& keys, std::string_view api_key, const Parameters& parameters,
                                    std::string_view payload, UtcTime server_time, const ApiKey** key);
// The time alone, for a connection that has logged on.
std::optional<Failure> CheckTime(const Parameters& parameters, UtcTime server_time);

struct Refused {
  Failure failure;
  // In seconds.
  std::int64_t retry_after = 0;
};

// Counts what each address and each account asks for (rest-api.md, "LIMITS").
class Limits {
 public:
  // Before a request: 429 where its minute is used up, 418 where it goes on asking all the same.
  std::optional<Refused> Admit(const std::string& remote, int weight, const Market& market, UtcTime now);
  // A successful order costs nothing (CHANGELOG 2026-04-02).
  void GiveBack(const std::string& remote, int weight);
  [[nodiscard]] int used(const std::string& remote) const;

  // Before an order: -1015 where the account has too many unfilled ones in ten seconds.
  std::optional<Refused> Order(AccountId account, int orders, const Market& market, UtcTime now);
  // A fill gives one back.
  void Filled(AccountId account);
  [[nodiscard]] int orders_10s(AccountId account, UtcTime now) const;
  [[nodiscard]] int orders_day(AccountId account) const;

 private:
  struct Usage {
    std::int64_t minute = 0;
    int weight = 0;
    int ignored = 0;
    UtcTime banned_until;
  };
  std::map<std::string, Usage> usage_;
  std::map<AccountId, std::deque<UtcTime>> orders_;
};

}  // namespace ballast::venue_simulator::binance
