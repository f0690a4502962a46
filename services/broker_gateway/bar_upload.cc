#include "services/broker_gateway/bar_upload.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "libs/base/absl_std.h"

namespace ballast {

void BarUpload::Put(std::string piece) {
  MutexLock lock(mutex_);
  next_ = std::move(piece);
  changed_.NotifyAll();
}

void BarUpload::Fail(const absl::Status& why) {
  MutexLock lock(mutex_);
  if (failure_.ok()) failure_ = why;
  changed_.NotifyAll();
}

absl::Status BarUpload::failure() {
  MutexLock lock(mutex_);
  return failure_;
}

absl::StatusOr<std::size_t> BarUpload::Read(std::size_t size, std::string& out) {
  if (at_ == piece_.size()) {
    if (read_ == file_bytes_) return 0;
    RETURN_IF_ERROR(failure());
    want_more_();
    MutexLock lock(mutex_);
    while (next_.empty() && failure_.ok()) {
      if (changed_.WaitFor(mutex_, kPieceNanosMax) || !next_.empty() || !failure_.ok()) continue;
      failure_ = absl::DeadlineExceededError("nothing more of the file came for 30 s; nothing was stored");
    }
    if (!failure_.ok()) return failure_;
    piece_ = std::move(next_);
    next_.clear();
    at_ = 0;
    if (static_cast<std::int64_t>(piece_.size()) > file_bytes_ - read_) {
      failure_ = absl::InvalidArgumentError(
          ToAbsl("more than the " + std::to_string(file_bytes_) + " bytes of file_bytes came; nothing was stored"));
      return failure_;
    }
    read_ += static_cast<std::int64_t>(piece_.size());
    digest_.Add(piece_);
  }
  std::size_t taken = std::min(size, piece_.size() - at_);
  out.append(piece_, at_, taken);
  at_ += taken;
  return taken;
}

}  // namespace ballast
