#include "services/order_management/order_ids.h"

#include <functional>

#include "libs/base/absl_std.h"
#include "libs/base/check.h"

namespace ballast {
namespace {

// A Bloom filter: with ten million orders one new id in two hundred is looked up in vain.
constexpr std::uint64_t kBits = std::uint64_t{1} << 27;
constexpr int kBitsOfAnId = 4;
constexpr int kPage = 10'000;
constexpr std::int64_t kRetryNs = 500'000'000;

// `visit` is given the word and the bit of each place of the id, until it says false.
template <typename Visit>
bool ForEachBit(const std::string& id, Visit visit) {
  std::uint64_t hash = std::hash<std::string>()(id);
  std::uint64_t step = (hash >> 32 | hash << 32) | 1;
  for (int i = 0; i < kBitsOfAnId; ++i, hash += step) {
    std::uint64_t bit = hash % kBits;
    if (!visit(bit / 64, std::uint64_t{1} << (bit % 64))) return false;
  }
  return true;
}

}  // namespace

OrderIds::OrderIds(Journal& journal, Logger& log) : journal_(journal), log_(log) {
  // Memory that nobody has written to costs nothing: a small log touches little of it.
  words_.reset(static_cast<std::uint64_t*>(std::calloc(kBits / 64, sizeof(std::uint64_t))));
  CHECK(words_ != nullptr, "no memory is left at the start");
}

void OrderIds::Add(const std::string& id) {
  ForEachBit(id, [this](std::uint64_t word, std::uint64_t bit) {
    std::atomic_ref<std::uint64_t>(words_[word]).fetch_or(bit, std::memory_order_relaxed);
    return true;
  });
}

bool OrderIds::MayHold(const OrderId& id) const {
  if (!complete_) return true;
  return ForEachBit(id.value(), [this](std::uint64_t word, std::uint64_t bit) {
    return (std::atomic_ref<std::uint64_t>(words_[word]).load(std::memory_order_relaxed) & bit) != 0;
  });
}

absl::Status OrderIds::Recover() {
  ASSIGN_OR_RETURN(std::vector<std::string> ids, journal_.LoadOrderIds("", kPage));
  for (const std::string& id : ids) Add(id);
  if (!ids.empty()) read_until_ = ids.back();
  complete_ = ids.size() < kPage;
  return absl::OkStatus();
}

bool OrderIds::ReadPage() {
  auto ids = journal_.LoadOrderIds(read_until_, kPage);
  if (!ids.ok()) {
    log_.Warning("orders.ids_unread", {{"error", ids.status().ToString()}});
    return false;
  }
  for (const std::string& id : *ids) Add(id);
  if (!ids->empty()) read_until_ = ids->back();
  complete_ = ids->size() < kPage;
  return true;
}

void OrderIds::Start() {
  if (!complete_) thread_ = std::thread([this] { Loop(); });
}

void OrderIds::Loop() {
  while (!complete_) {
    bool read = ReadPage();
    MutexLock lock(mutex_);
    if (!read && !stopping_) changed_.WaitFor(mutex_, kRetryNs);
    if (stopping_) return;
  }
}

void OrderIds::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

}  // namespace ballast
