#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/broker/broker.h"
#include "libs/brokers/paper/faulty_session.h"
#include "libs/brokers/paper/paper_broker.h"
#include "libs/platform/config/config.h"

namespace ballast {

// Where a session is and what it may use.
struct SessionPlace {
  AccountId account_id;
  // Market time.
  std::function<UtcTime()> now;
  // Any thread: there is something to poll. A session with a thread of its own calls it.
  std::function<void()> wake;
  // The values of the broker's own settings, by name.
  std::map<std::string, std::string> settings;
  // The simulated venue of this process and how it is to fail; nobody's but paper's.
  paper::PaperBroker& paper;
  std::optional<paper::Faults> faults;
};

// What becomes of an order while its account's session is down. An account's orders and positions are one venue's: what
// goes elsewhere is another order, in another account, which the strategy runner makes.
struct SessionDown {
  // What may open risk is refused at once; else it waits as reductions do.
  bool refuses_entries = false;
  // What has waited for so long ends NOT_SENT: whoever sent it can decide anew.
  Duration wait = Duration::Seconds(5);
  // What is refused so may go elsewhere, and the refusal says so.
  bool elsewhere = false;

  // "wait:5000", "refuse:5000", "elsewhere:5000".
  [[nodiscard]] std::string ToString() const;
};

// One broker there is.
struct BrokerEntry {
  // What an account names.
  std::string id;
  // For people.
  std::string display_name;
  AccountMode mode = AccountMode::kUnspecified;
  // The same that order management decides by: broker::CapabilitiesOf(id).
  broker::Capabilities capabilities;
  // Of the gateway's configuration; their names begin with the broker's id.
  std::vector<Knob> settings;
  // Its books are in this process and stored with what it does, so an order needs no row of its own before the session
  // gets it. Of every other one the intent is stored first.
  bool in_process = false;
  // Its time is the wall's, so an account cannot be with it while the market's is another one: a recorded market would
  // decide about today's money, and timeouts would have another length.
  bool wall_time = false;
  SessionDown session_down = {};
  // Which system of the venue the settings lead to, for people beside display_name; none: there is one only.
  std::function<std::string(const std::map<std::string, std::string>& settings)> place = {};
  // Whether its settings can be worked with, before anything starts; `used`: an account is with it. Nothing: they
  // always can. INVALID_ARGUMENT or FAILED_PRECONDITION say which setting and why, and repeat no secret.
  std::function<absl::Status(const std::map<std::string, std::string>& settings, bool used)> check = {};
  // One session for each account. It connects by itself and says so (broker::SessionState).
  std::function<std::unique_ptr<broker::VenueSession>(const SessionPlace&)> make;
};

// The brokers an account can be with, as data. Immutable once the engine runs.
class BrokerRegistry {
 public:
  explicit BrokerRegistry(std::vector<BrokerEntry> entries) : entries_(std::move(entries)) {}
  // What is built in: the one list that names brokers.
  static BrokerRegistry BuiltIn();

  // The broker of an account that names none.
  static constexpr std::string_view kDefault = "paper";

  // Each "broker:wait:ms", "broker:refuse:ms" or "broker:elsewhere:ms". INVALID_ARGUMENT: it is none of these, or there
  // is no such broker.
  [[nodiscard]] absl::Status SetSessionDown(const std::vector<std::string>& policies);

  // nullptr: there is none.
  [[nodiscard]] const BrokerEntry* Find(std::string_view id) const;
  [[nodiscard]] const std::vector<BrokerEntry>& entries() const { return entries_; }
  // Why an account of that broker is refused: BROKER_UNSUPPORTED with those there are.
  [[nodiscard]] Rejection Unknown(std::string_view id) const;

 private:
  std::vector<BrokerEntry> entries_;
};

}  // namespace ballast
