#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/base/lookup_map.h"
#include "libs/broker/broker.h"
#include "libs/venue/json.h"

namespace ballast::kraken {

// What one message of the channel "executions" says.
struct ExecutionNews {
  std::vector<broker::Fact> facts;
  // Messages are missing, or came in another order: connect again, and ask for orders and trades since.
  bool gap = false;
  // The venue's ids of orders that carry no id of ours: made elsewhere, or before this session knew them. Nothing is
  // told of them in `facts`.
  std::vector<std::string> elsewhere;
  // What could not be read, for people; whoever hears it has to ask.
  std::vector<std::string> unreadable;
};

// Reads the channel "executions". The venue says what has changed and little else, so the orders are kept here by the
// venue's ids; an order is forgotten when it has ended and the next connection begins.
class Executions {
 public:
  // An order that is, or may be, at the venue by that id: its messages may carry no id of ours.
  void Remember(const Order& order, const std::string& broker_order_id);
  // A new connection: its messages are numbered from 1 again. What is known of orders and trades stays.
  void Connect();
  // Whole messages; those of other channels say nothing.
  ExecutionNews Read(const venue::Json& message);

 private:
  struct Known {
    // Empty: none of ours.
    OrderId order_id;
    Symbol symbol;
    Side side = Side::kUnspecified;
    Decimal quantity;
    // By its trades told here, and by the venue's own count.
    Decimal traded;
    bool acknowledged = false;
    bool triggered = false;
    bool ended = false;
  };
  void ReadOne(const venue::Json& item, ExecutionNews& news);
  void ReadTrade(const venue::Json& item, const std::string& id, Known& known, UtcTime time, ExecutionNews& news);
  void ReadState(const venue::Json& item, const std::string& id, Known& known, UtcTime time, ExecutionNews& news);
  // False: it was told before.
  bool IsNew(const std::string& exec_id);

  LookupMap<std::string, Known> orders_;
  std::deque<std::string> ended_;
  std::set<std::string> trades_;
  std::deque<std::string> trade_ages_;
  std::int64_t last_sequence_ = 0;
};

}  // namespace ballast::kraken
