// Of AlgoRunner: what a parent order may do while its account's day is ended, and in its deployment's stage.
#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "services/strategy_runner/algo_runner.h"

namespace ballast {

absl::Status AlgoRunner::Permitted(execution::AlgoSpec& spec, const Instrument& instrument) const {
  if (!spec.deployment_id.value().empty() && !ports_.gate.Owns(spec.account_id.value(), spec.deployment_id.value()))
    return absl::InvalidArgumentError(ToAbsl("spec.deployment_id: account " + spec.account_id.value() +
                                             " has no deployment '" + spec.deployment_id.value() + "'"));
  const EntryGate::Permit permit =
      ports_.gate.For(spec.account_id.value(), spec.deployment_id.value(), instrument.calendar, market_.time());
  if (!permit.nothing.empty() && !(spec.reduce_only && permit.only_closes))
    return absl::FailedPreconditionError(ToAbsl("spec.deployment_id: " + permit.nothing));
  if (!permit.size_ratio || spec.reduce_only) return absl::OkStatus();
  const Decimal asked = spec.quantity;
  spec.quantity = Multiply(asked, *permit.size_ratio, Rounding::kDown).RoundTo(instrument.lot_size, Rounding::kDown);
  if (!spec.quantity.IsPositive())
    return absl::FailedPreconditionError(
        ToAbsl("spec.quantity: the deployment " + spec.deployment_id.value() + " is a canary: of " + asked.ToString() +
               " its stage permits " + permit.size_ratio->ToString() + " times that, which is less than a lot of " +
               instrument.lot_size.ToString()));
  spec.display_quantity = std::min(spec.display_quantity, spec.quantity);
  return absl::OkStatus();
}

void AlgoRunner::Permit(LiveAlgo& live) {
  if (live.parent.finished()) return;
  const execution::AlgoSpec& spec = live.parent.record().spec;
  EntryGate::Permit permit = ports_.gate.For(spec.account_id.value(), spec.deployment_id.value(),
                                             static_cast<TradingCalendar>(live.kept.calendar()), market_.time());
  live.parent.Hold(std::move(permit.wait));
  std::optional<Decimal> most;
  // Of what was asked for: an order that was made by a canary has been cut already.
  if (permit.size_ratio) {
    auto asked = Decimal::Parse(live.kept.asked().quantity().value());
    most = Multiply(asked.ok() ? *asked : spec.quantity, *permit.size_ratio, Rounding::kDown)
               .RoundTo(live.parent.record().lot, Rounding::kDown);
  }
  live.parent.Bound(most);
  if (permit.nothing.empty() || (spec.reduce_only && permit.only_closes) ||
      live.parent.record().state == execution::ParentState::kEnding)
    return;
  live.parent.End(execution::ParentState::kStopped, Rejection{.check = "stage", .message = permit.nothing});
  parents_.Touch(live);
  ports_.log.Warning("algo.stopped", {{"order", live.id()}, {"why", permit.nothing}});
}

}  // namespace ballast
