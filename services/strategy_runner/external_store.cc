#include "services/strategy_runner/external_store.h"

#include <pqxx/pqxx>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

constexpr const char* kExternalWriter = "strategy_runner.external_strategy";
constexpr const char* kExternalColumns = "SELECT registration, create_nanos FROM external_strategy";

absl::StatusOr<ExternalRow> ExternalRowOf(const pqxx::row& row) {
  ExternalRow out;
  pqxx::binarystring bytes(row[0]);
  if (!out.registration.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return absl::DataLossError("a stored row cannot be read");
  out.create_time = UtcTime{row[1].as<std::int64_t>()};
  return out;
}

}  // namespace

absl::Status ExternalStore::Fence() {
  ASSIGN_OR_RETURN(epoch_, database_.ClaimEpoch(kExternalWriter));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ExternalRow>> ExternalStore::Load() {
  std::vector<ExternalRow> rows;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    rows.clear();
    for (const pqxx::row& row : work.exec(std::string(kExternalColumns) + " ORDER BY name, version")) {
      ASSIGN_OR_RETURN(ExternalRow one, ExternalRowOf(row));
      rows.push_back(std::move(one));
    }
    return absl::OkStatus();
  }));
  return rows;
}

absl::StatusOr<ExternalRow> ExternalStore::Insert(ExternalRow row) {
  ExternalRow stored;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    RETURN_IF_ERROR(Database::CheckEpoch(work, kExternalWriter, epoch_));
    for (const pqxx::row& there : work.exec_params(std::string(kExternalColumns) + " WHERE name = $1 AND version = $2",
                                                   row.registration.name(), row.registration.version())) {
      ASSIGN_OR_RETURN(stored, ExternalRowOf(there));
      return absl::OkStatus();
    }
    if (work.exec1("SELECT count(*) FROM external_strategy")[0].as<int>() >= kVersionsMax)
      return absl::ResourceExhaustedError("there are 1000 versions of external strategies already");
    stored = row;
    work.exec_params("INSERT INTO external_strategy VALUES ($1,$2,$3,$4)", row.registration.name(),
                     row.registration.version(), pqxx::binarystring(row.registration.SerializeAsString()),
                     row.create_time.nanos);
    return absl::OkStatus();
  }));
  return stored;
}

}  // namespace ballast
