#include "services/strategy_runner/deployments.h"

#include <algorithm>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/sizing_codec.h"
#include "services/strategy_runner/spec_codec.h"

namespace ballast {

namespace pb = strategy::v1;

LiveDeployment* Deployments::Find(const std::string& id) {
  auto found = live_.find(id);
  return found == live_.end() ? nullptr : &found->second;
}

LiveDeployment* Deployments::FindByRequest(const std::string& request_id) {
  for (auto& [id, live] : live_) {
    if (live.row.request_id == request_id) return &live;
  }
  return nullptr;
}

absl::StatusOr<LiveDeployment*> Deployments::Add(DeploymentRow row) {
  LiveDeployment made;
  made.row = std::move(row);
  RETURN_IF_ERROR(Renew(made));
  std::string id = made.row.deployment_id;
  return &(live_[id] = std::move(made));
}

absl::Status Deployments::Renew(LiveDeployment& live) const {
  std::vector<FieldError> errors;
  strategy::Spec spec = SpecFromProto(live.row.spec, shelf_, errors);
  if (!errors.empty())
    return absl::InvalidArgumentError(
        ToAbsl(live.row.deployment_id + ": " + errors.front().field + ": " + errors.front().message));
  auto entry = shelf_.FindEntry(spec.strategy_id);
  if (!entry) return absl::InternalError("a strategy that was there has gone");
  if (auto external = shelf_.external().Find(spec.strategy_id)) {
    if (!live.answers) live.answers = std::make_shared<external::AnswerSheet>();
    entry = external->registration.EntryWith(
        [sheet = live.answers, bars = external->registration.warmup_bars](const strategy::Parameters&) {
          return std::make_unique<external::SheetStrategy>(sheet, bars);
        });
  } else {
    live.answers = nullptr;
    live.external_fault.clear();
  }
  ASSIGN_OR_RETURN(strategy::Decider decider,
                   strategy::Decider::Make(DeploymentId(live.row.deployment_id), std::move(spec), *entry));
  if (live.decider) decider.TakeOver(*live.decider);
  live.decider = std::make_unique<strategy::Decider>(std::move(decider));
  live.warm = false;
  live.warming = false;
  ++live.warm_question;
  return absl::OkStatus();
}

int Deployments::running() const {
  return static_cast<int>(
      std::count_if(live_.begin(), live_.end(), [](const auto& entry) { return entry.second.running(); }));
}

Decimal Deployments::CapitalLeft(const std::string& account_id, const std::string& id) const {
  Decimal left = Decimal::FromInt(1);
  for (const auto& [other, live] : live_) {
    if (other == id || live.row.spec.account_id() != account_id) continue;
    if (live.row.life.state == strategy::DeploymentState::kStopped && live.decider->flat()) continue;
    left -= live.decider->spec().capital_ratio.value_or(Decimal());
  }
  return left;
}

const std::string* Deployments::BlockOf(const std::string& account_id) const {
  auto found = blocked_.find(account_id);
  return found == blocked_.end() ? nullptr : &found->second;
}

type::v1::AccountMode Deployments::ModeOf(const std::string& account_id) const {
  auto found = modes_.find(account_id);
  return found == modes_.end() ? type::v1::ACCOUNT_MODE_UNSPECIFIED : found->second;
}

void Deployments::SetModes(const order::v1::ListAccountsResponse& accounts) {
  for (const auto& account : accounts.accounts()) modes_[account.account_id()] = account.mode();
}

pb::Deployment Deployments::Describe(const LiveDeployment& live) const {
  const DeploymentRow& row = live.row;
  pb::Deployment out;
  out.set_deployment_id(row.deployment_id);
  *out.mutable_spec() = row.spec;
  out.set_status(static_cast<pb::DeploymentStatus>(row.life.state));
  out.set_status_reason(row.life.status_reason);
  auto mode = modes_.find(row.spec.account_id());
  out.set_mode(mode == modes_.end() ? type::v1::ACCOUNT_MODE_UNSPECIFIED : mode->second);
  wire::ToProto(row.create_time, out.mutable_create_time());
  if (row.life.start_time.nanos != 0) wire::ToProto(row.life.start_time, out.mutable_start_time());
  if (row.life.stop_time.nanos != 0) wire::ToProto(row.life.stop_time, out.mutable_stop_time());
  if (row.last_signal_time.nanos != 0) wire::ToProto(row.last_signal_time, out.mutable_last_signal_time());
  out.set_signals(row.signals);
  out.set_orders(row.orders);
  out.set_last_signal(row.last_signal);
  int open = 0;
  for (const auto& [symbol, state] : live.decider->states()) open += state.quantity.IsZero() ? 0 : 1;
  out.set_open_positions(open);
  out.set_restarts(static_cast<std::uint64_t>(row.restarts));
  const strategy::DeploymentBook& book = live.decider->book();
  out.set_revision(row.revision);
  wire::ToProto(book.realised, out.mutable_realised_pnl());
  wire::ToProto(live.decider->unrealised(), out.mutable_unrealised_pnl());
  wire::ToProto(live.decider->profit() - book.day_start, out.mutable_day_pnl());
  wire::ToProto(std::max(Decimal(), book.peak - live.decider->profit()), out.mutable_drawdown());
  out.set_closed_trades(book.record.trades);
  out.set_winning_trades(book.record.wins);
  out.set_loss_halt(book.drawdown_halted ? "drawdown" : book.day_halted ? "daily_loss" : "");
  ToProto(book.track, out.mutable_sizing_records());
  if (live.answers) {
    auto external = shelf_.external().Find(row.spec.strategy_id());
    out.set_external_connection(!external || !external->connected ? pb::EXTERNAL_CONNECTION_WAITING
                                : live.external_fault.empty()     ? pb::EXTERNAL_CONNECTION_CONNECTED
                                                                  : pb::EXTERNAL_CONNECTION_FAULT);
    out.set_external_text(live.external_fault);
  }
  if (const std::string* why = BlockOf(row.spec.account_id())) {
    out.set_block(pb::DEPLOYMENT_BLOCK_ORDER_LOG_UNREADABLE);
    out.set_block_text(*why);
  }
  return out;
}

}  // namespace ballast
