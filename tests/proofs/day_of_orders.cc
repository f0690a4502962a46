#include "tests/proofs/day_of_orders.h"

#include <array>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/orders/order_id.h"
#include "libs/wire/packed_checks.h"
#include "services/order_management/report_codec.h"

namespace ballast {
namespace {

constexpr std::int64_t kDayNs = 86'400'000'000'000;
constexpr int kOrdersOfACommit = 2'000;
constexpr int kOrdersOfAStep = 20;
constexpr std::size_t kClosedKept = 1'000;
constexpr char kDeployment[] = "day";

// What risk says of an order that passes.
std::vector<RiskCheck> PassedChecks() {
  std::vector<RiskCheck> checks;
  for (std::string_view name : wire::NumberedCheckNames()) {
    checks.push_back({.name = std::string(name), .limit = "1000", .used = "12.345", .after = "23.456", .passed = true});
  }
  return checks;
}

void Join(std::vector<OrderEvent>& all, std::vector<OrderEvent> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

DayOfOrders::DayOfOrders(Options options, ballast::Store& orders, BrokerStore& venue)
    : options_(options),
      order_store_(orders),
      venue_store_(venue),
      checks_(PassedChecks()),
      venue_(market::SimulatedInstruments(), {.leverage_max = Decimal::FromInt(100)}),
      now_{options.end.nanos - kDayNs} {}

absl::Status DayOfOrders::Recover() {
  RETURN_IF_ERROR(order_store_.Fence());
  RETURN_IF_ERROR(venue_store_.Fence());
  RETURN_IF_ERROR(venue_store_.LoadBroker(venue_));
  ASSIGN_OR_RETURN(std::vector<orders::Account::Snapshot> accounts, order_store_.LoadAccounts());
  if (accounts.size() != 1 || accounts[0].last_sequence != 1)
    return absl::FailedPreconditionError("one account that has not traded yet is expected");
  RETURN_IF_ERROR(order_store_.SaveDeployment(accounts[0].id, DeploymentId(kDeployment)));
  account_.Restore(accounts[0]);
  venue_.OpenAccount(accounts[0].id, accounts[0].currency, accounts[0].opening_cash);
  return absl::OkStatus();
}

Order DayOfOrders::Next(int number) const {
  static const std::array<std::pair<Symbol, Decimal>, 3> kTraded = {{{Symbol("BTC-USD"), Decimal::Of("0.001")},
                                                                     {Symbol("ETH-USD"), Decimal::Of("0.01")},
                                                                     {Symbol("SOL-USD"), Decimal::Of("0.5")}}};
  const auto& [symbol, quantity] = kTraded[static_cast<std::size_t>(number) % kTraded.size()];
  Order order;
  order.account_id = account_.snapshot().id;
  order.request_id = RequestId("day-" + std::to_string(number));
  order.order_id = orders::OrderIdFor(order.account_id, order.request_id);
  if (number % 2 == 0) order.deployment_id = DeploymentId(kDeployment);
  order.symbol = symbol;
  order.side = number / 6 % 2 == 0 ? Side::kBuy : Side::kSell;  // what one of a book buys, the next one sells
  order.quantity = quantity;
  order.create_time = now_;
  order.reason = number % 2 == 0 ? "signal" : "manual";
  order.type = OrderType::kMarket;
  order.time_in_force = TimeInForce::kIoc;
  return order;
}

void DayOfOrders::Place(Order order) {
  OrderId id = order.order_id;
  Join(events_, account_.Accept(std::move(order), "user:day", checks_, true, now_));
  venue_.Submit(*account_.Find(id), now_);
}

absl::Status DayOfOrders::Hear() {
  paper::Changes changes = venue_.TakeChanges();
  for (const broker::Execution& execution : changes.executions) {
    ToProto(execution, &reports_.emplace_back());
    ASSIGN_OR_RETURN(orders::Report report, DecodeReport(reports_.back()));
    Join(events_, account_.ApplyReport(report, now_));
  }
  changes_.trades.insert(changes_.trades.end(), std::make_move_iterator(changes.trades.begin()),
                         std::make_move_iterator(changes.trades.end()));
  changes_.orders.merge(changes.orders);
  changes_.accounts.merge(changes.accounts);
  return absl::OkStatus();
}

absl::Status DayOfOrders::Store() {
  RETURN_IF_ERROR(venue_store_.Append(CommitOf(reports_, venue_, changes_)));
  Commit commit{.events = std::move(events_), .accounts = {account_.snapshot()}};
  if (account_.BooksDue()) commit.books.push_back(account_.TakeBooks());
  RETURN_IF_ERROR(order_store_.Append(commit));
  events_.clear();
  reports_.clear();
  changes_ = {};
  (void)venue_.Forget(kClosedKept);
  account_.Forget(kClosedKept);
  return absl::OkStatus();
}

void DayOfOrders::MoveMarket() {
  for (const Quote& quote : market_.Step(now_)) venue_.OnQuote(quote, now_);
}

absl::Status DayOfOrders::Run() {
  RETURN_IF_ERROR(Recover());
  for (int number = 0; number < options_.orders; ++number) {
    now_.nanos += kDayNs / (options_.orders + 1);
    if (number % kOrdersOfAStep == 0) MoveMarket();
    Order order = Next(number);
    // One of twenty is refused, three are cancelled, and the last ones stay.
    bool stays = number >= options_.orders - options_.open;
    int kind = number / 6 % 20;
    if (!stays && kind == 0) {
      Join(events_, account_.Deny(order, "user:day",
                                  {.reason = RejectReason::kMaxNotional,
                                   .check = "max_order_notional",
                                   .limit = "10000",
                                   .observed = "12000",
                                   .message = "the order is larger than allowed"},
                                  checks_, now_));
    } else if (stays || kind < 4) {
      const Quote& quote = *venue_.FindQuote(order.symbol);
      order.side = Side::kBuy;
      order.type = OrderType::kLimit;
      order.time_in_force = TimeInForce::kGtc;
      order.limit_price = Divide(quote.bid_price, Decimal::FromInt(2), Rounding::kDown)
                              .RoundTo(venue_.FindInstrument(order.symbol)->tick_size, Rounding::kDown);
      OrderId id = order.order_id;
      Place(std::move(order));
      RETURN_IF_ERROR(Hear());
      if (!stays) {
        Join(events_, account_.RequestCancel(id, "user:day", now_));
        venue_.Cancel(account_.snapshot().id, id, now_, std::nullopt);
      }
    } else {
      Place(std::move(order));
    }
    RETURN_IF_ERROR(Hear());
    if (number % kOrdersOfACommit == kOrdersOfACommit - 1) RETURN_IF_ERROR(Store());
  }
  return Store();
}

}  // namespace ballast
