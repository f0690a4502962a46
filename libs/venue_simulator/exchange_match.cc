// Orders that meet, and what a trade sets off.
#include <algorithm>
#include <cstdint>

#include "libs/base/check.h"
#include "libs/venue_simulator/exchange.h"

namespace ballast::venue_simulator {
namespace {

// Venues book amounts to this many places.
const Decimal kSmallest = Decimal::Of("0.00000001");

}  // namespace

// How much a trade at `price` may take for the order.
Decimal Exchange::Wanted(const Order& taker, Decimal price) const {
  if (taker.terms.quote_quantity.IsZero()) return taker.remaining();
  Decimal left = taker.terms.quote_quantity - taker.executed_quote;
  if (!left.IsPositive()) return Decimal();
  return Divide(left, price, Rounding::kDown).RoundTo(Find(taker.terms.symbol)->lot, Rounding::kDown);
}

Exchange::Reach Exchange::Walk(const OrderTerms& terms) const {
  Order probe;
  probe.terms = terms;
  Reach reach;
  // All there is: hidden parts of icebergs count too, as they trade at the same price.
  const Book& here = market(terms.symbol).book;
  for (const BookLevel& level : here.Levels(Other(terms.side), SIZE_MAX)) {
    if (HasLimit(terms.type) && (terms.side == Side::kBuy ? level.price > terms.price : level.price < terms.price)) {
      break;
    }
    Decimal there;
    for (std::int64_t id : here.OrdersAt(Other(terms.side), level.price)) there += orders_.at(id).remaining();
    Decimal quantity = std::min(Wanted(probe, level.price), there);
    if (!quantity.IsPositive()) break;
    Decimal quote = Multiply(quantity, level.price, Rounding::kHalfEven);
    probe.executed += quantity;
    probe.executed_quote += quote;
    reach.quantity += quantity;
    reach.quote += quote;
  }
  return reach;
}

// Begins to work: a new order, or one whose trigger was met.
void Exchange::Work(std::int64_t id, UtcTime now) {
  Order& order = orders_.at(id);
  order.working = true;
  order.working_since = now;
  order.updated = now;
  Tell(ExecutionKind::kNew, order, {}, "", now);
  if (!HasLimit(order.terms.type)) Release(order);
  if (order.terms.time_in_force == TimeInForce::kFok && HasLimit(order.terms.type) &&
      Walk(order.terms).quantity < order.terms.quantity) {
    End(order, OrderStatus::kExpired, ExpiryReason::kUnfilledFok, "", now);
    return;
  }
  Match(order, now);
}

void Exchange::Match(Order& taker, UtcTime now) {
  Market& here = market(taker.terms.symbol);
  std::int64_t id = taker.id;
  while (taker.open()) {
    Decimal price;
    const Book::Level* level = here.book.Best(Other(taker.terms.side), &price);
    if (level == nullptr) break;
    bool reachable = !HasLimit(taker.terms.type) ||
                     (taker.terms.side == Side::kBuy ? price <= taker.terms.price : price >= taker.terms.price);
    if (!reachable) break;
    Order& maker = orders_.at(level->orders.front());
    Decimal quantity = std::min(Wanted(taker, price), maker.visible);
    if (taker.terms.side == Side::kBuy && !accounts_.at(taker.terms.account).settings.house &&
        !HasLimit(taker.terms.type)) {
      // A stop may find a price that its account cannot pay.
      Decimal free = ledger_.Of(taker.terms.account, Find(taker.terms.symbol)->quote).free;
      quantity = std::min(quantity,
                          Divide(free, price, Rounding::kDown).RoundTo(Find(taker.terms.symbol)->lot, Rounding::kDown));
    }
    if (!quantity.IsPositive()) break;
    if (!MayMeet(taker, maker, now)) continue;
    Trade(taker, maker, price, quantity, now);
    if (!orders_.contains(id)) return;
  }
  if (!orders_.contains(id) || !taker.open()) return;
  bool limit = HasLimit(taker.terms.type);
  if (limit && taker.terms.time_in_force == TimeInForce::kGtc) {
    Rest(taker, now);
    return;
  }
  std::int64_t of_list = taker.list_id;
  if (taker.terms.quote_quantity.IsPositive() && taker.executed.IsPositive()) {
    // As much as whole lots allow is all that was asked for.
    taker.terms.quantity = taker.executed;
    taker.status = OrderStatus::kFilled;
    Forget(id);
  } else {
    End(taker, OrderStatus::kExpired, limit ? ExpiryReason::kUnfilledIoc : ExpiryReason::kNoLiquidity, "", now);
  }
  FinishList(of_list, now);
}

// False where the two are of one account and one of them has ended.
bool Exchange::MayMeet(Order& taker, Order& maker, UtcTime now) {
  if (taker.terms.account != maker.terms.account || taker.terms.self_trade == SelfTrade::kNone) return true;
  SelfTrade mode = taker.terms.self_trade;
  if (mode != SelfTrade::kExpireTaker) {
    End(maker, OrderStatus::kExpiredInMatch, ExpiryReason::kNone, "", now);
  }
  if (mode != SelfTrade::kExpireMaker) {
    End(taker, OrderStatus::kExpiredInMatch, ExpiryReason::kNone, "", now);
  }
  return false;
}

Fill Exchange::WithFee(Fill fill) const {
  const AccountSettings& settings = accounts_.at(fill.account).settings;
  const Instrument& instrument = *Find(fill.symbol);
  Decimal rate = fill.maker ? settings.maker_fee : settings.taker_fee;
  fill.fee_asset = fill.side == Side::kBuy ? instrument.base : instrument.quote;
  Decimal received = fill.side == Side::kBuy ? fill.quantity : fill.quote;
  fill.fee = Multiply(received, rate, Rounding::kDown).RoundTo(kSmallest, Rounding::kDown);
  if (settings.fee_asset.empty() || rate.IsZero()) return fill;
  Decimal in_quote = Multiply(Multiply(fill.quote, rate, Rounding::kDown), Decimal::FromInt(1) - settings.fee_discount,
                              Rounding::kDown);
  Decimal price = Decimal::FromInt(1);
  if (settings.fee_asset != instrument.quote) {
    std::string pair = settings.fee_asset + instrument.quote;
    if (!markets_.contains(pair)) return fill;
    price = market(pair).last;
  }
  Decimal fee = Divide(in_quote, price, Rounding::kDown).RoundTo(kSmallest, Rounding::kDown);
  if (ledger_.Of(fill.account, settings.fee_asset).free < fee) return fill;
  fill.fee_asset = settings.fee_asset;
  fill.fee = fee;
  return fill;
}

void Exchange::Trade(Order& taker, Order& maker, Decimal price, Decimal quantity, UtcTime now) {
  EndOtherLeg(maker, now);
  Market& here = market(taker.terms.symbol);
  const Instrument& instrument = *Find(taker.terms.symbol);
  Print print{++here.last_trade_id, price, quantity, maker.terms.side == Side::kBuy, now};
  here.prints.push_back(print);
  if (here.prints.size() > kPrintsMax) here.prints.pop_front();
  here.last = price;
  events_.push_back(Traded{taker.terms.symbol, print});

  Decimal quote = Multiply(price, quantity, Rounding::kHalfEven);
  Order& buyer = taker.terms.side == Side::kBuy ? taker : maker;
  Order& seller = taker.terms.side == Side::kBuy ? maker : taker;
  // First what was locked for this part is free, then it is paid: at a better price some of it stays.
  if (HasLimit(buyer.terms.type)) {
    Lock(buyer, -std::min(buyer.locked, Multiply(buyer.terms.price, quantity, Rounding::kHalfEven)));
  }
  Lock(seller, -std::min(seller.locked, quantity));
  ledger_.Move(buyer.terms.account, seller.terms.account, instrument.quote, quote);
  ledger_.Move(seller.terms.account, buyer.terms.account, instrument.base, quantity);

  maker.visible -= quantity;
  here.book.Resize(maker.terms.side, price, -quantity);
  for (Order* order : {&maker, &taker}) {
    Fill fill{.trade_id = print.id,
              .order_id = order->id,
              .list_id = order->list_id,
              .account = order->terms.account,
              .symbol = order->terms.symbol,
              .side = order->terms.side,
              .price = price,
              .quantity = quantity,
              .quote = quote,
              .maker = order == &maker,
              .time = now};
    if (!accounts_.at(fill.account).settings.house) fill = WithFee(std::move(fill));
    bool last_of_maker = order == &maker && order->visible.IsZero();
    if (last_of_maker) {
      // It has shown all of its part: the next one goes behind the others, or it leaves.
      Decimal next = std::min(order->remaining() - quantity, order->terms.iceberg_quantity);
      here.book.Remove(order->terms.side, price, order->id, Decimal());
      if (next.IsPositive()) {
        order->visible = next;
        here.book.Add(order->terms.side, price, order->id, next);
      }
    }
    Settle(*order, std::move(fill), now);
  }
}

void Exchange::Settle(Order& order, Fill fill, UtcTime now) {
  order.executed += fill.quantity;
  order.executed_quote += fill.quote;
  order.updated = now;
  bool by_quote = order.terms.quote_quantity.IsPositive();
  bool filled = by_quote ? !Wanted(order, fill.price).IsPositive() : order.remaining().IsZero();
  order.status = filled ? OrderStatus::kFilled : OrderStatus::kPartiallyFilled;
  if (by_quote) order.terms.quantity = order.executed;
  if (filled) Release(order);
  Account& account = accounts_.at(order.terms.account);
  if (!account.settings.house) {
    if (fill.fee.IsPositive()) ledger_.Move(fill.account, 0, fill.fee_asset, fill.fee);
    account.fills.push_back(fill);
    std::string fee_asset = fill.fee_asset;
    OrderTerms terms = order.terms;
    Tell(ExecutionKind::kTrade, order, std::move(fill), "", now);
    TellBalances(terms.account, terms, fee_asset, now);
  }
  std::int64_t of_list = order.list_id;
  if (filled) Forget(order.id);
  FinishList(of_list, now);
}

void Exchange::Rest(Order& order, UtcTime now) {
  order.visible = order.terms.iceberg_quantity.IsPositive() ? std::min(order.remaining(), order.terms.iceberg_quantity)
                                                            : order.remaining();
  market(order.terms.symbol).book.Add(order.terms.side, order.terms.price, order.id, order.visible);
  TellBalances(order.terms.account, order.terms, "", now);
}

// Stops whose price was met, oldest first, until none is met any more: what one of them trades may meet the next.
void Exchange::Trigger(std::string_view symbol, UtcTime now) {
  Market& here = market(symbol);
  for (bool again = true; again;) {
    again = false;
    for (std::int64_t id : here.waiting) {
      Order& order = orders_.at(id);
      if (order.terms.trailing_delta != 0) {
        const Decimal last = here.last;
        bool upwards = (order.terms.side == Side::kBuy) == IsStopLoss(order.terms.type);
        bool begins =
            order.extreme.IsZero() && (upwards ? last >= order.terms.stop_price : last <= order.terms.stop_price);
        if (begins) order.extreme = last;
        if (!order.extreme.IsZero()) {
          order.extreme =
              order.terms.side == Side::kBuy ? std::min(order.extreme, last) : std::max(order.extreme, last);
        }
      }
      if (!Triggered(order, here.last)) continue;
      here.waiting.erase(id);
      EndOtherLeg(order, now);
      Work(id, now);
      again = true;
      break;
    }
  }
}

}  // namespace ballast::venue_simulator
