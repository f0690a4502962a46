#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::wire {

// A row of a log: records that were committed together, one after the other, as a message whose field 1 is a record and
// whose field 2 is what was noted of the record before it. A page of one field only is a message with `repeated` of it.
struct LogPage {
  struct Record {
    std::string_view bytes;
    std::string_view note;
  };

  // So many in a row at most: who wants one of them reads them all.
  static constexpr std::size_t kRecords = 32;

  static void Append(std::string_view record, std::string_view note, std::string* page);
  // Of the bytes that were read. Nothing of bytes that are no page.
  [[nodiscard]] static std::optional<std::vector<Record>> Read(std::string_view page);
};

}  // namespace ballast::wire
