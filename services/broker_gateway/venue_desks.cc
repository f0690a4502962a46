#include "services/broker_gateway/venue_desks.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

namespace ballast {

VenueDesks::Desk& VenueDesks::Of(const AccountId& account) {
  auto found = desks_.find(account);
  if (found != desks_.end()) return found->second;
  const paper::Ledger* ledger = venue_.FindLedger(account);
  auto session = std::make_unique<paper::PaperSession>(venue_, account, now_);
  std::unique_ptr<paper::FaultySession> faults;
  if (faults_) faults = std::make_unique<paper::FaultySession>(*session, *faults_, now_);
  const broker::Capabilities& can = faults ? faults->capabilities() : session->capabilities();
  broker::OrderDesk desk(account, can, ledger == nullptr ? 0 : ledger->execution_sequence);
  Desk& opened =
      desks_.emplace(account, Desk{.session = std::move(session), .faults = std::move(faults), .desk = std::move(desk)})
          .first->second;
  for (const broker::Fact& fact : opened.way().Poll(now_())) opened.desk.Hear(fact, now_());
  return opened;
}

void VenueDesks::Restore(const std::vector<broker::OrderDesk::Kept>& kept) {
  desks_.clear();
  std::set<OrderId> known;
  for (const broker::OrderDesk::Kept& each : kept) {
    known.insert(each.order.order_id);
    Desk& desk = Of(each.order.account_id);
    if (desk.faults) desk.faults->Recall(each.order);
    desk.desk.RestoreKept(each, now_());
  }
  for (const auto& [account, ledger] : venue_.ledgers()) {
    Desk& desk = Of(account);
    for (const OrderId& id : venue_.Working(account)) {
      if (known.contains(id)) continue;
      // The venue's books are ours: what they say of a replacement has been told.
      const Order& order = *venue_.Find(id);
      desk.desk.Restore({.order = order, .way = broker::OrderDesk::Way::kOpen, .replace_answered = order.replace_count},
                        now_());
    }
    Pump(desk);
  }
}

void VenueDesks::Resolve(const AccountId& account, const OrderId& id, const std::string& broker_order_id,
                         const std::string& who) {
  auto found = desks_.find(account);
  if (found == desks_.end()) return;
  found->second.desk.Resolve(id, broker_order_id, who, now_());
  Pump(found->second);
}

void VenueDesks::OnTime() {
  for (auto& [account, desk] : desks_) {
    if (desk.faults) {
      for (const broker::Fact& fact : desk.faults->Poll(now_())) desk.desk.Hear(fact, now_());
    }
    std::optional<UtcTime> due = desk.desk.NextDue();
    if (!due || *due > now_()) {
      if (desk.faults) Pump(desk);
      continue;
    }
    desk.desk.OnTime(now_());
    Pump(desk);
  }
}

std::optional<UtcTime> VenueDesks::NextDue() const {
  std::optional<UtcTime> first;
  auto at = [&first](std::optional<UtcTime> due) {
    if (due) first = first ? std::min(*first, *due) : *due;
  };
  for (const auto& [account, desk] : desks_) {
    at(desk.desk.NextDue());
    if (desk.faults) at(desk.faults->NextDue());
  }
  return first;
}

bool VenueDesks::IsOut(const AccountId& account, const OrderId& id) const {
  auto found = desks_.find(account);
  return found != desks_.end() && found->second.desk.out().contains(id);
}

std::vector<OrderId> VenueDesks::Out(const AccountId& account) const {
  auto found = desks_.find(account);
  if (found == desks_.end()) return {};
  const std::set<OrderId>& out = found->second.desk.out();
  return {out.begin(), out.end()};
}

VenueDesks::Kept VenueDesks::TakeKept() {
  Kept news;
  for (auto& [account, desk] : desks_) news.merge(desk.desk.TakeKept());
  return news;
}

void VenueDesks::Submit(const Order& order) {
  Desk& desk = Of(order.account_id);
  desk.desk.Take(order, now_());
  Pump(desk);
}

void VenueDesks::Refuse(const Order& order, const Rejection& why) {
  Of(order.account_id).desk.Take(order, now_());
  venue_.Reject(order, why, now_());
}

void VenueDesks::Cancel(const AccountId& account, const OrderId& id) {
  auto found = desks_.find(account);
  if (found == desks_.end()) return;
  found->second.desk.Cancel(id, now_());
  Pump(found->second);
}

void VenueDesks::Replace(const AccountId& account, const OrderId& id, const Replacement& terms) {
  auto found = desks_.find(account);
  if (found == desks_.end()) return;
  found->second.desk.Replace(id, terms, now_());
  Pump(found->second);
}

void VenueDesks::RefuseReplace(const AccountId& account, const OrderId& id, const Replacement& terms,
                               const Rejection& why) {
  auto found = desks_.find(account);
  if (found == desks_.end()) return;
  found->second.desk.RefuseReplace(id, terms, why, now_());
  Pump(found->second);
}

void VenueDesks::Reduce(const AccountId& account, const broker::ReduceIntent& intent) {
  auto found = desks_.find(account);
  if (found != desks_.end()) venue_.Reduce(account, intent.order_id, intent.quantity, intent.why, now_());
}

void VenueDesks::GoOnAfter(const AccountId& account, std::uint64_t execution_sequence) {
  venue_.GoOnAfter(account, execution_sequence);
  Of(account).desk.GoOnAfter(execution_sequence);
}

void VenueDesks::Pump(Desk& desk) {
  broker::OrderDesk::Batch batch = desk.desk.TakeBatch();
  told_.insert(told_.end(), std::make_move_iterator(batch.executions.begin()),
               std::make_move_iterator(batch.executions.end()));
  broker::OrderDesk::Sends sends = desk.desk.TakeSends(now_());
  broker::VenueSession& way = desk.way();
  for (const Order& order : sends.submit) way.Submit(order);
  for (const broker::CancelIntent& cancel : sends.cancel) way.Cancel(cancel);
  for (const broker::ReplaceIntent& replace : sends.replace) way.Replace(replace);
  for (const broker::QueryIntent& query : sends.query) way.Query(query);
  // A question is answered in the call.
  if (sends.query.empty() && !desk.faults) return;
  bool any = false;
  for (const broker::Fact& fact : way.Poll(now_())) {
    desk.desk.Hear(fact, now_());
    any = true;
  }
  if (any) Pump(desk);
}

std::vector<broker::Execution> VenueDesks::Hear(paper::Changes& changes) {
  std::vector<broker::Execution> news = std::move(changes.executions);
  while (true) {
    for (const broker::Execution& execution : news) {
      Desk& desk = Of(execution.account_id);
      desk.session->Hear(execution);
      for (const broker::Fact& fact : desk.way().Poll(now_())) desk.desk.Hear(fact, now_());
      Pump(desk);
    }
    std::set<AccountId> accounts;
    for (const broker::Execution& execution : told_) accounts.insert(execution.account_id);
    // The ledger's number is the one that is stored.
    for (const AccountId& account : accounts) venue_.GoOnAfter(account, desks_.at(account).desk.execution_sequence());
    // What the desk has sent on hearing that is done already.
    paper::Changes more = venue_.TakeChanges();
    changes.accounts.insert(more.accounts.begin(), more.accounts.end());
    changes.orders.insert(more.orders.begin(), more.orders.end());
    changes.trades.insert(changes.trades.end(), more.trades.begin(), more.trades.end());
    if (more.executions.empty()) break;
    news = std::move(more.executions);
  }
  return std::exchange(told_, {});
}

void VenueDesks::HearTrade(const AccountId& account, const broker::Trade& trade) {
  Desk& desk = Of(account);
  desk.desk.Hear(trade, now_());
  Pump(desk);
}

broker::Statement VenueDesks::StatementOf(const AccountId& account) const {
  paper::PaperSession session(venue_, account, now_);
  session.AskStatement();
  return session.TakeStatements().front();
}

std::uint64_t VenueDesks::ReportedUntil(const AccountId& account) const {
  auto found = desks_.find(account);
  if (found != desks_.end()) return found->second.desk.execution_sequence();
  const paper::Ledger* ledger = venue_.FindLedger(account);
  return ledger == nullptr ? 0 : ledger->execution_sequence;
}

void VenueDesks::Forget(const std::vector<Order>& orders) {
  for (const Order& order : orders) {
    auto found = desks_.find(order.account_id);
    if (found != desks_.end()) found->second.desk.Forget(order.order_id);
  }
}

std::size_t VenueDesks::size() const {
  std::size_t count = 0;
  for (const auto& [account, desk] : desks_) count += desk.desk.size();
  return count;
}

}  // namespace ballast
