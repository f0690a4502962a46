#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/utc_time.h"
#include "libs/venue/json.h"
#include "libs/venue_simulator/binance/access.h"
#include "libs/venue_simulator/binance/keys.h"
#include "libs/venue_simulator/binance/operations.h"
#include "libs/venue_simulator/faults.h"
#include "libs/venue_simulator/market_maker.h"

// Binance Spot as its documents describe it (binance/binance-spot-api-docs, a5e0bc3 of 2026-07-21), written from them
// and from no client: it is what clients are held against.
namespace ballast::venue_simulator::binance {

struct Question {
  std::string method;
  // "/api/v3/order", as sent.
  std::string path;
  // Encoded, as sent; without "?".
  std::string query;
  std::string body;
  // X-MBX-APIKEY.
  std::string api_key;
  // X-MBX-TIME-UNIT: MICROSECOND.
  bool micros = false;
  std::string remote;
};

struct Answer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // Nothing is answered: the connection closes.
  bool dropped = false;
  Duration delay;
};

// What goes out on a WebSocket, not before `due`.
struct Outgoing {
  std::uint64_t socket = 0;
  std::string text;
  // Instead of a text.
  bool close = false;
  UtcTime due;
};

// The whole venue without its sockets: one thread, time passed in. Calls change it at once; what follows for others is
// in TakeOutgoing.
class Venue {
 public:
  explicit Venue(std::uint64_t seed);

  // Lists a symbol with the bounds of its rules, and a history of bars before `now`.
  void List(Instrument instrument, Decimal price, UtcTime now);

  Answer Ask(const Question& question, UtcTime now);

  // "/ws-api/v3", "/ws", "/ws/<streams>", "/stream".
  [[nodiscard]] static bool HasSocket(std::string_view path);
  // `socket`: the caller's number, never used before. `query` decoded.
  void Open(std::uint64_t socket, std::string_view path, const Parameters& query, std::string remote, UtcTime now);
  void Receive(std::uint64_t socket, std::string_view text, UtcTime now);
  void Closed(std::uint64_t socket);
  // How many streams of accounts are listened to.
  [[nodiscard]] std::int64_t subscriptions() const;
  // Closes those of account streams, or all.
  void Disconnect(bool account_streams_only, UtcTime now);

  // Moves the market on; to be called every 50 ms or so.
  void Advance(UtcTime now);
  // Tells those who listen what has happened; after a change made past this class.
  void Pump(UtcTime now);
  // Those that are due, in order.
  std::vector<Outgoing> TakeOutgoing(UtcTime now);

  Market& market() { return market_; }
  MarketMaker& maker() { return maker_; }
  KeyBook& keys() { return keys_; }
  Faults& faults() { return faults_; }

 private:
  enum class Channel : int { kApi = 0, kStreams = 1, kCombined = 2 };
  struct Socket {
    Channel channel = Channel::kStreams;
    TimeUnit unit;
    std::string remote;
    std::set<std::string, std::less<>> streams;
    // Of the WebSocket API.
    std::string api_key;
    bool rate_limits = true;
    std::map<std::int64_t, AccountId> subscriptions;
    std::int64_t subscriptions_made = 0;
    // The one that ends with the session; -1: none.
    std::int64_t session_subscription = -1;
    UtcTime connected;
    UtcTime authorized;
  };
  // What changed in a book since it was last told at this speed.
  struct Diff {
    Book::Changed changed;
    std::uint64_t told = 1;
  };
  struct Told {
    Diff fast;
    Diff slow;
    BookLevel bid;
    BookLevel ask;
    std::uint64_t partial_fast = 0;
    std::uint64_t partial_slow = 0;
  };
  enum class Fate : int { kDone = 0, kLost = 1 };

  [[nodiscard]] UtcTime ServerTime(UtcTime now) const { return now + Duration::Millis(faults_.clock_skew_ms); }
  // The faults and limits that come before everything else.
  std::optional<Refused> Gate(const Operation& operation, const std::string& remote, UtcTime now);
  // Runs it with the faults of orders around it.
  Fate Run(const Operation& operation, const Call& call, const std::string& remote, Reply* reply, UtcTime now);
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> UsageHeaders(const std::string& remote,
                                                                              AccountId account, UtcTime now) const;

  // The WebSocket API.
  void ReceiveCall(std::uint64_t id, Socket& socket, std::string_view text, UtcTime now);
  Fate RunSocketCall(Socket& socket, std::string_view method, const Parameters& parameters, UtcTime now, Reply* reply,
                     AccountId* account, std::int64_t* retry_after);
  std::optional<Reply> RunSession(Socket& socket, std::string_view method, const Parameters& parameters, UtcTime now);
  std::optional<Failure> AuthenticateSocket(const Socket& socket, const Parameters& parameters, UtcTime now,
                                            const ApiKey** key);
  [[nodiscard]] std::string RateLimits(const Socket& socket, AccountId account, UtcTime now) const;

  // Market streams.
  void ReceiveControl(std::uint64_t id, Socket& socket, std::string_view text, UtcTime now);
  [[nodiscard]] bool IsStream(std::string_view name) const;
  void TellStream(const std::string& stream, const std::string& json, UtcTime now);
  void TellTrade(const std::string& symbol, const Print& print, UtcTime now);
  void TellBooks(bool slow, UtcTime now);
  void TellQuote(const std::string& symbol, Told& told, UtcTime now);
  void TellSeconds(UtcTime now);
  [[nodiscard]] bool Wanted(std::string_view stream) const;

  // Account streams.
  void TellAccount(AccountId account, const Event& event, UtcTime now);
  void Push(std::uint64_t socket, std::string text, UtcTime due);

  Market market_;
  MarketMaker maker_;
  KeyBook keys_;
  Faults faults_;
  Limits limits_;
  Rng rng_;
  std::map<std::uint64_t, Socket> sockets_;
  std::map<std::string, Told, std::less<>> told_;
  std::vector<Outgoing> outgoing_;
  UtcTime next_step_;
  UtcTime next_fast_;
  UtcTime next_slow_;
};

}  // namespace ballast::venue_simulator::binance
