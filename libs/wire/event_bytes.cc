#include "libs/wire/event_bytes.h"

#include "ballast/order/v1/order_service.pb.h"
#include "libs/wire/wire.h"

namespace ballast::wire {
namespace {

using Event = order::v1::OrderEvent;

// A field's number and how its value stands there.
constexpr std::uint32_t kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5;
constexpr std::uint32_t Tag(int field, std::uint32_t type) { return static_cast<std::uint32_t>(field) << 3 | type; }

void AppendVarint(std::uint64_t value, std::string* out) {
  while (value >= 0x80) {
    *out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out += static_cast<char>(value);
}

constexpr std::size_t VarintSize(std::size_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

// As proto3 does, an empty text is not there. All field numbers here are below 16: one byte.
std::size_t TextSize(const std::string& text) { return text.empty() ? 0 : 1 + VarintSize(text.size()) + text.size(); }
void AppendText(int field, const std::string& text, std::string* out) {
  if (text.empty()) return;
  *out += static_cast<char>(Tag(field, kLength));
  AppendVarint(text.size(), out);
  *out += text;
}

// Reads from the front of `bytes`.
bool TakeVarint(std::string_view* bytes, std::uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < 64 && !bytes->empty(); shift += 7) {
    auto byte = static_cast<unsigned char>(bytes->front());
    bytes->remove_prefix(1);
    *value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}
bool TakeBytes(std::string_view* bytes, std::uint64_t size, std::string_view* taken) {
  if (size > bytes->size()) return false;
  *taken = bytes->substr(0, size);
  bytes->remove_prefix(size);
  return true;
}

}  // namespace

void AppendChecks(const std::vector<RiskCheck>& checks, std::string* out) {
  for (const RiskCheck& check : checks) {
    if (!check.nearest.empty()) {
      // One of an order that was refused: rare, and not worth a second encoder.
      Event one;
      ToProto(check, one.add_checks());
      one.AppendToString(out);
      continue;
    }
    std::size_t size = TextSize(check.name) + TextSize(check.limit) + TextSize(check.used) + TextSize(check.after) +
                       (check.passed ? 2 : 0);
    *out += static_cast<char>(Tag(Event::kChecksFieldNumber, kLength));
    AppendVarint(size, out);
    AppendText(order::v1::RiskCheck::kNameFieldNumber, check.name, out);
    AppendText(order::v1::RiskCheck::kLimitFieldNumber, check.limit, out);
    AppendText(order::v1::RiskCheck::kUsedFieldNumber, check.used, out);
    AppendText(order::v1::RiskCheck::kAfterFieldNumber, check.after, out);
    if (!check.passed) continue;
    *out += static_cast<char>(Tag(order::v1::RiskCheck::kPassedFieldNumber, kVarint));
    *out += '\1';
  }
}

std::vector<RiskCheck> ReadChecks(std::string_view encoded) {
  std::vector<RiskCheck> checks;
  Event event;
  if (!event.ParseFromArray(encoded.data(), static_cast<int>(encoded.size()))) return checks;
  checks.reserve(static_cast<std::size_t>(event.checks_size()));
  for (const order::v1::RiskCheck& check : event.checks()) checks.push_back(FromProto(check));
  return checks;
}

namespace {

struct Field {
  std::uint32_t tag = 0;
  // With tag and length; the value alone, of what has a length; the number, of what is one.
  std::string_view all, bytes;
  std::uint64_t number = 0;
};

// Takes the next field off the front. False: it is none.
bool TakeField(std::string_view* encoded, Field* field) {
  std::string_view before = *encoded;
  std::uint64_t tag = 0;
  if (!TakeVarint(encoded, &tag)) return false;
  field->tag = static_cast<std::uint32_t>(tag);
  field->bytes = {};
  field->number = 0;
  bool taken = false;
  switch (tag & 7) {
    case kVarint:
      taken = TakeVarint(encoded, &field->number);
      break;
    case kFixed64:
      taken = TakeBytes(encoded, 8, &field->bytes);
      break;
    case kFixed32:
      taken = TakeBytes(encoded, 4, &field->bytes);
      break;
    case kLength: {
      std::uint64_t size = 0;
      taken = TakeVarint(encoded, &size) && TakeBytes(encoded, size, &field->bytes);
      break;
    }
    default:
      break;
  }
  field->all = before.substr(0, before.size() - encoded->size());
  return taken;
}

constexpr std::uint32_t kAccountTag = Tag(Event::kAccountIdFieldNumber, kLength);
constexpr std::uint32_t kSequenceTag = Tag(Event::kSequenceFieldNumber, kVarint);
constexpr std::uint32_t kTypeTag = Tag(Event::kTypeFieldNumber, kVarint);
constexpr std::uint32_t kTimeTag = Tag(Event::kEventTimeFieldNumber, kLength);
constexpr std::uint32_t kOrderTag = Tag(Event::kOrderFieldNumber, kLength);
constexpr std::uint32_t kFillTag = Tag(Event::kFillFieldNumber, kLength);
constexpr std::uint32_t kExecutionTag = Tag(Event::kExecutionSequenceFieldNumber, kVarint);

bool OfHeader(std::uint32_t tag) {
  return tag == kAccountTag || tag == kSequenceTag || tag == kTypeTag || tag == kTimeTag || tag == kExecutionTag;
}

// Whether an order or a fill has a text of this tag. What cannot be read may have one.
bool HasText(std::string_view message, std::uint32_t tag) {
  Field field;
  while (!message.empty()) {
    if (!TakeField(&message, &field)) return true;
    if (field.tag == tag && !field.bytes.empty()) return true;
  }
  return false;
}

bool IsWhole(const EventForm& form, std::uint64_t type, const std::optional<std::string_view>& order,
             const std::optional<std::string_view>& fill) {
  if (form.whole_types != ~std::uint64_t{0} && (type >= 64 || (form.whole_types >> type & 1) == 0)) return false;
  if (form.fills_only && !fill && type != static_cast<std::uint64_t>(OrderEventType::kAccountOpened)) return false;
  if (!form.deployments_only || !order) return true;
  return HasText(*order, Tag(order::v1::Order::kDeploymentIdFieldNumber, kLength)) ||
         (fill && HasText(*fill, Tag(order::v1::Fill::kDeploymentIdFieldNumber, kLength)));
}

}  // namespace

std::optional<EventHeader> ReadHeader(std::string_view encoded) {
  EventHeader header;
  Field field;
  while (!encoded.empty()) {
    if (!TakeField(&encoded, &field)) return std::nullopt;
    if (field.tag == kAccountTag) header.account_id = field.bytes;
    if (field.tag == kSequenceTag) header.sequence = field.number;
    if (field.tag == kTypeTag) header.type = static_cast<OrderEventType>(field.number);
    if (field.tag == kExecutionTag) header.execution_sequence = field.number;
    if (field.tag == kOrderTag) header.order = field.bytes;
    if (field.tag != kTimeTag) continue;
    google::protobuf::Timestamp time;
    if (!time.ParseFromArray(field.bytes.data(), static_cast<int>(field.bytes.size()))) return std::nullopt;
    header.event_time = FromProto(time);
  }
  return header;
}

std::optional<OrderHeader> ReadOrderHeader(std::string_view encoded) {
  OrderHeader header;
  Field field;
  while (!encoded.empty()) {
    if (!TakeField(&encoded, &field)) return std::nullopt;
    if (field.tag == Tag(order::v1::Order::kOrderIdFieldNumber, kLength)) header.order_id = field.bytes;
    if (field.tag == Tag(order::v1::Order::kStatusFieldNumber, kVarint)) header.status = static_cast<int>(field.number);
    if (field.tag == Tag(order::v1::Order::kSequenceFieldNumber, kVarint)) header.sequence = field.number;
  }
  return header;
}

bool SplitEvents(std::string_view message, std::vector<std::string_view>* events, std::string* rest) {
  Field field;
  while (!message.empty()) {
    if (!TakeField(&message, &field)) return false;
    if (field.tag == Tag(order::v1::StreamOrderEventsResponse::kEventsFieldNumber, kLength))
      events->push_back(field.bytes);
    else
      *rest += field.all;
  }
  return true;
}

void AppendInForm(std::string_view encoded, const EventForm& form, std::string* out, bool* whole) {
  *whole = true;
  if (form.all()) {
    *out += encoded;
    return;
  }
  std::uint64_t type = 0;
  std::optional<std::string_view> order, fill;
  Field field;
  for (std::string_view rest = encoded; !rest.empty();) {
    if (!TakeField(&rest, &field)) {
      *out += encoded;  // whoever reads it says what is wrong
      return;
    }
    if (field.tag == kTypeTag) type = field.number;
    if (field.tag == kOrderTag) order = field.bytes;
    if (field.tag == kFillTag) fill = field.bytes;
  }
  *whole = IsWhole(form, type, order, fill);
  if (*whole && !form.fills_only) {
    *out += encoded;
    return;
  }
  for (std::string_view rest = encoded; !rest.empty() && TakeField(&rest, &field);) {
    if (*whole ? field.tag != kOrderTag : OfHeader(field.tag)) *out += field.all;
  }
}

}  // namespace ballast::wire
