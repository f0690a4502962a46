#include "services/api_gateway/live_model.h"

#include <iterator>
#include <set>

#include "libs/wire/event_bytes.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr std::size_t kEquityMax = 2'000;  // of one account

bool IsZero(const std::string& decimal) { return decimal.find_first_of("123456789") == std::string::npos; }

std::string PositionKey(const std::string& account_id, const std::string& symbol) { return account_id + "|" + symbol; }

// Points come oldest first; a point's time is its key, so that the same one twice is one.
std::string TimeKey(const google::protobuf::Timestamp& time) {
  return std::to_string(time.seconds()) + "." + std::to_string(time.nanos());
}

}  // namespace

std::string ToJsonText(const LiveOrder& order) {
  order::v1::Order proto;
  // It was read once already, as far as it is looked at on the way.
  (void)proto.ParseFromString(order.encoded);
  return ToJsonText(proto);
}

bool LiveModel::IsClosed(const LiveOrder& order) {
  switch (order.status) {
    case order::v1::ORDER_STATUS_DENIED:
    case order::v1::ORDER_STATUS_FILLED:
    case order::v1::ORDER_STATUS_CANCELED:
    case order::v1::ORDER_STATUS_REJECTED:
    case order::v1::ORDER_STATUS_EXPIRED:
    case order::v1::ORDER_STATUS_NEVER_ACCEPTED:
      return true;
    default:
      return false;
  }
}

void LiveModel::OnOrder(const order::v1::Order& order) {
  OnOrder(order.order_id(),
          {.sequence = order.sequence(), .status = order.status(), .encoded = order.SerializeAsString()});
}

void LiveModel::OnOrder(const std::string& order_id, LiveOrder&& order) {
  if (const LiveOrder* known = orders_.Find(order_id); known != nullptr && known->sequence > order.sequence) return;
  if (IsClosed(order))
    working_.erase(order_id);
  else
    working_.insert(order_id);
  orders_.Set(order_id, std::move(order));
}

void LiveModel::OnOrderEvent(OrderEventType type, std::string_view order) {
  if (type == OrderEventType::kPendingNew || type == OrderEventType::kDenied) ++orders_total_;
  if (order.empty()) return;
  std::optional<wire::OrderHeader> header = wire::ReadOrderHeader(order);
  if (!header) return;
  OnOrder(std::string(header->order_id),
          {.sequence = header->sequence, .status = header->status, .encoded = std::string(order)});
}

void LiveModel::OnPositions(const std::string& account_id, position::v1::StreamPositionsResponse&& update) {
  if (update.snapshot()) {
    // What the new snapshot does not have was closed while nobody listened.
    std::set<std::string> there;
    for (const auto& position : update.positions()) there.insert(PositionKey(account_id, position.symbol()));
    std::vector<position::v1::Position> gone;
    positions_.ForEach([&](const std::string& key, const position::v1::Position& position) {
      if (position.account_id() == account_id && !there.contains(key) && !IsZero(position.quantity().value()))
        gone.push_back(position);
    });
    for (position::v1::Position& position : gone) {
      position.mutable_quantity()->set_value("0");
      std::string key = PositionKey(account_id, position.symbol());
      positions_.Set(key, std::move(position));
    }
  }
  for (position::v1::Position& position : *update.mutable_positions()) {
    std::string key = PositionKey(position.account_id(), position.symbol());
    positions_.Set(key, std::move(position));
  }
  if (update.has_summary()) {
    std::string key = update.summary().account_id();
    summaries_.Set(key, std::move(*update.mutable_summary()));
  }
  for (position::v1::BookSummary& book : *update.mutable_books()) {
    std::string key = book.account_id() + "|" + book.deployment_id();
    books_.Set(key, std::move(book));
  }
  for (position::v1::Trade& trade : *update.mutable_trades()) OnTrade(std::move(trade));
  if (update.has_equity_point()) OnEquity(account_id, update.equity_point());
}

void LiveModel::OnTrade(position::v1::Trade trade) {
  std::string key = trade.trade_id();
  trades_.Set(key, std::move(trade));
}
void LiveModel::OnEquity(const std::string& account_id, position::v1::EquityPoint point) {
  point.set_account_id(account_id);
  std::string key = TimeKey(point.time());
  equity_.try_emplace(account_id, kEquityMax).first->second.Set(key, std::move(point));
}

void LiveModel::OnDeployments(strategy::v1::StreamDeploymentsResponse&& update) {
  for (strategy::v1::Deployment& deployment : *update.mutable_deployments()) {
    std::string key = deployment.deployment_id();
    deployments_.Set(key, std::move(deployment));
  }
  for (strategy::v1::Decision& decision : *update.mutable_decisions()) {
    decision.set_account_id(AccountOfDeployment(decision.deployment_id()));
    std::string key = decision.deployment_id() + "|" + std::to_string(decision.sequence());
    decisions_.Set(key, std::move(decision));
  }
}

void LiveModel::OnBacktests(backtest::v1::StreamBacktestsResponse&& update) {
  // Oldest first, so that the newest stay when the table is full.
  for (auto it = update.mutable_backtests()->rbegin(); it != update.mutable_backtests()->rend(); ++it) {
    std::string key = it->backtest_id();
    backtests_.Set(key, std::move(*it));
  }
}

void LiveModel::OnAlert(alert::v1::Alert alert) {
  std::string key = std::to_string(alert.alert_id());
  alerts_.Set(key, std::move(alert));
}
void LiveModel::OnOpenings(risk::v1::StreamOpeningsResponse&& update) {
  for (risk::v1::OpeningAnswer& answer : *update.mutable_answers()) {
    std::string key = answer.account_id() + "|" + answer.deployment_id();
    openings_.Set(key, std::move(answer));
  }
}
void LiveModel::OnRiskLost() {
  openings_.Renew([](risk::v1::OpeningAnswer& answer) {
    answer.set_opening(risk::v1::OPENING_BLOCKED);
    answer.set_message("risk does not answer: no entry is taken");
    answer.clear_blocks();
    answer.add_blocks()->set_name("risk_unavailable");
    answer.mutable_blocks(0)->set_message(answer.message());
  });
}
void LiveModel::OnInstrument(broker::v1::Instrument instrument) {
  std::string key = instrument.symbol();
  const broker::v1::Instrument* known = instruments_.Find(key);
  if (known != nullptr && known->SerializeAsString() == instrument.SerializeAsString()) return;
  instruments_.Set(key, std::move(instrument));
}
void LiveModel::OnMarket(broker::v1::StreamMarketDataResponse&& step, std::int64_t now_ns) {
  market_heard_ns_ = now_ns;
  market_step_ = step.step();
  market_time_ = step.market_time();
  market_ended_ = step.end_of_data();
  std::map<std::string, broker::v1::GetBookResponse*> books;
  for (broker::v1::GetBookResponse& book : *step.mutable_books()) books[book.symbol()] = &book;
  for (broker::v1::Quote& quote : *step.mutable_quotes()) {
    std::string key = quote.symbol();
    MarketQuote row{.step = market_step_, .market_time = market_time_, .market_silent = market_ended_};
    if (auto book = books.find(key); book != books.end()) row.book = std::move(*book->second);
    row.quote = std::move(quote);
    quotes_.Set(key, std::move(row));
  }
  CheckMarket(now_ns);
}

bool LiveModel::IsSilent(std::int64_t now_ns) const {
  return market_ended_ || !market_heard_ns_ || now_ns - *market_heard_ns_ >= kSilentNs;
}

void LiveModel::CheckMarket(std::int64_t now_ns) {
  bool silent = IsSilent(now_ns);
  if (silent == market_silent_) return;
  market_silent_ = silent;
  quotes_.Renew([&](MarketQuote& row) {
    row.market_silent = silent;
    row.market_time = market_time_;
  });
}

std::string LiveModel::MarketJson(std::int64_t now_ns) const {
  constexpr std::int64_t kNanosPerMilli = 1'000'000;
  Json json;
  json["state"] = !market_heard_ns_ ? "unknown" : market_ended_ ? "ended" : IsSilent(now_ns) ? "silent" : "live";
  bool heard = market_heard_ns_.has_value();
  json["time"] = heard ? Json(wire::FromProto(market_time_).ToString()) : Json();
  json["age_ms"] = heard ? Json((now_ns - *market_heard_ns_) / kNanosPerMilli) : Json();
  json["step"] = market_step_;
  return json.dump();
}

Json LiveModel::QuoteRow(const broker::v1::Quote& quote, std::int64_t now_ns) const {
  MarketQuote row;
  row.quote = quote;
  row.market_time = market_time_;
  row.market_silent = IsSilent(now_ns);
  return QuoteJson(row);
}

void LiveModel::OnStatus(std::string json) { status_ = std::move(json); }

void LiveModel::Trim() {
  orders_.Trim();
  positions_.Trim();
  summaries_.Trim();
  books_.Trim();
  trades_.Trim();
  for (auto& [account_id, table] : equity_) table.Trim();
  deployments_.Trim();
  decisions_.Trim();
  alerts_.Trim();
  openings_.Trim();
  instruments_.Trim();
  quotes_.Trim();
}

std::vector<LiveModel::Delta> LiveModel::Flush(bool with_quotes) {
  std::vector<Delta> deltas;
  auto add = [&](const char* topic, std::vector<std::string> rows) {
    if (!rows.empty()) deltas.push_back({topic, std::move(rows)});
  };
  add("instruments", instruments_.Flush());
  add("orders", orders_.Flush());
  add("positions", positions_.Flush());
  add("summary", summaries_.Flush());
  add("books", books_.Flush());
  add("trades", trades_.Flush());
  std::vector<std::string> points;
  for (auto& [account_id, table] : equity_) {
    std::vector<std::string> changed = table.Flush();
    points.insert(points.end(), std::make_move_iterator(changed.begin()), std::make_move_iterator(changed.end()));
  }
  add("equity", std::move(points));
  add("deployments", deployments_.Flush());
  add("decisions", decisions_.Flush());
  add("backtests", backtests_.Flush());
  add("alerts", alerts_.Flush());
  add("openings", openings_.Flush());
  if (with_quotes) add("quotes", quotes_.Flush());
  if (status_ != flushed_status_) add("status", {status_});
  flushed_status_ = status_;
  return deltas;
}

std::string LiveModel::Snapshot() const {
  std::string text = "{\"status\":" + flushed_status_;
  auto add = [&](const char* name, const std::string& rows) {
    text += ",\"";
    text += name;
    text += "\":";
    text += rows;
  };
  add("orders", orders_.Rows());
  add("positions", positions_.Rows());
  // One account's summary is what a page shows first; all of them stand beside it.
  add("summary", summaries_.RowOrNull(default_account_));
  add("summaries", summaries_.Rows());
  add("books", books_.Rows());
  add("deployments", deployments_.Rows());
  add("decisions", decisions_.Rows());
  add("backtests", backtests_.Rows());
  add("quotes", quotes_.Rows());
  add("alerts", alerts_.Rows());
  add("openings", openings_.Rows());
  add("trades", trades_.Rows());
  std::string points;
  for (const auto& [account_id, table] : equity_) {
    std::string rows = table.Rows();
    if (rows.size() <= 2) continue;
    points += (points.empty() ? "" : ",") + rows.substr(1, rows.size() - 2);
  }
  add("equity", "[" + points + "]");
  add("instruments", instruments_.Rows());
  return text + "}";
}

void LiveModel::FillStatus(gateway::v1::GetStatusResponse* status) const {
  if (const auto* summary = summaries_.Find(default_account_)) *status->mutable_summary() = *summary;
  positions_.ForEach([&](const std::string&, const position::v1::Position& position) {
    if (position.account_id() == default_account_ && !IsZero(position.quantity().value()))
      *status->add_positions() = position;
  });
  std::int64_t signals = 0;
  deployments_.ForEach([&](const std::string&, const strategy::v1::Deployment& deployment) {
    signals += deployment.signals();
    *status->add_deployments() = deployment;
  });
  status->set_signals(signals);
  status->set_orders(orders_total_);
  status->set_working_orders(static_cast<int>(working_.size()));
}

std::string LiveModel::AccountOfDeployment(const std::string& deployment_id) const {
  const auto* deployment = deployments_.Find(deployment_id);
  return deployment == nullptr ? "" : deployment->spec().account_id();
}

}  // namespace ballast
