#include "services/strategy_runner/order_quality_desk.h"

#include <utility>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/algo_codec.h"
#include "services/strategy_runner/order_quality_codec.h"

namespace ballast {
namespace {

bool IsChildRequest(const std::string& request_id) {
  std::string parent;
  std::uint32_t number = 0;
  return SplitChildRequestId(request_id, &parent, &number);
}

}  // namespace

OrderQualityDesk::OrderQualityDesk(std::int64_t kept_most, Ports ports)
    : ports_(std::move(ports)),
      kept_most_(kept_most),
      followed_gauge_(ports_.metrics.GetGauge("ballast_strategy_quality_orders",
                                              "orders that are followed for how they are executed", {})),
      left_out_(ports_.metrics.GetCounter("ballast_strategy_quality_left_out_total",
                                          "orders that were not followed: too many were", {})) {}

absl::Status OrderQualityDesk::Recover() {
  RETURN_IF_ERROR(ports_.store.Fence());
  ASSIGN_OR_RETURN(cursors_, ports_.store.LoadCursors());
  ASSIGN_OR_RETURN(auto rows, ports_.store.LoadWatched(static_cast<int>(kFollowedMost)));
  for (OrderQualityStore::Row& row : rows) {
    ASSIGN_OR_RETURN(execution::SingleOrderRecord record, SingleOrderOf(row.kept));
    std::string id = row.kept.order_id();
    followed_.try_emplace(
        std::move(id),
        Followed{.kept = std::move(row.kept), .child = row.child, .order = execution::SingleOrder(std::move(record))});
  }
  return absl::OkStatus();
}

bool OrderQualityDesk::OnEvents(const order::v1::StreamOrderEventsResponse& response) {
  for (const order::v1::OrderEvent& event : response.events()) {
    // The first one that is heard of an account is the next after its head.
    auto [at, first] = cursors_.try_emplace(event.account_id(), event.sequence() - 1);
    if (event.sequence() <= at->second) continue;
    if (event.sequence() != at->second + 1) return false;
    at->second = event.sequence();
    moved_ = true;
    if (event.has_order()) OnEvent(event);
  }
  for (const auto& [account, head] : response.head_sequences())
    moved_ = cursors_.try_emplace(account, head).second || moved_;
  return true;
}

void OrderQualityDesk::OnEvent(const order::v1::OrderEvent& event) {
  absl::StatusOr<Order> order = wire::FromProto(event.order());
  // Nobody is held up by one that this version cannot read.
  if (!order.ok()) return;
  auto found = followed_.find(event.order().order_id());
  if (found == followed_.end()) {
    const bool made =
        event.type() == order::v1::ORDER_EVENT_TYPE_PENDING_NEW || event.type() == order::v1::ORDER_EVENT_TYPE_HELD;
    if (made) Begin(event, *order);
    return;
  }
  Followed& followed = found->second;
  if (event.has_fill()) {
    const bool taken_back = event.type() == order::v1::ORDER_EVENT_TYPE_TRADE_CANCEL;
    absl::StatusOr<Fill> fill = wire::FromProto(event.fill());
    if (fill.ok() && taken_back) followed.order.OnTakenBack(fill->exec_ref_id);
    if (fill.ok() && !taken_back) followed.order.OnFill(*fill);
  }
  (void)followed.order.OnOrder(*order,
                               ports_.quotes.AsHeard(event.order().symbol(), wire::FromProto(event.event_time())));
  changed_.insert(found->first);
}

void OrderQualityDesk::Begin(const order::v1::OrderEvent& event, const Order& order) {
  if (followed_.size() >= kFollowedMost) return left_out_.Increment();
  execution::v1::KeptOrderQuality kept;
  kept.set_order_id(event.order().order_id());
  kept.set_request_id(event.order().request_id());
  kept.set_account_id(event.account_id());
  kept.set_deployment_id(event.order().deployment_id());
  kept.set_symbol(event.order().symbol());
  *kept.mutable_create_time() = event.order().create_time();
  execution::SingleOrder single(order,
                                ports_.quotes.AsHeard(event.order().symbol(), wire::FromProto(event.event_time())));
  followed_.try_emplace(
      event.order().order_id(),
      Followed{.kept = std::move(kept), .child = IsChildRequest(event.order().request_id()), .order = single});
  changed_.insert(event.order().order_id());
}

void OrderQualityDesk::Work() {
  const UtcTime market_time = ports_.quotes.market_time();
  for (auto& [id, one] : followed_) {
    if (one.order.record().fills.empty()) {
      if (!one.order.Watched(market_time)) changed_.insert(id);
      continue;
    }
    if (ports_.quotes.Mark(one.kept.symbol(), one.order) || !one.order.Watched(market_time)) changed_.insert(id);
  }
  followed_gauge_.Set(static_cast<double>(followed_.size()));
  const std::int64_t now_ns = ports_.clock.MonotonicNanos();
  if (now_ns < save_ns_) return;
  save_ns_ = now_ns + kSaveNs;
  (void)SaveSome();
  if (now_ns < trim_ns_) return;
  trim_ns_ = now_ns + kTrimNs;
  if (absl::Status trimmed = ports_.store.Trim(kept_most_); !trimmed.ok())
    ports_.log.Warning("quality.not_trimmed", {{"error", trimmed.ToString()}});
}

void OrderQualityDesk::Close() {
  while ((moved_ || !changed_.empty()) && SaveSome()) {
  }
}

bool OrderQualityDesk::SaveSome() {
  if (!moved_ && changed_.empty()) return true;
  const UtcTime market_time = ports_.quotes.market_time();
  OrderQualityStore::Batch batch;
  std::vector<std::string> over;
  for (const std::string& id : changed_) {
    if (batch.rows.size() >= kSavedAtOnce) break;
    const Followed& one = followed_.at(id);
    OrderQualityStore::Row& row = batch.rows.emplace_back();
    row.kept = one.kept;
    ToProto(one.order.record(), &row.kept);
    row.child = one.child;
    row.watched = one.order.Watched(market_time);
    if (!row.watched) over.push_back(id);
  }
  // The place in the log counts only with all that was made of what is before it: told again it would change nothing.
  if (batch.rows.size() == changed_.size()) batch.cursors = cursors_;
  absl::Status saved = ports_.store.Save(batch);
  if (!saved.ok()) {
    ports_.log.Warning("quality.not_stored", {{"error", saved.ToString()}});
    if (absl::IsFailedPrecondition(saved)) ports_.fail("a newer process follows the orders: " + saved.ToString());
    return false;
  }
  if (batch.cursors) moved_ = false;
  for (const OrderQualityStore::Row& row : batch.rows) changed_.erase(row.kept.order_id());
  for (const std::string& id : over) followed_.erase(id);
  return true;
}

}  // namespace ballast
