#include "services/api_gateway/feeds.h"

#include <grpcpp/client_context.h>

#include <chrono>
#include <set>

#include "libs/platform/grpc/channel.h"
#include "libs/wire/event_bytes.h"

namespace ballast {
namespace {

constexpr int kPage = 500;
// So many orders are counted at the start; a longer history shows as at least this many.
constexpr int kPagesMax = 40;
constexpr int kOrdersShown = 200;
constexpr int kTradesShown = 100;
constexpr int kAlertsShown = 200;
constexpr int kEquityShown = 1000;

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
}

// The messages as bytes: an order is read only once somebody looks.
void OpenRaw(grpc::Channel& channel, grpc::ClientContext* context, const order::v1::StreamOrderEventsRequest& request,
             grpc::ClientReadReactor<grpc::ByteBuffer>* reactor) {
  grpc::internal::RpcMethod method("/ballast.order.v1.OrderService/StreamOrderEvents",
                                   grpc::internal::RpcMethod::SERVER_STREAMING);
  grpc::internal::ClientCallbackReaderFactory<grpc::ByteBuffer>::Create(&channel, method, context, &request, reactor);
}

}  // namespace

Feeds::Feeds(const Peers& peers, StreamHub& hub, const Clock& clock, Logger& log, std::string default_account)
    : peers_(peers),
      hub_(hub),
      log_(log),
      default_account_(std::move(default_account)),
      instruments_([this] { return LoadInstruments(); }, clock),
      orders_(OrderCallbacks()),
      deployments_(DeploymentCallbacks()),
      backtest_service_(backtest::v1::BacktestService::NewStub(peers.strategy.channel)),
      backtests_(BacktestCallbacks()),
      alerts_(AlertCallbacks()),
      risk_(risk::v1::RiskService::NewStub(MakeChannel(peers.risk.address))),
      openings_(OpeningCallbacks()),
      market_(MarketCallbacks()) {}

Feeds::~Feeds() { Stop(); }

void Feeds::Start() {
  orders_.Start();
  deployments_.Start();
  backtests_.Start();
  alerts_.Start();
  openings_.Start();
  market_.Start();
  AddAccount(default_account_);
}

void Feeds::Stop() {
  orders_.Stop();
  deployments_.Stop();
  backtests_.Stop();
  alerts_.Stop();
  openings_.Stop();
  market_.Stop();
  std::map<std::string, std::unique_ptr<Positions>> positions;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    positions.swap(positions_);
  }
  for (auto& [account_id, reader] : positions) reader->Stop();
}

void Feeds::AddAccount(const std::string& account_id) {
  MutexLock lock(mutex_);
  if (stopped_) return;
  auto [it, fresh] = positions_.try_emplace(account_id);
  if (!fresh) return;
  it->second = std::make_unique<Positions>(PositionCallbacks(account_id));
  it->second->Start();
}

Feeds::Orders::Callbacks Feeds::OrderCallbacks() {
  return {.open =
              [this](grpc::ClientContext* context, auto* reactor) {
                order::v1::StreamOrderEventsRequest request;
                request.set_relaxed(true);
                request.set_omit_checks(true);
                request.set_from_head(true);
                for (const auto& [account_id, sequence] : cursors_)
                  (*request.mutable_after_sequences())[account_id] = sequence;
                auto kept = std::make_shared<const order::v1::StreamOrderEventsRequest>(std::move(request));
                OpenRaw(*peers_.orders.channel, context, *kept, reactor);
                return kept;
              },
          .on_message =
              [this](grpc::ByteBuffer& message) {
                // The stream is open, so whatever the list misses comes by it.
                if (!orders_loaded_ && !LoadOrders()) return false;
                orders_loaded_ = true;
                grpc::Slice bytes;
                if (!message.DumpToSingleSlice(&bytes).ok()) return false;
                std::string_view rest(reinterpret_cast<const char*>(bytes.begin()), bytes.size());
                return hub_.With([&](LiveModel& model) { return TakeEvents(rest, model); });
              },
          .on_disconnected = nullptr};
}

bool Feeds::TakeEvents(std::string_view message, LiveModel& model) {
  std::string others;
  std::vector<std::string_view> events;
  if (!wire::SplitEvents(message, &events, &others)) return false;
  for (std::string_view encoded : events) {
    std::optional<wire::EventHeader> event = wire::ReadHeader(encoded);
    if (!event) {
      // Asked for again it would be the same, and hold up what everybody sees. What it did comes with the next event of
      // its order.
      log_.Error("feed.event_unreadable", {{"bytes", std::to_string(encoded.size())}});
      continue;
    }
    std::uint64_t& cursor = cursors_[std::string(event->account_id)];
    if (event->sequence <= cursor) continue;
    cursor = event->sequence;
    model.OnOrderEvent(event->type, event->order);
  }
  order::v1::StreamOrderEventsResponse heads;
  if (!heads.ParseFromString(others)) return false;
  for (const auto& [account_id, sequence] : heads.head_sequences()) {
    std::uint64_t& cursor = cursors_[account_id];
    cursor = std::max(cursor, sequence);
  }
  return true;
}

bool Feeds::LoadOrders() {
  std::vector<order::v1::Order> newest;
  std::int64_t count = 0;
  order::v1::ListOrdersRequest request;
  request.set_page_size(kPage);
  for (int page = 0; page < kPagesMax; ++page) {
    grpc::ClientContext context;
    SetDeadline(context);
    order::v1::ListOrdersResponse response;
    grpc::Status status = peers_.orders.stub->ListOrders(&context, request, &response);
    if (!status.ok()) {
      log_.Warning("feed.orders_unreadable", {{"error", status.error_message()}});
      return false;
    }
    count += response.orders_size();
    for (order::v1::Order& order : *response.mutable_orders()) {
      if (newest.size() < kOrdersShown) newest.push_back(std::move(order));
    }
    if (response.next_page_token().empty()) break;
    request.set_page_token(response.next_page_token());
  }
  order::v1::ListOrdersRequest working;
  working.set_working_only(true);
  working.set_page_size(kPage);
  grpc::ClientContext context;
  SetDeadline(context);
  order::v1::ListOrdersResponse open;
  grpc::Status status = peers_.orders.stub->ListOrders(&context, working, &open);
  if (!status.ok()) return false;
  hub_.With([&](LiveModel& model) {
    // Oldest first, so that the newest stay when the table is full.
    for (auto it = open.mutable_orders()->rbegin(); it != open.mutable_orders()->rend(); ++it)
      model.OnOrder(std::move(*it));
    for (auto it = newest.rbegin(); it != newest.rend(); ++it) model.OnOrder(std::move(*it));
    model.AddOrderCount(count);
  });
  return true;
}

Feeds::Positions::Callbacks Feeds::PositionCallbacks(const std::string& account_id) {
  return {.open =
              [this, account_id](grpc::ClientContext* context, auto* reactor) {
                position::v1::StreamPositionsRequest request;
                request.set_account_id(account_id);
                auto kept = std::make_shared<const position::v1::StreamPositionsRequest>(std::move(request));
                peers_.positions.stub->async()->StreamPositions(context, kept.get(), reactor);
                return kept;
              },
          .on_message =
              [this, account_id](position::v1::StreamPositionsResponse& response) {
                if (response.snapshot()) LoadHistory(account_id);
                hub_.With([&](LiveModel& model) { model.OnPositions(account_id, std::move(response)); });
                response.Clear();
                return true;
              },
          .on_disconnected = nullptr};
}

void Feeds::LoadHistory(const std::string& account_id) {
  position::v1::ListTradesRequest trades_request;
  trades_request.set_account_id(account_id);
  trades_request.set_page_size(kTradesShown);
  position::v1::ListTradesResponse trades;
  grpc::ClientContext trades_context;
  SetDeadline(trades_context);
  if (peers_.positions.stub->ListTrades(&trades_context, trades_request, &trades).ok()) {
    hub_.With([&](LiveModel& model) {
      for (auto it = trades.mutable_trades()->rbegin(); it != trades.mutable_trades()->rend(); ++it)
        model.OnTrade(std::move(*it));
    });
  }
  position::v1::ListEquityPointsRequest equity_request;
  equity_request.set_account_id(account_id);
  equity_request.set_limit(kEquityShown);
  position::v1::ListEquityPointsResponse equity;
  grpc::ClientContext equity_context;
  SetDeadline(equity_context);
  if (peers_.positions.stub->ListEquityPoints(&equity_context, equity_request, &equity).ok()) {
    hub_.With([&](LiveModel& model) {
      for (const position::v1::EquityPoint& point : equity.points()) model.OnEquity(account_id, point);
    });
  }
}

Feeds::Deployments::Callbacks Feeds::DeploymentCallbacks() {
  return {.open =
              [this](grpc::ClientContext* context, auto* reactor) {
                auto kept = std::make_shared<const strategy::v1::StreamDeploymentsRequest>();
                peers_.strategy.stub->async()->StreamDeployments(context, kept.get(), reactor);
                return kept;
              },
          .on_message =
              [this](strategy::v1::StreamDeploymentsResponse& response) {
                hub_.With([&](LiveModel& model) { model.OnDeployments(std::move(response)); });
                response.Clear();
                return true;
              },
          .on_disconnected = nullptr};
}

Feeds::Backtests::Callbacks Feeds::BacktestCallbacks() {
  return {.open =
              [this](grpc::ClientContext* context, auto* reactor) {
                auto kept = std::make_shared<const backtest::v1::StreamBacktestsRequest>();
                backtest_service_->async()->StreamBacktests(context, kept.get(), reactor);
                return kept;
              },
          .on_message =
              [this](backtest::v1::StreamBacktestsResponse& response) {
                hub_.With([&](LiveModel& model) { model.OnBacktests(std::move(response)); });
                response.Clear();
                return true;
              },
          .on_disconnected = nullptr};
}

Feeds::Alerts::Callbacks Feeds::AlertCallbacks() {
  return {.open =
              [this](grpc::ClientContext* context, auto* reactor) {
                alert::v1::StreamAlertsRequest request;
                // Each time anew: old alerts may have been acknowledged while the stream was down.
                request.set_after_alert_id(LoadAlerts());
                auto kept = std::make_shared<const alert::v1::StreamAlertsRequest>(std::move(request));
                peers_.alerts.stub->async()->StreamAlerts(context, kept.get(), reactor);
                return kept;
              },
          .on_message =
              [this](alert::v1::StreamAlertsResponse& response) {
                hub_.With([&](LiveModel& model) {
                  for (alert::v1::Alert& alert : *response.mutable_alerts()) model.OnAlert(std::move(alert));
                });
                response.Clear();
                return true;
              },
          .on_disconnected = nullptr};
}

std::uint64_t Feeds::LoadAlerts() {
  alert::v1::ListAlertsRequest request;
  request.set_page_size(kAlertsShown);
  alert::v1::ListAlertsResponse response;
  grpc::ClientContext context;
  SetDeadline(context);
  if (!peers_.alerts.stub->ListAlerts(&context, request, &response).ok()) return 0;
  std::uint64_t newest = 0;
  hub_.With([&](LiveModel& model) {
    for (auto it = response.mutable_alerts()->rbegin(); it != response.mutable_alerts()->rend(); ++it) {
      newest = std::max(newest, it->alert_id());
      model.OnAlert(std::move(*it));
    }
  });
  return newest;
}

Feeds::Openings::Callbacks Feeds::OpeningCallbacks() {
  return {.open =
              [this](grpc::ClientContext* context, auto* reactor) {
                auto kept = std::make_shared<const risk::v1::StreamOpeningsRequest>();
                risk_->async()->StreamOpenings(context, kept.get(), reactor);
                return kept;
              },
          .on_message =
              [this](risk::v1::StreamOpeningsResponse& response) {
                hub_.With([&](LiveModel& model) { model.OnOpenings(std::move(response)); });
                response.Clear();
                return true;
              },
          .on_disconnected = [this](const absl::Status&) { hub_.With([](LiveModel& model) { model.OnRiskLost(); }); }};
}

Feeds::Market::Callbacks Feeds::MarketCallbacks() {
  return {.open = [this](grpc::ClientContext* context,
                         auto* reactor) { peers_.market.stub->async()->StreamMarketData(context, reactor); },
          .on_open =
              [this](const std::function<void(broker::v1::StreamMarketDataRequest)>& send) {
                instruments_.Want();
                broker::v1::StreamMarketDataRequest request;
                request.mutable_subscribe()->set_subscriber("gateway");
                request.mutable_subscribe()->set_books(true);
                send(std::move(request));
              },
          .on_message =
              [this](broker::v1::StreamMarketDataResponse& step) {
                instruments_.Retry();
                hub_.OnMarket(std::move(step));
                step.Clear();
                return true;
              },
          .on_disconnected = [](const absl::Status&) {}};
}

bool Feeds::LoadInstruments() {
  broker::v1::ListInstrumentsResponse response;
  grpc::ClientContext context;
  SetDeadline(context);
  if (!peers_.market.stub->ListInstruments(&context, {}, &response).ok()) return false;
  hub_.With([&](LiveModel& model) {
    for (broker::v1::Instrument& instrument : *response.mutable_instruments())
      model.OnInstrument(std::move(instrument));
  });
  return true;
}

}  // namespace ballast
