#include "libs/brokers/binance/session.h"

#include <algorithm>
#include <utility>

#include "libs/brokers/binance/capabilities.h"

namespace ballast::binance {
namespace {

// Longer than the venue's own silence, so that -1007 is heard (capabilities.cc).
constexpr Duration kOrderTimeout = Duration::Seconds(12);
constexpr Duration kAskTimeout = Duration::Seconds(10);
// An order that was placed just before its create time, by another clock, is still asked for.
constexpr Duration kClockMargin = Duration::Seconds(60);
// Orders that have ended: late questions and trades name them.
constexpr std::size_t kEndedMax = 20'000;

broker::NotSent NotSentOf(const OrderId& id, broker::ErrorClass error, std::string message) {
  return {.order_id = id, .error = error, .message = std::move(message)};
}

}  // namespace

Session::Session(SessionOptions options, signing::BinanceSigner signer, std::unique_ptr<venue::Transport> transport,
                 std::function<UtcTime()> now)
    : options_(std::move(options)),
      signer_(std::move(signer)),
      transport_(std::move(transport)),
      now_(std::move(now)),
      rng_(options_.seed) {
  heard_.emplace_back(broker::SessionState{.state = broker::SessionState::State::kConnecting});
}

const broker::Capabilities& Session::capabilities() const { return SpotCapabilities(); }

void Session::Submit(const Order& intent) {
  const UtcTime now = now_();
  const OrderId& id = intent.order_id;
  using broker::ErrorClass;
  if (stage_ != Stage::kReady) return Tell(NotSentOf(id, ErrorClass::kVenueDown, "the session is not ready"));
  if (clock_wrong_)
    return Tell(NotSentOf(id, ErrorClass::kVenueDown, "the venue's clock is being measured: it was not sent"));
  RequestOrRejection made = PlaceRequest(intent, symbols_);
  if (const Rejection* why = std::get_if<Rejection>(&made))
    return Tell(broker::DefinitiveReject{.order_id = id, .rejection = *why, .time = now});
  Request& request = std::get<Request>(made);
  if (!budget_.Allows(Lane::kPlace, request.weight, VenueTime(now))) {
    // Kept it would be another order: its price was meant for now.
    return Tell(NotSentOf(id, ErrorClass::kThrottled,
                          "the venue takes no more for now (until " +
                              (budget_.NextChange(VenueTime(now)) - offset_).ToString() + "): it was not sent"));
  }
  Tracked& tracked = Track(id);
  tracked = {.symbol = intent.symbol, .broker_order_id = {}, .open = true, .create_time = intent.create_time};
  Ask({.kind = Kind::kPlace, .order_id = id, .order = intent}, Lane::kPlace, std::move(request), now);
}

void Session::Cancel(const broker::CancelIntent& intent) {
  cancels_[intent.order_id] = {.intent = intent, .due = now_()};
  SendCancels(now_());
}

void Session::Replace(const broker::ReplaceIntent& intent) {
  Tell(broker::ReplaceReject{.order_id = intent.order_id,
                             .terms = intent.terms,
                             .rejection = {.reason = RejectReason::kBrokerUnsupported,
                                           .check = "capability",
                                           .message = "the venue replaces no order under its id"},
                             .time = now_()});
}

void Session::Query(const broker::QueryIntent& intent) {
  const auto key = std::make_pair(intent.order_id, intent.question);
  if (!asking_.insert(key).second) return;
  queries_.push_back(intent);
  SendQueries(now_());
}

void Session::Recall(const Order& order) {
  Tracked& tracked = Track(order.order_id);
  tracked.symbol = order.symbol;
  tracked.broker_order_id = order.broker_order_id;
  tracked.open = !IsTerminal(order.status);
  tracked.create_time = order.create_time;
  // Whether the stream told of it, a former process knows.
  tracked.heard = true;
}

std::vector<broker::Fact> Session::Poll(UtcTime now) {
  for (venue::TransportEvent& event : transport_->Take()) {
    if (auto* answer = std::get_if<venue::HttpAnswer>(&event)) {
      On(*answer, now);
    } else if (auto* opened = std::get_if<venue::SocketOpened>(&event)) {
      if (opened->socket == socket_ && stage_ == Stage::kStream) Subscribe(now);
    } else if (auto* message = std::get_if<venue::SocketMessage>(&event)) {
      if (message->socket == socket_) OnSocket(message->payload, now);
    } else if (auto* closed = std::get_if<venue::SocketClosed>(&event)) {
      if (closed->socket == socket_) {
        socket_ = 0;
        Lose("the account's stream is gone: " + closed->why, now);
      }
    }
  }
  CheckTimes(now);
  SendCancels(now);
  SendQueries(now);
  return std::exchange(heard_, {});
}

void Session::AskStatement() {
  const UtcTime now = now_();
  if (stage_ != Stage::kReady || statement_ || clock_wrong_) return;
  if (statement_time_ != UtcTime{} && now - statement_time_ < options_.statement_pause) return;
  constexpr int kAccountWeight = 20;
  const int weight = kAccountWeight + 6 * static_cast<int>(listings_.size());
  if (!budget_.Allows(Lane::kQuery, weight, VenueTime(now))) return;
  statement_time_ = now;
  statement_ =
      WantedStatement{.account = {}, .orders = {}, .left = 1 + static_cast<int>(listings_.size()), .as_of = now};
  Ask({.kind = Kind::kStatementAccount}, Lane::kQuery,
      {.method = "GET", .path = "/api/v3/account", .parameters = {}, .weight = kAccountWeight}, now);
  for (const Listing& listing : listings_) {
    Ask({.kind = Kind::kStatementOrders}, Lane::kQuery,
        std::get<Request>(OpenOrdersRequest(listing.instrument.symbol, symbols_)), now);
  }
}

std::vector<broker::Statement> Session::TakeStatements() { return std::exchange(statements_, {}); }

std::optional<UtcTime> Session::NextDue() const {
  if (!heard_.empty()) return UtcTime{};
  if (stage_ == Stage::kWaiting) return retry_time_;
  UtcTime due = stage_ == Stage::kReady ? clock_time_ : deadline_;
  for (const auto& [id, since] : unheard_) due = std::min(due, since + options_.deaf);
  const UtcTime venue_now = VenueTime(now_());
  const UtcTime budget = budget_.NextChange(venue_now) - offset_;
  for (const auto& [id, cancel] : cancels_)
    due = std::min(due, budget_.Allows(Lane::kCancel, 1, venue_now) ? cancel.due : std::max(cancel.due, budget));
  if (!queries_.empty() || !missing_.empty()) due = std::min(due, budget);
  return due;
}

void Session::SendCancels(UtcTime now) {
  if (stage_ != Stage::kReady || clock_wrong_) return;
  for (auto next = cancels_.begin(); next != cancels_.end();) {
    const WantedCancel wanted = next->second;
    const OrderId& id = wanted.intent.order_id;
    RequestOrRejection made = CancelRequest(wanted.intent, SymbolOf(id), symbols_);
    if (const Rejection* why = std::get_if<Rejection>(&made)) {
      Tell(broker::CancelReject{.order_id = id, .rejection = *why, .time = now});
      next = cancels_.erase(next);
      continue;
    }
    Request& request = std::get<Request>(made);
    if (wanted.due > now || !budget_.Allows(Lane::kCancel, request.weight, VenueTime(now))) {
      ++next;
      continue;
    }
    next = cancels_.erase(next);
    Ask({.kind = Kind::kCancel, .order_id = id, .cancel = wanted.intent, .tries = wanted.tries}, Lane::kCancel,
        std::move(request), now);
  }
}

void Session::SendQueries(UtcTime now) {
  if (stage_ != Stage::kReady || clock_wrong_) return;
  while (!queries_.empty()) {
    const broker::QueryIntent query = queries_.front();
    const Symbol symbol = SymbolOf(query.order_id);
    const Tracked* tracked = Find(query.order_id);
    const std::string broker_order_id = tracked == nullptr ? "" : tracked->broker_order_id;
    RequestOrRejection made;
    switch (query.question) {
      case VenueQuestion::kTrades: {
        const UtcTime since = query.since != UtcTime{} ? query.since : query.create_time;
        made = TradesRequest({.symbol = symbol,
                              .broker_order_id = broker_order_id,
                              .since = since == UtcTime{} ? since : since - kClockMargin},
                             symbols_);
        break;
      }
      case VenueQuestion::kOpenOrders:
        made = OpenOrdersRequest(symbol, symbols_);
        break;
      default:
        made = QueryOrderRequest(query.order_id, broker_order_id, symbol, symbols_);
        break;
    }
    const Request* request = std::get_if<Request>(&made);
    // What cannot be said to the venue has no answer.
    if (request != nullptr && !budget_.Allows(Lane::kQuery, request->weight, VenueTime(now))) return;
    queries_.pop_front();
    if (request == nullptr || symbol.empty()) {
      asking_.erase({query.order_id, query.question});
      continue;
    }
    Ask({.kind = Kind::kQuery, .order_id = query.order_id, .query = query, .broker_order_id = broker_order_id},
        Lane::kQuery, *request, now);
  }
}

void Session::Ask(Asked asked, Lane lane, Request request, UtcTime now, bool is_signed) {
  asked.attempt = attempt_;
  asked.time = now;
  const bool order = asked.kind == Kind::kPlace || asked.kind == Kind::kCancel;
  venue::HttpCall call{.id = ++last_call_,
                       .method = request.method,
                       .origin = options_.hosts.rest,
                       .target = request.path,
                       .headers = {},
                       .body = {},
                       .timeout = order ? kOrderTimeout : kAskTimeout};
  budget_.Spend(lane, request.weight, VenueTime(now));
  if (is_signed) {
    AddTime(request, VenueTime(now));
    const bool body = request.method == "POST";
    auto made = body ? signer_.SignRest({}, request.parameters) : signer_.SignRest(request.parameters);
    if (!made.ok()) {
      // Nothing has left; who waits for it hears so in the usual way.
      calls_.emplace(call.id, std::move(asked));
      On({.id = call.id, .outcome = venue::Outcome::kNotSent, .problem = "it cannot be signed"}, now);
      return;
    }
    call.headers = signer_.headers();
    if (body) call.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    if (!made->query.empty()) call.target += "?" + made->query;
    call.body = std::move(made->body);
  } else if (!request.parameters.empty()) {
    call.target += "?" + venue::FormEncode(request.parameters);
  }
  calls_.emplace(call.id, std::move(asked));
  transport_->Call(std::move(call));
}

const Session::Tracked* Session::Find(const OrderId& id) const {
  auto found = tracked_.find(id);
  return found == tracked_.end() ? nullptr : &found->second;
}

Session::Tracked& Session::Track(const OrderId& id) {
  auto [found, first] = tracked_.try_emplace(id);
  if (!first) return found->second;
  ended_.push_back(id);
  // The oldest that has ended goes; of what is open there are never so many.
  if (ended_.size() > kEndedMax) {
    const OrderId oldest = ended_.front();
    ended_.pop_front();
    if (auto old = tracked_.find(oldest); old != tracked_.end() && old->second.open)
      ended_.push_back(oldest);
    else
      tracked_.erase(oldest);
  }
  return found->second;
}

// Of one that was made elsewhere its id says it: "BTCUSDT:28".
Symbol Session::SymbolOf(const OrderId& id) const {
  if (const Tracked* tracked = Find(id)) return tracked->symbol;
  const std::string& text = id.value();
  return symbols_.Ours(text.substr(0, text.find(':')));
}

}  // namespace ballast::binance
