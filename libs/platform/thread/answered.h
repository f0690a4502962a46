#pragma once

#include <future>
#include <memory>
#include <utility>

namespace ballast {

// Asks, and blocks until it is answered: for a thread that has nothing else to do, such as a stream's reader. `ask`
// gets what is to be called, once, from any thread, with the answer.
template <typename T, typename Ask>
T Answered(const Ask& ask) {
  // Both sides hold it: who answers may still be at it when who asks goes on.
  auto promise = std::make_shared<std::promise<T>>();
  std::future<T> answer = promise->get_future();
  ask([promise = std::move(promise)](T value) { promise->set_value(std::move(value)); });
  return answer.get();
}

}  // namespace ballast
