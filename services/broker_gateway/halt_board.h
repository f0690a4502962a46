#pragma once

#include <map>
#include <optional>
#include <string>

#include "libs/model/market.h"

namespace ballast {

// Which instruments are halted, and since when: as the market says, and as somebody has said here. The engine's thread
// only; what was said here is over when the process ends.
class HaltBoard {
 public:
  struct Halt {
    std::string reason;
    UtcTime start_time;
    // Not there: not known.
    std::optional<UtcTime> resume_time = {};
  };

  // `quote` is the newest there is of the instrument: its prices stand until the resume.
  void Stop(const Quote& quote, const std::string& reason, UtcTime now, std::optional<UtcTime> until);
  // False: nobody has halted it here.
  bool Resume(const Symbol& symbol);
  // What the market says of an instrument, as it is to be told: halted where it is halted here.
  void Apply(Quote& quote, UtcTime now);
  [[nodiscard]] const std::map<Symbol, Halt>& halts() const { return halts_; }

 private:
  struct Said {
    Quote quote;
    Halt halt;
  };
  std::map<Symbol, Said> said_;
  // Of both.
  std::map<Symbol, Halt> halts_;
};

}  // namespace ballast
