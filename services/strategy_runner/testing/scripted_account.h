#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "services/strategy_runner/account_neighbours.h"

namespace ballast {

// One account at order management and positions, as far as the end of a day sees it: books, orders, numbers of events.
// It answers at once. Orders fill when the test says so, or as they come. One thread.
class ScriptedAccount final : public AccountNeighbours {
 public:
  // Deployment and symbol.
  using Book = std::pair<std::string, std::string>;

  std::map<Book, Decimal> books;
  std::vector<order::v1::Order> working;
  // By request id: whatever is asked again is the same order.
  std::map<std::string, order::v1::Order> closes;
  std::vector<std::string> close_calls;
  std::vector<std::string> cancels;
  std::uint64_t written = 10;
  // Positions is so far behind.
  std::uint64_t behind = 0;
  bool fills_at_once = true;
  bool cancels_at_once = true;
  // Closes are refused with this.
  std::string refuses;
  // So many questions are not answered.
  int away = 0;
  // Runs when an order has been taken, before it is answered.
  std::function<void()> on_close;
  std::vector<position::v1::Trade> trades;
  std::string day_pnl = "12.5";

  // Everything that waits.
  void Fill() {
    for (auto& [id, order] : closes) {
      if (order.status() == order::v1::ORDER_STATUS_NEW) Fill(order);
    }
  }
  void AddWorking(const std::string& id, const std::string& symbol, const std::string& request,
                  const std::string& deployment = "") {
    order::v1::Order order;
    order.set_deployment_id(deployment);
    order.set_order_id(id);
    order.set_request_id(request);
    order.set_symbol(symbol);
    order.set_status(order::v1::ORDER_STATUS_NEW);
    working.push_back(order);
  }

  void WorkingOrders(const std::string&, Answer<std::vector<order::v1::Order>> answer) override {
    if (Away(answer)) return;
    std::vector<order::v1::Order> all = working;
    for (const auto& [id, order] : closes) {
      if (order.status() == order::v1::ORDER_STATUS_NEW) all.push_back(order);
    }
    answer(all);
  }
  void Order(const std::string& order_id, Answer<order::v1::Order> answer) override {
    if (Away(answer)) return;
    for (const auto& [id, order] : closes) {
      if (order.order_id() == order_id) return answer(order);
    }
    answer(absl::NotFoundError("no such order"));
  }
  void Written(const std::string&, Answer<std::uint64_t> answer) override {
    if (!Away(answer)) answer(written);
  }
  void Summary(const std::string& account, Answer<position::v1::AccountSummary> answer) override {
    if (Away(answer)) return;
    position::v1::AccountSummary summary;
    summary.set_account_id(account);
    summary.set_currency("USD");
    summary.mutable_equity()->set_value("100012.5");
    summary.mutable_day_pnl()->set_value(day_pnl);
    summary.set_sequence(written - behind);
    answer(summary);
  }
  void Positions(const std::string& account, Answer<std::vector<position::v1::Position>> answer) override {
    if (Away(answer)) return;
    std::vector<position::v1::Position> all;
    for (const auto& [book, quantity] : books) {
      position::v1::Position& position = all.emplace_back();
      position.set_account_id(account);
      position.set_deployment_id(book.first);
      position.set_symbol(book.second);
      position.mutable_quantity()->set_value(quantity.ToString());
    }
    answer(all);
  }
  void Books(const std::string&, Answer<std::vector<position::v1::BookSummary>> answer) override {
    if (!Away(answer)) answer(std::vector<position::v1::BookSummary>(1));
  }
  void Trades(const std::string&, UtcTime after, Answer<std::vector<position::v1::Trade>> answer) override {
    trades_after = after;
    if (!Away(answer)) answer(trades);
  }
  void TieOut(const std::string&, Answer<position::v1::TieOut> answer) override {
    if (!Away(answer)) answer(position::v1::TieOut());
  }
  void OpenBreaks(const std::string&, Answer<int> answer) override {
    if (!Away(answer)) answer(open_breaks);
  }
  void Unprotected(const std::string&, Answer<int> answer) override {
    if (!Away(answer)) answer(unprotected);
  }
  void Cancel(const order::v1::CancelOrderRequest& request, Answer<order::v1::CancelOrderResponse> answer) override {
    if (Away(answer)) return;
    cancels.push_back(request.order_id());
    if (cancels_at_once) EndWorking();
    answer(order::v1::CancelOrderResponse());
  }
  void Close(const order::v1::ClosePositionRequest& request, Answer<order::v1::SubmitOrderResponse> answer) override {
    if (Away(answer)) return;
    close_calls.push_back(request.request_id());
    order::v1::SubmitOrderResponse response;
    if (auto known = closes.find(request.request_id()); known != closes.end()) {
      *response.mutable_order() = known->second;
      response.set_replayed(true);
      return answer(response);
    }
    Book book{request.deployment_id(), request.symbol()};
    if (!refuses.empty()) return answer(absl::FailedPreconditionError(refuses));
    if (!books.contains(book) || books[book].IsZero()) return answer(absl::FailedPreconditionError("it holds nothing"));
    order::v1::Order order;
    order.set_order_id("o-" + request.request_id());
    order.set_request_id(request.request_id());
    order.set_deployment_id(request.deployment_id());
    order.set_symbol(request.symbol());
    order.set_status(order::v1::ORDER_STATUS_NEW);
    order.mutable_quantity()->set_value(books[book].Abs().ToString());
    ++written;
    closes[request.request_id()] = order;
    if (fills_at_once) Fill(closes[request.request_id()]);
    if (on_close) on_close();
    *response.mutable_order() = closes[request.request_id()];
    answer(response);
  }
  void EndWorking() {
    written += working.size();
    working.clear();
  }

  UtcTime trades_after;
  int open_breaks = 0;
  int unprotected = 0;

 private:
  template <typename T>
  bool Away(const Answer<T>& answer) {
    if (away <= 0) return false;
    --away;
    answer(absl::UnavailableError("away"));
    return true;
  }
  void Fill(order::v1::Order& order) {
    Decimal& held = books[{order.deployment_id(), order.symbol()}];
    order.set_status(order::v1::ORDER_STATUS_FILLED);
    *order.mutable_cumulative_quantity() = order.quantity();
    held = Decimal();
    ++written;
  }
};

}  // namespace ballast
