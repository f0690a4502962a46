#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "libs/model/order.h"

namespace ballast::orders {

// Who holds how much of what in one account: one book per deployment, and one without a name for orders made by hand.
// From fills alone.
class Books {
 public:
  struct Part {
    DeploymentId deployment_id;
    Decimal quantity;

    friend bool operator==(const Part&, const Part&) = default;
  };

  void Apply(const Fill& fill);
  // As they were kept; `cost` is what was paid for it, where that was kept.
  void Restore(const Symbol& symbol, const DeploymentId& deployment, Decimal held,
               std::optional<Decimal> cost = std::nullopt);
  // Whose fill it is. A hand-made order is about the account: as far as it makes the net position smaller it closes the
  // books that hold it, its own first, and only the rest opens in its own. A reduce-only fill never takes its book over
  // zero while another book holds that side. The parts' sum is `quantity`.
  [[nodiscard]] std::vector<Part> Attribute(const Order& order, Decimal quantity) const;

  // Every book that is not flat.
  [[nodiscard]] const std::map<Symbol, std::map<DeploymentId, Decimal>>& held() const { return held_; }
  [[nodiscard]] Decimal Net(const Symbol& symbol) const;
  // Of every symbol whose net position is not zero.
  [[nodiscard]] std::map<Symbol, Decimal> NetAll() const;
  // What was paid for what a book holds, negative for a short; nothing where it was restored without, and of flat
  // books.
  [[nodiscard]] std::optional<Decimal> Cost(const DeploymentId& deployment, const Symbol& symbol) const;
  // The average price it was opened at, to the last digit but one; as Cost.
  [[nodiscard]] std::optional<Decimal> EntryPrice(const DeploymentId& deployment, const Symbol& symbol) const;
  [[nodiscard]] bool AnyCostUnknown() const;
  [[nodiscard]] Decimal Held(const DeploymentId& deployment, const Symbol& symbol) const;
  // Some book is long and another short.
  [[nodiscard]] bool Opposed(const Symbol& symbol) const;
  // What an order of `side` may take from `position` without crossing zero.
  [[nodiscard]] static Decimal Room(Decimal position, Side side);

 private:
  // Books that are flat have no entry.
  std::map<Symbol, std::map<DeploymentId, Decimal>> held_;
  std::map<std::pair<Symbol, DeploymentId>, Decimal> costs_;
};

}  // namespace ballast::orders
