#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/orders/account.h"
#include "libs/orders/emergency.h"
#include "libs/platform/log/log.h"
#include "libs/platform/metrics/metrics.h"
#include "libs/platform/thread/mutex.h"
#include "services/order_management/emergency_journal.h"

namespace ballast {

// An emergency command and how far it has come.
struct EmergencyView {
  orders::Emergency emergency;
  bool halted = false;
  int orders_open = 0;
  std::map<Symbol, Decimal> positions;
  std::string waits_for;
};

// A kill switch the broker gateway holds.
struct HeldSwitch {
  // Empty: of every account.
  AccountId account_id;
  std::string command_id;
  std::string reason;
  std::string actor;
  UtcTime engage_time;
};

// Carries out emergency commands on the writer's thread: stored first, then one step at every tick until the venue
// shows what was asked for. Needs the log, the gateway and nobody else; the risk service hears of it from the log.
class EmergencyDesk {
 public:
  // What it asks of the writer; all on the writer's thread but `enqueue` and `storage_away`.
  struct Writer {
    std::function<orders::Account*(const AccountId&)> account;
    std::function<std::vector<AccountId>()> accounts;
    // Events for the batch under way, and what is done once it is durable.
    std::function<void(std::vector<OrderEvent>)> keep;
    std::function<void(std::function<void()>)> after_commit;
    std::function<void(const Order&)> send_cancel;
    // Takes an order that risk is not asked about; the check says why.
    std::function<void(Order, const std::string& actor, RiskCheck)> place;
    // Orders of the account that wait for risk's answer, and their withdrawal.
    std::function<int(const AccountId&)> unanswered;
    std::function<void(const AccountId&, Rejection)> withdraw;
    std::function<bool()> broker_ready;
    // The lot an instrument is traded in; zero: not known.
    std::function<Decimal(const Symbol&)> lot_size = {};
    // The market's price, once it is known; asking makes it be looked for.
    std::function<std::optional<Decimal>(const Symbol&)> mark = {};
    // Any thread. False: it is stopping.
    std::function<bool(std::function<void()>)> enqueue;
    // Any thread: a batch cannot be stored now.
    std::function<bool()> storage_away;
  };
  // Questions to the broker gateway; answered later, on any thread.
  struct Venue {
    std::function<void(const AccountId&, std::function<void(absl::StatusOr<orders::VenueView>)>)> look;
    std::function<void(std::function<void(absl::StatusOr<std::vector<HeldSwitch>>)>)> switches;
  };
  using Reply = std::function<void(absl::StatusOr<EmergencyView>)>;

  EmergencyDesk(EmergencyJournal& journal, Venue venue, const Clock& clock, Logger& log, Metrics& metrics);

  void SetWriter(Writer writer) { writer_ = std::move(writer); }
  // Before the writer's thread starts.
  absl::Status Recover();
  // After it has ended: whoever still waits is told.
  void Stop() EXCLUDES(mutex_);

  // Any thread. Answered when it is stored; UNAVAILABLE when it is not yet: it is remembered as long as this process
  // lives, but has to be told again to be sure. NOT_FOUND: there is no such account.
  void Engage(orders::Emergency command, Reply reply) EXCLUDES(mutex_);
  // A person takes it back: whatever of the account is under way, and these commands even if they come later. `may`:
  // whether it may be done and by whose word, asked on the writer's thread before anything is. Answered with whose word
  // it was.
  using Who = absl::StatusOr<std::string>;
  using MayEnd = std::function<Who(AccountMode)>;
  void End(AccountId account_id, std::vector<std::string> command_ids, std::string reason, std::string actor,
           std::function<void(const Who&)> reply, MayEnd may = nullptr);
  // Whether a deployment may be registered; `clear` takes its stop back where no command of the account is under way.
  void AskRegister(AccountId account_id, DeploymentId deployment_id, bool clear,
                   std::function<void(absl::Status)> reply);
  // The newest command of each account; never waits.
  [[nodiscard]] std::vector<EmergencyView> List() const EXCLUDES(mutex_);
  // A session to the gateway has begun: asks what it holds.
  void OnBrokerReady();

  // The writer's thread.
  void Tick();
  // A command that ends every open order is engaged, done or not.
  [[nodiscard]] bool EndsOrders(const AccountId& account_id) const;
  // Why an order may not leave while a command is under way or its deployment is stopped, if so.
  [[nodiscard]] std::optional<Rejection> Refusal(const Order& order) const;

 private:
  struct Live {
    orders::Emergency emergency;
    orders::EmergencyMemory memory;
    EmergencyView view;
    std::optional<orders::VenueView> venue;
    std::string venue_error;
    // Answers to earlier questions are not looked at.
    std::uint64_t question = 0;
    std::set<OrderId> seen;
    int withdrawn = 0;
    // Closes whose end has not been looked at, and why the last one of a symbol did not fill.
    std::map<OrderId, Symbol> closes;
    std::map<Symbol, Rejection> refused;
    std::int64_t last_look_ns = 0;
    std::int64_t next_save_ns = 0;
  };
  struct Pending {
    orders::Emergency command;
    std::vector<Reply> replies;
    std::string problem;
  };

  void TakePending() EXCLUDES(mutex_);
  absl::StatusOr<EmergencyView> Take(const orders::Emergency& command);
  absl::Status DoEnd(const AccountId& account_id, const std::vector<std::string>& command_ids,
                     const std::string& reason, const std::string& actor);
  absl::Status DoRegister(const AccountId& account_id, const DeploymentId& deployment_id, bool clear);
  void LoadStops();
  void Work(Live& live);
  orders::EmergencyFacts Look(Live& live, const orders::Account& account);
  void Act(Live& live, orders::Account& account, const orders::EmergencyStep& step);
  void Close(Live& live, orders::Account& account, const Symbol& symbol, Decimal held);
  void AskVenue(Live& live);
  void Adopt(const std::vector<HeldSwitch>& switches);
  // Keeps what the machine says, once it is stored.
  void Follow(Live& live, const orders::EmergencyStep& step);
  void Publish(const Live& live) EXCLUDES(mutex_);
  [[nodiscard]] bool UnderWay(const AccountId& account_id) const;

  EmergencyJournal& journal_;
  Venue venue_;
  Writer writer_;
  const Clock& clock_;
  Logger& log_;
  Counter& taken_;
  Counter& done_;
  Gauge& under_way_;

  // The writer's thread only.
  std::map<AccountId, Live> live_;
  // Accounts whose orders may not open risk: a command is under way, or waits to be stored.
  std::set<AccountId> held_;
  EmergencyJournal::Stopped stopped_;
  // The marks in memory are older than those stored.
  bool stops_unread_ = false;
  std::uint64_t broker_session_ = 0;
  std::int64_t next_take_ns_ = 0;

  mutable Mutex mutex_;
  std::map<std::pair<AccountId, std::string>, Pending> pending_ GUARDED_BY(mutex_);
  std::map<AccountId, EmergencyView> views_ GUARDED_BY(mutex_);
};

}  // namespace ballast
