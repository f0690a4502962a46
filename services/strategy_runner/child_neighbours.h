#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "ballast/order/v1/order_service.pb.h"

namespace ballast {

// What a parent order asks of order management about its children, beside Neighbours. Answers as there: each exactly
// once, on any thread.
class ChildNeighbours {
 public:
  template <typename T>
  using Answer = std::function<void(absl::StatusOr<T>)>;

  virtual ~ChildNeighbours() = default;

  // NOT_FOUND: there is no such order now; one that is on its way may still come to be.
  virtual void GetOrder(const std::string& order_id, Answer<order::v1::Order> answer) = 0;
  virtual void CancelOrder(const order::v1::CancelOrderRequest& request,
                           Answer<order::v1::CancelOrderResponse> answer) = 0;
  // Whether anybody has asked for the cancel of an order that has ended. UNAVAILABLE: its end is not stored yet.
  virtual void CancelAsked(const std::string& order_id, Answer<bool> answer) = 0;
};

}  // namespace ballast
