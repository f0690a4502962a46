#include "libs/wire/log_page.h"

#include <google/protobuf/io/coded_stream.h>

#include <cstdint>

namespace ballast::wire {
namespace {

// Number and wire type 2: a value that has a length.
constexpr std::uint32_t kRecordTag = 1 << 3 | 2;
constexpr std::uint32_t kNoteTag = 2 << 3 | 2;

void AppendField(std::uint32_t tag, std::string_view value, std::string* out) {
  std::uint8_t head[16];
  std::uint8_t* end = google::protobuf::io::CodedOutputStream::WriteVarint32ToArray(tag, head);
  end = google::protobuf::io::CodedOutputStream::WriteVarint32ToArray(static_cast<std::uint32_t>(value.size()), end);
  out->append(reinterpret_cast<const char*>(head), static_cast<std::size_t>(end - head));
  *out += value;
}

}  // namespace

void LogPage::Append(std::string_view record, std::string_view note, std::string* page) {
  AppendField(kRecordTag, record, page);
  if (!note.empty()) AppendField(kNoteTag, note, page);
}

std::optional<std::vector<LogPage::Record>> LogPage::Read(std::string_view page) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(page.data()),
                                            static_cast<int>(page.size()));
  std::vector<Record> records;
  while (std::uint32_t tag = in.ReadTag()) {
    std::uint32_t length = 0;
    if (!in.ReadVarint32(&length)) return std::nullopt;
    auto begin = static_cast<std::size_t>(in.CurrentPosition());
    if (length > page.size() - begin || !in.Skip(static_cast<int>(length))) return std::nullopt;
    std::string_view value = page.substr(begin, length);
    if (tag == kRecordTag) {
      records.push_back({.bytes = value, .note = {}});
    } else if (tag == kNoteTag && !records.empty()) {
      records.back().note = value;
    } else {
      return std::nullopt;
    }
  }
  if (!in.ConsumedEntireMessage()) return std::nullopt;
  return records;
}

}  // namespace ballast::wire
