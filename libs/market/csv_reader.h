#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/market/compressed_file.h"

namespace ballast::market {

// Lines of a text file that may be gzipped; knows where it is for messages. Everything that is no line of ASCII text is
// an error: a byte nobody typed is a damaged file or another format.
class CsvReader {
 public:
  explicit CsvReader(std::string path) : path_(std::move(path)) {}
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;

  // NOT_FOUND when there is no such file, INVALID_ARGUMENT for what is no regular file or cannot be read.
  absl::Status Open();
  // The same for bytes that come from elsewhere; `path` is then only what messages call them.
  absl::Status Open(ByteReader source);
  // False at the end of the file; lines without text at the end count as the end. `line` has no line end.
  absl::StatusOr<bool> Next(std::string& line);

  // "file:line: why"
  [[nodiscard]] absl::Status Error(std::string_view why) const;
  // "file: why"
  [[nodiscard]] absl::Status FileError(std::string_view why) const;
  // Of the line that Next gave last; the first is 1.
  [[nodiscard]] int line_number() const { return number_; }
  [[nodiscard]] bool byte_order_mark() const { return byte_order_mark_; }

 private:
  absl::Status Begin();
  absl::StatusOr<bool> NextRaw(std::string& line);
  absl::Status Fill();

  std::string path_;
  CompressedFile file_;
  std::string buffer_;
  std::size_t at_ = 0;
  int number_ = 0;
  bool byte_order_mark_ = false;
  bool end_ = false;
};

std::vector<std::string_view> SplitCells(std::string_view line, char delimiter = ',');

}  // namespace ballast::market
