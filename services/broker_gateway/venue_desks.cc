#include "services/broker_gateway/venue_desks.h"

#include <iterator>
#include <set>
#include <utility>

namespace ballast {

VenueDesks::Desk& VenueDesks::Of(const AccountId& account) {
  auto found = desks_.find(account);
  if (found != desks_.end()) return found->second;
  const paper::Ledger* ledger = venue_.FindLedger(account);
  auto session = std::make_unique<paper::PaperSession>(venue_, account, now_);
  broker::OrderDesk desk(account, session->capabilities(), ledger == nullptr ? 0 : ledger->execution_sequence);
  Desk& opened = desks_.emplace(account, Desk{.session = std::move(session), .desk = std::move(desk)}).first->second;
  for (const broker::Fact& fact : opened.session->Poll(now_())) opened.desk.Hear(fact, now_());
  return opened;
}

void VenueDesks::Restore() {
  desks_.clear();
  for (const auto& [account, ledger] : venue_.ledgers()) {
    Desk& desk = Of(account);
    for (const OrderId& id : venue_.Working(account))
      desk.desk.Restore({.order = *venue_.Find(id), .way = broker::OrderDesk::Way::kOpen}, now_());
  }
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
  for (const Order& order : sends.submit) desk.session->Submit(order);
  for (const broker::CancelIntent& cancel : sends.cancel) desk.session->Cancel(cancel);
  for (const broker::ReplaceIntent& replace : sends.replace) desk.session->Replace(replace);
  for (const broker::QueryIntent& query : sends.query) desk.session->Query(query);
}

std::vector<broker::Execution> VenueDesks::Hear(paper::Changes& changes) {
  for (const broker::Execution& execution : changes.executions) {
    Desk& desk = Of(execution.account_id);
    desk.session->Hear(execution);
    for (const broker::Fact& fact : desk.session->Poll(now_())) desk.desk.Hear(fact, now_());
    Pump(desk);
  }
  std::set<AccountId> accounts;
  for (const broker::Execution& execution : told_) accounts.insert(execution.account_id);
  // The ledger's number is the one that is stored.
  for (const AccountId& account : accounts) venue_.GoOnAfter(account, desks_.at(account).desk.execution_sequence());
  paper::Changes numbers = venue_.TakeChanges();
  changes.accounts.insert(numbers.accounts.begin(), numbers.accounts.end());
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
