#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "libs/model/ids.h"

namespace ballast::kraken {

// The venue's second alphabet: REST says XBT and XDG where WebSocket v2, and everybody else, says BTC and DOGE.
inline std::string AssetName(std::string_view venue) {
  if (venue == "XBT") return "BTC";
  if (venue == "XDG") return "DOGE";
  return std::string(venue);
}

// "BTC-USD" of "BTC/USD", and of "XBT/USD"; what has no "/" stays as it is.
inline Symbol SymbolOf(std::string_view ws_name) {
  std::size_t slash = ws_name.find('/');
  if (slash == std::string_view::npos) return Symbol(ws_name);
  return Symbol(AssetName(ws_name.substr(0, slash)) + "-" + AssetName(ws_name.substr(slash + 1)));
}

// "BTC/USD" of "BTC-USD", as WebSocket v2 has it.
inline std::string WsNameOf(const Symbol& symbol) {
  std::string name = symbol.value();
  std::replace(name.begin(), name.end(), '-', '/');
  return name;
}

}  // namespace ballast::kraken
