#pragma once

#include <functional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "ballast/audit/v1/audit_service.pb.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/thread/mutex.h"
#include "services/api_gateway/audit_file.h"
#include "services/api_gateway/json.h"

namespace ballast {

// Tells the audit service what was done here. A record is on this machine's disk before anybody is answered, and is
// sent by one thread until it was taken, over restarts; nobody waits for the audit service. Nobody is kept from
// anything by a disk that is full: then records are in memory, and the log says so.
class AuditTrail {
 public:
  // Sends one record; false to be tried again.
  using Append = std::function<bool(const audit::v1::AppendRecordRequest&)>;

  AuditTrail(Append append, std::string path, Logger& log, Metrics& metrics);
  ~AuditTrail() { Stop(); }
  // Takes up what an earlier process has not told. What it was about to do when it ended is told with an unknown
  // outcome.
  void Recover() EXCLUDES(mutex_);
  void Start();
  // What cannot be sent now is sent by the next process.
  void Stop();

  struct Entry {
    std::string request_id;
    std::string actor;
    // e.g. "login.failed"
    std::string action;
    // e.g. "account:paper"
    std::string subject;
    Json detail = Json::object();
    std::string account_id;
  };
  // Before something is done whose outcome another service decides. Add with the number that is returned takes its
  // place; without it nothing is sent in this process' life. Blocks on the disk, as Add does; any thread.
  std::int64_t Intend(Entry entry) EXCLUDES(mutex_);
  void Add(Entry entry, std::int64_t intent = 0) EXCLUDES(mutex_);

 private:
  static constexpr std::size_t kEntriesMax = 10'000;
  static constexpr std::size_t kLinesMax = 1'000;
  static audit::v1::AppendRecordRequest Encode(const Entry& entry);
  std::int64_t Keep(AuditEntry entry, std::int64_t number) EXCLUDES(mutex_);
  // Writes the file anew when a write has failed or it is mostly told.
  void Note(const absl::Status& written) REQUIRES(mutex_);
  // The oldest that may be sent; entries_.end() when there is none.
  AuditEntries::const_iterator Next() const REQUIRES(mutex_);
  void Loop() EXCLUDES(mutex_);

  const Append append_;
  Logger& log_;
  Counter& lost_;
  Mutex mutex_;
  CondVar wake_;
  AuditFile file_ GUARDED_BY(mutex_);
  AuditEntries entries_ GUARDED_BY(mutex_);
  std::int64_t last_number_ GUARDED_BY(mutex_) = 0;
  // The file does not have all of entries_.
  bool behind_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace ballast
