#include "services/broker_gateway/halt_board.h"

namespace ballast {

void HaltBoard::Stop(const Quote& quote, const std::string& reason, UtcTime now, std::optional<UtcTime> until) {
  Said& said = said_[quote.symbol];
  said.quote = quote;
  said.quote.halted = true;
  said.quote.halt_reason = reason;
  said.halt = {.reason = reason, .start_time = now, .resume_time = until};
  halts_[quote.symbol] = said.halt;
}

bool HaltBoard::Resume(const Symbol& symbol) {
  halts_.erase(symbol);
  return said_.erase(symbol) > 0;
}

void HaltBoard::Apply(Quote& quote, UtcTime now) {
  auto said = said_.find(quote.symbol);
  if (said != said_.end() && said->second.halt.resume_time && *said->second.halt.resume_time <= now) {
    said_.erase(said);
    said = said_.end();
  }
  if (said != said_.end()) {
    const Quote& stood = said->second.quote;
    quote.bid_price = stood.bid_price;
    quote.bid_size = stood.bid_size;
    quote.ask_price = stood.ask_price;
    quote.ask_size = stood.ask_size;
    quote.last_price = stood.last_price;
    quote.halted = true;
    quote.halt_reason = stood.halt_reason;
  }
  if (!quote.halted)
    halts_.erase(quote.symbol);
  else
    halts_.try_emplace(quote.symbol, Halt{.reason = quote.halt_reason, .start_time = now});
}

}  // namespace ballast
