#include "services/broker_gateway/binance_entry.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <utility>

#include "absl/strings/str_split.h"
#include "libs/base/absl_std.h"
#include "libs/brokers/binance/session.h"
#include "libs/platform/venue_client/venue_client.h"

namespace ballast {
namespace {

using Settings = std::map<std::string, std::string>;

// One account, and one market, are for some symbols: a statement asks for each, and its weight is limited.
constexpr std::size_t kSymbolsMax = 20;
constexpr const char* kEnvironment = "testnet";
constexpr const char* kSymbols = "BTCUSDT;ETHUSDT";

std::string ValueOf(const Settings& settings, const std::string& name) {
  auto found = settings.find(name);
  if (found != settings.end()) return found->second;
  // What nobody has configured is as it is by default.
  if (name == "binance_environment") return kEnvironment;
  return name == "binance_symbols" ? kSymbols : "";
}

// Whose file a key may be in: the API key alone signs nothing.
enum class Readers : int { kAnybody = 0, kOwner = 1 };

// Without the line's end that editors leave.
absl::StatusOr<std::string> ReadFile(const Settings& settings, const std::string& name, Readers readers) {
  constexpr std::size_t kBytesMax = 16'384;
  const std::string path = ValueOf(settings, name);
  auto refuse = [&](const char* why) {
    return absl::FailedPreconditionError(ToAbsl(name + ": '" + path + "' " + why));
  };
  if (path.empty()) return absl::FailedPreconditionError(ToAbsl(name + " is not set: Binance needs a key"));
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return refuse("cannot be read");
  // A folder, a device or a pipe would have no end, or none of ours.
  if (!S_ISREG(info.st_mode)) return refuse("is not a file");
  if (readers == Readers::kOwner && (info.st_mode & 077) != 0)
    return refuse("can be read by others: chmod 600 it and make a new key");
  if (static_cast<std::size_t>(info.st_size) > kBytesMax) return refuse("holds no key");
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file || (!text.empty() && !file.read(text.data(), static_cast<std::streamsize>(text.size()))))
    return refuse("cannot be read");
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  if (text.empty()) return refuse("holds no key");
  return text;
}

absl::StatusOr<signing::BinanceSigner> SignerOf(const Settings& settings) {
  ASSIGN_OR_RETURN(std::string key, ReadFile(settings, "binance_api_key_file", Readers::kAnybody));
  ASSIGN_OR_RETURN(std::string secret, ReadFile(settings, "binance_secret_file", Readers::kOwner));
  return signing::BinanceSigner::Of(std::move(key), Secret(std::move(secret)));
}

absl::StatusOr<std::unique_ptr<VenueClient>> ClientOf(const Settings& settings, std::function<void()> wake) {
  VenueClient::Options options;
  options.ca_file = ValueOf(settings, "binance_ca_file");
  options.wake = std::move(wake);
  absl::StatusOr<std::unique_ptr<VenueClient>> client = VenueClient::Make(std::move(options));
  if (client.ok()) return client;
  return absl::FailedPreconditionError(ToAbsl("binance_ca_file: " + MessageOf(client.status())));
}

absl::Status CheckBinance(const Settings& settings, bool used) {
  RETURN_IF_ERROR(BinanceHosts(settings).status());
  RETURN_IF_ERROR(BinanceSymbols(settings).status());
  // Who has set one of them means it, and hears at the start that it cannot be used.
  const bool meant =
      !ValueOf(settings, "binance_api_key_file").empty() || !ValueOf(settings, "binance_secret_file").empty();
  if (!used && !meant) return absl::OkStatus();
  RETURN_IF_ERROR(SignerOf(settings).status());
  return ClientOf(settings, [] {}).status();
}

// What could be read at the start and no more: nothing leaves, and it says why.
class NoSession : public broker::VenueSession {
 public:
  explicit NoSession(std::string why) {
    heard_.emplace_back(broker::SessionState{.state = broker::SessionState::State::kDown, .detail = std::move(why)});
  }
  [[nodiscard]] const broker::Capabilities& capabilities() const override { return broker::CapabilitiesOf("binance"); }
  void Submit(const Order&) override {}
  void Cancel(const broker::CancelIntent&) override {}
  void Replace(const broker::ReplaceIntent&) override {}
  void Query(const broker::QueryIntent&) override {}
  std::vector<broker::Fact> Poll(UtcTime) override { return std::exchange(heard_, {}); }
  void AskStatement() override {}
  std::vector<broker::Statement> TakeStatements() override { return {}; }

 private:
  std::vector<broker::Fact> heard_;
};

std::unique_ptr<broker::VenueSession> MakeBinance(const SessionPlace& place) {
  auto hosts = BinanceHosts(place.settings);
  auto symbols = BinanceSymbols(place.settings);
  auto signer = SignerOf(place.settings);
  auto client = ClientOf(place.settings, place.wake);
  for (const absl::Status& status : {hosts.status(), symbols.status(), signer.status(), client.status()}) {
    if (!status.ok()) return std::make_unique<NoSession>(MessageOf(status));
  }
  const paper::Ledger* ledger = place.paper.FindLedger(place.account_id);
  return std::make_unique<binance::Session>(
      binance::SessionOptions{
          .account_id = place.account_id,
          .currency = ledger == nullptr ? "" : ledger->currency,
          .hosts = *std::move(hosts),
          .symbols = *std::move(symbols),
          // Accounts that are opened together do not come back together.
          .seed = static_cast<std::uint64_t>(place.now().nanos) ^ std::hash<std::string>{}(place.account_id.value())},
      *std::move(signer), *std::move(client), place.now);
}

}  // namespace

absl::StatusOr<binance::Hosts> BinanceHosts(const Settings& settings) {
  const std::string environment = ValueOf(settings, "binance_environment");
  std::optional<binance::Hosts> hosts = binance::HostsOf(environment);
  if (!hosts) {
    return absl::InvalidArgumentError(
        ToAbsl("binance_environment: testnet, demo, simulator or live expected, not '" + environment + "'"));
  }
  absl::Status named;
  auto name = [&](const char* setting, std::string_view secure, std::string& origin) {
    const std::string value = ValueOf(settings, setting);
    if (hosts->simulator && !binance::IsLoopback(value)) {
      named = absl::InvalidArgumentError(
          ToAbsl(std::string(setting) +
                 ": with binance_environment simulator the address of one on this machine is "
                 "expected, as " +
                 std::string(secure) + "127.0.0.1:9200, not '" + value + "'"));
    } else if (!hosts->simulator && !value.empty() && (binance::IsLoopback(value) || !value.starts_with(secure))) {
      // A key would be told in the clear, or a simulator be taken for the venue's own test system.
      named = absl::InvalidArgumentError(ToAbsl(std::string(setting) + ": " + std::string(secure) +
                                                "… expected; an address of this machine, and one without TLS, wants "
                                                "binance_environment simulator"));
    }
    if (!value.empty()) origin = value;
  };
  name("binance_rest_url", "https://", hosts->rest);
  name("binance_stream_url", "wss://", hosts->stream);
  name("binance_socket_url", "wss://", hosts->socket_api);
  for (const std::string& origin : {hosts->rest, hosts->stream, hosts->socket_api})
    hosts->live |= binance::IsLiveHost(origin);
  if (hosts->live) {
    return absl::FailedPreconditionError(
        "binance: real money is moved there, and no account for that can be opened yet: binance_environment testnet or "
        "demo, or simulator");
  }
  RETURN_IF_ERROR(named);
  return *std::move(hosts);
}

absl::StatusOr<std::vector<std::string>> BinanceSymbols(const Settings& settings) {
  std::vector<std::string> symbols;
  for (absl::string_view each : absl::StrSplit(ValueOf(settings, "binance_symbols"), ';', absl::SkipEmpty()))
    symbols.emplace_back(each.data(), each.size());
  auto is_name = [](const std::string& text) {
    return !text.empty() && text.size() <= 20 && std::all_of(text.begin(), text.end(), [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    });
  };
  const bool usable =
      !symbols.empty() && symbols.size() <= kSymbolsMax && std::all_of(symbols.begin(), symbols.end(), is_name);
  if (!usable)
    return absl::InvalidArgumentError("binance_symbols: 1 to 20 of the venue's names expected, as BTCUSDT;ETHUSDT");
  return symbols;
}

namespace {

// Which of them it is, in words that nobody takes for the venue's real one.
std::string PlaceOf(const std::map<std::string, std::string>& settings) {
  auto hosts = BinanceHosts(settings);
  if (!hosts.ok()) return "not usable";
  if (hosts->simulator) return "SIMULATOR at " + hosts->rest + ", nobody's money";
  return ValueOf(settings, "binance_environment") == "demo" ? "DEMO, nobody's money" : "TESTNET, nobody's money";
}

}  // namespace

BrokerEntry BinanceEntry() {
  return {.id = "binance",
          .display_name = "Binance spot",
          // Its test systems and simulators only (BinanceHosts).
          .mode = AccountMode::kPaper,
          .capabilities = broker::CapabilitiesOf("binance"),
          .settings =
              {{.name = "binance_environment",
                .type = KnobType::kString,
                .default_value = kEnvironment,
                .help = "testnet, demo, or simulator: one on this machine, at the three addresses, also without "
                        "TLS; live is refused: no account for real money can be opened yet"},
               {.name = "binance_rest_url",
                .type = KnobType::kString,
                .default_value = "",
                .help = "instead of the environment's; a simulator's, as http://127.0.0.1:9200"},
               {.name = "binance_stream_url",
                .type = KnobType::kString,
                .default_value = "",
                .help = "of the public streams, instead of the environment's; a simulator's, as ws://127.0.0.1:9200"},
               {.name = "binance_socket_url",
                .type = KnobType::kString,
                .default_value = "",
                .help = "of the WebSocket API, instead of the environment's; a simulator's, as ws://127.0.0.1:9200"},
               {.name = "binance_api_key_file",
                .type = KnobType::kString,
                .default_value = "",
                .help = "file with the API key, and nothing else"},
               {.name = "binance_secret_file",
                .type = KnobType::kString,
                .default_value = "",
                .help = "file with the HMAC secret, or the RSA or Ed25519 private key in PEM; mode 600, read when "
                        "a session begins, never shown"},
               {.name = "binance_ca_file",
                .type = KnobType::kString,
                .default_value = "",
                .help = "PEM file of the authorities that its servers' certificates may lead to; empty: the system's"},
               {.name = "binance_symbols",
                .type = KnobType::kStringList,
                .default_value = kSymbols,
                .help = "what is traded and quoted there, by the venue's names; 20 at most"}},
          .in_process = false,
          .wall_time = true,
          .place = &PlaceOf,
          .check = &CheckBinance,
          .make = &MakeBinance};
}

}  // namespace ballast
