#include "services/order_management/risk_desk.h"

#include <algorithm>
#include <utility>

#include "libs/wire/event_bytes.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr int kBackfillPage = 500;
// Risk is sent so much of the log in one turn, and no more while so many messages wait: nobody else waits for it long.
constexpr std::int64_t kBackfillTurnNs = 2'000'000;
constexpr std::size_t kReservesUnsentMax = 8;

std::vector<RiskCheck> ChecksOf(const risk::v1::ReserveResult& result) {
  std::vector<RiskCheck> read = wire::ReadChecks(result.encoded_checks());
  for (const auto& check : result.checks()) read.push_back(wire::FromProto(check));
  if (result.approved() || read.empty() || read.back().passed) return read;
  // With what it would have passed is kept where it was refused: it depends on a moment that is over.
  std::vector<PassableTerm>& nearest = read.back().nearest;
  const std::string& rule = read.back().name;
  for (auto [term, value] : {std::pair("limit_price", &result.passable_limit_price()),
                             std::pair("stop_price", &result.passable_stop_price())}) {
    if (!value->empty()) nearest.push_back({.term = term, .value = *value, .check = rule});
  }
  if (!result.passable_quantity().empty())
    nearest.push_back(
        {.term = "quantity", .value = result.passable_quantity(), .check = result.passable_quantity_check()});
  if (nearest.empty()) nearest.push_back({.term = "none", .value = "", .check = rule});
  return read;
}

}  // namespace

risk::v1::Reserve& RiskDesk::Put(Order order, std::optional<UtcTime> deadline, Question** question) {
  std::uint64_t correlation = next_correlation_++;
  risk::v1::Reserve& reserve = *next_.add_reserves();
  reserve.set_correlation_id(correlation);
  wire::ToProto(order, reserve.mutable_order());
  Question& asked = waiting_[correlation];
  asked.order = std::move(order);
  asked.deadline_ns = floor_.clock.MonotonicNanos() + floor_.options.risk_timeout_ms * 1'000'000;
  asked.caller_deadline = deadline;
  *question = &asked;
  return reserve;
}

void RiskDesk::Ask(Order order, std::string actor, std::optional<UtcTime> deadline,
                   std::function<void(OrderReply)> reply, bool anchor_at_market) {
  Question* question = nullptr;
  risk::v1::Reserve& reserve = Put(std::move(order), deadline, &question);
  if (anchor_at_market) reserve.set_anchor_at_market(true);
  by_order_[question->order.order_id] = reserve.correlation_id();
  question->actor = std::move(actor);
  question->replies.push_back(std::move(reply));
}

void RiskDesk::Inquire(Order order, const Terms& terms, std::optional<UtcTime> deadline,
                       std::function<void(Answer)> done) {
  Question* question = nullptr;
  risk::v1::Reserve& reserve = Put(std::move(order), deadline, &question);
  if (terms.anchor_price) wire::ToProto(*terms.anchor_price, reserve.mutable_anchor_price());
  reserve.set_anchor_at_market(terms.anchor_at_market);
  reserve.set_replaces(terms.replaces);
  if (terms.is_new) by_order_[question->order.order_id] = reserve.correlation_id();
  question->done = std::move(done);
}

void RiskDesk::Drop(const Order& order) {
  auto found = by_order_.find(order.order_id);
  std::uint64_t correlation = found == by_order_.end() ? 0 : found->second;
  if (correlation != 0) (void)Take(correlation);
  if (correlation == 0 || !Unask(correlation)) VoidReservation(order);
}

const Order* RiskDesk::Waiting(const OrderId& id) const {
  auto found = by_order_.find(id);
  return found == by_order_.end() ? nullptr : &waiting_.at(found->second).order;
}

void RiskDesk::Join(const OrderId& id, std::function<void(OrderReply)> reply) {
  waiting_.at(by_order_.at(id)).replies.push_back(std::move(reply));
}

int RiskDesk::CountWaiting(const AccountId& id) const {
  return static_cast<int>(std::count_if(waiting_.begin(), waiting_.end(),
                                        [&](const auto& entry) { return entry.second.order.account_id == id; }));
}

std::optional<RiskDesk::Question> RiskDesk::Take(std::uint64_t correlation) {
  auto found = waiting_.find(correlation);
  if (found == waiting_.end()) return std::nullopt;
  std::optional<Question> question = std::move(found->second);
  waiting_.erase(found);
  // An inquiry about an order that is there has not taken its name.
  if (auto named = by_order_.find(question->order.order_id); named != by_order_.end() && named->second == correlation)
    by_order_.erase(named);
  return question;
}

void RiskDesk::DenyUnavailable(Question question, const char* why) {
  if (question.done) {
    question.done({.rejection = Rejection{.reason = RejectReason::kRiskUnavailable, .check = "risk", .message = why},
                   .unanswered = true});
    return;
  }
  orders_.Deny(std::move(question.order), question.actor,
               {.reason = RejectReason::kRiskUnavailable, .check = "risk", .message = why}, {},
               std::move(question.replies));
}

void RiskDesk::VoidReservation(const Order& order) {
  risk::v1::Void& forgotten = *next_.add_voids();
  forgotten.set_account_id(order.account_id.value());
  forgotten.set_order_id(order.order_id.value());
}

bool RiskDesk::Unask(std::uint64_t correlation) {
  auto& unasked = *next_.mutable_reserves();
  auto asking = std::find_if(unasked.begin(), unasked.end(), [correlation](const risk::v1::Reserve& reserve) {
    return reserve.correlation_id() == correlation;
  });
  if (asking == unasked.end()) return false;
  unasked.erase(asking);
  return true;
}

void RiskDesk::Withdraw(std::uint64_t correlation, Rejection rejection) {
  std::optional<Question> question = Take(correlation);
  if (!question) return;  // with another one of its list
  if (!Unask(correlation)) VoidReservation(question->order);
  if (question->done)
    question->done({.rejection = std::move(rejection), .unanswered = true});
  else
    orders_.Deny(std::move(question->order), question->actor, std::move(rejection), {}, std::move(question->replies));
}

void RiskDesk::WithdrawIf(const std::function<bool(const Order&)>& meant, const Rejection& rejection) {
  std::vector<std::uint64_t> withdrawn;
  for (const auto& [correlation, question] : waiting_) {
    if (meant(question.order)) withdrawn.push_back(correlation);
  }
  for (std::uint64_t correlation : withdrawn) Withdraw(correlation, rejection);
}

void RiskDesk::Expire(std::int64_t now_ns) {
  std::vector<std::uint64_t> late;
  for (const auto& [correlation, question] : waiting_) {
    if (now_ns > question.deadline_ns) late.push_back(correlation);
  }
  for (std::uint64_t correlation : late) {
    Withdraw(correlation, {.reason = RejectReason::kRiskUnavailable,
                           .check = "risk",
                           .limit = std::to_string(floor_.options.risk_timeout_ms),
                           .message = "the risk service did not answer in time"});
  }
}

void RiskDesk::OnResults(std::vector<risk::v1::ReserveResult> results) {
  for (risk::v1::ReserveResult& result : results) {
    // Timed out meanwhile: risk was told.
    if (std::optional<Question> question = Take(result.correlation_id())) Finish(std::move(*question), result);
  }
}

void RiskDesk::Finish(Question question, risk::v1::ReserveResult& result) {
  std::optional<Rejection> why;
  bool lapsed = false;
  if (!result.approved()) {
    why = wire::FromProto(result.rejection());
  } else {
    orders::Account* account = floor_.accounts.Find(question.order.account_id);
    // What was true when risk was asked may be over: this thread may have stood since, in front of its storage.
    why = floor_.gate.Unsendable(*account, question.order, question.caller_deadline);
    lapsed = !why && result.has_expire_time() && wire::FromProto(result.expire_time()) <= floor_.clock.Now();
    if (lapsed) {
      why = Rejection{.reason = RejectReason::kRiskUnavailable,
                      .check = "risk",
                      .limit = wire::FromProto(result.expire_time()).ToString(),
                      .message = "risk's approval had lapsed before it could be used"};
    }
    if (why) VoidReservation(question.order);
  }
  if (!why && !result.cross_order_ids().empty()) {
    orders_.CancelCrossed(question.order.account_id,
                          std::vector<OrderId>(result.cross_order_ids().begin(), result.cross_order_ids().end()));
  }
  bool encoded = !why && !result.encoded_checks().empty();
  std::vector<RiskCheck> checks = encoded ? std::vector<RiskCheck>() : ChecksOf(result);
  if (question.done) {
    Answer answer{.rejection = std::move(why), .unanswered = lapsed, .checks = std::move(checks)};
    if (encoded) answer.encoded_checks = std::move(*result.mutable_encoded_checks());
    question.done(std::move(answer));
    return;
  }
  if (why) {
    orders_.Deny(std::move(question.order), question.actor, std::move(*why), std::move(checks),
                 std::move(question.replies));
    return;
  }
  OrderDesk::Asked asked{
      .deadline = question.caller_deadline, .checks = std::move(checks), .replies = std::move(question.replies)};
  if (encoded) asked.encoded_checks = std::move(*result.mutable_encoded_checks());
  orders_.Accept(std::move(question.order), question.actor, std::move(asked));
}

void RiskDesk::Tell(const EncodedEvents* committed) {
  if (ready_ && committed != nullptr) {
    for (const EncodedEvents::Entry& entry : committed->entries()) {
      std::string_view event = committed->Event(entry);
      next_.add_events(event.data(), event.size());
    }
  }
  if (next_.events().empty() && next_.voids().empty() && next_.reserves().empty()) return;
  risk::v1::RiskSessionRequest request;
  request.mutable_batch()->Swap(&next_);
  std::vector<std::uint64_t> asked;
  for (const risk::v1::Reserve& reserve : request.batch().reserves()) asked.push_back(reserve.correlation_id());
  if (ready_ && floor_.ports.risk(std::move(request))) return;
  // Risk missed a committed event: only a new session's backfill mends that.
  if (ready_.exchange(false)) floor_.ports.drop_risk();
  for (std::uint64_t correlation : asked) {
    if (std::optional<Question> question = Take(correlation)) {
      DenyUnavailable(std::move(*question), "the risk service is not connected");
    }
  }
}

void RiskDesk::OnLost() {
  ready_ = false;
  behind_.reset();
  std::map<std::uint64_t, Question> waiting = std::exchange(waiting_, {});
  by_order_.clear();
  next_.Clear();
  for (auto& [correlation, question] : waiting) {
    DenyUnavailable(std::move(question), "the risk service was lost before it answered");
  }
}

// It is read from the journal after this turn's commit: the log's head must be in it.
void RiskDesk::OnReady(const std::map<std::string, std::uint64_t>& applied) {
  ready_ = false;
  behind_.emplace();
  for (const auto& [id, account] : floor_.accounts.all()) {
    auto there = applied.find(id.value());
    (*behind_)[id] = there == applied.end() ? 0 : there->second;
  }
}

// On the stream that reservations use: what risk decides, it decides on all of it. Bit by bit, so that a cancel does
// not wait until risk has read the log, and no faster than risk reads.
bool RiskDesk::Backfill() {
  if (!behind_) return false;
  std::int64_t started_ns = floor_.clock.MonotonicNanos();
  for (auto& [id, cursor] : *behind_) {
    while (cursor < floor_.accounts.Find(id)->snapshot().last_sequence) {
      if (floor_.ports.risk_unsent && floor_.ports.risk_unsent() > kReservesUnsentMax) return false;
      if (floor_.clock.MonotonicNanos() - started_ns > kBackfillTurnNs) return true;
      if (!SendPage(id, &cursor)) {
        behind_.reset();
        floor_.ports.drop_risk();
        return false;
      }
    }
  }
  behind_.reset();
  risk::v1::RiskSessionRequest replayed;
  replayed.mutable_replayed();
  ready_ = floor_.ports.risk(std::move(replayed));
  if (!ready_) floor_.ports.drop_risk();
  floor_.log.Info("risk.session_ready", {{"ready", ready_ ? "true" : "false"}});
  return false;
}

bool RiskDesk::SendPage(const AccountId& id, std::uint64_t* cursor) {
  auto events = journal_.LoadEvents(id, *cursor, kBackfillPage);
  if (!events.ok() || events->entries().empty()) return false;
  risk::v1::RiskSessionRequest request;
  for (const EncodedEvents::Entry& entry : events->entries()) {
    *cursor = entry.sequence;
    std::string_view event = events->Event(entry);
    request.mutable_batch()->add_events(event.data(), event.size());
  }
  return floor_.ports.risk(std::move(request));
}

}  // namespace ballast
