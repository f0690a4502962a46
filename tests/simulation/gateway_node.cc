#include "tests/simulation/gateway_node.h"

#include <algorithm>

#include "libs/wire/wire.h"
#include "services/broker_gateway/store.h"
#include "tests/simulation/names.h"
#include "tests/simulation/storage.h"

namespace ballast::simulation {
namespace {

std::set<AccountId> AccountsOf(const broker::v1::OrderSessionHello& hello) {
  std::set<AccountId> accounts;
  for (const auto& [account, after] : hello.after_execution_sequences()) accounts.emplace(account);
  return accounts;
}

}  // namespace

void GatewayNode::Start() {
  if (up()) return;
  life_ = std::make_shared<Life>(stage_, [this] { Turn(); });
  stage_.Note("gateway", "starts after report " + std::to_string(disk_.reports.size()));
  stage_.Count("gateway lives");
  life_->desk = std::make_unique<broker::OrderDesk>(kAccount, VenueLink::Can(stage_), disk_.reports.size());
  for (const auto& [id, entry] : disk_.entries) {
    if (stage_.Has(Bug::kIntentForgotten) && entry.way != broker::OrderDesk::Way::kOpen) continue;
    life_->desk->Restore(entry, stage_.Now());
  }
  life_->sessions.Restore(disk_.epochs);
  life_->link = std::make_unique<VenueLink>(stage_, venue_, watch_.on_send, [this, life = std::weak_ptr(life_)] {
    if (up() && life.lock() == life_) life_->alarm.Ring();
  });
}

void GatewayNode::Kill() {
  if (!up()) return;
  stage_.Note("gateway", "dies");
  venue_.Disconnect();
  for (const auto& call : life_->calls) call->AbandonByServer();
  life_.reset();
  stage_.After(stage_.Between(100 * kMilli, 3 * kSecond), [this] { Start(); });
}

void GatewayNode::Pause(std::int64_t nanos) {
  if (!up()) return;
  stage_.Note("gateway", "stands still");
  life_->alarm.StandStill(nanos);
}

bool GatewayNode::Accept(const std::shared_ptr<OrderCall>& call) {
  if (!up()) return false;
  auto& calls = life_->calls;
  std::erase_if(calls, [](const auto& each) { return each->over(); });
  calls.push_back(call);
  call->Serve([this, life = std::weak_ptr(life_)](broker::v1::OrderSessionRequest request,
                                                  const std::shared_ptr<OrderCall>& from) {
    if (!up() || life.lock() != life_) return;
    life_->inbox.emplace_back(std::move(request), from);
    life_->alarm.Ring();
  });
  return true;
}

void GatewayNode::Turn() {
  Poll();
  if (life_->dies) Kill();
}

void GatewayNode::Poll() {
  if (life_->storing && !Settle()) return;
  while (!life_->inbox.empty()) {
    // A hello is answered with all that has happened before it.
    if (life_->inbox.front().first.has_hello()) {
      if (!Settle()) return;
      Send();
    }
    Request request = std::move(life_->inbox.front());
    life_->inbox.pop_front();
    if (!request.first.has_batch()) Handle(request.first, request.second);
    for (const auto& instruction : request.first.batch().instructions()) Handle(instruction, request.second);
  }
  for (const broker::Fact& fact : life_->link->Poll(stage_.Now())) life_->desk->Hear(fact, stage_.Now());
  life_->desk->OnTime(stage_.Now());
  if (!Settle()) return;
  Send();
  life_->sessions.Prune();
  // Questions are asked again after a while.
  life_->alarm.RingAt(stage_.MonotonicNanos() + 200 * kMilli);
}

bool GatewayNode::Settle() {
  using Outcome = runtime::Committer::Outcome;
  while (true) {
    if (!life_->storing) {
      broker::OrderDesk::Batch batch = life_->desk->TakeBatch();
      if (batch.empty()) return true;
      Storing storing;
      for (const broker::Execution& execution : batch.executions) ToProto(execution, &storing.reports.emplace_back());
      for (const OrderId& id : batch.orders) storing.entries[id] = *life_->desk->Find(id);
      life_->storing = std::move(storing);
      if (stage_.Has(Bug::kSentBeforeStored)) Send();
    }
    Outcome outcome = life_->committer.Try({.append = [this] { return Append(); }, .look = [this] { return Look(); }},
                                           /*stopping=*/false);
    if (outcome == Outcome::kLater) {
      life_->alarm.RingAt(life_->committer.next_try_ns());
      return false;
    }
    if (outcome == Outcome::kNever) {
      life_->dies = true;
      return false;
    }
    Storing stored = *std::exchange(life_->storing, std::nullopt);
    broker::v1::OrderSessionResponse told;
    for (broker::v1::ExecutionReport& report : stored.reports) {
      stage_.Note("gateway", "tells " + std::to_string(report.execution_sequence()) + " " + NameOf(report));
      if (stage_.Has(Bug::kFeeDropped) && report.execution_sequence() % 7 == 0) report.clear_fee();
      *told.mutable_reports()->add_reports() = std::move(report);
    }
    if (told.reports().reports().empty()) continue;
    if (auto session = life_->sessions.Of(kAccount)) {
      if (!session->Push(std::move(told))) life_->sessions.Lose(session);
    }
  }
}

absl::Status GatewayNode::Append() {
  return Commit(
      stage_,
      [this] {
        for (const broker::v1::ExecutionReport& report : life_->storing->reports) {
          if (report.execution_sequence() != disk_.reports.size() + 1)
            return absl::AlreadyExistsError("the report is there already");
          disk_.reports.push_back(report);
        }
        for (const auto& [id, entry] : life_->storing->entries) disk_.entries[id] = entry;
        return absl::OkStatus();
      },
      [this] { life_->dies = true; });
}

absl::StatusOr<runtime::Stored> GatewayNode::Look() const {
  if (stage_.Has(Bug::kDoubtIsOurs)) return runtime::Stored::kThis;
  if (life_->storing->reports.empty()) return runtime::Stored::kNothing;
  const broker::v1::ExecutionReport& ours = life_->storing->reports.back();
  if (disk_.reports.size() < ours.execution_sequence()) return runtime::Stored::kNothing;
  bool same = disk_.reports[ours.execution_sequence() - 1].SerializeAsString() == ours.SerializeAsString();
  return same ? runtime::Stored::kThis : runtime::Stored::kAnother;
}

void GatewayNode::Handle(const broker::v1::OrderSessionRequest& request, const std::shared_ptr<OrderCall>& call) {
  if (request.has_hello()) return Hello(request.hello(), call);
  if (!life_->sessions.Knows(call) && !stage_.Has(Bug::kOldSessionHeard)) {
    call->Close(grpc::Status(grpc::FAILED_PRECONDITION, "say hello first"));
    return;
  }
  auto epoch = life_->epochs.find(call.get());
  auto obey = [&] { watch_.on_obeyed(epoch == life_->epochs.end() ? 0 : epoch->second); };
  if (request.has_permission()) {
    std::int64_t age_ms = (stage_.Now() - wire::FromProto(request.permission().issue_time())).nanos / kMilli;
    std::int64_t left_ms = request.permission().valid_ms() - std::max<std::int64_t>(age_ms, 0);
    if (left_ms <= 0) return;
    obey();
    std::shared_ptr<OrderSessions::Sender> permits = call;
    if (stage_.Has(Bug::kOldSessionHeard)) permits = life_->sessions.Of(kAccount);
    life_->sessions.Permit(permits, stage_.MonotonicNanos() + left_ms * kMilli);
    return;
  }
  if (!life_->sessions.Holds(call, kAccount) && !stage_.Has(Bug::kOldSessionHeard)) {
    call->Close(grpc::Status(grpc::FAILED_PRECONDITION, "another session has taken over"));
    return;
  }
  obey();
  if (request.has_new_order()) {
    New(request.new_order());
  } else if (request.has_cancel()) {
    life_->desk->Cancel(OrderId(request.cancel().order_id()), stage_.Now());
  } else if (request.has_replace()) {
    Replace(request.replace());
  }
}

void GatewayNode::Hello(const broker::v1::OrderSessionHello& hello, const std::shared_ptr<OrderCall>& call) {
  std::set<AccountId> accounts = AccountsOf(hello);
  if (!life_->sessions.Admits(accounts, hello.epoch())) {
    call->Close(grpc::Status(grpc::FAILED_PRECONDITION, "a newer order manager is known"));
    return;
  }
  if (stage_.Chance(stage_.faults().refused)) {
    call->Close(grpc::Status(grpc::UNAVAILABLE, "the storage is away"));
    return;
  }
  for (const AccountId& account : accounts) disk_.epochs[account] = std::max(disk_.epochs[account], hello.epoch());
  broker::v1::OrderSessionResponse ready, stored;
  ready.mutable_ready()->set_takes_batches(true);
  ready.mutable_ready()->set_wants_permission(hello.grants_permission());
  std::uint64_t head = disk_.reports.size();
  (*ready.mutable_ready()->mutable_head_execution_sequences())[kAccount.value()] = head;
  for (const OrderId& id : life_->desk->Unanswered()) {
    broker::v1::UnansweredOrder& out = *ready.mutable_ready()->add_unanswered();
    out.set_account_id(kAccount.value());
    out.set_order_id(id.value());
  }
  std::uint64_t after = hello.after_execution_sequences().at(kAccount.value());
  if (after > head) {
    stage_.Break("I7", "the order manager was told of report " + std::to_string(after) + ", and stored are " +
                           std::to_string(head));
    return;
  }
  if (stage_.Has(Bug::kReportSkippedOnResume) && after + 1 < head) {
    // The numbers go on without a gap, as a wrong count would make them.
    ++after;
    for (std::uint64_t next = after; next < head; ++next) {
      broker::v1::ExecutionReport& report = *stored.mutable_reports()->add_reports();
      report = disk_.reports[next];
      report.set_execution_sequence(next);
    }
  } else {
    for (; after < head; ++after) *stored.mutable_reports()->add_reports() = disk_.reports[after];
  }
  life_->epochs[call.get()] = hello.epoch();
  watch_.on_admitted(hello.epoch());
  life_->sessions.Open(call, hello.epoch(), std::move(accounts), hello.grants_permission());
  stage_.Note("gateway", "session of epoch " + std::to_string(hello.epoch()));
  if (stage_.Has(Bug::kReadyBeforeReports)) {
    call->Push(ready);
    call->Push(std::move(stored));
    return;
  }
  if (!stored.reports().reports().empty()) call->Push(std::move(stored));
  call->Push(std::move(ready));
}

std::optional<Rejection> GatewayNode::Refusal(const Order& order) const {
  LastCheck check;
  check.notional_max = Decimal::Of("1000000");
  check.collar_ratio = Decimal::Of("0.5");
  auto quote = quotes_.find(order.symbol);
  LastCheck::Facts facts;
  if (quote != quotes_.end()) facts.quote = &quote->second;
  facts.now = stage_.Now();
  if (stage_.Has(Bug::kPermissionIgnored)) {
    // Who has had no permission for so long is mostly refused for its age: without both the auditor must see it.
    check.intent_age_ms_max = 3'600'000;
  } else {
    std::optional<std::int64_t> since = life_->sessions.UnpermittedNs(kAccount, stage_.MonotonicNanos());
    if (since) facts.unpermitted_ms = *since / kMilli;
  }
  return check.Refusal(order, facts);
}

void GatewayNode::New(const broker::v1::NewOrder& request) {
  auto order = wire::FromProto(request.order());
  if (!order.ok()) return stage_.Break("I6", "an order came that cannot be read: " + order.status().ToString());
  if (life_->desk->Find(order->order_id) != nullptr) return;
  if (std::optional<Rejection> why = Refusal(*order))
    life_->desk->Refuse(*order, *why, stage_.Now());
  else
    life_->desk->Take(*order, stage_.Now());
}

void GatewayNode::Replace(const broker::v1::ReplaceInstruction& request) {
  auto terms = wire::FromProto(request.replacement());
  if (!terms.ok()) return stage_.Break("I6", "terms came that cannot be read: " + terms.status().ToString());
  OrderId id(request.order_id());
  const broker::OrderDesk::Entry* entry = life_->desk->Find(id);
  if (entry == nullptr) return;
  Order wanted = entry->order;
  wanted.quantity = terms->quantity.value_or(wanted.quantity) - wanted.cumulative_quantity;
  wanted.requested_quantity = Decimal();
  wanted.release_time = stage_.Now();
  std::optional<Rejection> why;
  if (wanted.quantity.IsPositive()) why = Refusal(wanted);
  if (why)
    life_->desk->RefuseReplace(id, *terms, *why, stage_.Now());
  else
    life_->desk->Replace(id, *terms, stage_.Now());
}

void GatewayNode::Send() {
  broker::OrderDesk::Sends sends =
      life_->desk->TakeSends(stage_.Now(), [this](const Order& order) { return Refusal(order); });
  for (const Order& order : sends.submit) {
    stage_.Note("gateway", "sends " + order.order_id.value());
    life_->link->Submit(order);
  }
  for (const broker::CancelIntent& cancel : sends.cancel) life_->link->Cancel(cancel);
  for (const broker::ReplaceIntent& replace : sends.replace) life_->link->Replace(replace);
  for (const broker::QueryIntent& query : sends.query) life_->link->Query(query);
}

}  // namespace ballast::simulation
