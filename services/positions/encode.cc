#include "services/positions/encode.h"

#include <algorithm>
#include <cstdlib>

#include "libs/wire/wire.h"

namespace ballast {
namespace {

// Display only.
double Ratio(Decimal part, Decimal whole) {
  if (whole.IsZero()) return 0;
  return std::strtod(Divide(part, whole.Abs(), Rounding::kHalfEven).ToString().c_str(), nullptr);
}

}  // namespace

void Encode(const positions::Trade& trade, const positions::AccountBook::Totals& account, position::v1::Trade* out) {
  out->set_trade_id(account.account_id.value() + "-" + std::to_string(trade.number));
  out->set_account_id(account.account_id.value());
  out->set_deployment_id(trade.deployment_id.value());
  out->set_symbol(trade.symbol.value());
  out->set_side(static_cast<type::v1::Side>(trade.trip.side));
  wire::ToProto(trade.trip.quantity, out->mutable_quantity());
  wire::ToProto(trade.trip.entry_price, out->mutable_entry_price());
  wire::ToProto(trade.trip.exit_price, out->mutable_exit_price());
  wire::ToProto(trade.trip.pnl, out->mutable_pnl());
  wire::ToProto(trade.trip.fees, out->mutable_fees());
  wire::ToProto(trade.trip.entry_time, out->mutable_entry_time());
  wire::ToProto(trade.trip.exit_time, out->mutable_exit_time());
  out->set_reason(trade.reason);
  out->set_mode(static_cast<type::v1::AccountMode>(account.mode));
  out->set_pnl_ratio(Ratio(trade.trip.pnl, Multiply(trade.trip.quantity, trade.trip.entry_price, Rounding::kHalfEven)));
}

void Encode(const positions::Holding& holding, const positions::AccountBook& book, const DeploymentId& deployment,
            const Symbol& symbol, const MarkView& view, position::v1::Position* out) {
  const positions::AccountBook::Totals& account = book.totals();
  out->set_account_id(account.account_id.value());
  out->set_deployment_id(deployment.value());
  out->set_symbol(symbol.value());
  out->set_mode(static_cast<type::v1::AccountMode>(account.mode));
  wire::ToProto(holding.quantity, out->mutable_quantity());
  wire::ToProto(holding.AveragePrice(), out->mutable_average_price());
  wire::ToProto(holding.realised - holding.fees, out->mutable_realised_pnl());
  wire::ToProto(holding.highest, out->mutable_highest_price());
  wire::ToProto(holding.lowest, out->mutable_lowest_price());
  wire::ToProto(holding.open_time, out->mutable_open_time());
  wire::ToProto(holding.update_time, out->mutable_update_time());
  auto mark = view.marks.find(symbol);
  out->set_mark_stale(mark == view.marks.end() || view.stale.contains(symbol));
  if (mark == view.marks.end()) return;  // no figure rather than a wrong one
  if (mark->second.time.nanos != 0) wire::ToProto(mark->second.time, out->mutable_mark_time());
  out->set_mark_in_session(mark->second.session_open);
  if (auto age = view.ages_ms.find(symbol); age != view.ages_ms.end()) out->set_mark_age_ms(age->second);
  Decimal price = *book.Price(symbol, view.marks);
  wire::ToProto(price, out->mutable_mark_price());
  wire::ToProto(holding.Unrealised(price), out->mutable_unrealised_pnl());
  wire::ToProto(holding.MarketValue(price), out->mutable_market_value());
  out->set_unrealised_ratio(Ratio(holding.Unrealised(price), holding.cost));
}

void EncodeSummary(const positions::AccountBook& book, const MarkView& view, UtcTime now,
                   position::v1::AccountSummary* out) {
  const auto& totals = book.totals();
  out->set_account_id(totals.account_id.value());
  out->set_mode(static_cast<type::v1::AccountMode>(totals.mode));
  out->set_currency(totals.currency);
  wire::ToProto(totals.opening_cash, out->mutable_opening_cash());
  wire::ToProto(totals.cash, out->mutable_cash());
  wire::ToProto(totals.realised, out->mutable_realised_pnl());
  wire::ToProto(totals.fees, out->mutable_fees());
  wire::ToProto(totals.baseline.peak_equity, out->mutable_peak_equity());
  out->set_open_positions(static_cast<int>(book.net().size()));
  out->set_fills(totals.fills);
  out->set_trades(totals.trades);
  out->set_winning_trades(totals.winning_trades);
  out->set_sequence(totals.sequence);
  wire::ToProto(now, out->mutable_update_time());
  for (const auto& [currency, amount] : totals.other_fees)
    wire::ToProto(amount, &(*out->mutable_other_fees())[currency]);
  Decimal gross, net;
  for (const auto& [symbol, holding] : book.net()) {
    auto mark = view.marks.find(symbol);
    if (mark == view.marks.end() || view.stale.contains(symbol)) out->add_stale_symbols(symbol.value());
    if (auto age = view.ages_ms.find(symbol); age != view.ages_ms.end())
      out->set_oldest_mark_age_ms(std::max(out->oldest_mark_age_ms(), age->second));
    if (mark == view.marks.end()) continue;
    Decimal value = holding.MarketValue(*book.Price(symbol, view.marks));
    gross += value.Abs();
    net += value;
  }
  out->set_any_mark_stale(!out->stale_symbols().empty());
  const ledger::DayBaseline& baseline = totals.baseline;
  if (!baseline.day_start_unknown) wire::ToProto(baseline.day_start_equity, out->mutable_day_start_equity());
  std::optional<Decimal> equity = book.Equity(view.marks);
  if (!equity) return;  // no figure rather than one that leaves something out
  wire::ToProto(gross, out->mutable_gross_exposure());
  wire::ToProto(net, out->mutable_net_exposure());
  wire::ToProto(*equity, out->mutable_equity());
  wire::ToProto(*book.Unrealised(view.marks), out->mutable_unrealised_pnl());
  if (!baseline.day_start_unknown) wire::ToProto(*equity - baseline.day_start_equity, out->mutable_day_pnl());
  out->set_drawdown_ratio(Ratio(baseline.peak_equity - *equity, baseline.peak_equity));
}

void EncodeBook(const positions::AccountBook& book, const DeploymentId& id, const MarkView& view,
                position::v1::BookSummary* out) {
  auto found = book.book_totals().find(id);
  positions::BookTotals totals = found == book.book_totals().end() ? positions::BookTotals{} : found->second;
  out->set_account_id(book.totals().account_id.value());
  out->set_deployment_id(id.value());
  wire::ToProto(totals.realised, out->mutable_realised_pnl());
  wire::ToProto(totals.fees, out->mutable_fees());
  out->set_trades(totals.trades);
  out->set_winning_trades(totals.winning_trades);
  wire::ToProto(totals.peak_pnl, out->mutable_peak_pnl());
  wire::ToProto(totals.max_drawdown, out->mutable_max_drawdown());
  if (totals.last_trade_time.nanos != 0) wire::ToProto(totals.last_trade_time, out->mutable_last_trade_time());
  int open = 0;
  for (auto it = book.books().lower_bound({id, Symbol()}); it != book.books().end() && it->first.first == id; ++it)
    ++open;
  out->set_open_positions(open);
  std::optional<Decimal> pnl = book.BookPnl(id, view.marks);
  if (!pnl) return;
  wire::ToProto(*pnl, out->mutable_total_pnl());
  if (!totals.day_start_unknown) wire::ToProto(*pnl - totals.day_start_pnl, out->mutable_day_pnl());
  wire::ToProto(*pnl - totals.realised + totals.fees, out->mutable_unrealised_pnl());
}

}  // namespace ballast
