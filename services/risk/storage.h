#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "services/risk/store.h"

namespace ballast {

// Risk's storage as its machine sees it: asked, and answered in a later turn. Nobody waits for it.
class RiskStorage {
 public:
  // Blocks, wherever the storage is at home. It sees nothing of the keeper's.
  using Work = absl::AnyInvocable<void(RiskStore&)>;
  // After it, in a turn of whoever asked.
  using Then = absl::AnyInvocable<void()>;

  virtual ~RiskStorage() = default;
  // Before what is only read, in the order of the calls.
  virtual void Write(Work work, Then then) = 0;
  // False: too many wait already, and neither is called.
  [[nodiscard]] virtual bool Read(Work work, Then then) = 0;
};

// `work` answers something, and `then` gets it.
template <typename Answer, typename Asked>
std::pair<RiskStorage::Work, RiskStorage::Then> Answering(absl::AnyInvocable<Answer(RiskStore&)> work, Asked then) {
  auto answer = std::make_shared<std::optional<Answer>>();
  return {[answer, work = std::move(work)](RiskStore& store) mutable { *answer = work(store); },
          [answer, then = std::move(then)]() mutable { then(*std::move(*answer)); }};
}

}  // namespace ballast
