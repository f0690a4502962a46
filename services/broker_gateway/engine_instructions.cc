#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/base/check.h"
#include "libs/wire/wire.h"
#include "services/broker_gateway/engine.h"

// What order managers say, and what becomes of it.
namespace ballast {
namespace {

constexpr int kResendPage = 500;
constexpr std::int64_t kSecondNs = 1'000'000'000;

// The account an instruction is about.
const std::string& AccountOf(const broker::v1::OrderSessionRequest& request) {
  if (request.has_new_order()) return request.new_order().order().account_id();
  if (request.has_cancel()) return request.cancel().account_id();
  if (request.has_reduce()) return request.reduce().account_id();
  if (request.has_replace()) return request.replace().account_id();
  if (request.has_resolve()) return request.resolve().account_id();
  if (request.has_open_account()) return request.open_account().account_id();
  return request.acknowledge().account_id();
}

}  // namespace

void Engine::Handle(const broker::v1::OrderSessionRequest& request, const std::shared_ptr<OrderSender>& session) {
  if (dead_) return;
  if (request.has_hello()) {
    Hello(request.hello(), session);
    return;
  }
  if (!sessions_.Knows(session)) {
    session->Close(grpc::Status(grpc::FAILED_PRECONDITION, "say hello first"));
    return;
  }
  if (request.has_batch()) {
    for (const broker::v1::OrderSessionRequest& instruction : request.batch().instructions()) {
      if (kill_.version() != killed_version_) Kill();
      if (instruction.has_hello() || instruction.has_batch())
        Quarantine(instruction, absl::InvalidArgumentError("a batch holds neither a hello nor a batch"));
      else
        Handle(instruction, session);
    }
    return;
  }
  if (request.message_case() == broker::v1::OrderSessionRequest::MESSAGE_NOT_SET) {
    Quarantine(request, absl::InvalidArgumentError("the message is none that this version knows"));
    return;
  }
  if (request.has_permission()) {
    Permit(request.permission(), session);
    return;
  }
  if (!sessions_.Holds(session, AccountId(AccountOf(request)))) {
    session->Close(grpc::Status(grpc::FAILED_PRECONDITION, "another session has taken over"));
    return;
  }
  if (request.has_new_order()) {
    New(request.new_order());
  } else if (request.has_cancel()) {
    desks_.Cancel(AccountId(request.cancel().account_id()), OrderId(request.cancel().order_id()));
  } else if (request.has_reduce()) {
    auto quantity = wire::FromProto(request.reduce().quantity(), "quantity");
    if (!quantity.ok()) {
      Quarantine(request, quantity.status());
      return;
    }
    desks_.Reduce(AccountId(request.reduce().account_id()), {.order_id = OrderId(request.reduce().order_id()),
                                                             .quantity = *quantity,
                                                             .why = wire::FromProto(request.reduce().rejection())});
  } else if (request.has_replace()) {
    auto terms = wire::FromProto(request.replace().replacement());
    if (terms.ok())
      Replace(request.replace(), *terms);
    else
      Quarantine(request, terms.status());
  } else if (request.has_resolve()) {
    Resolve(request.resolve());
  } else if (request.has_open_account()) {
    auto cash = wire::FromProto(request.open_account().opening_cash(), "opening_cash");
    if (cash.ok()) {
      Open(AccountId(request.open_account().account_id()), request.open_account().currency(), *cash,
           request.open_account().broker());
    } else {
      Quarantine(request, cash.status());
    }
  } else if (request.has_acknowledge()) {
    feed_.gate().Durable(request.acknowledge().account_id(), request.acknowledge().execution_sequence());
  }
}

// What nobody here can read is put aside with its bytes and does not stop what comes after it.
void Engine::Quarantine(const broker::v1::OrderSessionRequest& request, const absl::Status& why) {
  constexpr std::size_t kBytesMax = 2'000;
  unreadable_.Increment();
  std::string text = request.ShortDebugString();
  log_.Critical("broker.message_unreadable", {{"error", MessageOf(why)}, {"message", text.substr(0, kBytesMax)}});
}

void Engine::Hello(const broker::v1::OrderSessionHello& hello, const std::shared_ptr<OrderSender>& session) {
  std::set<AccountId> accounts;
  for (const auto& [account, after] : hello.after_execution_sequences()) accounts.emplace(account);
  if (!sessions_.Admits(accounts, hello.epoch())) {
    session->Close(grpc::Status(grpc::FAILED_PRECONDITION, "a newer order manager is known"));
    return;
  }
  if (absl::Status saved = store_.SaveEpochs(accounts, hello.epoch()); !saved.ok()) {
    session->Close(grpc::Status(grpc::UNAVAILABLE, MessageOf(saved)));
    return;
  }
  CommitAndTell();
  broker::v1::OrderSessionResponse ready;
  ready.mutable_ready()->set_takes_batches(true);
  ready.mutable_ready()->set_wants_permission(hello.grants_permission());
  std::vector<broker::v1::OrderSessionResponse> stored;
  for (const auto& [account, after] : hello.after_execution_sequences()) {
    const paper::Ledger* ledger = venue_.FindLedger(AccountId(account));
    std::uint64_t head = ledger == nullptr ? 0 : ledger->execution_sequence;
    if (after > head) {
      GoOnAfter(AccountId(account), head, after);
      (*ready.mutable_ready()->mutable_lost_execution_sequences())[account] = head;
      // What the order manager compares with its own: nothing of that account counts as settled.
      (*ready.mutable_ready()->mutable_head_execution_sequences())[account] = head;
      continue;
    }
    if (ledger == nullptr) continue;
    feed_.gate().Told(account, ledger->execution_sequence);
    feed_.gate().Durable(account, after);
    (*ready.mutable_ready()->mutable_head_execution_sequences())[account] = ledger->execution_sequence;
    for (const OrderId& id : desks_.Out(AccountId(account))) {
      broker::v1::UnansweredOrder& out = *ready.mutable_ready()->add_unanswered();
      out.set_account_id(account);
      out.set_order_id(id.value());
    }
    std::uint64_t cursor = after;
    while (cursor < ledger->execution_sequence) {
      auto page = store_.LoadExecutions(AccountId(account), cursor, kResendPage);
      // Numbers that were lost are nowhere: what is above the last stored one is told as it comes.
      if (page.ok() && page->empty()) break;
      if (!page.ok()) {
        session->Close(grpc::Status(grpc::UNAVAILABLE, "stored reports cannot be read now"));
        return;
      }
      broker::v1::OrderSessionResponse response;
      for (broker::v1::ExecutionReport& report : *page) {
        cursor = report.execution_sequence();
        *response.mutable_reports()->add_reports() = std::move(report);
      }
      stored.push_back(std::move(response));
    }
  }
  sessions_.Open(session, hello.epoch(), std::move(accounts), hello.grants_permission());
  // The stored reports go first: when order management hears "ready", it knows everything that was told before.
  for (broker::v1::OrderSessionResponse& response : stored) session->Push(std::move(response));
  session->Push(std::move(ready));
  SessionsChanged();
  log_.Info("broker.session_open", {{"epoch", std::to_string(hello.epoch())},
                                    {"accounts", std::to_string(hello.after_execution_sequences().size())}});
}

// Somebody was told more than is stored here: it was restored from an older state, or wiped. New reports would come
// under numbers that were seen already, and be dropped.
void Engine::GoOnAfter(const AccountId& account, std::uint64_t head, std::uint64_t after) {
  log_.Critical(
      "broker.reports_lost",
      {{"account", account.value()}, {"stored_until", std::to_string(head)}, {"told_until", std::to_string(after)}});
  reports_lost_.Add(static_cast<double>(after - head));
  told_[account] = after;
  if (venue_.FindLedger(account) != nullptr) desks_.GoOnAfter(account, after);
  feed_.gate().Told(account.value(), after);
  feed_.gate().Durable(account.value(), after);
}

void Engine::New(const broker::v1::NewOrder& request) {
  auto order = wire::FromProto(request.order());
  if (!order.ok()) {
    unreadable_.Increment();
    log_.Critical("broker.order_unreadable", {{"error", order.status().ToString()}});
    // Refused by what can be read of it: unanswered, it would be on its way for ever.
    Order unreadable;
    unreadable.order_id = OrderId(request.order().order_id());
    unreadable.account_id = AccountId(request.order().account_id());
    unreadable.symbol = Symbol(request.order().symbol());
    if (LedgerFor(unreadable) == nullptr) return;
    desks_.Refuse(unreadable,
                  {.reason = RejectReason::kMalformed, .check = "decode", .message = MessageOf(order.status())});
    return;
  }
  if (desks_.IsOut(order->account_id, order->order_id)) return;  // nobody knows yet what became of it
  if (desks_.Find(order->account_id, order->order_id) != nullptr)
    return;  // its reports are stored and were sent or will be resent
  bool too_old = clock_.Now() - SentFrom(*order) > Duration::Millis(options_.last_check.intent_age_ms_max);
  if (too_old || order->create_time <= venue_.forgotten_until()) {
    // It may have come before and be closed since. A rare read: of what is sent again after a lost session.
    auto stored = store_.LoadOrder(order->order_id);
    if (!absl::IsNotFound(stored.status())) {
      if (!stored.ok()) log_.Warning("broker.old_order_unanswered", {{"error", stored.status().ToString()}});
      return;  // known, or not to be told now: the order manager asks again
    }
  }
  const paper::Ledger* ledger = LedgerFor(*order);
  if (ledger == nullptr) return;
  if (options_.faults && order->mode == AccountMode::kLive) {
    desks_.Refuse(*order, {.reason = RejectReason::kGatewayCheck,
                           .check = "paper_faults",
                           .message = "this gateway is set up to fail on purpose: nothing LIVE leaves it"});
    return;
  }
  std::optional<KillCommand> held = kill_.Held(order->account_id);
  const LastCheck::Facts facts = FactsOf(*order, *ledger, held);
  std::optional<Rejection> refusal = options_.last_check.Refusal(*order, facts);
  if (!refusal) refusal = desks_.RefusedWhileDown(*order, Reduces(*order, facts.position));
  if (refusal) {
    desks_.Refuse(*order, *refusal);
  } else {
    if (held) reductions_.insert(order->order_id);
    desks_.Submit(*order);
    // The others are counted when they leave.
    if (!desks_.IsElsewhere(order->account_id)) ++sent_[order->account_id];
  }
}

std::optional<Rejection> Engine::LastWord(const Order& order) {
  const paper::Ledger* ledger = venue_.FindLedger(order.account_id);
  CHECK(ledger != nullptr, "an order that leaves is one of an account that is open");
  std::optional<KillCommand> held = kill_.Held(order.account_id);
  LastCheck::Facts facts = FactsOf(order, *ledger, held);
  // Other terms for one that works are as old as their question, and that is not kept.
  if (order.status != OrderStatus::kSubmitted) facts.now = SentFrom(order);
  std::optional<Rejection> refusal = options_.last_check.Refusal(order, facts);
  if (refusal) return refusal;
  if (held) reductions_.insert(order.order_id);
  ++sent_[order.account_id];
  return std::nullopt;
}

void Engine::Resolve(const broker::v1::ResolveInstruction& request) {
  log_.Critical("broker.order_resolved", {{"account", request.account_id()},
                                          {"order", request.order_id()},
                                          {"broker_order_id", request.broker_order_id()},
                                          {"actor", request.actor()},
                                          {"reason", request.reason()}});
  desks_.Resolve(AccountId(request.account_id()), OrderId(request.order_id()), request.broker_order_id(),
                 request.actor() + ": " + request.reason());
}

LastCheck::Facts Engine::FactsOf(const Order& order, const paper::Ledger& ledger,
                                 const std::optional<KillCommand>& held) {
  auto position = ledger.positions.find(order.symbol);
  return {.quote = venue_.FindQuote(order.symbol),
          .position = position == ledger.positions.end() ? Decimal() : position->second,
          .now = clock_.Now(),
          .sent_in_second = SentInSecond(order.account_id),
          .sent_to_venue_in_second = SentToVenueInSecond(),
          .kill_command = held ? &held->command_id : nullptr,
          .kill_settled = settled_.contains(order.account_id),
          .unpermitted_ms = UnpermittedMillis(order.account_id)};
}

std::optional<std::int64_t> Engine::UnpermittedMillis(const AccountId& account) const {
  std::optional<std::int64_t> since = sessions_.UnpermittedNs(account, clock_.MonotonicNanos());
  return since ? std::optional(*since / 1'000'000) : std::nullopt;
}

void Engine::Permit(const broker::v1::TradePermission& permission, const std::shared_ptr<OrderSender>& session) {
  constexpr std::int64_t kValidMsMax = 60'000;
  if (permission.valid_ms() < 1 || permission.valid_ms() > kValidMsMax) return;
  // What waited in a pipe while one side stood still was true then.
  std::int64_t age_ms = (clock_.Now() - wire::FromProto(permission.issue_time())).nanos / 1'000'000;
  std::int64_t left_ms = permission.valid_ms() - std::max<std::int64_t>(age_ms, 0);
  if (left_ms > 0) sessions_.Permit(session, clock_.MonotonicNanos() + left_ms * 1'000'000);
}

// The terms the order is to have pass the same last check as a new order would.
void Engine::Replace(const broker::v1::ReplaceInstruction& request, const Replacement& terms) {
  const AccountId account(request.account_id());
  const OrderId id(request.order_id());
  const Order* present = desks_.Find(account, id);
  const paper::Ledger* ledger = venue_.FindLedger(account);
  if (present == nullptr || ledger == nullptr || present->account_id != account) return;
  Order wanted = broker::WithTerms(*present, terms);
  wanted.release_time = clock_.Now();
  std::optional<KillCommand> held = kill_.Held(account);
  std::optional<Rejection> refusal;
  if (wanted.quantity.IsPositive()) refusal = options_.last_check.Refusal(wanted, FactsOf(wanted, *ledger, held));
  if (refusal) {
    desks_.RefuseReplace(account, id, terms, *refusal);
  } else {
    desks_.Replace(account, id, terms);
    if (!desks_.IsElsewhere(account)) ++sent_[account];
  }
}

// Nothing that can be told of an account comes before it is open, so an order for one that is not opens it to be
// refused: unanswered, it would be on its way for ever.
const paper::Ledger* Engine::LedgerFor(const Order& order) {
  Rejection why{.reason = RejectReason::kUnknownAccount, .check = "venue", .message = "the account is not open"};
  if (auto other = not_joined_.find(order.account_id); other != not_joined_.end()) {
    why = other->second;
  } else if (const paper::Ledger* ledger = venue_.FindLedger(order.account_id)) {
    if (!ledger->currency.empty()) return ledger;
  }
  log_.Critical("broker.unknown_account", {{"account", order.account_id.value()}, {"order", order.order_id.value()}});
  if (venue_.FindLedger(order.account_id) == nullptr) Open(order.account_id, "", Decimal(), "");
  desks_.Refuse(order, why);
  return nullptr;
}

void Engine::Open(const AccountId& id, const std::string& currency, Decimal cash, const std::string& broker) {
  // Without a currency it is opened to refuse what comes for it.
  std::optional<Rejection> why = currency.empty() ? std::nullopt : desks_.Join(id, broker);
  if (why) {
    log_.Critical("broker.account_not_opened", {{"account", id.value()}, {"error", why->message}});
    not_joined_[id] = *why;
    return;
  }
  if (!currency.empty()) not_joined_.erase(id);
  kill_.SetRealMoney(desks_.RealMoney());
  venue_.OpenAccount(id, currency, cash);
  if (!currency.empty()) desks_.Begin(id);
  if (auto told = told_.find(id); told != told_.end()) desks_.GoOnAfter(id, told->second);
}

// Of the running second.
std::int64_t Engine::SentInSecond(const AccountId& account) {
  std::int64_t second = clock_.MonotonicNanos() / kSecondNs;
  if (second != sent_second_) {
    sent_.clear();
    sent_second_ = second;
  }
  auto sent = sent_.find(account);
  return sent == sent_.end() ? 0 : sent->second;
}

std::int64_t Engine::SentToVenueInSecond() const {
  std::int64_t all = 0;
  for (const auto& [account, sent] : sent_) all += sent;
  return all;
}

}  // namespace ballast
