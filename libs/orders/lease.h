#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace ballast::orders {

// Who writes the logs of a shard's accounts, as it is stored for all order managers to see.
struct Lease {
  int shard = 0;
  // The order manager's name; empty: nobody, it was given back.
  std::string owner;
  // Where it is reached, "host:port".
  std::string address;
  // Grows with every change of the owner; what an older one writes or sends is refused.
  std::uint64_t epoch = 0;
  // Grows while the owner lives.
  std::uint64_t renewals = 0;
  // The order manager who is the shard's home and has come back; empty: nobody.
  std::string wanted_by;
};

// What one order manager does about the leases of all shards: takes those whose owner has fallen silent, asks for
// those it is the home of, gives back what it is asked for. Pure: rows and the time come in, what is to
// be done goes out. Taking is safe at any moment, whoever still believes to be the owner: the epoch decides. This only
// decides when it is sensible.
class LeaseHolder {
 public:
  struct Options {
    std::string name;
    // An owner who has not renewed for so long, as seen from here, is gone.
    std::int64_t lease_ns = 1'500'000'000;
    // Shards that are this order manager's own when everybody is well.
    std::set<int> home;
  };
  struct Claim {
    int shard = 0;
    // As read; the claim fails if it has changed meanwhile.
    std::uint64_t epoch = 0;
  };
  struct Step {
    std::vector<Claim> claim;
    std::vector<int> want;
    std::vector<int> give_back;
    // Held until now, and somebody else's in the rows: this order manager was taken for dead.
    std::vector<int> lost;
  };

  explicit LeaseHolder(Options options) : options_(std::move(options)) {}

  // The rows as read at `now_ns` (monotonic). `ready`: could serve its shards, were they here.
  Step Observe(const std::vector<Lease>& rows, std::int64_t now_ns, bool ready);
  // A claim succeeded.
  void Took(int shard, std::uint64_t epoch) { held_[shard] = epoch; }
  // It was given back.
  void Gave(int shard) { held_.erase(shard); }
  // The fencing epochs of what is held.
  [[nodiscard]] const std::map<int, std::uint64_t>& held() const { return held_; }

 private:
  struct Seen {
    std::uint64_t epoch = 0;
    std::uint64_t renewals = 0;
    std::int64_t since_ns = 0;
  };
  // How long the row has been the same.
  std::int64_t Silence(const Lease& row, std::int64_t now_ns, bool gap);

  Options options_;
  std::map<int, std::uint64_t> held_;
  std::map<int, Seen> seen_;
  std::int64_t last_ns_ = 0;
};

}  // namespace ballast::orders
