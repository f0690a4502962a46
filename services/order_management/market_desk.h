#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/model/market.h"
#include "libs/platform/thread/mutex.h"
#include "services/order_management/held_desk.h"
#include "services/order_management/shard_floor.h"

namespace ballast {

// The market at one moment.
struct MarketStep {
  std::vector<Quote> quotes;
  UtcTime market_time;
  // The market waits until `done`: what the step makes of the orders held here has reached the venue.
  bool lockstep = false;
  // The newest report of each account that the venue had made before the step.
  std::map<AccountId, std::uint64_t> execution_sequences;
  std::function<void()> done = {};
};

// Lets the orders that wait here look at the market: trailing and other emulated triggers follow it and go out when it
// reaches them, what waits for the open goes out in the order in which it came, and what has a date or a day ends with
// it. The writer's thread only, but for Put and watching.
class MarketDesk {
 public:
  MarketDesk(ShardFloor& floor, BrokerDesk& broker, HeldDesk& held) : floor_(floor), broker_(broker), held_(held) {}

  // Some order, or somebody who asked for a price, waits for the market. Any thread.
  [[nodiscard]] bool watching() const { return watching_; }
  // Any thread. Steps that come faster than turns are made are one: the newest quote of each instrument counts. True:
  // Take has to be called in a turn.
  bool Put(MarketStep step) EXCLUDES(mutex_);
  void Take() EXCLUDES(mutex_);
  void OnInstruments(std::vector<Instrument> instruments);
  // Null: its terms are not known (yet).
  [[nodiscard]] const Instrument* Find(const Symbol& symbol) const;
  // The market's price as the next step that has it says; nothing until then. Once it was given it is looked for anew.
  std::optional<Decimal> TakeMark(const Symbol& symbol);
  void OnLost() EXCLUDES(mutex_);

  // Before the first turn: what waits.
  void Recover();
  // What has just been decided.
  void See(const OrderEvent& event);
  // Goes on with a step that had to wait for the venue's reports.
  void Work();

 private:
  using Key = std::pair<AccountId, OrderId>;

  static void Merge(MarketStep& into, MarketStep step);
  void SetWatched(const Order& order);
  void SetWatching() { watching_ = !watched_.empty() || !marks_.empty(); }
  [[nodiscard]] bool HasCome(const MarketStep& step) const;
  void Look(const MarketStep& step);
  // It is over at `market_time`, or was before.
  [[nodiscard]] std::optional<Rejection> Ended(const Order& order, UtcTime market_time, bool before);
  // False: it has ended.
  bool Expire(orders::Account& account, const Order& order, UtcTime market_time, bool before);
  void Watch(orders::Account& account, const Order& order, const Quote& quote);
  [[nodiscard]] const Instrument* Of(const Order& order) const;

  ShardFloor& floor_;
  BrokerDesk& broker_;
  HeldDesk& held_;
  std::atomic<bool> watching_ = false;
  Mutex mutex_;
  std::optional<MarketStep> put_ GUARDED_BY(mutex_);

  std::map<Symbol, Instrument> instruments_;
  std::set<Key> watched_;
  // Prices that somebody has asked for, where they have come.
  std::map<Symbol, std::optional<Decimal>> marks_;
  // When the day of a DAY order ends, from the first quote it has looked at.
  std::map<OrderId, UtcTime> days_;
  std::optional<MarketStep> step_;
  bool looked_ = false;
  // Sent by this step; the market waits until the venue has them.
  std::vector<Key> fired_;
};

}  // namespace ballast
