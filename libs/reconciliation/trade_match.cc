#include "libs/reconciliation/trade_match.h"

#include <utility>

namespace ballast::reconciliation {
namespace {

std::string TextOf(const std::optional<Moved>& moved) { return moved ? moved->Describe() : std::string(); }

Difference DifferenceOf(const Sighting& seen) {
  const Moved& known = seen.venue ? *seen.venue : seen.journal ? *seen.journal : *seen.ours;
  Difference difference{.symbol = known.symbol,
                        .order_id = known.order_id,
                        .execution_id = seen.execution_id,
                        .ours = TextOf(seen.ours),
                        .journal = TextOf(seen.journal),
                        .venue = TextOf(seen.venue)};
  difference.gist = difference.ours + "|" + difference.journal + "|" + difference.venue;
  const std::string what = "execution " + seen.execution_id.value() + " of " + known.symbol.value();
  if (!seen.venue) {
    difference.type = BreakType::kUnknownFill;
    difference.message = what + " (" + known.Describe() + ") is " + (seen.ours ? "booked here" : "in the journal") +
                         " and the venue has made no such trade";
  } else if (!seen.journal) {
    difference.type = BreakType::kMissedExecution;
    difference.message = what + " (" + known.Describe() + ") was made by the venue and never told here";
  } else if (!seen.ours) {
    difference.type = BreakType::kMissingFill;
    difference.message = what + " (" + known.Describe() + ") was told by the venue and is not booked here";
  } else {
    difference.type = BreakType::kExecutionDiffers;
    difference.message = what + " is " + difference.ours + " here, " + difference.journal + " as told, " +
                         difference.venue + " at the venue";
  }
  return difference;
}

}  // namespace

std::string Moved::Describe() const { return "quantity " + quantity.ToString() + ", cash " + cash.ToString(); }

Moved MovedBy(const ledger::FillTerms& terms, const OrderId& order_id, std::string_view currency) {
  const ledger::FillEffect effect = ledger::EffectOf(terms, currency);
  return {.symbol = Symbol(std::string(terms.symbol)),
          .order_id = order_id,
          .quantity = effect.quantity,
          .cash = effect.cash};
}

void TradeMatch::SeeVenue(const ExecutionId& id, const Moved& moved, std::uint64_t trade_number) {
  Sighting& seen = open_[id];
  seen.execution_id = id;
  seen.venue = moved;
  seen.trade_number = trade_number;
}

void TradeMatch::SeeJournal(const ExecutionId& id, const Moved& moved) {
  Sighting& seen = open_[id];
  seen.execution_id = id;
  seen.journal = moved;
}

void TradeMatch::SeeOurs(const ExecutionId& root, const Moved& part) {
  Sighting& seen = open_[root];
  seen.execution_id = root;
  if (!seen.ours) {
    seen.ours = part;
    return;
  }
  seen.ours->quantity += part.quantity;
  seen.ours->cash += part.cash;
}

void TradeMatch::Restore(Sighting sighting) {
  ExecutionId id = sighting.execution_id;
  open_.insert_or_assign(std::move(id), std::move(sighting));
}

std::uint64_t TradeMatch::Settle() {
  return std::erase_if(open_, [](const auto& entry) {
    const Sighting& seen = entry.second;
    return seen.venue && seen.journal && seen.ours && *seen.venue == *seen.journal && *seen.venue == *seen.ours;
  });
}

std::map<Symbol, Decimal> TradeMatch::QuantityUnderWay() const {
  std::map<Symbol, Decimal> ahead;
  for (const auto& [id, seen] : open_) {
    if (seen.venue) ahead[seen.venue->symbol] += seen.venue->quantity;
    if (seen.ours) ahead[seen.ours->symbol] -= seen.ours->quantity;
  }
  return ahead;
}

Decimal TradeMatch::CashUnderWay() const {
  Decimal ahead;
  for (const auto& [id, seen] : open_) {
    if (seen.venue) ahead += seen.venue->cash;
    if (seen.ours) ahead -= seen.ours->cash;
  }
  return ahead;
}

std::vector<std::uint64_t> TradeMatch::Unheard() const {
  std::vector<std::uint64_t> numbers;
  for (const auto& [id, seen] : open_) {
    if (seen.venue && !seen.journal && !seen.ours) numbers.push_back(seen.trade_number);
  }
  return numbers;
}

std::vector<Difference> TradeMatch::Differences() const {
  std::vector<Difference> differences;
  differences.reserve(open_.size());
  for (const auto& [id, seen] : open_) differences.push_back(DifferenceOf(seen));
  return differences;
}

}  // namespace ballast::reconciliation
