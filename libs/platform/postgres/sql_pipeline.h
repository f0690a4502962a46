#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/platform/postgres/fence.h"
#include "libs/platform/postgres/sql_batch.h"

struct pg_conn;

namespace ballast {

// SQLSTATE of a write that came too late; the class is in nobody's use.
inline constexpr char kFencedState[] = "BF001";

// What a refusal by Postgres means, by the class of its code (Appendix A of its manual).
absl::Status StatusOfSqlState(const std::string& code, const std::string& message);
// Whether such a status says that nothing can be stored just now: no connection, no room, a disk that fails, a Postgres
// that only reads. Not that somebody was too slow or asked for something wrong.
bool IsStorageProblem(const absl::Status& status);

// A connection of libpq's that runs batches. One thread at a time; every call blocks.
class SqlPipeline {
 public:
  // `connection`: a connection string. UNAVAILABLE when there is no connection.
  static absl::StatusOr<std::unique_ptr<SqlPipeline>> Connect(const std::string& connection);
  ~SqlPipeline();
  SqlPipeline(const SqlPipeline&) = delete;
  SqlPipeline& operator=(const SqlPipeline&) = delete;

  // One transaction, one round trip, as the writer who has all of `fences`. UNKNOWN: the connection broke after
  // sending.
  [[nodiscard]] absl::Status Run(std::span<const Fence> fences, const SqlBatch& batch);
  // Not after a connection that broke: such a one is thrown away.
  [[nodiscard]] bool usable() const { return usable_; }

 private:
  explicit SqlPipeline(pg_conn* connection) : connection_(connection) {}
  [[nodiscard]] bool Send(const SqlBatch& batch, bool* prepares);
  absl::Status Receive(bool prepares);
  [[nodiscard]] std::string Problem() const;

  pg_conn* connection_;
  bool usable_ = true;
  // The statements prepared on this connection, and their names there.
  std::map<std::string, std::string, std::less<>> prepared_;
};

}  // namespace ballast
