#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/auditor.h"
#include "tests/simulation/order_node.h"

namespace ballast::simulation {

// Whoever trades: asks for orders, asks again with the same request id until there is an answer, cancels some, changes
// some, halts the account now and then.
class Trader {
 public:
  // `find`: an order manager it reaches at this moment; null: none.
  Trader(Stage& stage, Auditor& auditor, std::function<OrderNode*()> find)
      : stage_(stage), auditor_(auditor), find_(std::move(find)) {}

  void Begin(int orders);
  // From now on it asks for nothing new, and cancels what is open until nothing is.
  void WindUp();
  // Everything it has asked for has been answered, and the account is not halted by it.
  [[nodiscard]] bool quiet() const;
  [[nodiscard]] std::string Waiting() const;

 private:
  struct Intent {
    Order order;
    // What it is known by to the trader, whichever request ids it was asked with.
    RequestId name;
    bool answered = false;
    int tries = 0;
  };
  void Next();
  void Ask(std::size_t index);
  void CancelOne();
  void Halt(bool wanted);
  void CancelOpen();

  Stage& stage_;
  Auditor& auditor_;
  std::function<OrderNode*()> find_;
  std::vector<Intent> intents_;
  int left_ = 0;
  bool winding_up_ = false;
  bool wants_halt_ = false;
  // What may still come back when it is gone.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ballast::simulation
