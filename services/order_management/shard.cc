#include "services/order_management/shard.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/base/check.h"
#include "libs/orders/order_id.h"
#include "libs/orders/reduce_only.h"
#include "libs/orders/submit.h"
#include "libs/wire/event_bytes.h"
#include "libs/wire/wire.h"
#include "services/order_management/report_codec.h"

namespace ballast {
namespace {

constexpr std::size_t kBatchMax = 500;
constexpr std::int64_t kTickNs = 20'000'000;
constexpr std::int64_t kCancelRepeatNs = 2'000'000'000;
// Closed ones of each account: whoever names an older one waits for the store.
constexpr std::size_t kClosedInMemoryMax = 20'000;
constexpr int kBackfillPage = 500;
// Risk is sent so much of the log in one turn, and no more while so many messages wait: nobody else waits for it long.
constexpr std::int64_t kBackfillTurnNs = 2'000'000;
constexpr std::size_t kRiskUnsentMax = 8;

absl::Status Ended() {
  return absl::UnavailableError("this order manager ended before it could answer; ask again with the same request id");
}

}  // namespace

Shard::Shard(Options options, Journal& journal, EventHub& hub, const Clock& clock, Logger& log, Metrics& metrics)
    : options_(std::move(options)),
      journal_(journal),
      hub_(hub),
      clock_(clock),
      log_(log),
      order_ids_(journal, log),
      submits_(metrics.GetCounter("ballast_order_submits_total", "orders asked for", {})),
      denials_(metrics.GetCounter("ballast_order_denials_total", "orders refused before they left", {})),
      events_(metrics.GetCounter("ballast_order_events_total", "events committed", {})),
      reports_(metrics.GetCounter("ballast_order_reports_total", "execution reports applied", {})),
      commit_seconds_(metrics.GetSeconds("ballast_order_commit_seconds", "one batch to Postgres", {})) {}

Shard::~Shard() { Drain(); }

absl::Status Shard::Recover() {
  RETURN_IF_ERROR(journal_.Fence());
  ASSIGN_OR_RETURN(std::vector<orders::Account::Snapshot> snapshots, journal_.LoadAccounts());
  for (orders::Account::Snapshot& snapshot : snapshots) {
    AccountId id = snapshot.id;
    hub_.SetHead(id, snapshot.last_sequence);
    accounts_[id].Restore(std::move(snapshot));
  }
  ASSIGN_OR_RETURN(std::vector<Order> working, journal_.LoadWorkingOrders());
  for (const Order& order : working) accounts_[order.account_id].Load(order);
  RETURN_IF_ERROR(order_ids_.Recover());
  ASSIGN_OR_RETURN(brokers_, journal_.LoadBrokers());
  ASSIGN_OR_RETURN(deployments_, journal_.LoadDeployments());
  for (auto& [id, account] : accounts_) {
    std::uint64_t cursor = 0;
    while (true) {
      ASSIGN_OR_RETURN(std::vector<Fill> fills, journal_.LoadFills(id, cursor, kBackfillPage));
      if (fills.empty()) break;
      for (const Fill& fill : fills) account.LoadFill(fill);
      cursor = fills.back().sequence;
    }
  }
  for (const AccountSpec& spec : options_.accounts) {
    if (accounts_.contains(spec.id)) continue;
    brokers_[spec.id] = spec.broker;
    Keep(accounts_[spec.id].Open(spec.id, spec.mode, spec.currency, spec.cash, clock_.Now()));
    opened_.emplace_back(spec.id, spec.broker);
  }
  if (!CommitBatch()) return absl::UnavailableError("the accounts could not be opened");
  MutexLock lock(cursor_mutex_);
  for (const auto& [id, account] : accounts_) {
    execution_cursors_[id.value()] = account.snapshot().execution_sequence;
  }
  log_.Info("orders.recovered", {{"accounts", std::to_string(accounts_.size())},
                                 {"working_orders", std::to_string(working.size())},
                                 {"epoch", std::to_string(journal_.epoch())}});
  return absl::OkStatus();
}

void Shard::Start() {
  broker_lost_ns_ = clock_.MonotonicNanos();
  order_ids_.Start();
  thread_ = std::thread([this] { Loop(); });
}

void Shard::Drain() {
  inbox_.Close();
  if (thread_.joinable()) thread_.join();
  order_ids_.Stop();
}

bool Shard::Enqueue(Task task) { return inbox_.TryPush(std::move(task)); }
void Shard::EnqueueAlways(Task task) { (void)inbox_.Push(std::move(task)); }

bool Shard::Turn(std::int64_t wait_ns) {
  std::vector<Task> tasks = inbox_.PopBatch(kBatchMax, risk_wants_more_ ? 0 : wait_ns);
  for (Task& task : tasks) {
    if (dead_) return false;
    task();
  }
  if (std::int64_t now = clock_.MonotonicNanos(); now - last_tick_ns_ >= kTickNs) {
    last_tick_ns_ = now;
    OnTick();
  }
  if (!CommitBatch()) return false;
  risk_wants_more_ = risk_behind_ && BackfillRisk();
  return !(tasks.empty() && inbox_.closed());
}

void Shard::Loop() {
  last_tick_ns_ = clock_.MonotonicNanos();
  while (Turn(kTickNs)) {
  }
  // Whoever still waits is told: what risk has not answered was not taken, and what could not be stored may have been.
  waiting_.clear();
  while (!inbox_.PopBatch(kBatchMax, 0).empty()) {
  }
}

void Shard::Keep(std::vector<OrderEvent> events) {
  for (OrderEvent& event : events) batch_.push_back(std::move(event));
}

// Goes on until the batch is durable: as the only writer it may repeat the same rows, and a commit in doubt is read
// back. False: it never will be.
bool Shard::Persist(const Commit& commit) {
  constexpr std::int64_t kDrainNs = 5'000'000'000;
  std::int64_t started = clock_.MonotonicNanos();
  std::chrono::milliseconds pause(20);
  bool in_doubt = false;
  for (int tries = 1;; ++tries) {
    absl::Status status = journal_.Append(commit);
    if (status.ok()) break;
    // Once is a connection that was lost, twice a storage that is away.
    if (tries > 1) storage_away_ = true;
    log_.Error("orders.commit_failed", {{"error", status.ToString()}});
    // An event that is there already came from a try whose answer was lost, or from somebody who must not write here.
    if (absl::IsUnknown(status) || absl::IsAlreadyExists(status)) in_doubt = true;
    if (absl::IsFailedPrecondition(status) || absl::IsInternal(status)) {
      ports_.fail(status.ToString());
      return false;
    }
    if (in_doubt) {
      std::optional<Journal::Stored> there = ReadBack(commit);
      if (there == Journal::Stored::kThis) break;
      if (there == Journal::Stored::kAnother) {
        ports_.fail("another writer's event stands where this one's would be");
        return false;
      }
      if (there == Journal::Stored::kNothing) in_doubt = false;
    }
    if (inbox_.closed() && clock_.MonotonicNanos() - started > kDrainNs) {
      // Stopping without storage: nothing of this batch was answered, so nothing acknowledged is lost.
      log_.Error("orders.batch_abandoned", {{"events", std::to_string(commit.events.size())}});
      return false;
    }
    if (ports_.pause)
      ports_.pause(std::chrono::nanoseconds(pause).count());
    else
      std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(500));
  }
  storage_away_ = false;
  commit_seconds_.Observe(static_cast<double>(clock_.MonotonicNanos() - started) / 1e9);
  return true;
}

std::optional<Journal::Stored> Shard::ReadBack(const Commit& commit) {
  const EncodedEvents::Entry& last = commit.encoded->entries().back();
  auto there = journal_.Lookup(AccountId(last.account_id), last.sequence, commit.encoded->Event(last));
  if (!there.ok()) return std::nullopt;
  return *there;
}

std::shared_ptr<const EncodedEvents> Shard::StoreBatch() {
  if (batch_.empty()) return nullptr;
  Commit commit;
  commit.opened = std::move(opened_);
  opened_.clear();
  std::set<AccountId> touched;
  for (const OrderEvent& event : batch_) touched.insert(event.account_id);
  for (const AccountId& id : touched) commit.accounts.push_back(accounts_[id].snapshot());
  commit.events = std::move(batch_);
  batch_.clear();
  commit.encoded = std::make_shared<const EncodedEvents>(commit.events);
  if (!Persist(commit)) {
    dead_ = true;
    inbox_.Close();
    after_commit_.clear();
    return nullptr;
  }
  events_.Add(static_cast<double>(commit.events.size()));
  return commit.encoded;
}

bool Shard::CommitBatch() {
  do {
    if (dead_) return false;
    std::shared_ptr<const EncodedEvents> committed = StoreBatch();
    if (dead_) return false;
    for (Task& action : std::exchange(after_commit_, {})) action();
    TellRisk(committed.get());
    if (committed) hub_.Publish(committed);
  } while (!batch_.empty() || !after_commit_.empty());
  return true;
}

void Shard::TellRisk(const EncodedEvents* committed) {
  if (risk_ready_ && committed != nullptr) {
    for (const EncodedEvents::Entry& entry : committed->entries()) {
      std::string_view event = committed->Event(entry);
      for_risk_.add_events(event.data(), event.size());
    }
  }
  if (for_risk_.events().empty() && for_risk_.voids().empty() && for_risk_.reserves().empty()) return;
  risk::v1::RiskSessionRequest request;
  request.mutable_batch()->Swap(&for_risk_);
  std::vector<std::uint64_t> asked;
  for (const risk::v1::Reserve& reserve : request.batch().reserves()) asked.push_back(reserve.correlation_id());
  if (risk_ready_ && ports_.risk(std::move(request))) return;
  // Risk missed a committed event: only a new session's backfill mends that.
  if (risk_ready_.exchange(false)) ports_.drop_risk();
  for (std::uint64_t correlation : asked) {
    auto found = waiting_.find(correlation);
    if (found == waiting_.end()) continue;
    Waiting waiting = std::move(found->second);
    waiting_.erase(found);
    waiting_by_order_.erase(waiting.order.order_id);
    Deny(std::move(waiting.order), waiting.actor,
         {.reason = RejectReason::kRiskUnavailable, .check = "risk", .message = "the risk service is not connected"},
         {}, std::move(waiting.replies));
  }
}

void Shard::VoidReservation(const Order& order) {
  risk::v1::Void& forgotten = *for_risk_.add_voids();
  forgotten.set_account_id(order.account_id.value());
  forgotten.set_order_id(order.order_id.value());
}

orders::Account* Shard::FindAccount(const AccountId& id) {
  auto found = accounts_.find(id);
  return found == accounts_.end() ? nullptr : &found->second;
}

absl::StatusOr<const Order*> Shard::LoadOrder(orders::Account& account, const OrderId& id) {
  if (const Order* order = account.Find(id)) return order;
  if (!order_ids_.MayHold(id)) return nullptr;
  auto stored = journal_.LoadOrder(id);
  if (absl::IsNotFound(stored.status())) return nullptr;
  RETURN_IF_ERROR(stored.status());
  if (stored->account_id != account.snapshot().id) return nullptr;
  account.Load(*stored);
  return account.Find(id);
}

bool Shard::Submit(Order order, std::string actor, bool confirm_duplicate, std::function<void(OrderReply)> reply,
                   std::optional<UtcTime> deadline) {
  if (storage_away_) {
    // It would wait for the storage, and be old when it goes out.
    reply({.status = absl::UnavailableError("orders cannot be stored now; try again with the same request id")});
    return true;
  }
  order.create_time = clock_.Now();  // its age counts from here, however long it waits for the thread
  return Ask<OrderReply>(std::move(reply), {.status = Ended()},
                         [this, order = std::move(order), actor = std::move(actor), confirm_duplicate,
                          deadline](std::function<void(OrderReply)> answer) mutable {
                           DoSubmit(std::move(order), actor, confirm_duplicate, std::move(answer), deadline);
                         });
}

bool Shard::BrokerUsable() const {
  return broker_ready_ || clock_.MonotonicNanos() - broker_lost_ns_ < options_.broker_grace_ms * 1'000'000;
}

void Shard::DoSubmit(Order order, const std::string& actor, bool confirm_duplicate,
                     std::function<void(OrderReply)> reply, std::optional<UtcTime> deadline) {
  submits_.Increment();
  orders::Account* account = FindAccount(order.account_id);
  if (account == nullptr) {
    reply({.status = absl::NotFoundError(ToAbsl("there is no account " + order.account_id.value()))});
    return;
  }
  order.order_id = orders::OrderIdFor(order.account_id, order.request_id);
  // The same request again: its first answer, or a refusal when the body differs.
  if (auto waiting = waiting_by_order_.find(order.order_id); waiting != waiting_by_order_.end()) {
    Waiting& first = waiting_[waiting->second];
    if (orders::SameBody(first.order, order)) {
      first.replies.push_back(std::move(reply));
    } else {
      reply({.status = absl::AlreadyExistsError("request_id was used for another order")});
    }
    return;
  }
  absl::StatusOr<const Order*> first = LoadOrder(*account, order.order_id);
  if (!first.ok()) {
    reply({.status = absl::UnavailableError("whether this request id was used cannot be read now")});
    return;
  }
  if (*first != nullptr) {
    if (!orders::SameBody(**first, order)) {
      reply({.status = absl::AlreadyExistsError("request_id was used for another order")});
    } else {
      AfterCommit([reply = std::move(reply), stored = **first] {
        reply({.order = stored, .replayed = true, .rejection = stored.rejection});
      });
    }
    return;
  }

  auto deny = [&](Rejection rejection) { Deny(std::move(order), actor, std::move(rejection), {}, {std::move(reply)}); };
  if (!order.deployment_id.empty() && !deployments_.contains({order.account_id, order.deployment_id})) {
    std::string name = order.deployment_id.value();
    deny({.reason = RejectReason::kUnknownDeployment,
          .check = "deployment",
          .observed = name,
          .message = "there is no deployment " + name + " in this account; an order by hand names none"});
    return;
  }
  if (std::optional<Rejection> why = Unsendable(*account, order, deadline)) {
    deny(std::move(*why));
    return;
  }
  if (std::optional<Rejection> why = confirm_duplicate ? std::nullopt : Duplicate(order)) {
    deny(std::move(*why));
    return;
  }
  if (!BrokerUsable()) {
    deny({.reason = RejectReason::kBrokerUnavailable,
          .check = "broker",
          .message = "the broker gateway is not connected"});
    return;
  }
  if (!risk_ready_) {
    deny({.reason = RejectReason::kRiskUnavailable, .check = "risk", .message = "the risk service is not connected"});
    return;
  }
  // Asked together with the rest of the batch, once what the batch decides is durable and risk has been told.
  std::uint64_t correlation = next_correlation_++;
  risk::v1::Reserve& reserve = *for_risk_.add_reserves();
  reserve.set_correlation_id(correlation);
  wire::ToProto(order, reserve.mutable_order());
  waiting_by_order_[order.order_id] = correlation;
  Waiting& waiting = waiting_[correlation];
  waiting.order = std::move(order);
  waiting.actor = actor;
  waiting.deadline_ns = clock_.MonotonicNanos() + options_.risk_timeout_ms * 1'000'000;
  waiting.caller_deadline = deadline;
  waiting.replies.push_back(std::move(reply));
}

std::optional<Rejection> Shard::Duplicate(const Order& order) {
  std::int64_t now = clock_.MonotonicNanos();
  std::string key = order.account_id.value() + "|" + order.deployment_id.value() + "|" + order.symbol.value() + "|" +
                    std::to_string(static_cast<int>(order.side)) + "|" + std::to_string(static_cast<int>(order.type)) +
                    "|" + order.quantity.ToString() + "|" + (order.limit_price ? order.limit_price->ToString() : "") +
                    "|" + (order.stop_price ? order.stop_price->ToString() : "");
  std::int64_t window_ms =
      order.deployment_id.empty() ? options_.duplicate_window_manual_ms : options_.duplicate_window_strategy_ms;
  std::int64_t kept_ns =
      std::max(options_.duplicate_window_manual_ms, options_.duplicate_window_strategy_ms) * 1'000'000;
  for (; !recent_order_times_.empty() && now - recent_order_times_.front().first > kept_ns;
       recent_order_times_.pop_front()) {
    auto old = recent_orders_.find(recent_order_times_.front().second);
    // Not if it was asked for again since.
    if (old != recent_orders_.end() && old->second == recent_order_times_.front().first) recent_orders_.erase(old);
  }
  auto [recent, fresh] = recent_orders_.try_emplace(key, now);
  if (!fresh && now - recent->second < window_ms * 1'000'000) {
    return Rejection{.reason = RejectReason::kDuplicateOrder,
                     .check = "duplicate_order",
                     .limit = std::to_string(window_ms),
                     .observed = std::to_string((now - recent->second) / 1'000'000),
                     .message = "an equal order was sent within " + std::to_string(window_ms) +
                                " ms; confirm_duplicate says that a second one is meant"};
  }
  recent->second = now;
  recent_order_times_.emplace_back(now, std::move(key));
  return std::nullopt;
}

void Shard::Deny(Order order, const std::string& actor, Rejection rejection, std::vector<RiskCheck> checks,
                 std::vector<std::function<void(OrderReply)>> replies) {
  denials_.Increment();
  orders::Account* account = FindAccount(order.account_id);
  OrderId id = order.order_id;
  order_ids_.Add(id);
  Keep(account->Deny(std::move(order), actor, std::move(rejection), checks, clock_.Now()));
  AfterCommit([this, account, id = std::move(id), checks = std::move(checks), replies = std::move(replies)]() mutable {
    Answer(*account, id, false, {.checks = std::move(checks), .replies = std::move(replies)});
  });
}

// Ends an order that waits for risk; a late answer finds nothing, and risk is told to forget it.
void Shard::Withdraw(std::uint64_t correlation, Rejection rejection) {
  Waiting waiting = std::move(waiting_[correlation]);
  waiting_.erase(correlation);
  waiting_by_order_.erase(waiting.order.order_id);
  auto& unasked = *for_risk_.mutable_reserves();
  auto asking = std::find_if(unasked.begin(), unasked.end(), [correlation](const risk::v1::Reserve& reserve) {
    return reserve.correlation_id() == correlation;
  });
  if (asking != unasked.end())
    unasked.erase(asking);
  else
    VoidReservation(waiting.order);
  Deny(std::move(waiting.order), waiting.actor, std::move(rejection), {}, std::move(waiting.replies));
}

void Shard::WithdrawIf(const std::function<bool(const Order&)>& meant, const Rejection& rejection) {
  std::vector<std::uint64_t> withdrawn;
  for (const auto& [correlation, waiting] : waiting_) {
    if (meant(waiting.order)) withdrawn.push_back(correlation);
  }
  for (std::uint64_t correlation : withdrawn) Withdraw(correlation, rejection);
}

void Shard::Place(Order order, const std::string& actor, RiskCheck check) {
  orders::Account* account = FindAccount(order.account_id);
  OrderId id = order.order_id;
  order_ids_.Add(id);
  bool submit = broker_ready_;
  if (!submit) pending_possible_ = true;
  Keep(account->Accept(std::move(order), actor, {std::move(check)}, submit, clock_.Now()));
  if (submit) AfterCommit([this, account, id] { Release(*account, id); });
}

void Shard::SetEmergency(EmergencyDesk* desk) {
  emergency_ = desk;
  desk->SetWriter({.account = [this](const AccountId& id) { return FindAccount(id); },
                   .accounts =
                       [this] {
                         std::vector<AccountId> ids;
                         for (const auto& [id, account] : accounts_) ids.push_back(id);
                         return ids;
                       },
                   .keep = [this](std::vector<OrderEvent> events) { Keep(std::move(events)); },
                   .after_commit = [this](std::function<void()> action) { AfterCommit(std::move(action)); },
                   .send_cancel = [this](const Order& order) { SendCancel(order); },
                   .place = [this](Order order, const std::string& actor,
                                   RiskCheck check) { Place(std::move(order), actor, std::move(check)); },
                   .unanswered =
                       [this](const AccountId& id) {
                         return static_cast<int>(
                             std::count_if(waiting_.begin(), waiting_.end(),
                                           [&](const auto& entry) { return entry.second.order.account_id == id; }));
                       },
                   .withdraw =
                       [this](const AccountId& id, Rejection rejection) {
                         WithdrawIf([&](const Order& order) { return order.account_id == id; }, rejection);
                       },
                   .broker_ready = [this] { return broker_ready_.load(); },
                   .enqueue = [this](std::function<void()> task) { return inbox_.Push(std::move(task)); },
                   .storage_away = [this] { return storage_away_.load(); }});
}

void Shard::OnRiskResults(std::vector<risk::v1::ReserveResult> results) {
  EnqueueAlways([this, results = std::move(results)]() mutable {
    for (risk::v1::ReserveResult& result : results) {
      auto found = waiting_.find(result.correlation_id());
      if (found == waiting_.end()) continue;  // timed out meanwhile; risk was told
      Waiting waiting = std::move(found->second);
      waiting_.erase(found);
      waiting_by_order_.erase(waiting.order.order_id);
      FinishReserve(std::move(waiting), result);
    }
  });
}

void Shard::FinishReserve(Waiting waiting, risk::v1::ReserveResult& result) {
  auto checks = [&result] {
    std::vector<RiskCheck> read = wire::ReadChecks(result.encoded_checks());
    for (const auto& check : result.checks()) read.push_back(wire::FromProto(check));
    return read;
  };
  if (!result.approved()) {
    Deny(std::move(waiting.order), waiting.actor, wire::FromProto(result.rejection()), checks(),
         std::move(waiting.replies));
    return;
  }
  orders::Account* account = FindAccount(waiting.order.account_id);
  OrderId id = waiting.order.order_id;
  // What was true when risk was asked may be over: this thread may have stood since, in front of its storage.
  std::optional<Rejection> why = Unsendable(*account, waiting.order, waiting.caller_deadline);
  if (!why && result.has_expire_time() && wire::FromProto(result.expire_time()) <= clock_.Now()) {
    why = Rejection{.reason = RejectReason::kRiskUnavailable,
                    .check = "risk",
                    .limit = wire::FromProto(result.expire_time()).ToString(),
                    .message = "risk's approval had lapsed before it could be used"};
  }
  if (why) {
    VoidReservation(waiting.order);
    Deny(std::move(waiting.order), waiting.actor, std::move(*why), checks(), std::move(waiting.replies));
    return;
  }
  order_ids_.Add(id);
  bool submit = broker_ready_;
  if (!submit) pending_possible_ = true;
  Asked asked{.deadline = waiting.caller_deadline, .replies = std::move(waiting.replies)};
  std::vector<OrderEvent> events;
  if (result.encoded_checks().empty()) {
    asked.checks = checks();
    events = account->Accept(std::move(waiting.order), waiting.actor, asked.checks, submit, clock_.Now());
  } else {
    // Nobody looks into it here: it is stored and told as it came.
    asked.encoded_checks = std::move(*result.mutable_encoded_checks());
    events = account->Accept(std::move(waiting.order), waiting.actor, {}, submit, clock_.Now());
    events.front().encoded_checks = asked.encoded_checks;
  }
  Keep(std::move(events));
  AfterCommit([this, account, id = std::move(id), submit, asked = std::move(asked)]() mutable {
    Answer(*account, id, submit, std::move(asked));
  });
}

// Tells who asked what became of an order that is durable; `release`: it is sent too, if it may still leave.
void Shard::Answer(orders::Account& account, const OrderId& id, bool release, Asked asked) {
  std::size_t decided = batch_.size();
  if (release) Release(account, id, asked.deadline);
  const Order* order = account.Find(id);
  CHECK(order != nullptr, "an order of this batch is in memory");
  auto tell = [order = *order, asked = std::move(asked)]() mutable {
    OrderReply reply{.order = std::move(order),
                     .checks = std::move(asked.checks),
                     .encoded_checks = std::move(asked.encoded_checks)};
    reply.rejection = reply.order.rejection;
    for (std::size_t i = 0; i + 1 < asked.replies.size(); ++i) asked.replies[i](reply);
    asked.replies.back()(std::move(reply));
  };
  if (batch_.size() == decided)
    tell();
  else
    AfterCommit(std::move(tell));  // ended instead of sent: told when that is durable too
}

std::optional<Rejection> Shard::Unsendable(const orders::Account& account, const Order& order,
                                           std::optional<UtcTime> deadline) const {
  if (emergency_ != nullptr) {
    if (std::optional<Rejection> refusal = emergency_->Refusal(order)) return refusal;
  }
  if (account.snapshot().halted && !order.reduce_only) {
    return Rejection{.reason = RejectReason::kAccountHalted,
                     .check = "account",
                     .message = "the account is halted: " + account.snapshot().halt_reason};
  }
  UtcTime now = clock_.Now();
  if (deadline && now > *deadline) {
    return Rejection{.reason = RejectReason::kStaleIntent,
                     .check = "deadline",
                     .limit = deadline->ToString(),
                     .observed = now.ToString(),
                     .message = "whoever asked for the order had stopped waiting for the answer; it was not sent"};
  }
  std::int64_t age_ms = (now - order.create_time).nanos / 1'000'000;
  std::int64_t age_ms_max =
      order.type == OrderType::kMarket ? options_.intent_age_ms_max * 2 / 5 : options_.intent_age_ms_max;
  if (age_ms <= age_ms_max) return std::nullopt;
  return Rejection{.reason = RejectReason::kStaleIntent,
                   .check = "intent_age",
                   .limit = std::to_string(age_ms_max),
                   .observed = std::to_string(age_ms),
                   .message = "the order waited too long to be sent and was not sent"};
}

void Shard::Release(orders::Account& account, const OrderId& id, std::optional<UtcTime> deadline) {
  const Order* order = account.Find(id);
  // Without a session nothing was sent: the next one's beginning looks at it.
  if (order == nullptr || !broker_ready_ || !orders::Account::NeverTaken(*order)) return;
  if (order->cancel_requested) {
    Keep(account.CancelUnsent(id, clock_.Now()));
  } else if (std::optional<Rejection> why = Unsendable(account, *order, deadline)) {
    Keep(account.RejectUnsent(id, std::move(*why), clock_.Now()));
  } else {
    SendNewOrder(*order);
  }
}

void Shard::SendNewOrder(const Order& order) {
  // A session that this thread has not begun yet gets nothing: what its gateway has taken must be settled first.
  if (!broker_ready_) return;
  broker::v1::OrderSessionRequest request;
  wire::ToProto(order, request.mutable_new_order()->mutable_order());
  // The venue knows one position, the net one. Where books stand against each other, closing one of them may move the
  // net position away from zero, which a venue would not call reducing.
  orders::Account* account = FindAccount(order.account_id);
  if (order.reduce_only && account != nullptr && account->books().Opposed(order.symbol) &&
      order.leaves_quantity > orders::Books::Room(account->books().Net(order.symbol), order.side)) {
    request.mutable_new_order()->mutable_order()->set_reduce_only(false);
  }
  // A broken session sends it again when it is back: the gateway knows orders by their id.
  if (!ports_.broker(std::move(request))) {
    broker_ready_ = false;
    ports_.drop_broker();
  }
}

void Shard::SendCancel(const Order& order) {
  if (!broker_ready_) return;  // the session's beginning sends it
  broker::v1::OrderSessionRequest request;
  request.mutable_cancel()->set_account_id(order.account_id.value());
  request.mutable_cancel()->set_order_id(order.order_id.value());
  if (!ports_.broker(std::move(request))) {
    broker_ready_ = false;
    ports_.drop_broker();
  }
}

void Shard::TrimReduceOnly(const AccountId& id) {
  orders::Account* account = FindAccount(id);
  if (account == nullptr || !broker_ready_) return;
  for (orders::Trim& trim : orders::TrimsFor(account->books(), account->working(), account->snapshot().halted)) {
    auto [told, fresh] = trims_.try_emplace(trim.order_id, trim.quantity);
    if (!fresh && told->second <= trim.quantity) continue;
    told->second = trim.quantity;
    AfterCommit([this, id, trim] {
      broker::v1::OrderSessionRequest request;
      request.mutable_reduce()->set_account_id(id.value());
      request.mutable_reduce()->set_order_id(trim.order_id.value());
      wire::ToProto(trim.quantity, request.mutable_reduce()->mutable_quantity());
      wire::ToProto(trim.why, request.mutable_reduce()->mutable_rejection());
      if (!ports_.broker(std::move(request))) {
        broker_ready_ = false;
        ports_.drop_broker();
      }
    });
  }
}

bool Shard::RegisterDeployment(AccountId account_id, DeploymentId deployment, std::string actor,
                               std::function<void(absl::Status)> reply) {
  return Ask<absl::Status>(
      std::move(reply), Ended(),
      [this, account_id = std::move(account_id), deployment = std::move(deployment),
       actor = std::move(actor)](const std::function<void(absl::Status)>& reply) {
        if (FindAccount(account_id) == nullptr) {
          reply(absl::NotFoundError(ToAbsl("there is no account " + account_id.value())));
          return;
        }
        if (!deployments_.contains({account_id, deployment})) {
          // Rare, so it may hold up the batch; known only once it is durable.
          if (absl::Status saved = journal_.SaveDeployment(account_id, deployment); !saved.ok()) {
            log_.Warning("orders.deployment_not_saved", {{"error", saved.ToString()}});
            reply(absl::UnavailableError("the deployment cannot be stored now"));
            return;
          }
          deployments_.emplace(account_id, deployment);
          log_.Info("orders.deployment_registered",
                    {{"account", account_id.value()}, {"deployment", deployment.value()}, {"actor", actor}});
        }
        reply(absl::OkStatus());
      });
}

bool Shard::ClosePosition(CloseRequest request, std::string actor, std::function<void(OrderReply)> reply) {
  return Ask<OrderReply>(
      std::move(reply), {.status = Ended()},
      [this, request = std::move(request), came = clock_.Now(), actor = std::move(actor)](
          std::function<void(OrderReply)> answer) { DoClose(request, came, actor, std::move(answer)); });
}

void Shard::DoClose(const CloseRequest& request, UtcTime came, const std::string& actor,
                    std::function<void(OrderReply)> reply) {
  orders::Account* account = FindAccount(request.account_id);
  if (account == nullptr) {
    reply({.status = absl::NotFoundError(ToAbsl("there is no account " + request.account_id.value()))});
    return;
  }
  Order order;
  order.create_time = came;
  order.request_id = request.request_id;
  order.account_id = request.account_id;
  order.deployment_id = request.deployment_id.value_or(DeploymentId());
  order.symbol = request.symbol;
  order.type = OrderType::kMarket;
  order.time_in_force = TimeInForce::kIoc;
  order.reduce_only = true;
  order.reason = request.reason;
  OrderId id = orders::OrderIdFor(request.account_id, request.request_id);
  auto waiting = waiting_by_order_.find(id);
  absl::StatusOr<const Order*> stored = nullptr;
  if (waiting == waiting_by_order_.end()) stored = LoadOrder(*account, id);
  if (!stored.ok()) {
    reply({.status = absl::UnavailableError("whether this request id was used cannot be read now")});
    return;
  }
  const Order* first = waiting != waiting_by_order_.end() ? &waiting_[waiting->second].order : *stored;
  if (first != nullptr) {
    // Asked again: the position has changed since, so side and quantity are the first answer's.
    order.side = first->side;
    order.quantity =
        request.quantity.value_or(first->requested_quantity.IsZero() ? first->quantity : first->requested_quantity);
  } else {
    Decimal held = request.deployment_id ? account->books().Held(*request.deployment_id, request.symbol)
                                         : account->books().Net(request.symbol);
    if (held.IsZero()) {
      std::string whose = !request.deployment_id           ? "the account"
                          : request.deployment_id->empty() ? "the book of hand-made orders"
                                                           : "deployment " + request.deployment_id->value();
      reply({.status = absl::FailedPreconditionError(
                 ToAbsl(whose + " holds no " + request.symbol.value() + ": there is nothing to close"))});
      return;
    }
    order.side = held.IsPositive() ? Side::kSell : Side::kBuy;
    order.quantity = request.quantity.value_or(held.Abs());
  }
  DoSubmit(std::move(order), actor, true, std::move(reply), request.deadline);
}

orders::Account* Shard::AccountOf(const OrderId& id, absl::Status& status) {
  for (auto& [account_id, account] : accounts_) {
    if (account.Find(id) != nullptr) return &account;
  }
  if (!order_ids_.MayHold(id)) {
    status = absl::NotFoundError(ToAbsl("there is no order " + id.value()));
    return nullptr;
  }
  auto stored = journal_.LoadOrder(id);
  if (!stored.ok()) {
    status = stored.status();
    return nullptr;
  }
  orders::Account* account = FindAccount(stored->account_id);
  if (account != nullptr) account->Load(*stored);
  return account;
}

bool Shard::Cancel(OrderId id, std::string actor, std::function<void(OrderReply)> reply) {
  return Ask<OrderReply>(
      std::move(reply), {.status = Ended()},
      [this, id = std::move(id), actor = std::move(actor)](const std::function<void(OrderReply)>& reply) {
        absl::Status status;
        orders::Account* account = AccountOf(id, status);
        if (account == nullptr) {
          reply({.status = status});
          return;
        }
        OrderReply answer;
        Keep(account->RequestCancel(id, actor, clock_.Now()));
        const Order* order = account->Find(id);
        answer.order = *order;
        if (IsTerminal(order->status) && order->status != OrderStatus::kCanceled) {
          answer.rejection = Rejection{.reason = RejectReason::kOrderClosed,
                                       .check = "order_state",
                                       .message = "the order is closed, there is nothing to cancel"};
        }
        AfterCommit([this, answer, reply] {
          if (answer.order.cancel_requested) SendCancel(answer.order);
          reply(answer);
        });
      });
}

bool Shard::CancelAll(AccountId account_id, Symbol symbol, DeploymentId deployment, std::string actor,
                      std::function<void(absl::StatusOr<std::vector<Order>>)> reply) {
  using Cancelled = absl::StatusOr<std::vector<Order>>;
  return Ask<Cancelled>(
      std::move(reply), Ended(),
      [this, account_id = std::move(account_id), symbol = std::move(symbol), deployment = std::move(deployment),
       actor = std::move(actor)](const std::function<void(Cancelled)>& reply) {
        orders::Account* account = FindAccount(account_id);
        if (account == nullptr) {
          reply(absl::NotFoundError(ToAbsl("there is no account " + account_id.value())));
          return;
        }
        std::vector<OrderId> ids;
        for (const auto& [id, order] : account->working()) {
          if (IsTerminal(order.status)) continue;
          if (!symbol.empty() && order.symbol != symbol) continue;
          if (!deployment.empty() && order.deployment_id != deployment) continue;
          ids.push_back(id);
        }
        // What still waits for risk is withdrawn: it must not slip out behind a cancel of everything.
        WithdrawIf(
            [&](const Order& order) {
              return order.account_id == account_id && (symbol.empty() || order.symbol == symbol) &&
                     (deployment.empty() || order.deployment_id == deployment);
            },
            {.reason = RejectReason::kCancelPending,
             .check = "cancel_all",
             .message = "withdrawn by a cancel of all orders before it was sent"});
        std::vector<Order> cancelled;
        for (const OrderId& id : ids) {
          Keep(account->RequestCancel(id, actor, clock_.Now()));
          cancelled.push_back(*account->Find(id));
        }
        AfterCommit([this, cancelled, reply] {
          for (const Order& order : cancelled) {
            if (order.cancel_requested) SendCancel(order);
          }
          reply(cancelled);
        });
      });
}

bool Shard::Halt(AccountId account_id, std::string reason, std::string actor, bool resume,
                 std::function<void(AccountReply)> reply) {
  return Ask<AccountReply>(
      std::move(reply), {.status = Ended()},
      [this, account_id = std::move(account_id), reason = std::move(reason), actor = std::move(actor),
       resume](const std::function<void(AccountReply)>& reply) {
        orders::Account* account = FindAccount(account_id);
        if (account == nullptr) {
          reply({.status = absl::NotFoundError(ToAbsl("there is no account " + account_id.value()))});
          return;
        }
        Keep(resume ? account->Resume(reason, actor, clock_.Now()) : account->Halt(reason, actor, clock_.Now()));
        TrimReduceOnly(account_id);
        AfterCommit([reply, snapshot = account->snapshot()] { reply({.account = snapshot}); });
      });
}

void Shard::ListAccounts(std::function<void(absl::StatusOr<AccountList>)> reply) {
  bool queued = Enqueue([this, reply] {
    AccountList list;
    for (const auto& [id, account] : accounts_) list.emplace_back(account.snapshot(), brokers_[id]);
    AfterCommit([reply, list = std::move(list)] { reply(list); });
  });
  if (!queued) reply(absl::ResourceExhaustedError("too many calls are waiting"));
}

// Brings risk up to the log's head on the stream that reservations use: what risk decides, it decides on all of it. Bit
// by bit, so that a cancel does not wait until risk has read the log, and no faster than risk reads.
bool Shard::BackfillRisk() {
  std::int64_t started = clock_.MonotonicNanos();
  for (auto& [id, cursor] : *risk_behind_) {
    while (cursor < accounts_[id].snapshot().last_sequence) {
      if (ports_.risk_unsent && ports_.risk_unsent() > kRiskUnsentMax) return false;
      if (clock_.MonotonicNanos() - started > kBackfillTurnNs) return true;
      if (!SendRiskPage(id, &cursor)) {
        risk_behind_.reset();
        ports_.drop_risk();
        return false;
      }
    }
  }
  risk_behind_.reset();
  risk::v1::RiskSessionRequest replayed;
  replayed.mutable_replayed();
  risk_ready_ = ports_.risk(std::move(replayed));
  if (!risk_ready_) ports_.drop_risk();
  log_.Info("risk.session_ready", {{"ready", risk_ready_ ? "true" : "false"}});
  return false;
}

bool Shard::SendRiskPage(const AccountId& id, std::uint64_t* cursor) {
  auto events = journal_.LoadEvents(id, *cursor, kBackfillPage);
  if (!events.ok() || events->entries().empty()) return false;
  risk::v1::RiskSessionRequest request;
  for (const EncodedEvents::Entry& entry : events->entries()) {
    *cursor = entry.sequence;
    std::string_view event = events->Event(entry);
    request.mutable_batch()->add_events(event.data(), event.size());
  }
  return ports_.risk(std::move(request));
}

void Shard::OnRiskReady(std::map<std::string, std::uint64_t> applied) {
  EnqueueAlways([this, applied = std::move(applied)] {
    risk_ready_ = false;
    risk_behind_.emplace();
    for (const auto& [id, account] : accounts_) {
      auto there = applied.find(id.value());
      (*risk_behind_)[id] = there == applied.end() ? 0 : there->second;
    }
    if (!CommitBatch()) return;  // the log's head must be in the journal before it is read
    risk_wants_more_ = BackfillRisk();
  });
}

void Shard::OnRiskLost() {
  risk_ready_ = false;
  EnqueueAlways([this] {
    risk_ready_ = false;
    risk_behind_.reset();
    std::map<std::uint64_t, Waiting> waiting = std::move(waiting_);
    waiting_.clear();
    waiting_by_order_.clear();
    for_risk_.Clear();
    for (auto& [correlation, entry] : waiting) {
      Deny(std::move(entry.order), entry.actor,
           {.reason = RejectReason::kRiskUnavailable,
            .check = "risk",
            .message = "the risk service was lost before it answered"},
           {}, std::move(entry.replies));
    }
  });
}

void Shard::OnBrokerReady(std::map<std::string, std::uint64_t> heads) {
  EnqueueAlways([this, heads = std::move(heads), losses = broker_losses_.load()]() mutable {
    broker_ready_ = true;
    if (losses != broker_losses_) {
      broker_ready_ = false;  // over already: what it told says nothing about the one after it
      return;
    }
    UtcTime now = clock_.Now();
    for (auto& [id, account] : accounts_) {
      broker::v1::OrderSessionRequest open;
      open.mutable_open_account()->set_account_id(id.value());
      open.mutable_open_account()->set_currency(account.snapshot().currency);
      wire::ToProto(account.snapshot().opening_cash, open.mutable_open_account()->mutable_opening_cash());
      if (!ports_.broker(std::move(open))) broker_ready_ = false;
      // Every report up to the gateway's head is applied: an order without the broker's mark was never taken. If they
      // are not (one was unreadable, or the gateway lost its journal), nobody knows, and nothing is sent again.
      bool settled = account.snapshot().execution_sequence == heads[id.value()];
      if (!settled) {
        log_.Critical("broker.heads_differ", {{"account", id.value()},
                                              {"ours", std::to_string(account.snapshot().execution_sequence)},
                                              {"theirs", std::to_string(heads[id.value()])}});
      }
      // These are released by themselves when the batch is durable.
      auto claimed_in_batch = [this](const OrderId& order_id) {
        return std::any_of(batch_.begin(), batch_.end(), [&](const OrderEvent& event) {
          return event.type == OrderEventType::kSubmitted && event.order->order_id == order_id;
        });
      };
      std::vector<OrderId> open_orders;
      for (const auto& [order_id, order] : account.working()) {
        if (!IsTerminal(order.status) && order.status != OrderStatus::kPendingNew) open_orders.push_back(order_id);
      }
      for (const OrderId& order_id : open_orders) {
        const Order& order = *account.Find(order_id);
        bool untaken = settled && orders::Account::NeverTaken(order);
        if (order.cancel_requested) {
          if (untaken)
            Keep(account.CancelUnsent(order_id, now));
          else
            SendCancel(order);
        } else if (untaken) {
          if (std::optional<Rejection> why = Unsendable(account, order)) {
            Keep(account.RejectUnsent(order_id, std::move(*why), now));
          } else if (!claimed_in_batch(order_id)) {
            AfterCommit([this, held = &account, order_id] { Release(*held, order_id); });
          }
        }
      }
    }
    DispatchPending();
    trims_.clear();
    for (const auto& [id, account] : accounts_) TrimReduceOnly(id);
    log_.Info("broker.session_ready", {});
  });
}

// Orders that waited for the broker: sent when they still may be, ended when not.
void Shard::DispatchPending() {
  if (!pending_possible_) return;
  pending_possible_ = false;
  UtcTime now = clock_.Now();
  for (auto& [id, account] : accounts_) {
    std::vector<OrderId> pending;
    for (const auto& [order_id, order] : account.working()) {
      if (order.status == OrderStatus::kPendingNew) pending.push_back(order_id);
    }
    for (const OrderId& order_id : pending) {
      if (std::optional<Rejection> why = Unsendable(account, *account.Find(order_id))) {
        Keep(account.RejectUnsent(order_id, std::move(*why), now));
      } else if (!broker_ready_) {
        pending_possible_ = true;
      } else {
        Keep(account.Submit(order_id, now));
        AfterCommit([this, held = &account, order_id] { Release(*held, order_id); });
      }
    }
  }
}

void Shard::OnBrokerLost() {
  ++broker_losses_;
  broker_ready_ = false;
  EnqueueAlways([this] {
    if (broker_ready_) broker_ready_ = false;
    broker_lost_ns_ = clock_.MonotonicNanos();
  });
}

void Shard::OnReports(std::vector<broker::v1::ExecutionReport> reports) {
  EnqueueAlways([this, reports = std::move(reports)] {
    std::map<AccountId, std::uint64_t> acknowledged;
    for (const broker::v1::ExecutionReport& proto : reports) {
      AccountId id(proto.account_id());
      orders::Account* account = FindAccount(id);
      if (account == nullptr) {
        log_.Error("broker.report_for_unknown_account", {{"account", id.value()}});
        continue;
      }
      std::uint64_t applied = account->snapshot().execution_sequence;
      if (proto.execution_sequence() <= applied) {
        acknowledged[id] = applied;  // seen already: resent after a reconnect
        continue;
      }
      if (proto.execution_sequence() != applied + 1) {
        log_.Error("broker.report_gap",
                   {{"expected", std::to_string(applied + 1)}, {"got", std::to_string(proto.execution_sequence())}});
        ports_.drop_broker();  // the next session resends from our cursor
        break;
      }
      auto report = DecodeReport(proto);
      if (!report.ok()) {
        // It would be the same the next time: kept for a person, and the other accounts go on.
        log_.Critical("broker.report_unreadable",
                      {{"account", id.value()}, {"order", proto.order_id()}, {"error", report.status().ToString()}});
        Keep(account->Quarantine(proto.execution_sequence(),
                                 "a report on order " + proto.order_id() + ": " + MessageOf(report.status()),
                                 clock_.Now()));
        acknowledged[id] = proto.execution_sequence();
        continue;
      }
      if (!LoadOrder(*account, report->order_id).ok()) {
        // It may be ours: judging the report without its order would lose the fill. The next session resends it.
        log_.Error("orders.order_unreadable", {{"order", report->order_id.value()}});
        ports_.drop_broker();
        break;
      }
      Keep(account->ApplyReport(*report, clock_.Now()));
      trims_.erase(report->order_id);
      acknowledged[id] = proto.execution_sequence();
      reports_.Increment();
    }
    for (const auto& [id, sequence] : acknowledged) TrimReduceOnly(id);
    AfterCommit([this, acknowledged] {
      for (const auto& [id, sequence] : acknowledged) {
        {
          MutexLock lock(cursor_mutex_);
          execution_cursors_[id.value()] = sequence;
        }
        broker::v1::OrderSessionRequest request;
        request.mutable_acknowledge()->set_account_id(id.value());
        request.mutable_acknowledge()->set_execution_sequence(sequence);
        (void)ports_.broker(std::move(request));
      }
    });
  });
}

std::map<std::string, std::uint64_t> Shard::ExecutionCursors() {
  MutexLock lock(cursor_mutex_);
  return execution_cursors_;
}

void Shard::OnTick() {
  std::int64_t now = clock_.MonotonicNanos();
  std::vector<std::uint64_t> late;
  for (const auto& [correlation, waiting] : waiting_) {
    if (now > waiting.deadline_ns) late.push_back(correlation);
  }
  for (std::uint64_t correlation : late) {
    Withdraw(correlation, {.reason = RejectReason::kRiskUnavailable,
                           .check = "risk",
                           .limit = std::to_string(options_.risk_timeout_ms),
                           .message = "the risk service did not answer in time"});
  }
  if (now - last_cancel_sweep_ns_ > kCancelRepeatNs) {
    bool first = last_cancel_sweep_ns_ == 0;
    last_cancel_sweep_ns_ = now;
    UtcTime wall = clock_.Now();
    trims_.clear();
    for (auto& [id, account] : accounts_) {
      TrimReduceOnly(id);
      account.Forget(kClosedInMemoryMax);
      if (!broker_ready_ || first) continue;
      for (const auto& [order_id, order] : account.working()) {
        // A cancel is repeated until the broker has answered it.
        if (order.cancel_requested && (wall - order.update_time).nanos > kCancelRepeatNs) SendCancel(order);
      }
    }
  }
  DispatchPending();
  if (emergency_ != nullptr) emergency_->Tick();
}

}  // namespace ballast
