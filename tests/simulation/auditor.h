#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libs/model/order.h"
#include "libs/positions/account_book.h"
#include "libs/risk/exposure.h"
#include "tests/simulation/venue.h"

namespace ballast::simulation {

// Watches what becomes durable and what leaves, and holds it against the invariants of docs/reference/proof.md as it
// happens and at the end. It knows nothing of how the product works: only its log, and what the venue has.
class Auditor {
 public:
  // Of the account; risk is told the same.
  static constexpr std::int64_t kSteadyMax = 30;

  Auditor(Stage& stage, const Venue& venue) : stage_(stage), venue_(venue) {}

  // A process of the order manager begins: all before it are old.
  std::uint64_t NewWriter() { return ++newest_writer_; }
  // Its commit is on the disk.
  void OnStored(std::uint64_t writer, const std::vector<OrderEvent>& events);
  // The order manager has given a permission to open risk.
  void OnPermission() { permitted_ns_ = stage_.MonotonicNanos(); }
  // The gateway knows an order manager of that epoch, and has done what one (0: nobody it knew) wanted.
  void OnAdmitted(std::uint64_t epoch) { admitted_epoch_ = std::max(admitted_epoch_, epoch); }
  void OnObeyed(std::uint64_t epoch);
  // An order is leaving for the venue.
  void OnSend(const Order& order);
  // Whoever asked has an answer.
  void OnAnswer(const RequestId& intent, const OrderId& id, bool refused);

  // Orders whose end is not known.
  [[nodiscard]] std::vector<OrderId> Open() const;
  [[nodiscard]] bool halted() const { return halted_; }
  [[nodiscard]] std::uint64_t head() const { return head_; }
  [[nodiscard]] const std::map<OrderId, Order>& orders() const { return orders_; }

  // Everything is quiet. `log` is the whole of it; `reports` how many the gateway has told.
  void AtEnd(const std::vector<OrderEvent>& log, std::uint64_t reports);
  // What positions and risk have stored of it.
  void Positions(const std::vector<OrderEvent>& log, const positions::AccountBook& stored,
                 const std::map<std::uint64_t, Fill>& fills);
  void Risk(const std::vector<OrderEvent>& log, const risk::Exposure::Snapshot& stored);

 private:
  void CheckLimits();
  void CheckOrders();
  void CheckFills(const std::vector<OrderEvent>& log);

  Stage& stage_;
  const Venue& venue_;
  std::uint64_t newest_writer_ = 0;
  std::uint64_t head_ = 0;
  std::uint64_t admitted_epoch_ = 0;
  bool halted_ = false;
  std::map<OrderId, Order> orders_;
  // Came after an order had ended here, so that nobody could hold it against a limit.
  Decimal unforeseen_;
  std::int64_t permitted_ns_ = 0;
  std::map<OrderId, int> sent_;
  struct Answer {
    OrderId id;
    bool refused = false;
  };
  std::map<RequestId, Answer> answers_;
};

}  // namespace ballast::simulation
