#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "ballast/order/v1/order_service.pb.h"
#include "libs/audit/chain.h"
#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/service/stopped_accounts.h"
#include "libs/platform/thread/mutex.h"
#include "services/compliance_audit/anchor.h"
#include "services/compliance_audit/store.h"

namespace ballast {

// The one writer of the chain. Two threads append (the order log's reader and the RPC worker), one after the other; no
// call is for a gRPC thread but Head().
class ChainKeeper {
 public:
  struct Verification {
    std::uint64_t records = 0;
    std::optional<audit::Break> broken;
    std::string head_hash;
  };

  // `fail` ends the process: called once a newer writer has taken over.
  ChainKeeper(AuditStore& store, AnchorFile anchor_file, const Clock& clock, Logger& log, Metrics& metrics,
              std::function<void(const std::string&)> fail);

  absl::Status Recover();

  // Every stored event is in the chain once, whatever is sent again. One that cannot be read stops its account and no
  // other. False: this connection cannot go on (a gap, Postgres away); open again from Cursors().
  [[nodiscard]] bool OnOrderEvents(const order::v1::StreamOrderEventsResponse& batch);
  [[nodiscard]] AuditStore::Cursors Cursors();

  // `record` has everything but time, sequence and hashes. The same request id again answers the first record;
  // ALREADY_EXISTS when its content was another.
  absl::StatusOr<audit::Record> Append(audit::Record record);

  [[nodiscard]] audit::Head Head();
  // Reads the chain in pages as it was when called. CANCELLED once `cancelled` says so.
  absl::StatusOr<Verification> Verify(const std::function<bool()>& cancelled);

  // Every second: keeps the head outside of Postgres when it moved; once a minute at most (or at once) also in the log.
  // Blocks on the disk. One thread.
  void Anchor(bool at_once);

 private:
  absl::Status Reload() REQUIRES(writing_);
  absl::Status CompareWithAnchor();
  void SaveAnchor(const audit::Head& head);
  absl::Status Commit(std::vector<audit::Record> records, AuditStore::Cursors cursors, const std::string& request_id)
      REQUIRES(writing_);

  AuditStore& store_;
  const AnchorFile anchor_file_;
  const Clock& clock_;
  Logger& log_;
  Metrics& metrics_;
  std::function<void(const std::string&)> fail_;
  // Held over a commit; never by a gRPC thread.
  Mutex writing_;
  // False after a failed commit: what is stored must be read before anything is appended.
  bool loaded_ GUARDED_BY(writing_) = false;
  AuditStore::State state_ GUARDED_BY(writing_);
  StoppedAccounts stopped_ GUARDED_BY(writing_);
  // What state_.head was after the last commit, for readers.
  Mutex mutex_;
  audit::Head head_ GUARDED_BY(mutex_);
  // As in the file.
  audit::Head anchor_ GUARDED_BY(mutex_);
  // The chain that was found is not the one that was anchored: the anchor stays as it is until a person has looked.
  bool anchor_differs_ GUARDED_BY(mutex_) = false;
  bool anchor_failing_ GUARDED_BY(mutex_) = false;
  // As in the log.
  audit::Head told_ GUARDED_BY(mutex_);
  std::int64_t told_ns_ GUARDED_BY(mutex_) = 0;
  Counter& records_;
  Gauge& head_gauge_;
};

}  // namespace ballast
