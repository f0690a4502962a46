#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/secret.h"
#include "libs/platform/postgres/fence.h"
#include "libs/platform/postgres/migration.h"
#include "libs/platform/postgres/sql_batch.h"

#if !defined(PQXX_HAVE_OPTIONAL)
#define PQXX_HAVE_OPTIONAL 1
#endif

namespace pqxx {
class connection_base;
class transaction_base;
}  // namespace pqxx

namespace ballast {

// A small pool of connections to one service's schema. Any thread; a call blocks, so never from a gRPC thread.
class Database {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    int port = 5432;
    std::string database = "ballast";
    std::string user;
    Secret password;
    // search_path: the one schema this service owns.
    std::string schema;
    // How Postgres' own views call us; empty: `user`.
    std::string application_name;
    int connections_max = 4;
    // Set on every connection, so that nothing of ours waits for ever: not for a row, not for a plan gone wrong, and
    // nobody for a transaction of ours that stands still.
    std::int64_t statement_timeout_ms = 5'000;
    std::int64_t lock_timeout_ms = 2'000;
    std::int64_t idle_in_transaction_timeout_ms = 5'000;
    // Until a peer that no longer answers is given up (keepalives and unacknowledged bytes).
    std::int64_t peer_timeout_ms = 5'000;
  };

  explicit Database(Options options);
  ~Database();

  // Runs `work` in one transaction and commits when it returns OK. `work` may throw what libpqxx throws.
  //   UNAVAILABLE         no connection, it broke before the commit, a statement took too long or Postgres has no
  //                       resources (disk, connections): nothing happened
  //   UNKNOWN             the commit's answer was lost: read back before deciding anything
  //   ABORTED             serialisation failure, deadlock or a row that stayed locked: nothing happened, may be tried
  //                       again
  //   ALREADY_EXISTS      a unique key is there already: nothing happened
  //   INTERNAL            any other refusal by Postgres: nothing happened
  //   whatever `work` returned otherwise; the transaction is rolled back
  [[nodiscard]] absl::Status Transaction(const std::function<absl::Status(pqxx::transaction_base&)>& work);

  // The same without limits of time, for what reads or changes everything: recoveries, verifications, migrations.
  [[nodiscard]] absl::Status LongTransaction(const std::function<absl::Status(pqxx::transaction_base&)>& work);

  // For writers: `statements` makes SQL (it quotes with what it is given and runs nothing), which becomes one
  // transaction in one round trip, commit included. `SELECT require(condition, 'message')` among them ends it with
  // ABORTED. Codes as Transaction's, but
  //   FAILED_PRECONDITION a writer of `key` newer than `epoch` exists: nothing happened
  //   UNKNOWN             the connection broke after sending: read back before deciding anything
  [[nodiscard]] absl::Status FencedWrite(std::string_view key, std::uint64_t epoch,
                                         const std::function<std::string(pqxx::transaction_base&)>& statements);
  // The same for statements that are prepared once on each connection, with binary parameters: for what is written
  // often. Codes as above.
  [[nodiscard]] absl::Status FencedWrite(std::string_view key, std::uint64_t epoch, const SqlBatch& batch);
  // For one who writes in several places at once; `fences` in the order of their keys, as everybody takes them.
  [[nodiscard]] absl::Status FencedWrite(std::span<const Fence> fences, const SqlBatch& batch);

  // Something that was last tried could not be stored: no connection, no room, a disk that fails, a Postgres that only
  // reads. From then on until ProbeStorage() is OK. Does not block.
  [[nodiscard]] bool StorageSuspected() const;
  // Makes something durable that needs room of its own, and gives the room back. Codes as Transaction's.
  [[nodiscard]] absl::Status ProbeStorage();

  // Tries for `timeout_ns` to get a first connection, with growing pauses.
  [[nodiscard]] absl::Status WaitReachable(std::int64_t timeout_ns);

  // Applies what is missing, in order, each in a transaction, under an advisory lock. FAILED_PRECONDITION when an
  // applied one has changed since.
  [[nodiscard]] absl::Status Migrate(const std::vector<Migration>& migrations);

  // Takes the next epoch of `key`: whoever held a lower one can no longer commit (CheckEpoch, FencedWrite).
  [[nodiscard]] absl::StatusOr<std::uint64_t> ClaimEpoch(std::string_view key);
  // Inside each transaction of a writer: FAILED_PRECONDITION when a newer writer exists.
  [[nodiscard]] static absl::Status CheckEpoch(pqxx::transaction_base& work, std::string_view key, std::uint64_t epoch);

 private:
  struct State;
  // `status`, and what it says about the storage remembered.
  absl::Status Noted(absl::Status status);
  // Runs `use` with a connection of the pool and turns what libpqxx throws into a status; a broken one is replaced and
  // told as `broken`.
  absl::Status WithConnection(absl::StatusCode broken, const std::function<absl::Status(pqxx::connection_base&)>& use);
  std::unique_ptr<State> state_;
};

}  // namespace ballast
