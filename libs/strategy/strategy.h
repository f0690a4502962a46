#pragma once

#include <map>
#include <string>

#include "libs/model/market.h"
#include "libs/strategy/entry_terms.h"

namespace ballast::strategy {

// Values as the user wrote them; the strategy that reads them checks them.
using Parameters = std::map<std::string, std::string>;

// kOut: close what is held and take no side. The numbers are stored.
enum class Signal : int { kNone = 0, kLong = 1, kShort = -1, kOut = 2 };

struct Evaluation {
  Signal signal = Signal::kNone;
  // Why, in a few words: "fast crossed above slow".
  std::string reason;
  // What it was decided on, as text, e.g. fast, slow, close.
  std::map<std::string, std::string> inputs;
  // Of kNone: why there is no signal is worth keeping, as a decision to hold.
  bool noted = false;
  // Of kLong and kShort.
  EntryTerms terms = {};
};

// One strategy on one instrument. Total and deterministic: the same bars give the same signals. Knows nothing of
// positions, orders or money: that is the decider's part.
class Strategy {
 public:
  virtual ~Strategy() = default;
  // Complete bars, in order of time.
  virtual Evaluation OnBar(const Bar& bar) = 0;
  // It is told quotes: each one before the bars that end at its time.
  [[nodiscard]] virtual bool wants_quotes() const { return false; }
  virtual void OnQuote(const Quote& /*quote*/) {}
  // Bars it wants to have seen before its signals mean something.
  [[nodiscard]] virtual int warmup_bars() const = 0;
};

}  // namespace ballast::strategy
