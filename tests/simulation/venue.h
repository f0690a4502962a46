#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/broker/broker.h"
#include "tests/simulation/stage.h"

namespace ballast::simulation {

// The venue, and the truth: what it has in its books is what happened, whoever heard of it. It does not know an order
// again that comes twice.
class Venue {
 public:
  struct Deal {
    ExecutionId root_id;
    std::uint32_t version = 0;
    bool busted = false;
    Decimal quantity;
    Decimal price;
    Decimal fee;
    UtcTime time;
  };
  struct Entry {
    Order order;
    std::string broker_order_id;
    OrderStatus status = OrderStatus::kNew;
    Decimal cumulative;
    std::vector<Deal> deals;
    UtcTime end_time;
    std::optional<Rejection> why;

    [[nodiscard]] bool live() const { return !IsTerminal(status); }
  };
  // Each fact comes by itself, late or twice or after what follows from it.
  using Ear = std::function<void(broker::Fact)>;

  explicit Venue(Stage& stage) : stage_(stage) {}

  // Who hears the stream from now on; an older one hears nothing more, also of what was on its way.
  void Connect(Ear ear);
  void Disconnect() { ear_ = nullptr, ++connection_; }
  // Nothing is said for a while, and everything is done.
  void SetSilent(bool silent) { silent_ = silent; }
  // All there is, for a session that begins.
  [[nodiscard]] std::vector<broker::Fact> Everything() const;

  // A request has arrived.
  void Submit(const Order& order);
  void Cancel(const OrderId& id);
  void Replace(const broker::ReplaceIntent& intent);
  // As it is at this moment: its record and trades, its trades, or its record while it is open. None: there is no such.
  [[nodiscard]] std::vector<broker::Fact> Query(const OrderId& id, VenueQuestion question) const;

  // More than one entry: it was sent more than once.
  [[nodiscard]] const std::map<OrderId, std::vector<Entry>>& books() const { return books_; }
  [[nodiscard]] Decimal Position(const Symbol& symbol) const;
  // What trading has brought in, fees off.
  [[nodiscard]] Decimal Cash() const;
  [[nodiscard]] int live() const;
  // What could still be bought and sold of the symbol.
  [[nodiscard]] Decimal Open(const Symbol& symbol, Side side) const;
  void SetPrice(const Symbol& symbol, Decimal price) { prices_[symbol] = price; }
  [[nodiscard]] Decimal PriceOf(const Symbol& symbol) const { return prices_.at(symbol); }

 private:
  void Say(broker::Fact fact);
  void Deliver(broker::Fact fact);
  void Plan(const OrderId& id, std::size_t index);
  void Trade(const OrderId& id, std::size_t index, Decimal quantity);
  void End(Entry& entry, OrderStatus status);
  void Correct(const OrderId& id, std::size_t index);
  [[nodiscard]] broker::Fact FactOf(const Entry& entry, const Deal& deal) const;
  void AddTrades(const Entry& entry, std::vector<broker::Fact>& facts) const;
  void AddRecord(const Entry& entry, std::vector<broker::Fact>& facts) const;

  Stage& stage_;
  std::map<OrderId, std::vector<Entry>> books_;
  std::map<Symbol, Decimal> prices_;
  int orders_ = 0;
  int deals_ = 0;
  Ear ear_;
  int connection_ = 0;
  bool silent_ = false;
};

}  // namespace ballast::simulation
