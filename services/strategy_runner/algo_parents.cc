#include "services/strategy_runner/algo_parents.h"

#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {

absl::Status AlgoParents::Recover(const AlgoStore::Row& row) {
  ASSIGN_OR_RETURN(execution::ParentRecord record, AlgoRecordOf(row.kept));
  for (const execution::v1::ChildOrder& proto : row.children) {
    ASSIGN_OR_RETURN(execution::ChildOrder child, AlgoChildOf(proto));
    record.children.emplace(child.number, std::move(child));
  }
  LiveAlgo& live = Add(row.kept, std::move(record));
  for (const auto& [number, child] : live.parent.record().children) {
    if (child.unanswered()) live.flights[number] = {.stage = ChildFlight::Stage::kDue, .look_first = true};
  }
  return absl::OkStatus();
}

LiveAlgo& AlgoParents::Add(execution::v1::KeptAlgoOrder kept, execution::ParentRecord record) {
  std::string id = record.id;
  LiveAlgo live{.kept = std::move(kept), .parent = execution::Parent(std::move(record))};
  return all_.insert_or_assign(id, std::move(live)).first->second;
}

LiveAlgo* AlgoParents::Find(const std::string& id) {
  auto found = all_.find(id);
  return found == all_.end() ? nullptr : &found->second;
}

std::size_t AlgoParents::active() const {
  return static_cast<std::size_t>(
      std::count_if(all_.begin(), all_.end(), [](const auto& one) { return !one.second.parent.finished(); }));
}

void AlgoParents::Trim() {
  std::vector<std::pair<UtcTime, std::string>> ended;
  for (const auto& [id, live] : all_) {
    if (!live.works() && !touched_.contains(id)) ended.emplace_back(live.parent.record().finish_time, id);
  }
  if (ended.size() <= kEndedMax) return;
  std::sort(ended.begin(), ended.end());
  ended.resize(ended.size() - kEndedMax);
  for (const auto& [time, id] : ended) all_.erase(id);
}

void AlgoParents::Touch(const LiveAlgo& live, std::set<std::uint32_t> children) { touched_[live.id()].merge(children); }

AlgoStore::Batch AlgoParents::Collect(UtcTime market_time, UtcTime now) {
  AlgoStore::Batch batch;
  for (const auto& [id, numbers] : touched_) {
    LiveAlgo& live = all_.at(id);
    wire::ToProto(now, live.kept.mutable_order()->mutable_update_time());
    live.kept.set_watched(live.parent.finished() &&
                          (live.parent.Watched(market_time) || live.parent.Working().IsPositive()));
    AlgoStore::Row& row = batch.rows.emplace_back(AlgoStore::Row{.kept = live.kept});
    *row.kept.mutable_order() = Describe(live, market_time, false);
    KeepRecord(live.parent.record(), &row.kept);
    for (std::uint32_t number : numbers)
      ToProto(live.parent.record().children.at(number), id, &row.children.emplace_back());
  }
  return batch;
}

execution::v1::AlgoOrder Describe(const LiveAlgo& live, UtcTime market_time, bool whole) {
  execution::v1::AlgoOrder order = live.kept.order();
  order.clear_spec();
  ToProto(live.parent, market_time, &order);
  order.set_waits_for(live.parent.finished() ? "" : live.waits_for);
  if (!whole) return order;
  order.clear_schedule();
  order.clear_children();
  ToProto(live.parent.schedule(), order.mutable_schedule());
  for (const auto& [number, child] : live.parent.record().children) ToProto(child, live.id(), order.add_children());
  return order;
}

}  // namespace ballast
