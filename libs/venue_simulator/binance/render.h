#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/venue_simulator/event.h"
#include "libs/venue_simulator/exchange.h"
#include "libs/venue_simulator/json_text.h"

// The objects of Binance's documents, field by field.
namespace ballast::venue_simulator::binance {

// Times are written in milliseconds, or in microseconds where the client asked for that.
struct TimeUnit {
  bool micros = false;
  [[nodiscard]] std::int64_t operator()(UtcTime time) const { return time.nanos / (micros ? 1000 : 1'000'000); }
};

enum class ResponseType : int { kAck = 0, kResult = 1, kFull = 2 };

// Of a new order (rest-api.md, "New order"): `fills` are those it had at once.
void WritePlaced(JsonText& text, const Order& order, const std::vector<Fill>& fills, ResponseType type, TimeUnit unit);
// Of a query.
void WriteOrder(JsonText& text, const Order& order, TimeUnit unit);
// Of a cancel.
void WriteCanceled(JsonText& text, const Order& order, std::string_view cancel_id, TimeUnit unit);
void WriteTrade(JsonText& text, const Fill& fill, TimeUnit unit);
void WriteAccount(JsonText& text, const Exchange& exchange, AccountId account, bool may_trade, bool omit_zero,
                  UtcTime now, TimeUnit unit);
// `orders`: the ids only, or the list as it is asked for.
void WriteList(JsonText& text, const OrderList& list, const Exchange& exchange, TimeUnit unit);
void WriteSymbol(JsonText& text, const Instrument& instrument);

// Events of an account (user-data-stream.md).
std::string ExecutionReport(const Execution& execution, TimeUnit unit);
std::string AccountPosition(const BalancesChanged& changed, const Ledger& ledger, TimeUnit unit);
std::string ListStatus(const ListChanged& changed, const Exchange& exchange, TimeUnit unit);

}  // namespace ballast::venue_simulator::binance
