#include "services/strategy_runner/gate_view.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "libs/base/absl_std.h"
#include "libs/platform/thread/answered.h"
#include "libs/wire/wire.h"

namespace ballast {

absl::StatusOr<GateView> GateView::Ask(Neighbours& neighbours, const EntryGate& gate, const std::string& symbol) {
  using Market = absl::StatusOr<broker::v1::GetMarketStatusResponse>;
  using Known = absl::StatusOr<std::vector<Instrument>>;
  ASSIGN_OR_RETURN(auto market, Answered<Market>([&](std::function<void(Market)> done) {
                     neighbours.MarketStatus(std::move(done));
                   }));
  ASSIGN_OR_RETURN(std::vector<Instrument> known,
                   Answered<Known>([&](std::function<void(Known)> done) { neighbours.Instruments(std::move(done)); }));
  auto found =
      std::find_if(known.begin(), known.end(), [&](const Instrument& one) { return one.symbol.value() == symbol; });
  return GateView(gate, found == known.end() ? TradingCalendar::kUnspecified : found->calendar,
                  wire::FromProto(market.market_time()));
}

}  // namespace ballast
