#pragma once

#include <cstddef>
#include <utility>

#include "absl/container/node_hash_map.h"
#include "libs/base/check.h"

namespace ballast {

// A map that is only looked things up in: hashed, so that it costs the same however much is in it. It cannot be walked
// through, as the order of what is in it is another one in each process: what is decided, stored or told must not
// depend on that. Who has to walk keeps beside it what there is to walk. A value stays where it is until it is erased.
template <typename Key, typename Value>
class LookupMap {
 public:
  // nullptr: it is not there.
  [[nodiscard]] Value* Find(const Key& key) {
    auto found = values_.find(key);
    return found == values_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] const Value* Find(const Key& key) const {
    auto found = values_.find(key);
    return found == values_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] bool Contains(const Key& key) const { return values_.contains(key); }
  // It must be there.
  [[nodiscard]] Value& At(const Key& key) {
    Value* value = Find(key);
    CHECK(value != nullptr, "what is asked for is in the map");
    return *value;
  }
  [[nodiscard]] const Value& At(const Key& key) const {
    const Value* value = Find(key);
    CHECK(value != nullptr, "what is asked for is in the map");
    return *value;
  }
  // The value, and whether it was made now, of `args`; one that is there stays as it is.
  template <typename... Args>
  std::pair<Value&, bool> Insert(const Key& key, Args&&... args) {
    auto [place, fresh] = values_.try_emplace(key, std::forward<Args>(args)...);
    return {place->second, fresh};
  }
  // What is there already is replaced.
  Value& Put(const Key& key, Value value) { return values_.insert_or_assign(key, std::move(value)).first->second; }
  // False: it was not there.
  bool Erase(const Key& key) { return values_.erase(key) > 0; }
  void Clear() { values_.clear(); }
  [[nodiscard]] std::size_t size() const { return values_.size(); }
  [[nodiscard]] bool empty() const { return values_.empty(); }

 private:
  absl::node_hash_map<Key, Value> values_;
};

}  // namespace ballast
