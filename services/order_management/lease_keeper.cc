#include "services/order_management/lease_keeper.h"

#include <algorithm>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

// Looks and renewals within one lease: some may be late or lost.
constexpr std::int64_t kPollsPerLease = 5;
// How long leases of another arrangement are waited for.
constexpr std::int64_t kArrangeLeases = 10;

}  // namespace

LeaseKeeper::LeaseKeeper(Options options, LeaseJournal& journal, Ports ports, const Clock& clock, Logger& log,
                         Metrics& metrics)
    : options_(std::move(options)),
      journal_(journal),
      ports_(std::move(ports)),
      clock_(clock),
      log_(log),
      held_(metrics.GetGauge("ballast_order_shards", "shards written here", {})),
      takeovers_(metrics.GetCounter("ballast_order_shard_takeovers_total", "shards taken from a silent owner", {})),
      holder_({.name = options_.name, .lease_ns = options_.lease_ns, .home = options_.home}) {}

LeaseKeeper::~LeaseKeeper() { Stop(); }

bool LeaseKeeper::Pause(std::int64_t ns) {
  MutexLock lock(mutex_);
  if (!stopping_) wake_.WaitFor(mutex_, ns);
  return !stopping_;
}

// There are other shards than we were told of: the number of order managers has changed. Their owners have to be gone.
absl::Status LeaseKeeper::Arrange() {
  std::int64_t started = clock_.MonotonicNanos();
  std::vector<orders::Lease> seen;
  std::int64_t seen_ns = 0;
  while (true) {
    ASSIGN_OR_RETURN(std::vector<orders::Lease> rows, journal_.Read());
    if (static_cast<int>(rows.size()) == options_.shards) return absl::OkStatus();
    std::int64_t now = clock_.MonotonicNanos();
    bool owned = std::any_of(rows.begin(), rows.end(), [&](const orders::Lease& row) {
      return !row.owner.empty() && row.owner != options_.name;
    });
    bool same = std::equal(rows.begin(), rows.end(), seen.begin(), seen.end(),
                           [](const auto& a, const auto& b) { return a.epoch == b.epoch && a.renewals == b.renewals; });
    if (!same) {
      seen = rows;
      seen_ns = now;
    }
    if (!owned || now - seen_ns >= options_.lease_ns) {
      absl::Status arranged = journal_.Arrange(options_.shards, rows);
      if (!arranged.ok() && !absl::IsAborted(arranged)) return arranged;
      log_.Info("lease.arranged", {{"before", std::to_string(rows.size())},
                                   {"shards", std::to_string(options_.shards)},
                                   {"status", arranged.ToString()}});
      continue;
    }
    if (now - started > kArrangeLeases * options_.lease_ns || !Pause(options_.lease_ns / kPollsPerLease)) {
      return absl::UnavailableError(ToAbsl("order managers with " + std::to_string(rows.size()) +
                                           " shards are running, and this one has " + std::to_string(options_.shards) +
                                           ": all of them need the same order_managers"));
    }
  }
}

absl::Status LeaseKeeper::Begin() {
  RETURN_IF_ERROR(Arrange());
  return Poll();
}

void LeaseKeeper::Start() {
  started_ = true;
  started_ns_ = clock_.MonotonicNanos();
  for (const auto& [shard, epoch] : holder_.held()) ports_.start(shard);
  renewer_ = std::thread([this] {
    do Renew();
    while (Pause(options_.lease_ns / kPollsPerLease));
  });
  watcher_ = std::thread([this] {
    while (Pause(options_.lease_ns / kPollsPerLease)) {
      absl::Status status = Poll();
      if (!status.ok()) log_.Warning("lease.poll_failed", {{"error", status.ToString()}});
    }
  });
}

void LeaseKeeper::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  if (watcher_.joinable()) watcher_.join();
  if (renewer_.joinable()) renewer_.join();
  std::map<int, std::uint64_t> held = holder_.held();
  for (const auto& [shard, epoch] : held) GiveBack(shard);
}

void LeaseKeeper::Renew() {
  if (!holds_any_) return;
  absl::Status status = journal_.Renew(options_.name);
  if (!status.ok()) log_.Warning("lease.renewal_failed", {{"error", status.ToString()}});
}

void LeaseKeeper::Take(const orders::LeaseHolder::Claim& claim) {
  auto epoch = journal_.Claim(claim.shard, claim.epoch, options_.name, options_.address);
  if (!epoch.ok()) {
    log_.Warning("lease.claim_failed", {{"shard", std::to_string(claim.shard)}, {"error", epoch.status().ToString()}});
    return;
  }
  holder_.Took(claim.shard, *epoch);
  holds_any_ = true;
  ports_.elsewhere(claim.shard, "");
  absl::Status opened = ports_.open(claim.shard, *epoch);
  if (!opened.ok()) {
    log_.Error("lease.shard_not_opened", {{"shard", std::to_string(claim.shard)}, {"error", opened.ToString()}});
    GiveBack(claim.shard);
    return;
  }
  log_.Info("lease.shard_taken", {{"shard", std::to_string(claim.shard)}, {"epoch", std::to_string(*epoch)}});
  if (!options_.home.contains(claim.shard)) takeovers_.Increment();
  if (started_) ports_.start(claim.shard);
}

void LeaseKeeper::GiveBack(int shard) {
  ports_.close(shard);
  std::uint64_t epoch = holder_.held().at(shard);
  absl::Status status = journal_.GiveBack(shard, epoch);
  holder_.Gave(shard);
  holds_any_ = !holder_.held().empty();
  held_.Set(static_cast<double>(holder_.held().size()));
  log_.Info("lease.shard_given_back", {{"shard", std::to_string(shard)}, {"status", status.ToString()}});
}

absl::Status LeaseKeeper::Poll() {
  ASSIGN_OR_RETURN(std::vector<orders::Lease> rows, journal_.Read());
  std::int64_t now = clock_.MonotonicNanos();
  // Who has just come asks for nothing yet: it may end as it ended before.
  bool settled = started_ && now - started_ns_ > options_.lease_ns;
  orders::LeaseHolder::Step step = holder_.Observe(rows, now, settled);
  if (!step.lost.empty() || static_cast<int>(rows.size()) != options_.shards) {
    ports_.fail("another order manager has taken over the shards of this one");
    return absl::OkStatus();
  }
  for (const orders::LeaseHolder::Claim& claim : step.claim) Take(claim);
  for (int shard : step.give_back) GiveBack(shard);
  for (int shard : step.want) RETURN_IF_ERROR(journal_.Want(shard, options_.name));
  for (const orders::Lease& row : rows) {
    bool ours = holder_.held().contains(row.shard) || row.owner == options_.name;
    if (!ours) ports_.elsewhere(row.shard, row.address);
  }
  held_.Set(static_cast<double>(holder_.held().size()));
  return absl::OkStatus();
}

}  // namespace ballast
