#include "libs/reconciliation/tie_out.h"

#include <set>

#include "libs/ledger/fill.h"

namespace ballast::reconciliation {
namespace {

Decimal HeldOf(const Balance& balance, const Symbol& symbol) {
  auto found = balance.positions.find(symbol);
  return found == balance.positions.end() ? Decimal() : found->second;
}

std::set<Symbol> SymbolsOf(const TieOut& tie_out) {
  std::set<Symbol> symbols;
  for (const Balance* balance :
       {&tie_out.opening, &tie_out.moved, &tie_out.closing, &tie_out.venue, &tie_out.under_way}) {
    for (const auto& [symbol, quantity] : balance->positions) symbols.insert(symbol);
  }
  return symbols;
}

struct TieLine {
  Decimal opening, moved, closing, venue, under_way;
};

void AddUntied(const std::string& what, const TieLine& line, std::vector<std::string>* lines) {
  if (line.opening + line.moved != line.closing) {
    lines->push_back(what + ": opened with " + line.opening.ToString() + ", fills moved " + line.moved.ToString() +
                     ", closed with " + line.closing.ToString());
  }
  if (line.venue - line.under_way != line.closing) {
    lines->push_back(what + ": " + line.closing.ToString() + " here, " + line.venue.ToString() +
                     " at the venue, of which " + line.under_way.ToString() + " under way");
  }
}

TieLine CashLine(const TieOut& tie_out) {
  return {tie_out.opening.cash, tie_out.moved.cash, tie_out.closing.cash, tie_out.venue.cash, tie_out.under_way.cash};
}

TieLine PositionLine(const TieOut& tie_out, const Symbol& symbol) {
  return {HeldOf(tie_out.opening, symbol), HeldOf(tie_out.moved, symbol), HeldOf(tie_out.closing, symbol),
          HeldOf(tie_out.venue, symbol), HeldOf(tie_out.under_way, symbol)};
}

void AppendLine(const std::string& what, const TieLine& line, std::string* text) {
  *text += what + " opening " + line.opening.ToString() + " moved " + line.moved.ToString() + " closing " +
           line.closing.ToString() + " venue " + line.venue.ToString() + " under_way " + line.under_way.ToString() +
           "\n";
}

}  // namespace

void Balance::Add(const Balance& other) {
  cash += other.cash;
  for (const auto& [symbol, quantity] : other.positions) {
    if ((positions[symbol] += quantity).IsZero()) positions.erase(symbol);
  }
}

void AddFill(const Fill& fill, TieOut* out) {
  const ledger::FillEffect effect = ledger::EffectOf(fill, out->currency);
  out->moved.Add({.cash = effect.cash, .positions = {{fill.symbol, effect.quantity}}});
  out->fees += effect.fee;
  ++out->fills;
}

std::vector<std::string> UntiedLines(const TieOut& tie_out) {
  std::vector<std::string> lines;
  AddUntied("cash", CashLine(tie_out), &lines);
  for (const Symbol& symbol : SymbolsOf(tie_out)) AddUntied(symbol.value(), PositionLine(tie_out, symbol), &lines);
  return lines;
}

std::string CanonicalText(const TieOut& tie_out) {
  std::string text =
      "account " + tie_out.account_id.value() + "\nday " + DayText(tie_out.day) + "\ntime " + tie_out.time.ToString() +
      "\nevents " + std::to_string(tie_out.from_sequence) + " " + std::to_string(tie_out.until_sequence) + "\nfills " +
      std::to_string(tie_out.fills) + "\nfees " + tie_out.fees.ToString() + " " + tie_out.currency + "\nvenue_trades " +
      std::to_string(tie_out.venue_trade_number) + "\ntrades_under_way " + std::to_string(tie_out.trades_under_way) +
      "\nopen_breaks " + std::to_string(tie_out.open_breaks) + "\n";
  AppendLine("cash", CashLine(tie_out), &text);
  for (const Symbol& symbol : SymbolsOf(tie_out)) AppendLine(symbol.value(), PositionLine(tie_out, symbol), &text);
  for (const std::string& line : UntiedLines(tie_out)) text += "untied " + line + "\n";
  return text;
}

std::string DayText(std::int64_t day) {
  constexpr std::int64_t kDayNanos = 86'400'000'000'000;
  constexpr std::size_t kDateChars = 10;
  return UtcTime{day * kDayNanos}.ToString().substr(0, kDateChars);
}

}  // namespace ballast::reconciliation
