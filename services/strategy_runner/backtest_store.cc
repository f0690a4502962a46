#include "services/strategy_runner/backtest_store.h"

#include <nlohmann/json.hpp>
#include <pqxx/pqxx>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

namespace bt = backtest::v1;

constexpr const char* kBacktestWriter = "strategy_runner.backtest";
constexpr const char* kBacktestColumns =
    "SELECT number, request_id, spec, strategy_id, fingerprint, status, done, total, message, actor, version, "
    "create_nanos, start_nanos, end_nanos, figures::text FROM backtest ";

absl::StatusOr<BacktestRow> BacktestOf(const pqxx::row& row) {
  BacktestRow out{.number = row[0].as<std::int64_t>(),
                  .request_id = row[1].as<std::string>(),
                  .strategy_id = row[3].as<std::string>(),
                  .fingerprint = row[4].as<std::string>(),
                  .done = row[6].as<std::int64_t>(),
                  .total = row[7].as<std::int64_t>(),
                  .message = row[8].as<std::string>(),
                  .actor = row[9].as<std::string>(),
                  .version = row[10].as<std::string>(),
                  .create_time = UtcTime{row[11].as<std::int64_t>()},
                  .start_time = UtcTime{row[12].as<std::int64_t>()},
                  .end_time = UtcTime{row[13].as<std::int64_t>()}};
  pqxx::binarystring bytes(row[2]);
  nlohmann::json figures = nlohmann::json::parse(row[14].as<std::string>(), nullptr, false);
  int status = row[5].as<int>();
  if (!out.spec.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !figures.is_object() ||
      !bt::BacktestStatus_IsValid(status))
    return absl::DataLossError(ToAbsl("backtest " + out.id() + " cannot be read"));
  out.status = static_cast<bt::BacktestStatus>(status);
  for (const auto& [name, value] : figures.items()) {
    if (value.is_string()) out.figures[name] = value.get<std::string>();
  }
  return out;
}

}  // namespace

std::int64_t NumberOfBacktest(const std::string& backtest_id) {
  if (!backtest_id.starts_with("B-") || backtest_id.size() < 3 || backtest_id.size() > 20 ||
      backtest_id.find_first_not_of("0123456789", 2) != std::string::npos)
    return 0;
  return std::stoll(backtest_id.substr(2));
}

bt::BacktestKind KindOf(const bt::BacktestSpec& spec) {
  return spec.kind() == bt::BACKTEST_KIND_UNSPECIFIED ? bt::BACKTEST_KIND_RUN : spec.kind();
}

void ToProto(const BacktestRow& row, bt::Backtest* out) {
  out->set_backtest_id(row.id());
  *out->mutable_spec() = row.spec;
  out->mutable_spec()->set_kind(KindOf(row.spec));
  out->set_status(row.status);
  out->set_done(row.done);
  out->set_total(row.total);
  out->set_message(row.message);
  out->set_actor(row.actor);
  out->set_version(row.version);
  wire::ToProto(row.create_time, out->mutable_create_time());
  if (row.start_time.nanos != 0) wire::ToProto(row.start_time, out->mutable_start_time());
  if (row.end_time.nanos != 0) wire::ToProto(row.end_time, out->mutable_end_time());
  for (const auto& [name, value] : row.figures) (*out->mutable_figures())[name] = value;
}

absl::Status BacktestStore::Fence(UtcTime now) {
  ASSIGN_OR_RETURN(epoch_, database_.ClaimEpoch(kBacktestWriter));
  return database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    RETURN_IF_ERROR(Database::CheckEpoch(work, kBacktestWriter, epoch_));
    work.exec_params("UPDATE backtest SET status = $1, message = $2, end_nanos = $3 WHERE status = $4",
                     static_cast<int>(bt::BACKTEST_STATUS_INTERRUPTED), "the process that ran it ended", now.nanos,
                     static_cast<int>(bt::BACKTEST_STATUS_RUNNING));
    return absl::OkStatus();
  });
}

absl::StatusOr<BacktestRow> BacktestStore::Insert(BacktestRow row, std::int64_t kept_max, bool* again) {
  std::string spec = row.spec.SerializeAsString();
  BacktestRow stored;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    RETURN_IF_ERROR(Database::CheckEpoch(work, kBacktestWriter, epoch_));
    *again = false;
    for (const pqxx::row& there :
         work.exec_params(std::string(kBacktestColumns) + "WHERE request_id = $1", row.request_id)) {
      ASSIGN_OR_RETURN(stored, BacktestOf(there));
      *again = true;
      return absl::OkStatus();
    }
    if (work.exec1("SELECT count(*) FROM backtest")[0].as<std::int64_t>() >= kept_max)
      return absl::ResourceExhaustedError(
          ToAbsl(std::to_string(kept_max) + " backtests are kept: delete some that nobody needs"));
    stored = row;
    stored.number =
        work.exec_params1(
                "INSERT INTO backtest (request_id, spec, kind, strategy_id, fingerprint, status, actor, "
                "create_nanos) VALUES ($1,$2,$3,$4,$5,$6,$7,$8) RETURNING number",
                row.request_id, pqxx::binarystring(spec.data(), spec.size()), static_cast<int>(KindOf(row.spec)),
                row.strategy_id, row.fingerprint, static_cast<int>(row.status), row.actor, row.create_time.nanos)[0]
            .as<std::int64_t>();
    return absl::OkStatus();
  }));
  return stored;
}

absl::Status BacktestStore::Update(const BacktestRow& row, const std::string* report) {
  std::string figures = nlohmann::json(row.figures).dump();
  return database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    RETURN_IF_ERROR(Database::CheckEpoch(work, kBacktestWriter, epoch_));
    work.exec_params(
        "UPDATE backtest SET status = $2, done = $3, total = $4, message = $5, version = $6, start_nanos = $7, "
        "end_nanos = $8, figures = $9::jsonb WHERE number = $1",
        row.number, static_cast<int>(row.status), row.done, row.total, Shortened(row.message, 4'000), row.version,
        row.start_time.nanos, row.end_time.nanos, figures);
    if (report != nullptr)
      work.exec_params("UPDATE backtest SET report = $2 WHERE number = $1", row.number,
                       pqxx::binarystring(report->data(), report->size()));
    return absl::OkStatus();
  });
}

absl::Status BacktestStore::Delete(std::int64_t number) {
  return database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    RETURN_IF_ERROR(Database::CheckEpoch(work, kBacktestWriter, epoch_));
    pqxx::result gone = work.exec_params("DELETE FROM backtest WHERE number = $1 RETURNING number", number);
    return gone.empty() ? absl::NotFoundError("there is no such backtest") : absl::OkStatus();
  });
}

absl::StatusOr<BacktestRow> BacktestStore::Find(std::int64_t number) {
  ASSIGN_OR_RETURN(std::vector<BacktestRow> rows, Read("WHERE number = " + std::to_string(number)));
  if (rows.empty()) return absl::NotFoundError("there is no such backtest");
  return rows.front();
}

absl::StatusOr<std::string> BacktestStore::Report(std::int64_t number) {
  std::string report;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    report.clear();
    for (const pqxx::row& row : work.exec_params("SELECT report FROM backtest WHERE number = $1", number)) {
      if (row[0].is_null()) continue;
      pqxx::binarystring bytes(row[0]);
      report.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    return absl::OkStatus();
  }));
  return report;
}

absl::StatusOr<std::vector<BacktestRow>> BacktestStore::List(const std::string& strategy_id, int kind,
                                                             std::int64_t before, int limit) {
  std::vector<BacktestRow> rows;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    rows.clear();
    for (const pqxx::row& row : work.exec_params(
             std::string(kBacktestColumns) +
                 "WHERE ($1 = '' OR strategy_id = $1) AND ($2 = 0 OR kind = $2) AND ($3::bigint = 0 OR number < "
                 "$3) ORDER BY number DESC LIMIT $4",
             strategy_id, kind, before, limit)) {
      ASSIGN_OR_RETURN(BacktestRow one, BacktestOf(row));
      rows.push_back(std::move(one));
    }
    return absl::OkStatus();
  }));
  return rows;
}

absl::StatusOr<std::vector<BacktestRow>> BacktestStore::Queued() {
  return Read("WHERE status = " + std::to_string(bt::BACKTEST_STATUS_QUEUED) + " ORDER BY number");
}

absl::StatusOr<std::vector<BacktestRow>> BacktestStore::NewestRuns() {
  return Read("WHERE number IN (SELECT max(number) FROM backtest WHERE status = " +
              std::to_string(bt::BACKTEST_STATUS_SUCCEEDED) + " AND kind = " + std::to_string(bt::BACKTEST_KIND_RUN) +
              " AND coalesce(figures ->> 'trades', '0') <> '0' GROUP BY fingerprint)");
}

absl::StatusOr<std::vector<BacktestRow>> BacktestStore::Read(const std::string& where) {
  std::vector<BacktestRow> rows;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    rows.clear();
    for (const pqxx::row& row : work.exec(kBacktestColumns + where)) {
      ASSIGN_OR_RETURN(BacktestRow one, BacktestOf(row));
      rows.push_back(std::move(one));
    }
    return absl::OkStatus();
  }));
  return rows;
}

}  // namespace ballast
