#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/platform/crypto/running_digest.h"
#include "libs/platform/thread/mutex.h"

namespace ballast {

// The bytes of a file between the call that brings them and the thread that reads them: one piece at a time, the next
// is asked for when the former is used up. So a file of any size needs the room of one piece.
class BarUpload {
 public:
  // `want_more` asks the caller for the next piece; it is called by Read, once for each.
  BarUpload(std::int64_t file_bytes, std::function<void()> want_more)
      : file_bytes_(file_bytes), want_more_(std::move(want_more)) {}

  // The call's side, any thread.
  void Put(std::string piece) EXCLUDES(mutex_);
  // Nothing more comes. Read says `why` from then on; the first reason stays.
  void Fail(const absl::Status& why) EXCLUDES(mutex_);

  // The reader's side: up to `size` bytes; 0 when all of the file was read.
  //   DEADLINE_EXCEEDED nothing came for kPieceNanosMax
  absl::StatusOr<std::size_t> Read(std::size_t size, std::string& out) EXCLUDES(mutex_);
  // OK, or why the upload broke off.
  [[nodiscard]] absl::Status failure() EXCLUDES(mutex_);
  // All bytes of the file were read.
  [[nodiscard]] bool whole() const { return read_ == file_bytes_; }
  // Once, of a whole file.
  std::string DigestHex() { return digest_.FinishHex(); }

  static constexpr std::int64_t kPieceNanosMax = 30'000'000'000;

 private:
  const std::int64_t file_bytes_;
  const std::function<void()> want_more_;
  // The reader's own.
  RunningDigest digest_;
  std::string piece_;
  std::size_t at_ = 0;
  std::int64_t read_ = 0;

  Mutex mutex_;
  CondVar changed_;
  std::string next_ GUARDED_BY(mutex_);
  absl::Status failure_ GUARDED_BY(mutex_);
};

}  // namespace ballast
