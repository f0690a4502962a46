#include "libs/venue_simulator/binance/operations.h"

#include <algorithm>

#include "libs/venue/json.h"

namespace ballast::venue_simulator::binance {

std::string Market::MakeId() {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  constexpr int kLength = 22;  // as Binance's own
  std::string id;
  for (int at = 0; at < kLength; ++at) id += kAlphabet[ids.Below(kAlphabet.size())];
  return id;
}

const std::vector<Operation>& Operations() {
  static const std::vector<Operation> kAll = [] {
    std::vector<Operation> all;
    for (auto table : {MarketDataOperations(), TradingOperations(), ListOperations(), AccountOperations()}) {
      all.insert(all.end(), table.begin(), table.end());
    }
    return all;
  }();
  return kAll;
}

std::optional<Failure> ReadSymbol(const Market& market, const Parameters& parameters, std::string* symbol) {
  if (!parameters.Has("symbol")) return Missing("symbol");
  *symbol = parameters.Get("symbol");
  bool legal = !symbol->empty() && symbol->size() <= 20 && std::all_of(symbol->begin(), symbol->end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
  if (!legal) return Illegal("symbol", "^[\\w\\-._&&[^a-z]]{1,50}$");
  if (market.exchange.Find(*symbol) == nullptr) return Failure{-1121, "Invalid symbol."};
  return std::nullopt;
}

std::optional<Failure> ReadLimit(const Parameters& parameters, std::int64_t most, std::int64_t otherwise,
                                 std::size_t* limit) {
  std::optional<Failure> failure;
  std::int64_t value = parameters.Int("limit", failure).value_or(otherwise);
  if (failure) return failure;
  if (value == 0) return Failure{-1130, "Data sent for parameter 'limit' is not valid."};
  *limit = static_cast<std::size_t>(std::min(value, most));
  return std::nullopt;
}

std::optional<Failure> ReadSymbols(const Market& market, const Parameters& parameters,
                                   std::vector<std::string>* symbols) {
  if (parameters.Has("symbol") && parameters.Has("symbols")) {
    return Failure{-1128, "Combination of optional parameters invalid."};
  }
  if (parameters.Has("symbol")) {
    symbols->emplace_back();
    return ReadSymbol(market, parameters, &symbols->back());
  }
  if (!parameters.Has("symbols")) {
    for (const auto& [symbol, instrument] : market.exchange.instruments()) symbols->push_back(symbol);
    return std::nullopt;
  }
  auto list = venue::Json::Parse(parameters.Get("symbols"));
  if (!list.ok() || !list->is_array())
    return Illegal("symbols", "^\\[(\"[A-Z0-9-_.]{1,20}\"(,\"[A-Z0-9-_.]{1,20}\"){0,}){0,1}\\]$");
  for (const venue::Json& item : list->items()) {
    if (market.exchange.Find(item.text()) == nullptr) return Failure{-1121, "Invalid symbol."};
    if (std::find(symbols->begin(), symbols->end(), item.text()) != symbols->end()) {
      return Failure{-1151, "Symbol is present multiple times in the list."};
    }
    symbols->push_back(item.text());
  }
  return std::nullopt;
}

}  // namespace ballast::venue_simulator::binance
