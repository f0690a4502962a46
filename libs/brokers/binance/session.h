#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/base/rng.h"
#include "libs/broker/broker.h"
#include "libs/brokers/binance/account.h"
#include "libs/brokers/binance/answers.h"
#include "libs/brokers/binance/hosts.h"
#include "libs/brokers/binance/instruments.h"
#include "libs/brokers/binance/order_request.h"
#include "libs/brokers/binance/rate_budget.h"
#include "libs/venue/signing/binance.h"
#include "libs/venue/transport.h"

namespace ballast::binance {

struct SessionOptions {
  AccountId account_id;
  // What the account's money is counted in.
  std::string currency;
  Hosts hosts;
  // The venue's names of what is traded: "BTCUSDT". Not empty: all there is are some 3,000.
  std::vector<std::string> symbols;
  // Of the pauses between attempts, so that many sessions do not come back at once.
  std::uint64_t seed = 1;
  // Between two statements: one costs the weight of 20 and 6 for each symbol.
  Duration statement_pause = Duration::Seconds(10);
  // An order that was acknowledged, and that the account's stream does not tell of for so long: the stream is deaf.
  Duration deaf = Duration::Seconds(10);
};

// One account at Binance spot: orders over REST, what happens to them over the WebSocket API's account stream.
//
// It connects by itself: the venue's clock, its rules, the stream, and then what is open. Of what it knows to be open
// and the venue's list does not have each order is asked for, and only then it is ready. What is lost (the stream, a
// key, the venue) makes it come back later and do all of that again; what has been sent is never sent again, but a
// cancel, which may be.
class Session : public broker::VenueSession {
 public:
  // `now` is the clock in which orders are counted; the venue's is measured against it. Nothing is asked for before the
  // first Poll.
  Session(SessionOptions options, signing::BinanceSigner signer, std::unique_ptr<venue::Transport> transport,
          std::function<UtcTime()> now);

  [[nodiscard]] const broker::Capabilities& capabilities() const override;
  void Submit(const Order& intent) override;
  void Cancel(const broker::CancelIntent& intent) override;
  // Never done: the venue has none (capabilities).
  void Replace(const broker::ReplaceIntent& intent) override;
  void Query(const broker::QueryIntent& intent) override;
  std::vector<broker::Fact> Poll(UtcTime now) override;
  void AskStatement() override;
  std::vector<broker::Statement> TakeStatements() override;
  void Recall(const Order& order) override;
  [[nodiscard]] std::optional<UtcTime> NextDue() const override;

 private:
  enum class Stage : int {
    // Until retry_time_.
    kWaiting = 0,
    kClock = 1,
    kRules = 2,
    kStream = 3,
    // What is open there, and what became of the rest.
    kResync = 4,
    kReady = 5,
  };
  enum class Kind : int {
    kClock = 0,
    kRules = 1,
    kAccount = 2,
    kOpenOrders = 3,
    // What became of one that is not among them.
    kMissing = 4,
    kPlace = 5,
    kCancel = 6,
    kQuery = 7,
    kStatementAccount = 8,
    kStatementOrders = 9,
  };
  // On its way.
  struct Asked {
    Kind kind = Kind::kClock;
    // Of which attempt to connect; what is of a former one leads nowhere any more.
    std::uint64_t attempt = 0;
    UtcTime time = {};
    OrderId order_id = {};
    // kPlace.
    Order order = {};
    // kCancel.
    broker::CancelIntent cancel = {};
    int tries = 0;
    // kQuery.
    broker::QueryIntent query = {};
    std::string broker_order_id = {};
    bool first_page = true;
  };
  // What is known of an order of this account.
  struct Tracked {
    Symbol symbol;
    std::string broker_order_id;
    bool open = true;
    // The account's stream has told of it.
    bool heard = false;
    UtcTime create_time = {};
  };
  struct WantedCancel {
    broker::CancelIntent intent;
    UtcTime due = {};
    int tries = 0;
  };
  struct WantedStatement {
    std::optional<Account> account;
    std::vector<Order> orders;
    int left = 0;
    UtcTime as_of = {};
  };

  // session_connect.cc: from nothing to ready, and back.
  void Begin(UtcTime now);
  void OnClock(const Asked& asked, const venue::HttpAnswer& answer, UtcTime now);
  void OnRules(const venue::HttpAnswer& answer, UtcTime now);
  void Subscribe(UtcTime now);
  void OnSocket(const std::string& payload, UtcTime now);
  void OnEvent(const std::string& payload, UtcTime now);
  void Resync(UtcTime now);
  void OnAccount(const venue::HttpAnswer& answer, UtcTime now);
  void OnOpenList(const venue::HttpAnswer& answer, UtcTime now);
  void OnMissing(const Asked& asked, const venue::HttpAnswer& answer, UtcTime now);
  void AskMissing(UtcTime now);
  void BeReadyIfAll(UtcTime now);
  // Comes back after a pause: longer each time, and never before `not_before`.
  void Lose(const std::string& why, UtcTime now, UtcTime not_before = {});
  // What a problem means for the session itself.
  void Heed(const Problem& problem, UtcTime now);
  [[nodiscard]] bool Failed(const venue::HttpAnswer& answer, const char* what, UtcTime now);
  void CheckTimes(UtcTime now);

  // session_answers.cc: what orders hear.
  void On(const venue::HttpAnswer& answer, UtcTime now);
  void OnCancelAnswer(const Asked& asked, const venue::HttpAnswer& answer, UtcTime now);
  void OnQueryAnswer(const Asked& asked, const venue::HttpAnswer& answer, UtcTime now);
  void OnStatementPart(const Asked& asked, const venue::HttpAnswer& answer, UtcTime now);
  void Tell(broker::Fact fact);
  void TellAll(std::vector<broker::Fact> facts);
  void Note(const broker::Fact& fact);

  // session.cc
  void SendCancels(UtcTime now);
  void SendQueries(UtcTime now);
  void Ask(Asked asked, Lane lane, Request request, UtcTime now, bool is_signed = true);
  [[nodiscard]] UtcTime VenueTime(UtcTime now) const { return now + offset_; }
  [[nodiscard]] const Tracked* Find(const OrderId& id) const;
  Tracked& Track(const OrderId& id);
  [[nodiscard]] Symbol SymbolOf(const OrderId& id) const;

  const SessionOptions options_;
  const signing::BinanceSigner signer_;
  const std::unique_ptr<venue::Transport> transport_;
  const std::function<UtcTime()> now_;
  Rng rng_;

  Stage stage_ = Stage::kWaiting;
  std::uint64_t attempt_ = 0;
  // Losses since it was ready for a while.
  int losses_ = 0;
  UtcTime retry_time_;
  UtcTime ready_time_;
  // Without progress until then the attempt has failed.
  UtcTime deadline_;
  // The venue's clock is so much ahead of ours.
  Duration offset_;
  UtcTime clock_time_;
  // A signed request was refused for its time: none is sent until the clock is measured.
  bool clock_wrong_ = false;
  int not_sent_in_a_row_ = 0;

  std::vector<Listing> listings_;
  Symbols symbols_;
  RateBudget budget_;

  std::uint64_t socket_ = 0;
  std::uint64_t last_socket_ = 0;
  bool subscribed_ = false;
  bool account_seen_ = false;
  bool list_seen_ = false;
  // Not among what is open, to be asked for; and of those that were asked for.
  std::set<OrderId> missing_;
  std::set<OrderId> missing_asked_;

  std::uint64_t last_call_ = 0;
  std::map<std::uint64_t, Asked> calls_;
  std::map<OrderId, Tracked> tracked_;
  std::deque<OrderId> ended_;
  // Acknowledged, and not told of by the stream: since when.
  std::map<OrderId, UtcTime> unheard_;
  std::map<OrderId, WantedCancel> cancels_;
  std::deque<broker::QueryIntent> queries_;
  // Each is asked once at a time.
  std::set<std::pair<OrderId, VenueQuestion>> asking_;

  UtcTime statement_time_;
  std::optional<WantedStatement> statement_;
  std::vector<broker::Fact> heard_;
  std::vector<broker::Statement> statements_;
};

}  // namespace ballast::binance
