#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/order/v1/order_service.pb.h"
#include "ballast/position/v1/position_service.pb.h"
#include "libs/base/utc_time.h"

namespace ballast {

// What the end of a day and a graduation ask about an account, and have done. As with Neighbours: no question waits,
// each answer comes exactly once, on any thread.
class AccountNeighbours {
 public:
  template <typename T>
  using Answer = std::function<void(absl::StatusOr<T>)>;

  virtual ~AccountNeighbours() = default;

  // Those of the account that can still trade; OUT_OF_RANGE where there are more than are looked at (2000).
  virtual void WorkingOrders(const std::string& account, Answer<std::vector<order::v1::Order>> answer) = 0;
  virtual void Order(const std::string& order_id, Answer<order::v1::Order> answer) = 0;
  // The number of the account's newest event.
  virtual void Written(const std::string& account, Answer<std::uint64_t> answer) = 0;
  virtual void Summary(const std::string& account, Answer<position::v1::AccountSummary> answer) = 0;
  // One row a book.
  virtual void Positions(const std::string& account, Answer<std::vector<position::v1::Position>> answer) = 0;
  virtual void Books(const std::string& account, Answer<std::vector<position::v1::BookSummary>> answer) = 0;
  // Newest first, those that were closed after `after` and no others, at most 2000.
  virtual void Trades(const std::string& account, UtcTime after, Answer<std::vector<position::v1::Trade>> answer) = 0;
  // The newest; no account: there is none.
  virtual void TieOut(const std::string& account, Answer<position::v1::TieOut> answer) = 0;
  // Breaks with the venue that nobody has acknowledged; UNAVAILABLE while the comparison has come to no end.
  virtual void OpenBreaks(const std::string& account, Answer<int> answer) = 0;
  // Positions with a stop policy that has not been met for longer than 5 s.
  virtual void Unprotected(const std::string& account, Answer<int> answer) = 0;
  // Idempotent by its request id.
  virtual void Cancel(const order::v1::CancelOrderRequest& request, Answer<order::v1::CancelOrderResponse> answer) = 0;
  virtual void Close(const order::v1::ClosePositionRequest& request, Answer<order::v1::SubmitOrderResponse> answer) = 0;
};

}  // namespace ballast
