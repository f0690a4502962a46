#include "services/broker_gateway/registry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "libs/base/absl_std.h"
#include "services/broker_gateway/binance_entry.h"

namespace ballast {
namespace {

std::vector<Knob> PaperSettings() {
  return {
      {.name = "paper_latency_ms",
       .type = KnobType::kInt,
       .default_value = "30",
       .help = "market time from an order being told NEW to being on the paper venue's book",
       .minimum = "0",
       .maximum = "60000",
       .unit = "ms"},
      {.name = "paper_slippage_ticks",
       .type = KnobType::kInt,
       .default_value = "0",
       .help = "a taker's price on the paper venue is so much worse than the book's",
       .minimum = "0",
       .maximum = "1000",
       .unit = "ticks"},
      {.name = "paper_queue",
       .type = KnobType::kBool,
       .default_value = "true",
       .help = "resting orders wait for what was quoted at their price before them"},
      {.name = "paper_refuses_in_halts",
       .type = KnobType::kBool,
       .default_value = "false",
       .help = "while an instrument is halted no order in it is taken; without it those that may wait are taken, and "
               "wait for the resume"},
      {.name = "paper_test_faces",
       .type = KnobType::kBool,
       .default_value = "false",
       .help = "tests may let things go wrong at the paper venue (PlantPaperFault, and orders whose "
               "reason asks for it); never where somebody trades, and nothing LIVE leaves"},
      {.name = "paper_test_time_percent",
       .type = KnobType::kInt,
       .default_value = "100",
       .help = "with paper_test_faces: how long the venue's windows are",
       .minimum = "1",
       .maximum = "100",
       .unit = "%"}};
}

struct HeldPaper {
  std::unique_ptr<paper::PaperSession> held;
};
// The fault face with the session behind it.
class FaultyPaper : private HeldPaper, public paper::FaultySession {
 public:
  FaultyPaper(std::unique_ptr<paper::PaperSession> session, const SessionPlace& place)
      : HeldPaper{std::move(session)}, paper::FaultySession(*held, *place.faults, place.now) {}
};

std::unique_ptr<broker::VenueSession> MakePaper(const SessionPlace& place) {
  auto session = std::make_unique<paper::PaperSession>(place.paper, place.account_id, place.now);
  if (!place.faults) return session;
  return std::make_unique<FaultyPaper>(std::move(session), place);
}

BrokerEntry PaperEntry() {
  return {.id = "paper",
          .display_name = "Paper",
          .mode = AccountMode::kPaper,
          .capabilities = broker::CapabilitiesOf("paper"),
          .settings = PaperSettings(),
          .in_process = true,
          .make = &MakePaper};
}

std::vector<Knob> PaperEcnSettings() {
  return {{.name = "paper_ecn_ticks_worse",
           .type = KnobType::kInt,
           .default_value = "1",
           .help = "each side of the second paper venue's book is so much worse than the market's",
           .minimum = "0",
           .maximum = "1000",
           .unit = "ticks"},
          {.name = "paper_ecn_size_percent",
           .type = KnobType::kInt,
           .default_value = "300",
           .help = "of the market's sizes",
           .minimum = "1",
           .maximum = "10000",
           .unit = "%"},
          {.name = "paper_ecn_fee_percent",
           .type = KnobType::kInt,
           .default_value = "40",
           .help = "of the instrument's fees",
           .minimum = "0",
           .maximum = "1000",
           .unit = "%"},
          {.name = "paper_ecn_extra_latency_ms",
           .type = KnobType::kInt,
           .default_value = "20",
           .help = "market time that an order takes to its book, beside paper_latency_ms",
           .minimum = "0",
           .maximum = "60000",
           .unit = "ms"}};
}

Decimal FactorOf(const std::string& percent) {
  return Divide(Decimal::Of(percent), Decimal::FromInt(100), Rounding::kHalfEven);
}

// The same ledger and the same rules behind another book and other fees.
std::unique_ptr<broker::VenueSession> MakePaperEcn(const SessionPlace& place) {
  place.paper.SetFace(place.account_id,
                      {.venue = "paper_ecn",
                       .ticks_worse = std::stoi(place.settings.at("paper_ecn_ticks_worse")),
                       .size_factor = FactorOf(place.settings.at("paper_ecn_size_percent")),
                       .fee_factor = FactorOf(place.settings.at("paper_ecn_fee_percent")),
                       .extra_latency = Duration::Millis(std::stoi(place.settings.at("paper_ecn_extra_latency_ms")))});
  return MakePaper(place);
}

BrokerEntry PaperEcnEntry() {
  return {.id = "paper_ecn",
          .display_name = "Paper ECN",
          .mode = AccountMode::kPaper,
          .capabilities = broker::CapabilitiesOf("paper_ecn"),
          .settings = PaperEcnSettings(),
          .in_process = true,
          .make = &MakePaperEcn};
}

}  // namespace

BrokerRegistry BrokerRegistry::BuiltIn() {
  // A line for each venue of libs/brokers, by id; the paper venue shows two of them.
  return BrokerRegistry({BinanceEntry(), PaperEntry(), PaperEcnEntry()});
}

std::string SessionDown::ToString() const {
  const char* what = elsewhere ? "elsewhere:" : refuses_entries ? "refuse:" : "wait:";
  return what + std::to_string(wait.nanos / 1'000'000);
}

absl::Status BrokerRegistry::SetSessionDown(const std::vector<std::string>& policies) {
  constexpr std::int64_t kWaitMsMax = 600'000;
  for (const std::string& text : policies) {
    const std::vector<std::string> parts = absl::StrSplit(text, ':');
    std::int64_t ms = 0;
    bool read = parts.size() == 3 && (parts[1] == "wait" || parts[1] == "refuse" || parts[1] == "elsewhere") &&
                absl::SimpleAtoi(parts[2], &ms) && ms >= 0 && ms <= kWaitMsMax;
    if (!read) {
      return absl::InvalidArgumentError(ToAbsl(
          "session_down: broker:wait:ms, broker:refuse:ms or broker:elsewhere:ms with 0 to 600000 ms expected, not " +
          text));
    }
    auto found =
        std::find_if(entries_.begin(), entries_.end(), [&](const auto& entry) { return entry.id == parts[0]; });
    if (found == entries_.end())
      return absl::InvalidArgumentError(ToAbsl("session_down: " + Unknown(parts[0]).message));
    found->session_down = {
        .refuses_entries = parts[1] != "wait", .wait = Duration::Millis(ms), .elsewhere = parts[1] == "elsewhere"};
  }
  return absl::OkStatus();
}

const BrokerEntry* BrokerRegistry::Find(std::string_view id) const {
  for (const BrokerEntry& entry : entries_) {
    if (entry.id == id) return &entry;
  }
  return nullptr;
}

Rejection BrokerRegistry::Unknown(std::string_view id) const {
  std::vector<std::string> known;
  for (const BrokerEntry& entry : entries_) known.push_back(entry.id);
  return broker::UnknownBroker(id, known);
}

}  // namespace ballast
