#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/broker/order_desk.h"
#include "libs/brokers/binance/capabilities.h"
#include "libs/brokers/binance/client_order_id.h"
#include "libs/brokers/binance/session.h"
#include "libs/venue/testing/scripted_transport.h"

namespace ballast::binance::testing {

inline constexpr const char* kSecret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
inline constexpr const char* kOne = "o00000000000000000000000001";
inline constexpr const char* kTwo = "o00000000000000000000000002";

// What is true at the venue, and the answers that follow from it.
class Truth {
 public:
  struct Made {
    std::int64_t id = 0;
    Decimal quantity;
  };
  struct Known {
    Order order;
    std::int64_t number = 0;
    bool taken = false;
    std::string ended;
    std::vector<Made> trades;

    [[nodiscard]] Decimal traded() const {
      Decimal sum;
      for (const Made& trade : trades) sum += trade.quantity;
      return sum;
    }
    [[nodiscard]] std::string status() const {
      if (!ended.empty()) return ended;
      if (traded() == order.quantity) return "FILLED";
      return traded().IsZero() ? "NEW" : "PARTIALLY_FILLED";
    }
    [[nodiscard]] bool open() const { return taken && (status() == "NEW" || status() == "PARTIALLY_FILLED"); }
  };

  Duration clock_ahead;
  bool may_trade = true;
  bool simulator = false;
  int account_error = 0;

  void Know(const Order& order) {
    orders_.try_emplace(order.order_id.value(),
                        Known{.order = order, .number = static_cast<std::int64_t>(28 + orders_.size())});
  }
  void Take(const std::string& id) { orders_.at(id).taken = true; }
  void End(const std::string& id, const std::string& status) { orders_.at(id).ended = status; }
  void Trade(const std::string& id, std::int64_t trade, const char* quantity) {
    orders_.at(id).trades.push_back({.id = trade, .quantity = Decimal::Of(quantity)});
  }

  [[nodiscard]] venue::HttpAnswer Answer(const venue::HttpCall& call, UtcTime now) {
    const std::string path = call.target.substr(0, call.target.find('?'));
    if (path == "/api/v3/time") {
      venue::HttpAnswer answer = Ok(call, R"({"serverTime":)" + Millis(now + clock_ahead) + "}");
      if (simulator) answer.headers.emplace_back(kSimulatorHeader, "binance");
      return answer;
    }
    if (path == "/api/v3/exchangeInfo") return Ok(call, Rules());
    if (path == "/api/v3/account") {
      if (account_error != 0) return Error(call, 401, account_error, "no");
      return Ok(call, std::string(R"({"canTrade":)") + (may_trade ? "true" : "false") +
                          R"(,"balances":[{"asset":"USDT","free":"900","locked":"100"},
                          {"asset":"BTC","free":"3","locked":"0"}]})");
    }
    if (path == "/api/v3/openOrders") {
      std::string list;
      for (const auto& [id, known] : orders_) {
        if (known.open()) list += (list.empty() ? "" : ",") + Record(known);
      }
      return Ok(call, "[" + list + "]");
    }
    if (path == "/api/v3/myTrades") return Ok(call, Trades(call.target));
    const std::string& text = call.method == "POST" ? call.body : call.target;
    for (const auto& [id, known] : orders_) {
      if (text.find(*Encode({.order_id = OrderId(id)})) == std::string::npos) continue;
      if (call.method == "POST") return Ok(call, Placed(known));
      if (!known.taken) return Error(call, 400, call.method == "GET" ? -2013 : -2011, "Order does not exist.");
      return Ok(call, call.method == "GET" ? Record(known) : Canceled(known));
    }
    return Error(call, 400, call.method == "GET" ? -2013 : -2011, "Order does not exist.");
  }
  static venue::HttpAnswer Ok(const venue::HttpCall& call, std::string body) {
    return {.id = call.id, .outcome = venue::Outcome::kAnswered, .status = 200, .body = std::move(body)};
  }
  static venue::HttpAnswer Error(const venue::HttpCall& call, int status, int code, const std::string& text) {
    return {.id = call.id,
            .outcome = venue::Outcome::kAnswered,
            .status = status,
            .body = "{\"code\":" + std::to_string(code) + ",\"msg\":\"" + text + "\"}"};
  }

  [[nodiscard]] std::string ReportOfNew(const std::string& id) const {
    const Known& known = orders_.at(id);
    return Report(known, "NEW", "NEW", "0", "0", -1);
  }
  [[nodiscard]] std::string ReportOfTrade(const std::string& id, std::int64_t trade) const {
    const Known& known = orders_.at(id);
    Decimal sum;
    for (const auto& each : known.trades) {
      sum += each.quantity;
      if (each.id != trade) continue;
      return Report(known, "TRADE", sum == known.order.quantity ? "FILLED" : "PARTIALLY_FILLED",
                    each.quantity.ToString(), sum.ToString(), trade);
    }
    return "";
  }
  static std::string ForeignTrade() {
    return R"({"subscriptionId":0,"event":{"e":"executionReport","E":1,"s":"BTCUSDT","c":"web_1","S":"BUY","o":"MARKET","f":"GTC",)"
           R"("q":"1","p":"0","C":"","x":"TRADE","X":"FILLED","r":"NONE","i":99,"l":"1","z":"1","L":"100","n":"0","N":null,)"
           R"("T":1700000000000,"t":7,"w":false,"m":false}})";
  }

 private:
  static std::string Millis(UtcTime time) { return std::to_string(time.nanos / 1'000'000); }
  static std::string Rules() {
    return R"({"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000}],
      "symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","baseAssetPrecision":8,
      "quotePrecision":8,"isSpotTradingAllowed":true,"icebergAllowed":true,"filters":[
      {"filterType":"PRICE_FILTER","minPrice":"0.01","maxPrice":"1000000","tickSize":"0.01"},
      {"filterType":"LOT_SIZE","minQty":"0.00001","maxQty":"9000","stepSize":"0.00001"}]}]})";
  }
  static std::string ClientId(const Known& known) { return *Encode({.order_id = known.order.order_id}); }
  static std::string Head(const Known& known) {
    return R"("symbol":"BTCUSDT","orderId":)" + std::to_string(known.number) + R"(,"origQty":")" +
           known.order.quantity.ToString() + R"(","executedQty":")" + known.traded().ToString() + R"(","status":")" +
           known.status() + R"(","price":"100","type":"LIMIT","timeInForce":"GTC","side":"BUY")";
  }
  static std::string Record(const Known& known) {
    return "{" + Head(known) + R"(,"clientOrderId":")" + ClientId(known) + "\"}";
  }
  static std::string Canceled(const Known& known) {
    return "{" + Head(known) + R"(,"origClientOrderId":")" + ClientId(known) + R"(","clientOrderId":"x"})";
  }
  static std::string Placed(const Known& known) {
    std::string fills;
    for (const auto& trade : known.trades) {
      fills += std::string(fills.empty() ? "" : ",") + R"({"price":"100","qty":")" + trade.quantity.ToString() +
               R"(","commission":"0.1","commissionAsset":"USDT","tradeId":)" + std::to_string(trade.id) + "}";
    }
    return "{" + Head(known) + R"(,"clientOrderId":")" + ClientId(known) +
           R"(","transactTime":1700000000000,"fills":[)" + fills + "]}";
  }
  [[nodiscard]] std::string Trades(const std::string& target) const {
    std::string list;
    for (const auto& [id, known] : orders_) {
      if (target.find("orderId=" + std::to_string(known.number) + "&") == std::string::npos &&
          target.find("orderId=") != std::string::npos)
        continue;
      for (const auto& trade : known.trades) {
        list += std::string(list.empty() ? "" : ",") + R"({"symbol":"BTCUSDT","id":)" + std::to_string(trade.id) +
                R"(,"orderId":)" + std::to_string(known.number) + R"(,"price":"100","qty":")" +
                trade.quantity.ToString() + R"(","commission":"0.1","commissionAsset":"USDT","time":1700000000000,)" +
                R"("isBuyer":true,"isMaker":false})";
      }
    }
    return "[" + list + "]";
  }
  static std::string Report(const Known& known, const char* execution, const std::string& status,
                            const std::string& last, const std::string& sum, std::int64_t trade) {
    return R"({"subscriptionId":0,"event":{"e":"executionReport","E":1,"s":"BTCUSDT","c":")" + ClientId(known) +
           R"(","S":"BUY","o":"LIMIT","f":"GTC","q":")" + known.order.quantity.ToString() +
           R"(","p":"100","C":"","x":")" + execution + R"(","X":")" + status + R"(","r":"NONE","i":)" +
           std::to_string(known.number) + R"(,"l":")" + last + R"(","z":")" + sum +
           R"(","L":"100","n":"0.1","N":"USDT","T":1700000000000,"t":)" + std::to_string(trade) +
           R"(,"w":true,"m":false}})";
  }

  std::map<std::string, Known> orders_;
};

// A session and the desk that it serves, on one clock, with a network that a test answers for.
class World {
 public:
  enum class System : int { kReal = 0, kSimulator = 1 };
  explicit World(System configured) : World(std::vector<std::string>{"BTCUSDT"}, configured) {}
  explicit World(std::vector<std::string> symbols = {"BTCUSDT"}, System configured = System::kReal) {
    auto network = std::make_unique<venue::ScriptedTransport>();
    net_ = network.get();
    session = std::make_unique<Session>(SessionOptions{.account_id = AccountId("binance"),
                                                       .currency = "USDT",
                                                       .hosts = {.rest = "https://rest",
                                                                 .stream = "wss://stream",
                                                                 .socket_api = "wss://socket",
                                                                 .simulator = configured == System::kSimulator},
                                                       .symbols = std::move(symbols)},
                                        *signing::BinanceSigner::Of("key", Secret(kSecret)), std::move(network),
                                        [this] { return now; });
  }

  UtcTime now{1'700'000'000'000'000'000};
  Truth venue;
  std::unique_ptr<Session> session;
  broker::OrderDesk desk{AccountId("binance"), SpotCapabilities(), 0, broker::OrderDesk::Keeping::kUntilForgotten};
  int placed = 0;

  venue::ScriptedTransport& net() { return *net_; }
  [[nodiscard]] broker::SessionState::State state() const { return state_.state; }
  [[nodiscard]] const std::string& detail() const { return state_.detail; }

  [[nodiscard]] Order OrderOf(const std::string& id) const {
    Order order;
    order.order_id = OrderId(id);
    order.account_id = AccountId("binance");
    order.symbol = Symbol("BTC-USDT");
    order.side = Side::kBuy;
    order.type = OrderType::kLimit;
    order.time_in_force = TimeInForce::kGtc;
    order.quantity = Decimal::FromInt(2);
    order.limit_price = Decimal::FromInt(100);
    order.create_time = now;
    return order;
  }
  void Place(const std::string& id) {
    venue.Know(OrderOf(id));
    desk.Take(OrderOf(id), now);
    Turn();
  }
  void Cancel(const std::string& id) {
    desk.Cancel(OrderId(id), now);
    Turn();
  }

  // The session and the desk do what they have to do now.
  void Turn() {
    for (int i = 0; i < 3; ++i) {
      for (const broker::Fact& fact : session->Poll(now)) {
        if (const auto* state = std::get_if<broker::SessionState>(&fact)) state_ = *state;
        desk.Hear(fact, now);
      }
      desk.OnTime(now);
      for (broker::Execution& execution : desk.TakeBatch().executions) told_.push_back(std::move(execution));
      broker::OrderDesk::Sends sends = desk.TakeSends(now);
      for (const Order& order : sends.submit) {
        ++placed;
        session->Submit(order);
      }
      for (const broker::CancelIntent& cancel : sends.cancel) session->Cancel(cancel);
      for (const broker::QueryIntent& query : sends.query) session->Query(query);
    }
  }
  void Give(venue::HttpAnswer answer) { net_->says.emplace_back(std::move(answer)); }
  void GiveError(const venue::HttpCall& call, int status, int code, const std::string& text) {
    Give(Truth::Error(call, status, code, text));
  }
  void Lost(const venue::HttpCall& call) {
    Give({.id = call.id, .outcome = venue::Outcome::kUnknown, .problem = "no answer in time"});
  }
  void Stream(std::string text) {
    net_->says.emplace_back(venue::SocketMessage{.socket = net_->opened.back().socket, .payload = std::move(text)});
  }
  void OpenSocket() {
    net_->says.emplace_back(venue::SocketOpened{.socket = net_->opened.back().socket});
    Turn();
  }
  void CloseSocket() {
    net_->says.emplace_back(venue::SocketClosed{.socket = net_->opened.back().socket, .why = "gone"});
  }
  void Subscribed() {
    Stream(R"({"id":"u)" + std::to_string(net_->opened.back().socket) +
           R"(","status":200,"result":{"subscriptionId":0}})");
    Turn();
  }
  // All that is asked now is answered as it is at the venue; what is then asked is not.
  void AnswerAll() {
    std::deque<venue::HttpCall> calls = std::exchange(net_->calls, {});
    for (const venue::HttpCall& call : calls) Give(venue.Answer(call, now));
    Turn();
  }
  // Until nothing is asked any more.
  void Settle() {
    Turn();
    for (int i = 0; i < 20 && !net_->calls.empty(); ++i) AnswerAll();
  }
  // From wherever it is to ready, or to where it fails.
  void Connect() {
    Turn();
    const std::size_t before = net_->opened.size();
    for (int i = 0; i < 5 && net_->opened.size() == before; ++i) AnswerAll();
    if (net_->opened.size() == before) return;
    OpenSocket();
    Subscribed();
    Settle();
  }
  // The oldest call to that path that nobody has answered.
  [[nodiscard]] venue::HttpCall CallOf(const std::string& path) const {
    for (const venue::HttpCall& call : net_->calls) {
      if (call.target.substr(0, call.target.find('?')) == path) return call;
    }
    ADD_FAILURE() << "nobody has asked for " << path;
    return {};
  }
  venue::HttpCall TakeCall(const std::string& path) {
    venue::HttpCall call = CallOf(path);
    std::erase_if(net_->calls, [&](const venue::HttpCall& each) { return each.id == call.id; });
    return call;
  }
  // What order management hears of an order, in its order.
  [[nodiscard]] std::string Told(const std::string& id) const {
    std::string text;
    for (const broker::Execution& execution : told_) {
      if (execution.order_id.value() == id) text += (text.empty() ? "" : " ") + NameOf(execution.type);
    }
    return text;
  }

 private:
  static std::string NameOf(broker::ExecutionType type) {
    using Type = broker::ExecutionType;
    switch (type) {
      case Type::kNew:
        return "NEW";
      case Type::kTrade:
        return "TRADE";
      case Type::kCanceled:
        return "CANCELED";
      case Type::kRejected:
        return "REJECTED";
      case Type::kExpired:
        return "EXPIRED";
      case Type::kCancelRejected:
        return "CANCEL_REJECTED";
      case Type::kStatusUnknown:
        return "UNKNOWN";
      case Type::kNotSent:
        return "NOT_SENT";
      case Type::kNeverAccepted:
        return "NEVER_ACCEPTED";
      default:
        return std::to_string(static_cast<int>(type));
    }
  }
  venue::ScriptedTransport* net_ = nullptr;
  broker::SessionState state_;
  std::vector<broker::Execution> told_;
};

}  // namespace ballast::binance::testing
