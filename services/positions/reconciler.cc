#include "services/positions/reconciler.h"

#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/ledger/fill.h"
#include "libs/model/external.h"
#include "libs/reconciliation/compare.h"
#include "libs/reconciliation/tie_out.h"
#include "libs/wire/wire.h"
#include "services/positions/reconciliation_codec.h"

namespace ballast {
namespace {

using reconciliation::BreakState;
using reconciliation::BreakType;
using reconciliation::Difference;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr int kReadPage = 1'000;
// Of each of the three, in one comparison: who is further behind goes on in the next.
constexpr int kReadPagesMax = 20;
// Trades that one of the three tells ahead of the others while a long past is read: they lie in memory.
constexpr std::size_t kAheadMax = 5'000;
constexpr int kTellMost = 100;
constexpr int kShortLooks = 5;
constexpr std::int64_t kAgedMs = 5 * 60 * 1'000;
constexpr std::int64_t kFailurePauseMaxNs = 10 * kSecond;

const std::set<BreakType> kOrderTypes = {
    BreakType::kMissedExecution, BreakType::kMissingFill,     BreakType::kUnknownFill, BreakType::kExecutionDiffers,
    BreakType::kExternalOrder,   BreakType::kOrderNotAtVenue, BreakType::kOrderDiffers};
const std::set<BreakType> kAllTypes = [] {
  std::set<BreakType> all = kOrderTypes;
  all.insert({BreakType::kPosition, BreakType::kCash, BreakType::kBooks});
  return all;
}();

// The venue has said that it has the order, and nothing since says otherwise. What became of one whose outcome is not
// known is asked for by whoever sent it; until that is answered it is no difference.
bool IsTaken(const order::v1::Order& order) {
  const order::v1::OrderStatus status = order.status();
  if (order.outcome_unknown()) return false;
  return status == order::v1::ORDER_STATUS_NEW || status == order::v1::ORDER_STATUS_PARTIALLY_FILLED ||
         status == order::v1::ORDER_STATUS_PENDING_CANCEL || status == order::v1::ORDER_STATUS_PENDING_REPLACE;
}

template <typename Proto>
absl::StatusOr<reconciliation::OpenOrder> OpenOrderOf(const Proto& proto, bool taken) {
  reconciliation::OpenOrder order{.order_id = OrderId(proto.order_id()),
                                  .symbol = Symbol(proto.symbol()),
                                  .side = static_cast<Side>(proto.side()),
                                  .taken = taken};
  ASSIGN_OR_RETURN(order.quantity, wire::FromProto(proto.quantity(), "quantity"));
  return order;
}

absl::StatusOr<reconciliation::Moved> MovedOfReport(const broker::v1::ExecutionReport& report,
                                                    const std::string& currency) {
  ASSIGN_OR_RETURN(Decimal quantity, wire::FromProto(report.last_quantity(), "last_quantity"));
  ASSIGN_OR_RETURN(Decimal price, wire::FromProto(report.last_price(), "last_price"));
  ASSIGN_OR_RETURN(Decimal fee, wire::FromProto(report.fee(), "fee"));
  reconciliation::Moved moved = reconciliation::MovedBy(
      {report.symbol(), static_cast<Side>(report.side()), quantity, price, fee, report.fee_currency()},
      OrderId(report.order_id()), currency);
  moved.version = report.version();
  // What it would have been is of no interest: it never was.
  if (report.type() == broker::v1::EXECUTION_TYPE_TRADE_CANCEL) moved.quantity = moved.cash = Decimal();
  return moved;
}

reconciliation::Moved MovedOfFill(const Fill& fill, const std::string& currency) {
  reconciliation::Moved moved = reconciliation::MovedBy(fill, fill.order_id, currency);
  moved.version = fill.version;
  return moved;
}

bool IsOfTrade(broker::v1::ExecutionType type) {
  return type == broker::v1::EXECUTION_TYPE_TRADE || type == broker::v1::EXECUTION_TYPE_TRADE_CORRECT ||
         type == broker::v1::EXECUTION_TYPE_TRADE_CANCEL;
}

// The newest are kept.
void NoteExternal(const OrderId& id, ReconciliationState& state) {
  constexpr std::size_t kExternalMax = 20;
  auto& ids = state.external_orders;
  if (std::find(ids.begin(), ids.end(), id) != ids.end()) return;
  ids.push_back(id);
  if (ids.size() > kExternalMax) ids.erase(ids.begin());
}

std::map<Symbol, Decimal> NetOf(const positions::AccountBook& book) {
  std::map<Symbol, Decimal> net;
  for (const auto& [symbol, holding] : book.net()) net[symbol] = holding.quantity;
  return net;
}

std::map<Symbol, Decimal> BooksOf(const positions::AccountBook& book) {
  std::map<Symbol, Decimal> sums;
  for (const auto& [key, holding] : book.books()) sums[key.second] += holding.quantity;
  return sums;
}

}  // namespace

Reconciler::Reconciler(Options options, Ports ports, const Clock& clock, Logger& log, Metrics& metrics,
                       std::function<void(const std::string&)> fail)
    : options_(options),
      ports_(std::move(ports)),
      clock_(clock),
      log_(log),
      fail_(std::move(fail)),
      comparisons_(
          metrics.GetCounter("ballast_positions_reconciliations_total", "comparisons that came to an end", {})),
      failures_(metrics.GetCounter("ballast_positions_reconciliation_failures_total",
                                   "comparisons for which an answer was missing", {})),
      healed_(metrics.GetCounter("ballast_positions_trades_healed_total",
                                 "trades of the venue that were told because a comparison found them", {})),
      open_breaks_(metrics.GetGauge("ballast_positions_reconcile_mismatches", "breaks that are open", {})) {}

absl::Status Reconciler::Recover() {
  RETURN_IF_ERROR(ports_.store.Fence());
  ASSIGN_OR_RETURN(auto stored, ports_.store.Load());
  for (auto& [id, each] : stored) {
    Account& account = accounts_[id];
    account.breaks = reconciliation::BreakList(options_.patience);
    account.breaks.RestoreNumber(each.state.last_break_number);
    for (reconciliation::Break& one : each.breaks) account.breaks.Restore(std::move(one));
    for (const reconciliation::Sighting& seen : each.state.open) account.match.Restore(seen);
    account.state = std::move(each.state);
    account.last_tie_out = std::move(each.last_tie_out);
  }
  Publish();
  return absl::OkStatus();
}

void Reconciler::CompareNow() {
  (void)inbox_.Post(0, 1, [this] { now_wanted_ = true; });
}

runtime::Turn Reconciler::Poll(std::int64_t now_ns) {
  if (ended_) return {runtime::Turn::State::kEnded, 0};
  const bool closed = inbox_.closed();
  for (Task& task : inbox_.Take(SIZE_MAX)) task();
  if (closed) {
    ended_ = true;
    return {runtime::Turn::State::kEnded, 0};
  }
  std::int64_t next = now_ns + options_.orders_interval_ms * 1'000'000;
  const std::map<AccountId, positions::AccountBook> books = ports_.books();
  // Nothing is known of what is held: soon.
  if (books.empty()) next = now_ns + kSecond;
  const bool now_wanted = !books.empty() && std::exchange(now_wanted_, false);
  for (const auto& [id, book] : books) {
    auto [found, fresh] = accounts_.try_emplace(id);
    Account& account = found->second;
    if (fresh) account.breaks = reconciliation::BreakList(options_.patience);
    if (now_wanted) account.next_ns = account.next_positions_ns = now_ns;
    if (account.next_ns <= now_ns) {
      Compare(id, book, account, now_ns);
      Publish();
    }
    next = std::min(next, account.next_ns);
  }
  if (waiting_messages_ && next_send_ns_ <= now_ns) SendMessages();
  if (waiting_messages_) next = std::min(next, next_send_ns_);
  return {runtime::Turn::State::kReady, next};
}

void Reconciler::Compare(const AccountId& id, const positions::AccountBook& book, Account& account,
                         std::int64_t now_ns) {
  // Breaks that are open are looked at whole each time: they are to be seen as gone as soon as they are.
  bool positions = account.next_positions_ns <= now_ns || account.state.day != book.totals().baseline.day ||
                   account.breaks.pending() > 0 || account.breaks.Count(BreakState::kOpen) > 0;
  broker::v1::GetVenueStatementResponse statement;
  bool behind = false;
  auto differences = [&]() -> absl::StatusOr<std::vector<Difference>> {
    ASSIGN_OR_RETURN(statement, ports_.others.Statement(id));
    ASSIGN_OR_RETURN(behind, Read(id, book, statement, account));
    if (behind) return std::vector<Difference>();
    // Trades that were not read explain nothing.
    positions = positions && account.match.open().size() <= options_.trades_open_max;
    return Differences(id, book, statement, account, positions);
  }();
  if (!differences.ok()) {
    failures_.Increment();
    account.problem = MessageOf(differences.status());
    // An answer that is missing says nothing: what was a break is one, and what was none is none.
    std::int64_t pause = kSecond << std::min(account.failures++, 4);
    account.next_ns = now_ns + std::min(pause, kFailurePauseMaxNs);
    log_.Warning("reconciliation.no_answer", {{"account", id.value()}, {"error", account.problem}});
    return;
  }
  account.failures = 0;
  if (behind) {
    // Nothing is said before all is read; how far that is outlives a restart.
    account.problem = "still reading the trades of the past";
    account.next_ns = now_ns;
    Save(id, account);
    return;
  }
  account.problem.clear();
  if (const std::size_t open = account.match.open().size(); open > options_.trades_told_max)
    account.problem = std::to_string(open) + (open > options_.trades_open_max ? " or more" : "") +
                      " trades differ; the first " + std::to_string(options_.trades_told_max) + " are told";
  const UtcTime now = clock_.Now();
  reconciliation::BreakList::Changes changes =
      account.breaks.Look(*differences, positions ? kAllTypes : kOrderTypes, now);
  ++account.state.comparisons;
  comparisons_.Increment();
  account.state.orders_time = now;
  if (positions) {
    account.state.positions_time = now;
    account.next_positions_ns = now_ns + options_.positions_interval_ms * 1'000'000;
  }
  Note(id, changes, account);
  if (positions) TieOutDay(id, book, statement, account);
  Heal(id, account);
  Save(id, account);
  Report(id, account);
  bool unsettled =
      account.breaks.pending() > 0 || !account.suspects.empty() || account.breaks.Count(BreakState::kOpen) > 0;
  account.next_ns = now_ns + (unsettled ? kSecond : options_.orders_interval_ms * 1'000'000);
}

absl::StatusOr<bool> Reconciler::Read(const AccountId& id, const positions::AccountBook& book,
                                      const broker::v1::GetVenueStatementResponse& statement, Account& account) {
  ReconciliationState& state = account.state;
  for (int page = 0; page < kReadPagesMax; ++page) {
    const reconciliation::TradeMatch::Counts seen = account.match.CountOpen();
    // Who has told too many that differ is not read on. The others are: what they tell may be what is missing.
    const std::size_t most = options_.trades_open_max;
    const bool venue = seen.venue <= most && state.trade_number < statement.trade_number();
    const bool journal = seen.journal <= most && state.execution_sequence < statement.execution_sequence();
    const bool ours = seen.ours <= most && state.fill_sequence < book.totals().sequence;
    if (!venue && !journal && !ours) {
      account.journal_short = 0;
      return false;
    }
    // Who is far ahead waits for those who have not told all of theirs.
    auto ahead = [](std::size_t count, bool other, std::size_t others, bool another, std::size_t anothers) {
      return (other && count > others + kAheadMax) || (another && count > anothers + kAheadMax);
    };
    if (venue && !ahead(seen.venue, journal, seen.journal, ours, seen.ours))
      RETURN_IF_ERROR(ReadVenue(id, book, statement.trade_number(), account));
    if (journal && !ahead(seen.journal, venue, seen.venue, ours, seen.ours))
      RETURN_IF_ERROR(ReadJournal(id, book, statement.execution_sequence(), account));
    if (ours && !ahead(seen.ours, venue, seen.venue, journal, seen.journal))
      RETURN_IF_ERROR(ReadOurs(id, book, account));
    state.matched_trades += account.match.Settle();
  }
  return true;
}

absl::Status Reconciler::ReadVenue(const AccountId& id, const positions::AccountBook& book, std::uint64_t until,
                                   Account& account) {
  std::uint64_t& cursor = account.state.trade_number;
  ASSIGN_OR_RETURN(auto trades, ports_.others.VenueTrades(id, cursor, kReadPage));
  if (trades.trades().empty()) return absl::UnavailableError("the venue does not tell all of its trades");
  for (const broker::v1::ExecutionReport& trade : trades.trades()) {
    // Younger than the statement: the next one has it.
    if (trade.execution_sequence() > until) break;
    ASSIGN_OR_RETURN(reconciliation::Moved moved, MovedOfReport(trade, book.totals().currency));
    if (trade.type() != broker::v1::EXECUTION_TYPE_TRADE)
      RETURN_IF_ERROR(
          ReopenTrade(id, book, ExecutionId(trade.execution_id()), account.state.fill_sequence + 1, account));
    account.match.SeeVenue(ExecutionId(trade.execution_id()), moved, trade.execution_sequence());
    cursor = trade.execution_sequence();
  }
  return absl::OkStatus();
}

absl::Status Reconciler::ReadJournal(const AccountId& id, const positions::AccountBook& book, std::uint64_t until,
                                     Account& account) {
  std::uint64_t& cursor = account.state.execution_sequence;
  ASSIGN_OR_RETURN(auto reports, ports_.others.Journal(id, cursor, kReadPage));
  std::uint64_t last = std::min(reports.last_execution_sequence(), until);
  for (const broker::v1::ExecutionReport& report : reports.reports()) {
    if (report.execution_sequence() > until) break;
    if (!IsOfTrade(report.type())) continue;
    ASSIGN_OR_RETURN(reconciliation::Moved moved, MovedOfReport(report, book.totals().currency));
    const ExecutionId root(report.exec_ref_id().empty() ? report.execution_id() : report.exec_ref_id());
    if (moved.version > 0) RETURN_IF_ERROR(ReopenTrade(id, book, root, account.state.fill_sequence + 1, account));
    account.match.SeeJournal(root, moved);
  }
  if (last > cursor) {
    cursor = last;
    return absl::OkStatus();
  }
  // Not stored yet; or numbers that nobody has: they were lost, and the journal goes on after them.
  if (++account.journal_short < kShortLooks) return absl::UnavailableError("the journal does not tell all it has");
  cursor = until;
  return absl::OkStatus();
}

absl::Status Reconciler::ReadOurs(const AccountId& id, const positions::AccountBook& book, Account& account) {
  std::uint64_t& cursor = account.state.fill_sequence;
  const std::uint64_t until = book.totals().sequence;
  ASSIGN_OR_RETURN(std::vector<Fill> fills, ports_.fills.LoadFills(id, cursor, kReadPage));
  for (const Fill& fill : fills) {
    if (fill.sequence > until) break;
    cursor = fill.sequence;
    if (fill.reason == kExternal) NoteExternal(fill.order_id, account.state);
    // From one of our books to another: nothing to the venue.
    if (fill.transfer || (fill.reversal && fill.version == 0)) continue;
    const ExecutionId& root = fill.exec_ref_id.empty() ? fill.execution_id : fill.exec_ref_id;
    if (fill.version > 0) RETURN_IF_ERROR(ReopenTrade(id, book, root, fill.sequence, account));
    account.match.SeeOurs(root, MovedOfFill(fill, book.totals().currency), fill.reversal);
  }
  if (static_cast<int>(fills.size()) < kReadPage || fills.back().sequence > until) cursor = until;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Difference>> Reconciler::Differences(const AccountId& id, const positions::AccountBook& book,
                                                                const broker::v1::GetVenueStatementResponse& statement,
                                                                Account& account, bool positions) {
  std::vector<Difference> differences = account.match.Differences(options_.trades_told_max);
  auto add = [&](std::vector<Difference> more) {
    differences.insert(differences.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  ASSIGN_OR_RETURN(std::vector<order::v1::Order> orders, ports_.others.OpenOrders(id));
  std::vector<reconciliation::OpenOrder> ours, venue;
  for (const order::v1::Order& order : orders) {
    ASSIGN_OR_RETURN(ours.emplace_back(), OpenOrderOf(order, IsTaken(order)));
  }
  for (const broker::v1::VenueOrder& order : statement.open_orders()) {
    ASSIGN_OR_RETURN(venue.emplace_back(), OpenOrderOf(order, true));
  }
  ASSIGN_OR_RETURN(account.policy, ports_.others.Policy(id));
  for (const order::v1::Order& order : orders) {
    if (order.has_external()) NoteExternal(OrderId(order.order_id()), account.state);
  }
  // What the venue has told until an order was first seen to differ explains it as long as it is not taken in here.
  std::map<OrderId, std::uint64_t> suspects;
  for (Difference& difference : reconciliation::CompareOrders(ours, venue)) {
    if (difference.type == BreakType::kExternalOrder) {
      auto order = std::find_if(statement.open_orders().begin(), statement.open_orders().end(),
                                [&](const auto& each) { return each.order_id() == difference.order_id.value(); });
      if (order != statement.open_orders().end() && AdoptByPolicy(id, *order, account)) continue;
    }
    auto before = account.suspects.find(difference.order_id);
    const std::uint64_t told = before == account.suspects.end() ? statement.execution_sequence() : before->second;
    suspects[difference.order_id] = told;
    if (book.totals().execution_sequence >= told) differences.push_back(std::move(difference));
  }
  account.suspects = std::move(suspects);
  CollectExternal(id, orders, statement, account);
  if (!positions) return differences;
  std::map<Symbol, Decimal> held;
  for (const broker::v1::BrokerPosition& position : statement.positions()) {
    ASSIGN_OR_RETURN(held[Symbol(position.symbol())], wire::FromProto(position.quantity(), "quantity"));
  }
  ASSIGN_OR_RETURN(Decimal cash, wire::FromProto(statement.cash(), "cash"));
  const std::map<Symbol, Decimal> net = NetOf(book);
  add(reconciliation::ComparePositions(net, held, account.match.QuantityUnderWay()));
  add(reconciliation::CompareCash(book.totals().cash, cash, account.match.CashUnderWay()));
  add(reconciliation::CompareBooks(BooksOf(book), net));
  return differences;
}

// Only what was unheard at two comparisons: the first may have come between the venue and its telling.
void Reconciler::Heal(const AccountId& id, Account& account) {
  std::set<std::uint64_t> unheard;
  std::vector<std::uint64_t> again;
  for (std::uint64_t number : account.match.Unheard()) {
    unheard.insert(number);
    if (account.unheard.contains(number) && static_cast<int>(again.size()) < kTellMost) again.push_back(number);
  }
  account.unheard = std::move(unheard);
  if (again.empty()) return;
  auto told = ports_.others.TellTrades(id, again);
  if (!told.ok()) {
    log_.Warning("reconciliation.not_healed", {{"account", id.value()}, {"error", told.status().ToString()}});
    return;
  }
  account.state.healed_trades += static_cast<std::uint64_t>(*told);
  healed_.Add(*told);
  log_.Warning("reconciliation.trades_told",
               {{"account", id.value()}, {"asked", std::to_string(again.size())}, {"told", std::to_string(*told)}});
}

void Reconciler::TieOutDay(const AccountId& id, const positions::AccountBook& book,
                           const broker::v1::GetVenueStatementResponse& statement, Account& account) {
  const std::int64_t day = book.totals().baseline.day;
  // After a restart the books may stand in a day that is certified already: it does not end a second time.
  if (day < 0 || day <= account.state.day) return;
  // The first day that is seen has not ended.
  if (account.state.day >= 0) {
    auto made = MakeTieOut(id, book, statement, account);
    if (!made.ok()) {
      log_.Warning("reconciliation.no_certificate", {{"account", id.value()}, {"error", made.status().ToString()}});
      return;
    }
    account.last_tie_out = *made;
    account.messages.push_back(
        {.target = ReconciliationStore::Target::kAudit, .request = RecordOfTieOut(*made).SerializeAsString()});
    account.messages.push_back(
        {.target = ReconciliationStore::Target::kAlerts, .request = AlertOfTieOut(*made).SerializeAsString()});
    account.tie_outs.emplace(account.state.day, *std::move(made));
  }
  account.state.day = day;
}

absl::StatusOr<position::v1::TieOut> Reconciler::MakeTieOut(const AccountId& id, const positions::AccountBook& book,
                                                            const broker::v1::GetVenueStatementResponse& statement,
                                                            const Account& account) {
  reconciliation::TieOut day{.account_id = id,
                             .day = account.state.day,
                             .time = clock_.Now(),
                             .currency = book.totals().currency,
                             .from_sequence = account.last_tie_out.until_sequence(),
                             .until_sequence = book.totals().sequence,
                             .opening = {.cash = book.totals().opening_cash},
                             .closing = {.cash = book.totals().cash, .positions = NetOf(book)},
                             .venue_trade_number = statement.trade_number(),
                             .trades_under_way = static_cast<int>(account.match.open().size()),
                             .open_breaks = account.breaks.Count(BreakState::kOpen)};
  if (day.from_sequence > 0) {
    ASSIGN_OR_RETURN(day.opening, ClosingOf(account.last_tie_out));
  }
  ASSIGN_OR_RETURN(day.venue.cash, wire::FromProto(statement.cash(), "cash"));
  for (const broker::v1::BrokerPosition& position : statement.positions()) {
    ASSIGN_OR_RETURN(day.venue.positions[Symbol(position.symbol())], wire::FromProto(position.quantity(), "quantity"));
  }
  day.under_way = {.cash = account.match.CashUnderWay(), .positions = account.match.QuantityUnderWay()};
  std::erase_if(day.under_way.positions, [](const auto& entry) { return entry.second.IsZero(); });
  for (std::uint64_t cursor = day.from_sequence; cursor < day.until_sequence;) {
    ASSIGN_OR_RETURN(std::vector<Fill> fills, ports_.fills.LoadFills(id, cursor, kReadPage));
    if (fills.empty()) break;
    for (const Fill& fill : fills) {
      cursor = fill.sequence;
      if (fill.sequence <= day.until_sequence) reconciliation::AddFill(fill, &day);
    }
  }
  return ToProto(day, account.last_tie_out.hash());
}

void Reconciler::Note(const AccountId& id, const reconciliation::BreakList::Changes& changes, Account& account) {
  auto tell = [&](const reconciliation::Break& one, const char* action) {
    account.messages.push_back(
        {.target = ReconciliationStore::Target::kAlerts, .request = AlertOfBreak(id, one).SerializeAsString()});
    account.messages.push_back({.target = ReconciliationStore::Target::kAudit,
                                .request = RecordOfBreak(id, action, "system", one).SerializeAsString()});
  };
  for (const reconciliation::Break& one : changes.opened) {
    account.unsaved[one.number] = one;
    log_.Critical("reconciliation.break",
                  {{"account", id.value()}, {"break", std::to_string(one.number)}, {"what", one.difference.message}});
    tell(one, "reconciliation.break_opened");
  }
  for (const reconciliation::Break& one : changes.changed) {
    account.unsaved[one.number] = one;
    if (one.halts) tell(one, "reconciliation.break_changed");
  }
  for (const reconciliation::Break& one : changes.resolved) {
    account.unsaved[one.number] = one;
    log_.Info("reconciliation.break_resolved", {{"account", id.value()}, {"break", std::to_string(one.number)}});
    tell(one, "reconciliation.break_resolved");
  }
}

void Reconciler::Save(const AccountId& id, Account& account) {
  account.state.last_break_number = account.breaks.last_number();
  account.state.open.clear();
  for (const auto& [execution, seen] : account.match.open()) account.state.open.push_back(seen);
  std::vector<reconciliation::Break> breaks;
  for (const auto& [number, one] : account.unsaved) breaks.push_back(one);
  absl::Status saved = ports_.store.Save(id, account.state, breaks, account.tie_outs, account.messages);
  if (saved.ok()) {
    waiting_messages_ |= !account.messages.empty();
    account.unsaved.clear();
    account.tie_outs.clear();
    account.messages.clear();
    return;
  }
  // Saved with the next comparison; what was stored all the same is stored over.
  log_.Warning("reconciliation.not_saved", {{"account", id.value()}, {"error", saved.ToString()}});
  if (absl::IsFailedPrecondition(saved)) fail_("a newer positions service has taken over");
}

void Reconciler::Report(const AccountId& id, Account& account) {
  std::string message;
  for (const reconciliation::Break& one : account.breaks.All()) {
    if (one.halts && message.empty()) message = one.difference.message;
  }
  absl::Status reported = ports_.others.ReportBreaks(id, account.breaks.halting(), message);
  if (!reported.ok())
    log_.Warning("reconciliation.not_reported", {{"account", id.value()}, {"error", reported.ToString()}});
}

void Reconciler::SendMessages() {
  next_send_ns_ = clock_.MonotonicNanos() + kSecond;
  auto messages = ports_.store.LoadOutbox();
  if (!messages.ok()) return;
  waiting_messages_ = !messages->empty();
  for (const ReconciliationStore::Message& message : *messages) {
    absl::Status sent;
    if (message.target == ReconciliationStore::Target::kAlerts) {
      alert::v1::RaiseAlertRequest request;
      sent = request.ParseFromString(message.request) ? ports_.others.Raise(request)
                                                      : absl::InvalidArgumentError("it cannot be read");
    } else {
      audit::v1::AppendRecordRequest request;
      sent = request.ParseFromString(message.request) ? ports_.others.Append(request)
                                                      : absl::InvalidArgumentError("it cannot be read");
    }
    bool refused = absl::IsInvalidArgument(sent) || absl::IsAlreadyExists(sent);
    if (refused) log_.Critical("reconciliation.message_refused", {{"error", sent.ToString()}});
    if (sent.ok() || refused) (void)ports_.store.RemoveMessage(message.outbox_id);
  }
}

void Reconciler::FillStatus(const AccountId& id, const Account& account,
                            position::v1::ReconciliationStatus* out) const {
  out->set_account_id(id.value());
  if (account.state.orders_time.nanos != 0) wire::ToProto(account.state.orders_time, out->mutable_orders_time());
  if (account.state.positions_time.nanos != 0)
    wire::ToProto(account.state.positions_time, out->mutable_positions_time());
  out->set_problem(account.problem);
  out->set_open_breaks(account.breaks.Count(BreakState::kOpen));
  out->set_halting_breaks(account.breaks.halting());
  out->set_acknowledged_breaks(account.breaks.Count(BreakState::kAcknowledged));
  out->set_pending(account.breaks.pending());
  out->set_matched_trades(account.state.matched_trades);
  out->set_healed_trades(account.state.healed_trades);
  out->set_comparisons(account.state.comparisons);
  *out->mutable_external_policy() = account.policy;
}

void Reconciler::Publish() {
  std::map<AccountId, View> views;
  int open = 0;
  for (const auto& [id, account] : accounts_) {
    View& view = views[id];
    FillStatus(id, account, &view.status);
    view.breaks = account.breaks.All();
    view.external = account.external;
    open += account.breaks.Count(BreakState::kOpen);
  }
  open_breaks_.Set(open);
  MutexLock lock(mutex_);
  views_ = std::move(views);
}

void Reconciler::Finish(const AccountId& account, const reconciliation::Break& one, position::v1::Break* out) const {
  ToProto(account, one, out);
  const UtcTime until = one.state == BreakState::kResolved ? one.resolve_time : clock_.Now();
  out->set_age_ms((until - one.first_time).nanos / 1'000'000);
  out->set_aged(one.state == BreakState::kOpen && out->age_ms() >= kAgedMs);
}

void Reconciler::Show(const std::string& account, position::v1::ListBreaksResponse* response) {
  MutexLock lock(mutex_);
  for (const auto& [id, view] : views_) {
    if (!account.empty() && id.value() != account) continue;
    *response->add_accounts() = view.status;
    for (auto one = view.breaks.rbegin(); one != view.breaks.rend(); ++one) Finish(id, *one, response->add_breaks());
    for (const position::v1::ExternalOrder& order : view.external) *response->add_external_orders() = order;
  }
}

bool Reconciler::Acknowledge(const position::v1::AcknowledgeBreakRequest& request,
                             std::function<void(absl::StatusOr<position::v1::Break>)> done) {
  constexpr std::size_t kBytes = 1'024;
  return inbox_.Post(0, kBytes, [this, request, done = std::move(done)] {
    const AccountId id(request.account_id());
    auto found = accounts_.find(id);
    std::optional<reconciliation::Break> one;
    if (found != accounts_.end())
      one = found->second.breaks.Acknowledge(request.break_id(), request.actor(), request.reason(), clock_.Now());
    if (!one) {
      done(absl::NotFoundError("there is no such break that is open"));
      return;
    }
    Account& account = found->second;
    account.unsaved[one->number] = *one;
    account.messages.push_back(
        {.target = ReconciliationStore::Target::kAudit,
         .request = RecordOfBreak(id, "reconciliation.break_acknowledged", request.actor(), *one).SerializeAsString()});
    Save(id, account);
    Report(id, account);
    Publish();
    if (!account.unsaved.empty()) {
      done(absl::UnavailableError("it is acknowledged and not stored yet; ask again"));
      return;
    }
    position::v1::Break told;
    Finish(id, *one, &told);
    done(told);
  });
}

}  // namespace ballast
