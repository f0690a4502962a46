#include "services/strategy_runner/day_end_report.h"

#include <algorithm>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr int kTradesMax = 500;

std::string Signed(const type::v1::Decimal& value) {
  return (value.value().empty() || value.value()[0] == '-' ? "" : "+") + value.value();
}

}  // namespace

absl::StatusOr<session::v1::DayReport> MakeReport(const DayFacts& facts) {
  session::v1::DayReport report;
  wire::ToProto(facts.as_of, report.mutable_as_of());
  *report.mutable_summary() = facts.summary;
  for (const auto& book : facts.books) *report.add_books() = book;
  std::optional<Decimal> best, worst;
  Decimal pnl, fees;
  for (auto trade = facts.trades.rbegin(); trade != facts.trades.rend(); ++trade) {
    ASSIGN_OR_RETURN(Decimal made, wire::FromProto(trade->pnl(), "trade.pnl"));
    ASSIGN_OR_RETURN(Decimal paid, wire::FromProto(trade->fees(), "trade.fees"));
    pnl += made;
    fees += paid;
    best = std::max(best.value_or(made), made);
    worst = std::min(worst.value_or(made), made);
    if (made.IsPositive()) report.set_winning_trades(report.winning_trades() + 1);
    if (made.IsNegative()) report.set_losing_trades(report.losing_trades() + 1);
    if (report.trades_size() < kTradesMax) *report.add_trades() = *trade;
  }
  report.set_trade_count(static_cast<int>(facts.trades.size()));
  wire::ToProto(pnl, report.mutable_trades_pnl());
  wire::ToProto(fees, report.mutable_trades_fees());
  if (best) wire::ToProto(*best, report.mutable_best_trade_pnl());
  if (worst) wire::ToProto(*worst, report.mutable_worst_trade_pnl());
  for (const auto& left : facts.left) *report.add_left() = left;
  report.set_flat(facts.left.empty());
  if (facts.tie_out) *report.mutable_tie_out() = *facts.tie_out;
  if (facts.former_equity) wire::ToProto(*facts.former_equity, report.mutable_former_equity());
  return report;
}

std::string TitleOf(const session::v1::DayEnd& day_end) {
  const std::string day = "Day " + day_end.date() + " of " + day_end.account_id();
  if (!day_end.has_report()) return day + " has no report";
  return day + (day_end.report().flat() ? " ended" : " ended with open positions");
}

std::string SummaryOf(const session::v1::DayEnd& day_end) {
  if (!day_end.has_report()) return "It was not over when the next day's end began; what it left is in the next report";
  const session::v1::DayReport& report = day_end.report();
  std::string text = "P&L " + Signed(report.summary().day_pnl()) + " " + report.summary().currency() + ", equity " +
                     report.summary().equity().value() + ", " + std::to_string(report.trade_count()) + " trades (" +
                     std::to_string(report.winning_trades()) + " won, " + std::to_string(report.losing_trades()) +
                     " lost)";
  if (day_end.late()) text += "; begun after the close";
  for (const auto& left : report.left())
    text += "; left: " + left.quantity().value() + " " + left.symbol() +
            (left.deployment_id().empty() ? "" : " of " + left.deployment_id()) + ", " + left.reason();
  return text;
}

}  // namespace ballast
