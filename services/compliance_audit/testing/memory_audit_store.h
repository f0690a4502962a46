#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "libs/runtime/testing/faults.h"
#include "services/compliance_audit/store.h"

namespace ballast {

// A chain without a database, for tests. What it keeps is a Disk, which outlives the stores of one process after
// another, and which fails when it is told to.
class MemoryAuditStore final : public AuditStore {
 public:
  struct Disk {
    std::uint64_t epoch = 0;
    std::map<std::uint64_t, audit::Record> records;
    audit::Head head;
    Cursors cursors;
    std::map<std::string, std::uint64_t> requests;
    runtime::Faults faults;
  };

  explicit MemoryAuditStore(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}

  absl::Status Fence() override {
    epoch_ = ++disk_->epoch;
    return absl::OkStatus();
  }
  absl::StatusOr<State> Load() override {
    return State{.head = disk_->head,
                 .cursors = disk_->cursors,
                 .last_sequence = disk_->records.empty() ? 0 : disk_->records.rbegin()->first};
  }
  absl::Status Append(const std::vector<audit::Record>& records, const audit::Head& head, const Cursors& cursors,
                      const std::string& request_id) override {
    return disk_->faults.Commit([&] { return Apply(records, head, cursors, request_id); });
  }
  absl::StatusOr<std::optional<audit::Record>> FindRequest(const std::string& request_id) override {
    auto found = disk_->requests.find(request_id);
    if (found == disk_->requests.end()) return std::nullopt;
    return disk_->records.at(found->second);
  }
  absl::StatusOr<std::vector<audit::Record>> List(const Filter& filter) override {
    std::vector<audit::Record> found;
    for (auto at = disk_->records.rbegin(); at != disk_->records.rend(); ++at) {
      const audit::Record& record = at->second;
      if (found.size() == static_cast<std::size_t>(filter.limit)) break;
      if (!filter.account_id.empty() && record.account_id != filter.account_id) continue;
      if (!filter.subject.empty() && record.subject != filter.subject) continue;
      if (!record.action.starts_with(filter.action_prefix)) continue;
      if (filter.before == 0 || record.sequence < filter.before) found.push_back(record);
    }
    return found;
  }
  absl::StatusOr<std::vector<audit::Record>> Page(std::uint64_t after, std::uint64_t last, int limit) override {
    std::vector<audit::Record> page;
    for (auto at = disk_->records.upper_bound(after); at != disk_->records.end() && at->first <= last; ++at) {
      if (page.size() == static_cast<std::size_t>(limit)) break;
      page.push_back(at->second);
    }
    return page;
  }

 private:
  absl::Status Apply(const std::vector<audit::Record>& records, const audit::Head& head, const Cursors& cursors,
                     const std::string& request_id) {
    if (epoch_ != disk_->epoch) return absl::FailedPreconditionError("a newer process has taken over");
    for (const audit::Record& record : records) {
      if (disk_->records.contains(record.sequence)) return absl::AlreadyExistsError("the record is there already");
    }
    if (disk_->requests.contains(request_id)) return absl::AlreadyExistsError("the request is there already");
    for (const audit::Record& record : records) disk_->records[record.sequence] = record;
    disk_->head = head;
    for (const auto& [account, sequence] : cursors) disk_->cursors[account] = sequence;
    if (!request_id.empty()) disk_->requests[request_id] = head.sequence;
    return absl::OkStatus();
  }

  std::shared_ptr<Disk> disk_;
  std::uint64_t epoch_ = 0;
};

}  // namespace ballast
