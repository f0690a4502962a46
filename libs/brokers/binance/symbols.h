#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "libs/model/ids.h"

namespace ballast::binance {

// Our BTC-USDT and the venue's BTCUSDT. The venue's form does not say where the base ends, so only a symbol that the
// venue has listed (instruments.h) has both.
class Symbols {
 public:
  // One that is there already stays as it is.
  void Add(const Symbol& ours, std::string venue) {
    if (!venue_.emplace(ours, venue).second) return;
    ours_.emplace(std::move(venue), ours);
  }
  // Empty: it is not listed.
  [[nodiscard]] const std::string& VenueName(const Symbol& ours) const {
    static const std::string kNone;
    auto found = venue_.find(ours);
    return found == venue_.end() ? kNone : found->second;
  }
  // Empty: it is not listed.
  [[nodiscard]] const Symbol& Ours(std::string_view venue) const {
    static const Symbol kNone;
    auto found = ours_.find(venue);
    return found == ours_.end() ? kNone : found->second;
  }

 private:
  std::map<Symbol, std::string> venue_;
  std::map<std::string, Symbol, std::less<>> ours_;
};

}  // namespace ballast::binance
