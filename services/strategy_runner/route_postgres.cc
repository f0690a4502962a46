#include "services/strategy_runner/route_postgres.h"

#include <pqxx/pqxx>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr const char* kRouteWriter = "strategy_runner.route";

absl::Status ParseRoute(const pqxx::field& field, execution::v1::Route* out) {
  pqxx::binarystring bytes(field);
  if (!out->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return absl::DataLossError("a stored route cannot be read");
  return absl::OkStatus();
}

absl::Status FindRoute(pqxx::transaction_base& work, const std::string& request_id,
                       std::optional<execution::v1::Route>& out) {
  out.reset();
  pqxx::result rows = work.exec_params("SELECT kept FROM route WHERE request_id = $1", request_id);
  return rows.empty() ? absl::OkStatus() : ParseRoute(rows[0][0], &out.emplace());
}

}  // namespace

absl::Status PostgresRouteStore::Fence() {
  ASSIGN_OR_RETURN(epoch_, database_.ClaimEpoch(kRouteWriter));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<execution::v1::Route>> PostgresRouteStore::Find(const std::string& request_id) {
  std::optional<execution::v1::Route> found;
  RETURN_IF_ERROR(
      database_.Transaction([&](pqxx::transaction_base& work) { return FindRoute(work, request_id, found); }));
  return found;
}

absl::StatusOr<std::vector<execution::v1::Route>> PostgresRouteStore::Read(const Range& range) {
  std::vector<execution::v1::Route> routes;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    routes.clear();
    for (const pqxx::row& row : work.exec_params("SELECT kept FROM route WHERE (NOT $1::boolean OR active) AND "
                                                 "($3 = '' OR (create_nanos, request_id) < ($2::bigint, $3)) "
                                                 "ORDER BY create_nanos DESC, request_id DESC LIMIT $4",
                                                 range.active_only, range.before_nanos, range.before_id, range.most)) {
      RETURN_IF_ERROR(ParseRoute(row[0], &routes.emplace_back()));
    }
    return absl::OkStatus();
  }));
  return routes;
}

absl::StatusOr<execution::v1::Route> PostgresRouteStore::Insert(const execution::v1::Route& route) {
  std::optional<execution::v1::Route> there;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    RETURN_IF_ERROR(Database::CheckEpoch(work, kRouteWriter, epoch_));
    RETURN_IF_ERROR(FindRoute(work, route.request_id(), there));
    if (there) return absl::OkStatus();
    work.exec_params("INSERT INTO route VALUES ($1,$2,$3,$4)", route.request_id(),
                     wire::FromProto(route.create_time()).nanos, IsActive(route.state()),
                     pqxx::binarystring(route.SerializeAsString()));
    return absl::OkStatus();
  }));
  return there ? *there : route;
}

absl::Status PostgresRouteStore::Save(const execution::v1::Route& route) {
  return database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    RETURN_IF_ERROR(Database::CheckEpoch(work, kRouteWriter, epoch_));
    work.exec_params("UPDATE route SET active = $2, kept = $3 WHERE request_id = $1", route.request_id(),
                     IsActive(route.state()), pqxx::binarystring(route.SerializeAsString()));
    return absl::OkStatus();
  });
}

}  // namespace ballast
