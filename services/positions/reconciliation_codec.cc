#include "services/positions/reconciliation_codec.h"

#include <set>

#include <nlohmann/json.hpp>

#include "libs/base/absl_std.h"
#include "libs/platform/crypto/crypto.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

using StoredMoved = position::v1::StoredReconciliation::Moved;

void PutTime(UtcTime time, google::protobuf::Timestamp* out) { wire::ToProto(time, out); }

void PutMoved(const reconciliation::Moved& moved, StoredMoved* out) {
  out->set_symbol(moved.symbol.value());
  out->set_order_id(moved.order_id.value());
  wire::ToProto(moved.quantity, out->mutable_quantity());
  wire::ToProto(moved.cash, out->mutable_cash());
  out->set_version(moved.version);
}

absl::StatusOr<reconciliation::Moved> MovedOf(const StoredMoved& proto) {
  reconciliation::Moved moved{
      .symbol = Symbol(proto.symbol()), .order_id = OrderId(proto.order_id()), .version = proto.version()};
  ASSIGN_OR_RETURN(moved.quantity, wire::FromProto(proto.quantity(), "quantity"));
  ASSIGN_OR_RETURN(moved.cash, wire::FromProto(proto.cash(), "cash"));
  return moved;
}

// One fact: which break, in which state, since when.
std::string FactOf(const AccountId& account, const char* what, const reconciliation::Break& one) {
  UtcTime time = one.state == reconciliation::BreakState::kResolved       ? one.resolve_time
                 : one.state == reconciliation::BreakState::kAcknowledged ? one.acknowledge_time
                                                                          : one.first_time;
  return std::string("positions.") + what + ":" +
         Sha256Hex(account.value() + '\n' + std::to_string(one.number) + '\n' + std::to_string(time.nanos) + '\n' +
                   one.difference.gist + (one.halts ? "\nhalts" : ""));
}

}  // namespace

void ToProto(const AccountId& account, const reconciliation::Break& one, position::v1::Break* out) {
  out->set_account_id(account.value());
  out->set_break_id(one.number);
  out->set_type(static_cast<position::v1::BreakType>(one.difference.type));
  out->set_state(static_cast<position::v1::BreakState>(one.state));
  out->set_symbol(one.difference.symbol.value());
  out->set_order_id(one.difference.order_id.value());
  out->set_execution_id(one.difference.execution_id.value());
  out->set_ours(one.difference.ours);
  out->set_journal(one.difference.journal);
  out->set_venue(one.difference.venue);
  out->set_difference(one.difference.gist);
  out->set_message(one.difference.message);
  out->set_halts(one.halts);
  PutTime(one.first_time, out->mutable_first_time());
  PutTime(one.last_time, out->mutable_last_time());
  if (one.resolve_time.nanos != 0) PutTime(one.resolve_time, out->mutable_resolve_time());
  if (one.acknowledge_time.nanos != 0) PutTime(one.acknowledge_time, out->mutable_acknowledge_time());
  out->set_acknowledged_by(one.acknowledged_by);
  out->set_acknowledge_reason(one.acknowledge_reason);
}

reconciliation::Break FromProto(const position::v1::Break& proto) {
  reconciliation::Break one{.number = proto.break_id(),
                            .difference = {.type = static_cast<reconciliation::BreakType>(proto.type()),
                                           .symbol = Symbol(proto.symbol()),
                                           .order_id = OrderId(proto.order_id()),
                                           .execution_id = ExecutionId(proto.execution_id()),
                                           .ours = proto.ours(),
                                           .journal = proto.journal(),
                                           .venue = proto.venue(),
                                           .gist = proto.difference(),
                                           .message = proto.message()},
                            .state = static_cast<reconciliation::BreakState>(proto.state()),
                            .halts = proto.halts(),
                            .first_time = wire::FromProto(proto.first_time()),
                            .last_time = wire::FromProto(proto.last_time()),
                            .acknowledged_by = proto.acknowledged_by(),
                            .acknowledge_reason = proto.acknowledge_reason()};
  if (proto.has_resolve_time()) one.resolve_time = wire::FromProto(proto.resolve_time());
  if (proto.has_acknowledge_time()) one.acknowledge_time = wire::FromProto(proto.acknowledge_time());
  return one;
}

void ToProto(const ReconciliationState& state, position::v1::StoredReconciliation* out) {
  out->set_trade_number(state.trade_number);
  out->set_execution_sequence(state.execution_sequence);
  out->set_fill_sequence(state.fill_sequence);
  out->set_matched_trades(state.matched_trades);
  out->set_healed_trades(state.healed_trades);
  out->set_comparisons(state.comparisons);
  out->set_last_break_id(state.last_break_number);
  if (state.day >= 0) out->set_day(state.day);
  if (state.orders_time.nanos != 0) PutTime(state.orders_time, out->mutable_orders_time());
  if (state.positions_time.nanos != 0) PutTime(state.positions_time, out->mutable_positions_time());
  for (const reconciliation::Sighting& seen : state.open) {
    auto* sighting = out->add_open();
    sighting->set_execution_id(seen.execution_id.value());
    if (seen.venue) PutMoved(*seen.venue, sighting->mutable_venue());
    if (seen.journal) PutMoved(*seen.journal, sighting->mutable_journal());
    if (seen.ours) PutMoved(*seen.ours, sighting->mutable_ours());
    sighting->set_trade_number(seen.trade_number);
  }
  for (const OrderId& id : state.external_orders) out->add_external_order_ids(id.value());
}

absl::StatusOr<ReconciliationState> FromProto(const position::v1::StoredReconciliation& proto) {
  ReconciliationState state{.trade_number = proto.trade_number(),
                            .execution_sequence = proto.execution_sequence(),
                            .fill_sequence = proto.fill_sequence(),
                            .matched_trades = proto.matched_trades(),
                            .healed_trades = proto.healed_trades(),
                            .comparisons = proto.comparisons(),
                            .last_break_number = proto.last_break_id()};
  if (proto.has_day()) state.day = proto.day();
  if (proto.has_orders_time()) state.orders_time = wire::FromProto(proto.orders_time());
  if (proto.has_positions_time()) state.positions_time = wire::FromProto(proto.positions_time());
  for (const std::string& id : proto.external_order_ids()) state.external_orders.emplace_back(id);
  for (const auto& sighting : proto.open()) {
    reconciliation::Sighting seen{.execution_id = ExecutionId(sighting.execution_id()),
                                  .trade_number = sighting.trade_number()};
    if (sighting.has_venue()) {
      ASSIGN_OR_RETURN(seen.venue, MovedOf(sighting.venue()));
    }
    if (sighting.has_journal()) {
      ASSIGN_OR_RETURN(seen.journal, MovedOf(sighting.journal()));
    }
    if (sighting.has_ours()) {
      ASSIGN_OR_RETURN(seen.ours, MovedOf(sighting.ours()));
    }
    state.open.push_back(std::move(seen));
  }
  return state;
}

position::v1::TieOut ToProto(const reconciliation::TieOut& tie_out, const std::string& former_hash) {
  position::v1::TieOut out;
  out.set_account_id(tie_out.account_id.value());
  out.set_day(reconciliation::DayText(tie_out.day));
  PutTime(tie_out.time, out.mutable_time());
  out.set_currency(tie_out.currency);
  out.set_from_sequence(tie_out.from_sequence);
  out.set_until_sequence(tie_out.until_sequence);
  out.set_fills(tie_out.fills);
  wire::ToProto(tie_out.fees, out.mutable_fees());
  auto line = [&](const std::string& symbol, auto part) {
    auto* to = out.add_lines();
    to->set_symbol(symbol);
    wire::ToProto(part(tie_out.opening), to->mutable_opening());
    wire::ToProto(part(tie_out.moved), to->mutable_moved());
    wire::ToProto(part(tie_out.closing), to->mutable_closing());
    wire::ToProto(part(tie_out.venue), to->mutable_venue());
    wire::ToProto(part(tie_out.under_way), to->mutable_under_way());
  };
  line("", [](const reconciliation::Balance& balance) { return balance.cash; });
  std::set<Symbol> symbols;
  for (const auto* balance : {&tie_out.opening, &tie_out.moved, &tie_out.closing, &tie_out.venue, &tie_out.under_way}) {
    for (const auto& [symbol, quantity] : balance->positions) symbols.insert(symbol);
  }
  for (const Symbol& symbol : symbols) {
    line(symbol.value(), [&](const reconciliation::Balance& balance) {
      auto held = balance.positions.find(symbol);
      return held == balance.positions.end() ? Decimal() : held->second;
    });
  }
  out.set_venue_trade_number(tie_out.venue_trade_number);
  out.set_trades_under_way(tie_out.trades_under_way);
  out.set_open_breaks(tie_out.open_breaks);
  for (const std::string& untied : reconciliation::UntiedLines(tie_out)) out.add_differences(untied);
  out.set_ties(out.differences().empty());
  out.set_former_hash(former_hash);
  out.set_text(reconciliation::CanonicalText(tie_out));
  out.set_hash(Sha256Hex(former_hash + '\n' + out.text()));
  return out;
}

absl::StatusOr<reconciliation::Balance> ClosingOf(const position::v1::TieOut& tie_out) {
  reconciliation::Balance closing;
  for (const auto& line : tie_out.lines()) {
    ASSIGN_OR_RETURN(Decimal amount, wire::FromProto(line.closing(), "closing"));
    if (line.symbol().empty())
      closing.cash = amount;
    else if (!amount.IsZero())
      closing.positions[Symbol(line.symbol())] = amount;
  }
  return closing;
}

audit::v1::AppendRecordRequest RecordOfTieOut(const position::v1::TieOut& tie_out) {
  nlohmann::json detail = {
      {"day", tie_out.day()},
      {"differences", std::vector<std::string>(tie_out.differences().begin(), tie_out.differences().end())},
      {"fills", tie_out.fills()},
      {"hash", tie_out.hash()},
      {"ties", tie_out.ties()}};
  audit::v1::AppendRecordRequest record;
  record.set_request_id("positions.tie_out:" + Sha256Hex(tie_out.account_id() + '\n' + tie_out.hash()));
  record.set_actor("system");
  record.set_action("reconciliation.tie_out");
  record.set_subject("account:" + tie_out.account_id());
  record.set_detail(detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  record.set_account_id(tie_out.account_id());
  return record;
}

alert::v1::RaiseAlertRequest AlertOfTieOut(const position::v1::TieOut& tie_out) {
  alert::v1::RaiseAlertRequest alert;
  alert.set_request_id("positions.tie_out.alert:" + Sha256Hex(tie_out.account_id() + '\n' + tie_out.hash()));
  alert.set_type(alert::v1::ALERT_TYPE_POSITION);
  alert.set_level(tie_out.ties() ? alert::v1::ALERT_LEVEL_INFO : alert::v1::ALERT_LEVEL_CRITICAL);
  alert.set_title(tie_out.ties() ? "Day tied out" : "Day does not tie out");
  std::string text = tie_out.day() + ": " + std::to_string(tie_out.fills()) + " fills";
  text += tie_out.ties() ? ", opening and fills are the closing here and at the venue" : "; " + tie_out.differences(0);
  alert.set_text(text);
  alert.set_account_id(tie_out.account_id());
  return alert;
}

alert::v1::RaiseAlertRequest AlertOfBreak(const AccountId& account, const reconciliation::Break& one) {
  const bool resolved = one.state == reconciliation::BreakState::kResolved;
  alert::v1::RaiseAlertRequest alert;
  alert.set_request_id(FactOf(account, resolved ? "break.resolved.alert" : "break.opened.alert", one));
  alert.set_type(alert::v1::ALERT_TYPE_POSITION);
  alert.set_level(resolved    ? alert::v1::ALERT_LEVEL_INFO
                  : one.halts ? alert::v1::ALERT_LEVEL_CRITICAL
                              : alert::v1::ALERT_LEVEL_WARNING);
  alert.set_title(std::string(resolved ? "Reconciliation break resolved: " : "Reconciliation break: ") +
                  NameOf(one.difference.type));
  std::string text = one.difference.message;
  if (resolved)
    text = "gone: " + text;
  else
    text += one.halts ? "; entries are held back until it is gone or acknowledged" : "; it heals by being booked";
  alert.set_text("break " + std::to_string(one.number) + ": " + text);
  alert.set_account_id(account.value());
  alert.set_symbol(one.difference.symbol.value());
  return alert;
}

audit::v1::AppendRecordRequest RecordOfBreak(const AccountId& account, const char* action, const std::string& actor,
                                             const reconciliation::Break& one) {
  nlohmann::json detail = {{"break_id", one.number},
                           {"difference", one.difference.gist},
                           {"execution_id", one.difference.execution_id.value()},
                           {"halts", one.halts},
                           {"journal", one.difference.journal},
                           {"order_id", one.difference.order_id.value()},
                           {"ours", one.difference.ours},
                           {"reason", one.acknowledge_reason},
                           {"symbol", one.difference.symbol.value()},
                           {"type", NameOf(one.difference.type)},
                           {"venue", one.difference.venue}};
  audit::v1::AppendRecordRequest record;
  record.set_request_id(FactOf(account, action, one));
  record.set_actor(actor);
  record.set_action(action);
  record.set_subject("account:" + account.value());
  record.set_detail(detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  record.set_account_id(account.value());
  return record;
}

}  // namespace ballast
