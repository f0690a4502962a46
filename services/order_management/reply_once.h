#pragma once

#include <functional>
#include <memory>
#include <utility>

namespace ballast {

// A reply that is given in any case: `unanswered`, when the last of its holders goes without having called it. A call
// that nobody answers would hold up the end of the process. One thread at a time.
template <typename Reply>
class ReplyOnce {
 public:
  ReplyOnce(std::function<void(Reply)> reply, Reply unanswered)
      : owed_(std::make_shared<Owed>(std::move(reply), std::move(unanswered))) {}

  void operator()(Reply answer) const {
    if (auto reply = std::exchange(owed_->reply, nullptr)) reply(std::move(answer));
  }
  // Somebody else tells whoever asked.
  void Forget() const { owed_->reply = nullptr; }

 private:
  struct Owed {
    Owed(std::function<void(Reply)> to, Reply otherwise) : reply(std::move(to)), unanswered(std::move(otherwise)) {}
    Owed(const Owed&) = delete;
    Owed& operator=(const Owed&) = delete;
    ~Owed() {
      if (reply) reply(std::move(unanswered));
    }
    std::function<void(Reply)> reply;
    Reply unanswered;
  };
  std::shared_ptr<Owed> owed_;
};

}  // namespace ballast
