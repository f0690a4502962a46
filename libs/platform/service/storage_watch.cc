#include "libs/platform/service/storage_watch.h"

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

constexpr std::int64_t kPeriodNs = 100'000'000;
// While nothing can be stored.
constexpr std::int64_t kRetryNs = 1'000'000'000;

}  // namespace

StorageWatch::StorageWatch(Database& database, Logger& log, Metrics& metrics)
    : database_(database),
      log_(log),
      gauge_(metrics.GetGauge("ballast_service_storage_ok", "0 while nothing can be stored in Postgres", {})) {
  gauge_.Set(1);
}

void StorageWatch::Start() {
  thread_ = std::thread([this] {
    while (true) {
      Look();
      MutexLock lock(mutex_);
      if (!stopping_) wake_.WaitFor(mutex_, ok_ ? kPeriodNs : kRetryNs);
      if (stopping_) return;
    }
  });
}

void StorageWatch::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

void StorageWatch::Look() {
  if (ok_ && !database_.StorageSuspected()) return;
  absl::Status status = database_.ProbeStorage();
  if (status.ok() == ok_) return;
  if (status.ok())
    log_.Info("service.storage_back", {});
  else
    log_.Critical("service.storage_failing", {{"error", status.ToString()}});
  ok_ = status.ok();
  gauge_.Set(status.ok() ? 1 : 0);
}

}  // namespace ballast
