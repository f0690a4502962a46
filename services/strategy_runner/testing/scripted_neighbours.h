#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "services/strategy_runner/neighbours.h"

namespace ballast {

// Neighbours that answer what the test says, at once or when it says so. One thread.
class ScriptedNeighbours final : public Neighbours {
 public:
  // What was asked, in order: "submit demo-1", "cancel demo SPY", "find demo-1", "register demo", "bars SPY",
  // "accounts", "summary paper", …
  std::vector<std::string> calls;
  std::vector<order::v1::SubmitOrderRequest> submitted;
  // Questions that begin like this are kept, unanswered, until Release.
  std::set<std::string> silent;

  std::vector<order::v1::Order> known;
  std::vector<Bar> past;
  Decimal equity = Decimal::Of("100000");
  bool stale = false;
  bool denies = false;
  // An emergency stop has stopped every deployment.
  bool stopped = false;
  int refuse_cancels = 0;
  int refuse_bars = 0;
  int refuse_submits = 0;
  int refuse_alerts = 0;
  std::vector<alert::v1::RaiseAlertRequest> alerts;
  std::string speed = "1";
  TradingCalendar calendar = TradingCalendar::kUnspecified;
  std::vector<std::string> listed = {"SPY", "QQQ"};
  type::v1::AccountMode mode = type::v1::ACCOUNT_MODE_PAPER;
  std::optional<std::string> backtest;

  [[nodiscard]] std::optional<std::string> BacktestOnFile(const std::string&,
                                                          const strategy::Parameters&) const override {
    return backtest;
  }

  // Answers what was kept with this beginning.
  void Release(const std::string& beginning) {
    silent.erase(beginning);
    std::deque<std::pair<std::string, std::function<void()>>> kept;
    kept.swap(kept_);
    for (auto& [call, answer] : kept) {
      if (call.starts_with(beginning))
        answer();
      else
        kept_.emplace_back(call, std::move(answer));
    }
  }
  [[nodiscard]] int Count(const std::string& beginning) const {
    return static_cast<int>(std::count_if(calls.begin(), calls.end(),
                                          [&](const std::string& call) { return call.starts_with(beginning); }));
  }
  // Those of the calls that go to order management for an order.
  [[nodiscard]] std::vector<std::string> OrderCalls() const {
    std::vector<std::string> about;
    for (const std::string& call : calls) {
      if (call.starts_with("submit") || call.starts_with("cancel") || call.starts_with("find")) about.push_back(call);
    }
    return about;
  }

  void Submit(const order::v1::SubmitOrderRequest& request, Answer<order::v1::SubmitOrderResponse> answer) override {
    submitted.push_back(request);
    Ask("submit " + request.request_id(), [this, request, answer] {
      if (refuse_submits-- > 0) return answer(absl::UnavailableError("not now"));
      order::v1::SubmitOrderResponse response;
      order::v1::Order& order = *response.mutable_order();
      order.set_order_id("o-" + request.request_id());
      order.set_request_id(request.request_id());
      order.set_status(denies ? order::v1::ORDER_STATUS_DENIED : order::v1::ORDER_STATUS_PENDING_NEW);
      if (denies) order.mutable_rejection()->set_message("too much");
      answer(response);
    });
  }
  void CancelAll(const std::string&, const std::string& deployment, const std::string& symbol, Told told) override {
    Ask("cancel " + deployment + " " + symbol,
        [this, told] { told(refuse_cancels-- > 0 ? absl::UnavailableError("not now") : absl::OkStatus()); });
  }
  void Find(const order::v1::SubmitOrderRequest& request, Answer<std::optional<order::v1::Order>> answer) override {
    Ask("find " + request.request_id(), [this, request, answer] {
      for (const order::v1::Order& order : known) {
        if (order.request_id() == request.request_id()) return answer(std::optional<order::v1::Order>(order));
      }
      answer(std::optional<order::v1::Order>());
    });
  }
  void RegisterDeployment(const std::string&, const std::string& deployment, bool by_hand, Told told) override {
    Ask("register " + deployment, [this, by_hand, told] {
      if (by_hand) stopped = false;
      told(stopped ? absl::FailedPreconditionError("the emergency stop has stopped it") : absl::OkStatus());
    });
  }
  void Accounts(Answer<order::v1::ListAccountsResponse> answer) override {
    Ask("accounts", [this, answer] {
      order::v1::ListAccountsResponse response;
      order::v1::Account& account = *response.add_accounts();
      account.set_account_id("paper");
      account.set_broker("paper");
      account.set_mode(mode);
      answer(response);
    });
  }
  void Summary(const std::string& account, Answer<position::v1::AccountSummary> answer) override {
    Ask("summary " + account, [this, answer] {
      position::v1::AccountSummary summary;
      summary.mutable_equity()->set_value(equity.ToString());
      summary.set_any_mark_stale(stale);
      answer(summary);
    });
  }
  void Limits(const std::string& account, Answer<risk::v1::Limits> answer) override {
    Ask("limits " + account, [answer] {
      risk::v1::Limits limits;
      limits.mutable_max_position_ratio()->set_value("1");
      limits.set_max_open_positions_per_deployment(10);
      answer(limits);
    });
  }
  void Instruments(Answer<std::vector<Instrument>> answer) override {
    Ask("instruments", [this, answer] {
      std::vector<Instrument> all;
      for (const std::string& symbol : listed) {
        all.push_back({.symbol = Symbol(symbol),
                       .tick_size = Decimal::Of("0.01"),
                       .lot_size = Decimal::Of("1"),
                       .min_notional = Decimal::Of("1"),
                       .calendar = calendar});
      }
      answer(all);
    });
  }
  void Quotes(Answer<broker::v1::GetQuotesResponse> answer) override {
    Ask("quotes", [answer] {
      broker::v1::GetQuotesResponse response;
      for (const char* symbol : {"SPY", "QQQ"}) response.add_quotes()->set_symbol(symbol);
      answer(response);
    });
  }
  void MarketStatus(Answer<broker::v1::GetMarketStatusResponse> answer) override {
    Ask("market", [this, answer] {
      broker::v1::GetMarketStatusResponse response;
      response.set_source("replay");
      response.set_speed(speed);
      response.set_bar_length_seconds(60);
      answer(response);
    });
  }
  void Brokers(Answer<broker::v1::ListBrokersResponse> answer) override {
    Ask("brokers", [answer] {
      broker::v1::ListBrokersResponse response;
      broker::v1::Broker& broker = *response.add_brokers();
      broker.set_broker_id("paper");
      broker.set_state("connected");
      answer(response);
    });
  }
  void RaiseAlert(const alert::v1::RaiseAlertRequest& request, Told told) override {
    Ask("alert " + request.request_id(), [this, request, told] {
      if (refuse_alerts-- > 0) return told(absl::UnavailableError("not now"));
      alerts.push_back(request);
      told(absl::OkStatus());
    });
  }
  void Bars(const Symbol& symbol, const std::string&, int, Answer<std::vector<Bar>> answer) override {
    Ask("bars " + symbol.value(), [this, symbol, answer] {
      if (refuse_bars-- > 0) return answer(absl::UnavailableError("not now"));
      std::vector<Bar> of;
      for (const Bar& bar : past) {
        if (bar.symbol == symbol) of.push_back(bar);
      }
      answer(of);
    });
  }

 private:
  void Ask(const std::string& call, std::function<void()> answer) {
    calls.push_back(call);
    bool held = std::any_of(silent.begin(), silent.end(),
                            [&](const std::string& beginning) { return call.starts_with(beginning); });
    if (held)
      kept_.emplace_back(call, std::move(answer));
    else
      answer();
  }

  std::deque<std::pair<std::string, std::function<void()>>> kept_;
};

}  // namespace ballast
