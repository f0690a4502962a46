#include "libs/reconciliation/trade_match.h"

#include <algorithm>
#include <utility>

namespace ballast::reconciliation {
namespace {

std::string TextOf(const std::optional<Moved>& moved) { return moved ? moved->Describe() : std::string(); }

bool IsOlder(const std::optional<Moved>& moved, std::uint32_t version) { return !moved || moved->version < version; }

// Made, or corrected, and never told.
bool IsUnheard(const Sighting& seen) {
  return seen.venue && IsOlder(seen.journal, seen.venue->version) && IsOlder(seen.ours, seen.venue->version);
}

std::string VersionOf(const Moved& moved) {
  if (moved.version == 0) return "";
  bool taken_back = moved.quantity.IsZero() && moved.cash.IsZero();
  return (taken_back ? " was taken back as version " : " was corrected to version ") + std::to_string(moved.version);
}

void Keep(std::optional<Moved>& seen, const Moved& moved) {
  if (!seen || moved.version >= seen->version) seen = moved;
}

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
  } else if (IsUnheard(seen) || !seen.journal) {
    difference.type = BreakType::kMissedExecution;
    const std::string version = VersionOf(*seen.venue);
    difference.message = version.empty()
                             ? what + " (" + known.Describe() + ") was made by the venue and never told here"
                             : what + version + " (" + known.Describe() + ") by the venue, which was never told here";
  } else if (IsOlder(seen.ours, seen.journal->version)) {
    difference.type = BreakType::kMissingFill;
    const std::string version = VersionOf(*seen.journal);
    difference.message = version.empty()
                             ? what + " (" + known.Describe() + ") was told by the venue and is not booked here"
                             : what + version + " (" + seen.journal->Describe() + ") and is not booked so here";
  } else {
    difference.type = BreakType::kExecutionDiffers;
    difference.message = what + " is " + difference.ours + " here, " + difference.journal + " as told, " +
                         difference.venue + " at the venue";
  }
  return difference;
}

}  // namespace

std::string Moved::Describe() const {
  std::string words = "quantity " + quantity.ToString() + ", cash " + cash.ToString();
  return version == 0 ? words : words + ", version " + std::to_string(version);
}

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
  if (seen.venue && moved.version < seen.venue->version) return;
  seen.venue = moved;
  seen.trade_number = trade_number;
}

void TradeMatch::SeeJournal(const ExecutionId& id, const Moved& moved) {
  Sighting& seen = open_[id];
  seen.execution_id = id;
  Keep(seen.journal, moved);
}

void TradeMatch::SeeOurs(const ExecutionId& root, const Moved& part, bool reversal) {
  Sighting& seen = open_[root];
  seen.execution_id = root;
  if (IsOlder(seen.ours, part.version)) {
    seen.ours = part;
    seen.ours->quantity = seen.ours->cash = Decimal();
  }
  if (reversal || part.version < seen.ours->version) return;
  seen.ours->quantity += part.quantity;
  seen.ours->cash += part.cash;
}

void TradeMatch::Reopen(const ExecutionId& root, const Moved& agreed) {
  auto [seen, fresh] = open_.try_emplace(root);
  if (!fresh) return;
  seen->second = {.execution_id = root, .venue = agreed, .journal = agreed, .ours = agreed};
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

TradeMatch::Counts TradeMatch::CountOpen() const {
  Counts counts;
  for (const auto& [id, seen] : open_) {
    counts.venue += seen.venue ? 1 : 0;
    counts.journal += seen.journal ? 1 : 0;
    counts.ours += seen.ours ? 1 : 0;
  }
  return counts;
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
    if (IsUnheard(seen)) numbers.push_back(seen.trade_number);
  }
  return numbers;
}

std::vector<Difference> TradeMatch::Differences(std::size_t most) const {
  std::vector<Difference> differences;
  differences.reserve(std::min(most, open_.size()));
  for (const auto& [id, seen] : open_) {
    if (differences.size() == most) break;
    differences.push_back(DifferenceOf(seen));
  }
  return differences;
}

}  // namespace ballast::reconciliation
