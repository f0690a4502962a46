#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/rng.h"
#include "libs/venue_simulator/binance/parameters.h"
#include "libs/venue_simulator/binance/render.h"
#include "libs/venue_simulator/binance/reply.h"
#include "libs/venue_simulator/candles.h"
#include "libs/venue_simulator/exchange.h"

// What may be asked, the same by REST and by the WebSocket API.
namespace ballast::venue_simulator::binance {

// What operations work on.
struct Market {
  Exchange exchange;
  std::map<std::string, Candles, std::less<>> candles;
  // Client ids of orders and cancels that bring none.
  Rng ids{0};
  // Unfilled orders that an account may send in ten seconds.
  int orders_per_10s = 50;
  int weight_per_minute = 6000;

  std::string MakeId();
};

struct Call {
  const Parameters& parameters;
  AccountId account = 0;
  bool may_trade = false;
  UtcTime now;
  TimeUnit unit;
};

enum class Security : int { kNone = 0, kSigned = 1 };

struct Operation {
  // "GET", "order"; both empty where REST has none such.
  std::string_view method;
  std::string_view path;
  // "order.status".
  std::string_view socket_method;
  Security security;
  int weight;
  // How many it adds to the count of unfilled orders; -1: it changes orders and adds none.
  int orders;
  // Parameters it reads beside those of its security, separated by blanks.
  std::string_view names;
  Reply (*run)(Market& market, const Call& call);

  [[nodiscard]] bool changes_orders() const { return orders != 0; }
};

const std::vector<Operation>& Operations();

// The tables it is made of.
std::vector<Operation> MarketDataOperations();
std::vector<Operation> TradingOperations();
std::vector<Operation> ListOperations();
std::vector<Operation> AccountOperations();

// Shared: the symbol asked for, or why it is none.
std::optional<Failure> ReadSymbol(const Market& market, const Parameters& parameters, std::string* symbol);
// "limit", at most `most`.
std::optional<Failure> ReadLimit(const Parameters& parameters, std::int64_t most, std::int64_t otherwise,
                                 std::size_t* limit);
// "symbol", or a JSON list "symbols", or all.
std::optional<Failure> ReadSymbols(const Market& market, const Parameters& parameters,
                                   std::vector<std::string>* symbols);

}  // namespace ballast::venue_simulator::binance
