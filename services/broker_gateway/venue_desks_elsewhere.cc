#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "libs/base/absl_std.h"
#include "libs/ledger/fill.h"
#include "libs/orders/elsewhere.h"
#include "services/broker_gateway/venue_desks.h"

// Of accounts whose books are elsewhere: what waits for their session, and what was told of them in the ledger.
namespace ballast {
namespace {

bool IsOver(const broker::OrderDesk::Entry* entry) {
  return entry != nullptr && entry->way == broker::OrderDesk::Way::kClosed && !entry->contradicted;
}

}  // namespace

absl::Status VenueDesks::Usable(const BrokerEntry& entry, bool used) const {
  if (used && entry.wall_time && !options_.wall_time) {
    return absl::FailedPreconditionError(
        ToAbsl("an account is with " + entry.display_name +
               ", whose time is the wall's: market_speed 1 is expected, and a market_source that is no replay"));
  }
  return entry.check ? entry.check(options_.settings, used) : absl::OkStatus();
}

std::optional<Rejection> VenueDesks::RefusedWhileDown(const Order& order, bool reduces) {
  const Desk& desk = Of(order.account_id);
  const SessionDown& policy = desk.entry->session_down;
  // Nothing is kept for a venue of this process: who is to get out asks again.
  const bool out = outages_.contains(desk.entry->id);
  if (!out && (desk.entry->in_process || reduces || desk.desk.ready() || !policy.refuses_entries)) return std::nullopt;
  const bool elsewhere = policy.elsewhere && !reduces;
  return Rejection{.reason = RejectReason::kBrokerUnavailable,
                   .check = std::string(elsewhere ? orders::kMayGoElsewhere : "session_down"),
                   .limit = policy.ToString(),
                   .observed = "down",
                   .message = "the session of " + desk.entry->display_name +
                              (elsewhere ? " is down: it was not sent, and may go elsewhere"
                                         : " is down, and entries are not kept for when it is back")};
}

bool VenueDesks::SetOutage(const std::string& broker, bool out) {
  const BrokerEntry* entry = brokers_.Find(broker);
  if (entry == nullptr || !entry->in_process) return false;
  if (out)
    outages_.insert(broker);
  else
    outages_.erase(broker);
  return true;
}

std::optional<UtcTime> VenueDesks::GivesUpAt(const Desk& desk) const {
  if (desk.entry->in_process || desk.desk.ready()) return std::nullopt;
  std::optional<UtcTime> first;
  for (const OrderId& id : desk.desk.unsettled()) {
    const broker::OrderDesk::Entry& entry = *desk.desk.Find(id);
    if (entry.way != broker::OrderDesk::Way::kIntent && entry.way != broker::OrderDesk::Way::kSendable) continue;
    UtcTime at = entry.order.update_time + desk.entry->session_down.wait;
    if (!first || at < *first) first = at;
  }
  return first;
}

void VenueDesks::GiveUp(Desk& desk) {
  std::optional<UtcTime> due = GivesUpAt(desk);
  if (!due || *due > now_()) return;
  std::vector<OrderId> late;
  for (const OrderId& id : desk.desk.unsettled()) {
    const broker::OrderDesk::Entry& entry = *desk.desk.Find(id);
    bool waits = entry.way == broker::OrderDesk::Way::kIntent || entry.way == broker::OrderDesk::Way::kSendable;
    if (waits && entry.order.update_time + desk.entry->session_down.wait <= now_()) late.push_back(id);
  }
  for (const OrderId& id : late) {
    desk.desk.Hear(
        broker::NotSent{.order_id = id,
                        .error = broker::ErrorClass::kVenueDown,
                        .message = "the session of " + desk.entry->display_name + " is down for longer than " +
                                   desk.entry->session_down.ToString() + " ms allows: it was not sent"},
        now_());
  }
  Pump(desk);
}

// What reconciliation and the last steps of an emergency go by.
void VenueDesks::AskStatement(const AccountId& account, Desk& desk) {
  constexpr Duration kEvery = Duration::Seconds(5);
  std::vector<broker::Statement> heard = desk.session->TakeStatements();
  if (!heard.empty()) {
    desk.statement = std::move(heard.back());
    // What was told after it was asked for it may have, or not; of one that nobody remembers asking for nothing is
    // known.
    desk.statement_until = 0;
    auto after = std::upper_bound(desk.asked.begin(), desk.asked.end(), desk.statement->as_of,
                                  [](UtcTime as_of, const auto& asked) { return as_of < asked.time; });
    if (after != desk.asked.begin()) {
      desk.statement_until = std::prev(after)->execution_sequence;
      desk.statement->trade_number = std::prev(after)->trade_number;
    }
  }
  if (!desk.desk.ready() || now_() - desk.statement_asked < kEvery) return;
  desk.statement_asked = now_();
  // Some are not heeded, where the venue is asked too often.
  constexpr std::size_t kAskedMax = 8;
  const paper::Ledger* ledger = venue_.FindLedger(account);
  desk.asked.push_back({.time = desk.statement_asked,
                        .execution_sequence = desk.desk.execution_sequence(),
                        .trade_number = ledger == nullptr ? 0 : ledger->trades});
  if (desk.asked.size() > kAskedMax) desk.asked.pop_front();
  desk.session->AskStatement();
}

// The last check asks what is held, and the ledger says it: of an account elsewhere from what was told.
void VenueDesks::Book(Desk& desk, const broker::Execution& execution) {
  using Type = broker::ExecutionType;
  const bool trade =
      execution.type == Type::kTrade || execution.type == Type::kTradeCancel || execution.type == Type::kTradeCorrect;
  if (trade) {
    const ExecutionId& root = execution.exec_ref_id.empty() ? execution.execution_id : execution.exec_ref_id;
    broker::OrderDesk::Told& booked = desk.booked[execution.order_id][root];
    const std::string& currency = venue_.FindLedger(execution.account_id)->currency;
    auto effect = [&](const broker::OrderDesk::Told& told) {
      if (told.busted || told.quantity.IsZero()) return ledger::FillEffect();
      return ledger::EffectOf(
          {execution.symbol.value(), execution.side, told.quantity, told.price, told.fee, told.fee_currency}, currency);
    };
    const ledger::FillEffect before = effect(booked);
    booked = {.version = execution.version,
              .busted = execution.type == Type::kTradeCancel,
              .quantity = execution.last_quantity,
              .price = execution.last_price,
              .fee = execution.fee,
              .fee_currency = execution.fee_currency};
    const ledger::FillEffect after = effect(booked);
    // Its record of trades is what it has told of them: reconciliation reads the one like that of a venue of this
    // process.
    broker::Execution made = execution;
    made.execution_id = root;
    made.exec_ref_id = {};
    venue_.Record(execution.account_id, std::move(made));
    venue_.Adjust(execution.account_id, after.cash - before.cash, execution.symbol, after.quantity - before.quantity);
  }
  const broker::OrderDesk::Entry* entry = desk.desk.Find(execution.order_id);
  if (IsOver(entry)) Shelve(desk, execution.order_id);
}

// What is told of one that is over (a correction) does not make it another one.
void VenueDesks::Shelve(Desk& desk, const OrderId& id) {
  if (!desk.shelved.insert(id).second) return;
  desk.closed.push_back(id);
  if (desk.closed.size() <= options_.closed_kept) return;
  const OrderId oldest = desk.closed.front();
  desk.closed.pop_front();
  desk.shelved.erase(oldest);
  // Open again since: it comes back here when it is over.
  if (!IsOver(desk.desk.Find(oldest))) return;
  desk.booked.erase(oldest);
  desk.desk.Forget(oldest);
}

}  // namespace ballast
