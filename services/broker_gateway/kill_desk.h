#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/clock.h"
#include "libs/base/decimal.h"
#include "libs/platform/log/log.h"
#include "libs/platform/thread/mutex.h"
#include "services/broker_gateway/kill_command.h"

namespace ballast {

// The gateway's kill switches: kept in a file of their own, obeyed by the engine, told to whoever asks. Any thread.
// They need nobody: no database, no other service, and not the engine either.
class KillDesk {
 public:
  // What the venue holds of an account, as the engine saw it.
  struct View {
    int open_orders = 0;
    int cancels_sent = 0;
    std::map<Symbol, Decimal> positions;
    // Orders to be cancelled are open, or their reports are not stored.
    bool cancel_pending = false;
    std::string detail;
  };
  struct Switch {
    // The newest engaged one of the account or of all accounts; cancel_all if any of them says so.
    KillCommand command;
    View view;
  };

  KillDesk(std::string path, const Clock& clock, Logger& log) : path_(std::move(path)), clock_(clock), log_(log) {}

  // No file: nothing was ever engaged. One that cannot be read: engaged for every account.
  void Load();

  // Blocks for the disk. Engages at once and whatever comes; UNAVAILABLE: it is not on the disk. RESOURCE_EXHAUSTED:
  // too many are engaged already.
  [[nodiscard]] absl::Status Engage(KillCommand command) EXCLUDES(writing_, mutex_);
  // The command is let go, or with an empty id every one of the account; never before it is on the disk: UNAVAILABLE.
  [[nodiscard]] absl::Status Release(const AccountId& account_id, const std::string& command_id)
      EXCLUDES(writing_, mutex_);

  // Any switch is engaged.
  [[nodiscard]] bool any() const { return any_.load(std::memory_order_acquire); }
  // Grows with every change.
  [[nodiscard]] std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  // Whether the account's switch is engaged, its own or that of every account.
  [[nodiscard]] std::optional<KillCommand> Held(const AccountId& account_id) const EXCLUDES(mutex_);

  // The same of the account's own switch (none: that of every account), and of one command of it (empty: of any).
  [[nodiscard]] bool IsEngaged(const AccountId& account_id, const std::string& command_id) const EXCLUDES(mutex_);
  // By the engine: the accounts there are with real money.
  void SetRealMoney(std::set<AccountId> accounts) EXCLUDES(mutex_);
  // Whether the account has real money; none: whether any has.
  [[nodiscard]] bool HoldsRealMoney(const AccountId& account_id) const EXCLUDES(mutex_);

  // By the engine, while any is engaged: what the venue holds of every account, as it is obeyed up to `version`.
  void Show(std::uint64_t version, std::map<AccountId, View> views) EXCLUDES(mutex_);
  // Up to `timeout_ns` for the engine to have heard of every command and to have nothing pending of the account.
  void Await(const AccountId& account_id, std::int64_t timeout_ns) EXCLUDES(mutex_);

  // Engaged or not.
  [[nodiscard]] Switch Get(const AccountId& account_id) const EXCLUDES(mutex_);
  // Those that are engaged: of every account first.
  [[nodiscard]] std::vector<Switch> List() const EXCLUDES(mutex_);

 private:
  [[nodiscard]] absl::Status Save(const std::vector<KillCommand>& commands);
  [[nodiscard]] std::optional<KillCommand> Find(const AccountId& account_id) const REQUIRES(mutex_);
  [[nodiscard]] View ViewOf(const AccountId& account_id, const std::optional<KillCommand>& held) const REQUIRES(mutex_);
  // Takes over what is said from now on.
  void Adopt(std::vector<KillCommand> commands) EXCLUDES(mutex_);

  const std::string path_;
  const Clock& clock_;
  Logger& log_;
  // Before mutex_. Who holds it may wait for the disk; who asks whether a switch is engaged never does.
  Mutex writing_;
  // What is in memory is not on the disk.
  bool unsaved_ GUARDED_BY(writing_) = false;
  mutable Mutex mutex_;
  CondVar shown_;
  // In the order they came.
  std::vector<KillCommand> commands_ GUARDED_BY(mutex_);
  std::map<AccountId, View> views_ GUARDED_BY(mutex_);
  std::set<AccountId> real_money_ GUARDED_BY(mutex_);
  std::uint64_t shown_version_ GUARDED_BY(mutex_) = 0;
  std::atomic<bool> any_ = false;
  std::atomic<std::uint64_t> version_ = 0;
};

}  // namespace ballast
