// What the gateway tells of what it did not do itself: trades that were never told, and orders made elsewhere.
#include <utility>

#include "libs/base/absl_std.h"
#include "services/broker_gateway/engine.h"

namespace ballast {
namespace {

constexpr std::size_t kExternalCallBytes = 1'024;

broker::Trade TradeOf(const broker::Execution& execution) {
  return {.order_id = execution.order_id,
          .broker_order_id = execution.broker_order_id,
          .root_id = execution.execution_id,
          .version = execution.version,
          .busted = execution.type == broker::ExecutionType::kTradeCancel,
          .symbol = execution.symbol,
          .side = execution.side,
          .quantity = execution.last_quantity,
          .price = execution.last_price,
          .fee = execution.fee,
          .fee_currency = execution.fee_currency,
          .maker = execution.maker,
          .time = execution.transact_time};
}

}  // namespace

bool Engine::TellTrades(const AccountId& account, std::vector<LateTrade> trades,
                        std::function<void(std::vector<std::uint64_t>)> done) {
  return inbox_.Post(kQuestions, kExternalCallBytes * (trades.size() + 1),
                     [this, account, trades = std::move(trades), done = std::move(done)] {
                       std::vector<std::uint64_t> told;
                       for (const LateTrade& late : trades) {
                         const broker::Execution& execution = late.trade.execution;
                         if (dead_ || !told_late_.insert({account, late.trade.number}).second) continue;
                         log_.Warning("broker.trade_told_late", {{"account", account.value()},
                                                                 {"execution", execution.execution_id.value()},
                                                                 {"version", std::to_string(execution.version)},
                                                                 {"order", execution.order_id.value()}});
                         if (late.former && late.order)
                           desks_.RecallTrade(*late.order, execution.execution_id, *late.former);
                         desks_.HearTrade(account, TradeOf(execution));
                         told.push_back(late.trade.number);
                       }
                       after_commit_.push_back([told = std::move(told), done] { done(told); });
                     });
}

bool Engine::Adopt(AccountId account, OrderId id, External external, DeploymentId deployment,
                   std::function<void(absl::StatusOr<Adopted>)> done) {
  return inbox_.Post(
      kQuestions, kExternalCallBytes,
      [this, account = std::move(account), id = std::move(id), external = std::move(external),
       deployment = std::move(deployment), done = std::move(done)] {
        if (dead_) return done(absl::UnavailableError("the broker gateway is stopping"));
        const Order* order = venue_.Find(id);
        if (order == nullptr || order->account_id != account || IsTerminal(order->status))
          return done(absl::NotFoundError(ToAbsl("the venue has no order " + id.value() + " open in that account")));
        if (!order->external)
          return done(absl::FailedPreconditionError(ToAbsl("order " + id.value() + " was sent from here")));
        bool told = order->external->handling != ExternalHandling::kUnspecified;
        bool same = told && order->external->handling == external.handling && order->deployment_id == deployment;
        if (!same) {
          (void)venue_.Treat(account, id, external, deployment);
          (void)desks_.Adopt(*venue_.Find(id));
          log_.Warning("broker.order_adopted", {{"account", account.value()},
                                                {"order", id.value()},
                                                {"actor", external.actor},
                                                {"reason", external.reason}});
        }
        Adopted adopted{.order = *venue_.Find(id), .replayed = told};
        after_commit_.push_back([adopted = std::move(adopted), done] { done(adopted); });
      });
}

bool Engine::Amend(paper::PaperBroker::Amendment amendment, Order order, std::function<void(absl::Status)> done) {
  return inbox_.Post(kQuestions, kExternalCallBytes,
                     [this, amendment = std::move(amendment), order = std::move(order), done = std::move(done)] {
                       const broker::Execution& former = amendment.former;
                       if (venue_.FindLedger(former.account_id) == nullptr)
                         return done(absl::NotFoundError("the venue has no such account"));
                       // Told in the version that is corrected; where it was not told the correction comes too early.
                       if (!amendment.unheard) {
                         desks_.RecallTrade(order, former.execution_id,
                                            {.version = former.version,
                                             .busted = former.type == broker::ExecutionType::kTradeCancel,
                                             .quantity = former.last_quantity,
                                             .price = former.last_price,
                                             .fee = former.fee,
                                             .fee_currency = former.fee_currency});
                       }
                       venue_.Amend(amendment, feed_.Now());
                       after_commit_.push_back([done] { done(absl::OkStatus()); });
                     });
}

}  // namespace ballast
