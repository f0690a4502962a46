#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/broker/broker.h"
#include "libs/brokers/binance/symbols.h"

namespace ballast::binance {

// An order that was made elsewhere: its facts carry ForeignOrderId.
struct ForeignOrder {
  OrderId order_id;
  std::string venue_symbol;
  std::string broker_order_id;
  std::string client_order_id;
};
// What there is of an asset now; not by how much it changed.
struct Balance {
  std::string asset;
  Decimal free;
  Decimal locked;
};
enum class EventKind : int {
  // No event of the account at all: an answer, or another stream's.
  kNone = 0,
  kExecution = 1,
  kBalances = 2,
  // An order list has changed; its orders tell for themselves.
  kList = 3,
  // Nothing more comes on this subscription.
  kStreamEnded = 4,
  // One that nobody here knows, or needs.
  kOther = 5,
};
struct UserEvent {
  EventKind kind = EventKind::kNone;
  // The venue's word for it.
  std::string name;
  std::vector<broker::Fact> facts;
  std::optional<ForeignOrder> foreign;
  // Of those assets only that have changed.
  std::vector<Balance> balances;
  // Why (a part of) it could not be read; then the account is to be asked, as nothing is told twice here. Empty: it
  // was.
  std::string unreadable;
};

// One message of the user-data stream, with or without the envelope {"subscriptionId":…,"event":{…}}.
//
// A trade's root id is the symbol and the trade's number, as the answers tell it too: one that comes twice is one. Of a
// report that ends an order that has traded the record is told, so that nobody takes it for over before its trades are
// there. Where a status is told that the last trade alone does not say, the record is told with it.
// Never fails: what cannot be read is in `unreadable`, beside what can.
UserEvent ReadUserEvent(std::string_view message, const Symbols& symbols);

}  // namespace ballast::binance
