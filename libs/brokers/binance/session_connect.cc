// From nothing to ready, and back.
#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/brokers/binance/execution_report.h"
#include "libs/brokers/binance/session.h"
#include "libs/brokers/binance/socket_answer.h"
#include "libs/brokers/binance/words.h"
#include "libs/venue/json.h"

namespace ballast::binance {
namespace {

using State = broker::SessionState::State;

// From one step of an attempt to the next.
constexpr Duration kPatience = Duration::Seconds(30);
constexpr Duration kFirstPause = Duration::Seconds(1);
constexpr Duration kPauseMax = Duration::Seconds(60);
// Where only a person can help it is not asked more often than that.
constexpr Duration kCredentialsPause = Duration::Seconds(60);
// Ready for so long, the next loss is a first one again.
constexpr Duration kStable = Duration::Seconds(30);
constexpr Duration kClockPause = Duration::Seconds(600);
constexpr Duration kClockAgain = Duration::Seconds(30);
// An answer that took longer says too little about the time.
constexpr Duration kClockTripMax = Duration::Seconds(2);
constexpr int kNotSentMax = 3;
constexpr const char* kSocketPath = "/ws-api/v3";

// ["BTCUSDT","ETHUSDT"]: the venue's names are letters and digits (configuration is held to that).
std::string ListOf(const std::vector<std::string>& symbols) {
  std::string text = "[";
  for (const std::string& symbol : symbols) text += (text.size() > 1 ? ",\"" : "\"") + symbol + "\"";
  return text + "]";
}

std::string_view IdOf(const broker::Fact& fact) {
  return std::visit(
      [](const auto& each) -> std::string_view {
        if constexpr (requires { each.order_id; })
          return each.order_id.value();
        else
          return "";
      },
      fact);
}

}  // namespace

void Session::Begin(UtcTime now) {
  ++attempt_;
  stage_ = Stage::kClock;
  deadline_ = now + kPatience;
  subscribed_ = account_seen_ = list_seen_ = clock_wrong_ = false;
  missing_.clear();
  missing_asked_.clear();
  Tell(broker::SessionState{.state = State::kConnecting});
  Ask({.kind = Kind::kClock}, Lane::kCancel, {.method = "GET", .path = "/api/v3/time", .parameters = {}}, now, false);
}

bool Session::Failed(const venue::HttpAnswer& answer, const char* what, UtcTime now) {
  if (answer.outcome == venue::Outcome::kAnswered && answer.status == 200) return false;
  const Problem problem = Judge(answer);
  UtcTime not_before;
  if (problem.error == broker::ErrorClass::kCredentials) not_before = now + kCredentialsPause;
  Lose(std::string(what) + ": " + problem.rejection.message, now, not_before);
  return true;
}

void Session::OnClock(const Asked& asked, const venue::HttpAnswer& answer, UtcTime now) {
  const bool connecting = stage_ == Stage::kClock;
  const bool answered = answer.outcome == venue::Outcome::kAnswered && answer.status == 200;
  auto json = venue::Json::Parse(answered ? answer.body : "");
  std::optional<UtcTime> time = json.ok() ? TimeOf((*json)["serverTime"]) : std::nullopt;
  const Duration trip = now - asked.time;
  if (!time || trip > kClockTripMax) {
    // While it is ready the last measurement stands, unless the venue has said that it is wrong.
    if (stage_ == Stage::kReady && !clock_wrong_) {
      clock_time_ = now + kClockAgain;
      return;
    }
    if (Failed(answer, "the venue's time", now)) return;
    return Lose(time ? "the venue's time took too long to come" : "the venue's time cannot be read", now);
  }
  // Before a key is shown to anybody: a tunnel may lead from this machine to the venue, and a name from it to here.
  const bool simulated = std::any_of(answer.headers.begin(), answer.headers.end(),
                                     [](const auto& header) { return header.first == kSimulatorHeader; });
  if (connecting && simulated != options_.hosts.simulator) {
    return Lose(simulated ? "a simulator answers, and binance_environment names none"
                          : "binance_environment is simulator, and what answers does not say that it is one",
                now, now + kCredentialsPause);
  }
  offset_ = *time - (asked.time + Duration{trip.nanos / 2});
  clock_time_ = now + kClockPause;
  clock_wrong_ = false;
  if (!connecting) return;
  stage_ = Stage::kRules;
  deadline_ = now + kPatience;
  Ask({.kind = Kind::kRules}, Lane::kCancel,
      {.method = "GET",
       .path = "/api/v3/exchangeInfo",
       .parameters = {{"symbols", ListOf(options_.symbols)}},
       .weight = 20},
      now, false);
}

void Session::OnRules(const venue::HttpAnswer& answer, UtcTime now) {
  if (Failed(answer, "the venue's rules", now)) return;
  auto read = ReadExchangeInfo(answer.body);
  if (!read.ok()) return Lose("the venue's rules cannot be read: " + MessageOf(read.status()), now);
  for (const std::string& symbol : options_.symbols) {
    if (!read->symbols.Ours(symbol).empty()) continue;
    std::string why = read->left_out.empty() ? "" : " (" + read->left_out.front() + ")";
    return Lose("the venue has not listed " + symbol + why, now, now + kCredentialsPause);
  }
  listings_ = std::move(read->listings);
  symbols_ = std::move(read->symbols);
  budget_.SetLimits(ReadRateLimits(answer.body));
  stage_ = Stage::kStream;
  deadline_ = now + kPatience;
  socket_ = ++last_socket_;
  transport_->Open(socket_, options_.hosts.socket_api + kSocketPath, {});
}

void Session::Subscribe(UtcTime now) {
  auto message = SubscribeMessage("u" + std::to_string(socket_), VenueTime(now), signer_);
  if (!message.ok()) return Lose("the account's stream cannot be asked for: " + MessageOf(message.status()), now);
  transport_->Send(socket_, *std::move(message));
}

void Session::OnSocket(const std::string& payload, UtcTime now) {
  auto read = ReadSocketAnswer(payload);
  if (!read.ok()) return Lose("the account's stream cannot be read: " + MessageOf(read.status()), now);
  if (read->event) return OnEvent(payload, now);
  if (read->retry_time && (read->status == 429 || read->status == 418)) budget_.PauseUntil(*read->retry_time);
  if (read->problem) {
    UtcTime not_before;
    if (read->problem->error == broker::ErrorClass::kCredentials) not_before = now + kCredentialsPause;
    return Lose("the account's stream is refused: " + read->problem->rejection.message, now, not_before);
  }
  if (stage_ != Stage::kStream || read->id != "u" + std::to_string(socket_)) return;
  subscribed_ = true;
  Resync(now);
}

void Session::OnEvent(const std::string& payload, UtcTime now) {
  UserEvent event = ReadUserEvent(payload, symbols_);
  if (event.kind == EventKind::kStreamEnded) return Lose("the venue has ended the account's stream", now);
  // It is about to go down, and asks for another connection now.
  if (event.name == "serverShutdown") return Lose("the venue's server shuts down", now);
  for (const broker::Fact& fact : event.facts) {
    const OrderId id{std::string(IdOf(fact))};
    unheard_.erase(id);
    if (auto found = tracked_.find(id); found != tracked_.end()) found->second.heard = true;
  }
  TellAll(std::move(event.facts));
  // What was not read may have been a trade: everything is asked for.
  if (!event.unreadable.empty()) Lose("the account's stream tells what cannot be read: " + event.unreadable, now);
}

void Session::Resync(UtcTime now) {
  stage_ = Stage::kResync;
  deadline_ = now + kPatience;
  Tell(broker::SessionState{.state = State::kResyncing});
  Ask({.kind = Kind::kAccount}, Lane::kCancel,
      {.method = "GET", .path = "/api/v3/account", .parameters = {}, .weight = 20}, now);
  Ask({.kind = Kind::kOpenOrders}, Lane::kCancel, std::get<Request>(OpenOrdersRequest(Symbol(), symbols_)), now);
}

void Session::OnAccount(const venue::HttpAnswer& answer, UtcTime now) {
  if (Failed(answer, "the account", now)) return;
  auto read = ReadAccount(answer.body);
  if (!read.ok()) return Lose("the account cannot be read: " + MessageOf(read.status()), now);
  if (!read->may_trade) return Lose("the venue says that the account may not trade", now, now + kCredentialsPause);
  account_seen_ = true;
  BeReadyIfAll(now);
}

void Session::OnOpenList(const venue::HttpAnswer& answer, UtcTime now) {
  if (Failed(answer, "the open orders", now)) return;
  auto read = ReadOpenOrders(answer.body, symbols_);
  if (!read.ok()) return Lose("the open orders cannot be read: " + MessageOf(read.status()), now);
  std::set<OrderId> open;
  for (const Order& order : *read) {
    open.insert(order.order_id);
    Tell(broker::OrderRecord{.order_id = order.order_id,
                             .broker_order_id = order.broker_order_id,
                             .status = order.status,
                             .cumulative_quantity = order.cumulative_quantity,
                             .as_of = now});
  }
  for (const auto& [id, tracked] : tracked_) {
    if (tracked.open && !open.contains(id)) missing_.insert(id);
  }
  list_seen_ = true;
  AskMissing(now);
  BeReadyIfAll(now);
}

void Session::AskMissing(UtcTime now) {
  while (!missing_.empty()) {
    const OrderId id = *missing_.begin();
    const Tracked& tracked = tracked_.at(id);
    RequestOrRejection made = QueryOrderRequest(id, tracked.broker_order_id, tracked.symbol, symbols_);
    const Request* request = std::get_if<Request>(&made);
    // Of a symbol that is not configured any more nothing can be asked: a person sees it open for ever.
    if (request != nullptr && !budget_.Allows(Lane::kCancel, request->weight, VenueTime(now))) {
      // The next minute has more of it.
      deadline_ = std::max(deadline_, now + Duration{2 * kPatience.nanos});
      return;
    }
    missing_.erase(missing_.begin());
    if (request == nullptr) continue;
    missing_asked_.insert(id);
    Ask({.kind = Kind::kMissing, .order_id = id, .broker_order_id = tracked.broker_order_id}, Lane::kCancel, *request,
        now);
  }
}

void Session::OnMissing(const Asked& asked, const venue::HttpAnswer& answer, UtcTime now) {
  Answer out = OnQueried(asked.order_id, answer, asked.time);
  if (out.facts.empty()) {
    if (Failed(answer, "an order that is not open any more", now)) return;
    return Lose("an order that is not open any more cannot be read", now);
  }
  TellAll(std::move(out.facts));
  missing_asked_.erase(asked.order_id);
  deadline_ = now + kPatience;
  BeReadyIfAll(now);
}

void Session::BeReadyIfAll(UtcTime now) {
  const bool all = subscribed_ && account_seen_ && list_seen_ && missing_.empty() && missing_asked_.empty();
  if (stage_ != Stage::kResync || !all) return;
  stage_ = Stage::kReady;
  ready_time_ = now;
  not_sent_in_a_row_ = 0;
  unheard_.clear();
  Tell(broker::SessionState{.state = State::kReady});
}

void Session::Lose(const std::string& why, UtcTime now, UtcTime not_before) {
  if (stage_ == Stage::kWaiting) {
    retry_time_ = std::max(retry_time_, not_before);
    return;
  }
  if (stage_ == Stage::kReady && now - ready_time_ >= kStable) losses_ = 0;
  stage_ = Stage::kWaiting;
  constexpr int kDoublingsMax = 6;
  const std::int64_t most = std::min(kFirstPause.nanos << std::min(losses_, kDoublingsMax), kPauseMax.nanos);
  ++losses_;
  retry_time_ = std::max(now + Duration{rng_.Between(most / 2, most)}, not_before);
  // Nobody is asked while the venue wants peace.
  if (budget_.paused(VenueTime(now))) retry_time_ = std::max(retry_time_, budget_.paused_until() - offset_);
  if (socket_ != 0) transport_->Close(std::exchange(socket_, 0));
  subscribed_ = false;
  // The desk asks, and cancels, again when the session is back.
  cancels_.clear();
  queries_.clear();
  asking_.clear();
  missing_.clear();
  missing_asked_.clear();
  unheard_.clear();
  statement_.reset();
  Tell(broker::SessionState{.state = State::kDown, .detail = why + "; again at " + retry_time_.ToString()});
}

void Session::Heed(const Problem& problem, UtcTime now) {
  using broker::ErrorClass;
  if (stage_ != Stage::kReady) return;
  if (problem.clock && !clock_wrong_) {
    clock_wrong_ = true;
    Ask({.kind = Kind::kClock}, Lane::kCancel, {.method = "GET", .path = "/api/v3/time", .parameters = {}}, now, false);
  }
  switch (problem.error) {
    case ErrorClass::kCredentials:
      return Lose("the venue refuses the key: " + problem.rejection.message, now, now + kCredentialsPause);
    case ErrorClass::kVenueDown:
      return Lose("the venue does not work: " + problem.rejection.message, now);
    case ErrorClass::kThrottled:
      // Whoever goes on after a ban is banned for longer.
      if (problem.http_status == 418) return Lose("the venue has banned this address for a time", now);
      return;
    case ErrorClass::kNetwork:
      if (problem.outcome_known && problem.http_status == 0 && ++not_sent_in_a_row_ >= kNotSentMax)
        return Lose("the venue cannot be reached: " + problem.rejection.message, now);
      return;
    default:
      return;
  }
}

void Session::CheckTimes(UtcTime now) {
  if (stage_ == Stage::kWaiting) {
    if (now >= retry_time_) Begin(now);
    return;
  }
  if (stage_ != Stage::kReady) {
    AskMissing(now);
    if (now >= deadline_) Lose("the venue was not ready in time", now);
    return;
  }
  for (const auto& [id, since] : unheard_) {
    if (now - since < options_.deaf) continue;
    return Lose("the account's stream does not tell of what was placed: it is deaf", now);
  }
  if (now < clock_time_) return;
  clock_time_ = now + kClockPause;
  Ask({.kind = Kind::kClock}, Lane::kCancel, {.method = "GET", .path = "/api/v3/time", .parameters = {}}, now, false);
}

}  // namespace ballast::binance
