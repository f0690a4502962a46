#include "services/broker_gateway/engine.h"

#include <algorithm>
#include <chrono>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr std::size_t kBatchMax = 500;
constexpr std::int64_t kSaveNs = 1'000'000'000;
constexpr int kResendPage = 500;

}  // namespace

Engine::Engine(Options options, BrokerStore& store, const Clock& clock, Logger& log, Metrics& metrics,
               RedisCache& redis, std::function<void(const std::string&)> fail)
    : options_(std::move(options)),
      store_(store),
      clock_(clock),
      log_(log),
      redis_(redis),
      fail_(std::move(fail)),
      instruments_(market::SimulatedInstruments()),
      venue_(instruments_, {}),
      simulator_(options_.seed),
      steps_(metrics.GetCounter("ballast_market_steps_total", "steps of the market", {})),
      executions_(metrics.GetCounter("ballast_broker_executions_total", "executions told", {})),
      session_gauge_(metrics.GetGauge("ballast_broker_order_session", "1 while order management is connected", {})) {}

Engine::~Engine() { Drain(); }

absl::Status Engine::Recover() {
  RETURN_IF_ERROR(store_.Fence());
  RETURN_IF_ERROR(store_.LoadBroker(venue_));
  RETURN_IF_ERROR(store_.LoadMarket(simulator_));
  ASSIGN_OR_RETURN(session_epoch_, store_.LoadEpoch());
  if (simulator_.step() == 0) {
    // A first start has a past: bars and indicators are warm at once.
    constexpr std::int64_t kPastSteps = 4'800;
    UtcTime now = clock_.Now();
    for (std::int64_t i = kPastSteps; i > 0; --i) {
      UtcTime time = now - Duration::Millis(i * options_.tick_ms);
      for (const Quote& quote : simulator_.Step(time)) {
        for (Bar& bar : bar_builder_.Add(quote.symbol, time, quote.last_price, quote.bid_size)) {
          if (bar.timeframe != "1s") unsaved_bars_.push_back(std::move(bar));
        }
      }
    }
    RETURN_IF_ERROR(store_.SaveMarket(simulator_, unsaved_bars_));
    unsaved_bars_.clear();
  }
  StepMarket();  // orders that come first find a market
  log_.Info("broker.recovered", {{"orders", std::to_string(venue_.orders().size())},
                                 {"market_step", std::to_string(simulator_.step())}});
  return absl::OkStatus();
}

void Engine::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void Engine::Drain() {
  inbox_.Close();
  if (thread_.joinable()) thread_.join();
  if (session_) session_->Close(grpc::Status(grpc::UNAVAILABLE, "the broker gateway is stopping"));
  for (Subscriber& subscriber : subscribers_) {
    subscriber.sender->Close(grpc::Status(grpc::UNAVAILABLE, "the broker gateway is stopping"));
  }
  session_.reset();
  subscribers_.clear();
}

bool Engine::Instruct(broker::v1::OrderSessionRequest request, std::shared_ptr<OrderSender> session) {
  return inbox_.TryPush([this, request = std::move(request), session = std::move(session)] { Handle(request, session); });
}

bool Engine::Subscribe(broker::v1::Subscribe request, std::shared_ptr<MarketSender> session) {
  return inbox_.TryPush([this, request = std::move(request), session = std::move(session)] {
    broker::v1::StreamMarketDataResponse first;
    first.set_step(simulator_.step());
    wire::ToProto(market_time_, first.mutable_market_time());
    Subscriber subscriber{session,
                          {request.symbols().begin(), request.symbols().end()},
                          {request.timeframes().begin(), request.timeframes().end()}};
    for (const Instrument& instrument : instruments_) {
      const Quote* quote = venue_.FindQuote(instrument.symbol);
      if (quote != nullptr) wire::ToProto(*quote, first.add_quotes());
    }
    session->Push(std::move(first));
    subscribers_.push_back(std::move(subscriber));
  });
}

bool Engine::Ask(std::function<void(const Engine&)> question) {
  return inbox_.TryPush([this, question = std::move(question)] {
    after_commit_.push_back([this, question] { question(*this); });
  });
}

void Engine::Loop() {
  std::int64_t tick_ns = options_.tick_ms * 1'000'000;
  std::int64_t next_step = clock_.MonotonicNanos();
  while (!inbox_.closed()) {
    std::int64_t now = clock_.MonotonicNanos();
    if (now >= next_step) {
      StepMarket();
      next_step = std::max(next_step + tick_ns, now);  // what was missed is not made up for: quotes are about now
    }
    for (Task& task : inbox_.PopBatch(kBatchMax, std::max<std::int64_t>(next_step - clock_.MonotonicNanos(), 0))) task();
    CommitAndTell();
    if (clock_.MonotonicNanos() - last_save_ns_ > kSaveNs) SaveMarket();
  }
  for (Task& task : inbox_.PopBatch(50'000, 0)) task();
  CommitAndTell();
  SaveMarket();
}

void Engine::Handle(const broker::v1::OrderSessionRequest& request, const std::shared_ptr<OrderSender>& session) {
  if (request.has_hello()) {
    Hello(request.hello(), session);
    return;
  }
  if (session != session_) {
    session->Close(grpc::Status(grpc::FAILED_PRECONDITION, "another session has taken over"));
    return;
  }
  if (request.has_new_order()) {
    New(request.new_order());
  } else if (request.has_cancel()) {
    venue_.Cancel(AccountId(request.cancel().account_id()), OrderId(request.cancel().order_id()), market_time_);
  } else if (request.has_open_account()) {
    auto cash = wire::FromProto(request.open_account().opening_cash(), "opening_cash");
    if (cash.ok()) venue_.OpenAccount(AccountId(request.open_account().account_id()), request.open_account().currency(), *cash);
  }
}

void Engine::Hello(const broker::v1::OrderSessionHello& hello, const std::shared_ptr<OrderSender>& session) {
  if (hello.epoch() < session_epoch_) {
    session->Close(grpc::Status(grpc::FAILED_PRECONDITION, "a newer order manager is known"));
    return;
  }
  if (absl::Status saved = store_.SaveEpoch(hello.epoch()); !saved.ok()) {
    session->Close(grpc::Status(grpc::UNAVAILABLE, MessageOf(saved)));
    return;
  }
  CommitAndTell();
  session_epoch_ = hello.epoch();
  if (session_) session_->Close(grpc::Status(grpc::ABORTED, "a newer session has taken over"));
  session_ = session;
  broker::v1::OrderSessionResponse ready;
  ready.mutable_ready();
  std::vector<broker::v1::OrderSessionResponse> stored;
  for (const auto& [account, after] : hello.after_execution_sequences()) {
    const paper::Ledger* ledger = venue_.FindLedger(AccountId(account));
    if (ledger == nullptr) continue;
    (*ready.mutable_ready()->mutable_head_execution_sequences())[account] = ledger->execution_sequence;
    std::uint64_t cursor = after;
    while (cursor < ledger->execution_sequence) {
      auto page = store_.LoadExecutions(AccountId(account), cursor, kResendPage);
      if (!page.ok() || page->empty()) {
        session_->Close(grpc::Status(grpc::UNAVAILABLE, "stored reports cannot be read now"));
        session_.reset();
        return;
      }
      broker::v1::OrderSessionResponse response;
      for (broker::v1::ExecutionReport& report : *page) {
        cursor = report.execution_sequence();
        *response.mutable_reports()->add_reports() = std::move(report);
      }
      stored.push_back(std::move(response));
    }
  }
  // The stored reports go first: when order management hears "ready", it knows everything that was told before.
  for (broker::v1::OrderSessionResponse& response : stored) session_->Push(std::move(response));
  session_->Push(std::move(ready));
  session_gauge_.Set(1);
  log_.Info("broker.session_open", {{"epoch", std::to_string(session_epoch_)}});
}

// Small, and apart from risk: what must hold even if everything before it is wrong.
std::optional<Rejection> Engine::LastCheck(const Order& order) const {
  std::int64_t age_ms = (clock_.Now() - order.create_time).nanos / 1'000'000;
  if (age_ms > options_.intent_age_ms_max) {
    return Rejection{.reason = RejectReason::kStaleIntent, .check = "intent_age",
                     .limit = std::to_string(options_.intent_age_ms_max), .observed = std::to_string(age_ms),
                     .message = "the order is too old to be sent"};
  }
  const Quote* quote = venue_.FindQuote(order.symbol);
  if (quote == nullptr || !order.quantity.IsPositive()) return std::nullopt;  // the venue says why
  // The cap first: it also keeps the product below within range.
  Decimal price = order.limit_price ? std::max(*order.limit_price, quote->ask_price) : quote->ask_price;
  Decimal quantity_max = Divide(options_.notional_max, price, Rounding::kDown);
  if (order.quantity > quantity_max) {
    return Rejection{.reason = RejectReason::kGatewayCheck, .check = "notional_cap", .limit = options_.notional_max.ToString(),
                     .observed = order.quantity.ToString() + " x " + price.ToString(),
                     .message = "the gateway's cap on an order's notional is exceeded"};
  }
  if (order.limit_price) {
    Decimal reach = Multiply(quote->last_price, options_.collar_ratio, Rounding::kUp);
    bool through = order.side == Side::kBuy ? *order.limit_price > quote->ask_price + reach
                                            : *order.limit_price < quote->bid_price - reach;
    if (through) {
      return Rejection{.reason = RejectReason::kGatewayCheck, .check = "price_collar", .limit = options_.collar_ratio.ToString(),
                       .observed = order.limit_price->ToString(), .message = "the limit price is too far through the market"};
    }
  }
  return std::nullopt;
}

void Engine::New(const broker::v1::NewOrder& request) {
  auto order = wire::FromProto(request.order());
  if (!order.ok()) {
    log_.Critical("broker.order_unreadable", {{"error", order.status().ToString()}});
    return;
  }
  if (venue_.Find(order->order_id) != nullptr) return;  // its reports are stored and were sent or will be resent
  if (std::optional<Rejection> refusal = LastCheck(*order)) {
    venue_.Reject(*order, *refusal, market_time_);
  } else {
    venue_.Submit(*order, market_time_);
  }
}

void Engine::StepMarket() {
  market_time_ = clock_.Now();
  steps_.Increment();
  broker::v1::StreamMarketDataResponse all;
  std::vector<Bar> bars;
  for (const Quote& quote : simulator_.Step(market_time_)) {
    venue_.OnQuote(quote, market_time_);
    for (Bar& bar : bar_builder_.Add(quote.symbol, market_time_, quote.last_price, quote.bid_size)) {
      bars.push_back(std::move(bar));
    }
    wire::ToProto(quote, all.add_quotes());
    redis_.HashSet("ballast:quotes", quote.symbol.value(),
                   quote.bid_price.ToString() + " " + quote.ask_price.ToString() + " " + quote.last_price.ToString() + " " +
                       std::to_string(quote.quote_time.nanos));
  }
  CommitAndTell();  // executions of this step before the step itself
  all.set_step(simulator_.step());
  wire::ToProto(market_time_, all.mutable_market_time());
  std::erase_if(subscribers_, [](const Subscriber& subscriber) { return subscriber.sender->done(); });
  for (const Subscriber& subscriber : subscribers_) {
    broker::v1::StreamMarketDataResponse step = all;
    auto wants = [](const std::vector<std::string>& list, const std::string& item) {
      return std::find(list.begin(), list.end(), item) != list.end();
    };
    if (!subscriber.symbols.empty()) {
      step.clear_quotes();
      for (const auto& quote : all.quotes()) {
        if (wants(subscriber.symbols, quote.symbol())) *step.add_quotes() = quote;
      }
    }
    for (const Bar& bar : bars) {
      if (wants(subscriber.timeframes, bar.timeframe) &&
          (subscriber.symbols.empty() || wants(subscriber.symbols, bar.symbol.value()))) {
        wire::ToProto(bar, step.add_bars());
      }
    }
    subscriber.sender->Push(std::move(step));
  }
  for (Bar& bar : bars) {
    if (bar.timeframe != "1s") unsaved_bars_.push_back(std::move(bar));
  }
}

void Engine::CommitAndTell() {
  paper::Changes changes = venue_.TakeChanges();
  if (!changes.empty()) {
    std::chrono::milliseconds pause(20);
    while (true) {
      absl::Status status = store_.Append(venue_, changes);
      if (status.ok()) break;
      log_.Error("broker.commit_failed", {{"error", status.ToString()}});
      bool lost_fence = absl::IsFailedPrecondition(status);
      // In doubt: the same rows again are refused when they are there, which is then the good answer.
      if (absl::IsAlreadyExists(status)) break;
      if (lost_fence || absl::IsInternal(status)) {
        fail_(status.ToString());
        inbox_.Close();
        return;
      }
      std::this_thread::sleep_for(pause);
      pause = std::min(pause * 2, std::chrono::milliseconds(500));
    }
    executions_.Add(static_cast<double>(changes.executions.size()));
    if (session_ && !changes.executions.empty()) {
      broker::v1::OrderSessionResponse response;
      for (const broker::Execution& execution : changes.executions) {
        ToProto(execution, response.mutable_reports()->add_reports());
      }
      if (!session_->Push(std::move(response))) {
        session_.reset();
        session_gauge_.Set(0);
      }
    }
  }
  std::vector<std::function<void()>> actions = std::move(after_commit_);
  after_commit_.clear();
  for (auto& action : actions) action();
}

void Engine::SaveMarket() {
  last_save_ns_ = clock_.MonotonicNanos();
  absl::Status status = store_.SaveMarket(simulator_, unsaved_bars_);
  if (status.ok()) {
    unsaved_bars_.clear();
  } else {
    log_.Warning("market.save_failed", {{"error", status.ToString()}});
    constexpr std::size_t kUnsavedMax = 20'000;
    if (unsaved_bars_.size() > kUnsavedMax) unsaved_bars_.erase(unsaved_bars_.begin(), unsaved_bars_.end() - kUnsavedMax);
  }
}

}  // namespace ballast
