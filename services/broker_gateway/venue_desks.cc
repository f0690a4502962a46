#include "services/broker_gateway/venue_desks.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/base/check.h"

namespace ballast {

VenueDesks::Desk& VenueDesks::Of(const AccountId& account) {
  auto found = desks_.find(account);
  if (found != desks_.end()) return found->second;
  const BrokerEntry* entry = brokers_.Find(BrokerOf(account));
  CHECK(entry != nullptr, "an account joins no broker that is not there");
  const paper::Ledger* ledger = venue_.FindLedger(account);
  std::unique_ptr<broker::VenueSession> session = entry->make({.account_id = account,
                                                               .now = now_,
                                                               .wake = options_.wake,
                                                               .settings = options_.settings,
                                                               .paper = venue_,
                                                               .faults = options_.faults});
  using Keeping = broker::OrderDesk::Keeping;
  broker::OrderDesk desk(account, session->capabilities(), ledger == nullptr ? 0 : ledger->execution_sequence,
                         entry->in_process ? Keeping::kWhileOut : Keeping::kUntilForgotten);
  Desk& opened = desks_
                     .emplace(account, Desk{.entry = entry,
                                            .session = std::move(session),
                                            .polled = !entry->in_process || options_.faults.has_value(),
                                            .desk = std::move(desk)})
                     .first->second;
  Poll(opened);
  return opened;
}

std::string_view VenueDesks::BrokerOf(const AccountId& account) const {
  auto found = elsewhere_.find(account);
  return found == elsewhere_.end() ? BrokerRegistry::kDefault : std::string_view(found->second);
}

std::set<AccountId> VenueDesks::RealMoney() const {
  std::set<AccountId> accounts;
  for (const auto& [account, broker] : elsewhere_) {
    const BrokerEntry* entry = brokers_.Find(broker);
    if (entry == nullptr || entry->mode != AccountMode::kPaper) accounts.insert(account);
  }
  return accounts;
}

bool VenueDesks::IsElsewhere(const AccountId& account) const {
  auto found = elsewhere_.find(account);
  if (found == elsewhere_.end()) return false;
  const BrokerEntry* entry = brokers_.Find(found->second);
  return entry == nullptr || !entry->in_process;
}

std::optional<Rejection> VenueDesks::Join(const AccountId& account, const std::string& broker) {
  const std::string name = broker.empty() ? std::string(BrokerRegistry::kDefault) : broker;
  const BrokerEntry* entry = brokers_.Find(name);
  if (entry == nullptr) return brokers_.Unknown(name);
  const paper::Ledger* ledger = venue_.FindLedger(account);
  const bool open = ledger != nullptr && !ledger->currency.empty();
  if (open && name != BrokerOf(account)) {
    return Rejection{.reason = RejectReason::kBrokerUnsupported,
                     .check = "broker",
                     .limit = std::string(BrokerOf(account)),
                     .observed = name,
                     .message = "the account was opened with another broker, and stays with it"};
  }
  if (open || name == BrokerRegistry::kDefault) return std::nullopt;
  if (absl::Status usable = Usable(*entry, true); !usable.ok()) {
    return Rejection{
        .reason = RejectReason::kBrokerUnavailable, .check = "broker", .observed = name, .message = MessageOf(usable)};
  }
  // Whatever was refused before it was open was refused by a desk of another broker.
  desks_.erase(account);
  elsewhere_[account] = name;
  joined_[account] = name;
  return std::nullopt;
}

absl::Status VenueDesks::Restore(const std::vector<broker::OrderDesk::Kept>& kept, const Brokers& brokers) {
  desks_.clear();
  elsewhere_ = brokers;
  for (const auto& [account, broker] : brokers) {
    if (brokers_.Find(broker) == nullptr)
      return absl::FailedPreconditionError(
          ToAbsl("account " + account.value() + ": " + brokers_.Unknown(broker).message));
  }
  for (const BrokerEntry& entry : brokers_.entries()) {
    const bool used =
        std::any_of(brokers.begin(), brokers.end(), [&](const auto& each) { return each.second == entry.id; });
    if (absl::Status usable = Usable(entry, used); !usable.ok()) return usable;
  }
  std::set<OrderId> known;
  std::vector<const Order*> ended;
  for (const broker::OrderDesk::Kept& each : kept) {
    known.insert(each.order.order_id);
    Desk& desk = Of(each.order.account_id);
    desk.session->Recall(each.order);
    desk.desk.RestoreKept(each, now_());
    if (desk.entry->in_process) continue;
    if (!each.trades.empty()) desk.booked[each.order.order_id] = each.trades;
    if (each.way == broker::OrderDesk::Way::kClosed && !each.contradicted) ended.push_back(&each.order);
  }
  std::sort(ended.begin(), ended.end(), [](const Order* left, const Order* right) {
    return std::tie(left->update_time, left->order_id) < std::tie(right->update_time, right->order_id);
  });
  for (const Order* order : ended) Shelve(desks_.at(order->account_id), order->order_id);
  for (const auto& [account, ledger] : venue_.ledgers()) {
    Desk& desk = Of(account);
    for (const OrderId& id : venue_.Working(account)) {
      if (known.contains(id)) continue;
      // The venue's books are ours: what they say of a replacement has been told.
      const Order& order = *venue_.Find(id);
      // Nobody was told of what was made elsewhere until somebody has said what becomes of it.
      if (order.external && order.external->handling == ExternalHandling::kUnspecified) continue;
      desk.desk.Restore({.order = order, .way = broker::OrderDesk::Way::kOpen, .replace_answered = order.replace_count},
                        now_());
    }
    Pump(desk);
  }
  return absl::OkStatus();
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
    if (desk.polled) Poll(desk);
    if (!desk.entry->in_process) AskStatement(account, desk);
    GiveUp(desk);
    std::optional<UtcTime> due = desk.desk.NextDue();
    bool is_due = due && *due <= now_();
    if (is_due) desk.desk.OnTime(now_());
    if (is_due || desk.polled) Pump(desk);
    // What is stored and waits for the session to be ready, and questions.
    if (!desk.entry->in_process && !desk.changed) Send(desk);
  }
}

std::optional<UtcTime> VenueDesks::NextDue() const {
  std::optional<UtcTime> first;
  auto at = [&first](std::optional<UtcTime> due) {
    if (due) first = first ? std::min(*first, *due) : *due;
  };
  for (const auto& [account, desk] : desks_) {
    at(desk.desk.NextDue());
    at(desk.session->NextDue());
    at(GivesUpAt(desk));
  }
  return first;
}

bool VenueDesks::HasNews() const {
  if (!told_.empty()) return true;
  return std::any_of(desks_.begin(), desks_.end(), [](const auto& each) { return each.second.changed; });
}

void VenueDesks::SendStored() {
  for (auto& [account, desk] : desks_) {
    if (desk.entry->in_process || !std::exchange(desk.changed, false)) continue;
    Send(desk);
  }
}

const Order* VenueDesks::Find(const AccountId& account, const OrderId& id) const {
  if (!IsElsewhere(account)) return venue_.Find(id);
  auto found = desks_.find(account);
  const broker::OrderDesk::Entry* entry = found == desks_.end() ? nullptr : found->second.desk.Find(id);
  return entry == nullptr ? nullptr : &entry->order;
}

const Order* VenueDesks::Find(const OrderId& id) const {
  if (const Order* order = venue_.Find(id)) return order;
  for (const auto& [account, broker] : elsewhere_) {
    if (const Order* order = Find(account, id)) return order;
  }
  return nullptr;
}

std::vector<OrderId> VenueDesks::Working(const AccountId& account) const {
  if (!IsElsewhere(account)) return venue_.Working(account);
  std::vector<OrderId> working;
  auto found = desks_.find(account);
  if (found == desks_.end()) return working;
  for (const OrderId& id : found->second.desk.unsettled()) {
    if (found->second.desk.Find(id)->way != broker::OrderDesk::Way::kClosed) working.push_back(id);
  }
  return working;
}

VenueDesks::Seats VenueDesks::SeatsOf(const BrokerEntry& entry) const {
  Seats seats;
  for (const auto& [account, ledger] : venue_.ledgers()) {
    if (ledger.currency.empty() || BrokerOf(account) != entry.id) continue;
    seats.accounts.push_back(account);
    auto found = desks_.find(account);
    // A session of this process is always there; whether its venue takes orders is said apart.
    if (entry.in_process ? !IsOutage(entry.id) : found != desks_.end() && found->second.desk.ready()) ++seats.ready;
    seats.open_orders += static_cast<int>(Working(account).size());
  }
  return seats;
}

std::optional<VenueDesks::Outcome> VenueDesks::OutcomeOf(const AccountId& account, const OrderId& id) const {
  auto found = desks_.find(account);
  if (found == desks_.end() || !found->second.desk.out().contains(id)) return std::nullopt;
  const broker::OrderDesk& desk = found->second.desk;
  return Outcome{.entry = *desk.Find(id), .capabilities = desk.capabilities(), .session_ready = desk.ready()};
}

bool VenueDesks::IsOut(const AccountId& account, const OrderId& id) const {
  auto found = desks_.find(account);
  return found != desks_.end() && found->second.desk.out().contains(id);
}

std::vector<OrderId> VenueDesks::Out(const AccountId& account) const {
  auto found = desks_.find(account);
  if (found == desks_.end()) return {};
  return found->second.desk.Unanswered();
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
  Desk& desk = Of(order.account_id);
  if (desk.entry->in_process) {
    desk.desk.Take(order, now_());
    venue_.Reject(order, why, now_());
    return;
  }
  desk.desk.Refuse(order, why, now_());
  Pump(desk);
}

void VenueDesks::Cancel(const AccountId& account, const OrderId& id) {
  auto found = desks_.find(account);
  if (found == desks_.end()) return;
  found->second.desk.Cancel(id, now_());
  Pump(found->second);
}

bool VenueDesks::CancelOnce(const AccountId& account, const OrderId& id) {
  auto found = desks_.find(account);
  const broker::OrderDesk::Entry* entry = found == desks_.end() ? nullptr : found->second.desk.Find(id);
  if (entry == nullptr || entry->cancel_wanted || entry->way == broker::OrderDesk::Way::kClosed) return false;
  Cancel(account, id);
  return true;
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
  if (found == desks_.end()) return;
  if (found->second.entry->in_process)
    venue_.Reduce(account, intent.order_id, intent.quantity, intent.why, now_());
  else
    Cancel(account, intent.order_id);
}

void VenueDesks::GoOnAfter(const AccountId& account, std::uint64_t execution_sequence) {
  venue_.GoOnAfter(account, execution_sequence);
  Of(account).desk.GoOnAfter(execution_sequence);
}

void VenueDesks::Poll(Desk& desk) {
  for (const broker::Fact& fact : desk.session->Poll(now_())) desk.desk.Hear(fact, now_());
}

void VenueDesks::Pump(Desk& desk) {
  broker::OrderDesk::Batch batch = desk.desk.TakeBatch();
  if (!desk.entry->in_process) {
    desk.changed |= !batch.empty();
    for (const broker::Execution& execution : batch.executions) Book(desk, execution);
  }
  told_.insert(told_.end(), std::make_move_iterator(batch.executions.begin()),
               std::make_move_iterator(batch.executions.end()));
  if (desk.entry->in_process) Send(desk);
}

void VenueDesks::Send(Desk& desk) {
  static const broker::OrderDesk::LastWord kChecked;
  const bool elsewhere = !desk.entry->in_process;
  broker::OrderDesk::Sends sends = desk.desk.TakeSends(now_(), elsewhere ? options_.last_word : kChecked);
  broker::VenueSession& way = *desk.session;
  for (const Order& order : sends.submit) way.Submit(order);
  for (const broker::CancelIntent& cancel : sends.cancel) way.Cancel(cancel);
  for (const broker::ReplaceIntent& replace : sends.replace) way.Replace(replace);
  for (const broker::QueryIntent& query : sends.query) way.Query(query);
  // A question is answered in the call.
  if (sends.query.empty() && !desk.polled) return;
  bool any = false;
  for (const broker::Fact& fact : way.Poll(now_())) {
    desk.desk.Hear(fact, now_());
    any = true;
  }
  // What the last word has refused is told too.
  if (any || elsewhere) Pump(desk);
}

std::vector<broker::Execution> VenueDesks::Hear(paper::Changes& changes) {
  std::vector<broker::Execution> news = std::move(changes.executions);
  std::set<AccountId> accounts;
  for (const AccountId& account : changes.accounts) {
    if (desks_.contains(account)) accounts.insert(account);
  }
  while (true) {
    for (const broker::Execution& execution : news) {
      accounts.insert(execution.account_id);
      Desk& desk = Of(execution.account_id);
      desk.session->Hear(execution);
      Poll(desk);
      Pump(desk);
    }
    for (const broker::Execution& execution : told_) accounts.insert(execution.account_id);
    // The ledger's number is the one that is stored: what nobody was told of (an order made elsewhere) has none.
    for (const AccountId& account : accounts) venue_.SetTold(account, desks_.at(account).desk.execution_sequence());
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

bool VenueDesks::Adopt(const Order& order) {
  Desk& desk = Of(order.account_id);
  bool elsewhere = desk.desk.Adopt(order, now_());
  Pump(desk);
  return elsewhere;
}

void VenueDesks::RecallTrade(const Order& order, const ExecutionId& root, const broker::OrderDesk::Told& told) {
  Desk& desk = Of(order.account_id);
  desk.desk.RecallTrade(order, root, told);
  if (!desk.entry->in_process) desk.booked[order.order_id].try_emplace(root, told);
}

std::optional<broker::Statement> VenueDesks::StatementOf(const AccountId& account) const {
  if (IsElsewhere(account)) {
    auto found = desks_.find(account);
    return found == desks_.end() ? std::nullopt : found->second.statement;
  }
  paper::PaperSession session(venue_, account, now_);
  session.AskStatement();
  return session.TakeStatements().front();
}

std::uint64_t VenueDesks::StatementUntil(const AccountId& account) const {
  auto found = desks_.find(account);
  return found == desks_.end() ? 0 : found->second.statement_until;
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
