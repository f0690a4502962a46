#pragma once

#include <google/protobuf/arena.h>
#include <google/protobuf/message.h>

#include <type_traits>
#include <vector>

namespace ballast {

// A place to read one message after the other into: what a protobuf message consists of lies together and is given back
// at once, instead of piece by piece. Taking a part out of it copies that part. One thread.
template <typename Message, bool kArena = std::is_base_of_v<google::protobuf::Message, Message>>
class ReusedMessage {
 public:
  // An empty one; the one before it is gone.
  Message* Fresh() {
    arena_.Reset();
    return google::protobuf::Arena::CreateMessage<Message>(&arena_);
  }

 private:
  // Enough for a usual batch of events without a call of malloc.
  static constexpr std::size_t kBlockBytes = 128 << 10;
  static google::protobuf::ArenaOptions OptionsOf(std::vector<char>& block) {
    google::protobuf::ArenaOptions options;
    options.initial_block = block.data();
    options.initial_block_size = block.size();
    return options;
  }
  std::vector<char> block_ = std::vector<char>(kBlockBytes);
  google::protobuf::Arena arena_{OptionsOf(block_)};
};

// What is no protobuf message.
template <typename Message>
class ReusedMessage<Message, false> {
 public:
  Message* Fresh() {
    message_ = Message();
    return &message_;
  }

 private:
  Message message_;
};

}  // namespace ballast
