#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/model/order.h"
#include "libs/wire/event_bytes.h"

namespace ballast {

// Events of one commit as ballast.order.v1.OrderEvent, encoded once: the journal, risk and every follower share the
// bytes. A message's fields may stand in any order, so what risk said stands apart and is appended where it is wanted.
class EncodedEvents {
 public:
  struct Entry {
    std::string account_id;
    std::uint64_t sequence = 0;
    // Of `bytes`: the event without checks, and its order's part of that (empty when it has none).
    std::size_t begin = 0, size = 0;
    std::size_t order_begin = 0, order_size = 0;
    // Of `checks`.
    std::size_t checks_begin = 0, checks_size = 0;
  };

  EncodedEvents() = default;
  explicit EncodedEvents(const std::vector<OrderEvent>& events);
  // One that is encoded already.
  void Add(std::string account_id, std::uint64_t sequence, std::string_view event, std::string_view checks);

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] std::string_view Event(const Entry& entry) const { return {bytes_.data() + entry.begin, entry.size}; }
  [[nodiscard]] std::string_view Order(const Entry& entry) const {
    return {bytes_.data() + entry.order_begin, entry.order_size};
  }
  [[nodiscard]] std::string_view Checks(const Entry& entry) const {
    return {checks_.data() + entry.checks_begin, entry.checks_size};
  }
  // Appends the entry as an element of a field `repeated OrderEvent events = 1`. Whether it is more than a header.
  bool AppendFramed(const Entry& entry, const wire::EventForm& form, std::string* out) const;

 private:
  std::vector<Entry> entries_;
  std::string bytes_;
  std::string checks_;
};

}  // namespace ballast
