#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "libs/base/secret.h"

namespace ballast {

// Hot state in Redis: a copy that can always be rebuilt. Writes are queued (bounded; dropped and counted when full) and
// sent by a thread of its own; nothing ever waits for Redis. When the connection is new or the store was emptied,
// `rebuild` is called on that thread to write everything again.
class RedisCache {
 public:
  struct Options {
    // host:port; empty: no Redis, every call does nothing.
    std::string address;
    Secret password;
    // Prefix of the marker key that tells an emptied store, e.g. "positions".
    std::string name;
  };
  explicit RedisCache(Options options);
  ~RedisCache();

  // Before Start. Called on the cache's thread.
  void SetRebuild(std::function<void()> rebuild);
  void Start();
  void Stop();

  void Set(const std::string& key, const std::string& value);
  void HashSet(const std::string& key, const std::string& field, const std::string& value);
  void Delete(const std::string& key);
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ballast
