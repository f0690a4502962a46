#include "services/order_management/emergency_store.h"

#include <pqxx/pqxx>

#include "libs/base/absl_std.h"
#include "libs/platform/postgres/sql.h"

namespace ballast {
namespace {

constexpr char kEmergencyColumns[] =
    "account_id, command_id, level, reason, actor, press_nanos, phase, take_nanos, done_nanos, end_nanos, end_reason, "
    "end_actor, orders_found, closes_sent";

orders::Emergency Read(const pqxx::row& row) {
  orders::Emergency emergency;
  emergency.account_id = AccountId(row[0].as<std::string>());
  emergency.command_id = row[1].as<std::string>();
  emergency.level = static_cast<orders::EmergencyLevel>(row[2].as<int>());
  emergency.reason = row[3].as<std::string>();
  emergency.actor = row[4].as<std::string>();
  emergency.press_time = {row[5].as<std::int64_t>()};
  emergency.phase = static_cast<orders::EmergencyPhase>(row[6].as<int>());
  emergency.take_time = {row[7].as<std::int64_t>()};
  emergency.done_time = {row[8].as<std::int64_t>()};
  emergency.end_time = {row[9].as<std::int64_t>()};
  emergency.end_reason = row[10].as<std::string>();
  emergency.end_actor = row[11].as<std::string>();
  emergency.orders_found = row[12].as<int>();
  emergency.closes_sent = row[13].as<int>();
  return emergency;
}

}  // namespace

absl::Status EmergencyStore::Save(const std::vector<orders::Emergency>& emergencies, const orders::Emergency* stop) {
  return database_.FencedWrite(place_.key, place_.epoch, [&](pqxx::transaction_base& quoting) {
    std::string sql;
    for (const orders::Emergency& one : emergencies) {
      sql += std::string("INSERT INTO emergency (") + kEmergencyColumns + ") VALUES " +
             SqlRow(quoting, one.account_id.value(), one.command_id, static_cast<int>(one.level), one.reason, one.actor,
                    one.press_time.nanos, static_cast<int>(one.phase), one.take_time.nanos, one.done_time.nanos,
                    one.end_time.nanos, one.end_reason, one.end_actor, one.orders_found, one.closes_sent) +
             " ON CONFLICT (account_id, command_id) DO UPDATE SET phase = excluded.phase, done_nanos = "
             "excluded.done_nanos, end_nanos = excluded.end_nanos, end_reason = excluded.end_reason, end_actor = "
             "excluded.end_actor, orders_found = excluded.orders_found, closes_sent = excluded.closes_sent;";
    }
    if (stop != nullptr) {
      sql += "UPDATE deployment SET stopped_by = " + quoting.quote(stop->command_id) +
             " WHERE stopped_by = '' AND account_id = " + quoting.quote(stop->account_id.value()) + ";";
    }
    return sql;
  });
}

absl::StatusOr<orders::Emergency> EmergencyStore::Find(const AccountId& account_id, const std::string& command_id) {
  orders::Emergency found;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    pqxx::result rows = work.exec_params(
        std::string("SELECT ") + kEmergencyColumns + " FROM emergency WHERE account_id = $1 AND command_id = $2",
        account_id.value(), command_id);
    if (rows.empty()) return absl::NotFoundError(ToAbsl("there is no emergency command " + command_id));
    found = Read(rows[0]);
    return absl::OkStatus();
  }));
  return found;
}

absl::StatusOr<std::vector<orders::Emergency>> EmergencyStore::LoadNewest() {
  std::vector<orders::Emergency> newest;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    newest.clear();
    const std::string ended = std::to_string(static_cast<int>(orders::EmergencyPhase::kEnded));
    for (const pqxx::row& row :
         work.exec(std::string("SELECT DISTINCT ON (account_id) ") + kEmergencyColumns +
                   " FROM emergency ORDER BY account_id, phase = " + ended + ", take_nanos DESC, command_id")) {
      orders::Emergency emergency = Read(row);
      if (place_.Owns(emergency.account_id)) newest.push_back(std::move(emergency));
    }
    return absl::OkStatus();
  }));
  return newest;
}

absl::StatusOr<EmergencyJournal::Stopped> EmergencyStore::LoadStopped() {
  Stopped stopped;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    for (const pqxx::row& row :
         work.exec("SELECT account_id, deployment_id, stopped_by FROM deployment WHERE stopped_by <> ''")) {
      AccountId account(row[0].as<std::string>());
      if (!place_.Owns(account)) continue;
      stopped[{std::move(account), DeploymentId(row[1].as<std::string>())}] = row[2].as<std::string>();
    }
    return absl::OkStatus();
  }));
  return stopped;
}

absl::Status EmergencyStore::ClearStop(const AccountId& account_id, const DeploymentId& deployment_id) {
  return database_.FencedWrite(place_.key, place_.epoch, [&](pqxx::transaction_base& quoting) {
    return "UPDATE deployment SET stopped_by = '' WHERE account_id = " + quoting.quote(account_id.value()) +
           " AND deployment_id = " + quoting.quote(deployment_id.value()) + ";";
  });
}

}  // namespace ballast
