#include "services/compliance_audit/record_page.h"

#include <algorithm>
#include <map>

#include "ballast/audit/v1/audit_service.pb.h"
#include "libs/audit/order_record.h"
#include "libs/base/check.h"
#include "libs/platform/crypto/crypto.h"
#include "libs/wire/log_page.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr std::size_t kHashBytes = 32;
constexpr int kBitsOfName = 4;
// For each record two bytes, and a little more: of 400 pages without a name about one looks as if it had it.
constexpr std::size_t kNameBytes = 2, kNameBytesMore = 8;

std::string BytesOf(std::string_view hex) {
  auto digit = [](char c) { return c >= 'a' ? c - 'a' + 10 : c - '0'; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
  return bytes;
}

// FNV-1a: the same in every process for ever.
RecordPage::Bits BitsOf(char kind, std::string_view name) {
  std::uint64_t hash = 14695981039346656037U;
  auto add = [&hash](char c) { hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U; };
  add(kind);
  for (char c : name) add(c);
  // The low half is the better mixed one; an odd step goes through all bits.
  return {.first = static_cast<std::int64_t>(hash & 0xffffffff), .step = static_cast<std::int64_t>(hash >> 32 | 1)};
}

void SetBits(RecordPage::Bits bits, std::string& names) {
  for (int i = 0; i < kBitsOfName; ++i) {
    auto bit = static_cast<std::uint64_t>(bits.first + i * bits.step) % (8 * names.size());
    names[bit / 8] = static_cast<char>(static_cast<unsigned char>(names[bit / 8]) | 1 << (bit % 8));
  }
}

const std::map<std::string, int, std::less<>>& Kinds() {
  static const auto* kinds = [] {
    auto* made = new std::map<std::string, int, std::less<>>();
    for (int type = 1; type < 63; ++type) made->emplace(audit::ActionOf(static_cast<OrderEventType>(type)), type);
    made->erase(audit::ActionOf(OrderEventType::kUnspecified));
    return made;
  }();
  return *kinds;
}

}  // namespace

RecordPage::Bits RecordPage::BitsOfSubject(std::string_view subject) { return BitsOf('s', subject); }
RecordPage::Bits RecordPage::BitsOfAccount(std::string_view account_id) { return BitsOf('a', account_id); }

std::int64_t RecordPage::KindsOf(std::string_view prefix) {
  std::int64_t kinds = 1;
  for (const auto& [action, kind] : Kinds()) {
    if (action.starts_with(prefix)) kinds |= std::int64_t{1} << kind;
  }
  return kinds;
}

RecordPage RecordPage::Of(std::span<const audit::Record> records) {
  CHECK(!records.empty() && records.size() <= wire::LogPage::kRecords, "a page has at least one record");
  RecordPage page{.last_sequence = records.back().sequence,
                  .records = static_cast<int>(records.size()),
                  .previous_hash = records.front().previous_hash,
                  .names = std::string(kNameBytes * records.size() + kNameBytesMore, '\0')};
  audit::v1::Record proto;
  std::string bytes;
  for (const audit::Record& record : records) {
    proto.Clear();
    wire::ToProto(record.time, proto.mutable_time());
    proto.set_actor(record.actor);
    proto.set_action(record.action);
    proto.set_subject(record.subject);
    proto.set_detail(record.detail);
    proto.set_request_id(record.request_id);
    proto.set_account_id(record.account_id);
    proto.SerializeToString(&bytes);
    wire::LogPage::Append(bytes, BytesOf(record.hash), &page.payload);
    auto kind = Kinds().find(record.action);
    page.kinds |= std::int64_t{1} << (kind == Kinds().end() ? 0 : kind->second);
    SetBits(BitsOfSubject(record.subject), page.names);
    SetBits(BitsOfAccount(record.account_id), page.names);
  }
  return page;
}

std::vector<audit::Record> RecordPage::Read() const {
  bool sane = records >= 1 && records <= static_cast<int>(wire::LogPage::kRecords) &&
              last_sequence >= static_cast<std::uint64_t>(records);
  std::vector<audit::Record> read(sane ? static_cast<std::size_t>(records) : 1);
  std::optional<std::vector<wire::LogPage::Record>> found = wire::LogPage::Read(payload);
  bool whole = sane && found && found->size() == read.size();
  std::string previous = previous_hash;
  audit::v1::Record proto;
  for (std::size_t i = 0; i < read.size(); ++i) {
    audit::Record& record = read[i];
    record.sequence = last_sequence - read.size() + 1 + i;
    record.previous_hash = previous;
    if (!whole || (*found)[i].note.size() != kHashBytes ||
        !proto.ParseFromArray((*found)[i].bytes.data(), static_cast<int>((*found)[i].bytes.size()))) {
      continue;
    }
    record.time = wire::FromProto(proto.time());
    record.actor = std::move(*proto.mutable_actor());
    record.action = std::move(*proto.mutable_action());
    record.subject = std::move(*proto.mutable_subject());
    record.detail = std::move(*proto.mutable_detail());
    record.request_id = std::move(*proto.mutable_request_id());
    record.account_id = std::move(*proto.mutable_account_id());
    record.hash = Hex((*found)[i].note);
    previous = record.hash;
  }
  return read;
}

}  // namespace ballast
