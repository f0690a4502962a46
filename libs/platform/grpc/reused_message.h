#pragma once

#include <google/protobuf/arena.h>
#include <google/protobuf/message.h>

#include <type_traits>

namespace ballast {

// A place to read one message after the other into: what a protobuf message consists of lies together and is given back
// at once, instead of piece by piece. Taking a part out of it copies that part. One thread at a time: who reads the
// message may be another than who asks for the next one, and has blocks of its own.
template <typename Message, bool kArena = std::is_base_of_v<google::protobuf::Message, Message>>
class ReusedMessage {
 public:
  // An empty one; the one before it is gone.
  Message* Fresh() {
    arena_.Reset();
    return google::protobuf::Arena::CreateMessage<Message>(&arena_);
  }

 private:
  // A usual batch of events is in a block or two; the allocator keeps blocks of this size at hand.
  static constexpr std::size_t kBlockBytes = 32 << 10;
  static constexpr std::size_t kBlockBytesMax = 128 << 10;
  static google::protobuf::ArenaOptions Options() {
    google::protobuf::ArenaOptions options;
    options.start_block_size = kBlockBytes;
    options.max_block_size = kBlockBytesMax;
    return options;
  }
  google::protobuf::Arena arena_{Options()};
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
