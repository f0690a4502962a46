#include "services/strategy_runner/shadow.h"

namespace ballast {

std::optional<OrderEvent> ShadowFill(const strategy::Decision& decision, const DeploymentId& deployment,
                                     const std::string& request_id, const Quote* quote, const Instrument* instrument) {
  if (quote == nullptr || instrument == nullptr || !decision.intent || !quote->session_open || quote->halted)
    return std::nullopt;
  const strategy::Intent& intent = *decision.intent;
  const Decimal price = intent.side == Side::kBuy ? quote->ask_price : quote->bid_price;
  if (!price.IsPositive()) return std::nullopt;
  Fill fill{.execution_id = ExecutionId("shadow:" + request_id),
            .order_id = OrderId("shadow:" + request_id),
            .deployment_id = deployment,
            .symbol = decision.symbol,
            .side = intent.side,
            .quantity = intent.quantity,
            .price = price};
  fill.fee = Multiply(Multiply(intent.quantity, price, Rounding::kUp), instrument->taker_fee_ratio, Rounding::kUp) +
             Multiply(intent.quantity, instrument->fee_per_unit, Rounding::kUp);
  fill.fee_currency = instrument->currency;
  fill.transact_time = decision.time;
  fill.reason = intent.reason;
  Order order{.order_id = fill.order_id,
              .request_id = RequestId(request_id),
              .deployment_id = deployment,
              .symbol = decision.symbol,
              .side = intent.side,
              .type = OrderType::kMarket,
              .time_in_force = TimeInForce::kIoc,
              .quantity = intent.quantity,
              .reduce_only = intent.reduce_only,
              .status = OrderStatus::kFilled,
              .cumulative_quantity = intent.quantity,
              .average_price = price,
              .fees = fill.fee};
  OrderEvent event;
  event.type = OrderEventType::kFilled;
  event.order = std::move(order);
  event.fill = std::move(fill);
  return event;
}

}  // namespace ballast
