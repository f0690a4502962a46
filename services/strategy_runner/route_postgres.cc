#include "services/strategy_runner/route_postgres.h"

#include <pqxx/pqxx>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr const char* kRouteWriter = "strategy_runner.route";

absl::Status FindRoute(pqxx::transaction_base& work, const std::string& request_id,
                       std::optional<execution::v1::KeptRoute>& out) {
  out.reset();
  pqxx::result rows = work.exec_params("SELECT kept FROM route WHERE request_id = $1", request_id);
  if (rows.empty()) return absl::OkStatus();
  pqxx::binarystring bytes(rows[0][0]);
  if (!out.emplace().ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return absl::DataLossError("a stored route cannot be read");
  return absl::OkStatus();
}

}  // namespace

absl::Status PostgresRouteStore::Fence() {
  ASSIGN_OR_RETURN(epoch_, database_.ClaimEpoch(kRouteWriter));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<execution::v1::KeptRoute>> PostgresRouteStore::Find(const std::string& request_id) {
  std::optional<execution::v1::KeptRoute> found;
  RETURN_IF_ERROR(
      database_.Transaction([&](pqxx::transaction_base& work) { return FindRoute(work, request_id, found); }));
  return found;
}

absl::StatusOr<execution::v1::KeptRoute> PostgresRouteStore::Insert(const execution::v1::KeptRoute& route) {
  std::optional<execution::v1::KeptRoute> there;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    RETURN_IF_ERROR(Database::CheckEpoch(work, kRouteWriter, epoch_));
    RETURN_IF_ERROR(FindRoute(work, route.request().request_id(), there));
    if (there) return absl::OkStatus();
    work.exec_params("INSERT INTO route VALUES ($1,$2,$3)", route.request().request_id(),
                     wire::FromProto(route.create_time()).nanos, pqxx::binarystring(route.SerializeAsString()));
    return absl::OkStatus();
  }));
  return there ? *there : route;
}

}  // namespace ballast
