#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace ballast::market {

// Bytes from wherever they come: appends up to `size` of them to `out`; 0 at the end.
using ByteReader = std::function<absl::StatusOr<std::size_t>(std::size_t size, std::string& out)>;

// The bytes of a file that is gzipped (one member or several) or plain. What gzip forgives is an error here: a stream
// that breaks off, and anything but a further member behind one, because rows nobody sees are rows nobody judges.
class CompressedFile {
 public:
  CompressedFile() = default;
  ~CompressedFile();
  CompressedFile(const CompressedFile&) = delete;
  CompressedFile& operator=(const CompressedFile&) = delete;

  // False: the file cannot be opened.
  bool Open(const std::string& path);
  // Instead of a file. Its errors are told as they are.
  void Open(ByteReader source) { source_ = std::move(source); }
  // Appends up to `size` bytes to `out`; 0 at the end. DATA_LOSS says what is wrong with the compressed data.
  absl::StatusOr<std::size_t> Read(std::size_t size, std::string& out);

 private:
  enum class Form { kUnknown, kPlain, kMember, kBetweenMembers };

  // False: there are no more bytes.
  absl::StatusOr<bool> FillInput();
  absl::Status BeginMember();
  absl::StatusOr<std::size_t> Inflate(char* to, std::size_t size);

  std::FILE* file_ = nullptr;
  ByteReader source_;
  std::string input_;
  z_stream stream_ = {};
  bool inflating_ = false;
  Form form_ = Form::kUnknown;
};

}  // namespace ballast::market
