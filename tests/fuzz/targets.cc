#include "tests/fuzz/targets.h"

#include <sys/mman.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>

#include "ballast/broker/v1/broker_service.pb.h"
#include "ballast/order/v1/order_service.pb.h"
#include "libs/base/check.h"
#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"
#include "libs/market/instrument_file.h"
#include "libs/market/replay_file.h"
#include "libs/platform/config/config.h"
#include "libs/platform/http/url.h"
#include "libs/wire/event_bytes.h"
#include "libs/wire/log_page.h"
#include "libs/wire/packed_checks.h"
#include "libs/wire/wire.h"
#include "services/api_gateway/json.h"
#include "services/broker_gateway/kill_command.h"
#include "services/compliance_audit/record_page.h"
#include "services/order_management/report_codec.h"

namespace ballast::fuzz {
namespace {

// A file with these bytes, for readers that take a path; gone with this.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : file_(memfd_create("fuzz", 0)) {
    CHECK(file_ >= 0, "a file in memory can be made");
    CHECK(write(file_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "it can be written");
  }
  ~MemoryFile() { (void)close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_;
};

}  // namespace

void ReadDecimal(std::string_view bytes) {
  auto read = Decimal::Parse(bytes);
  if (!read.ok()) return;
  auto again = Decimal::Parse(read->ToString());
  CHECK(again.ok() && *again == *read, "a decimal's text is the decimal");
  // No sum and no product of what comes from outside may overflow.
  Decimal sum;
  for (int i = 0; i < 100; ++i) sum += *read;
  CHECK(sum == *read || !read->IsZero(), "a hundred of nothing are nothing");
}

void ReadTime(std::string_view bytes) {
  auto read = UtcTime::Parse(bytes);
  if (!read.ok()) return;
  // The text has microseconds only.
  auto again = UtcTime::Parse(read->ToString());
  CHECK(again.ok() && (*read - *again).nanos >= 0 && (*read - *again).nanos < 1'000, "a time's text is the time");
}

void ReadOrderPage(std::string_view bytes) {
  auto records = wire::LogPage::Read(bytes);
  // An audit page is one of these too, whatever its row says of it.
  for (int count : {0, 1, 3, 32, 1'000}) {
    RecordPage page{
        .last_sequence = 7, .records = count, .previous_hash = std::string(64, '0'), .payload = std::string(bytes)};
    (void)page.Read();
  }
  if (!records) return;
  for (const wire::LogPage::Record& record : *records) {
    ReadEvent(record.bytes);
    ReadChecks(record.note);
  }
}

void ReadEvent(std::string_view bytes) {
  auto header = wire::ReadHeader(bytes);
  if (header) (void)wire::ReadOrderHeader(header->order);
  std::vector<std::string_view> events;
  std::string rest;
  (void)wire::SplitEvents(bytes, &events, &rest);
  order::v1::OrderEvent proto;
  bool parses = proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  // Who reads the beginning only reads the same as who reads it all.
  CHECK(header || !parses, "a message has a header");
  if (header && parses) {
    CHECK(header->sequence == proto.sequence(), "the header's sequence is the event's");
    CHECK(header->account_id == proto.account_id(), "the header's account is the event's");
  }
  for (wire::EventForm form : {wire::EventForm{.checks = false}, wire::EventForm{.checks = false, .fills_only = true},
                               wire::EventForm{.checks = false, .deployments_only = true},
                               wire::EventForm{.checks = false, .whole_types = 1}}) {
    std::string out;
    bool whole = false;
    wire::AppendInForm(bytes, form, &out, &whole);
    order::v1::OrderEvent part;
    CHECK(!parses || part.ParseFromString(out), "a part of a message is a message");
  }
  if (!parses) return;
  auto event = wire::FromProto(proto);
  if (!event.ok()) return;
  order::v1::OrderEvent written;
  wire::ToProto(*event, &written);
  auto again = wire::FromProto(written);
  CHECK(again.ok(), "what was written can be read");
  // What its type does not have is not written; what is, is the same for ever.
  order::v1::OrderEvent twice;
  wire::ToProto(*again, &twice);
  CHECK(twice.SerializeAsString() == written.SerializeAsString(), "an event that was read and written is the event");
}

void ReadChecks(std::string_view bytes) {
  (void)wire::ReadChecks(bytes);
  std::string unpacked = wire::UnpackChecks(bytes);
  (void)wire::ReadChecks(unpacked);
  // An encoded list begins with its tag, never with the mark of a packed one.
  constexpr char kPacked = '\1';
  CHECK(bytes.starts_with(kPacked) || wire::UnpackChecks(wire::PackChecks(bytes)) == bytes,
        "what is packed comes out as it was");
}

void ReadReport(std::string_view bytes) {
  broker::v1::ExecutionReport report;
  if (!report.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  auto read = DecodeReport(report);
  if (!read.ok()) return;
  CHECK(read->execution_sequence == report.execution_sequence(), "a report keeps its number");
  bool trades = read->type == OrderEventType::kFilled || read->type == OrderEventType::kTradeCorrect;
  CHECK(!trades || read->fill.quantity.IsPositive(), "a trade has a quantity");
}

void ReadJson(std::string_view bytes) {
  std::vector<FieldError> errors;
  Json object = ParseObject(bytes, errors);
  if (!errors.empty()) return;
  CHECK(object.is_object(), "what is no object is an error");
  // As it comes for an order, and for the stream of the pages.
  order::v1::SubmitOrderRequest order;
  FromJson(object, &order, errors);
  std::vector<FieldError> others;
  order::v1::SubmitOrderListRequest list;
  FromJson(object, &list, others);
  if (!errors.empty()) return;
  Json again = ToJson(order);
  order::v1::SubmitOrderRequest read;
  FromJson(again, &read, errors);
  CHECK(errors.empty(), "what was written can be read");
  CHECK(read.SerializeAsString() == order.SerializeAsString(), "what was read and written is the same");
}

void ReadConfig(std::string_view bytes) {
  MemoryFile file(bytes);
  static const std::vector<Knob> kKnobs = {
      {.name = "a_text", .type = KnobType::kString, .default_value = "x", .help = "a text"},
      {.name = "a_count",
       .type = KnobType::kInt,
       .default_value = "5",
       .help = "a count",
       .minimum = "1",
       .maximum = "10"},
      {.name = "a_ratio",
       .type = KnobType::kDecimal,
       .default_value = "0.5",
       .help = "a ratio",
       .minimum = "0",
       .maximum = "1"},
      {.name = "a_switch", .type = KnobType::kBool, .default_value = "false", .help = "a switch"},
      {.name = "a_list", .type = KnobType::kStringList, .default_value = "", .help = "a list"},
  };
  auto config = Config::Load("risk", kKnobs, file.path(), {});
  if (!config.ok()) return;
  CHECK(config->GetInt("a_count") >= 1 && config->GetInt("a_count") <= 10, "a count is within its bounds");
  CHECK(!config->GetDecimal("a_ratio").IsNegative(), "a ratio is within its bounds");
  CHECK(config->GetDecimal("a_ratio") <= Decimal::FromInt(1), "a ratio is within its bounds");
}

void ReadTradeFile(std::string_view bytes) {
  MemoryFile file(bytes);
  auto read = market::ReadTradeBars(file.path());
  if (!read.ok()) return;
  UtcTime before;
  for (const market::TradeBar& row : read->rows) {
    CHECK(before < row.start || before.nanos == 0, "rows are in order of time");
    CHECK(row.low <= row.high, "a low is not above its high");
    before = row.start;
  }
}

void ReadQuoteFile(std::string_view bytes) {
  MemoryFile file(bytes);
  auto read = market::ReadQuoteBars(file.path());
  if (!read.ok()) return;
  UtcTime before;
  for (const market::QuoteBar& row : read->rows) {
    CHECK(before < row.start || before.nanos == 0, "rows are in order of time");
    before = row.start;
  }
}

void ReadInstrumentFile(std::string_view bytes) {
  MemoryFile file(bytes);
  auto read = market::ReadInstruments(file.path());
  (void)market::ParseInstrument(std::string(bytes));
  if (!read.ok()) return;
  for (const Instrument& instrument : *read) {
    CHECK(market::IsSymbol(instrument.symbol.value()), "a symbol may be part of a file's name");
    CHECK(instrument.tick_size.IsPositive(), "a tick has a size");
  }
}

void ReadKillFile(std::string_view bytes) {
  auto read = ParseKillFile(std::string(bytes));
  if (!read.ok()) return;
  auto again = ParseKillFile(KillFileText(*read));
  CHECK(again.ok() && *again == *read, "commands that were read and written are the commands");
}

void ReadUrl(std::string_view bytes) {
  // The server's own parser lets no raw one through.
  if (bytes.find('\0') != std::string_view::npos) return;
  auto target = ParseTarget(bytes);
  if (target) {
    for (const std::string& segment : target->segments)
      CHECK(segment.find('\0') == std::string::npos, "no segment hides a NUL");
  }
  (void)SplitHostPort(bytes);
  (void)IsAddress(bytes);
  (void)IsLoopbackHost(bytes);
}

}  // namespace ballast::fuzz
