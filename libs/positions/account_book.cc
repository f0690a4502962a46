#include "libs/positions/account_book.h"

#include <algorithm>

#include "libs/ledger/fill.h"

namespace ballast::positions {

AccountBook::AccountBook(Totals totals, std::map<Symbol, Holding> net, std::map<BookKey, Holding> books,
                         std::map<DeploymentId, BookTotals> book_totals)
    : totals_(std::move(totals)),
      net_(std::move(net)),
      books_(std::move(books)),
      book_totals_(std::move(book_totals)) {}

AccountBook::Applied AccountBook::Apply(const OrderEvent& event) {
  if (event.sequence != totals_.sequence + 1) return {};
  totals_.sequence = event.sequence;
  totals_.execution_sequence = std::max(totals_.execution_sequence, event.execution_sequence);
  Applied applied{.ok = true};
  if (event.type == OrderEventType::kAccountOpened) {
    totals_.account_id = event.account_id;
    totals_.mode = event.mode;
    totals_.currency = event.currency;
    totals_.opening_cash = totals_.cash = event.cash;
    totals_.baseline.Open(event.cash);
  }
  if (!event.fill) return applied;

  Fill fill = *event.fill;
  fill.sequence = event.sequence;
  applied.fill = fill;
  const ledger::FillEffect effect = ledger::EffectOf(fill, totals_.currency);
  ++totals_.fills;
  // Between two books: the account holds, has paid and has made what it had.
  if (!fill.transfer) {
    if (!effect.other_fee.IsZero()) totals_.other_fees[fill.fee_currency] += effect.other_fee;
    totals_.cash += effect.cash;
    totals_.fees += effect.fee;
    Holding& net = net_[fill.symbol];
    totals_.realised += ApplyFill(net, fill, totals_.currency).realised;
    if (net.flat()) net_.erase(fill.symbol);
  }

  BookKey key{fill.deployment_id, fill.symbol};
  Holding& book = books_[key];
  BookTotals& totals = book_totals_[fill.deployment_id];
  FillResult result = ApplyFill(book, fill, totals_.currency);
  totals.realised += result.realised;
  applied.fill->realised_pnl = result.realised;
  totals.fees += effect.fee;
  if (book.flat()) books_.erase(key);
  if (result.closed) {
    bool won = result.closed->pnl.IsPositive();
    ++totals.trades;
    ++totals_.trades;
    totals.winning_trades += won ? 1 : 0;
    totals_.winning_trades += won ? 1 : 0;
    totals.last_trade_time = fill.transact_time;
    applied.trade = Trade{.number = static_cast<std::uint64_t>(totals_.trades),
                          .deployment_id = fill.deployment_id,
                          .symbol = fill.symbol,
                          .trip = *result.closed,
                          .reason = fill.reason};
  }
  return applied;
}

std::optional<Decimal> AccountBook::Price(const Symbol& symbol, const Marks& marks) const {
  auto mark = marks.find(symbol);
  if (mark == marks.end()) return std::nullopt;
  auto holding = net_.find(symbol);
  return mark->second.Price(holding == net_.end() ? Decimal() : holding->second.quantity);
}

std::optional<Decimal> AccountBook::Unrealised(const Marks& marks) const {
  Decimal sum;
  for (const auto& [symbol, holding] : net_) {
    std::optional<Decimal> price = Price(symbol, marks);
    if (!price) return std::nullopt;
    sum += holding.Unrealised(*price);
  }
  return sum;
}

std::optional<Decimal> AccountBook::Equity(const Marks& marks) const {
  Decimal sum = totals_.cash;
  for (const auto& [symbol, holding] : net_) {
    std::optional<Decimal> price = Price(symbol, marks);
    if (!price) return std::nullopt;
    sum += holding.MarketValue(*price);
  }
  return sum;
}

std::optional<Decimal> AccountBook::BookPnl(const DeploymentId& id, const Marks& marks) const {
  auto totals = book_totals_.find(id);
  Decimal sum = totals == book_totals_.end() ? Decimal() : totals->second.realised - totals->second.fees;
  for (auto it = books_.lower_bound({id, Symbol()}); it != books_.end() && it->first.first == id; ++it) {
    std::optional<Decimal> price = Price(it->first.second, marks);
    if (!price) return std::nullopt;
    sum += it->second.Unrealised(*price);
  }
  return sum;
}

void AccountBook::StartDay(const ledger::MarkBoard& board, std::int64_t day) {
  if (day == totals_.baseline.day) return;
  bool first = totals_.baseline.day == -1;
  Marks closes = board.ClosesBefore(day);
  totals_.baseline.StartDay(day, Equity(closes));
  if (first) return;
  for (auto& [id, totals] : book_totals_) {
    std::optional<Decimal> pnl = BookPnl(id, closes);
    totals.day_start_unknown = !pnl.has_value();
    if (pnl) totals.day_start_pnl = *pnl;
  }
}

void AccountBook::Mark(const Marks& marks) {
  auto widen = [&](Holding& holding, const Symbol& symbol) {
    if (std::optional<Decimal> price = Price(symbol, marks)) ApplyMark(holding, *price);
  };
  for (auto& [symbol, holding] : net_) widen(holding, symbol);
  for (auto& [key, holding] : books_) widen(holding, key.second);

  if (std::optional<Decimal> equity = Equity(marks)) totals_.baseline.Observe(*equity);
  for (auto& [id, totals] : book_totals_) {
    std::optional<Decimal> pnl = BookPnl(id, marks);
    if (!pnl) continue;
    if (totals.day_start_unknown) totals.day_start_pnl = *pnl;
    totals.day_start_unknown = false;
    totals.peak_pnl = std::max(totals.peak_pnl, *pnl);
    totals.max_drawdown = std::max(totals.max_drawdown, totals.peak_pnl - *pnl);
  }
}

std::vector<std::string> Differences(const AccountBook& stored, const AccountBook& recomputed) {
  std::vector<std::string> differences;
  auto compare = [&](const std::string& what, Decimal left, Decimal right) {
    if (left != right) differences.push_back(what + ": stored " + left.ToString() + ", from fills " + right.ToString());
  };
  auto count = [&](const std::string& what, std::int64_t left, std::int64_t right) {
    compare(what, Decimal::FromInt(left), Decimal::FromInt(right));
  };
  const AccountBook::Totals& left = stored.totals();
  const AccountBook::Totals& right = recomputed.totals();
  compare("cash", left.cash, right.cash);
  compare("realised", left.realised, right.realised);
  compare("fees", left.fees, right.fees);
  count("fills", left.fills, right.fills);
  count("trades", left.trades, right.trades);
  count("winning trades", left.winning_trades, right.winning_trades);
  auto holdings = [&](const auto& ours, const auto& theirs, auto name) {
    auto both = ours;
    both.insert(theirs.begin(), theirs.end());
    for (const auto& [key, unused] : both) {
      auto mine = ours.find(key);
      auto other = theirs.find(key);
      Holding none;
      const Holding& a = mine == ours.end() ? none : mine->second;
      const Holding& b = other == theirs.end() ? none : other->second;
      compare(name(key) + " quantity", a.quantity, b.quantity);
      compare(name(key) + " cost", a.cost, b.cost);
    }
  };
  holdings(stored.net(), recomputed.net(), [](const Symbol& symbol) { return symbol.value(); });
  holdings(stored.books(), recomputed.books(),
           [](const AccountBook::BookKey& key) { return key.first.value() + "/" + key.second.value(); });
  auto other_fees = left.other_fees;
  other_fees.insert(right.other_fees.begin(), right.other_fees.end());
  for (const auto& [currency, unused] : other_fees) {
    auto in = [&](const AccountBook::Totals& totals) {
      auto found = totals.other_fees.find(currency);
      return found == totals.other_fees.end() ? Decimal() : found->second;
    };
    compare("fees in " + currency, in(left), in(right));
  }
  auto ids = stored.book_totals();
  ids.insert(recomputed.book_totals().begin(), recomputed.book_totals().end());
  for (const auto& [id, unused] : ids) {
    auto of = [&](const AccountBook& book) {
      auto found = book.book_totals().find(id);
      return found == book.book_totals().end() ? BookTotals{} : found->second;
    };
    std::string name = "book '" + id.value() + "' ";
    compare(name + "realised", of(stored).realised, of(recomputed).realised);
    compare(name + "fees", of(stored).fees, of(recomputed).fees);
    count(name + "trades", of(stored).trades, of(recomputed).trades);
    count(name + "winning trades", of(stored).winning_trades, of(recomputed).winning_trades);
  }
  // The books together are the account.
  std::map<Symbol, Decimal> unowned;
  Decimal book_cost, book_realised;
  for (const auto& [symbol, holding] : stored.net()) unowned[symbol] += holding.quantity;
  for (const auto& [key, holding] : stored.books()) {
    unowned[key.second] -= holding.quantity;
    book_cost += holding.cost;
  }
  for (const auto& [symbol, quantity] : unowned) compare(symbol.value() + " in no book", quantity, Decimal());
  for (const auto& [id, totals] : stored.book_totals()) book_realised += totals.realised;
  compare("cash identity of the books", left.cash, left.opening_cash + book_realised - book_cost - left.fees);
  // The identity itself, on what is stored: cash and open cost are all that fills moved.
  Decimal cost;
  for (const auto& [symbol, holding] : stored.net()) cost += holding.cost;
  compare("cash identity", left.cash, left.opening_cash + left.realised - cost - left.fees);
  return differences;
}

}  // namespace ballast::positions
