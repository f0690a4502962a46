#include "libs/venue_simulator/binance/access.h"

#include <algorithm>

#include "libs/venue_simulator/binance/market_data.h"

namespace ballast::venue_simulator::binance {
namespace {

constexpr std::int64_t kMinute = 60'000'000'000;
constexpr Duration kOrderWindow = Duration::Seconds(10);
// "IP bans scale in duration from 2 minutes to 3 days": the first one. Asking this often after a 429 earns it.
constexpr Duration kBan = Duration::Seconds(120);
constexpr int kIgnoredMax = 10;

std::int64_t SecondsUntil(UtcTime then, UtcTime now) {
  return std::max<std::int64_t>((then - now).nanos / 1'000'000'000 + 1, 1);
}

}  // namespace

std::optional<Failure> CheckTime(const Parameters& parameters, UtcTime server_time) {
  std::optional<Failure> failure;
  auto time = parameters.Time("timestamp", failure);
  if (failure) return failure;
  if (!time) return Missing("timestamp");
  Decimal window = Decimal::FromInt(5000);
  if (parameters.Has("recvWindow")) {
    window = parameters.Amount("recvWindow", failure).value_or(Decimal());
    if (failure) return failure;
    if (window > Decimal::FromInt(60'000)) return Failure{-1131, "recvWindow must be less than 60000"};
  }
  // In milliseconds with three places.
  auto window_micros = static_cast<std::int64_t>(Multiply(window, Decimal::FromInt(1000), Rounding::kDown).units() /
                                                 Decimal::FromInt(1).units());
  if (*time >= server_time + Duration::Seconds(1)) {
    return Failure{-1021, "Timestamp for this request was 1000ms ahead of the server's time."};
  }
  if ((server_time - *time).nanos > window_micros * 1000) {
    return Failure{-1021, "Timestamp for this request is outside of the recvWindow."};
  }
  return std::nullopt;
}

std::optional<Failure> Authenticate(const KeyBook& keys, std::string_view api_key, const Parameters& parameters,
                                    std::string_view payload, UtcTime server_time, const ApiKey** key) {
  constexpr std::size_t kKeyLengthMax = 200;
  bool legal =
      !api_key.empty() && api_key.size() <= kKeyLengthMax && std::all_of(api_key.begin(), api_key.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      });
  if (!legal) return Failure{-2014, "API-key format invalid.", 401};
  *key = keys.Find(api_key);
  if (*key == nullptr) return Failure{-2015, "Invalid API-key, IP, or permissions for action.", 401};
  for (const char* name : {"timestamp", "signature"}) {
    if (!parameters.Has(name)) return Missing(name);
  }
  if (!(*key)->Signed(payload, parameters.Get("signature"))) {
    return Failure{-1022, "Signature for this request is not valid."};
  }
  return CheckTime(parameters, server_time);
}

std::optional<Refused> Limits::Admit(const std::string& remote, int weight, const Market& market, UtcTime now) {
  Usage& usage = usage_[remote];
  if (now < usage.banned_until) {
    return Refused{
        {-1003,
         "Way too much request weight used; IP banned until " + std::to_string(usage.banned_until.nanos / 1'000'000) +
             ". Please use WebSocket Streams for live updates to avoid bans.",
         418},
        SecondsUntil(usage.banned_until, now)};
  }
  std::int64_t minute = now.nanos / kMinute;
  if (usage.minute != minute) usage = {.minute = minute};
  if (usage.weight + weight > market.weight_per_minute) {
    if (++usage.ignored > kIgnoredMax) usage.banned_until = now + kBan;
    return Refused{{-1003,
                    "Too much request weight used; current limit is " + std::to_string(market.weight_per_minute) +
                        " request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling "
                        "the API.",
                    429},
                   SecondsUntil(UtcTime{(minute + 1) * kMinute}, now)};
  }
  usage.weight += weight;
  return std::nullopt;
}

void Limits::GiveBack(const std::string& remote, int weight) {
  Usage& usage = usage_[remote];
  usage.weight = std::max(0, usage.weight - weight);
}

int Limits::used(const std::string& remote) const {
  auto found = usage_.find(remote);
  return found == usage_.end() ? 0 : found->second.weight;
}

std::optional<Refused> Limits::Order(AccountId account, int orders, const Market& market, UtcTime now) {
  std::deque<UtcTime>& times = orders_[account];
  while (!times.empty() && now - times.front() > Duration::Seconds(86'400)) times.pop_front();
  int recent = orders_10s(account, now);
  if (recent + orders > market.orders_per_10s) {
    auto first = std::find_if(times.begin(), times.end(), [&](UtcTime time) { return now - time < kOrderWindow; });
    UtcTime free = first == times.end() ? now : *first + kOrderWindow;
    return Refused{
        {-1015,
         "Too many new orders; current limit is " + std::to_string(market.orders_per_10s) + " orders per 10 SECOND.",
         429},
        SecondsUntil(free, now)};
  }
  for (int order = 0; order < orders; ++order) times.push_back(now);
  return std::nullopt;
}

void Limits::Filled(AccountId account) {
  std::deque<UtcTime>& times = orders_[account];
  if (!times.empty()) times.pop_back();
}

int Limits::orders_10s(AccountId account, UtcTime now) const {
  auto found = orders_.find(account);
  if (found == orders_.end()) return 0;
  return static_cast<int>(std::count_if(found->second.begin(), found->second.end(),
                                        [&](UtcTime time) { return now - time < kOrderWindow; }));
}

int Limits::orders_day(AccountId account) const {
  auto found = orders_.find(account);
  return found == orders_.end() ? 0 : static_cast<int>(found->second.size());
}

}  // namespace ballast::venue_simulator::binance
