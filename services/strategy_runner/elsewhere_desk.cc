#include "services/strategy_runner/elsewhere_desk.h"

#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/orders/elsewhere.h"
#include "libs/orders/order_id.h"
#include "libs/platform/grpc/status.h"
#include "libs/platform/thread/answered.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/algo_codec.h"
#include "services/strategy_runner/gate_view.h"

namespace ballast {

namespace elsewhere_pb = execution::v1;

namespace {

constexpr int kElsewherePage = 1'000;
// A place in the log that nothing was made of may be told again.
constexpr std::int64_t kCursorSaveNs = 1'000'000'000;
// Two machines' clocks.
constexpr Duration kClockSkew = Duration::Seconds(1);

template <typename T, typename Ask>
absl::StatusOr<T> ElsewhereAnswer(const Ask& ask) {
  return Answered<absl::StatusOr<T>>([&](std::function<void(absl::StatusOr<T>)> done) { ask(std::move(done)); });
}

// The order once more, in another account.
order::v1::SubmitOrderRequest AttemptRequest(const elsewhere_pb::ElsewhereOrder& row,
                                             const elsewhere_pb::ElsewhereAttempt& attempt) {
  const order::v1::Order& order = row.order();
  order::v1::SubmitOrderRequest submit;
  submit.set_request_id(attempt.request_id());
  submit.set_account_id(attempt.account_id());
  submit.set_symbol(order.symbol());
  submit.set_side(order.side());
  submit.set_type(order.type());
  submit.set_time_in_force(order.time_in_force());
  *submit.mutable_quantity() = order.quantity();
  if (order.has_limit_price()) *submit.mutable_limit_price() = order.limit_price();
  if (order.has_expire_time()) *submit.mutable_expire_time() = order.expire_time();
  if (order.has_display_quantity()) *submit.mutable_display_quantity() = order.display_quantity();
  submit.set_post_only(order.post_only());
  submit.set_hold_until_open(order.hold_until_open());
  submit.set_confirm_soft_collar(order.confirm_soft_collar());
  submit.set_reason(orders::ElsewhereReason(OrderId(order.order_id())));
  submit.set_actor("system");
  // Not confirmed: what a person has sent there by hand meanwhile, or sends now, is the same trade once more. The same
  // request again is known by its id before anybody asks whether it is alike.
  return submit;
}

// The answer says for sure that this request made no order and never will.
bool AttemptImpossible(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) || absl::IsFailedPrecondition(status) ||
         absl::IsPermissionDenied(status) || absl::IsUnimplemented(status);
}

// Of the same id, and what was sent.
bool IsAttempt(const order::v1::Order& order, const elsewhere_pb::ElsewhereOrder& row,
               const elsewhere_pb::ElsewhereAttempt& attempt) {
  const order::v1::SubmitOrderRequest sent = AttemptRequest(row, attempt);
  auto asked = Decimal::Parse(sent.quantity().value());
  const bool smaller = order.has_requested_quantity();
  auto there = Decimal::Parse(smaller ? order.requested_quantity().value() : order.quantity().value());
  return order.account_id() == sent.account_id() && order.symbol() == sent.symbol() && order.side() == sent.side() &&
         order.type() == sent.type() && order.reason() == sent.reason() && order.deployment_id().empty() &&
         asked.ok() && there.ok() && *asked == *there;
}

void SetAttemptOrder(const order::v1::Order& order, const elsewhere_pb::ElsewhereOrder& row,
                     elsewhere_pb::ElsewhereAttempt& attempt) {
  // Once it is known as ours people may change it.
  if (!attempt.has_order() && !IsAttempt(order, row, attempt)) {
    attempt.set_state(elsewhere_pb::ATTEMPT_STATE_REFUSED);
    attempt.set_error("its id is used by another order, " + order.order_id());
    return;
  }
  *attempt.mutable_order() = order;
  attempt.clear_error();
  auto filled = Decimal::Parse(order.cumulative_quantity().value());
  const bool nothing = filled.ok() && filled->IsZero();
  switch (order.status()) {
    case order::v1::ORDER_STATUS_DENIED:
    case order::v1::ORDER_STATUS_REJECTED:
      attempt.set_state(nothing ? elsewhere_pb::ATTEMPT_STATE_REFUSED : elsewhere_pb::ATTEMPT_STATE_PLACED);
      break;
    case order::v1::ORDER_STATUS_PENDING_NEW:
    case order::v1::ORDER_STATUS_SUBMITTED:
      attempt.set_state(elsewhere_pb::ATTEMPT_STATE_SENT);
      break;
    default:
      // It rests, has traded, ended, waits on purpose, or nobody knows: it is that account's.
      attempt.set_state(elsewhere_pb::ATTEMPT_STATE_PLACED);
  }
}

// It surely never left, and for a reason that is that account's or its venue's alone. A limit that has refused it is
// not looked for a looser one of; what a venue has refused may be another matter.
bool NextMayTry(const elsewhere_pb::ElsewhereAttempt& attempt) {
  if (!attempt.has_order()) return !attempt.sent_once();
  const type::v1::Rejection& why = attempt.order().rejection();
  const bool denied = attempt.order().status() == order::v1::ORDER_STATUS_DENIED;
  switch (why.reason()) {
    case type::v1::REJECT_REASON_BROKER_UNAVAILABLE:
      return denied || why.check() == "session_down" || why.check() == orders::kMayGoElsewhere;
    case type::v1::REJECT_REASON_ACCOUNT_HALTED:
    case type::v1::REJECT_REASON_INSUFFICIENT_FUNDS:
      return denied;
    default:
      return false;
  }
}

std::string WhyRefused(const elsewhere_pb::ElsewhereAttempt& attempt) {
  if (!attempt.has_order()) return attempt.error();
  const type::v1::Rejection& why = attempt.order().rejection();
  std::string told = why.message();
  if (!why.check().empty()) told += " (" + why.check();
  if (!why.check().empty() && !why.observed().empty()) told += ": " + why.observed() + ", limit " + why.limit();
  return told + (why.check().empty() ? "" : ")");
}

}  // namespace

absl::Status ElsewhereDesk::Recover() {
  RETURN_IF_ERROR(ports_.store.Fence());
  ASSIGN_OR_RETURN(ElsewhereStore::Cursors stored, ports_.store.LoadCursors());
  // Of an account whose policy was taken away nothing of before is made up for when it is back.
  for (const std::string& account : accounts_) {
    if (auto at = stored.find(account); at != stored.end()) cursors_.insert(*at);
  }
  // Nor when it is taken away and put back while this process sees nothing else.
  if (cursors_ != stored) RETURN_IF_ERROR(ports_.store.Save({.cursors = cursors_}));
  ElsewhereStore::Range range{.active_only = true, .most = kElsewherePage};
  // All of them, however many there were: each may have an order out.
  while (true) {
    ASSIGN_OR_RETURN(std::vector<Row> rows, ports_.store.Read(range));
    for (const Row& row : rows) open_[row.order().order_id()] = row;
    if (static_cast<int>(rows.size()) < range.most) return absl::OkStatus();
    range.before_nanos = wire::FromProto(rows.back().reject_time()).nanos;
    range.before_id = rows.back().order().order_id();
  }
}

bool ElsewhereDesk::InTime(const Row& row) const {
  Duration age = ports_.clock.Now() - wire::FromProto(row.reject_time());
  if (age < Duration{-kClockSkew.nanos} || age > kTime) return false;
  if (row.order().type() != type::v1::ORDER_TYPE_MARKET) return true;
  // As order management counts: from where it was made, or has stopped waiting there.
  const UtcTime from =
      std::max(wire::FromProto(row.order().create_time()), wire::FromProto(row.order().release_time()));
  return ports_.clock.Now() - from <= kMarketTime;
}

ElsewhereDesk::Row ElsewhereDesk::Begin(const order::v1::OrderEvent& event, const elsewhere_pb::ElsewherePolicy& policy,
                                        std::size_t others) const {
  Row row;
  *row.mutable_order() = event.order();
  *row.mutable_policy() = policy;
  *row.mutable_reject_time() = event.event_time();
  row.set_state(elsewhere_pb::ELSEWHERE_STATE_WORKING);
  std::string parent;
  std::uint32_t number = 0;
  const bool decided_anew =
      event.order().reason() == "route" || SplitChildRequestId(event.order().request_id(), &parent, &number);
  absl::StatusOr<Order> order = wire::FromProto(event.order());
  std::optional<std::string> stays =
      order.ok() ? orders::StaysBecause(*order, decided_anew) : std::optional<std::string>("it cannot be read");
  if (stays)
    End(row, elsewhere_pb::ELSEWHERE_STATE_STAYS, *stays);
  else if (!InTime(row))
    End(row, elsewhere_pb::ELSEWHERE_STATE_REFUSED, "its moment was over before it was looked at");
  else if (others >= kOpenMost)
    End(row, elsewhere_pb::ELSEWHERE_STATE_REFUSED,
        std::to_string(others) + " others are on their way, " + std::to_string(kOpenMost) + " may be");
  return row;
}

bool ElsewhereDesk::OnEvents(const order::v1::StreamOrderEventsResponse& response) {
  ElsewhereStore::Cursors next = cursors_;
  ElsewhereStore::Batch batch;
  std::size_t begun = 0;
  for (const order::v1::OrderEvent& event : response.events()) {
    // The first one that is heard of an account is the next after its head.
    auto [at, first] = next.try_emplace(event.account_id(), event.sequence() - 1);
    if (event.sequence() <= at->second) continue;
    if (event.sequence() != at->second + 1) return false;
    at->second = event.sequence();
    if (event.type() != order::v1::ORDER_EVENT_TYPE_REJECTED || !event.has_order()) continue;
    absl::StatusOr<Order> order = wire::FromProto(event.order());
    const elsewhere_pb::ElsewherePolicy* policy = policies_.Find(event.account_id(), event.order().symbol());
    if (!order.ok() || policy == nullptr || !orders::WasLeftUnsent(*order)) continue;
    batch.made.push_back(Begin(event, *policy, open_.size() + begun));
    if (IsActive(batch.made.back().state())) ++begun;
  }
  for (const auto& [account, head] : response.head_sequences()) {
    if (accounts_.contains(account)) next.try_emplace(account, head);
  }
  const bool known = next.size() == cursors_.size();
  if (next != cursors_ && batch.made.empty() && known) {
    cursors_ = std::move(next);
    if (!std::exchange(dirty_, true)) save_ns_ = ports_.clock.MonotonicNanos() + kCursorSaveNs;
    return true;
  }
  if (next == cursors_ && batch.made.empty()) return true;
  batch.cursors = next;
  // Told before it is stored, under an id of its own: who dies in between tells it again.
  for (const Row& row : batch.made) {
    if (row.state() == elsewhere_pb::ELSEWHERE_STATE_REFUSED) Alert(row);
  }
  if (!Save(batch)) return false;
  cursors_ = std::move(next);
  dirty_ = false;
  for (Row& row : batch.made) {
    if (IsActive(row.state())) open_.try_emplace(row.order().order_id(), std::move(row));
  }
  return true;
}

void ElsewhereDesk::Work() {
  for (auto at = open_.begin(); at != open_.end();) {
    Advance(at->second);
    at = IsActive(at->second.state()) ? std::next(at) : open_.erase(at);
  }
  if (dirty_ && ports_.clock.MonotonicNanos() >= save_ns_ && Save({.cursors = cursors_})) dirty_ = false;
}

absl::StatusOr<std::vector<ElsewhereDesk::Row>> ElsewhereDesk::Read(const ElsewhereStore::Range& range) {
  return ports_.store.Read(range);
}

void ElsewhereDesk::Advance(Row& row) {
  // Each account is an attempt, sent and looked at.
  for (int steps = 4 * orders::kElsewhereMost; steps > 0; --steps) {
    Row next = row;
    if (!Step(next)) return;
    const bool ended = !IsActive(next.state());
    if (ended) Alert(next);
    if (!Save({.changed = {next}})) return;
    // What nobody has answered is asked again, but not at once.
    const bool moved = !ended && (next.attempts_size() != row.attempts_size() ||
                                  next.attempts().rbegin()->state() != row.attempts().rbegin()->state() ||
                                  next.attempts().rbegin()->sent_once() != row.attempts().rbegin()->sent_once());
    row = std::move(next);
    if (!moved) return;
  }
}

bool ElsewhereDesk::Step(Row& row) {
  if (row.attempts().empty() || row.attempts().rbegin()->state() == elsewhere_pb::ATTEMPT_STATE_REFUSED)
    return Next(row);
  elsewhere_pb::ElsewhereAttempt& attempt = *row.mutable_attempts()->rbegin();
  const std::string before = attempt.SerializeAsString();
  if (attempt.state() == elsewhere_pb::ATTEMPT_STATE_PENDING && !attempt.sent_once())
    Mark(row, attempt);
  else if (attempt.state() == elsewhere_pb::ATTEMPT_STATE_PENDING && InTime(row) && FitStill(row, attempt))
    Send(row, attempt);
  else
    Look(row, attempt);
  if (attempt.state() == elsewhere_pb::ATTEMPT_STATE_PLACED)
    End(row, elsewhere_pb::ELSEWHERE_STATE_PLACED, "it went to " + attempt.account_id());
  if (IsActive(row.state()) && attempt.state() == elsewhere_pb::ATTEMPT_STATE_REFUSED && !NextMayTry(attempt))
    End(row, elsewhere_pb::ELSEWHERE_STATE_REFUSED, attempt.account_id() + ": " + WhyRefused(attempt));
  return attempt.SerializeAsString() != before;
}

void ElsewhereDesk::Mark(Row& row, elsewhere_pb::ElsewhereAttempt& attempt) {
  if (!InTime(row)) {
    attempt.set_state(elsewhere_pb::ATTEMPT_STATE_REFUSED);
    attempt.set_error("its moment was over before it was sent");
    return;
  }
  absl::StatusOr<Unfit> unfit = LookForUnfit(row, attempt.account_id());
  if (!unfit.ok()) return;
  if (unfit->why.empty()) {
    attempt.set_sent_once(true);
    unsent_ = attempt.request_id();
    return;
  }
  attempt.set_state(elsewhere_pb::ATTEMPT_STATE_REFUSED);
  attempt.set_error(unfit->why);
  if (unfit->anywhere) End(row, elsewhere_pb::ELSEWHERE_STATE_REFUSED, unfit->why);
}

bool ElsewhereDesk::FitStill(const Row& row, const elsewhere_pb::ElsewhereAttempt& attempt) {
  if (unsent_ == attempt.request_id()) return true;  // looked at in the step before
  absl::StatusOr<Unfit> unfit = LookForUnfit(row, attempt.account_id());
  return unfit.ok() && unfit->why.empty();
}

bool ElsewhereDesk::Next(Row& row) {
  const int number = row.attempts_size() + 1;
  std::string before;
  for (const elsewhere_pb::ElsewhereAttempt& attempt : row.attempts())
    before += (before.empty() ? "" : "; ") + attempt.account_id() + ": " + WhyRefused(attempt);
  if (number > row.policy().alternatives_size()) {
    End(row, elsewhere_pb::ELSEWHERE_STATE_REFUSED, before);
    return true;
  }
  if (!InTime(row)) {
    End(row, elsewhere_pb::ELSEWHERE_STATE_REFUSED,
        "its moment is over" + (before.empty() ? std::string() : "; " + before));
    return true;
  }
  const std::string& account = row.policy().alternatives(number - 1);
  elsewhere_pb::ElsewhereAttempt& attempt = *row.add_attempts();
  attempt.set_number(number);
  attempt.set_account_id(account);
  attempt.set_request_id(orders::ElsewhereRequestId(OrderId(row.order().order_id()), number).value());
  attempt.set_state(elsewhere_pb::ATTEMPT_STATE_PENDING);
  return true;
}

absl::StatusOr<ElsewhereDesk::Unfit> ElsewhereDesk::LookForUnfit(const Row& row, const std::string& account) {
  ASSIGN_OR_RETURN(auto listed, ElsewhereAnswer<order::v1::ListAccountsResponse>(
                                    [&](auto done) { ports_.neighbours.Accounts(std::move(done)); }));
  const order::v1::Account* from = nullptr;
  const order::v1::Account* to = nullptr;
  for (const order::v1::Account& one : listed.accounts()) {
    if (one.account_id() == row.order().account_id()) from = &one;
    if (one.account_id() == account) to = &one;
  }
  // Who stops an account stops what it has begun.
  if (from == nullptr || from->halted()) {
    return Unfit{.why = "the account it was made in, " + row.order().account_id() + ", is " +
                        (from == nullptr ? "gone" : "halted: " + from->halt_reason()),
                 .anywhere = true};
  }
  if (to == nullptr) return Unfit{"there is no such account"};
  if (to->halted()) return Unfit{"the account is halted"};
  // Simulated money stays simulated, and the other way about.
  if (to->mode() != from->mode()) return Unfit{"the account is of another mode"};
  if (to->currency() != from->currency()) return Unfit{"the account is in another currency"};
  if (to->broker() == from->broker()) return Unfit{"the account is at the venue that is down"};
  ASSIGN_OR_RETURN(GateView gate, GateView::Ask(ports_.neighbours, ports_.gate, row.order().symbol()));
  if (std::string waits = gate.WaitOf(row.order().account_id()); !waits.empty())
    return Unfit{.why = "the account it was made in waits for " + waits, .anywhere = true};
  if (std::string waits = gate.WaitOf(account); !waits.empty()) return Unfit{"the account waits for " + waits};
  ASSIGN_OR_RETURN(auto positions, ElsewhereAnswer<std::vector<position::v1::Position>>(
                                       [&](auto done) { ports_.accounts.Positions(account, std::move(done)); }));
  const bool buys = row.order().side() == type::v1::SIDE_BUY;
  for (const position::v1::Position& position : positions) {
    if (position.symbol() != row.order().symbol()) continue;
    auto held = Decimal::Parse(position.quantity().value());
    // It opened where it was meant for; there it would close what somebody holds.
    if (!held.ok() || (buys ? held->IsNegative() : held->IsPositive()))
      return Unfit{"the account holds the other side"};
  }
  return Unfit{};
}

void ElsewhereDesk::Send(const Row& row, elsewhere_pb::ElsewhereAttempt& attempt) {
  const bool first = std::exchange(unsent_, "") == attempt.request_id();
  auto response = ElsewhereAnswer<order::v1::SubmitOrderResponse>(
      [&](auto done) { ports_.neighbours.Submit(AttemptRequest(row, attempt), std::move(done)); });
  if (response.ok()) return SetAttemptOrder(response->order(), row, attempt);
  attempt.set_error(MessageOf(response.status()));
  if (AttemptImpossible(response.status()) && first) {
    attempt.set_state(elsewhere_pb::ATTEMPT_STATE_REFUSED);
    return;
  }
  // It is there already, or a request of before may have made it: only what is there says.
  if (absl::IsAlreadyExists(response.status()) || AttemptImpossible(response.status())) Look(row, attempt);
}

void ElsewhereDesk::Look(const Row& row, elsewhere_pb::ElsewhereAttempt& attempt) {
  std::string order_id = orders::OrderIdFor(AccountId(attempt.account_id()), RequestId(attempt.request_id())).value();
  auto found =
      ElsewhereAnswer<order::v1::Order>([&](auto done) { ports_.children.GetOrder(order_id, std::move(done)); });
  if (found.ok()) return SetAttemptOrder(*found, row, attempt);
  if (!absl::IsNotFound(found.status()) || attempt.state() != elsewhere_pb::ATTEMPT_STATE_PENDING) return;
  Duration age = ports_.clock.Now() - wire::FromProto(row.reject_time());
  if (age <= Duration{kTime.nanos + kSettled.nanos}) return;  // one may still be on its way
  attempt.set_state(elsewhere_pb::ATTEMPT_STATE_REFUSED);
  attempt.set_error("its moment was over before it was sent");
}

void ElsewhereDesk::End(Row& row, elsewhere_pb::ElsewhereState state, std::string note) const {
  row.set_state(state);
  row.set_note(std::move(note));
  wire::ToProto(ports_.clock.Now(), row.mutable_end_time());
}

bool ElsewhereDesk::Save(const ElsewhereStore::Batch& batch) {
  absl::Status saved = ports_.store.Save(batch);
  if (saved.ok()) return true;
  ports_.log.Warning("elsewhere.not_stored", {{"error", saved.ToString()}});
  if (absl::IsFailedPrecondition(saved)) ports_.fail("a newer process sends orders elsewhere: " + saved.ToString());
  return false;
}

void ElsewhereDesk::Alert(const Row& row) {
  const bool placed = row.state() == elsewhere_pb::ELSEWHERE_STATE_PLACED;
  const order::v1::Order& order = row.order();
  alert::v1::RaiseAlertRequest alert;
  alert.set_request_id("strategy_runner:elsewhere:" + order.order_id());
  alert.set_type(alert::v1::ALERT_TYPE_ORDER);
  alert.set_level(placed ? alert::v1::ALERT_LEVEL_INFO : alert::v1::ALERT_LEVEL_WARNING);
  alert.set_title(placed ? "An order of " + order.symbol() + " went elsewhere"
                         : "An order of " + order.symbol() + " went nowhere");
  alert.set_text("The venue of " + order.account_id() + " is down, and order " + order.order_id() +
                 " was not sent there: " + row.note() + ".");
  alert.set_account_id(order.account_id());
  alert.set_symbol(order.symbol());
  ports_.log.Info(
      "elsewhere.ended",
      {{"order", order.order_id()}, {"state", elsewhere_pb::ElsewhereState_Name(row.state())}, {"note", row.note()}});
  absl::Status told = Answered<absl::Status>(
      [&](std::function<void(absl::Status)> done) { ports_.neighbours.RaiseAlert(alert, std::move(done)); });
  if (!told.ok()) ports_.log.Warning("elsewhere.alert_lost", {{"order", order.order_id()}, {"error", told.ToString()}});
}

}  // namespace ballast
