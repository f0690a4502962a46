#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "libs/orders/protection.h"
#include "services/order_management/market_desk.h"
#include "services/order_management/order_desk.h"
#include "services/order_management/protection_journal.h"
#include "services/order_management/shard_floor.h"

namespace ballast {

// Numbers of ballast.order.v1.
enum class ProtectionState : int {
  kNone = 1,
  kArming = 2,
  kLive = 3,
  kMissing = 4,
  kFlattening = 5,
  kSuspended = 6,
};

// The position of one book and what protects it.
struct ProtectionView {
  struct Leg {
    OrderId order_id;
    std::optional<Decimal> price;
    Decimal quantity;
    bool live = false;
    bool held_here = false;
  };
  AccountId account_id;
  Symbol symbol;
  DeploymentId deployment_id;
  Decimal held;
  std::optional<Decimal> entry_price;
  std::optional<orders::StopPolicy> policy;
  bool by_default = false;
  ProtectionState state = ProtectionState::kNone;
  UtcTime state_time;
  std::optional<Leg> stop;
  std::optional<Leg> target;
  std::string message;
  Decimal own_stop_quantity;
  Decimal own_target_quantity;
};

// Sees to it that every open position with a stop policy has live protection of the right quantity: asks
// orders::JudgeProtection after each fact about its account and after a restart, and carries the answer out in the
// commit that has the fact. Needs the log and the gateway; risk is not asked, for all of it only reduces. What stays
// without protection for longer than kArmNs is told (UNPROTECTED) and, where its policy says so, closed at the market.
// The writer's thread only.
class ProtectionDesk {
 public:
  // From when a position should have protection to when it must.
  static constexpr std::int64_t kArmNs = 5'000'000'000;
  // RETRY_THEN_FLATTEN: until it is closed.
  static constexpr std::int64_t kRetryNs = 15'000'000'000;
  // Between two tries after one that was refused.
  static constexpr std::int64_t kPauseNs = 1'000'000'000;

  ProtectionDesk(ShardFloor& floor, BrokerDesk& broker, OrderDesk& orders, MarketDesk& market)
      : floor_(floor), broker_(broker), orders_(orders), market_(market) {}

  // Before the first turn, both. Null journal: no policies are kept, and none can be set.
  void SetJournal(ProtectionJournal* journal) { journal_ = journal; }
  void SetEmergency(const EmergencyDesk* emergency) { emergency_ = emergency; }
  absl::Status Recover();

  // In force once OK is answered. NOT_FOUND: no such account or deployment.
  absl::Status Set(StopPolicyEntry entry);
  struct Answer {
    std::vector<StopPolicyEntry> policies;
    std::vector<ProtectionView> protections;
  };
  [[nodiscard]] absl::StatusOr<Answer> List(const AccountId& account_id);

  // What has just been decided.
  void See(const OrderEvent& event);
  // Judges the accounts something has happened to.
  void Work();
  // Looks at the clock, and at those that wait.
  void Tick(std::int64_t now_ns);

 private:
  using BookKey = orders::BookKey;
  using Key = std::tuple<AccountId, Symbol, DeploymentId>;
  using PolicyKey = std::tuple<AccountId, Symbol, std::optional<DeploymentId>>;
  // What is remembered of a book between two looks; nothing in it has to be durable.
  struct Watch {
    ProtectionState state = ProtectionState::kNone;
    UtcTime state_time;
    std::string message;
    // Since when protection is wanted and not there; 0: it is there.
    std::int64_t since_ns = 0;
    // Nothing is placed before.
    std::int64_t pause_until_ns = 0;
    int refusals = 0;
    // Of the last one.
    std::string refusal;
    bool told = false;
    bool flattening = false;
    OrderId flatten_id;
  };

  [[nodiscard]] const StopPolicyEntry* PolicyFor(const AccountId& account, const BookKey& book) const;
  void Judge(orders::Account& account);
  // `exposed.held` zero: the book is flat.
  void JudgeBook(orders::Account& account, const BookKey& book, const orders::Exposed& exposed,
                 std::vector<const Order*> own);
  void Act(orders::Account& account, const BookKey& book, Watch& watch,
           const std::vector<orders::ProtectionAction>& actions);
  void Place(const orders::Account& account, const BookKey& book, const orders::ProtectionAction& action);
  void Cancel(orders::Account& account, const OrderId& id);
  void Wait(orders::Account& account, const BookKey& book, const orders::StopPolicy& policy, Decimal held,
            Watch& watch);
  void Flatten(orders::Account& account, const BookKey& book, Decimal held, Watch& watch);
  void Tell(orders::Account& account, const BookKey& book, OrderEventType type, const std::string& why);
  void SetState(Watch& watch, ProtectionState state, std::string message);
  [[nodiscard]] std::map<BookKey, std::vector<const Order*>> OwnOrders(const orders::Account& account) const;

  ShardFloor& floor_;
  BrokerDesk& broker_;
  OrderDesk& orders_;
  MarketDesk& market_;
  ProtectionJournal* journal_ = nullptr;
  const EmergencyDesk* emergency_ = nullptr;
  std::map<PolicyKey, StopPolicyEntry> policies_;
  // Accounts with a policy, or with orders of ours: no other is looked at.
  std::set<AccountId> guarded_;
  std::set<AccountId> due_;
  std::map<Key, Watch> watches_;
  // Orders of ours that could not be replaced.
  std::set<OrderId> unreplaceable_;
  std::int64_t last_look_ns_ = 0;
};

}  // namespace ballast
