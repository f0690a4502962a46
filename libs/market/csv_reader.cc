#include "libs/market/csv_reader.h"

#include <filesystem>
#include <utility>

#include "libs/base/absl_std.h"

namespace ballast::market {
namespace {

constexpr std::size_t kLineMax = 4'096;
constexpr int kBlankMax = 1'000;
constexpr std::size_t kChunk = 1 << 16;

// What people hand over instead of gzip.
const char* OtherFormat(std::string_view bytes) {
  if (bytes.starts_with(std::string_view("PK\x03\x04", 4)))
    return "this is a zip archive: gzip or plain CSV is expected";
  if (bytes.starts_with("BZh")) return "this is bzip2: gzip or plain CSV is expected";
  if (bytes.starts_with(std::string_view("\xFD"
                                         "7zXZ",
                                         5)))
    return "this is xz: gzip or plain CSV is expected";
  if (bytes.starts_with("\x28\xB5\x2F\xFD")) return "this is zstd: gzip or plain CSV is expected";
  if (bytes.starts_with("PAR1")) return "this is Parquet: gzip or plain CSV is expected";
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) return "this is UTF-16: UTF-8 is expected";
  if (bytes.starts_with("\x1F\x8B")) return "this is gzip in gzip: compressed once is expected";
  return nullptr;
}

}  // namespace

absl::Status CsvReader::Open() {
  std::error_code problem;
  std::filesystem::file_status status = std::filesystem::status(path_, problem);
  if (!std::filesystem::exists(status)) return absl::NotFoundError(ToAbsl(path_ + ": there is no such file"));
  // A pipe would be waited for, a device read without end.
  if (!std::filesystem::is_regular_file(status)) return FileError("this is no regular file");
  if (std::filesystem::file_size(path_, problem) == 0) return FileError("the file is empty");
  if (!file_.Open(path_)) return FileError("the file cannot be opened");
  return Begin();
}

absl::Status CsvReader::Open(ByteReader source) {
  file_.Open(std::move(source));
  return Begin();
}

absl::Status CsvReader::Begin() {
  RETURN_IF_ERROR(Fill());
  if (buffer_.empty()) return FileError("the file is empty");
  if (const char* other = OtherFormat(buffer_)) return FileError(other);
  byte_order_mark_ = buffer_.starts_with("\xEF\xBB\xBF");
  if (byte_order_mark_) at_ = 3;
  return absl::OkStatus();
}

absl::Status CsvReader::Fill() {
  buffer_.erase(0, at_);
  at_ = 0;
  absl::StatusOr<std::size_t> got = file_.Read(kChunk, buffer_);
  // Half a day of data is not a day.
  if (!got.ok()) return FileError(std::string(got.status().message()) + " after line " + std::to_string(number_));
  end_ = *got == 0;
  return absl::OkStatus();
}

absl::StatusOr<bool> CsvReader::NextRaw(std::string& line) {
  std::size_t end = buffer_.find('\n', at_);
  while (end == std::string::npos && !end_ && buffer_.size() - at_ <= kLineMax) {
    RETURN_IF_ERROR(Fill());
    end = buffer_.find('\n', at_);
  }
  if (end == std::string::npos && at_ == buffer_.size()) return false;
  ++number_;
  std::size_t length = (end == std::string::npos ? buffer_.size() : end) - at_;
  if (length > kLineMax) return Error("the line is longer than " + std::to_string(kLineMax) + " bytes");
  line.assign(buffer_, at_, length);
  at_ += length + (end == std::string::npos ? 0 : 1);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  for (char c : line) {
    auto byte = static_cast<unsigned char>(c);
    if (byte == 0) return Error("a NUL byte: the file is damaged");
    if (byte == '\r') return Error("a lone carriage return: lines end with LF or CR LF");
    if (byte < 0x20 && byte != '\t') return Error("a control character " + std::to_string(byte));
    if (byte >= 0x7F) return Error("a byte that is no ASCII text: " + std::to_string(byte));
  }
  return true;
}

absl::StatusOr<bool> CsvReader::Next(std::string& line) {
  ASSIGN_OR_RETURN(bool more, NextRaw(line));
  if (!more || !line.empty()) return more;
  int blank = number_;
  while (line.empty() && number_ - blank < kBlankMax) {
    ASSIGN_OR_RETURN(more, NextRaw(line));
    if (!more) return false;
  }
  bool endless = line.empty();
  number_ = blank;
  return Error(endless ? "more empty lines than a file ends with" : "an empty line between rows");
}

absl::Status CsvReader::Error(std::string_view why) const {
  std::string text = path_ + ":" + std::to_string(number_) + ": " + std::string(why);
  return absl::InvalidArgumentError(ToAbsl(text));
}

absl::Status CsvReader::FileError(std::string_view why) const {
  std::string text = path_ + ": " + std::string(why);
  return absl::InvalidArgumentError(ToAbsl(text));
}

std::vector<std::string_view> SplitCells(std::string_view line, char delimiter) {
  std::vector<std::string_view> cells;
  while (true) {
    std::size_t comma = line.find(delimiter);
    cells.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return cells;
    line.remove_prefix(comma + 1);
  }
}

}  // namespace ballast::market
