#include "libs/venue_simulator/binance/venue.h"

#include <algorithm>

namespace ballast::venue_simulator::binance {
namespace {

constexpr std::string_view kRoot = "/api/v3/";
constexpr Duration kStep = Duration::Millis(250);
constexpr Duration kFast = Duration::Millis(100);
constexpr Duration kSlow = Duration::Seconds(1);

// What was signed: the part of a query or body without its signature, as it was sent.
std::string WithoutSignature(std::string_view encoded) {
  std::string rest;
  while (!encoded.empty()) {
    std::string_view part = encoded.substr(0, encoded.find('&'));
    encoded.remove_prefix(std::min(encoded.size(), part.size() + 1));
    if (part.starts_with("signature=")) continue;
    if (!rest.empty()) rest += '&';
    rest += part;
  }
  return rest;
}

Answer Written(const Reply& reply) {
  Answer answer;
  answer.status = reply.status;
  answer.body = reply.json;
  // The second is nothing of the venue's: who connects can tell that no money is here.
  answer.headers = {{"Content-Type", "application/json;charset=UTF-8"}, {"X-Ballast-Simulator", "binance"}};
  return answer;
}

}  // namespace

Venue::Venue(std::uint64_t seed) : maker_(market_.exchange, seed), rng_(seed + 1) { market_.ids = Rng(seed + 2); }

void Venue::List(Instrument instrument, Decimal price, UtcTime now) {
  constexpr std::int64_t kMinutes = 1000;
  constexpr std::int64_t kNanos = 1'000'000'000;
  // A walk that ends at the price: backwards, a few parts in ten thousand each minute.
  std::deque<Candle> minutes;
  Decimal close = price;
  std::int64_t minute = now.nanos / kNanos / 60 * 60 - 60;
  for (std::int64_t count = 0; count < kMinutes; ++count, minute -= 60) {
    auto near = [&](Decimal value) {
      Decimal part = Decimal::FromInt(10'000 + rng_.Between(-8, 8));
      return std::max(MultiplyDivide(value, part, Decimal::FromInt(10'000), Rounding::kHalfEven)
                          .RoundTo(instrument.tick, Rounding::kHalfEven),
                      instrument.tick);
    };
    Candle bar{.start = minute};
    bar.close = close;
    bar.open = near(close);
    bar.high = std::max({bar.open, bar.close, near(close)});
    bar.low = std::min({bar.open, bar.close, near(close)});
    bar.trades = rng_.Between(10, 90);
    bar.volume = Divide(Decimal::FromInt(rng_.Between(1000, 90'000)), close, Rounding::kDown)
                     .RoundTo(instrument.lot, Rounding::kUp);
    bar.quote_volume = Multiply(bar.volume, close, Rounding::kHalfEven);
    bar.taken_volume =
        Divide(bar.volume, Decimal::FromInt(2), Rounding::kDown).RoundTo(instrument.lot, Rounding::kDown);
    bar.taken_quote_volume = Multiply(bar.taken_volume, close, Rounding::kHalfEven);
    close = bar.open;
    minutes.push_front(bar);
  }
  market_.candles[instrument.symbol].Begin(std::move(minutes));
  told_[instrument.symbol];
  market_.exchange.List(std::move(instrument), price);
  maker_.Step(now);
  Pump(now);
}

std::optional<Refused> Venue::Gate(const Operation& operation, const std::string& remote, UtcTime now) {
  if (now < faults_.banned_until) {
    std::int64_t seconds = (faults_.banned_until - now).nanos / 1'000'000'000 + 1;
    return Refused{
        {-1003,
         "Way too much request weight used; IP banned until " + std::to_string(faults_.banned_until.nanos / 1'000'000) +
             ". Please use WebSocket Streams for live updates to avoid bans.",
         418},
        seconds};
  }
  if (Uses(faults_.rate_limits)) {
    return Refused{{-1003,
                    "Too much request weight used; current limit is " + std::to_string(market_.weight_per_minute) +
                        " request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling "
                        "the API.",
                    429},
                   1};
  }
  if (faults_.maintenance) return Refused{{-1016, "This service is no longer available.", 503}};
  if (Uses(faults_.busy)) {
    return Refused{
        {-1008, "Server is currently overloaded with other requests. Please try again in a few minutes.", 503}};
  }
  return limits_.Admit(remote, operation.weight, market_, now);
}

Venue::Fate Venue::Run(const Operation& operation, const Call& call, const std::string& remote, Reply* reply,
                       UtcTime now) {
  const Failure unknown{
      -1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown.", 504};
  bool orders = operation.changes_orders();
  if (orders && Uses(faults_.drop_requests)) return Fate::kLost;
  if (orders && Uses(faults_.timeouts_before)) {
    *reply = unknown;
    return Fate::kDone;
  }
  if (orders && Uses(faults_.rejects)) {
    *reply = Failure{operation.orders > 0 ? -2010 : -2011, "This action is disabled on this account."};
    return Fate::kDone;
  }
  *reply = operation.run(market_, call);
  Pump(now);
  if (orders && reply->ok()) limits_.GiveBack(remote, operation.weight);
  if (orders && Uses(faults_.timeouts_after)) *reply = unknown;
  return orders && Uses(faults_.drop_answers) ? Fate::kLost : Fate::kDone;
}

std::vector<std::pair<std::string, std::string>> Venue::UsageHeaders(const std::string& remote, AccountId account,
                                                                     UtcTime now) const {
  std::vector<std::pair<std::string, std::string>> headers{
      {"X-MBX-USED-WEIGHT", std::to_string(limits_.used(remote))},
      {"X-MBX-USED-WEIGHT-1M", std::to_string(limits_.used(remote))}};
  if (account != 0) {
    headers.emplace_back("X-MBX-ORDER-COUNT-10S", std::to_string(limits_.orders_10s(account, now)));
    headers.emplace_back("X-MBX-ORDER-COUNT-1D", std::to_string(limits_.orders_day(account)));
  }
  return headers;
}

Answer Venue::Ask(const Question& question, UtcTime now) {
  const Operation* operation = nullptr;
  bool known_path = false;
  for (const Operation& candidate : Operations()) {
    bool path = question.path.starts_with(kRoot) && question.path.substr(kRoot.size()) == candidate.path;
    known_path |= path;
    if (path && candidate.method == question.method) operation = &candidate;
  }
  if (operation == nullptr) {
    Answer answer =
        Written(Failure{0, known_path ? "Request method is not supported" : "Not Found", known_path ? 405 : 404});
    if (!known_path) answer.body = "{\"code\":-1000,\"msg\":\"no such path\"}";
    return answer;
  }
  Duration delay = Duration::Millis(faults_.latency_ms);
  auto refuse = [&](const Refused& refused) {
    Answer answer = Written(refused.failure);
    if (refused.retry_after > 0) answer.headers.emplace_back("Retry-After", std::to_string(refused.retry_after));
    answer.delay = delay;
    return answer;
  };
  if (auto refused = Gate(*operation, question.remote, now)) return refuse(*refused);

  Parameters::List list;
  Parameters::List of_body;
  std::optional<Failure> failure = Parameters::Read(question.query, &list);
  if (!failure) failure = Parameters::Read(question.body, &of_body);
  if (failure) return refuse({*failure});
  for (auto& entry : of_body) {
    // "If a parameter sent in both the query string and request body, the query string parameter will be used."
    bool in_query =
        std::any_of(list.begin(), list.end(), [&](const auto& other) { return other.first == entry.first; });
    if (!in_query) list.push_back(std::move(entry));
  }
  Parameters parameters(std::move(list));
  Call call{.parameters = parameters, .now = ServerTime(now), .unit = {question.micros}};
  if (operation->security == Security::kSigned) {
    const ApiKey* key = nullptr;
    std::string payload = WithoutSignature(question.query) + WithoutSignature(question.body);
    failure = Authenticate(keys_, question.api_key, parameters, payload, ServerTime(now), &key);
    if (failure) return refuse({*failure});
    call.account = key->account;
    call.may_trade = key->may_trade;
  }
  Parameters own = parameters;
  for (std::string_view name : kSecurityNames) {
    if (operation->security == Security::kSigned && name != "apiKey") own = own.Without(name);
  }
  if (auto bad = own.Check(operation->names)) return refuse({*bad});
  if (operation->orders > 0) {
    if (auto refused = limits_.Order(call.account, operation->orders, market_, now)) return refuse(*refused);
  }
  Call run{.parameters = own, .account = call.account, .may_trade = call.may_trade, .now = call.now, .unit = call.unit};
  Reply reply;
  if (Run(*operation, run, question.remote, &reply, now) == Fate::kLost) {
    Answer answer;
    answer.dropped = true;
    answer.delay = delay;
    return answer;
  }
  Answer answer = Written(reply);
  answer.delay = delay;
  for (auto& header : UsageHeaders(question.remote, operation->changes_orders() ? call.account : 0, now)) {
    answer.headers.push_back(std::move(header));
  }
  return answer;
}

void Venue::Push(std::uint64_t socket, std::string text, UtcTime due) {
  outgoing_.push_back({.socket = socket, .text = std::move(text), .due = due});
}

void Venue::Closed(std::uint64_t socket) { sockets_.erase(socket); }

std::int64_t Venue::subscriptions() const {
  std::int64_t count = 0;
  for (const auto& [id, socket] : sockets_) count += static_cast<std::int64_t>(socket.subscriptions.size());
  return count;
}

void Venue::Disconnect(bool account_streams_only, UtcTime now) {
  for (const auto& [id, socket] : sockets_) {
    if (!account_streams_only || !socket.subscriptions.empty()) outgoing_.push_back({id, "", true, now});
  }
}

std::vector<Outgoing> Venue::TakeOutgoing(UtcTime now) {
  std::vector<Outgoing> due;
  std::vector<Outgoing> later;
  for (Outgoing& message : outgoing_) (message.due <= now ? due : later).push_back(std::move(message));
  outgoing_ = std::move(later);
  return due;
}

void Venue::Advance(UtcTime now) {
  if (now >= next_step_) {
    next_step_ = now + kStep;
    maker_.Step(ServerTime(now));
    Pump(now);
  }
  bool slow = now >= next_slow_;
  if (now >= next_fast_ || slow) {
    next_fast_ = now + kFast;
    if (slow) next_slow_ = now + kSlow;
    TellBooks(slow, now);
  }
  if (slow) TellSeconds(now);
}

void Venue::Pump(UtcTime now) {
  for (const Event& event : market_.exchange.TakeEvents()) {
    if (const auto* traded = std::get_if<Traded>(&event)) {
      market_.candles[traded->symbol].Add(traded->print);
      TellTrade(traded->symbol, traded->print, now);
    } else if (const auto* execution = std::get_if<Execution>(&event)) {
      if (execution->kind == ExecutionKind::kTrade) limits_.Filled(execution->order.terms.account);
      TellAccount(execution->order.terms.account, event, now);
    } else if (const auto* balances = std::get_if<BalancesChanged>(&event)) {
      TellAccount(balances->account, event, now);
    } else if (const auto* list = std::get_if<ListChanged>(&event)) {
      TellAccount(list->list.account, event, now);
    }
  }
  for (auto& [symbol, told] : told_) {
    if (market_.exchange.Find(symbol) != nullptr) TellQuote(symbol, told, now);
  }
}

void Venue::TellAccount(AccountId account, const Event& event, UtcTime now) {
  if (faults_.deaf) return;
  UtcTime due = now;
  int times = 1;
  if (std::holds_alternative<Execution>(event)) {
    if (Uses(faults_.lost_reports)) return;
    if (Uses(faults_.duplicate_reports)) times = 2;
    due = now + Duration::Millis(faults_.late_reports_ms);
  }
  for (const auto& [id, socket] : sockets_) {
    for (const auto& [subscription, of] : socket.subscriptions) {
      if (of != account) continue;
      std::string body;
      if (const auto* execution = std::get_if<Execution>(&event)) {
        body = ExecutionReport(*execution, socket.unit);
      } else if (const auto* balances = std::get_if<BalancesChanged>(&event)) {
        body = AccountPosition(*balances, market_.exchange.ledger(), socket.unit);
      } else if (const auto* list = std::get_if<ListChanged>(&event)) {
        body = ListStatus(*list, market_.exchange, socket.unit);
      }
      std::string text = "{\"subscriptionId\":" + std::to_string(subscription) + ",\"event\":" + body + "}";
      for (int time = 0; time < times; ++time) Push(id, text, due);
    }
  }
}

}  // namespace ballast::venue_simulator::binance
