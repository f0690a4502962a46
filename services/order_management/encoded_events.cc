#include "services/order_management/encoded_events.h"

#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>

#include "ballast/order/v1/order.pb.h"
#include "libs/platform/crypto/crypto.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

// Of a field whose value has a length: number and wire type 2.
constexpr std::uint32_t Tag(int field) { return static_cast<std::uint32_t>(field) << 3 | 2; }
constexpr std::uint32_t kEventsTag = Tag(1);
constexpr std::uint32_t kOrderTag = Tag(order::v1::OrderEvent::kOrderFieldNumber);
// Enough for the events of a usual batch without a call of malloc.
constexpr std::size_t kArenaBytes = 16'384;

void AppendVarint(std::uint64_t value, std::string* out) {
  while (value >= 0x80) {
    *out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out += static_cast<char>(value);
}

// Where the order is in an event: in front of it stand only fields of few bytes.
void FindOrder(std::string_view event, EncodedEvents::Entry* entry) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(event.data()),
                                            static_cast<int>(event.size()));
  while (std::uint32_t tag = in.ReadTag()) {
    std::uint32_t length = 0;
    std::uint64_t value = 0;
    if ((tag & 7) == 0) {
      in.ReadVarint64(&value);
    } else {
      if ((tag & 7) != 2 || !in.ReadVarint32(&length)) return;
      if (tag == kOrderTag) {
        entry->order_begin = entry->begin + static_cast<std::size_t>(in.CurrentPosition());
        entry->order_size = length;
        return;
      }
      in.Skip(static_cast<int>(length));
    }
  }
}

}  // namespace

EncodedEvents::EncodedEvents(const std::vector<OrderEvent>& events) {
  alignas(8) char block[kArenaBytes];
  google::protobuf::ArenaOptions options;
  options.initial_block = block;
  options.initial_block_size = sizeof(block);
  google::protobuf::Arena arena(options);
  entries_.reserve(events.size());
  for (const OrderEvent& event : events) {
    auto* proto = google::protobuf::Arena::CreateMessage<order::v1::OrderEvent>(&arena);
    wire::ToProto(event, proto, false);
    Entry& entry = entries_.emplace_back();
    entry.account_id = event.account_id.value();
    entry.sequence = event.sequence;
    entry.checks_begin = checks_.size();
    if (!event.checks.empty() || !event.encoded_checks.empty()) {
      checks_ += event.encoded_checks;
      wire::AppendChecks(event.checks, &checks_);
      proto->set_checks_digest(Sha256(std::string_view(checks_).substr(entry.checks_begin)));
    }
    entry.checks_size = checks_.size() - entry.checks_begin;
    entry.begin = bytes_.size();
    proto->AppendToString(&bytes_);
    entry.size = bytes_.size() - entry.begin;
    FindOrder(Event(entry), &entry);
  }
}

void EncodedEvents::Add(std::string account_id, std::uint64_t sequence, std::string_view event,
                        std::string_view checks) {
  entries_.push_back({.account_id = std::move(account_id),
                      .sequence = sequence,
                      .begin = bytes_.size(),
                      .size = event.size(),
                      .checks_begin = checks_.size(),
                      .checks_size = checks.size()});
  bytes_ += event;
  checks_ += checks;
}

bool EncodedEvents::AppendFramed(const Entry& entry, const wire::EventForm& form, std::string* out) const {
  AppendVarint(kEventsTag, out);
  if (form.all()) {
    AppendVarint(entry.size + (form.checks ? entry.checks_size : 0), out);
    *out += Event(entry);
    if (form.checks) *out += Checks(entry);
    return true;
  }
  std::string part;
  bool whole = false;
  wire::AppendInForm(Event(entry), form, &part, &whole);
  if (whole && form.checks) part += Checks(entry);
  AppendVarint(part.size(), out);
  *out += part;
  return whole;
}

}  // namespace ballast
