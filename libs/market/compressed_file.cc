#include "libs/market/compressed_file.h"

#include <algorithm>

#include "libs/base/absl_std.h"

namespace ballast::market {
namespace {

constexpr std::size_t kInputBytes = 1 << 16;
// zlib: 15 is the largest window, 16 more asks for a gzip header and checks its trailer.
constexpr int kGzipWindow = 15 + 16;
constexpr std::size_t kKnownBy = 8;
constexpr unsigned char kMagic[] = {0x1F, 0x8B};

}  // namespace

CompressedFile::~CompressedFile() {
  if (inflating_) inflateEnd(&stream_);
  if (file_ != nullptr) std::fclose(file_);
}

bool CompressedFile::Open(const std::string& path) {
  file_ = std::fopen(path.c_str(), "rb");
  return file_ != nullptr;
}

absl::StatusOr<bool> CompressedFile::FillInput() {
  if (stream_.avail_in > 0) return true;
  std::size_t got = 0;
  if (source_) {
    input_.clear();
    // Enough to know by: what comes in pieces of a byte is the same file.
    while (input_.size() < kKnownBy) {
      ASSIGN_OR_RETURN(std::size_t more, source_(kInputBytes, input_));
      if (more == 0) break;
    }
    got = input_.size();
  } else {
    input_.resize(kInputBytes);
    got = std::fread(input_.data(), 1, kInputBytes, file_);
  }
  stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
  stream_.avail_in = static_cast<uInt>(got);
  return got > 0;
}

absl::Status CompressedFile::BeginMember() {
  bool first = form_ == Form::kUnknown;
  // Two bytes may come in two pieces only at the very end of a file, where they are no member anyway.
  bool gzip = stream_.avail_in >= 2 && std::equal(kMagic, kMagic + 2, stream_.next_in);
  // One byte was left in the buffer: the rest of the file decides when zlib has looked at its header.
  if (!first && stream_.avail_in == 1 && stream_.next_in[0] == kMagic[0]) gzip = true;
  if (first && !gzip) {
    form_ = Form::kPlain;
    return absl::OkStatus();
  }
  if (!gzip) return absl::DataLossError("there is something else behind the end of the compressed data");
  int code = inflating_ ? inflateReset(&stream_) : inflateInit2(&stream_, kGzipWindow);
  if (code != Z_OK) return absl::DataLossError("the compressed data cannot be read");
  inflating_ = true;
  form_ = Form::kMember;
  return absl::OkStatus();
}

absl::StatusOr<std::size_t> CompressedFile::Inflate(char* to, std::size_t size) {
  stream_.next_out = reinterpret_cast<Bytef*>(to);
  stream_.avail_out = static_cast<uInt>(size);
  while (stream_.avail_out > 0) {
    ASSIGN_OR_RETURN(bool more, FillInput());
    if (form_ == Form::kBetweenMembers) {
      if (!more) break;
      RETURN_IF_ERROR(BeginMember());
    }
    if (!more) return absl::DataLossError("the compressed data breaks off");
    int code = inflate(&stream_, Z_NO_FLUSH);
    if (code == Z_STREAM_END) {
      form_ = Form::kBetweenMembers;
    } else if (code != Z_OK) {
      return absl::DataLossError("the compressed data is damaged");
    }
  }
  return size - stream_.avail_out;
}

absl::StatusOr<std::size_t> CompressedFile::Read(std::size_t size, std::string& out) {
  if (form_ == Form::kUnknown) {
    ASSIGN_OR_RETURN(bool more, FillInput());
    if (!more) return 0;
    RETURN_IF_ERROR(BeginMember());
  }
  std::size_t before = out.size();
  if (form_ == Form::kPlain) {
    ASSIGN_OR_RETURN(bool more, FillInput());
    if (!more) return 0;
    std::size_t taken = std::min<std::size_t>(size, stream_.avail_in);
    out.append(reinterpret_cast<const char*>(stream_.next_in), taken);
    stream_.next_in += taken;
    stream_.avail_in -= static_cast<uInt>(taken);
    return taken;
  }
  out.resize(before + size);
  absl::StatusOr<std::size_t> got = Inflate(out.data() + before, size);
  out.resize(before + (got.ok() ? *got : 0));
  return got;
}

}  // namespace ballast::market
