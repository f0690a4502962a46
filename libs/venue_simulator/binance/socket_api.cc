// The WebSocket API (web-socket-api.md): the operations of REST, sessions and the streams of accounts.
#include <algorithm>

#include "libs/venue_simulator/binance/market_data.h"
#include "libs/venue_simulator/binance/venue.h"

namespace ballast::venue_simulator::binance {
namespace {

// Weight of what concerns the session alone.
constexpr int kSessionWeight = 2;
// Of every request: whether its answer tells of the limits.
constexpr std::string_view kReturnRateLimits = "returnRateLimits";

std::string TextOf(const venue::Json& value) {
  if (!value.is_array()) return value.text();
  JsonText text;
  text.Open('[');
  for (const venue::Json& item : value.items()) text.Text(item.text());
  text.Close(']');
  return text.Take();
}

// "Sort all params except signature by name", joined as they are: nothing is encoded.
std::string PayloadOf(const Parameters& parameters) {
  Parameters::List sorted = parameters.Without("signature").list();
  std::sort(sorted.begin(), sorted.end());
  std::string payload;
  for (const auto& [name, value] : sorted) {
    if (!payload.empty()) payload += '&';
    payload += name + '=' + value;
  }
  return payload;
}

}  // namespace

std::string Venue::RateLimits(const Socket& socket, AccountId account, UtcTime now) const {
  JsonText text;
  auto limit = [&](const char* type, const char* interval, int count, int most, int used) {
    text.Open('{').Text("rateLimitType", type).Text("interval", interval).Number("intervalNum", count);
    text.Number("limit", most).Number("count", used).Close('}');
  };
  text.Open('[');
  if (account != 0) {
    limit("ORDERS", "SECOND", 10, market_.orders_per_10s, limits_.orders_10s(account, now));
    limit("ORDERS", "DAY", 1, kOrdersPerDay, limits_.orders_day(account));
  }
  limit("REQUEST_WEIGHT", "MINUTE", 1, market_.weight_per_minute, limits_.used(socket.remote));
  text.Close(']');
  return text.Take();
}

std::optional<Failure> Venue::AuthenticateSocket(const Socket& socket, const Parameters& parameters, UtcTime now,
                                                 const ApiKey** key) {
  if (!socket.api_key.empty() && !parameters.Has("apiKey") && !parameters.Has("signature")) {
    *key = keys_.Find(socket.api_key);
    if (*key == nullptr) return Failure{-2015, "Invalid API-key, IP, or permissions for action.", 401};
    return CheckTime(parameters, ServerTime(now));
  }
  if (!parameters.Has("apiKey")) return Missing("apiKey");
  return Authenticate(keys_, parameters.Get("apiKey"), parameters, PayloadOf(parameters), ServerTime(now), key);
}

// Nothing, where it is a method of the market or of an account's orders.
std::optional<Reply> Venue::RunSession(Socket& socket, std::string_view method, const Parameters& parameters,
                                       UtcTime now) {
  auto status = [&] {
    JsonText text;
    text.Open('{');
    if (socket.api_key.empty()) {
      text.Key("apiKey").Null().Key("authorizedSince").Null();
    } else {
      text.Text("apiKey", socket.api_key).Number("authorizedSince", socket.unit(socket.authorized));
    }
    text.Number("connectedSince", socket.unit(socket.connected))
        .Bool("returnRateLimits", socket.rate_limits)
        .Number("serverTime", socket.unit(ServerTime(now)))
        .Bool("userDataStream", !socket.subscriptions.empty())
        .Close('}');
    return Reply(text.Take());
  };
  auto subscribe = [&](AccountId account) -> Reply {
    for (const auto& [id, of] : socket.subscriptions) {
      if (of == account) return Failure{-2035, "User Data Stream subscription already active."};
    }
    std::int64_t id = socket.subscriptions_made++;
    socket.subscriptions[id] = account;
    JsonText text;
    text.Open('{').Number("subscriptionId", id).Close('}');
    return Reply(text.Take());
  };
  if (method == "session.status") return status();
  if (method == "session.logon") {
    const ApiKey* key = nullptr;
    if (!parameters.Has("apiKey")) return Missing("apiKey");
    auto failure =
        Authenticate(keys_, parameters.Get("apiKey"), parameters, PayloadOf(parameters), ServerTime(now), &key);
    if (failure) return *failure;
    if (!key->MayLogOn()) return Failure{-1020, "This operation is not supported."};
    socket.api_key = parameters.Get("apiKey");
    socket.authorized = ServerTime(now);
    return status();
  }
  if (method == "session.logout") {
    socket.api_key.clear();
    socket.subscriptions.erase(socket.session_subscription);
    socket.session_subscription = -1;
    return status();
  }
  if (method == "session.subscriptions") {
    JsonText text;
    text.Open('[');
    for (const auto& [id, account] : socket.subscriptions) {
      text.Open('{').Number("subscriptionId", id).Close('}');
    }
    text.Close(']');
    return Reply(text.Take());
  }
  if (method == "userDataStream.subscribe") {
    const ApiKey* key = keys_.Find(socket.api_key);
    if (key == nullptr) return Failure{-2015, "Invalid API-key, IP, or permissions for action.", 401};
    Reply reply = subscribe(key->account);
    if (reply.ok()) socket.session_subscription = socket.subscriptions_made - 1;
    return reply;
  }
  if (method == "userDataStream.subscribe.signature") {
    const ApiKey* key = nullptr;
    if (!parameters.Has("apiKey")) return Missing("apiKey");
    auto failure =
        Authenticate(keys_, parameters.Get("apiKey"), parameters, PayloadOf(parameters), ServerTime(now), &key);
    return failure ? Reply(*failure) : subscribe(key->account);
  }
  if (method == "userDataStream.unsubscribe") {
    std::optional<Failure> failure;
    auto id = parameters.Int("subscriptionId", failure);
    if (failure) return *failure;
    if (socket.subscriptions.empty() || (id && !socket.subscriptions.contains(*id))) {
      return Failure{-2036, "User Data Stream subscription not active."};
    }
    if (id) {
      socket.subscriptions.erase(*id);
    } else {
      socket.subscriptions.clear();
    }
    return Reply("{}");
  }
  return std::nullopt;
}

Venue::Fate Venue::RunSocketCall(Socket& socket, std::string_view method, const Parameters& parameters, UtcTime now,
                                 Reply* reply, AccountId* account, std::int64_t* retry_after) {
  const Operation* operation = nullptr;
  for (const Operation& candidate : Operations()) {
    if (candidate.socket_method == method) operation = &candidate;
  }
  constexpr Operation kSession{.weight = kSessionWeight};
  auto refuse = [&](const Refused& refused) {
    *reply = refused.failure;
    *retry_after = refused.retry_after;
    return Fate::kDone;
  };
  if (auto refused = Gate(operation == nullptr ? kSession : *operation, socket.remote, now)) return refuse(*refused);
  if (operation == nullptr) {
    auto session = RunSession(socket, method, parameters, now);
    *reply = session ? *session : Reply(Failure{-1020, "This operation is not supported."});
    return Fate::kDone;
  }
  Call call{.parameters = parameters, .now = ServerTime(now), .unit = socket.unit};
  if (operation->security == Security::kSigned) {
    const ApiKey* key = nullptr;
    if (auto failure = AuthenticateSocket(socket, parameters, now, &key)) return refuse({*failure});
    call.account = key->account;
    call.may_trade = key->may_trade;
  }
  Parameters own = parameters.Without(kReturnRateLimits);
  for (std::string_view name : kSecurityNames) own = own.Without(name);
  if (auto bad = own.Check(operation->names)) return refuse({*bad});
  if (operation->orders > 0) {
    if (auto refused = limits_.Order(call.account, operation->orders, market_, now)) return refuse(*refused);
  }
  if (operation->changes_orders()) *account = call.account;
  Call run{.parameters = own, .account = call.account, .may_trade = call.may_trade, .now = call.now, .unit = call.unit};
  return Run(*operation, run, socket.remote, reply, now);
}

void Venue::ReceiveCall(std::uint64_t id, Socket& socket, std::string_view text, UtcTime now) {
  UtcTime due = now + Duration::Millis(faults_.latency_ms);
  auto request = venue::Json::Parse(text);
  std::string request_id = "null";
  Reply reply;
  AccountId account = 0;
  std::int64_t retry_after = 0;
  bool rate_limits = socket.rate_limits;
  if (!request.ok() || !request->is_object() || (*request)["method"].kind() != venue::Json::Kind::kString) {
    reply = Failure{-1135, "Invalid JSON Request"};
  } else {
    const venue::Json& given = (*request)["id"];
    JsonText written;
    if (given.kind() == venue::Json::Kind::kString) {
      written.Text(given.text());
    } else if (given.kind() == venue::Json::Kind::kNumber) {
      written.Raw(given.text());
    } else {
      written.Null();
    }
    request_id = written.Take();
    Parameters::List list;
    for (const auto& [name, value] : (*request)["params"].members()) {
      // Stays among the parameters: it is signed with them.
      if (name == kReturnRateLimits) rate_limits = value.IsTrue();
      if (!value.is_null()) list.emplace_back(name, TextOf(value));
    }
    // "May be prefixed with explicit version".
    std::string_view method = (*request)["method"].text();
    if (method.starts_with("v3/")) method.remove_prefix(3);
    Fate fate = RunSocketCall(socket, method, Parameters(std::move(list)), now, &reply, &account, &retry_after);
    if (fate == Fate::kLost) {
      outgoing_.push_back({id, "", true, due});
      return;
    }
  }
  JsonText out;
  out.Open('{').Key("id").Raw(request_id).Number("status", reply.status);
  if (reply.ok()) {
    out.Key("result").Raw(reply.json);
  } else if (retry_after > 0) {
    // {"code":…,"msg":…} with what to wait for.
    JsonText data;
    data.Open('{')
        .Number("serverTime", TimeUnit{}(ServerTime(now)))
        .Number("retryAfter", TimeUnit{}(ServerTime(now)) + retry_after * 1000)
        .Close('}');
    std::string error = reply.json.substr(0, reply.json.size() - 1) + ",\"data\":" + data.Take() + "}";
    out.Key("error").Raw(error);
  } else {
    out.Key("error").Raw(reply.json);
  }
  if (rate_limits) out.Key("rateLimits").Raw(RateLimits(socket, account, now));
  out.Close('}');
  Push(id, out.Take(), due);
}

}  // namespace ballast::venue_simulator::binance
