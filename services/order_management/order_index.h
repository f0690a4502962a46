#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "ballast/order/v1/order.pb.h"
#include "libs/model/order.h"
#include "libs/platform/postgres/sql_batch.h"

namespace ballast {

// What the rows of orders have to say of a stretch of the log: which events are an order's own and which is the newest.
// Collected, so that an order that comes and goes is one row that is written once.
class OrderIndex {
 public:
  // The next event of its account's log. False: it is not, and nothing has been taken.
  [[nodiscard]] bool Take(const OrderEvent& event);
  // The same of one that was read: `order` is none where it is about none.
  [[nodiscard]] bool Take(const std::string& account_id, std::uint64_t sequence, const order::v1::Order* order);

  // Events taken.
  [[nodiscard]] std::size_t events() const { return events_; }
  void Clear();
  // The statement that makes the rows.
  void AddTo(SqlBatch& batch) const;

 private:
  struct Span {
    std::uint64_t after = 0, last = 0;
  };
  struct Row {
    std::string account_id;
    std::uint64_t newest = 0;
    std::string symbol;
    std::string deployment_id;
    int status = 0;
    bool working = false;
    std::int64_t create_nanos = 0;
    // An array as text, without its end.
    std::string own_sequences;
  };

  bool Follow(const std::string& account_id, std::uint64_t sequence);
  // The order's row, with an event more of its own; `fresh`: it is to be made.
  Row& RowOf(const std::string& order_id, std::uint64_t sequence, bool* fresh);

  std::size_t events_ = 0;
  std::map<std::string, Span> spans_;
  // By order id, as the tree has them.
  std::map<std::string, Row> rows_;
};

}  // namespace ballast
