#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "libs/platform/log/log.h"
#include "libs/platform/thread/mutex.h"
#include "services/order_management/journal.h"

namespace ballast {

// Which order ids may have been used, in 16 MiB however many orders there ever were: a new one is known to be new
// without a look at the storage. Filled from the storage on a thread of its own; until that is done every id may have
// been used. Any thread but Recover, Start and Stop.
class OrderIds {
 public:
  OrderIds(Journal& journal, Logger& log);
  ~OrderIds() { Stop(); }
  OrderIds(const OrderIds&) = delete;
  OrderIds& operator=(const OrderIds&) = delete;

  // Reads the first page; it is all there is of a small log.
  absl::Status Recover();
  // Reads the rest, however often the storage is away meanwhile.
  void Start();
  void Stop() EXCLUDES(mutex_);

  void Add(const OrderId& id) { Add(id.value()); }
  // False: there was never such an order. True: ask the journal.
  [[nodiscard]] bool MayHold(const OrderId& id) const;

 private:
  struct Free {
    void operator()(std::uint64_t* words) const { std::free(words); }
  };

  void Add(const std::string& id);
  // False: not now.
  bool ReadPage();
  void Loop() EXCLUDES(mutex_);

  Journal& journal_;
  Logger& log_;
  std::unique_ptr<std::uint64_t[], Free> words_;
  std::atomic<bool> complete_ = false;
  std::string read_until_;
  std::thread thread_;
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ GUARDED_BY(mutex_) = false;
};

}  // namespace ballast
