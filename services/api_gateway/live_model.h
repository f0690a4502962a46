#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "ballast/alert/v1/alert_service.pb.h"
#include "ballast/backtest/v1/backtest_service.pb.h"
#include "ballast/broker/v1/market_data_service.pb.h"
#include "ballast/gateway/v1/gateway_service.pb.h"
#include "ballast/order/v1/order.pb.h"
#include "ballast/position/v1/position_service.pb.h"
#include "ballast/risk/v1/risk_service.pb.h"
#include "ballast/strategy/v1/strategy_service.pb.h"
#include "libs/model/order.h"
#include "services/api_gateway/json.h"
#include "services/api_gateway/market_quote.h"

namespace ballast {

// An order as it came; read only for who looks at it.
struct LiveOrder {
  std::uint64_t sequence = 0;
  int status = 0;
  std::string encoded;
};
std::string ToJsonText(const LiveOrder& order);

// The newest row of each key, in order of first sight. A change is seen by Flush first and in Rows from then on, so
// rows and what was flushed so far always say the same.
template <typename Proto>
class LiveTable {
 public:
  // At most `rows_max` rows stay; `may_go` (none: all) says which old ones may go.
  explicit LiveTable(std::size_t rows_max, bool (*may_go)(const Proto&) = nullptr)
      : rows_max_(rows_max), may_go_(may_go) {}

  void Set(const std::string& key, Proto proto) {
    auto [it, fresh] = rows_.try_emplace(key);
    if (fresh) order_.push_back(key);
    it->second.proto = std::move(proto);
    Touch(key, it->second);
  }
  [[nodiscard]] const Proto* Find(const std::string& key) const {
    auto found = rows_.find(key);
    return found == rows_.end() ? nullptr : &found->second.proto;
  }
  template <typename Function>
  void ForEach(Function function) const {
    for (const std::string& key : order_) function(key, rows_.at(key).proto);
  }

  // What changed since the last time, as JSON texts.
  std::vector<std::string> Flush() {
    std::vector<std::string> changed;
    changed.reserve(dirty_.size());
    for (const std::string& key : dirty_) {
      auto found = rows_.find(key);
      if (found == rows_.end() || !found->second.dirty) continue;  // gone since
      Row& row = found->second;
      row.dirty = false;
      row.json = ToJsonText(row.proto);
      changed.push_back(row.json);
    }
    dirty_.clear();
    dirty_rows_ = 0;
    Trim();
    return changed;
  }
  // Makes room as Flush does, and makes no JSON: what nobody has seen goes unseen.
  void Trim() {
    for (auto it = order_.begin(); rows_.size() > rows_max_ && it != order_.end();) {
      auto row = rows_.find(*it);
      if (may_go_ == nullptr || may_go_(row->second.proto)) {
        dirty_rows_ -= row->second.dirty ? 1 : 0;
        rows_.erase(row);
        it = order_.erase(it);
      } else {
        ++it;
      }
    }
    if (dirty_.size() <= 2 * dirty_rows_) return;
    // Each key once: a row that went and came back is named twice.
    std::erase_if(dirty_, [this](const std::string& key) {
      auto row = rows_.find(key);
      return row == rows_.end() || !std::exchange(row->second.dirty, false);
    });
    for (const std::string& key : dirty_) rows_.at(key).dirty = true;
  }
  // All rows are told again, changed by `change`.
  template <typename Function>
  void Renew(Function change) {
    for (const std::string& key : order_) {
      Row& row = rows_.at(key);
      change(row.proto);
      Touch(key, row);
    }
  }
  // Everything flushed, as a JSON list.
  [[nodiscard]] std::string Rows() const {
    std::string text = "[";
    for (const std::string& key : order_) {
      const std::string& json = rows_.at(key).json;
      if (json.empty()) continue;
      if (text.size() > 1) text += ',';
      text += json;
    }
    return text + "]";
  }
  // The flushed row; "null" when there is none.
  [[nodiscard]] std::string RowOrNull(const std::string& key) const {
    auto found = rows_.find(key);
    return found == rows_.end() || found->second.json.empty() ? "null" : found->second.json;
  }

 private:
  struct Row {
    Proto proto;
    std::string json;
    // Its key is in dirty_.
    bool dirty = false;
  };
  void Touch(const std::string& key, Row& row) {
    if (row.dirty) return;
    row.dirty = true;
    ++dirty_rows_;
    dirty_.push_back(key);
  }
  const std::size_t rows_max_;
  bool (*const may_go_)(const Proto&);
  std::unordered_map<std::string, Row> rows_;
  std::deque<std::string> order_;
  // In order of their change; also keys of rows that are gone.
  std::vector<std::string> dirty_;
  std::size_t dirty_rows_ = 0;
};

// What the dashboard shows, fed by the streams. No threads, no clock: its owner locks.
class LiveModel {
 public:
  struct Delta {
    const char* topic;
    std::vector<std::string> rows;
  };

  explicit LiveModel(std::string default_account) : default_account_(std::move(default_account)) {}

  // An older state of an order than the one known is ignored.
  void OnOrder(const order::v1::Order& order);
  // A new account event, of which `order` is the encoded order (empty: none): counts new orders.
  void OnOrderEvent(OrderEventType type, std::string_view order);
  // Orders there were before the stream began.
  void AddOrderCount(std::int64_t orders) { orders_total_ += orders; }
  void OnPositions(const std::string& account_id, position::v1::StreamPositionsResponse&& update);
  void OnTrade(position::v1::Trade trade);
  void OnEquity(const std::string& account_id, position::v1::EquityPoint point);
  void OnDeployments(strategy::v1::StreamDeploymentsResponse&& update);
  void OnBacktests(backtest::v1::StreamBacktestsResponse&& update);
  void OnAlert(alert::v1::Alert alert);
  void OnOpenings(risk::v1::StreamOpeningsResponse&& update);
  // Without risk's word nothing may be opened.
  void OnRiskLost();
  void OnInstrument(broker::v1::Instrument instrument);
  // A step of the market, or its sign of life, heard at `now_ns` (monotonic).
  void OnMarket(broker::v1::StreamMarketDataResponse&& step, std::int64_t now_ns);
  // Tells the quotes again when the market fell silent or speaks again.
  void CheckMarket(std::int64_t now_ns);
  // "market" of a heartbeat: what prices are worth now.
  [[nodiscard]] std::string MarketJson(std::int64_t now_ns) const;
  // A quote that came another way, judged as those of the stream.
  [[nodiscard]] Json QuoteRow(const broker::v1::Quote& quote, std::int64_t now_ns) const;
  // JSON text of the status row.
  void OnStatus(std::string json);

  // Keeps the tables small while nobody looks.
  void Trim();
  // Everything that changed, by topic; quotes only when asked for.
  std::vector<Delta> Flush(bool with_quotes);
  // The "data" of a snapshot.
  [[nodiscard]] std::string Snapshot() const;
  // Summary, positions, deployments and counts into a status.
  void FillStatus(gateway::v1::GetStatusResponse* status) const;
  [[nodiscard]] std::string AccountOfDeployment(const std::string& deployment_id) const;

 private:
  // No step and no sign of life for so long: the market is not there.
  static constexpr std::int64_t kSilentNs = 3'000'000'000;
  static bool IsClosed(const LiveOrder& order);
  void OnOrder(const std::string& order_id, LiveOrder&& order);
  [[nodiscard]] bool IsSilent(std::int64_t now_ns) const;

  const std::string default_account_;
  LiveTable<LiveOrder> orders_{200, &LiveModel::IsClosed};
  LiveTable<position::v1::Position> positions_{2000};
  LiveTable<position::v1::AccountSummary> summaries_{100};
  LiveTable<position::v1::BookSummary> books_{1000};
  LiveTable<position::v1::Trade> trades_{100};
  std::map<std::string, LiveTable<position::v1::EquityPoint>> equity_;  // by account
  LiveTable<strategy::v1::Deployment> deployments_{1000};
  LiveTable<strategy::v1::Decision> decisions_{200};
  LiveTable<backtest::v1::Backtest> backtests_{100};
  LiveTable<alert::v1::Alert> alerts_{200};
  LiveTable<risk::v1::OpeningAnswer> openings_{1000};
  LiveTable<broker::v1::Instrument> instruments_{2000};
  LiveTable<MarketQuote> quotes_{2000};
  std::uint64_t market_step_ = 0;
  google::protobuf::Timestamp market_time_;
  std::optional<std::int64_t> market_heard_ns_;
  bool market_ended_ = false;
  bool market_silent_ = false;
  std::unordered_set<std::string> working_;
  std::int64_t orders_total_ = 0;
  std::string status_ = "null";
  std::string flushed_status_ = "null";
};

}  // namespace ballast
