#include "services/api_gateway/live_model.h"

namespace ballast {
namespace {

bool IsZero(const std::string& decimal) { return decimal.find_first_of("123456789") == std::string::npos; }

std::string PositionKey(const std::string& account_id, const std::string& symbol) { return account_id + "|" + symbol; }

// Points come oldest first; a point's time is its key, so that the same one twice is one.
std::string TimeKey(const google::protobuf::Timestamp& time) {
  return std::to_string(time.seconds()) + "." + std::to_string(time.nanos());
}

}  // namespace

bool LiveModel::IsClosed(const order::v1::Order& order) {
  switch (order.status()) {
    case order::v1::ORDER_STATUS_DENIED:
    case order::v1::ORDER_STATUS_FILLED:
    case order::v1::ORDER_STATUS_CANCELED:
    case order::v1::ORDER_STATUS_REJECTED:
    case order::v1::ORDER_STATUS_EXPIRED:
      return true;
    default:
      return false;
  }
}

void LiveModel::OnOrder(order::v1::Order order) {
  std::string key = order.order_id();
  if (const order::v1::Order* known = orders_.Find(key); known != nullptr && known->sequence() > order.sequence())
    return;
  if (IsClosed(order))
    working_.erase(key);
  else
    working_.insert(key);
  orders_.Set(key, std::move(order));
}

void LiveModel::OnOrderEvent(const order::v1::OrderEvent& event) {
  if (event.type() == order::v1::ORDER_EVENT_TYPE_PENDING_NEW || event.type() == order::v1::ORDER_EVENT_TYPE_DENIED) {
    ++orders_total_;
  }
  if (event.has_order()) OnOrder(event.order());
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
  // Points do not say whose they are; the curve shown is the default account's.
  if (update.has_equity_point() && account_id == default_account_) OnEquity(update.equity_point());
}

void LiveModel::OnTrade(position::v1::Trade trade) {
  std::string key = trade.trade_id();
  trades_.Set(key, std::move(trade));
}
void LiveModel::OnEquity(const position::v1::EquityPoint& point) { equity_.Set(TimeKey(point.time()), point); }

void LiveModel::OnDeployments(strategy::v1::StreamDeploymentsResponse&& update) {
  for (strategy::v1::Deployment& deployment : *update.mutable_deployments()) {
    std::string key = deployment.deployment_id();
    deployments_.Set(key, std::move(deployment));
  }
  for (strategy::v1::Decision& decision : *update.mutable_decisions()) {
    std::string key = decision.deployment_id() + "|" + std::to_string(decision.sequence());
    decisions_.Set(key, std::move(decision));
  }
}

void LiveModel::OnAlert(alert::v1::Alert alert) {
  std::string key = std::to_string(alert.alert_id());
  alerts_.Set(key, std::move(alert));
}
void LiveModel::OnInstrument(broker::v1::Instrument instrument) {
  std::string key = instrument.symbol();
  const broker::v1::Instrument* known = instruments_.Find(key);
  if (known != nullptr && known->SerializeAsString() == instrument.SerializeAsString()) return;
  instruments_.Set(key, std::move(instrument));
}
void LiveModel::OnQuote(broker::v1::Quote quote) {
  std::string key = quote.symbol();
  quotes_.Set(key, std::move(quote));
}
void LiveModel::OnStatus(std::string json) { status_ = std::move(json); }

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
  add("equity", equity_.Flush());
  add("deployments", deployments_.Flush());
  add("decisions", decisions_.Flush());
  add("alerts", alerts_.Flush());
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
  add("quotes", quotes_.Rows());
  add("alerts", alerts_.Rows());
  add("trades", trades_.Rows());
  add("equity", equity_.Rows());
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
