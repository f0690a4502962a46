#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "ballast/market/v1/bar_data_service.pb.h"
#include "libs/base/clock.h"
#include "libs/platform/log/log.h"
#include "services/broker_gateway/bar_data_store.h"
#include "services/broker_gateway/bar_upload.h"
#include "services/broker_gateway/history_reader.h"

namespace ballast {

// A user's own data: one import at a time on a thread of its own, everything else on another. Neither is the market's:
// what is imported holds no order up.
class BarDataDesk {
 public:
  using Imported = std::function<void(const absl::Status&, market::v1::ImportBarsResponse)>;

  BarDataDesk(Database& database, const Clock& clock, Logger& log) : store_(database), clock_(clock), log_(log) {}

  void Start();
  // An upload under way ends with UNAVAILABLE.
  void Stop() EXCLUDES(mutex_);

  // Reads, judges and stores what comes by `upload`; `done` is called once, on the importing thread. False: one is
  // under way already, and `done` is not called.
  bool Import(const market::v1::ImportSettings& settings, std::shared_ptr<BarUpload> upload, Imported done)
      EXCLUDES(mutex_);
  // Runs `work` on the thread for reads. False: too many wait.
  bool Run(std::function<void()> work) { return reader_.Run(std::move(work)); }
  // On that thread.
  [[nodiscard]] BarDataStore& store() { return store_; }

  // Holds a data set: it is not deleted before Release. False: it is being deleted.
  bool Use(std::int64_t id) EXCLUDES(mutex_);
  void Release(std::int64_t id) EXCLUDES(mutex_);
  [[nodiscard]] bool InUse(std::int64_t id) EXCLUDES(mutex_);
  // FAILED_PRECONDITION while somebody uses it. Blocks.
  absl::Status Delete(const BarDataStore::Found& set, const std::string& actor) EXCLUDES(mutex_);

 private:
  absl::Status ReadAndStore(const market::v1::ImportSettings& settings, BarUpload& upload,
                            market::v1::ImportBarsResponse& response);
  absl::Status Store(const market::v1::ImportSettings& settings, BarUpload& upload, const market::BarImport& import,
                     market::v1::ImportBarsResponse& response);
  bool GoingOn() EXCLUDES(mutex_);

  BarDataStore store_;
  const Clock& clock_;
  Logger& log_;
  HistoryReader reader_;
  HistoryReader importer_;

  Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  // The one under way.
  std::shared_ptr<BarUpload> upload_ GUARDED_BY(mutex_);
  std::map<std::int64_t, int> uses_ GUARDED_BY(mutex_);
  std::set<std::int64_t> deleting_ GUARDED_BY(mutex_);
};

}  // namespace ballast
