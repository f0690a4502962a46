#include "services/order_management/report_desk.h"

#include "libs/base/absl_std.h"
#include "services/order_management/report_codec.h"

namespace ballast {

ReportDesk::ReportDesk(ShardFloor& floor, BrokerDesk& broker, Metrics& metrics)
    : floor_(floor),
      broker_(broker),
      reports_(metrics.GetCounter("ballast_order_reports_total", "execution reports applied", {})) {}

void ReportDesk::Recover() {
  MutexLock lock(mutex_);
  for (const auto& [id, account] : floor_.accounts.all()) {
    cursors_[id.value()] = account.snapshot().execution_sequence;
  }
}

std::map<std::string, std::uint64_t> ReportDesk::Cursors() {
  MutexLock lock(mutex_);
  return cursors_;
}

void ReportDesk::Take(const std::vector<broker::v1::ExecutionReport>& reports) {
  std::map<AccountId, std::uint64_t> acknowledged;
  for (const broker::v1::ExecutionReport& proto : reports) {
    if (TakeOne(proto, acknowledged)) continue;
    floor_.ports.drop_broker();  // the next session resends from our cursor
    break;
  }
  for (const auto& [id, sequence] : acknowledged) broker_.TrimReduceOnly(id);
  floor_.writer.After([this, acknowledged = std::move(acknowledged)] {
    for (const auto& [id, sequence] : acknowledged) Acknowledge(id, sequence);
  });
}

bool ReportDesk::TakeOne(const broker::v1::ExecutionReport& proto, std::map<AccountId, std::uint64_t>& acknowledged) {
  AccountId id(proto.account_id());
  orders::Account* account = floor_.accounts.Find(id);
  if (account == nullptr) {
    floor_.log.Error("broker.report_for_unknown_account", {{"account", id.value()}});
    return true;
  }
  std::uint64_t applied = account->snapshot().execution_sequence;
  if (proto.execution_sequence() <= applied) {
    acknowledged[id] = applied;  // seen already: resent after a reconnect
    return true;
  }
  if (proto.execution_sequence() != applied + 1) {
    floor_.log.Error("broker.report_gap",
                     {{"expected", std::to_string(applied + 1)}, {"got", std::to_string(proto.execution_sequence())}});
    return false;
  }
  auto report = DecodeReport(proto);
  if (!report.ok()) {
    // It would be the same the next time: kept for a person, and the other accounts go on.
    floor_.log.Critical("broker.report_unreadable",
                        {{"account", id.value()}, {"order", proto.order_id()}, {"error", report.status().ToString()}});
    floor_.writer.Keep(account->Quarantine(proto.execution_sequence(),
                                           "a report on order " + proto.order_id() + ": " + MessageOf(report.status()),
                                           floor_.clock.Now()));
    acknowledged[id] = proto.execution_sequence();
    return true;
  }
  if (!floor_.accounts.LoadOrder(*account, report->order_id).ok()) {
    // It may be ours: judging the report without its order would lose the fill. The next session resends it.
    floor_.log.Error("orders.order_unreadable", {{"order", report->order_id.value()}});
    return false;
  }
  floor_.writer.Keep(account->ApplyReport(*report, floor_.clock.Now()));
  broker_.ForgetTrim(report->order_id);
  acknowledged[id] = proto.execution_sequence();
  reports_.Increment();
  return true;
}

void ReportDesk::Acknowledge(const AccountId& id, std::uint64_t sequence) {
  {
    MutexLock lock(mutex_);
    cursors_[id.value()] = sequence;
  }
  broker::v1::OrderSessionRequest request;
  request.mutable_acknowledge()->set_account_id(id.value());
  request.mutable_acknowledge()->set_execution_sequence(sequence);
  (void)broker_.Send(std::move(request));
}

}  // namespace ballast
