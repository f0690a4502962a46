#pragma once

#include <string>
#include <vector>

#include "services/strategy_runner/order_desk.h"

namespace ballast {

// Gets deployments out: protective stops on every quote, and what is being stopped. Needs nothing but the deployment's
// own state, a quote and order management: no other neighbour and no bar that waits for one can delay it.
class StopWatch {
 public:
  StopWatch(Floor& floor, OrderDesk& desk) : floor_(floor), desk_(desk) {}

  // Stop losses, take profits and exits that are owed, of everything that runs.
  void Watch(const std::vector<Symbol>& quoted);
  [[nodiscard]] std::vector<strategy::Decision> Exits(LiveDeployment& live, const std::vector<Symbol>& quoted) const;

  // A person or another service stops it. Its orders are cancelled and, with `close`, what it holds is closed behind
  // that.
  void Stop(LiveDeployment& live, bool close, const std::string& reason);
  // Order management takes none of its orders until a person starts it.
  void StopByEmergency(LiveDeployment& live, const std::string& why);
  // What it holds is not known any more: it opens nothing until a person resumes it; it gets out of what it knows of.
  void Block(LiveDeployment& live, const std::string& why);
  // A fill of it has come.
  void OnFill(LiveDeployment& live);
  // Whatever can be done now for the one that is being stopped.
  void Work(LiveDeployment& live);

 private:
  void Cancel(LiveDeployment& live);

  Floor& floor_;
  OrderDesk& desk_;
};

}  // namespace ballast
