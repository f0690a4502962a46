// Halts and jumps that somebody asks for, on the paper market.
#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"
#include "services/broker_gateway/engine.h"

namespace ballast {

absl::Status Engine::PlantInMarket(const broker::v1::PlantPaperFaultRequest& request) {
  if (request.has_gap()) {
    ASSIGN_OR_RETURN(Decimal ratio, wire::FromProto(request.gap().ratio(), "ratio"));
    if (ratio <= Decimal::FromInt(-1)) return absl::InvalidArgumentError("gap.ratio: above -1 is expected");
    if (feed_.source().Jump(Symbol(request.gap().symbol()), ratio)) return absl::OkStatus();
    return absl::NotFoundError("there is no such instrument, or its prices are recorded");
  }
  const Symbol symbol(request.has_halt() ? request.halt().symbol() : request.resume().symbol());
  const Quote* known = venue_.FindQuote(symbol);
  if (known == nullptr) return absl::NotFoundError("there is no market in that instrument");
  if (request.has_resume()) {
    if (!halts_.Resume(symbol)) return absl::NotFoundError("nobody has halted that instrument");
    return absl::OkStatus();
  }
  const UtcTime now = feed_.Now();
  std::optional<UtcTime> until;
  if (request.halt().duration_ms() > 0) until = now + Duration::Millis(request.halt().duration_ms());
  log_.Warning("market.halt_planted", {{"symbol", symbol.value()}, {"reason", request.halt().reason()}});
  halts_.Stop(*known, request.halt().reason(), now, until);
  // Not at the next step: nothing trades from now on.
  Quote halted = *known;
  halts_.Apply(halted, now);
  venue_.OnQuote(halted, now);
  return absl::OkStatus();
}

}  // namespace ballast
