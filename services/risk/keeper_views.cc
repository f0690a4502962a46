#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"
#include "services/risk/keeper.h"

// The keeper's part about what an account looks like, now and after what may come.
namespace ballast {

StateView RiskKeeper::ViewOf(const AccountId& id, const risk::Exposure& exposure, const DeploymentId& deployment) {
  return {.exposure = exposure,
          .limits = LimitsOf(id, deployment),
          .market = market_,
          .now_ns = AgeNow(),
          .market_time = market_time_,
          .lockstep = lockstep_,
          .replayed = replayed_.contains(id),
          .stopped = stopped_.Why(id.value()),
          .breakers = breakers_.BlocksOf(id, deployment)};
}

absl::Status RiskKeeper::State(const std::string& account, risk::v1::GetRiskStateResponse* response) {
  auto found = accounts_.find(AccountId(account));
  if (found == accounts_.end()) return absl::NotFoundError(ToAbsl("risk knows no account " + account));
  response->set_account_id(account);
  ViewOf(found->first, found->second).Describe(response);
  breakers_.Describe(BreakerWorld(), found->first, false, response->mutable_breakers());
  return absl::OkStatus();
}

void RiskKeeper::Stand(const AccountId& id, const risk::Exposure& exposure, const risk::Market& market,
                       risk::v1::Standing* standing) {
  const risk::Limits& limits = LimitsOf(id);
  risk::Standing now = StandingOf(exposure, market);
  Decimal scale = ScaleOf(limits, exposure, now.equity);
  wire::ToProto(now.gross, standing->mutable_gross_exposure());
  wire::ToProto(now.net, standing->mutable_net_exposure());
  wire::ToProto(scale, standing->mutable_scale());
  if (!now.equity) return;
  wire::ToProto(*now.equity, standing->mutable_equity());
  Decimal allowed = Multiply(std::max(*now.equity, Decimal()), Multiply(limits.gross_leverage, scale, Rounding::kDown),
                             Rounding::kDown);
  wire::ToProto(std::max(allowed - now.gross, Decimal()), standing->mutable_buying_power());
  StateView view = ViewOf(id, exposure);
  risk::v1::GetRiskStateResponse state;
  StateView{.exposure = exposure, .limits = limits, .market = market, .now_ns = view.now_ns}.Describe(&state);
  for (risk::v1::LimitUse& use : *state.mutable_uses()) {
    // What is under way is left out of what would be.
    if (use.name() != "max_open_orders") *standing->add_uses() = std::move(use);
  }
}

absl::Status RiskKeeper::WhatIf(const AccountId& account, const Order* order,
                                const std::vector<risk::MarketMove>& moves, risk::v1::WhatIfResponse* response) {
  auto found = accounts_.find(account);
  if (found == accounts_.end()) return absl::NotFoundError(ToAbsl("risk knows no account " + account.value()));
  for (const risk::MarketMove& move : moves) {
    // A slip of the pen would be told as no loss at all.
    if (move.symbol.value().empty() || market_.instruments.contains(move.symbol)) continue;
    const std::string why = "there is no instrument " + move.symbol.value();
    return WithFieldErrors(absl::InvalidArgumentError(ToAbsl(why)),
                           {{.field = "moves.symbol", .reason = RejectReason::kUnknownInstrument, .message = why}});
  }
  std::optional<risk::Exposure> filled = FilledExposure(found->second, order, market_);
  if (!filled) return absl::FailedPreconditionError("there is no price for the order's instrument");
  risk::Market moved = MovedMarket(market_, moves);
  Stand(account, found->second, market_, response->mutable_before());
  Stand(account, *filled, moved, response->mutable_after());
  if (order != nullptr) Preview(*order, response->mutable_preview());
  std::optional<Decimal> unmoved = filled->Equity(market_), equity = filled->Equity(moved);
  if (unmoved && equity) wire::ToProto(*unmoved - *equity, response->mutable_loss());
  const Decimal share = LimitsOf(account).unprotected_loss_ratio;
  if (std::optional<Decimal> worst = WorstLoss(*filled, moved, share)) {
    wire::ToProto(*worst, response->mutable_worst_loss());
    WouldTrip(account, *filled, GappedMarket(*filled, moved, share), response->mutable_worst_would_trip());
  }
  WouldTrip(account, *filled, moved, response->mutable_would_trip());
  return absl::OkStatus();
}

// Of this account alone: what the firm would be is not known from it.
void RiskKeeper::WouldTrip(const AccountId& account, const risk::Exposure& exposure, const risk::Market& market,
                           google::protobuf::RepeatedPtrField<std::string>* names) {
  std::optional<Decimal> equity = exposure.Equity(market);
  for (risk::LossRule rule : risk::kLossRules) {
    bool unknown = !equity || (rule == risk::LossRule::kDailyLoss ? exposure.baseline.day_start_unknown
                                                                  : exposure.baseline.peak_unknown);
    bool trips = !unknown && !exposure.latches.Of(rule) &&
                 MeasureLoss(rule, LimitsOf(account), exposure.baseline, *equity).reached;
    if (trips) *names->Add() = risk::NameOf(rule);
  }
  std::map<AccountId, risk::Exposure> alone;
  alone.emplace(account, exposure);
  std::set<AccountId> known{account};
  BreakerDesk::World now = BreakerWorld();
  BreakerDesk::World world{.accounts = alone,
                           .known = known,
                           .market = market,
                           .time = now.time,
                           .day = now.day,
                           .now_ns = now.now_ns,
                           .market_ns = now.market_ns,
                           .lockstep = now.lockstep};
  google::protobuf::RepeatedPtrField<risk::v1::Breaker> breakers;
  breakers_.Describe(world, account, false, &breakers);
  std::set<std::string> told;
  for (const risk::v1::Breaker& breaker : breakers) {
    bool trips = breaker.level_percent() == 100 && breaker.state() != risk::v1::BREAKER_STATE_TRIPPED;
    if (trips && told.insert(breaker.rule().name()).second) *names->Add() = breaker.rule().name();
  }
}

}  // namespace ballast
