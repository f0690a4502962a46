#include "libs/platform/postgres/sql_pipeline.h"

#include <libpq-fe.h>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

// Where a status keeps the code.
constexpr char kStateUrl[] = "ballast/sqlstate";

constexpr int kBinary = 1;

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

}  // namespace

absl::Status StatusOfSqlState(const std::string& code, const std::string& message) {
  auto made = [&](absl::StatusCode status_code) {
    absl::Status status(status_code, ToAbsl(message));
    status.SetPayload(kStateUrl, absl::Cord(ToAbsl(code)));
    return status;
  };
  if (code == kFencedState) return made(absl::StatusCode::kFailedPrecondition);
  if (code == "40003") return made(absl::StatusCode::kUnknown);  // the commit may have happened
  if (code == "23505") return made(absl::StatusCode::kAlreadyExists);
  // A serialisation failure, a deadlock, a lock that was not to be had in time.
  if (code == "40001" || code == "40P01" || code == "55P03") return made(absl::StatusCode::kAborted);
  // 57: cancelled by a limit of time, or the server is stopping or starting. 53: no disk, no memory, no connections.
  if (code.starts_with("57") || code.starts_with("53")) return made(absl::StatusCode::kUnavailable);
  return made(absl::StatusCode::kInternal);
}

bool IsStorageProblem(const absl::Status& status) {
  absl::optional<absl::Cord> state = status.GetPayload(kStateUrl);
  // Only a connection that broke or never was has no state.
  if (!state) return absl::IsUnavailable(status) || absl::IsUnknown(status);
  std::string code(*state);
  // 53: no disk, no memory, no connections. 57P: stopping or starting. 58: a file or the disk. 25006: it only reads.
  return code.starts_with("53") || code.starts_with("57P") || code.starts_with("58") || code == "25006";
}

absl::StatusOr<std::unique_ptr<SqlPipeline>> SqlPipeline::Connect(const std::string& connection) {
  PGconn* made = PQconnectdb(connection.c_str());
  std::unique_ptr<SqlPipeline> pipeline(new SqlPipeline(made));
  if (made == nullptr || PQstatus(made) != CONNECTION_OK || PQenterPipelineMode(made) != 1) {
    return absl::UnavailableError(ToAbsl(pipeline->Problem()));
  }
  return pipeline;
}

SqlPipeline::~SqlPipeline() { PQfinish(connection_); }

std::string SqlPipeline::Problem() const {
  std::string text = std::string("Postgres: ") + PQerrorMessage(connection_);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

bool SqlPipeline::Send(const SqlBatch& batch, bool* prepares) {
  std::vector<const char*> values;
  std::vector<int> lengths, formats;
  for (const SqlBatch::Bound& bound : batch.statements_) {
    auto known = prepared_.find(bound.sql);
    if (known == prepared_.end()) {
      known = prepared_.emplace(std::string(bound.sql), "s" + std::to_string(prepared_.size())).first;
      *prepares = true;
      if (PQsendPrepare(connection_, known->second.c_str(), known->first.c_str(), 0, nullptr) != 1) return false;
    }
    values.clear();
    lengths.clear();
    formats.clear();
    for (const SqlBatch::Parameter& parameter : bound.parameters) {
      values.push_back(batch.bytes_.data() + parameter.offset);
      lengths.push_back(static_cast<int>(parameter.length));
      formats.push_back(parameter.binary ? kBinary : 0);
    }
    if (PQsendQueryPrepared(connection_, known->second.c_str(), static_cast<int>(values.size()), values.data(),
                            lengths.data(), formats.data(), kBinary) != 1) {
      return false;
    }
  }
  return true;
}

absl::Status SqlPipeline::Receive(bool prepares) {
  absl::Status first;
  while (true) {
    Result result(PQgetResult(connection_));
    if (!result) {
      // The end of one statement's answers, or of everything.
      if (PQstatus(connection_) == CONNECTION_OK) continue;
      usable_ = false;
      return absl::UnknownError(ToAbsl(Problem()));
    }
    ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_PIPELINE_SYNC) break;
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_PIPELINE_ABORTED) continue;
    const char* code = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    // Without a code it is libpq that speaks: the connection is gone. Class 57P of the server's says so itself.
    if (code == nullptr || std::string_view(code).starts_with("57P")) {
      usable_ = false;
      return absl::UnknownError(ToAbsl(Problem()));
    }
    if (first.ok()) {
      first = StatusOfSqlState(code, std::string("Postgres: ") + PQresultErrorMessage(result.get()));
    }
  }
  // What was prepared in a transaction that failed may be there or not: its name is not used again.
  if (!first.ok() && prepares) usable_ = false;
  return first;
}

absl::Status SqlPipeline::Run(std::span<const Fence> fences, const SqlBatch& batch) {
  SqlBatch all;
  for (const Fence& fence : fences) {
    all.Statement("SELECT require_epoch($1, $2)").Text(fence.key).Bigint(static_cast<std::int64_t>(fence.epoch));
  }
  bool prepares = false;
  if (!Send(all, &prepares) || !Send(batch, &prepares) || PQpipelineSync(connection_) != 1) {
    usable_ = false;
    return absl::UnknownError(ToAbsl(Problem()));
  }
  return Receive(prepares);
}

}  // namespace ballast
