#include "services/compliance_audit/store.h"

#include <pqxx/pqxx>

#include "libs/base/absl_std.h"
#include "libs/platform/postgres/sql.h"

namespace ballast {
namespace {

constexpr char kWriter[] = "compliance_audit";
constexpr char kColumns[] =
    "sequence, time_ns, actor, action, subject, detail, request_id, account_id, previous_hash, hash";

audit::Record RecordFrom(const pqxx::row& row) {
  audit::Record record;
  record.sequence = row[0].as<std::uint64_t>();
  record.time = UtcTime{row[1].as<std::int64_t>()};
  record.actor = row[2].as<std::string>();
  record.action = row[3].as<std::string>();
  record.subject = row[4].as<std::string>();
  record.detail = row[5].as<std::string>();
  record.request_id = row[6].as<std::string>();
  record.account_id = row[7].as<std::string>();
  record.previous_hash = row[8].as<std::string>();
  record.hash = row[9].as<std::string>();
  return record;
}

std::vector<audit::Record> RecordsFrom(const pqxx::result& rows) {
  std::vector<audit::Record> records;
  records.reserve(static_cast<std::size_t>(rows.size()));
  for (const pqxx::row& row : rows) records.push_back(RecordFrom(row));
  return records;
}

// A LIKE pattern for "starts with": what has a meaning in patterns is taken literally.
std::string LikePrefix(const std::string& prefix) {
  std::string pattern;
  for (char c : prefix) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

}  // namespace

absl::Status AuditStore::Fence() {
  ASSIGN_OR_RETURN(epoch_, database_.ClaimEpoch(kWriter));
  return absl::OkStatus();
}

absl::StatusOr<AuditStore::State> AuditStore::Load() {
  State state;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    state = State();
    for (const pqxx::row& row : work.exec("SELECT sequence, hash, time_ns FROM chain_head")) {
      state.head = {.sequence = row[0].as<std::uint64_t>(),
                    .hash = row[1].as<std::string>(),
                    .time = UtcTime{row[2].as<std::int64_t>()}};
    }
    state.last_sequence = work.exec1("SELECT coalesce(max(sequence), 0) FROM record")[0].as<std::uint64_t>();
    for (const pqxx::row& row : work.exec("SELECT account_id, sequence FROM order_cursor")) {
      state.cursors[row[0].as<std::string>()] = row[1].as<std::uint64_t>();
    }
    return absl::OkStatus();
  }));
  return state;
}

absl::Status AuditStore::Append(const std::vector<audit::Record>& records, const audit::Head& head,
                                const Cursors& cursors, const std::string& request_id) {
  return database_.FencedWrite(kWriter, epoch_, [&](pqxx::transaction_base& quoting) {
    std::string sql = "INSERT INTO record (" + std::string(kColumns) + ") VALUES ";
    std::string separator;
    for (const audit::Record& record : records) {
      sql +=
          separator + SqlRow(quoting, record.sequence, record.time.nanos, record.actor, record.action, record.subject,
                             record.detail, record.request_id, record.account_id, record.previous_hash, record.hash);
      separator = ",";
    }
    sql += ";INSERT INTO chain_head (sequence, hash, time_ns) VALUES " +
           SqlRow(quoting, head.sequence, head.hash, head.time.nanos) +
           " ON CONFLICT (only_one) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash, "
           "time_ns = excluded.time_ns;";
    for (const auto& [account, sequence] : cursors) {
      sql += "INSERT INTO order_cursor VALUES " + SqlRow(quoting, account, sequence) +
             " ON CONFLICT (account_id) DO UPDATE SET sequence = excluded.sequence;";
    }
    if (!request_id.empty()) {
      sql += "INSERT INTO append_request VALUES " + SqlRow(quoting, request_id, head.sequence) + ";";
    }
    return sql;
  });
}

absl::StatusOr<std::optional<audit::Record>> AuditStore::FindRequest(const std::string& request_id) {
  std::optional<audit::Record> found;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    pqxx::result rows = work.exec_params("SELECT " + std::string(kColumns) +
                                             " FROM record WHERE sequence = (SELECT a.sequence FROM append_request a "
                                             "WHERE a.request_id = $1)",
                                         request_id);
    if (!rows.empty()) found = RecordFrom(rows[0]);
    return absl::OkStatus();
  }));
  return found;
}

absl::StatusOr<std::vector<audit::Record>> AuditStore::List(const Filter& filter) {
  std::vector<audit::Record> records;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    std::string sql = "SELECT " + std::string(kColumns) + " FROM record WHERE true";
    if (!filter.account_id.empty()) sql += " AND account_id = " + work.quote(filter.account_id);
    if (!filter.subject.empty()) sql += " AND subject = " + work.quote(filter.subject);
    if (!filter.action_prefix.empty()) sql += " AND action LIKE " + work.quote(LikePrefix(filter.action_prefix));
    if (filter.before != 0) sql += " AND sequence < " + std::to_string(filter.before);
    records = RecordsFrom(work.exec(sql + " ORDER BY sequence DESC LIMIT " + std::to_string(filter.limit)));
    return absl::OkStatus();
  }));
  return records;
}

absl::StatusOr<std::vector<audit::Record>> AuditStore::Page(std::uint64_t after, std::uint64_t last, int limit) {
  std::vector<audit::Record> records;
  RETURN_IF_ERROR(database_.LongTransaction([&](pqxx::transaction_base& work) {
    records = RecordsFrom(work.exec_params("SELECT " + std::string(kColumns) +
                                               " FROM record WHERE sequence > $1 AND sequence <= $2 ORDER BY sequence "
                                               "LIMIT $3",
                                           after, last, limit));
    return absl::OkStatus();
  }));
  return records;
}

}  // namespace ballast
