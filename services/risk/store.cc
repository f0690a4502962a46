#include "services/risk/store.h"

#include <pqxx/pqxx>

#include "libs/base/absl_std.h"
#include "services/risk/limits_codec.h"

namespace ballast {
namespace {

risk::Limits Decode(const pqxx::field& field) {
  risk::v1::Limits proto;
  pqxx::binarystring bytes(field);
  proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  FieldCheck check;
  return LimitsFromProto(proto, check);
}

}  // namespace

absl::StatusOr<std::map<AccountId, risk::Limits>> RiskStore::LoadLimits() {
  std::map<AccountId, risk::Limits> limits;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    for (const pqxx::row& row : work.exec(
             "SELECT DISTINCT ON (account_id) account_id, payload FROM limits ORDER BY account_id, version DESC")) {
      limits[AccountId(row[0].as<std::string>())] = Decode(row[1]);
    }
    return absl::OkStatus();
  }));
  return limits;
}

absl::StatusOr<risk::Limits> RiskStore::SaveLimits(const Update& update) {
  risk::Limits saved = update.limits;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    work.exec_params("SELECT pg_advisory_xact_lock(hashtext($1))", update.account_id.value());
    pqxx::result repeated = work.exec_params("SELECT payload FROM limits WHERE account_id = $1 AND request_id = $2",
                                             update.account_id.value(), update.request_id);
    if (!repeated.empty()) {
      saved = Decode(repeated[0][0]);
      risk::Limits asked = update.limits;
      asked.version += 1;
      if (saved != asked) return absl::AlreadyExistsError("the request id was used for another change");
      return absl::OkStatus();
    }
    auto newest = work.exec_params1("SELECT coalesce(max(version), 1) FROM limits WHERE account_id = $1",
                                    update.account_id.value())[0]
                      .as<std::uint64_t>();
    if (newest != update.limits.version)
      return absl::AbortedError(ToAbsl("the limits have version " + std::to_string(newest) + " by now"));
    saved.version = newest + 1;
    risk::v1::Limits proto;
    ToProto(saved, &proto);
    std::string bytes = proto.SerializeAsString();
    work.exec_params(
        "INSERT INTO limits (account_id, version, payload, reason, actor, request_id) VALUES ($1, $2, $3, $4, $5, $6)",
        update.account_id.value(), saved.version, pqxx::binarystring(bytes), update.reason, update.actor,
        update.request_id);
    return absl::OkStatus();
  }));
  return saved;
}

absl::StatusOr<std::map<AccountId, RiskStore::EquityMark>> RiskStore::LoadMarks() {
  std::map<AccountId, EquityMark> marks;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    for (const pqxx::row& row :
         work.exec("SELECT account_id, day_number, day_start_equity::text, peak_equity::text FROM equity_mark")) {
      EquityMark mark;
      mark.day_number = row[1].as<std::int64_t>();
      ASSIGN_OR_RETURN(mark.day_start_equity, Decimal::Parse(row[2].as<std::string>()));
      ASSIGN_OR_RETURN(mark.peak_equity, Decimal::Parse(row[3].as<std::string>()));
      marks[AccountId(row[0].as<std::string>())] = mark;
    }
    return absl::OkStatus();
  }));
  return marks;
}

absl::Status RiskStore::SaveMarks(const std::map<AccountId, EquityMark>& marks) {
  return database_.Transaction([&](pqxx::transaction_base& work) {
    for (const auto& [account, mark] : marks) {
      work.exec_params(
          "INSERT INTO equity_mark VALUES ($1, $2, $3::numeric, $4::numeric) ON CONFLICT (account_id) DO UPDATE SET "
          "day_number = excluded.day_number, day_start_equity = excluded.day_start_equity, peak_equity = "
          "excluded.peak_equity",
          account.value(), mark.day_number, mark.day_start_equity.ToString(), mark.peak_equity.ToString());
    }
    return absl::OkStatus();
  });
}

}  // namespace ballast
